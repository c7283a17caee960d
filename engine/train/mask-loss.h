/* Parts of the losses over masks of NN-Explainer (Stalder et al.: What You See is What You Classify: Black Box
 * Attributions, NeurIPS 2022), from the formulae: one number per row, so that pictures can be judged singly. NULL
 * among the inputs with *error set passes the error on. */
#pragma once

#include "net.h"

G_BEGIN_DECLS

/* Binary cross-entropy of independent classes, mean over them: @logits and @target B x K -> B. */
EngValue *eng_mask_multi_label (EngNet *net, EngValue *logits, EngValue *target, GError **error);
/* Cross-entropy with softmax; a picture of several classes shares its weight out among them: B x K -> B. */
EngValue *eng_mask_single_label (EngNet *net, EngValue *logits, EngValue *target, GError **error);
/* sum_k p ln p / K with p = softmax (logits), between - ln (K) / K (all alike) and 0 (one class): B x K -> B. */
EngValue *eng_mask_negative_entropy (EngNet *net, EngValue *logits, GError **error);
/* Mean over the pixels of |m(y,x) - m(y,x+1)| + |m(y,x) - m(y+1,x)|, mirrored at the border: B x 1 x h x w -> B. */
EngValue *eng_mask_total_variation (EngNet *net, EngValue *mask, GError **error);
/* The area bounded by ranking. @masks: rows x N in [0,1], sorted v_1 >= ... >= v_N -> rows:
 *
 *   B = (sum_(i <= floor (N least)) (1 - v_i) + sum_(i > floor (N most)) v_i) / N
 *
 * 0 for a mask of zeros and ones with an area between the two; d B / d v is -1/N, 0 or +1/N by rank. */
EngValue *eng_mask_area_bound (EngNet *net, EngValue *masks, double least, double most, GError **error);
/* Mean over all but the first axis: B x ... -> B. */
EngValue *eng_mask_mean (EngNet *net, EngValue *x, GError **error);

G_END_DECLS
