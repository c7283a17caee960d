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
 * That is the variant "published". A predictor that learns for this selector alone can learn to read the class from
 * which patches are there, whatever they show; and where several objects are in the picture nothing tells the
 * selector which of them the answer is about: one map for all classes finds all objects. In the variant "surrogate"
 * the predictor learns what the classifier says of pictures with random patches R missing,
 *
 *   minimise  - sum_y P (y | R * x) log g (y | R * x)
 *
 * and nothing else: the formula above moves the selector alone, whose w is the map of one class, the predicted one,
 * out of one map for each. A predictor that is honest about any selection keeps the selector from a code: Jethani,
 * Sudarshan, Aphinyanaphongs, Ranganath: Have we learned to explain?, AISTATS 2021 (REAL-X), whose predictor learns
 * labels; that it learns the classifier's answers, as a surrogate: Jethani, Sudarshan, Covert, Lee, Ranganath:
 * FastSHAP, ICLR 2022. (Trained together with one map for each class, selector and predictor agree on a code at
 * once.)
 *
 * Selector and predictor are small convolutional networks from scratch, as in the paper's section 4.3 (its code has
 * none for pictures), with each layer's values normalised over the picture; they see the picture with 8 x 8 pixels
 * for each patch, so that they cost the same whatever the classifier's input. Both start undecided: a predictor that
 * is sure of something wrong is best served by patches that show nothing, and a selector that has learned to give it
 * those finds no way back. tau = 0.1 in the paper, 0.5 in the released code for text; AdamW stands for RMSprop, and
 * its weight decay for the code's L2 term. */
#include "l2x.h"

#include "../../error.h"
#include "../kind.h"
#include "subset.h"

#include <math.h>
#include <string.h>

#define UNDECIDED 0.01 /* of the usual start: logits that are nearly equal */
#define PIXELS 8       /* of a patch, as the two networks see it: three times halved */

enum
{
  PUBLISHED,
  SURROGATE
};

static const char *const variants[] = { "published", "surrogate", NULL };

static const EngParam params[] = {
  { "variant", "Variant", "", ENG_PARAM_CHOICE, 0, SURROGATE, SURROGATE, variants,
    "published: one map for all classes; selector and predictor learn together. surrogate: a map for each class; the "
    "predictor learns what the classifier says of pictures with random patches missing.",
    FALSE },
  { "grid", "Grid", "patches along a side", ENG_PARAM_INT, 2, 32, 6, NULL,
    "The picture is cut into so many rows and columns of patches.", FALSE },
  { "patches", "Selected patches", "", ENG_PARAM_INT, 0, 1024, 0, NULL,
    "How many patches explain a decision (k). 0: a quarter of them.", FALSE },
  { "tau", "Temperature", "", ENG_PARAM_FLOAT, 0.01, 10, 0.5, NULL,
    "Of the relaxed selection (tau). Lower is closer to choosing patches one by one. Published 0.1; 0.5 in "
    "the released code for text.",
    TRUE },
  { "width", "Width", "channels", ENG_PARAM_INT, 4, 256, 16, NULL,
    "Channels of the two networks' first convolution; later ones have two and four times as many.", TRUE },
  { "head-start", "Head start", "of the steps", ENG_PARAM_FLOAT, 0, 0.9, 0.25, NULL,
    "surrogate: share of the steps in which the predictor learns before the selector does.", FALSE },
  { NULL },
};

typedef struct
{
  int grid, k, patches, classes, maps; /* maps: 1, or one for each class */
  EngValue *input, *noise, *soft;      /* B x C x H x W; see subset.h; the classifier's probabilities, B x K */
  EngValue *logits;                    /* B x maps x grid x grid */

  /* of the surrogate */
  EngValue *explained;      /* B x 1 x K: 1 at the predicted class */
  EngValue *shown, *answer; /* R, B x 1 x grid x grid; what the classifier says with it, B x K */
  EngValue *begun;          /* 0 during the head start, then 1 */
  GPtrArray *own, *held;    /* the predictor's weights, and the inputs through which the selector's loss sees them */
  EngPass *classifier;
} L2x;

static void
free_own (gpointer own)
{
  L2x *l = own;
  g_ptr_array_unref (l->own);
  g_ptr_array_unref (l->held);
  g_clear_pointer (&l->classifier, eng_pass_free);
  g_free (l);
}

int
eng_l2x_patches (const EngValues *values)
{
  int n = (int)eng_values_get (values, "grid"), k = (int)eng_values_get (values, "patches");
  return k ? MIN (k, n * n) : MAX (n * n / 4, 1);
}

/* ---- layers ---- */

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

/* A weight "LAYER_PART", made when it is first asked for. @hold: an input with its value, through which no gradient
 * reaches it. */
static EngValue *
weight_of (EngNet *net, const char *layer, const char *part, const EngShape *shape, EngInit init, double scale,
           gboolean hold)
{
  L2x *l = net->own;
  g_autofree char *name = g_strdup_printf ("%s_%s", layer, part), *held = g_strconcat ("held/", name, NULL);
  EngValue *weight = eng_graph_find (net->graph, name);
  if (!weight)
    weight = eng_net_weight (net, name, shape, init, scale);
  if (!hold)
    return weight;
  g_ptr_array_add (l->own, weight);
  g_ptr_array_add (l->held, eng_net_input (net, held, shape));
  return l->held->pdata[l->held->len - 1];
}

/* The output is smaller by @stride. He et al., 2015: with torch's smaller start, what reaches the selector through
 * eight layers is a thousandth of what reaches the predictor. */
static EngValue *
convolved (EngNet *net, const char *name, EngValue *x, int out, int kernel, int stride, double scale, gboolean hold,
           GError **error)
{
  if (!x)
    return NULL;
  int64_t in = x->shape.dim[1], pad = (kernel - stride + 1) / 2;
  EngShape shape = ENG_SHAPE (out, in, kernel, kernel), wide = ENG_SHAPE (out);
  double bound = scale * sqrt (6.0 / (double)(in * kernel * kernel));
  EngValue *weight = weight_of (net, name, "weight", &shape, ENG_INIT_UNIFORM, bound, hold);
  EngValue *bias = weight_of (net, name, "bias", &wide, ENG_INIT_ZERO, 0, hold);
  EngAttrs *attrs = eng_attrs_ints (eng_attrs_new (), "pads", (int64_t[]){ pad, pad, pad, pad }, 4);
  eng_attrs_ints (attrs, "strides", (int64_t[]){ stride, stride }, 2);
  return eng_graph_op (net->graph, error, "Conv", attrs, 3, x, weight, bias);
}

/* Mean 0 and variance 1 over the whole of a picture's values, then a scale and a shift for each channel (Ba, Kiros,
 * Hinton: Layer normalization, 2016). Statistics of the batch would be others when one picture is explained. */
static EngValue *
normalised (EngNet *net, const char *name, EngValue *x, gboolean hold, GError **error)
{
  if (!x)
    return NULL;
  EngShape channels = ENG_SHAPE (x->shape.dim[1], 1, 1),
           all = ENG_SHAPE (x->shape.dim[1], x->shape.dim[2], x->shape.dim[3]);
  g_autofree float *ones = g_new (float, eng_shape_count (&all));
  for (int64_t i = 0; i < eng_shape_count (&all); i++)
    ones[i] = 1;
  x = eng_graph_op (net->graph, error, "LayerNormalization", eng_attrs_int (eng_attrs_new (), "axis", 1), 2, x,
                    eng_net_floats (net, ones, &all));
  x = eng_net_op (net, error, "Mul", x, weight_of (net, name, "scale", &channels, ENG_INIT_ONE, 0, hold));
  return eng_net_op (net, error, "Add", x, weight_of (net, name, "shift", &channels, ENG_INIT_ZERO, 0, hold));
}

/* B x C x side x side -> B x 4 width x grid x grid */
static EngValue *
convolutions (EngNet *net, const char *name, EngValue *x, gboolean hold, GError **error)
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
      x = convolved (net, layer, x, layers[i].width * width, layers[i].kernel, layers[i].stride, 1, hold, error);
      x = eng_net_op (net, error, "Relu", normalised (net, layer, x, hold, error), NULL);
      if (layers[i].pool)
        x = halved (net, x, error);
    }
  return x;
}

/* ---- building ---- */

/* The predictor's logits for what @patches (B x 1 x grid x grid) leave of @small, B x K. */
static EngValue *
predicted (EngNet *net, EngValue *small, EngValue *patches, gboolean hold, GError **error)
{
  const L2x *l = net->own;
  EngShape row = ENG_SHAPE (net->batch, l->classes);
  int side = l->grid * PIXELS;
  EngValue *v = eng_net_op (net, error, "Mul", small, eng_net_resize (net, patches, side, side, FALSE, error));
  v = convolutions (net, "predictor", v, hold, error);
  v = eng_net_reduce (net, "ReduceMax", v, (int64_t[]){ 2, 3 }, 2, TRUE, error);
  v = convolved (net, "predictor/logits", v, l->classes, 1, 1, UNDECIDED, hold, error);
  return eng_net_reshape (net, v, &row, error);
}

/* The explained class's logits, B x 1 x patches */
static EngValue *
selector_row (EngNet *net, GError **error)
{
  L2x *l = net->own;
  EngShape rows = ENG_SHAPE (net->batch, l->maps, l->patches), chosen = ENG_SHAPE (net->batch, 1, l->classes);
  EngValue *w = eng_net_reshape (net, l->logits, &rows, error);
  if (eng_values_get (net->values, "variant") == PUBLISHED)
    return w;
  l->explained = eng_net_input (net, "explained", &chosen);
  return eng_net_op (net, error, "MatMul", l->explained, w);
}

static void
add_surrogate (EngNet *net, EngValue *small, GError **error)
{
  L2x *l = net->own;
  EngShape none = { .rank = 0 }, map = ENG_SHAPE (net->batch, 1, l->grid, l->grid);
  l->shown = eng_net_input (net, "shown", &map);
  l->answer = eng_net_input (net, "answer", &l->soft->shape);
  l->begun = eng_net_input (net, "begun", &none);
  EngValue *learns = eng_net_cross_entropy (net, predicted (net, small, l->shown, FALSE, error), l->answer, error);
  net->loss = eng_net_op (net, error, "Add", eng_net_op (net, error, "Mul", net->loss, l->begun), learns);
  eng_net_add_term (net, "surrogate", learns);
}

static gboolean
build (EngNet *net, GError **error)
{
  L2x *l = net->own = g_new0 (L2x, 1);
  gboolean surrogate = eng_values_get (net->values, "variant") == SURROGATE;
  net->free_own = free_own;
  l->own = g_ptr_array_new ();
  l->held = g_ptr_array_new ();
  l->classes = eng_model_n_classes (net->model);
  l->maps = surrogate ? l->classes : 1;
  l->grid = (int)eng_values_get (net->values, "grid");
  l->patches = l->grid * l->grid;
  l->k = eng_l2x_patches (net->values);
  EngShape map = ENG_SHAPE (net->batch, 1, l->grid, l->grid), row = ENG_SHAPE (net->batch, l->classes);

  l->input = net->given = eng_net_input (net, "input", &eng_graph_image (net->source)->shape);
  l->noise = eng_subset_noise (net, l->k, l->patches);
  l->soft = eng_net_input (net, "probabilities", &row);
  EngValue *small = shrunk (net, l, error), *v = convolutions (net, "selector", small, FALSE, error);
  l->logits = convolved (net, "selector/logits", v, l->maps, 1, 1, UNDECIDED, FALSE, error);
  if (!l->logits)
    return FALSE;
  v = eng_subset_draw (net, selector_row (net, error), l->noise, 1 / eng_values_get (net->values, "tau"), error);
  v = eng_net_reshape (net, v, &map, error);
  net->loss = eng_net_cross_entropy (net, predicted (net, small, v, surrogate, error), l->soft, error);
  eng_net_add_term (net, "prediction", net->loss);
  if (surrogate)
    add_surrogate (net, small, error);
  eng_net_add_output (net, "logits", l->logits);
  eng_net_want (net, l->logits);
  return net->loss != NULL;
}

/* ---- running ---- */

static int
best_of (const float *logits, int n)
{
  int best = 0;
  for (int k = 1; k < n; k++)
    if (logits[k] > logits[best])
      best = k;
  return best;
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

/* The classifier's logits, B x K, for B inputs times @selection, B x patches. */
static gboolean
ask (EngNet *net, const float *input, const float *selection, float *logits, GError **error)
{
  L2x *l = net->own;
  EngValue *image = eng_graph_image (net->source);
  gsize size = (gsize)(eng_shape_count (&image->shape) / net->batch);
  g_autofree float *masked = g_memdup2 (input, sizeof (float) * size * (gsize)net->batch);
  if (!l->classifier)
    {
      l->classifier = eng_pass_new (net->source);
      eng_pass_want (l->classifier, eng_graph_logits (net->source));
      if (!eng_pass_prepare (l->classifier, error))
        {
          g_clear_pointer (&l->classifier, eng_pass_free);
          return FALSE;
        }
    }
  for (int i = 0; i < net->batch; i++)
    mask_input (net, selection + (gsize)i * (gsize)l->patches, masked + (gsize)i * size);
  eng_pass_write (l->classifier, image, masked);
  eng_pass_forward (l->classifier);
  eng_pass_read (l->classifier, eng_graph_logits (net->source), logits);
  for (int i = 0; i < net->batch * l->classes; i++)
    if (!isfinite (logits[i]))
      return eng_fail (error, ENG_ERROR_INVALID,
                       "The model returned %s for a picture with patches missing. Check the normalisation (%s).",
                       isnan (logits[i]) ? "NaN" : "infinity", eng_model_preprocess (net->model)->origin);
  return TRUE;
}

static void
fill_probabilities (const L2x *l, const float *logits, int n, float *soft)
{
  for (int i = 0; i < n; i++)
    eng_softmax (logits + (gsize)i * (gsize)l->classes, l->classes, soft + (gsize)i * (gsize)l->classes);
}

/* Between a twelfth and five sixths of the patches. */
static void
show_some (const L2x *l, GRand *random, float *shown)
{
  int n = l->patches, left = g_rand_int_range (random, MAX (n / 12, 1), n * 5 / 6 + 1);
  for (int i = 0; i < n; i++)
    {
      shown[i] = g_rand_int_range (random, 0, n - i) < left;
      left -= shown[i] > 0;
    }
}

static void
hold_weights (EngNet *net)
{
  const L2x *l = net->own;
  for (guint i = 0; i < l->own->len; i++)
    {
      EngValue *weight = l->own->pdata[i];
      g_autofree float *values = g_new (float, eng_shape_count (&weight->shape));
      eng_pass_read (net->pass, weight, values);
      eng_pass_write (net->pass, l->held->pdata[i], values);
    }
}

/* The patches that the surrogate is shown, and what the classifier says to them. */
static gboolean
feed_surrogate (EngNet *net, const EngTrainBatch *batch, GError **error)
{
  L2x *l = net->own;
  float begun = batch->validating || batch->step >= eng_values_get (net->values, "head-start") * batch->steps;
  gsize patches = (gsize)l->patches, classes = (gsize)l->classes;
  g_autofree float *shown = g_new (float, (gsize)net->batch *patches);
  g_autofree float *logits = g_new (float, (gsize)net->batch *classes);
  g_autofree float *explained = g_new0 (float, (gsize)net->batch *classes);
  for (int i = 0; i < net->batch; i++)
    explained[(gsize)i * classes + (gsize)best_of (batch->logits + (gsize)i * classes, l->classes)] = 1;
  eng_pass_write (net->pass, l->explained, explained);
  eng_pass_write (net->pass, l->begun, &begun);
  hold_weights (net);
  for (int i = 0; i < net->batch; i++)
    show_some (l, batch->random, shown + (gsize)i * patches);
  if (!ask (net, batch->input, shown, logits, error))
    return FALSE;
  fill_probabilities (l, logits, net->batch, logits);
  eng_pass_write (net->pass, l->shown, shown);
  eng_pass_write (net->pass, l->answer, logits);
  return TRUE;
}

static gboolean
feed (EngNet *net, const EngTrainBatch *batch, GError **error)
{
  L2x *l = net->own;
  g_autofree float *soft = g_new (float, (gsize)net->batch *(gsize)l->classes);
  fill_probabilities (l, batch->logits, net->batch, soft);
  eng_pass_write (net->pass, l->input, batch->input);
  eng_pass_write (net->pass, l->soft, soft);
  eng_subset_feed (net, l->noise, batch->random);
  return !l->explained || feed_surrogate (net, batch, error);
}

/* Until then the selector has learned nothing. */
static double
keeps_from (const EngValues *values)
{
  return eng_values_get (values, "variant") == SURROGATE ? eng_values_get (values, "head-start") : 0;
}

/* What the selector says of row @i for the class that the classifier sees: all patches' logits. */
static const float *
map_of (const EngNet *net, const EngTrainBatch *batch, const float *logits, int i)
{
  const L2x *l = net->own;
  int map = l->maps > 1 ? best_of (batch->logits + (gsize)i * (gsize)l->classes, l->classes) : 0;
  return logits + ((gsize)i * (gsize)l->maps + (gsize)map) * (gsize)l->patches;
}

static float *
read_logits (const EngNet *net)
{
  const L2x *l = net->own;
  float *logits = g_new (float, eng_shape_count (&l->logits->shape));
  eng_pass_read (net->pass, l->logits, logits);
  return logits;
}

/* Post-hoc accuracy of the paper: how often the classifier says of the selected patches alone what it says of the
 * whole picture. */
static gboolean
judge (EngNet *net, const EngTrainBatch *batch, double *sum, GError **error)
{
  const L2x *l = net->own;
  gsize classes = (gsize)l->classes;
  g_autofree float *logits = read_logits (net), *selection = g_new (float, (gsize)net->batch *(gsize)l->patches);
  g_autofree float *answers = g_new (float, (gsize)net->batch *classes);
  for (int i = 0; i < net->batch; i++)
    eng_subset_pick (map_of (net, batch, logits, i), l->patches, l->k, selection + (gsize)i * (gsize)l->patches);
  if (!ask (net, batch->input, selection, answers, error))
    return FALSE;
  for (int i = 0; i < batch->n; i++)
    *sum += best_of (answers + (gsize)i * classes, l->classes)
            == best_of (batch->logits + (gsize)i * classes, l->classes);
  return TRUE;
}

static float *
preview (EngNet *net, const EngTrainBatch *batch, int i, int *rows, int *cols)
{
  const L2x *l = net->own;
  g_autofree float *logits = read_logits (net);
  float *map = g_new (float, l->patches);
  *rows = *cols = l->grid;
  eng_subset_ranks (map_of (net, batch, logits, i), l->patches, map);
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
  { "learning-rate", 2e-3 }, { "weight-decay", 0.1 }, { "steps", 4000 }, { "warm-up", 0.1 }, { NULL },
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
  .keeps_from = keeps_from,
  .judge = judge,
  .preview = preview,
};
