/* MatMul (numpy's rules, with broadcast batch dimensions) and Gemm, on the products of the kernels. */
#include "../../kernels/kernels.h"
#include "../../kernels/vector.h"
#include "../op.h"

#include <string.h>

/* Three operands over common batch dimensions; a stride of 0 means the same matrix along that dimension.
 * Order of operands everywhere here: A, B, C = A B. */
typedef struct
{
  int64_t m, n, k;
  int rank; /* batch dimensions left after merging */
  int64_t dim[ENG_MAX_RANK], stride[3][ENG_MAX_RANK];
} Matmul;

/* ---- a product over batch dimensions ---- */

/* c is written when @beta is 0. Along a dimension where c has stride 0, products add up: @beta is then 1. */
static void
batched (const Matmul *s, int axis, EngGemm *p, const int *operand, const float *a, const float *b, float *c)
{
  const int64_t *sa = s->stride[operand[0]], *sb = s->stride[operand[1]], *sc = s->stride[operand[2]];
  if (axis == s->rank)
    {
      p->batch = 1;
      eng_kernels ()->gemm (p, a, b, c);
    }
  else if (axis == s->rank - 1 && sc[axis] != 0)
    {
      p->batch = s->dim[axis];
      p->stride_a = sa[axis];
      p->stride_b = sb[axis];
      p->stride_c = sc[axis];
      eng_kernels ()->gemm (p, a, b, c);
    }
  else
    for (int64_t i = 0; i < s->dim[axis]; i++)
      batched (s, axis + 1, p, operand, a + i * sa[axis], b + i * sb[axis], c + i * sc[axis]);
}

/* TRUE when several batch entries share @operand, so that its gradient is a sum. */
static gboolean
is_shared (const Matmul *s, int operand)
{
  for (int i = 0; i < s->rank; i++)
    if (s->stride[operand][i] == 0)
      return TRUE;
  return FALSE;
}

/* Where to add the gradient of @input, and whether the product may overwrite it instead. */
static float *
gradient_of (EngPass *pass, const EngNode *node, const Matmul *s, int input, float *beta)
{
  gboolean fresh = FALSE, shared = is_shared (s, input);
  float *d = shared ? eng_grad_in (pass, node, input) : eng_grad_in_fresh (pass, node, input, &fresh);
  *beta = fresh ? 0 : 1;
  return d;
}

/* ---- MatMul ---- */

/* Batch dimensions with the strides of each operand; those of size 1 are left out. */
static void
add_batch_dims (Matmul *s, const EngShape *shapes, const EngShape *batch)
{
  int64_t running[3] = { s->m * s->k, s->k * s->n, s->m * s->n };
  int64_t stride[3][ENG_MAX_RANK];
  for (int o = 0; o < 3; o++)
    for (int i = batch->rank - 1; i >= 0; i--)
      {
        int at = i - batch->rank + shapes[o].rank;
        stride[o][i] = at >= 0 && shapes[o].dim[at] > 1 ? running[o] : 0;
        if (at >= 0)
          running[o] *= shapes[o].dim[at];
      }
  for (int i = 0; i < batch->rank; i++)
    {
      if (batch->dim[i] == 1)
        continue;
      /* Runs on from the dimension before for every operand: one longer dimension. */
      int last = s->rank - 1;
      gboolean merge = last >= 0;
      for (int o = 0; merge && o < 3; o++)
        merge = s->stride[o][last] == stride[o][i] * batch->dim[i];
      if (!merge)
        s->dim[++last] = 1;
      s->rank = last + 1;
      s->dim[last] *= batch->dim[i];
      for (int o = 0; o < 3; o++)
        s->stride[o][last] = stride[o][i];
    }
  /* One B for all of A's rows: a single tall product, in every direction. */
  if (s->rank == 1 && s->stride[1][0] == 0 && s->stride[0][0] != 0 && s->m <= G_MAXINT32 / MAX (s->dim[0], 1))
    {
      s->m *= s->dim[0];
      s->rank = 0;
    }
}

static gboolean
matmul_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_need_float (node, 0, error)
      || !eng_node_need_float (node, 1, error) || !eng_node_need_rank (node, 0, 1, ENG_MAX_RANK, error)
      || !eng_node_need_rank (node, 1, 1, ENG_MAX_RANK, error))
    return FALSE;
  EngShape a = node->inputs[0]->shape, b = node->inputs[1]->shape, batch[3], y;
  gboolean row = a.rank == 1, column = b.rank == 1;
  if (row)
    a = ENG_SHAPE (1, a.dim[0]);
  if (column)
    b = ENG_SHAPE (b.dim[0], 1);
  Matmul *s = node->priv = eng_node_priv (node, Matmul);
  s->m = a.dim[a.rank - 2];
  s->k = a.dim[a.rank - 1];
  s->n = b.dim[b.rank - 1];
  if (b.dim[b.rank - 2] != s->k)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "rows of %" G_GINT64_FORMAT " elements cannot be multiplied with columns of %" G_GINT64_FORMAT,
                     s->k, b.dim[b.rank - 2]);
  if (MAX (s->m, MAX (s->n, s->k)) > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the product is too large");
  batch[0] = eng_shape_from_array (a.dim, a.rank - 2);
  batch[1] = eng_shape_from_array (b.dim, b.rank - 2);
  if (!eng_shape_broadcast (&batch[0], &batch[1], &batch[2]))
    return eng_fail (error, ENG_ERROR_INVALID, "the leading dimensions do not fit each other");
  y = batch[2];
  if (!row)
    y.dim[y.rank++] = s->m;
  if (!column)
    y.dim[y.rank++] = s->n;
  if (!eng_node_set_output (node, 0, node->inputs[0]->dtype, &y, error))
    return FALSE;
  add_batch_dims (s, batch, &batch[2]);
  return TRUE;
}

/* C = A B */
static EngGemm
to_output (const EngNode *node, const EngPass *pass)
{
  const Matmul *s = node->priv;
  EngGemm p = { .m = s->m, .n = s->n, .k = s->k, .alpha = 1, .batch = 1, .lda = s->k, .ldb = s->n, .ldc = s->n };
  p.rows_alone = TRUE;
  p.frozen_b = eng_is_frozen (pass, node, 1);
  p.bf16 = eng_pass_bf16 (pass);
  p.a_short = eng_is_short (pass, node->inputs[0]);
  return p;
}

/* dB = A^T dC */
static EngGemm
to_b (const EngNode *node, const EngPass *pass)
{
  const Matmul *s = node->priv;
  EngGemm p = { .trans_a = TRUE, .m = s->k, .n = s->n, .k = s->m, .alpha = 1, .batch = 1, .lda = s->k };
  p.ldb = p.ldc = s->n;
  p.bf16 = eng_pass_bf16 (pass);
  p.a_short = eng_is_short (pass, node->inputs[0]);
  return p;
}

/* A, where all is one product. */
static gboolean
matmul_takes_short (const EngNode *node, const EngPass *pass, int i)
{
  const Matmul *s = node->priv;
  EngGemm forward = to_output (node, pass), back = to_b (node, pass);
  gboolean (*takes) (const EngGemm *p) = eng_kernels ()->gemm_takes_short;
  return i == 0 && s->rank == 0 && takes && takes (&forward) && (eng_is_frozen (pass, node, 1) || takes (&back));
}

static void
matmul_forward (const EngNode *node, EngPass *pass)
{
  static const int operand[] = { 0, 1, 2 };
  EngGemm p = to_output (node, pass);
  batched (node->priv, 0, &p, operand, eng_in (pass, node, 0), eng_in_f (pass, node, 1), eng_out_f (pass, node, 0));
}

static void
matmul_backward (const EngNode *node, EngPass *pass)
{
  const Matmul *s = node->priv;
  static const int of_a[] = { 2, 1, 0 }, of_b[] = { 0, 2, 1 };
  const float *dy = eng_grad_out (pass, node, 0);
  if (!dy)
    return;
  /* dA = dC B^T */
  EngGemm p = { .trans_b = TRUE, .m = s->m, .n = s->k, .k = s->n, .alpha = 1, .rows_alone = TRUE };
  p.frozen_b = eng_is_frozen (pass, node, 1);
  p.bf16 = eng_pass_bf16 (pass);
  p.lda = p.ldb = s->n;
  p.ldc = s->k;
  float *d = gradient_of (pass, node, s, 0, &p.beta);
  if (d)
    batched (s, 0, &p, of_a, dy, eng_in_f (pass, node, 1), d);
  p = to_b (node, pass);
  d = gradient_of (pass, node, s, 1, &p.beta);
  if (d)
    batched (s, 0, &p, of_b, eng_in (pass, node, 0), dy, d);
}

/* ---- Gemm ---- */

typedef struct
{
  EngGemm p;
  float scale_c;
  int64_t row_step, column_step; /* of C, which is broadcast to the output */
} Gemm;

static gboolean
gemm_read_c (const EngNode *node, Gemm *s, GError **error)
{
  if (!eng_node_has_input (node, 2))
    return TRUE;
  if (!eng_node_need_float (node, 2, error) || !eng_node_need_rank (node, 2, 0, 2, error))
    return FALSE;
  const EngShape *c = &node->inputs[2]->shape;
  int64_t columns = c->rank > 0 ? c->dim[c->rank - 1] : 1, rows = c->rank > 1 ? c->dim[0] : 1;
  if ((columns != 1 && columns != s->p.n) || (rows != 1 && rows != s->p.m))
    return eng_fail (error, ENG_ERROR_INVALID, "input C cannot be broadcast to the output");
  s->row_step = rows > 1 ? columns : 0;
  s->column_step = columns > 1 ? 1 : 0;
  return TRUE;
}

static gboolean
gemm_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 2, 3, error) || !eng_node_need_float (node, 0, error)
      || !eng_node_need_float (node, 1, error) || !eng_node_need_rank (node, 0, 2, 2, error)
      || !eng_node_need_rank (node, 1, 2, 2, error))
    return FALSE;
  const EngShape *a = &node->inputs[0]->shape, *b = &node->inputs[1]->shape;
  Gemm *s = node->priv = eng_node_priv (node, Gemm);
  EngGemm *p = &s->p;
  p->trans_a = eng_attrs_get_int (node->attrs, "transA", 0) != 0;
  p->trans_b = eng_attrs_get_int (node->attrs, "transB", 0) != 0;
  p->alpha = eng_attrs_get_float (node->attrs, "alpha", 1);
  s->scale_c = eng_attrs_get_float (node->attrs, "beta", 1);
  p->m = a->dim[p->trans_a];
  p->k = a->dim[!p->trans_a];
  p->n = b->dim[!p->trans_b];
  p->lda = a->dim[1];
  p->ldb = b->dim[1];
  p->ldc = p->n;
  p->batch = 1;
  if (b->dim[p->trans_b] != p->k)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "rows of %" G_GINT64_FORMAT " elements cannot be multiplied with columns of %" G_GINT64_FORMAT,
                     p->k, b->dim[p->trans_b]);
  if (MAX (p->m, MAX (p->n, p->k)) > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the product is too large");
  EngShape y = ENG_SHAPE (p->m, p->n);
  return gemm_read_c (node, s, error) && eng_node_set_output (node, 0, node->inputs[0]->dtype, &y, error);
}

static void
gemm_forward (const EngNode *node, EngPass *pass)
{
  const Gemm *s = node->priv;
  EngGemm p = s->p;
  const float *c = eng_in_f (pass, node, 2);
  float *y = eng_out_f (pass, node, 0);
  p.beta = c ? 1 : 0;
  p.rows_alone = TRUE;
  p.frozen_b = eng_is_frozen (pass, node, 1);
  p.bf16 = eng_pass_bf16 (pass);
  for (int64_t i = 0; c && i < p.m; i++)
    for (int64_t j = 0; j < p.n; j++)
      y[i * p.n + j] = s->scale_c * c[i * s->row_step + j * s->column_step];
  eng_kernels ()->gemm (&p, eng_in_f (pass, node, 0), eng_in_f (pass, node, 1), y);
}

/* The gradient of one factor is a product of the other and dY; which comes first and what is transposed
 * follows from (alpha op(A) op(B))' for stored, perhaps transposed, A and B. */
static void
gemm_backward (const EngNode *node, EngPass *pass)
{
  const Gemm *s = node->priv;
  const EngGemm *f = &s->p;
  const float *dy = eng_grad_out (pass, node, 0), *a = eng_in_f (pass, node, 0), *b = eng_in_f (pass, node, 1);
  gboolean fresh;
  if (!dy)
    return;
  float *d = eng_grad_in_fresh (pass, node, 0, &fresh);
  EngGemm p = { .alpha = f->alpha, .beta = fresh ? 0 : 1, .batch = 1, .ldc = f->lda, .bf16 = eng_pass_bf16 (pass) };
  if (d && !f->trans_a)
    {
      p.frozen_b = eng_is_frozen (pass, node, 1);
      p.rows_alone = TRUE;
      p.trans_b = !f->trans_b;
      p.m = f->m, p.n = f->k, p.k = f->n;
      p.lda = f->n, p.ldb = f->ldb;
      eng_kernels ()->gemm (&p, dy, b, d);
    }
  else if (d)
    {
      p.trans_a = f->trans_b, p.trans_b = TRUE;
      p.m = f->k, p.n = f->m, p.k = f->n;
      p.lda = f->ldb, p.ldb = f->n;
      eng_kernels ()->gemm (&p, b, dy, d);
    }
  d = eng_grad_in_fresh (pass, node, 1, &fresh);
  p = (EngGemm){ .alpha = f->alpha, .beta = fresh ? 0 : 1, .batch = 1, .ldc = f->ldb, .bf16 = p.bf16 };
  if (d && !f->trans_b)
    {
      p.trans_a = !f->trans_a;
      p.m = f->k, p.n = f->n, p.k = f->m;
      p.lda = f->lda, p.ldb = f->n;
      eng_kernels ()->gemm (&p, a, dy, d);
    }
  else if (d)
    {
      p.trans_a = TRUE, p.trans_b = f->trans_a;
      p.m = f->n, p.n = f->k, p.k = f->m;
      p.lda = f->n, p.ldb = f->lda;
      eng_kernels ()->gemm (&p, dy, a, d);
    }
  d = eng_grad_in (pass, node, 2);
  for (int64_t i = 0; d && i < f->m; i++)
    for (int64_t j = 0; j < f->n; j++)
      d[i * s->row_step + j * s->column_step] += s->scale_c * dy[i * f->n + j];
}

static const char *const matmul_examples[] = {
  "f:3x4 f:4x5",
  "f:2x3x4 f:4x5",
  "f:2x3x4 f:2x4x5",
  "f:2x1x3x4 f:3x4x2",
  "f:3x4 f:2x4x5",
  "f:4 f:4x3",
  "f:2x3x4 f:4",
  "f:4 f:4",
  "f:2x4 f:3x4x2",
  "f:2x2x3x4 f:2x1x4x2",
  "f:1x3x4 f:1x4x2",
  "f:3x1x2x2x4 f:2x1x4x3",
  NULL,
};

static const char *const gemm_examples[] = {
  "f:3x4 f:4x5 f:5",
  "f:4x3 f:4x5 f:3x5 transA=1 alpha=0.5 beta=2.0",
  "f:3x4 f:5x4 f:3x1 transB=1",
  "f:4x3 f:5x4 f: transA=1 transB=1 alpha=1.5",
  "f:3x4 f:4x5",
  "f:1x6 f:5x6 f:1x5 transB=1",
  NULL,
};

const EngOp eng_ops_matmul[] = {
  { "MatMul", 1, ENG_OPSET_MAX, matmul_shape, matmul_forward, matmul_backward, ENG_KEEP_CROSS, 0, matmul_examples,
    NULL, matmul_takes_short },
  { "Gemm", 7, ENG_OPSET_MAX, gemm_shape, gemm_forward, gemm_backward, ENG_KEEP_CROSS, 0, gemm_examples },
  { NULL },
};
