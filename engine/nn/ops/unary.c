/* Operators of one array, element by element: y = f (x), dx = dy f'(x).
 *
 * Definitions follow the ONNX operator specification. Where the derivative is a function of the
 * output (exp, tanh, sigmoid, ...) backward keeps the output instead of the input. At points where
 * the derivative does not exist it is that of PyTorch: 0 for |x| at 0, 0 for Relu at 0, 1 for Clip at
 * its bounds. Steps (Ceil, Floor, Round, Sign) pass no gradient; nor do the bounds of Clip. */
#include "../../kernels/vecmath.h"
#include "../../kernels/vector.h"
#include "../op.h"

#include <string.h>

#define EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Rough nanoseconds per element. */
#define CHEAP 0.3
#define SMOOTH 0.8
#define LIBM 10.0

typedef void (*Loop) (float *out, const float *in, const float *p, int64_t n);
typedef void (*IntLoop) (int64_t *out, const int64_t *in, int64_t n);
typedef void (*Gradient) (float *dx, const float *dy, const float *v, const float *p, int64_t n, gboolean fresh);

/* ---- running loops in parallel ---- */

typedef struct
{
  Loop loop;
  IntLoop int_loop;
  Gradient gradient;
  void *out;
  const void *in;
  const float *dy, *p;
  gboolean fresh, out_short;
} Job;

/* For operators that have none. */
static const float no_params[2];

static void
loop_short (const Job *job, int64_t begin, int64_t end)
{
  float piece[ENG_VEC_PIECE];
  for (int64_t i = begin; i < end; i += ENG_VEC_PIECE)
    {
      int64_t n = MIN (ENG_VEC_PIECE, end - i);
      job->loop (piece, (const float *)job->in + i, job->p, n);
      eng_vec_round ((guint16 *)job->out + i, piece, n);
    }
}

static void
loop_range (int64_t begin, int64_t end, gpointer data)
{
  const Job *job = data;
  if (job->out_short)
    loop_short (job, begin, end);
  else if (job->loop)
    job->loop ((float *)job->out + begin, (const float *)job->in + begin, job->p, end - begin);
  else if (job->int_loop)
    job->int_loop ((int64_t *)job->out + begin, (const int64_t *)job->in + begin, end - begin);
  else
    job->gradient ((float *)job->out + begin, job->dy + begin, (const float *)job->in + begin, job->p, end - begin,
                   job->fresh);
}

static void
unary_forward (const EngNode *node, EngPass *pass, Loop loop, IntLoop int_loop, double cost)
{
  const EngValue *x = node->inputs[0];
  gboolean is_float = eng_dtype_is_float (x->dtype);
  Job job = { .loop = is_float ? loop : NULL,
              .int_loop = is_float ? NULL : int_loop,
              .out = eng_out (pass, node, 0),
              .in = eng_in (pass, node, 0),
              .p = node->priv ? node->priv : no_params,
              .out_short = eng_is_short (pass, node->outputs[0]) };
  int64_t n = eng_shape_count (&x->shape);
  eng_parallel (n, cost, loop_range, &job);
  for (int64_t i = 0; !is_float && x->dtype != ENG_DTYPE_INT64 && i < n; i++)
    ((int64_t *)job.out)[i] = eng_dtype_wrap (x->dtype, ((int64_t *)job.out)[i]);
}

/* @v: the input or the output, whichever the gradient is a function of. */
static void
unary_backward (const EngNode *node, EngPass *pass, Gradient gradient, const float *v, double cost)
{
  Job job = {
    .gradient = gradient, .in = v, .dy = eng_grad_out (pass, node, 0), .p = node->priv ? node->priv : no_params
  };
  if (job.dy && (job.out = eng_grad_in_fresh (pass, node, 0, &job.fresh)))
    eng_parallel (eng_shape_count (&node->inputs[0]->shape), cost, loop_range, &job);
}

/* NAME_loop of an expression of x and the parameters p[]; NAME_forward that runs it. The parameters are copied,
 * because a load behind a condition keeps a loop from becoming vector code. */
#define LOOP(name, expression)                                                                                       \
  ENG_CLONES static void name##_loop (float *out, const float *in, const float *params, int64_t n)                   \
  {                                                                                                                  \
    G_GNUC_UNUSED const float p[2] = { params[0], params[1] };                                                       \
    ENG_SIMD_LOOP (n)                                                                                                \
    {                                                                                                                \
      const float x = in[i];                                                                                         \
      out[i] = expression;                                                                                           \
    }                                                                                                                \
  }
#define FORWARD_WITH(name, cost, int_loop)                                                                           \
  static void name##_forward (const EngNode *node, EngPass *pass)                                                    \
  {                                                                                                                  \
    unary_forward (node, pass, name##_loop, int_loop, cost);                                                         \
  }
#define FORWARD(name, cost, expression)                                                                              \
  LOOP (name, expression)                                                                                            \
  FORWARD_WITH (name, cost, NULL)

/* The same with a second expression for integers. */
#define FORWARD_INT(name, cost, expression, int_expression)                                                          \
  static void name##_int_loop (int64_t *out, const int64_t *in, int64_t n)                                           \
  {                                                                                                                  \
    ENG_SIMD_LOOP (n)                                                                                                \
    {                                                                                                                \
      const int64_t x = in[i];                                                                                       \
      out[i] = int_expression;                                                                                       \
    }                                                                                                                \
  }                                                                                                                  \
  LOOP (name, expression)                                                                                            \
  FORWARD_WITH (name, cost, name##_int_loop)

/* NAME_gradient of the derivative as an expression of @v; NAME_backward that runs it, with @v x (@source
 * eng_in_f) or y (eng_out_f). */
#define GRADIENT(name, v, derivative)                                                                                \
  ENG_CLONES static void name##_gradient (float *dx, const float *dy, const float *in, const float *params,          \
                                          int64_t n, gboolean fresh)                                                 \
  {                                                                                                                  \
    G_GNUC_UNUSED const float p[2] = { params[0], params[1] };                                                       \
    if (fresh)                                                                                                       \
      ENG_SIMD_LOOP (n)                                                                                              \
      {                                                                                                              \
        G_GNUC_UNUSED const float v = in[i];                                                                         \
        dx[i] = dy[i] * (derivative);                                                                                \
      }                                                                                                              \
    else                                                                                                             \
      ENG_SIMD_LOOP (n)                                                                                              \
      {                                                                                                              \
        G_GNUC_UNUSED const float v = in[i];                                                                         \
        dx[i] += dy[i] * (derivative);                                                                               \
      }                                                                                                              \
  }
#define BACKWARD(name, cost, v, source, derivative)                                                                  \
  GRADIENT (name, v, derivative)                                                                                     \
  static void name##_backward (const EngNode *node, EngPass *pass)                                                   \
  {                                                                                                                  \
    unary_backward (node, pass, name##_gradient, source (pass, node, 0), cost);                                      \
  }
#define OF_X(name, cost, derivative) BACKWARD (name, cost, x, eng_in_f, derivative)
#define OF_Y(name, cost, derivative) BACKWARD (name, cost, y, eng_out_f, derivative)

/* ---- shapes ---- */

static gboolean
same_shape (EngNode *node, EngDtype dtype, GError **error)
{
  return eng_node_set_output (node, 0, dtype, &node->inputs[0]->shape, error);
}

static gboolean
float_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 1, 1, error) && eng_node_need_float (node, 0, error)
         && same_shape (node, node->inputs[0]->dtype, error);
}

static gboolean
need_number (const EngNode *node, GError **error)
{
  EngDtype dtype = node->inputs[0]->dtype;
  if (dtype == ENG_DTYPE_BOOL || !eng_dtype_is_supported (dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "input 0 is %s, a number is needed", eng_dtype_name (dtype));
  return TRUE;
}

static gboolean
number_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 1, 1, error) && need_number (node, error)
         && same_shape (node, node->inputs[0]->dtype, error);
}

/* One or two float attributes. */
static gboolean
param_shape (EngNode *node, const char *first, float first_default, const char *second, float second_default,
             GError **error)
{
  float *p = node->priv = eng_node_alloc (node, 2 * sizeof *p);
  p[0] = eng_attrs_get_float (node->attrs, first, first_default);
  p[1] = second ? eng_attrs_get_float (node->attrs, second, second_default) : 0;
  return float_shape (node, error);
}

#define PARAM_SHAPE(name, first, first_default, second, second_default)                                              \
  static gboolean name##_shape (EngNode *node, GError **error)                                                       \
  {                                                                                                                  \
    return param_shape (node, first, first_default, second, second_default, error);                                  \
  }

/* ---- the functions ---- */

FORWARD_INT (abs, CHEAP, fabsf (x), x < 0 ? (int64_t)(0 - (uint64_t)x) : x)
OF_X (abs, CHEAP, (float)((x > 0) - (x < 0)))
FORWARD_INT (neg, CHEAP, -x, (int64_t)(0 - (uint64_t)x))
OF_X (neg, CHEAP, -1)
FORWARD_INT (sign, CHEAP, x != x ? x : (float)((x > 0) - (x < 0)), (x > 0) - (x < 0))
FORWARD_INT (relu, CHEAP, x < 0 ? 0 : x, x < 0 ? 0 : x)
OF_Y (relu, CHEAP, y > 0 ? 1.0f : 0.0f)
FORWARD (ceil, CHEAP, ceilf (x))
FORWARD (floor, CHEAP, floorf (x))
FORWARD (round, CHEAP, rintf (x)) /* halves to even */
FORWARD (sqrt, CHEAP, sqrtf (x))
OF_Y (sqrt, CHEAP, 0.5f / y)
FORWARD (reciprocal, CHEAP, 1 / x)
OF_Y (reciprocal, CHEAP, -y *y)
FORWARD (exp, SMOOTH, eng_exp1 (x))
OF_Y (exp, CHEAP, y)
FORWARD (log, SMOOTH, eng_log1 (x))
OF_X (log, CHEAP, 1 / x)
FORWARD (erf, SMOOTH, eng_erf1 (x))
OF_X (erf, SMOOTH, 1.12837917f * eng_exp1 (-x * x))
FORWARD (sin, LIBM, sinf (x))
OF_X (sin, LIBM, cosf (x))
FORWARD (cos, LIBM, cosf (x))
OF_X (cos, LIBM, -sinf (x))
FORWARD (tan, LIBM, tanf (x))
OF_Y (tan, CHEAP, 1 + y * y)
FORWARD (asin, LIBM, asinf (x))
OF_X (asin, CHEAP, 1 / sqrtf (1 - x * x))
FORWARD (acos, LIBM, acosf (x))
OF_X (acos, CHEAP, -1 / sqrtf (1 - x * x))
FORWARD (atan, LIBM, atanf (x))
OF_X (atan, CHEAP, 1 / (1 + x * x))
FORWARD (sinh, LIBM, sinhf (x))
OF_X (sinh, LIBM, coshf (x))
FORWARD (cosh, LIBM, coshf (x))
OF_X (cosh, LIBM, sinhf (x))
FORWARD (asinh, LIBM, asinhf (x))
OF_X (asinh, CHEAP, 1 / sqrtf (x * x + 1))
FORWARD (acosh, LIBM, acoshf (x))
OF_X (acosh, CHEAP, 1 / sqrtf (x * x - 1))
FORWARD (atanh, LIBM, atanhf (x))
OF_X (atanh, CHEAP, 1 / (1 - x * x))
FORWARD (tanh, SMOOTH, eng_tanh1 (x))
OF_Y (tanh, CHEAP, 1 - y * y)
FORWARD (sigmoid, SMOOTH, eng_sigmoid1 (x))
OF_Y (sigmoid, CHEAP, y *(1 - y))
FORWARD (softplus, SMOOTH, eng_softplus1 (x))
OF_X (softplus, SMOOTH, eng_sigmoid1 (x))
FORWARD (softsign, CHEAP, x / (1 + fabsf (x)))
OF_X (softsign, CHEAP, 1 / ((1 + fabsf (x)) * (1 + fabsf (x))))

PARAM_SHAPE (leaky_relu, "alpha", 0.01f, NULL, 0)
FORWARD (leaky_relu, CHEAP, x < 0 ? p[0] * x : x)
OF_X (leaky_relu, CHEAP, x < 0 ? p[0] : 1)

PARAM_SHAPE (elu, "alpha", 1, NULL, 0)
FORWARD (elu, SMOOTH, x < 0 ? p[0] * eng_expm1 (x) : x)
OF_X (elu, SMOOTH, x < 0 ? p[0] * eng_exp1 (x) : 1)

PARAM_SHAPE (selu, "alpha", 1.67326319f, "gamma", 1.05070102f)
FORWARD (selu, SMOOTH, p[1] * (x < 0 ? p[0] * eng_expm1 (x) : x))
OF_X (selu, SMOOTH, p[1] * (x < 0 ? p[0] * eng_exp1 (x) : 1))

PARAM_SHAPE (celu, "alpha", 1, NULL, 0)
FORWARD (celu, SMOOTH, x < 0 ? p[0] * eng_expm1 (x / p[0]) : x)
OF_X (celu, SMOOTH, x < 0 ? eng_exp1 (x / p[0]) : 1)

PARAM_SHAPE (thresholded_relu, "alpha", 1, NULL, 0)
FORWARD (thresholded_relu, CHEAP, x <= p[0] ? 0 : x)
OF_X (thresholded_relu, CHEAP, x > p[0] ? 1.0f : 0.0f)

PARAM_SHAPE (shrink, "lambd", 0.5f, "bias", 0)
FORWARD (shrink, CHEAP, x < -p[0] ? x + p[1] : (x > p[0] ? x - p[1] : 0))
OF_X (shrink, CHEAP, fabsf (x) > p[0] ? 1.0f : 0.0f)

ENG_INLINE float
unit_clamp (float x)
{
  x = x < 0 ? 0 : x;
  return x > 1 ? 1 : x;
}

PARAM_SHAPE (hard_sigmoid, "alpha", 0.2f, "beta", 0.5f)
FORWARD (hard_sigmoid, CHEAP, unit_clamp (p[0] * x + p[1]))
OF_Y (hard_sigmoid, CHEAP, (y > 0) & (y < 1) ? p[0] : 0)

FORWARD (hard_swish, CHEAP, x *unit_clamp (x / 6 + 0.5f))
OF_X (hard_swish, CHEAP, x <= -3 ? 0 : (x >= 3 ? 1 : x / 3 + 0.5f))

/* With e = exp (x): tanh (log (1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2), which is 1 from x = 20 on. */
ENG_INLINE float
mish_gate (float x)
{
  float e = eng_exp1 (x > 20 ? 20 : x), w = e * (e + 2);
  return w / (w + 2);
}

ENG_INLINE float
mish_slope (float x)
{
  float gate = mish_gate (x);
  return gate + x * eng_sigmoid1 (x) * (1 - gate * gate);
}

/* At -infinity the limit is 0 but the product is not a number; the reference gives that too. */
FORWARD (mish, SMOOTH, x *mish_gate (x))
OF_X (mish, SMOOTH, mish_slope (x))

/* Gelu: x Phi (x), Phi the normal distribution function (Hendrycks and Gimpel 2016), exactly or with
 * Phi (x) about (1 + tanh (sqrt (2 / pi) (x + 0.044715 x^3))) / 2. */
FORWARD (gelu_erf, SMOOTH, 0.5f * x * (1 + eng_erf1 (0.707106781f * x)))
OF_X (gelu_erf, SMOOTH, 0.5f * (1 + eng_erf1 (0.707106781f * x)) + 0.39894228f * x * eng_exp1 (-0.5f * x * x))

ENG_INLINE float
gelu_tanh_slope (float x)
{
  float t = eng_tanh1 (0.797884561f * (x + 0.044715f * x * x * x));
  return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * 0.797884561f * (1 + 0.134145f * x * x);
}

FORWARD (gelu_tanh, SMOOTH, 0.5f * x * (1 + eng_tanh1 (0.797884561f * (x + 0.044715f * x * x * x))))
OF_X (gelu_tanh, SMOOTH, gelu_tanh_slope (x))

typedef struct
{
  gboolean tanh;
} Gelu;

static gboolean
gelu_shape (EngNode *node, GError **error)
{
  const char *approximate = eng_attrs_get_string (node->attrs, "approximate", "none");
  Gelu *gelu = node->priv = eng_node_priv (node, Gelu);
  gelu->tanh = strcmp (approximate, "tanh") == 0;
  if (!gelu->tanh && strcmp (approximate, "none") != 0)
    return eng_fail (error, ENG_ERROR_INVALID, "attribute approximate is '%s', not 'none' or 'tanh'", approximate);
  return float_shape (node, error);
}

static void
gelu_forward (const EngNode *node, EngPass *pass)
{
  (((Gelu *)node->priv)->tanh ? gelu_tanh_forward : gelu_erf_forward) (node, pass);
}

static void
gelu_backward (const EngNode *node, EngPass *pass)
{
  (((Gelu *)node->priv)->tanh ? gelu_tanh_backward : gelu_erf_backward) (node, pass);
}

/* The way back reads the input alone. */
static gboolean
gelu_takes_short (const EngNode *node, const EngPass *pass, int i)
{
  return i < 0;
}

/* ---- Clip: bounds are attributes before opset 11, inputs (computed ones too) since ---- */

LOOP (clip, (x < p[0] ? p[0] : x) > p[1] ? p[1] : (x < p[0] ? p[0] : x))
GRADIENT (clip, x, (x >= p[0]) & (x <= p[1]) ? 1.0f : 0.0f)

static gboolean
clip_shape (EngNode *node, GError **error)
{
  float *p = node->priv = eng_node_alloc (node, 2 * sizeof *p);
  if (!eng_node_need_inputs (node, 1, node->opset < 11 ? 1 : 3, error) || !need_number (node, error))
    return FALSE;
  for (int i = 1; i <= 2; i++)
    {
      p[i - 1] = i == 1 ? -INFINITY : INFINITY;
      if (node->opset < 11)
        p[i - 1] = eng_attrs_get_float (node->attrs, i == 1 ? "min" : "max", p[i - 1]);
      else if (eng_node_has_input (node, i)
               && (eng_shape_count (&node->inputs[i]->shape) != 1
                   || node->inputs[i]->dtype != node->inputs[0]->dtype))
        return eng_fail (error, ENG_ERROR_INVALID, "input %d must be one number of type %s", i,
                         eng_dtype_name (node->inputs[0]->dtype));
    }
  return same_shape (node, node->inputs[0]->dtype, error);
}

/* Bounds from inputs, where there are any. They are read in every walk and nothing else writes them: a
 * graph that several passes share has one priv, so it stays as it is. */
static void
clip_bounds (const EngNode *node, const EngPass *pass, float *p)
{
  memcpy (p, node->priv, 2 * sizeof *p);
  for (int i = 1; i <= 2; i++)
    if (eng_node_has_input (node, i))
      p[i - 1] = *eng_in_f (pass, node, i);
}

static void
clip_forward (const EngNode *node, EngPass *pass)
{
  int64_t n = eng_shape_count (&node->inputs[0]->shape);
  if (eng_dtype_is_float (node->inputs[0]->dtype))
    {
      float p[2];
      clip_bounds (node, pass, p);
      Job job = { .loop = clip_loop, .out = eng_out (pass, node, 0), .in = eng_in (pass, node, 0), .p = p };
      eng_parallel (n, CHEAP, loop_range, &job);
      return;
    }
  const int64_t *x = eng_in_i (pass, node, 0), *low = eng_in_i (pass, node, 1), *high = eng_in_i (pass, node, 2);
  int64_t *y = eng_out_i (pass, node, 0);
  for (int64_t i = 0; i < n; i++)
    {
      int64_t v = low && x[i] < *low ? *low : x[i];
      y[i] = high && v > *high ? *high : v;
    }
}

static void
clip_backward (const EngNode *node, EngPass *pass)
{
  float p[2];
  clip_bounds (node, pass, p);
  Job job = { .gradient = clip_gradient, .in = eng_in (pass, node, 0), .dy = eng_grad_out (pass, node, 0), .p = p };
  if (job.dy && (job.out = eng_grad_in_fresh (pass, node, 0, &job.fresh)))
    eng_parallel (eng_shape_count (&node->inputs[0]->shape), CHEAP, loop_range, &job);
}

#define ALL ENG_OPSET_MIN, ENG_OPSET_MAX
#define SINCE(opset) opset, ENG_OPSET_MAX
#define SMALL EXAMPLES ("f:2x3", "f:", "f:2x3x37")
#define POSITIVE EXAMPLES ("p:2x3", "p:2x3x37")
#define UNIT EXAMPLES ("u:2x3", "u:2x3x37")
#define FLAGS ENG_OP_INPLACE | ENG_OP_ALIKE | ENG_OP_INPLACE_BACK
#define IN_0 ENG_KEEP_IN_0, FLAGS
#define OUT_0 ENG_KEEP_OUT_0, FLAGS
#define NONE ENG_KEEP_NONE, FLAGS

const EngOp eng_ops_unary[] = {
  { "Abs", ALL, number_shape, abs_forward, abs_backward, IN_0, SMALL },
  { "Acos", ALL, float_shape, acos_forward, acos_backward, IN_0, UNIT },
  { "Acosh", SINCE (9), float_shape, acosh_forward, acosh_backward, IN_0, EXAMPLES ("a:2x3") },
  { "Asin", ALL, float_shape, asin_forward, asin_backward, IN_0, UNIT },
  { "Asinh", SINCE (9), float_shape, asinh_forward, asinh_backward, IN_0, SMALL },
  { "Atan", ALL, float_shape, atan_forward, atan_backward, IN_0, SMALL },
  { "Atanh", SINCE (9), float_shape, atanh_forward, atanh_backward, IN_0, UNIT },
  { "Ceil", ALL, float_shape, ceil_forward, NULL, NONE, NULL },
  { "Celu", SINCE (12), celu_shape, celu_forward, celu_backward, IN_0, EXAMPLES ("f:2x3", "f:2x3x37 alpha=0.5") },
  { "Clip", 7, 10, clip_shape, clip_forward, clip_backward, IN_0,
    EXAMPLES ("f:2x3 min=-0.5 max=0.5", "f:2x3 opset=7") },
  { "Clip", SINCE (11), clip_shape, clip_forward, clip_backward, ENG_KEEP_INS, FLAGS,
    EXAMPLES ("f:2x3 c:-0.5 c:0.5", "f:2x3x37 - c:0.3", "f:2x3 c:0", "f:2x3") },
  { "Cos", ALL, float_shape, cos_forward, cos_backward, IN_0, SMALL },
  { "Cosh", SINCE (9), float_shape, cosh_forward, cosh_backward, IN_0, SMALL },
  { "Elu", ALL, elu_shape, elu_forward, elu_backward, IN_0, EXAMPLES ("f:2x3", "f:2x3x37 alpha=0.5") },
  { "Erf", SINCE (9), float_shape, erf_forward, erf_backward, IN_0, SMALL },
  { "Exp", ALL, float_shape, exp_forward, exp_backward, OUT_0, SMALL },
  { "Floor", ALL, float_shape, floor_forward, NULL, NONE, NULL },
  { "Gelu", SINCE (20), gelu_shape, gelu_forward, gelu_backward, IN_0,
    EXAMPLES ("f:2x3", "f:2x3x37", "f:2x3 approximate='tanh'", "f:2x3x37 approximate='tanh'"), NULL,
    gelu_takes_short },
  { "HardSigmoid", ALL, hard_sigmoid_shape, hard_sigmoid_forward, hard_sigmoid_backward, OUT_0,
    EXAMPLES ("f:2x3", "f:2x3x37 alpha=0.9 beta=0.4") },
  { "HardSwish", SINCE (14), float_shape, hard_swish_forward, hard_swish_backward, IN_0, SMALL },
  { "LeakyRelu", ALL, leaky_relu_shape, leaky_relu_forward, leaky_relu_backward, IN_0,
    EXAMPLES ("f:2x3", "f:2x3x37 alpha=0.2") },
  { "Log", ALL, float_shape, log_forward, log_backward, IN_0, POSITIVE },
  { "Mish", SINCE (18), float_shape, mish_forward, mish_backward, IN_0, SMALL },
  { "Neg", ALL, number_shape, neg_forward, neg_backward, NONE, SMALL },
  { "Reciprocal", ALL, float_shape, reciprocal_forward, reciprocal_backward, OUT_0, SMALL },
  { "Relu", ALL, number_shape, relu_forward, relu_backward, OUT_0, SMALL },
  { "Round", SINCE (11), float_shape, round_forward, NULL, NONE, NULL },
  { "Selu", ALL, selu_shape, selu_forward, selu_backward, IN_0, EXAMPLES ("f:2x3", "f:2x3x37 alpha=1.2 gamma=0.9") },
  { "Shrink", SINCE (9), shrink_shape, shrink_forward, shrink_backward, IN_0,
    EXAMPLES ("f:2x3", "f:2x3x37 lambd=0.55 bias=0.2") },
  { "Sigmoid", ALL, float_shape, sigmoid_forward, sigmoid_backward, OUT_0, SMALL },
  { "Sign", SINCE (9), number_shape, sign_forward, NULL, NONE, NULL },
  { "Sin", ALL, float_shape, sin_forward, sin_backward, IN_0, SMALL },
  { "Sinh", SINCE (9), float_shape, sinh_forward, sinh_backward, IN_0, SMALL },
  { "Softplus", ALL, float_shape, softplus_forward, softplus_backward, IN_0, SMALL },
  { "Softsign", ALL, float_shape, softsign_forward, softsign_backward, IN_0, SMALL },
  { "Sqrt", ALL, float_shape, sqrt_forward, sqrt_backward, OUT_0, POSITIVE },
  { "Tan", ALL, float_shape, tan_forward, tan_backward, OUT_0, SMALL },
  { "Tanh", ALL, float_shape, tanh_forward, tanh_backward, OUT_0, SMALL },
  { "ThresholdedRelu", SINCE (10), thresholded_relu_shape, thresholded_relu_forward, thresholded_relu_backward, IN_0,
    EXAMPLES ("f:2x3 alpha=0.45", "p:2x3x37") },
  { NULL },

};
