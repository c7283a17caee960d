/* Ranges by percentile (linear interpolation between order statistics, as NumPy's default) and the
 * map from values to 0 .. 1 or -1 .. 1. */
#include "ui/draw/scale.h"

#include <math.h>
#include <string.h>

/* Differences below the rounding of float32 sums are no structure. */
#define FLAT 1e-6
#define SNAP 0.05
#define FAR_FROM_ZERO 0.5 /* of the largest value: a signed map with none below it */

static int
compare (const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double
percentile_of (const float *sorted, gsize n, double percentile)
{
  double at = percentile / 100 * (double)(n - 1);
  gsize i = MIN ((gsize)at, n - 1), j = MIN (i + 1, n - 1);
  return sorted[i] + (at - (double)i) * ((double)sorted[j] - sorted[i]);
}

/* Finite values, ascending; of their magnitudes for a signed map. */
static float *
sorted_values (const EngHeatmap *map, gsize *n, float *smallest, float *largest)
{
  g_autofree float *plane = eng_heatmap_plane (map);
  gsize total = (gsize)eng_heatmap_rows (map) * eng_heatmap_cols (map);
  gboolean magnitude = eng_heatmap_sign (map) == ENG_SIGN_SIGNED;
  *n = 0;
  *smallest = INFINITY;
  *largest = -INFINITY;
  for (gsize i = 0; i < total; i++)
    if (isfinite (plane[i]))
      {
        *smallest = fminf (*smallest, plane[i]);
        *largest = fmaxf (*largest, plane[i]);
        plane[(*n)++] = magnitude ? fabsf (plane[i]) : plane[i];
      }
  qsort (plane, *n, sizeof *plane, compare);
  return g_steal_pointer (&plane);
}

static void
snap_ends (UiScale *scale, float smallest, float largest)
{
  double span = scale->hi - scale->lo;
  if (smallest >= 0 && scale->lo < SNAP * span)
    scale->lo = 0;
  if (smallest >= 0 && largest <= 1 && 1 - scale->hi < SNAP * span)
    scale->hi = 1;
}

void
ui_scale_find (const EngHeatmap *map, UiClip clip, double percentile, double lo, double hi, UiScale *out)
{
  gsize n;
  float smallest, largest;
  g_autofree float *sorted = sorted_values (map, &n, &smallest, &largest);
  *out = (UiScale){ .sign = eng_heatmap_sign (map) };
  if (n == 0)
    {
      out->empty = TRUE;
      return;
    }
  out->flat = (double)largest - smallest <= FLAT * fmax (fabsf (smallest), fabsf (largest));
  if (out->flat)
    {
      out->lo = out->hi = smallest;
      return;
    }

  if (smallest > FAR_FROM_ZERO * largest)
    out->sign = ENG_SIGN_UNSIGNED;
  gboolean is_signed = out->sign == ENG_SIGN_SIGNED;
  double p = clip == UI_CLIP_PERCENTILE ? CLAMP (percentile, 50, 100) : 100;
  out->lo = percentile_of (sorted, n, 100 - p);
  out->hi = percentile_of (sorted, n, p);
  if (out->hi - (is_signed ? 0 : out->lo) <= FLAT * fabs (out->hi))
    {
      out->lo = sorted[0];
      out->hi = sorted[n - 1];
    }
  if (clip == UI_CLIP_MANUAL && hi > lo)
    {
      out->lo = lo;
      out->hi = is_signed ? fmax (fabs (lo), fabs (hi)) : hi;
    }
  else if (!is_signed)
    snap_ends (out, smallest, largest);
  if (is_signed)
    out->lo = -out->hi;
}

float
ui_scale_normalise (const UiScale *self, float value)
{
  if (isnan (value))
    return value;
  if (self->flat || self->empty)
    return 0;
  if (self->sign == ENG_SIGN_SIGNED)
    return (float)CLAMP (value / self->hi, -1, 1);
  return (float)CLAMP ((value - self->lo) / (self->hi - self->lo), 0, 1);
}

char *
ui_scale_format (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (text, sizeof text, "%.3g", value == 0 ? 0 : value);
  GString *out = g_string_new (text);
  g_string_replace (out, "-", "−", 0);
  return g_string_free (out, FALSE);
}
