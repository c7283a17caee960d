/* Protocols on a classifier whose score is known: logits (0, sum of weighted pixels), so the probability of the
 * second class is the logistic function of what is left of the picture. Every protocol is computed here a second
 * time, from its definition, and perfect, worst and random orders have to come out as they must. */
#include "engine.h"
#include "metrics/fill.h"
#include "metrics/perturbation.h"
#include "metrics/protocol.h"
#include "metrics/scatter.h"
#include "metrics/truth.h"
#include "onnx-maker.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define W 8
#define H 6
#define N (W * H)
#define IMAGE_SCALE 20 /* picture pixels per input pixel */

/* Logits are float32 sums of 144 terms of some hundredths: their rounding, times 100 where a protocol counts so. */
#define EPSILON 1e-6

typedef struct
{
  char *folder;
  EngSubject *subject;
  float weights[3 * N];
  double relevance[N]; /* what a pixel adds to the logit: black adds 0 */
} Place;

static double
logistic (double z)
{
  return 1 / (1 + exp (-z));
}

static EngModel *
make_model (Place *p)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (p->folder, "net.onnx", NULL);
  g_autofree char *sidecar = g_build_filename (p->folder, "net.json", NULL);
  float both[2 * 3 * N] = { 0 };
  memcpy (both + 3 * N, p->weights, sizeof p->weights);
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, H, W);
  onnx_maker_floats (m, "w", 2, (int64_t[]){ 2, 3 * N }, both);
  onnx_maker_node (m, "Flatten", "x", "flat");
  onnx_maker_int (onnx_maker_node (m, "Gemm", "flat w", "logits"), "transB", 1);
  onnx_maker_output (m, "logits");
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_assert_true (eng_write_atomically (path, bytes, NULL));
  g_file_set_contents (sidecar,
                       "{\"input_size\": [3, 6, 8], \"interpolation\": \"nearest\", \"fit\": \"stretch\", \"mean\": "
                       "[0, 0, 0], \"std\": [1, 1, 1], \"scale\": \"0-1\", \"channel_order\": \"RGB\"}",
                       -1, &error);
  g_assert_no_error (error);
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static void
set_up (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autofree guint8 *rgb = g_new (guint8, 3 * N * IMAGE_SCALE * IMAGE_SCALE);
  guint8 cells[3 * N];
  p->folder = test_tmpdir ();
  for (int i = 0; i < 3 * N; i++)
    {
      p->weights[i] = (float)g_rand_double_range (random, -0.1, 0.16);
      cells[i] = (guint8)g_rand_int_range (random, 0, 256);
    }
  /* Black corners: the picture made of them alone is black. */
  for (int i = 0; i < 4; i++)
    memset (cells + 3 * ((i & 1) * (W - 1) + (i >> 1) * (H - 1) * W), 0, 3);
  for (int y = 0; y < H * IMAGE_SCALE; y++)
    for (int x = 0; x < W * IMAGE_SCALE; x++)
      memcpy (rgb + 3 * (y * W * IMAGE_SCALE + x), cells + 3 * (y / IMAGE_SCALE * W + x / IMAGE_SCALE), 3);
  for (int i = 0; i < N; i++)
    {
      p->relevance[i] = 0;
      for (int c = 0; c < 3; c++)
        p->relevance[i] += p->weights[c * N + i] * (cells[3 * i + c] / 255.0);
    }
  g_autoptr (EngModel) model = make_model (p);
  g_autoptr (EngImage) image = eng_image_new (W * IMAGE_SCALE, H * IMAGE_SCALE, rgb, "cells");
  p->subject = eng_subject_new (model, image, 1, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (eng_subject_view (p->subject), 3 * N, cells, sizeof cells);
  /* Far from both ends, so that areas tell orders apart. */
  g_assert_cmpfloat (eng_subject_untouched (p->subject)->probability, >, 0.8);
  g_assert_cmpfloat (eng_subject_untouched (p->subject)->probability, <, 0.99);
}

static void
tear_down (Place *p, gconstpointer data)
{
  eng_subject_unref (p->subject);
  test_remove_tree (p->folder);
  g_free (p->folder);
}

static EngHeatmap *
make_map (Place *p, const float *values)
{
  EngProvenance provenance = { 0 };
  return eng_heatmap_new (values, 1, H, W, ENG_SIGN_SIGNED, ENG_UPSAMPLE_NEAREST, eng_subject_geometry (p->subject),
                          &provenance);
}

/* Perfect, worst (its negative), and random ones with many equal values. */
enum
{
  PERFECT,
  WORST,
  RANDOM,
  N_MAPS = 12
};

static void
fill_map (const Place *p, int which, float *map)
{
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32)which);
  for (int i = 0; i < N; i++)
    map[i] = which == PERFECT ? (float)p->relevance[i]
             : which == WORST ? (float)-p->relevance[i]
                              : (float)g_rand_int_range (random, -4, 5);
}

static double
measure (Place *p, const char *id, const float *map)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngHeatmap) heatmap = make_map (p, map);
  g_autoptr (EngMeasurement) m =
      eng_protocol_evaluate (eng_protocol_find (id, NULL), p->subject, heatmap, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (m->why_not);
  return m->value;
}

/* Pixels by selection, the slow and plain way: highest first, the first of equal ones. */
static void
order_of (const float *map, double sign, int *order)
{
  gboolean taken[N] = { 0 };
  for (int k = 0; k < N; k++)
    {
      int best = -1;
      for (int i = 0; i < N; i++)
        if (!taken[i] && (best < 0 || sign * map[i] > sign * map[best]))
          best = i;
      taken[best] = TRUE;
      order[k] = best;
    }
}

/* ---- curves ---- */

static double
expected_ltx (const Place *p, const float *map, gboolean least, gboolean accuracy)
{
  int order[N];
  double left = 0, sum = 0;
  order_of (map, least ? -1 : 1, order);
  for (int i = 0; i < N; i++)
    left += p->relevance[i];
  for (int step = 0, k = 0; step <= 9; step++)
    {
      for (; k < N * step / 10; k++)
        left -= p->relevance[order[k]];
      double a = accuracy ? left > 0 : logistic (left);
      sum += step == 0 || step == 9 ? a / 2 : a;
    }
  return 10 * sum;
}

static void
test_ltx (Place *p, gconstpointer data)
{
  static const struct
  {
    const char *id;
    gboolean least, accuracy;
  } rows[] = {
    { "ltx-pos", FALSE, TRUE }, { "ltx-neg", TRUE, TRUE }, { "ltx-del", FALSE, FALSE }, { "ltx-ins", TRUE, FALSE }
  };
  g_autoptr (GError) error = NULL;
  EngReading untouched = *eng_subject_untouched (p->subject);
  const float logits[2] = { 0, (float)untouched.logit };
  g_autoptr (EngPerturbation) perturbation =
      eng_perturbation_new (eng_subject_model (p->subject), eng_subject_input (p->subject), logits, 1, &error);
  g_assert_no_error (error);
  for (int which = 0; which < N_MAPS; which++)
    {
      float map[N];
      fill_map (p, which, map);
      for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
        {
          double value = measure (p, rows[r].id, map);
          guint64 passes = 0;
          g_assert_cmpfloat_with_epsilon (value, expected_ltx (p, map, rows[r].least, rows[r].accuracy),
                                          100 * EPSILON);
          /* What LTX steers by. Its probabilities are rounded to float32. */
          g_assert_cmpfloat_with_epsilon (
              value,
              eng_perturbation_auc (perturbation, map, rows[r].least ? ENG_REMOVE_LEAST_FIRST : ENG_REMOVE_MOST_FIRST,
                                    rows[r].accuracy ? ENG_SCORE_ACCURACY : ENG_SCORE_PROBABILITY, NAN, &passes),
              100 * EPSILON);
        }
    }
}

/* Expected area when pixels leave (or come) W at a time and @before / @after is what a pixel adds. */
static double
expected_rise (const float *map, const double *before, const double *after)
{
  int order[N];
  double z = 0, sum = 0;
  order_of (map, 1, order);
  for (int i = 0; i < N; i++)
    z += before[i];
  for (int step = 0; step <= H; step++)
    {
      sum += step == 0 || step == H ? logistic (z) / 2 : logistic (z);
      for (int k = step * W; step < H && k < (step + 1) * W; k++)
        z += after[order[k]] - before[order[k]];
    }
  return sum / H;
}

/* What a pixel adds when the picture is blurred: the kernel is a Gaussian of sigma 5 cut at 20, put on an impulse in
 * the middle of an 11 x 11 box whose borders are mirrors. */
static void
blurred_relevance (const Place *p, double *out)
{
  double kernel[11] = { 0 }, total = 0;
  for (int d = -20; d <= 20; d++)
    total += exp (-d * d / 50.0);
  for (int i = 0; i < 11; i++)
    for (int d = -20; d <= 20; d++)
      {
        int at = i + d;
        while (at < 0 || at > 10)
          at = at < 0 ? -1 - at : 21 - at;
        kernel[i] += at == 5 ? exp (-d * d / 50.0) / total : 0;
      }
  const float *input = eng_subject_input (p->subject);
  for (int i = 0; i < N; i++)
    {
      out[i] = 0;
      for (int c = 0; c < 3; c++)
        for (int y = MAX (i / W - 5, 0); y <= MIN (i / W + 5, H - 1); y++)
          for (int x = MAX (i % W - 5, 0); x <= MIN (i % W + 5, W - 1); x++)
            out[i] +=
                p->weights[c * N + i] * kernel[y - i / W + 5] * kernel[x - i % W + 5] * input[c * N + y * W + x];
    }
}

static void
test_rise (Place *p, gconstpointer data)
{
  double nothing[N] = { 0 }, blurred[N];
  blurred_relevance (p, blurred);
  for (int which = 0; which < N_MAPS; which++)
    {
      float map[N];
      fill_map (p, which, map);
      g_assert_cmpfloat_with_epsilon (measure (p, "rise-deletion", map), expected_rise (map, p->relevance, nothing),
                                      EPSILON);
      g_assert_cmpfloat_with_epsilon (measure (p, "rise-insertion", map), expected_rise (map, blurred, p->relevance),
                                      EPSILON);
    }
}

/* No order beats the perfect one, none is worse than the worst. Insertion is left out: blur has its own optimum. */
static void
test_orders (Place *p, gconstpointer data)
{
  static const char *const ids[] = { "ltx-pos", "ltx-neg", "ltx-del", "ltx-ins", "rise-deletion" };
  for (guint r = 0; r < G_N_ELEMENTS (ids); r++)
    {
      double values[N_MAPS], sign = eng_protocol_find (ids[r], NULL)->direction == ENG_LOWER_IS_BETTER ? 1 : -1;
      for (int which = 0; which < N_MAPS; which++)
        {
          float map[N];
          fill_map (p, which, map);
          values[which] = sign * measure (p, ids[r], map);
        }
      for (int which = RANDOM; which < N_MAPS; which++)
        {
          g_assert_cmpfloat (values[PERFECT], <=, values[which] + 100 * EPSILON);
          g_assert_cmpfloat (values[WORST], >=, values[which] - 100 * EPSILON);
        }
      g_assert_cmpfloat (values[PERFECT], <, values[WORST]);
    }
}

/* ---- soft masks ---- */

static void
test_confidence (Place *p, gconstpointer data)
{
  for (int which = 0; which < N_MAPS; which++)
    {
      float map[N], low = INFINITY, high = -INFINITY;
      double all = 0, kept = 0;
      fill_map (p, which, map);
      for (int i = 0; i < N; i++)
        {
          low = fminf (low, map[i]);
          high = fmaxf (high, map[i]);
        }
      for (int i = 0; i < N; i++)
        {
          all += p->relevance[i];
          kept += p->relevance[i] * (map[i] - low) / (high - low);
        }
      double full = logistic (all), soft = logistic (kept), inverse = logistic (all - kept);
      g_assert_cmpfloat_with_epsilon (measure (p, "average-drop", map), 100 * fmax (0, full - soft) / full,
                                      100 * EPSILON);
      g_assert_cmpfloat_with_epsilon (measure (p, "average-drop-in-deletion", map),
                                      100 * fmax (0, full - inverse) / full, 100 * EPSILON);
      g_assert_cmpfloat (measure (p, "increase-in-confidence", map), ==, soft > full ? 100 : 0);
    }
}

/* ---- imputation ---- */

/* Gauss's elimination on the whole picture: known pixels are equations of their own. */
static void
solve_densely (const float *plane, const guint8 *missing, double *x)
{
  double a[N][N + 1] = { 0 };
  for (int i = 0; i < N; i++)
    {
      a[i][i] = missing[i] ? 0 : 1;
      a[i][N] = missing[i] ? 0 : plane[i];
      for (int j = 0; missing[i] && j < N; j++)
        {
          int dx = abs (i % W - j % W), dy = abs (i / W - j / W);
          double w = i == j || dx > 1 || dy > 1 ? 0 : dx + dy == 2 ? 1 / 12.0 : 1 / 6.0;
          a[i][j] -= w;
          a[i][i] += w;
        }
    }
  for (int k = 0; k < N; k++)
    {
      int best = k;
      for (int i = k; i < N; i++)
        best = fabs (a[i][k]) > fabs (a[best][k]) ? i : best;
      for (int j = 0; j <= N; j++)
        {
          double swap = a[k][j];
          a[k][j] = a[best][j];
          a[best][j] = swap;
        }
      for (int i = 0; i < N; i++)
        for (int j = N; i != k && j >= k; j--)
          a[i][j] -= a[i][k] / a[k][k] * a[k][j];
    }
  for (int i = 0; i < N; i++)
    x[i] = a[i][N] / a[i][i];
}

static void
test_impute (Place *p, gconstpointer data)
{
  const float *input = eng_subject_input (p->subject);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  for (int round = 0; round < 20; round++)
    {
      guint8 missing[N];
      float out[3 * N];
      for (int i = 0; i < N; i++)
        missing[i] = g_rand_double (random) < round / 20.0;
      missing[round] = FALSE; /* at least one is left */
      eng_impute (input, missing, 3, H, W, out);
      for (int c = 0; c < 3; c++)
        {
          double x[N];
          solve_densely (input + c * N, missing, x);
          /* A relative residual of 1e-5, times a condition of at most some ten. */
          for (int i = 0; i < N; i++)
            g_assert_cmpfloat_with_epsilon (out[c * N + i], x[i], 3e-4);
        }
    }
}

/* The imputed pictures are checked above; here that curve, order, noise and mean are the definition's. */
static void
test_road (Place *p, gconstpointer data)
{
  float map[N], noise[3 * N];
  double values[2];
  fill_map (p, RANDOM, map);
  eng_fill_make (eng_model_preprocess (eng_subject_model (p->subject)), eng_subject_input (p->subject),
                 ENG_FILL_IMPUTED, 0, noise);
  for (int least = 0; least < 2; least++)
    {
      int order[N];
      double sum = 0;
      order_of (map, least ? -1 : 1, order);
      for (int step = 1; step <= 9; step++)
        {
          guint8 missing[N] = { 0 };
          float out[3 * N];
          double z = 0;
          for (int k = 0; k < N * step / 10; k++)
            missing[order[k]] = TRUE;
          eng_impute (eng_subject_input (p->subject), missing, 3, H, W, out);
          for (int i = 0; i < 3 * N; i++)
            z += p->weights[i] * (out[i] + (missing[i % N] ? noise[i] : 0));
          sum += logistic (z);
        }
      values[least] = sum / 9;
      g_assert_cmpfloat_with_epsilon (measure (p, least ? "road-lerf" : "road-morf", map), sum / 9, EPSILON);
    }
  g_assert_cmpfloat_with_epsilon (measure (p, "road-combined", map), (values[1] - values[0]) / 2, EPSILON);
  double squares = 0;
  for (int i = 0; i < 3 * N; i++)
    squares += noise[i] * noise[i];
  /* Deviation 0.01 from 144 numbers: five standard errors. */
  g_assert_cmpfloat_with_epsilon (sqrt (squares / (3 * N)), 0.01, 5 * 0.01 / sqrt (2 * 3 * N));
}

/* ---- performance information curves ---- */

/* scipy.interpolate.griddata (method "linear"), rounded, on numbers drawn once. */
static void
test_scatter (void)
{
  enum
  {
    ROWS = 7,
    COLS = 9
  };
  static const guint8 picture[ROWS * COLS] = {
    207, 21,  45,  60,  46,  205, 222, 149, 10,  24,  85,  110, 159, 122, 67,  40,  177, 188, 8,   29,  115,
    100, 227, 132, 107, 110, 170, 150, 44,  188, 193, 244, 201, 72,  81,  166, 166, 178, 222, 74,  240, 0,
    19,  249, 241, 76,  35,  80,  11,  228, 169, 149, 62,  120, 48,  197, 121, 7,   65,  180, 133, 95,  64,
  };
  static const guint8 known[ROWS * COLS] = {
    1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0,
    0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1,
  };
  static const guint8 expected[ROWS * COLS] = {
    207, 182, 158, 133, 108, 84,  59,  35, 10, 188, 111, 97,  83, 68, 54,  40,  51, 62, 169, 29, 30,
    31,  32,  33,  33,  103, 114, 150, 44, 23, 24,  25,  26,  26, 96, 166, 113, 49, 28, 18,  18, 19,
    19,  130, 241, 76,  54,  33,  11,  12, 19, 30,  42,  152, 48, 34, 21,  7,   18, 30, 41,  53, 64,
  };
  g_autoptr (GError) error = NULL;
  guint8 rgb[3 * ROWS * COLS], out[3 * ROWS * COLS];
  for (int i = 0; i < ROWS * COLS; i++)
    {
      rgb[3 * i] = picture[i];
      rgb[3 * i + 1] = (guint8)(10 + 7 * (i % COLS) + 20 * (i / COLS)); /* a slope: linear is exact */
      rgb[3 * i + 2] = 200;
    }
  eng_scatter_fill (rgb, known, ROWS, COLS, out, &error);
  g_assert_no_error (error);
  for (int i = 0; i < ROWS * COLS; i++)
    {
      g_assert_cmpint (out[3 * i], ==, expected[i]);
      g_assert_cmpint (out[3 * i + 1], ==, rgb[3 * i + 1]);
      g_assert_cmpint (out[3 * i + 2], ==, 200);
    }
  g_assert_cmpint (eng_lossless_size (rgb, ROWS, COLS, &error), >, eng_lossless_size (out, ROWS, COLS, &error));
}

/* The picture made of the corners and the pixels that reach the quantile: its logit, and its size as a file. */
static double
revealed (Place *p, const float *map, double share, gsize *bytes)
{
  g_autoptr (GError) error = NULL;
  int order[N];
  guint8 known[N] = { 0 }, rgb[3 * N];
  double z = 0, at = (1 - share) * (N - 1);
  order_of (map, -1, order); /* ascending */
  double low = map[order[(int)at]], high = map[order[MIN ((int)at + 1, N - 1)]];
  for (int i = 0; i < N; i++)
    known[i] = share > 0 && map[i] >= low + (at - (int)at) * (high - low);
  eng_scatter_fill (eng_subject_view (p->subject), known, H, W, rgb, &error);
  *bytes = eng_lossless_size (rgb, H, W, &error);
  g_assert_no_error (error);
  for (int i = 0; i < 3 * N; i++)
    z += p->weights[i % 3 * N + i / 3] * (rgb[i] / 255.0);
  return z;
}

/* One percent of 48 pixels is none: everything starts from the four corners. */
static void
check_information (Place *p, const float *map, const EngMeasurement *m, gboolean accuracy)
{
  static const double shares[] = { 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.13, 0.21, 0.34, 0.5, 0.75 };
  gsize first, all = eng_lossless_size (eng_subject_view (p->subject), H, W, NULL), bytes;
  double z0 = revealed (p, map, 0, &first), z1 = eng_subject_untouched (p->subject)->logit, best = 0;
  double y0 = accuracy ? z0 > 0 : logistic (z0), y1 = accuracy ? z1 > 0 : logistic (z1);
  g_assert_cmpint (m->n_points, ==, 15);
  for (guint s = 0; s < G_N_ELEMENTS (shares); s++)
    {
      double z = revealed (p, map, shares[s], &bytes), y = accuracy ? z > 0 : logistic (z);
      double x = CLAMP (((double)bytes - (double)first) / ((double)all - (double)first), 0, 1);
      gboolean found = FALSE;
      best = fmax (best, CLAMP ((y - y0) / (y1 - y0), 0, 1));
      for (int i = 0; i < m->n_points; i++)
        found = found || (fabs (m->points[i].x - x) < EPSILON && fabs (m->points[i].y - best) < 10 * EPSILON);
      g_assert_true (found);
    }
  for (int i = 1; i < 15; i++)
    g_assert_cmpfloat (m->points[i].x, >=, m->points[i - 1].x);
  g_assert_true (m->points[0].x == 0 && m->points[0].y == 0 && m->points[14].x == 1 && m->points[14].y == 1);
  /* A thousand points against the exact area: off by at most half a point's width where the curve jumps. */
  g_assert_cmpfloat_with_epsilon (m->value, eng_curve_area (m->points, 15), 15.0 / 2000);
}

static void
test_information (Place *p, gconstpointer data)
{
  static const char *const ids[] = { "sic", "aic" };
  g_autoptr (GError) error = NULL;
  double values[N_MAPS];
  for (int which = 0; which < N_MAPS; which++)
    {
      float map[N];
      fill_map (p, which, map);
      g_autoptr (EngHeatmap) heatmap = make_map (p, map);
      for (int r = 0; r < 2; r++)
        {
          g_autoptr (EngMeasurement) m = eng_protocol_evaluate (eng_protocol_find (ids[r], NULL), p->subject, heatmap,
                                                                NULL, NULL, NULL, NULL, &error);
          g_assert_no_error (error);
          g_assert_null (m->why_not);
          check_information (p, map, m, r == 1);
          if (r == 0)
            values[which] = m->value;
          else
            g_assert_cmpint (m->passes, ==, 0); /* the same pictures */
        }
    }
  g_assert_cmpfloat (values[PERFECT], >, values[WORST]);
}

/* ---- ground truth ---- */

static double
measure_truth (Place *p, const char *id, const float *map, EngImage *truth, double threshold)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngHeatmap) heatmap = make_map (p, map);
  EngProtocolOptions options = { .threshold = threshold, .truth = truth };
  g_autoptr (EngMeasurement) m =
      eng_protocol_evaluate (eng_protocol_find (id, NULL), p->subject, heatmap, &options, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (m->passes, ==, 0);
  return m->value;
}

/* A rectangle of a mask of the picture's size, in picture pixels. */
static EngImage *
make_truth (int x0, int y0, int x1, int y1)
{
  int w = W * IMAGE_SCALE, h = H * IMAGE_SCALE;
  g_autofree guint8 *rgb = g_new0 (guint8, 3 * w * h);
  for (int y = y0; y < y1; y++)
    memset (rgb + 3 * (y * w + x0), 255, 3 * (gsize)(x1 - x0));
  return eng_image_new (w, h, rgb, "mask");
}

static void
test_truth (Place *p, gconstpointer data)
{
  /* Columns 2 to 4 of rows 1 and 2, the last column by a quarter. */
  g_autoptr (EngImage) truth = make_truth (40, 20, 85, 60), none = make_truth (0, 0, 0, 0);
  float map[N] = { 0 };
  map[1 * W + 2] = 3;
  map[2 * W + 4] = 2; /* covered by a quarter */
  map[5 * W + 7] = 5;
  map[0] = -4;
  g_assert_cmpfloat_with_epsilon (measure_truth (p, "energy-inside", map, truth, 0), (3 + 0.5) / 10, 1e-6);
  /* The object is 4 pixels; the five highest are 47, 10, 20 and, of equal ones, 1 and 2. */
  g_assert_cmpfloat_with_epsilon (measure_truth (p, "iou", map, truth, 5.0 / N), 1.0 / 8, 1e-12);
  g_assert_cmpfloat_with_epsilon (measure_truth (p, "iou", map, truth, 1), 4.0 / N, 1e-12);
  g_assert_cmpfloat (measure_truth (p, "pointing-game", map, truth, 0), ==, 0);
  map[5 * W + 7] = 0;
  g_assert_cmpfloat (measure_truth (p, "pointing-game", map, truth, 0), ==, 1);
  /* The highest pixel's centre lies at (110, 30); pixels' centres of the object end at 84.5, then 95.5: 14.5 away. */
  map[1 * W + 2] = 0;
  map[1 * W + 5] = 9;
  g_assert_cmpfloat (measure_truth (p, "pointing-game", map, truth, 0), ==, 0);
  g_autoptr (EngImage) near = make_truth (40, 20, 96, 60), far = make_truth (40, 20, 95, 60);
  g_assert_cmpfloat (measure_truth (p, "pointing-game", map, near, 0), ==, 1);
  g_assert_cmpfloat (measure_truth (p, "pointing-game", map, far, 0), ==, 0);
  g_assert_true (isnan (measure_truth (p, "pointing-game", map, none, 0)));
  g_assert_true (isnan (measure_truth (p, "energy-inside", map, none, 0)));
  g_assert_true (isnan (measure_truth (p, "iou", map, none, 0.1)));
}

/* A cropped and letterboxed view: what lies outside the picture is outside the object. */
static void
test_cover (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngImage) truth = make_truth (0, 0, W * IMAGE_SCALE, H * IMAGE_SCALE);
  const EngGeometry g = { .image_width = W * IMAGE_SCALE,
                          .image_height = H * IMAGE_SCALE,
                          .input_width = 4,
                          .input_height = 4,
                          .scale_x = 40,
                          .scale_y = 40,
                          .offset_x = 20,
                          .offset_y = -20 };
  const float expected[16] = { 0.5, 0.5, 0.5, 0.25, 1, 1, 1, 0.5, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25 };
  g_autofree float *cover = eng_truth_cover (truth, &g, &error);
  g_assert_no_error (error);
  for (int i = 0; i < 16; i++)
    g_assert_cmpfloat_with_epsilon (cover[i], expected[i], 1e-6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/metrics-exact/" name, Place, NULL, set_up, func, tear_down)
  ADD ("ltx", test_ltx);
  ADD ("rise", test_rise);
  ADD ("orders", test_orders);
  ADD ("confidence", test_confidence);
  ADD ("impute", test_impute);
  ADD ("road", test_road);
  ADD ("information", test_information);
  ADD ("truth", test_truth);
  g_test_add_func ("/metrics-exact/scatter", test_scatter);
  g_test_add_func ("/metrics-exact/cover", test_cover);
  return g_test_run ();
}
