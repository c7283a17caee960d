/* See similarity.h. */
#include "similarity.h"

#include <math.h>

#include "../metrics/perturbation.h"

#define WINDOW 11
#define SIGMA 1.5
#define K1 0.01
#define K2 0.03
#define BINS 100

double
eng_overlap (const float *a, const float *b, int n, double share)
{
  int k = CLAMP ((int)(share * n + 0.5), 0, n), both = 0;
  g_autofree guint32 *order = g_new (guint32, n);
  g_autofree guint8 *first = g_new0 (guint8, n);
  eng_rank_descending (a, n, order);
  for (int i = 0; i < k; i++)
    first[order[i]] = 1;
  eng_rank_descending (b, n, order);
  for (int i = 0; i < k; i++)
    both += first[order[i]];
  return k > 0 ? both / (2.0 * k - both) : NAN;
}

/* Weighted means of x * y over every window that fits: (rows - w + 1) x (cols - w + 1). */
static double *
blur_product (const float *x, const float *y, int rows, int cols, const double *kernel, int w)
{
  int h = rows - w + 1, v = cols - w + 1;
  g_autofree double *across = g_new (double, (gsize)rows *v);
  double *out = g_new (double, (gsize)h *v);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < v; j++)
      {
        double sum = 0;
        for (int k = 0; k < w; k++)
          {
            gsize at = (gsize)i * cols + j + k;
            sum += kernel[k] * x[at] * (y ? y[at] : 1);
          }
        across[(gsize)i * v + j] = sum;
      }
  for (int i = 0; i < h; i++)
    for (int j = 0; j < v; j++)
      {
        double sum = 0;
        for (int k = 0; k < w; k++)
          sum += kernel[k] * across[(gsize)(i + k) * v + j];
        out[(gsize)i * v + j] = sum;
      }
  return out;
}

double
eng_ssim (const float *a, const float *b, int rows, int cols, double range)
{
  double kernel[WINDOW], total = 0, sum = 0, c1 = K1 * range * K1 * range, c2 = K2 * range * K2 * range;
  int w = MIN (WINDOW, MIN (rows, cols));
  w -= w % 2 == 0;
  for (int k = 0; k < w; k++)
    total += kernel[k] = exp (-(k - w / 2) * (k - w / 2) / (2 * SIGMA * SIGMA));
  for (int k = 0; k < w; k++)
    kernel[k] /= total;
  g_autofree double *ma = blur_product (a, NULL, rows, cols, kernel, w);
  g_autofree double *mb = blur_product (b, NULL, rows, cols, kernel, w);
  g_autofree double *aa = blur_product (a, a, rows, cols, kernel, w);
  g_autofree double *bb = blur_product (b, b, rows, cols, kernel, w);
  g_autofree double *ab = blur_product (a, b, rows, cols, kernel, w);
  gsize n = (gsize)(rows - w + 1) * (cols - w + 1);
  for (gsize i = 0; i < n; i++)
    {
      double va = aa[i] - ma[i] * ma[i], vb = bb[i] - mb[i] * mb[i], cov = ab[i] - ma[i] * mb[i];
      sum += (2 * ma[i] * mb[i] + c1) * (2 * cov + c2) / ((ma[i] * ma[i] + mb[i] * mb[i] + c1) * (va + vb + c2));
    }
  return sum / (double)n;
}

double
eng_histogram_entropy (const float *values, int n)
{
  int count[BINS] = { 0 };
  double lo = INFINITY, hi = -INFINITY, entropy = 0;
  for (int i = 0; i < n; i++)
    {
      lo = fmin (lo, values[i]);
      hi = fmax (hi, values[i]);
    }
  if (!(hi > lo))
    return 0;
  for (int i = 0; i < n; i++)
    count[MIN (BINS - 1, (int)((values[i] - lo) / (hi - lo) * BINS))]++;
  for (int i = 0; i < BINS; i++)
    if (count[i] > 0)
      entropy -= (double)count[i] / n * log ((double)count[i] / n);
  return entropy;
}

gboolean
eng_is_constant (const float *values, int n)
{
  for (int i = 1; i < n; i++)
    if (values[i] != values[0])
      return FALSE;
  return TRUE;
}
