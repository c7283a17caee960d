/* Layer normalization written out: (x - mean) / sqrt (mean of (x - mean)^2 + epsilon) * scale + shift, means over
 * the last axes. Becomes the operator LayerNormalization. */
#include "../fuse.h"

/* The axis from which on @mean is a mean over @x: there its sizes are 1. -1: it is none. */
static int
mean_axis (const EngValue *mean, const EngValue *x)
{
  const EngShape *m = &mean->shape, *s = &x->shape;
  int axis = 0;
  if (m->rank != s->rank)
    return -1;
  for (; axis < s->rank && m->dim[axis] == s->dim[axis]; axis++)
    ;
  for (int i = axis; i < s->rank; i++)
    if (m->dim[i] != 1)
      return -1;
  return axis < s->rank ? axis : -1;
}

/* @value as x minus its mean. */
static gboolean
read_centred (const EngFuse *fuse, EngGroup *group, const EngValue *value, EngValue **x, int *axis)
{
  EngNode *difference = eng_fuse_take (fuse, group, value, "Sub");
  EngNode *mean = difference ? eng_fuse_take (fuse, group, difference->inputs[1], "ReduceMean") : NULL;
  if (!mean || mean->inputs[0] != difference->inputs[0])
    return FALSE;
  *x = mean->inputs[0];
  *axis = mean_axis (mean->outputs[0], *x);
  return *axis >= 0;
}

static gboolean
read_square (const EngFuse *fuse, EngGroup *group, const EngValue *value, const EngValue **of)
{
  EngNode *node = eng_fuse_take (fuse, group, value, NULL);
  float exponent;
  if (!node)
    return FALSE;
  *of = node->inputs[0];
  return eng_node_is (node, "Mul")
             ? node->inputs[1] == *of
             : eng_node_is (node, "Pow") && eng_fuse_number (fuse, node->inputs[1], &exponent) && exponent == 2;
}

/* @value as the root of variance + epsilon. */
static gboolean
read_deviation (const EngFuse *fuse, EngGroup *group, const EngValue *value, const EngValue *x, int axis,
                float *epsilon)
{
  EngNode *root = eng_fuse_take (fuse, group, value, "Sqrt");
  EngNode *sum = root ? eng_fuse_take (fuse, group, root->inputs[0], "Add") : NULL;
  for (int i = 0; sum && i < 2; i++)
    if (eng_fuse_number (fuse, sum->inputs[1 - i], epsilon))
      {
        EngNode *variance = eng_fuse_take (fuse, group, sum->inputs[i], "ReduceMean");
        const EngValue *centred;
        EngValue *of;
        int of_axis;
        return variance && mean_axis (variance->outputs[0], x) == axis
               && read_square (fuse, group, variance->inputs[0], &centred)
               && read_centred (fuse, group, centred, &of, &of_axis) && of == x && of_axis == axis;
      }
  return FALSE;
}

static gboolean
match (const EngFuse *fuse, EngNode *last, EngGroup *group)
{
  if (!eng_node_is (last, "Add"))
    return FALSE;
  for (int i = 0; i < 4; i++, group->n_nodes = 1)
    {
      EngValue *shift = last->inputs[i % 2], *x;
      EngNode *product = eng_fuse_take (fuse, group, last->inputs[1 - i % 2], "Mul");
      EngValue *scale = product ? product->inputs[i / 2] : NULL;
      EngNode *quotient = product ? eng_fuse_take (fuse, group, product->inputs[1 - i / 2], "Div") : NULL;
      int axis;
      float epsilon;
      if (!quotient || !read_centred (fuse, group, quotient->inputs[0], &x, &axis)
          || !read_deviation (fuse, group, quotient->inputs[1], x, axis, &epsilon)
          || !eng_fuse_is_row (scale, &x->shape, axis) || !eng_fuse_is_row (shift, &x->shape, axis))
        continue;
      group->op = eng_op_find ("LayerNormalization", ENG_OPSET_MAX, NULL);
      group->attrs = eng_attrs_float (eng_attrs_int (eng_attrs_new (), "axis", axis), "epsilon", epsilon);
      group->input[0] = x;
      group->input[1] = scale;
      group->input[2] = shift;
      group->n_inputs = 3;
      return TRUE;
    }
  return FALSE;
}

const EngFusion eng_fusion_layer_norm = { "layer normalization", match };
