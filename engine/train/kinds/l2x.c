/* L2X, learning to explain by instance-wise feature selection (Chen, Song, Wainwright, Jordan: Learning to explain:
 * An information-theoretic perspective on model interpretation, ICML 2018), over patches of the picture. A selector
 * gives each patch a logit, a predictor sees the picture with k patches of it and learns, together with the selector,
 * what the classifier says of the whole picture:
 *
 *   minimise  - sum_y P (y | x) log g (y | V * x),   V_i = max_j softmax_i ((w_i (x) + G_ij) / tau), j = 1 .. k
 *
 * with Gumbel noise G. Patches that are not selected are zero in the classifier's input. The classifier is asked for
 * its probabilities P alone: neither its gradient nor anything inside it is used. Once trained, the k patches with
 * the largest w are the explanation.
 *
 * Selector and predictor are small convolutional networks from scratch, as in the paper's section 4.3 (its code has
 * none for pictures); they see the picture with 8 x 8 pixels for each patch, so that they cost the same whatever the
 * classifier's input. Both start undecided: a predictor that is sure of something wrong is best served by patches
 * that show nothing, and a selector that has learned to give it those finds no way back. tau = 0.1 as in the paper
 * (the released code has 0.5 for text); AdamW stands for RMSprop, and its weight decay for the code's L2 term. */
#include "subset.h"

#include "../../error.h"
#include "../kind.h"

#include <math.h>
#include <string.h>

#define UNDECIDED 0.01 /* of the usual start: logits that are nearly equal */
#define PIXELS 8       /* of a patch, as the two networks see it: three times halved */

static const EngParam params[] = {
  { "grid", "Grid", "patches along a side", ENG_PARAM_INT, 2, 32, 6, NULL,
    "The picture is cut into so many rows and columns of patches.", FALSE },
  { "patches", "Selected patches", "", ENG_PARAM_INT, 0, 1024, 0, NULL,
    "How many patches explain a decision (k). 0: a quarter of them.", FALSE },
  { "tau", "Temperature", "", ENG_PARAM_FLOAT, 0.01, 10, 0.1, NULL,
    "Of the relaxed selection (tau). Lower is closer to choosing patches one by one. Published 0.1.", TRUE },
  { "width", "Width", "channels", ENG_PARAM_INT, 4, 256, 16, NULL,
    "Channels of the two networks' first convolution; later ones have two and four times as many.", TRUE },
  { NULL },
};

typedef struct
{
  int grid, k, patches;
  EngValue *input, *noise, *soft; /* B x C x H x W; see subset.h; the classifier's probabilities, B x K */
  EngValue *logits, *selection;   /* B x 1 x grid x grid */
} L2x;

static int
selected_patches (const EngValues *values)
{
  int n = (int)eng_values_get (values, "grid"), k = (int)eng_values_get (values, "patches");
  return k ? MIN (k, n * n) : MAX (n * n / 4, 1);
}

/* ---- building ---- */

/* The picture at PIXELS x PIXELS for each patch: the mean over squares after a resize that is as small as possible.
 */
static EngValue *
shrunk (EngNet *net, L2x *l, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (net->model);
  int side = l->grid * PIXELS;
  int fy = MAX ((p->height + side / 2) / side, 1), fx = MAX ((p->width + side / 2) / side, 1);
  EngValue *v = l->input;
  if (p->height != fy * side || p->width != fx * side)
    v = eng_net_resize (net, v, fy * side, fx * side, TRUE, error);
  if (fy == 1 && fx == 1)
    return v;
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "kernel_shape", (int64_t[]){ fy, fx }, 2);
  eng_attrs_ints (attrs, "strides", (int64_t[]){ fy, fx }, 2);
  return eng_graph_op (net->graph, error, "AveragePool", attrs, 1, v);
}

static EngValue *
halved (EngNet *net, EngValue *x, GError **error)
{
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "kernel_shape", (int64_t[]){ 2, 2 }, 2);
  eng_attrs_ints (attrs, "strides", (int64_t[]){ 2, 2 }, 2);
  return eng_graph_op (net->graph, error, "MaxPool", attrs, 1, x);
}

/* The output is smaller by @stride. He et al., 2015: with torch's smaller start, what reaches the selector through
 * eight layers is a thousandth of what reaches the predictor. */
static EngValue *
convolved (EngNet *net, const char *name, EngValue *x, int out, int kernel, int stride, double scale, GError **error)
{
  if (!x)
    return NULL;
  int64_t in = x->shape.dim[1], pad = (kernel - stride + 1) / 2;
  EngShape shape = ENG_SHAPE (out, in, kernel, kernel), wide = ENG_SHAPE (out);
  g_autofree char *weight_name = g_strconcat (name, "_weight", NULL), *bias_name = g_strconcat (name, "_bias", NULL);
  EngValue *weight = eng_net_weight (net, weight_name, &shape, ENG_INIT_UNIFORM,
                                     scale * sqrt (6.0 / (double)(in * kernel * kernel)));
  EngValue *bias = eng_net_weight (net, bias_name, &wide, ENG_INIT_ZERO, 0);
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "pads", (int64_t[]){ pad, pad, pad, pad }, 4);
  eng_attrs_ints (attrs, "strides", (int64_t[]){ stride, stride }, 2);
  return eng_graph_op (net->graph, error, "Conv", attrs, 3, x, weight, bias);
}

/* B x C x side x side -> B x 4 width x grid x grid */
static EngValue *
convolutions (EngNet *net, const char *name, EngValue *x, GError **error)
{
  static const struct
  {
    int width, kernel, stride;
    gboolean pool;
  } layers[] = { { 1, 4, 2, FALSE }, { 2, 3, 1, TRUE }, { 4, 3, 1, TRUE }, { 4, 3, 1, FALSE } };
  int width = (int)eng_values_get (net->values, "width");
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    {
      g_autofree char *layer = g_strdup_printf ("%s/conv%u", name, i + 1);
      x = convolved (net, layer, x, layers[i].width * width, layers[i].kernel, layers[i].stride, 1, error);
      x = eng_net_op (net, error, "Relu", x, NULL);
      if (layers[i].pool)
        x = halved (net, x, error);
    }
  return x;
}

static gboolean
build (EngNet *net, GError **error)
{
  L2x *l = net->own = g_new0 (L2x, 1);
  int classes = eng_model_n_classes (net->model);
  net->free_own = g_free;
  l->grid = (int)eng_values_get (net->values, "grid");
  l->patches = l->grid * l->grid;
  l->k = selected_patches (net->values);
  EngShape row = ENG_SHAPE (net->batch, 1, l->patches), map = ENG_SHAPE (net->batch, 1, l->grid, l->grid);
  EngShape probabilities = ENG_SHAPE (net->batch, classes);
  int side = l->grid * PIXELS;

  l->input = net->given = eng_net_input (net, "input", &eng_graph_image (net->source)->shape);
  l->noise = eng_subset_noise (net, l->k, l->patches);
  l->soft = eng_net_input (net, "probabilities", &probabilities);
  EngValue *small = shrunk (net, l, error), *v = convolutions (net, "selector", small, error);
  l->logits = convolved (net, "selector/logits", v, 1, 1, 1, UNDECIDED, error);
  EngValue *w = eng_net_reshape (net, l->logits, &row, error);

  v = eng_net_reshape (net, eng_subset_draw (net, w, l->noise, 1 / eng_values_get (net->values, "tau"), error), &map,
                       error);
  v = eng_net_op (net, error, "Mul", small, eng_net_resize (net, v, side, side, FALSE, error));
  v = convolutions (net, "predictor", v, error);
  v = eng_net_reduce (net, "ReduceMax", v, (int64_t[]){ 2, 3 }, 2, TRUE, error);
  v = eng_net_reshape (net, convolved (net, "predictor/logits", v, classes, 1, 1, UNDECIDED, error), &probabilities,
                       error);
  net->loss = eng_net_cross_entropy (net, v, l->soft, error);

  eng_net_add_term (net, "prediction", net->loss);
  eng_net_add_output (net, "logits", l->logits);
  l->selection = eng_net_reshape (net, eng_subset_top (net, w, l->k, error), &map, error);
  eng_net_add_output (net, "selection", l->selection);
  eng_net_want (net, l->logits);
  eng_net_want (net, l->selection);
  return net->n_outputs == 2 && net->loss;
}

/* ---- running ---- */

static gboolean
feed (EngNet *net, const EngTrainBatch *batch, GError **error)
{
  L2x *l = net->own;
  int classes = eng_model_n_classes (net->model);
  g_autofree float *soft = g_new (float, (gsize)net->batch *classes);
  for (int i = 0; i < net->batch; i++)
    eng_softmax (batch->logits + (gsize)i * classes, classes, soft + (gsize)i * classes);
  eng_pass_write (net->pass, l->input, batch->input);
  eng_pass_write (net->pass, l->soft, soft);
  eng_subset_feed (net, l->noise, batch->random);
  return TRUE;
}

/* Zero outside of the patches that are selected. */
static void
mask_input (const EngNet *net, const float *selection, float *input)
{
  const L2x *l = net->own;
  EngPreprocess *p = eng_model_preprocess (net->model);
  for (int c = 0; c < p->channels; c++)
    for (int y = 0; y < p->height; y++)
      for (int x = 0; x < p->width; x++)
        *input++ *= selection[y * l->grid / p->height * l->grid + x * l->grid / p->width];
}

static int
best_of (const float *logits, int n)
{
  int best = 0;
  for (int k = 1; k < n; k++)
    if (logits[k] > logits[best])
      best = k;
  return best;
}

/* Post-hoc accuracy of the paper: how often the classifier says of the selected patches alone what it says of the
 * whole picture. */
static gboolean
judge (EngNet *net, const EngTrainBatch *batch, double *sum, GError **error)
{
  L2x *l = net->own;
  EngPreprocess *p = eng_model_preprocess (net->model);
  int classes = eng_model_n_classes (net->model);
  gsize size = (gsize)p->channels * p->height * p->width;
  g_autofree float *selection = g_new (float, (gsize)net->batch * l->patches);
  g_autofree float *masked = g_memdup2 (batch->input, sizeof (float) * size * batch->n);
  g_autofree float *answers = g_new (float, (gsize)batch->n *classes);
  eng_pass_read (net->pass, l->selection, selection);
  for (int i = 0; i < batch->n; i++)
    mask_input (net, selection + (gsize)i * l->patches, masked + i * size);
  if (!eng_model_predict (net->model, masked, batch->n, answers, error))
    return FALSE;
  for (int i = 0; i < batch->n; i++)
    *sum += best_of (answers + (gsize)i * classes, classes) == best_of (batch->logits + (gsize)i * classes, classes);
  return TRUE;
}

static float *
preview (EngNet *net, const EngTrainBatch *batch, int i, int *rows, int *cols)
{
  L2x *l = net->own;
  g_autofree float *logits = g_new (float, (gsize)net->batch * l->patches);
  float *map = g_new (float, l->patches);
  *rows = *cols = l->grid;
  eng_pass_read (net->pass, l->logits, logits);
  eng_subset_ranks (logits + (gsize)i * l->patches, l->patches, map);
  return map;
}

/* ---- the row ---- */

static gboolean
can_train (EngModel *model, const EngTarget *target, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (model);
  return MIN (p->width, p->height) >= 8
         || eng_fail (
             error, ENG_ERROR_UNSUPPORTED,
             "L2X cuts the picture into patches. This model's input of %d x %d pixels is too small for that.",
             p->width, p->height);
}

static const EngTrainDefault defaults[] = {
  { "learning-rate", 2e-3 }, { "weight-decay", 0.1 }, { "steps", 3000 }, { "warm-up", 0.1 }, { NULL },
};

extern const EngExplainerKind eng_kind_l2x;
const EngExplainerKind eng_kind_l2x = {
  .id = "l2x",
  .name = "L2X",
  .about = "Selects the patches from which the classifier's answer can be told. Asks for nothing but its answers.",
  .reference = "Chen et al.: Learning to Explain: An Information-Theoretic Perspective on Model Interpretation, ICML "
               "2018",
  .method = "l2x",
  .params = params,
  .defaults = defaults,
  .labels = ENG_LABELS_UNUSED,
  .needs = ENG_NEEDS_FORWARD,
  .can_train = can_train,
  .build = build,
  .feed = feed,
  .score_name = "agreement on the selected patches",
  .score_unit = "",
  .higher_is_better = TRUE,
  .judge = judge,
  .preview = preview,
};
