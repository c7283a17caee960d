/* A few of many cells: drawn in a way that can be learned while training (Chen et al.: Learning to explain, ICML
 * 2018, section 3.2), the k largest afterwards. */
#pragma once

#include "../net.h"

G_BEGIN_DECLS

/* The input for noise, B x k x n. */
EngValue *eng_subset_noise (EngNet *net, int k, int n);
/* Gumbel numbers from @random. */
void eng_subset_feed (EngNet *net, EngValue *noise, GRand *random);
/* Largest over the k draws of softmax (sharpness (logits + noise)); @logits: B x 1 x n. In [0,1], B x 1 x n: for
 * sharpness -> infinity at most k ones, else zeros. */
EngValue *eng_subset_draw (EngNet *net, EngValue *logits, EngValue *noise, double sharpness, GError **error);
/* 1 at the k largest of each row of @logits (B x 1 x n), else 0; of equals the first. */
EngValue *eng_subset_top (EngNet *net, EngValue *logits, int k, GError **error);
/* The same of @n numbers, as zeros and ones. */
void eng_subset_pick (const float *logits, int n, int k, float *picked);
/* Share of the other values that are smaller, equal ones half: n numbers in [0,1]. */
void eng_subset_ranks (const float *logits, int n, float *ranks);

G_END_DECLS
