/* LTX on many pictures: its net at batch B against the explainer of one picture, its loss against the formula and
 * finite differences, the growth of lambda, the score on a model with known answers, files, and LTX that begins with
 * one. */
#include "engine.h"

#include "explainer.h"
#include "onnx-maker.h"
#include "random.h"
#include "support.h"
#include "toy-nets.h"
#include "train/explainer-file.h"
#include "train/kinds/ltx.h"

#include <math.h>
#include <string.h>

enum
{
  BATCH = 3
};

typedef struct
{
  EngModel *model;
  EngValues *values;
  EngNet *net;
  const EngLtxNet *ltx;
  int k;
  gsize plane, cells;
  float *pixels, *input, *logits;
  int classes[BATCH];
  EngTrainBatch batch;
} Fixture;

/* Smooth pictures, so that networks have something to see. */
static void
draw (Fixture *f, guint64 seed)
{
  EngPreprocess *p = eng_model_preprocess (f->model);
  g_autoptr (GRand) random = eng_random_new (seed, 0);
  for (int i = 0; i < BATCH; i++)
    {
      double a = g_rand_double_range (random, 2, 9), b = g_rand_double_range (random, 2, 9);
      float *pixels = f->pixels + 3 * f->plane * i;
      for (int c = 0; c < 3; c++)
        for (gsize j = 0; j < f->plane; j++)
          pixels[c * f->plane + j] = (float)(0.5
                                             + 0.4
                                                   * sin (a * (double)(j / p->width) / p->width + c
                                                          + b * (double)(j % p->width) / p->width));
      eng_preprocess_normalise (p, pixels, f->input + 3 * f->plane * i);
    }
}

/* Takes @model. @pairs: "lambda=3 inverse=1" */
static Fixture
fixture_make (EngModel *model, const char *pairs)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) each = g_strsplit (pairs, " ", -1);
  EngPreprocess *p = eng_model_preprocess (model);
  const EngTarget *target = eng_kind_default_target (&eng_kind_ltx, model);
  Fixture f = { .model = model, .k = eng_model_n_classes (model), .plane = (gsize)p->width * p->height };
  f.values = eng_kind_values (&eng_kind_ltx, model);
  for (char **pair = each; *pair && **pair; pair++)
    g_assert_true (eng_values_set_pair (f.values, *pair, NULL));
  f.net = eng_net_new (model, target, f.values, 5, BATCH, TRUE, eng_kind_ltx.build, &error);
  g_assert_no_error (error);
  f.ltx = f.net->own;
  f.cells = (gsize)target->rows * target->cols;
  f.pixels = g_new (float, BATCH * 3 * f.plane);
  f.input = g_new (float, BATCH * 3 * f.plane);
  f.logits = g_new (float, BATCH *f.k);
  draw (&f, 11);
  return f;
}

static Fixture
fixture_toy (ToyKind kind, const char *pairs)
{
  return fixture_make (toy_open (&(Toy){ .kind = kind, .channels = 3, .size = 32 }), pairs);
}

static void
fixture_clear (Fixture *f)
{
  g_clear_pointer (&f->net, eng_net_free);
  g_clear_pointer (&f->values, eng_values_free);
  g_clear_object (&f->model);
  g_clear_pointer (&f->pixels, g_free);
  g_clear_pointer (&f->input, g_free);
  g_clear_pointer (&f->logits, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* Classes 0, 1, 2; all of lambda. */
static void
feed (Fixture *f, int step, int steps, gboolean validating)
{
  g_autoptr (GError) error = NULL;
  for (int i = 0; i < BATCH; i++)
    f->classes[i] = i % f->k;
  f->batch = (EngTrainBatch){ .step = step,
                              .steps = steps,
                              .validating = validating,
                              .n = BATCH,
                              .pixels = f->pixels,
                              .input = f->input,
                              .logits = f->logits,
                              .classes = f->classes };
  g_assert_true (eng_kind_ltx.feed (f->net, &f->batch, &error));
  g_assert_no_error (error);
}

static double
read_number (Fixture *f, EngValue *value)
{
  float v;
  eng_pass_read (f->net->pass, value, &v);
  return v;
}

static float *
read_masks (Fixture *f)
{
  float *masks = g_new (float, BATCH * f->cells);
  eng_pass_read (f->net->pass, f->ltx->mask, masks);
  return masks;
}

/* ---- the net ---- */

/* From the same seed, explainers of single pictures give the same masks, and the batch's loss is their mean. */
static void
check_batch (ToyKind kind, const char *pairs, double inverse)
{
  g_auto (Fixture) f = fixture_toy (kind, pairs);
  EngExplainerSettings settings = { .learning_rate = 1e-3,
                                    .sparsity = eng_values_get (f.values, "lambda"),
                                    .inverse_weight = inverse,
                                    .inverse_loss = (EngInverseLoss)eng_values_get (f.values, "inverse-loss") };
  double loss = 0;
  feed (&f, 0, 1, TRUE);
  eng_pass_forward (f.net->pass);
  g_autofree float *masks = read_masks (&f), *one = g_new (float, f.cells);
  for (int i = 0; i < BATCH; i++)
    {
      g_autoptr (GError) error = NULL;
      EngExplainerLosses losses;
      g_autoptr (EngExplainer) explainer =
          eng_explainer_new (f.model, f.net->target, f.pixels + 3 * f.plane * i, f.input + 3 * f.plane * i,
                             f.classes[i], &settings, 5, &error);
      g_assert_no_error (error);
      eng_explainer_forward (explainer, one, &losses);
      g_assert_cmpfloat (test_max_rel (masks + f.cells * i, one, f.cells), <=, 1e-5);
      loss += losses.loss / BATCH;
    }
  g_assert_cmpfloat_with_epsilon (read_number (&f, f.net->loss), loss, 1e-5 * (1 + fabs (loss)));
}

static void
test_batch (void)
{
  check_batch (TOY_CNN, "lambda=7", 0);
  check_batch (TOY_CNN, "lambda=7 inverse=0.6 inverse-loss=unlikelihood", 0.6);
  check_batch (TOY_CNN, "lambda=7 inverse=0.6", 0.6);
  check_batch (TOY_TRANSFORMER, "lambda=7", 0);
}

/* mean over the batch of CE of the pictures times @masks (inverse: times 1 - masks), by predictions alone; @others:
 * of all the other classes' part of the probability instead, - ln (1 - p) */
static double
cross_entropy (Fixture *f, const float *masks, gboolean inverse, gboolean others)
{
  EngPreprocess *p = eng_model_preprocess (f->model);
  const EngTarget *t = f->net->target;
  g_autofree float *full = g_new (float, f->plane), *masked = g_new (float, 3 * f->plane), *z = g_new (float, f->k),
                   *x = g_new (float, 3 * f->plane);
  double sum = 0;
  for (int i = 0; i < BATCH; i++)
    {
      double total = 0;
      eng_upsample_bilinear (masks + f->cells * i, t->rows, t->cols, full, p->height, p->width);
      for (gsize j = 0; j < 3 * f->plane; j++)
        masked[j] = f->pixels[3 * f->plane * i + j] * (inverse ? 1 - full[j % f->plane] : full[j % f->plane]);
      eng_preprocess_normalise (p, masked, x);
      g_assert_true (eng_model_predict (f->model, x, 1, z, NULL));
      for (int k = 0; k < f->k; k++)
        total += exp (z[k]);
      sum += log (total) - (others ? log (total - exp (z[f->classes[i]])) : z[f->classes[i]]);
    }
  return sum / BATCH;
}

static void
test_formula (void)
{
  static const double weights[] = { 0, 1, 0.25 };
  for (guint w = 0; w < G_N_ELEMENTS (weights); w++)
    for (int form = 0; form < 4; form++)
      {
        gboolean l1 = form % 2, unlikely = form / 2;
        g_autofree char *pairs =
            g_strdup_printf ("lambda=3 inverse=%g mask-loss=%s inverse-loss=%s", weights[w], l1 ? "l1" : "softplus",
                             unlikely ? "unlikelihood" : "cross-entropy");
        g_auto (Fixture) f = fixture_toy (TOY_CNN, pairs);
        double size = 0;
        feed (&f, 0, 1, TRUE);
        eng_pass_forward (f.net->pass);
        g_autofree float *masks = read_masks (&f);
        for (gsize i = 0; i < BATCH * f.cells; i++)
          size += (l1 ? masks[i] : log1p (exp (masks[i]))) / (double)(BATCH * f.cells);
        double kept = cross_entropy (&f, masks, FALSE, FALSE), rest = cross_entropy (&f, masks, TRUE, unlikely);
        double expected =
            (unlikely ? kept + weights[w] * rest : (kept - weights[w] * rest) / (1 + weights[w])) + 3 * size;
        g_assert_cmpfloat_with_epsilon (read_number (&f, f.net->loss), expected, 1e-5);
        g_assert_cmpint (f.net->n_terms, ==, weights[w] > 0 ? 3 : 2);
        g_assert_cmpfloat_with_epsilon (read_number (&f, f.net->terms[0].value), kept, 1e-5);
        g_assert_cmpfloat_with_epsilon (read_number (&f, f.net->terms[1].value), size, 1e-5);
        if (weights[w] > 0)
          g_assert_cmpfloat_with_epsilon (read_number (&f, f.net->terms[2].value), rest, 1e-5);
      }
}

/* Along the gradient the loss grows by its length squared; every array of weights has one. */
static void
check_slope (ToyKind kind, const char *pairs, double tolerance)
{
  g_auto (Fixture) f = fixture_toy (kind, pairs);
  gint64 n = eng_net_count (f.net), at = 0;
  g_autofree float *start = g_new (float, n), *moved = g_new (float, n), *grad = g_new (float, n);
  double length = 0, value[2];
  feed (&f, 0, 1, TRUE);
  eng_pass_forward (f.net->pass);
  eng_pass_backward (f.net->pass, NULL);
  eng_net_read_weights (f.net, start);
  for (guint i = 0; i < f.net->trained->len; i++)
    {
      EngValue *v = f.net->trained->pdata[i];
      gint64 count = eng_shape_count (&v->shape);
      const float *g = eng_pass_weight_grad (f.net->pass, v);
      double own = 0;
      for (gint64 j = 0; j < count; j++)
        own += fabs (g[j]);
      g_assert_cmpfloat (own, >, 0);
      memcpy (grad + at, g, sizeof (float) * (gsize)count);
      at += count;
    }
  for (gint64 i = 0; i < n; i++)
    length += (double)grad[i] * grad[i];
  for (int side = 0; side < 2; side++)
    {
      double step = (side ? 2e-3 : -2e-3) / sqrt (length);
      for (gint64 i = 0; i < n; i++)
        moved[i] = (float)(start[i] + step * grad[i]);
      eng_net_write_weights (f.net, moved);
      eng_pass_forward (f.net->pass);
      value[side] = read_number (&f, f.net->loss);
    }
  g_assert_cmpfloat_with_epsilon ((value[1] - value[0]) / 4e-3 / sqrt (length), 1, tolerance);
}

static void
test_slope (void)
{
  /* Smooth, but for ReLU's kinks in convolutional nets. */
  check_slope (TOY_TRANSFORMER, "lambda=3 inverse=1", 0.003);
  check_slope (TOY_TRANSFORMER, "lambda=3 inverse=1 inverse-loss=unlikelihood", 0.003);
  check_slope (TOY_TRANSFORMER, "lambda=3 inverse=1 maps=per-class", 0.003);
  check_slope (TOY_CNN, "lambda=3", 0.05);
  check_slope (TOY_CNN, "lambda=3 maps=per-class", 0.05);
  check_slope (TOY_CNN, "lambda=3 inverse=1 mask-loss=l1", 0.05);
}

/* A picture trains its class's map alone. */
static void
test_maps (void)
{
  static const int classes[BATCH] = { 2, 0, 2 };
  g_auto (Fixture) f = fixture_toy (TOY_CNN, "lambda=3 maps=per-class");
  feed (&f, 0, 1, TRUE);
  memcpy (f.classes, classes, sizeof classes);
  g_assert_true (eng_kind_ltx.feed (f.net, &f.batch, NULL));
  eng_pass_forward (f.net->pass);
  eng_pass_backward (f.net->pass, NULL);
  g_assert_cmpint (f.net->outputs[0].value->shape.dim[1], ==, f.k);
  g_autofree float *maps = g_new (float, BATCH *f.k *f.cells), *masks = read_masks (&f);
  eng_pass_read (f.net->pass, f.ltx->maps, maps);
  for (int i = 0; i < BATCH; i++)
    g_assert_cmpmem (masks + f.cells * i, sizeof *masks * f.cells, maps + f.cells * (gsize)(i * f.k + classes[i]),
                     sizeof *maps * f.cells);
  EngValue *bias = eng_graph_find (f.net->graph, "head/conv_bias");
  const float *gradient = eng_pass_weight_grad (f.net->pass, bias);
  for (int c = 0; c < f.k; c++)
    g_assert_cmpint (gradient[c] != 0, ==, c != 1);
}

/* ---- training ---- */

static double
lambda_at (Fixture *f, int step, int steps, gboolean validating)
{
  feed (f, step, steps, validating);
  return read_number (f, f->ltx->lambda);
}

static void
test_growth (void)
{
  g_auto (Fixture) f = fixture_toy (TOY_CNN, "lambda=40 lambda-growth=0.5");
  double before = 0;
  for (int step = 0; step < 50; step++)
    {
      double lambda = lambda_at (&f, step, 100, FALSE);
      g_assert_cmpfloat (lambda, >, before);
      g_assert_cmpfloat (lambda, <, 40);
      before = lambda;
    }
  g_assert_cmpfloat (lambda_at (&f, 50, 100, FALSE), ==, 40);
  g_assert_cmpfloat (lambda_at (&f, 99, 100, FALSE), ==, 40);
  /* Pictures that judge are judged with all of it, whenever. */
  g_assert_cmpfloat (lambda_at (&f, 0, 100, TRUE), ==, 40);
  eng_values_set (f.values, "lambda-growth", 0);
  g_assert_cmpfloat (lambda_at (&f, 0, 100, FALSE), ==, 40);
}

enum
{
  SIDE = 10
};

/* Class 0 where more than 14 of 100 pixels are red, else class 1. The grid is that of the pixels. */
static EngModel *
open_red (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "red.onnx", NULL),
                  *sidecar = g_build_filename (folder, "red.json", NULL);
  OnnxMaker *m = onnx_maker_new (17);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, SIDE, SIDE);
  onnx_maker_floats (m, "same", 4, (int64_t[]){ 3, 3, 1, 1 }, (float[]){ 1, 0, 0, 0, 1, 0, 0, 0, 1 });
  onnx_maker_floats (m, "w", 2, (int64_t[]){ 3, 3 }, (float[]){ 100, 0, 0, 0, 0, 0, 0, 0, 0 });
  onnx_maker_floats (m, "b", 1, (int64_t[]){ 3 }, (float[]){ 0, 14.5f, -1 });
  onnx_maker_node (m, "Conv", "x same", "raw");
  onnx_maker_node (m, "Relu", "raw", "map");
  onnx_maker_node (m, "GlobalAveragePool", "map", "pooled");
  onnx_maker_node (m, "Flatten", "pooled", "flat");
  onnx_maker_node (m, "Gemm", "flat w b", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_autofree char *json = g_strdup_printf ("{ \"input_size\": [3, %d, %d], \"mean\": 0, \"std\": 1 }", SIDE, SIDE);
  g_assert_true (eng_write_atomically (path, bytes, NULL));
  g_assert_true (g_file_set_contents (sidecar, json, -1, NULL));
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  test_remove_tree (folder);
  return model;
}

/* The mask is sigmoid (@sign * red): POS AUC of pictures with 30, 10 and 45 red pixels. */
static double
judge_red (Fixture *f, float sign, int n)
{
  static const int reds[BATCH] = { 30, 10, 45 };
  static const int classes[BATCH] = { 0, 1, 0 };
  double sum = 0;
  g_autoptr (GError) error = NULL;
  memset (f->pixels, 0, sizeof (float) * BATCH * 3 * f->plane);
  for (int i = 0; i < BATCH; i++)
    for (int j = 0; j < reds[i]; j++)
      f->pixels[3 * f->plane * i + j * 37 % f->plane] = 1;
  memcpy (f->input, f->pixels, sizeof (float) * BATCH * 3 * f->plane);
  for (guint i = 0; i < f->net->trained->len; i++)
    {
      EngValue *v = f->net->trained->pdata[i];
      if (strcmp (v->name, "head/conv_weight") == 0)
        eng_pass_write (f->net->pass, v, (float[]){ sign, 0, 0 });
    }
  feed (f, 0, 1, TRUE);
  f->batch.classes = classes;
  f->batch.n = n;
  g_assert_true (eng_model_predict (f->model, f->input, BATCH, f->logits, NULL));
  g_assert_true (eng_kind_ltx.feed (f->net, &f->batch, &error));
  eng_pass_forward (f->net->pass);
  g_assert_true (eng_kind_ltx.judge (f->net, &f->batch, &sum, &error));
  g_assert_no_error (error);
  return sum;
}

static void
test_judge (void)
{
  g_auto (Fixture) f = fixture_make (open_red (), "");
  /* Reds first: 20 are left after 10 %, 10 after 20 %: (1/2 + 1) 10. Class 1 stays: 90. 45: 35, 25, 15, 5. */
  g_assert_cmpfloat_with_epsilon (judge_red (&f, 1, 1), 15, 1e-6);
  g_assert_cmpfloat_with_epsilon (judge_red (&f, 1, 2), 15 + 90, 1e-6);
  g_assert_cmpfloat_with_epsilon (judge_red (&f, 1, 3), 15 + 90 + 35, 1e-6);
  /* Last: 30, then 20 after 80 %, 10 after 90 %. */
  g_assert_cmpfloat_with_epsilon (judge_red (&f, -1, 1), 85, 1e-6);
}

/* Where the class is as good as certain without the mask, 1 - p is 0 as a float; its logarithm is not. */
static void
test_certain (void)
{
  g_auto (Fixture) f = fixture_make (open_red (), "inverse=1 inverse-loss=unlikelihood");
  double expected = 0;
  judge_red (&f, 0, BATCH);
  for (gsize j = 0; j < BATCH * 3 * f.plane; j++)
    f.pixels[j] = j / f.plane % 3 == 0;
  feed (&f, 0, 1, TRUE);
  f.batch.classes = (int[]){ 0, 0, 0 };
  g_assert_true (eng_kind_ltx.feed (f.net, &f.batch, NULL));
  eng_pass_forward (f.net->pass);
  g_autofree float *masks = read_masks (&f);
  for (gsize i = 0; i < BATCH * f.cells; i++)
    expected += (100 * (1 - masks[i]) - 14.5) / (double)(BATCH * f.cells);
  g_assert_cmpfloat (expected, >, 20);
  g_assert_cmpfloat_with_epsilon (read_number (&f, f.ltx->inverse_loss), expected, 1e-3);
}

/* What a map without a choice of class is asked for is what it is trained for, unless a person says otherwise. */
static void
test_default_class (void)
{
  g_autoptr (EngValues) values = eng_kind_values (&eng_kind_ltx, NULL);
  g_assert_cmpstr (eng_values_get_text (values, "target"), ==, "predicted");
}

static void
test_preview (void)
{
  g_auto (Fixture) f = fixture_toy (TOY_CNN, "");
  feed (&f, 0, 1, TRUE);
  eng_pass_forward (f.net->pass);
  g_autofree float *masks = read_masks (&f);
  for (int i = 0; i < BATCH; i++)
    {
      int rows, cols;
      g_autofree float *map = eng_kind_ltx.preview (f.net, &f.batch, i, &rows, &cols);
      g_assert_cmpint (rows, ==, f.net->target->rows);
      g_assert_cmpmem (map, sizeof (float) * (gsize)(rows * cols), masks + f.cells * i, sizeof (float) * f.cells);
    }
}

/* ---- files ---- */

/* Weights that no seed draws, in a file. (transfer full): its path */
static char *
write_explainer (Fixture *f, const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) facts = g_hash_table_new (g_str_hash, g_str_equal);
  gint64 n = eng_net_count (f->net);
  g_autofree float *weights = g_new (float, n);
  g_autoptr (GRand) random = eng_random_new (8, 0);
  g_autoptr (EngNet) single =
      eng_net_new (f->model, f->net->target, f->values, 5, 1, FALSE, eng_kind_ltx.build, &error);
  eng_net_read_weights (f->net, weights);
  for (gint64 i = 0; i < n; i++)
    weights[i] += (float)g_rand_double_range (random, -0.02, 0.02);
  eng_net_write_weights (f->net, weights);
  char *path = g_build_filename (folder, "many.explainer.onnx", NULL);
  g_assert_true (eng_explainer_write (single, &eng_kind_ltx, weights, facts, path, &error));
  g_assert_no_error (error);
  return path;
}

/* @pairs: "steps=1"; NULL with an error */
static EngHeatmap *
explain (EngModel *model, EngImage *image, const char *id, int class_index, const char *pairs, GError **error)
{
  const EngMethod *method = eng_method_find (id, NULL);
  EngValues *values = eng_values_new (method, model);
  g_auto (GStrv) each = g_strsplit (pairs, " ", -1);
  for (char **pair = each; *pair && **pair; pair++)
    g_assert_true (eng_values_set_pair (values, *pair, NULL));
  g_autoptr (EngJob) job = eng_job_new (model, image, method, class_index, -1, NULL, values, 4);
  return eng_job_run (job, error) ? eng_heatmap_ref (eng_job_heatmap (job)) : NULL;
}

static const char *
note_of (EngHeatmap *map, const char *id)
{
  const GPtrArray *notes = eng_heatmap_provenance (map)->notes;
  for (guint i = 0; i < notes->len; i++)
    if (strcmp (((EngNote *)notes->pdata[i])->id, id) == 0)
      return ((EngNote *)notes->pdata[i])->text;
  return NULL;
}

/* What the net answers is what the method shows, and what LTX begins with. The batch's classes are 0, 1 and 2. */
static void
check_file (ToyKind kind, gboolean each)
{
  g_auto (Fixture) f = fixture_toy (kind, each ? "maps=per-class" : "");
  g_autoptr (GError) error = NULL;
  g_autoptr (EngImage) image = toy_picture (32);
  g_autofree float *input = toy_input (f.model, image);
  g_autofree char *folder = test_tmpdir (), *path = write_explainer (&f, folder);
  g_autofree char *named = g_strconcat ("explainer=", path, NULL),
                  *begun = g_strconcat ("steps=1 start=", path, NULL);
  for (int i = 0; i < BATCH; i++)
    memcpy (f.input + 3 * f.plane * i, input, sizeof *input * 3 * f.plane);
  feed (&f, 0, 1, TRUE);
  eng_pass_forward (f.net->pass);
  g_autofree float *masks = read_masks (&f);
  g_assert_true (eng_explainers_add (path, f.model, &error));
  g_autoptr (EngHeatmap) map = explain (f.model, image, "ltx-pretrained", 0, named, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_heatmap_is_of_class (map), ==, each);
  g_assert_cmpint (eng_heatmap_rows (map), ==, f.net->target->rows);
  g_assert_cmpfloat (test_max_rel (eng_heatmap_values (map), masks, f.cells), <=, 1e-5);
  g_assert_nonnull (strstr (note_of (map, "explainer"), "many.explainer.onnx"));
  g_autoptr (EngHeatmap) first = explain (f.model, image, "ltx", 0, begun, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (test_max_rel (eng_heatmap_values (first), masks, f.cells), <=, 1e-5);
  g_assert_nonnull (strstr (note_of (first, "explainer"), "many.explainer.onnx"));
  for (int c = 1; c < BATCH; c++)
    {
      g_autoptr (EngHeatmap) of_class = explain (f.model, image, "ltx-pretrained", c, named, &error);
      g_assert_no_error (error);
      g_autoptr (EngHeatmap) start = explain (f.model, image, "ltx", c, begun, &error);
      g_assert_no_error (error);
      g_assert_cmpfloat (test_max_rel (eng_heatmap_values (of_class), masks + f.cells * c, f.cells), <=, 1e-5);
      g_assert_cmpfloat (test_max_rel (eng_heatmap_values (start), masks + f.cells * c, f.cells), <=, 1e-5);
      g_assert_cmpint (test_max_rel (masks, masks + f.cells * c, f.cells) > 1e-4, ==, each);
    }
  /* Trained with the default sparsity, as it is here; another one is told. */
  g_assert_null (note_of (first, "lambda"));
  g_autofree char *denser = g_strconcat (begun, " lambda=3", NULL);
  g_autoptr (EngHeatmap) other = explain (f.model, image, "ltx", 0, denser, &error);
  g_assert_nonnull (strstr (note_of (other, "lambda"), "trained with 50"));
  /* Found, it need not be named; a fresh head is what is taken unasked. */
  g_autoptr (EngHeatmap) found = explain (f.model, image, "ltx", 0, "steps=1 start-from=pretrained", &error);
  g_assert_no_error (error);
  g_assert_cmpmem (eng_heatmap_values (found), sizeof (float) * f.cells, eng_heatmap_values (first),
                   sizeof (float) * f.cells);
  g_autoptr (EngHeatmap) fresh = explain (f.model, image, "ltx", 0, "steps=1", &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (test_max_rel (eng_heatmap_values (fresh), masks, f.cells), >, 1e-3);
  g_assert_null (note_of (fresh, "explainer"));
  test_remove_tree (folder);
  eng_explainers_changed ();
}

static void
test_file (void)
{
  check_file (TOY_CNN, FALSE);
  check_file (TOY_TRANSFORMER, FALSE);
  check_file (TOY_CNN, TRUE);
  check_file (TOY_TRANSFORMER, TRUE);
}

static void
test_no_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_POOLS, .channels = 3, .size = 32 });
  g_autoptr (EngImage) image = toy_picture (32);
  const EngMethod *method = eng_method_find ("ltx-pretrained", NULL);
  g_assert_false (eng_method_can_explain (method, model, NULL, &error));
  g_assert_nonnull (strstr (error->message, "sightline-cli train ltx"));
  g_clear_error (&error);
  g_assert_null (explain (model, image, "ltx", -1, "start-from=pretrained", &error));
  g_assert_nonnull (strstr (error->message, "sightline-cli train ltx"));
}

/* What LTX saves after one picture is an explainer like others. */
static void
test_save (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 32 });
  g_autoptr (EngImage) image = toy_picture (32);
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "one.explainer.onnx", NULL);
  g_autofree char *save = g_strconcat ("steps=4 selection=last lambda=9 save=", path, NULL),
                  *named = g_strconcat ("explainer=", path, NULL);
  g_autoptr (EngHeatmap) made = explain (model, image, "ltx", -1, save, &error);
  g_assert_no_error (error);
  g_assert_true (eng_explainers_add (path, model, &error));
  g_autoptr (EngHeatmap) again = explain (model, image, "ltx-pretrained", -1, named, &error);
  g_assert_no_error (error);
  gsize n = (gsize)eng_heatmap_rows (made) * (gsize)eng_heatmap_cols (made);
  g_assert_cmpfloat (test_max_rel (eng_heatmap_values (again), eng_heatmap_values (made), n), <=, 1e-5);
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eng_explainer_file_get (file, "best-step"), ==, "3");
  g_assert_cmpfloat (g_ascii_strtod (eng_explainer_file_setting (file, "lambda"), NULL), ==, 9);
  test_remove_tree (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train-ltx/batch", test_batch);
  g_test_add_func ("/train-ltx/formula", test_formula);
  g_test_add_func ("/train-ltx/slope", test_slope);
  g_test_add_func ("/train-ltx/maps", test_maps);
  g_test_add_func ("/train-ltx/growth", test_growth);
  g_test_add_func ("/train-ltx/judge", test_judge);
  g_test_add_func ("/train-ltx/certain", test_certain);
  g_test_add_func ("/train-ltx/default-class", test_default_class);
  g_test_add_func ("/train-ltx/preview", test_preview);
  g_test_add_func ("/train-ltx/file", test_file);
  g_test_add_func ("/train-ltx/no-file", test_no_file);
  g_test_add_func ("/train-ltx/save", test_save);
  return g_test_run ();
}
