/* See figure-words.h. Sentences; what LaTeX and CSV want is in figure-tables.c. */
#include "ui/draw/figure-words.h"

#include <math.h>

#include "engine/method.h"
#include "engine/values-json.h"
#include "ui/draw/figure-private.h"

/* What stands under panels, where a protocol's own name is too long. */
static const struct
{
  const char *id, *name;
} short_names[] = {
  { "rise-deletion", "del" },
  { "rise-insertion", "ins" },
  { "road-morf", "MoRF" },
  { "road-lerf", "LeRF" },
  { "road-combined", "ROAD" },
  { "average-drop", "AD" },
  { "increase-in-confidence", "PIC" },
  { "average-drop-in-deletion", "ADD" },
  { "pointing-game", "hit" },
  { "energy-inside", "inside" },
  { "iou", "IoU" },
};

const char *
ui_figure_short_name (const EngProtocol *protocol)
{
  for (guint i = 0; i < G_N_ELEMENTS (short_names); i++)
    if (g_str_equal (short_names[i].id, protocol->id))
      return short_names[i].name;
  return protocol->name;
}

/* @format: of one number; a true minus sign. (transfer full) */
static char *
number (const char *format, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (text, sizeof text, format, value);
  GString *out = g_string_new (text);
  g_string_replace (out, "-", "−", 0);
  return g_string_free (out, FALSE);
}

char *
ui_figure_format_score (const EngProtocol *protocol, double value)
{
  return isnan (value) ? g_strdup ("—") : number (protocol->maximum > 2 ? "%.1f" : "%.2f", value);
}

static char *
probability_words (double value)
{
  g_autofree char *text = number ("%.3f", value);
  return value < 0.0005 ? g_strdup ("<i>p</i> &lt; 0.001") : g_strdup_printf ("<i>p</i> = %s", text);
}

GPtrArray *
ui_figure_panel_words (const UiFigureDrawing *self, guint row, guint column)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  const UiFigureCell *cell = ui_figure_cells_at (self->cells, row, column);
  UiFigureKind kind = ui_figure_column (self->figure, column)->kind;
  if (kind == UI_COLUMN_PHOTO && !isnan (cell->probability))
    g_ptr_array_add (words, probability_words (cell->probability));
  if (kind == UI_COLUMN_MASKED && !isnan (cell->masked_score))
    g_ptr_array_add (words, probability_words (cell->masked_score));
  UiScale scale;
  if (ui_figure_drawing_scale (self, row, column, &scale) && (scale.flat || scale.empty))
    {
      g_ptr_array_add (words, g_strdup (scale.flat ? "constant map" : "no values"));
      return words;
    }
  for (guint i = 0; i < self->figure->scores->len && kind == UI_COLUMN_MAP; i++)
    {
      const UiCellScore *score = ui_figure_cell_score (cell, self->figure->scores->pdata[i]);
      if (!score)
        continue;
      g_autofree char *value = ui_figure_format_score (score->protocol, score->value);
      g_autofree char *name = g_markup_escape_text (ui_figure_short_name (score->protocol), -1);
      g_ptr_array_add (words, g_strdup_printf ("%s %s\u2009%s", name, value,
                                               score->protocol->direction == ENG_LOWER_IS_BETTER ? "↓" : "↑"));
    }
  return words;
}

/* ---- the caption ---- */

/* "a, b and c"; each text once. */
static char *
enumerate (GPtrArray *texts)
{
  GString *out = g_string_new (NULL);
  g_autoptr (GPtrArray) once = g_ptr_array_new ();
  for (guint i = 0; i < texts->len; i++)
    if (!g_ptr_array_find_with_equal_func (once, texts->pdata[i], g_str_equal, NULL))
      g_ptr_array_add (once, texts->pdata[i]);
  for (guint i = 0; i < once->len; i++)
    g_string_append_printf (out, "%s%s",
                            i == 0               ? ""
                            : i + 1 == once->len ? " and "
                                                 : ", ",
                            (const char *)once->pdata[i]);
  return g_string_free (out, FALSE);
}

static void
say_subject (const UiFigureDrawing *self, GString *out)
{
  const UiFigure *figure = self->figure;
  g_autoptr (GPtrArray) models = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) classes = g_ptr_array_new_with_free_func (g_free);
  for (guint r = 0; r < figure->rows->len; r++)
    for (guint c = 0; c < figure->columns->len; c++)
      {
        const UiFigureCell *cell = ui_figure_cells_at (self->cells, r, c);
        guint model = ui_figure_panel_model (figure, r, c);
        if (cell->class_name)
          g_ptr_array_add (classes, g_strdup (cell->class_name));
        if (model < figure->models->len)
          g_ptr_array_add (models, ui_figure_cells_model_label (self->cells, figure, model));
      }
  g_autofree char *of = enumerate (models), *what = enumerate (classes);
  g_string_append (out, "Explanations");
  if (*of)
    g_string_append_printf (out, " of %s", of);
  if (*what)
    g_string_append_printf (out, " for %s", what);
  g_string_append (out, ".");
}

/* "LTX (layer features.7; steps 50)": as the maps were made. */
static char *
describe_method (const UiFigureDrawing *self, guint c)
{
  const UiFigureColumn *column = ui_figure_column (self->figure, c);
  const EngMethod *method = eng_method_find (column->method, NULL);
  g_autoptr (GPtrArray) layers = g_ptr_array_new_with_free_func (g_free);
  GString *out = g_string_new (method ? method->name : column->method);
  for (guint r = 0; r < self->figure->rows->len; r++)
    {
      const UiFigureCell *cell = ui_figure_cells_at (self->cells, r, c);
      const char *layer = cell->map ? eng_heatmap_provenance (cell->map)->layer : NULL;
      if (layer && *layer)
        g_ptr_array_add (layers, g_strdup (layer));
    }
  g_autofree char *where = enumerate (layers), *summary = NULL;
  if (method && column->values)
    {
      g_autoptr (EngValues) values = eng_values_new (method, NULL);
      g_autoptr (JsonNode) node = json_from_string (column->values, NULL);
      EngJson json = { node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, "", "" };
      if (json.object && eng_values_read (values, &json, NULL))
        summary = eng_values_summary (values);
    }
  gboolean more = summary && *summary;
  if (*where || more)
    g_string_append_printf (out, " (%s%s%s%s)", *where ? "layer " : "", where, *where && more ? "; " : "",
                            more ? summary : "");
  return g_string_free (out, FALSE);
}

static void
say_methods (const UiFigureDrawing *self, GString *out)
{
  g_autoptr (GPtrArray) methods = g_ptr_array_new_with_free_func (g_free);
  for (guint c = 0; c < self->figure->columns->len; c++)
    if (ui_figure_column (self->figure, c)->kind == UI_COLUMN_MAP)
      g_ptr_array_add (methods, describe_method (self, c));
  g_autofree char *text = enumerate (methods);
  if (*text)
    g_string_append_printf (out, " Maps: %s.", text);
}

static void
say_masked (const UiFigureDrawing *self, GString *out)
{
  for (guint c = 0; c < self->figure->columns->len; c++)
    {
      const UiFigureColumn *column = ui_figure_column (self->figure, c);
      if (column->kind != UI_COLUMN_MASKED)
        continue;
      const EngMethod *method = eng_method_find (column->method, NULL);
      g_autofree char *share = number ("%.3g", 100 * column->share);
      g_autofree char *fill = g_ascii_strdown (eng_fill_info (column->fill)->name, -1);
      g_string_append_printf (
          out, " Masked pictures: the %s\u2009%% of the model’s pixels that %s ranks %s are %s (fill: %s).", share,
          method ? method->name : column->method, column->order == ENG_ORDER_MOST_FIRST ? "highest" : "lowest",
          column->mode == ENG_MASK_REMOVE ? "removed" : "kept, all others removed", fill);
    }
}

/* What the ends of the colours are. */
static void
say_scale (const UiFigureDrawing *self, GString *out)
{
  static const char *const over[] = { [UI_SAME_TILE] = "each panel",
                                      [UI_SAME_METHOD] = "each method over all pictures of a classifier",
                                      [UI_SAME_IMAGE] = "all maps of each picture",
                                      [UI_SAME_ALL] = "all maps" };
  const UiDisplay *d = &self->figure->display;
  gboolean any[2];
  UiScale one;
  for (int sign = 0; sign < 2; sign++)
    ui_figure_scales_agree (self, (EngSign)sign, &any[sign], &one);
  if (!any[0] && !any[1])
    return;
  g_autofree char *percentile = number ("%.4g", d->range.percentile);
  g_autofree char *lo = ui_scale_format (d->range.lo), *hi = ui_scale_format (d->range.hi);
  if (d->range.clip == UI_CLIP_MANUAL)
    g_string_append_printf (out, " Colours run from %s to %s.", lo, hi);
  else if (d->range.clip == UI_CLIP_PERCENTILE)
    g_string_append_printf (out, " Colours span the values of %s, clipped at the %sth percentile.", over[d->same],
                            percentile);
  else
    g_string_append_printf (out, " Colours span the values of %s.", over[d->same]);
  if (any[ENG_SIGN_SIGNED])
    g_string_append (out, " Signed maps are centred on 0: one side speaks for the class, the other against it.");
  if (self->figure->show & UI_SHOW_OUTLINE)
    {
      g_autofree char *share = number ("%.3g", 100 * d->threshold);
      g_string_append_printf (out, " Lines enclose the %s\u2009%% most relevant pixels.", share);
    }
}

/* Whether any cell has that score. */
static gboolean
is_measured (const UiFigureDrawing *self, const char *id)
{
  const UiFigure *figure = self->figure;
  for (guint r = 0; r < figure->rows->len; r++)
    for (guint c = 0; c < figure->columns->len; c++)
      if (ui_figure_cell_score (ui_figure_cells_at (self->cells, r, c), id))
        return TRUE;
  return FALSE;
}

static void
say_scores (const UiFigureDrawing *self, GString *out)
{
  const UiFigure *figure = self->figure;
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < figure->scores->len && (figure->show & UI_SHOW_SCORES); i++)
    {
      const EngProtocol *protocol = eng_protocol_find (figure->scores->pdata[i], NULL);
      if (protocol && is_measured (self, protocol->id))
        g_ptr_array_add (texts,
                         g_strdup_printf ("%s is %s%s (%s, %s protocol)", ui_figure_short_name (protocol),
                                          protocol->curve && !protocol->curve->mean ? "the area under " : "",
                                          protocol->name, eng_direction_name (protocol->direction), protocol->group));
    }
  g_autofree char *text = enumerate (texts);
  if (*text)
    g_string_append_printf (out, " Below the panels: %s.", text);
  for (guint c = 0; c < figure->columns->len; c++)
    {
      const UiFigureColumn *column = ui_figure_column (figure, c);
      const EngProtocol *protocol = column->protocol ? eng_protocol_find (column->protocol, NULL) : NULL;
      if (column->kind == UI_COLUMN_PLOT && protocol)
        g_string_append_printf (out, " Curves: %s, %s protocol%s.", protocol->name, protocol->group,
                                column->band ? "; grey: 5 to 95\u2009% of random orders" : "");
    }
}

/* Unsaid: by value, as maps are ranked everywhere. */
static void
say_ranking (const UiFigureDrawing *self, GString *out)
{
  const UiFigure *figure = self->figure;
  gboolean any = FALSE;
  for (guint r = 0; r < figure->rows->len; r++)
    for (guint c = 0; c < figure->columns->len; c++)
      {
        const EngHeatmap *map = ui_figure_cells_at (self->cells, r, c)->map;
        any = any || (map && eng_heatmap_sign (map) == ENG_SIGN_SIGNED);
      }
  if (any && figure->rank_by == ENG_RANK_ABSOLUTE)
    g_string_append (out, " Signed maps are ranked by magnitude.");
}

char *
ui_figure_caption_generated (const UiFigureDrawing *self)
{
  GString *out = g_string_new (NULL);
  say_subject (self, out);
  say_methods (self, out);
  say_masked (self, out);
  say_scale (self, out);
  say_scores (self, out);
  say_ranking (self, out);
  return g_string_free (out, FALSE);
}

char *
ui_figure_caption (const UiFigureDrawing *self)
{
  return self->figure->caption ? g_strdup (self->figure->caption) : ui_figure_caption_generated (self);
}
