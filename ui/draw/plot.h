/* Curves over a share of the pixels, or over a count: axes, grid, a band, lines by colour and dash, a cursor with a
 * dot on every line. Cairo and Pango only; the page draws it, figures can. It has no state. */
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
  double dot;     /* y of the dot at the cursor; NAN: none */
  gboolean beads; /* a small dot at every point: there are few */
} UiPlotLine;

typedef struct
{
  const UiPlotLine *lines;
  int n_lines;
  const double *band_x, *band_low, *band_high; /* band_n */
  int band_n;
  const char *band_label;
  const char *x_label, *y_label;
  double y_least;       /* the y axis begins here: 0 */
  double y_most;        /* and ends here: 1 */
  double x_most;        /* the x axis is written as numbers from 0 to this; 0: as shares, from 0 to 100 % */
  double cursor;        /* 0 .. 1; NAN: none */
  gboolean marks;       /* the cursor marks something and cannot be moved: it has no handle */
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

/* Where x in 0 .. 1 and y in y_least .. y_most lie in a drawing of that size. */
void ui_plot_area (const UiPlot *self, cairo_t *cr, double width, double height, UiPlotArea *out);
/* What a cursor that moves leaves as it is, axes and band, and the rest, which goes over it. */
void ui_plot_draw_ground (const UiPlot *self, cairo_t *cr, double width, double height);
void ui_plot_draw_lines (const UiPlot *self, cairo_t *cr, double width, double height);
/* One after the other. */
void ui_plot_draw (const UiPlot *self, cairo_t *cr, double width, double height);
/* Ends that hold @least and @most with four steps of a round number between them; equal ones are spread. */
void ui_plot_round (double least, double most, double *begin, double *end);
/* Of a line given by points, linear between them; NAN outside. */
double ui_plot_at (const double *x, const double *y, int n, double at);

G_END_DECLS
