/* See bootstrap.h. For a mean the jackknife has a closed form: leaving x out moves it by (x - mean) / (n - 1). */
#include "bootstrap.h"

#include "../random.h"

#include <math.h>
#include <stdlib.h>

#define TAIL 0.025
#define STREAM 0x626f6f74 /* apart from every other use of the seed */

static double
normal_cdf (double z)
{
  return 0.5 * erfc (-z * G_SQRT2 / 2);
}

/* By halving: 9,999 resamples ask for it once. @p: 0 < p < 1. */
static double
normal_quantile (double p)
{
  double low = -40, high = 40;
  for (int i = 0; i < 100; i++)
    {
      double middle = (low + high) / 2;
      *(normal_cdf (middle) < p ? &low : &high) = middle;
    }
  return (low + high) / 2;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Linear between neighbours. */
static double
quantile (const double *sorted, guint n, double p)
{
  double at = CLAMP (p, 0, 1) * (n - 1);
  guint i = MIN ((guint)at, n - 2);
  return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

/* Means of samples drawn with replacement. (transfer full): sorted */
static double *
resample (const double *x, guint n, guint64 seed)
{
  double *means = g_new (double, ENG_BOOTSTRAP_RESAMPLES);
  GRand *random = eng_random_new (seed, STREAM);
  for (guint b = 0; b < ENG_BOOTSTRAP_RESAMPLES; b++)
    {
      double sum = 0;
      for (guint i = 0; i < n; i++)
        sum += x[(guint64)g_rand_int (random) * n >> 32];
      means[b] = sum / n;
    }
  g_rand_free (random);
  qsort (means, ENG_BOOTSTRAP_RESAMPLES, sizeof *means, compare);
  return means;
}

/* Share of the resampled means below @mean, equal ones counted half; never quite 0 or 1, which have no quantile. */
static double
share_below (const double *means, double mean)
{
  double below = 0;
  for (guint b = 0; b < ENG_BOOTSTRAP_RESAMPLES; b++)
    below += means[b] < mean ? 1 : means[b] == mean ? 0.5 : 0;
  return CLAMP (below, 0.5, ENG_BOOTSTRAP_RESAMPLES - 0.5) / ENG_BOOTSTRAP_RESAMPLES;
}

static double
acceleration (const double *x, guint n, double mean)
{
  double squares = 0, cubes = 0;
  for (guint i = 0; i < n; i++)
    {
      double d = x[i] - mean;
      squares += d * d;
      cubes += d * d * d;
    }
  return squares > 0 ? cubes / (6 * pow (squares, 1.5)) : 0;
}

static double
corrected (double tail, double bias, double a)
{
  double z = bias + normal_quantile (tail);
  return normal_cdf (bias + z / (1 - a * z));
}

void
eng_bootstrap_mean (const double *values, guint n, guint64 seed, EngInterval *out)
{
  g_autofree double *x = g_new (double, n);
  double sum = 0;
  gboolean equal = TRUE;
  *out = (EngInterval){ 0, NAN, NAN, NAN };
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        equal = equal && (out->n == 0 || values[i] == x[0]);
        sum += x[out->n++] = values[i];
      }
  if (out->n == 0)
    return;
  out->mean = equal ? x[0] : sum / out->n;
  if (out->n < 2)
    return;
  out->low = out->high = out->mean;
  if (equal)
    return;
  g_autofree double *means = resample (x, out->n, seed);
  double bias = normal_quantile (share_below (means, out->mean)), a = acceleration (x, out->n, out->mean);
  out->low = quantile (means, ENG_BOOTSTRAP_RESAMPLES, corrected (TAIL, bias, a));
  out->high = quantile (means, ENG_BOOTSTRAP_RESAMPLES, corrected (1 - TAIL, bias, a));
}
