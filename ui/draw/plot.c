/* See plot.h. */
#include "ui/draw/plot.h"

#include <math.h>

#include "ui/draw/pen.h"

#define GAP 6
#define DOT 4.5
#define BEAD 2.4
#define HANDLE 6

typedef enum
{
  START,
  MIDDLE,
  END
} Align;

static PangoLayout *
make_layout (const UiPlot *self, cairo_t *cr, const char *text)
{
  PangoLayout *layout = self->context ? pango_layout_new (self->context) : pango_cairo_create_layout (cr);
  if (self->context)
    pango_cairo_update_layout (cr, layout);
  pango_layout_set_font_description (layout, self->font);
  pango_layout_set_text (layout, text, -1);
  return layout;
}

/* Text whose anchor lies at (@x, @y); returns its width. Vertical anchor is the middle. */
static double
put_text (const UiPlot *self, cairo_t *cr, const char *text, double x, double y, Align align)
{
  PangoLayout *layout = make_layout (self, cr, text);
  int width, height;
  pango_layout_get_pixel_size (layout, &width, &height);
  cairo_move_to (cr, x - (align == START ? 0 : align == MIDDLE ? width / 2.0 : width), y - height / 2.0);
  ui_pen_text (cr, layout);
  g_object_unref (layout);
  return width;
}

static void
measure (const UiPlot *self, cairo_t *cr, const char *text, int *width, int *height)
{
  PangoLayout *layout = make_layout (self, cr, text);
  pango_layout_get_pixel_size (layout, width, height);
  g_object_unref (layout);
}

/* Four parts are told apart by five numbers. */
#define PARTS 4

static void
format_y (const UiPlot *self, int i, char *text, int size)
{
  double v = self->y_least + (self->y_most - self->y_least) * i / PARTS;
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (number, sizeof number, "%.4g", fabs (v));
  g_snprintf (text, (gulong)size, "%s%s", v < 0 ? "−" : "", number);
}

/* Of the widest number at the y axis. */
static void
measure_numbers (const UiPlot *self, cairo_t *cr, int *width, int *height)
{
  *width = 0;
  for (int i = 0; i <= PARTS; i++)
    {
      char text[G_ASCII_DTOSTR_BUF_SIZE];
      int w;
      format_y (self, i, text, sizeof text);
      measure (self, cr, text, &w, height);
      *width = MAX (*width, w);
    }
}

static double
round_up (double v)
{
  static const double round[] = { 1, 2, 2.5, 5, 10 };
  double unit = pow (10, floor (log10 (v)));
  for (guint i = 0; i < G_N_ELEMENTS (round); i++)
    if (round[i] * unit >= v * (1 - 1e-9))
      return round[i] * unit;
  return v;
}

void
ui_plot_round (double least, double most, double *begin, double *end)
{
  g_return_if_fail (isfinite (least) && isfinite (most));
  double spread = most > least ? most - least : fmax (fabs (most) / 10, 1e-6);
  for (double step = round_up (spread / PARTS);; step = round_up (1.01 * step))
    {
      *begin = step * floor (least / step + 1e-9);
      *end = *begin + PARTS * step;
      if (*end >= most - 1e-9 * spread)
        return;
    }
}

void
ui_plot_area (const UiPlot *self, cairo_t *cr, double width, double height, UiPlotArea *out)
{
  int text_width, text_height;
  measure_numbers (self, cr, &text_width, &text_height);
  double left = text_height + GAP + text_width + GAP, bottom = 2 * text_height + GAP, right = text_width;
  *out = (UiPlotArea){ left, HANDLE + 4, MAX (1, width - left - right), MAX (1, height - bottom - HANDLE - 4) };
}

double
ui_plot_at (const double *x, const double *y, int n, double at)
{
  if (n == 0 || at < x[0] - 1e-9 || at > x[n - 1] + 1e-9)
    return NAN;
  for (int i = 1; i < n; i++)
    if (at <= x[i])
      return y[i - 1] + (y[i] - y[i - 1]) * CLAMP ((at - x[i - 1]) / (x[i] - x[i - 1]), 0, 1);
  return y[n - 1];
}

/* The foreground, as far from the background as @strength says. */
static void
set_ink (const UiPlot *self, cairo_t *cr, double strength)
{
  cairo_set_source_rgba (cr, self->foreground[0], self->foreground[1], self->foreground[2], strength);
}

static double
place_x (const UiPlotArea *a, double x)
{
  return a->x + x * a->width;
}

static double
place_y (const UiPlot *self, const UiPlotArea *a, double y)
{
  return a->y + (1 - CLAMP ((y - self->y_least) / (self->y_most - self->y_least), 0, 1)) * a->height;
}

/* Of the axes, unless they are longer than these: panels of figures may be small. */
static void
draw_labels (const UiPlot *self, cairo_t *cr, const UiPlotArea *a, double height)
{
  int x_width, y_width, text_height;
  measure (self, cr, self->x_label, &x_width, &text_height);
  measure (self, cr, self->y_label, &y_width, &text_height);
  if (x_width <= a->x + a->width)
    put_text (self, cr, self->x_label, MAX (a->x + a->width / 2, x_width / 2.0), height - text_height / 2.0, MIDDLE);
  if (y_width > a->y + a->height + GAP)
    return;
  cairo_save (cr);
  cairo_translate (cr, text_height / 2.0, MAX (a->y + a->height / 2, y_width / 2.0));
  cairo_rotate (cr, -G_PI / 2);
  put_text (self, cr, self->y_label, 0, 0, MIDDLE);
  cairo_restore (cr);
}

/* Numbers from 0 to x_most, or shares; as many as there is room for. */
static void
draw_x_numbers (const UiPlot *self, cairo_t *cr, const UiPlotArea *a)
{
  int width, height;
  g_autofree char *widest = self->x_most > 0 ? g_strdup_printf ("%.0f", self->x_most) : g_strdup ("100 %");
  measure (self, cr, widest, &width, &height);
  int parts = a->width < 3 * (width + GAP) ? 1 : a->width < 6 * (width + GAP) ? 2 : 5; /* figures have small panels */
  double most = self->x_most > 0 ? self->x_most : 100;
  double step = self->x_most > 0 && parts > 1 ? fmax (1, round_up (most / parts)) : most / parts;
  for (double v = 0; v <= most * (1 + 1e-9); v += step)
    {
      g_autofree char *text = g_strdup_printf (self->x_most > 0 ? "%.0f" : "%.0f %%", v);
      put_text (self, cr, text, place_x (a, v / most), a->y + a->height + GAP + height / 2.0, MIDDLE);
    }
}

static void
draw_axes (const UiPlot *self, cairo_t *cr, const UiPlotArea *a, double height)
{
  int text_width, text_height;
  measure_numbers (self, cr, &text_width, &text_height);
  cairo_set_line_width (cr, 1);
  cairo_set_dash (cr, NULL, 0, 0);
  for (int i = 0; i <= PARTS; i++)
    {
      double v = self->y_least + (self->y_most - self->y_least) * i / PARTS, y = floor (place_y (self, a, v)) + 0.5;
      char text[G_ASCII_DTOSTR_BUF_SIZE];
      format_y (self, i, text, sizeof text);
      set_ink (self, cr, i == 0 ? 0.45 : 0.14);
      cairo_move_to (cr, a->x, y);
      cairo_line_to (cr, a->x + a->width, y);
      ui_pen_stroke (cr);
      set_ink (self, cr, 0.85);
      if (i % 2 == 0 || a->height > 6 * text_height)
        put_text (self, cr, text, a->x - GAP, y, END);
    }
  draw_x_numbers (self, cr, a);
  draw_labels (self, cr, a, height);
}

/* Right of the middle, above the band and clear of the lines that have come down. */
static void
draw_band_label (const UiPlot *self, cairo_t *cr, const UiPlotArea *a)
{
  int width, height;
  measure (self, cr, self->band_label, &width, &height);
  double x = a->x + a->width - width - 2 * GAP;
  double high = ui_plot_at (self->band_x, self->band_high, self->band_n, CLAMP ((x - a->x) / a->width, 0, 1));
  double y = place_y (self, a, isnan (high) ? 0 : high) - height;
  set_ink (self, cr, 0.75);
  put_text (self, cr, self->band_label, x, CLAMP (y, a->y + height, a->y + 0.7 * a->height), START);
}

static void
draw_band (const UiPlot *self, cairo_t *cr, const UiPlotArea *a)
{
  double rgba[4];
  if (self->band_n < 2)
    return;
  ui_line_style_band (self->dark, rgba);
  cairo_new_path (cr);
  for (int i = 0; i < self->band_n; i++)
    cairo_line_to (cr, place_x (a, self->band_x[i]), place_y (self, a, self->band_high[i]));
  for (int i = self->band_n - 1; i >= 0; i--)
    cairo_line_to (cr, place_x (a, self->band_x[i]), place_y (self, a, self->band_low[i]));
  cairo_close_path (cr);
  cairo_set_source_rgba (cr, rgba[0], rgba[1], rgba[2], rgba[3]);
  ui_pen_fill (cr);
  if (self->band_label)
    draw_band_label (self, cr, a);
}

static void
draw_line (const UiPlot *self, const UiPlotLine *line, cairo_t *cr, const UiPlotArea *a)
{
  if (line->n == 0)
    return;
  UiLineStyle style = *line->style;
  style.width += line->strong ? 0.6 : 0;
  if (line->faded)
    cairo_push_group (cr);
  ui_line_style_set (&style, cr, self->dark);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  cairo_new_path (cr);
  for (int i = 0; i < line->n; i++)
    cairo_line_to (cr, place_x (a, line->x[i]), place_y (self, a, line->y[i]));
  ui_pen_stroke (cr);
  for (int i = 0; i < line->n && line->beads; i++)
    {
      cairo_arc (cr, place_x (a, line->x[i]), place_y (self, a, line->y[i]), BEAD, 0, 2 * G_PI);
      ui_pen_fill (cr);
    }
  if (line->faded)
    {
      cairo_pop_group_to_source (cr);
      cairo_paint_with_alpha (cr, 0.35);
    }
}

static void
draw_cursor (const UiPlot *self, cairo_t *cr, const UiPlotArea *a)
{
  if (isnan (self->cursor))
    return;
  double x = floor (place_x (a, self->cursor)) + 0.5;
  cairo_set_dash (cr, NULL, 0, 0);
  set_ink (self, cr, 0.8);
  cairo_set_line_width (cr, 1.5);
  cairo_move_to (cr, x, a->y);
  cairo_line_to (cr, x, a->y + a->height);
  ui_pen_stroke (cr);
  if (self->marks)
    return;
  cairo_move_to (cr, x - HANDLE, a->y - HANDLE);
  cairo_line_to (cr, x + HANDLE, a->y - HANDLE);
  cairo_line_to (cr, x, a->y + 2);
  cairo_close_path (cr);
  ui_pen_fill (cr);
}

static void
draw_dots (const UiPlot *self, cairo_t *cr, const UiPlotArea *a)
{
  for (int i = 0; i < self->n_lines && !isnan (self->cursor); i++)
    {
      const UiPlotLine *line = &self->lines[i];
      const double *c = self->dark ? line->style->dark : line->style->light;
      if (isnan (line->dot))
        continue;
      cairo_arc (cr, place_x (a, self->cursor), place_y (self, a, line->dot), DOT, 0, 2 * G_PI);
      cairo_set_source_rgb (cr, c[0], c[1], c[2]);
      cairo_fill_preserve (cr);
      cairo_set_source_rgb (cr, self->background[0], self->background[1], self->background[2]);
      cairo_set_line_width (cr, 1.5);
      ui_pen_stroke (cr);
    }
}

void
ui_plot_draw_ground (const UiPlot *self, cairo_t *cr, double width, double height)
{
  UiPlotArea a;
  ui_plot_area (self, cr, width, height, &a);
  cairo_save (cr);
  cairo_new_path (cr);
  draw_axes (self, cr, &a, height);
  draw_band (self, cr, &a);
  cairo_restore (cr);
}

void
ui_plot_draw_lines (const UiPlot *self, cairo_t *cr, double width, double height)
{
  UiPlotArea a;
  ui_plot_area (self, cr, width, height, &a);
  cairo_save (cr);
  cairo_new_path (cr);
  /* The first line is drawn last: it is the one that is looked at. */
  for (int i = self->n_lines - 1; i >= 0; i--)
    draw_line (self, &self->lines[i], cr, &a);
  draw_cursor (self, cr, &a);
  draw_dots (self, cr, &a);
  cairo_restore (cr);
}

void
ui_plot_draw (const UiPlot *self, cairo_t *cr, double width, double height)
{
  ui_plot_draw_ground (self, cr, width, height);
  ui_plot_draw_lines (self, cr, width, height);
}
