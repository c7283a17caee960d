/* Vector functions against libm in double: over their whole range, at special values, and at every
 * length around the width of a vector register (the tail of a loop is other code than its body).
 *
 * The range is walked over bit patterns, so that all exponents are met, and results are compared in
 * units of the last place of a float. Each bound is the worst error that was measured over every
 * 977th float on code for x86-64, x86-64-v3 and x86-64-v4, rounded up; all are below 1e-6. */
#include "kernels/vector.h"

#include <math.h>
#include <string.h>

#define N 4096

typedef struct
{
  const char *name;
  void (*vector) (float *dst, const float *src, int64_t n);
  double (*reference) (double x);
  double ulp;
} Function;

static double
sigmoid (double x)
{
  return x > 0 ? 1 / (1 + exp (-x)) : exp (x) / (1 + exp (x));
}

static double
softplus (double x)
{
  return x > 0 ? x + log1p (exp (-x)) : log1p (exp (x));
}

static const Function functions[] = {
  { "exp", eng_vec_exp, exp, 1.5 },
  { "log", eng_vec_log, log, 1.5 },
  { "erf", eng_vec_erf, erf, 7 },
  { "tanh", eng_vec_tanh, tanh, 3 },
  { "sigmoid", eng_vec_sigmoid, sigmoid, 3 },
  { "softplus", eng_vec_softplus, softplus, 4 },
};

/* |y - exact| in units of the last place of @exact; below the normal range, of the least normal number. */
static double
error_in_ulp (float y, double exact)
{
  int e;
  if (isnan (exact))
    return isnan (y) ? 0 : INFINITY;
  if (fabs (exact) >= 0x1.ffffffp127) /* rounds to infinity */
    return isinf (y) && (y > 0) == (exact > 0) ? 0 : INFINITY;
  frexp (exact, &e);
  return fabs (y - exact) / ldexp (1, MAX (e, -125) - 24);
}

static void
check (const Function *f, const float *x, int64_t n)
{
  float y[N];
  f->vector (y, x, n);
  for (int64_t i = 0; i < n; i++)
    {
      double exact = f->reference (x[i]);
      if (!(error_in_ulp (y[i], exact) <= f->ulp))
        {
          g_test_message ("%s (%.9g) = %.9g, exact %.9g: %.2f ulp", f->name, x[i], y[i], exact,
                          error_in_ulp (y[i], exact));
          g_test_fail ();
          return;
        }
    }
}

static void
test_range (gconstpointer data)
{
  float x[N];
  int64_t n = 0;
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 9973)
    {
      uint32_t b = (uint32_t)bits;
      memcpy (&x[n++], &b, sizeof b);
      if (n == N)
        {
          check (data, x, n);
          n = 0;
        }
    }
  check (data, x, n);
  for (float at = -100; at < 100; at += 8) /* where things happen, densely */
    {
      for (int i = 0; i < N; i++)
        x[i] = at + 8.0f * (float)i / N;
      check (data, x, N);
    }
}

static void
test_special (gconstpointer data)
{
  static const float x[] = { 0,         -0.0f,       INFINITY, -INFINITY, NAN,  1,    -1,        1e-40f,    -1e-40f,
                             88.72283f, 88.73f,      -87.34f,  -103.97f,  -104, -150, 3.4e38f,   -3.4e38f,  20,
                             -20,       0.70710678f, 10,       -10,       4,    -4,   0x1p-126f, 0x1p-149f, 1e5f };
  check (data, x, G_N_ELEMENTS (x));
}

/* In place, every length, and nothing written behind the end. */
static void
test_lengths (gconstpointer data)
{
  const Function *f = data;
  float x[72], y[72], z[72];
  for (int64_t n = 0; n <= 70; n++)
    {
      for (int i = 0; i < 72; i++)
        x[i] = z[i] = 0.1f + 0.05f * (float)i;
      check (f, x, n);
      f->vector (y, x, n);
      f->vector (z, z, n);
      g_assert_cmpmem (y, n * sizeof *y, z, n * sizeof *z);
      g_assert_cmpmem (x + n, (72 - n) * sizeof *x, z + n, (72 - n) * sizeof *x);
    }
}

static void
test_sums (void)
{
  float a[1000], b[1000], y[1000];
  double sum = 0, dot = 0;
  for (int i = 0; i < 1000; i++)
    {
      a[i] = (float)sin (i * 0.7) + 1e-3f * (float)i;
      b[i] = (float)cos (i * 1.3);
      sum += a[i];
      dot += (double)a[i] * b[i];
    }
  /* Sums run in double: only their order differs. */
  g_assert_cmpfloat_with_epsilon (eng_vec_sum (a, 1000), sum, 1e-12 * 1000);
  g_assert_cmpfloat_with_epsilon (eng_vec_dot (a, b, 1000), dot, 1e-12 * 1000);
  g_assert_cmpfloat (eng_vec_sum (a, 0), ==, 0);
  for (int64_t n = 1; n < 40; n++)
    {
      float max = a[0], min = a[0];
      for (int i = 1; i < n; i++)
        {
          max = fmaxf (max, a[i]);
          min = fminf (min, a[i]);
        }
      g_assert_cmpfloat (eng_vec_max (a, n), ==, max);
      g_assert_cmpfloat (eng_vec_min (a, n), ==, min);
      memcpy (y, a, sizeof y);
      y[n / 2] = NAN;
      g_assert_true (isnan (eng_vec_max (y, n)) && isnan (eng_vec_min (y, n)));
    }
  g_assert_cmpfloat (eng_vec_max ((float[]){ -INFINITY }, 1), ==, -INFINITY);
}

static void
test_arithmetic (void)
{
  float a[37], b[37], y[37];
  for (int i = 0; i < 37; i++)
    {
      a[i] = (float)(i - 18);
      b[i] = (float)(3 * i - 40);
      y[i] = 1;
    }
  /* Small integers: every result is exact. */
  eng_vec_accumulate (y, a, 37);
  eng_vec_accumulate_scaled (y, b, 2, 37);
  eng_vec_accumulate_product (y, a, b, 37);
  for (int i = 0; i < 37; i++)
    g_assert_cmpfloat (y[i], ==, 1 + a[i] + 2 * b[i] + a[i] * b[i]);
  eng_vec_add (y, a, b, 37);
  eng_vec_mul (y, y, a, 37);
  eng_vec_scale (y, y, 0.5f, 37);
  for (int i = 0; i < 37; i++)
    g_assert_cmpfloat (y[i], ==, 0.5f * (a[i] + b[i]) * a[i]);
}

static void
test_softmax (void)
{
  float x[197], y[197];
  for (int64_t n = 1; n <= 197; n += 7)
    {
      double total = 0;
      for (int i = 0; i < n; i++)
        {
          x[i] = 1000 + 5 * sinf ((float)i); /* exp of it overflows: the maximum has to be taken off */
          total += exp ((double)x[i] - 1000);
        }
      eng_vec_softmax (y, x, n);
      for (int i = 0; i < n; i++) /* error of exp, of the sum and of the division: a few 1e-7 */
        g_assert_cmpfloat_with_epsilon (y[i] / (exp ((double)x[i] - 1000) / total), 1, 1e-6);
    }
  float masked[3] = { -INFINITY, 1, 1 }, out[3];
  eng_vec_softmax (out, masked, 3);
  g_assert_cmpfloat (out[0], ==, 0);
  g_assert_cmpfloat (out[1], ==, 0.5f);
  masked[1] = NAN;
  eng_vec_softmax (out, masked, 3);
  g_assert_true (isnan (out[0]) && isnan (out[1]) && isnan (out[2]));
}

static void
mark (int64_t begin, int64_t end, gpointer data)
{
  for (int64_t i = begin; i < end; i++)
    ((guint8 *)data)[i]++;
}

/* Every item is visited once, whatever its number and cost. */
static void
test_parallel (void)
{
  static const int64_t counts[] = { 0, 1, 2, 3, 15, 16, 17, 127, 128, 1000, 4099 };
  static const double costs[] = { 0.1, 100, 1e6 };
  for (guint c = 0; c < G_N_ELEMENTS (counts); c++)
    for (guint k = 0; k < G_N_ELEMENTS (costs); k++)
      {
        g_autofree guint8 *seen = g_new0 (guint8, counts[c] + 1);
        eng_parallel (counts[c], costs[k], mark, seen);
        for (int64_t i = 0; i <= counts[c]; i++)
          g_assert_cmpint (seen[i], ==, i < counts[c]);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autofree char *range = g_strdup_printf ("/vector/%s/range", functions[i].name);
      g_autofree char *special = g_strdup_printf ("/vector/%s/special", functions[i].name);
      g_autofree char *lengths = g_strdup_printf ("/vector/%s/lengths", functions[i].name);
      g_test_add_data_func (range, &functions[i], test_range);
      g_test_add_data_func (special, &functions[i], test_special);
      g_test_add_data_func (lengths, &functions[i], test_lengths);
    }
  g_test_add_func ("/vector/sums", test_sums);
  g_test_add_func ("/vector/arithmetic", test_arithmetic);
  g_test_add_func ("/vector/softmax", test_softmax);
  g_test_add_func ("/vector/parallel", test_parallel);
  return g_test_run ();
}
