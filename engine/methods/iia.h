/* Iterated Integrated Attributions with two or three integrals: what iia2.c and iia3.c share. See iia.c. */
#pragma once

#include "integrated.h"

G_BEGIN_DECLS

extern const EngParam eng_iia_params[];

/* @order: 2 or 3, the number of integrals. */
EngCost eng_iia_passes (EngModel *model, const EngTarget *target, const EngValues *values, int order);
EngHeatmap *eng_iia_explain (EngJob *job, int order, GError **error);
/* The two forms of it: a feature map's, and that of attention matrices (iia-attention.c). */
EngHeatmap *eng_iia_explain_attention (EngJob *job, int order, int steps, EngVariant variant, EngCost cost,
                                       GError **error);
EngCost eng_iia_attention_passes (int order, int steps, EngVariant variant);

G_END_DECLS
