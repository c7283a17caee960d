/* Deep Integrated Explanations over two or three layers: what dix2.c and dix3.c share. See dix.c. */
#pragma once

#include "integrated.h"

G_BEGIN_DECLS

extern const EngParam eng_dix_params[];

/* @layers: 2 or 3. */
EngCost eng_dix_passes (EngModel *model, const EngTarget *target, const EngValues *values, int layers);
EngHeatmap *eng_dix_explain (EngJob *job, int layers, GError **error);

G_END_DECLS
