/* The classifier in batches: the same bytes at any batch size, exact counts, contrast and probability by finite
 * differences, a layer fed instead of computed; and the helpers that methods share. */
#include "engine.h"

#include "baseline.h"
#include "blur.h"
#include "combine.h"
#include "metrics/rank-correlation.h"
#include "moments.h"
#include "random.h"
#include "support.h"

#include <math.h>
#include <string.h>

/* A method of this test's own, so that its probe runs inside a job. */
typedef struct
{
  int n, k;
  gsize size;
  const float *input;
  float *logits, *grads; /* n x k, n x size */
} Collected;

static Collected *collected;
static EngOutput collected_output;

static void
fill_noisy (int index, float *const *inputs, gpointer data)
{
  Collected *c = data;
  eng_noisy_copy (c->input, c->size, 0.2, 7, (guint32)index, inputs[0]);
}

static gboolean
collect (const EngProbeItem *item, gpointer data, GError **error)
{
  Collected *c = data;
  memcpy (c->logits + (gsize)item->index * c->k, item->logits, sizeof (float) * c->k);
  memcpy (c->grads + item->index * c->size, item->grads[0], sizeof (float) * c->size);
  return TRUE;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  Collected *c = collected;
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  c->k = eng_model_n_classes (eng_job_model (job));
  c->size = eng_probe_size (probe, NULL);
  c->input = eng_job_input (job);
  c->logits = g_new (float, (gsize)c->n * c->k);
  c->grads = g_new (float, c->n * c->size);
  eng_probe_want_grad (probe, NULL);
  eng_probe_set_output (probe, collected_output);
  if (eng_probe_run (probe, c->n, fill_noisy, collect, c, error) < 0)
    return NULL;
  return eng_job_make_heatmap (job, c->grads, p->channels, p->height, p->width, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

static const EngMethod collector = { .id = "collector",
                                     .name = "Collector",
                                     .about = "",
                                     .reference = "",
                                     .cost = "",
                                     .needs = ENG_NEEDS_GRADIENT,
                                     .allows = ENG_ALLOWS_CONTRAST,
                                     .class_dependent = TRUE,
                                     .explain = explain };

static void
collected_clear (Collected *c)
{
  g_free (c->logits);
  g_free (c->grads);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Collected, collected_clear)

static EngHeatmap *
run (const char *model_name, int class_index, int contrast, Collected *c)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", model_name), *path = test_data (relative);
  g_autofree char *picture = test_data ("scenes/harbour-01.png");
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngImage) image = eng_image_load (picture, &error);
  g_assert_no_error (error);
  g_autoptr (EngJob) job = eng_job_new (model, image, &collector, class_index, contrast, NULL, NULL, 0);
  collected = c;
  eng_job_run (job, &error);
  g_assert_no_error (error);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

static const char *const models[] = { "scenes-cnn", "scenes-vit" };

static void
test_batches (gconstpointer data)
{
  g_auto (Collected) small = { .n = 11 }, large = { .n = 11 };
  collected_output = ENG_OUTPUT_LOGIT;
  eng_set_memory_budget (1 << 20); /* one at a time */
  g_autoptr (EngHeatmap) a = run (data, 2, -1, &small);
  eng_set_memory_budget ((gsize)2 << 30);
  g_autoptr (EngHeatmap) b = run (data, 2, -1, &large);
  g_assert_cmpint (eng_heatmap_provenance (a)->passes_forward, ==, 11);
  g_assert_cmpint (eng_heatmap_provenance (b)->passes_backward, ==, 11);
  g_assert_cmpmem (small.logits, sizeof (float) * 11 * small.k, large.logits, sizeof (float) * 11 * large.k);
  g_assert_cmpmem (small.grads, sizeof (float) * 11 * small.size, large.grads, sizeof (float) * 11 * large.size);
}

/* What the seeds give is the sum of single classes' gradients with the softmax's derivative. */
static void
test_outputs (void)
{
  g_auto (Collected) a = { .n = 1 }, b = { .n = 1 }, difference = { .n = 1 }, probability = { .n = 1 };
  collected_output = ENG_OUTPUT_LOGIT;
  eng_heatmap_unref (run ("scenes-cnn", 2, -1, &a));
  eng_heatmap_unref (run ("scenes-cnn", 5, -1, &b));
  g_autoptr (EngHeatmap) map = run ("scenes-cnn", 2, 5, &difference);
  g_assert_cmpint (eng_heatmap_provenance (map)->contrast_index, ==, 5);
  for (gsize i = 0; i < a.size; i++)
    g_assert_cmpfloat (fabsf (a.grads[i] - b.grads[i] - difference.grads[i]), <=, 1e-4);

  collected_output = ENG_OUTPUT_PROBABILITY;
  eng_heatmap_unref (run ("scenes-cnn", 2, -1, &probability));
  g_autofree float *p = g_new (float, a.k);
  eng_softmax (a.logits, a.k, p);
  /* dp_2/dx = p_2 (g_2 - sum_j p_j g_j); for each class the gradient of its logit. */
  g_autofree double *expected = g_new0 (double, a.size);
  double largest = 0;
  collected_output = ENG_OUTPUT_LOGIT;
  for (int j = 0; j < a.k; j++)
    {
      g_auto (Collected) one = { .n = 1 };
      eng_heatmap_unref (run ("scenes-cnn", j, -1, &one));
      for (gsize i = 0; i < a.size; i++)
        expected[i] += p[2] * ((j == 2) - p[j]) * one.grads[i];
    }
  for (gsize i = 0; i < a.size; i++)
    largest = fmax (largest, fabs (expected[i]));
  for (gsize i = 0; i < a.size; i++)
    g_assert_cmpfloat (fabs (expected[i] - probability.grads[i]), <=, 1e-4 * largest);
}

static void
test_contrast_refusals (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_data ("models/scenes-cnn.onnx"), *picture = test_data ("scenes/harbour-01.png");
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_autoptr (EngImage) image = eng_image_load (picture, &error);
  const EngMethod *gradient = eng_method_find ("gradient", NULL), *ltx = eng_method_find ("ltx", NULL);
  const struct
  {
    const EngMethod *method;
    int class_index, contrast;
    const char *layer;
  } cases[] = { { gradient, 1, 1, NULL }, { gradient, 1, 12, NULL }, { ltx, 1, 2, NULL }, { ltx, 1, -1, "a,b" } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EngJob) job = eng_job_new (model, image, cases[i].method, cases[i].class_index, cases[i].contrast,
                                            cases[i].layer, NULL, 0);
      g_assert_false (eng_job_run (job, &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
      g_clear_error (&error);
    }
}

static void
test_random (void)
{
  enum
  {
    N = 20000
  };
  g_autofree float *a = g_new (float, N), *b = g_new (float, N);
  g_autoptr (GRand) r = eng_random_new (1, 0), same = eng_random_new (1, 0), other = eng_random_new (1, 1);
  double sum = 0, squares = 0, product = 0;
  eng_random_fill_normal (r, a, N, 3, 2);
  eng_random_fill_normal (same, b, N, 3, 2);
  g_assert_cmpmem (a, sizeof (float) * N, b, sizeof (float) * N);
  eng_random_fill_normal (other, b, N, 3, 2);
  for (int i = 0; i < N; i++)
    {
      sum += a[i];
      squares += (a[i] - 3) * (a[i] - 3);
      product += (a[i] - 3) * (b[i] - 3);
    }
  /* Five standard errors. */
  g_assert_cmpfloat (fabs (sum / N - 3), <=, 5 * 2 / sqrt (N));
  g_assert_cmpfloat (fabs (squares / N - 4), <=, 5 * 4 * sqrt (2.0 / N));
  g_assert_cmpfloat (fabs (product / N), <=, 5 * 4 / sqrt (N));
}

static void
test_rank_correlation (void)
{
  const float a[] = { 1, 2, 3, 4, 5 }, b[] = { 5, 6, 7, 8, 7 }, down[] = { 5, 4, 3, 2, 1 }, flat[5] = { 0 };
  g_assert_cmpfloat_with_epsilon (eng_rank_correlation (a, b, 5), 0.8207826816681233,
                                  1e-12); /* scipy.stats.spearmanr */
  g_assert_cmpfloat_with_epsilon (eng_rank_correlation (a, down, 5), -1, 1e-12);
  g_assert_true (isnan (eng_rank_correlation (a, flat, 5)));
}

static void
test_moments (void)
{
  g_autoptr (EngMoments) m = eng_moments_new (2);
  float out[2];
  eng_moments_read (m, ENG_MOMENT_MEAN, out);
  g_assert_cmpfloat (out[0], ==, 0);
  for (int i = 1; i <= 4; i++)
    eng_moments_add (m, (float[]){ (float)i, 1 }, 2);
  eng_moments_read (m, ENG_MOMENT_MEAN, out);
  g_assert_cmpfloat (out[0], ==, 5);
  eng_moments_read (m, ENG_MOMENT_SQUARED, out);
  g_assert_cmpfloat (out[0], ==, 30);
  eng_moments_read (m, ENG_MOMENT_VARIANCE, out);
  g_assert_cmpfloat (out[0], ==, 5);
  g_assert_cmpfloat (out[1], ==, 0);
}

/* An impulse gives the kernel; a constant stays one when edges are clamped, and fades where outside is zero. */
static void
test_blur (void)
{
  float x[2 * 9 * 7] = { 0 }, y[2 * 9 * 7];
  x[4 * 7 + 3] = 1;
  for (int i = 0; i < 63; i++)
    x[63 + i] = 2;
  eng_gaussian_blur (x, 2, 9, 7, 0.8, -1, ENG_EDGE_CLAMP, y);
  double k0 = exp (0), k1 = exp (-0.5 / 0.64), k2 = exp (-2 / 0.64), k3 = exp (-4.5 / 0.64),
         sum = k0 + 2 * (k1 + k2 + k3);
  g_assert_cmpfloat_with_epsilon (y[4 * 7 + 3], k0 * k0 / sum / sum, 1e-6);
  g_assert_cmpfloat_with_epsilon (y[3 * 7 + 5], k1 * k2 / sum / sum, 1e-6);
  for (int i = 0; i < 63; i++)
    g_assert_cmpfloat_with_epsilon (y[63 + i], 2, 1e-6);
  eng_gaussian_blur (x, 2, 9, 7, 0.8, -1, ENG_EDGE_ZERO, y);
  double edge = (k0 + k1 + k2 + k3) / sum;
  g_assert_cmpfloat_with_epsilon (y[63], 2 * edge * edge, 1e-6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_autofree char *path = g_strdup_printf ("/probe/batches/%s", models[i]);
      g_test_add_data_func (path, models[i], test_batches);
    }
  g_test_add_func ("/probe/outputs", test_outputs);
  g_test_add_func ("/probe/contrast-refusals", test_contrast_refusals);
  g_test_add_func ("/probe/random", test_random);
  g_test_add_func ("/probe/rank-correlation", test_rank_correlation);
  g_test_add_func ("/probe/moments", test_moments);
  g_test_add_func ("/probe/blur", test_blur);
  return g_test_run ();
}
