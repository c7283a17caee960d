/* See overlay.h. Warping is separable, since resize, crop and the map's own enlargement act on rows
 * and columns apart: each raster column is a short weighted sum of map columns, each row likewise. */
#include "ui/draw/overlay.h"

#include <math.h>
#include <string.h>

#include "engine/error.h"

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
    .clip = UI_CLIP_PERCENTILE,
    .percentile = 99.5,
    .hi = 1,
  };
}

const UiColormap *
ui_display_colormap (const UiDisplay *self, EngSign sign)
{
  return sign == ENG_SIGN_SIGNED ? self->signed_map : self->unsigned_map;
}

void
ui_display_scale (const UiDisplay *self, const EngHeatmap *map, UiScale *out)
{
  ui_scale_find (map, self->clip, self->percentile, self->lo, self->hi, out);
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

/* Weight w(v) of the heat and its place in the colour table; weight 0 for NaN. */
static inline float
weigh (const UiScale *scale, gboolean fade, float value, int *entry)
{
  float v = ui_scale_normalise (scale, value);
  *entry = 0;
  if (isnan (v))
    return 0;
  gboolean is_signed = scale->sign == ENG_SIGN_SIGNED;
  *entry = (int)((is_signed ? 0.5f + 0.5f * v : v) * (UI_LUT_SIZE - 1) + 0.5f);
  if (scale->flat || scale->empty)
    return 0;
  return !fade ? 1 : is_signed ? fminf (1, 2.2f * fabsf (v)) : fminf (1, 1.25f * v);
}

void
ui_overlay_heat (const float *values, gsize n, const UiScale *scale, const UiDisplay *display, guint8 *rgba)
{
  guint8 lut[UI_LUT_SIZE][3];
  ui_colormap_lut (ui_display_colormap (display, scale->sign), lut);
  for (gsize i = 0; i < n; i++, rgba += 4)
    {
      int entry;
      float a = weigh (scale, display->fade, values[i], &entry);
      for (int c = 0; c < 3; c++)
        rgba[c] = (guint8)(a * lut[entry][c] + 0.5f);
      rgba[3] = (guint8)(a * 255 + 0.5f);
    }
}

gboolean
ui_overlay_wants_grey (const UiDisplay *display, EngSign sign)
{
  return display->photo == UI_PHOTO_GREY || (display->photo == UI_PHOTO_AUTOMATIC && sign == ENG_SIGN_SIGNED);
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

static void
blend_row (const float *values, int width, const UiScale *scale, const UiDisplay *display, guint8 lut[UI_LUT_SIZE][3],
           guint8 *rgb)
{
  for (int x = 0; x < width; x++, rgb += 3)
    {
      int entry;
      float a = (float)display->opacity * weigh (scale, display->fade, values[x], &entry);
      for (int c = 0; c < 3; c++)
        rgb[c] = (guint8)((1 - a) * rgb[c] + a * lut[entry][c] + 0.5f);
    }
}

static void
hatch_row (const UiSeen *seen, int y, int width, int period, guint8 *rgb)
{
  gboolean outside = y + 0.5 < seen->y0 || y + 0.5 > seen->y1;
  for (int x = 0; x < width; x++)
    if (outside || x + 0.5 < seen->x0 || x + 0.5 > seen->x1)
      ui_hatch_pixel (x, y, period, rgb + (gsize)3 * x);
}

static void
render_rows (const Sampler *sampler, const EngHeatmap *map, const UiScale *scale, const UiDisplay *display,
             const guint8 *photo, guint8 *out)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  int width = geometry->image_width, height = geometry->image_height, period = ui_hatch_period (width, height);
  gboolean grey = ui_overlay_wants_grey (display, scale->sign);
  guint8 lut[UI_LUT_SIZE][3];
  UiSeen seen;
  ui_colormap_lut (ui_display_colormap (display, scale->sign), lut);
  ui_seen_from_geometry (geometry, &seen);
  gboolean hatched = !ui_seen_is_all (&seen, geometry);
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
      blend_row (values, width, scale, display, lut, row);
      if (hatched)
        hatch_row (&seen, y, width, period, row);
    }
}

guint8 *
ui_overlay_render (EngImage *image, const EngHeatmap *map, const UiDisplay *display, UiScale *scale, GError **error)
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
  UiScale found;
  ui_display_scale (display, map, &found);
  if (scale)
    *scale = found;
  Sampler sampler = { 0 };
  guint8 *out = g_try_malloc ((gsize)width * height * 3);
  if (out && sampler_init (&sampler, map, display->smoothing, width, height))
    render_rows (&sampler, map, &found, display, eng_image_rgb (image), out);
  else
    {
      g_clear_pointer (&out, g_free);
      eng_fail (error, ENG_ERROR_MEMORY, "not enough memory for an overlay of %d × %d pixels; use a smaller picture",
                width, height);
    }
  sampler_clear (&sampler);
  return out;
}
