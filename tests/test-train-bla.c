/* BLA: which networks it fits, equal weights give the classifier, where a weight becomes zero, gradients by finite
 * differences, every variant, the score and the selection against a count by hand. */
#include "engine.h"

#include "onnx-maker.h"
#include "support.h"
#include "toy-nets.h"
#include "train/explainer-file.h"
#include "train/training.h"

#include <math.h>
#include <string.h>

#define DIMS(...)                                                                                                    \
  G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })), (int64_t[]) { __VA_ARGS__ }

enum
{
  BATCH = 3,
  GRID = 7,
  CHANNELS = 4,
  CLASSES = 3
};

static const EngExplainerKind *kind;
static const char *const variants[] = { "bla", "bla-t", "bla-ph", "l2x-f" };

/* ---- networks ---- */

static EngModel *
open_bytes (OnnxMaker *m)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = test_tmpdir (), *path = g_build_filename (dir, "net.onnx", NULL);
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  test_remove_tree (dir);
  return model;
}

/* A 1x1 convolution to a map of 7 x 7 cells, @op over it ("GlobalAveragePool", or "AveragePool" of a window of
 * @kernel cells in its corner), a linear layer. */
static EngModel *
open_net (const char *op, int kernel)
{
  OnnxMaker *m = onnx_maker_new (13);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  float w[CHANNELS * 3], b[CHANNELS], head[CLASSES * CHANNELS];
  for (int i = 0; i < CHANNELS * 3; i++)
    w[i] = (float)g_rand_double_range (random, -1, 1);
  for (int i = 0; i < CHANNELS; i++)
    b[i] = (float)g_rand_double_range (random, 0, 1);
  for (int i = 0; i < CLASSES * CHANNELS; i++)
    head[i] = (float)g_rand_double_range (random, -1, 1);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, GRID, GRID);
  onnx_maker_floats (m, "w", DIMS (CHANNELS, 3, 1, 1), w);
  onnx_maker_floats (m, "b", DIMS (CHANNELS), b);
  onnx_maker_floats (m, "head", DIMS (CLASSES, CHANNELS), head);
  onnx_maker_floats (m, "head-b", DIMS (CLASSES), (float[]){ 0.3f, -0.1f, 0.2f });
  onnx_maker_node (m, "Conv", "x w b", "map");
  Onnx__NodeProto *pool = onnx_maker_node (m, op, "map", "pooled");
  if (kernel)
    onnx_maker_attr_ints (pool, "kernel_shape", 2, (int64_t[]){ kernel, kernel });
  if (kernel)
    onnx_maker_attr_ints (pool, "strides", 2, (int64_t[]){ GRID, GRID });
  onnx_maker_node (m, "Flatten", "pooled", "flat");
  onnx_maker_int (onnx_maker_node (m, "Gemm", "flat head head-b", "logits"), "transB", 1);
  onnx_maker_output (m, "logits");
  return open_bytes (m);
}

/* Patches as tokens, their mean as a class token before them when @class_token, normalised; the mean of the patches,
 * a linear layer. */
static EngModel *
open_tokens (gboolean class_token)
{
  OnnxMaker *m = onnx_maker_new (17);
  g_autoptr (GRand) random = g_rand_new_with_seed (8);
  float w[CHANNELS * 12], head[CLASSES * CHANNELS];
  for (int i = 0; i < CHANNELS * 12; i++)
    w[i] = (float)g_rand_double_range (random, -1, 1);
  for (int i = 0; i < CLASSES * CHANNELS; i++)
    head[i] = (float)g_rand_double_range (random, -1, 1);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 6);
  onnx_maker_floats (m, "w", DIMS (CHANNELS, 3, 2, 2), w);
  onnx_maker_floats (m, "head", DIMS (CHANNELS, CLASSES), head);
  onnx_maker_floats (m, "head-b", DIMS (CLASSES), (float[]){ 0.3f, -0.1f, 0.2f });
  onnx_maker_floats (m, "scale", DIMS (CHANNELS), (float[]){ 1, 0.9f, 1.1f, 1.2f });
  onnx_maker_floats (m, "shift", DIMS (CHANNELS), (float[]){ 0.1f, 0, -0.1f, 0.2f });
  onnx_maker_ints (m, "flat", 3, (int64_t[]){ 0, CHANNELS, -1 });
  onnx_maker_ints (m, "one", 1, (int64_t[]){ 1 });
  onnx_maker_ints (m, "end", 1, (int64_t[]){ 100 });
  onnx_maker_attr_ints (onnx_maker_node (m, "Conv", "x w", "patches"), "strides", 2, (int64_t[]){ 2, 2 });
  onnx_maker_node (m, "Reshape", "patches flat", "rows");
  onnx_maker_attr_ints (onnx_maker_node (m, "Transpose", "rows", "grid"), "perm", 3, (int64_t[]){ 0, 2, 1 });
  if (class_token)
    {
      Onnx__NodeProto *mean = onnx_maker_node (m, "ReduceMean", "grid", "class");
      onnx_maker_attr_ints (mean, "axes", 1, (int64_t[]){ 1 });
      onnx_maker_int (onnx_maker_node (m, "Concat", "class grid", "tokens"), "axis", 1);
    }
  Onnx__NodeProto *norm =
      onnx_maker_node (m, "LayerNormalization", class_token ? "tokens scale shift" : "grid scale shift", "norm");
  onnx_maker_int (norm, "axis", -1);
  if (class_token)
    onnx_maker_node (m, "Slice", "norm one end one", "cells");
  Onnx__NodeProto *pool = onnx_maker_node (m, "ReduceMean", class_token ? "cells" : "norm", "pooled");
  onnx_maker_attr_ints (pool, "axes", 1, (int64_t[]){ 1 });
  onnx_maker_int (pool, "keepdims", 0);
  onnx_maker_node (m, "MatMul", "pooled head", "product");
  onnx_maker_node (m, "Add", "product head-b", "logits");
  onnx_maker_output (m, "logits");
  return open_bytes (m);
}

static EngModel *
open_data (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_data (name);
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static void
assert_refused (EngModel *model, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (eng_kind_can_train (kind, model, NULL, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_UNSUPPORTED);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("“%s” is not like “%s”", error->message, pattern);
}

static void
assert_accepted (EngModel *model, const char *features)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngValues) values = eng_kind_values (kind, model);
  eng_kind_can_train (kind, model, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kind->frozen (model, eng_kind_default_target (kind, model), values), ==, features);
}

static void
test_fits (void)
{
  g_autoptr (EngModel) scenes = open_data ("models/scenes-cnn.onnx"), plain = open_net ("GlobalAveragePool", 0);
  g_autoptr (EngModel) window = open_net ("AveragePool", GRID), tokens = open_tokens (FALSE);
  g_autoptr (EngModel) behind_class = open_tokens (TRUE);
  assert_accepted (scenes, "/Relu_1_output_0");
  assert_accepted (plain, "map");
  assert_accepted (window, "map");
  assert_accepted (tokens, "norm");
  assert_accepted (behind_class, "cells");
}

static void
test_refuses (void)
{
  g_autoptr (EngModel) vit = open_data ("models/scenes-vit.onnx"), corner = open_net ("AveragePool", GRID - 1);
  g_autoptr (EngModel) most = open_net ("GlobalMaxPool", 0), scenes = open_data ("models/scenes-cnn.onnx");
  g_autoptr (EngModel) linear = toy_open (&(Toy){ .kind = TOY_LINEAR, .channels = 3, .size = 16 });
  g_autoptr (GError) error = NULL;
  assert_refused (vit, "BLA needs *mean of a feature map*(“*”, Gather) is no such mean*class token*");
  assert_refused (most, "*mean of a feature map*GlobalMaxPool) is no such mean*");
  assert_refused (corner, "BLA *even equal weights change its logits*");
  assert_refused (linear, "BLA looks at a layer*");
  /* The method that waits for an explainer says so too, instead of asking for one. */
  g_assert_false (eng_method_can_explain (eng_method_find ("bla", NULL), vit, NULL, &error));
  g_assert_nonnull (strstr (error->message, "is no such mean"));
  g_clear_error (&error);
  const EngTarget *early = eng_model_find_target (scenes, "/block4/Add_output_0", NULL);
  g_assert_false (eng_kind_can_train (kind, scenes, early, &error));
  g_assert_nonnull (strstr (error->message, "Choose that layer"));
}

/* ---- nets ---- */

typedef struct
{
  EngModel *model;
  EngValues *values;
  EngNet *net;
  EngTrainBatch batch;
  int channels, cells, classes;
  float *features, *logits, *onehot; /* of BATCH rows */
  int hot[BATCH];
} Fixture;

static void
fixture_init (Fixture *f, EngModel *model, const char *variant, const char *pairs)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) list = g_strsplit (pairs ? pairs : "", " ", -1);
  const EngTarget *target = eng_kind_default_target (kind, model);
  memset (f, 0, sizeof *f);
  f->model = g_object_ref (model);
  f->values = eng_kind_values (kind, model);
  f->channels = (int)eng_target_channels (target);
  f->cells = target->rows * target->cols;
  f->classes = eng_model_n_classes (model);
  g_assert_true (eng_values_set_text (f->values, "variant", variant, NULL));
  for (char **pair = list; *pair; pair++)
    g_assert_true (eng_values_set_pair (f->values, *pair, NULL));
  f->net = eng_net_new (model, target, f->values, 3, BATCH, TRUE, kind->build, &error);
  g_assert_no_error (error);
  gsize n = (gsize)BATCH * f->channels * f->cells;
  f->features = g_new (float, n);
  f->logits = g_new0 (float, BATCH * f->classes);
  f->onehot = g_new0 (float, BATCH * f->classes);
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  for (gsize i = 0; i < n; i++)
    f->features[i] = (float)g_rand_double_range (random, -0.5, 2);
  for (int i = 0; i < BATCH; i++)
    f->onehot[i * f->classes + (f->hot[i] = i % f->classes)] = 1;
  f->batch = (EngTrainBatch){
    .n = BATCH, .frozen = f->features, .logits = f->logits, .classes = f->hot, .onehot = f->onehot, .validating = TRUE
  };
}

static void
fixture_clear (Fixture *f)
{
  eng_net_free (f->net);
  eng_values_free (f->values);
  g_object_unref (f->model);
  g_free (f->features);
  g_free (f->logits);
  g_free (f->onehot);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* The batch's random numbers are the same at every call. */
static void
run (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  f->batch.random = g_rand_new_with_seed (5);
  kind->feed (f->net, &f->batch, &error);
  g_assert_no_error (error);
  eng_pass_forward (f->net->pass);
  g_clear_pointer (&f->batch.random, g_rand_free);
}

/* (transfer full) */
static float *
output (Fixture *f, const char *name)
{
  for (int i = 0; i < f->net->n_outputs; i++)
    if (strcmp (f->net->outputs[i].name, name) == 0)
      {
        EngValue *v = f->net->outputs[i].value;
        float *data = g_new (float, eng_shape_count (&v->shape));
        eng_pass_read (f->net->pass, v, data);
        return data;
      }
  g_error ("no output %s", name);
}

static double
loss (Fixture *f)
{
  float v;
  eng_pass_read (f->net->pass, f->net->loss, &v);
  return v;
}

/* The classifier's own answer to the features of row @row, from its graph. */
static void
classify (Fixture *f, int row, float *logits)
{
  g_autoptr (EngGraph) graph = eng_model_graph (f->model, 1, NULL);
  EngValue *features = eng_graph_find (graph, kind->frozen (f->model, f->net->target, f->values));
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  eng_pass_cut (pass, features);
  eng_pass_want (pass, eng_graph_logits (graph));
  g_assert_true (eng_pass_prepare (pass, NULL));
  eng_pass_write (pass, features, f->features + (gsize)row * f->channels * f->cells);
  eng_pass_forward (pass);
  eng_pass_read (pass, eng_graph_logits (graph), logits);
}

static double
cross_entropy (const float *logits, int n, int hot)
{
  double sum = 0;
  for (int k = 0; k < n; k++)
    sum += exp ((double)logits[k]);
  return log (sum) - logits[hot];
}

static void
write_attention (Fixture *f, const float *weight, float bias)
{
  for (guint i = 0; i < f->net->trained->len; i++)
    {
      EngValue *v = f->net->trained->pdata[i];
      if (strcmp (v->name, "attention/conv_weight") == 0)
        eng_pass_write (f->net->pass, v, weight);
      else if (strcmp (v->name, "attention/conv_bias") == 0)
        eng_pass_write (f->net->pass, v, &bias);
    }
}

static void
write_random (Fixture *f)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (23);
  g_autofree float *weight = g_new (float, f->channels);
  for (int i = 0; i < f->channels; i++)
    weight[i] = (float)g_rand_double_range (random, -1, 1);
  write_attention (f, weight, -0.2f);
}

/* ---- identities ---- */

/* Equal logits select every cell and, without a cut-off, weigh all the same: the classifier, soft and hard. */
static void
check_uniform (EngModel *model, const char *variant)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, model, variant, "dropout=0");
  g_autofree float *zero = g_new0 (float, f.channels), *own = g_new (float, f.classes);
  write_attention (&f, zero, 0);
  run (&f);
  g_autofree float *logits = output (&f, "logits"), *soft = output (&f, "soft"), *hard = output (&f, "hard");
  double expected = 0;
  for (int i = 0; i < BATCH; i++)
    {
      classify (&f, i, own);
      g_assert_cmpfloat (test_max_rel (logits + i * f.classes, own, f.classes), <, 1e-5);
      expected += cross_entropy (own, f.classes, f.hot[i]) / BATCH;
    }
  for (int i = 0; i < BATCH * f.cells; i++)
    {
      g_assert_cmpfloat (hard[i], ==, 1);
      g_assert_cmpfloat_with_epsilon (soft[i], (strcmp (variant, "bla") == 0 ? 1 : 0.02) / f.cells, 1e-6);
    }
  if (strcmp (variant, "bla") == 0)
    g_assert_cmpfloat_with_epsilon (loss (&f), expected, 1e-5 * fmax (1, expected));
}

static void
test_uniform (void)
{
  g_autoptr (EngModel) scenes = open_data ("models/scenes-cnn.onnx"), plain = open_net ("GlobalAveragePool", 0);
  g_autoptr (EngModel) tokens = open_tokens (TRUE);
  for (int v = 0; v < 3; v++)
    {
      check_uniform (scenes, variants[v]);
      check_uniform (plain, variants[v]);
      check_uniform (tokens, variants[v]);
    }
}

static void
test_uniform_shared (void)
{
  g_autofree char *path = test_shared ("models/mobilenet_v2_224.onnx");
  if (!path)
    return;
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  assert_accepted (model, "Clip_203");
  check_uniform (model, "bla-ph");
}

/* With n cells at the bound and the others at - L, the others' weights are exactly 0 once L >= 10 ln (1 + 1 / n), on
 * a grid of 7 x 7. */
static void
check_cut_off (EngModel *model, int n, double factor)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, model, "bla-ph", NULL);
  float weight[CHANNELS] = { 1 };
  double l = 10 * log (1 + 1.0 / n) * factor, sum = 0;
  for (int i = 0; i < f.cells; i++)
    f.features[i] = (float)(i < n ? -1 : l);
  write_attention (&f, weight, 0);
  run (&f);
  g_autofree float *soft = output (&f, "soft"), *hard = output (&f, "hard"), *bounded = output (&f, "bounded");
  for (int i = 0; i < f.cells; i++)
    {
      g_assert_cmpfloat (hard[i], ==, i < n);
      g_assert_cmpfloat_with_epsilon (bounded[i], i < n ? 0 : -l, 1e-6 * l);
      if (i >= n && factor > 1)
        g_assert_cmpfloat (soft[i], ==, 0);
      else
        g_assert_cmpfloat (soft[i], >, 0);
      sum += soft[i];
    }
  if (factor > 100) /* the others have nothing to give: each selected cell lost gamma, and nothing is normalised */
    g_assert_cmpfloat_with_epsilon (sum, 1 - 0.02 * n, 1e-5);
}

static void
test_cut_off (void)
{
  g_autoptr (EngModel) model = open_net ("GlobalAveragePool", 0);
  static const int counts[] = { 1, 10, 30 };
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      check_cut_off (model, counts[i], 1.01);
      check_cut_off (model, counts[i], 0.99);
      check_cut_off (model, counts[i], 1000);
    }
}

/* ---- variants ---- */

/* What is selected and what the mean of it answers, computed here from p. */
static void
check_selection (Fixture *f, int expected)
{
  g_autofree float *hard = output (f, "hard"), *p = output (f, "bounded"), *logits = output (f, "logits");
  gsize size = (gsize)f->channels * f->cells;
  g_autofree float *features = g_memdup2 (f->features, sizeof (float) * BATCH * size),
                   *own = g_new (float, f->classes);
  double sum = 0;
  double expected_sum = 0;
  g_autoptr (GError) error = NULL;
  for (int row = 0; row < BATCH; row++)
    {
      int count = 0;
      float largest = -INFINITY, least = INFINITY;
      for (int i = 0; i < f->cells; i++)
        {
          largest = fmaxf (largest, p[row * f->cells + i]);
          if (hard[row * f->cells + i] > 0)
            least = fminf (least, p[row * f->cells + i]);
          count += hard[row * f->cells + i] == 1;
        }
      for (int i = 0; i < f->cells; i++)
        g_assert_cmpint (hard[row * f->cells + i] == 1, ==, p[row * f->cells + i] >= (expected ? least : largest));
      if (expected)
        g_assert_cmpint (count, ==, expected);
      for (int c = 0; c < f->channels; c++) /* every cell becomes the mean of the selected ones */
        {
          float *plane = f->features + row * size + (gsize)c * f->cells;
          double mean = 0;
          for (int i = 0; i < f->cells; i++)
            mean += hard[row * f->cells + i] * plane[i] / count;
          for (int i = 0; i < f->cells; i++)
            plane[i] = (float)mean;
        }
      classify (f, row, own);
      g_assert_cmpfloat (test_max_rel (logits + row * f->classes, own, f->classes), <, 1e-5);
      int best = 0;
      for (int k = 1; k < f->classes; k++)
        best = own[k] > own[best] ? k : best;
      expected_sum += (best == f->hot[row]) - 0.1 * count / f->cells;
    }
  memcpy (f->features, features, sizeof (float) * BATCH * size);
  g_assert_true (kind->judge (f->net, &f->batch, &sum, &error));
  g_assert_cmpfloat_with_epsilon (sum, expected_sum, 1e-9);
}

static void
test_selection (void)
{
  g_autoptr (EngModel) model = open_net ("GlobalAveragePool", 0);
  for (guint v = 0; v < G_N_ELEMENTS (variants); v++)
    {
      g_auto (Fixture) f = { 0 };
      int rows, cols;
      fixture_init (&f, model, variants[v], v == 3 ? "cells=5" : NULL);
      write_random (&f);
      run (&f);
      check_selection (&f, v == 3 ? 5 : 0);
      g_autofree float *map = kind->preview (f.net, &f.batch, 1, &rows, &cols), *hard = output (&f, "hard");
      g_assert_cmpint (rows * cols, ==, f.cells);
      g_assert_cmpmem (map, sizeof (float) * f.cells, hard + f.cells, sizeof (float) * f.cells);
    }
}

/* The post-hoc variant leaves the classifier's layer as it is; the others train it from there. */
static void
test_trained (void)
{
  g_autoptr (EngModel) model = open_net ("GlobalAveragePool", 0);
  for (guint v = 0; v < G_N_ELEMENTS (variants); v++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, model, variants[v], NULL);
      gboolean frozen = strcmp (variants[v], "bla-ph") == 0;
      g_assert_cmpint (eng_net_count (f.net), ==, CHANNELS + 1 + (frozen ? 0 : CLASSES * CHANNELS + CLASSES));
    }
}

/* Dropout keeps a share of the features and makes up for the rest, when training only; the same draws for the same
 * batch. */
static void
test_dropout (void)
{
  g_autoptr (EngModel) model = open_net ("GlobalAveragePool", 0);
  g_auto (Fixture) f = { 0 }, without = { 0 };
  fixture_init (&f, model, "bla", "dropout=0.5");
  fixture_init (&without, model, "bla", "dropout=0");
  run (&f);
  run (&without);
  g_assert_cmpfloat (loss (&f), ==, loss (&without));
  f.batch.validating = FALSE;
  run (&f);
  double first = loss (&f);
  g_assert_cmpfloat (first, !=, loss (&without));
  run (&f);
  g_assert_cmpfloat (first, ==, loss (&f));
}

/* ---- the method ---- */

/* The net's weights as they are now, in a file that @method answers with. @pairs: (nullable). (transfer full) */
static EngHeatmap *
explain (Fixture *f, EngImage *image, const char *folder, const char *pairs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) facts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *path = g_build_filename (folder, "a.explainer.onnx", NULL);
  g_autofree float *weights = g_new (float, eng_net_count (f->net));
  const EngMethod *method = eng_method_find (kind->method, &error);
  g_assert_no_error (error);
  g_autoptr (EngNet) deployed = eng_net_new (f->model, f->net->target, f->values, 3, 1, FALSE, kind->build, &error);
  g_assert_no_error (error);
  eng_net_read_weights (f->net, weights);
  eng_explainer_write (deployed, kind, weights, facts, path, &error);
  g_assert_no_error (error);
  EngValues *values = eng_values_new (method, f->model);
  g_assert_true (eng_explainers_add (path, f->model, &error));
  if (pairs)
    g_assert_true (eng_values_set_pair (values, pairs, NULL));
  g_autoptr (EngJob) job = eng_job_new (f->model, image, method, 0, -1, NULL, values, 0);
  eng_job_run (job, &error);
  g_assert_no_error (error);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

/* The maps are what the net answers to the classifier's features of the picture. */
static void
test_method (void)
{
  g_autoptr (EngModel) model = open_data ("models/scenes-cnn.onnx");
  g_autoptr (EngImage) image = toy_picture (96);
  g_autofree char *folder = test_tmpdir ();
  g_autofree float *input = toy_input (model, image);
  g_auto (Fixture) f = { 0 };
  static const char *const maps[] = { "hard", "soft", "bounded" };
  fixture_init (&f, model, "bla-t", NULL);
  write_random (&f);
  gsize size = (gsize)f.channels * f.cells;
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, NULL);
  EngValue *features = eng_graph_find (graph, kind->frozen (model, f.net->target, f.values));
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  eng_pass_want (pass, features);
  g_assert_true (eng_pass_prepare (pass, NULL));
  eng_pass_write (pass, eng_graph_image (graph), input);
  eng_pass_forward (pass);
  eng_pass_read (pass, features, f.features + size);
  run (&f);
  for (guint m = 0; m < G_N_ELEMENTS (maps); m++)
    {
      g_autofree char *pair = g_strconcat ("map=", maps[m], NULL), *count = NULL;
      g_autoptr (EngHeatmap) map = explain (&f, image, folder, pair);
      g_autofree float *all = output (&f, maps[m]), *hard = output (&f, "hard");
      float *expected = all + f.cells, least = INFINITY;
      int selected = 0;
      for (int i = 0; i < f.cells; i++)
        {
          least = fminf (least, expected[i]);
          selected += hard[f.cells + i] > 0;
        }
      for (int i = 0; m == 2 && i < f.cells; i++)
        expected[i] -= least;
      g_assert_cmpint (eng_heatmap_rows (map) * eng_heatmap_cols (map), ==, f.cells);
      g_assert_cmpfloat (test_max_rel (eng_heatmap_values (map), expected, f.cells), <, 1e-5);
      count = g_strdup_printf ("BLA-T selects %d of %d cells", selected, f.cells);
      g_assert_cmpstr (eng_heatmap_provenance (map)->selected, ==, count);
      g_assert_cmpint (eng_heatmap_provenance (map)->passes_forward, ==, 1);
    }
  test_remove_tree (folder);
}

/* ---- gradients ---- */

static void
check_gradients (EngModel *model, const char *variant, const char *pairs)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, model, variant, pairs);
  f.batch.validating = FALSE;
  write_random (&f);
  run (&f);
  gint64 n = eng_net_count (f.net), at = 0;
  g_autofree float *weights = g_new (float, n), *gradient = g_new (float, n), *numeric = g_new (float, n);
  eng_net_read_weights (f.net, weights);
  eng_pass_backward (f.net->pass, NULL);
  for (guint i = 0; i < f.net->trained->len; i++)
    {
      EngValue *v = f.net->trained->pdata[i];
      eng_pass_read_grad (f.net->pass, v, gradient + at);
      at += eng_shape_count (&v->shape);
    }
  for (gint64 i = 0; i < n; i++)
    {
      float w = weights[i], h = 1e-3f;
      double side[2];
      for (int k = 0; k < 2; k++)
        {
          weights[i] = k ? w - h : w + h;
          eng_net_write_weights (f.net, weights);
          run (&f);
          side[k] = loss (&f);
        }
      weights[i] = w;
      numeric[i] = (float)((side[0] - side[1]) / (2 * h));
    }
  /* The loss is a float near 2: rounded to 1.2e-7, which by 2 h is 6e-5, half a hundredth of these gradients. A
   * larger step would cross corners of relu. Measured 0.0004 to 0.0052, by build. */
  g_assert_cmpfloat (test_relative_l2 (gradient, numeric, n), <, 0.01);
}

static void
test_gradients (void)
{
  g_autoptr (EngModel) model = open_net ("GlobalAveragePool", 0);
  g_autoptr (EngModel) tokens = open_tokens (TRUE);
  for (guint v = 0; v < G_N_ELEMENTS (variants); v++)
    check_gradients (model, variants[v], "threshold=0.5 cells=3");
  check_gradients (tokens, "bla", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kind = eng_kind_find ("bla", NULL);
  g_test_add_func ("/train-bla/fits", test_fits);
  g_test_add_func ("/train-bla/refuses", test_refuses);
  g_test_add_func ("/train-bla/uniform", test_uniform);
  g_test_add_func ("/train-bla/uniform-shared", test_uniform_shared);
  g_test_add_func ("/train-bla/cut-off", test_cut_off);
  g_test_add_func ("/train-bla/selection", test_selection);
  g_test_add_func ("/train-bla/trained", test_trained);
  g_test_add_func ("/train-bla/dropout", test_dropout);
  g_test_add_func ("/train-bla/method", test_method);
  g_test_add_func ("/train-bla/gradients", test_gradients);
  return g_test_run ();
}
