/* How far two maps of one picture agree, and where they do not. Both are compared pixel by pixel at the model's input
 * size. Any thread. */
#pragma once

#include "engine/heatmap.h"

G_BEGIN_DECLS

typedef struct
{
  double rank;    /* Spearman's rank correlation, -1 .. 1; NaN: one map is constant */
  double overlap; /* intersection over union of the most relevant share of both, 0 .. 1; NaN likewise */
} UiAgreement;

/* TRUE when both lie on the same picture in the same way. */
gboolean ui_agreement_comparable (const EngHeatmap *a, const EngHeatmap *b);
/* @share: 0 .. 1, of the pixels; ties break by pixel index. */
void ui_agreement_measure (const EngHeatmap *a, const EngHeatmap *b, double share, UiAgreement *out);
/**
 * ui_agreement_difference:
 *
 * Unsigned maps are normalised to 0 .. 1 (smallest to largest value), signed ones by their largest magnitude.
 * Positive where @a says more than @b. Returns: (transfer full): signed; NULL when they are not comparable.
 */
EngHeatmap *ui_agreement_difference (const EngHeatmap *a, const EngHeatmap *b);

G_END_DECLS
