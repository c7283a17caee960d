/* See figure-verdict.h. One row per problem: what it is called, what helps, and the function that looks for it. */
#include "ui/draw/figure-verdict.h"

#include <math.h>

#include "ui/draw/figure-private.h"

typedef char *(*Look) (const UiFigureDrawing *self); /* the sentence; NULL: all is well */

typedef struct
{
  const char *code;
  UiFigureRemedy remedy;
  gboolean warning;
  Look look;
} Row;

static const char *const buttons[UI_N_REMEDIES] = {
  [UI_REMEDY_COMPUTE] = "Compute",
  [UI_REMEDY_RECOMPUTE] = "Recompute",
  [UI_REMEDY_TWO_COLUMNS] = "Use Two Columns",
  [UI_REMEDY_SHARE_SCALE] = "Share Scale",
  [UI_REMEDY_TEXT_SIZE] = "Use 6 pt",
};

static const char *const numbers[] = { "No",    "One",   "Two",  "Three", "Four",   "Five",  "Six",
                                       "Seven", "Eight", "Nine", "Ten",   "Eleven", "Twelve" };

/* "Two maps", "13 maps". (transfer full) */
static char *
count (guint n, const char *one, const char *many)
{
  return n < G_N_ELEMENTS (numbers) ? g_strdup_printf ("%s %s", numbers[n], n == 1 ? one : many)
                                    : g_strdup_printf ("%u %s", n, many);
}

/* ---- walking over panels ---- */

static guint
n_panels (const UiFigureDrawing *self)
{
  return self->figure->rows->len * self->figure->columns->len;
}

static const UiFigureCell *
cell_at (const UiFigureDrawing *self, guint i)
{
  return ui_figure_cells_at (self->cells, i / self->figure->columns->len, i % self->figure->columns->len);
}

static const UiFigureColumn *
column_at (const UiFigureDrawing *self, guint i)
{
  return ui_figure_column (self->figure, i % self->figure->columns->len);
}

static guint
model_at (const UiFigureDrawing *self, guint i)
{
  return ui_figure_panel_model (self->figure, i / self->figure->columns->len, i % self->figure->columns->len);
}

static guint
count_state (const UiFigureDrawing *self, UiCellState state)
{
  guint n = 0;
  for (guint i = 0; i < n_panels (self); i++)
    n += cell_at (self, i)->state == state;
  return n;
}

/* ---- what may be wrong ---- */

static char *
look_empty (const UiFigureDrawing *self)
{
  if (n_panels (self) > 0)
    return NULL;
  return g_strdup (self->figure->rows->len == 0 ? "There is no picture in the figure yet"
                                                : "There is no column in the figure yet");
}

static char *
look_missing (const UiFigureDrawing *self)
{
  guint n = count_state (self, UI_CELL_MISSING);
  g_autofree char *what = count (n, "map is missing", "maps are missing");
  return n > 0 ? g_steal_pointer (&what) : NULL;
}

static char *
look_old (const UiFigureDrawing *self)
{
  guint n = count_state (self, UI_CELL_OLD);
  g_autofree char *what = count (n, "map was made with other settings", "maps were made with other settings");
  return n > 0 ? g_steal_pointer (&what) : NULL;
}

static char *
look_impossible (const UiFigureDrawing *self)
{
  guint n = count_state (self, UI_CELL_IMPOSSIBLE);
  const char *why = NULL;
  for (guint i = 0; i < n_panels (self) && !why; i++)
    if (cell_at (self, i)->state == UI_CELL_IMPOSSIBLE)
      why = cell_at (self, i)->why;
  g_autofree char *what = count (n, "panel cannot be computed", "panels cannot be computed");
  return n == 0 ? NULL : why ? g_strdup_printf ("%s: %s", what, why) : g_steal_pointer (&what);
}

/* Scores of one protocol with unlike keys: those that are not like most. */
static char *
look_protocol (const UiFigureDrawing *self)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal); /* protocol's id -> first key */
  guint odd = 0;
  for (guint i = 0; i < n_panels (self); i++)
    {
      gboolean other = FALSE;
      for (guint k = 0; k < cell_at (self, i)->scores->len; k++)
        {
          const UiCellScore *score = &g_array_index (cell_at (self, i)->scores, UiCellScore, k);
          const char *first = g_hash_table_lookup (seen, score->protocol->id);
          if (!first)
            g_hash_table_insert (seen, (gpointer)score->protocol->id, score->key);
          other = other || (first && !g_str_equal (first, score->key));
        }
      odd += other;
    }
  g_autofree char *what = count (odd, "map uses another protocol", "maps use another protocol");
  return odd > 0 ? g_steal_pointer (&what) : NULL;
}

static char *
look_preprocessing (const UiFigureDrawing *self)
{
  guint odd = 0;
  for (guint i = 0; i < n_panels (self); i++)
    for (guint k = 0; k < i && cell_at (self, i)->map; k++)
      if (cell_at (self, k)->map && model_at (self, k) == model_at (self, i))
        {
          odd += g_strcmp0 (cell_at (self, k)->preprocessing, cell_at (self, i)->preprocessing) != 0;
          break;
        }
  g_autofree char *what = count (odd, "map uses another preprocessing", "maps use another preprocessing");
  return odd > 0 ? g_steal_pointer (&what) : NULL;
}

static gboolean
is_ranged (const UiFigurePanel *panel)
{
  return panel->has_scale && !panel->scale.flat && !panel->scale.empty;
}

static char *
look_scale (const UiFigureDrawing *self)
{
  for (guint i = 0; i < n_panels (self); i++)
    for (guint k = 0; k < i; k++)
      if (is_ranged (self->panels[i]) && is_ranged (self->panels[k]) && model_at (self, i) == model_at (self, k)
          && g_strcmp0 (column_at (self, i)->method, column_at (self, k)->method) == 0
          && self->panels[i]->scale.sign == self->panels[k]->scale.sign
          && !ui_scale_equal (&self->panels[i]->scale, &self->panels[k]->scale))
        return g_strdup ("Scales differ between panels");
  return NULL;
}

/* Drawn as a photo without heat: that has to be said. */
static char *
look_flat (const UiFigureDrawing *self)
{
  guint n = 0;
  for (guint i = 0; i < n_panels (self); i++)
    n += self->panels[i]->has_scale && (self->panels[i]->scale.flat || self->panels[i]->scale.empty);
  g_autofree char *what =
      count (n, "map is constant: there is nothing to rank", "maps are constant: there is nothing to rank");
  return n > 0 ? g_steal_pointer (&what) : NULL;
}

static double
least_text (const UiFigureDrawing *self)
{
  const UiFigure *f = self->figure;
  gboolean text = f->show & (UI_SHOW_HEADINGS | UI_SHOW_LABELS);
  gboolean small = f->show & (UI_SHOW_SCORES | UI_SHOW_BARS | UI_SHOW_LETTERS);
  for (guint c = 0; c < f->columns->len && !small; c++)
    small = ui_figure_column (f, c)->kind == UI_COLUMN_PLOT;
  return fmin (text ? f->text_size : INFINITY, small ? f->score_size : INFINITY);
}

static char *
look_text (const UiFigureDrawing *self)
{
  char size[G_ASCII_DTOSTR_BUF_SIZE];
  double least = least_text (self);
  return least < UI_FIGURE_LEAST_TEXT ? g_strdup_printf ("Text would print at %s pt, which is too small to read",
                                                         g_ascii_formatd (size, sizeof size, "%.3g", least))
                                      : NULL;
}

static char *
look_panels (const UiFigureDrawing *self)
{
  for (guint i = 0; i < n_panels (self); i++)
    if (fmin (self->places[i].box.width, self->places[i].box.height) * UI_MM_PER_PT < UI_FIGURE_LEAST_PANEL)
      return g_strdup ("Panels are smaller than 15 mm");
  return NULL;
}

static char *
look_font (const UiFigureDrawing *self)
{
  return g_ascii_strcasecmp (self->font, self->figure->font) == 0
             ? NULL
             : g_strdup_printf ("%s is not installed, %s is used instead", self->figure->font, self->font);
}

static char *
look_models (const UiFigureDrawing *self)
{
  for (guint i = 1; i < n_panels (self); i++)
    if (model_at (self, i) != model_at (self, 0))
      return g_strdup ("Panels show different classifiers");
  return NULL;
}

static const Row rows[UI_N_PROBLEMS] = {
  [UI_PROBLEM_EMPTY] = { "empty", UI_REMEDY_NONE, TRUE, look_empty },
  [UI_PROBLEM_MISSING] = { "missing", UI_REMEDY_COMPUTE, TRUE, look_missing },
  [UI_PROBLEM_OLD] = { "old", UI_REMEDY_RECOMPUTE, TRUE, look_old },
  [UI_PROBLEM_IMPOSSIBLE] = { "impossible", UI_REMEDY_NONE, TRUE, look_impossible },
  [UI_PROBLEM_PROTOCOL] = { "protocol", UI_REMEDY_RECOMPUTE, TRUE, look_protocol },
  [UI_PROBLEM_PREPROCESSING] = { "preprocessing", UI_REMEDY_RECOMPUTE, TRUE, look_preprocessing },
  [UI_PROBLEM_SCALE] = { "scale", UI_REMEDY_SHARE_SCALE, TRUE, look_scale },
  [UI_PROBLEM_FLAT] = { "flat", UI_REMEDY_NONE, TRUE, look_flat },
  [UI_PROBLEM_SMALL_TEXT] = { "small-text", UI_REMEDY_TEXT_SIZE, TRUE, look_text },
  [UI_PROBLEM_SMALL_PANELS] = { "small-panels", UI_REMEDY_TWO_COLUMNS, TRUE, look_panels },
  [UI_PROBLEM_FONT] = { "font", UI_REMEDY_NONE, TRUE, look_font },
  [UI_PROBLEM_MODELS] = { "models", UI_REMEDY_NONE, FALSE, look_models },
};

static void
finding_free (gpointer data)
{
  UiFigureFinding *self = data;
  g_free (self->sentence);
  g_free (self);
}

GPtrArray *
ui_figure_verdict (const UiFigureDrawing *self)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func (finding_free);
  for (int i = 0; i < UI_N_PROBLEMS; i++)
    {
      char *sentence = rows[i].look (self);
      if (!sentence)
        continue;
      UiFigureFinding *finding = g_new (UiFigureFinding, 1);
      UiFigureRemedy remedy = rows[i].remedy;
      if (remedy == UI_REMEDY_TWO_COLUMNS && self->figure->width >= 174)
        remedy = UI_REMEDY_NONE;
      *finding =
          (UiFigureFinding){ (UiFigureProblem)i, rows[i].code, sentence, remedy, buttons[remedy], rows[i].warning };
      g_ptr_array_add (findings, finding);
      if (i == UI_PROBLEM_EMPTY)
        break;
    }
  return findings;
}

char *
ui_figure_verdict_good (const UiFigureDrawing *self)
{
  guint maps = 0;
  char size[G_ASCII_DTOSTR_BUF_SIZE];
  double least = least_text (self);
  g_autofree char *models = look_models (self);
  for (guint i = 0; i < n_panels (self); i++)
    maps += cell_at (self, i)->map != NULL;
  g_autofree char *counted = count (maps, "", "maps share"), *what = NULL;
  GString *out = g_string_new (NULL);
  if (maps > 1)
    {
      counted[0] = (char)g_ascii_tolower (counted[0]);
      what = maps == 2 ? g_strdup ("Both maps share") : g_strconcat ("All ", counted, NULL);
      g_string_append_printf (out, "%s %sprotocol and preprocessing. ", what, models ? "" : "model, ");
    }
  if (isfinite (least))
    g_string_append_printf (out, "Text at print size: %s pt and larger.",
                            g_ascii_formatd (size, sizeof size, "%.3g", least));
  return g_string_free (out, FALSE);
}

gboolean
ui_figure_apply_remedy (UiFigure *figure, UiFigureRemedy remedy)
{
  switch (remedy)
    {
    case UI_REMEDY_TWO_COLUMNS:
      figure->width = 174;
      return TRUE;
    case UI_REMEDY_SHARE_SCALE:
      figure->display.same = UI_SAME_METHOD;
      return TRUE;
    case UI_REMEDY_TEXT_SIZE:
      figure->text_size = fmax (figure->text_size, UI_FIGURE_LEAST_TEXT);
      figure->score_size = fmax (figure->score_size, UI_FIGURE_LEAST_TEXT);
      return TRUE;
    default:
      return FALSE;
    }
}
