/* The values of a map in ascending order: any range, any share and a histogram are found in them at once,
 * while a person drags a handle. A thinned one keeps quantiles only, few enough to remember every map. */
#pragma once

#include "engine/heatmap.h"

G_BEGIN_DECLS

typedef struct
{
  EngSign sign;
  gsize n;           /* finite values, or quantiles of them */
  float *sorted;     /* n */
  float *magnitudes; /* n, signed maps only: |v|, ascending */
} UiSpread;

/* Of the native grid. Any thread. */
UiSpread *ui_spread_new (const EngHeatmap *map);
/* Of the map at the model's input size, where shares are counted. */
UiSpread *ui_spread_new_at_input (const EngHeatmap *map);
/* At most @most quantiles of @self, both ends among them. */
UiSpread *ui_spread_thin (const UiSpread *self, gsize most);
void ui_spread_free (UiSpread *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UiSpread, ui_spread_free)

/* Linear between neighbours, rounded as a quantile of ui_spread_thin() is, so that a thinned spread gives the same
 * value wherever it has a quantile. @percentile: 0 .. 100; @sorted: n > 0 values. */
float ui_spread_percentile (const float *sorted, gsize n, double percentile);
/* @counts: how many values lie in each of @bins parts of @lo .. @hi; those outside go to the ends. */
void ui_spread_histogram (const float *sorted, gsize n, double lo, double hi, guint *counts, int bins);

G_END_DECLS
