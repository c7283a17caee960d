/* L2X: the relaxed selection and its limit, gradients by finite differences, that nothing of the classifier but its
 * answers is used, the score against masks made by hand, and that it finds the patch that matters. */
#include "engine.h"

#include "nn/optim.h"
#include "onnx-maker.h"
#include "random.h"
#include "support.h"
#include "toy-nets.h"
#include "train/explainer-file.h"
#include "train/kinds/subset.h"
#include "train/training.h"

#include <math.h>
#include <string.h>

#define DIMS(...)                                                                                                    \
  G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })), (int64_t[]) { __VA_ARGS__ }

enum
{
  BATCH = 3,
  CELLS = 12,
  DRAWS = 4
};

static const EngExplainerKind *kind;

/* ---- the relaxed selection ---- */

static double sharpness; /* of build_draw(); tests run one after the other */

/* One weight for each logit, and the mean of the relaxed selection as loss; the largest of a row that is given. */
static gboolean
build_draw (EngNet *net, GError **error)
{
  EngShape row = ENG_SHAPE (1, 1, CELLS);
  EngValue *w = eng_net_weight (net, "logits", &row, ENG_INIT_NORMAL, 1);
  EngValue *noise = net->given = eng_subset_noise (net, DRAWS, CELLS);
  EngValue *v = eng_subset_draw (net, w, noise, sharpness, error);
  net->loss = eng_net_reduce (net, "ReduceMean", v, NULL, 0, FALSE, error);
  eng_net_add_output (net, "draw", v);
  eng_net_add_output (net, "top", eng_subset_top (net, eng_net_input (net, "row", &row), DRAWS, error));
  return net->loss != NULL;
}

static EngNet *
open_draw (EngModel *model, double s)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngValues) values = eng_kind_values (kind, model);
  sharpness = s;
  EngNet *net = eng_net_new (model, NULL, values, 1, 1, TRUE, build_draw, &error);
  g_assert_no_error (error);
  return net;
}

static void
test_draw (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  static const double sharp[] = { 0.1, 10, 1e6 };
  for (guint i = 0; i < G_N_ELEMENTS (sharp); i++)
    {
      g_autoptr (EngNet) net = open_draw (model, sharp[i]);
      g_autoptr (GRand) random = g_rand_new_with_seed (3);
      for (int again = 0; again < 20; again++)
        {
          float v[CELLS], noise[DRAWS * CELLS], w[CELLS];
          eng_subset_feed (net, net->given, random);
          eng_pass_forward (net->pass);
          eng_pass_read (net->pass, net->outputs[0].value, v);
          eng_pass_read (net->pass, net->given, noise);
          eng_net_read_weights (net, w);
          int ones = 0;
          gboolean won[CELLS] = { FALSE };
          for (int j = 0; j < DRAWS; j++)
            {
              int best = 0;
              for (int c = 1; c < CELLS; c++)
                if (w[c] + noise[j * CELLS + c] > w[best] + noise[j * CELLS + best])
                  best = c;
              won[best] = TRUE;
            }
          for (int c = 0; c < CELLS; c++)
            {
              g_assert_cmpfloat (v[c], >=, 0);
              g_assert_cmpfloat (v[c], <=, 1);
              ones += v[c] == 1;
              if (sharp[i] == 1e6) /* the limit of temperature 0 */
                g_assert_cmpfloat (v[c], ==, won[c]);
            }
          g_assert_cmpint (ones, <=, DRAWS);
        }
    }
}

static void
test_top (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  g_autoptr (EngNet) net = open_draw (model, 1);
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  float w[CELLS] = { 3, -1, 0.5f, 7, 2, -4, 0.1f, 6, 1, -2, -3, 0 }, v[CELLS], ranks[CELLS];
  eng_pass_write (net->pass, eng_graph_find (net->graph, "row"), w);
  eng_subset_feed (net, net->given, random);
  eng_pass_forward (net->pass);
  eng_pass_read (net->pass, net->outputs[1].value, v);
  for (int c = 0; c < CELLS; c++)
    g_assert_cmpfloat (v[c], ==, w[c] >= 2);
  eng_subset_ranks (w, CELLS, ranks);
  g_assert_cmpfloat (ranks[3], ==, 1);
  g_assert_cmpfloat (ranks[5], ==, 0);
  g_assert_cmpfloat_with_epsilon (ranks[4], 8 / 11.0, 1e-6);
  memset (w, 0, sizeof w); /* of equals the first, and no more of them */
  w[6] = 1;
  eng_pass_write (net->pass, eng_graph_find (net->graph, "row"), w);
  eng_pass_forward (net->pass);
  eng_pass_read (net->pass, net->outputs[1].value, v);
  for (int c = 0; c < CELLS; c++)
    g_assert_cmpfloat (v[c], ==, c < 3 || c == 6);
  w[3] = w[7] = 7; /* two are the largest: they share the two highest ranks */
  eng_subset_ranks (w, CELLS, ranks);
  g_assert_cmpfloat_with_epsilon (ranks[3], 10.5 / 11, 1e-6);
  g_assert_cmpfloat (ranks[3], ==, ranks[7]);
}

/* Gumbel's distribution has mean 0.5772 and variance pi^2 / 6. */
static void
test_noise (void)
{
  enum
  {
    N = 20000
  };
  g_autofree float *v = g_new (float, N);
  g_autoptr (GRand) random = g_rand_new_with_seed (2);
  double sum = 0, squares = 0;
  eng_random_fill_gumbel (random, v, N);
  for (int i = 0; i < N; i++)
    {
      sum += v[i];
      squares += (double)v[i] * v[i];
    }
  double mean = sum / N;
  g_assert_cmpfloat_with_epsilon (mean, 0.57722, 0.03);
  g_assert_cmpfloat_with_epsilon (squares / N - mean * mean, G_PI * G_PI / 6, 0.06);
}

/* ---- nets ---- */

typedef struct
{
  EngModel *model;
  EngValues *values;
  EngNet *net;
  EngTrainBatch batch;
  gsize size; /* of one input */
  int classes, grid;
  float *input, *logits;
} Fixture;

static void
fixture_init (Fixture *f, EngModel *model, int batch, const char *pairs)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) list = g_strsplit (pairs, " ", -1);
  EngPreprocess *p = eng_model_preprocess (model);
  memset (f, 0, sizeof *f);
  f->model = g_object_ref (model);
  f->values = eng_kind_values (kind, model);
  for (char **pair = list; *pair; pair++)
    {
      eng_values_set_pair (f->values, *pair, &error);
      g_assert_no_error (error);
    }
  f->net = eng_net_new (model, NULL, f->values, 3, batch, TRUE, kind->build, &error);
  g_assert_no_error (error);
  f->size = (gsize)p->channels * p->height * p->width;
  f->classes = eng_model_n_classes (model);
  f->grid = (int)eng_values_get (f->values, "grid");
  f->input = g_new (float, batch * f->size);
  f->logits = g_new (float, batch * f->classes);
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  for (gsize i = 0; i < batch * f->size; i++)
    f->input[i] = (float)g_rand_double_range (random, -1, 1);
  g_assert_true (eng_model_predict (model, f->input, batch, f->logits, NULL));
  f->batch = (EngTrainBatch){ .n = batch, .input = f->input, .logits = f->logits };
}

static void
fixture_clear (Fixture *f)
{
  eng_net_free (f->net);
  eng_values_free (f->values);
  g_object_unref (f->model);
  g_free (f->input);
  g_free (f->logits);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static double
run (Fixture *f, guint32 seed)
{
  float v;
  f->batch.random = g_rand_new_with_seed (seed);
  g_assert_true (kind->feed (f->net, &f->batch, NULL));
  eng_pass_forward (f->net->pass);
  g_clear_pointer (&f->batch.random, g_rand_free);
  eng_pass_read (f->net->pass, f->net->loss, &v);
  return v;
}

static int
best_of (const float *logits, int n)
{
  int best = 0;
  for (int k = 1; k < n; k++)
    best = logits[k] > logits[best] ? k : best;
  return best;
}

/* Every weight of the net is its own and trains: no part of the classifier is in it. */
static void
test_black_box (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_TRANSFORMER, .channels = 3, .size = 16 });
  g_auto (Fixture) f = { 0 };
  g_assert_true (eng_kind_can_train (kind, model, NULL, NULL));
  g_assert_null (eng_kind_default_target (kind, model));
  fixture_init (&f, model, BATCH, "grid=4 width=4");
  for (guint i = 0; i < f.net->graph->values->len; i++)
    {
      EngValue *v = f.net->graph->values->pdata[i];
      g_assert_true (v->kind != ENG_VALUE_WEIGHT || g_ptr_array_find (f.net->trained, v, NULL));
    }
  double first = run (&f, 1);
  g_assert_cmpfloat (run (&f, 1), ==, first);
  g_assert_cmpfloat (run (&f, 2), !=, first);
}

/* Sizes that are no multiple of the grid, one that is smaller, and channels that are not three. */
static void
test_sizes (void)
{
  static const char *const pairs[] = { "grid=2 width=4", "grid=5 width=4", "grid=6 patches=7 width=4" };
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 1, .size = 40 });
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_auto (Fixture) f = { 0 };
      float selection[36 * BATCH];
      static const int expected[] = { 1, 6, 7 };
      fixture_init (&f, model, BATCH, pairs[i]);
      g_assert_true (isfinite (run (&f, 1)));
      eng_pass_read (f.net->pass, f.net->outputs[1].value, selection);
      int n = f.grid * f.grid;
      for (int b = 0; b < BATCH; b++)
        {
          int count = 0;
          for (int c = 0; c < n; c++)
            count += selection[b * n + c] == 1;
          g_assert_cmpint (count, ==, expected[i]);
        }
    }
}

/* The score, with the pictures masked here by the file's own selection. */
static void
test_judge (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  g_auto (Fixture) f = { 0 };
  enum
  {
    MANY = 16
  };
  g_autoptr (GError) error = NULL;
  double sum = 0;
  int right = 0, rows, cols;
  fixture_init (&f, model, MANY, "grid=4 width=4");
  run (&f, 1);
  g_autofree float *masked = g_memdup2 (f.input, sizeof (float) * f.size * MANY);
  float selection[MANY * 16], answer[8];
  eng_pass_read (f.net->pass, f.net->outputs[1].value, selection);
  for (gsize i = 0; i < MANY * f.size; i++)
    {
      int x = (int)(i % 16), y = (int)(i / 16 % 16), b = (int)(i / f.size);
      masked[i] *= selection[b * 16 + y / 4 * 4 + x / 4];
    }
  for (int b = 0; b < MANY; b++)
    {
      g_assert_true (eng_model_predict (model, masked + b * f.size, 1, answer, NULL));
      right += best_of (answer, f.classes) == best_of (f.logits + b * f.classes, f.classes);
    }
  g_assert_true (kind->judge (f.net, &f.batch, &sum, &error));
  g_assert_cmpfloat (sum, ==, right);
  f.batch.n = 1; /* the others repeat the last one and do not count */
  sum = 0;
  g_assert_true (kind->judge (f.net, &f.batch, &sum, &error));
  g_assert_cmpfloat (sum, <=, 1);
  g_autofree float *map = kind->preview (f.net, &f.batch, 2, &rows, &cols);
  g_assert_cmpint (rows * cols, ==, 16);
  for (int c = 0; c < 16; c++)
    g_assert_cmpfloat (map[c] > 0.75, ==, selection[2 * 16 + c] > 0);
}

static void
test_gradients (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, model, BATCH, "grid=2 width=4 patches=2 tau=1");
  run (&f, 1);
  eng_pass_backward (f.net->pass, NULL);
  gint64 n = eng_net_count (f.net), at = 0;
  g_autofree float *weights = g_new (float, n), *gradient = g_new (float, n);
  eng_net_read_weights (f.net, weights);
  for (guint i = 0; i < f.net->trained->len; i++)
    {
      EngValue *v = f.net->trained->pdata[i];
      eng_pass_read_grad (f.net->pass, v, gradient + at);
      at += eng_shape_count (&v->shape);
    }
  /* along the gradient of each weight tensor, so that the difference is well above rounding */
  at = 0;
  for (guint i = 0; i < f.net->trained->len; i++)
    {
      EngValue *v = f.net->trained->pdata[i];
      gint64 count = eng_shape_count (&v->shape);
      g_autofree float *moved = g_memdup2 (weights, sizeof (float) * n);
      double squares = 0, side[2];
      for (gint64 k = at; k < at + count; k++)
        squares += (double)gradient[k] * gradient[k];
      double norm = sqrt (squares), h = 5e-4;
      for (int s = 0; s < 2; s++)
        {
          for (gint64 k = at; k < at + count; k++)
            moved[k] = (float)(weights[k] + (s ? -h : h) * gradient[k] / fmax (norm, 1e-12));
          eng_net_write_weights (f.net, moved);
          side[s] = run (&f, 1);
        }
      g_test_message ("%s: %g, numeric %g", v->name, norm, (side[0] - side[1]) / (2 * h));
      g_assert_cmpfloat_with_epsilon ((side[0] - side[1]) / (2 * h), norm, 0.05 * norm + 5e-4);
      at += count;
    }
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

static void
test_method (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 32 });
  g_autoptr (EngImage) image = toy_picture (32);
  g_autofree char *folder = test_tmpdir ();
  g_autofree float *input = toy_input (model, image);
  g_auto (Fixture) f = { 0 };
  float logits[16], ranks[16], selection[16];
  fixture_init (&f, model, 1, "grid=4 width=4 patches=3");
  memcpy (f.input, input, sizeof (float) * f.size);
  run (&f, 1);
  eng_pass_read (f.net->pass, f.net->outputs[0].value, logits);
  eng_pass_read (f.net->pass, f.net->outputs[1].value, selection);
  eng_subset_ranks (logits, 16, ranks);
  g_autoptr (EngHeatmap) ranking = explain (&f, image, folder, NULL);
  g_autoptr (EngHeatmap) hard = explain (&f, image, folder, "map=selection");
  g_assert_cmpint (eng_heatmap_rows (ranking), ==, 4);
  for (int c = 0; c < 16; c++)
    {
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (ranking)[c], ranks[c], 1e-6);
      g_assert_cmpfloat (eng_heatmap_values (hard)[c], ==, selection[c]);
      g_assert_cmpfloat (selection[c], ==, ranks[c] > 12.5 / 15);
    }
  g_assert_cmpstr (eng_heatmap_provenance (hard)->selected, ==, "3 of 16 patches explain the decision");
  test_remove_tree (folder);
}

/* ---- learning ---- */

/* Logits: how red, green and blue the picture is, above what noise gives; 32 x 32 pixels. */
static EngModel *
open_colours (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  g_autofree char *dir = test_tmpdir (), *path = g_build_filename (dir, "net.onnx", NULL);
  g_autoptr (GError) error = NULL;
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 32, 32);
  onnx_maker_floats (m, "w", DIMS (3, 3, 1, 1), (float[]){ 1, 0, 0, 0, 1, 0, 0, 0, 1 });
  onnx_maker_floats (m, "b", DIMS (3), (float[]){ -0.6f, -0.6f, -0.6f });
  onnx_maker_floats (m, "head", DIMS (3, 3), (float[]){ 150, 0, 0, 0, 150, 0, 0, 0, 150 });
  onnx_maker_floats (m, "head-b", DIMS (3), (float[]){ 0, 0, 0 });
  onnx_maker_node (m, "Conv", "x w b", "seen");
  onnx_maker_node (m, "Relu", "seen", "map");
  onnx_maker_node (m, "GlobalAveragePool", "map", "pooled");
  onnx_maker_node (m, "Flatten", "pooled", "flat");
  onnx_maker_node (m, "Gemm", "flat head head-b", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  test_remove_tree (dir);
  return model;
}

/* Noise, and one patch of 8 x 8 that is red, green or blue: its place. */
static int
paint (float *input, GRand *random)
{
  int place = g_rand_int_range (random, 0, 16), colour = g_rand_int_range (random, 0, 3);
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < 32; y++)
      for (int x = 0; x < 32; x++)
        input[(c * 32 + y) * 32 + x] =
            (float)(g_rand_double_range (random, -0.5, 0.5) + (c == colour && y / 8 * 4 + x / 8 == place));
  return place;
}

static void
test_learns (void)
{
  enum
  {
    MANY = 32
  };
  g_autoptr (EngModel) model = open_colours ();
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  g_auto (Fixture) f = { 0 };
  int places[MANY], found = 0;
  float logits[MANY * 16];
  double sum = 0;
  fixture_init (&f, model, MANY, "grid=4 width=6 patches=1");
  const EngAdamWSettings settings = { 3e-3, 0.9, 0.999, 1e-8, 0 };
  EngAdamW *adamw =
      eng_adamw_new (f.net->pass, (EngValue *const *)f.net->trained->pdata, (int)f.net->trained->len, &settings);
  for (guint step = 0; step <= 400; step++)
    {
      for (int b = 0; b < MANY; b++)
        places[b] = paint (f.input + b * f.size, random);
      g_assert_true (eng_model_predict (model, f.input, MANY, f.logits, NULL));
      run (&f, step);
      eng_pass_backward (f.net->pass, NULL);
      eng_adamw_step (adamw);
    }
  eng_adamw_free (adamw);
  eng_pass_read (f.net->pass, f.net->outputs[0].value, logits);
  for (int b = 0; b < MANY; b++)
    found += best_of (logits + b * 16, 16) == places[b];
  g_assert_true (kind->judge (f.net, &f.batch, &sum, NULL));
  g_test_message ("found %d agree %g", found, sum);
  /* Chance finds 2. A selector may leave the patch of one colour out, since its absence tells as much (a code). */
  g_assert_cmpint (found, >=, MANY / 2);
  g_assert_cmpfloat (sum, >=, MANY / 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kind = eng_kind_find ("l2x", NULL);
  g_test_add_func ("/train-l2x/noise", test_noise);
  g_test_add_func ("/train-l2x/draw", test_draw);
  g_test_add_func ("/train-l2x/top", test_top);
  g_test_add_func ("/train-l2x/black-box", test_black_box);
  g_test_add_func ("/train-l2x/sizes", test_sizes);
  g_test_add_func ("/train-l2x/judge", test_judge);
  g_test_add_func ("/train-l2x/gradients", test_gradients);
  g_test_add_func ("/train-l2x/method", test_method);
  g_test_add_func ("/train-l2x/learns", test_learns);
  return g_test_run ();
}
