/* See spread.h. */
#include "ui/draw/spread.h"

#include <math.h>
#include <string.h>

#define DIGIT 11 /* bits of a sort key that one pass looks at: three passes for 32 */
#define BUCKETS (1u << DIGIT)

/* Ascending, by the bits of the numbers (radix sort): five to thirteen times quicker than by comparing, which counts,
 * since this is asked for where a frame waits. @values: finite. */
static void
sort (float *values, gsize n)
{
  g_autofree guint32 *keys = g_new (guint32, MAX (n, 1)), *other = g_new (guint32, MAX (n, 1));
  guint32 *from = keys, *to = other;
  memcpy (keys, values, n * sizeof *keys);
  /* So that their order as whole numbers is that of the floats. */
  for (gsize i = 0; i < n; i++)
    keys[i] ^= keys[i] >> 31 ? G_MAXUINT32 : 1u << 31;
  for (int shift = 0; shift < 32; shift += DIGIT)
    {
      gsize starts[BUCKETS + 1] = { 0 };
      for (gsize i = 0; i < n; i++)
        starts[(from[i] >> shift & (BUCKETS - 1)) + 1]++;
      for (guint b = 0; b < BUCKETS; b++)
        starts[b + 1] += starts[b];
      for (gsize i = 0; i < n; i++)
        to[starts[from[i] >> shift & (BUCKETS - 1)]++] = from[i];
      guint32 *swap = from;
      from = to;
      to = swap;
    }
  for (gsize i = 0; i < n; i++)
    from[i] ^= from[i] >> 31 ? 1u << 31 : G_MAXUINT32;
  memcpy (values, from, n * sizeof *values);
}

/* The magnitudes of ascending values: two ascending runs, one of them backwards, merged. */
static float *
merge_magnitudes (const float *sorted, gsize n)
{
  float *out = g_new (float, MAX (n, 1));
  gsize right = 0, left;
  while (right < n && sorted[right] < 0)
    right++;
  left = right;
  for (gsize i = 0; i < n; i++)
    if (left > 0 && (right == n || -sorted[left - 1] <= sorted[right]))
      out[i] = -sorted[--left];
    else
      out[i] = sorted[right++];
  return out;
}

/* @values: taken over. */
static UiSpread *
spread_of (float *values, gsize total, EngSign sign)
{
  UiSpread *self = g_new0 (UiSpread, 1);
  self->sign = sign;
  self->sorted = values;
  for (gsize i = 0; i < total; i++)
    if (isfinite (values[i]))
      values[self->n++] = values[i];
  sort (values, self->n);
  if (sign == ENG_SIGN_SIGNED)
    self->magnitudes = merge_magnitudes (values, self->n);
  return self;
}

UiSpread *
ui_spread_new (const EngHeatmap *map)
{
  return spread_of (eng_heatmap_plane (map), (gsize)eng_heatmap_rows (map) * eng_heatmap_cols (map),
                    eng_heatmap_sign (map));
}

UiSpread *
ui_spread_new_at_input (const EngHeatmap *map)
{
  const EngGeometry *geometry = eng_heatmap_geometry (map);
  return spread_of (eng_heatmap_at_input (map), (gsize)geometry->input_height * geometry->input_width,
                    eng_heatmap_sign (map));
}

static float *
quantiles (const float *sorted, gsize n, gsize most)
{
  if (n <= most)
    return g_memdup2 (sorted, n * sizeof *sorted);
  float *out = g_new (float, most);
  for (gsize i = 0; i < most; i++)
    out[i] = ui_spread_percentile (sorted, n, 100.0 * (double)i / (double)(most - 1));
  return out;
}

UiSpread *
ui_spread_thin (const UiSpread *self, gsize most)
{
  UiSpread *out = g_new0 (UiSpread, 1);
  out->sign = self->sign;
  out->n = MIN (self->n, most);
  out->sorted = quantiles (self->sorted, self->n, most);
  out->magnitudes = self->magnitudes ? quantiles (self->magnitudes, self->n, most) : NULL;
  return out;
}

void
ui_spread_free (UiSpread *self)
{
  g_free (self->sorted);
  g_free (self->magnitudes);
  g_free (self);
}

float
ui_spread_percentile (const float *sorted, gsize n, double percentile)
{
  /* 100 - 82.3 is not quite 17.7: what is meant is the round number. */
  double at = rint (percentile / 100 * (double)(n - 1) * 1e6) / 1e6;
  gsize i = MIN ((gsize)at, n - 1), j = MIN (i + 1, n - 1);
  return (float)(sorted[i] + (at - (double)i) * ((double)sorted[j] - sorted[i]));
}

void
ui_spread_histogram (const float *sorted, gsize n, double lo, double hi, guint *counts, int bins)
{
  memset (counts, 0, sizeof *counts * (gsize)bins);
  for (gsize i = 0; i < n && hi > lo; i++)
    counts[CLAMP ((int)((sorted[i] - lo) / (hi - lo) * bins), 0, bins - 1)]++;
}
