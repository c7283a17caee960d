/* With one source a contraction is a strided sum (strided.h); with two it becomes a batched matrix
 * product, arrays being packed where their strides do not fit one; the rest is a plain loop. */
#include "contraction.h"

#include "../../kernels/vector.h"

#include <string.h>

/* Products with fewer sums and columns than this gain nothing from a matrix product. */
#define GEMM_MIN 4
/* Rough nanoseconds of one step of the plain loop. */
#define COST_STEP 2.0

/* EngLabels of the product, by the arrays that bear them. */
typedef enum
{
  ROLE_BATCH,
  ROLE_M,
  ROLE_N,
  ROLE_K,
  ROLE_ONE, /* one array only: summed while packing, or repeated while unpacking */
  N_ROLES
} Role;

static Role
label_role (const EngLabels *l, int i, const int side[3])
{
  gboolean c = l->stride[side[0]][i] != 0, a = l->stride[side[1]][i] != 0, b = l->stride[side[2]][i] != 0;
  if (a && b)
    return c ? ROLE_BATCH : ROLE_K;
  if (c && a)
    return ROLE_M;
  return c && b ? ROLE_N : ROLE_ONE;
}

/* EngLabels of one role, outermost first. */
typedef struct
{
  int n, label[ENG_STRIDED_RANK];
  int64_t size; /* product of their lengths */
} Group;

/* Ordered by the strides of array @by, so that what is contiguous there stays so. */
static void
make_groups (const EngLabels *l, const int side[3], Group groups[N_ROLES])
{
  static const int order_by[N_ROLES] = { 0, 1, 2, 1, 0 };
  for (int r = 0; r < N_ROLES; r++)
    groups[r] = (Group){ .size = 1 };
  for (int i = 0; i < l->rank; i++)
    {
      Role role = label_role (l, i, side);
      Group *g = &groups[role];
      const int64_t *stride = l->stride[side[order_by[role]]];
      int k = g->n++;
      for (; k > 0 && stride[g->label[k - 1]] < stride[i]; k--)
        g->label[k] = g->label[k - 1];
      g->label[k] = i;
      g->size *= l->n[i];
    }
}

/* Whether a group is one axis of array @side; *stride is then that of its last label. */
static gboolean
group_stride (const EngLabels *l, const Group *g, int side, int64_t *stride)
{
  *stride = g->n ? l->stride[side][g->label[g->n - 1]] : 0;
  for (int i = 0; i + 1 < g->n; i++)
    if (l->stride[side][g->label[i]] != l->stride[side][g->label[i + 1]] * l->n[g->label[i + 1]])
      return FALSE;
  return TRUE;
}

/* Whether strides make a matrix that a product can read: one of them one, rows not overlapping. */
static gboolean
matrix_form (int64_t rows, int64_t row_stride, int64_t columns, int64_t column_stride, gboolean *trans, int64_t *ld)
{
  *trans = FALSE;
  *ld = rows > 1 ? row_stride : columns;
  if ((columns == 1 || column_stride == 1) && *ld >= columns)
    return TRUE;
  *trans = TRUE;
  *ld = columns > 1 ? column_stride : rows;
  return (rows == 1 || row_stride == 1) && *ld >= rows;
}

/* The box between array @side of the labels and its packed form: batch, rows, columns. */
static void
make_packing (const EngLabels *l, int side, gboolean write, const Group *batch, const Group *rows,
              const Group *columns, const Group *one, EngStrided *s)
{
  const Group *groups[3] = { batch, rows, columns };
  int64_t step = 1;
  EngStrided packed = { 0 };
  for (int g = 2; g >= 0; g--)
    for (int i = groups[g]->n - 1; i >= 0; i--)
      {
        int label = groups[g]->label[i];
        eng_strided_axis (&packed, l->n[label], step, l->stride[side][label]);
        step *= l->n[label];
      }
  for (int i = 0; i < one->n; i++)
    if (l->stride[side][one->label[i]])
      eng_strided_axis (&packed, l->n[one->label[i]], 0, l->stride[side][one->label[i]]);
  *s = write ? eng_strided_reversed (&packed) : packed;
}

/* One of C, A, B: its two groups and what the product calls its layout. */
static void
plan_side (EngContraction *c, const Group groups[N_ROLES], int which, int side, const Group *rows,
           const Group *columns, gboolean *trans, int64_t *ld, int64_t *batch_stride, int64_t *strides)
{
  const EngLabels *l = &c->labels;
  EngProduct *p = &c->product;
  const Group *batch = &groups[ROLE_BATCH], *one = &groups[ROLE_ONE];
  int64_t row_stride, column_stride;
  gboolean fits = group_stride (l, rows, side, &row_stride) & group_stride (l, columns, side, &column_stride);
  fits = fits && matrix_form (rows->size, row_stride, columns->size, column_stride, trans, ld)
         && (which != 0 || !*trans);
  for (int i = 0; i < one->n; i++)
    fits = fits && l->stride[side][one->label[i]] == 0;
  for (int i = 0; i < batch->n; i++)
    strides[i] = l->stride[side][batch->label[i]];
  if (!fits)
    {
      int64_t step = rows->size * columns->size;
      p->pack[which] = TRUE;
      p->packed[which] = c->scratch;
      make_packing (l, side, which == 0, batch, rows, columns, one, &p->packing[which]);
      *trans = FALSE;
      *ld = columns->size;
      for (int i = batch->n - 1; i >= 0; i--)
        {
          strides[i] = step;
          step *= l->n[batch->label[i]];
        }
      c->scratch += (step + 15) & ~(int64_t)15;
    }
  *batch_stride = batch->n ? strides[batch->n - 1] : 0;
}

/* Fills the product; FALSE when a plain loop is as good. */
static gboolean
plan_product (EngContraction *c)
{
  const EngLabels *l = &c->labels;
  EngProduct *p = &c->product;
  Group groups[N_ROLES];
  int side[3] = { 0, 1, 2 };
  int64_t stride;
  make_groups (l, side, groups);
  /* C must be written row by row: where the rows of A lie side by side in C, its transpose is made instead. */
  if (groups[ROLE_M].n && group_stride (l, &groups[ROLE_M], 0, &stride) && stride == 1)
    {
      side[1] = 2;
      side[2] = 1;
      make_groups (l, side, groups);
    }
  const Group *m = &groups[ROLE_M], *n = &groups[ROLE_N], *k = &groups[ROLE_K], *batch = &groups[ROLE_BATCH];
  if (m->size * n->size < GEMM_MIN || m->size * n->size * k->size < GEMM_MIN * GEMM_MIN)
    return FALSE;
  int64_t strides[3][ENG_STRIDED_RANK];
  gboolean c_trans;
  EngGemm *g = &p->gemm;
  p->left = side[1];
  plan_side (c, groups, 0, 0, m, n, &c_trans, &g->ldc, &g->stride_c, strides[0]);
  plan_side (c, groups, 1, side[1], m, k, &g->trans_a, &g->lda, &g->stride_a, strides[1]);
  plan_side (c, groups, 2, side[2], k, n, &g->trans_b, &g->ldb, &g->stride_b, strides[2]);
  g->m = m->size;
  g->n = n->size;
  g->k = k->size;
  g->alpha = 1;
  g->batch = batch->n ? l->n[batch->label[batch->n - 1]] : 1;
  p->outer = MAX (batch->n - 1, 0);
  for (int i = 0; i < p->outer; i++)
    {
      p->outer_n[i] = l->n[batch->label[i]];
      for (int s = 0; s < 3; s++)
        p->outer_stride[s][i] = strides[s][i];
    }
  return TRUE;
}

static gboolean
any_empty (const EngLabels *l)
{
  for (int i = 0; i < l->rank; i++)
    if (l->n[i] == 0)
      return TRUE;
  return FALSE;
}

/* Whether label @i is the outer part of label @j in every array. */
static gboolean
can_merge (const EngLabels *l, int i, int j)
{
  for (int s = 0; s < l->sides; s++)
    if (l->stride[s][i] != l->stride[s][j] * l->n[j])
      return FALSE;
  return i != j;
}

static void
drop_label (EngLabels *l, int i)
{
  l->rank--;
  for (int k = i; k < l->rank; k++)
    {
      l->n[k] = l->n[k + 1];
      for (int s = 0; s < l->sides; s++)
        l->stride[s][k] = l->stride[s][k + 1];
    }
}

/* EngLabels of length one say nothing; those that are one axis everywhere become one. */
static void
simplify (EngLabels *l)
{
  for (int i = 0; i < l->rank;)
    {
      int j = l->n[i] == 1 ? i : 0;
      for (; l->n[i] != 1 && j < l->rank && !can_merge (l, i, j); j++)
        ;
      if (j == l->rank)
        {
          i++;
          continue;
        }
      if (l->n[i] != 1)
        l->n[j] *= l->n[i];
      drop_label (l, i);
      i = 0;
    }
}

void
eng_contraction_plan (EngContraction *c)
{
  EngLabels *l = &c->labels;
  int64_t written = 1;
  simplify (l);
  for (int i = 0; i < l->rank; i++)
    written *= l->stride[0][i] ? l->n[i] : 1;
  c->covers = written == l->count[0];
  c->how = l->sides == 2                                         ? ENG_CONTRACT_BY_STRIDES
           : l->sides == 3 && !any_empty (l) && plan_product (c) ? ENG_CONTRACT_BY_GEMM
                                                                 : ENG_CONTRACT_BY_LOOP;
}

/* ---- running it ---- */

static void
run_product (const EngContraction *c, float *dst, const float *const src[], float *scratch, gboolean fresh)
{
  const EngProduct *p = &c->product;
  const float *in[3] = { NULL, src[p->left - 1], src[2 - p->left] };
  EngGemm gemm = p->gemm;
  int64_t at[ENG_STRIDED_RANK] = { 0 };
  for (int s = 1; s < 3; s++)
    if (p->pack[s])
      {
        float *packed = scratch + p->packed[s];
        int64_t size = s == 1 ? gemm.m * gemm.k : gemm.k * gemm.n;
        for (int i = 0; i < p->outer; i++)
          size *= p->outer_n[i];
        memset (packed, 0, (gsize)(size * gemm.batch) * sizeof *packed);
        eng_strided_add (&p->packing[s], packed, in[s]);
        in[s] = packed;
      }
  float *out = p->pack[0] ? scratch + p->packed[0] : dst;
  gemm.beta = p->pack[0] || fresh ? 0 : 1;
  for (int axis = 0; axis >= 0;)
    {
      int64_t shift[3] = { 0 };
      for (int s = 0; s < 3; s++)
        for (int i = 0; i < p->outer; i++)
          shift[s] += at[i] * p->outer_stride[s][i];
      eng_kernels ()->gemm (&gemm, in[1] + shift[1], in[2] + shift[2], out + shift[0]);
      for (axis = p->outer - 1; axis >= 0 && ++at[axis] == p->outer_n[axis]; axis--)
        at[axis] = 0;
    }
  if (p->pack[0] && fresh)
    eng_strided_copy (&p->packing[0], dst, out, sizeof *dst);
  else if (p->pack[0])
    eng_strided_add (&p->packing[0], dst, out);
}

typedef struct
{
  const EngLabels *labels;
  int order[ENG_STRIDED_RANK]; /* labels that are written first, summed ones after */
  int written;                 /* number of the former */
  float *dst;
  const float *src[ENG_CONTRACTION_SOURCES];
} Loop;

static double
loop_sum (const Loop *loop, int depth, const int64_t at[ENG_CONTRACTION_SIDES])
{
  const EngLabels *l = loop->labels;
  int label = depth < l->rank ? loop->order[depth] : 0;
  int64_t n = depth < l->rank ? l->n[label] : 1, next[ENG_CONTRACTION_SIDES];
  double sum = 0;
  memcpy (next, at, sizeof next);
  for (int64_t i = 0; i < n; i++)
    {
      double product = 1;
      for (int s = 1; depth >= l->rank - 1 && s < l->sides; s++)
        product *= (double)loop->src[s - 1][next[s]];
      sum += depth >= l->rank - 1 ? product : loop_sum (loop, depth + 1, next);
      for (int s = 0; s < l->sides && l->rank; s++)
        next[s] += l->stride[s][label];
    }
  return sum;
}

static void
loop_part (int64_t begin, int64_t end, gpointer data)
{
  const Loop *loop = data;
  const EngLabels *l = loop->labels;
  for (int64_t i = begin; i < end; i++)
    {
      int64_t at[ENG_CONTRACTION_SIDES] = { 0 }, left = i;
      for (int k = loop->written - 1; k >= 0; k--)
        {
          int label = loop->order[k];
          for (int s = 0; s < l->sides; s++)
            at[s] += left % l->n[label] * l->stride[s][label];
          left /= l->n[label];
        }
      loop->dst[at[0]] += (float)loop_sum (loop, loop->written, at);
    }
}

/* dst += the sum of products. */
static void
run_loop (const EngContraction *c, float *dst, const float *const src[])
{
  const EngLabels *l = &c->labels;
  Loop loop = { .labels = l, .dst = dst };
  int64_t written = 1, summed = 1;
  int n = 0;
  memcpy (loop.src, src, sizeof *src * (gsize)(l->sides - 1));
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < l->rank; i++)
      if ((l->stride[0][i] != 0) == (pass == 0))
        {
          loop.order[n++] = i;
          loop.written += pass == 0;
          *(pass == 0 ? &written : &summed) *= l->n[i];
        }
  eng_parallel (written, (double)summed * COST_STEP, loop_part, &loop);
}

void
eng_contract (const EngContraction *c, float *dst, const float *const src[], float *scratch, gboolean fresh)
{
  const EngLabels *l = &c->labels;
  gboolean write = fresh && c->covers && c->how == ENG_CONTRACT_BY_GEMM;
  if (fresh && !write)
    memset (dst, 0, (gsize)l->count[0] * sizeof *dst);
  if (any_empty (l))
    return;
  if (c->how == ENG_CONTRACT_BY_GEMM)
    run_product (c, dst, src, scratch, write);
  else if (c->how == ENG_CONTRACT_BY_LOOP)
    run_loop (c, dst, src);
  else
    {
      EngStrided s = { 0 };
      for (int i = 0; i < l->rank; i++)
        eng_strided_axis (&s, l->n[i], l->stride[0][i], l->stride[1][i]);
      eng_strided_add (&s, dst, src[0]);
    }
}
