/* Where a method can look inside a classifier: found by following the picture's geometry through
 * the graph. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

/* Finds the targets of a graph at batch 1 in graph order: (transfer full) array of EngTarget. */
GArray *eng_targets_find (EngGraph *graph);
/* Last spatial map or token grid: the place of LTX's cut. -1: none. */
int eng_targets_default (EngGraph *graph, GArray *targets);
/* Last target whose every cell can still reach the logits (a class token that is read alone shuts the
 * grid after the last attention out): the place of class activation maps. -1: none. */
int eng_targets_default_cam (EngGraph *graph, GArray *targets);
/* The feature map that the stage of target @of is made from: the last target before it that has a finer grid and that
 * all of the network above depends on (so no branch inside a residual block). -1: none. */
int eng_targets_previous_stage (EngGraph *graph, GArray *targets, int of);
/* TRUE when every way from the picture to the logits leads through @value. */
gboolean eng_targets_is_bottleneck (EngGraph *graph, const EngValue *value);
/* The value that the final linear layer (Gemm, MatMul, 1x1 Conv on pooled features) reads; NULL: none. */
const char *eng_targets_final_linear (EngGraph *graph);
/* The value after which a transformer's blocks begin (input of its first normalisation over channels);
 * NULL: none. What lies above is the embedding. */
EngValue *eng_targets_embedding (EngGraph *graph, const EngTarget *target);

G_END_DECLS
