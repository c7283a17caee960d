/* TVE (Wang et al.: TVE: Learning Meta-attribution for Transferable Vision Explainer, ICML 2024). With g the frozen
 * encoder, which gives the D numbers that feed the final linear layer, and M_i the window of cells around cell i
 * (windows.h), two explainers learn
 *
 *   E+ (x)_i ~ g (x M_i)    E- (x)_i ~ g (x (1 - M_i))
 *
 * from the mean squared error over D at cells drawn anew for every picture and step, both with equal weight. Any
 * linear head on the encoder makes a map of them: the method "tve".
 *
 * Variant: the published explainers are two whole MAE networks of base size; here each is a private copy of the
 * classifier up to the target and a small head: features, as they are and mixed, are summed over the window by a
 * depthwise convolution that starts as the window's mean, and read by a linear layer and a perceptron. What these
 * give is added to what an empty window leaves: g (0) for E+; for E- the embedding that the explainer's own features
 * give, which is g (x) at first. Several cells may be drawn for a picture and step (published: 1): a pass of the
 * explainers then learns from more of them. Cells lie in row-major order throughout (the released code swaps rows and
 * columns and turns the map at the end). */
#include "tve.h"

#include "../../metrics/rank-correlation.h"
#include "../../targets.h"

#include <math.h>
#include <string.h>

static void
tve_free (gpointer data)
{
  EngTveNet *own = data;
  g_clear_pointer (&own->encoder, eng_probe_free);
  g_clear_pointer (&own->exact, g_hash_table_unref);
  g_free (own);
}

/* ---- building ---- */

/* g of an empty picture. */
static EngValue *
empty_embedding (EngNet *net, GError **error)
{
  EngTveNet *own = net->own;
  const EngWindows *w = &own->windows;
  g_autofree float *zeros = g_new0 (float, (gsize)w->channels * w->rows * w->cols);
  g_autoptr (EngProbe) probe = eng_probe_new_alone (net->model, 0);
  EngShape shape = ENG_SHAPE (1, own->width, 1, 1);
  eng_probe_want (probe, eng_model_final_linear (net->model));
  eng_probe_skip_logits (probe);
  const EngProbeItem *item = eng_probe_one (probe, (const float *const[]){ zeros }, error);
  return item ? eng_net_floats (net, item->values[0], &shape) : NULL;
}

/* The frozen encoder from the target on; where other ways lead around the target, all of it. */
static EngValue *
own_embedding (EngNet *net, const char *prefix, EngValue *features, GError **error)
{
  EngTveNet *own = net->own;
  g_autofree char *name = g_strconcat (prefix, "encoder/", NULL);
  EngValue *from = eng_graph_find (net->source, net->target->name), *given = features, *v = NULL;
  EngValue *to = eng_graph_find (net->source, eng_model_final_linear (net->model));
  EngShape shape = ENG_SHAPE (net->batch, own->width, 1, 1);
  if (!eng_targets_is_bottleneck (net->source, from))
    {
      from = eng_graph_image (net->source);
      given = own->input;
    }
  if (from == to)
    v = given;
  else if (!features || !eng_graph_append (net->graph, net->source, name, &from, &given, 1, &to, &v, 1, error))
    return NULL;
  return eng_net_reshape (net, v, &shape, error);
}

/* Each channel's sum over the window and one cell around it, weighted by place; at first the window's mean. */
static EngValue *
window_layer (EngNet *net, const char *name, EngValue *x, GError **error)
{
  const EngWindows *w = &((EngTveNet *)net->own)->windows;
  if (!x)
    return NULL;
  int64_t channels = x->shape.dim[1], kernel = 2 * w->radius + 3, pad = kernel / 2, inner = kernel - 2;
  EngShape shape = ENG_SHAPE (channels, 1, kernel, kernel);
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, &shape);
  for (int64_t i = 0; i < eng_tensor_count (t); i++)
    {
      int64_t row = i / kernel % kernel, col = i % kernel;
      gboolean inside = row > 0 && row <= inner && col > 0 && col <= inner;
      t->f[i] = inside ? 1.0f / (float)(inner * inner) : 0;
    }
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "kernel_shape", (int64_t[]){ kernel, kernel }, 2);
  eng_attrs_ints (attrs, "pads", (int64_t[]){ pad, pad, pad, pad }, 4);
  eng_attrs_int (attrs, "group", channels);
  return eng_graph_op (net->graph, error, "Conv", attrs, 2, x, eng_net_weight_from (net, name, t));
}

/* A 1 x 1 convolution that starts as nothing, so that a net begins with what is known. */
static EngValue *
silent_layer (EngNet *net, const char *name, EngValue *x, int out, GError **error)
{
  if (!x)
    return NULL;
  g_autofree char *weight_name = g_strconcat (name, "_weight", NULL), *bias_name = g_strconcat (name, "_bias", NULL);
  EngShape wide = ENG_SHAPE (out, x->shape.dim[1], 1, 1), each = ENG_SHAPE (out);
  EngValue *weight = eng_net_weight (net, weight_name, &wide, ENG_INIT_ZERO, 0);
  EngValue *bias = eng_net_weight (net, bias_name, &each, ENG_INIT_ZERO, 0);
  return eng_graph_op (net->graph, error, "Conv", NULL, 3, x, weight, bias);
}

/* @features: B x C x side x side -> B x D x side x side */
static EngValue *
head (EngNet *net, const char *prefix, EngValue *features, GError **error)
{
  EngTveNet *own = net->own;
  int width = (int)eng_values_get (net->values, "width");
  g_autofree char *mix = g_strconcat (prefix, "mix", NULL), *window = g_strconcat (prefix, "window_weight", NULL);
  g_autofree char *linear = g_strconcat (prefix, "linear", NULL), *hidden = g_strconcat (prefix, "hidden", NULL);
  g_autofree char *last = g_strconcat (prefix, "last", NULL);
  EngValue *mixed = eng_net_gelu (net, eng_net_conv (net, mix, features, width, 1, 1, 1, error), error);
  EngValue *both =
      eng_graph_op (net->graph, error, "Concat", eng_attrs_int (eng_attrs_new (), "axis", 1), 2, mixed, features);
  EngValue *around = window_layer (net, window, both, error);
  EngValue *deep = eng_net_gelu (net, eng_net_conv (net, hidden, around, width, 1, 1, 1, error), error);
  return eng_net_op (net, error, "Add", silent_layer (net, linear, around, own->width, error),
                     silent_layer (net, last, deep, own->width, error));
}

static EngValue *
explainer (EngNet *net, const char *prefix, gboolean keep, GError **error)
{
  EngTveNet *own = net->own;
  const EngTarget *t = net->target;
  int side = own->windows.side;
  g_autofree char *backbone = g_strconcat (prefix, "backbone/", NULL), *below = g_strconcat (prefix, "head/", NULL);
  EngValue *features = eng_net_backbone (net, backbone, own->input, TRUE, error);
  EngValue *empty = keep ? empty_embedding (net, error) : own_embedding (net, prefix, features, error);
  EngValue *map = features && empty ? eng_net_as_map (net, features, error) : NULL;
  if (map && (t->rows != side || t->cols != side))
    map = eng_net_resize (net, map, side, side, TRUE, error);
  return map ? eng_net_op (net, error, "Add", head (net, below, map, error), empty) : NULL;
}

static EngValue *
squared_error (EngNet *net, int kind, GError **error)
{
  EngTveNet *own = net->own;
  EngShape flat = ENG_SHAPE (net->batch, own->width, own->windows.side * own->windows.side);
  EngValue *v = eng_net_reshape (net, own->maps[kind], &flat, error);
  v = eng_net_op (net, error, "MatMul", v, own->chosen);
  v = eng_net_op (net, error, "Sub", v, own->wanted[kind]);
  return eng_net_reduce (net, "ReduceMean", eng_net_op (net, error, "Mul", v, v), NULL, 0, FALSE, error);
}

static gboolean
build (EngNet *net, GError **error)
{
  EngTveNet *own = net->own = g_new0 (EngTveNet, 1);
  const EngValue *embedding = eng_graph_find (net->source, eng_model_final_linear (net->model));
  net->free_own = tve_free;
  own->windows = eng_windows_new (net->model, (int)eng_values_get (net->values, "grid"),
                                  (int)eng_values_get (net->values, "radius"));
  int n = own->windows.side * own->windows.side;
  own->cells = MIN ((int)eng_values_get (net->values, "cells"), n);
  own->width = (int)(eng_shape_count (&embedding->shape) / net->batch);
  EngShape drawn = ENG_SHAPE (net->batch, n, own->cells), wanted = ENG_SHAPE (net->batch, own->width, own->cells);
  own->input = net->given = eng_net_input (net, "input", &eng_graph_image (net->source)->shape);
  own->chosen = eng_net_input (net, "chosen", &drawn);
  own->wanted[0] = eng_net_input (net, "kept", &wanted);
  own->wanted[1] = eng_net_input (net, "removed", &wanted);
  own->maps[0] = explainer (net, "positive/", TRUE, error);
  own->maps[1] = own->maps[0] ? explainer (net, "negative/", FALSE, error) : NULL;
  if (!own->maps[1])
    return FALSE;
  EngValue *kept = squared_error (net, 0, error), *removed = squared_error (net, 1, error);
  net->loss = eng_net_op (net, error, "Add", kept, removed);
  eng_net_add_term (net, "kept window", kept);
  eng_net_add_term (net, "removed window", removed);
  eng_net_add_output (net, "positive", own->maps[0]);
  eng_net_add_output (net, "negative", own->maps[1]);
  return net->loss != NULL;
}

/* ---- targets ---- */

typedef struct
{
  const EngTveNet *own;
  const float *input; /* B x C x H x W */
  const int *drawn;   /* B x cells */
  float *wanted[2];   /* B x D x cells */
} Embed;

/* Item ((b * cells) + k) * 2 + kind */
static void
fill (int index, float *const *inputs, gpointer data)
{
  const Embed *e = data;
  const EngWindows *w = &e->own->windows;
  gsize image = (gsize)w->channels * w->rows * w->cols;
  eng_windows_fill (w, e->drawn[index / 2], index % 2 == 0, e->input + index / 2 / e->own->cells * image, NULL,
                    inputs[0]);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Embed *e = data;
  int cells = e->own->cells, width = e->own->width, row = item->index / 2 / cells, k = item->index / 2 % cells;
  float *to = e->wanted[item->index % 2] + (gsize)row * width * cells + k;
  for (int d = 0; d < width; d++)
    to[(gsize)d * cells] = item->values[0][d];
  eng_engine_yield ();
  return TRUE;
}

/* Without repetition; spread evenly on pictures that judge. */
static void
draw (const EngTveNet *own, const EngTrainBatch *batch, int row, int *drawn)
{
  int n = own->windows.side * own->windows.side;
  g_autofree int *all = g_new (int, n);
  for (int i = 0; i < n; i++)
    all[i] = i;
  for (int k = 0; k < own->cells; k++)
    {
      int at = batch->validating ? (int)(((gint64)k * n / own->cells + 7 * batch->index[row]) % n)
                                 : g_rand_int_range (batch->random, k, n);
      drawn[k] = all[at];
      if (!batch->validating)
        all[at] = all[k];
    }
}

static gboolean
feed (EngNet *net, const EngTrainBatch *batch, GError **error)
{
  EngTveNet *own = net->own;
  int n = own->windows.side * own->windows.side, items = net->batch * own->cells;
  g_autofree int *drawn = g_new (int, items);
  g_autofree float *chosen = g_new0 (float, (gsize)items *n), *kept = g_new (float, (gsize)items * own->width);
  g_autofree float *removed = g_new (float, (gsize)items * own->width);
  for (int b = 0; b < net->batch; b++)
    draw (own, batch, b, drawn + b * own->cells);
  for (int i = 0; i < items; i++)
    chosen[((gsize)(i / own->cells) * n + drawn[i]) * own->cells + i % own->cells] = 1;
  if (!own->encoder)
    {
      own->encoder = eng_probe_new_alone (net->model, 0);
      eng_probe_want (own->encoder, eng_model_final_linear (net->model));
      eng_probe_skip_logits (own->encoder);
    }
  Embed embed = { own, batch->input, drawn, { kept, removed } };
  if (eng_probe_run (own->encoder, 2 * items, fill, take, &embed, error) < 0)
    return FALSE;
  eng_pass_write (net->pass, own->input, batch->input);
  eng_pass_write (net->pass, own->chosen, chosen);
  eng_pass_write (net->pass, own->wanted[0], kept);
  eng_pass_write (net->pass, own->wanted[1], removed);
  return TRUE;
}

/* ---- judging: against the exact form ---- */

typedef struct
{
  const EngWindows *windows;
  const float *input;
  float *map;
} Exact;

static void
fill_exact (int index, float *const *inputs, gpointer data)
{
  const Exact *e = data;
  eng_windows_fill (e->windows, index / 2, index % 2 == 0, e->input, NULL, inputs[0]);
}

static gboolean
take_exact (const EngProbeItem *item, gpointer data, GError **error)
{
  Exact *e = data;
  e->map[item->index / 2] += (float)(item->index % 2 == 0 ? item->score : -item->score);
  eng_engine_yield ();
  return TRUE;
}

/* Of picture @row's predicted class; worked out once. */
static const float *
exact_map (EngNet *net, const EngTrainBatch *batch, int row, int class_index, GError **error)
{
  EngTveNet *own = net->own;
  const EngWindows *w = &own->windows;
  gpointer key = GINT_TO_POINTER (batch->index[row]);
  if (!own->exact)
    own->exact = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  float *known = g_hash_table_lookup (own->exact, key);
  if (known)
    return known;
  g_autofree float *map = g_new0 (float, w->side * w->side);
  g_autoptr (EngProbe) probe = eng_probe_new_alone (net->model, class_index);
  Exact e = { w, batch->input + (gsize)row * w->channels * w->rows * w->cols, map };
  if (eng_probe_run (probe, 2 * w->side * w->side, fill_exact, take_exact, &e, error) < 0)
    return NULL;
  known = g_steal_pointer (&map);
  g_hash_table_insert (own->exact, key, known);
  return known;
}

static float *
map_of (EngNet *net, int row, int class_index, GError **error)
{
  EngTveNet *own = net->own;
  int n = own->windows.side * own->windows.side;
  gsize each = (gsize)own->width * n;
  g_autofree float *plus = g_new (float, net->batch *each), *minus = g_new (float, net->batch *each);
  g_autofree float *map = g_new (float, n);
  eng_pass_read (net->pass, own->maps[0], plus);
  eng_pass_read (net->pass, own->maps[1], minus);
  return eng_windows_transfer (net->model, class_index, -1, own->width, n, plus + row * each, 1, minus + row * each,
                               1, map, error)
             ? g_steal_pointer (&map)
             : NULL;
}

static int
predicted (EngNet *net, const EngTrainBatch *batch, int row)
{
  int k = eng_model_n_classes (net->model);
  g_autofree float *probabilities = g_new (float, k);
  return eng_softmax (batch->logits + (gsize)row * k, k, probabilities);
}

static gboolean
judge (EngNet *net, const EngTrainBatch *batch, double *sum, GError **error)
{
  EngTveNet *own = net->own;
  for (int i = 0; i < batch->n; i++)
    {
      int c = predicted (net, batch, i);
      const float *exact = exact_map (net, batch, i, c, error);
      g_autofree float *map = exact ? map_of (net, i, c, error) : NULL;
      if (!map)
        return FALSE;
      double r = eng_rank_correlation (map, exact, own->windows.side * own->windows.side);
      *sum += isnan (r) ? 0 : r; /* a constant map tells nothing */
    }
  return TRUE;
}

static float *
preview (EngNet *net, const EngTrainBatch *batch, int i, int *rows, int *cols)
{
  *rows = *cols = ((EngTveNet *)net->own)->windows.side;
  return map_of (net, i, predicted (net, batch, i), NULL);
}

/* ---- the row ---- */

static double
model_default (EngModel *model, const EngParam *param)
{
  const EngTarget *t = strcmp (param->id, "grid") == 0 ? eng_model_default_target (model) : NULL;
  return t ? MIN (MAX (t->rows, t->cols), (int)param->otherwise) : NAN;
}

static const EngParam params[] = {
  { "grid", "Grid", "cells along a side", ENG_PARAM_INT, 2, 32, 14, NULL,
    "Cells of the map along a side: those of the layer, 14 at most.", FALSE },
  { "radius", "Window", "cells", ENG_PARAM_INT, 0, 8, 2, NULL,
    "Half the width of the window that is kept or removed: it spans twice this and one cell.", FALSE },
  { "cells", "Cells of a picture", "per step", ENG_PARAM_INT, 1, 64, 8, NULL,
    "How many windows of each picture are compared in a step; published 1. Each costs two passes of the encoder.",
    TRUE },
  { "width", "Width of the head", "channels", ENG_PARAM_INT, 8, 1024, 128, NULL,
    "Channels between the layer's features and the embeddings.", TRUE },
  { NULL }
};

static const EngTrainDefault defaults[] = {
  { "batch", 16 }, { "learning-rate", 2e-3 }, { "validation", 16 }, { "validate-every", 100 }, { NULL },
};

const EngExplainerKind eng_kind_tve = {
  .id = "tve",
  .name = "TVE",
  .about = "Learns what the encoder makes of the picture with only a window kept, and with it removed. Serves every "
           "linear head on the same encoder, and all classes at once.",
  .reference = "Wang et al.: TVE: Learning Meta-attribution for Transferable Vision Explainer, ICML 2024",
  .method = "tve",
  .params = params,
  .defaults = defaults,
  .model_default = model_default,
  .labels = ENG_LABELS_UNUSED,
  .needs = ENG_NEEDS_GRID | ENG_NEEDS_LINEAR_HEAD,
  .build = build,
  .feed = feed,
  .score_name = "rank correlation with the exact form",
  .score_unit = "",
  .higher_is_better = TRUE,
  .judge = judge,
  .preview = preview,
  .belongs_to = eng_model_encoder_sha256,
};
