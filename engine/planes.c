/* See planes.h: two products of the kernels' table, rows first. */
#include "planes.h"

#include "kernels/kernels.h"

void
eng_planes_transform (const float *src, int channels, int rows, int cols, const float *down, const float *along,
                      gboolean transpose, float *dst)
{
  gsize plane = (gsize)rows * cols;
  g_autofree float *half = g_new (float, plane *channels);
  EngGemm across = { .m = (int64_t)channels * rows,
                     .n = cols,
                     .k = cols,
                     .alpha = 1,
                     .trans_b = !transpose,
                     .lda = cols,
                     .ldb = cols,
                     .ldc = cols,
                     .batch = 1 };
  EngGemm up = { .m = rows,
                 .n = cols,
                 .k = rows,
                 .alpha = 1,
                 .trans_a = transpose,
                 .lda = rows,
                 .ldb = cols,
                 .ldc = cols,
                 .batch = channels,
                 .stride_b = (int64_t)plane,
                 .stride_c = (int64_t)plane };
  eng_kernels ()->gemm (&across, src, along, half);
  eng_kernels ()->gemm (&up, down, half, dst);
}
