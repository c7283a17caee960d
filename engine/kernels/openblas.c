/* Kernels on a CBLAS, made for the OpenMP build of OpenBLAS: inside a parallel region it computes with
 * one thread, outside with as many as OpenMP has. */
#include "conv-private.h"
#include "vector.h"

#include <cblas.h>
#include <omp.h>
#include <string.h>

#define SMALL_PRODUCT 2e7 /* multiply-adds below which one thread per product beats all threads on each */

static gboolean
openblas_available (void)
{
  return TRUE;
}

static void
scale_rows (float *c, int64_t m, int64_t n, int64_t ld, float beta)
{
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++)
      c[i * ld + j] = beta == 0 ? 0 : beta * c[i * ld + j];
}

/* y = alpha op(M) v + beta y. y is cleared here for beta = 0, since a BLAS may multiply what was there. */
static void
vector_product (gboolean trans, int64_t rows, int64_t columns, float alpha, const float *matrix, int64_t ld,
                const float *v, int64_t v_step, float beta, float *y, int64_t y_step)
{
  if (beta == 0)
    scale_rows (y, trans ? columns : rows, 1, y_step, 0);
  cblas_sgemv (CblasRowMajor, trans ? CblasTrans : CblasNoTrans, (blasint)rows, (blasint)columns, alpha, matrix,
               (blasint)ld, v, (blasint)v_step, beta == 0 ? 1 : beta, y, (blasint)y_step);
}

static void
product (const EngGemm *p, const float *a, const float *b, float *c)
{
  if (p->k == 0)
    scale_rows (c, p->m, p->n, p->ldc, p->beta);
  else if (p->n == 1)
    vector_product (p->trans_a, p->trans_a ? p->k : p->m, p->trans_a ? p->m : p->k, p->alpha, a, p->lda, b,
                    p->trans_b ? 1 : p->ldb, p->beta, c, p->ldc);
  else if (p->m == 1 || (p->m <= ENG_FEW_ROWS && p->rows_alone))
    for (int64_t i = 0; i < p->m; i++)
      vector_product (!p->trans_b, p->trans_b ? p->n : p->k, p->trans_b ? p->k : p->n, p->alpha, b, p->ldb,
                      a + i * (p->trans_a ? 1 : p->lda), p->trans_a ? p->lda : 1, p->beta, c + i * p->ldc, 1);
  else
    cblas_sgemm (CblasRowMajor, p->trans_a ? CblasTrans : CblasNoTrans, p->trans_b ? CblasTrans : CblasNoTrans,
                 (blasint)p->m, (blasint)p->n, (blasint)p->k, p->alpha, a, (blasint)p->lda, b, (blasint)p->ldb,
                 p->beta, c, (blasint)p->ldc);
}

gboolean
eng_gemm_is_tall (const EngGemm *p)
{
  return p->batch > 1 && p->stride_b == 0 && !p->trans_a && p->stride_a == p->m * p->lda
         && p->stride_c == p->m * p->ldc && p->m * p->batch <= G_MAXINT32;
}

typedef struct
{
  const EngGemm *p;
  float *c;
} Bias;

/* After the product, while that is in the cache: quicker than a product that adds to it. */
static void
add_bias (int64_t begin, int64_t end, gpointer data)
{
  const Bias *b = data;
  for (int64_t i = begin; i < end; i++)
    eng_vec_accumulate (b->c + i * b->p->ldc, b->p->bias, b->p->n);
}

static void
openblas_gemm (const EngGemm *p, const void *given_a, const float *b, float *c)
{
  const float *a = given_a;
  EngGemm one = *p;
  one.batch = 1;
  if (p->m == 0 || p->n == 0 || p->batch == 0)
    return;
  if (eng_gemm_is_tall (p))
    one.m = p->m * p->batch;
  if (p->batch == 1 || one.m != p->m)
    {
      Bias bias = { p, c };
      product (&one, a, b, c);
      if (p->bias)
        eng_parallel (p->m, 0.1 * (double)p->n, add_bias, &bias);
      return;
    }
  int threads = (int)MIN (eng_get_threads (), p->batch);
  /* Many or small entries: one thread each. Few large ones: all threads on one after another. */
  gboolean apart = p->batch >= 4 * threads || p->batch % threads == 0
                   || (double)p->m * (double)p->n * (double)p->k < SMALL_PRODUCT;
  if (omp_in_parallel () || threads == 1)
    apart = FALSE;
#pragma omp parallel for schedule(static) num_threads(threads) if (apart)
  for (int64_t i = 0; i < p->batch; i++)
    product (&one, a + i * p->stride_a, b + i * p->stride_b, c + i * p->stride_c);
}

void
eng_gemm_double (const EngGemm *p, const double *a, const double *b, double *c)
{
  for (int64_t i = 0; i < p->batch && p->m > 0 && p->n > 0; i++)
    cblas_dgemm (CblasRowMajor, p->trans_a ? CblasTrans : CblasNoTrans, p->trans_b ? CblasTrans : CblasNoTrans,
                 (blasint)p->m, (blasint)p->n, (blasint)p->k, p->alpha, a + i * p->stride_a, (blasint)p->lda,
                 b + i * p->stride_b, (blasint)p->ldb, p->beta, c + i * p->stride_c, (blasint)p->ldc);
}

static gsize
openblas_conv_scratch (const EngConv *p)
{
  return eng_conv_way (p)->scratch (p);
}

/* Nothing to compute, and nothing that a parallel region could be cut into. */
static gboolean
is_empty (const EngConv *p)
{
  return p->n == 0 || p->groups == 0 || p->cout == 0 || eng_conv_span (p->out) == 0;
}

static void
openblas_conv_forward (const EngConv *p, const void *x, const float *w, const float *bias, void *y, void *scratch)
{
  if (is_empty (p))
    return;
  eng_conv_way (p)->forward (p, product, x, w, bias, y, scratch);
  eng_conv_bound (p, y);
}

static void
openblas_conv_backward_data (const EngConv *p, const float *dy, const float *w, float *dx, gboolean accumulate,
                             void *scratch)
{
  if (p->cin == 0)
    return;
  if (!is_empty (p))
    eng_conv_way (p)->backward_data (p, product, dy, w, dx, accumulate, scratch);
  else if (!accumulate)
    memset (dx, 0, sizeof *dx * p->n * p->groups * p->cin * eng_conv_span (p->in));
}

static void
openblas_conv_backward_weights (const EngConv *p, const void *x, const float *dy, float *dw, gboolean accumulate,
                                void *scratch)
{
  if (!accumulate)
    memset (dw, 0, sizeof *dw * p->groups * p->cout * p->cin * eng_conv_span (p->kernel));
  if (!is_empty (p) && p->cin > 0)
    eng_conv_way (p)->backward_weights (p, product, x, dy, dw, scratch);
}

const EngKernels eng_kernels_openblas = {
  .name = "openblas",
  .available = openblas_available,
  .gemm = openblas_gemm,
  .conv_scratch = openblas_conv_scratch,
  .conv_forward = openblas_conv_forward,
  .conv_backward_data = openblas_conv_backward_data,
  .conv_backward_weights = openblas_conv_backward_weights,
};
