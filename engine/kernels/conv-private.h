/* Private to kernels/: the ways to compute a convolution, of which conv.c picks the first that suits. */
#pragma once

#include "kernels.h"

/* Up to so many rows that are images are each multiplied as a vector: the last layer then gives an image the same
 * bits alone and in a batch. (Elsewhere sums over k already run in one order whatever the number of rows.) */
#define ENG_FEW_ROWS 8

/* Entries that lie under one another, times the same matrix, are one tall product. */
gboolean eng_gemm_is_tall (const EngGemm *p);

typedef void (*EngGemmFunc) (const EngGemm *p, const float *a, const float *b, float *c);

typedef struct
{
  gboolean (*suits) (const EngConv *p);
  gsize (*scratch) (const EngConv *p);
  void (*forward) (const EngConv *p, EngGemmFunc gemm, const float *x, const float *w, const float *bias, float *y,
                   void *scratch);
  void (*backward_data) (const EngConv *p, EngGemmFunc gemm, const float *dy, const float *w, float *dx,
                         gboolean accumulate, void *scratch);
  void (*backward_weights) (const EngConv *p, EngGemmFunc gemm, const float *x, const float *dy, float *dw,
                            void *scratch);
} EngConvWay;

extern const EngConvWay eng_conv_dense;   /* one window as large as the image: a matrix product */
extern const EngConvWay eng_conv_direct;  /* few channels per group: vector loops */
extern const EngConvWay eng_conv_columns; /* everything else: windows as columns of a matrix */

const EngConvWay *eng_conv_way (const EngConv *p);

/* Brings @y between the bounds of @p, if it has any. */
void eng_conv_bound (const EngConv *p, void *y);

static inline int64_t
eng_conv_span (const int64_t *v)
{
  return v[0] * v[1] * v[2];
}

/* Rows c * kernel .. of @col receive, for channels c0 <= c < c1 of the planes @x, what the kernel's taps
 * see at the output positions from <= position < to; @ld: row stride of @col, whose first row is c0's. */
void eng_columns_gather (const EngConv *p, const float *x, int64_t c0, int64_t c1, int64_t from, int64_t to,
                         float *col, int64_t ld);
/* The transpose: adds @col, which is spoilt, into @x. */
void eng_columns_scatter (const EngConv *p, float *col, int64_t c0, int64_t c1, int64_t from, int64_t to, float *x,
                          int64_t ld);
