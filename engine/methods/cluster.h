/* Agglomerative clustering with complete linkage: the two clusters whose most distant members are nearest become one,
 * until those are @threshold or more apart (Sorensen, 1948; formula of Lance and Williams, 1967). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eng_cluster_complete:
 * @distance: n x n, symmetric; changed
 * @labels: (out caller-allocates): cluster of each item, numbered from 0 in the order of their first items
 *
 * Among equal distances the first pair is taken. Work: n x n for each merge at worst.
 * Returns: number of clusters.
 */
int eng_cluster_complete (double *distance, int n, double threshold, int *labels);

G_END_DECLS
