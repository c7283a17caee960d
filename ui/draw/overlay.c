/* See overlay.h. Warping is separable, since resize, crop and the map's own enlargement act on rows
 * and columns apart: each raster column is a short weighted sum of map columns, each row likewise. */
#include "ui/draw/overlay.h"

#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "ui/draw/outline.h"

#define LIFT 0.42 /* of the distance to white is kept when a photo is greyed */

/* Weighted sums along one axis: raster pixel i is sum_k weight[i * most + k] * map[first[i] + k]. */
typedef struct
{
  int n, most;
  int *first, *count; /* count 0: the model never looked here */
  float *weight;
} Axis;

typedef struct
{
  Axis x, y;
  int rows;
  float *wide; /* rows x x.n: the map, already resampled along x */
} Sampler;

void
ui_display_init (UiDisplay *self)
{
  *self = (UiDisplay){
    .unsigned_map = ui_colormap_default (ENG_SIGN_UNSIGNED),
    .signed_map = ui_colormap_default (ENG_SIGN_SIGNED),
    .opacity = 0.85,
    .fade = TRUE,
    .threshold = 0.15,
    .range = { .clip = UI_CLIP_PERCENTILE, .percentile = 99.5, .hi = 1 },
    .same = UI_SAME_METHOD,
  };
}

double
ui_display_opacity (const UiDisplay *self)
{
  return self->mode == UI_MODE_MAP || self->mode == UI_MODE_OUTLINE ? 1 : self->opacity;
}

gboolean
ui_display_uses_threshold (const UiDisplay *self)
{
  return self->mode == UI_MODE_OUTLINE || self->mode == UI_MODE_MASKED;
}

const UiColormap *
ui_display_colormap (const UiDisplay *self, EngSign sign)
{
  return sign == ENG_SIGN_SIGNED ? self->signed_map : self->unsigned_map;
}

void
ui_display_scale (const UiDisplay *self, const EngHeatmap *map, UiScale *out)
{
  ui_scale_find (map, &self->range, out);
}

static void
axis_clear (Axis *axis)
{
  g_free (axis->first);
  g_free (axis->count);
  g_free (axis->weight);
}

static void
add_weight (Axis *axis, int i, int cell, double weight)
{
  int k = cell - axis->first[i];
  if (weight == 0 || k >= axis->most)
    return;
  axis->weight[(gsize)i * axis->most + k] += (float)weight;
  axis->count[i] = MAX (axis->count[i], k + 1);
}

/* One raster pixel: the mean over @samples positions spread evenly inside it. @at, @step: cells. */
static void
fill_pixel (Axis *axis, int i, double at, double step, int samples, int cells, gboolean smooth)
{
  for (int s = 0; s < samples; s++)
    {
      double cell = at + step * ((s + 0.5) / samples - 0.5) - (smooth ? 0.5 : 0);
      int low = CLAMP ((int)floor (cell), 0, cells - 1), high = CLAMP ((int)floor (cell) + 1, 0, cells - 1);
      double part = smooth ? cell - floor (cell) : 0;
      if (s == 0)
        axis->first[i] = low;
      add_weight (axis, i, low, (1 - part) / samples);
      add_weight (axis, i, high, part / samples);
    }
}

/* @n raster pixels over @length picture pixels; the input shows @view0 .. @view1 of @input pixels. */
static void
axis_init (Axis *axis, int n, double length, double scale, double offset, int input, double view0, double view1,
           int cells, gboolean smooth)
{
  double step = length / n / scale * cells / input; /* cells that a raster pixel spans */
  int samples = MAX (1, (int)ceil (step));
  axis->n = n;
  axis->most = (int)ceil (step) + 3;
  axis->first = g_new0 (int, n);
  axis->count = g_new0 (int, n);
  axis->weight = g_new0 (float, (gsize)n * axis->most);
  for (int i = 0; i < n; i++)
    {
      double u = ((i + 0.5) * length / n - offset) / scale;
      if (u >= view0 && u <= view1)
        fill_pixel (axis, i, u * cells / input, step, samples, cells, smooth);
    }
}

static void
sampler_clear (Sampler *self)
{
  axis_clear (&self->x);
  axis_clear (&self->y);
  g_free (self->wide);
}

static gboolean
sampler_init (Sampler *self, const EngHeatmap *map, UiSmoothing smoothing, int width, int height)
{
  const EngGeometry *g = eng_heatmap_geometry (map);
  g_autofree float *plane = eng_heatmap_plane (map);
  int rows = eng_heatmap_rows (map), cols = eng_heatmap_cols (map);
  gboolean smooth =
      smoothing == UI_SMOOTHING_SMOOTH
      || (smoothing == UI_SMOOTHING_AUTOMATIC && eng_heatmap_upsample_kind (map) == ENG_UPSAMPLE_BILINEAR);
  axis_init (&self->x, width, g->image_width, g->scale_x, g->offset_x, g->input_width, g->view_x0, g->view_x1, cols,
             smooth);
  axis_init (&self->y, height, g->image_height, g->scale_y, g->offset_y, g->input_height, g->view_y0, g->view_y1,
             rows, smooth);
  self->rows = rows;
  self->wide = g_try_new0 (float, (gsize)rows *width);
  if (!self->wide)
    return FALSE;
  for (int r = 0; r < rows; r++)
    for (int x = 0; x < width; x++)
      for (int k = 0; k < self->x.count[x]; k++)
        self->wide[(gsize)r * width + x] +=
            self->x.weight[(gsize)x * self->x.most + k] * plane[(gsize)r * cols + self->x.first[x] + k];
  return TRUE;
}

/* Row @y of the raster into @out, x.n values. */
static void
sampler_row (const Sampler *self, int y, float *out)
{
  int width = self->x.n;
  for (int x = 0; x < width; x++)
    out[x] = self->x.count[x] && self->y.count[y] ? 0 : NAN;
  for (int k = 0; k < self->y.count[y]; k++)
    {
      float weight = self->y.weight[(gsize)y * self->y.most + k];
      const float *row = self->wide + (gsize)(self->y.first[y] + k) * width;
      for (int x = 0; x < width; x++)
        out[x] += weight * row[x];
    }
}

float *
ui_overlay_sample (const EngHeatmap *map, UiSmoothing smoothing, int width, int height)
{
  g_return_val_if_fail (width > 0 && height > 0, NULL);
  Sampler sampler = { 0 };
  float *out = g_try_new (float, (gsize)width *height);
  if (out && sampler_init (&sampler, map, smoothing, width, height))
    for (int y = 0; y < height; y++)
      sampler_row (&sampler, y, out + (gsize)y * width);
  else
    g_clear_pointer (&out, g_free);
  sampler_clear (&sampler);
  return out;
}

double
ui_overlay_level (const UiSpread *at_input, const UiScale *scale, double share)
{
  gsize n = at_input->n, k = MIN ((gsize)(CLAMP (share, 0, 1) * (double)n + 0.5), n);
  if (n == 0)
    return NAN;
  if (scale->values == UI_VALUES_NEGATIVE)
    return k == 0 ? INFINITY : fmax (0, -at_input->sorted[k - 1]);
  const float *sorted = scale->values == UI_VALUES_ABSOLUTE ? at_input->magnitudes : at_input->sorted;
  double level = k == 0 ? INFINITY : sorted[n - k];
  return scale->values == UI_VALUES_POSITIVE ? fmax (0, level) : level;
}

/* All that the colour of a pixel depends on besides its value: one entry for each of UI_LUT_SIZE values along the
 * scale, and a last one, without weight, for where the model never looked. */
typedef struct
{
  const UiScale *scale;
  UiMode mode;
  float from, to; /* inside of the threshold are values of at least @from and of at most @to; NaN: none */
  float p, q;     /* the value shown is the larger one of p v and q v */
  double low, gain;
  guint32 argb[UI_LUT_SIZE + 1]; /* premultiplied */
} Ink;

/* The parts of an entry, 0 .. 255: red, green and blue, then the weight. */
static inline guint8
part (guint32 argb, int c)
{
  return (guint8)(argb >> (c < 3 ? 16 - 8 * c : 24));
}

/* Weight w(v) of the layer and its colour, at @v of 0 .. 1 along the scale. */
static float
weigh (const UiScale *scale, const UiDisplay *display, guint8 (*lut)[3], int i, const guint8 **colour)
{
  static const guint8 black[3] = { 0, 0, 0 }, white[3] = { 255, 255, 255 };
  float v = (float)i / (UI_LUT_SIZE - 1);
  float heat = scale->sign == ENG_SIGN_SIGNED ? fminf (1, 2.2f * fabsf (2 * v - 1)) : fminf (1, 1.25f * v);
  *colour = black;
  switch (display->mode)
    {
    case UI_MODE_FADED:
      *colour = white;
      return 1 - heat;
    case UI_MODE_OVERLAY:
    case UI_MODE_MAP:
      *colour = lut[i];
      return display->mode == UI_MODE_OVERLAY && display->fade ? heat : 1;
    default:
      return 0;
    }
}

/* Values that ui_scale_shown() shows at @level or above it. */
static void
ink_set_level (Ink *ink, double level)
{
  UiValues values = ink->scale->values;
  gboolean all = level <= 0 && values != UI_VALUES_ALL; /* what is shown is no less than 0 */
  ink->from = values == UI_VALUES_NEGATIVE ? NAN : all ? -INFINITY : (float)level;
  ink->to = all ? INFINITY : values == UI_VALUES_NEGATIVE || values == UI_VALUES_ABSOLUTE ? (float)-level : NAN;
}

static void
ink_init (Ink *ink, const UiScale *scale, const UiDisplay *display, double level)
{
  static const float sides[][2] = { [UI_VALUES_ALL] = { 1, 1 },
                                    [UI_VALUES_POSITIVE] = { 1, 0 },
                                    [UI_VALUES_NEGATIVE] = { -1, 0 },
                                    [UI_VALUES_ABSOLUTE] = { 1, -1 } };
  guint8 lut[UI_LUT_SIZE][3];
  gboolean blank = scale->flat || scale->empty;
  *ink = (Ink){ .scale = scale, .mode = display->mode };
  ink_set_level (ink, level);
  ink->p = sides[scale->values][0];
  ink->q = sides[scale->values][1];
  ink->low = scale->sign == ENG_SIGN_SIGNED ? -scale->hi : scale->lo;
  ink->gain = blank ? 0 : (UI_LUT_SIZE - 1) / (scale->hi - ink->low);
  ui_colormap_lut (ui_display_colormap (display, scale->sign), lut);
  for (int i = 0; i < UI_LUT_SIZE && !blank; i++)
    {
      const guint8 *colour;
      float a = weigh (scale, display, lut, i, &colour);
      ink->argb[i] = (guint32)(a * 255 + 0.5f) << 24;
      for (int c = 0; c < 3; c++)
        ink->argb[i] |= (guint32)(a * colour[c] + 0.5f) << (16 - 8 * c);
    }
}

/* The entry of a value. An infinite one is at its end of the scale. */
static inline int
ink_index (const Ink *ink, float value)
{
  float p = ink->p * value, q = ink->q * value;
  double at = ((q > p ? q : p) - ink->low) * ink->gain + 0.5;
  at = at > 0 ? at : 0;
  at = at < UI_LUT_SIZE - 1 ? at : UI_LUT_SIZE - 1;
  return isnan (value) ? UI_LUT_SIZE : (int)at;
}

static inline gboolean
is_inside (const Ink *ink, float value)
{
  return (value >= ink->from) | (value <= ink->to); /* never for NaN */
}

/* TRUE where the mask hides the photo. */
static inline gboolean
is_hidden (const Ink *ink, float value)
{
  return (value == value) & !is_inside (ink, value);
}

void
ui_overlay_heat (const float *values, gsize n, const UiScale *scale, const UiDisplay *display, guint32 *argb)
{
  Ink ink;
  ink_init (&ink, scale, display, NAN);
  for (gsize i = 0; i < n; i++)
    argb[i] = ink.argb[ink_index (&ink, values[i])];
}

static void
layer_masked (const float *values, gsize n, const UiScale *scale, double level, guint32 *argb)
{
  Ink ink = { .scale = scale };
  ink_set_level (&ink, level);
  for (gsize i = 0; i < n; i++)
    argb[i] = is_hidden (&ink, values[i]) ? 0xff000000u : 0;
}

static void
layer_outline (const float *values, int width, int height, const UiScale *scale, double level, guint32 *argb)
{
  gsize n = (gsize)width * height;
  g_autofree guint8 *inside = g_try_malloc (n);
  Ink ink = { .scale = scale };
  if (!inside)
    {
      memset (argb, 0, n * 4);
      return;
    }
  ink_set_level (&ink, level);
  for (gsize i = 0; i < n; i++)
    inside[i] = (guint8)is_inside (&ink, values[i]);
  ui_outline_lay (inside, width, height, argb);
}

void
ui_overlay_layer (const float *values, int width, int height, const UiScale *scale, double level,
                  const UiDisplay *display, guint32 *argb)
{
  gsize n = (gsize)width * height;
  if (!ui_display_uses_threshold (display))
    ui_overlay_heat (values, n, scale, display, argb);
  else if (scale->flat || scale->empty)
    memset (argb, 0, n * 4); /* nothing to rank */
  else if (display->mode == UI_MODE_OUTLINE)
    layer_outline (values, width, height, scale, level, argb);
  else
    layer_masked (values, n, scale, level, argb);
}

gboolean
ui_overlay_wants_grey (const UiDisplay *display, EngSign sign)
{
  return display->photo == UI_PHOTO_GREY
         || (display->photo == UI_PHOTO_AUTOMATIC && sign == ENG_SIGN_SIGNED && display->mode == UI_MODE_OVERLAY);
}

void
ui_overlay_grey (const guint8 *src, gsize n, guint8 *dst)
{
  for (gsize i = 0; i < n; i++, src += 3, dst += 3)
    {
      double grey = 0.299 * src[0] + 0.587 * src[1] + 0.114 * src[2];
      dst[0] = dst[1] = dst[2] = (guint8)lround (255 - (255 - grey) * LIFT);
    }
}

/* What the layer does to a pixel: rgb * through + add. */
typedef struct
{
  float through, add[3];
} Coat;

/* The layer is rounded to 8 bits as the textures of tiles are, so that an export is never more than one level away
 * from the screen. @coats: one for each entry of the ink. */
static void
coats_init (Coat *coats, const Ink *ink, float opacity)
{
  for (int i = 0; i <= UI_LUT_SIZE; i++)
    {
      coats[i].through = 1 - opacity * part (ink->argb[i], 3) / 255;
      for (int c = 0; c < 3; c++)
        coats[i].add[c] = opacity * part (ink->argb[i], c);
    }
}

static void
blend_row (const float *values, int width, const Ink *ink, const Coat *coats, guint8 *rgb)
{
  for (int x = 0; x < width; x++, rgb += 3)
    {
      const Coat *coat = &coats[ink_index (ink, values[x])];
      for (int c = 0; c < 3; c++)
        rgb[c] = (guint8)(coat->through * rgb[c] + coat->add[c] + 0.5f);
    }
}

static void
mask_row (const float *values, int width, const Ink *ink, float opacity, guint8 *rgb)
{
  for (int x = 0; x < width; x++, rgb += 3)
    for (int c = 0; c < 3 && is_hidden (ink, values[x]); c++)
      rgb[c] = (guint8)((1 - opacity) * rgb[c] + 0.5f);
}

static void
hatch_row (const UiSeen *seen, int y, int width, int period, guint8 *rgb)
{
  gboolean outside = y + 0.5 < seen->y0 || y + 0.5 > seen->y1;
  for (int x = 0; x < width; x++)
    if (outside || x + 0.5 < seen->x0 || x + 0.5 > seen->x1)
      ui_hatch_pixel (x, y, period, rgb + (gsize)3 * x);
}

static double
level_of (const EngHeatmap *map, const UiScale *scale, const UiDisplay *display)
{
  if (!ui_display_uses_threshold (display))
    return NAN;
  g_autoptr (UiSpread) spread = ui_spread_new_at_input (map);
  return ui_overlay_level (spread, scale, display->threshold);
}

/* @inside: (nullable): height x width flags, filled for an outline. */
static void
render_rows (const Sampler *sampler, const EngHeatmap *map, const UiScale *scale, const UiDisplay *display,
             const guint8 *photo, guint8 *inside, guint8 *out)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  int width = geometry->image_width, height = geometry->image_height, period = ui_hatch_period (width, height);
  gboolean grey = ui_overlay_wants_grey (display, scale->sign);
  float opacity = (float)ui_display_opacity (display);
  Ink ink;
  UiSeen seen;
  g_autofree Coat *coats = g_new (Coat, UI_LUT_SIZE + 1);
  ink_init (&ink, scale, display, level_of (map, scale, display));
  coats_init (coats, &ink, opacity);
  ui_seen_from_geometry (geometry, &seen);
  gboolean hatched = !ui_seen_is_all (&seen, geometry), blank = scale->flat || scale->empty;
  g_autofree float *values = g_new (float, width);
  for (int y = 0; y < height; y++)
    {
      guint8 *row = out + (gsize)y * width * 3;
      const guint8 *from = photo + (gsize)y * width * 3;
      if (grey)
        ui_overlay_grey (from, width, row);
      else
        memcpy (row, from, (gsize)width * 3);
      sampler_row (sampler, y, values);
      if (ink.mode == UI_MODE_MASKED && !blank)
        mask_row (values, width, &ink, opacity, row);
      else
        blend_row (values, width, &ink, coats, row);
      if (hatched)
        hatch_row (&seen, y, width, period, row);
      for (int x = 0; inside && x < width; x++)
        inside[(gsize)y * width + x] = is_inside (&ink, values[x]);
    }
}

guint8 *
ui_overlay_render_with (EngImage *image, const EngHeatmap *map, const UiDisplay *display, const UiScale *scale,
                        GError **error)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  int width = eng_image_width (image), height = eng_image_height (image);
  if (geometry->image_width != width || geometry->image_height != height)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT,
                "the map belongs to a picture of %d × %d, this one has %d × %d; explain it again",
                geometry->image_width, geometry->image_height, width, height);
      return NULL;
    }
  gboolean outlined = display->mode == UI_MODE_OUTLINE && !scale->flat && !scale->empty;
  Sampler sampler = { 0 };
  guint8 *out = g_try_malloc ((gsize)width * height * 3);
  g_autofree guint8 *inside = outlined ? g_try_malloc ((gsize)width * height) : NULL;
  if (out && (inside || !outlined) && sampler_init (&sampler, map, display->smoothing, width, height))
    {
      render_rows (&sampler, map, scale, display, eng_image_rgb (image), inside, out);
      if (inside)
        ui_outline_draw (inside, width, height, out);
    }
  else
    {
      g_clear_pointer (&out, g_free);
      eng_fail (error, ENG_ERROR_MEMORY, "not enough memory for an overlay of %d × %d pixels; use a smaller picture",
                width, height);
    }
  sampler_clear (&sampler);
  return out;
}

guint8 *
ui_overlay_render (EngImage *image, const EngHeatmap *map, const UiDisplay *display, UiScale *scale, GError **error)
{
  UiScale found;
  ui_display_scale (display, map, &found);
  if (scale)
    *scale = found;
  return ui_overlay_render_with (image, map, display, &found, error);
}
