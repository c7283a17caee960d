/* ViT-CX: against its definition computed here mask by mask, its random stream, stop and keep; and the clustering it
 * stands on. */
#include "engine.h"
#include "methods/cluster.h"
#include "nn/pass.h"
#include "token-nets.h"

#include <math.h>
#include <string.h>

/* Same seed, same bytes at any batch size; another seed, another map; no noise, no seed. */
static void
test_seeds (void)
{
  g_autoptr (EngModel) model = token_scenes ("scenes-vit");
  const char *pairs = "distance=0.4"; /* few masks */
  eng_set_memory_budget (1 << 20);    /* one at a time */
  g_autoptr (EngHeatmap) small = token_run (model, "vit-cx", pairs, 4);
  eng_set_memory_budget ((gsize)2 << 30);
  g_autoptr (EngHeatmap) large = token_run (model, "vit-cx", pairs, 4), other = token_run (model, "vit-cx", pairs, 5);
  g_autoptr (EngHeatmap) still = token_run (model, "vit-cx", "distance=0.4 noise=0", 4),
                         same = token_run (model, "vit-cx", "distance=0.4 noise=0", 5);
  gsize bytes = sizeof (float) * token_cells (small);
  g_assert_cmpmem (eng_heatmap_values (small), bytes, eng_heatmap_values (large), bytes);
  g_assert_cmpint (memcmp (eng_heatmap_values (large), eng_heatmap_values (other), bytes), !=, 0);
  g_assert_cmpmem (eng_heatmap_values (still), bytes, eng_heatmap_values (same), bytes);
}

static void
stop_early (EngJob *job, gpointer data)
{
  guint done;
  eng_job_progress (job, &done, NULL, NULL);
  if (done >= 2 && eng_job_state (job) == ENG_JOB_RUNNING)
    eng_job_stop (job);
}

static void
test_stop (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = token_scenes ("scenes-vit");
  g_autoptr (EngImage) image = token_picture ();
  const EngMethod *method = eng_method_find ("vit-cx", NULL);
  g_autoptr (EngJob) job =
      eng_job_new (model, image, method, TOKEN_CLASS, -1, NULL, token_values (method, model, "distance=0"), 0);
  g_signal_connect (job, "changed", G_CALLBACK (stop_early), NULL);
  g_assert_true (eng_job_run (job, &error));
  const EngProvenance *p = eng_heatmap_provenance (eng_job_heatmap (job));
  g_assert_cmpuint (p->done, >=, 2);
  g_assert_cmpuint (p->done, <, p->total);
  g_assert_cmpuint (p->passes_forward, ==, 1 + 2 * p->done);
  for (int i = 0; i < token_cells (eng_job_heatmap (job)); i++)
    g_assert_true (isfinite (eng_heatmap_values (eng_job_heatmap (job))[i]));
}

enum
{
  CHANNELS = 8,
  ROWS = 3,
  COLS = 5,
  CELLS = ROWS * COLS,
  PIXELS = 16 * CELLS
};

static void
stretch (float *mask)
{
  float lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < PIXELS; i++)
    {
      lo = fminf (lo, mask[i]);
      hi = fmaxf (hi, mask[i]);
    }
  for (int i = 0; i < PIXELS; i++)
    mask[i] = (mask[i] - lo) / (hi - lo);
}

static double
cosine_distance (const float *a, const float *b)
{
  double ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < PIXELS; i++)
    {
      ab += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
  return 1 - ab / sqrt (aa * bb);
}

/* From tokens to the masks, at the input's size: how many. */
static int
make_masks (const float *tokens, double threshold, float *merged)
{
  g_autofree float *masks = g_new (float, CHANNELS *PIXELS);
  float grid[CELLS];
  double distance[CHANNELS * CHANNELS];
  int labels[CHANNELS];
  for (int c = 0; c < CHANNELS; c++)
    {
      for (int i = 0; i < CELLS; i++)
        grid[i] = tokens[(1 + i) * CHANNELS + c];
      eng_upsample_bilinear (grid, ROWS, COLS, masks + c * PIXELS, 4 * ROWS, 4 * COLS);
      stretch (masks + c * PIXELS);
    }
  for (int i = 0; i < CHANNELS * CHANNELS; i++)
    distance[i] = cosine_distance (masks + i / CHANNELS * PIXELS, masks + i % CHANNELS * PIXELS);
  int count = eng_cluster_complete (distance, CHANNELS, threshold, labels);
  for (int i = 0; i < CHANNELS * PIXELS; i++)
    merged[labels[i / PIXELS] * PIXELS + i % PIXELS] += masks[i];
  for (int k = 0; k < count; k++)
    stretch (merged + k * PIXELS);
  return count;
}

/* No noise: the map is computed here again from the definition, with enlarged masks and one pass at a time. */
static void
test_definition (void)
{
  const TokenNet net = { .rows = ROWS, .cols = COLS, .prefix = 1, .blocks = 2, .heads = 2 };
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = token_net_open (&net);
  g_autoptr (EngHeatmap) map = token_run (model, "vit-cx", "noise=0 output=logit distance=0.1", 0);
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, &error);
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  g_autofree float *x = token_input (model), *masked = g_new (float, 3 * PIXELS),
                   *masks = g_new0 (float, CHANNELS *PIXELS);
  float tokens[(1 + CELLS) * CHANNELS], logits[TOKEN_CLASSES];
  double sum[PIXELS] = { 0 }, cover[PIXELS] = { 0 };
  g_assert_cmpstr (eng_heatmap_provenance (map)->layer, ==, "norm1"); /* the last block's first normalisation */
  eng_pass_want (pass, eng_graph_find (graph, "norm1"));
  g_assert_true (eng_pass_prepare (pass, &error));
  eng_pass_write (pass, eng_graph_image (graph), x);
  eng_pass_forward (pass);
  eng_pass_read (pass, eng_graph_find (graph, "norm1"), tokens);
  int count = make_masks (tokens, 0.1, masks);
  g_assert_cmpuint (eng_heatmap_provenance (map)->total, ==, (guint)count);
  g_assert_true (count > 1 && count < CHANNELS); /* some were merged, some not */
  for (int k = 0; k < count; k++)
    {
      for (int i = 0; i < 3 * PIXELS; i++)
        masked[i] = x[i] * masks[k * PIXELS + i % PIXELS];
      g_assert_true (eng_model_predict (model, masked, 1, logits, &error));
      for (int i = 0; i < PIXELS; i++)
        {
          sum[i] += logits[TOKEN_CLASS] * masks[k * PIXELS + i];
          cover[i] += masks[k * PIXELS + i];
        }
    }
  for (int i = 0; i < PIXELS; i++) /* masks made in another order of float operations */
    g_assert_cmpfloat (fabs (eng_heatmap_values (map)[i] - sum[i] / cover[i] / count), <=, 1e-5);
}

/* Points on a line: complete linkage does not chain. Random ones: no cluster is wider than the threshold, and no two
 * could be merged below it. */
static void
test_clusters (void)
{
  const double points[] = { 0, 0.6, 1.3, 2.0, 9 };
  double d[40 * 40], x[40], y[40];
  int labels[40];
  for (int i = 0; i < 25; i++)
    d[i] = fabs (points[i / 5] - points[i % 5]);
  g_assert_cmpint (eng_cluster_complete (d, 5, 1.5, labels), ==, 3);
  const int expected[] = { 0, 0, 1, 1, 2 };
  g_assert_cmpmem (labels, sizeof expected, expected, sizeof expected);
  g_autoptr (GRand) random = g_rand_new_with_seed (9);
  for (int i = 0; i < 40; i++)
    {
      x[i] = g_rand_double (random);
      y[i] = g_rand_double (random);
    }
  for (int i = 0; i < 1600; i++)
    d[i] = hypot (x[i / 40] - x[i % 40], y[i / 40] - y[i % 40]);
  int n = eng_cluster_complete (d, 40, 0.4, labels);
  double widest[40][40] = { 0 };
  for (int i = 0; i < 1600; i++)
    {
      double *w = &widest[labels[i / 40]][labels[i % 40]];
      *w = fmax (*w, hypot (x[i / 40] - x[i % 40], y[i / 40] - y[i % 40]));
    }
  for (int a = 0; a < n; a++)
    for (int b = 0; b < n; b++)
      g_assert_true (a == b ? widest[a][b] < 0.4 : widest[a][b] >= 0.4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vit-cx/seeds", test_seeds);
  g_test_add_func ("/vit-cx/stop", test_stop);
  g_test_add_func ("/vit-cx/definition", test_definition);
  g_test_add_func ("/vit-cx/clusters", test_clusters);
  return g_test_run ();
}
