/* See rank-correlation.h. */
#include "rank-correlation.h"

#include "perturbation.h"

#include <math.h>

/* Ranks around their mean (n - 1) / 2; their sum of squares. */
static double
centred_ranks (const float *map, int n, guint32 *order, double *rank)
{
  double squares = 0;
  eng_rank_descending (map, n, order);
  for (int i = 0, end; i < n; i = end)
    {
      for (end = i + 1; end < n && map[order[end]] == map[order[i]]; end++)
        ;
      double mean = (i + end - 1) / 2.0 - (n - 1) / 2.0;
      for (int k = i; k < end; k++)
        rank[order[k]] = mean;
      squares += mean * mean * (end - i);
    }
  return squares;
}

double
eng_rank_correlation (const float *a, const float *b, int n)
{
  g_autofree guint32 *order = g_new (guint32, n);
  g_autofree double *ra = g_new (double, n), *rb = g_new (double, n);
  double aa = centred_ranks (a, n, order, ra), bb = centred_ranks (b, n, order, rb), ab = 0;
  for (int i = 0; i < n; i++)
    ab += ra[i] * rb[i];
  return aa > 0 && bb > 0 ? ab / sqrt (aa * bb) : NAN;
}
