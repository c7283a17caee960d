/* Transforms and steps that methods stand on: wavelets, cosines, separable maps, Adam on an array. */
#include "dct.h"
#include "nn/optim.h"
#include "planes.h"
#include "random.h"
#include "support.h"
#include "wavelet.h"

#include <math.h>
#include <string.h>

static float *
random_values (gsize n, guint32 stream)
{
  g_autoptr (GRand) random = eng_random_new (11, stream);
  float *v = g_new (float, n);
  eng_random_fill_normal (random, v, n, 0, 1);
  return v;
}

static double
dot (const float *a, const float *b, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += (double)a[i] * b[i];
  return sum;
}

/* Sizes with odd and even bands on the way down, one level and five. */
static const struct
{
  int rows, cols, levels;
} sizes[] = { { 224, 224, 5 }, { 32, 32, 2 }, { 37, 50, 2 }, { 5, 3, 1 }, { 1, 9, 1 }, { 1, 1, 3 } };

/* Inverse, isometry and transpose, to the rounding of float sums of a few terms a level. */
static void
test_wavelet (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      int rows = sizes[i].rows, cols = sizes[i].cols;
      g_autoptr (EngWavelet) w = eng_wavelet_new (rows, cols, sizes[i].levels);
      gsize n = (gsize)rows * cols, k = eng_wavelet_size (w);
      g_autofree float *x = random_values (n, 0), *c = g_new (float, k), *back = g_new (float, n),
                       *y = random_values (k, 1);
      eng_wavelet_analyse (w, x, c);
      eng_wavelet_synthesise (w, c, back);
      g_assert_cmpfloat (test_max_rel (back, x, n), <=, 3e-6);
      g_assert_cmpfloat_with_epsilon (dot (c, c, k) / dot (x, x, n), 1, 1e-6);
      eng_wavelet_synthesise (w, y, back);
      g_assert_cmpfloat (fabs (dot (x, back, n) - dot (c, y, k)), <=, 1e-6 * sqrt (dot (x, x, n) * dot (y, y, k)));
      gsize end = 0;
      for (int b = 0; b < eng_wavelet_bands (w); b++)
        {
          gsize offset;
          int r, s;
          eng_wavelet_band (w, b, &offset, &r, &s);
          g_assert_cmpuint (offset, ==, end);
          end += (gsize)r * s;
        }
      g_assert_cmpuint (end, ==, k);
    }
  g_assert_cmpint (eng_wavelet_depth (224, 224, 5), ==, 5);
  g_assert_cmpint (eng_wavelet_depth (32, 32, 5), ==, 2);
  g_assert_cmpint (eng_wavelet_depth (4, 300, 5), ==, 1);
}

/* Three vanishing moments: details of a parabola are 0 away from the border. And the taps' own values: an impulse. */
static void
test_wavelet_moments (void)
{
  enum
  {
    N = 40
  };
  g_autoptr (EngWavelet) w = eng_wavelet_new (N, N, 1);
  g_autofree float *x = g_new0 (float, N *N), *c = g_new (float, eng_wavelet_size (w));
  gsize offset;
  int rows, cols;
  for (int i = 0; i < N * N; i++)
    x[i] = (float)(((i % N) * (i % N)) / 400.0 + (i / N) / 40.0);
  eng_wavelet_analyse (w, x, c);
  for (int b = 1; b < 4; b++)
    {
      eng_wavelet_band (w, b, &offset, &rows, &cols);
      for (int r = 3; r < rows - 3; r++)
        for (int k = 3; k < cols - 3; k++)
          g_assert_cmpfloat (fabsf (c[offset + r * cols + k]), <=, 1e-5); /* values up to 5, float */
    }
  memset (x, 0, sizeof *x * N * N);
  x[0] = 1;
  eng_wavelet_analyse (w, x, c);
  /* low_k = h_(4 - 2k) of x_0: h_4, h_2, h_0 along either side (Daubechies 1992, table 6.1). */
  const double h[] = { -0.08544127388, 0.45987750212, 0.33267055295 };
  eng_wavelet_band (w, 0, &offset, &rows, &cols);
  for (int r = 0; r < 3; r++)
    for (int k = 0; k < 3; k++)
      g_assert_cmpfloat_with_epsilon (c[r * cols + k], h[r] * h[k], 1e-7);
}

static void
test_dct (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      int rows = sizes[i].rows, cols = sizes[i].cols;
      gsize plane = (gsize)rows * cols, n = 3 * plane;
      g_autoptr (EngDct) d = eng_dct_new (rows, cols);
      g_autofree float *x = random_values (n, 2), *y = g_memdup2 (x, n * sizeof *x);
      eng_dct_forward (d, 3, y);
      double sum = 0;
      for (gsize k = 0; k < plane; k++)
        sum += x[k];
      g_assert_cmpfloat (fabs (y[0] - sum / sqrt ((double)plane)), <=, 1e-4);
      g_assert_cmpfloat_with_epsilon (dot (y, y, n) / dot (x, x, n), 1, 1e-5);
      eng_dct_inverse (d, 3, y);
      g_assert_cmpfloat (test_max_rel (y, x, n), <=, 1e-5); /* sums of 224 terms, four times */
    }
}

static void
test_planes (void)
{
  enum
  {
    R = 3,
    C = 4
  };
  g_autofree float *x = random_values (2 * R * C, 3), *y = random_values (2 * R * C, 4),
                   *down = random_values (R * R, 5), *along = random_values (C * C, 6),
                   *fx = g_new (float, 2 * R * C), *fy = g_new (float, 2 * R * C);
  eng_planes_transform (x, 2, R, C, down, along, FALSE, fx);
  double expected = 0;
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++)
      expected += (double)down[1 * R + r] * x[R * C + r * C + c] * along[2 * C + c];
  g_assert_cmpfloat_with_epsilon (fx[R * C + 1 * C + 2], expected, 1e-5);
  eng_planes_transform (y, 2, R, C, down, along, TRUE, fy);
  g_assert_cmpfloat_with_epsilon (dot (fx, y, 2 * R * C), dot (x, fy, 2 * R * C), 1e-4);
}

/* The first step of Adam is the learning rate against the gradient's sign, whatever its size; a constant gradient
 * keeps that step. */
static void
test_adam (void)
{
  float v[] = { 1, 1, 1 };
  const float g[] = { 1e-4f, -30, 0 };
  EngAdamWSettings settings = { 0.1, 0.9, 0.999, 1e-12, 0 };
  g_autoptr (EngAdamW) adam = eng_adamw_new_array (v, 3, &settings);
  for (int i = 1; i <= 3; i++)
    {
      eng_adamw_step_array (adam, g);
      g_assert_cmpfloat_with_epsilon (v[0], 1 - 0.1 * i, 1e-5);
      g_assert_cmpfloat_with_epsilon (v[1], 1 + 0.1 * i, 1e-5);
      g_assert_cmpfloat (v[2], ==, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transforms/wavelet", test_wavelet);
  g_test_add_func ("/transforms/wavelet-moments", test_wavelet_moments);
  g_test_add_func ("/transforms/dct", test_dct);
  g_test_add_func ("/transforms/planes", test_planes);
  g_test_add_func ("/transforms/adam", test_adam);
  return g_test_run ();
}
