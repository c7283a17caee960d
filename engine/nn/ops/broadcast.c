#include "broadcast.h"

#include "../../kernels/vector.h"

#include <math.h>
#include <string.h>

/* Elements that a thread works on between two looks at the memory outside its cache. */
#define BLOCK 512

/* The stride of @operand along axis @axis of @full, counted from the end; 0 where it is broadcast. */
static void
operand_strides (const EngShape *full, const EngShape *operand, int64_t *stride)
{
  int64_t own[ENG_MAX_RANK];
  eng_shape_strides (operand, own);
  for (int i = 0; i < full->rank; i++)
    {
      int k = i - (full->rank - operand->rank);
      stride[i] = k < 0 || operand->dim[k] == 1 ? 0 : own[k];
    }
}

static gboolean
can_merge (int64_t stride[][ENG_MAX_RANK], int n, int outer, int inner, int64_t inner_dim)
{
  for (int o = 0; o <= n; o++)
    if (stride[o][outer] != stride[o][inner] * inner_dim)
      return FALSE;
  return TRUE;
}

void
eng_broadcast_plan (EngBroadcast *self, const EngShape *full, const EngShape *const *operands, int n_operands)
{
  int64_t stride[ENG_BROADCAST_OPERANDS][ENG_MAX_RANK] = { 0 };
  operand_strides (full, full, stride[0]);
  self->count[0] = eng_shape_count (full);
  for (int o = 1; o <= n_operands; o++)
    {
      operand_strides (full, operands[o - 1], stride[o]);
      self->count[o] = eng_shape_count (operands[o - 1]);
    }
  self->rank = 0;
  int last = -1; /* the axis of @full that the axis made last ends with */
  for (int i = 0; i < full->rank; i++)
    {
      if (full->dim[i] == 1)
        continue;
      gboolean merge = last >= 0 && can_merge (stride, n_operands, last, i, full->dim[i]);
      int axis = merge ? self->rank - 1 : self->rank++;
      self->dim[axis] = full->dim[i] * (merge ? self->dim[axis] : 1);
      for (int o = 0; o < ENG_BROADCAST_OPERANDS; o++)
        self->stride[o][axis] = stride[o][i];
      last = i;
    }
  if (self->rank == 0)
    {
      self->rank = 1;
      self->dim[0] = 1;
      for (int o = 0; o < ENG_BROADCAST_OPERANDS; o++)
        self->stride[o][0] = 1;
    }
}

/* ---- walking over some axes of a plan ---- */

typedef struct
{
  const EngBroadcast *plan;
  int n, axis[ENG_MAX_RANK]; /* the axes walked over, outermost first */
  int64_t count;             /* positions */
  int64_t index[ENG_MAX_RANK], offset[ENG_BROADCAST_OPERANDS];
} Walk;

static void
walk_add_axis (Walk *w, int axis)
{
  w->axis[w->n++] = axis;
  w->count *= w->plan->dim[axis];
}

static void
walk_seek (Walk *w, int64_t position)
{
  memset (w->offset, 0, sizeof w->offset);
  for (int k = w->n - 1; k >= 0; k--)
    {
      int axis = w->axis[k];
      w->index[k] = position % w->plan->dim[axis];
      position /= w->plan->dim[axis];
      for (int o = 0; o < ENG_BROADCAST_OPERANDS; o++)
        w->offset[o] += w->index[k] * w->plan->stride[o][axis];
    }
}

static void
walk_next (Walk *w)
{
  for (int k = w->n - 1; k >= 0; k--)
    {
      int axis = w->axis[k];
      gboolean carry = ++w->index[k] == w->plan->dim[axis];
      int64_t by = carry ? 1 - w->index[k] : 1;
      for (int o = 0; o < ENG_BROADCAST_OPERANDS; o++)
        w->offset[o] += by * w->plan->stride[o][axis];
      if (!carry)
        return;
      w->index[k] = 0;
    }
}

/* Pointers and steps of a map's sources where the last axis begins, moved by @column. */
static void
sources_at (const EngBroadcast *b, const EngMap *map, const int64_t *offset, const int64_t *more, int64_t column,
            const void **in, int64_t *step)
{
  for (int s = 0; s < ENG_BROADCAST_SOURCES; s++)
    {
      const EngSource *source = &map->source[s];
      int o = source->operand;
      step[s] = b->stride[o][b->rank - 1];
      int64_t at = offset[o] + (more ? more[o] : 0) + column * step[s];
      in[s] = source->data ? (const char *)source->data + at * source->size : NULL;
    }
}

/* ---- maps ---- */

typedef struct
{
  const EngBroadcast *plan;
  const EngMap *map;
  char *out;
  int out_size;
  gboolean add;
} MapJob;

static void
add_term (float *out, const EngMap *map, const void *const *in, const int64_t *step, int64_t n)
{
  float buffer[BLOCK];
  if (map->term == eng_term_copy && step[0])
    {
      eng_vec_accumulate (out, in[0], n);
      return;
    }
  for (int64_t done = 0; done < n; done += BLOCK)
    {
      int64_t m = MIN (n - done, BLOCK);
      const void *at[ENG_BROADCAST_SOURCES];
      for (int s = 0; s < ENG_BROADCAST_SOURCES; s++)
        at[s] = in[s] ? (const char *)in[s] + done * step[s] * map->source[s].size : NULL;
      map->term (buffer, at, step, map->p, m);
      eng_vec_accumulate (out + done, buffer, m);
    }
}

static void
map_range (int64_t begin, int64_t end, gpointer data)
{
  const MapJob *job = data;
  const EngBroadcast *b = job->plan;
  int64_t inner = b->dim[b->rank - 1], column = begin % inner;
  Walk rows = { .plan = b, .count = 1 };
  for (int i = 0; i < b->rank - 1; i++)
    walk_add_axis (&rows, i);
  walk_seek (&rows, begin / inner);
  while (begin < end)
    {
      const void *in[ENG_BROADCAST_SOURCES];
      int64_t step[ENG_BROADCAST_SOURCES], n = MIN (inner - column, end - begin);
      sources_at (b, job->map, rows.offset, NULL, column, in, step);
      char *out = job->out + begin * job->out_size;
      if (job->add)
        add_term ((float *)out, job->map, in, step, n);
      else
        job->map->term (out, in, step, job->map->p, n);
      begin += n;
      column = 0;
      walk_next (&rows);
    }
}

void
eng_broadcast_map (const EngBroadcast *self, const EngMap *map, void *out, int out_size)
{
  MapJob job = { .plan = self, .map = map, .out = out, .out_size = out_size };
  eng_parallel (self->count[0], map->cost, map_range, &job);
}

void
eng_broadcast_map_add (const EngBroadcast *self, const EngMap *map, float *out, gboolean fresh)
{
  MapJob job = { .plan = self, .map = map, .out = (char *)out, .out_size = sizeof (float), .add = !fresh };
  eng_parallel (self->count[0], map->cost, map_range, &job);
}

void
eng_term_copy (void *out, const void *const *in, const int64_t *step, const float *p, int64_t n)
{
  float *o = out;
  if (step[0] && out != in[0]) /* a gradient may be handed on where it is */
    memcpy (out, in[0], n * sizeof (float));
  else if (!step[0])
    ENG_SIMD_LOOP (n) o[i] = *(const float *)in[0];
}

/* ---- folds ---- */

typedef struct
{
  const EngBroadcast *plan;
  const EngMap *map;
  const EngFold *fold;
  int operand;
  float *out;
  gboolean fresh;
  Walk kept, folded;   /* axes other than the last, kept by the operand and not */
  gboolean inner_kept; /* the last axis */
  int64_t block;       /* columns of an item */
  int64_t blocks;
} FoldJob;

/* The terms at some place: computed into @buffer, or where they are. */
static const float *
terms_at (const FoldJob *job, const Walk *kept, const Walk *folded, int64_t column, int64_t n, float *buffer)
{
  const void *in[ENG_BROADCAST_SOURCES];
  int64_t step[ENG_BROADCAST_SOURCES];
  sources_at (job->plan, job->map, kept->offset, folded->offset, column, in, step);
  if (job->map->term == eng_term_copy && step[0])
    return in[0];
  job->map->term (buffer, in, step, job->map->p, n);
  return buffer;
}

static void
fold_columns (const FoldJob *job, const Walk *kept, int64_t column, int64_t n, float *out)
{
  double acc[BLOCK];
  float buffer[BLOCK];
  Walk folded = job->folded;
  for (int64_t i = 0; i < n; i++)
    acc[i] = job->fold->start;
  walk_seek (&folded, 0);
  for (int64_t r = 0; r < folded.count; r++, walk_next (&folded))
    job->fold->columns (acc, terms_at (job, kept, &folded, column, n, buffer), n);
  for (int64_t i = 0; i < n; i++)
    out[i] = (float)acc[i] + (job->fresh ? 0 : out[i]);
}

static void
fold_rows (const FoldJob *job, const Walk *kept, float *out)
{
  float buffer[BLOCK];
  Walk folded = job->folded;
  int64_t inner = job->plan->dim[job->plan->rank - 1];
  double acc = job->fold->start;
  walk_seek (&folded, 0);
  for (int64_t r = 0; r < folded.count; r++, walk_next (&folded))
    for (int64_t column = 0; column < inner; column += BLOCK)
      {
        int64_t n = MIN (inner - column, BLOCK);
        acc = job->fold->row (acc, terms_at (job, kept, &folded, column, n, buffer), n);
      }
  *out = (float)acc + (job->fresh ? 0 : *out);
}

static void
fold_range (int64_t begin, int64_t end, gpointer data)
{
  const FoldJob *job = data;
  Walk kept = job->kept;
  int64_t inner = job->plan->dim[job->plan->rank - 1];
  for (int64_t item = begin; item < end; item++)
    {
      int64_t column = item % job->blocks * job->block;
      if (item == begin)
        walk_seek (&kept, item / job->blocks);
      else if (column == 0)
        walk_next (&kept);
      float *out = job->out + kept.offset[job->operand];
      if (job->inner_kept)
        fold_columns (job, &kept, column, MIN (inner - column, job->block), out + column);
      else
        fold_rows (job, &kept, out);
    }
}

void
eng_broadcast_fold (const EngBroadcast *self, int operand, const EngMap *map, const EngFold *fold, float *out,
                    gboolean fresh)
{
  FoldJob job = { .plan = self, .map = map, .fold = fold, .operand = operand, .out = out, .fresh = fresh };
  if (self->count[0] == 0)
    {
      for (int64_t i = 0; i < self->count[operand]; i++)
        out[i] = (float)fold->start + (fresh ? 0 : out[i]);
      return;
    }
  job.kept = job.folded = (Walk){ .plan = self, .count = 1 };
  for (int i = 0; i < self->rank - 1; i++)
    walk_add_axis (self->stride[operand][i] ? &job.kept : &job.folded, i);
  int64_t inner = self->dim[self->rank - 1];
  job.inner_kept = self->stride[operand][self->rank - 1] != 0;
  /* Where few values are kept, narrower columns give every thread some. */
  job.block = self->count[operand] >= 16 * BLOCK ? BLOCK : BLOCK / 8;
  job.blocks = job.inner_kept ? (inner + job.block - 1) / job.block : 1;
  int64_t items = job.kept.count * job.blocks;
  eng_parallel (items, map->cost * ((double)self->count[0] / (double)items), fold_range, &job);
}

void
eng_broadcast_grad (const EngBroadcast *self, int operand, const EngMap *map, float *out, gboolean fresh)
{
  if (self->count[operand] == self->count[0])
    eng_broadcast_map_add (self, map, out, fresh);
  else
    eng_broadcast_fold (self, operand, map, &eng_fold_sum, out, fresh);
}

ENG_CLONES static void
sum_columns (double *acc, const float *x, int64_t n)
{
  ENG_SIMD_LOOP (n) acc[i] += x[i];
}

static double
sum_row (double acc, const float *x, int64_t n)
{
  return acc + eng_vec_sum (x, n);
}

/* NaN wins in maxima and minima: the comparison with NaN is false once acc is NaN. */
ENG_CLONES static void
max_columns (double *acc, const float *x, int64_t n)
{
  ENG_SIMD_LOOP (n) acc[i] = (x[i] > acc[i]) | (x[i] != x[i]) ? x[i] : acc[i];
}

static double
max_row (double acc, const float *x, int64_t n)
{
  float max = eng_vec_max (x, n);
  return max > acc || max != max ? max : acc;
}

ENG_CLONES static void
min_columns (double *acc, const float *x, int64_t n)
{
  ENG_SIMD_LOOP (n) acc[i] = (x[i] < acc[i]) | (x[i] != x[i]) ? x[i] : acc[i];
}

static double
min_row (double acc, const float *x, int64_t n)
{
  float min = eng_vec_min (x, n);
  return min < acc || min != min ? min : acc;
}

ENG_CLONES static void
product_columns (double *acc, const float *x, int64_t n)
{
  ENG_SIMD_LOOP (n) acc[i] *= x[i];
}

ENG_CLONES static double
product_row (double acc, const float *x, int64_t n)
{
#pragma omp simd reduction(* : acc)
  for (int64_t i = 0; i < n; i++)
    acc *= x[i];
  return acc;
}

const EngFold eng_fold_sum = { 0, sum_columns, sum_row };
const EngFold eng_fold_max = { -INFINITY, max_columns, max_row };
const EngFold eng_fold_min = { INFINITY, min_columns, min_row };
const EngFold eng_fold_product = { 1, product_columns, product_row };
