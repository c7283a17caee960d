/* Nodes of several opsets in one file: an explainer joins a model's nodes to newer ones. A file has
 * one opset, so older nodes are written in the form that the newest has. Most operators only gained
 * types; the table names those whose form changed, and their last version before the change.
 * https://github.com/onnx/onnx/blob/main/docs/Changelog.md */
#include "onnx-private.h"

#include <math.h>
#include <string.h>

static void
drop (OnnxUpgrade *u, const char *attr)
{
  g_ptr_array_add (u->dropped, (gpointer)attr);
}

/* From here on the inputs are written as listed in map and inputs. */
static void
own_inputs (OnnxUpgrade *u, int n)
{
  u->n_inputs = n;
  for (int i = 0; i < n; i++)
    u->map[i] = i < u->node->n_inputs ? i : -1;
}

static void
ints_to_input (OnnxUpgrade *u, const char *attr, int input)
{
  int n;
  const int64_t *v = eng_attrs_get_ints (u->attrs, attr, &n);
  if (v)
    u->inputs[input] = eng_tensor_new_ints (v, n);
  drop (u, attr);
}

static void
float_to_input (OnnxUpgrade *u, const char *attr, int input)
{
  if (eng_attrs_has (u->attrs, attr))
    u->inputs[input] = eng_tensor_new_scalar (eng_attrs_get_float (u->attrs, attr, 0));
  drop (u, attr);
}

static gboolean
axes_to_input (OnnxUpgrade *u, GError **error)
{
  own_inputs (u, 2);
  ints_to_input (u, "axes", 1);
  return TRUE;
}

static gboolean
slice_to_inputs (OnnxUpgrade *u, GError **error)
{
  own_inputs (u, 4);
  ints_to_input (u, "starts", 1);
  ints_to_input (u, "ends", 2);
  ints_to_input (u, "axes", 3);
  return TRUE;
}

static gboolean
pad_to_inputs (OnnxUpgrade *u, GError **error)
{
  own_inputs (u, 3);
  ints_to_input (u, "pads", 1);
  float_to_input (u, "value", 2);
  return TRUE;
}

static gboolean
clip_to_inputs (OnnxUpgrade *u, GError **error)
{
  own_inputs (u, 3);
  float_to_input (u, "min", 1);
  float_to_input (u, "max", 2);
  return TRUE;
}

/* The sizes are known here, whatever the old form left to be guessed. */
static gboolean
split_to_inputs (OnnxUpgrade *u, GError **error)
{
  const EngNode *node = u->node;
  int64_t axis = eng_attrs_get_int (u->attrs, "axis", 0);
  int rank = node->inputs[0]->shape.rank;
  g_autofree int64_t *sizes = g_new (int64_t, node->n_outputs);
  axis += axis < 0 ? rank : 0;
  for (int i = 0; i < node->n_outputs; i++)
    sizes[i] = node->outputs[i]->shape.dim[axis];
  own_inputs (u, 2);
  u->inputs[1] = eng_tensor_new_ints (sizes, node->n_outputs);
  drop (u, "split");
  drop (u, "num_outputs");
  return TRUE;
}

/* Before opset 13 Softmax ran over all dimensions from axis on, 1 by default. */
static gboolean
softmax_axis (OnnxUpgrade *u, GError **error)
{
  const EngShape *shape = &u->node->inputs[0]->shape;
  int64_t axis = eng_attrs_get_int (u->attrs, "axis", 1), last;
  axis += axis < 0 ? shape->rank : 0;
  for (last = axis; last < shape->rank - 1 && shape->dim[last] == 1; last++)
    ;
  for (int64_t i = last + 1; i < shape->rank; i++)
    if (shape->dim[i] != 1)
      return eng_fail (error, ENG_ERROR_UNSUPPORTED, "its old form, over several dimensions, cannot be written");
  eng_attrs_int (u->attrs, "axis", last);
  return TRUE;
}

static void
old_resize_attrs (OnnxUpgrade *u)
{
  eng_attrs_string (u->attrs, "coordinate_transformation_mode", "asymmetric");
  eng_attrs_string (u->attrs, "nearest_mode", "floor");
}

/* Resize of opset 10 and Upsample of 9 have X, scales; Resize since 11 X, roi, scales. */
static gboolean
resize_inputs (OnnxUpgrade *u, GError **error)
{
  own_inputs (u, 3);
  u->map[2] = u->map[1];
  u->map[1] = -1;
  u->op = "Resize";
  old_resize_attrs (u);
  return TRUE;
}

static gboolean
upsample_to_resize (OnnxUpgrade *u, GError **error)
{
  int n;
  const float *scales = eng_attrs_get_floats (u->attrs, "scales", &n);
  own_inputs (u, 3);
  u->map[1] = u->map[2] = -1;
  EngShape shape = ENG_SHAPE ((int64_t)n);
  u->inputs[2] = eng_tensor_new_floats (scales, &shape);
  u->op = "Resize";
  drop (u, "scales");
  old_resize_attrs (u);
  return TRUE;
}

/* Scale and bias went from one per group to one per channel. */
static gboolean
group_to_channel (OnnxUpgrade *u, GError **error)
{
  const EngNode *node = u->node;
  int64_t groups = eng_attrs_get_int (u->attrs, "num_groups", 1), channels = node->inputs[0]->shape.dim[1];
  EngShape shape = ENG_SHAPE (channels);
  own_inputs (u, 3);
  for (int k = 1; k < 3; k++)
    {
      const EngTensor *old = node->inputs[k]->constant;
      if (!old)
        return eng_fail (error, ENG_ERROR_UNSUPPORTED, "its old form, with computed scales, cannot be written");
      const float *values = u->constants ? g_hash_table_lookup (u->constants, node->inputs[k]) : NULL;
      u->inputs[k] = eng_tensor_new (old->dtype, &shape);
      for (int64_t c = 0; c < channels; c++)
        u->inputs[k]->f[c] = (values ? values : old->f)[c / (channels / groups)];
    }
  return TRUE;
}

static gboolean
drop_spatial (OnnxUpgrade *u, GError **error)
{
  drop (u, "spatial");
  return TRUE;
}

static gboolean
drop_ratio (OnnxUpgrade *u, GError **error)
{
  own_inputs (u, 1);
  drop (u, "ratio");
  return TRUE;
}

static const struct
{
  const char *op;
  int until; /* the last opset of the old form */
  gboolean (*func) (OnnxUpgrade *u, GError **error);
} changes[] = {
  { "BatchNormalization", 8, drop_spatial },
  { "Clip", 10, clip_to_inputs },
  { "Dropout", 11, drop_ratio },
  { "GroupNormalization", 20, group_to_channel },
  { "LogSoftmax", 12, softmax_axis },
  { "Pad", 10, pad_to_inputs },
  { "ReduceL1", 17, axes_to_input },
  { "ReduceL2", 17, axes_to_input },
  { "ReduceLogSum", 17, axes_to_input },
  { "ReduceLogSumExp", 17, axes_to_input },
  { "ReduceMax", 17, axes_to_input },
  { "ReduceMean", 17, axes_to_input },
  { "ReduceMin", 17, axes_to_input },
  { "ReduceProd", 17, axes_to_input },
  { "ReduceSum", 12, axes_to_input },
  { "ReduceSumSquare", 17, axes_to_input },
  { "Resize", 10, resize_inputs },
  { "Slice", 9, slice_to_inputs },
  { "Softmax", 12, softmax_axis },
  { "Split", 12, split_to_inputs },
  { "Split", 17, split_to_inputs },
  { "Squeeze", 12, axes_to_input },
  { "Unsqueeze", 12, axes_to_input },
  { "Upsample", 8, upsample_to_resize },
  { "Upsample", 9, resize_inputs },
};

void
eng_onnx_upgrade_clear (OnnxUpgrade *self)
{
  g_clear_pointer (&self->attrs, eng_attrs_free);
  g_clear_pointer (&self->dropped, g_ptr_array_unref);
  for (gsize i = 0; i < G_N_ELEMENTS (self->inputs); i++)
    g_clear_pointer (&self->inputs[i], eng_tensor_unref);
}

gboolean
eng_onnx_upgrade (OnnxUpgrade *self, const EngNode *node, int opset, GHashTable *constants, GError **error)
{
  *self = (OnnxUpgrade){ .node = node, .constants = constants, .op = node->op->name, .n_inputs = -1 };
  self->attrs = eng_attrs_copy (node->attrs);
  self->dropped = g_ptr_array_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    if (strcmp (changes[i].op, node->op->name) == 0 && node->opset <= changes[i].until && opset > changes[i].until)
      {
        if (changes[i].func (self, error))
          return TRUE;
        g_prefix_error (error, "node %s (%s): ", node->name, node->op->name);
        return FALSE;
      }
  return TRUE;
}
