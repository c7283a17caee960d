/* A kernel set around another one that counts the floating-point operations asked of it: 2 for each product of two
 * numbers and its addition, whatever way the set computes them. Products may be asked for by several threads. */
#include "conv-private.h"
#include "counting.h"

static EngKernels counting;
static const EngKernels *inner;
static double counted;

static void
count (double operations)
{
#pragma omp atomic
  counted += operations;
}

static void
count_gemm (const EngGemm *p, const void *a, const float *b, float *c)
{
  count (2.0 * (double)p->m * (double)p->n * (double)p->k * (double)p->batch);
  inner->gemm (p, a, b, c);
}

static void
count_conv (const EngConv *p)
{
  double weights = (double)(p->groups * p->cout) * (double)(p->cin * eng_conv_span (p->kernel));
  count (2.0 * (double)p->n * weights * (double)eng_conv_span (p->out));
}

static void
count_conv_forward (const EngConv *p, const void *x, const float *w, const float *bias, void *y, void *scratch)
{
  count_conv (p);
  inner->conv_forward (p, x, w, bias, y, scratch);
}

static void
count_conv_backward_data (const EngConv *p, const float *dy, const float *w, float *dx, gboolean accumulate,
                          void *scratch)
{
  count_conv (p);
  inner->conv_backward_data (p, dy, w, dx, accumulate, scratch);
}

static void
count_conv_backward_weights (const EngConv *p, const void *x, const float *dy, float *dw, gboolean accumulate,
                             void *scratch)
{
  count_conv (p);
  inner->conv_backward_weights (p, x, dy, dw, accumulate, scratch);
}

const EngKernels *
eng_kernels_counting (const EngKernels *k)
{
  if (k == &counting)
    return k;
  inner = k;
  counting = *k;
  counting.gemm = count_gemm;
  counting.conv_forward = count_conv_forward;
  counting.conv_backward_data = count_conv_backward_data;
  counting.conv_backward_weights = count_conv_backward_weights;
  return &counting;
}

double
eng_kernels_counted (void)
{
  return counted;
}
