/* Softmax, LogSoftmax and Hardmax along an axis.
 *
 * Before opset 13 the input is taken as a matrix: all axes from @axis (default 1) on are one row. Since
 * then one axis (default the last) is meant. Softmax: dx = y (dy - sum dy y); LogSoftmax:
 * dx = dy - exp (y) sum dy; both read the output. The work is cut into groups: one row where the axis
 * is the last, a block of neighbouring columns elsewhere, so that loops run along memory. */
#include "../../kernels/vecmath.h"
#include "../../kernels/vector.h"
#include "../op.h"

#define EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Columns of a group: their running values fit the first cache. */
#define BLOCK 256
/* Rough nanoseconds per element. */
#define COST 1.0

typedef struct
{
  int64_t outer, n, inner;
} Softmax;

static gboolean
softmax_shape (EngNode *node, GError **error)
{
  int axis = 0;
  gboolean rows = node->opset < 13;
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_need_float (node, 0, error))
    return FALSE;
  const EngShape *s = &node->inputs[0]->shape;
  int64_t which = eng_attrs_get_int (node->attrs, "axis", rows ? 1 : -1);
  /* As a matrix everything may be in one column: an axis equal to the rank is allowed there. */
  if (!(rows && which == s->rank) && s->rank > 0 && !eng_node_axis (node, which, s->rank, &axis, error))
    return FALSE;
  if (rows && which == s->rank)
    axis = s->rank;
  Softmax *m = node->priv = eng_node_priv (node, Softmax);
  m->outer = eng_shape_span (s, 0, axis);
  m->n = rows ? eng_shape_span (s, axis, s->rank) : s->rank > 0 ? s->dim[axis] : 1;
  m->inner = rows ? 1 : eng_shape_span (s, axis + 1, s->rank);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, s, error);
}

/* ---- groups ---- */

typedef struct _Job Job;
struct _Job
{
  const Softmax *m;
  void (*row) (const Job *job, int64_t at);                      /* elements at .. at + n - 1 */
  void (*columns) (const Job *job, int64_t at, int64_t columns); /* columns at .., n of them apart by inner */
  const float *in, *y, *dy;
  float *out;
  gboolean fresh;
};

static void
group_range (int64_t begin, int64_t end, gpointer data)
{
  const Job *job = data;
  const Softmax *m = job->m;
  int64_t blocks = (m->inner + BLOCK - 1) / BLOCK;
  for (int64_t i = begin; i < end; i++)
    if (m->inner == 1)
      job->row (job, i * m->n);
    else
      {
        int64_t column = i % blocks * BLOCK;
        job->columns (job, i / blocks * m->n * m->inner + column, MIN (m->inner - column, BLOCK));
      }
}

static void
run (const Job *job)
{
  const Softmax *m = job->m;
  int64_t blocks = (m->inner + BLOCK - 1) / BLOCK, groups = m->outer * blocks;
  if (m->n > 0)
    eng_parallel (groups, COST * (double)m->n * (double)MIN (m->inner, BLOCK), group_range, (gpointer)job);
}

static void
forward (const EngNode *node, EngPass *pass, void (*row) (const Job *, int64_t),
         void (*columns) (const Job *, int64_t, int64_t))
{
  Job job = { .m = node->priv, .row = row, .columns = columns };
  job.in = eng_in_f (pass, node, 0);
  job.out = eng_out_f (pass, node, 0);
  run (&job);
}

static void
backward (const EngNode *node, EngPass *pass, void (*row) (const Job *, int64_t),
          void (*columns) (const Job *, int64_t, int64_t))
{
  Job job = { .m = node->priv, .row = row, .columns = columns };
  job.y = eng_out_f (pass, node, 0);
  job.dy = eng_grad_out (pass, node, 0);
  if (job.dy && (job.out = eng_grad_in_fresh (pass, node, 0, &job.fresh)))
    run (&job);
}

/* ---- along the last axis ---- */

static void
softmax_row (const Job *job, int64_t at)
{
  eng_vec_softmax (job->out + at, job->in + at, job->m->n);
}

ENG_CLONES static void
softmax_gradient (float *dx, const float *dy, const float *y, float sum, int64_t n, gboolean fresh)
{
  if (fresh)
    ENG_SIMD_LOOP (n) dx[i] = y[i] * (dy[i] - sum);
  else
    ENG_SIMD_LOOP (n) dx[i] += y[i] * (dy[i] - sum);
}

static void
softmax_row_back (const Job *job, int64_t at)
{
  int64_t n = job->m->n;
  float sum = (float)eng_vec_dot (job->dy + at, job->y + at, n);
  softmax_gradient (job->out + at, job->dy + at, job->y + at, sum, n, job->fresh);
}

ENG_CLONES static void
log_softmax (float *out, const float *in, int64_t n)
{
  float max = -INFINITY, sum = 0;
#pragma omp simd reduction(max : max)
  for (int64_t i = 0; i < n; i++)
    max = in[i] > max ? in[i] : max;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++)
    sum += eng_exp1 (in[i] - max);
  /* Two subtractions, not one of max + log (sum): a large maximum would swallow the logarithm. */
  float shift = eng_log1 (sum);
  ENG_SIMD_LOOP (n) out[i] = in[i] - max - shift;
}

static void
log_softmax_row (const Job *job, int64_t at)
{
  log_softmax (job->out + at, job->in + at, job->m->n);
}

ENG_CLONES static void
log_softmax_gradient (float *dx, const float *dy, const float *y, float sum, int64_t n, gboolean fresh)
{
  if (fresh)
    ENG_SIMD_LOOP (n) dx[i] = dy[i] - eng_exp1 (y[i]) * sum;
  else
    ENG_SIMD_LOOP (n) dx[i] += dy[i] - eng_exp1 (y[i]) * sum;
}

static void
log_softmax_row_back (const Job *job, int64_t at)
{
  int64_t n = job->m->n;
  float sum = (float)eng_vec_sum (job->dy + at, n);
  log_softmax_gradient (job->out + at, job->dy + at, job->y + at, sum, n, job->fresh);
}

/* ---- along another axis: a block of columns, element k of all of them before element k + 1 ---- */

/* sum[c] = sum over k of exp (x - max[c]), max[c] the maximum over k; @y: the exponentials, or NULL. */
ENG_CLONES static void
column_sums (const float *x, float *y, float *max, float *sum, int64_t n, int64_t inner, int64_t columns)
{
  ENG_SIMD_LOOP (columns)
  {
    max[i] = -INFINITY;
    sum[i] = 0;
  }
  for (int64_t k = 0; k < n; k++)
    ENG_SIMD_LOOP (columns) max[i] = x[k * inner + i] > max[i] ? x[k * inner + i] : max[i];
  for (int64_t k = 0; k < n; k++)
    if (y)
      ENG_SIMD_LOOP (columns)
      {
        float e = eng_exp1 (x[k * inner + i] - max[i]);
        y[k * inner + i] = e;
        sum[i] += e;
      }
    else
      ENG_SIMD_LOOP (columns) sum[i] += eng_exp1 (x[k * inner + i] - max[i]);
}

ENG_CLONES static void
softmax_columns (const Job *job, int64_t at, int64_t columns)
{
  float max[BLOCK], sum[BLOCK], *y = job->out + at;
  int64_t n = job->m->n, inner = job->m->inner;
  column_sums (job->in + at, y, max, sum, n, inner, columns);
  ENG_SIMD_LOOP (columns) sum[i] = 1 / sum[i];
  for (int64_t k = 0; k < n; k++)
    ENG_SIMD_LOOP (columns) y[k * inner + i] *= sum[i];
}

ENG_CLONES static void
log_softmax_columns (const Job *job, int64_t at, int64_t columns)
{
  float max[BLOCK], sum[BLOCK], *y = job->out + at;
  const float *x = job->in + at;
  int64_t n = job->m->n, inner = job->m->inner;
  column_sums (x, NULL, max, sum, n, inner, columns);
  ENG_SIMD_LOOP (columns) sum[i] = eng_log1 (sum[i]);
  for (int64_t k = 0; k < n; k++)
    ENG_SIMD_LOOP (columns) y[k * inner + i] = x[k * inner + i] - max[i] - sum[i];
}

ENG_CLONES static void
softmax_columns_back (const Job *job, int64_t at, int64_t columns)
{
  float sum[BLOCK] = { 0 }, *dx = job->out + at;
  const float *dy = job->dy + at, *y = job->y + at;
  int64_t n = job->m->n, inner = job->m->inner;
  for (int64_t k = 0; k < n; k++)
    ENG_SIMD_LOOP (columns) sum[i] += dy[k * inner + i] * y[k * inner + i];
  for (int64_t k = 0; k < n; k++)
    ENG_SIMD_LOOP (columns)
    {
      float d = y[k * inner + i] * (dy[k * inner + i] - sum[i]);
      dx[k * inner + i] = job->fresh ? d : dx[k * inner + i] + d;
    }
}

ENG_CLONES static void
log_softmax_columns_back (const Job *job, int64_t at, int64_t columns)
{
  float sum[BLOCK] = { 0 }, *dx = job->out + at;
  const float *dy = job->dy + at, *y = job->y + at;
  int64_t n = job->m->n, inner = job->m->inner;
  for (int64_t k = 0; k < n; k++)
    ENG_SIMD_LOOP (columns) sum[i] += dy[k * inner + i];
  for (int64_t k = 0; k < n; k++)
    ENG_SIMD_LOOP (columns)
    {
      float d = dy[k * inner + i] - eng_exp1 (y[k * inner + i]) * sum[i];
      dx[k * inner + i] = job->fresh ? d : dx[k * inner + i] + d;
    }
}

/* ---- Hardmax: 1 at the first maximum ---- */

static void
hardmax_columns (const Job *job, int64_t at, int64_t columns)
{
  int64_t n = job->m->n, inner = job->m->inner;
  for (int64_t i = at; i < at + columns; i++)
    {
      int64_t best = 0;
      for (int64_t k = 0; k < n; k++)
        {
          if (job->in[i + k * inner] > job->in[i + best * inner])
            best = k;
          job->out[i + k * inner] = 0;
        }
      job->out[i + best * inner] = 1;
    }
}

static void
hardmax_row (const Job *job, int64_t at)
{
  hardmax_columns (job, at, 1);
}

/* ---- the table ---- */

static void
softmax_forward (const EngNode *node, EngPass *pass)
{
  forward (node, pass, softmax_row, softmax_columns);
}

static void
softmax_backward (const EngNode *node, EngPass *pass)
{
  backward (node, pass, softmax_row_back, softmax_columns_back);
}

static void
log_softmax_forward (const EngNode *node, EngPass *pass)
{
  forward (node, pass, log_softmax_row, log_softmax_columns);
}

static void
log_softmax_backward (const EngNode *node, EngPass *pass)
{
  backward (node, pass, log_softmax_row_back, log_softmax_columns_back);
}

static void
hardmax_forward (const EngNode *node, EngPass *pass)
{
  forward (node, pass, hardmax_row, hardmax_columns);
}

#define BOTH_WAYS ENG_OP_INPLACE | ENG_OP_INPLACE_BACK
#define OLD EXAMPLES ("f:2x3x4", "f:3x5 axis=-1", "f:2x3 axis=0")
#define NEW EXAMPLES ("f:2x3x19", "f:2x3x4 axis=1", "f:5x2x3 axis=0", "f:7")

const EngOp eng_ops_softmax[] = {
  { "Hardmax", ENG_OPSET_MIN, ENG_OPSET_MAX, softmax_shape, hardmax_forward, NULL, ENG_KEEP_NONE, ENG_OP_PLAIN,
    NULL },
  { "LogSoftmax", ENG_OPSET_MIN, 12, softmax_shape, log_softmax_forward, log_softmax_backward, ENG_KEEP_OUT_0,
    BOTH_WAYS, OLD },
  { "LogSoftmax", 13, ENG_OPSET_MAX, softmax_shape, log_softmax_forward, log_softmax_backward, ENG_KEEP_OUT_0,
    BOTH_WAYS, NEW },
  { "Softmax", ENG_OPSET_MIN, 12, softmax_shape, softmax_forward, softmax_backward, ENG_KEEP_OUT_0, BOTH_WAYS, OLD },
  { "Softmax", 13, ENG_OPSET_MAX, softmax_shape, softmax_forward, softmax_backward, ENG_KEEP_OUT_0, BOTH_WAYS, NEW },
  { NULL },
};
