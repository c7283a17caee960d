/* Operators of transformers once more, in double precision: relevance divides by sums that nearly cancel, where
 * the 24 bits of a float are not enough. Forward only, batch 1, no hurry. */
#pragma once

#include "../nn/op.h"

G_BEGIN_DECLS

/* @in: one array for each input, NULL where absent; @out: one for each output, NULL where nobody reads it. */
typedef void (*EngDoubleForward) (const EngNode *node, const double *const *in, double *const *out);

/* NULL: the operator, or this form of it, is not known here. */
EngDoubleForward eng_double_forward (const EngNode *node);
gboolean eng_double_is_unary (const EngNode *node); /* a function of each element alone */
/* Of ReduceMean: the output's element that each element of the input goes into. (transfer full) g_free(). */
int64_t *eng_double_mean_map (const EngNode *node);
/* (transfer full) g_free(). Floats of a weight are taken as they are. A single number was a decimal, or a root,
 * before it was rounded to a float: 1e-6 and the square root of two mean what they say. */
double *eng_double_constant (const EngTensor *tensor);

/* ---- operators whose outputs are moved elements of inputs: Reshape, Transpose, Gather, Slice, Split, Concat ...
 * ---- */
gboolean eng_move_is (const EngNode *node);
int eng_move_n_inputs (const EngNode *node); /* how many of the inputs, from the first on, hold elements */
/* Where each element of output @k comes from: its number among the elements of those inputs, one input after
 * another. (transfer full) g_free(). */
int32_t *eng_move_map (const EngNode *node, int k);
void eng_move_forward (const EngNode *node, const double *const *in, double *const *out);

/* Product with the second operand constant or of the same batch. */
typedef struct
{
  int64_t batch, m, n, k;
  gboolean trans_b; /* stored n x k */
  gboolean shared;  /* one b for all: batch is 1 */
} EngDoubleProduct;

/* MatMul or Gemm; FALSE: a form that is not known here. */
gboolean eng_double_product (const EngNode *node, EngDoubleProduct *product);
/* c = op (a) op (b) + beta c for each entry of the batch; a is m x k, b k x n. @trans_b is meant on top of the
 * stored form. All dense. */
void eng_double_multiply (int64_t batch, int64_t m, int64_t n, int64_t k, gboolean trans_a, gboolean trans_b,
                          double beta, const double *a, const double *b, double *c);

G_END_DECLS
