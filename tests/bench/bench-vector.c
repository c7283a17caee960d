/* Nanoseconds per element of the vector functions beside plain loops over libm, on one thread. */
#include "kernels/vector.h"

#include <math.h>
#include <string.h>

#define N 4096

static void
libm_exp (float *dst, const float *src, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] = expf (src[i]);
}

static void
libm_log (float *dst, const float *src, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] = logf (fabsf (src[i]));
}

static void
libm_erf (float *dst, const float *src, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] = erff (src[i]);
}

static void
libm_tanh (float *dst, const float *src, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] = tanhf (src[i]);
}

static void
libm_sigmoid (float *dst, const float *src, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] = 1 / (1 + expf (-src[i]));
}

static void
libm_softplus (float *dst, const float *src, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] = src[i] > 0 ? src[i] + log1pf (expf (-src[i])) : log1pf (expf (src[i]));
}

static void
libm_softmax (float *dst, const float *src, int64_t n)
{
  float max = src[0], sum = 0;
  for (int64_t i = 1; i < n; i++)
    max = fmaxf (max, src[i]);
  for (int64_t i = 0; i < n; i++)
    sum += dst[i] = expf (src[i] - max);
  for (int64_t i = 0; i < n; i++)
    dst[i] /= sum;
}

typedef void (*Function) (float *dst, const float *src, int64_t n);

static const struct
{
  const char *name;
  Function vector, libm;
} functions[] = {
  { "exp", eng_vec_exp, libm_exp },
  { "log", eng_vec_log, libm_log },
  { "erf", eng_vec_erf, libm_erf },
  { "tanh", eng_vec_tanh, libm_tanh },
  { "sigmoid", eng_vec_sigmoid, libm_sigmoid },
  { "softplus", eng_vec_softplus, libm_softplus },
  { "softmax", eng_vec_softmax, libm_softmax },
};

/* The best of several runs: what disturbs a run only makes it longer. */
static double
nanoseconds (Function f, const float *x, int64_t n)
{
  static float y[N];
  double best = INFINITY;
  for (int run = 0; run < 15; run++)
    {
      gint64 start = g_get_monotonic_time ();
      for (int i = 0; i < 200; i++)
        f (y, x, n);
      best = MIN (best, (double)(g_get_monotonic_time () - start) * 1e3 / (200.0 * (double)n));
    }
  return best;
}

int
main (void)
{
  static float x[N];
  static const int64_t lengths[] = { 197, N };
  for (int i = 0; i < N; i++)
    x[i] = 4 * sinf ((float)i * 1.7f);
  g_print ("%-10s %6s %10s %10s\n", "ns/element", "n", "vector", "libm");
  for (guint f = 0; f < G_N_ELEMENTS (functions); f++)
    for (guint k = 0; k < G_N_ELEMENTS (lengths); k++)
      g_print ("%-10s %6d %10.3f %10.3f\n", functions[f].name, (int)lengths[k],
               nanoseconds (functions[f].vector, x, lengths[k]), nanoseconds (functions[f].libm, x, lengths[k]));
  return 0;
}
