/* Parts of losses over masks, of ONNX operators. */
#include "mask-loss.h"

#include <math.h>

EngValue *
eng_mask_mean (EngNet *net, EngValue *x, GError **error)
{
  int64_t axes[ENG_MAX_RANK];
  for (int i = 1; x && i < x->shape.rank; i++)
    axes[i - 1] = i;
  return x ? eng_net_reduce (net, "ReduceMean", x, axes, x->shape.rank - 1, FALSE, error) : NULL;
}

static EngValue *
scaled (EngNet *net, EngValue *x, double by, GError **error)
{
  return eng_net_op (net, error, "Mul", x, eng_net_scalar (net, by));
}

static EngValue *
sum_over (EngNet *net, EngValue *x, int64_t axis, gboolean keep, GError **error)
{
  return eng_net_reduce (net, "ReduceSum", x, &axis, 1, keep, error);
}

EngValue *
eng_mask_multi_label (EngNet *net, EngValue *logits, EngValue *target, GError **error)
{
  /* - y ln sigmoid (z) - (1 - y) ln (1 - sigmoid (z)) = softplus (z) - y z */
  EngValue *all = eng_net_op (net, error, "Softplus", logits, NULL);
  EngValue *own = eng_net_op (net, error, "Mul", logits, target);
  return eng_mask_mean (net, eng_net_op (net, error, "Sub", all, own), error);
}

EngValue *
eng_mask_single_label (EngNet *net, EngValue *logits, EngValue *target, GError **error)
{
  EngValue *share = eng_net_op (net, error, "Div", target, sum_over (net, target, 1, TRUE, error));
  EngValue *v = eng_net_op (net, error, "Mul", eng_net_softmax (net, logits, 1, TRUE, error), share);
  return scaled (net, sum_over (net, v, 1, FALSE, error), -1, error);
}

EngValue *
eng_mask_negative_entropy (EngNet *net, EngValue *logits, GError **error)
{
  EngValue *p = eng_net_softmax (net, logits, 1, FALSE, error),
           *log_p = eng_net_softmax (net, logits, 1, TRUE, error);
  return eng_mask_mean (net, eng_net_op (net, error, "Mul", p, log_p), error);
}

/* @x from place @from on along @axis, @n elements. */
static EngValue *
part (EngNet *net, EngValue *x, int axis, int64_t from, int64_t n, GError **error)
{
  return eng_graph_op (net->graph, error, "Slice", NULL, 4, x, eng_net_ints (net, (int64_t[]){ from }, 1),
                       eng_net_ints (net, (int64_t[]){ from + n }, 1), eng_net_ints (net, (int64_t[]){ axis }, 1));
}

/* Mean over the pixels of |x - its neighbour along @axis|; the last has the one before it for a neighbour. */
static EngValue *
variation_along (EngNet *net, EngValue *x, int axis, GError **error)
{
  int64_t n = x->shape.dim[axis];
  if (n < 2)
    return eng_mask_mean (net, scaled (net, x, 0, error), error);
  EngValue *step =
      eng_net_op (net, error, "Sub", part (net, x, axis, 0, n - 1, error), part (net, x, axis, 1, n - 1, error));
  step = eng_net_op (net, error, "Abs", step, NULL);
  EngValue *inner = scaled (net, eng_mask_mean (net, step, error), (double)(n - 1) / (double)n, error);
  EngValue *border = eng_mask_mean (net, part (net, step, axis, n - 2, 1, error), error);
  return eng_net_op (net, error, "Add", inner, scaled (net, border, 1 / (double)n, error));
}

EngValue *
eng_mask_total_variation (EngNet *net, EngValue *mask, GError **error)
{
  if (!mask)
    return NULL;
  EngValue *along_rows = variation_along (net, mask, 3, error), *along_cols = variation_along (net, mask, 2, error);
  return eng_net_op (net, error, "Add", along_rows, along_cols);
}

EngValue *
eng_mask_area_bound (EngNet *net, EngValue *masks, double least, double most, GError **error)
{
  if (!masks)
    return NULL;
  int64_t n = masks->shape.dim[1];
  /* The small sum is for bounds like 0.3, which times N may come out just below a whole number. */
  int64_t low = (int64_t)floor ((double)n * least + 1e-9), high = (int64_t)floor ((double)n * most + 1e-9);
  EngValue *top[2];
  if (!eng_graph_add_node (net->graph, "TopK", 11, NULL, eng_attrs_int (eng_attrs_new (), "axis", 1),
                           (EngValue *[]){ masks, eng_net_ints (net, (int64_t[]){ MAX (low, high) }, 1) }, 2, NULL,
                           top, 2, error))
    return NULL;
  /* What lies beyond the upper bound is all less those within. */
  EngValue *beyond = eng_net_op (net, error, "Sub", sum_over (net, masks, 1, FALSE, error),
                                 sum_over (net, part (net, top[0], 1, 0, high, error), 1, FALSE, error));
  EngValue *within = sum_over (net, part (net, top[0], 1, 0, low, error), 1, FALSE, error);
  EngValue *v = eng_net_op (net, error, "Sub", beyond, within);
  v = eng_net_op (net, error, "Add", v, eng_net_scalar (net, (double)low));
  return scaled (net, v, 1 / (double)n, error);
}
