/* A picture with part of it replaced, as an overlay for the photo: the fill where pixels of the model's input are
 * removed, nothing elsewhere. Removed pixels keep the shape they have for the model; the photo stays as sharp as it
 * is. */
#pragma once

#include "engine/metrics/masking.h"
#include "engine/metrics/ranking.h"
#include "engine/preprocess.h"

G_BEGIN_DECLS

typedef struct
{
  const EngGeometry *geometry;
  const EngRanking *ranking;
  EngMaskMode mode;
  int k;
  const guint8 *fill; /* input_height x input_width x 3 */
} UiMasked;

/**
 * ui_masked_overlay:
 * @x0, @y0, @x1, @y1: part of the original picture, in its pixels
 * @width, @height: of the raster that covers this part
 * @argb: height x width, premultiplied, as in CAIRO_FORMAT_ARGB32
 *
 * Each raster pixel shows the input pixel under its centre. Cost: one look-up per input pixel and one per raster
 * pixel.
 */
void ui_masked_overlay (const UiMasked *self, double x0, double y0, double x1, double y1, int width, int height,
                        guint32 *argb);

G_END_DECLS
