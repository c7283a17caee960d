#include "layout.h"

#include <string.h>

#define MAX_DEPTH 16

void
eng_layout_whole (EngValue *value, EngLayout *layout)
{
  *layout = (EngLayout){ .base = value, .scale = 1, .rank = value->shape.rank };
  eng_shape_strides (&value->shape, layout->stride);
  for (int i = 0; i < layout->rank; i++)
    {
      layout->size[i] = value->shape.dim[i];
      layout->first[i + 1] = i + 1;
    }
}

/* The same elements in the same order under another shape: factors are dealt out anew, and cut where need be. */
static gboolean
reshape (EngLayout *layout, const EngShape *shape)
{
  EngLayout out = *layout;
  int from = 0, n = layout->first[layout->rank], to = 0;
  int64_t size = 1, stride = 0; /* what is left of the factor at hand */
  out.rank = shape->rank;
  for (int axis = 0; axis < shape->rank; axis++)
    {
      int64_t want = shape->dim[axis];
      out.first[axis] = to;
      while (want > 1)
        {
          while (size == 1 && from < n)
            {
              size = layout->size[from];
              stride = layout->stride[from++];
            }
          int64_t part = size > 1 && want % size == 0 ? size : want;
          if (size < 2 || size % part || to == ENG_LAYOUT_FACTORS)
            return FALSE;
          size /= part;
          want /= part;
          out.size[to] = part;
          out.stride[to++] = stride * size;
        }
      if (want != 1)
        return FALSE; /* empty */
    }
  out.first[out.rank] = to;
  *layout = out;
  return TRUE;
}

/* Axis i of the result is axis @axis[i]. */
static gboolean
permute (EngLayout *layout, const int *axis, int rank)
{
  EngLayout out = *layout;
  int to = 0;
  for (int i = 0; i < rank; i++)
    {
      out.first[i] = to;
      for (int k = layout->first[axis[i]]; k < layout->first[axis[i] + 1]; k++)
        {
          out.size[to] = layout->size[k];
          out.stride[to++] = layout->stride[k];
        }
    }
  out.first[rank] = to;
  out.rank = rank;
  *layout = out;
  return TRUE;
}

gboolean
eng_layout_stride (const EngLayout *layout, int axis, int64_t *stride)
{
  int64_t next = -1; /* what the stride of the factor before must be */
  *stride = 0;
  for (int k = layout->first[axis + 1]; k-- > layout->first[axis];)
    {
      if (layout->size[k] == 1)
        continue;
      if (next >= 0 && layout->stride[k] != next)
        return FALSE;
      if (next < 0)
        *stride = layout->stride[k];
      next = layout->stride[k] * layout->size[k];
    }
  return TRUE;
}

/* Elements @start on, @size of them, along @axis. */
static gboolean
cut (EngLayout *layout, int axis, int64_t start, int64_t size)
{
  int64_t stride;
  int first = layout->first[axis], gone = layout->first[axis + 1] - first - 1, n = layout->first[layout->rank];
  if (size < 1 || !eng_layout_stride (layout, axis, &stride))
    return FALSE;
  if (gone < 0) /* the axis has length one */
    return start == 0 && size == 1;
  layout->offset += start * stride;
  layout->size[first] = size;
  layout->stride[first] = stride;
  for (int k = first + 1; k + gone < n; k++)
    {
      layout->size[k] = layout->size[k + gone];
      layout->stride[k] = layout->stride[k + gone];
    }
  for (int i = axis + 1; i <= layout->rank; i++)
    layout->first[i] -= gone;
  return TRUE;
}

static gboolean
is_transpose (const EngNode *node, int *axis)
{
  int n, rank = node->inputs[0]->shape.rank;
  const int64_t *perm = eng_attrs_get_ints (node->attrs, "perm", &n);
  if (!eng_node_is (node, "Transpose"))
    return FALSE;
  for (int i = 0; i < rank; i++)
    {
      axis[i] = perm ? (int)perm[i] : rank - 1 - i;
      axis[i] += axis[i] < 0 ? rank : 0;
    }
  return TRUE;
}

static gboolean
is_view (const EngNode *node)
{
  return (node->op->flags & ENG_OP_VIEW) != 0;
}

gboolean
eng_node_is_move (const EngNode *node)
{
  return node && (is_view (node) || eng_node_is (node, "Transpose"));
}

gboolean
eng_layout_before (const EngNode *node, EngLayout *layout)
{
  int axis[ENG_MAX_RANK], back[ENG_MAX_RANK], rank = node->inputs[0]->shape.rank;
  if (is_view (node))
    return reshape (layout, &node->inputs[0]->shape);
  if (!is_transpose (node, axis))
    return FALSE;
  for (int i = 0; i < rank; i++)
    back[axis[i]] = i;
  return permute (layout, back, rank);
}

static int
axis_of (const EngNode *node)
{
  int64_t axis = eng_attrs_get_int (node->attrs, "axis", 0);
  return (int)(axis < 0 ? axis + node->inputs[0]->shape.rank : axis);
}

/* One index of an axis, which then goes or has length one. */
static gboolean
gather (const EngFuse *fuse, const EngNode *node, EngLayout *layout)
{
  const EngValue *index = node->inputs[1];
  int axis = axis_of (node);
  int64_t n = node->inputs[0]->shape.dim[axis];
  if (!eng_fuse_is_fixed (fuse, index) || eng_tensor_count (index->constant) != 1)
    return FALSE;
  int64_t at = index->constant->i[0] + (index->constant->i[0] < 0 ? n : 0);
  return at >= 0 && at < n && cut (layout, axis, at, 1) && reshape (layout, &node->outputs[0]->shape);
}

/* Steps of one, from opset 10 on: starts and axes are inputs. */
static gboolean
slice (const EngFuse *fuse, const EngNode *node, EngLayout *layout)
{
  const EngShape *in = &node->inputs[0]->shape, *out = &node->outputs[0]->shape;
  if (node->opset < 10)
    return FALSE;
  for (int i = 1; i < node->n_inputs; i++)
    if (node->inputs[i] && !eng_fuse_is_fixed (fuse, node->inputs[i]))
      return FALSE;
  const EngTensor *starts = node->inputs[1]->constant;
  const EngTensor *axes = eng_node_has_input (node, 3) ? node->inputs[3]->constant : NULL;
  const EngTensor *steps = eng_node_has_input (node, 4) ? node->inputs[4]->constant : NULL;
  for (int64_t i = 0; i < eng_tensor_count (starts); i++)
    {
      int axis = (int)(axes ? axes->i[i] : i);
      axis += axis < 0 ? in->rank : 0;
      int64_t n = in->dim[axis], start = starts->i[i] + (starts->i[i] < 0 ? n : 0);
      if ((steps && steps->i[i] != 1) || !cut (layout, axis, CLAMP (start, 0, n), out->dim[axis]))
        return FALSE;
    }
  return TRUE;
}

static gboolean
split (const EngNode *node, const EngValue *part, EngLayout *layout)
{
  int axis = axis_of (node);
  int64_t start = 0;
  for (int i = 0; i < part->producer_output; i++)
    start += node->outputs[i]->shape.dim[axis];
  return cut (layout, axis, start, part->shape.dim[axis]);
}

static gboolean
scale (const EngFuse *fuse, const EngNode *node, int at, EngLayout *layout)
{
  float number;
  if (!eng_fuse_number (fuse, node->inputs[1 - at], &number))
    return FALSE;
  layout->scale *= eng_node_is (node, "Div") ? 1 / number : number;
  return reshape (layout, &node->outputs[0]->shape);
}

/* From the layout of input @at of @node to that of its output @value. */
static gboolean
step (const EngFuse *fuse, const EngNode *node, int at, const EngValue *value, EngLayout *layout)
{
  int axis[ENG_MAX_RANK];
  if (is_view (node))
    return value == node->outputs[0] && reshape (layout, &value->shape);
  if (is_transpose (node, axis))
    return permute (layout, axis, value->shape.rank);
  if (eng_node_is (node, "Gather"))
    return gather (fuse, node, layout);
  if (eng_node_is (node, "Slice"))
    return slice (fuse, node, layout);
  if (eng_node_is (node, "Split"))
    return split (node, value, layout);
  return scale (fuse, node, at, layout);
}

static gboolean
is_scaling (const EngFuse *fuse, const EngNode *node, int *at)
{
  float number;
  *at = eng_node_is (node, "Mul") && eng_fuse_number (fuse, node->inputs[0], &number) ? 1 : 0;
  return (eng_node_is (node, "Mul") || eng_node_is (node, "Div"))
         && eng_fuse_number (fuse, node->inputs[1 - *at], &number);
}

static void
trace (const EngFuse *fuse, EngValue *value, gboolean scaled, int depth, EngLayout *layout)
{
  EngNode *node = depth < MAX_DEPTH && eng_fuse_passes (fuse, value) ? eng_fuse_producer (fuse, value, NULL) : NULL;
  int at = 0;
  gboolean moves = eng_node_is_move (node) || eng_node_is (node, "Gather") || eng_node_is (node, "Slice")
                   || eng_node_is (node, "Split") || (node && scaled && is_scaling (fuse, node, &at));
  if (moves && eng_dtype_is_float (value->dtype))
    {
      trace (fuse, node->inputs[at], scaled, depth + 1, layout);
      if (step (fuse, node, at, value, layout))
        return;
    }
  eng_layout_whole (value, layout);
}

void
eng_layout_trace (const EngFuse *fuse, EngValue *value, gboolean scaled, EngLayout *layout)
{
  trace (fuse, value, scaled, 0, layout);
}

void
eng_layout_offsets (const EngLayout *layout, int axis, int64_t *offsets)
{
  int64_t n = 1;
  offsets[0] = layout->offset;
  for (int k = 0; k < layout->first[axis]; k++)
    {
      /* From the last on, since what is read lies before what is written. */
      for (int64_t i = n; i-- > 0;)
        for (int64_t j = layout->size[k]; j-- > 0;)
          offsets[i * layout->size[k] + j] = offsets[i] + j * layout->stride[k];
      n *= layout->size[k];
    }
}
