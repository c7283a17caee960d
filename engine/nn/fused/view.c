/* A Transpose after which, with what comes before it, all elements lie where they lay: of axes of length one, or the
 * second of two that cancel. Costs nothing any more. */
#include "layout.h"

static gboolean
view_shape (EngNode *node, GError **error)
{
  int rank;
  const int64_t *dim = eng_attrs_get_ints (node->attrs, "shape", &rank);
  EngShape shape = eng_shape_from_array (dim, rank);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &shape, error);
}

static const EngOp view_op = {
  "View", 1, ENG_OPSET_MAX, view_shape, NULL, NULL, ENG_KEEP_NONE, ENG_OP_VIEW, NULL,
};

static gboolean
is_whole (const EngLayout *layout)
{
  int64_t n = 1;
  for (int k = layout->first[layout->rank]; k-- > 0;)
    {
      if (layout->size[k] > 1 && layout->stride[k] != n)
        return FALSE;
      n *= layout->size[k];
    }
  return layout->offset == 0 && n == eng_shape_count (&layout->base->shape);
}

static gboolean
match (const EngFuse *fuse, EngNode *last, EngGroup *group)
{
  EngLayout layout;
  EngValue *y = last->outputs[0];
  if (!eng_node_is (last, "Transpose"))
    return FALSE;
  eng_layout_trace (fuse, y, FALSE, &layout);
  if (layout.base == y || !is_whole (&layout))
    return FALSE;
  group->op = &view_op;
  group->attrs = eng_attrs_ints (eng_attrs_new (), "shape", y->shape.dim, y->shape.rank);
  group->input[group->n_inputs++] = layout.base;
  return TRUE;
}

const EngFusion eng_fusion_view = { "view", match };
