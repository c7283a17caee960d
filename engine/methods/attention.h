/* What the methods on transformers share: the attention matrices A of all blocks and their gradients G from one
 * run of the classifier, products of (I + E) over the blocks, and the part of the result that belongs to the
 * picture.
 *
 * With N tokens, A[query][key] has N x N elements in every head; rows sum to one. What is read in the end is the
 * row of the token that the decision is made from: the class token, token 0. A network without one (no tokens
 * before the grid) decides from the mean of all tokens; there the mean of all rows is read. Of that row the columns
 * of the grid's cells are kept; those of class, distillation and register tokens are left out. What residual paths
 * alone bring from a token to itself is left out in both cases: of the class token it lies in its own column, of all
 * others it is subtracted from the mean, so that a map without evidence is zero.
 *
 *   EngAttention at;
 *   eng_attention_init (&at, eng_job_model (job), NULL);
 *   eng_attention_want (&at, probe, TRUE);
 *   item = eng_probe_one (...);
 *   g_autofree double *e = eng_attention_new_matrices (&at);
 *   for (int b = 0; b < at.blocks; b++)
 *     eng_attention_add_positive (&at, b, item->values[b], item->grads[b], 1, e + b * at.square);
 *   eng_attention_rollout (&at, e, 0, TRUE, row);
 *   eng_attention_grid (&at, row, map);
 */
#pragma once

#include "../probe.h"

G_BEGIN_DECLS

typedef struct
{
  int blocks;                      /* attention matrices, first block first */
  int tokens, prefix, rows, cols;  /* tokens = prefix + rows * cols, N below */
  gsize square;                    /* N * N */
  const EngTarget *const *targets; /* one for each block, borrowed from the model */
} EngAttention;

/* FALSE with a sentence when the model has no attention, or blocks see different numbers of tokens. */
gboolean eng_attention_init (EngAttention *self, EngModel *model, GError **error);
/* The same as a question; fits EngMethod.can_explain. */
gboolean eng_attention_can_explain (EngModel *model, const EngTarget *target, GError **error);

/* FALSE with a sentence when there is no block @start (counted from 0). */
gboolean eng_attention_check_start (const EngAttention *self, int start, GError **error);

int eng_attention_heads (const EngAttention *self, int block);
/* Declares the attentions of all blocks, and their gradients, as the first things that @probe reads:
 * item->values[block] and item->grads[block] are heads x N x N. */
void eng_attention_want (const EngAttention *self, EngProbe *probe, gboolean grads);
double *eng_attention_new_matrices (const EngAttention *self); /* blocks x N x N zeros, g_free() */

/* e += weight * mean over heads of A; @a: heads x N x N, @e: N x N. */
void eng_attention_add_mean (const EngAttention *self, int block, const float *a, double weight, double *e);
/* e += weight * mean over heads of relu (A * G), elementwise. */
void eng_attention_add_positive (const EngAttention *self, int block, const float *a, const float *g, double weight,
                                 double *e);
/**
 * eng_attention_rollout:
 * @e: blocks x N x N
 * @start: first block that takes part, from 0
 * @normalise: divide the rows of I + E by their sums
 * @row: N values: the row of (I + E_last) ... (I + E_start) that the decision reads; without class token less the
 * product of the factors' diagonals of I, see above
 */
void eng_attention_rollout (const EngAttention *self, const double *e, int start, gboolean normalise, double *row);
/* The row of one N x N matrix that the decision reads: N values. */
void eng_attention_read_row (const EngAttention *self, const float *matrix, double *row);
/* Columns of the grid's cells: @map is rows x cols. */
void eng_attention_grid (const EngAttention *self, const double *row, float *map);
/* @row as the job's result: one channel on the grid, bilinear upsampling. */
EngHeatmap *eng_attention_make_heatmap (const EngAttention *self, EngJob *job, const double *row);

G_END_DECLS
