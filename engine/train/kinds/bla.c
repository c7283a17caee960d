/* BLA, bounded logit attention (Baumhauer, Slijepcevic, Zeppelzauer: Bounded logit attention, arXiv 2105.14824; the
 * authors' released code), for networks that end in the mean of a feature map z over its n = h x w cells and one
 * linear layer. One 1x1 convolution scores the cells, u_i = w . z_i + b, and the mean gives way to a weighted sum:
 *
 *   p_i = -relu (u_i)                bounded logits: several cells can sit at the bound 0
 *   a_i = softmax_i (tau p)          tau = 0.1 multiplies, as in the released code
 *   a_i = relu (a_i - gamma)         BLA-T and BLA-PH: gamma = 0.98 / n, not normalised again
 *   v   = sum_i a_i z_i              then dropout 0.2 while training, then the linear layer; cross-entropy
 *
 * Once trained, the cells at the largest p are selected, as many as there are, and v is their mean: training is soft,
 * the answer is hard, as released. L2X-F is the released comparison: p = -u, a the elementwise largest of k draws of
 * softmax (tau (p + G)) with Gumbel noise G, the k largest p selected.
 *
 * Differences: u starts at 1 everywhere (w = 0, b = 1) instead of at random around 0. A cell at the bound has no
 * gradient, so a random start decides which half of the channels can be learned at all: on the sample scenes one of
 * three random starts settled on the background. AdamW without decay stands for Keras' Adam. Where there are no
 * labels, the class is the predicted one. */
#include "pooled.h"
#include "subset.h"

#include "../../error.h"
#include "../../random.h"
#include "../kind.h"

#include <math.h>
#include <string.h>

enum
{
  BLA,
  BLA_T,
  BLA_PH,
  L2X_F
};

static const char *const variants[] = { "bla", "bla-t", "bla-ph", "l2x-f", NULL };

static const EngParam params[] = {
  { "variant", "Variant", "", ENG_PARAM_CHOICE, 0, 3, BLA_PH, variants,
    "BLA: bounded logits, the linear layer learns too. BLA-T: small weights are cut off, which favours few cells. "
    "BLA-PH: the same on the frozen classifier (post hoc). L2X-F: a fixed number of cells.",
    FALSE },
  { "threshold", "Cut-off", "of an even share", ENG_PARAM_FLOAT, 0, 1, 0.98, NULL,
    "BLA-T and BLA-PH: what is taken off every cell's weight, as a part of 1 / cells (gamma). Published 0.98.",
    FALSE },
  { "cells", "Selected cells", "", ENG_PARAM_INT, 1, 4096, 8, NULL, "L2X-F: how many cells are selected.", TRUE },
  { "dropout", "Dropout", "", ENG_PARAM_FLOAT, 0, 0.9, 0.2, NULL,
    "Share of the features that are left out at random before the linear layer while training.", FALSE },
  { NULL },
};

#define TAU 0.1

typedef struct
{
  EngPooled pooled;
  int variant, channels, cells, k;
  double dropout;
  EngValue *features, *wanted; /* inputs: the frozen value, the class B x K */
  EngValue *kept, *noise;      /* dropout's mask B x channels x 1; Gumbel noise B x k x cells (NULL: none) */
  EngValue *selected, *logits; /* B x 1 x rows x cols, 0 or 1; of the selected cells' mean */
} Bla;

/* ---- building ---- */

/* B x 1 x cells */
static EngValue *
cell_logits (EngNet *net, Bla *b, EngValue *z, GError **error)
{
  EngShape map = ENG_SHAPE (net->batch, b->channels, b->pooled.target->rows, b->pooled.target->cols);
  EngShape row = ENG_SHAPE (net->batch, 1, b->cells), w = ENG_SHAPE (1, b->channels, 1, 1), one = ENG_SHAPE (1);
  EngValue *weight = eng_net_weight (net, "attention/conv_weight", &w, ENG_INIT_ZERO, 0);
  EngValue *bias = eng_net_weight (net, "attention/conv_bias", &one, ENG_INIT_ONE, 0);
  EngValue *v = eng_net_reshape (net, z, &map, error);
  v = eng_graph_op (net->graph, error, "Conv", NULL, 3, v, weight, bias);
  if (b->variant != L2X_F)
    v = eng_net_op (net, error, "Relu", v, NULL);
  return eng_net_reshape (net, eng_net_op (net, error, "Neg", v, NULL), &row, error);
}

static EngValue *
soft_weights (EngNet *net, Bla *b, EngValue *p, GError **error)
{
  EngValue *a = eng_net_op (net, error, "Mul", p, eng_net_scalar (net, TAU));
  a = eng_net_softmax (net, a, 2, FALSE, error);
  if (b->variant != BLA_T && b->variant != BLA_PH)
    return a;
  double gamma = eng_values_get (net->values, "threshold") / b->cells;
  a = eng_net_op (net, error, "Sub", a, eng_net_scalar (net, gamma));
  return eng_net_op (net, error, "Relu", a, NULL);
}

/* What training weighs the cells with: for L2X-F the largest of k noisy draws. */
static EngValue *
training_weights (EngNet *net, Bla *b, EngValue *p, EngValue *soft, GError **error)
{
  if (b->variant != L2X_F)
    return soft;
  b->noise = eng_subset_noise (net, b->k, b->cells);
  return eng_subset_draw (net, p, b->noise, TAU, error);
}

/* 1 at the cells that count: all at the largest p, or as many as L2X-F has. */
static EngValue *
selection (EngNet *net, Bla *b, EngValue *p, GError **error)
{
  if (b->variant == L2X_F)
    return eng_subset_top (net, p, b->k, error);
  EngValue *most = eng_net_reduce (net, "ReduceMax", p, (int64_t[]){ 2 }, 1, TRUE, error);
  return eng_graph_op (net->graph, error, "Cast", eng_attrs_int (eng_attrs_new (), "to", ENG_DTYPE_FLOAT), 1,
                       eng_net_op (net, error, "GreaterOrEqual", p, most));
}

/* sum_i a_i z_i: B x channels x 1 */
static EngValue *
weighted (EngNet *net, EngValue *z, EngValue *a, GError **error)
{
  return eng_net_op (net, error, "MatMul", z, eng_net_transpose (net, a, (int64_t[]){ 0, 2, 1 }, 3, error));
}

static EngValue *
as_map (EngNet *net, Bla *b, EngValue *row, GError **error)
{
  EngShape map = ENG_SHAPE (net->batch, 1, b->pooled.target->rows, b->pooled.target->cols);
  return eng_net_reshape (net, row, &map, error);
}

static EngValue *
build_loss (EngNet *net, Bla *b, EngValue *z, EngValue *a, const EngPooledTuned *tuned, GError **error)
{
  EngShape kept = ENG_SHAPE (net->batch, b->channels, 1),
           classes = ENG_SHAPE (net->batch, eng_model_n_classes (net->model));
  b->wanted = eng_net_input (net, "class", &classes);
  EngValue *v = weighted (net, z, a, error);
  if (b->dropout > 0)
    {
      b->kept = eng_net_input (net, "kept", &kept);
      v = eng_net_op (net, error, "Mul", v, b->kept);
    }
  EngValue *logits = eng_pooled_head (&b->pooled, net, "training/", v, tuned, error);
  return eng_net_cross_entropy (net, logits, b->wanted, error);
}

static gboolean
build (EngNet *net, GError **error)
{
  Bla *b = net->own = g_new0 (Bla, 1);
  net->free_own = g_free;
  if (!eng_pooled_find (net->model, &b->pooled, error))
    return FALSE;
  b->variant = (int)eng_values_get (net->values, "variant");
  b->channels = (int)eng_target_channels (b->pooled.target);
  b->cells = b->pooled.target->rows * b->pooled.target->cols;
  b->k = MIN ((int)eng_values_get (net->values, "cells"), b->cells);
  b->dropout = eng_values_get (net->values, "dropout");
  EngPooledTuned tuned = { .n = 0 };
  if (b->variant != BLA_PH)
    eng_pooled_tune (&b->pooled, net, &tuned);

  b->features = net->given =
      eng_net_input (net, "features", &eng_graph_find (net->source, b->pooled.features)->shape);
  EngValue *z = eng_pooled_cells (&b->pooled, net, b->features, error), *p = cell_logits (net, b, z, error);
  EngValue *soft = soft_weights (net, b, p, error), *hard = selection (net, b, p, error);
  EngValue *count = eng_net_reduce (net, "ReduceSum", hard, (int64_t[]){ 2 }, 1, TRUE, error);
  EngValue *mean = weighted (net, z, eng_net_op (net, error, "Div", hard, count), error);
  b->selected = as_map (net, b, hard, error);
  b->logits = eng_pooled_head (&b->pooled, net, "selected/", mean, &tuned, error);
  net->loss = build_loss (net, b, z, training_weights (net, b, p, soft, error), &tuned, error);

  eng_net_add_term (net, "prediction", net->loss);
  eng_net_add_term (net, "selected share", eng_net_reduce (net, "ReduceMean", hard, NULL, 0, FALSE, error));
  eng_net_add_output (net, "hard", b->selected);
  eng_net_add_output (net, "soft", as_map (net, b, soft, error));
  eng_net_add_output (net, "bounded", as_map (net, b, p, error));
  eng_net_add_output (net, "logits", b->logits);
  eng_net_want (net, b->selected);
  eng_net_want (net, b->logits);
  return net->n_outputs == ENG_NET_MAX_OUTPUTS && net->loss;
}

/* ---- running ---- */

static gboolean
feed (EngNet *net, const EngTrainBatch *batch, GError **error)
{
  Bla *b = net->own;
  gsize classes = (gsize)eng_model_n_classes (net->model), n = (gsize)net->batch;
  g_autofree float *wanted = g_new0 (float, n *classes);
  for (gsize i = 0; i < n; i++)
    wanted[i * classes + batch->classes[i]] = 1;
  eng_pass_write (net->pass, b->features, batch->frozen);
  eng_pass_write (net->pass, b->wanted, wanted);
  if (b->kept)
    {
      gsize count = n * b->channels;
      g_autofree float *kept = g_new (float, count);
      for (gsize i = 0; i < count; i++)
        kept[i] = batch->validating                             ? 1
                  : g_rand_double (batch->random) >= b->dropout ? (float)(1 / (1 - b->dropout))
                                                                : 0;
      eng_pass_write (net->pass, b->kept, kept);
    }
  if (b->noise)
    eng_subset_feed (net, b->noise, batch->random);
  return TRUE;
}

/* Accuracy alone is best where everything is selected, as it is at the start: ten points of size weigh one of
 * accuracy. */
static gboolean
judge (EngNet *net, const EngTrainBatch *batch, double *sum, GError **error)
{
  Bla *b = net->own;
  int classes = eng_model_n_classes (net->model);
  g_autofree float *logits = g_new (float, (gsize)net->batch *classes);
  g_autofree float *selected = g_new (float, (gsize)net->batch * b->cells);
  eng_pass_read (net->pass, b->logits, logits);
  eng_pass_read (net->pass, b->selected, selected);
  for (int i = 0; i < batch->n; i++)
    {
      const float *row = logits + (gsize)i * classes, *cells = selected + (gsize)i * b->cells;
      int best = 0;
      double count = 0;
      for (int k = 1; k < classes; k++)
        best = row[k] > row[best] ? k : best;
      for (int k = 0; k < b->cells; k++)
        count += cells[k];
      *sum += (batch->onehot[(gsize)i * classes + best] > 0) - 0.1 * count / b->cells;
    }
  return TRUE;
}

static float *
preview (EngNet *net, const EngTrainBatch *batch, int i, int *rows, int *cols)
{
  Bla *b = net->own;
  g_autofree float *all = g_new (float, (gsize)net->batch * b->cells);
  *rows = b->pooled.target->rows;
  *cols = b->pooled.target->cols;
  eng_pass_read (net->pass, b->selected, all);
  return g_memdup2 (all + (gsize)i * b->cells, sizeof (float) * b->cells);
}

/* ---- which networks ---- */

static const EngTarget *
default_target (EngModel *model)
{
  EngPooled pooled;
  return eng_pooled_find (model, &pooled, NULL) ? pooled.target : eng_model_default_target (model);
}

static const char *
frozen (EngModel *model, const EngTarget *target, const EngValues *values)
{
  EngPooled pooled;
  return eng_pooled_find (model, &pooled, NULL) ? pooled.features : NULL;
}

extern const EngExplainerKind eng_kind_bla;

/* With equal weights the module must be the classifier: what the structure promises, seen in numbers. A model that
 * does is asked once: lists ask often. */
static gboolean
reproduces (EngModel *model, const EngPooled *pooled, GError **error)
{
  static const char known[] = "bla-reproduces";
  if (g_object_get_data (G_OBJECT (model), known))
    return TRUE;
  g_autoptr (EngValues) values = eng_kind_values (&eng_kind_bla, model);
  g_autoptr (EngNet) net = eng_net_new (model, pooled->target, values, 0, 1, TRUE, build, error);
  if (!net)
    return FALSE;
  Bla *b = net->own;
  int classes = eng_model_n_classes (model);
  gsize n = (gsize)b->channels * b->cells;
  g_autofree float *features = g_new (float, n), *zeros = g_new0 (float, eng_net_count (net));
  g_autofree float *own = g_new (float, classes), *ours = g_new (float, classes);
  g_autofree float *wanted = g_new0 (float, classes), *kept = g_new0 (float, b->channels);
  g_autoptr (GRand) random = eng_random_new (0, 0);
  eng_random_fill_normal (random, features, n, 0.5, 1);
  eng_net_write_weights (net, zeros);
  eng_pass_write (net->pass, b->features, features);
  eng_pass_write (net->pass, b->wanted, wanted);
  if (b->kept)
    eng_pass_write (net->pass, b->kept, kept);
  eng_pass_forward (net->pass);
  eng_pass_read (net->pass, b->logits, ours);
  if (!eng_pooled_run (pooled, model, features, own, error))
    return FALSE;
  double largest = 1, worst = 0;
  for (int k = 0; k < classes; k++)
    {
      largest = fmax (largest, fabs (own[k]));
      worst = fmax (worst, fabs ((double)own[k] - ours[k]));
    }
  if (worst <= 1e-5 * largest)
    g_object_set_data (G_OBJECT (model), known, GINT_TO_POINTER (TRUE));
  return worst <= 1e-5 * largest
         || eng_fail (error, ENG_ERROR_UNSUPPORTED,
                      "BLA puts a weighted mean of “%s” in the place of this network's mean, but even equal weights "
                      "change its logits (by %.2g): what lies above is not the mean of all cells and a linear layer.",
                      pooled->features, worst);
}

static gboolean
can_train (EngModel *model, const EngTarget *target, GError **error)
{
  EngPooled pooled;
  if (!eng_pooled_find (model, &pooled, error))
    return FALSE;
  if (target && target != pooled.target)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "BLA weighs the cells of “%s”, the layer whose mean the network reads. Choose that layer.",
                     pooled.target->name);
  return reproduces (model, &pooled, error);
}

static const EngTrainDefault defaults[] = {
  { "learning-rate", 3e-3 },
  { "weight-decay", 0 },
  { "steps", 800 },
  { NULL },
};

const EngExplainerKind eng_kind_bla = {
  .id = "bla",
  .name = "BLA",
  .about = "Chooses the cells of the last feature map that the decision rests on, and how many it takes.",
  .reference = "Baumhauer et al.: Bounded logit attention: Learning to explain image classifiers, 2021",
  .method = "bla",
  .params = params,
  .defaults = defaults,
  .labels = ENG_LABELS_OPTIONAL,
  .needs = ENG_NEEDS_GRID | ENG_NEEDS_LINEAR_HEAD,
  .default_target = default_target,
  .can_train = can_train,
  .frozen = frozen,
  .build = build,
  .feed = feed,
  .score_name = "accuracy less a tenth of the selected share",
  .score_unit = "",
  .higher_is_better = TRUE,
  .judge = judge,
  .preview = preview,
};
