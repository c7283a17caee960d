/* A convolution and what is done to each of its numbers: BatchNormalization of fixed parameters (a factor and a
 * summand per channel), then Relu or Clip. Bounds alone are the kernels' affair; behind factors the output is walked
 * over once, while it is in the cache. Where the kernels can, what a residual net adds before the bounds (He et al.,
 * CVPR 2016) goes with them: input 3, whose memory the output takes over if nobody else needs it.
 *
 * The walk back reads the output alone: where it lies between the bounds, the gradient passes. At a bound exactly it
 * is 0, as that of Relu and of PyTorch's ReLU6 is; that of Clip by itself is 1 there. */
#include "../../kernels/clones.h"
#include "../../kernels/vector.h"
#include "../fuse.h"
#include "../ops/conv.h"

#include <math.h>
#include <string.h>

/* Rows of one channel, or, where the output lies channels-last, of a number of every channel. */
typedef struct
{
  int64_t rows, length, channels;
  float bounds[2];
  const float *factor, *summand; /* per channel; NULL: none */
  gboolean last, is_short;
  float *y, *dy;
  const guint16 *y_short; /* instead of y: bfloat16 */
} After;

static After
read_after (const EngNode *node, const EngPass *pass)
{
  const EngShape *y = &node->outputs[0]->shape;
  After a = { .channels = y->dim[1], .length = eng_shape_span (y, 2, y->rank) };
  int n;
  a.is_short = eng_is_short (pass, node->outputs[0]);
  a.y = a.is_short ? NULL : eng_out_f (pass, node, 0);
  a.y_short = a.is_short ? eng_out (pass, node, 0) : NULL;
  a.rows = y->dim[0] * a.channels;
  a.last = eng_is_channels_last (pass, node->outputs[0]);
  if (a.last)
    {
      a.rows = y->dim[0] * a.length;
      a.length = a.channels;
    }
  a.bounds[0] = eng_attrs_get_float (node->attrs, "low", -INFINITY);
  a.bounds[1] = eng_attrs_get_float (node->attrs, "high", INFINITY);
  a.factor = eng_attrs_get_floats (node->attrs, "factor", &n);
  a.summand = eng_attrs_get_floats (node->attrs, "summand", &n);
  return a;
}

ENG_CLONES static void
scale_row (float *y, const float *factor, const float *summand, int64_t n)
{
  ENG_SIMD_LOOP (n) y[i] = factor[i] * y[i] + summand[i];
}

ENG_CLONES static void
pass_back (float *dy, const float *y, float factor, float low, float high, int64_t n)
{
  ENG_SIMD_LOOP (n) dy[i] = (y[i] > low) & (y[i] < high) ? factor * dy[i] : 0;
}

/* Of a Relu: @y is a bfloat16 above 0. */
ENG_CLONES static void
pass_back_short (float *dy, const guint16 *y, int64_t n)
{
  ENG_SIMD_LOOP (n) dy[i] = (gint16)y[i] > 0 ? dy[i] : 0;
}

static void
forward_rows (int64_t begin, int64_t end, gpointer data)
{
  const After *a = data;
  for (int64_t i = begin; i < end; i++)
    {
      float *y = a->y + i * a->length;
      int64_t c = i % a->channels;
      if (a->last)
        scale_row (y, a->factor, a->summand, a->length);
      else
        eng_vec_scale_shift (y, y, a->factor[c], a->summand[c], a->length);
      eng_vec_bound (y, y, a->bounds[0], a->bounds[1], a->length);
    }
}

static void
backward_rows (int64_t begin, int64_t end, gpointer data)
{
  const After *a = data;
  for (int64_t i = begin; i < end; i++)
    {
      int64_t at = i * a->length;
      float factor = a->factor && !a->last ? a->factor[i % a->channels] : 1;
      if (a->is_short)
        pass_back_short (a->dy + at, a->y_short + at, a->length);
      else
        pass_back (a->dy + at, a->y + at, factor, a->bounds[0], a->bounds[1], a->length);
      if (a->factor && a->last)
        eng_vec_mul (a->dy + at, a->dy + at, a->factor, a->length);
    }
}

static const EngOp *
convolution (void)
{
  return eng_op_find ("Conv", ENG_OPSET_MAX, NULL);
}

static gboolean
after_shape (EngNode *node, GError **error)
{
  return convolution ()->shape (node, error);
}

static void
after_forward (const EngNode *node, EngPass *pass)
{
  After a = read_after (node, pass);
  eng_conv_forward (node, pass, FALSE, a.factor ? NULL : a.bounds);
  if (a.factor)
    eng_parallel (a.rows, 0.15 * (double)a.length + 3, forward_rows, &a);
}

static void
after_backward (const EngNode *node, EngPass *pass)
{
  After a = read_after (node, pass);
  a.dy = eng_grad_out_spent (pass, node);
  if (!a.dy)
    return;
  eng_parallel (a.rows, 0.2 * (double)a.length + 3, backward_rows, &a);
  eng_conv_backward (node, pass, a.dy);
}

static gboolean
after_channels_last (const EngNode *node)
{
  return convolution ()->channels_last (node);
}

/* The output: what is short is not walked over, and must still tell a gradient whether it passes: the sign survives
 * rounding, what lies close to another bound becomes it. */
static gboolean
after_takes_short (const EngNode *node, const EngPass *pass, int i)
{
  After a = read_after (node, pass);
  gboolean back = pass->flags[node->outputs[0]->id] & PASS_FLOW, relu = a.bounds[0] == 0 && a.bounds[1] == INFINITY;
  return (i >= 0 || (!a.factor && (relu || !back))) && eng_conv_takes_short (node, pass, i);
}

static const EngOp after_op = {
  "Conv+",
  1,
  ENG_OPSET_MAX,
  after_shape,
  after_forward,
  after_backward,
  ENG_KEEP_CROSS | ENG_KEEP_OUT_0,
  ENG_OP_BRINGS | ENG_OP_SPENDS,
  NULL,
  after_channels_last,
  after_takes_short,
  eng_conv_takes_tiles,
};

/* ---- with what is added ---- */

static gboolean
sum_shape (EngNode *node, GError **error)
{
  int n = node->n_inputs;
  node->n_inputs = 3; /* Conv knows no more */
  gboolean ok = convolution ()->shape (node, error);
  node->n_inputs = n;
  return ok;
}

typedef struct
{
  float *to;
  const float *from;
  gboolean adds;
} Move;

static void
move_piece (int64_t begin, int64_t end, gpointer data)
{
  const Move *m = data;
  if (m->adds)
    eng_vec_accumulate (m->to + begin, m->from + begin, end - begin);
  else
    memcpy (m->to + begin, m->from + begin, sizeof *m->to * (gsize)(end - begin));
}

static void
move (const EngNode *node, float *to, const float *from, gboolean adds)
{
  Move m = { to, from, adds };
  eng_parallel (eng_shape_count (&node->outputs[0]->shape), 0.3, move_piece, &m);
}

static void
sum_forward (const EngNode *node, EngPass *pass)
{
  After a = read_after (node, pass);
  if (eng_in_f (pass, node, 3) != a.y)
    move (node, a.y, eng_in_f (pass, node, 3), FALSE);
  eng_conv_forward (node, pass, TRUE, a.bounds);
}

static void
sum_backward (const EngNode *node, EngPass *pass)
{
  After a = read_after (node, pass);
  gboolean fresh;
  a.dy = eng_grad_out_spent (pass, node);
  if (!a.dy)
    return;
  eng_parallel (a.rows, 0.2 * (double)a.length + 3, backward_rows, &a);
  float *d = eng_grad_in_fresh (pass, node, 3, &fresh);
  if (d)
    move (node, d, a.dy, !fresh);
  eng_conv_backward (node, pass, a.dy);
}

/* Sums of rounded numbers would be others: what is added and the output stay float32. */
static gboolean
sum_takes_short (const EngNode *node, const EngPass *pass, int i)
{
  return i == 0 && eng_conv_takes_short (node, pass, i);
}

static const EngOp sum_op = {
  "Conv+Add",
  1,
  ENG_OPSET_MAX,
  sum_shape,
  sum_forward,
  sum_backward,
  ENG_KEEP_CROSS | ENG_KEEP_OUT_0,
  ENG_OP_BRINGS | ENG_OP_SPENDS | ENG_OP_SUMMAND,
  NULL,
  after_channels_last,
  sum_takes_short,
  eng_conv_takes_tiles,
};

/* Bounds of Relu or Clip, if fixed. */
static gboolean
read_bounds (const EngFuse *fuse, const EngNode *node, float *low, float *high)
{
  *low = eng_node_is (node, "Relu") ? 0 : -INFINITY;
  *high = INFINITY;
  if (eng_node_is (node, "Relu"))
    return TRUE;
  if (!eng_node_is (node, "Clip"))
    return FALSE;
  if (node->opset < 11)
    {
      *low = eng_attrs_get_float (node->attrs, "min", *low);
      *high = eng_attrs_get_float (node->attrs, "max", *high);
    }
  else
    for (int i = 1; i < node->n_inputs; i++)
      if (node->inputs[i] && !eng_fuse_number (fuse, node->inputs[i], i == 1 ? low : high))
        return FALSE;
  return TRUE;
}

/* scale (z - mean) / sqrt (variance + epsilon) + bias as factor and summand. */
static gboolean
read_normalization (const EngFuse *fuse, const EngNode *node, EngAttrs *attrs)
{
  int64_t channels = node->outputs[0]->shape.dim[1];
  const float *p[5] = { NULL };
  for (int i = 1; i < 5; i++)
    {
      if (!eng_fuse_is_fixed (fuse, node->inputs[i]))
        return FALSE;
      p[i] = node->inputs[i]->constant->f;
    }
  g_autofree float *factor = g_new (float, channels), *summand = g_new (float, channels);
  float epsilon = eng_attrs_get_float (node->attrs, "epsilon", 1e-5f);
  for (int64_t c = 0; c < channels; c++)
    {
      factor[c] = p[1][c] / sqrtf (p[4][c] + epsilon);
      summand[c] = p[2][c] - p[3][c] * factor[c];
    }
  eng_attrs_floats (eng_attrs_floats (attrs, "factor", factor, (int)channels), "summand", summand, (int)channels);
  return TRUE;
}

/* bounds (conv + summand) */
static gboolean
match_sum (const EngFuse *fuse, EngNode *last, EngGroup *group)
{
  float low, high;
  EngNode *sum = read_bounds (fuse, last, &low, &high) ? eng_fuse_take (fuse, group, last->inputs[0], "Add") : NULL;
  if (!sum || !eng_fuse_passes (fuse, last->outputs[0]))
    return FALSE;
  for (int i = 0; i < 2; i++)
    {
      EngNode *conv = eng_fuse_producer (fuse, sum->inputs[i], "Conv");
      EngValue *summand = sum->inputs[1 - i];
      if (!conv || summand == sum->inputs[i] || !eng_shape_equal (&summand->shape, &last->outputs[0]->shape)
          || eng_fuse_uses (fuse, sum->inputs[i]) != 1 || !eng_conv_adds (conv))
        continue;
      eng_fuse_take (fuse, group, conv->outputs[0], NULL);
      group->op = &sum_op;
      group->attrs = eng_attrs_copy (conv->attrs);
      eng_attrs_float (eng_attrs_float (group->attrs, "low", low), "high", high);
      for (int k = 0; k < 3; k++)
        group->input[k] = k < conv->n_inputs ? conv->inputs[k] : NULL;
      group->input[3] = summand;
      group->n_inputs = 4;
      return TRUE;
    }
  return FALSE;
}

static gboolean
match_after (const EngFuse *fuse, EngNode *last, EngGroup *group)
{
  float low = -INFINITY, high = INFINITY;
  gboolean bounded = read_bounds (fuse, last, &low, &high);
  EngNode *normalization = bounded ? eng_fuse_producer (fuse, last->inputs[0], "BatchNormalization") : last;
  if (normalization && !eng_node_is (normalization, "BatchNormalization"))
    return FALSE;
  EngNode *conv = eng_fuse_producer (fuse, normalization ? normalization->inputs[0] : last->inputs[0], "Conv");
  if (!conv || !eng_fuse_passes (fuse, last->outputs[0])) /* its gradient is overwritten */
    return FALSE;
  if (normalization)
    eng_fuse_take (fuse, group, normalization->outputs[0], NULL);
  eng_fuse_take (fuse, group, conv->outputs[0], NULL);
  group->op = &after_op;
  group->attrs = eng_attrs_copy (conv->attrs);
  eng_attrs_float (eng_attrs_float (group->attrs, "low", low), "high", high);
  for (int i = 0; i < conv->n_inputs; i++)
    group->input[group->n_inputs++] = conv->inputs[i];
  return !normalization || read_normalization (fuse, normalization, group->attrs);
}

static gboolean
match (const EngFuse *fuse, EngNode *last, EngGroup *group)
{
  if (match_sum (fuse, last, group))
    return TRUE;
  group->n_nodes = 1;
  return match_after (fuse, last, group);
}

const EngFusion eng_fusion_conv = { "convolution and what follows", match };
