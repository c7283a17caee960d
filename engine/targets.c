/* Finding targets by geometry. The picture starts as a grid of pixels in N x C x H x W; each node
 * passes the grid on, changes its size or layout, or loses it. A token sequence is a grid whose
 * cells lie along one axis, with class or register tokens before them. Residual sums carry the grid
 * past blocks that lose it (attention); windowing and channel shuffles take it apart and put it
 * together again, so a lost grid is remembered. Nothing here looks at names. */
#include "targets.h"

#include "nn/op.h"

#include <string.h>

typedef enum
{
  LAYOUT_NONE,
  LAYOUT_LOST, /* taken apart: rows, cols and channels are those it had */
  LAYOUT_NCHW,
  LAYOUT_NHWC,
  LAYOUT_TOKENS,   /* N x (prefix + rows*cols) x d */
  LAYOUT_CHANNELS, /* N x d x (prefix + rows*cols) */
  LAYOUT_SEQUENCE  /* (prefix + rows*cols) x N x d */
} Layout;

typedef struct
{
  Layout layout;
  int rows, cols, prefix, channels; /* channels: of the two spatial layouts and of lost grids */
} Grid;

#define MAX_PREFIX 16 /* class, distillation and register tokens */

static gboolean
is_op (const EngNode *node, const char *name)
{
  return node && strcmp (node->op->name, name) == 0;
}

static gboolean
is_any (const EngNode *node, const char *const *names)
{
  return node && g_strv_contains (names, node->op->name);
}

/* NCHW or NHWC with the sizes that the value's own shape says */
static Grid
spatial (const EngValue *v, Layout layout)
{
  const int64_t *d = v->shape.dim;
  if (v->shape.rank != 4)
    return (Grid){ 0 };
  gboolean first = layout == LAYOUT_NCHW;
  return (Grid){ layout, (int)d[first ? 2 : 1], (int)d[first ? 3 : 2], 0, (int)d[first ? 1 : 3] };
}

static Grid
transposed (const EngNode *node, Grid g)
{
  int n, rank = node->inputs[0]->shape.rank;
  const int64_t *perm = eng_attrs_get_ints (node->attrs, "perm", &n);
  static const struct
  {
    Layout from;
    int64_t perm[4];
    Layout to;
  } moves[] = {
    { LAYOUT_NCHW, { 0, 2, 3, 1 }, LAYOUT_NHWC },      { LAYOUT_NHWC, { 0, 3, 1, 2 }, LAYOUT_NCHW },
    { LAYOUT_CHANNELS, { 0, 2, 1 }, LAYOUT_TOKENS },   { LAYOUT_TOKENS, { 0, 2, 1 }, LAYOUT_CHANNELS },
    { LAYOUT_TOKENS, { 1, 0, 2 }, LAYOUT_SEQUENCE },   { LAYOUT_SEQUENCE, { 1, 0, 2 }, LAYOUT_TOKENS },
    { LAYOUT_CHANNELS, { 2, 0, 1 }, LAYOUT_SEQUENCE },
  };
  for (guint i = 0; perm && i < G_N_ELEMENTS (moves); i++)
    if (moves[i].from == g.layout && n == rank && memcmp (moves[i].perm, perm, sizeof *perm * n) == 0)
      {
        g.layout = moves[i].to;
        return g;
      }
  return (Grid){ 0 };
}

static Grid
reshaped (const EngNode *node, Grid g)
{
  const EngShape *in = &node->inputs[0]->shape, *out = &node->outputs[0]->shape;
  int64_t cells = (int64_t)g.rows * g.cols;
  if (eng_shape_equal (in, out))
    return g;
  if (g.layout == LAYOUT_NCHW && out->rank == 3 && out->dim[1] == in->dim[1] && out->dim[2] == cells)
    return (Grid){ LAYOUT_CHANNELS, g.rows, g.cols, 0 };
  if (g.layout == LAYOUT_NHWC && out->rank == 3 && out->dim[1] == cells && out->dim[2] == in->dim[3])
    return (Grid){ LAYOUT_TOKENS, g.rows, g.cols, 0 };
  if (g.layout == LAYOUT_TOKENS && g.prefix == 0 && out->rank == 4 && out->dim[1] == g.rows && out->dim[2] == g.cols)
    return spatial (node->outputs[0], LAYOUT_NHWC);
  if (g.layout == LAYOUT_CHANNELS && g.prefix == 0 && out->rank == 4 && out->dim[2] == g.rows && out->dim[3] == g.cols
      && out->dim[1] == in->dim[1])
    return spatial (node->outputs[0], LAYOUT_NCHW);
  return (Grid){ 0 };
}

/* Tokens joined to or cut from a sequence: the grid stays at its end. */
static Grid
resized_sequence (const EngValue *out, Grid g)
{
  int axis = g.layout == LAYOUT_TOKENS ? 1 : g.layout == LAYOUT_CHANNELS ? 2 : 0;
  if (out->shape.rank != 3)
    return (Grid){ 0 };
  int64_t prefix = out->shape.dim[axis] - (int64_t)g.rows * g.cols;
  if (prefix < 0 || prefix > MAX_PREFIX)
    return (Grid){ 0 };
  g.prefix = (int)prefix;
  return g;
}

/* A lost grid that a Reshape or Transpose puts together again: same cells, same channels. */
static Grid
found_again (const EngNode *node, Grid g)
{
  const EngValue *out = node->outputs[0];
  for (Layout layout = LAYOUT_NCHW; layout <= LAYOUT_NHWC; layout++)
    {
      Grid found = spatial (out, layout);
      if (found.layout && found.rows == g.rows && found.cols == g.cols && found.channels == g.channels
          && (is_op (node, "Reshape") || is_op (node, "Transpose")))
        return found;
    }
  return g;
}

static Grid
passed_on (const EngNode *node, const EngValue *in, Grid g)
{
  static const char *const local[] = { "Conv",
                                       "ConvTranspose",
                                       "MaxPool",
                                       "AveragePool",
                                       "LpPool",
                                       "Resize",
                                       "Upsample",
                                       "Pad",
                                       "Slice",
                                       "Concat",
                                       "Split",
                                       "DepthToSpace",
                                       "SpaceToDepth",
                                       "BatchNormalization",
                                       "InstanceNormalization",
                                       "GroupNormalization",
                                       NULL };
  static const char *const mixing[] = { "Softmax",           "LogSoftmax",    "Gather",
                                        "ReduceMean",        "ReduceSum",     "ReduceMax",
                                        "GlobalAveragePool", "GlobalMaxPool", "Flatten",
                                        "Squeeze",           "Unsqueeze",     NULL };
  const EngValue *out = node->outputs[0];
  if (g.layout == LAYOUT_LOST)
    return found_again (node, g);
  if (is_op (node, "Transpose"))
    return transposed (node, g);
  if (is_op (node, "Reshape"))
    return reshaped (node, g);
  if (g.layout == LAYOUT_NCHW && is_any (node, local))
    return in == node->inputs[0] || is_op (node, "Concat") ? spatial (out, LAYOUT_NCHW) : (Grid){ 0 };
  if (g.layout == LAYOUT_NHWC && (is_op (node, "Slice") || is_op (node, "Concat") || is_op (node, "Pad")))
    return spatial (out, LAYOUT_NHWC);
  if (g.layout >= LAYOUT_TOKENS && (is_op (node, "Concat") || is_op (node, "Slice")))
    return resized_sequence (out, g);
  if (is_op (node, "MatMul") && in == node->inputs[0] && node->inputs[1]->shape.rank == 2
      && (g.layout == LAYOUT_TOKENS || g.layout == LAYOUT_SEQUENCE))
    return g;
  if (is_op (node, "MatMul") && in == node->inputs[0] && node->inputs[1]->shape.rank == 2 && g.layout == LAYOUT_NHWC)
    return spatial (out, LAYOUT_NHWC);
  if (is_any (node, mixing) && !(g.layout == LAYOUT_NHWC && is_op (node, "Softmax")))
    {
      /* Flatten (axis 2) of N x C x H x W makes channels x cells. */
      return is_op (node, "Flatten") ? reshaped (node, g) : (Grid){ 0 };
    }
  /* What keeps the shape is elementwise or works within a cell. */
  if (out->shape.rank == in->shape.rank && eng_shape_equal (&out->shape, &in->shape))
    return g;
  return (Grid){ 0 };
}

static Grid *
follow (EngGraph *graph)
{
  Grid *grids = g_new0 (Grid, graph->values->len);
  EngValue *image = graph->inputs->pdata[0];
  grids[image->id] = spatial (image, LAYOUT_NCHW);
  for (guint i = 0; i < graph->nodes->len; i++)
    {
      EngNode *node = graph->nodes->pdata[i];
      Grid g = { 0 };
      /* The first input that keeps its grid decides; a lost one only when there is no better. */
      for (int k = 0; k < node->n_inputs && g.layout <= LAYOUT_LOST; k++)
        {
          EngValue *in = node->inputs[k];
          Grid from = in ? grids[in->id] : g;
          if (!in || from.layout == LAYOUT_NONE)
            continue;
          Grid to = passed_on (node, in, from);
          if (to.layout == LAYOUT_NONE && from.channels)
            to = (Grid){ LAYOUT_LOST, from.rows, from.cols, 0, from.channels };
          if (to.layout > g.layout)
            g = to;
        }
      for (int o = 0; o < node->n_outputs; o++)
        if (o == 0 || is_op (node, "Split"))
          grids[node->outputs[o]->id] =
              o > 0 && g.layout == LAYOUT_NCHW ? spatial (node->outputs[o], LAYOUT_NCHW) : g;
    }
  return grids;
}

/* A convolution whose only reader normalises or activates it is not the end of its block. */
static gboolean
is_block_end (const EngValue *v)
{
  static const char *const inner[] = { "Conv",
                                       "BatchNormalization",
                                       "GroupNormalization",
                                       "InstanceNormalization",
                                       "Sigmoid",
                                       "HardSigmoid",
                                       "Pad",
                                       "Erf",
                                       "Div",
                                       "Sqrt",
                                       "Sub",
                                       "ReduceMean",
                                       "Transpose",
                                       "MatMul",
                                       "Identity",
                                       "Softplus",
                                       "Slice",
                                       NULL };
  static const char *const completes[] = { "BatchNormalization",
                                           "Relu",
                                           "Clip",
                                           "HardSwish",
                                           "Sigmoid",
                                           "HardSigmoid",
                                           "LeakyRelu",
                                           "PRelu",
                                           "Elu",
                                           "Gelu",
                                           "Mul",
                                           "Add",
                                           "Erf",
                                           "Div",
                                           "Softplus",
                                           "Identity",
                                           "Dropout",
                                           NULL };
  if (!is_any (v->producer, inner))
    return TRUE;
  if (!is_op (v->producer, "Conv") && !is_op (v->producer, "BatchNormalization") && !is_op (v->producer, "Transpose"))
    return FALSE;
  for (guint i = 0; i < v->consumers->len; i++)
    if (!is_any (v->consumers->pdata[i], completes))
      return TRUE;
  return v->consumers->len == 0;
}

/* Inside a block that computes GELU or a normalisation step by step, only the block's end is of interest:
 * something that changes the residual stream (Add) or normalises it. */
static gboolean
is_token_landmark (const EngValue *v)
{
  return is_op (v->producer, "Add") || is_op (v->producer, "LayerNormalization") || is_op (v->producer, "Concat");
}

static gboolean
is_attention (const EngValue *v, const Grid *tokens)
{
  int rank = v->shape.rank;
  if (!is_op (v->producer, "Softmax") || (rank != 4 && rank != 3))
    return FALSE;
  int64_t n = v->shape.dim[rank - 1];
  return v->shape.dim[rank - 2] == n && n == (int64_t)tokens->rows * tokens->cols + tokens->prefix;
}

static void
add_target (GArray *targets, const EngValue *v, EngTargetKind kind, const Grid *g)
{
  EngTarget t = { .name = v->name,
                  .kind = kind,
                  .shape = v->shape,
                  .rows = g->rows,
                  .cols = g->cols,
                  .prefix = g->prefix,
                  .channels_last = g->layout == LAYOUT_NHWC };
  t.name = g_strdup (v->name);
  g_array_append_val (targets, t);
}

static void
clear_target (gpointer data)
{
  g_free (((EngTarget *)data)->name);
}

GArray *
eng_targets_find (EngGraph *graph)
{
  GArray *targets = g_array_new (FALSE, FALSE, sizeof (EngTarget));
  g_array_set_clear_func (targets, clear_target);
  g_autofree Grid *grids = follow (graph);
  g_autofree guint8 *leads = eng_graph_ancestors (graph, graph->outputs->pdata[0]);
  Grid tokens = { 0 };
  for (guint i = 0; i < graph->nodes->len; i++)
    for (int o = 0; o < ((EngNode *)graph->nodes->pdata[i])->n_outputs; o++)
      {
        EngValue *v = ((EngNode *)graph->nodes->pdata[i])->outputs[o];
        Grid g = grids[v->id];
        if (!leads[v->id] || !eng_dtype_is_float (v->dtype))
          continue;
        if (g.layout == LAYOUT_TOKENS)
          tokens = g;
        gboolean grid = (int64_t)g.rows * g.cols > 1 && v->shape.rank > 0 && v->shape.dim[0] == 1;
        if (grid && (g.layout == LAYOUT_NCHW || g.layout == LAYOUT_NHWC) && is_block_end (v))
          add_target (targets, v, ENG_TARGET_SPATIAL, &g);
        else if (grid && g.layout == LAYOUT_TOKENS && is_token_landmark (v))
          add_target (targets, v, ENG_TARGET_TOKENS, &g);
        else if (tokens.rows && is_attention (v, &tokens))
          add_target (targets, v, ENG_TARGET_ATTENTION, &tokens);
      }
  return targets;
}

int
eng_targets_default (EngGraph *graph, GArray *targets)
{
  for (int i = (int)targets->len - 1; i >= 0; i--)
    if (g_array_index (targets, EngTarget, i).kind != ENG_TARGET_ATTENTION)
      return i;
  return -1;
}

/* TRUE when something reads the grid as a whole (pooling), not one token of it. */
static gboolean
is_pooled (EngGraph *graph, const EngTarget *t)
{
  EngValue *v = eng_graph_find (graph, t->name);
  for (guint i = 0; t->prefix > 0 && i < v->consumers->len; i++)
    {
      EngNode *node = v->consumers->pdata[i];
      if ((is_op (node, "Gather") || is_op (node, "Slice")) && node->outputs[0]->shape.rank <= 3
          && eng_shape_count (&node->outputs[0]->shape) < eng_shape_count (&v->shape) / 2)
        return FALSE;
    }
  return TRUE;
}

int
eng_targets_default_cam (EngGraph *graph, GArray *targets)
{
  int last = eng_targets_default (graph, targets), attention = -1;
  if (last < 0 || g_array_index (targets, EngTarget, last).kind != ENG_TARGET_TOKENS
      || is_pooled (graph, &g_array_index (targets, EngTarget, last)))
    return last;
  for (int i = 0; i < (int)targets->len; i++)
    if (g_array_index (targets, EngTarget, i).kind == ENG_TARGET_ATTENTION)
      attention = i;
  if (attention < 0)
    return last;
  /* The last tokens that the last attention still reads: after its block's first normalisation. */
  EngValue *softmax = eng_graph_find (graph, g_array_index (targets, EngTarget, attention).name);
  g_autofree guint8 *above = eng_graph_ancestors (graph, softmax);
  for (int i = attention; i >= 0; i--)
    {
      EngTarget *t = &g_array_index (targets, EngTarget, i);
      EngValue *v = eng_graph_find (graph, t->name);
      /* biases added to q, k and v are tokens by shape, but not the stream they are made from */
      if (t->kind == ENG_TARGET_TOKENS && above[v->id] && v->consumers->len >= 1
          && !is_op (v->consumers->pdata[0], "Reshape")
          && v->shape.dim[2] == g_array_index (targets, EngTarget, last).shape.dim[2])
        return i;
    }
  return last;
}

gboolean
eng_targets_is_bottleneck (EngGraph *graph, const EngValue *v)
{
  g_autofree guint8 *seen = g_new0 (guint8, graph->values->len); /* leads to the logits around @v */
  seen[((EngValue *)graph->outputs->pdata[0])->id] = 1;
  for (guint i = graph->nodes->len; i-- > 0;)
    {
      EngNode *node = graph->nodes->pdata[i];
      gboolean around = FALSE;
      for (int o = 0; o < node->n_outputs; o++)
        around |= node->outputs[o] != v && seen[node->outputs[o]->id];
      for (int k = 0; around && k < node->n_inputs; k++)
        if (node->inputs[k])
          seen[node->inputs[k]->id] = 1;
    }
  return !seen[((EngValue *)graph->inputs->pdata[0])->id];
}

int
eng_targets_previous_stage (EngGraph *graph, GArray *targets, int of)
{
  const EngTarget *target = &g_array_index (targets, EngTarget, of);
  for (int i = of - 1; i >= 0; i--)
    {
      const EngTarget *t = &g_array_index (targets, EngTarget, i);
      if (t->kind != ENG_TARGET_ATTENTION && (int64_t)t->rows * t->cols > (int64_t)target->rows * target->cols
          && eng_targets_is_bottleneck (graph, eng_graph_find (graph, t->name)))
        return i;
    }
  return -1;
}

const char *
eng_targets_final_linear (EngGraph *graph)
{
  static const char *const passes[] = { "Reshape", "Flatten", "Squeeze", "Add", "Identity", "Dropout", NULL };
  EngValue *v = graph->outputs->pdata[0];
  while (v->producer && is_any (v->producer, passes))
    {
      EngNode *node = v->producer;
      v = node->inputs[0]->constant && node->n_inputs > 1 ? node->inputs[1] : node->inputs[0];
    }
  EngNode *node = v->producer;
  if (!node || node->n_inputs < 2 || !node->inputs[1] || !node->inputs[1]->constant)
    return NULL;
  gboolean linear = is_op (node, "Gemm") || is_op (node, "MatMul");
  if (is_op (node, "Conv"))
    linear = eng_shape_span (&node->inputs[1]->shape, 2, node->inputs[1]->shape.rank) == 1
             && eng_shape_span (&node->outputs[0]->shape, 2, node->outputs[0]->shape.rank) == 1;
  return linear ? node->inputs[0]->name : NULL;
}

EngValue *
eng_targets_embedding (EngGraph *graph, const EngTarget *target)
{
  if (target->kind != ENG_TARGET_TOKENS)
    return NULL;
  g_autofree Grid *grids = follow (graph);
  for (guint i = 0; i < graph->nodes->len; i++)
    {
      EngNode *node = graph->nodes->pdata[i];
      EngValue *in = node->n_inputs ? node->inputs[0] : NULL;
      if (in && grids[in->id].layout == LAYOUT_TOKENS
          && (is_op (node, "LayerNormalization") || is_op (node, "ReduceMean")))
        return in;
    }
  return NULL;
}

/* ---- values of a target ---- */

int64_t
eng_target_channels (const EngTarget *self)
{
  gboolean last = self->kind == ENG_TARGET_TOKENS || self->channels_last;
  return self->shape.dim[last ? self->shape.rank - 1 : 1];
}

/* Copies between the two orders; one of the pointers is written. */
static void
reorder (const EngTarget *t, const float *value, float *planes, const float *from_planes, float *to_value)
{
  int64_t channels = eng_target_channels (t), cells = (int64_t)t->rows * t->cols;
  gboolean last = t->kind == ENG_TARGET_TOKENS || t->channels_last;
  int64_t along_c = last ? 1 : cells, along_i = last ? channels : 1;
  int64_t first = t->kind == ENG_TARGET_TOKENS ? t->prefix * channels : 0;
  for (int64_t c = 0; c < channels; c++)
    for (int64_t i = 0; i < cells; i++)
      if (planes)
        planes[c * cells + i] = value[first + c * along_c + i * along_i];
      else
        to_value[first + c * along_c + i * along_i] = from_planes[c * cells + i];
}

void
eng_target_gather (const EngTarget *self, const float *value, float *planes)
{
  reorder (self, value, planes, NULL, NULL);
}

void
eng_target_scatter (const EngTarget *self, const float *planes, float *value)
{
  reorder (self, NULL, NULL, planes, value);
}
