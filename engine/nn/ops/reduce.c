/* Reductions over axes.
 *
 * A reduction is a term, a fold and a finish: ReduceL2 is the square root of the sum of squares. Both
 * walks are those of broadcast.c, seen from the other side: the input has the full shape, and the
 * output is the operand that was broadcast to it. Sums run in double. The gradient of ReduceMax and
 * ReduceMin goes to all elements that tie, evenly, as in torch.amax. Reducing nothing (an empty axis)
 * gives the neutral element: 0 for sums, 1 for products, -inf and +inf for maxima and minima. */
#include "../../kernels/vecmath.h"
#include "../../kernels/vector.h"
#include "broadcast.h"

#include <string.h>

#define EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Rough nanoseconds per element. */
#define CHEAP 0.3
#define SMOOTH 0.8

typedef struct
{
  EngBroadcast plan; /* operand 0: input; operand 1: output */
  gboolean copy;     /* noop_with_empty_axes with no axes: output is input */
} Reduce;

/* Operands in the terms of this file: source 0 x, the input; 1 and 2 as the walk says. */
#define X g[i]

/* ---- shapes ---- */

static gboolean
reduced_axes (const EngNode *node, gboolean *reduced, gboolean *copy, GError **error)
{
  const int64_t *axes;
  int n, axis, rank = node->inputs[0]->shape.rank;
  if (!eng_node_ints (node, "axes", 1, &axes, &n, error))
    return FALSE;
  *copy = n <= 0 && eng_attrs_get_int (node->attrs, "noop_with_empty_axes", 0) != 0;
  for (int i = 0; i < rank; i++)
    reduced[i] = n <= 0 && !*copy;
  for (int i = 0; i < n; i++)
    {
      if (!eng_node_axis (node, axes[i], rank, &axis, error))
        return FALSE;
      reduced[axis] = TRUE;
    }
  return TRUE;
}

static gboolean
reduce_shape (EngNode *node, GError **error)
{
  gboolean reduced[ENG_MAX_RANK];
  Reduce *r = node->priv = eng_node_priv (node, Reduce);
  if (!eng_node_need_inputs (node, 1, 2, error) || !reduced_axes (node, reduced, &r->copy, error))
    return FALSE;
  const EngValue *x = node->inputs[0];
  gboolean keep = eng_attrs_get_int (node->attrs, "keepdims", 1) != 0;
  EngShape kept = x->shape, out = { 0 };
  for (int i = 0; i < x->shape.rank; i++)
    {
      if (reduced[i])
        kept.dim[i] = 1;
      if (keep || !reduced[i])
        out.dim[out.rank++] = kept.dim[i];
    }
  eng_broadcast_plan (&r->plan, &x->shape, (const EngShape *[]){ &kept }, 1);
  node->scratch = 2 * (gsize)eng_shape_count (&kept) * sizeof (float);
  return eng_node_set_output (node, 0, x->dtype, &out, error);
}

static gboolean
number_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 2, error))
    return FALSE;
  EngDtype dtype = node->inputs[0]->dtype;
  if (!eng_dtype_is_supported (dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input 0 is %s, a number is needed", eng_dtype_name (dtype));
  if (!eng_dtype_is_float (dtype) && eng_shape_count (&node->inputs[0]->shape) == 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input 0 is an empty array of %s", eng_dtype_name (dtype));
  return reduce_shape (node, error);
}

static gboolean
float_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 1, 2, error) && eng_node_need_float (node, 0, error)
         && reduce_shape (node, error);
}

/* ---- walks ---- */

/* Folds the terms of x (source 0 and 1) and a value per output (source 2) into @out. */
static void
fold (const EngNode *node, const EngPass *pass, EngTerm term, const EngFold *how, const float *per_output, float *out)
{
  const Reduce *r = node->priv;
  EngSource x = { eng_in (pass, node, 0), 0, sizeof (float) };
  EngMap map = { .term = term,
                 .source = { x, x, per_output ? (EngSource){ per_output, 1, sizeof (float) } : x },
                 .cost = term == eng_term_copy ? CHEAP : SMOOTH };
  eng_broadcast_fold (&r->plan, 1, &map, how, out, TRUE);
}

static void
reduce_ints (const EngNode *node, const EngPass *pass, int64_t start, int64_t (*combine) (int64_t acc, int64_t x))
{
  const Reduce *r = node->priv;
  const EngBroadcast *b = &r->plan;
  const int64_t *x = eng_in_i (pass, node, 0);
  int64_t *y = eng_out_i (pass, node, 0), index[ENG_MAX_RANK] = { 0 }, at = 0;
  for (int64_t i = 0; i < b->count[1]; i++)
    y[i] = start;
  for (int64_t i = 0; i < b->count[0]; i++)
    {
      y[at] = combine (y[at], x[i]);
      for (int k = b->rank - 1; k >= 0; k--)
        {
          at += b->stride[1][k];
          if (++index[k] < b->dim[k])
            break;
          at -= b->stride[1][k] * b->dim[k];
          index[k] = 0;
        }
    }
  for (int64_t i = 0; i < b->count[1]; i++)
    y[i] = eng_dtype_wrap (node->outputs[0]->dtype, y[i]);
}

static void
copy_forward (const EngNode *node, EngPass *pass)
{
  memcpy (eng_out (pass, node, 0), eng_in (pass, node, 0),
          eng_shape_count (&node->inputs[0]->shape) * eng_dtype_size (node->inputs[0]->dtype));
}

/* dx = term of x (source 0), dy or what stands for it (source 1) and a value per output (source 2). */
static void
spread (const EngNode *node, EngPass *pass, EngTerm term, const float *dy, const float *per_output, const float *p)
{
  const Reduce *r = node->priv;
  gboolean fresh;
  float *dx = dy ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  EngSource x = { eng_in (pass, node, 0), 0, sizeof (float) }, g = { dy, 1, sizeof (float) };
  EngMap map = { .term = r->copy ? eng_term_copy : term, .source = { x, g, g }, .p = p, .cost = SMOOTH };
  if (map.term == eng_term_copy)
    map.source[0] = g;
  if (per_output)
    map.source[2].data = per_output;
  if (dx)
    eng_broadcast_map_add (&r->plan, &map, dx, fresh);
}

static int64_t
output_count (const EngNode *node)
{
  return ((const Reduce *)node->priv)->plan.count[1];
}

/* NAME_forward: floats folded over @term by @how and then finished in place (y, n); integers combined from
 * @start by an expression of ACC and V in unsigned arithmetic where they may overflow. */
#define REDUCE(name, term, how, finish)                                                                              \
  static void name##_forward (const EngNode *node, EngPass *pass)                                                    \
  {                                                                                                                  \
    const Reduce *r = node->priv;                                                                                    \
    if (r->copy)                                                                                                     \
      copy_forward (node, pass);                                                                                     \
    else                                                                                                             \
      {                                                                                                              \
        G_GNUC_UNUSED float *y = eng_out_f (pass, node, 0);                                                          \
        G_GNUC_UNUSED int64_t n = r->plan.count[1];                                                                  \
        fold (node, pass, term, how, NULL, y);                                                                       \
        finish;                                                                                                      \
      }                                                                                                              \
  }

#define REDUCE_INT(name, term, how, finish, start, expression, int_finish)                                           \
  static int64_t name##_combine (int64_t ACC, int64_t V) { return (int64_t)(expression); }                           \
  REDUCE (name##_float, term, how, finish)                                                                           \
  static void name##_forward (const EngNode *node, EngPass *pass)                                                    \
  {                                                                                                                  \
    const Reduce *r = node->priv;                                                                                    \
    G_GNUC_UNUSED int64_t n = r->plan.count[1], *y = eng_out_i (pass, node, 0);                                      \
    if (eng_dtype_is_float (node->inputs[0]->dtype))                                                                 \
      name##_float_forward (node, pass);                                                                             \
    else if (r->copy)                                                                                                \
      copy_forward (node, pass);                                                                                     \
    else                                                                                                             \
      {                                                                                                              \
        reduce_ints (node, pass, start, name##_combine);                                                             \
        int_finish;                                                                                                  \
      }                                                                                                              \
  }

#define TERM(name, expression) ENG_TERM (name, float, float, float, expression)

/* ---- sums and means ---- */

REDUCE_INT (sum, eng_term_copy, &eng_fold_sum, (void)0, 0, (uint64_t)ACC + (uint64_t)V, (void)0)

static void
sum_backward (const EngNode *node, EngPass *pass)
{
  spread (node, pass, eng_term_copy, eng_grad_out (pass, node, 0), NULL, NULL);
}

/* How many elements an output is made of. */
static float
group_size (const Reduce *r)
{
  return (float)((double)r->plan.count[0] / (double)MAX (r->plan.count[1], 1));
}

static void
divide_ints (int64_t *y, int64_t n, int64_t by)
{
  for (int64_t i = 0; i < n; i++)
    y[i] /= MAX (by, 1);
}

REDUCE_INT (mean, eng_term_copy, &eng_fold_sum, eng_vec_scale (y, y, 1 / group_size (r), n), 0,
            (uint64_t)ACC + (uint64_t)V, divide_ints (y, n, (int64_t)group_size (r)))
TERM (mean_gradient, A *p[0])

static void
mean_backward (const EngNode *node, EngPass *pass)
{
  float p[] = { 1 / group_size (node->priv) };
  spread (node, pass, mean_gradient, eng_grad_out (pass, node, 0), NULL, p);
}

/* ---- maxima and minima ---- */

REDUCE_INT (max, eng_term_copy, &eng_fold_max, (void)0, INT64_MIN, MAX (ACC, V), (void)0)
REDUCE_INT (min, eng_term_copy, &eng_fold_min, (void)0, INT64_MAX, MIN (ACC, V), (void)0)
TERM (is_equal, A == B ? 1 : 0)
TERM (extreme_gradient, X == B ? A : 0)

ENG_CLONES static void
share (float *ties, const float *dy, int64_t n)
{
  ENG_SIMD_LOOP (n) ties[i] = dy[i] / (ties[i] > 1 ? ties[i] : 1);
}

static void
extreme_backward (const EngNode *node, EngPass *pass)
{
  const float *dy = eng_grad_out (pass, node, 0), *y = eng_out_f (pass, node, 0);
  float *ties = eng_pass_scratch (pass);
  if (!dy)
    return;
  fold (node, pass, is_equal, &eng_fold_sum, y, ties);
  share (ties, dy, output_count (node));
  spread (node, pass, extreme_gradient, ((const Reduce *)node->priv)->copy ? dy : ties, y, NULL);
}

/* ---- products ---- */

REDUCE_INT (product, eng_term_copy, &eng_fold_product, (void)0, 1, (uint64_t)ACC *(uint64_t)V, (void)0)
TERM (without_zero, A == 0 ? 1 : A)
TERM (is_zero, A == 0 ? 1 : 0)
/* A: dy times the product of the elements that are not zero; B: how many are. */
TERM (product_gradient, B == 0 ? A / X : ((B == 1) & (X == 0) ? A : 0))

static void
product_backward (const EngNode *node, EngPass *pass)
{
  const float *dy = eng_grad_out (pass, node, 0);
  int64_t n = output_count (node);
  float *product = eng_pass_scratch (pass), *zeros = product + n;
  if (!dy)
    return;
  fold (node, pass, without_zero, &eng_fold_product, NULL, product);
  fold (node, pass, is_zero, &eng_fold_sum, NULL, zeros);
  eng_vec_mul (product, product, dy, n);
  spread (node, pass, product_gradient, ((const Reduce *)node->priv)->copy ? dy : product, zeros, NULL);
}

/* ---- norms ---- */

ENG_CLONES static void
square_root (float *y, int64_t n)
{
  ENG_SIMD_LOOP (n) y[i] = sqrtf (y[i]);
}

TERM (magnitude, fabsf (A))
TERM (square, A *A)
REDUCE_INT (l1, magnitude, &eng_fold_sum, (void)0, 0, (uint64_t)ACC + (V < 0 ? 0 - (uint64_t)V : (uint64_t)V),
            (void)0)
TERM (l1_gradient, X > 0 ? A : (X < 0 ? -A : 0))
REDUCE (l2, square, &eng_fold_sum, square_root (y, n))
TERM (l2_gradient, B > 0 ? A * X / B : 0)
REDUCE_INT (sum_square, square, &eng_fold_sum, (void)0, 0, (uint64_t)ACC + (uint64_t)V * (uint64_t)V, (void)0)
TERM (sum_square_gradient, 2 * A * X)

static void
l1_backward (const EngNode *node, EngPass *pass)
{
  spread (node, pass, l1_gradient, eng_grad_out (pass, node, 0), NULL, NULL);
}

static void
l2_backward (const EngNode *node, EngPass *pass)
{
  spread (node, pass, l2_gradient, eng_grad_out (pass, node, 0), eng_out_f (pass, node, 0), NULL);
}

static void
sum_square_backward (const EngNode *node, EngPass *pass)
{
  spread (node, pass, sum_square_gradient, eng_grad_out (pass, node, 0), NULL, NULL);
}

/* ---- logarithms of sums ---- */

REDUCE (log_sum, eng_term_copy, &eng_fold_sum, eng_vec_log (y, y, n))
TERM (log_sum_gradient, A *eng_exp1 (-B))
TERM (shifted_exp, eng_exp1 (A - B))
TERM (log_sum_exp_gradient, A *eng_exp1 (X - B))

static void
log_sum_backward (const EngNode *node, EngPass *pass)
{
  spread (node, pass, log_sum_gradient, eng_grad_out (pass, node, 0), eng_out_f (pass, node, 0), NULL);
}

/* m + log (sum exp (x - m)), m the maximum, 0 where that is not finite. */
static void
log_sum_exp_forward (const EngNode *node, EngPass *pass)
{
  const Reduce *r = node->priv;
  int64_t n = r->plan.count[1];
  float *y = eng_out_f (pass, node, 0), *max = eng_pass_scratch (pass);
  if (r->copy)
    {
      copy_forward (node, pass);
      return;
    }
  fold (node, pass, eng_term_copy, &eng_fold_max, NULL, max);
  for (int64_t i = 0; i < n; i++)
    max[i] = isfinite (max[i]) ? max[i] : 0;
  fold (node, pass, shifted_exp, &eng_fold_sum, max, y);
  eng_vec_log (y, y, n);
  eng_vec_accumulate (y, max, n);
}

static void
log_sum_exp_backward (const EngNode *node, EngPass *pass)
{
  spread (node, pass, log_sum_exp_gradient, eng_grad_out (pass, node, 0), eng_out_f (pass, node, 0), NULL);
}

#define ALL ENG_OPSET_MIN, ENG_OPSET_MAX
#define IN_0 ENG_KEEP_IN_0, ENG_OP_PLAIN
#define OUT_0 ENG_KEEP_OUT_0, ENG_OP_PLAIN
#define IN_OUT ENG_KEEP_IN_0 | ENG_KEEP_OUT_0, ENG_OP_PLAIN
#define NONE ENG_KEEP_NONE, ENG_OP_PLAIN
/* Axes as attribute and as input; last, first, both ends, all. One row serves all opsets: where the axes are
 * says which form is meant. */
#define SMALL                                                                                                        \
  EXAMPLES ("f:2x3x19 i:[-1]", "f:3x4x5 axes=[0,2] keepdims=0 opset=11", "f:2x3x4x5 i:[1] keepdims=0",               \
            "f:3x4 i:[] noop_with_empty_axes=0")
#define POSITIVE                                                                                                     \
  EXAMPLES ("p:2x3x19 i:[-1]", "p:3x4x5 axes=[0,2] keepdims=0 opset=11", "p:2x3x4x5 i:[1] keepdims=0", "p:3x4")
#define COPIED EXAMPLES ("f:2x3x19 i:[-1]", "f:3x4x5 i:[0,1] keepdims=0", "f:3x4", "f:3x4 noop_with_empty_axes=1")

const EngOp eng_ops_reduce[] = {
  { "ReduceL1", ALL, number_shape, l1_forward, l1_backward, IN_0, SMALL },
  { "ReduceL2", ALL, float_shape, l2_forward, l2_backward, IN_OUT, SMALL },
  { "ReduceLogSum", ALL, float_shape, log_sum_forward, log_sum_backward, OUT_0, POSITIVE },
  { "ReduceLogSumExp", ALL, float_shape, log_sum_exp_forward, log_sum_exp_backward, IN_OUT, SMALL },
  { "ReduceMax", ALL, number_shape, max_forward, extreme_backward, IN_OUT, COPIED },
  { "ReduceMean", ALL, number_shape, mean_forward, mean_backward, NONE, SMALL },
  { "ReduceMin", ALL, number_shape, min_forward, extreme_backward, IN_OUT, COPIED },
  { "ReduceProd", ALL, number_shape, product_forward, product_backward, IN_0, POSITIVE },
  { "ReduceSum", ALL, number_shape, sum_forward, sum_backward, NONE, SMALL },
  { "ReduceSumSquare", ALL, number_shape, sum_square_forward, sum_square_backward, IN_0, COPIED },
  { NULL },

};
