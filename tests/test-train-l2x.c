/* L2X: gradients by finite differences, that nothing of the classifier but its answers is used, the score against
 * masks made by hand, and that it finds the patch that matters; of the surrogate what it is shown, what is kept from
 * it, and that each class finds its own patch. */
#include "engine.h"

#include "nn/optim.h"
#include "onnx-maker.h"
#include "support.h"
#include "toy-nets.h"
#include "train/explainer-file.h"
#include "train/kinds/l2x.h"
#include "train/kinds/subset.h"
#include "train/training.h"

#include <math.h>
#include <string.h>

#define DIMS(...)                                                                                                    \
  G_N_ELEMENTS (((int64_t[]){ __VA_ARGS__ })), (int64_t[]) { __VA_ARGS__ }

enum
{
  BATCH = 3,
  MANY = 32
};

static const EngExplainerKind *kind;
static const char *const variants[] = { "variant=published", "variant=surrogate" };

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
fixture_init (Fixture *f, EngModel *model, int batch, const char *variant, const char *pairs)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) list = g_strsplit (pairs, " ", -1);
  EngPreprocess *p = eng_model_preprocess (model);
  memset (f, 0, sizeof *f);
  f->model = g_object_ref (model);
  f->values = eng_kind_values (kind, model);
  g_assert_true (eng_values_set_pair (f->values, variant, NULL));
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
  f->batch = (EngTrainBatch){ .step = 50, .steps = 100, .n = batch, .input = f->input, .logits = f->logits };
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

static EngValue *
value_of (const Fixture *f, const char *name)
{
  EngValue *v = eng_graph_find (f->net->graph, name);
  g_assert_nonnull (v);
  return v;
}

/* (transfer full) */
static float *
read_value (const Fixture *f, EngValue *v)
{
  float *values = g_new (float, eng_shape_count (&v->shape));
  eng_pass_read (f->net->pass, v, values);
  return values;
}

static int
best_of (const float *logits, int n)
{
  int best = 0;
  for (int k = 1; k < n; k++)
    best = logits[k] > logits[best] ? k : best;
  return best;
}

/* The selected patches of picture @b for the class that the classifier sees, from what the explainer answers. */
static void
select_by_hand (const Fixture *f, int b, float *selection)
{
  EngValue *output = f->net->outputs[0].value;
  int maps = (int)output->shape.dim[1], n = f->grid * f->grid;
  int map = maps > 1 ? best_of (f->logits + b * f->classes, f->classes) : 0;
  g_autofree float *logits = read_value (f, output);
  eng_subset_pick (logits + (b * maps + map) * n, n, eng_l2x_patches (f->values), selection);
}

/* Every weight of the net is its own and trains: no part of the classifier is in it. */
static void
test_black_box (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_TRANSFORMER, .channels = 3, .size = 16 });
  g_assert_true (eng_kind_can_train (kind, model, NULL, NULL));
  g_assert_null (eng_kind_default_target (kind, model));
  for (guint k = 0; k < G_N_ELEMENTS (variants); k++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, model, BATCH, variants[k], "grid=4 width=4");
      g_assert_cmpint (f.net->outputs[0].value->shape.dim[1], ==, k ? f.classes : 1);
      for (guint i = 0; i < f.net->graph->values->len; i++)
        {
          EngValue *v = f.net->graph->values->pdata[i];
          g_assert_true (v->kind != ENG_VALUE_WEIGHT || g_ptr_array_find (f.net->trained, v, NULL));
        }
      double first = run (&f, 1);
      g_assert_cmpfloat (run (&f, 1), ==, first);
      g_assert_cmpfloat (run (&f, 2), !=, first);
    }
}

/* Sizes that are no multiple of the grid, one that is smaller, and channels that are not three. */
static void
test_sizes (void)
{
  static const char *const pairs[] = { "grid=2 width=4", "grid=5 width=4", "grid=6 patches=7 width=4" };
  static const int expected[] = { 1, 6, 7 };
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 1, .size = 40 });
  for (guint i = 0; i < 2 * G_N_ELEMENTS (pairs); i++)
    {
      g_auto (Fixture) f = { 0 };
      float selection[36];
      fixture_init (&f, model, BATCH, variants[i % 2], pairs[i / 2]);
      g_assert_true (isfinite (run (&f, 1)));
      for (int b = 0; b < BATCH; b++)
        {
          int count = 0;
          select_by_hand (&f, b, selection);
          for (int c = 0; c < f.grid * f.grid; c++)
            count += selection[c] == 1;
          g_assert_cmpint (count, ==, expected[i / 2]);
        }
    }
}

/* @input (3 x 16 x 16) where @shown (4 x 4) shows it, for @n pictures: (transfer full) */
static float *
mask_by_hand (const float *input, const float *shown, int n)
{
  float *masked = g_new (float, n * 768);
  for (int i = 0; i < n * 768; i++)
    {
      int x = i % 16, y = i / 16 % 16;
      masked[i] = input[i] * shown[i / 768 * 16 + y / 4 * 4 + x / 4];
    }
  return masked;
}

/* The score, with the pictures masked here by the file's own selection. */
static void
test_judge (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  for (guint k = 0; k < G_N_ELEMENTS (variants); k++)
    {
      g_auto (Fixture) f = { 0 };
      g_autoptr (GError) error = NULL;
      double sum = 0;
      int right = 0, rows, cols;
      float selection[MANY * 16], answer[8];
      fixture_init (&f, model, MANY, variants[k], "grid=4 width=4");
      run (&f, 1);
      for (int b = 0; b < MANY; b++)
        select_by_hand (&f, b, selection + b * 16);
      g_autofree float *masked = mask_by_hand (f.input, selection, MANY);
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
}

/* Of all weights in order: (transfer full) */
static float *
read_gradient (const Fixture *f)
{
  float *gradient = g_new (float, eng_net_count (f->net));
  gint64 at = 0;
  for (guint i = 0; i < f->net->trained->len; i++)
    {
      EngValue *v = f->net->trained->pdata[i];
      eng_pass_read_grad (f->net->pass, v, gradient + at);
      at += eng_shape_count (&v->shape);
    }
  return gradient;
}

/* With what was fed last: the weights that are held back stay as they were. */
static double
loss_with (Fixture *f, const float *weights)
{
  float v;
  eng_net_write_weights (f->net, weights);
  eng_pass_forward (f->net->pass);
  eng_pass_read (f->net->pass, f->net->loss, &v);
  return v;
}

/* Both networks start undecided, which leaves the selector a gradient that is below the rounding of differences. */
static void
decide (const Fixture *f, float *weights)
{
  for (guint i = 0; i < f->net->trained->len; i++)
    {
      EngValue *v = f->net->trained->pdata[i];
      gint64 count = eng_shape_count (&v->shape);
      for (gint64 k = 0; k < count && g_str_has_suffix (v->name, "/logits_weight"); k++)
        weights[k] *= 50;
      weights += count;
    }
}

static void
check_gradients (const char *variant)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, model, BATCH, variant, "grid=2 width=4 patches=2 tau=1");
  gint64 n = eng_net_count (f.net), at = 0;
  g_autofree float *weights = g_new (float, n);
  eng_net_read_weights (f.net, weights);
  decide (&f, weights);
  eng_net_write_weights (f.net, weights);
  run (&f, 1);
  eng_pass_backward (f.net->pass, NULL);
  g_autofree float *gradient = read_gradient (&f);
  /* along the gradient of each weight tensor, so that the difference is well above rounding */
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
          side[s] = loss_with (&f, moved);
        }
      /* ReLU's kinks; and a loss of 2 to 4 comes in steps of 2.4e-7, over 2 h = 1e-3. */
      g_test_message ("%s: %g, numeric %g", v->name, norm, (side[0] - side[1]) / (2 * h));
      g_assert_cmpfloat_with_epsilon ((side[0] - side[1]) / (2 * h), norm, 0.05 * norm + 5e-4);
      at += count;
    }
}

static void
test_gradients (void)
{
  for (guint k = 0; k < G_N_ELEMENTS (variants); k++)
    check_gradients (variants[k]);
}

/* ---- the surrogate ---- */

/* What the surrogate is shown, and that it learns what the classifier says to that; the class that is explained; and
 * that the selector's loss sees the surrogate as it is. */
static void
test_shown (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, model, MANY, "variant=surrogate", "grid=4 width=4");
  run (&f, 1);
  g_autofree float *shown = read_value (&f, value_of (&f, "shown"));
  g_autofree float *answer = read_value (&f, value_of (&f, "answer"));
  g_autofree float *explained = read_value (&f, value_of (&f, "explained"));
  g_autofree float *masked = mask_by_hand (f.input, shown, MANY);
  int least = 16, most = 0;
  for (int b = 0; b < MANY; b++)
    {
      float logits[8], soft[8];
      int count = 0;
      for (int c = 0; c < 16; c++)
        {
          g_assert_true (shown[b * 16 + c] == 0 || shown[b * 16 + c] == 1);
          count += shown[b * 16 + c] == 1;
        }
      least = MIN (least, count);
      most = MAX (most, count);
      /* Single pictures round otherwise than batches. */
      g_assert_true (eng_model_predict (model, masked + b * f.size, 1, logits, NULL));
      eng_softmax (logits, f.classes, soft);
      for (int c = 0; c < f.classes; c++)
        {
          g_assert_cmpfloat_with_epsilon (answer[b * f.classes + c], soft[c], 1e-5);
          g_assert_cmpfloat (explained[b * f.classes + c], ==, c == best_of (f.logits + b * f.classes, f.classes));
        }
    }
  g_assert_cmpint (least, >=, 1);
  g_assert_cmpint (least, <, 4);
  g_assert_cmpint (most, >, 10);
  g_assert_cmpint (most, <=, 13);
  for (guint i = 0; i < f.net->trained->len; i++)
    {
      EngValue *v = f.net->trained->pdata[i];
      gsize size = sizeof (float) * (gsize)eng_shape_count (&v->shape);
      if (!g_str_has_prefix (v->name, "predictor/"))
        continue;
      g_autofree char *name = g_strconcat ("held/", v->name, NULL);
      g_autofree float *own = read_value (&f, v), *held = read_value (&f, value_of (&f, name));
      g_assert_cmpmem (own, size, held, size);
    }
}

/* In the head start nothing moves the selector. */
static void
test_head_start (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 16 });
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, model, BATCH, "variant=surrogate", "grid=4 width=4 head-start=0.25");
  for (int begun = 0; begun < 2; begun++)
    {
      double selector = 0, predictor = 0;
      gint64 at = 0;
      f.batch.step = begun ? 25 : 24;
      run (&f, 1);
      eng_pass_backward (f.net->pass, NULL);
      g_autofree float *gradient = read_gradient (&f);
      for (guint i = 0; i < f.net->trained->len; i++)
        {
          EngValue *v = f.net->trained->pdata[i];
          double *sum = g_str_has_prefix (v->name, "selector/") ? &selector : &predictor;
          for (gint64 end = at + eng_shape_count (&v->shape); at < end; at++)
            *sum += fabsf (gradient[at]);
        }
      g_assert_cmpfloat (predictor, >, 0);
      g_assert_cmpint (selector > 0, ==, begun);
    }
}

/* ---- the method ---- */

/* The net's weights as they are now, in a file that @method answers with. @pairs: (nullable). (transfer full) */
static EngHeatmap *
explain (Fixture *f, EngImage *image, int class_index, const char *folder, const char *pairs)
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
  g_autoptr (EngJob) job = eng_job_new (f->model, image, method, class_index, -1, NULL, values, 0);
  eng_job_run (job, &error);
  g_assert_no_error (error);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

static void
test_method (void)
{
  g_autoptr (EngModel) model = toy_open (&(Toy){ .kind = TOY_CNN, .channels = 3, .size = 32 });
  g_autoptr (EngImage) image = toy_picture (32);
  g_autofree float *input = toy_input (model, image);
  for (guint k = 0; k < G_N_ELEMENTS (variants); k++)
    {
      g_autofree char *folder = test_tmpdir ();
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, model, 1, variants[k], "grid=4 width=4 patches=3");
      memcpy (f.input, input, sizeof (float) * f.size);
      run (&f, 1);
      g_autofree float *logits = read_value (&f, f.net->outputs[0].value);
      for (int class_index = 0; class_index < 2; class_index++)
        {
          float ranks[16], selection[16];
          const float *row = logits + (k ? 16 * class_index : 0);
          eng_subset_ranks (row, 16, ranks);
          eng_subset_pick (row, 16, 3, selection);
          g_autoptr (EngHeatmap) ranking = explain (&f, image, class_index, folder, NULL);
          g_autoptr (EngHeatmap) hard = explain (&f, image, class_index, folder, "map=selection");
          g_assert_cmpint (eng_heatmap_rows (ranking), ==, 4);
          for (int c = 0; c < 16; c++)
            {
              g_assert_cmpfloat_with_epsilon (eng_heatmap_values (ranking)[c], ranks[c], 1e-6);
              g_assert_cmpfloat (eng_heatmap_values (hard)[c], ==, selection[c]);
              g_assert_cmpfloat (selection[c], ==, ranks[c] > 12.5 / 15);
            }
          g_assert_cmpstr (eng_heatmap_provenance (hard)->selected, ==,
                           k ? "3 of 16 patches explain the class" : "3 of 16 patches explain the decision");
        }
      test_remove_tree (folder);
    }
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

/* Noise, and a patch of 8 x 8 of one colour that is brighter than one of another colour: their places. */
typedef struct
{
  int place[2], colour[2];
} Painted;

static Painted
paint (float *input, gboolean second, GRand *random)
{
  Painted p = { { g_rand_int_range (random, 0, 16) }, { g_rand_int_range (random, 0, 3) } };
  p.place[1] = (p.place[0] + g_rand_int_range (random, 1, 16)) % 16;
  p.colour[1] = (p.colour[0] + g_rand_int_range (random, 1, 3)) % 3;
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < 32; y++)
      for (int x = 0; x < 32; x++)
        {
          int place = y / 8 * 4 + x / 8;
          double v = g_rand_double_range (random, -0.5, 0.5);
          if (c == p.colour[0] && place == p.place[0])
            v += second ? 1.5 : 1;
          if (second && c == p.colour[1] && place == p.place[1])
            v += 1;
          input[(c * 32 + y) * 32 + x] = (float)v;
        }
  return p;
}

/* After so many steps on pictures that are painted for it; how those of the last step were painted. */
static void
learn (Fixture *f, EngModel *model, gboolean second, int steps, Painted *painted)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  const EngAdamWSettings settings = { 3e-3, 0.9, 0.999, 1e-8, 0 };
  EngAdamW *adamw =
      eng_adamw_new (f->net->pass, (EngValue *const *)f->net->trained->pdata, (int)f->net->trained->len, &settings);
  f->batch.steps = steps;
  for (int step = 0; step <= steps; step++)
    {
      for (int b = 0; b < MANY; b++)
        painted[b] = paint (f->input + b * f->size, second, random);
      g_assert_true (eng_model_predict (model, f->input, MANY, f->logits, NULL));
      f->batch.step = step;
      run (f, (guint32)step);
      eng_pass_backward (f->net->pass, NULL);
      if (step < steps)
        eng_adamw_step (adamw);
    }
  eng_adamw_free (adamw);
}

static void
test_learns (void)
{
  g_autoptr (EngModel) model = open_colours ();
  g_auto (Fixture) f = { 0 };
  Painted painted[MANY];
  int found = 0;
  double sum = 0;
  fixture_init (&f, model, MANY, "variant=published", "grid=4 width=6 patches=1 tau=0.1");
  learn (&f, model, FALSE, 400, painted);
  g_autofree float *logits = read_value (&f, f.net->outputs[0].value);
  for (int b = 0; b < MANY; b++)
    found += best_of (logits + b * 16, 16) == painted[b].place[0];
  g_assert_true (kind->judge (f.net, &f.batch, &sum, NULL));
  g_test_message ("found %d agree %g", found, sum);
  /* Chance finds 2. A selector may leave the patch of one colour out, since its absence tells as much (a code). */
  g_assert_cmpint (found, >=, MANY / 2);
  g_assert_cmpfloat (sum, >=, MANY / 2);
}

/* Two patches: the class that is seen finds its own, and so does the other one that is there. */
static void
test_classes (void)
{
  g_autoptr (EngModel) model = open_colours ();
  g_auto (Fixture) f = { 0 };
  Painted painted[MANY];
  int found[2] = { 0 };
  double sum = 0;
  fixture_init (&f, model, MANY, "variant=surrogate", "grid=4 width=6 patches=1");
  learn (&f, model, TRUE, 400, painted);
  g_autofree float *logits = read_value (&f, f.net->outputs[0].value);
  for (int b = 0; b < MANY; b++)
    for (int i = 0; i < 2; i++)
      found[i] += best_of (logits + (b * 3 + painted[b].colour[i]) * 16, 16) == painted[b].place[i];
  g_assert_true (kind->judge (f.net, &f.batch, &sum, NULL));
  g_test_message ("found %d, of the other class %d, agree %g", found[0], found[1], sum);
  /* Here all of them are found; an eighth is left to other ways of rounding. */
  g_assert_cmpint (found[0], >=, MANY * 7 / 8);
  g_assert_cmpint (found[1], >=, MANY * 7 / 8);
  g_assert_cmpfloat (sum, >=, MANY * 7 / 8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kind = eng_kind_find ("l2x", NULL);
  g_test_add_func ("/train-l2x/black-box", test_black_box);
  g_test_add_func ("/train-l2x/sizes", test_sizes);
  g_test_add_func ("/train-l2x/judge", test_judge);
  g_test_add_func ("/train-l2x/gradients", test_gradients);
  g_test_add_func ("/train-l2x/shown", test_shown);
  g_test_add_func ("/train-l2x/head-start", test_head_start);
  g_test_add_func ("/train-l2x/method", test_method);
  g_test_add_func ("/train-l2x/learns", test_learns);
  g_test_add_func ("/train-l2x/classes", test_classes);
  return g_test_run ();
}
