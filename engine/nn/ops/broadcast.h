/* Private to nn/ops/: numpy broadcasting and its transpose, summation, for every operator that needs
 * them: binary operators, Where, PRelu, reductions and their gradients.
 *
 * A plan lays several operands against one full shape. Axes of size 1 are dropped and neighbours that
 * are contiguous (or broadcast) in every operand are merged, so that the usual cases, equal shapes, a
 * scalar, a bias over the last axis and one value per channel, become one or two long loops. What is
 * left of the last axis has step 1 or 0 in every operand: this is all that inner loops have to know. */
#pragma once

#include "../../kernels/clones.h"
#include "../op.h"

G_BEGIN_DECLS

#define ENG_BROADCAST_OPERANDS 4

typedef struct
{
  int rank; /* >= 1 */
  int64_t dim[ENG_MAX_RANK];
  int64_t stride[ENG_BROADCAST_OPERANDS][ENG_MAX_RANK]; /* in elements; 0: broadcast. Operand 0 is the full shape */
  int64_t count[ENG_BROADCAST_OPERANDS];                /* elements of each operand */
} EngBroadcast;

/* Operand 0 has shape @full, operands 1 .. @n_operands the shapes given, each of which broadcasts to @full. */
void eng_broadcast_plan (EngBroadcast *self, const EngShape *full, const EngShape *const *operands, int n_operands);

/* An array that lies as an operand of the plan does. */
typedef struct
{
  const void *data; /* NULL: not read */
  int operand;
  int size; /* bytes of an element */
} EngSource;

#define ENG_BROADCAST_SOURCES 4

/* out[i] = f (in[0][i * step[0]], in[1][i * step[1]], ...) for i < n, n >= 1; steps are 0 or 1.
 * @p: parameters of the operator. Serial. out may be one of the sources. */
typedef void (*EngTerm) (void *out, const void *const *in, const int64_t *step, const float *p, int64_t n);

/* Source 0, floats, as it is. */
void eng_term_copy (void *out, const void *const *in, const int64_t *step, const float *p, int64_t n);

/* What is computed: a term over some sources. */
typedef struct
{
  EngTerm term;
  EngSource source[ENG_BROADCAST_SOURCES];
  const float *p;
  double cost; /* rough nanoseconds per element */
} EngMap;

/* Evaluates the term over the full shape into @out, elements of @out_size bytes. */
void eng_broadcast_map (const EngBroadcast *self, const EngMap *map, void *out, int out_size);
/* The same for floats: writes @out when @fresh, else adds to it. */
void eng_broadcast_map_add (const EngBroadcast *self, const EngMap *map, float *out, gboolean fresh);

/* How terms are brought together along the axes that an operand lacks. */
typedef struct
{
  double start;
  void (*columns) (double *acc, const float *x, int64_t n); /* acc[i] = combine (acc[i], x[i]) */
  double (*row) (double acc, const float *x, int64_t n);    /* combine (acc, x[0], ..., x[n - 1]) */
} EngFold;

extern const EngFold eng_fold_sum, eng_fold_max, eng_fold_min, eng_fold_product;

/* Brings the terms (floats) together, in double, into the shape of @operand. @fresh: writes @out, else adds. */
void eng_broadcast_fold (const EngBroadcast *self, int operand, const EngMap *map, const EngFold *fold, float *out,
                         gboolean fresh);
/* The gradient of @operand: terms summed into its shape, a plain map where nothing is to be summed. */
void eng_broadcast_grad (const EngBroadcast *self, int operand, const EngMap *map, float *out, gboolean fresh);

/* Defines the term @name of operands 1 and 2 for @expression, which reads them as A and B, the parameters as p[],
 * and two float arrays of the full shape as g[i] (source 0: the gradient that arrives) and y[i] (source 3).
 * The loop is inlined once per pair of steps: a step of 0 known to the compiler is a value in a register. */
#define ENG_TERM(name, OutType, AType, BType, expression)                                                            \
  ENG_INLINE void name##_loop (OutType *out, const float *g, const AType *a, const BType *b, const float *y,         \
                               const float *p, int64_t n, int step_a, int step_b)                                    \
  {                                                                                                                  \
    const AType a0 = a[0];                                                                                           \
    const BType b0 = b[0];                                                                                           \
    ENG_SIMD_LOOP (n)                                                                                                \
    {                                                                                                                \
      G_GNUC_UNUSED const AType A = step_a ? a[i] : a0;                                                              \
      G_GNUC_UNUSED const BType B = step_b ? b[i] : b0;                                                              \
      out[i] = (OutType)(expression);                                                                                \
    }                                                                                                                \
  }                                                                                                                  \
  ENG_CLONES static void name (void *out, const void *const *in, const int64_t *step, const float *p, int64_t n)     \
  {                                                                                                                  \
    if (step[1] && step[2])                                                                                          \
      name##_loop (out, in[0], in[1], in[2], in[3], p, n, 1, 1);                                                     \
    else if (step[1])                                                                                                \
      name##_loop (out, in[0], in[1], in[2], in[3], p, n, 1, 0);                                                     \
    else if (step[2])                                                                                                \
      name##_loop (out, in[0], in[1], in[2], in[3], p, n, 0, 1);                                                     \
    else                                                                                                             \
      name##_loop (out, in[0], in[1], in[2], in[3], p, n, 0, 0);                                                     \
  }

G_END_DECLS
