#include "vector.h"

#include "vecmath.h"

#include <omp.h>

/* One loop per function: dst[i] from src[i]. */
#define MAP(name, expression)                                                                                        \
  ENG_CLONES void eng_vec_##name (float *dst, const float *src, int64_t n)                                           \
  {                                                                                                                  \
    ENG_SIMD_LOOP (n)                                                                                                \
    {                                                                                                                \
      const float x = src[i];                                                                                        \
      dst[i] = expression;                                                                                           \
    }                                                                                                                \
  }

MAP (exp, eng_exp1 (x))
MAP (log, eng_log1 (x))
MAP (erf, eng_erf1 (x))
MAP (tanh, eng_tanh1 (x))
MAP (sigmoid, eng_sigmoid1 (x))
MAP (softplus, eng_softplus1 (x))

ENG_CLONES double
eng_vec_sum (const float *x, int64_t n)
{
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++)
    sum += x[i];
  return sum;
}

ENG_CLONES double
eng_vec_dot (const float *a, const float *b, int64_t n)
{
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++)
    sum += (double)a[i] * b[i];
  return sum;
}

ENG_CLONES float
eng_vec_max (const float *x, int64_t n)
{
  float max = -INFINITY;
  int nan = 0;
#pragma omp simd reduction(max : max) reduction(| : nan)
  for (int64_t i = 0; i < n; i++)
    {
      max = x[i] > max ? x[i] : max;
      nan |= x[i] != x[i];
    }
  return nan ? NAN : max;
}

ENG_CLONES float
eng_vec_min (const float *x, int64_t n)
{
  float min = INFINITY;
  int nan = 0;
#pragma omp simd reduction(min : min) reduction(| : nan)
  for (int64_t i = 0; i < n; i++)
    {
      min = x[i] < min ? x[i] : min;
      nan |= x[i] != x[i];
    }
  return nan ? NAN : min;
}

ENG_CLONES void
eng_vec_add (float *dst, const float *a, const float *b, int64_t n)
{
  ENG_SIMD_LOOP (n) dst[i] = a[i] + b[i];
}

ENG_CLONES void
eng_vec_mul (float *dst, const float *a, const float *b, int64_t n)
{
  ENG_SIMD_LOOP (n) dst[i] = a[i] * b[i];
}

ENG_CLONES void
eng_vec_accumulate (float *dst, const float *src, int64_t n)
{
  ENG_SIMD_LOOP (n) dst[i] += src[i];
}

ENG_CLONES void
eng_vec_accumulate_scaled (float *dst, const float *src, float s, int64_t n)
{
  ENG_SIMD_LOOP (n) dst[i] += s * src[i];
}

ENG_CLONES void
eng_vec_accumulate_product (float *dst, const float *a, const float *b, int64_t n)
{
  ENG_SIMD_LOOP (n) dst[i] += a[i] * b[i];
}

ENG_CLONES void
eng_vec_scale (float *dst, const float *src, float s, int64_t n)
{
  ENG_SIMD_LOOP (n) dst[i] = s * src[i];
}

ENG_CLONES void
eng_vec_scale_shift (float *dst, const float *src, float a, float b, int64_t n)
{
  ENG_SIMD_LOOP (n) dst[i] = a * src[i] + b;
}

/* exp (src - max) and its sum. A NaN anywhere reaches the sum, so the maximum may overlook it. */
ENG_CLONES void
eng_vec_softmax (float *dst, const float *src, int64_t n)
{
  float max = -INFINITY, sum = 0;
#pragma omp simd reduction(max : max)
  for (int64_t i = 0; i < n; i++)
    max = src[i] > max ? src[i] : max;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++)
    {
      dst[i] = eng_exp1 (src[i] - max);
      sum += dst[i];
    }
  float scale = 1 / sum;
  ENG_SIMD_LOOP (n) dst[i] *= scale;
}

ENG_CLONES void
eng_vec_bound (float *dst, const float *src, float low, float high, int64_t n)
{
  ENG_SIMD_LOOP (n)
  {
    float v = src[i] < low ? low : src[i];
    dst[i] = v > high ? high : v;
  }
}

/* A float's bits, to the nearest bfloat16. */
ENG_INLINE guint16
round_bits (guint32 bits)
{
  guint32 rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return (guint16)((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded);
}

ENG_CLONES void
eng_vec_round (guint16 *dst, const float *src, int64_t n)
{
  const guint32 *restrict x = (const guint32 *)(gconstpointer)src;
  ENG_SIMD_LOOP (n) dst[i] = round_bits (x[i]);
}

ENG_CLONES void
eng_vec_bound_short (guint16 *x, float low, float high, int64_t n)
{
  ENG_SIMD_LOOP (n)
  {
    union
    {
      guint32 bits;
      float f;
    } v = { (guint32)x[i] << 16 };
    v.f = v.f < low ? low : v.f;
    v.f = v.f > high ? high : v.f;
    x[i] = round_bits (v.bits);
  }
}

/* A thread is worth waking for this much work; measured on two cores, where a parallel region costs
 * about 2 microseconds. */
#define THREAD_NANOSECONDS 10000.0

void
eng_parallel (int64_t n, double cost, void (*func) (int64_t begin, int64_t end, gpointer data), gpointer data)
{
  if (n <= 0)
    return;
  double worth = (double)n * cost / THREAD_NANOSECONDS;
  int threads = omp_in_parallel () ? 1 : (int)MIN ((double)omp_get_max_threads (), MIN (worth, (double)n));
  if (threads <= 1)
    {
      func (0, n, data);
      return;
    }
  /* Pieces of whole cache lines, so that two threads do not write into one. */
  int64_t grain = n >= 64 * (int64_t)threads ? 16 : 1, units = (n + grain - 1) / grain;
#pragma omp parallel num_threads(threads)
  {
    int64_t t = omp_get_thread_num (), all = omp_get_num_threads ();
    int64_t begin = units * t / all * grain, end = MIN (n, units * (t + 1) / all * grain);
    if (begin < end)
      func (begin, end, data);
  }
}
