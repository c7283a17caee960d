/* From a map's values to the numbers that colours stand for, in one place: tile, legend, figure
 * and command line agree because they all ask here. */
#pragma once

#include "ui/draw/spread.h"

G_BEGIN_DECLS

/* How the ends of the scale are found. */
typedef enum
{
  UI_CLIP_PERCENTILE,
  UI_CLIP_MINMAX,
  UI_CLIP_SYMMETRIC, /* as far on both sides of zero as the largest magnitude; unsigned maps begin at zero */
  UI_CLIP_MANUAL
} UiClip;

/* Which part of a signed map is shown; unsigned maps are always shown as they are. */
typedef enum
{
  UI_VALUES_ALL,
  UI_VALUES_POSITIVE, /* max (v, 0) */
  UI_VALUES_NEGATIVE, /* max (-v, 0) */
  UI_VALUES_ABSOLUTE, /* |v| */
} UiValues;

/* What a person asks of the scale. Plain data. */
typedef struct
{
  UiClip clip;
  double percentile; /* 50 .. 100, UI_CLIP_PERCENTILE only */
  double lo, hi;     /* UI_CLIP_MANUAL only; signed maps use the larger magnitude */
  UiValues values;
} UiRange;

typedef struct
{
  EngSign sign;    /* of the colours: the map's, or see ui_scale_find() */
  UiValues values; /* applied before anything else; UI_VALUES_ALL for unsigned maps */
  double lo, hi;   /* values at the ends of the colour map; print these beside it. Signed: lo = -hi */
  gboolean flat;   /* one value everywhere (@lo = @hi = that value): nothing to rank, drawn as no heat */
  gboolean empty;  /* no finite value at all */
} UiScale;

/**
 * ui_scale_find:
 *
 * Percentiles are those of the native grid, linear between neighbours; values that are not finite
 * do not count. Signed maps: -b .. b, b the percentile of |v|, so that 0 keeps the middle colour; but where
 * all values lie above half the largest one (mean scores, say) that would be one colour: drawn as unsigned.
 * One side of a signed map, or its magnitude, is unsigned.
 * Unsigned maps: from the percentile 100 - p to p; an end that comes within 5 % of the span of 0 or
 * (for a map inside 0 .. 1) of 1 is moved there, so that masks and CAMs share round ends. A map so
 * sparse that both percentiles coincide falls back to its smallest and largest value.
 */
void ui_scale_find (const EngHeatmap *map, const UiRange *range, UiScale *out);
/* The same from values that were sorted before. */
void ui_scale_of (const UiSpread *spread, const UiRange *range, UiScale *out);
/* Widens @self so that it covers @other too. Scales of another sign, flat and empty ones are passed over. */
void ui_scale_widen (UiScale *self, const UiScale *other);
gboolean ui_scale_equal (const UiScale *a, const UiScale *b);

/* @value as the scale shows it: its positive part, its magnitude, … */
float ui_scale_shown (const UiScale *self, float value);
/* Of a map's value: unsigned 0 .. 1, signed -1 .. 1. Clamped; NaN stays NaN; 0 for a flat map. */
float ui_scale_normalise (const UiScale *self, float value);

/* Three significant digits and a true minus sign: "0.31", "−1.2e−05". (transfer full) */
char *ui_scale_format (double value);

G_END_DECLS
