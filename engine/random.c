/* See random.h. */
#include "random.h"

#include <math.h>

GRand *
eng_random_new (guint64 seed, guint32 stream)
{
  const guint32 seeds[] = { (guint32)seed, (guint32)(seed >> 32), stream };
  return g_rand_new_with_seed_array (seeds, G_N_ELEMENTS (seeds));
}

double
eng_random_normal (GRand *random)
{
  /* One at a time: the second number of a pair would have to be remembered. */
  double radius = sqrt (-2 * log (1 - g_rand_double (random)));
  return radius * cos (2 * G_PI * g_rand_double (random));
}

void
eng_random_fill_normal (GRand *random, float *values, gsize n, double mean, double deviation)
{
  gsize pairs = (n + 1) / 2;
  g_autofree double *uniform = g_new (double, 2 * pairs);
  for (gsize i = 0; i < 2 * pairs; i++)
    uniform[i] = g_rand_double (random);
    /* Logarithm and sine cost more than the draws, and a noisy copy of a picture is made for each sample. */
#pragma omp parallel for if (n > 10000)
  for (gsize i = 0; i < pairs; i++)
    {
      double radius = deviation * sqrt (-2 * log (1 - uniform[2 * i]));
      double angle = 2 * G_PI * uniform[2 * i + 1];
      values[2 * i] = (float)(mean + radius * cos (angle));
      if (2 * i + 1 < n)
        values[2 * i + 1] = (float)(mean + radius * sin (angle));
    }
}

void
eng_random_fill_gumbel (GRand *random, float *values, gsize n)
{
  /* u in (0, 1): 0 is drawn once in 2^53 */
  for (gsize i = 0; i < n; i++)
    values[i] = (float)-log (-log (fmax (g_rand_double (random), 1e-20)));
}
