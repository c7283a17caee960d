/* See cluster.h. The nearest later cluster of each is remembered; a merge changes few of them. */
#include "cluster.h"

#include <math.h>

/* Nearest of the clusters after @i; -1: none is left. */
static int
nearest_after (const double *distance, int n, const gboolean *alive, int i)
{
  int best = -1;
  for (int j = i + 1; j < n; j++)
    if (alive[j] && (best < 0 || distance[(gsize)i * n + j] < distance[(gsize)i * n + best]))
      best = j;
  return best;
}

/* @gone becomes part of @into: the larger distance to all others counts. */
static void
merge (double *distance, int n, gboolean *alive, int *nearest, int into, int gone)
{
  alive[gone] = FALSE;
  for (int k = 0; k < n; k++)
    if (alive[k] && k != into)
      distance[(gsize)into * n + k] = distance[(gsize)k * n + into] =
          fmax (distance[(gsize)into * n + k], distance[(gsize)gone * n + k]);
  for (int k = 0; k < n; k++)
    if (alive[k] && (k == into || nearest[k] == into || nearest[k] == gone))
      nearest[k] = nearest_after (distance, n, alive, k);
}

int
eng_cluster_complete (double *distance, int n, double threshold, int *labels)
{
  g_autofree gboolean *alive = g_new (gboolean, n);
  g_autofree int *nearest = g_new (int, n), *parent = g_new (int, n);
  int clusters = 0;
  for (int i = 0; i < n; i++)
    {
      alive[i] = TRUE;
      parent[i] = i;
    }
  for (int i = 0; i < n; i++)
    nearest[i] = nearest_after (distance, n, alive, i);
  for (;;)
    {
      int best = -1;
      for (int i = 0; i < n; i++)
        if (alive[i] && nearest[i] >= 0
            && (best < 0 || distance[(gsize)i * n + nearest[i]] < distance[(gsize)best * n + nearest[best]]))
          best = i;
      if (best < 0 || !(distance[(gsize)best * n + nearest[best]] < threshold))
        break;
      int gone = nearest[best];
      parent[gone] = best;
      merge (distance, n, alive, nearest, best, gone);
    }
  /* A cluster is named after its first item, so the parent of an item stands before it. */
  for (int i = 0; i < n; i++)
    labels[i] = parent[i] == i ? clusters++ : labels[parent[i]];
  return clusters;
}
