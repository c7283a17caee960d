/* See scale.h. Ranges by percentile (linear interpolation between order statistics, as NumPy's default) and the
 * map from values to 0 .. 1 or -1 .. 1. */
#include "ui/draw/scale.h"

#include <math.h>

/* Differences below the rounding of float32 sums are no structure. */
#define FLAT 1e-6
#define SNAP 0.05
#define FAR_FROM_ZERO 0.5 /* of the largest value: a signed map with none below it */

static void
snap_ends (UiScale *scale, float smallest, float largest)
{
  double span = scale->hi - scale->lo;
  if (smallest >= 0 && scale->lo < SNAP * span)
    scale->lo = 0;
  if (smallest >= 0 && largest <= 1 && 1 - scale->hi < SNAP * span)
    scale->hi = 1;
}

/* The values as they are shown, ascending, by reading those of the map forwards or backwards. */
static double
shown_percentile (const UiSpread *spread, const UiScale *scale, double p)
{
  if (scale->values == UI_VALUES_POSITIVE)
    return fmax (0, ui_spread_percentile (spread->sorted, spread->n, p));
  if (scale->values == UI_VALUES_NEGATIVE)
    return fmax (0, -ui_spread_percentile (spread->sorted, spread->n, 100 - p));
  if (scale->values == UI_VALUES_ABSOLUTE || scale->sign == ENG_SIGN_SIGNED)
    return ui_spread_percentile (spread->magnitudes, spread->n, p);
  return ui_spread_percentile (spread->sorted, spread->n, p);
}

static void
ask_manual (UiScale *out, const UiRange *range, gboolean is_signed)
{
  out->lo = range->lo;
  out->hi = is_signed ? fmax (fabs (range->lo), fabs (range->hi)) : range->hi;
}

void
ui_scale_of (const UiSpread *spread, const UiRange *range, UiScale *out)
{
  *out = (UiScale){ .sign = spread->sign };
  out->empty = spread->n == 0;
  if (out->empty)
    return;
  double smallest = spread->sorted[0], largest = spread->sorted[spread->n - 1];
  out->flat = largest - smallest <= FLAT * fmax (fabs (smallest), fabs (largest));
  if (out->flat)
    {
      out->lo = out->hi = smallest;
      return;
    }
  if (out->sign == ENG_SIGN_SIGNED && range->values != UI_VALUES_ALL)
    {
      out->values = range->values;
      out->sign = ENG_SIGN_UNSIGNED;
    }
  else if (smallest > FAR_FROM_ZERO * largest)
    out->sign = ENG_SIGN_UNSIGNED;
  gboolean is_signed = out->sign == ENG_SIGN_SIGNED;
  double least = shown_percentile (spread, out, 0), most = shown_percentile (spread, out, 100);
  double p = range->clip == UI_CLIP_PERCENTILE ? CLAMP (range->percentile, 50, 100) : 100;
  out->lo = shown_percentile (spread, out, 100 - p);
  out->hi = shown_percentile (spread, out, p);
  if (out->hi - (is_signed ? 0 : out->lo) <= FLAT * fabs (out->hi))
    {
      out->lo = least;
      out->hi = most;
    }
  if (most <= least) /* nothing of the side that is asked for */
    out->flat = TRUE;
  else if (range->clip == UI_CLIP_MANUAL && range->hi > range->lo)
    ask_manual (out, range, is_signed);
  else if (range->clip == UI_CLIP_SYMMETRIC && least >= 0)
    out->lo = 0;
  else if (!is_signed)
    snap_ends (out, (float)least, (float)most);
  if (is_signed)
    out->lo = -out->hi;
}

void
ui_scale_find (const EngHeatmap *map, const UiRange *range, UiScale *out)
{
  g_autoptr (UiSpread) spread = ui_spread_new (map);
  ui_scale_of (spread, range, out);
}

void
ui_scale_widen (UiScale *self, const UiScale *other)
{
  if (self->flat || self->empty || other->flat || other->empty || other->sign != self->sign
      || other->values != self->values)
    return;
  self->lo = fmin (self->lo, other->lo);
  self->hi = fmax (self->hi, other->hi);
}

gboolean
ui_scale_equal (const UiScale *a, const UiScale *b)
{
  return a->sign == b->sign && a->values == b->values && a->lo == b->lo && a->hi == b->hi && a->flat == b->flat
         && a->empty == b->empty;
}

float
ui_scale_shown (const UiScale *self, float value)
{
  if (isnan (value))
    return value;
  switch (self->values)
    {
    case UI_VALUES_POSITIVE:
      return fmaxf (value, 0);
    case UI_VALUES_NEGATIVE:
      return fmaxf (-value, 0);
    case UI_VALUES_ABSOLUTE:
      return fabsf (value);
    default:
      return value;
    }
}

float
ui_scale_normalise (const UiScale *self, float value)
{
  if (isnan (value))
    return value;
  if (self->flat || self->empty)
    return 0;
  value = ui_scale_shown (self, value);
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
