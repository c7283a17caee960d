/* TVE on many pictures: what is learned from against direct passes, a net whose answers are known cell by cell, the
 * loss against finite differences, where training starts, transfer to other heads. */
#include "engine.h"

#include "model-private.h"
#include "nn/op.h"
#include "nn/optim.h"
#include "onnx-maker.h"
#include "random.h"
#include "support.h"
#include "toy-nets.h"
#include "train/explainer-file.h"
#include "train/kinds/tve.h"

#include <math.h>
#include <string.h>

enum
{
  BATCH = 2,
  SIDE = 16 /* of the known net's input */
};

typedef struct
{
  EngModel *model;
  EngValues *values;
  EngNet *net;
  const EngTveNet *tve;
  int k, cells; /* classes; cells of the map */
  gsize image;  /* numbers of an input */
  float *input, *logits;
  int index[BATCH];
  EngTrainBatch batch;
} Fixture;

/* Takes @model. @pairs: "radius=1 cells=5"; @layer: NULL: the default one. */
static Fixture
fixture_make (EngModel *model, const char *layer, const char *pairs)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) each = g_strsplit (pairs, " ", -1);
  EngPreprocess *p = eng_model_preprocess (model);
  const EngTarget *target =
      layer ? eng_model_find_target (model, layer, NULL) : eng_kind_default_target (&eng_kind_tve, model);
  Fixture f = { .model = model, .k = eng_model_n_classes (model) };
  f.image = (gsize)p->channels * p->width * p->height;
  f.values = eng_kind_values (&eng_kind_tve, model);
  for (char **pair = each; *pair && **pair; pair++)
    g_assert_true (eng_values_set_pair (f.values, *pair, NULL));
  f.net = eng_net_new (model, target, f.values, 5, BATCH, TRUE, eng_kind_tve.build, &error);
  g_assert_no_error (error);
  f.tve = f.net->own;
  f.cells = f.tve->windows.side * f.tve->windows.side;
  f.input = g_new (float, BATCH *f.image);
  f.logits = g_new (float, BATCH *f.k);
  g_autoptr (GRand) random = eng_random_new (3, 0);
  for (gsize i = 0; i < BATCH * f.image; i++)
    f.input[i] = (float)(sin (0.05 * (double)i) + g_rand_double_range (random, -1, 1));
  g_assert_true (eng_model_predict (model, f.input, BATCH, f.logits, &error));
  return f;
}

static Fixture
fixture_toy (ToyKind kind, const char *pairs)
{
  return fixture_make (toy_open (&(Toy){ .kind = kind, .channels = 3, .size = 32 }), NULL, pairs);
}

static EngModel *
open_scenes (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", name), *path = test_data (relative);
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static void
fixture_clear (Fixture *f)
{
  g_clear_pointer (&f->net, eng_net_free);
  g_clear_pointer (&f->values, eng_values_free);
  g_clear_object (&f->model);
  g_clear_pointer (&f->input, g_free);
  g_clear_pointer (&f->logits, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static void
feed (Fixture *f, gboolean validating, guint32 stream)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) random = eng_random_new (9, stream);
  for (int i = 0; i < BATCH; i++)
    f->index[i] = i;
  f->batch = (EngTrainBatch){ .steps = 1,
                              .validating = validating,
                              .n = BATCH,
                              .index = f->index,
                              .input = f->input,
                              .logits = f->logits,
                              .random = random };
  g_assert_true (eng_kind_tve.feed (f->net, &f->batch, &error));
  g_assert_no_error (error);
}

static float *
read_value (Fixture *f, EngValue *value)
{
  float *v = g_new (float, eng_shape_count (&value->shape));
  eng_pass_read (f->net->pass, value, v);
  return v;
}

static double
read_number (Fixture *f, EngValue *value)
{
  g_autofree float *v = read_value (f, value);
  return v[0];
}

/* Draws all trained weights anew, so that no gradient is zero because a layer starts silent. */
static void
stir (Fixture *f, double scale)
{
  gint64 n = eng_net_count (f->net);
  g_autofree float *w = g_new (float, n);
  g_autoptr (GRand) random = eng_random_new (17, 0);
  eng_net_read_weights (f->net, w);
  for (gint64 i = 0; i < n; i++)
    w[i] += (float)(scale * eng_random_normal (random));
  eng_net_write_weights (f->net, w);
}

/* Places of the drawn cells of picture @b: cells. */
static void
read_drawn (Fixture *f, int b, int *drawn)
{
  g_autofree float *chosen = read_value (f, f->tve->chosen);
  for (int k = 0; k < f->tve->cells; k++)
    {
      int found = 0;
      for (int i = 0; i < f->cells; i++)
        if (chosen[((gsize)b * f->cells + i) * f->tve->cells + k] == 1)
          {
            drawn[k] = i;
            found++;
          }
        else
          g_assert_cmpfloat (chosen[((gsize)b * f->cells + i) * f->tve->cells + k], ==, 0);
      g_assert_cmpint (found, ==, 1);
    }
}

/* ---- what is learned from ---- */

/* W_c g (x M_i) + b_c is the logit of x M_i, for each cell that was drawn: windows cut out by the test's own hand. */
static void
test_targets (gconstpointer data)
{
  g_auto (Fixture) f = fixture_make (open_scenes (data), NULL, "cells=6");
  const EngTveNet *tve = f.tve;
  EngPreprocess *p = eng_model_preprocess (f.model);
  g_autofree float *masked = g_new (float, f.image), *logits = g_new (float, f.k);
  g_autofree int *drawn = g_new (int, tve->cells);
  g_assert_cmpint (tve->windows.side, ==, 12);
  g_assert_cmpint (tve->windows.radius, ==, 2);
  feed (&f, FALSE, 0);
  g_autofree float *kept = read_value (&f, tve->wanted[0]), *removed = read_value (&f, tve->wanted[1]);
  g_autofree float *map = g_new (float, tve->cells);
  for (int b = 0; b < BATCH; b++)
    {
      g_autoptr (GError) error = NULL;
      gsize at = (gsize)b * tve->width * tve->cells;
      read_drawn (&f, b, drawn);
      g_assert_true (eng_windows_transfer (f.model, 2, -1, tve->width, tve->cells, kept + at, 0.5, removed + at, 2,
                                           map, &error));
      g_assert_no_error (error);
      for (int k = 0; k < tve->cells; k++)
        {
          double expected = 0;
          for (int keep = 0; keep < 2; keep++)
            {
              for (gsize i = 0; i < f.image; i++)
                {
                  int row = (int)(i / p->width % p->height) / 8, col = (int)(i % p->width) / 8;
                  gboolean inside = abs (row - drawn[k] / 12) <= 2 && abs (col - drawn[k] % 12) <= 2;
                  masked[i] = inside == keep ? f.input[b * f.image + i] : 0;
                }
              g_assert_true (eng_model_predict (f.model, masked, 1, logits, &error));
              expected += (keep ? 0.5 : -2) * logits[2];
            }
          g_assert_cmpfloat_with_epsilon (map[k], expected, 1e-3);
        }
    }
}

/* Cells are drawn without repetition, anew for every picture and stream; the same ones for a stream, and for pictures
 * that judge whatever the stream. */
static void
test_drawing (void)
{
  g_auto (Fixture) f = fixture_toy (TOY_CNN, "cells=7");
  int first[BATCH][7], again[BATCH][7], other[BATCH][7];
  for (int validating = 0; validating < 2; validating++)
    {
      for (int b = 0; b < BATCH; b++)
        {
          feed (&f, validating, 1);
          read_drawn (&f, b, first[b]);
          feed (&f, validating, 1);
          read_drawn (&f, b, again[b]);
          feed (&f, validating, 2);
          read_drawn (&f, b, other[b]);
          for (int k = 0; k < 7; k++)
            for (int l = 0; l < k; l++)
              g_assert_cmpint (first[b][k], !=, first[b][l]);
        }
      g_assert_cmpmem (first, sizeof first, again, sizeof again);
      g_assert_true ((memcmp (first, other, sizeof first) == 0) == validating);
      g_assert_true (memcmp (first[0], first[1], sizeof first[0]) != 0);
    }
}

/* ---- a net whose answers are known ---- */

/* Means of 4 x 4 cells, their mean (the embedding: one number), a linear layer. */
static EngModel *
mean_net (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "net.onnx", NULL);
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, SIDE, SIDE);
  onnx_maker_floats (m, "grey", 4, (int64_t[]){ 1, 3, 1, 1 }, (float[]){ 0.5f, 0.3f, 0.2f });
  onnx_maker_floats (m, "w", 2, (int64_t[]){ 1, 2 }, (float[]){ 2, -1 });
  onnx_maker_floats (m, "b", 1, (int64_t[]){ 2 }, (float[]){ 0.25f, 0 });
  onnx_maker_node (m, "Conv", "x grey", "one");
  Onnx__NodeProto *pool = onnx_maker_node (m, "AveragePool", "one", "cells");
  onnx_maker_attr_ints (pool, "kernel_shape", 2, (int64_t[]){ 4, 4 });
  onnx_maker_attr_ints (pool, "strides", 2, (int64_t[]){ 4, 4 });
  onnx_maker_node (m, "GlobalAveragePool", "cells", "mean");
  onnx_maker_node (m, "Flatten", "mean", "flat");
  onnx_maker_node (m, "Gemm", "flat w b", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), NULL));
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  test_remove_tree (folder);
  return model;
}

/* The weight of the features' sum over the window in the sum that E is: all else stays silent. */
static void
set_window_weight (Fixture *f, const char *name, float v)
{
  EngValue *weight = eng_graph_find (f->net->graph, name);
  g_assert_nonnull (weight);
  int64_t n = eng_shape_count (&weight->shape);
  g_autofree float *values = g_new0 (float, n);
  values[n - 1] = v; /* the features are the last channels */
  eng_pass_write (f->net->pass, weight, values);
}

/* The share of a window in the mean is a sum of cells, so E+ and E- are known, and with the right weight their error
 * is 0 at every cell: only if window, target and map agree on what is a row and what a column. The score is 1. */
static void
test_known (gconstpointer data)
{
  int radius = GPOINTER_TO_INT (data);
  g_autofree char *pairs = g_strdup_printf ("radius=%d cells=16", radius);
  g_auto (Fixture) f = fixture_make (mean_net (), NULL, pairs);
  g_autoptr (GError) error = NULL;
  double start[2], sum = 0;
  g_assert_cmpint (f.tve->windows.side, ==, 4);
  g_assert_cmpint (f.tve->width, ==, 1);
  feed (&f, FALSE, 4);
  eng_pass_forward (f.net->pass);
  for (int k = 0; k < 2; k++)
    start[k] = read_number (&f, f.net->terms[k].value);
  float share = (float)((2 * radius + 1) * (2 * radius + 1)) / 16;
  set_window_weight (&f, "positive/head/linear_weight", share);
  set_window_weight (&f, "negative/head/linear_weight", -share);
  eng_pass_forward (f.net->pass);
  for (int k = 0; k < 2; k++)
    {
      g_assert_cmpfloat (start[k], >, 1e-4);
      g_assert_cmpfloat (read_number (&f, f.net->terms[k].value), <, 1e-10);
    }
  g_assert_true (eng_kind_tve.judge (f.net, &f.batch, &sum, &error));
  g_assert_cmpfloat_with_epsilon (sum, BATCH, 1e-6);
  /* A map that is the wrong way round scores -1. */
  set_window_weight (&f, "positive/head/linear_weight", -share);
  set_window_weight (&f, "negative/head/linear_weight", share);
  eng_pass_forward (f.net->pass);
  g_assert_true (eng_kind_tve.judge (f.net, &f.batch, &sum, &error));
  g_assert_cmpfloat_with_epsilon (sum, 0, 1e-6);
}

/* From where it starts, with steps as the trainer takes them. */
static void
test_learning (void)
{
  g_auto (Fixture) f = fixture_make (mean_net (), NULL, "radius=1 cells=4 width=8");
  EngAdamWSettings adam = { 1e-2, 0.9, 0.999, 1e-8, 0.01 };
  g_autoptr (EngAdamW) optimiser =
      eng_adamw_new (f.net->pass, (EngValue *const *)f.net->trained->pdata, (int)f.net->trained->len, &adam);
  double first = 0, last = 0, sum = 0;
  for (guint32 step = 0; step < 200; step++)
    {
      feed (&f, FALSE, step);
      eng_pass_forward (f.net->pass);
      last = read_number (&f, f.net->loss);
      first = step == 0 ? last : first;
      eng_pass_backward (f.net->pass, NULL);
      eng_adamw_step (optimiser);
    }
  g_assert_cmpfloat (last, <, 0.02 * first);
  feed (&f, TRUE, 0);
  eng_pass_forward (f.net->pass);
  g_assert_true (eng_kind_tve.judge (f.net, &f.batch, &sum, NULL));
  g_assert_cmpfloat (sum, >, 0.9 * BATCH);
}

/* ---- loss ---- */

/* Along a random direction of all weights: d loss / d t against central differences. */
static void
check_gradient (Fixture *f)
{
  gint64 n = eng_net_count (f->net);
  g_autofree float *w = g_new (float, n), *moved = g_new (float, n), *direction = g_new (float, n);
  g_autoptr (GRand) random = eng_random_new (23, 0);
  const double h = 2e-3;
  double along = 0, loss[2];
  stir (f, 0.05);
  feed (f, FALSE, 3);
  eng_pass_forward (f->net->pass);
  eng_pass_backward (f->net->pass, NULL);
  eng_net_read_weights (f->net, w);
  gint64 at = 0;
  for (guint i = 0; i < f->net->trained->len; i++)
    {
      EngValue *v = f->net->trained->pdata[i];
      gint64 count = eng_shape_count (&v->shape);
      g_autofree float *grad = g_new (float, count);
      eng_pass_read_grad (f->net->pass, v, grad);
      for (gint64 k = 0; k < count; k++, at++)
        {
          direction[at] = (float)(g_rand_boolean (random) ? 1 : -1) / (float)sqrt ((double)n);
          along += (double)grad[k] * direction[at];
        }
    }
  for (int side = 0; side < 2; side++)
    {
      for (gint64 i = 0; i < n; i++)
        moved[i] = w[i] + (float)(side ? h : -h) * direction[i];
      eng_net_write_weights (f->net, moved);
      eng_pass_forward (f->net->pass);
      loss[side] = read_number (f, f->net->loss);
    }
  g_assert_cmpfloat (fabs (along), >, 1e-4);
  g_assert_cmpfloat (fabs ((loss[1] - loss[0]) / (2 * h) - along), <, 0.02 * fabs (along) + 1e-4);
}

static void
test_gradient (gconstpointer data)
{
  g_auto (Fixture) f = fixture_toy (GPOINTER_TO_INT (data), "radius=1 cells=3 width=8");
  check_gradient (&f);
}

/* The loss is the mean of squares at the drawn cells, both kinds with weight 1. */
static void
test_loss (void)
{
  g_auto (Fixture) f = fixture_toy (TOY_CNN, "radius=1 cells=3 width=8");
  const EngTveNet *tve = f.tve;
  double sum = 0;
  stir (&f, 0.05);
  feed (&f, FALSE, 3);
  eng_pass_forward (f.net->pass);
  for (int kind = 0; kind < 2; kind++)
    {
      g_autofree float *map = read_value (&f, tve->maps[kind]), *wanted = read_value (&f, tve->wanted[kind]);
      for (int b = 0; b < BATCH; b++)
        {
          int drawn[3];
          read_drawn (&f, b, drawn);
          for (int d = 0; d < tve->width; d++)
            for (int k = 0; k < 3; k++)
              {
                gsize row = (gsize)b * tve->width + d;
                double e = (double)map[row * f.cells + drawn[k]] - wanted[row * 3 + k];
                sum += e * e / (BATCH * tve->width * 3);
              }
        }
    }
  g_assert_cmpfloat_with_epsilon (read_number (&f, f.net->loss), sum, 1e-5 * sum);
}

/* ---- where training starts ---- */

/* Whatever layer is looked at, inside a residual branch too: E+ is g (0) and E- is g (x) at every cell, and another
 * grid than the layer's is answered at that grid. */
static void
test_start (gconstpointer data)
{
  g_autoptr (EngModel) model = open_scenes (data);
  int n;
  const EngTarget *targets = eng_model_targets (model, &n);
  for (int i = 0; i < n; i += 5)
    {
      if (targets[i].kind == ENG_TARGET_ATTENTION)
        continue;
      g_auto (Fixture) f = fixture_make (g_object_ref (model), targets[i].name, "grid=6 cells=1");
      g_autoptr (EngProbe) probe = eng_probe_new_alone (model, 0);
      g_autofree float *empty = g_new0 (float, f.image), *kept = NULL, *removed = NULL;
      const float *x[] = { empty, f.input + f.image };
      eng_probe_want (probe, eng_model_final_linear (model));
      feed (&f, FALSE, 0);
      eng_pass_forward (f.net->pass);
      kept = read_value (&f, f.tve->maps[0]);
      removed = read_value (&f, f.tve->maps[1]);
      g_assert_cmpint (f.cells, ==, 36);
      for (int k = 0; k < 2; k++)
        {
          const EngProbeItem *item = eng_probe_one (probe, &x[k], NULL);
          const float *map = (k ? removed : kept) + (gsize)f.tve->width * f.cells; /* of the second picture */
          for (int d = 0; d < f.tve->width; d++)
            for (int c = 0; c < f.cells; c++)
              g_assert_cmpfloat (fabs (map[d * f.cells + c] - item->values[0][d]), <, 1e-4);
        }
    }
}

/* ---- which models an explainer belongs to ---- */

/* The same model with the numbers of @constant made anew. */
static EngModel *
with_noise (EngModel *model, const EngValue *constant)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) weights =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_tensor_unref);
  EngTensor *t = eng_tensor_new (ENG_DTYPE_FLOAT, &constant->shape);
  g_autoptr (GRand) random = eng_random_new (31, 0);
  eng_random_fill_normal (random, t->f, (gsize)eng_tensor_count (t), 0, 0.1);
  g_hash_table_insert (weights, g_strdup (constant->name), t);
  EngModel *other = eng_model_with_weights (model, weights, "noise", &error);
  g_assert_no_error (error);
  return other;
}

static void
check_digest (EngModel *a, EngModel *b, gboolean same)
{
  g_autofree char *da = eng_kind_tve.belongs_to (a, NULL), *db = eng_kind_tve.belongs_to (b, NULL);
  g_assert_nonnull (da);
  g_assert_cmpint (strlen (da), ==, 64);
  g_assert_true ((strcmp (da, db) == 0) == same);
}

static EngNode *
first_convolution (EngGraph *graph)
{
  for (guint i = 0; i < graph->nodes->len; i++)
    if (strcmp (((EngNode *)graph->nodes->pdata[i])->op->name, "Conv") == 0)
      return graph->nodes->pdata[i];
  g_assert_not_reached ();
}

static void
test_digest (gconstpointer data)
{
  g_autoptr (EngModel) model = open_scenes (data), again = open_scenes (data);
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, NULL);
  EngNode *last = eng_graph_logits (graph)->producer;
  g_autoptr (EngModel) head = with_noise (model, last->inputs[1]),
                       encoder = with_noise (model, first_convolution (graph)->inputs[1]);
  check_digest (model, again, TRUE);
  check_digest (model, head, TRUE);
  check_digest (model, encoder, FALSE);
}

/* x -> two branches -> sum -> mean -> linear, with names, order of nodes and attributes as asked for. */
static EngModel *
branch_net (const char *names, gboolean swapped, double alpha)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "net.onnx", NULL);
  g_autofree char *a = g_strconcat (names, "a", NULL), *b = g_strconcat (names, "b", NULL);
  g_autofree char *ins = g_strconcat (a, " ", b, NULL), *s = g_strconcat (names, "s", NULL);
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, SIDE, SIDE);
  onnx_maker_floats (m, "w", 2, (int64_t[]){ 3, 2 }, (float[]){ 2, -1, 0, 1, 1, 0 });
  for (int i = 0; i < 2; i++)
    if (i == swapped)
      onnx_maker_float (onnx_maker_node (m, "LeakyRelu", "x", a), "alpha", (float)alpha);
    else
      onnx_maker_node (m, "Abs", "x", b);
  onnx_maker_node (m, "Add", ins, s);
  onnx_maker_node (m, "GlobalAveragePool", s, "mean");
  onnx_maker_node (m, "Flatten", "mean", "flat");
  onnx_maker_node (m, "MatMul", "flat w", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), NULL));
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  test_remove_tree (folder);
  return model;
}

static void
test_digest_of_structure (void)
{
  g_autoptr (EngModel) model = branch_net ("", FALSE, 0.1), renamed = branch_net ("layer/", FALSE, 0.1);
  g_autoptr (EngModel) ordered = branch_net ("", TRUE, 0.1), other = branch_net ("", FALSE, 0.2);
  check_digest (model, renamed, TRUE);
  check_digest (model, ordered, TRUE);
  check_digest (model, other, FALSE);
}

/* ---- the method ---- */

/* Writes the fixture's explainer, as it is now, to a file. (transfer full): its path. */
static char *
write_explainer (Fixture *f, const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) facts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree float *weights = g_new (float, eng_net_count (f->net));
  char *path = g_build_filename (folder, "a.explainer.onnx", NULL);
  g_autoptr (EngNet) deployed =
      eng_net_new (f->model, f->net->target, f->values, 5, 1, FALSE, eng_kind_tve.build, &error);
  g_assert_no_error (error);
  eng_net_read_weights (f->net, weights);
  g_assert_true (eng_explainer_write (deployed, &eng_kind_tve, weights, facts, path, &error));
  g_assert_no_error (error);
  return path;
}

/* A map of class 1 rather than @contrast, by the file @path. NULL with an error. */
static EngHeatmap *
explain (EngModel *model, EngImage *image, const char *path, const char *pairs, int contrast, GError **error)
{
  const EngMethod *method = eng_method_find ("tve", NULL);
  g_auto (GStrv) each = g_strsplit (pairs, " ", -1);
  EngValues *values = eng_values_new (method, model);
  g_assert_true (eng_values_set_text (values, "explainer", path, NULL));
  for (char **pair = each; *pair && **pair; pair++)
    g_assert_true (eng_values_set_pair (values, *pair, NULL));
  g_autoptr (EngJob) job = eng_job_new (model, image, method, 1, contrast, NULL, values, 0);
  return eng_job_run (job, error) ? eng_heatmap_ref (eng_job_heatmap (job)) : NULL;
}

/* W and b of @model's last layer, a Gemm with a row for each class. */
static void
read_head (EngModel *model, const float **weight, const float **bias)
{
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, NULL);
  EngNode *last = eng_graph_logits (graph)->producer;
  g_assert_cmpstr (last->op->name, ==, "Gemm");
  g_assert_cmpint (eng_attrs_get_int (last->attrs, "transB", 0), ==, 1);
  *weight = last->inputs[1]->constant->f;
  *bias = last->inputs[2]->constant->f;
}

/* The map is lambda+ (W_1 E+ + b_1) - lambda- (W_1 E- + b_1) with @model's own W and b and the net's E of picture 0.
 */
static void
check_map (Fixture *f, EngModel *model, EngHeatmap *map, double lambda_plus, double lambda_minus, int contrast)
{
  const float *w, *b;
  g_autofree float *plus = read_value (f, f->tve->maps[0]), *minus = read_value (f, f->tve->maps[1]);
  int width = f->tve->width, side = f->tve->windows.side;
  read_head (model, &w, &b);
  g_assert_nonnull (map);
  g_assert_cmpint (eng_heatmap_rows (map), ==, side);
  g_assert_cmpint (eng_heatmap_cols (map), ==, side);
  for (int i = 0; i < f->cells; i++)
    {
      double sum = (lambda_plus - lambda_minus) * (b[1] - (contrast >= 0 ? b[contrast] : 0));
      for (int d = 0; d < width; d++)
        sum += (w[width + d] - (contrast >= 0 ? (double)w[contrast * width + d] : 0))
               * (lambda_plus * plus[d * f->cells + i] - lambda_minus * minus[d * f->cells + i]);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (map)[i], sum, 1e-3);
    }
}

static const EngNote *
find_note (EngHeatmap *map, const char *id)
{
  const GPtrArray *notes = eng_heatmap_provenance (map)->notes;
  for (guint i = 0; i < notes->len; i++)
    if (strcmp (((const EngNote *)notes->pdata[i])->id, id) == 0)
      return notes->pdata[i];
  return NULL;
}

/* A file's map is the net's; another head on the encoder is served with its own W and b, and it is said; another
 * encoder is refused. */
static void
test_method (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = fixture_make (open_scenes (data), NULL, "cells=1 radius=1 width=8 grid=6");
  g_autofree char *folder = test_tmpdir (), *picture = test_data ("scenes/harbour-01.png");
  g_autoptr (EngImage) image = eng_image_load (picture, &error);
  g_autofree float *input = toy_input (f.model, image);
  memcpy (f.input, input, sizeof *input * f.image);
  stir (&f, 0.02);
  feed (&f, FALSE, 0);
  eng_pass_forward (f.net->pass);
  g_autofree char *path = write_explainer (&f, folder);

  g_autoptr (EngHeatmap) both = explain (f.model, image, path, "", -1, &error);
  g_assert_no_error (error);
  check_map (&f, f.model, both, 1, 1, -1);
  g_assert_nonnull (find_note (both, "explainer"));
  g_assert_null (find_note (both, "transfer"));
  g_autoptr (EngHeatmap) kept = explain (f.model, image, path, "lambda-plus=2 lambda-minus=0", -1, &error);
  check_map (&f, f.model, kept, 2, 0, -1);
  g_autoptr (EngHeatmap) contrast = explain (f.model, image, path, "lambda-minus=0.5", 0, &error);
  check_map (&f, f.model, contrast, 1, 0.5, 0);
  g_autoptr (EngHeatmap) pooled = explain (f.model, image, path, "pooling=true", -1, &error);
  const float *v = eng_heatmap_values (both);
  g_assert_cmpfloat_with_epsilon (eng_heatmap_values (pooled)[0], (v[0] + v[1] + v[6] + v[7]) / 4, 1e-4);
  g_assert_null (explain (f.model, image, path, "lambda-plus=0 lambda-minus=0", -1, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_clear_error (&error);

  g_autoptr (EngGraph) graph = eng_model_graph (f.model, 1, NULL);
  g_autoptr (EngModel) head = with_noise (f.model, eng_graph_logits (graph)->producer->inputs[1]);
  g_autoptr (EngHeatmap) transferred = explain (head, image, path, "", -1, &error);
  g_assert_no_error (error);
  check_map (&f, head, transferred, 1, 1, -1);
  g_assert_nonnull (find_note (transferred, "transfer"));

  g_autoptr (EngModel) encoder = with_noise (f.model, first_convolution (graph)->inputs[1]);
  g_assert_null (explain (encoder, image, path, "", -1, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "was trained for"));
  test_remove_tree (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/train-tve/targets/cnn", "scenes-cnn", test_targets);
  g_test_add_data_func ("/train-tve/targets/vit", "scenes-vit", test_targets);
  g_test_add_func ("/train-tve/drawing", test_drawing);
  g_test_add_data_func ("/train-tve/known/cell", GINT_TO_POINTER (0), test_known);
  g_test_add_data_func ("/train-tve/known/window", GINT_TO_POINTER (1), test_known);
  g_test_add_func ("/train-tve/learning", test_learning);
  g_test_add_data_func ("/train-tve/gradient/cnn", GINT_TO_POINTER (TOY_CNN), test_gradient);
  g_test_add_data_func ("/train-tve/gradient/transformer", GINT_TO_POINTER (TOY_TRANSFORMER), test_gradient);
  g_test_add_func ("/train-tve/loss", test_loss);
  g_test_add_data_func ("/train-tve/start/cnn", "scenes-cnn", test_start);
  g_test_add_data_func ("/train-tve/start/vit", "scenes-vit", test_start);
  g_test_add_data_func ("/train-tve/digest/cnn", "scenes-cnn", test_digest);
  g_test_add_data_func ("/train-tve/digest/vit", "scenes-vit", test_digest);
  g_test_add_func ("/train-tve/digest/structure", test_digest_of_structure);
  g_test_add_data_func ("/train-tve/method/cnn", "scenes-cnn", test_method);
  g_test_add_data_func ("/train-tve/method/vit", "scenes-vit", test_method);
  return g_test_run ();
}
