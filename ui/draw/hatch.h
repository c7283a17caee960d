/* Diagonal lines over what the model never saw: a grey veil with light stripes. One formula for the
 * screen (a repeating Cairo pattern) and for the export (pixel by pixel, any size of picture). */
#pragma once

#include <cairo.h>

#include "engine/preprocess.h"

G_BEGIN_DECLS

/* Part of the original picture that the model sees, in picture pixels measured at edges. */
typedef struct
{
  double x0, y0, x1, y1;
} UiSeen;

void ui_seen_from_geometry (const EngGeometry *geometry, UiSeen *out);
/* TRUE when the model sees all of it. */
gboolean ui_seen_is_all (const UiSeen *self, const EngGeometry *geometry);

/* Distance between stripes along a row, in pixels of a raster of that size. */
int ui_hatch_period (int width, int height);
/* Blends veil and stripe over one pixel. @x, @y: in the raster; @rgb: 3 bytes, changed. */
void ui_hatch_pixel (int x, int y, int period, guint8 *rgb);
/**
 * ui_hatch_draw:
 * @cr: user units are screen pixels
 * @x, @y, @width, @height: where the whole picture lies
 * @scale: screen pixels per picture pixel
 *
 * Covers the picture outside @seen.
 */
void ui_hatch_draw (cairo_t *cr, const UiSeen *seen, double x, double y, double width, double height, double scale);

G_END_DECLS
