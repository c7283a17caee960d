/* A heatmap over its photo. One blend for tile, figure and command line:
 *
 *   out = (1 - a) * photo + a * colour(v),  a = opacity * w(v)
 *   w = min (1, 1.25 v) for unsigned maps, min (1, 2.2 |v|) for signed ones; 1 when low values do not fade
 *
 * in sRGB. The photo is never renormalised; under a signed map it is greyed and lifted, so that red
 * and blue are the map's alone (UI_PHOTO_AUTOMATIC). Where the model never looked there is no heat,
 * and the whole picture drawn here is hatched there. */
#pragma once

#include "engine/image.h"
#include "ui/draw/colormap.h"
#include "ui/draw/hatch.h"
#include "ui/draw/scale.h"

G_BEGIN_DECLS

typedef enum
{
  UI_PHOTO_AUTOMATIC, /* colour under unsigned maps, grey under signed ones */
  UI_PHOTO_COLOUR,
  UI_PHOTO_GREY
} UiPhoto;

typedef enum
{
  UI_SMOOTHING_AUTOMATIC, /* as the method says */
  UI_SMOOTHING_CELLS,
  UI_SMOOTHING_SMOOTH
} UiSmoothing;

/* How maps are shown; shared by all tiles. Plain data, copied freely. */
typedef struct
{
  const UiColormap *unsigned_map, *signed_map;
  double opacity; /* weight of the heat, 0 .. 1 */
  gboolean fade;  /* low values let the photo through */
  UiClip clip;
  double percentile, lo, hi; /* see ui_scale_find() */
  UiSmoothing smoothing;
  UiPhoto photo;
} UiDisplay;

/* Viridis, RdBu reversed, opacity 0.85, fading, percentile 99.5. */
void ui_display_init (UiDisplay *self);
const UiColormap *ui_display_colormap (const UiDisplay *self, EngSign sign);
void ui_display_scale (const UiDisplay *self, const EngHeatmap *map, UiScale *out);

/**
 * ui_overlay_sample:
 * @width, @height: raster that covers the whole original picture
 *
 * The map warped back through crop and resize: values at the centres of the raster's pixels, linear
 * between cell centres with clamped borders, or by cell. Where a raster pixel spans several cells
 * their mean is taken. NaN where the model never looked.
 * Returns: (transfer full): height x width, g_free; NULL when there is no memory.
 */
float *ui_overlay_sample (const EngHeatmap *map, UiSmoothing smoothing, int width, int height);

/**
 * ui_overlay_heat:
 * @values: n of them, from ui_overlay_sample()
 * @rgba: n * 4 bytes, premultiplied R, G, B, A
 *
 * The heat alone at opacity 1: drawn over the photo with opacity o it gives the blend above. The
 * display's opacity is left out, so that a slider needs no new raster.
 */
void ui_overlay_heat (const float *values, gsize n, const UiScale *scale, const UiDisplay *display, guint8 *rgba);

/* TRUE when the photo under a map of this sign is to be greyed. */
gboolean ui_overlay_wants_grey (const UiDisplay *display, EngSign sign);
/* Greyed and lifted; @n pixels of 3 bytes; @dst may be @src. */
void ui_overlay_grey (const guint8 *src, gsize n, guint8 *dst);

/**
 * ui_overlay_render:
 * @scale: (out) (optional): the range shown, for a legend
 *
 * Photo, heat and hatch at the picture's own size.
 * Returns: (transfer full): height x width x 3 bytes, g_free; NULL with ENG_ERROR_MEMORY, or with
 * ENG_ERROR_ARGUMENT when @map belongs to a picture of another size.
 */
guint8 *ui_overlay_render (EngImage *image, const EngHeatmap *map, const UiDisplay *display, UiScale *scale,
                           GError **error);

G_END_DECLS
