/* Rows times a matrix plus a bias, MatMul and Add: y = x W + b with x: .. x K, W: K x N, b: N. Back, the bias hands
 * dy on as it is: dx = dy W', dW = x' dy, db = sum of dy over rows. */
#include "../../kernels/kernels.h"
#include "../../kernels/vector.h"
#include "../fuse.h"

#include <string.h>

typedef struct
{
  int64_t rows, k, n;
} Linear;

static gboolean
linear_shape (EngNode *node, GError **error)
{
  const EngShape *x = &node->inputs[0]->shape, *w = &node->inputs[1]->shape;
  if (x->rank < 1 || w->rank != 2 || x->dim[x->rank - 1] != w->dim[0] || !eng_fuse_is_row (node->inputs[2], w, 1))
    return eng_fail (error, ENG_ERROR_INVALID, "sizes of rows, weights and bias do not fit");
  Linear *s = node->priv = eng_node_priv (node, Linear);
  *s = (Linear){ eng_shape_span (x, 0, x->rank - 1), w->dim[0], w->dim[1] };
  if (MAX (s->rows, MAX (s->k, s->n)) > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the product is too large");
  EngShape y = *x;
  y.dim[y.rank - 1] = s->n;
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &y, error);
}

/* x W + b */
static EngGemm
to_output (const EngNode *node, const EngPass *pass)
{
  const Linear *s = node->priv;
  EngGemm p = { .m = s->rows, .n = s->n, .k = s->k, .alpha = 1, .batch = 1, .rows_alone = TRUE };
  p.lda = s->k;
  p.ldb = p.ldc = s->n;
  p.frozen_b = eng_is_frozen (pass, node, 1);
  p.bf16 = eng_pass_bf16 (pass);
  p.a_short = eng_is_short (pass, node->inputs[0]);
  p.bias = eng_in_f (pass, node, 2);
  return p;
}

/* x' dy */
static EngGemm
to_weights (const EngNode *node, const EngPass *pass)
{
  const Linear *s = node->priv;
  EngGemm p = { .trans_a = TRUE, .m = s->k, .n = s->n, .k = s->rows, .alpha = 1, .batch = 1, .lda = s->k };
  p.ldb = p.ldc = s->n;
  p.bf16 = eng_pass_bf16 (pass);
  p.a_short = eng_is_short (pass, node->inputs[0]);
  return p;
}

static void
linear_forward (const EngNode *node, EngPass *pass)
{
  EngGemm p = to_output (node, pass);
  eng_kernels ()->gemm (&p, eng_in (pass, node, 0), eng_in_f (pass, node, 1), eng_out_f (pass, node, 0));
}

#define COLUMNS 64

typedef struct
{
  const Linear *s;
  const float *from;
  float *to;
} Job;

/* In double: there may be many rows. */
static void
sum_columns (int64_t begin, int64_t end, gpointer data)
{
  const Job *job = data;
  double sum[COLUMNS];
  for (int64_t from = begin; from < end; from += COLUMNS)
    {
      int64_t n = MIN (COLUMNS, end - from);
      memset (sum, 0, sizeof sum);
      for (int64_t row = 0; row < job->s->rows; row++)
        for (int64_t i = 0; i < n; i++)
          sum[i] += job->from[row * job->s->n + from + i];
      for (int64_t i = 0; i < n; i++)
        job->to[from + i] += (float)sum[i];
    }
}

static void
linear_backward (const EngNode *node, EngPass *pass)
{
  const Linear *s = node->priv;
  const float *dy = eng_grad_out (pass, node, 0);
  gboolean fresh;
  if (!dy)
    return;
  float *d = eng_grad_in_fresh (pass, node, 0, &fresh);
  EngGemm p = { .trans_b = TRUE, .m = s->rows, .n = s->k, .k = s->n, .alpha = 1, .batch = 1, .rows_alone = TRUE };
  p.lda = p.ldb = s->n;
  p.ldc = s->k;
  p.beta = fresh ? 0 : 1;
  p.frozen_b = eng_is_frozen (pass, node, 1);
  p.bf16 = eng_pass_bf16 (pass);
  if (d)
    eng_kernels ()->gemm (&p, dy, eng_in_f (pass, node, 1), d);
  d = eng_grad_in_fresh (pass, node, 1, &fresh);
  p = to_weights (node, pass);
  p.beta = fresh ? 0 : 1;
  if (d)
    eng_kernels ()->gemm (&p, eng_in (pass, node, 0), dy, d);
  Job job = { s, dy, eng_grad_in (pass, node, 2) };
  if (job.to)
    eng_parallel (s->n, 0.1 * (double)s->rows, sum_columns, &job);
}

static gboolean
linear_takes_short (const EngNode *node, const EngPass *pass, int i)
{
  EngGemm forward = to_output (node, pass), back = to_weights (node, pass);
  gboolean (*takes) (const EngGemm *p) = eng_kernels ()->gemm_takes_short;
  return i == 0 && takes && takes (&forward) && (eng_is_frozen (pass, node, 1) || takes (&back));
}

static const EngOp linear_op = {
  "Linear",     1,    ENG_OPSET_MAX, linear_shape,       linear_forward, linear_backward, ENG_KEEP_CROSS,
  ENG_OP_PLAIN, NULL, NULL,          linear_takes_short,
};

static gboolean
match (const EngFuse *fuse, EngNode *last, EngGroup *group)
{
  if (!eng_node_is (last, "Add"))
    return FALSE;
  for (int i = 0; i < 2; i++)
    {
      EngNode *product = eng_fuse_producer (fuse, last->inputs[1 - i], "MatMul");
      EngValue *bias = last->inputs[i];
      if (!product || !bias->constant || !product->inputs[1]->constant || product->inputs[1]->shape.rank != 2)
        continue;
      eng_fuse_take (fuse, group, product->outputs[0], NULL);
      group->op = &linear_op;
      group->input[0] = product->inputs[0];
      group->input[1] = product->inputs[1];
      group->input[2] = bias;
      group->n_inputs = 3;
      return TRUE;
    }
  return FALSE;
}

const EngFusion eng_fusion_linear = { "product with bias", match };
