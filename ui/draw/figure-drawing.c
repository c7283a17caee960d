/* See figure-drawing.h. Panels come from figure-panel.c, places from figure-layout.c; here they are put on paper
 * through pen.h. */
#include <math.h>

#include "ui/draw/figure-private.h"
#include "ui/draw/pen.h"

#define PT(mm) ((mm) / UI_MM_PER_PT)
#define HAIR 0.35  /* pt: frames of colour bars and of panels that show nothing */
#define INSET 0.42 /* of the panel's width and height at most */
#define INSET_LINE 0.8

static void
text_clear (gpointer data)
{
  g_free (((UiFigureText *)data)->text);
}

static void
bar_clear (gpointer data)
{
  UiFigureBar *bar = data;
  for (guint i = 0; i < G_N_ELEMENTS (bar->ticks); i++)
    g_free (bar->ticks[i]);
}

static guint
n_panels (const UiFigureDrawing *self)
{
  return self->figure->rows->len * self->figure->columns->len;
}

char *
ui_font_find (const char *family)
{
  if (ui_font_is_installed (family))
    return g_strdup (family);
  PangoContext *context = ui_figure_text_context ();
  PangoFontDescription *wanted = pango_font_description_new ();
  pango_font_description_set_family (wanted, family);
  PangoFont *font = pango_context_load_font (context, wanted);
  PangoFontDescription *found = font ? pango_font_describe (font) : NULL;
  char *name = g_strdup (found ? pango_font_description_get_family (found) : "Serif");
  g_clear_pointer (&found, pango_font_description_free);
  g_clear_object (&font);
  pango_font_description_free (wanted);
  g_object_unref (context);
  return name;
}

static void
describe_panels (UiFigureDrawing *self, const UiFigureDrawing *old)
{
  guint columns = self->figure->columns->len;
  g_autofree gboolean *has = g_new0 (gboolean, n_panels (self));
  ui_figure_scales (self, old, has);
  for (guint i = 0; i < n_panels (self); i++)
    self->panels[i] = ui_figure_panel_new (self->figure, i / columns, ui_figure_column (self->figure, i % columns),
                                           ui_figure_cells_at (self->cells, i / columns, i % columns),
                                           has[i] ? &self->scales[i] : NULL);
}

/* The panel of @old that looks like @panel; rows and columns may have changed
 * places. */
static UiFigurePanel *
find_alike (const UiFigureDrawing *old, const UiFigurePanel *panel, guint at)
{
  guint n = old ? n_panels (old) : 0;
  for (guint k = 0; k < n; k++)
    if (ui_figure_panel_equal (old->panels[(at + k) % n], panel))
      return old->panels[(at + k) % n];
  return NULL;
}

/* Panels are apart from each other: each is made by one thread, with the same bytes by any. */
static void
blend_panels (UiFigureDrawing *self, const UiFigureDrawing *old)
{
  int columns = (int)self->figure->columns->len, n = (int)n_panels (self);
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < n; i++)
    {
      ui_figure_panel_set_width (self->panels[i], self->places[i].box.width);
      UiFigurePanel *alike = self->panels[i]->shown ? find_alike (old, self->panels[i], (guint)i) : NULL;
      if (alike)
        {
          ui_figure_panel_unref (self->panels[i]);
          g_atomic_ref_count_inc (&alike->ref);
          self->panels[i] = alike;
        }
      else
        ui_figure_panel_blend (self->panels[i], ui_figure_column (self->figure, (guint)(i % columns)),
                               ui_figure_cells_at (self->cells, (guint)(i / columns), (guint)(i % columns)));
    }
}

UiFigureDrawing *
ui_figure_drawing_new (const UiFigure *figure, UiFigureCells *cells, const UiFigureDrawing *old)
{
  UiFigureDrawing *self = g_new0 (UiFigureDrawing, 1);
  g_atomic_ref_count_init (&self->ref);
  self->figure = ui_figure_copy (figure);
  self->cells = ui_figure_cells_ref (cells);
  self->font = ui_font_find (figure->font);
  self->panels = g_new0 (UiFigurePanel *, n_panels (self));
  self->places = g_new0 (UiFigurePlace, n_panels (self));
  self->own = g_new0 (UiScale, n_panels (self));
  self->scales = g_new0 (UiScale, n_panels (self));
  self->texts = g_array_new (FALSE, FALSE, sizeof (UiFigureText));
  g_array_set_clear_func (self->texts, text_clear);
  self->bars = g_array_new (FALSE, FALSE, sizeof (UiFigureBar));
  g_array_set_clear_func (self->bars, bar_clear);
  describe_panels (self, old);
  ui_figure_layout (self);
  blend_panels (self, old);
  return self;
}

UiFigureDrawing *
ui_figure_drawing_ref (UiFigureDrawing *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
ui_figure_drawing_unref (UiFigureDrawing *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref))
    return;
  for (guint i = 0; i < n_panels (self); i++)
    ui_figure_panel_unref (self->panels[i]);
  g_free (self->panels);
  g_free (self->places);
  g_free (self->own);
  g_free (self->scales);
  g_free (self->heights);
  g_free (self->font);
  g_array_unref (self->texts);
  g_array_unref (self->bars);
  ui_figure_cells_unref (self->cells);
  ui_figure_free (self->figure);
  g_free (self);
}

const UiFigure *
ui_figure_drawing_figure (const UiFigureDrawing *self)
{
  return self->figure;
}

UiFigureCells *
ui_figure_drawing_cells (const UiFigureDrawing *self)
{
  return self->cells;
}

const char *
ui_figure_drawing_font (const UiFigureDrawing *self)
{
  return self->font;
}

guint
ui_figure_drawing_n_pages (const UiFigureDrawing *self)
{
  return self->n_pages;
}

void
ui_figure_drawing_size (const UiFigureDrawing *self, guint page, double *width, double *height)
{
  *width = self->figure->width;
  *height = self->heights[MIN (page, self->n_pages - 1)] * UI_MM_PER_PT;
}

/* ---- where is what ---- */

static UiFigurePanel *
panel_at (const UiFigureDrawing *self, guint row, guint column, guint *i)
{
  if (row >= self->figure->rows->len || column >= self->figure->columns->len)
    return NULL;
  *i = row * self->figure->columns->len + column;
  return self->panels[*i];
}

gboolean
ui_figure_drawing_panel (const UiFigureDrawing *self, guint row, guint column, guint *page, UiFigureBox *box)
{
  guint i;
  if (!panel_at (self, row, column, &i))
    return FALSE;
  const UiFigureBox *b = &self->places[i].box;
  *page = self->places[i].page;
  *box = (UiFigureBox){ b->x * UI_MM_PER_PT, b->y * UI_MM_PER_PT, b->width * UI_MM_PER_PT, b->height * UI_MM_PER_PT };
  return TRUE;
}

gboolean
ui_figure_drawing_pick (const UiFigureDrawing *self, guint page, double x, double y, guint *row, guint *column)
{
  for (guint i = 0; i < n_panels (self); i++)
    {
      const UiFigureBox *cell = &self->places[i].cell;
      if (self->places[i].page == page && PT (x) >= cell->x && PT (x) < cell->x + cell->width && PT (y) >= cell->y
          && PT (y) < cell->y + cell->height)
        {
          *row = i / self->figure->columns->len;
          *column = i % self->figure->columns->len;
          return TRUE;
        }
    }
  return FALSE;
}

cairo_surface_t *
ui_figure_drawing_surface (const UiFigureDrawing *self, guint row, guint column)
{
  guint i;
  const UiFigurePanel *panel = panel_at (self, row, column, &i);
  return panel ? panel->surface : NULL;
}

gboolean
ui_figure_drawing_scale (const UiFigureDrawing *self, guint row, guint column, UiScale *out)
{
  guint i;
  const UiFigurePanel *panel = panel_at (self, row, column, &i);
  if (!panel || !panel->has_scale)
    return FALSE;
  *out = panel->scale;
  return TRUE;
}

/* ---- on paper ---- */

static void
frame (cairo_t *cr, double x, double y, double width, double height, double line, double grey)
{
  cairo_set_source_rgb (cr, grey, grey, grey);
  cairo_set_line_width (cr, line);
  cairo_set_dash (cr, NULL, 0, 0);
  cairo_rectangle (cr, x, y, width, height);
  ui_pen_stroke (cr);
}

/* The box enlarged in the corner that is farthest from it. */
static void
draw_inset (const UiFigureDrawing *self, const UiFigurePanel *panel, const UiFigureBox *b, cairo_t *cr)
{
  int columns = panel->x1 - panel->x0, rows = panel->y1 - panel->y0;
  double x = b->x + b->width * panel->box[0] / columns, y = b->y + b->height * panel->box[1] / rows;
  double w = b->width * (panel->box[2] - panel->box[0]) / columns;
  double h = b->height * (panel->box[3] - panel->box[1]) / rows;
  double zoom = fmin (INSET * b->width / w, INSET * b->height / h);
  double left = x + w / 2 > b->x + b->width / 2 ? b->x : b->x + b->width - zoom * w;
  double top = y + h / 2 > b->y + b->height / 2 ? b->y : b->y + b->height - zoom * h;
  ui_pen_image (cr, panel->inset, left, top, zoom * w, zoom * h, self->figure->pixels == UI_PIXELS_SMOOTH);
  frame (cr, x, y, w, h, 2 * INSET_LINE, 1);
  frame (cr, x, y, w, h, INSET_LINE, 0);
  frame (cr, left, top, zoom * w, zoom * h, 2 * INSET_LINE, 1);
  frame (cr, left, top, zoom * w, zoom * h, INSET_LINE, 0);
}

static void
put_layout (const UiFigureDrawing *self, PangoContext *context, const UiFigureText *text, cairo_t *cr)
{
  cairo_save (cr);
  cairo_translate (cr, text->x, text->y);
  cairo_rotate (cr, text->angle);
  pango_cairo_update_context (cr, context);
  PangoLayout *layout = ui_figure_text_layout (context, self, text);
  cairo_move_to (cr, 0, 0);
  ui_pen_text (cr, layout);
  g_object_unref (layout);
  cairo_restore (cr);
}

/* A grey frame that says in two words why there is no picture. */
static void
draw_nothing (const UiFigureDrawing *self, PangoContext *context, const UiFigureCell *cell, const UiFigureBox *b,
              cairo_t *cr)
{
  gboolean impossible = cell->state == UI_CELL_IMPOSSIBLE;
  const UiFigureText text = { .text = (char *)(impossible ? "—" : "not computed"),
                              .size = self->figure->score_size,
                              .x = b->x,
                              .y = b->y + b->height / 2 - 0.6 * self->figure->score_size,
                              .width = b->width,
                              .align = PANGO_ALIGN_CENTER };
  cairo_set_source_rgb (cr, 0.955, 0.955, 0.955);
  cairo_rectangle (cr, b->x, b->y, b->width, b->height);
  ui_pen_fill (cr);
  frame (cr, b->x + HAIR / 2, b->y + HAIR / 2, b->width - HAIR, b->height - HAIR, HAIR, 0.7);
  cairo_set_source_rgb (cr, 0.35, 0.35, 0.35);
  put_layout (self, context, &text, cr);
}

static void
draw_panel (const UiFigureDrawing *self, PangoContext *context, guint i, cairo_t *cr)
{
  guint columns = self->figure->columns->len;
  const UiFigureColumn *column = ui_figure_column (self->figure, i % columns);
  const UiFigureCell *cell = ui_figure_cells_at (self->cells, i / columns, i % columns);
  const UiFigurePanel *panel = self->panels[i];
  const UiFigureBox *b = &self->places[i].box;
  gboolean held = cell->state == UI_CELL_READY || cell->state == UI_CELL_OLD;
  if (column->kind == UI_COLUMN_PLOT && held && cell->curves->len > 0)
    ui_figure_plot_draw (self, column, cell, cr, b);
  else if (!panel->surface)
    draw_nothing (self, context, cell, b, cr);
  else
    {
      ui_pen_image (cr, panel->surface, b->x, b->y, b->width, b->height, self->figure->pixels == UI_PIXELS_SMOOTH);
      if (panel->inset)
        draw_inset (self, panel, b, cr);
    }
}

/* The 256 colours as squares, high values on top or to the right. */
static void
draw_ramp (const UiFigureDrawing *self, const UiFigureBar *bar, cairo_t *cr)
{
  const UiColormap *map = ui_display_colormap (&self->figure->display, bar->sign);
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, bar->lies ? 256 : 1, bar->lies ? 1 : 256);
  guint8 *data = cairo_image_surface_get_data (surface);
  int stride = bar->lies ? 4 : cairo_image_surface_get_stride (surface);
  for (int i = 0; data && i < 256; i++)
    {
      const guint8 *rgb = map->rgb[bar->lies ? i : 255 - i];
      *(guint32 *)(void *)(data + i * stride) = (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2];
    }
  cairo_surface_mark_dirty (surface);
  ui_pen_image (cr, surface, bar->box.x, bar->box.y, bar->box.width, bar->box.height, FALSE);
  cairo_surface_destroy (surface);
}

static void
draw_bar (const UiFigureDrawing *self, const UiFigureBar *bar, cairo_t *cr)
{
  const UiFigureBox *b = &bar->box;
  draw_ramp (self, bar, cr);
  frame (cr, b->x, b->y, b->width, b->height, 2 * HAIR, 0);
  for (guint i = 0; i < G_N_ELEMENTS (bar->ticks); i++)
    if (bar->ticks[i])
      {
        double x = bar->lies ? b->x + bar->places[i] * b->width : b->x + b->width;
        double y = bar->lies ? b->y + b->height : b->y + (1 - bar->places[i]) * b->height;
        cairo_move_to (cr, x, y);
        cairo_line_to (cr, x + (bar->lies ? 0 : PT (UI_FIGURE_TICK)), y + (bar->lies ? PT (UI_FIGURE_TICK) : 0));
        ui_pen_stroke (cr);
      }
}

/* Letters lie on pictures: white below them. */
static void
draw_chip (const UiFigureDrawing *self, PangoContext *context, const UiFigureText *text, cairo_t *cr)
{
  PangoRectangle r;
  PangoLayout *layout = ui_figure_text_layout (context, self, text);
  pango_layout_get_extents (layout, NULL, &r);
  g_object_unref (layout);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_rectangle (cr, text->x - 1, text->y, (double)r.width / PANGO_SCALE + 2, (double)r.height / PANGO_SCALE);
  ui_pen_fill (cr);
}

void
ui_figure_drawing_draw (const UiFigureDrawing *self, cairo_t *cr, guint page)
{
  PangoContext *context = ui_figure_text_context ();
  cairo_save (cr);
  pango_cairo_update_context (cr, context);
  for (guint i = 0; i < n_panels (self); i++)
    if (self->places[i].page == page)
      draw_panel (self, context, i, cr);
  for (guint i = 0; i < self->bars->len; i++)
    {
      const UiFigureBar *bar = &g_array_index (self->bars, UiFigureBar, i);
      if (bar->page == page)
        draw_bar (self, bar, cr);
    }
  for (guint i = 0; i < self->texts->len; i++)
    {
      const UiFigureText *text = &g_array_index (self->texts, UiFigureText, i);
      if (text->page != page)
        continue;
      if (text->bold)
        draw_chip (self, context, text, cr);
      cairo_set_source_rgb (cr, 0, 0, 0);
      put_layout (self, context, text, cr);
    }
  cairo_restore (cr);
  g_object_unref (context);
}
