/* Operators that make elements from nothing but shapes, scalars and indices: Constant, ConstantOfShape,
 * Range, EyeLike, OneHot, NonZero. Definitions: ONNX operator specification, opset 7 to 21. */
#include "strided.h"

#include <math.h>
#include <string.h>

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })

static gboolean
set_output (EngNode *node, EngDtype dtype, EngShape shape, GError **error)
{
  return eng_node_set_output (node, 0, dtype, &shape, error);
}

/* ---- Constant: what its attribute says ---- */

typedef struct
{
  const void *data; /* in the node's attributes, or one of the two below */
  float one_float;
  int64_t one_int;
} Constant;

static gboolean
set_constant (EngNode *node, EngDtype dtype, int rank, int n, const void *data, GError **error)
{
  ((Constant *)node->priv)->data = data;
  return set_output (node, dtype, (EngShape){ .rank = rank, .dim = { n } }, error);
}

static gboolean
constant_shape (EngNode *node, GError **error)
{
  Constant *c = node->priv = eng_node_priv (node, Constant);
  const EngTensor *value = eng_attrs_get_tensor (node->attrs, "value");
  int n;
  if (value)
    {
      c->data = value->data;
      return eng_node_set_output (node, 0, value->dtype, &value->shape, error);
    }
  if (eng_attrs_has (node->attrs, "value_float"))
    {
      c->one_float = eng_attrs_get_float (node->attrs, "value_float", 0);
      return set_constant (node, ENG_DTYPE_FLOAT, 0, 0, &c->one_float, error);
    }
  if (eng_attrs_has (node->attrs, "value_int"))
    {
      c->one_int = eng_attrs_get_int (node->attrs, "value_int", 0);
      return set_constant (node, ENG_DTYPE_INT64, 0, 0, &c->one_int, error);
    }
  if (eng_attrs_has (node->attrs, "value_floats"))
    {
      const float *v = eng_attrs_get_floats (node->attrs, "value_floats", &n);
      return set_constant (node, ENG_DTYPE_FLOAT, 1, n, v, error);
    }
  if (eng_attrs_has (node->attrs, "value_ints"))
    {
      const int64_t *v = eng_attrs_get_ints (node->attrs, "value_ints", &n);
      return set_constant (node, ENG_DTYPE_INT64, 1, n, v, error);
    }
  return eng_fail (error, ENG_ERROR_UNSUPPORTED, "only constants of numbers (not strings, not sparse) are supported");
}

static void
constant_forward (const EngNode *node, EngPass *pass)
{
  const Constant *c = node->priv;
  const EngValue *y = node->outputs[0];
  eng_strided_copy_flat (eng_out (pass, node, 0), c->data, eng_shape_count (&y->shape), eng_dtype_size (y->dtype));
}

/* ---- ConstantOfShape ---- */

static gboolean
constant_of_shape_shape (EngNode *node, GError **error)
{
  const int64_t *dim;
  int n;
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_ints (node, NULL, 0, &dim, &n, error))
    return FALSE;
  if (n > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the shape has rank %d, at most %d is supported", n, ENG_MAX_RANK);
  const EngTensor *value = eng_attrs_get_tensor (node->attrs, "value");
  if (value && eng_tensor_count (value) != 1)
    return eng_fail (error, ENG_ERROR_INVALID, "the attribute value must hold one element");
  const EngShape out = eng_shape_from_array (dim, n);
  return eng_node_set_output (node, 0, value ? value->dtype : ENG_DTYPE_FLOAT, &out, error);
}

/* Every element of output 0 becomes the one at @value. */
static void
fill_output (const EngNode *node, EngPass *pass, const void *value)
{
  EngStrided s = { 0 };
  eng_strided_axis (&s, eng_shape_count (&node->outputs[0]->shape), 1, 0);
  eng_strided_copy (&s, eng_out (pass, node, 0), value, eng_dtype_size (node->outputs[0]->dtype));
}

static void
constant_of_shape_forward (const EngNode *node, EngPass *pass)
{
  const EngTensor *value = eng_attrs_get_tensor (node->attrs, "value");
  const float zero = 0;
  fill_output (node, pass, value ? value->data : &zero);
}

/* ---- Range ---- */

typedef struct
{
  double start, delta;
  int64_t int_start, int_delta;
} Range;

/* ceil ((limit - start) / delta) elements, none when that is negative. */
static gboolean
count_range (gboolean is_float, const EngTensor *const t[3], int64_t *n, GError **error)
{
  double count;
  if (is_float)
    count = ceil (((double)t[1]->f[0] - (double)t[0]->f[0]) / (double)t[2]->f[0]);
  else if (t[2]->i[0] == 0)
    count = NAN;
  else
    {
      __int128 span = (__int128)t[1]->i[0] - t[0]->i[0], delta = t[2]->i[0];
      __int128 whole = span / delta;
      count = (double)whole + (span % delta != 0 && (span < 0) == (delta < 0));
    }
  if (!(count < 1e12)) /* beyond any shape; also not a number */
    return eng_fail (error, ENG_ERROR_INVALID, "the range has no sensible number of elements (step 0?)");
  *n = (int64_t)MAX (count, 0);
  return TRUE;
}

static gboolean
range_shape (EngNode *node, GError **error)
{
  const EngTensor *t[3];
  int64_t n = 0;
  if (!eng_node_need_inputs (node, 3, 3, error))
    return FALSE;
  EngDtype dtype = node->inputs[0]->dtype;
  gboolean is_float = eng_dtype_is_float (dtype);
  for (int i = 0; i < 3; i++)
    {
      if (!(t[i] = eng_node_constant (node, i, error)))
        return FALSE;
      if (eng_tensor_count (t[i]) != 1 || t[i]->dtype != dtype)
        return eng_fail (error, ENG_ERROR_INVALID, "start, limit and delta must be scalars of one type");
    }
  Range *r = node->priv = eng_node_priv (node, Range);
  if (is_float)
    {
      r->start = (double)t[0]->f[0];
      r->delta = (double)t[2]->f[0];
    }
  else
    {
      r->int_start = t[0]->i[0];
      r->int_delta = t[2]->i[0];
    }
  return count_range (is_float, t, &n, error) && set_output (node, dtype, ENG_SHAPE (n), error);
}

static void
range_forward (const EngNode *node, EngPass *pass)
{
  const Range *r = node->priv;
  const EngValue *y = node->outputs[0];
  int64_t n = y->shape.dim[0];
  if (eng_dtype_is_float (y->dtype))
    for (int64_t i = 0; i < n; i++)
      eng_out_f (pass, node, 0)[i] = (float)(r->start + (double)i * r->delta);
  else
    for (int64_t i = 0; i < n; i++)
      eng_out_i (pass, node, 0)[i] =
          eng_dtype_wrap (y->dtype, (int64_t)((guint64)r->int_start + (guint64)i * (guint64)r->int_delta));
}

/* ---- EyeLike ---- */

static gboolean
eye_like_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_need_rank (node, 0, 2, 2, error))
    return FALSE;
  EngDtype dtype = (EngDtype)eng_attrs_get_int (node->attrs, "dtype", node->inputs[0]->dtype);
  if (!eng_dtype_is_supported (dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "type %s is not supported", eng_dtype_name (dtype));
  return eng_node_set_output (node, 0, dtype, &node->inputs[0]->shape, error);
}

static void
eye_like_forward (const EngNode *node, EngPass *pass)
{
  const EngShape *shape = &node->outputs[0]->shape;
  int64_t rows = shape->dim[0], columns = shape->dim[1];
  int64_t k = CLAMP (eng_attrs_get_int (node->attrs, "k", 0), -rows, columns);
  gboolean is_float = eng_dtype_is_float (node->outputs[0]->dtype);
  fill_output (node, pass, &(int64_t){ 0 }); /* zero has the same bytes in both storages */
  for (int64_t i = MAX (0, -k); i < rows && i + k < columns; i++)
    if (is_float)
      eng_out_f (pass, node, 0)[i * columns + i + k] = 1;
    else
      eng_out_i (pass, node, 0)[i * columns + i + k] = 1;
}

/* ---- OneHot ---- */

typedef struct
{
  int64_t outer, depth, inner;
} OneHot;

static gboolean
read_depth (const EngNode *node, int64_t *depth, GError **error)
{
  const EngTensor *t = eng_node_constant (node, 1, error);
  if (!t)
    return FALSE;
  double d = 0;
  if (eng_tensor_count (t) == 1)
    d = eng_dtype_is_float (t->dtype) ? (double)t->f[0] : (double)t->i[0];
  if (!(d >= 1 && d < 1e12))
    return eng_fail (error, ENG_ERROR_INVALID, "the depth must be one positive number");
  *depth = (int64_t)d;
  return TRUE;
}

static gboolean
one_hot_shape (EngNode *node, GError **error)
{
  int64_t depth = 0;
  int axis;
  if (!eng_node_need_inputs (node, 3, 3, error) || !eng_node_need_rank (node, 0, 0, ENG_MAX_RANK - 1, error)
      || !read_depth (node, &depth, error))
    return FALSE;
  if (eng_shape_count (&node->inputs[2]->shape) != 2)
    return eng_fail (error, ENG_ERROR_INVALID, "values must be two: off and on");
  const EngShape *in = &node->inputs[0]->shape;
  EngShape out = { .rank = in->rank + 1 };
  if (!eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", -1), out.rank, &axis, error))
    return FALSE;
  for (int i = 0; i < out.rank; i++)
    out.dim[i] = i == axis ? depth : in->dim[i < axis ? i : i - 1];
  OneHot *o = node->priv = eng_node_priv (node, OneHot);
  *o = (OneHot){ eng_shape_span (in, 0, axis), depth, eng_shape_span (in, axis, in->rank) };
  return eng_node_set_output (node, 0, node->inputs[2]->dtype, &out, error);
}

/* Where the "on" of position @i stands in the output; -1: nowhere. */
static int64_t
one_hot_place (const EngNode *node, const EngPass *pass, int64_t i)
{
  const OneHot *o = node->priv;
  double hot;
  if (eng_dtype_is_float (node->inputs[0]->dtype))
    hot = trunc ((double)eng_in_f (pass, node, 0)[i]);
  else
    hot = (double)eng_in_i (pass, node, 0)[i];
  if (hot < 0)
    hot += (double)o->depth;
  if (!(hot >= 0 && hot < (double)o->depth))
    return -1;
  return (i / o->inner * o->depth + (int64_t)hot) * o->inner + i % o->inner;
}

static void
one_hot_forward (const EngNode *node, EngPass *pass)
{
  gsize size = eng_dtype_size (node->outputs[0]->dtype);
  const char *off_on = eng_in (pass, node, 2);
  char *y = eng_out (pass, node, 0);
  fill_output (node, pass, off_on);
  for (int64_t i = 0, n = eng_shape_count (&node->inputs[0]->shape); i < n; i++)
    {
      int64_t at = one_hot_place (node, pass, i);
      if (at >= 0)
        memcpy (y + at * (int64_t)size, off_on + size, size);
    }
}

/* d/d(on) sums the gradient where ones stand, d/d(off) the rest. */
static void
one_hot_backward (const EngNode *node, EngPass *pass)
{
  const float *g = eng_grad_out (pass, node, 0);
  float *d = g ? eng_grad_in (pass, node, 2) : NULL;
  double on = 0, all = 0;
  if (!d)
    return;
  for (int64_t i = 0, n = eng_shape_count (&node->outputs[0]->shape); i < n; i++)
    all += (double)g[i];
  for (int64_t i = 0, n = eng_shape_count (&node->inputs[0]->shape); i < n; i++)
    {
      int64_t at = one_hot_place (node, pass, i);
      if (at >= 0)
        on += (double)g[at];
    }
  d[0] += (float)(all - on);
  d[1] += (float)on;
}

/* ---- NonZero: its shape is data, so only of constants ---- */

static gboolean
is_nonzero (const EngTensor *t, int64_t i)
{
  return eng_dtype_is_float (t->dtype) ? t->f[i] != 0 : t->i[i] != 0;
}

static gboolean
non_zero_shape (EngNode *node, GError **error)
{
  const EngTensor *t = eng_node_need_inputs (node, 1, 1, error) ? eng_node_constant (node, 0, error) : NULL;
  if (!t)
    return FALSE;
  int64_t n = 0;
  for (int64_t i = 0, count = eng_tensor_count (t); i < count; i++)
    n += is_nonzero (t, i);
  return set_output (node, ENG_DTYPE_INT64, ENG_SHAPE (t->shape.rank, n), error);
}

static void
non_zero_forward (const EngNode *node, EngPass *pass)
{
  const EngTensor *t = node->inputs[0]->constant;
  int64_t n = node->outputs[0]->shape.dim[1], *y = eng_out_i (pass, node, 0), strides[ENG_MAX_RANK];
  eng_shape_strides (&t->shape, strides);
  for (int64_t i = 0, k = 0, count = eng_tensor_count (t); i < count; i++)
    if (is_nonzero (t, i))
      {
        for (int a = 0; a < t->shape.rank; a++)
          y[a * n + k] = i / strides[a] % t->shape.dim[a];
        k++;
      }
}

/* ---- the table ---- */

extern const EngOp eng_ops_constant[];

const EngOp eng_ops_constant[] = {
  { "Constant", 1, 21, constant_shape, constant_forward },
  { "ConstantOfShape", 9, 21, constant_of_shape_shape, constant_of_shape_forward },
  { "Range", 11, 21, range_shape, range_forward },
  { "EyeLike", 9, 21, eye_like_shape, eye_like_forward, NULL, ENG_KEEP_NONE, ENG_OP_FROM_SHAPE },
  { "OneHot", 9, 21, one_hot_shape, one_hot_forward, one_hot_backward, ENG_KEEP_IN_0, ENG_OP_PLAIN,
    EX ("i:[1,0,-1] i:3 f:2", "I:2x2:[0,1,7,-3] i:3 f:2 axis=1") },
  { "NonZero", 9, 21, non_zero_shape, non_zero_forward },
  { NULL },
};
