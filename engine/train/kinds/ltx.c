/* LTX pretrained on many pictures (pLTX): the first stage of Barkan et al., "Learning to Explain", ICDM 2023. The
 * same net at batch 1 is the explainer of one picture (explainer.h). Definitions and variant stand in ltx.h. */
#include "ltx.h"

#include "../../explainer.h"
#include "../../metrics/perturbation.h"
#include "../../probe.h"
#include "../../random.h"

#include <math.h>
#include <string.h>

enum
{
  MASK_LOSS_SOFTPLUS,
  MASK_LOSS_L1
};

enum
{
  MAPS_ONE,
  MAPS_PER_CLASS
};

static const char *const map_counts[] = { "one", "per-class", NULL };
static const char *const mask_losses[] = { "softplus", "l1", NULL };
const char *const eng_ltx_inverse_losses[] = { "unlikelihood", "cross-entropy", NULL };

static const EngParam params[] = {
  { "lambda", "Sparsity", "", ENG_PARAM_FLOAT, 0, 1000, 50, NULL,
    "Weight of the mask's size in the loss (lambda), once it has grown. Higher gives smaller regions; published 50 "
    "(ViT-B, ResNet-101, DenseNet-201) and 30 (ViT-S).",
    TRUE },
  { "maps", "Maps", "", ENG_PARAM_CHOICE, 0, MAPS_PER_CLASS, MAPS_ONE, map_counts,
    "one: a map of the picture, as published. per-class: a map for each class, of which a picture trains that of its "
    "own. A network that sees little of the picture at each place cannot tell in one map which of several objects "
    "decides.",
    FALSE },
  { "lambda-growth", "Sparsity grows", "of the steps", ENG_PARAM_FLOAT, 0, 1, 0.7, NULL,
    "Share of the steps over which lambda grows from 0. With all of it from the first step on, the mask shrinks to "
    "nothing before it has learned where to look.",
    FALSE },
  { "inverse", "Inverse mask", "", ENG_PARAM_FLOAT, 0, 10, 0, NULL,
    "Weight w of the counterfactual term, which wants the class gone where the mask is not. 0 as published.", FALSE },
  { "inverse-loss", "Inverse loss", "", ENG_PARAM_CHOICE, 0, 1, 0, eng_ltx_inverse_losses,
    "The counterfactual term, p the class's probability under the inverse mask: unlikelihood (CE(x M) − w ln(1 − p), "
    "strongest while the class still shows) or cross-entropy ((CE(x M) − w CE(x (1 − M))) / (1 + w), as the authors' "
    "earlier code).",
    FALSE },
  { "mask-loss", "Mask loss", "", ENG_PARAM_CHOICE, 0, 1, MASK_LOSS_SOFTPLUS, mask_losses,
    "How the size of the mask is measured: mean softplus (as published) or mean absolute value.", FALSE },
  { NULL }
};

/* ---- building ---- */

/* All of the head comes from one row of random numbers, and the released code's two inits: a person's seed gives the
 * same map as ever. */
static EngValue *
head_weight (EngNet *net, GRand *random, const char *name, const EngShape *shape, double spread, gboolean uniform)
{
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, shape);
  for (int64_t i = 0; i < eng_tensor_count (t); i++)
    t->f[i] = (float)(spread == 0 ? 0
                      : uniform   ? g_rand_double_range (random, -spread, spread)
                                  : spread * eng_random_normal (random));
  return eng_net_weight_from (net, name, t);
}

/* CNN: one 1x1 convolution to one channel for each map, uniform in +-1/sqrt (channels). */
static EngValue *
spatial_head (EngNet *net, EngValue *input, int maps, GRand *random, GError **error)
{
  EngValue *features = eng_net_feature_map (net, "explainer/", input, TRUE, error);
  if (!features)
    return NULL;
  int64_t channels = features->shape.dim[1];
  EngShape w = ENG_SHAPE (maps, channels, 1, 1), b = ENG_SHAPE (maps);
  double bound = 1 / sqrt ((double)channels);
  EngValue *weight = head_weight (net, random, "head/conv_weight", &w, bound, TRUE);
  EngValue *bias = head_weight (net, random, "head/conv_bias", &b, bound, TRUE);
  return eng_graph_op (net->graph, error, "Conv", NULL, 3, features, weight, bias);
}

/* Transformer: linear, tanh, linear on each token of the grid, N (0, 0.02), zero bias. Weights are out x in. */
static EngValue *
token_head (EngNet *net, EngValue *input, int maps, GRand *random, GError **error)
{
  EngGraph *g = net->graph;
  const EngTarget *t = net->target;
  EngValue *v = eng_net_backbone (net, "explainer/", input, TRUE, error);
  int64_t d = t->shape.dim[2], cells = (int64_t)t->rows * t->cols;
  EngShape square = ENG_SHAPE (d, d), wide = ENG_SHAPE (d), last = ENG_SHAPE (maps, d), out = ENG_SHAPE (maps);
  EngShape rows = ENG_SHAPE (net->batch * cells, d), each = ENG_SHAPE (net->batch, cells, maps);
  EngShape grid = ENG_SHAPE (net->batch, maps, t->rows, t->cols);
  EngValue *fc1_weight = head_weight (net, random, "head/fc1_weight", &square, 0.02, FALSE);
  EngValue *fc1_bias = head_weight (net, random, "head/fc1_bias", &wide, 0, FALSE);
  EngValue *fc2_weight = head_weight (net, random, "head/fc2_weight", &last, 0.02, FALSE);
  EngValue *fc2_bias = head_weight (net, random, "head/fc2_bias", &out, 0, FALSE);
  if (t->prefix)
    v = eng_graph_op (g, error, "Slice", NULL, 4, v, eng_net_ints (net, (int64_t[]){ t->prefix }, 1),
                      eng_net_ints (net, (int64_t[]){ t->prefix + cells }, 1),
                      eng_net_ints (net, (int64_t[]){ 1 }, 1));
  v = eng_net_reshape (net, v, &rows, error);
  v = eng_graph_op (g, error, "Gemm", eng_attrs_int (eng_attrs_new (), "transB", 1), 3, v, fc1_weight, fc1_bias);
  v = eng_net_op (net, error, "Tanh", v, NULL);
  v = eng_graph_op (g, error, "Gemm", eng_attrs_int (eng_attrs_new (), "transB", 1), 3, v, fc2_weight, fc2_bias);
  if (maps > 1)
    v = eng_net_transpose (net, eng_net_reshape (net, v, &each, error), (int64_t[]){ 0, 2, 1 }, 3, error);
  return eng_net_reshape (net, v, &grid, error);
}

/* Of a map for each class, that of the class to explain: B x 1 x rows x cols. */
static EngValue *
map_of_class (EngNet *net, EngValue *maps, GError **error)
{
  EngLtxNet *own = net->own;
  int64_t k = eng_model_n_classes (net->model), rows = net->target->rows, cols = net->target->cols;
  EngShape chosen = ENG_SHAPE (net->batch, 1, k), flat = ENG_SHAPE (net->batch, k, rows * cols);
  EngShape grid = ENG_SHAPE (net->batch, 1, rows, cols);
  EngValue *v = eng_net_op (net, error, "MatMul", eng_net_reshape (net, own->onehot, &chosen, error),
                            eng_net_reshape (net, maps, &flat, error));
  return eng_net_reshape (net, v, &grid, error);
}

/* The frozen classifier's logits on @pixels times @mask. */
static EngValue *
masked_logits (EngNet *net, const char *prefix, EngValue *mask, GError **error)
{
  EngValue *masked = eng_net_op (net, error, "Mul", ((EngLtxNet *)net->own)->pixels, mask);
  return eng_net_classifier (net, prefix, eng_net_normalised (net, masked, error), NULL, error);
}

/* - ln (1 - p) = ln sum_k exp (z_k) - ln sum_(k != c) exp (z_k): how much the cross-entropy with an even share for
 * every other class falls when the class's logit is taken out. 1 - p itself would be 0 where p rounds to 1. */
static EngValue *
unlikelihood (EngNet *net, EngValue *logits, GError **error)
{
  EngLtxNet *own = net->own;
  int others = MAX (eng_model_n_classes (net->model) - 1, 1);
  EngValue *rest = eng_net_op (net, error, "Sub", eng_net_scalar (net, 1), own->onehot);
  EngValue *even = eng_net_op (net, error, "Mul", rest, eng_net_scalar (net, 1.0 / others));
  EngValue *low = eng_net_op (net, error, "Mul", own->onehot, eng_net_scalar (net, -1e6));
  EngValue *without = eng_net_op (net, error, "Add", eng_net_op (net, error, "Mul", logits, rest), low);
  return eng_net_op (net, error, "Sub", eng_net_cross_entropy (net, logits, even, error),
                     eng_net_cross_entropy (net, without, even, error));
}

/* @loss and w times the counterfactual term of @mask */
static EngValue *
add_inverse (EngNet *net, EngValue *loss, EngValue *mask, double w, GError **error)
{
  EngLtxNet *own = net->own;
  gboolean earlier = eng_values_get (net->values, "inverse-loss") == ENG_INVERSE_CROSS_ENTROPY;
  EngValue *rest = eng_net_op (net, error, "Sub", eng_net_scalar (net, 1), mask);
  EngValue *logits = masked_logits (net, "inverse/", rest, error);
  own->inverse_loss =
      earlier ? eng_net_cross_entropy (net, logits, own->onehot, error) : unlikelihood (net, logits, error);
  EngValue *weighted = eng_net_op (net, error, "Mul", own->inverse_loss, eng_net_scalar (net, earlier ? -w : w));
  EngValue *both = eng_net_op (net, error, "Add", loss, weighted);
  return earlier ? eng_net_op (net, error, "Mul", both, eng_net_scalar (net, 1 / (1 + w))) : both;
}

static EngValue *
build_loss (EngNet *net, GError **error)
{
  EngLtxNet *own = net->own;
  EngPreprocess *p = eng_model_preprocess (net->model);
  double w = eng_values_get (net->values, "inverse");
  gboolean l1 = eng_values_get (net->values, "mask-loss") == MASK_LOSS_L1;
  EngValue *full = eng_net_resize (net, own->mask, p->height, p->width, TRUE, error);
  own->logits = masked_logits (net, "classifier/", full, error);
  EngValue *v = own->prediction_loss = eng_net_cross_entropy (net, own->logits, own->onehot, error);
  if (w > 0)
    v = add_inverse (net, v, full, w, error);
  EngValue *cost = eng_net_op (net, error, l1 ? "Abs" : "Softplus", own->mask, NULL);
  own->mask_loss = eng_net_reduce (net, "ReduceMean", cost, NULL, 0, FALSE, error);
  cost = eng_net_op (net, error, "Mul", own->mask_loss, own->lambda);
  return eng_net_op (net, error, "Add", v, cost);
}

gboolean
eng_ltx_build (EngNet *net, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (net->model);
  const guint32 seeds[2] = { (guint32)net->seed, (guint32)(net->seed >> 32) };
  g_autoptr (GRand) random = g_rand_new_with_seed_array (seeds, 2);
  EngLtxNet *own = net->own = g_new0 (EngLtxNet, 1);
  EngShape rgb = ENG_SHAPE (net->batch, 3, p->height, p->width);
  EngShape classes = ENG_SHAPE (net->batch, eng_model_n_classes (net->model)), none = { .rank = 0 };
  net->free_own = g_free;
  own->pixels = eng_net_input (net, "pixels", &rgb);
  own->onehot = eng_net_input (net, "onehot", &classes);
  own->lambda = eng_net_input (net, "lambda", &none);
  own->input = net->given = eng_net_input (net, "input", &eng_graph_image (net->source)->shape);
  int maps = eng_values_get (net->values, "maps") == MAPS_PER_CLASS ? eng_model_n_classes (net->model) : 1;
  EngValue *v = net->target->kind == ENG_TARGET_TOKENS ? token_head (net, own->input, maps, random, error)
                                                       : spatial_head (net, own->input, maps, random, error);
  own->maps = eng_net_op (net, error, "Sigmoid", v, NULL);
  own->mask = maps > 1 ? map_of_class (net, own->maps, error) : own->maps;
  if (!(net->loss = build_loss (net, error)))
    return FALSE;
  eng_net_add_term (net, "prediction", own->prediction_loss);
  eng_net_add_term (net, "size", own->mask_loss);
  if (own->inverse_loss)
    eng_net_add_term (net, "inverse", own->inverse_loss);
  eng_net_want (net, own->mask);
  eng_net_want (net, own->logits);
  eng_net_add_output (net, "mask", own->maps);
  return TRUE;
}

/* ---- training ---- */

/* All of it from the first step on makes every mask shrink before any has learned where to look. Pictures that judge
 * are judged with all of it, so that their losses can be compared. */
static float
lambda_at (const EngValues *values, const EngTrainBatch *batch)
{
  double all = eng_values_get (values, "lambda"), growth = eng_values_get (values, "lambda-growth") * batch->steps;
  return (float)(batch->validating || batch->step >= growth ? all : all * (batch->step + 1) / (growth + 1));
}

static gboolean
feed (EngNet *net, const EngTrainBatch *batch, GError **error)
{
  const EngLtxNet *own = net->own;
  int k = eng_model_n_classes (net->model);
  float lambda = lambda_at (net->values, batch);
  g_autofree float *onehot = g_new0 (float, (gsize)net->batch *k);
  for (int i = 0; i < net->batch; i++)
    onehot[(gsize)i * k + batch->classes[i]] = 1;
  eng_pass_write (net->pass, own->pixels, batch->pixels);
  eng_pass_write (net->pass, own->input, batch->input);
  eng_pass_write (net->pass, own->onehot, onehot);
  eng_pass_write (net->pass, own->lambda, &lambda);
  return TRUE;
}

/* Before lambda has grown a larger mask is better: what is kept then would be another compromise. */
static double
keeps_from (const EngValues *values)
{
  return eng_values_get (values, "lambda-growth");
}

/* POS AUC by accuracy, as the released code chooses its checkpoints. */
static gboolean
judge (EngNet *net, const EngTrainBatch *batch, double *sum, GError **error)
{
  const EngLtxNet *own = net->own;
  const EngTarget *t = net->target;
  EngPreprocess *p = eng_model_preprocess (net->model);
  gsize image = (gsize)p->channels * p->height * p->width, cells = (gsize)t->rows * t->cols;
  int k = eng_model_n_classes (net->model);
  g_autofree float *masks = g_new (float, net->batch *cells), *full = g_new (float, (gsize)p->height * p->width);
  guint64 forward = 0;
  eng_pass_read (net->pass, own->mask, masks);
  for (int i = 0; i < batch->n; i++)
    {
      g_autoptr (EngPerturbation) perturbation = eng_perturbation_new (
          net->model, batch->input + i * image, batch->logits + (gsize)i * k, batch->classes[i], error);
      if (!perturbation)
        return FALSE;
      eng_upsample_bilinear (masks + i * cells, t->rows, t->cols, full, p->height, p->width);
      *sum += eng_perturbation_auc (perturbation, full, ENG_REMOVE_MOST_FIRST, ENG_SCORE_ACCURACY, NAN, &forward);
    }
  return TRUE;
}

static float *
preview (EngNet *net, const EngTrainBatch *batch, int i, int *rows, int *cols)
{
  const EngLtxNet *own = net->own;
  gsize cells = (gsize)net->target->rows * net->target->cols;
  g_autofree float *masks = g_new (float, net->batch *cells);
  eng_pass_read (net->pass, own->mask, masks);
  *rows = net->target->rows;
  *cols = net->target->cols;
  return g_memdup2 (masks + i * cells, sizeof *masks * cells);
}

static double
model_default (EngModel *model, const EngParam *param)
{
  return strcmp (param->id, "lambda") == 0 ? eng_model_preprocess (model)->ltx_lambda : NAN;
}

/* A map is asked for the class that the model sees, as of every method. 2: of { automatic, label, predicted }. */
static const EngTrainDefault defaults[] = { { "target", 2 }, { NULL } };

const EngExplainerKind eng_kind_ltx = {
  .id = "ltx",
  .name = "LTX",
  .about = "A mask of each picture that keeps the class while hiding as much as it can. A start for LTX on a single "
           "picture, or the method “LTX (pretrained)” on its own.",
  .reference =
      "Barkan et al.: Learning to Explain: A Model-Agnostic Framework for Explaining Black Box Models, ICDM 2023",
  .method = "ltx-pretrained",
  .params = params,
  .defaults = defaults,
  .model_default = model_default,
  .labels = ENG_LABELS_OPTIONAL,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .default_target = eng_model_default_target,
  .build = eng_ltx_build,
  .feed = feed,
  .score_name = "POS AUC",
  .score_unit = "of 90",
  .keeps_from = keeps_from,
  .judge = judge,
  .preview = preview,
};
