/* How often each value occurs in a map, over the colours that stand for them, with the two ends of the scale as
 * handles: dragged, or moved with the arrow keys. */
#pragma once

#include <gtk/gtk.h>

#include "ui/draw/colormap.h"
#include "ui/draw/scale.h"

G_BEGIN_DECLS

#define UI_TYPE_HISTOGRAM (ui_histogram_get_type ())
G_DECLARE_FINAL_TYPE (UiHistogram, ui_histogram, UI, HISTOGRAM, GtkWidget)

/* Signal "range" (double lo, double hi): a person moved an end. Maps with two signs have both ends move together. */
/* @spread: (nullable): NULL: nothing to show. Copied. */
void ui_histogram_set (UiHistogram *self, const UiSpread *spread, const UiScale *scale, const UiColormap *colormap);
/* Moves an end, as a person would. @end: 0: low, 1: high. */
void ui_histogram_move (UiHistogram *self, int end, double value);

G_END_DECLS
