/* Pixel RDE, CartoonX and AttEXplore: the objective's gradient by finite differences, closed answers on linear
 * classifiers, and what holds for every progressive method. */
#include "engine.h"

#include "methods/rde.h"
#include "patch-net.h"
#include "random.h"
#include "support.h"

#include <math.h>
#include <string.h>

/* ---- linear classifiers ---- */

static EngHeatmap *
run (const TestSample *s, const char *id, const char *pairs)
{
  return test_run (s, eng_method_find (id, NULL), pairs, -1, 3);
}

static void
means (const EngHeatmap *map, double *inside, double *outside)
{
  gsize n = test_map_size (map), count = 0;
  *inside = *outside = 0;
  for (gsize i = 0; i < n; i++)
    {
      *(test_in_patch ((int)i) ? inside : outside) += eng_heatmap_values (map)[i];
      count += test_in_patch ((int)i);
    }
  *inside /= (double)count;
  *outside /= (double)(n - count);
}

/* Pixels that the class does not read have no distortion: sparsity alone moves them, to exactly 0. On the patch the
 * class's probability (0.96) is worth more than lambda times its share of the picture (0.14). */
static void
test_pixel_rde_patch (gconstpointer data)
{
  g_auto (TestSample) s = test_patch_sample (GPOINTER_TO_INT (data), 12);
  g_autoptr (EngHeatmap) map = run (&s, "pixel-rde", "steps=60 lambda=1");
  double inside, outside;
  g_assert_cmpint (eng_heatmap_channels (map), ==, 1);
  means (map, &inside, &outside);
  g_assert_cmpfloat (outside, ==, 0);
  g_assert_cmpfloat (inside, >, 0.5);
}

/* The kept picture is bright on the patch; far away, where no wavelet of the patch reaches, it is black. */
static void
test_cartoonx_patch (void)
{
  g_auto (TestSample) s = test_patch_sample (3, 12);
  g_autoptr (EngHeatmap) grey = run (&s, "cartoonx", "steps=60 samples=8"),
                         colour = run (&s, "cartoonx", "steps=60 samples=8 map=colour");
  double inside, outside;
  g_assert_cmpint (eng_heatmap_channels (grey), ==, 1);
  g_assert_cmpint (eng_heatmap_channels (colour), ==, 3);
  g_assert_cmpint (eng_heatmap_rows (grey), ==, TEST_SIDE);
  means (grey, &inside, &outside);
  g_assert_cmpfloat (inside, >, 0.4);
  g_assert_cmpfloat (outside, <, 0.5 * inside);
  for (gsize i = 0; i < test_map_size (colour); i++)
    g_assert_true (eng_heatmap_values (colour)[i] >= 0 && eng_heatmap_values (colour)[i] <= 1);
  /* lambda 0: nothing is hidden, the cartoon is the grey picture itself. */
  g_autoptr (EngHeatmap) whole = run (&s, "cartoonx", "steps=2 samples=2 lambda=0");
  const guint8 *rgb = eng_image_rgb (s.image);
  for (int i = 0; i < TEST_SIDE * TEST_SIDE; i++)
    g_assert_cmpfloat_with_epsilon (eng_heatmap_values (whole)[i],
                                    (0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2]) / 255,
                                    1e-5);
}

/* Without noise, spectrum, diversity and momentum the smoothed gradient of a linear class has the sign of w and the
 * mean absolute value 1 in every step, and epsilon / steps is walked along it: the map is epsilon |g| / mean |g|,
 * and only the clip to 0 .. 1 (not reached here) changes that. */
static void
test_attexplore_linear (gconstpointer data)
{
  int channels = GPOINTER_TO_INT (data);
  g_auto (TestSample) s = test_patch_sample (channels, 3);
  g_autoptr (EngHeatmap) map =
      run (&s, "attexplore", "steps=4 samples=2 sigma=0 rho=0 diversity=0 momentum=0 epsilon=8");
  g_autoptr (EngHeatmap) ascend =
      run (&s, "attexplore", "steps=4 samples=2 sigma=0 rho=0 diversity=0 momentum=0 epsilon=8 variant=ascend");
  const float *v = eng_heatmap_values (map);
  double kernel[4], weight = 0;
  int plane = TEST_SIDE * TEST_SIDE;
  g_assert_cmpint (eng_heatmap_channels (map), ==, 3);
  double sum = 0;
  for (int i = 0; i < 3 * plane; i++)
    sum += v[i];
  g_assert_cmpfloat_with_epsilon (sum / (3 * plane), 8 / 255.0, 1e-6);
  /* A 7-tap Gaussian of deviation 1: seen at the patch's side, where it has half its height, and outside. */
  for (int t = 0; t < 4; t++)
    {
      kernel[t] = exp (-0.5 * t * t);
      weight += (t ? 2 : 1) * kernel[t];
    }
  int row = (TEST_PATCH_FROM + TEST_PATCH_TO) / 2 * TEST_SIDE, middle = row + TEST_PATCH_FROM + 3;
  g_assert_cmpfloat_with_epsilon (v[row + TEST_PATCH_FROM] / v[middle],
                                  (kernel[0] + kernel[1] + kernel[2] + kernel[3])
                                      / (kernel[0] + 2 * kernel[1] + 2 * kernel[2] + kernel[3]),
                                  1e-4);
  g_assert_cmpfloat_with_epsilon (v[row + TEST_PATCH_FROM - 4], 0, 1e-7);
  /* On one channel the colours count by their share of grey. */
  g_assert_cmpfloat_with_epsilon (v[plane + middle] / v[middle], channels == 3 ? 1 : 0.587 / 0.299, 1e-4);
  g_assert_cmpfloat (test_max_rel (eng_heatmap_values (ascend), v, 3 * plane), <=, 1e-4);
}

/* As published, on the same classifier: more on the patch than beside it. */
static void
test_attexplore_patch (void)
{
  g_auto (TestSample) s = test_patch_sample (3, 3);
  g_autoptr (EngHeatmap) map = run (&s, "attexplore", "steps=4 samples=8");
  double inside, outside;
  means (map, &inside, &outside);
  g_assert_cmpfloat (inside, >, 3 * outside);
}

/* ---- the objective's gradient ---- */

static double
dot (const float *a, const float *b, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += (double)a[i] * b[i];
  return sum;
}

typedef struct
{
  const char *method;
  EngRdeSpace *(*space) (EngJob *job);
  const char *pairs;
} Objective;

static const Objective *objective; /* of the test under way */

/* The central difference of the loss along its gradient is the gradient's length. */
static EngHeatmap *
check_gradient (EngJob *job, GError **error)
{
  g_autoptr (EngRdeSpace) space = objective->space (job);
  gsize n = space->mask_size;
  g_autoptr (EngRde) rde = eng_rde_new (job, space);
  g_autofree float *mask = g_new (float, n), *gradient = g_new (float, n), *moved = g_new (float, n),
                   *unused = g_new (float, n);
  g_autoptr (GRand) random = g_rand_new_with_seed (9);
  double length, loss[2];
  for (gsize i = 0; i < n; i++)
    mask[i] = (float)g_rand_double_range (random, 0.2, 0.8);
  g_assert_cmpint (eng_rde_objective (rde, mask, 1, gradient, &loss[0], error), ==, 20);
  length = sqrt (dot (gradient, gradient, n));
  const double h = 0.05; /* of the mask's length as a vector; a mask value moves by at most about as much */
  for (int side = 0; side < 2; side++)
    {
      for (gsize i = 0; i < n; i++)
        moved[i] = mask[i] + (float)((side ? -h : h) * gradient[i] / length);
      eng_rde_objective (rde, moved, 1, unused, &loss[side], error);
    }
  g_test_message ("%g, by differences %g", length, (loss[0] - loss[1]) / (2 * h));
  /* Rounding of the losses, and in CartoonX pixels that reach the clamp within the step. */
  g_assert_cmpfloat (fabs ((loss[0] - loss[1]) / (2 * h) - length), <=, 1e-3 * length);
  return space->draw (space->data, mask);
}

/* 20 samples are more than are held at a time. */
static const Objective objectives[] = {
  { "pixel-rde", eng_rde_pixel_space, "samples=20 lambda=0.5" },
  { "pixel-rde", eng_rde_pixel_space, "samples=20 lambda=0.5 distortion=l2 noise=uniform" },
  { "pixel-rde", eng_rde_pixel_space, "samples=20 lambda=0 distortion=maximize-target" },
  { "cartoonx", eng_rde_wavelet_space, "samples=20 lambda=0.5" },
  { "cartoonx", eng_rde_wavelet_space, "samples=20 lambda=0 distortion=l2 noise=uniform" },
};

static void
test_objective (gconstpointer data)
{
  objective = data;
  EngMethod method = *eng_method_find (objective->method, NULL);
  method.explain = check_gradient;
  for (int channels = 1; channels <= 3; channels += 2)
    {
      g_auto (TestSample) s = test_patch_sample (channels, 6);
      eng_heatmap_unref (test_run (&s, &method, objective->pairs, -1, 3));
    }
}

/* Uniform noise lies within a deviation of the mean, and both kinds have the mean that was measured. */
static void
test_noise (void)
{
  enum
  {
    N = 4000
  };
  g_autofree float *v = g_new (float, N);
  g_autoptr (GRand) random = eng_random_new (1, 0);
  double mean, deviation;
  eng_rde_draw_noise (ENG_RDE_UNIFORM, random, v, N, 3, 2);
  for (int i = 0; i < N; i++)
    g_assert_cmpfloat (fabsf (v[i] - 3), <=, 2);
  eng_rde_measure (v, N, &mean, &deviation);
  g_assert_cmpfloat (fabs (mean - 3), <=, 5 * 2 / sqrt (3.0 * N)); /* five standard errors */
  g_assert_cmpfloat (fabs (deviation - 2 / sqrt (3)), <=, 0.05);
  eng_rde_draw_noise (ENG_RDE_GAUSSIAN, random, v, N, 3, 2);
  eng_rde_measure (v, N, &mean, &deviation);
  g_assert_cmpfloat (fabs (mean - 3), <=, 5 * 2 / sqrt (N));
  g_assert_cmpfloat (fabs (deviation - 2), <=, 5 * 2 / sqrt (2.0 * N));
}

/* ---- what holds for all three ---- */

static const char *const ids[] = { "pixel-rde", "cartoonx", "attexplore" };

/* A classifier that answers the same whatever it sees: nothing counts, at the default values. */
static void
test_constant (gconstpointer data)
{
  for (int channels = 1; channels <= 3; channels += 2)
    {
      g_auto (TestSample) s = test_patch_sample (channels, 0);
      g_autoptr (EngHeatmap) map = run (&s, data, "steps=20 samples=2");
      for (gsize i = 0; i < test_map_size (map); i++)
        g_assert_cmpfloat (eng_heatmap_values (map)[i], ==, 0);
    }
}

/* Same bytes at any batch size, other bytes for another seed, and the passes that were declared. */
static void
test_batches (gconstpointer data)
{
  static const char *const models[] = { "scenes-cnn", "scenes-vit" };
  const EngMethod *method = eng_method_find (data, NULL);
  const char *pairs = "steps=3 samples=5";
  for (guint i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_auto (TestSample) s = test_scene_sample (models[i]);
      g_autoptr (EngValues) values = test_values (method, pairs);
      EngCost cost;
      eng_set_memory_budget (1 << 20); /* one at a time */
      g_autoptr (EngHeatmap) small = test_run (&s, method, pairs, -1, 3);
      eng_set_memory_budget ((gsize)2 << 30);
      g_autoptr (EngHeatmap) large = test_run (&s, method, pairs, -1, 3), other = test_run (&s, method, pairs, -1, 4);
      const EngProvenance *p = eng_heatmap_provenance (large);
      gsize bytes = sizeof (float) * test_map_size (small);
      g_assert_cmpmem (eng_heatmap_values (small), bytes, eng_heatmap_values (large), bytes);
      g_assert_cmpint (memcmp (eng_heatmap_values (other), eng_heatmap_values (large), bytes), !=, 0);
      g_assert_true (eng_method_passes (method, s.model, NULL, values, &cost));
      g_assert_cmpuint (cost.forward, ==, 15);
      g_assert_cmpuint (p->passes_forward, ==, cost.forward);
      g_assert_cmpuint (p->passes_backward, ==, cost.backward);
      g_assert_cmpuint (p->done, ==, p->total);
      for (gsize k = 0; k < test_map_size (large); k++)
        g_assert_true (isfinite (eng_heatmap_values (large)[k]) && eng_heatmap_values (large)[k] >= 0);
    }
}

typedef struct
{
  guint after; /* units */
  gboolean cancel;
} Interruption;

static void
on_changed (EngJob *job, gpointer data)
{
  const Interruption *i = data;
  guint done;
  eng_job_progress (job, &done, NULL, NULL);
  if (done >= i->after && eng_job_state (job) == ENG_JOB_RUNNING)
    {
      if (i->cancel)
        eng_job_cancel (job);
      else
        eng_job_stop (job);
    }
}

/* Stopped: what was done is the result, fewer passes were run, the heatmap says so. Cancelled: no result. */
static void
test_stop (gconstpointer data)
{
  g_auto (TestSample) s = test_scene_sample ("scenes-cnn");
  const EngMethod *method = eng_method_find (data, NULL);
  for (int cancel = 0; cancel < 2; cancel++)
    {
      g_autoptr (GError) error = NULL;
      Interruption interruption = { 1, cancel };
      g_autoptr (EngJob) job =
          eng_job_new (s.model, s.image, method, 0, -1, NULL, test_values (method, "steps=100 samples=40"), 3);
      g_signal_connect (job, "changed", G_CALLBACK (on_changed), &interruption);
      g_assert_true (eng_job_run (job, &error) == !cancel);
      if (cancel)
        {
          g_assert_error (error, ENG_ERROR, ENG_ERROR_CANCELLED);
          continue;
        }
      const EngProvenance *p = eng_heatmap_provenance (eng_job_heatmap (job));
      double sum = 0;
      g_assert_cmpuint (p->done, <, p->total);
      g_assert_cmpuint (p->passes_forward, <, 4000);
      for (gsize i = 0; i < test_map_size (eng_job_heatmap (job)); i++)
        sum += eng_heatmap_values (eng_job_heatmap (job))[i];
      g_assert_cmpfloat (sum, >, 0);
    }
}

/* A number is reported at the end. */
static void
test_convergence (void)
{
  g_auto (TestSample) s = test_scene_sample ("scenes-cnn");
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (EngHeatmap) map = run (&s, ids[i], "steps=8 samples=4");
      double c = eng_heatmap_provenance (map)->convergence;
      g_test_message ("%s: %g", ids[i], c);
      g_assert_true (c >= -1 && c <= 1);
    }
}

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EngValues) values = eng_values_new (eng_method_find (ids[i], NULL), NULL);
      g_assert_false (eng_values_set_pair (values, "samples=0", &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
    }
}

static void
add_for_each (const char *name, GTestDataFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *path = g_strdup_printf ("/methods-rde/%s/%s", name, ids[i]);
      g_test_add_data_func (path, ids[i], func);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/methods-rde/noise", test_noise);
  for (guint i = 0; i < G_N_ELEMENTS (objectives); i++)
    {
      g_autofree char *path = g_strdup_printf ("/methods-rde/objective/%s/%u", objectives[i].method, i);
      g_test_add_data_func (path, &objectives[i], test_objective);
    }
  g_test_add_data_func ("/methods-rde/pixel-rde/patch/rgb", GINT_TO_POINTER (3), test_pixel_rde_patch);
  g_test_add_data_func ("/methods-rde/pixel-rde/patch/grey", GINT_TO_POINTER (1), test_pixel_rde_patch);
  g_test_add_func ("/methods-rde/cartoonx/patch", test_cartoonx_patch);
  g_test_add_data_func ("/methods-rde/attexplore/linear/rgb", GINT_TO_POINTER (3), test_attexplore_linear);
  g_test_add_data_func ("/methods-rde/attexplore/linear/grey", GINT_TO_POINTER (1), test_attexplore_linear);
  g_test_add_func ("/methods-rde/attexplore/patch", test_attexplore_patch);
  add_for_each ("constant", test_constant);
  add_for_each ("batches", test_batches);
  add_for_each ("stop", test_stop);
  g_test_add_func ("/methods-rde/convergence", test_convergence);
  g_test_add_func ("/methods-rde/refusals", test_refusals);
  return g_test_run ();
}
