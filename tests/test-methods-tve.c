/* TVE, exact form: the map recomputed from embeddings and the head's own weights, closed answers on a linear
 * classifier, and what holds for every progressive method. */
#include "engine.h"

#include "nn/op.h"
#include "patch-net.h"
#include "support.h"

#include <math.h>
#include <string.h>

static EngHeatmap *
run (const TestSample *s, const char *pairs, int contrast)
{
  return test_run (s, eng_method_find ("tve-exact", NULL), pairs, contrast, 0);
}

/* ---- the transfer rule ---- */

enum
{
  GRID = 6,
  RADIUS = 1
};

typedef struct
{
  const float *input;
  int channels, rows, cols;
  const float *weight, *bias; /* of class 0, on the embedding */
  int width;
  double plus[GRID * GRID], minus[GRID * GRID];
  double logit_error;
} Transfer;

static Transfer *transfer;

/* Cell (i, j) is item i * GRID + j with only its window kept, GRID * GRID more with it removed. */
static void
fill (int index, float *const *inputs, gpointer data)
{
  const Transfer *t = data;
  int cell = index % (GRID * GRID);
  for (int c = 0; c < t->channels; c++)
    for (int y = 0; y < t->rows; y++)
      for (int x = 0; x < t->cols; x++)
        {
          gsize at = ((gsize)c * t->rows + y) * t->cols + x;
          gboolean inside =
              abs (y * GRID / t->rows - cell / GRID) <= RADIUS && abs (x * GRID / t->cols - cell % GRID) <= RADIUS;
          inputs[0][at] = inside == (index < GRID * GRID) ? t->input[at] : 0;
        }
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Transfer *t = data;
  double score = t->bias[0];
  for (int i = 0; i < t->width; i++)
    score += (double)t->weight[i] * item->values[0][i];
  (item->index < GRID * GRID ? t->plus : t->minus)[item->index % (GRID * GRID)] = score;
  t->logit_error = fmax (t->logit_error, fabs (score - item->logits[0]));
  return TRUE;
}

/* A method of the test's own: embeddings through W and b, both read from the graph. */
static EngHeatmap *
explain_transfer (EngJob *job, GError **error)
{
  Transfer *t = transfer;
  EngModel *model = eng_job_model (job);
  EngPreprocess *p = eng_model_preprocess (model);
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, error);
  EngNode *head = eng_graph_logits (graph)->producer;
  g_assert_cmpstr (head->op->name, ==, "Gemm");
  g_assert_cmpstr (head->inputs[0]->name, ==, eng_model_final_linear (model));
  g_assert_cmpint (eng_attrs_get_int (head->attrs, "transB", 0), ==, 1); /* a row for each class */
  t->weight = head->inputs[1]->constant->data;
  t->bias = head->inputs[2]->constant->data;
  t->width = (int)head->inputs[1]->shape.dim[1];
  t->input = eng_job_input (job);
  t->channels = p->channels;
  t->rows = p->height;
  t->cols = p->width;
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_want (probe, eng_model_final_linear (model));
  if (eng_probe_run (probe, 2 * GRID * GRID, fill, take, t, error) < 0)
    return NULL;
  return eng_job_make_heatmap (job, t->input, 1, GRID, GRID, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

static void
test_transfer (gconstpointer data)
{
  g_auto (TestSample) s = test_scene_sample (data);
  Transfer t = { 0 };
  EngMethod method = *eng_method_find ("tve-exact", NULL);
  method.explain = explain_transfer;
  transfer = &t;
  eng_heatmap_unref (test_run (&s, &method, "", -1, 0));
  g_autoptr (EngHeatmap) both = run (&s, "grid=6 radius=1", -1),
                         weighted = run (&s, "grid=6 radius=1 lambda-plus=0.5 lambda-minus=2", -1),
                         kept = run (&s, "grid=6 radius=1 lambda-minus=0", -1);
  /* Float sums of at most 192 terms, logits up to about 10. */
  const double eps = 1e-4;
  g_assert_cmpfloat (t.logit_error, <=, eps);
  for (int i = 0; i < GRID * GRID; i++)
    {
      g_assert_cmpfloat (fabs (eng_heatmap_values (both)[i] - (t.plus[i] - t.minus[i])), <=, eps);
      g_assert_cmpfloat (fabs (eng_heatmap_values (weighted)[i] - (0.5 * t.plus[i] - 2 * t.minus[i])), <=, eps);
      g_assert_cmpfloat (fabs (eng_heatmap_values (kept)[i] - t.plus[i]), <=, eps);
    }
}

/* ---- a linear classifier ---- */

/* The part of class 0's logit (without bias) that comes from cells within @radius of @cell of a 4 x 4 grid. */
static double
window_logit (const TestSample *s, int channels, float weight, int cell, int radius)
{
  const guint8 *rgb = eng_image_rgb (s->image);
  const int cells = 4, step = TEST_SIDE / cells, side = TEST_PATCH_TO - TEST_PATCH_FROM;
  double sum = 0;
  for (int i = 0; i < TEST_SIDE * TEST_SIDE; i++)
    {
      int row = i / TEST_SIDE / step, col = i % TEST_SIDE / step;
      if (!test_in_patch (i) || abs (row - cell / cells) > radius || abs (col - cell % cells) > radius)
        continue;
      const guint8 *v = rgb + 3 * i;
      sum += channels == 3 ? (v[0] + v[1] + v[2]) / 255.0 - 1.5
                           : (0.299 * v[0] + 0.587 * v[1] + 0.114 * v[2]) / 255 - 0.5;
    }
  return sum * weight / (channels * side * side);
}

static void
test_linear (gconstpointer data)
{
  int channels = GPOINTER_TO_INT (data);
  g_auto (TestSample) s = test_patch_sample (channels, 5);
  g_autoptr (EngHeatmap)
      both = run (&s, "grid=4 radius=1", -1),
      kept = run (&s, "grid=4 radius=1 lambda-minus=0", -1), removed = run (&s, "grid=4 radius=0 lambda-plus=0", -1),
      contrast = run (&s, "grid=4 radius=1 lambda-minus=0", 1), pooled = run (&s, "grid=4 radius=1 pooling=true", -1);
  double all = window_logit (&s, channels, 5, 0, 4);
  g_assert_cmpint (eng_heatmap_channels (both), ==, 1);
  g_assert_cmpint (eng_heatmap_rows (both), ==, 4);
  for (int i = 0; i < 16; i++)
    {
      double one = window_logit (&s, channels, 5, i, 1);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (both)[i], 2 * one - all, 1e-5);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (kept)[i], one + 0.25, 1e-5);
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (removed)[i],
                                      window_logit (&s, channels, 5, i, 0) - all - 0.25, 1e-5);
      /* The other class's logit is 0 and has no bias. */
      g_assert_cmpfloat (eng_heatmap_values (contrast)[i], ==, eng_heatmap_values (kept)[i]);
    }
  const float *v = eng_heatmap_values (both), *q = eng_heatmap_values (pooled);
  g_assert_cmpfloat_with_epsilon (q[0], (v[0] + v[1] + v[4] + v[5]) / 4, 1e-5);
  g_assert_cmpfloat_with_epsilon (q[6], (v[1] + v[2] + v[3] + v[5] + v[6] + v[7] + v[9] + v[10] + v[11]) / 9, 1e-5);
}

static void
test_constant (void)
{
  g_auto (TestSample) s = test_patch_sample (3, 0);
  g_autoptr (EngHeatmap) map = run (&s, "", -1);
  g_assert_cmpint (eng_heatmap_rows (map), ==, 14);
  for (gsize i = 0; i < test_map_size (map); i++)
    g_assert_cmpfloat (eng_heatmap_values (map)[i], ==, 0);
}

/* A grid finer than the input: a cell for each pixel. */
static void
test_fine_grid (void)
{
  g_auto (TestSample) s = test_patch_sample (1, 5);
  g_autoptr (EngHeatmap) map = run (&s, "grid=64 radius=0 lambda-minus=0", -1);
  g_assert_cmpint (eng_heatmap_rows (map), ==, TEST_SIDE);
  for (gsize i = 0; i < test_map_size (map); i++)
    g_assert_true ((fabsf (eng_heatmap_values (map)[i] - 0.25f) > 1e-3f) == test_in_patch ((int)i));
}

/* ---- passes, batches, stop ---- */

static void
test_passes (gconstpointer data)
{
  static const struct
  {
    const char *pairs;
    guint64 forward;
  } cases[] = { { "", 2 * 14 * 14 }, { "grid=5 lambda-minus=0", 25 }, { "grid=5 lambda-plus=0 baseline=blur", 25 } };
  g_auto (TestSample) s = test_scene_sample (data);
  const EngMethod *method = eng_method_find ("tve-exact", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EngValues) values = test_values (method, cases[i].pairs);
      EngCost cost;
      eng_set_memory_budget (1 << 20); /* one at a time */
      g_autoptr (EngHeatmap) small = run (&s, cases[i].pairs, 2);
      eng_set_memory_budget ((gsize)2 << 30);
      g_autoptr (EngHeatmap) large = run (&s, cases[i].pairs, 2);
      g_assert_cmpmem (eng_heatmap_values (small), sizeof (float) * test_map_size (small), eng_heatmap_values (large),
                       sizeof (float) * test_map_size (large));
      g_assert_true (eng_method_passes (method, s.model, NULL, values, &cost));
      g_assert_cmpuint (cost.forward, ==, cases[i].forward);
      g_assert_cmpuint (eng_heatmap_provenance (large)->passes_forward, ==, cases[i].forward);
      g_assert_cmpuint (eng_heatmap_provenance (large)->passes_backward, ==, 0);
    }
}

static void
stop_early (EngJob *job, gpointer data)
{
  guint done;
  eng_job_progress (job, &done, NULL, NULL);
  if (done >= 1 && eng_job_state (job) == ENG_JOB_RUNNING)
    eng_job_stop (job);
}

/* Cells that were not reached have the value of the coarser cell around them: every value is one of the full map's.
 */
static void
test_stop (void)
{
  g_auto (TestSample) s = test_scene_sample ("scenes-cnn");
  const EngMethod *method = eng_method_find ("tve-exact", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EngHeatmap) full = run (&s, "", -1);
  g_autoptr (EngJob) job = eng_job_new (s.model, s.image, method, 0, -1, NULL, NULL, 0);
  g_signal_connect (job, "changed", G_CALLBACK (stop_early), NULL);
  g_assert_true (eng_job_run (job, &error));
  EngHeatmap *part = eng_job_heatmap (job);
  const EngProvenance *p = eng_heatmap_provenance (part);
  g_assert_cmpuint (p->done, <, p->total);
  g_assert_cmpuint (p->passes_forward, <, 2 * 14 * 14);
  g_assert_cmpfloat (eng_heatmap_values (part)[0], ==, eng_heatmap_values (full)[0]);
  for (gsize i = 0; i < test_map_size (part); i++)
    {
      gboolean found = FALSE;
      for (gsize k = 0; k < test_map_size (full) && !found; k++)
        found = eng_heatmap_values (part)[i] == eng_heatmap_values (full)[k];
      g_assert_true (found);
    }
}

static void
test_refusals (void)
{
  g_auto (TestSample) s = test_scene_sample ("scenes-cnn");
  const EngMethod *method = eng_method_find ("tve-exact", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EngJob) job =
      eng_job_new (s.model, s.image, method, 0, -1, NULL, test_values (method, "lambda-plus=0 lambda-minus=0"), 0);
  g_assert_false (eng_job_run (job, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_test_message ("%s", error->message);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/methods-tve/transfer/cnn", "scenes-cnn", test_transfer);
  g_test_add_data_func ("/methods-tve/transfer/vit", "scenes-vit", test_transfer);
  g_test_add_data_func ("/methods-tve/linear/rgb", GINT_TO_POINTER (3), test_linear);
  g_test_add_data_func ("/methods-tve/linear/grey", GINT_TO_POINTER (1), test_linear);
  g_test_add_func ("/methods-tve/constant", test_constant);
  g_test_add_func ("/methods-tve/fine-grid", test_fine_grid);
  g_test_add_data_func ("/methods-tve/passes/cnn", "scenes-cnn", test_passes);
  g_test_add_data_func ("/methods-tve/passes/vit", "scenes-vit", test_passes);
  g_test_add_func ("/methods-tve/stop", test_stop);
  g_test_add_func ("/methods-tve/refusals", test_refusals);
  return g_test_run ();
}
