/* Where everything stands, in points. Page by page from the top: headings, then rows of panels with their scores
 * below; labels to the left, colour bars to the right, or at the foot where the panels are too low for them. */
#include <math.h>

#include "ui/draw/figure-private.h"

#define PT(mm) ((mm) / UI_MM_PER_PT)
#define AIR PT (0.7)      /* between text and what it belongs to */
#define BAR_AWAY PT (1.8) /* from the panels */
#define BAR_THICK PT (2.4)
#define BAR_TICK PT (0.8)
#define BAR_MOST PT (60)
#define BAR_GAP PT (5)
#define MOST_ASPECT 4.0      /* panels more oblong than that are centred in a cell of this shape */
#define SPACE "\u2002\u2002" /* between two scores in a line */

typedef struct
{
  UiFigureDrawing *self;
  const UiFigure *figure;
  PangoContext *context;
  guint rows, columns; /* as drawn */
  double left, right;  /* beside the panels */
  double gap, text_line, score_line;
  double *widths;    /* of columns */
  double *heights;   /* of rows, panels alone */
  GPtrArray **words; /* per panel, as drawn: lines below it */
  guint *lines;      /* per row: score lines below it */
  gboolean bars[2];  /* by EngSign */
  gboolean bars_lie;
} Plan;

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
  if (text->width >= 0)
    {
      pango_layout_set_width (layout, (int)(text->width * PANGO_SCALE));
      pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
      pango_layout_set_ellipsize (layout, text->wraps ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_END);
    }
  return layout;
}

static void
measure (const Plan *plan, const UiFigureText *text, double *width, double *height)
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

static double
width_of (const Plan *plan, const char *words, double size, gboolean markup)
{
  double width;
  const UiFigureText text = { .text = (char *)words, .size = size, .width = -1, .markup = markup };
  measure (plan, &text, &width, NULL);
  return width;
}

/* ---- from the page's grid to the document's ---- */

static guint
index_at (const Plan *plan, guint r, guint c)
{
  guint n = plan->figure->columns->len;
  return plan->figure->swapped ? c * n + r : r * n + c;
}

/* What stands beside the pictures of a row of the document: its label, or its class. (transfer full) */
static char *
label_of (const Plan *plan, guint row)
{
  const UiFigureRow *r = ui_figure_row (plan->figure, row);
  if (r->label)
    return g_strdup (r->label);
  for (guint c = 0; c < plan->figure->columns->len; c++)
    {
      const UiFigureCell *cell = ui_figure_cells_at (plan->self->cells, row, c);
      if (cell->class_name)
        return g_strdup (cell->class_name);
    }
  if (r->class_name)
    return g_strdup (r->class_name);
  g_autofree char *base = g_path_get_basename (r->picture.path);
  return g_filename_display_name (base);
}

static char *
heading_at (const Plan *plan, guint c)
{
  return plan->figure->swapped ? label_of (plan, c) : ui_figure_heading (ui_figure_column (plan->figure, c));
}

static char *
label_at (const Plan *plan, guint r)
{
  return plan->figure->swapped ? ui_figure_heading (ui_figure_column (plan->figure, r)) : label_of (plan, r);
}

/* The shape of the pictures of a row of the document: of its least oblong panel. */
static double
aspect_of (const Plan *plan, guint row)
{
  double least = NAN;
  guint n = plan->figure->columns->len;
  for (guint c = 0; c < n; c++)
    least = fmin (least, plan->self->panels[row * n + c]->aspect);
  return isnan (least) ? 4.0 / 3 : CLAMP (least, 1 / MOST_ASPECT, MOST_ASPECT);
}

static void
shape_cells (Plan *plan)
{
  double room = PT (plan->figure->width) - plan->left - plan->right - (plan->columns - 1) * plan->gap, sum = 0;
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

static UiFigureText
label_text (const Plan *plan, char *words, double length)
{
  return (UiFigureText){ .text = words,
                         .size = plan->figure->text_size,
                         .width = length,
                         .wraps = TRUE,
                         .align = PANGO_ALIGN_CENTER,
                         .angle = -G_PI / 2 };
}

/* Labels are as thick as their lines; lines break where rows are too low. Low rows are the result of thick labels. */
static void
find_left (Plan *plan)
{
  plan->left = 0;
  for (int round = 0; round < 2 && plan->figure->show & UI_SHOW_LABELS; round++)
    {
      double most = 0;
      shape_cells (plan);
      for (guint r = 0; r < plan->rows; r++)
        {
          double height;
          g_autofree char *words = label_at (plan, r);
          const UiFigureText text = label_text (plan, words, plan->heights[r]);
          measure (plan, &text, NULL, &height);
          most = MAX (most, height);
        }
      plan->left = most + AIR;
    }
  shape_cells (plan);
}

static double
heading_height (const Plan *plan)
{
  double most = 0;
  for (guint c = 0; c < plan->columns && plan->figure->show & UI_SHOW_HEADINGS; c++)
    {
      double height;
      g_autofree char *words = heading_at (plan, c);
      const UiFigureText text = {
        .text = words, .size = plan->figure->text_size, .width = plan->widths[c], .wraps = TRUE
      };
      measure (plan, &text, NULL, &height);
      most = MAX (most, height + AIR);
    }
  return most;
}

static void
add_text (Plan *plan, UiFigureText text)
{
  text.text = g_strdup (text.text);
  g_array_append_val (plan->self->texts, text);
}

/* Sits on the panels: a heading of one line beside one of two stands low. */
static void
put_headings (Plan *plan, guint page, double y, double height)
{
  double x = plan->left;
  for (guint c = 0; c < plan->columns && plan->figure->show & UI_SHOW_HEADINGS; c++)
    {
      double own;
      g_autofree char *words = heading_at (plan, c);
      UiFigureText text = { .page = page,
                            .text = words,
                            .size = plan->figure->text_size,
                            .width = plan->widths[c],
                            .wraps = TRUE,
                            .align = PANGO_ALIGN_CENTER,
                            .x = x };
      measure (plan, &text, NULL, &own);
      text.y = y + height - AIR - own;
      add_text (plan, text);
      x += plan->widths[c] + plan->gap;
    }
}

static void
put_label (Plan *plan, guint r, guint page, double y)
{
  double thick;
  if (!(plan->figure->show & UI_SHOW_LABELS))
    return;
  g_autofree char *words = label_at (plan, r);
  UiFigureText text = label_text (plan, words, plan->heights[r]);
  measure (plan, &text, NULL, &thick);
  text.page = page;
  text.x = plan->left - AIR - thick;
  text.y = y + plan->heights[r];
  add_text (plan, text);
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
find_words (Plan *plan)
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
        fits = fits && width_of (plan, line, plan->figure->score_size, TRUE) <= plan->widths[c] + plan->gap / 2;
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
put_words (Plan *plan, guint i, guint page, double x, double y, double width)
{
  for (guint k = 0; k < plan->words[i]->len; k++)
    add_text (plan, (UiFigureText){ .page = page,
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
place_panel (Plan *plan, guint i, guint page, double x, double y, double width, double height)
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
place_row (Plan *plan, guint r, guint page, double y)
{
  double x = plan->left;
  put_label (plan, r, page, y);
  for (guint c = 0; c < plan->columns; c++)
    {
      guint i = index_at (plan, r, c);
      place_panel (plan, i, page, x, y, plan->widths[c], plan->heights[r]);
      put_words (plan, i, page, x, y + plan->heights[r] + AIR / 2, plan->widths[c]);
      if (plan->figure->show & UI_SHOW_LETTERS)
        {
          const UiFigureBox *box = &plan->self->places[i].box;
          g_autofree char *letter = letter_of (r * plan->columns + c);
          add_text (plan, (UiFigureText){ .page = page,
                                          .text = letter,
                                          .bold = TRUE,
                                          .size = plan->figure->score_size,
                                          .width = -1,
                                          .x = box->x + AIR,
                                          .y = box->y + AIR / 2 });
        }
      x += plan->widths[c] + plan->gap;
    }
}

/* ---- colour bars ---- */

/* (transfer full) */
static char *
bar_label (const UiFigureDrawing *self, EngSign sign, gboolean agree, const UiScale *one)
{
  static const char *const shared[] = { [UI_SAME_TILE] = ", per panel",
                                        [UI_SAME_METHOD] = ", per method",
                                        [UI_SAME_IMAGE] = ", per picture",
                                        [UI_SAME_ALL] = "" };
  static const char *const sides[] = { [UI_VALUES_ALL] = "relevance",
                                       [UI_VALUES_POSITIVE] = "for the class",
                                       [UI_VALUES_NEGATIVE] = "against the class",
                                       [UI_VALUES_ABSOLUTE] = "magnitude" };
  const char *words = sign == ENG_SIGN_SIGNED ? "against / for the class" : sides[one->values];
  return g_strconcat (words, agree ? "" : shared[self->figure->display.same], NULL);
}

/* Where all panels have one range its ends are its values; else each panel's own range runs from 0 to 1. */
static UiFigureBar
make_bar (const Plan *plan, EngSign sign, char **label)
{
  UiScale one = { 0 };
  gboolean any, agree = ui_figure_scales_agree (plan->self, sign, &any, &one), is_signed = sign == ENG_SIGN_SIGNED;
  UiFigureBar bar = { .sign = sign, .places = { 0, 0.5, 1 } };
  *label = bar_label (plan->self, sign, agree, &one);
  bar.ticks[0] = agree ? ui_scale_format (one.lo) : g_strdup (is_signed ? "−1" : "0");
  bar.ticks[1] = is_signed ? g_strdup ("0") : agree ? ui_scale_format ((one.lo + one.hi) / 2) : g_strdup ("0.5");
  bar.ticks[2] = agree ? ui_scale_format (one.hi) : g_strdup ("1");
  if (is_signed)
    {
      char *plus = g_strconcat ("+", bar.ticks[2], NULL);
      g_free (bar.ticks[2]);
      bar.ticks[2] = plus;
    }
  return bar;
}

static void
bar_free_ticks (UiFigureBar *bar)
{
  for (guint i = 0; i < G_N_ELEMENTS (bar->ticks); i++)
    g_free (bar->ticks[i]);
}

static guint
n_bars (const Plan *plan)
{
  return (guint)plan->bars[0] + (guint)plan->bars[1];
}

/* Beside the panels: what the bars take, and the length of the longest label. */
static void
measure_bars (Plan *plan, double *thick, double *longest)
{
  double ticks = 0;
  *longest = 0;
  for (guint sign = 0; sign < 2; sign++)
    {
      g_autofree char *label = NULL;
      if (!plan->bars[sign])
        continue;
      UiFigureBar bar = make_bar (plan, (EngSign)sign, &label);
      for (guint i = 0; i < G_N_ELEMENTS (bar.ticks); i++)
        ticks = MAX (ticks, width_of (plan, bar.ticks[i], plan->figure->score_size, FALSE));
      *longest = MAX (*longest, width_of (plan, label, plan->figure->score_size, FALSE));
      bar_free_ticks (&bar);
    }
  *thick = n_bars (plan) == 0 ? 0 : BAR_AWAY + BAR_THICK + BAR_TICK + AIR / 2 + ticks + AIR / 2 + plan->score_line;
}

static double
bar_length (const Plan *plan, double room)
{
  guint n = n_bars (plan);
  return n == 0 ? 0 : fmin (BAR_MOST, (room - (n - 1) * BAR_GAP) / n);
}

static void
put_standing_bar (Plan *plan, UiFigureBar *bar, const char *label)
{
  double size = plan->figure->score_size, most = 0, x = bar->box.x + bar->box.width + BAR_TICK + AIR / 2;
  gboolean crowded = bar->box.height < 3.2 * plan->score_line;
  if (crowded)
    g_clear_pointer (&bar->ticks[1], g_free);
  for (guint i = 0; i < G_N_ELEMENTS (bar->ticks); i++)
    if (bar->ticks[i])
      {
        double y = bar->box.y + (1 - bar->places[i]) * bar->box.height - plan->score_line / 2;
        add_text (plan, (UiFigureText){
                            .page = bar->page, .text = bar->ticks[i], .size = size, .width = -1, .x = x, .y = y });
        most = MAX (most, width_of (plan, bar->ticks[i], size, FALSE));
      }
  add_text (plan, (UiFigureText){ .page = bar->page,
                                  .text = (char *)label,
                                  .size = size,
                                  .angle = -G_PI / 2,
                                  .align = PANGO_ALIGN_CENTER,
                                  .width = bar->box.height,
                                  .x = x + most + AIR / 2,
                                  .y = bar->box.y + bar->box.height });
}

static void
put_lying_bar (Plan *plan, UiFigureBar *bar, const char *label)
{
  double size = plan->figure->score_size, y = bar->box.y + bar->box.height + BAR_TICK;
  for (guint i = 0; i < G_N_ELEMENTS (bar->ticks); i++)
    {
      double width = width_of (plan, bar->ticks[i], size, FALSE);
      double x = bar->box.x + bar->places[i] * (bar->box.width - width);
      add_text (plan, (UiFigureText){
                          .page = bar->page, .text = bar->ticks[i], .size = size, .width = -1, .x = x, .y = y });
    }
  add_text (plan, (UiFigureText){ .page = bar->page,
                                  .text = (char *)label,
                                  .size = size,
                                  .x = bar->box.x,
                                  .y = y + plan->score_line,
                                  .width = bar->box.width,
                                  .align = PANGO_ALIGN_CENTER });
}

/* Beside the panels between @top and @bottom, or below them; returns where the page ends. */
static double
put_bars (Plan *plan, guint page, double top, double bottom, double foot)
{
  double inset = plan->figure->show & UI_SHOW_HEADINGS ? 0 : plan->score_line / 2;
  double x = PT (plan->figure->width) - plan->right + BAR_AWAY, y = top + inset;
  double length = bar_length (plan, plan->bars_lie ? PT (plan->figure->width) - plan->left : bottom - y);
  guint left = n_bars (plan);
  gboolean first = TRUE;
  if (left == 0)
    return foot;
  for (int sign = ENG_SIGN_UNSIGNED; sign <= ENG_SIGN_SIGNED; sign++)
    {
      g_autofree char *label = NULL;
      if (!plan->bars[sign])
        continue;
      UiFigureBar bar = make_bar (plan, (EngSign)sign, &label);
      bar.page = page;
      bar.lies = plan->bars_lie;
      if (bar.lies)
        bar.box =
            (UiFigureBox){ plan->left + (first ? 0 : length + BAR_GAP), foot + BAR_AWAY / 2, length, BAR_THICK };
      else
        bar.box = (UiFigureBox){ x, first || left < 2 ? y : bottom - length, BAR_THICK, length };
      if (bar.lies)
        put_lying_bar (plan, &bar, label);
      else
        put_standing_bar (plan, &bar, label);
      g_array_append_val (plan->self->bars, bar);
      first = FALSE;
    }
  return plan->bars_lie ? foot + BAR_AWAY / 2 + BAR_THICK + BAR_TICK + 2 * plan->score_line
                        : fmax (foot, bottom + plan->score_line / 2);
}

static void
find_bars (Plan *plan)
{
  for (int sign = ENG_SIGN_UNSIGNED; sign <= ENG_SIGN_SIGNED; sign++)
    {
      gboolean any = FALSE;
      UiScale one;
      ui_figure_scales_agree (plan->self, (EngSign)sign, &any, &one);
      plan->bars[sign] = any && (plan->figure->show & UI_SHOW_BARS);
    }
}

/* ---- pages ---- */

static double
row_height (const Plan *plan, guint r)
{
  return plan->heights[r] + (plan->lines[r] > 0 ? AIR / 2 + plan->lines[r] * plan->score_line : 0);
}

/* What a page has room for beside headings and bars that lie at its foot. */
static double
page_room (const Plan *plan, double headings)
{
  double foot = plan->bars_lie ? BAR_AWAY / 2 + BAR_THICK + BAR_TICK + 2 * plan->score_line : 0;
  return plan->figure->page_height > 0 ? PT (plan->figure->page_height) - headings - foot : INFINITY;
}

static void
set_page (UiFigureDrawing *self, guint page, double height)
{
  self->heights = g_renew (double, self->heights, page + 1);
  self->heights[page] = height;
  self->n_pages = page + 1;
}

static void
place_pages (Plan *plan)
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
      set_page (plan->self, page, fmax (1, put_bars (plan, page, headings, bottom, y)));
      page++;
    }
  while (r < plan->rows);
}

/* TRUE when the panels of the first page are as high as the bars beside them want to be long. */
static gboolean
bars_stand (const Plan *plan, double longest)
{
  double height = 0, room = page_room (plan, heading_height (plan));
  for (guint r = 0; r < plan->rows && height + row_height (plan, r) <= room; r++)
    height += row_height (plan, r) + plan->gap;
  return bar_length (plan, height - plan->gap) >= longest;
}

void
ui_figure_layout (UiFigureDrawing *self)
{
  const UiFigure *figure = self->figure;
  double longest, thick;
  Plan plan = { self, figure, ui_figure_text_context (), .gap = PT (figure->gap) };
  plan.rows = figure->swapped ? figure->columns->len : figure->rows->len;
  plan.columns = figure->swapped ? figure->rows->len : figure->columns->len;
  if (plan.rows == 0 || plan.columns == 0)
    {
      set_page (self, 0, PT (figure->width) / 4);
      g_object_unref (plan.context);
      return;
    }
  const UiFigureText text = { .text = "Ag", .size = figure->text_size, .width = -1 };
  const UiFigureText score = { .text = "Ag", .size = figure->score_size, .width = -1 };
  measure (&plan, &text, NULL, &plan.text_line);
  measure (&plan, &score, NULL, &plan.score_line);
  plan.widths = g_new0 (double, plan.columns);
  plan.heights = g_new0 (double, plan.rows);
  plan.lines = g_new0 (guint, plan.rows);
  plan.words = g_new0 (GPtrArray *, plan.rows * plan.columns);
  find_bars (&plan);
  measure_bars (&plan, &thick, &longest);
  plan.right = thick;
  find_left (&plan);
  if (n_bars (&plan) > 0 && !bars_stand (&plan, longest))
    {
      plan.bars_lie = TRUE;
      plan.right = 0;
      find_left (&plan);
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
