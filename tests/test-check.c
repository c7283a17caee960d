/* Stability and sanity checks: closed forms of the measures; re-drawn weights; a map that ignores the model, one that
 * is the model's weights, one whose noise is known. Nets are made on the spot (toy-nets.h). */
#include "check/redraw.h"
#include "check/similarity.h"
#include "engine.h"
#include "metrics/rank-correlation.h"
#include "support.h"
#include "toy-nets.h"

#include <math.h>
#include <string.h>

#define SIZE 32

static const Toy cnn = { TOY_CNN, 3, SIZE }, linear = { TOY_LINEAR, 3, SIZE },
                 transformer = { TOY_TRANSFORMER, 3, SIZE };

/* ---- methods with known answers ---- */

static EngHeatmap *
explain_input (EngJob *job, GError **error)
{
  return eng_job_make_heatmap (job, eng_job_input (job), 3, SIZE, SIZE, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

static EngHeatmap *
explain_constant (EngJob *job, GError **error)
{
  static const float values[16] = { 0 };
  return eng_job_make_heatmap (job, values, 1, 4, 4, ENG_UPSAMPLE_BILINEAR, NULL, NULL);
}

/* The picture as its own map: what a method that ignores the model looks like. */
static const EngMethod picture_method = {
  .id = "picture",
  .name = "Picture",
  .about = "The picture itself",
  .reference = "",
  .sign = ENG_SIGN_SIGNED,
  .explain = explain_input,
};

static const EngMethod constant_method = {
  .id = "constant",
  .name = "Constant",
  .about = "Zero everywhere",
  .reference = "",
  .sign = ENG_SIGN_UNSIGNED,
  .explain = explain_constant,
};

static const EngMethod *
method (const char *id)
{
  return eng_method_find (id, NULL);
}

static EngCheckResult *
check_with (const Toy *toy, const EngMethod *m, const char *pairs, guint64 seed, const EngCheckSettings *settings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = toy_open (toy);
  g_autoptr (EngImage) image = toy_picture (SIZE);
  EngValues *values = eng_values_new (m, model);
  g_auto (GStrv) list = g_strsplit (pairs, " ", -1);
  for (char **pair = list; *pair && **pair; pair++)
    g_assert_true (eng_values_set_pair (values, *pair, NULL));
  g_autoptr (EngCheck) check = eng_check_new (model, image, m, 1, -1, NULL, values, seed, settings);
  gboolean ok = eng_check_run (check, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpint (eng_check_state (check), ==, ENG_JOB_DONE);
  g_assert_cmpfloat (eng_check_progress (check), ==, 1);
  EngCheckResult *result = eng_check_result (check);
  g_assert_true (result->finished);
  g_assert_cmpuint (result->done, ==, result->total);
  return result;
}

static EngCheckResult *
sanity (const Toy *toy, const EngMethod *m, int stages, guint64 seed)
{
  EngCheckSettings settings;
  eng_check_settings_init (&settings, ENG_CHECK_SANITY);
  settings.runs = stages;
  return check_with (toy, m, "", seed, &settings);
}

static EngCheckResult *
stability (const Toy *toy, const EngMethod *m, const char *pairs, int runs, EngVary vary, double sigma)
{
  EngCheckSettings settings;
  eng_check_settings_init (&settings, ENG_CHECK_STABILITY);
  settings.runs = runs;
  settings.vary = vary;
  settings.sigma = sigma;
  return check_with (toy, m, pairs, 3, &settings);
}

static const EngCheckRun *
nth (const EngCheckResult *r, guint i)
{
  return r->runs->pdata[i];
}

/* ---- measures ---- */

static void
test_measures (void)
{
  enum
  {
    N = 400
  };
  float rise[N], fall[N], a[N], b[N];
  for (int i = 0; i < N; i++)
    {
      rise[i] = (float)i;
      fall[i] = -(float)i;
      a[i] = 0.25f;
      b[i] = 0.75f;
    }
  g_assert_cmpfloat (eng_overlap (rise, rise, N, 0.15), ==, 1);
  g_assert_cmpfloat (eng_overlap (rise, fall, N, 0.15), ==, 0);
  /* 240 of 400 each; 80 in both, 400 in either. */
  g_assert_cmpfloat (fabs (eng_overlap (rise, fall, N, 0.6) - 80.0 / 400), <, 1e-12);
  g_assert_true (isnan (eng_overlap (rise, fall, N, 0.001)));
  /* Constants: no variance, so the luminance term alone, (2ab + C1) / (a² + b² + C1) with C1 = 0.01². */
  double c1 = 1e-4, expected = (2 * 0.25 * 0.75 + c1) / (0.25 * 0.25 + 0.75 * 0.75 + c1);
  g_assert_cmpfloat (fabs (eng_ssim (a, b, 20, 20, 1) - expected), <, 1e-9);
  g_assert_cmpfloat (fabs (eng_ssim (rise, rise, 20, 20, N) - 1), <, 1e-12);
  /* One window over all: 3 x 3 cells of known moments. */
  const float x[9] = { 0, 0, 0, 0, 1, 0, 0, 0, 0 }, y[9] = { 0 };
  double edge = exp (-1 / (2 * 1.5 * 1.5)), w = 1 / (1 + 2 * edge), mean = w * w, var = mean - mean * mean;
  g_assert_cmpfloat (fabs (eng_ssim (x, y, 3, 3, 1) - c1 * 9e-4 / ((mean * mean + c1) * (var + 9e-4))), <, 1e-9);
  g_assert_cmpfloat (fabs (eng_histogram_entropy (rise, N) - log (100)), <, 1e-9);
  g_assert_cmpfloat (eng_histogram_entropy (a, N), ==, 0);
  g_assert_cmpfloat (fabs (eng_histogram_entropy ((float[]){ 0, 0, 0, 1 }, 4) - (log (4) - 0.75 * log (3))), <, 1e-9);
}

/* ---- re-drawn weights ---- */

static int
compare_floats (gconstpointer a, gconstpointer b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void
test_layers (void)
{
  g_autoptr (EngModel) model = toy_open (&cnn), tokens = toy_open (&transformer);
  g_autoptr (GPtrArray) layers = eng_redraw_layers (model, NULL), of_tokens = eng_redraw_layers (tokens, NULL);
  static const char *const names[] = { "logits", "third-raw", "second-raw", "first-raw" };
  static const gint64 numbers[] = { 8 * 3 + 3, 8 * 6 * 9 + 8, 6 * 5 * 9 + 6, 5 * 3 * 9 + 5 };
  g_assert_cmpuint (layers->len, ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < layers->len; i++)
    {
      const EngRedrawLayer *layer = layers->pdata[i];
      g_assert_cmpstr (layer->name, ==, names[i]);
      g_assert_cmpint (layer->numbers, ==, numbers[i]);
    }
  /* Head, two blocks of q, k, v, out, wide, narrow, patches; token, positions and norms lie with them. */
  gint64 all = 0;
  for (guint i = 0; i < of_tokens->len; i++)
    all += ((EngRedrawLayer *)of_tokens->pdata[i])->numbers;
  g_assert_cmpuint (of_tokens->len, ==, 1 + 2 * 6 + 1);
  g_assert_cmpint (all, ==, 8 * 3 + 3 + 2 * (4 * 64 + 2 * 128 + 4 * 8) + 16 + 8 * 3 * 64 + 8 + 8 + 17 * 8);
}

/* Same numbers in another order; the model itself and every other batch size as they were. */
static void
test_redraw (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = toy_open (&cnn);
  g_autoptr (EngImage) image = toy_picture (SIZE);
  g_autoptr (GPtrArray) layers = eng_redraw_layers (model, NULL);
  g_autoptr (GHashTable) table = eng_redraw_table ();
  g_autofree float *x = toy_input (model, image), *two = g_new (float, 2 * 3 * SIZE * SIZE);
  float before[3], after[3], top[3], all[3], pair[6];
  memcpy (two, x, sizeof *x * 3 * SIZE * SIZE);
  memcpy (two + 3 * SIZE * SIZE, x, sizeof *x * 3 * SIZE * SIZE);
  g_assert_true (eng_model_predict (model, x, 1, before, NULL));
  g_autoptr (EngModel) one = eng_redraw_model (model, layers, 1, table, 7, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (table), ==, 2); /* kernel and bias of the head */
  g_autoptr (EngModel) whole = eng_redraw_model (model, layers, 4, table, 7, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eng_model_sha256 (one), !=, eng_model_sha256 (model));
  g_assert_cmpstr (eng_model_sha256 (one), !=, eng_model_sha256 (whole));
  g_assert_true (eng_model_predict (one, x, 1, top, NULL) && eng_model_predict (whole, x, 1, all, NULL));
  g_assert_true (eng_model_predict (whole, two, 2, pair, NULL) && eng_model_predict (model, x, 1, after, NULL));
  g_assert_cmpmem (before, sizeof before, after, sizeof after);
  for (int i = 0; i < 3; i++)
    {
      g_assert_cmpfloat (top[i], !=, before[i]);
      g_assert_cmpfloat (all[i], !=, top[i]);
      /* In a batch: the same weights, sums in another order. */
      g_assert_cmpfloat (fabsf (pair[i] - all[i]), <=, 1e-5f * fabsf (all[i]) + 1e-6f);
      g_assert_cmpfloat (fabsf (pair[3 + i] - all[i]), <=, 1e-5f * fabsf (all[i]) + 1e-6f);
    }
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, NULL), drawn = eng_model_graph (whole, 1, NULL);
  g_autoptr (EngGraph) first = eng_model_graph (one, 1, NULL);
  EngTensor *own = eng_graph_find (graph, "third-w")->constant, *other = eng_graph_find (drawn, "third-w")->constant;
  gsize n = (gsize)eng_tensor_count (own);
  g_autofree float *p = g_memdup2 (own->f, n * sizeof (float)), *q = g_memdup2 (other->f, n * sizeof (float));
  g_assert_true (memcmp (p, q, n * sizeof (float)) != 0);
  qsort (p, n, sizeof (float), compare_floats);
  qsort (q, n, sizeof (float), compare_floats);
  g_assert_cmpmem (p, n * sizeof (float), q, n * sizeof (float));
  /* A cascade: what stage one drew is what stage four holds; below it stage one shares the model's own. */
  g_assert_true (eng_graph_find (first, "head-w")->constant == eng_graph_find (drawn, "head-w")->constant);
  g_assert_true (eng_graph_find (first, "third-w")->constant->f == own->f);
}

/* ---- sanity ---- */

static void
test_ignores_the_model (void)
{
  g_autoptr (EngCheckResult) r = sanity (&cnn, &picture_method, 4, 1);
  g_assert_cmpuint (r->done, ==, 5);
  for (guint i = 0; i < 5; i++)
    {
      g_assert_cmpuint (nth (r, i)->layers, ==, i);
      g_assert_cmpfloat (nth (r, i)->rank, ==, 1);
      g_assert_cmpfloat (nth (r, i)->rank_absolute, ==, 1);
      g_assert_cmpfloat (nth (r, i)->ssim, ==, 1);
    }
  g_assert_cmpfloat (nth (r, 4)->probability, !=, nth (r, 0)->probability);
  g_assert_cmpfloat (r->similarity, ==, 1);
  g_assert_cmpfloat (r->entropy_rise, ==, 0);
  g_assert_cmpint (r->verdict, ==, ENG_VERDICT_POOR);
  g_assert_nonnull (strstr (r->sentence, "hardly changes"));
  g_autoptr (EngCheckResult) flat = sanity (&cnn, &constant_method, 4, 1);
  g_assert_cmpfloat (flat->similarity, ==, 1);
  g_assert_cmpint (flat->verdict, ==, ENG_VERDICT_NONE); /* one value everywhere says nothing */
}

/* The gradient of a linear layer is its weights: after a re-draw the rank correlation is that of unrelated numbers,
 * of standard error 1 / sqrt (n - 1); four of them for each of eight seeds. */
static void
test_linear (void)
{
  double bound = 4 / sqrt (SIZE * SIZE - 1), sum = 0;
  for (guint64 seed = 0; seed < 8; seed++)
    {
      g_autoptr (EngCheckResult) r = sanity (&linear, method ("gradient"), 8, seed);
      g_assert_cmpuint (r->done, ==, 2); /* there is one layer alone */
      g_assert_cmpfloat (fabs (nth (r, 1)->rank), <, bound);
      g_assert_cmpfloat (fabs (nth (r, 1)->rank_absolute), <, bound);
      g_assert_cmpint (r->verdict, ==, ENG_VERDICT_GOOD);
      sum += nth (r, 1)->rank;
    }
  g_assert_cmpfloat (fabs (sum / 8), <, bound / sqrt (8));
}

/* Methods that read the weights fall; stages count up to all layers; the same seed gives the same numbers. */
static void
test_cascade (void)
{
  g_autoptr (EngCheckResult) r = sanity (&transformer, method ("gradient"), 5, 2);
  g_autoptr (EngCheckResult) again = sanity (&transformer, method ("gradient"), 5, 2);
  static const guint layers[] = { 0, 1, 4, 7, 11, 14 };
  g_assert_cmpuint (r->done, ==, G_N_ELEMENTS (layers));
  for (guint i = 0; i < r->done; i++)
    {
      g_assert_cmpuint (nth (r, i)->layers, ==, layers[i]);
      g_assert_cmpfloat (nth (r, i)->rank, ==, nth (again, i)->rank);
      g_assert_cmpfloat (nth (r, i)->ssim, ==, nth (again, i)->ssim);
    }
  g_assert_cmpfloat (nth (r, 5)->rank, <, 0.5);
  g_assert_cmpint (r->verdict, !=, ENG_VERDICT_POOR);
  /* At once: the efficient test. Its one stage is the cascade's last. */
  g_autoptr (EngCheckResult) once = sanity (&transformer, method ("gradient"), 1, 2);
  g_assert_cmpuint (once->done, ==, 2);
  g_assert_cmpfloat (nth (once, 1)->rank, ==, nth (r, 5)->rank);
  g_assert_cmpfloat (once->entropy_rise, ==, r->entropy_rise);
}

/* ---- stability ---- */

/* The picture with noise of sigma levels: a map of three channels summed, in units of the input. */
static void
test_noise (void)
{
  int k = 17, n = SIZE * SIZE;
  double sigma = 4, squares = 0;
  g_autoptr (EngCheckResult) r = stability (&linear, &picture_method, "", k, ENG_VARY_NOISE, sigma);
  const float *spread = eng_heatmap_values (r->spread);
  for (int i = 0; i < n; i++)
    squares += (double)spread[i] * spread[i];
  /* One of the k maps is untouched: E s² = (k - 1) / k of the noise's; rounding to bytes adds 1/12 of a level². */
  double unit = 1 / (255 * 0.25), expected = 3 * (sigma * sigma + 1 / 12.0) * unit * unit * (k - 1) / k;
  /* s² of k - 1 numbers has a relative deviation of sqrt (2 / (k - 1)); over n cells that is 1.1 %: four of them. */
  g_assert_cmpfloat (fabs (squares / n / expected - 1), <, 4 * sqrt (2.0 / (k - 1) / n));
  g_assert_cmpint (r->verdict, ==, ENG_VERDICT_GOOD);
  /* No noise: the model's own view is the picture itself, to the bit. */
  g_autoptr (EngCheckResult) none = stability (&cnn, method ("gradient"), "", 3, ENG_VARY_NOISE, 0);
  g_assert_cmpfloat (none->rank, ==, 1);
  g_assert_cmpfloat (none->overlap, ==, 1);
  g_assert_cmpfloat (none->relative_spread, ==, 0);
}

/* A shifted picture, moved back, is the picture but for its border. */
static void
test_shift (void)
{
  g_autoptr (EngCheckResult) r = stability (&linear, &picture_method, "", 50, ENG_VARY_SHIFT, 0);
  g_assert_cmpuint (r->done, ==, ENG_CHECK_MOST_SHIFTS);
  const float *spread = eng_heatmap_values (r->spread);
  double border = 0;
  for (int y = 0; y < SIZE; y++)
    for (int x = 0; x < SIZE; x++)
      if (x > 0 && y > 0 && x < SIZE - 1 && y < SIZE - 1)
        g_assert_cmpfloat (spread[y * SIZE + x], ==, 0);
      else
        border += spread[y * SIZE + x];
  g_assert_cmpfloat (border, >, 0);
  g_assert_cmpint (r->verdict, ==, ENG_VERDICT_GOOD);
}

/* Seeds where they matter, noise where they do not; mean and deviation are those of the maps. */
static void
test_seeds (void)
{
  g_autoptr (EngCheckResult) r = stability (&cnn, method ("rise"), "masks=12", 4, ENG_VARY_AUTOMATIC, 2);
  g_autoptr (EngCheckResult) fixed = stability (&cnn, method ("gradient"), "", 3, ENG_VARY_AUTOMATIC, 2);
  g_assert_cmpint (r->settings.vary, ==, ENG_VARY_SEED);
  g_assert_false (r->drew_nothing);
  double sum = 0, squares = 0, pairs = 0, lowest = 1;
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpuint (nth (r, i)->seed, ==, 3 + i);
      sum += eng_heatmap_values (nth (r, i)->map)[5];
    }
  for (guint i = 0; i < 4; i++)
    squares += pow (eng_heatmap_values (nth (r, i)->map)[5] - sum / 4, 2);
  g_assert_cmpfloat (fabs (eng_heatmap_values (r->mean)[5] - sum / 4), <, 1e-6);
  g_assert_cmpfloat (fabs (eng_heatmap_values (r->spread)[5] - sqrt (squares / 3)), <, 1e-6);
  for (guint i = 0; i < 4; i++)
    for (guint j = 0; j < i; j++)
      {
        g_autofree float *a = eng_heatmap_at_input (nth (r, i)->map), *b = eng_heatmap_at_input (nth (r, j)->map);
        double rank = eng_rank_correlation (a, b, SIZE * SIZE);
        lowest = fmin (lowest, rank);
        pairs += rank / 6;
      }
  g_assert_cmpfloat (fabs (r->rank - pairs), <, 1e-12);
  g_assert_cmpfloat (r->lowest_rank, ==, lowest);
  g_assert_true (fixed->drew_nothing);
  g_assert_cmpint (fixed->settings.vary, ==, ENG_VARY_NOISE);
  g_assert_cmpuint (fixed->done, ==, 3);
}

/* ---- on the engine thread ---- */

static EngCheck *
start (EngModel *model, const EngMethod *m, int stages)
{
  g_autoptr (EngImage) image = toy_picture (SIZE);
  EngCheckSettings settings;
  eng_check_settings_init (&settings, ENG_CHECK_SANITY);
  settings.runs = stages;
  EngCheck *check = eng_check_new (model, image, m, 1, -1, NULL, NULL, 1, &settings);
  eng_check_start (check, 10);
  return check;
}

static gboolean
is_over (EngCheck *check)
{
  EngJobState state = eng_check_state (check);
  return state != ENG_JOB_QUEUED && state != ENG_JOB_RUNNING;
}

/* Drops the last reference but the worker's, which comes back to this thread a moment after the end is known. */
static void
end_check (EngCheck *check)
{
  gpointer there = check;
  g_object_add_weak_pointer (G_OBJECT (check), &there);
  g_object_unref (check);
  while (there)
    g_main_context_iteration (NULL, TRUE);
}

static void
count_change (EngCheck *check, guint *n)
{
  ++*n;
}

static void
test_thread (void)
{
  g_autoptr (EngModel) model = toy_open (&cnn);
  EngCheck *check = start (model, method ("gradient"), 4), *cancelled = start (model, method ("rise"), 4);
  guint changes = 0;
  g_signal_connect (check, "changed", G_CALLBACK (count_change), &changes);
  eng_check_cancel (cancelled);
  while (!is_over (check) || !is_over (cancelled))
    g_main_context_iteration (NULL, TRUE);
  g_autoptr (EngCheckResult) result = eng_check_result (check);
  g_autoptr (GError) error = eng_check_error (cancelled);
  g_assert_cmpint (eng_check_state (check), ==, ENG_JOB_DONE);
  g_assert_true (result->finished);
  g_assert_cmpint (eng_check_state (cancelled), ==, ENG_JOB_CANCELLED);
  g_assert_error (error, ENG_ERROR, ENG_ERROR_CANCELLED);
  end_check (check);
  end_check (cancelled);
  g_assert_cmpuint (changes, >=, 1);
}

static void
note (gpointer data)
{
  *(gboolean *)data = TRUE;
}

/* In the background a check lets other work in between two steps of a single run. */
static void
test_gives_way (void)
{
  g_autoptr (EngModel) model = toy_open (&cnn);
  g_autoptr (EngImage) image = toy_picture (SIZE);
  EngCheckSettings settings;
  EngValues *values = eng_values_new (method ("rise"), model);
  gboolean ran = FALSE, told = FALSE;
  eng_values_set (values, "masks", 1e9); /* as many as there may be: it does not end by itself */
  eng_check_settings_init (&settings, ENG_CHECK_SANITY);
  EngCheck *check = eng_check_new (model, image, method ("rise"), 1, -1, NULL, values, 1, &settings);
  eng_check_start (check, ENG_PRIORITY_BACKGROUND);
  while (eng_check_progress (check) == 0)
    g_main_context_iteration (NULL, TRUE);
  eng_engine_push (500, note, NULL, &ran);
  eng_engine_push (500, NULL, note, &told);
  while (!told)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (ran);
  g_assert_cmpint (eng_check_state (check), ==, ENG_JOB_RUNNING);
  g_autoptr (EngCheckResult) result = eng_check_result (check);
  g_assert_null (result); /* still the first of its runs */
  eng_check_cancel (check);
  end_check (check);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/check/measures", test_measures);
  g_test_add_func ("/check/layers", test_layers);
  g_test_add_func ("/check/redraw", test_redraw);
  g_test_add_func ("/check/ignores-the-model", test_ignores_the_model);
  g_test_add_func ("/check/linear", test_linear);
  g_test_add_func ("/check/cascade", test_cascade);
  g_test_add_func ("/check/noise", test_noise);
  g_test_add_func ("/check/shift", test_shift);
  g_test_add_func ("/check/seeds", test_seeds);
  g_test_add_func ("/check/thread", test_thread);
  g_test_add_func ("/check/gives-way", test_gives_way);
  int result = g_test_run ();
  eng_engine_shutdown ();
  return result;
}
