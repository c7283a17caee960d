/* Curves over a share of the pixels: axes, grid, a band, lines by colour and dash, a cursor with a dot on every line.
 * Cairo and Pango only; the page draws it, figures can. It has no state. */
#pragma once

#include <pango/pangocairo.h>

#include "ui/draw/line-style.h"

G_BEGIN_DECLS

typedef struct
{
  const UiLineStyle *style;
  const double *x, *y; /* n, x ascending */
  int n;
  gboolean faded; /* belongs to settings that are past */
  gboolean strong;
  double dot; /* y of the dot at the cursor; NAN: none */
} UiPlotLine;

typedef struct
{
  const UiPlotLine *lines;
  int n_lines;
  const double *band_x, *band_low, *band_high; /* band_n */
  int band_n;
  const char *band_label;
  const char *x_label, *y_label;
  double y_most;        /* the y axis ends here: 1 */
  double cursor;        /* 0 .. 1; NAN: none */
  double foreground[3]; /* of the theme; axes and labels are mixed from it and @background */
  double background[3];
  gboolean dark;
  const PangoFontDescription *font;
  PangoContext *context; /* (nullable): sets the text; NULL: as the surface does */
} UiPlot;

typedef struct
{
  double x, y, width, height;
} UiPlotArea;

/* Where x in 0 .. 1 and y in 0 .. y_most lie in a drawing of that size. */
void ui_plot_area (const UiPlot *self, cairo_t *cr, double width, double height, UiPlotArea *out);
/* What a cursor that moves leaves as it is, axes and band, and the rest, which goes over it. */
void ui_plot_draw_ground (const UiPlot *self, cairo_t *cr, double width, double height);
void ui_plot_draw_lines (const UiPlot *self, cairo_t *cr, double width, double height);
/* One after the other. */
void ui_plot_draw (const UiPlot *self, cairo_t *cr, double width, double height);
/* Of a line given by points, linear between them; NAN outside. */
double ui_plot_at (const double *x, const double *y, int n, double at);

G_END_DECLS
