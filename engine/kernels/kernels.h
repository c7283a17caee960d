/* The seam for heavy arithmetic. Every implementation (OpenBLAS, oneDNN) fills one table; operators
 * call through eng_kernels(). Only files in this folder name a BLAS.
 *
 * Kernels may use threads. They allocate nothing per call: oneDNN's set keeps one workspace, as large as
 * the largest call so far, and one copy of frozen weights in its own order. They are called from one thread at a
 * time; gemm also from all threads of a parallel region, and then it computes on the one that calls. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/* C[b] = alpha * op(A[b]) op(B[b]) + beta * C[b] for b < batch; all row-major.
 * op(A) is MxK, op(B) is KxN, C is MxN. lda etc. are row strides of the stored matrices,
 * stride_* the distance between batch entries in elements (0: the same matrix for all; for C never 0). */
typedef struct
{
  gboolean trans_a, trans_b;
  int64_t m, n, k;
  float alpha, beta;
  int64_t lda, ldb, ldc;
  int64_t batch, stride_a, stride_b, stride_c;
  gboolean rows_alone; /* rows are images: the same bits whatever their number */
  const float *bias;   /* (nullable): n numbers, added to every row of C; only with beta 0 and batch 1 */
  gboolean frozen_b;   /* B is never written while its memory lives: it may be kept in another order */
  gboolean bf16;       /* factors rounded to bfloat16, sums in float32, where eng_kernels_has_bf16() */
  gboolean a_short;    /* A lies in memory as bfloat16. Only where the set's gemm_takes_short() agrees, and not from
                          within a parallel region */
} EngGemm;

/* Convolution in 1 to 3 spatial dimensions (unused leading ones are 1 with kernel 1, stride 1, pad 0).
 * x: n x groups*cin x in[0] x in[1] x in[2]; w: groups*cout x cin x kernel; y: n x groups*cout x out. */
typedef struct
{
  int64_t n, groups, cin, cout; /* cin, cout: channels per group */
  int64_t in[3], out[3], kernel[3], stride[3], dilation[3];
  int64_t pad[3];          /* before the first element; padding after it follows from out */
  gboolean x_last, y_last; /* x, y and their gradients lie channels-last: n x spatial x channels. Only where the set's
                              channels_last() agrees */
  gboolean frozen;         /* w is never written while its memory lives */
  gboolean bf16;           /* as in EngGemm */
  gboolean x_short, y_short; /* x, y, not their gradients, lie in memory as bfloat16. Only where the set's
                                conv_takes_short() agrees */
  gboolean w_tiled;          /* w and its gradient lie in tiles: cout / 16 x cin / 16 x kernel x 16 (of cin) x 16 (of
                                cout). Only where the set's takes_tiles() agrees */
  gboolean adds;             /* forward adds to what is in y, floats. Only where the set's conv_adds() agrees */
  const float *bounds;       /* (nullable): y is brought between bounds[0] and bounds[1] */
} EngConv;

#define ENG_TILE 16 /* channels along each side of a tile of weights */

typedef struct
{
  const char *name;
  gboolean (*available) (void);                    /* does this machine run it */
  gboolean (*has_bf16) (void);                     /* does the processor multiply bfloat16; NULL: the set does not */
  gboolean (*channels_last) (const EngConv *p);    /* is @p fastest when x and y lie channels-last; NULL: never */
  gboolean (*gemm_takes_short) (const EngGemm *p); /* may A of @p lie as bfloat16; NULL: never */
  gboolean (*conv_takes_short) (const EngConv *p); /* may x and y, one or both; NULL: never */
  gboolean (*takes_tiles) (const EngConv *p);      /* may weights of @p that are trained lie in tiles; NULL: never */
  gboolean (*conv_adds) (const EngConv *p);        /* may forward of @p, however it lies, add to y; NULL: never */
  void (*gemm) (const EngGemm *p, const void *a, const float *b, float *c); /* a: floats, or as a_short says */
  gsize (*conv_scratch) (const EngConv *p); /* bytes that any of the three below need */
  /* y = x * w + bias (bias may be NULL), + y if p->adds, then the bounds. x, y: floats, or as x_short and y_short say
   */
  void (*conv_forward) (const EngConv *p, const void *x, const float *w, const float *bias, void *y, void *scratch);
  /* dx = dy * w^T, added to dx if @accumulate, else written */
  void (*conv_backward_data) (const EngConv *p, const float *dy, const float *w, float *dx, gboolean accumulate,
                              void *scratch);
  /* dw = x * dy, added to dw if @accumulate, else written */
  void (*conv_backward_weights) (const EngConv *p, const void *x, const float *dy, float *dw, gboolean accumulate,
                                 void *scratch);
} EngKernels;

/* The table in use: fastest available unless chosen. Never NULL. */
const EngKernels *eng_kernels (void);
/* By name ("openblas", "onednn"); NULL: as at the start. FALSE when unknown or not available here. Call before
 * graphs are built. Without a call the environment's SIGHTLINE_KERNELS decides, for tests and benchmarks. */
gboolean eng_kernels_select (const char *name, GError **error);
/* Whether the operations of products and convolutions are counted, by a set around the one in use; and how many have
 * been so far. For graphs that are built after it: they keep the set that their scratch was asked of. */
void eng_kernels_count (gboolean on);
double eng_kernels_counted (void);
/* Names of all sets, fastest first; i = 0, 1, ...; NULL at the end. @available: does it run here. */
const char *eng_kernels_nth (guint i, gboolean *available);
/* Memory of frozen weights goes away: what was kept for it goes, too. */
void eng_kernels_forget (const void *weights);

/* In what arithmetic passes multiply. Everything else (sums, normalisation, softmax, losses, optimisers) is float32,
 * and so are small products that gain nothing, such as those of attention's way back. */
typedef enum
{
  ENG_PRECISION_FLOAT32,
  ENG_PRECISION_BF16
} EngPrecision;

/* Of passes made from now on. FALSE, with a sentence, where set or processor has no bfloat16. */
gboolean eng_set_precision (EngPrecision precision, GError **error);
EngPrecision eng_get_precision (void);
/* For provenance: "onednn", or "onednn, bf16 products". Static. */
const char *eng_kernels_describe (void);
/* The same product in double precision, for the few things that need it: plain, not tuned. */
void eng_gemm_double (const EngGemm *p, const double *a, const double *b, double *c);
/* Threads for kernels and loops, at most eng_max_threads(); 0: that many. */
void eng_set_threads (int n);
/* Also brings the OpenMP state of the calling thread, which has its own, in line. */
int eng_get_threads (void);
/* The cores of this machine, or what OMP_NUM_THREADS says. Scratch memory is sized for it, so that
 * the number of threads may change after a graph was built. */
int eng_max_threads (void);

G_END_DECLS
