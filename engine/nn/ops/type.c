/* Operators that change the type, test for special values or change nothing: Cast, CastLike, IsInf, IsNaN,
 * Not, Identity, and Dropout as a trained network runs it. */
#include "../../kernels/clones.h"
#include "../../kernels/vector.h"
#include "../op.h"

#include <math.h>
#include <string.h>

#define EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static gboolean
same_shape (EngNode *node, EngDtype dtype, GError **error)
{
  return eng_node_set_output (node, 0, dtype, &node->inputs[0]->shape, error);
}

/* ---- tests: bool results ---- */

static gboolean
float_test_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 1, 1, error) && eng_node_need_float (node, 0, error)
         && same_shape (node, ENG_DTYPE_BOOL, error);
}

static void
is_nan_forward (const EngNode *node, EngPass *pass)
{
  const float *x = eng_in_f (pass, node, 0);
  int64_t *y = eng_out_i (pass, node, 0), n = eng_shape_count (&node->inputs[0]->shape);
  ENG_SIMD_LOOP (n) y[i] = x[i] != x[i];
}

static void
is_inf_forward (const EngNode *node, EngPass *pass)
{
  const float *x = eng_in_f (pass, node, 0);
  int64_t *y = eng_out_i (pass, node, 0), n = eng_shape_count (&node->inputs[0]->shape);
  gboolean positive = eng_attrs_get_int (node->attrs, "detect_positive", 1) != 0;
  gboolean negative = eng_attrs_get_int (node->attrs, "detect_negative", 1) != 0;
  ENG_SIMD_LOOP (n) y[i] = (positive & (x[i] >= INFINITY)) | (negative & (x[i] <= -INFINITY));
}

static gboolean
not_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 1, error))
    return FALSE;
  if (node->inputs[0]->dtype != ENG_DTYPE_BOOL)
    return eng_fail (error, ENG_ERROR_INVALID, "input 0 is %s, bool is needed",
                     eng_dtype_name (node->inputs[0]->dtype));
  return same_shape (node, ENG_DTYPE_BOOL, error);
}

static void
not_forward (const EngNode *node, EngPass *pass)
{
  const int64_t *x = eng_in_i (pass, node, 0);
  int64_t *y = eng_out_i (pass, node, 0), n = eng_shape_count (&node->inputs[0]->shape);
  ENG_SIMD_LOOP (n) y[i] = !x[i];
}

/* ---- Identity, Dropout ---- */

static gboolean
identity_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 1, 1, error) && same_shape (node, node->inputs[0]->dtype, error);
}

static void
identity_forward (const EngNode *node, EngPass *pass)
{
  const void *from = eng_in (pass, node, 0);
  void *to = eng_out (pass, node, 0);
  if (to != from)
    memcpy (to, from, eng_shape_count (&node->inputs[0]->shape) * eng_dtype_size (node->inputs[0]->dtype));
}

/* Dropout as a trained network runs it: nothing is dropped. */
static gboolean
dropout_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 1, node->opset < 12 ? 1 : 3, error) || !eng_node_need_float (node, 0, error))
    return FALSE;
  if (eng_node_has_input (node, 2))
    {
      const EngTensor *training = eng_node_constant (node, 2, error);
      if (!training)
        return FALSE;
      if (eng_dtype_is_float (training->dtype) || eng_tensor_count (training) != 1)
        return eng_fail (error, ENG_ERROR_INVALID, "input 2 (training_mode) must be one bool");
      if (training->i[0])
        return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                         "training_mode is true; export the model for inference (in PyTorch: model.eval ())");
    }
  EngDtype mask = node->opset < 10 ? node->inputs[0]->dtype : ENG_DTYPE_BOOL;
  return same_shape (node, node->inputs[0]->dtype, error)
         && eng_node_set_output (node, 1, mask, &node->inputs[0]->shape, error);
}

/* Output 0 is the input's memory; what is left is the mask. */
static void
dropout_forward (const EngNode *node, EngPass *pass)
{
  int64_t n = eng_out (pass, node, 1) ? eng_shape_count (&node->inputs[0]->shape) : 0;
  for (int64_t i = 0; i < n; i++)
    if (node->opset < 10)
      eng_out_f (pass, node, 1)[i] = 1;
    else
      eng_out_i (pass, node, 1)[i] = 1;
}

/* ---- Cast ---- */

static gboolean
cast_to (EngNode *node, int64_t to, GError **error)
{
  if (to < 0 || to > ENG_DTYPE_BFLOAT16 || !eng_dtype_is_supported ((EngDtype)to))
    return eng_fail (
        error, ENG_ERROR_UNSUPPORTED, "casting to %s (type %" G_GINT64_FORMAT ") is not supported",
        to >= 17 && to <= 20 ? "an 8-bit floating type" : eng_dtype_name ((EngDtype)CLAMP (to, -1, G_MAXINT16)), to);
  return same_shape (node, (EngDtype)to, error);
}

static gboolean
cast_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 1, 1, error)
         && cast_to (node, eng_attrs_get_int (node->attrs, "to", ENG_DTYPE_NONE), error);
}

static gboolean
cast_like_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 2, 2, error) && cast_to (node, node->inputs[1]->dtype, error);
}

/* Toward zero; what does not fit becomes the nearest number that does, NaN becomes 0 (true for bool). */
static int64_t
float_to_int (EngDtype dtype, float v)
{
  static const struct
  {
    EngDtype dtype;
    int64_t least, most;
  } ranges[] = {
    { ENG_DTYPE_UINT8, 0, UINT8_MAX },         { ENG_DTYPE_INT8, INT8_MIN, INT8_MAX },
    { ENG_DTYPE_UINT16, 0, UINT16_MAX },       { ENG_DTYPE_INT16, INT16_MIN, INT16_MAX },
    { ENG_DTYPE_UINT32, 0, UINT32_MAX },       { ENG_DTYPE_INT32, INT32_MIN, INT32_MAX },
    { ENG_DTYPE_INT64, INT64_MIN, INT64_MAX },
  };
  if (dtype == ENG_DTYPE_BOOL)
    return v != 0;
  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    if (ranges[i].dtype == dtype)
      return v != v                        ? 0
             : v <= (float)ranges[i].least ? ranges[i].least
             : v >= (float)ranges[i].most  ? ranges[i].most
                                           : (int64_t)v;
  return 0;
}

typedef struct
{
  EngDtype from, to;
  const void *in;
  void *out;
} CastJob;

static void
cast_range (int64_t begin, int64_t end, gpointer data)
{
  const CastJob *job = data;
  const float *xf = job->in;
  const int64_t *xi = job->in;
  float *yf = job->out;
  int64_t *yi = job->out;
  gboolean from_float = eng_dtype_is_float (job->from), to_float = eng_dtype_is_float (job->to);
  if (from_float && to_float && (job->to == job->from || job->to == ENG_DTYPE_FLOAT || job->to == ENG_DTYPE_DOUBLE))
    memmove (yf + begin, xf + begin, (end - begin) * sizeof *yf);
  else if (to_float)
    for (int64_t i = begin; i < end; i++)
      yf[i] = eng_dtype_round (job->to, from_float ? xf[i] : (float)xi[i]);
  else
    for (int64_t i = begin; i < end; i++)
      yi[i] = from_float ? float_to_int (job->to, xf[i]) : eng_dtype_wrap (job->to, xi[i]);
}

static void
cast_forward (const EngNode *node, EngPass *pass)
{
  CastJob job = { node->inputs[0]->dtype, node->outputs[0]->dtype, eng_in (pass, node, 0), eng_out (pass, node, 0) };
  eng_parallel (eng_shape_count (&node->inputs[0]->shape), 1, cast_range, &job);
}

/* Rounding to a narrower type passes the gradient as it is. */
static void
cast_backward (const EngNode *node, EngPass *pass)
{
  const float *dy = eng_grad_out (pass, node, 0);
  gboolean fresh;
  float *dx = dy ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  int64_t n = eng_shape_count (&node->inputs[0]->shape);
  if (dx && fresh)
    memcpy (dx, dy, n * sizeof *dx);
  else if (dx)
    eng_vec_accumulate (dx, dy, n);
}

#define ALL ENG_OPSET_MIN, ENG_OPSET_MAX
#define SINCE(opset) opset, ENG_OPSET_MAX
#define NONE ENG_KEEP_NONE, ENG_OP_INPLACE

const EngOp eng_ops_type[] = {
  { "Cast", ALL, cast_shape, cast_forward, cast_backward, NONE, EXAMPLES ("f:2x3 to=1", "f:2x3x37 to=11") },
  { "CastLike", SINCE (15), cast_like_shape, cast_forward, cast_backward, NONE, EXAMPLES ("f:2x3 c:1") },
  { "Dropout", ALL, dropout_shape, dropout_forward, NULL, ENG_KEEP_NONE, ENG_OP_VIEW,
    EXAMPLES ("f:2x3", "f:2x3 out=2") },
  { "Identity", ALL, identity_shape, identity_forward, NULL, ENG_KEEP_NONE, ENG_OP_VIEW | ENG_OP_ALIKE,
    EXAMPLES ("f:2x3") },
  { "IsInf", SINCE (10), float_test_shape, is_inf_forward, NULL, ENG_KEEP_NONE, ENG_OP_PLAIN, NULL },
  { "IsNaN", SINCE (9), float_test_shape, is_nan_forward, NULL, ENG_KEEP_NONE, ENG_OP_PLAIN, NULL },
  { "Not", ALL, not_shape, not_forward, NULL, NONE, NULL },
  { NULL },
};
