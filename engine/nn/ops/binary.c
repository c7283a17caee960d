/* Operators of two or more arrays that are broadcast to one shape: arithmetic, comparisons, logic,
 * Where, PRelu and the variadic Max, Min, Sum, Mean.
 *
 * Each operator is a few inner loops (terms) over the broadcasting of broadcast.c: one per storage
 * type forward, one per operand backward, where the gradient is summed over the axes that the operand
 * was broadcast along. Integers wrap to their logical type; division by zero gives 0 and never traps. */
#include "../../kernels/vecmath.h"
#include "../../kernels/vector.h"
#include "broadcast.h"

#define EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Rough nanoseconds per element. */
#define CHEAP 0.4
#define LIBM 10.0

/* ---- shapes ---- */

static gboolean
need_type (const EngNode *node, int i, gboolean number, EngDtype dtype, GError **error)
{
  EngDtype have = node->inputs[i]->dtype;
  if (number && (have == ENG_DTYPE_BOOL || !eng_dtype_is_supported (have)))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input %d is %s, a number is needed", i, eng_dtype_name (have));
  if (have != dtype || !eng_dtype_is_supported (have))
    return eng_fail (error, ENG_ERROR_INVALID, "input %d is %s, %s is needed", i, eng_dtype_name (have),
                     eng_dtype_name (dtype));
  return TRUE;
}

/* The shape that inputs @first .. broadcast to. */
static gboolean
broadcast_inputs (const EngNode *node, int first, EngShape *full, GError **error)
{
  *full = node->inputs[first]->shape;
  for (int i = first + 1; i < node->n_inputs; i++)
    if (!eng_shape_broadcast (full, &node->inputs[i]->shape, full))
      {
        g_autofree char *a = eng_shape_to_string (full), *b = eng_shape_to_string (&node->inputs[i]->shape);
        return eng_fail (error, ENG_ERROR_INVALID, "shapes %s and %s do not broadcast", a, b);
      }
  return eng_shape_check (full, error);
}

static gboolean
pair_shape (EngNode *node, EngDtype result, GError **error)
{
  EngShape full;
  if (!broadcast_inputs (node, 0, &full, error))
    return FALSE;
  EngBroadcast *plan = node->priv = eng_node_priv (node, EngBroadcast);
  eng_broadcast_plan (plan, &full, (const EngShape *[]){ &node->inputs[0]->shape, &node->inputs[1]->shape }, 2);
  return eng_node_set_output (node, 0, result, &full, error);
}

static gboolean
number_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 2, 2, error))
    return FALSE;
  EngDtype dtype = node->inputs[0]->dtype;
  return need_type (node, 0, TRUE, dtype, error) && need_type (node, 1, TRUE, dtype, error)
         && pair_shape (node, dtype, error);
}

static gboolean
logic_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 2, 2, error) && need_type (node, 0, FALSE, ENG_DTYPE_BOOL, error)
         && need_type (node, 1, FALSE, ENG_DTYPE_BOOL, error) && pair_shape (node, ENG_DTYPE_BOOL, error);
}

static gboolean
compare_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 2, 2, error))
    return FALSE;
  EngDtype dtype = node->inputs[0]->dtype;
  return need_type (node, 0, FALSE, dtype, error) && need_type (node, 1, FALSE, dtype, error)
         && pair_shape (node, ENG_DTYPE_BOOL, error);
}

/* ---- walks of two operands ---- */

static void
wrap (EngDtype dtype, void *data, int64_t n)
{
  int64_t *v = data;
  if (!eng_dtype_is_float (dtype) && dtype != ENG_DTYPE_INT64 && dtype != ENG_DTYPE_BOOL)
    for (int64_t i = 0; i < n; i++)
      v[i] = eng_dtype_wrap (dtype, v[i]);
}

static EngSource
input_source (const EngNode *node, const EngPass *pass, int i, int operand)
{
  return (EngSource){ eng_in (pass, node, i), operand, (int)eng_dtype_size (node->inputs[i]->dtype) };
}

static void
pair_forward (const EngNode *node, EngPass *pass, EngTerm float_term, EngTerm int_term, double cost)
{
  const EngBroadcast *plan = node->priv;
  EngDtype result = node->outputs[0]->dtype;
  EngMap map = { .term = eng_dtype_is_float (node->inputs[0]->dtype) ? float_term : int_term,
                 .source = { [1] = input_source (node, pass, 0, 1), [2] = input_source (node, pass, 1, 2) },
                 .cost = cost };
  eng_broadcast_map (plan, &map, eng_out (pass, node, 0), (int)eng_dtype_size (result));
  wrap (result, eng_out (pass, node, 0), plan->count[0]);
}

/* @term: one per operand; NULL: no gradient. */
static void
pair_backward (const EngNode *node, EngPass *pass, EngTerm first, EngTerm second, double cost)
{
  const EngBroadcast *plan = node->priv;
  EngMap map = { .source = { { eng_grad_out (pass, node, 0), 0, sizeof (float) },
                             input_source (node, pass, 0, 1),
                             input_source (node, pass, 1, 2),
                             { eng_out (pass, node, 0), 0, sizeof (float) } },
                 .cost = cost };
  if (!map.source[0].data)
    return;
  for (int i = 0; i < 2; i++)
    {
      gboolean fresh;
      float *grad;
      map.term = i == 0 ? first : second;
      if (map.term && (grad = eng_grad_in_fresh (pass, node, i, &fresh)))
        eng_broadcast_grad (plan, i + 1, &map, grad, fresh);
    }
}

#define FORWARD(name, cost, float_expression, int_expression)                                                        \
  ENG_TERM (name##_float, float, float, float, float_expression)                                                     \
  ENG_TERM (name##_int, int64_t, int64_t, int64_t, int_expression)                                                   \
  static void name##_forward (const EngNode *node, EngPass *pass)                                                    \
  {                                                                                                                  \
    pair_forward (node, pass, name##_float, name##_int, cost);                                                       \
  }

#define TEST(name, expression)                                                                                       \
  ENG_TERM (name##_float, int64_t, float, float, expression)                                                         \
  ENG_TERM (name##_int, int64_t, int64_t, int64_t, expression)                                                       \
  static void name##_forward (const EngNode *node, EngPass *pass)                                                    \
  {                                                                                                                  \
    pair_forward (node, pass, name##_float, name##_int, CHEAP);                                                      \
  }

#define BACKWARD(name, cost, first, second)                                                                          \
  static void name##_backward (const EngNode *node, EngPass *pass)                                                   \
  {                                                                                                                  \
    pair_backward (node, pass, first, second, cost);                                                                 \
  }

/* dx = expression of the gradient g[i] that arrives, the operands A and B and the output y[i]. */
#define GRADIENT(name, expression) ENG_TERM (name, float, float, float, expression)

/* ---- arithmetic; integers in unsigned arithmetic, which may overflow ---- */

FORWARD (add, CHEAP, A + B, (uint64_t)A + (uint64_t)B)
BACKWARD (add, CHEAP, eng_term_copy, eng_term_copy)

FORWARD (sub, CHEAP, A - B, (uint64_t)A - (uint64_t)B)
GRADIENT (minus_gradient, -g[i])
BACKWARD (sub, CHEAP, eng_term_copy, minus_gradient)

FORWARD (mul, CHEAP, A *B, (uint64_t)A *(uint64_t)B)
GRADIENT (mul_first, g[i] * B)
GRADIENT (mul_second, g[i] * A)
BACKWARD (mul, CHEAP, mul_first, mul_second)

ENG_INLINE int64_t
divide (int64_t a, int64_t b)
{
  return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

FORWARD (div, CHEAP, A / B, divide (A, B))
GRADIENT (div_first, g[i] / B)
GRADIENT (div_second, -g[i] * A / (B * B))
BACKWARD (div, CHEAP, div_first, div_second)

/* ---- Mod: the sign of the divisor (fmod 0, integers only) or of the dividend (fmod 1) ---- */

ENG_INLINE int64_t
remainder_of (int64_t a, int64_t b)
{
  return b == 0 || b == -1 ? 0 : a % b;
}

ENG_INLINE int64_t
modulo (int64_t a, int64_t b)
{
  int64_t r = remainder_of (a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

ENG_TERM (mod_int, int64_t, int64_t, int64_t, modulo (A, B))
ENG_TERM (fmod_int, int64_t, int64_t, int64_t, remainder_of (A, B))
ENG_TERM (fmod_float, float, float, float, fmodf (A, B))
GRADIENT (fmod_second, -g[i] * truncf (A / B))
BACKWARD (mod, CHEAP, eng_term_copy, fmod_second)

static gboolean
mod_shape (EngNode *node, GError **error)
{
  if (!number_shape (node, error))
    return FALSE;
  if (eng_dtype_is_float (node->inputs[0]->dtype) && !eng_attrs_get_int (node->attrs, "fmod", 0))
    return eng_fail (error, ENG_ERROR_INVALID, "attribute fmod must be 1 for %s",
                     eng_dtype_name (node->inputs[0]->dtype));
  return TRUE;
}

static void
mod_forward (const EngNode *node, EngPass *pass)
{
  pair_forward (node, pass, fmod_float, eng_attrs_get_int (node->attrs, "fmod", 0) ? fmod_int : mod_int, LIBM);
}

/* ---- Pow: base and exponent may differ in type, the result has that of the base ---- */

static int64_t
int_power (int64_t base, int64_t exponent)
{
  uint64_t result = 1, b = (uint64_t)base;
  if (exponent < 0) /* a fraction, cut to 0, but for these two bases */
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  for (; exponent; exponent >>= 1, b *= b)
    result *= exponent & 1 ? b : 1;
  return (int64_t)result;
}

ENG_INLINE int64_t
mixed_power (int64_t base, float exponent)
{
  double v = pow ((double)base, exponent);
  return v > -9e18 && v < 9e18 ? (int64_t)v : 0;
}

ENG_TERM (pow_float, float, float, float, powf (A, B))
ENG_TERM (pow_float_int, float, float, int64_t, powf (A, (float)B))
ENG_TERM (pow_int, int64_t, int64_t, int64_t, int_power (A, B))
ENG_TERM (pow_int_float, int64_t, int64_t, float, mixed_power (A, B))
GRADIENT (pow_first, B == 0 ? 0 : g[i] * B * powf (A, B - 1))
ENG_TERM (pow_first_int, float, float, int64_t, B == 0 ? 0 : g[i] * (float)B * powf (A, (float)B - 1))
/* 0 to a positive power does not change with the power. */
GRADIENT (pow_second, (A == 0) & (B >= 0) ? 0 : g[i] * y[i] * logf (A))

/* The one exponent of every square and cube in a model is a constant: plain products. */
ENG_TERM (pow_2, float, float, float, A *A)
ENG_TERM (pow_3, float, float, float, A *A *A)
GRADIENT (pow_2_first, g[i] * 2 * A)
GRADIENT (pow_3_first, g[i] * 3 * A * A)

static const struct
{
  float exponent;
  EngTerm forward, first;
} powers[] = { { 2, pow_2, pow_2_first }, { 3, pow_3, pow_3_first } };

/* The row of powers[] that serves, -1: none. */
static int
common_power (const EngNode *node, const EngPass *pass)
{
  const EngBroadcast *plan = node->priv;
  if (plan->count[2] == 1 && eng_dtype_is_float (node->inputs[0]->dtype)
      && eng_dtype_is_float (node->inputs[1]->dtype))
    for (int i = 0; i < (int)G_N_ELEMENTS (powers); i++)
      if (*eng_in_f (pass, node, 1) == powers[i].exponent)
        return i;
  return -1;
}

static gboolean
pow_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 2, 2, error))
    return FALSE;
  EngDtype base = node->inputs[0]->dtype, exponent = node->inputs[1]->dtype;
  return need_type (node, 0, TRUE, base, error) && need_type (node, 1, TRUE, exponent, error)
         && pair_shape (node, base, error);
}

static void
pow_forward (const EngNode *node, EngPass *pass)
{
  gboolean float_exponent = eng_dtype_is_float (node->inputs[1]->dtype);
  int row = common_power (node, pass);
  if (row >= 0)
    pair_forward (node, pass, powers[row].forward, NULL, CHEAP);
  else
    pair_forward (node, pass, float_exponent ? pow_float : pow_float_int, float_exponent ? pow_int_float : pow_int,
                  LIBM);
}

static void
pow_backward (const EngNode *node, EngPass *pass)
{
  gboolean float_exponent = eng_dtype_is_float (node->inputs[1]->dtype);
  int row = common_power (node, pass);
  EngTerm first = row >= 0 ? powers[row].first : float_exponent ? pow_first : pow_first_int;
  pair_backward (node, pass, first, float_exponent ? pow_second : NULL, row >= 0 ? CHEAP : LIBM);
}

/* ---- comparisons and logic ---- */

TEST (equal, A == B)
TEST (greater, A > B)
TEST (greater_or_equal, A >= B)
TEST (less, A < B)
TEST (less_or_equal, A <= B)
TEST (and, (A != 0) & (B != 0))
TEST (or, (A != 0) | (B != 0))
TEST (xor, (A != 0) != (B != 0))

/* ---- PRelu: the slope is broadcast to x, never x to the slope ---- */

FORWARD (prelu, CHEAP, A < 0 ? A * B : A, A < 0 ? (int64_t)((uint64_t)A * (uint64_t)B) : A)
GRADIENT (prelu_first, A < 0 ? g[i] * B : g[i])
GRADIENT (prelu_second, A < 0 ? g[i] * A : 0)
BACKWARD (prelu, CHEAP, prelu_first, prelu_second)

static gboolean
prelu_shape (EngNode *node, GError **error)
{
  if (!number_shape (node, error))
    return FALSE;
  if (!eng_shape_equal (&node->outputs[0]->shape, &node->inputs[0]->shape))
    return eng_fail (error, ENG_ERROR_INVALID, "the slope does not broadcast to the shape of x");
  return TRUE;
}

/* ---- Where ---- */

#define WHERE(name, Type)                                                                                            \
  ENG_INLINE void name##_loop (Type *out, const int64_t *c, const Type *x, const Type *y, int64_t n, int sc, int sx, \
                               int sy)                                                                               \
  {                                                                                                                  \
    const int64_t c0 = c[0];                                                                                         \
    const Type x0 = x[0], y0 = y[0];                                                                                 \
    ENG_SIMD_LOOP (n) out[i] = (sc ? c[i] : c0) ? (sx ? x[i] : x0) : (sy ? y[i] : y0);                               \
  }                                                                                                                  \
  ENG_CLONES static void name (void *out, const void *const *in, const int64_t *step, const float *p, int64_t n)     \
  {                                                                                                                  \
    const void *c = in[1], *x = in[2], *y = in[3];                                                                   \
    if (step[1] && step[2] && step[3])                                                                               \
      name##_loop (out, c, x, y, n, 1, 1, 1);                                                                        \
    else if (step[1] && step[2])                                                                                     \
      name##_loop (out, c, x, y, n, 1, 1, 0);                                                                        \
    else if (step[1] && step[3])                                                                                     \
      name##_loop (out, c, x, y, n, 1, 0, 1);                                                                        \
    else if (step[1])                                                                                                \
      name##_loop (out, c, x, y, n, 1, 0, 0);                                                                        \
    else                                                                                                             \
      name##_loop (out, c, x, y, n, 0, step[2] != 0, step[3] != 0);                                                  \
  }

WHERE (where_float, float)
WHERE (where_int, int64_t)
ENG_TERM (where_first, float, int64_t, int64_t, A ? g[i] : 0)
ENG_TERM (where_second, float, int64_t, int64_t, A ? 0 : g[i])

static gboolean
where_shape (EngNode *node, GError **error)
{
  EngShape full;
  if (!eng_node_need_inputs (node, 3, 3, error) || !need_type (node, 0, FALSE, ENG_DTYPE_BOOL, error)
      || !need_type (node, 2, FALSE, node->inputs[1]->dtype, error) || !broadcast_inputs (node, 0, &full, error))
    return FALSE;
  const EngShape *shapes[] = { &node->inputs[0]->shape, &node->inputs[1]->shape, &node->inputs[2]->shape };
  EngBroadcast *plan = node->priv = eng_node_priv (node, EngBroadcast);
  eng_broadcast_plan (plan, &full, shapes, 3);
  return eng_node_set_output (node, 0, node->inputs[1]->dtype, &full, error);
}

static void
where_forward (const EngNode *node, EngPass *pass)
{
  EngDtype dtype = node->outputs[0]->dtype;
  EngMap map = { .term = eng_dtype_is_float (dtype) ? where_float : where_int, .cost = CHEAP };
  for (int i = 0; i < 3; i++)
    map.source[i + 1] = input_source (node, pass, i, i + 1);
  eng_broadcast_map (node->priv, &map, eng_out (pass, node, 0), (int)eng_dtype_size (dtype));
}

static void
where_backward (const EngNode *node, EngPass *pass)
{
  EngSource condition = input_source (node, pass, 0, 1);
  EngMap map = { .source = { { eng_grad_out (pass, node, 0), 0, sizeof (float) }, condition, condition },
                 .cost = CHEAP };
  for (int i = 1; map.source[0].data && i <= 2; i++)
    {
      gboolean fresh;
      float *grad = eng_grad_in_fresh (pass, node, i, &fresh);
      map.term = i == 1 ? where_first : where_second;
      if (grad)
        eng_broadcast_grad (node->priv, i + 1, &map, grad, fresh);
    }
}

/* ---- variadic: each input in turn is brought into the output ---- */

/* Plans: one per input, the input being operand 1. Scratch: one float per element of the output, where the
 * gradient of Max and Min is shared out. */
static gboolean
variadic_shape (EngNode *node, GError **error)
{
  EngShape full;
  if (node->n_inputs == 0 || !eng_node_need_inputs (node, node->n_inputs, node->n_inputs, error))
    return node->n_inputs ? FALSE : eng_fail (error, ENG_ERROR_INVALID, "has no inputs");
  EngDtype dtype = node->inputs[0]->dtype;
  for (int i = 0; i < node->n_inputs; i++)
    if (!need_type (node, i, TRUE, dtype, error))
      return FALSE;
  if (!broadcast_inputs (node, 0, &full, error))
    return FALSE;
  EngBroadcast *plans = node->priv = eng_node_alloc (node, node->n_inputs * sizeof *plans);
  for (int i = 0; i < node->n_inputs; i++)
    eng_broadcast_plan (&plans[i], &full, (const EngShape *[]){ &node->inputs[i]->shape }, 1);
  if (node->op->keep != ENG_KEEP_NONE)
    node->scratch = (gsize)eng_shape_count (&full) * sizeof (float);
  return eng_node_set_output (node, 0, dtype, &full, error);
}

/* Sum and Mean of integers are not in the specification. */
static gboolean
variadic_float_shape (EngNode *node, GError **error)
{
  for (int i = 0; i < node->n_inputs; i++)
    if (!eng_node_need_float (node, i, error))
      return FALSE;
  return variadic_shape (node, error);
}

ENG_TERM (first_int, int64_t, int64_t, int64_t, A)

static void
variadic_forward (const EngNode *node, EngPass *pass, EngTerm float_term, EngTerm int_term)
{
  const EngBroadcast *plans = node->priv;
  EngDtype dtype = node->outputs[0]->dtype;
  int size = (int)eng_dtype_size (dtype);
  void *out = eng_out (pass, node, 0);
  for (int i = 0; i < node->n_inputs; i++)
    {
      EngSource in = input_source (node, pass, i, 1);
      EngMap map = { .source = { in, in, { out, 0, size } }, .cost = CHEAP };
      if (eng_dtype_is_float (dtype))
        map.term = i == 0 ? eng_term_copy : float_term;
      else
        map.term = i == 0 ? first_int : int_term;
      eng_broadcast_map (&plans[i], &map, out, size);
    }
}

/* The gradient that arrives, or @g in its place, goes to each input through @term. */
static void
variadic_backward (const EngNode *node, EngPass *pass, EngTerm term, const float *g, const float *p)
{
  const EngBroadcast *plans = node->priv;
  for (int i = 0; i < node->n_inputs; i++)
    {
      gboolean fresh;
      float *grad = eng_grad_in_fresh (pass, node, i, &fresh);
      EngSource in = input_source (node, pass, i, 1);
      EngMap map = { .term = term,
                     .source = { { g, 0, sizeof *g }, in, in, { eng_out (pass, node, 0), 0, sizeof *g } },
                     .p = p,
                     .cost = CHEAP };
      if (grad)
        eng_broadcast_grad (&plans[i], 1, &map, grad, fresh);
    }
}

/* A: the input, B: the output so far; NaN wins. */
ENG_TERM (max_float, float, float, float, (A > B) | (A != A) ? A : B)
ENG_TERM (max_int, int64_t, int64_t, int64_t, A > B ? A : B)
ENG_TERM (min_float, float, float, float, (A < B) | (A != A) ? A : B)
ENG_TERM (min_int, int64_t, int64_t, int64_t, A < B ? A : B)
ENG_TERM (sum_float, float, float, float, A + B)
ENG_TERM (count_first, float, float, float, A == y[i] ? 1 : 0)
ENG_TERM (count_more, float, float, float, B + (A == y[i] ? 1 : 0))
GRADIENT (share, g[i] / (A > 1 ? A : 1))
GRADIENT (extreme_gradient, A == y[i] ? g[i] : 0)
GRADIENT (mean_gradient, g[i] * p[0])

static void
max_forward (const EngNode *node, EngPass *pass)
{
  variadic_forward (node, pass, max_float, max_int);
}

static void
min_forward (const EngNode *node, EngPass *pass)
{
  variadic_forward (node, pass, min_float, min_int);
}

/* Inputs that tie share the gradient evenly, as in torch.maximum. */
static void
extreme_backward (const EngNode *node, EngPass *pass)
{
  const EngBroadcast *plans = node->priv;
  float *ties = eng_pass_scratch (pass);
  EngSource full = { ties, 0, sizeof *ties };
  EngMap map = { .source = { [2] = full, [3] = { eng_out (pass, node, 0), 0, sizeof (float) } }, .cost = CHEAP };
  for (int i = 0; i < node->n_inputs; i++)
    {
      map.term = i == 0 ? count_first : count_more;
      map.source[1] = input_source (node, pass, i, 1);
      eng_broadcast_map (&plans[i], &map, ties, sizeof *ties);
    }
  map.term = share;
  map.source[0] = (EngSource){ eng_grad_out (pass, node, 0), 0, sizeof (float) };
  map.source[1] = full;
  eng_broadcast_map (&plans[0], &map, ties, sizeof *ties);
  variadic_backward (node, pass, extreme_gradient, ties, NULL);
}

static void
sum_forward (const EngNode *node, EngPass *pass)
{
  variadic_forward (node, pass, sum_float, NULL);
}

static void
sum_backward (const EngNode *node, EngPass *pass)
{
  variadic_backward (node, pass, eng_term_copy, eng_grad_out (pass, node, 0), NULL);
}

static void
mean_forward (const EngNode *node, EngPass *pass)
{
  float *y = eng_out_f (pass, node, 0);
  sum_forward (node, pass);
  eng_vec_scale (y, y, 1.0f / (float)node->n_inputs, eng_shape_count (&node->outputs[0]->shape));
}

static void
mean_backward (const EngNode *node, EngPass *pass)
{
  float p[] = { 1.0f / (float)node->n_inputs };
  variadic_backward (node, pass, mean_gradient, eng_grad_out (pass, node, 0), p);
}

#define ALL ENG_OPSET_MIN, ENG_OPSET_MAX
#define SINCE(opset) opset, ENG_OPSET_MAX
/* Equal shapes; bias over the last axis; one value per channel; the first operand broadcast. */
#define PAIRS EXAMPLES ("f:2x3x5 f:2x3x5", "f:4x19 f:19", "f:2x3x2x2 f:3x1x1", "f:3x1 f:2x1x4")

const EngOp eng_ops_binary[] = {
  { "Add", ALL, number_shape, add_forward, add_backward, ENG_KEEP_NONE,
    ENG_OP_INPLACE | ENG_OP_ALIKE | ENG_OP_INPLACE_BACK, PAIRS },
  { "And", ALL, logic_shape, and_forward, NULL, ENG_KEEP_NONE, ENG_OP_INPLACE, NULL },
  { "Div", ALL, number_shape, div_forward, div_backward, ENG_KEEP_INS, ENG_OP_INPLACE | ENG_OP_ALIKE, PAIRS },
  { "Equal", ALL, compare_shape, equal_forward, NULL, ENG_KEEP_NONE, ENG_OP_PLAIN, NULL },
  { "Greater", ALL, compare_shape, greater_forward, NULL, ENG_KEEP_NONE, ENG_OP_PLAIN, NULL },
  { "GreaterOrEqual", SINCE (12), compare_shape, greater_or_equal_forward, NULL, ENG_KEEP_NONE, ENG_OP_PLAIN, NULL },
  { "Less", ALL, compare_shape, less_forward, NULL, ENG_KEEP_NONE, ENG_OP_PLAIN, NULL },
  { "LessOrEqual", SINCE (12), compare_shape, less_or_equal_forward, NULL, ENG_KEEP_NONE, ENG_OP_PLAIN, NULL },
  { "Max", ALL, variadic_shape, max_forward, extreme_backward, ENG_KEEP_INS | ENG_KEEP_OUT_0, ENG_OP_PLAIN,
    EXAMPLES ("f:2x3 f:2x3", "f:2x3 f:3 f:2x1", "f:2x3") },
  { "Mean", ALL, variadic_float_shape, mean_forward, mean_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EXAMPLES ("f:2x3 f:2x3", "f:2x3 f:3 f:2x1", "f:2x3") },
  { "Min", ALL, variadic_shape, min_forward, extreme_backward, ENG_KEEP_INS | ENG_KEEP_OUT_0, ENG_OP_PLAIN,
    EXAMPLES ("f:2x3 f:2x3", "f:2x3 f:3 f:2x1", "f:2x3") },
  { "Mod", SINCE (10), mod_shape, mod_forward, mod_backward, ENG_KEEP_INS, ENG_OP_INPLACE,
    EXAMPLES ("f:2x3 c:0.15 fmod=1", "p:2x3 p:3 fmod=1") },
  { "Mul", ALL, number_shape, mul_forward, mul_backward, ENG_KEEP_CROSS, ENG_OP_INPLACE | ENG_OP_ALIKE, PAIRS },
  { "Or", ALL, logic_shape, or_forward, NULL, ENG_KEEP_NONE, ENG_OP_INPLACE, NULL },
  { "Pow", ALL, pow_shape, pow_forward, pow_backward, ENG_KEEP_INS | ENG_KEEP_OUT_0, ENG_OP_INPLACE | ENG_OP_ALIKE,
    EXAMPLES ("p:2x3 f:2x3", "f:2x3x5 c:2", "f:2x3 c:3", "p:2x3 i:[4]") },
  { "PRelu", ALL, prelu_shape, prelu_forward, prelu_backward, ENG_KEEP_INS, ENG_OP_INPLACE,
    EXAMPLES ("f:2x3x4 f:3x1", "f:2x3 f:2x3", "f:2x3x2x2 f:") },
  { "Sub", ALL, number_shape, sub_forward, sub_backward, ENG_KEEP_NONE,
    ENG_OP_INPLACE | ENG_OP_ALIKE | ENG_OP_INPLACE_BACK, PAIRS },
  { "Sum", ALL, variadic_float_shape, sum_forward, sum_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EXAMPLES ("f:2x3 f:2x3", "f:2x3 f:3 f:2x1", "f:2x3") },
  { "Where", SINCE (9), where_shape, where_forward, where_backward, ENG_KEEP_IN_0, ENG_OP_PLAIN,
    EXAMPLES ("b:2x3 f:2x3 f:2x3", "b:2x1x3 f: f:2x3", "b:1 f:2x3 f:3") },
  { "Xor", ALL, logic_shape, xor_forward, NULL, ENG_KEEP_NONE, ENG_OP_INPLACE, NULL },
  { NULL },
};
