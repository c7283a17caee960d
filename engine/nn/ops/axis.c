/* Operators along one axis: ArgMax, ArgMin and CumSum. With outer elements before the axis and inner ones
 * behind it, element k of a line lies inner elements after element k - 1. */
#include "../../kernels/vector.h"
#include "../op.h"

#include <string.h>

#define EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })

typedef struct
{
  int64_t outer, n, inner;
  gboolean last, least;         /* ArgMax, ArgMin */
  gboolean exclusive, backward; /* CumSum */
} Axis;

static gboolean
split_at (EngNode *node, int64_t which, int *axis, GError **error)
{
  const EngShape *s = &node->inputs[0]->shape;
  Axis *a = node->priv = eng_node_priv (node, Axis);
  if (!eng_node_axis (node, which, s->rank, axis, error))
    return FALSE;
  a->outer = eng_shape_span (s, 0, *axis);
  a->n = s->dim[*axis];
  a->inner = eng_shape_span (s, *axis + 1, s->rank);
  return TRUE;
}

/* ---- ArgMax, ArgMin ---- */

static gboolean
arg_shape (EngNode *node, GError **error)
{
  int axis;
  if (!eng_node_need_inputs (node, 1, 1, error)
      || !split_at (node, eng_attrs_get_int (node->attrs, "axis", 0), &axis, error))
    return FALSE;
  Axis *a = node->priv;
  const EngValue *x = node->inputs[0];
  if (!eng_dtype_is_supported (x->dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input 0 is %s, a number is needed", eng_dtype_name (x->dtype));
  if (a->n == 0)
    return eng_fail (error, ENG_ERROR_INVALID, "axis %d has no elements", axis);
  a->last = eng_attrs_get_int (node->attrs, "select_last_index", 0) != 0;
  a->least = strcmp (node->op->name, "ArgMin") == 0;
  gboolean keep = eng_attrs_get_int (node->attrs, "keepdims", 1) != 0;
  EngShape out = { 0 };
  for (int i = 0; i < x->shape.rank; i++)
    if (i != axis || keep)
      out.dim[out.rank++] = i == axis ? 1 : x->shape.dim[i];
  return eng_node_set_output (node, 0, ENG_DTYPE_INT64, &out, error);
}

typedef struct
{
  const Axis *axis;
  const void *in;
  int64_t *out;
} ArgJob;

/* One search per storage type. NaN is the extreme, the first one as in numpy. */
#define ARG_RANGE(name, Type)                                                                                        \
  static void name (int64_t begin, int64_t end, gpointer data)                                                       \
  {                                                                                                                  \
    const ArgJob *job = data;                                                                                        \
    const Axis *a = job->axis;                                                                                       \
    for (int64_t i = begin; i < end; i++)                                                                            \
      {                                                                                                              \
        const Type *x = (const Type *)job->in + i / a->inner * a->n * a->inner + i % a->inner;                       \
        int64_t best = 0;                                                                                            \
        for (int64_t k = 1; k < a->n; k++)                                                                           \
          {                                                                                                          \
            Type v = x[k * a->inner], b = x[best * a->inner];                                                        \
            gboolean better = a->least ? v < b : v > b;                                                              \
            if ((better || (a->last && v == b) || v != v) && b == b)                                                 \
              best = k;                                                                                              \
          }                                                                                                          \
        job->out[i] = best;                                                                                          \
      }                                                                                                              \
  }
ARG_RANGE (arg_float, float)
ARG_RANGE (arg_int, int64_t)

static void
arg_forward (const EngNode *node, EngPass *pass)
{
  const Axis *a = node->priv;
  ArgJob job = { a, eng_in (pass, node, 0), eng_out_i (pass, node, 0) };
  eng_parallel (a->outer * a->inner, (double)a->n, eng_dtype_is_float (node->inputs[0]->dtype) ? arg_float : arg_int,
                &job);
}

/* ---- CumSum ---- */

static gboolean
cumsum_shape (EngNode *node, GError **error)
{
  const int64_t *which;
  int n, axis;
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_ints (node, NULL, 1, &which, &n, error))
    return FALSE;
  if (n != 1)
    return eng_fail (error, ENG_ERROR_INVALID, "input 1 (axis) must be one integer");
  EngDtype dtype = node->inputs[0]->dtype;
  if (dtype == ENG_DTYPE_BOOL || !eng_dtype_is_supported (dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input 0 is %s, a number is needed", eng_dtype_name (dtype));
  if (!split_at (node, which[0], &axis, error))
    return FALSE;
  Axis *a = node->priv;
  a->exclusive = eng_attrs_get_int (node->attrs, "exclusive", 0) != 0;
  a->backward = eng_attrs_get_int (node->attrs, "reverse", 0) != 0;
  return eng_node_set_output (node, 0, dtype, &node->inputs[0]->shape, error);
}

/* Running sums along the axis; @add: added to @y. float sums in double. */
#define CUMSUM(name, Type, Sum)                                                                                      \
  static void name (const Axis *a, gboolean backward, const Type *x, Type *y, gboolean add)                          \
  {                                                                                                                  \
    for (int64_t i = 0; i < a->outer * a->inner; i++)                                                                \
      {                                                                                                              \
        int64_t at = i / a->inner * a->n * a->inner + i % a->inner, step = backward ? -a->inner : a->inner;          \
        Sum sum = 0;                                                                                                 \
        at += backward ? (a->n - 1) * a->inner : 0;                                                                  \
        for (int64_t k = 0; k < a->n; k++, at += step)                                                               \
          {                                                                                                          \
            Sum next = sum + (Sum)x[at];                                                                             \
            y[at] = (Type)(a->exclusive ? sum : next) + (add ? y[at] : 0);                                           \
            sum = next;                                                                                              \
          }                                                                                                          \
      }                                                                                                              \
  }
CUMSUM (cumsum_float, float, double)
CUMSUM (cumsum_int, int64_t, uint64_t)

static void
cumsum_forward (const EngNode *node, EngPass *pass)
{
  const Axis *a = node->priv;
  EngDtype dtype = node->inputs[0]->dtype;
  if (eng_dtype_is_float (dtype))
    {
      cumsum_float (a, a->backward, eng_in_f (pass, node, 0), eng_out_f (pass, node, 0), FALSE);
      return;
    }
  int64_t *y = eng_out_i (pass, node, 0), n = eng_shape_count (&node->inputs[0]->shape);
  cumsum_int (a, a->backward, eng_in_i (pass, node, 0), y, FALSE);
  for (int64_t i = 0; i < n; i++)
    y[i] = eng_dtype_wrap (dtype, y[i]);
}

/* x k is in the sums from k on: the gradient is the running sum from the other end. */
static void
cumsum_backward (const EngNode *node, EngPass *pass)
{
  const Axis *a = node->priv;
  const float *dy = eng_grad_out (pass, node, 0);
  gboolean fresh;
  float *dx = dy ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  if (dx)
    cumsum_float (a, !a->backward, dy, dx, !fresh);
}

#define ALL ENG_OPSET_MIN, ENG_OPSET_MAX
#define NONE ENG_KEEP_NONE, ENG_OP_PLAIN

const EngOp eng_ops_axis[] = {
  { "ArgMax", ALL, arg_shape, arg_forward, NULL, NONE, NULL },
  { "ArgMin", ALL, arg_shape, arg_forward, NULL, NONE, NULL },
  { "CumSum", 11, ENG_OPSET_MAX, cumsum_shape, cumsum_forward, cumsum_backward, NONE,
    EXAMPLES ("f:2x5x3 i:1", "f:7 i:0 exclusive=1", "f:2x5 i:-1 reverse=1", "f:2x5 i:-1 exclusive=1 reverse=1") },
  { NULL },
};
