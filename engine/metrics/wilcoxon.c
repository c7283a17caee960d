/* See wilcoxon.h. */
#include "wilcoxon.h"

#include <math.h>
#include <stdlib.h>

#define MOST_EXACT 50

static int
compare (const void *a, const void *b)
{
  double x = fabs (*(const double *)a), y = fabs (*(const double *)b);
  return (x > y) - (x < y);
}

/* Sum of the ranks of the positive ones, ties ranked by their mean; @ties: sum of t^3 - t over groups of t equal. */
static double
rank_sum (const double *sorted, guint n, double *ties)
{
  double sum = 0;
  *ties = 0;
  for (guint i = 0, end; i < n; i = end)
    {
      for (end = i + 1; end < n && fabs (sorted[end]) == fabs (sorted[i]);)
        end++;
      double t = end - i, rank = (i + 1 + end) / 2.0;
      *ties += t * t * t - t;
      for (guint k = i; k < end; k++)
        sum += sorted[k] > 0 ? rank : 0;
    }
  return sum;
}

/* Twice the share of the 2^n choices of signs with a rank sum of at most @statistic: counts stay below 2^50, exact.
 */
static double
exact_p (guint n, double statistic)
{
  guint most = n * (n + 1) / 2;
  g_autofree double *ways = g_new0 (double, most + 1);
  double below = 0;
  ways[0] = 1;
  for (guint rank = 1; rank <= n; rank++)
    for (guint s = most; s >= rank; s--)
      ways[s] += ways[s - rank];
  for (guint s = 0; s <= statistic; s++)
    below += ways[s];
  return fmin (1, 2 * below * exp2 (-(double)n));
}

void
eng_wilcoxon (const double *differences, guint n, EngWilcoxon *out)
{
  g_autofree double *sorted = g_new (double, n);
  double ties;
  *out = (EngWilcoxon){ 0, NAN, NAN, FALSE };
  for (guint i = 0; i < n; i++)
    if (isfinite (differences[i]) && differences[i] != 0)
      sorted[out->n++] = differences[i];
  if (out->n == 0)
    return;
  qsort (sorted, out->n, sizeof *sorted, compare);
  double m = out->n, positive = rank_sum (sorted, out->n, &ties), all = m * (m + 1) / 2;
  out->statistic = fmin (positive, all - positive);
  out->exact = out->n <= MOST_EXACT && ties == 0;
  double deviation = sqrt ((m * (m + 1) * (2 * m + 1) - ties / 2) / 24);
  out->p = out->exact ? exact_p (out->n, out->statistic) : erfc ((all / 2 - out->statistic) / deviation / G_SQRT2);
}
