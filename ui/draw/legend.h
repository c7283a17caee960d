/* The scale beside a map: colour bar with its end values, "0 [ramp] 1", signed ones with a tick at 0. */
#pragma once

#include <pango/pangocairo.h>

#include "ui/draw/colormap.h"
#include "ui/draw/scale.h"

G_BEGIN_DECLS

#define UI_LEGEND_GAP 6 /* between the ramp and the numbers at its ends */

/**
 * ui_legend_draw:
 * @font: for the end values
 * @text: their colour, and that of the bar's edge: red, green, blue, alpha in 0 .. 1
 * @x, @y, @width, @height: user units; the bar takes what the two values leave
 *
 * A flat map shows its one value instead, an empty one "no values".
 */
void ui_legend_draw (cairo_t *cr, const PangoFontDescription *font, const double text[4], const UiColormap *colormap,
                     const UiScale *scale, double x, double y, double width, double height);

/* The bar alone, lowest value left. */
void ui_legend_ramp (cairo_t *cr, const UiColormap *colormap, double x, double y, double width, double height);

G_END_DECLS
