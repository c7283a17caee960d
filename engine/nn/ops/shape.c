/* Operators about shapes: what asks for a shape, what gives the same elements another
 * shape, what repeats them. Shapes are concrete while a graph is built, so most of these vanish by
 * folding or cost nothing. Definitions: ONNX operator specification, opset 7 to 21. */
#include "strided.h"

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })

static gboolean
set_output (EngNode *node, EngDtype dtype, EngShape shape, GError **error)
{
  return eng_node_set_output (node, 0, dtype, &shape, error);
}

/* ---- Shape, Size ---- */

typedef struct
{
  int from, n; /* the slice of dimensions that is asked for */
} ShapeOf;

static int
clamp_dimension (int64_t at, int rank)
{
  return (int)CLAMP (at < 0 ? at + rank : at, 0, rank);
}

static gboolean
shape_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 1, error))
    return FALSE;
  ShapeOf *s = node->priv = eng_node_priv (node, ShapeOf);
  int rank = node->inputs[0]->shape.rank;
  s->from = clamp_dimension (eng_attrs_get_int (node->attrs, "start", 0), rank);
  s->n = MAX (clamp_dimension (eng_attrs_get_int (node->attrs, "end", rank), rank) - s->from, 0);
  return set_output (node, ENG_DTYPE_INT64, ENG_SHAPE (s->n), error);
}

static void
shape_forward (const EngNode *node, EngPass *pass)
{
  const ShapeOf *s = node->priv;
  int64_t *y = eng_out_i (pass, node, 0);
  for (int i = 0; i < s->n; i++)
    y[i] = node->inputs[0]->shape.dim[s->from + i];
}

static gboolean
size_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 1, 1, error) && set_output (node, ENG_DTYPE_INT64, (EngShape){ 0 }, error);
}

static void
size_forward (const EngNode *node, EngPass *pass)
{
  *eng_out_i (pass, node, 0) = eng_shape_count (&node->inputs[0]->shape);
}

/* ---- Reshape, Flatten, Squeeze, Unsqueeze: the same elements under another shape, no work ---- */

static gboolean
set_view (EngNode *node, EngShape shape, GError **error)
{
  return set_output (node, node->inputs[0]->dtype, shape, error);
}

/* Reads the wanted dimensions: 0 copies one of @in, -1 (at most once) is left open as 1. */
static gboolean
read_wanted (const EngShape *in, const int64_t *want, int n, gboolean allow_zero, EngShape *out, int *open,
             GError **error)
{
  *open = -1;
  *out = (EngShape){ .rank = n };
  for (int i = 0; i < n; i++)
    {
      out->dim[i] = want[i];
      if (want[i] == 0 && !allow_zero)
        {
          if (i >= in->rank)
            return eng_fail (error, ENG_ERROR_INVALID, "dimension %d of the new shape copies one that is not there",
                             i);
          out->dim[i] = in->dim[i];
        }
      else if (want[i] == -1 && *open >= 0)
        return eng_fail (error, ENG_ERROR_INVALID, "the new shape has more than one -1");
      else if (want[i] == -1)
        {
          *open = i;
          out->dim[i] = 1;
        }
    }
  return eng_shape_check (out, error);
}

static gboolean
reshape_shape (EngNode *node, GError **error)
{
  const int64_t *want;
  int n, open;
  EngShape out;
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_ints (node, NULL, 1, &want, &n, error))
    return FALSE;
  if (n > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the new shape has rank %d, at most %d is supported", n,
                     ENG_MAX_RANK);
  const EngShape *in = &node->inputs[0]->shape;
  if (!read_wanted (in, want, n, eng_attrs_get_int (node->attrs, "allowzero", 0) != 0, &out, &open, error))
    return FALSE;
  int64_t count = eng_shape_count (in), known = eng_shape_count (&out);
  if (open >= 0 && known > 0 && count % known == 0)
    out.dim[open] = count / known;
  else if (open >= 0 || known != count)
    {
      g_autofree char *have = eng_shape_to_string (in), *text = eng_shape_to_string (&out);
      return eng_fail (error, ENG_ERROR_INVALID, "%s cannot be reshaped to %s%s", have, text,
                       open >= 0 ? " with one dimension left open" : "");
    }
  return set_view (node, out, error);
}

static gboolean
flatten_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 1, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape;
  int64_t axis = eng_attrs_get_int (node->attrs, "axis", 1);
  if (axis < -in->rank || axis > in->rank)
    return eng_fail (error, ENG_ERROR_INVALID, "axis %" G_GINT64_FORMAT " is outside rank %d", axis, in->rank);
  int at = (int)(axis < 0 ? axis + in->rank : axis);
  return set_view (node, ENG_SHAPE (eng_shape_span (in, 0, at), eng_shape_span (in, at, in->rank)), error);
}

/* Marks the axes named by attribute (before opset 13) or input; *n = -1 when none are named. */
static gboolean
read_axes (EngNode *node, int rank, gboolean marks[ENG_MAX_RANK], int *n, GError **error)
{
  const int64_t *axes;
  gboolean by_input = node->opset >= 13;
  if (!eng_node_ints (node, by_input ? NULL : "axes", by_input ? 1 : -1, &axes, n, error))
    return FALSE;
  for (int i = 0; i < *n; i++)
    {
      int axis;
      if (!eng_node_axis (node, axes[i], rank, &axis, error))
        return FALSE;
      if (marks[axis])
        return eng_fail (error, ENG_ERROR_INVALID, "axis %d is named twice", axis);
      marks[axis] = TRUE;
    }
  return TRUE;
}

static gboolean
squeeze_shape (EngNode *node, GError **error)
{
  gboolean marks[ENG_MAX_RANK] = { FALSE };
  int n;
  if (!eng_node_need_inputs (node, 1, 2, error) || !read_axes (node, node->inputs[0]->shape.rank, marks, &n, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape;
  EngShape out = { 0 };
  for (int i = 0; i < in->rank; i++)
    {
      if (n >= 0 && marks[i] && in->dim[i] != 1)
        return eng_fail (error, ENG_ERROR_INVALID, "axis %d has length %" G_GINT64_FORMAT ", only 1 can be squeezed",
                         i, in->dim[i]);
      if (!(n < 0 ? in->dim[i] == 1 : marks[i]))
        out.dim[out.rank++] = in->dim[i];
    }
  return set_view (node, out, error);
}

static gboolean
unsqueeze_shape (EngNode *node, GError **error)
{
  gboolean marks[ENG_MAX_RANK] = { FALSE };
  const int64_t *axes;
  int n;
  gboolean by_input = node->opset >= 13;
  if (!eng_node_need_inputs (node, by_input ? 2 : 1, 2, error)
      || !eng_node_ints (node, by_input ? NULL : "axes", by_input ? 1 : -1, &axes, &n, error))
    return FALSE;
  if (n < 0)
    return eng_fail (error, ENG_ERROR_INVALID, "axes are missing");
  const EngShape *in = &node->inputs[0]->shape;
  EngShape out = { .rank = in->rank + n };
  if (out.rank > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the output has rank %d, at most %d is supported", out.rank,
                     ENG_MAX_RANK);
  if (!read_axes (node, out.rank, marks, &n, error))
    return FALSE;
  for (int i = 0, k = 0; i < out.rank; i++)
    out.dim[i] = marks[i] ? 1 : in->dim[k++];
  return set_view (node, out, error);
}

/* ---- Expand, Tile: axes that repeat ---- */

static gboolean
expand_shape (EngNode *node, GError **error)
{
  const int64_t *dim;
  int n;
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_ints (node, NULL, 1, &dim, &n, error))
    return FALSE;
  if (n > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the shape has rank %d, at most %d is supported", n, ENG_MAX_RANK);
  const EngShape *in = &node->inputs[0]->shape, want = eng_shape_from_array (dim, n);
  EngShape out;
  if (!eng_shape_check (&want, error))
    return FALSE;
  if (!eng_shape_broadcast (in, &want, &out))
    {
      g_autofree char *have = eng_shape_to_string (in), *text = eng_shape_to_string (&want);
      return eng_fail (error, ENG_ERROR_INVALID, "%s cannot be expanded to %s", have, text);
    }
  if (!eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error))
    return FALSE;
  EngStrided *s = node->priv = eng_node_priv (node, EngStrided);
  int64_t to[ENG_MAX_RANK], from[ENG_MAX_RANK];
  eng_shape_strides (&out, to);
  eng_shape_strides (in, from);
  for (int i = 0; i < out.rank; i++)
    {
      int k = i - (out.rank - in->rank);
      eng_strided_axis (s, out.dim[i], to[i], k < 0 || in->dim[k] == 1 ? 0 : from[k]);
    }
  return TRUE;
}

static gboolean
tile_shape (EngNode *node, GError **error)
{
  const int64_t *repeats;
  int n;
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_ints (node, NULL, 1, &repeats, &n, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape;
  if (n != in->rank)
    return eng_fail (error, ENG_ERROR_INVALID, "%d repeats for an input of rank %d", n, in->rank);
  EngShape out = { .rank = n };
  for (int i = 0; i < n; i++)
    if (repeats[i] < 0 || __builtin_mul_overflow (in->dim[i], repeats[i], &out.dim[i]))
      return eng_fail (error, ENG_ERROR_INVALID, "axis %d cannot be repeated %" G_GINT64_FORMAT " times", i,
                       repeats[i]);
  if (!eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error))
    return FALSE;
  EngStrided *s = node->priv = eng_node_priv (node, EngStrided);
  int64_t to[ENG_MAX_RANK], from[ENG_MAX_RANK];
  eng_shape_strides (&out, to);
  eng_shape_strides (in, from);
  for (int i = 0; i < n; i++)
    {
      eng_strided_axis (s, repeats[i], to[i] * in->dim[i], 0);
      eng_strided_axis (s, in->dim[i], to[i], from[i]);
    }
  return TRUE;
}

/* ---- the table ---- */

#define VIEW ENG_OP_VIEW | ENG_OP_MOVES

extern const EngOp eng_ops_shape[];

const EngOp eng_ops_shape[] = {
  { "Shape", 1, 21, shape_shape, shape_forward, NULL, ENG_KEEP_NONE, ENG_OP_FROM_SHAPE },
  { "Size", 1, 21, size_shape, size_forward, NULL, ENG_KEEP_NONE, ENG_OP_FROM_SHAPE },
  { "Reshape", 5, 13, reshape_shape, NULL, NULL, ENG_KEEP_NONE, VIEW, EX ("f:2x3x4 i:[0,-1]", "f:2x3x4 i:[4,3,2]") },
  { "Reshape", 14, 21, reshape_shape, NULL, NULL, ENG_KEEP_NONE, VIEW,
    EX ("f:2x3x4 i:[-1,0,2]", "f:2x3x4 i:[24] allowzero=1") },
  { "Flatten", 1, 21, flatten_shape, NULL, NULL, ENG_KEEP_NONE, VIEW,
    EX ("f:2x3x4", "f:2x3x4 axis=0", "f:2x3x4 axis=-1") },
  { "Squeeze", 1, 12, squeeze_shape, NULL, NULL, ENG_KEEP_NONE, VIEW, EX ("f:1x3x1x2", "f:1x3x1x2 axes=[0,-2]") },
  { "Squeeze", 13, 21, squeeze_shape, NULL, NULL, ENG_KEEP_NONE, VIEW, EX ("f:1x3x1x2", "f:1x3x1x2 i:[-2]") },
  { "Unsqueeze", 1, 12, unsqueeze_shape, NULL, NULL, ENG_KEEP_NONE, VIEW, EX ("f:3x2 axes=[0,2]") },
  { "Unsqueeze", 13, 21, unsqueeze_shape, NULL, NULL, ENG_KEEP_NONE, VIEW, EX ("f:3x2 i:[-1,0]") },
  { "Expand", 8, 21, expand_shape, eng_strided_forward, eng_strided_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EX ("f:3x1 i:[2,1,4]", "f:1x3 i:[5,1]", "f: i:[2,3]", "f:2x1x3x1 i:[2,4,3,5]") },
  { "Tile", 6, 21, tile_shape, eng_strided_forward, eng_strided_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EX ("f:2x3 i:[2,3]", "f:2x1x3 i:[1,4,2]") },
  { NULL },
};
