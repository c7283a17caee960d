/* What can be laid over any method that allows it: an average over noisy copies of the input (as SmoothGrad
 * does with the gradient: Smilkov et al., 2017; variance: Adebayo et al., 2018; squares: Hooker et al., 2019)
 * and the sum over several layers. */
#pragma once

#include "method.h"

G_BEGIN_DECLS

/* Parameters of the combinations that @method allows; NULL past the last. */
const EngParam *eng_combine_param (const EngMethod *method, guint i);
/* How often the method runs for each layer. */
int eng_combine_repeats (const EngMethod *method, const EngValues *values);
/* Runs the job's method, alone or combined. */
EngHeatmap *eng_combine_explain (EngJob *job, GError **error);
/* @x plus normal noise of @level times its range: copy @index of those that @seed makes. */
void eng_noisy_copy (const float *x, gsize n, double level, guint64 seed, guint32 index, float *out);

G_END_DECLS
