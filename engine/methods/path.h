/* What methods share that add up gradients along a path from a baseline x' to the picture x: the scores at its ends,
 * the map at the input's own grid, and the completeness gap
 *
 *   |sum of attributions - (F(x) - F(x'))| / |F(x) - F(x')|
 *
 * (Sundararajan, Taly and Yan, ICML 2017: exact integration leaves none). */
#pragma once

#include "../probe.h"

G_BEGIN_DECLS

/* A forward pass for each of @n inputs; @scores: n values. FALSE with an error. */
gboolean eng_path_scores (EngJob *job, EngOutput output, const float *const *inputs, int n, double *scores,
                          GError **error);
/**
 * eng_path_note_gap:
 * @map: C x H x W attributions
 * @from, @to: score at the path's start and end
 * @where: what the path leads from and to, for people: "from the baseline to the picture"
 *
 * Notes "completeness-gap", a number in every case: a score that does not change has no scale, so the sum of the
 * attributions is then measured against a millionth of the score, what float32 leaves undecided.
 */
void eng_path_note_gap (EngJob *job, EngOutput output, const float *map, double from, double to, const char *where);
/* A heatmap of the input's size. @values: C x H x W */
EngHeatmap *eng_path_map (EngJob *job, const float *values);
/* @values divided by @divisor; zeros when that is 0. (transfer full), g_free */
float *eng_path_scaled (const double *values, gsize n, double divisor);

G_END_DECLS
