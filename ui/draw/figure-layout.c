/* Where everything stands, in points. Page by page from the top: headings, then rows of panels with their scores
 * below; labels to the left, colour bars to the right, or at the foot where the panels are too low for them. */
#include <math.h>

#include "ui/draw/figure-layout.h"
#include "ui/draw/figure-verdict.h"

#define MOST_ASPECT 4.0      /* panels more oblong than that are centred in a cell of this shape */
#define SPACE "\u2002\u2002" /* between two scores in a line */

PangoContext *
ui_figure_text_context (void)
{
  PangoContext *context = pango_font_map_create_context (pango_cairo_font_map_get_default ());
  cairo_font_options_t *options = cairo_font_options_create ();
  cairo_font_options_set_hint_style (options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options (context, options);
  pango_cairo_context_set_resolution (context, 72); /* a point is a unit */
  pango_context_set_round_glyph_positions (context, FALSE);
  pango_context_set_language (context, pango_language_from_string ("en")); /* not the locale's: same bytes */
  cairo_font_options_destroy (options);
  return context;
}

static void
no_hyphens (PangoLayout *layout)
{
  PangoAttrList *list = pango_attr_list_copy (pango_layout_get_attributes (layout)); /* (nullable): of markup */
  list = list ? list : pango_attr_list_new ();
  pango_attr_list_insert (list, pango_attr_insert_hyphens_new (FALSE));
  pango_layout_set_attributes (layout, list);
  pango_attr_list_unref (list);
}

PangoLayout *
ui_figure_text_layout (PangoContext *context, const UiFigureDrawing *self, const UiFigureText *text)
{
  PangoLayout *layout = pango_layout_new (context);
  PangoFontDescription *font = pango_font_description_new ();
  pango_font_description_set_family (font, self->font);
  pango_font_description_set_absolute_size (font, text->size * PANGO_SCALE);
  if (text->bold)
    pango_font_description_set_weight (font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  if (text->markup)
    pango_layout_set_markup (layout, text->text, -1);
  else
    pango_layout_set_text (layout, text->text, -1);
  pango_layout_set_alignment (layout, text->align);
  no_hyphens (layout); /* names of files and layers break anywhere */
  if (text->width >= 0)
    {
      pango_layout_set_width (layout, (int)(text->width * PANGO_SCALE));
      pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
      pango_layout_set_ellipsize (layout, text->wraps ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_END);
    }
  return layout;
}

void
ui_figure_plan_measure (const UiFigurePlan *plan, const UiFigureText *text, double *width, double *height)
{
  PangoRectangle logical;
  PangoLayout *layout = ui_figure_text_layout (plan->context, plan->self, text);
  pango_layout_get_extents (layout, NULL, &logical);
  if (width)
    *width = (double)logical.width / PANGO_SCALE;
  if (height)
    *height = (double)logical.height / PANGO_SCALE;
  g_object_unref (layout);
}

double
ui_figure_plan_width (const UiFigurePlan *plan, const char *words, double size, gboolean markup)
{
  double width;
  const UiFigureText text = { .text = (char *)words, .size = size, .width = -1, .markup = markup };
  ui_figure_plan_measure (plan, &text, &width, NULL);
  return width;
}

/* ---- from the page's grid to the document's ---- */

static guint
index_at (const UiFigurePlan *plan, guint r, guint c)
{
  guint n = plan->figure->columns->len;
  return plan->figure->swapped ? c * n + r : r * n + c;
}

static gboolean
rows_differ_in_model (const UiFigure *figure)
{
  for (guint r = 1; r < figure->rows->len; r++)
    if (ui_figure_row (figure, r)->model != ui_figure_row (figure, 0)->model)
      return TRUE;
  return FALSE;
}

/* Of several classifiers a row says which one it is about; names of files may break at their underscores.
 * (transfer full) */
static char *
with_model (const UiFigurePlan *plan, guint row, const char *words)
{
  guint model = (guint)ui_figure_row (plan->figure, row)->model;
  const UiFigureModel *named = ui_figure_model (plan->figure, model);
  if (!named || !rows_differ_in_model (plan->figure))
    return g_strdup (words);
  g_autofree char *name = ui_figure_cells_model_label (plan->self->cells, plan->figure, model);
  return g_strdup_printf ("%s\n%s", words, named->name ? name : g_strdelimit (name, "_", ' '));
}

/* What stands beside the pictures of a row of the document: its label, or its class. (transfer full) */
static char *
label_of (const UiFigurePlan *plan, guint row)
{
  const UiFigureRow *r = ui_figure_row (plan->figure, row);
  if (r->label)
    return g_strdup (r->label);
  for (guint c = 0; c < plan->figure->columns->len; c++)
    {
      const UiFigureCell *cell = ui_figure_cells_at (plan->self->cells, row, c);
      if (cell->class_name)
        return with_model (plan, row, cell->class_name);
    }
  if (r->class_name)
    return with_model (plan, row, r->class_name);
  g_autofree char *base = g_path_get_basename (r->picture.path);
  return g_filename_display_name (base);
}

static char *
heading_at (const UiFigurePlan *plan, guint c)
{
  return plan->figure->swapped ? label_of (plan, c) : ui_figure_heading (ui_figure_column (plan->figure, c));
}

static char *
label_at (const UiFigurePlan *plan, guint r)
{
  return plan->figure->swapped ? ui_figure_heading (ui_figure_column (plan->figure, r)) : label_of (plan, r);
}

/* The shape of the pictures of a row of the document: of its least oblong panel. */
static double
aspect_of (const UiFigurePlan *plan, guint row)
{
  double least = NAN;
  guint n = plan->figure->columns->len;
  for (guint c = 0; c < n; c++)
    least = fmin (least, plan->self->panels[row * n + c]->aspect);
  return isnan (least) ? 4.0 / 3 : CLAMP (least, 1 / MOST_ASPECT, MOST_ASPECT);
}

static void
shape_cells (UiFigurePlan *plan)
{
  double room = UI_PT (plan->figure->width) - plan->left - plan->right - (plan->columns - 1) * plan->gap, sum = 0;
  room = MAX (room, plan->columns); /* text that leaves nothing: the verdict says so */
  if (plan->figure->swapped)
    {
      for (guint c = 0; c < plan->columns; c++)
        sum += plan->widths[c] = aspect_of (plan, c);
      for (guint c = 0; c < plan->columns; c++)
        plan->widths[c] *= room / sum;
      for (guint r = 0; r < plan->rows; r++)
        plan->heights[r] = room / sum;
      return;
    }
  for (guint c = 0; c < plan->columns; c++)
    plan->widths[c] = room / plan->columns;
  for (guint r = 0; r < plan->rows; r++)
    plan->heights[r] = room / plan->columns / aspect_of (plan, r);
}

/* ---- labels beside and above ---- */

/* A line that ends within a word. */
static gboolean
breaks_words (PangoLayout *layout)
{
  int n;
  const PangoLogAttr *attributes = pango_layout_get_log_attrs_readonly (layout, &n);
  const char *text = pango_layout_get_text (layout);
  gboolean breaks = FALSE;
  for (int i = 1; i < pango_layout_get_line_count (layout) && !breaks; i++)
    {
      const char *start = text + pango_layout_get_line_readonly (layout, i)->start_index;
      breaks = !attributes[g_utf8_pointer_to_offset (text, start)].is_line_break;
    }
  return breaks;
}

#define STEP 0.25 /* pt */

/* The largest size up to the figure's at which no word of @text breaks; the figure's where none that can be read does
 * that: names of files and layers break anywhere. */
static double
whole_words_size (const UiFigurePlan *plan, UiFigureText text)
{
  for (text.size = plan->figure->text_size; text.size >= UI_FIGURE_LEAST_TEXT; text.size -= STEP)
    {
      g_autoptr (PangoLayout) layout = ui_figure_text_layout (plan->context, plan->self, &text);
      if (!breaks_words (layout))
        return text.size;
    }
  return plan->figure->text_size;
}

static UiFigureText
label_text (const UiFigurePlan *plan, char *words, double length)
{
  return (UiFigureText){ .text = words,
                         .size = plan->label_size,
                         .width = length,
                         .wraps = TRUE,
                         .align = PANGO_ALIGN_CENTER,
                         .angle = -G_PI / 2 };
}

/* Labels are as thick as their lines; lines break where rows are too low. Low rows are the result of thick labels. */
static void
find_left (UiFigurePlan *plan)
{
  plan->left = 0;
  for (int round = 0; round < 2 && plan->figure->show & UI_SHOW_LABELS; round++)
    {
      double most = 0, size = plan->figure->text_size;
      shape_cells (plan);
      for (guint r = 0; r < plan->rows; r++)
        {
          g_autofree char *words = label_at (plan, r);
          size = fmin (size, whole_words_size (plan, label_text (plan, words, plan->heights[r])));
        }
      plan->label_size = size;
      for (guint r = 0; r < plan->rows; r++)
        {
          double height;
          g_autofree char *words = label_at (plan, r);
          const UiFigureText text = label_text (plan, words, plan->heights[r]);
          ui_figure_plan_measure (plan, &text, NULL, &height);
          most = MAX (most, height);
        }
      plan->left = most + UI_FIGURE_AIR;
    }
  shape_cells (plan);
}

static UiFigureText
heading_text (const UiFigurePlan *plan, guint c, char *words)
{
  return (UiFigureText){
    .text = words, .size = plan->heading_size, .width = plan->widths[c], .wraps = TRUE, .align = PANGO_ALIGN_CENTER
  };
}

static void
find_heading_size (UiFigurePlan *plan)
{
  double size = plan->figure->text_size;
  for (guint c = 0; c < plan->columns && plan->figure->show & UI_SHOW_HEADINGS; c++)
    {
      g_autofree char *words = heading_at (plan, c);
      size = fmin (size, whole_words_size (plan, heading_text (plan, c, words)));
    }
  plan->heading_size = size;
}

static double
heading_height (const UiFigurePlan *plan)
{
  double most = 0;
  for (guint c = 0; c < plan->columns && plan->figure->show & UI_SHOW_HEADINGS; c++)
    {
      double height;
      g_autofree char *words = heading_at (plan, c);
      const UiFigureText text = heading_text (plan, c, words);
      ui_figure_plan_measure (plan, &text, NULL, &height);
      most = MAX (most, height + UI_FIGURE_AIR);
    }
  return most;
}

void
ui_figure_plan_add_text (UiFigurePlan *plan, UiFigureText text)
{
  text.text = g_strdup (text.text);
  g_array_append_val (plan->self->texts, text);
}

/* Sits on the panels: a heading of one line beside one of two stands low. */
static void
put_headings (UiFigurePlan *plan, guint page, double y, double height)
{
  double x = plan->left;
  for (guint c = 0; c < plan->columns && plan->figure->show & UI_SHOW_HEADINGS; c++)
    {
      double own;
      g_autofree char *words = heading_at (plan, c);
      UiFigureText text = heading_text (plan, c, words);
      text.page = page;
      text.x = x;
      ui_figure_plan_measure (plan, &text, NULL, &own);
      text.y = y + height - UI_FIGURE_AIR - own;
      ui_figure_plan_add_text (plan, text);
      x += plan->widths[c] + plan->gap;
    }
}

static void
put_label (UiFigurePlan *plan, guint r, guint page, double y)
{
  double thick;
  if (!(plan->figure->show & UI_SHOW_LABELS))
    return;
  g_autofree char *words = label_at (plan, r);
  UiFigureText text = label_text (plan, words, plan->heights[r]);
  ui_figure_plan_measure (plan, &text, NULL, &thick);
  text.page = page;
  text.x = plan->left - UI_FIGURE_AIR - thick;
  text.y = y + plan->heights[r];
  ui_figure_plan_add_text (plan, text);
}

/* ---- scores ---- */

static char *
joined (GPtrArray *words)
{
  GString *line = g_string_new (NULL);
  for (guint i = 0; i < words->len; i++)
    g_string_append_printf (line, "%s%s", i == 0 ? "" : SPACE, (const char *)words->pdata[i]);
  return g_string_free (line, FALSE);
}

/* Scores stand in one line where all panels are wide enough for that, else one below the other, everywhere. */
static void
find_words (UiFigurePlan *plan)
{
  gboolean fits = TRUE;
  for (guint r = 0; r < plan->rows; r++)
    for (guint c = 0; c < plan->columns; c++)
      {
        guint i = index_at (plan, r, c), n = plan->figure->columns->len;
        GPtrArray *words = plan->figure->show & UI_SHOW_SCORES ? ui_figure_panel_words (plan->self, i / n, i % n)
                                                               : g_ptr_array_new_with_free_func (g_free);
        g_autofree char *line = joined (words);
        plan->words[i] = words;
        fits =
            fits
            && ui_figure_plan_width (plan, line, plan->figure->score_size, TRUE) <= plan->widths[c] + plan->gap / 2;
      }
  for (guint i = 0; i < plan->rows * plan->columns && fits; i++)
    if (plan->words[i]->len > 1)
      {
        char *line = joined (plan->words[i]);
        g_ptr_array_set_size (plan->words[i], 0);
        g_ptr_array_add (plan->words[i], line);
      }
  for (guint r = 0; r < plan->rows; r++)
    for (guint c = 0; c < plan->columns; c++)
      plan->lines[r] = MAX (plan->lines[r], plan->words[index_at (plan, r, c)]->len);
}

static void
put_words (UiFigurePlan *plan, guint i, guint page, double x, double y, double width)
{
  for (guint k = 0; k < plan->words[i]->len; k++)
    ui_figure_plan_add_text (plan, (UiFigureText){ .page = page,
                                                   .text = plan->words[i]->pdata[k],
                                                   .markup = TRUE,
                                                   .size = plan->figure->score_size,
                                                   .align = PANGO_ALIGN_CENTER,
                                                   .x = x - plan->gap / 2,
                                                   .y = y + k * plan->score_line,
                                                   .width = width + plan->gap });
}

/* ---- panels ---- */

/* (a) … (z), (aa) … */
static char *
letter_of (guint i)
{
  return i < 26 ? g_strdup_printf ("(%c)", 'a' + i)
                : g_strdup_printf ("(%c%c)", 'a' + (i / 26 - 1) % 26, 'a' + i % 26);
}

/* Plots fill their cell, pictures keep their shape. */
static void
place_panel (UiFigurePlan *plan, guint i, guint page, double x, double y, double width, double height)
{
  double aspect = plan->self->panels[i]->aspect;
  UiFigureBox box = { x, y, width, height };
  gboolean plot = ui_figure_column (plan->figure, i % plan->figure->columns->len)->kind == UI_COLUMN_PLOT;
  if (!isnan (aspect) && !plot)
    {
      box.width = fmin (width, height * aspect);
      box.height = box.width / aspect;
      box.x += (width - box.width) / 2;
      box.y += (height - box.height) / 2;
    }
  plan->self->places[i] = (UiFigurePlace){ page, { x, y, width, height }, box };
}

static void
place_row (UiFigurePlan *plan, guint r, guint page, double y)
{
  double x = plan->left;
  put_label (plan, r, page, y);
  for (guint c = 0; c < plan->columns; c++)
    {
      guint i = index_at (plan, r, c);
      place_panel (plan, i, page, x, y, plan->widths[c], plan->heights[r]);
      put_words (plan, i, page, x, y + plan->heights[r] + UI_FIGURE_AIR / 2, plan->widths[c]);
      if (plan->figure->show & UI_SHOW_LETTERS)
        {
          const UiFigureBox *box = &plan->self->places[i].box;
          g_autofree char *letter = letter_of (r * plan->columns + c);
          ui_figure_plan_add_text (plan, (UiFigureText){ .page = page,
                                                         .text = letter,
                                                         .bold = TRUE,
                                                         .size = plan->figure->score_size,
                                                         .width = -1,
                                                         .x = box->x + UI_FIGURE_AIR,
                                                         .y = box->y + UI_FIGURE_AIR / 2 });
        }
      x += plan->widths[c] + plan->gap;
    }
}

/* ---- pages ---- */

static double
row_height (const UiFigurePlan *plan, guint r)
{
  return plan->heights[r] + (plan->lines[r] > 0 ? UI_FIGURE_AIR / 2 + plan->lines[r] * plan->score_line : 0);
}

/* What a page has room for beside headings and bars that lie at its foot. */
static double
page_room (const UiFigurePlan *plan, double headings)
{
  return plan->figure->page_height > 0 ? UI_PT (plan->figure->page_height) - headings - ui_figure_bars_foot (plan)
                                       : INFINITY;
}

static void
set_page (UiFigureDrawing *self, guint page, double height)
{
  self->heights = g_renew (double, self->heights, page + 1);
  self->heights[page] = height;
  self->n_pages = page + 1;
}

static void
place_pages (UiFigurePlan *plan)
{
  double headings = heading_height (plan), room = page_room (plan, headings);
  guint page = 0, r = 0;
  do
    {
      double y = headings, bottom = y;
      put_headings (plan, page, 0, headings);
      for (guint first = r; r < plan->rows && (r == first || y - headings + row_height (plan, r) <= room); r++)
        {
          place_row (plan, r, page, y);
          bottom = y + plan->heights[r];
          y += row_height (plan, r) + plan->gap;
        }
      y = fmax (y - plan->gap, headings);
      set_page (plan->self, page, fmax (1, ui_figure_bars_put (plan, page, headings, bottom, y)));
      page++;
    }
  while (r < plan->rows);
}

/* TRUE when the panels of the first page are as high as the bars beside them want to be long. */
static gboolean
bars_stand (const UiFigurePlan *plan, double longest)
{
  double height = 0, room = page_room (plan, heading_height (plan));
  for (guint r = 0; r < plan->rows && height + row_height (plan, r) <= room; r++)
    height += row_height (plan, r) + plan->gap;
  return ui_figure_bars_length (plan, height - plan->gap) >= longest;
}

void
ui_figure_layout (UiFigureDrawing *self)
{
  const UiFigure *figure = self->figure;
  double longest, thick;
  UiFigurePlan plan = { self, figure, ui_figure_text_context (), .gap = UI_PT (figure->gap) };
  plan.rows = figure->swapped ? figure->columns->len : figure->rows->len;
  plan.columns = figure->swapped ? figure->rows->len : figure->columns->len;
  if (plan.rows == 0 || plan.columns == 0)
    {
      set_page (self, 0, UI_PT (figure->width) / 4);
      g_object_unref (plan.context);
      return;
    }
  const UiFigureText score = { .text = "Ag", .size = figure->score_size, .width = -1 };
  ui_figure_plan_measure (&plan, &score, NULL, &plan.score_line);
  plan.widths = g_new0 (double, plan.columns);
  plan.heights = g_new0 (double, plan.rows);
  plan.lines = g_new0 (guint, plan.rows);
  plan.words = g_new0 (GPtrArray *, plan.rows * plan.columns);
  ui_figure_bars_find (&plan);
  ui_figure_bars_measure (&plan, &thick, &longest);
  plan.right = thick;
  find_left (&plan);
  find_heading_size (&plan);
  if (longest > 0 && !bars_stand (&plan, longest))
    {
      plan.bars_lie = TRUE;
      plan.right = 0;
      find_left (&plan);
      find_heading_size (&plan);
    }
  find_words (&plan);
  place_pages (&plan);
  for (guint i = 0; i < plan.rows * plan.columns; i++)
    g_ptr_array_unref (plan.words[i]);
  g_free (plan.words);
  g_free (plan.widths);
  g_free (plan.heights);
  g_free (plan.lines);
  g_object_unref (plan.context);
}
