/* Intervals and tests of scores against closed forms, and against SciPy 1.17.1 run once on the same numbers:
 *
 *   x = [5, 35, 5, 12.5, 20, 17.25, 41, 8, 9.5, 30.75, 11, 22]
 *   scipy.stats.bootstrap ((x,), numpy.mean, n_resamples=200000, method='BCa', random_state=0 .. 2)
 *   scipy.stats.wilcoxon (d, method='exact'), (d, method='approx', correction=False) */
#include <math.h>

#include "engine.h"
#include "random.h"

/* 9,999 resamples find an end of the interval to about 0.03 of the mean's standard error (the density of a normal
 * distribution at its 2.5 % quantile is 0.058, and sqrt (0.025 * 0.975 / 9999) / 0.058 = 0.027): four times that. */
#define SLACK 0.11

static void
test_scipy_bootstrap (void)
{
  static const double x[] = { 5, 35, 5, 12.5, 20, 17.25, 41, 8, 9.5, 30.75, 11, 22 };
  const double error = 3.4; /* standard error of the mean: 11.8 / sqrt (12) */
  for (guint64 seed = 0; seed < 3; seed++)
    {
      EngInterval interval;
      eng_bootstrap_mean (x, G_N_ELEMENTS (x), seed, &interval);
      g_assert_cmpuint (interval.n, ==, 12);
      g_assert_cmpfloat_with_epsilon (interval.mean, 18.083333333333332, 1e-12);
      g_assert_cmpfloat_with_epsilon (interval.low, 12.416666666666666, SLACK * error);
      g_assert_cmpfloat_with_epsilon (interval.high, 25.62, SLACK * error);
    }
}

/* Of many symmetric values the interval is the normal one, mean -+ 1.96 s / sqrt (n). */
static void
test_normal_bootstrap (void)
{
  enum
  {
    N = 2000
  };
  double x[N], squares = 0;
  GRand *random = eng_random_new (5, 0);
  EngInterval interval;
  for (int i = 0; i < N; i++)
    x[i] = eng_random_normal (random);
  g_rand_free (random);
  eng_bootstrap_mean (x, N, 0, &interval);
  for (int i = 0; i < N; i++)
    squares += (x[i] - interval.mean) * (x[i] - interval.mean);
  double error = sqrt (squares / N / N);
  g_assert_cmpfloat_with_epsilon (interval.low, interval.mean - 1.959964 * error, SLACK * error);
  g_assert_cmpfloat_with_epsilon (interval.high, interval.mean + 1.959964 * error, SLACK * error);
}

/* How often the interval of 20 normal values holds the true mean: 95 % in name, some 93 % for so few. 300 samples
 * tell it to 1.5 % (one standard deviation). */
static void
test_coverage (void)
{
  int held = 0;
  for (guint32 sample = 0; sample < 300; sample++)
    {
      double x[20];
      GRand *random = eng_random_new (7, sample);
      EngInterval interval;
      for (int i = 0; i < 20; i++)
        x[i] = 3 + eng_random_normal (random);
      g_rand_free (random);
      eng_bootstrap_mean (x, 20, sample, &interval);
      held += interval.low <= 3 && 3 <= interval.high;
    }
  g_assert_cmpint (held, >=, (int)(300 * 0.885));
  g_assert_cmpint (held, <=, (int)(300 * 0.985));
}

static void
test_small_bootstrap (void)
{
  const double gaps[] = { NAN, 2, NAN, 2, 2 }, one[] = { 4 }, pair[] = { 0, 1 };
  EngInterval interval, again;
  eng_bootstrap_mean (gaps, 5, 0, &interval);
  g_assert_cmpuint (interval.n, ==, 3);
  g_assert_true (interval.mean == 2 && interval.low == 2 && interval.high == 2);
  eng_bootstrap_mean (one, 1, 0, &interval);
  g_assert_true (interval.n == 1 && interval.mean == 4 && isnan (interval.low) && isnan (interval.high));
  eng_bootstrap_mean (gaps, 1, 0, &interval);
  g_assert_true (interval.n == 0 && isnan (interval.mean) && isnan (interval.low));
  /* Of two values a quarter of the samples has one of them only: that is where the interval ends. */
  eng_bootstrap_mean (pair, 2, 1, &interval);
  g_assert_true (interval.low == 0 && interval.high == 1);
  eng_bootstrap_mean (pair, 2, 1, &again);
  g_assert_true (again.low == interval.low && again.high == interval.high);
}

static void
check_wilcoxon (const double *d, guint n, guint differing, double statistic, double p, gboolean exact)
{
  EngWilcoxon test;
  eng_wilcoxon (d, n, &test);
  g_assert_cmpuint (test.n, ==, differing);
  g_assert_true (test.statistic == statistic);
  g_assert_cmpfloat_with_epsilon (test.p, p, 1e-12);
  g_assert_cmpint (test.exact, ==, exact);
}

static void
test_scipy_wilcoxon (void)
{
  static const double d[] = { 1.5, -0.7, 2.25, 3.1, -1.1, 0.4, 5.3, 2.7, -0.2, 6.6 };
  static const double ties[] = { 1, 1, 2, 2, -1, 3, 4, -2, 2, 5, 0, 3, 1, -1, -3, 0, 2 };
  double many[60];
  for (int i = 1; i <= 60; i++)
    many[i - 1] = (i % 3 == 0 ? -1 : 1) * (i + 0.5);
  check_wilcoxon (d, G_N_ELEMENTS (d), 10, 8, 0.048828125, TRUE);
  check_wilcoxon (ties, G_N_ELEMENTS (ties), 15, 26, 0.05136328593704352, FALSE);
  check_wilcoxon (many, 60, 60, 630, 0.03590012321587811, FALSE);
  check_wilcoxon (many, 50, 50, 408, 0.02616696817119646, TRUE);
}

/* All n differences of one sign: one of 2^n choices of signs, on either side. None: nothing to test. */
static void
test_exact_wilcoxon (void)
{
  double d[20];
  for (int i = 0; i < 20; i++)
    d[i] = i + 1;
  for (guint n = 1; n <= 20; n++)
    check_wilcoxon (d, n, n, 0, exp2 (1.0 - n), TRUE);
  EngWilcoxon test;
  const double equal[] = { 0, 0, NAN };
  eng_wilcoxon (equal, 3, &test);
  g_assert_true (test.n == 0 && isnan (test.p) && isnan (test.statistic));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bootstrap/scipy", test_scipy_bootstrap);
  g_test_add_func ("/bootstrap/normal", test_normal_bootstrap);
  g_test_add_func ("/bootstrap/coverage", test_coverage);
  g_test_add_func ("/bootstrap/small", test_small_bootstrap);
  g_test_add_func ("/wilcoxon/scipy", test_scipy_wilcoxon);
  g_test_add_func ("/wilcoxon/exact", test_exact_wilcoxon);
  return g_test_run ();
}
