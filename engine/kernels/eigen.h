/* The largest eigenvalue of a symmetric matrix and its vector, in double precision, by LAPACK. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eng_top_eigenvector:
 * @matrix: n x n, symmetric; overwritten
 * @vector: (out caller-allocates): n values of length 1; their common sign is arbitrary. NaN where @matrix holds
 * values that are not finite
 */
void eng_top_eigenvector (double *matrix, int n, double *vector);

G_END_DECLS
