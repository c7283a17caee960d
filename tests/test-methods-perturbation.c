/* Occlusion, RISE and extremal perturbations: the closed-form answers of linear classifiers, RISE within the sampling
 * error that follows from its masks' distribution, gradients by finite differences, refusals, and what holds for
 * every method that is run in batches. */
#include "onnx-maker.h"
#include "patch-net.h"
#include "support.h"

#include <math.h>
#include <string.h>

/* ---- a linear classifier of pictures that are not square ---- */

enum
{
  ROWS = 12,
  COLS = 20,
  PIXELS = ROWS * COLS
};

#define BIAS 0.5

typedef struct
{
  TestSample sample;
  float weights[3 * PIXELS], input[3 * PIXELS]; /* of class 0; channels x ROWS x COLS */
} Linear;

static void
linear_clear (Linear *l)
{
  test_sample_clear (&l->sample);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Linear, linear_clear)

static void
write_net (const Linear *l, const char *path)
{
  g_autofree float *w = g_new0 (float, 2 * 3 * PIXELS);
  for (int i = 0; i < 3 * PIXELS; i++)
    w[2 * i] = l->weights[i];
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, ROWS, COLS);
  onnx_maker_floats (m, "w", 2, (int64_t[]){ 3 * PIXELS, 2 }, w);
  onnx_maker_floats (m, "b", 1, (int64_t[]){ 2 }, (float[]){ BIAS, 0 });
  onnx_maker_node (m, "Flatten", "x", "flat");
  onnx_maker_node (m, "Gemm", "flat w b", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_assert_true (eng_write_atomically (path, bytes, NULL));
}

/* Logit 0: BIAS + weights . input, all at random; logit 1: 0. */
static void
linear_init (Linear *l)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "net.onnx", NULL),
                  *sidecar = g_build_filename (folder, "net.json", NULL);
  guint8 rgb[3 * PIXELS];
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  for (int i = 0; i < 3 * PIXELS; i++)
    {
      rgb[i] = (guint8)g_rand_int_range (random, 0, 256);
      l->weights[i] = (float)g_rand_double_range (random, -0.1, 0.1);
    }
  write_net (l, path);
  g_assert_true (g_file_set_contents (sidecar,
                                      "{ \"input_size\": [3, 12, 20], \"fit\": \"stretch\", \"crop\": \"none\", "
                                      "\"mean\": [0.5, 0.4, 0.3], \"std\": [0.5, 0.25, 0.2] }",
                                      -1, &error));
  l->sample.model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  l->sample.image = eng_image_new (COLS, ROWS, rgb, "noise");
  test_remove_tree (folder);
  float pixels[3 * PIXELS];
  EngPreprocess *p = eng_model_preprocess (l->sample.model);
  g_autofree guint8 *view = eng_preprocess_view (p, l->sample.image, &error);
  eng_preprocess_pixels (p, view, pixels);
  eng_preprocess_normalise (p, pixels, l->input);
}

static const EngMethod *
method (const char *id)
{
  const EngMethod *m = eng_method_find (id, NULL);
  g_assert_nonnull (m);
  return m;
}

/* ---- occlusion ---- */

/* sum of w (x - b) under a window, b the baseline's value in each channel */
static double
drop_at (const Linear *l, int top, int left, int side, const float *b)
{
  double sum = 0;
  for (int c = 0; c < 3; c++)
    for (int y = top; y < MIN (top + side, ROWS); y++)
      for (int x = left; x < MIN (left + side, COLS); x++)
        {
          int i = c * PIXELS + y * COLS + x;
          sum += (double)l->weights[i] * (l->input[i] - b[c]);
        }
  return sum;
}

/* Windows of 5, 3 apart: rows begin at 0 3 6 9, columns at 0 3 .. 15; the last row is cut off. */
static void
test_occlusion_linear (void)
{
  g_auto (Linear) l = { 0 };
  linear_init (&l);
  static const char *const baselines[] = { "zero", "black" };
  static const float fills[2][3] = { { 0, 0, 0 }, { -1, -1.6f, -1.5f } };
  for (int b = 0; b < 2; b++)
    {
      g_autofree char *pairs = g_strdup_printf ("window=5 stride=3 baseline=%s", baselines[b]);
      g_autofree char *as_windows = g_strconcat (pairs, " map=windows", NULL);
      g_autoptr (EngHeatmap) windows = test_run (&l.sample, method ("occlusion"), as_windows, -1, 0);
      g_autoptr (EngHeatmap) pixels = test_run (&l.sample, method ("occlusion"), pairs, -1, 0);
      g_assert_cmpint (eng_heatmap_rows (windows), ==, 4);
      g_assert_cmpint (eng_heatmap_cols (windows), ==, 6);
      g_assert_cmpint (eng_heatmap_rows (pixels), ==, ROWS);
      g_assert_cmpint (eng_heatmap_cols (pixels), ==, COLS);
      double sum[PIXELS] = { 0 };
      int count[PIXELS] = { 0 };
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 6; j++)
          {
            double expected = drop_at (&l, 3 * i, 3 * j, 5, fills[b]);
            /* A logit is a sum of 720 products of order 0.1, rounded to floats. */
            g_assert_cmpfloat (fabs (eng_heatmap_values (windows)[i * 6 + j] - expected), <=, 1e-5);
            for (int y = 3 * i; y < MIN (3 * i + 5, ROWS); y++)
              for (int x = 3 * j; x < MIN (3 * j + 5, COLS); x++)
                {
                  sum[y * COLS + x] += expected;
                  count[y * COLS + x]++;
                }
          }
      for (int i = 0; i < PIXELS; i++)
        g_assert_cmpfloat (fabs (eng_heatmap_values (pixels)[i] - sum[i] / count[i]), <=, 1e-5);
      g_assert_true (isfinite (eng_heatmap_provenance (pixels)->convergence));
    }
}

static void
assert_refused (const TestSample *s, const char *id, const char *pairs, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngJob) job =
      eng_job_new (s->model, s->image, method (id), 0, -1, NULL, test_values (method (id), pairs), 0);
  g_assert_false (eng_job_run (job, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_refusals (void)
{
  g_auto (Linear) l = { 0 };
  linear_init (&l);
  assert_refused (&l.sample, "occlusion", "window=13", "at most 12");
  assert_refused (&l.sample, "occlusion", "window=4 stride=5", "at most 4");
  assert_refused (&l.sample, "rise", "cells=13", "at most 12");
  /* The largest that fit. */
  g_autoptr (EngHeatmap) whole = test_run (&l.sample, method ("occlusion"), "window=12 stride=12 map=windows", -1, 0);
  g_assert_cmpint (test_map_size (whole), ==, 2);
  g_autoptr (EngHeatmap) fine = test_run (&l.sample, method ("rise"), "cells=12 masks=2", -1, 0);
  g_assert_cmpint (test_map_size (fine), ==, PIXELS);
  g_autoptr (EngHeatmap) coarse = test_run (&l.sample, method ("rise"), "cells=1 masks=2", -1, 0);
  g_assert_cmpint (test_map_size (coarse), ==, PIXELS);
}

/* ---- RISE ---- */

typedef struct
{
  int n, cell; /* cells, pixels of one */
} Axis;

/* Share of cell @c in pixel @at of a mask at offset @off, along one axis: bilinear, half-pixel centres, clamped. */
static double
share (Axis a, int off, int at, int c)
{
  double t = (at + off + 0.5) / ((a.n + 1) * a.cell) * a.n - 0.5;
  return fmax (0, 1 - fabs (fmin (fmax (t, 0), a.n - 1) - c));
}

/* Mean and variance of S m(q) / p over the masks of one offset, S = BIAS + sum_j v_j m(j) linear in the cells:
 * exactly, by summing over the at most four cells that q sees; the others enter S alone, by their mean and variance.
 */
static void
moments_at (const double *v, Axis down, Axis across, int dy, int dx, double p, double *first, double *second)
{
  int cells = down.n * across.n;
  g_autofree double *effect = g_new0 (double, cells); /* of a cell on S */
  double mean = BIAS, variance = 0;
  for (int c = 0; c < cells; c++)
    {
      for (int j = 0; j < PIXELS; j++)
        effect[c] += v[j] * share (down, dy, j / COLS, c / across.n) * share (across, dx, j % COLS, c % across.n);
      mean += p * effect[c];
      variance += p * (1 - p) * effect[c] * effect[c];
    }
  for (int q = 0; q < PIXELS; q++)
    {
      int seen[4], n = 0;
      double u[4], rest_mean = mean, rest_variance = variance;
      for (int c = 0; c < cells; c++)
        {
          double s = share (down, dy, q / COLS, c / across.n) * share (across, dx, q % COLS, c % across.n);
          if (s <= 0)
            continue;
          g_assert_cmpint (n, <, 4);
          u[n] = s;
          seen[n++] = c;
          rest_mean -= p * effect[c];
          rest_variance -= p * (1 - p) * effect[c] * effect[c];
        }
      for (int bits = 0; bits < 1 << n; bits++)
        {
          double chance = 1, m = 0, score = rest_mean;
          for (int k = 0; k < n; k++)
            {
              gboolean on = bits >> k & 1;
              chance *= on ? p : 1 - p;
              m += on ? u[k] : 0;
              score += on ? effect[seen[k]] : 0;
            }
          first[q] += chance * score * m / p;
          second[q] += chance * (score * score + rest_variance) * m * m / (p * p);
        }
    }
}

static void
test_rise_linear (void)
{
  enum
  {
    MASKS = 4000
  };
  const double p = 0.3;
  const Axis down = { 4, 3 }, across = { 6, 4 }; /* 4 cells along 12 pixels; 20 * 4 / 12 along 20 */
  g_auto (Linear) l = { 0 };
  linear_init (&l);
  double v[PIXELS] = { 0 }, first[PIXELS] = { 0 }, second[PIXELS] = { 0 }, squares = 0, largest = 0;
  for (int i = 0; i < 3 * PIXELS; i++)
    v[i % PIXELS] += (double)l.weights[i] * l.input[i];
  for (int dy = 0; dy < down.cell; dy++)
    for (int dx = 0; dx < across.cell; dx++)
      moments_at (v, down, across, dy, dx, p, first, second);
  g_autoptr (EngHeatmap) map =
      test_run (&l.sample, method ("rise"), "masks=4000 cells=4 keep=0.3 output=logit", -1, 11);
  g_assert_cmpint (eng_heatmap_sign (map), ==, ENG_SIGN_SIGNED);
  for (int i = 0; i < PIXELS; i++)
    {
      double mean = first[i] / (down.cell * across.cell), square = second[i] / (down.cell * across.cell);
      double z = (eng_heatmap_values (map)[i] - mean) / sqrt ((square - mean * mean) / MASKS);
      squares += z * z / PIXELS;
      largest = fmax (largest, fabs (z));
    }
  g_test_message ("RISE against its expectation: at most %.2f standard errors, mean square %.2f", largest, squares);
  /* About 24 independent cells: 5 standard errors have a chance of 1e-5, a mean square of 3 one of 1e-7. */
  g_assert_cmpfloat (largest, <=, 5);
  g_assert_cmpfloat (squares, <=, 3);
  g_assert_cmpfloat (eng_heatmap_provenance (map)->convergence, >, 0.5);
}

/* A model that looks at nothing: no drops, and a flat map of RISE as far as its masks are even. */
static void
test_constant (void)
{
  g_auto (TestSample) s = test_patch_sample (3, 0);
  static const char *const outputs[] = { "output=logit", "output=probability" };
  static const double scores[] = { 0.25, 0.562176500885798 /* 1 / (1 + exp (-0.25)) */ };
  for (int o = 0; o < 2; o++)
    {
      g_autoptr (EngHeatmap) occlusion = test_run (&s, method ("occlusion"), outputs[o], -1, 0);
      for (gsize i = 0; i < test_map_size (occlusion); i++)
        g_assert_cmpfloat (eng_heatmap_values (occlusion)[i], ==, 0);
      g_autofree char *pairs = g_strconcat ("masks=1000 ", outputs[o], NULL);
      g_autoptr (EngHeatmap) rise = test_run (&s, method ("rise"), pairs, -1, 0);
      /* A mask's variance is at most p (1 - p) = 1/4; five standard errors. */
      double error = 5 * scores[o] * sqrt (0.25 / 1000) / 0.5;
      for (gsize i = 0; i < test_map_size (rise); i++)
        g_assert_cmpfloat (fabs (eng_heatmap_values (rise)[i] - scores[o]), <=, error);
      const EngNote *note = eng_heatmap_provenance (rise)->notes->pdata[0];
      g_assert_cmpstr (note->id, ==, "score-range");
      g_assert_cmpfloat (note->value, ==, 0);
    }
  /* No mask preserves such a score better than another: what is left is a mask, at first nearly even (later rounding
   * decides where its area lies). */
  g_autoptr (EngHeatmap) extremal = test_run (&s, method ("extremal-perturbation"), "steps=3", -1, 0);
  for (gsize i = 0; i < test_map_size (extremal); i++)
    g_assert_cmpfloat (fabsf (eng_heatmap_values (extremal)[i] - eng_heatmap_values (extremal)[0]), <=, 1e-4);
  g_autoptr (EngHeatmap) later = test_run (&s, method ("extremal-perturbation"), "steps=200", -1, 0);
  for (gsize i = 0; i < test_map_size (later); i++)
    g_assert_true (eng_heatmap_values (later)[i] >= 0 && eng_heatmap_values (later)[i] <= 1);
}

/* ---- what holds for all of them ---- */

typedef struct
{
  const char *model, *method, *pairs;
} Case;

static const Case cases[] = {
  { "scenes-cnn", "occlusion", "window=24 stride=24" },
  { "scenes-vit", "occlusion", "window=24 stride=24 baseline=noise" },
  { "scenes-cnn", "rise", "masks=19 baseline=blur" },
  { "scenes-vit", "rise", "masks=19 keep=0.2" },
  { "scenes-cnn", "extremal-perturbation", "steps=3 areas=four" },
  { "scenes-vit", "extremal-perturbation", "steps=3 variant=delete" },
};

static gboolean
same_bytes (const EngHeatmap *a, const EngHeatmap *b)
{
  return test_map_size (a) == test_map_size (b)
         && memcmp (eng_heatmap_values (a), eng_heatmap_values (b), sizeof (float) * test_map_size (a)) == 0;
}

/* One at a time or as many as fit: the same bytes; as many passes as declared; another seed, another RISE. */
static void
test_batches (gconstpointer data)
{
  const Case *c = data;
  const EngMethod *m = method (c->method);
  g_auto (TestSample) s = test_scene_sample (c->model);
  g_autoptr (EngValues) values = test_values (m, c->pairs);
  EngCost cost;
  g_assert_true (eng_method_passes (m, s.model, NULL, values, &cost));
  eng_set_memory_budget (1 << 20);
  g_autoptr (EngHeatmap) small = test_run (&s, m, c->pairs, -1, 5);
  eng_set_memory_budget ((gsize)2 << 30);
  g_autoptr (EngHeatmap) large = test_run (&s, m, c->pairs, -1, 5), other = test_run (&s, m, c->pairs, -1, 6);
  const EngProvenance *p = eng_heatmap_provenance (large);
  g_assert_true (same_bytes (small, large));
  g_assert_cmpint (same_bytes (large, other), ==, strcmp (c->method, "rise") && !strstr (c->pairs, "noise"));
  g_assert_cmpint (p->passes_forward, ==, cost.forward);
  g_assert_cmpint (p->passes_backward, ==, cost.backward);
  g_assert_cmpint (p->done, ==, p->total);
  for (gsize i = 0; i < test_map_size (large); i++)
    g_assert_true (eng_heatmap_sign (large) == ENG_SIGN_SIGNED || eng_heatmap_values (large)[i] >= 0);
}

static void
stop_when_begun (EngJob *job, gpointer data)
{
  guint done;
  eng_job_progress (job, &done, NULL, NULL);
  if (done > 0)
    eng_job_stop (job);
}

static void
cancel_when_begun (EngJob *job, gpointer data)
{
  eng_job_cancel (job);
}

/* Stopped at the first sign of progress: what there is is kept, finite, and says how much of it was done. */
static void
test_stop (gconstpointer data)
{
  static const char *const many[][2] = { { "occlusion", "stride=1" },
                                         { "rise", "masks=100000" },
                                         { "extremal-perturbation", "steps=5000" } };
  g_auto (TestSample) s = test_scene_sample ("scenes-cnn");
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    for (int cancel = 0; cancel < 2; cancel++)
      {
        const EngMethod *m = method (many[i][0]);
        g_autoptr (GError) error = NULL;
        g_autoptr (EngJob) job = eng_job_new (s.model, s.image, m, 0, -1, NULL, test_values (m, many[i][1]), 0);
        g_signal_connect (job, "changed", G_CALLBACK (cancel ? cancel_when_begun : stop_when_begun), NULL);
        g_assert_cmpint (eng_job_run (job, &error), ==, !cancel);
        if (cancel)
          {
            g_assert_error (error, ENG_ERROR, ENG_ERROR_CANCELLED);
            continue;
          }
        g_assert_no_error (error);
        const EngProvenance *p = eng_heatmap_provenance (eng_job_heatmap (job));
        g_assert_true (p->partial);
        g_assert_cmpint (p->done, >, 0);
        g_assert_cmpint (p->done, <, p->total);
        double lo, hi;
        g_assert_true (eng_heatmap_range (eng_job_heatmap (job), &lo, &hi) && hi > lo);
      }
}

/* ---- going on ---- */

static EngJob *
new_job (const TestSample *s, const char *id, const char *pairs, guint64 seed)
{
  const EngMethod *m = method (id);
  return eng_job_new (s->model, s->image, m, 0, -1, NULL, test_values (m, pairs), seed);
}

/* A run that is stopped twice and gone on with ends with the bits, the counts and the notes of one that never was. */
static void
test_continue (gconstpointer data)
{
  static const char *const runs[][2] = { { "rise", "masks=300" },
                                         { "occlusion", "stride=6" },
                                         { "smooth-grad", "samples=40" },
                                         { "integrated-gradients", "steps=60" },
                                         { "ltx", "steps=9" } };
  g_auto (TestSample) s = test_scene_sample ("scenes-cnn");
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      g_autoptr (EngJob) whole = new_job (&s, runs[i][0], runs[i][1], 3), part = NULL;
      g_assert_true (eng_job_run (whole, NULL));
      g_assert_false (eng_heatmap_can_continue (eng_job_heatmap (whole)));
      for (int stop = 0; stop < 2; stop++)
        {
          g_autoptr (EngJob) next = new_job (&s, runs[i][0], runs[i][1], 3);
          if (part)
            g_assert_true (eng_job_continue_from (next, eng_job_heatmap (part)));
          g_signal_connect (next, "changed", G_CALLBACK (stop_when_begun), NULL);
          g_assert_true (eng_job_run (next, NULL));
          g_assert_true (eng_heatmap_can_continue (eng_job_heatmap (next)));
          g_set_object (&part, next);
        }
      g_autoptr (EngJob) last = new_job (&s, runs[i][0], runs[i][1], 3);
      g_assert_true (eng_job_continue_from (last, eng_job_heatmap (part)));
      guint before, after;
      eng_job_progress (last, &before, NULL, NULL);
      g_assert_cmpuint (before, >=, 2);
      g_assert_true (eng_job_run (last, NULL));
      eng_job_progress (last, &after, NULL, NULL);
      g_assert_cmpuint (after, >, before);
      g_assert_true (same_bytes (eng_job_heatmap (last), eng_job_heatmap (whole)));
      const EngProvenance *a = eng_heatmap_provenance (eng_job_heatmap (last)),
                          *b = eng_heatmap_provenance (eng_job_heatmap (whole));
      g_assert_false (a->partial);
      g_assert_cmpuint (a->done, ==, b->done);
      g_assert_cmpuint (a->passes_backward, ==, b->passes_backward);
      g_assert_cmpuint (a->notes->len, ==, b->notes->len);
      for (guint k = 0; k < a->notes->len; k++)
        g_assert_cmpstr (((EngNote *)a->notes->pdata[k])->text, ==, ((EngNote *)b->notes->pdata[k])->text);

      /* Of other inputs it is no beginning. */
      g_autoptr (EngJob) other = new_job (&s, runs[i][0], runs[i][1], 4);
      g_assert_false (eng_job_continue_from (other, eng_job_heatmap (part)));
      g_assert_false (eng_job_continue_from (other, eng_job_heatmap (whole)));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/perturbation/occlusion/linear", test_occlusion_linear);
  g_test_add_func ("/perturbation/rise/linear", test_rise_linear);
  g_test_add_func ("/perturbation/refusals", test_refusals);
  g_test_add_func ("/perturbation/constant", test_constant);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/perturbation/batches/%s/%s", cases[i].method, cases[i].model);
      g_test_add_data_func (path, &cases[i], test_batches);
    }
  g_test_add_data_func ("/perturbation/stop", NULL, test_stop);
  g_test_add_data_func ("/perturbation/continue", NULL, test_continue);
  return g_test_run ();
}
