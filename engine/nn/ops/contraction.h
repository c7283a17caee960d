/* Sums of products over labelled axes: dst[labels] = or += product of src[labels], over all labels.
 *
 * Every array is described by one stride per label: the sum of the strides of the axes that bear
 * it (so a label borne twice walks the diagonal), zero where the array does not bear it or has length one. */
#pragma once

#include "../../kernels/kernels.h"
#include "strided.h"

G_BEGIN_DECLS

#define ENG_CONTRACTION_SOURCES 3
#define ENG_CONTRACTION_SIDES (ENG_CONTRACTION_SOURCES + 1) /* 0: what is written; then the sources */

typedef struct
{
  int rank, sides;
  int64_t n[ENG_STRIDED_RANK], stride[ENG_CONTRACTION_SIDES][ENG_STRIDED_RANK];
  int64_t count[ENG_CONTRACTION_SIDES]; /* elements of each array */
} EngLabels;

typedef enum
{
  ENG_CONTRACT_BY_STRIDES, /* one source */
  ENG_CONTRACT_BY_LOOP,
  ENG_CONTRACT_BY_GEMM
} EngContractionHow;

/* C = A B for every step of the outer labels; a side that does not fit is packed into scratch. */
typedef struct
{
  EngGemm gemm;
  int left;         /* the source (1 or 2) that is A */
  gboolean pack[3]; /* C, A, B */
  EngStrided packing[3];
  int64_t packed[3]; /* where each packed side begins in the scratch, in floats */
  int outer;         /* labels that are looped over */
  int64_t outer_n[ENG_STRIDED_RANK], outer_stride[3][ENG_STRIDED_RANK];
} EngProduct;

typedef struct
{
  EngLabels labels;
  EngContractionHow how;
  gboolean covers; /* every element of dst is reached */
  EngProduct product;
  int64_t scratch; /* floats */
} EngContraction;

/* Decides how, from c->labels; the rest of @c is zero before. */
void eng_contraction_plan (EngContraction *c);
/* @fresh: the content of @dst is undefined and is overwritten; else it is added to.
 * @src: as many as c->labels.sides - 1. @scratch: c->scratch floats. */
void eng_contract (const EngContraction *c, float *dst, const float *const src[], float *scratch, gboolean fresh);

G_END_DECLS
