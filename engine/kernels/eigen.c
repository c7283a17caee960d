/* See eigen.h. OpenBLAS brings LAPACK; Debian's package has no header for it, so the routine is declared here. */
#include "eigen.h"

#include <math.h>

/* Selected eigenvalues of a symmetric matrix. The last three are the lengths of the character arguments, as
 * gfortran passes them. */
extern void dsyevr_ (const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda,
                     const double *vl, const double *vu, const int *il, const int *iu, const double *abstol, int *m,
                     double *w, double *z, const int *ldz, int *isuppz, double *work, const int *lwork, int *iwork,
                     const int *liwork, int *info, gsize jobz_length, gsize range_length, gsize uplo_length);

void
eng_top_eigenvector (double *matrix, int n, double *vector)
{
  double tolerance = 0, unused = 0;
  /* Smallest workspaces that the routine's text allows; n is in the hundreds at most. */
  int found = 0, info = 0, support[2], work_size = 26 * n, int_size = 10 * n;
  g_autofree double *values = g_new (double, n), *work = g_new (double, work_size);
  g_autofree int *ints = g_new (int, int_size);
  gboolean finite = TRUE;
  for (gsize i = 0; i < (gsize)n * n; i++)
    finite = finite && isfinite (matrix[i]);
  if (finite)
    dsyevr_ ("V", "I", "U", &n, matrix, &n, &unused, &unused, &n, &n, &tolerance, &found, values, vector, &n, support,
             work, &work_size, ints, &int_size, &info, 1, 1, 1);
  for (int i = 0; i < n && (found != 1 || info != 0); i++)
    vector[i] = NAN;
}
