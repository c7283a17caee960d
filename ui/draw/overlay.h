/* A heatmap over its photo. One blend for tile, figure and command line:
 *
 *   out = (1 - a) * photo + a * colour(v),  a = opacity * w(v)
 *   w = min (1, 1.25 v) for unsigned maps, min (1, 2.2 |v|) for signed ones; 1 when low values do not fade
 *
 * in sRGB. Other modes lay something else over the photo by the same blend: an outline of the top share, black over
 * what lies below it (masked), white over what is low (faded). The photo is never renormalised; under a signed map it
 * is greyed and lifted, so that red and blue are the map's alone (UI_PHOTO_AUTOMATIC). Where the model never looked
 * there is no heat, and the whole picture drawn here is hatched there. */
#pragma once

#include "engine/image.h"
#include "ui/draw/colormap.h"
#include "ui/draw/hatch.h"
#include "ui/draw/scale.h"

G_BEGIN_DECLS

/* What is laid over the photo. */
typedef enum
{
  UI_MODE_OVERLAY,
  UI_MODE_MAP,     /* the map alone, opaque */
  UI_MODE_OUTLINE, /* round the most relevant share of the model's pixels */
  UI_MODE_PHOTO,
  UI_MODE_MASKED, /* only that share of the photo, the rest under black */
  UI_MODE_FADED,  /* the photo where the map is high, white where it is low */
  UI_N_MODES
} UiMode;

/* Which maps on screen share the ends of their colours. For one map alone it means nothing. */
typedef enum
{
  UI_SAME_TILE,
  UI_SAME_METHOD, /* one range for a method across all pictures */
  UI_SAME_IMAGE,  /* all maps of this picture */
  UI_SAME_ALL
} UiSameScale;

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
  UiMode mode;
  double opacity;   /* weight of the heat, 0 .. 1 */
  gboolean fade;    /* low values let the photo through */
  double threshold; /* share of the model's pixels, most relevant first, of outline and mask */
  UiRange range;
  UiSameScale same;
  UiSmoothing smoothing;
  UiPhoto photo;
} UiDisplay;

/* Viridis, RdBu reversed, overlay, opacity 0.85, fading, threshold 15 %, percentile 99.5, one scale per method. */
void ui_display_init (UiDisplay *self);
/* The weight of the layer over the photo: the opacity, but an outline and a map alone are opaque. */
double ui_display_opacity (const UiDisplay *self);
/* TRUE when what is drawn depends on the threshold. */
gboolean ui_display_uses_threshold (const UiDisplay *self);
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
 * ui_overlay_level:
 * @at_input: the map's values at the model's input size
 * @share: 0 .. 1
 *
 * Returns: the value, as @scale shows it, above which the most relevant @share of the model's pixels lies.
 */
double ui_overlay_level (const UiSpread *at_input, const UiScale *scale, double share);

/**
 * ui_overlay_layer:
 * @values: height x width, from ui_overlay_sample()
 * @level: of ui_overlay_level(); only where ui_display_uses_threshold()
 * @argb: height x width, premultiplied, as in CAIRO_FORMAT_ARGB32
 *
 * What the display's mode lays over the photo, at opacity 1: drawn with ui_display_opacity() it gives the blend
 * above. The opacity is left out, so that a slider needs no new raster.
 */
void ui_overlay_layer (const float *values, int width, int height, const UiScale *scale, double level,
                       const UiDisplay *display, guint32 *argb);

/**
 * ui_overlay_heat:
 * @values: n of them, from ui_overlay_sample()
 * @argb: n of them, premultiplied, as in CAIRO_FORMAT_ARGB32
 *
 * The heat alone at opacity 1: drawn over the photo with opacity o it gives the blend above. The
 * display's opacity is left out, so that a slider needs no new raster.
 */
void ui_overlay_heat (const float *values, gsize n, const UiScale *scale, const UiDisplay *display, guint32 *argb);

/* TRUE when the photo under a map of this sign is to be greyed. */
gboolean ui_overlay_wants_grey (const UiDisplay *display, EngSign sign);
/* Greyed and lifted; @n pixels of 3 bytes; @dst may be @src. */
void ui_overlay_grey (const guint8 *src, gsize n, guint8 *dst);

/**
 * ui_overlay_render:
 * @scale: (out) (optional): the range shown, for a legend
 *
 * Photo, layer and hatch at the picture's own size.
 * Returns: (transfer full): height x width x 3 bytes, g_free; NULL with ENG_ERROR_MEMORY, or with
 * ENG_ERROR_ARGUMENT when @map belongs to a picture of another size.
 */
guint8 *ui_overlay_render (EngImage *image, const EngHeatmap *map, const UiDisplay *display, UiScale *scale,
                           GError **error);
/* The same with a range that was found before, so that a picture has the colours of the tile it comes from. */
guint8 *ui_overlay_render_with (EngImage *image, const EngHeatmap *map, const UiDisplay *display,
                                const UiScale *scale, GError **error);

G_END_DECLS
