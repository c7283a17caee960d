/* Rollouts whose attentions are multiplied by their gradients while one attention is led from zero to a value: what
 * IIA and DIX do on transformers. */
#pragma once

#include "attention.h"
#include "integrated.h"

G_BEGIN_DECLS

/* out = fraction * a, for n values. */
void eng_integrated_scale (const float *a, double fraction, gsize n, float *out);
/* FALSE with a sentence when there are fewer than @blocks blocks of attention. @name: the method's. */
gboolean eng_integrated_check_blocks (EngModel *model, int blocks, const char *name, GError **error);
/**
 * eng_integrated_rollout:
 * @into: the block whose attention is replaced by (j/n) u_k, j = 0 .. n
 * @u: one attention for each picture, as stored
 * @pictures: n + 1: pictures (k/n) x; 1: x alone
 * @row: N values: adds the rollout of the means over k, j and heads of relu (A * G), rows of I + E divided by their
 * sum
 *
 * FALSE with an error.
 */
gboolean eng_integrated_rollout (EngIntegration *run, const EngAttention *at, int into, const float *u, int pictures,
                                 double *row, GError **error);
/* The result: cells of @row at the grid of the tokens. @layer: the attention that is led. */
EngHeatmap *eng_integrated_heatmap (EngJob *job, const EngAttention *at, const double *row, double scale);

G_END_DECLS
