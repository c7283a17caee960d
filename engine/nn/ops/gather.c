/* Operators that read or write elements at indices: Gather, GatherElements, GatherND, Compress,
 * ScatterElements, ScatterND. Indices count from the end when negative. Constant indices are
 * checked when the node is built; computed ones that fall outside read zero, write nothing and
 * receive no gradient. Where several updates meet in one element, reduction "none" is
 * undefined by ONNX: here the last one in memory order wins within a thread's share.
 * Definitions: ONNX operator specification, opset 7 to 21. */
#include "strided.h"

#include "../../kernels/vector.h"

#include <string.h>

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* Rough nanoseconds to move one element of a row, and to look up one index. */
#define COST_ELEMENT 0.5
#define COST_INDEX 2.0

/* @i in 0 .. n-1; -1: outside. */
static inline int64_t
wrap_index (int64_t i, int64_t n)
{
  i += i < 0 ? n : 0;
  return i >= 0 && i < n ? i : -1;
}

/* Rows of one element are the common case that memcpy() would slow down. */
static inline void
copy_row (char *to, const char *from, int64_t bytes)
{
  if (bytes == 4)
    memcpy (to, from, 4);
  else if (bytes == 8)
    memcpy (to, from, 8);
  else
    memcpy (to, from, (gsize)bytes);
}

static gboolean
check_index (int64_t i, int64_t n, GError **error)
{
  if (wrap_index (i, n) < 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "index %" G_GINT64_FORMAT " is outside an axis of length %" G_GINT64_FORMAT, i, n);
  return TRUE;
}

/* Where input 1 is constant, all of it must lie within an axis of length @n. */
static gboolean
check_indices (const EngNode *node, int64_t n, GError **error)
{
  const EngTensor *t = node->inputs[1]->constant;
  for (int64_t i = 0, count = t ? eng_tensor_count (t) : 0; i < count; i++)
    if (!check_index (t->i[i], n, error))
      return FALSE;
  return TRUE;
}

/* ---- Gather and Compress: whole rows along one axis ---- */

typedef struct
{
  int64_t outer, n, inner; /* the data: steps before the axis, its length, elements behind it */
  int64_t count;           /* number of indices */
  const int64_t *chosen;   /* Compress: the indices; Gather: NULL, they are input 1 */
} Rows;

typedef struct
{
  const Rows *r;
  const int64_t *index;
  char *to;
  const char *from;
  int64_t size; /* bytes of an element */
} RowsData;

static void
set_rows (EngNode *node, const EngShape *in, int axis, int64_t count, const int64_t *chosen)
{
  Rows *r = node->priv = eng_node_priv (node, Rows);
  *r = (Rows){ eng_shape_span (in, 0, axis), in->dim[axis], eng_shape_span (in, axis + 1, in->rank), count, chosen };
}

static gboolean
gather_shape (EngNode *node, GError **error)
{
  int axis;
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_need_int (node, 1, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape, *index = &node->inputs[1]->shape;
  EngShape out = { .rank = in->rank - 1 + index->rank };
  if (!eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", 0), in->rank, &axis, error)
      || !check_indices (node, in->dim[axis], error))
    return FALSE;
  if (out.rank > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the output has rank %d, at most %d is supported", out.rank,
                     ENG_MAX_RANK);
  for (int i = 0; i < out.rank; i++)
    out.dim[i] = i < axis ? in->dim[i] : i < axis + index->rank ? index->dim[i - axis] : in->dim[i - index->rank + 1];
  set_rows (node, in, axis, eng_shape_count (index), NULL);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error);
}

/* The condition decides the output's shape, so it must be constant. */
static gboolean
compress_shape (EngNode *node, GError **error)
{
  int axis = 0;
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_need_int (node, 1, error)
      || !eng_node_need_rank (node, 1, 1, 1, error))
    return FALSE;
  const EngTensor *condition = eng_node_constant (node, 1, error);
  if (!condition)
    return FALSE;
  EngShape in = node->inputs[0]->shape;
  if (!eng_attrs_has (node->attrs, "axis"))
    in = ENG_SHAPE (eng_shape_count (&in));
  else if (!eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", 0), in.rank, &axis, error))
    return FALSE;
  if (condition->shape.dim[0] > in.dim[axis])
    return eng_fail (error, ENG_ERROR_INVALID, "the condition is longer than the axis");
  int64_t *chosen = eng_node_alloc (node, sizeof *chosen * (gsize)condition->shape.dim[0]), count = 0;
  for (int64_t i = 0; i < condition->shape.dim[0]; i++)
    if (condition->i[i])
      chosen[count++] = i;
  EngShape out = in;
  out.dim[axis] = count;
  set_rows (node, &in, axis, count, chosen);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error);
}

static void
rows_copy (int64_t begin, int64_t end, gpointer data)
{
  const RowsData *d = data;
  const Rows *r = d->r;
  int64_t bytes = r->inner * d->size;
  for (int64_t row = begin; row < end; row++)
    {
      int64_t at = wrap_index (d->index[row % r->count], r->n);
      if (at >= 0)
        copy_row (d->to + row * bytes, d->from + (row / r->count * r->n + at) * bytes, bytes);
      else
        memset (d->to + row * bytes, 0, (gsize)bytes);
    }
}

static void
rows_forward (const EngNode *node, EngPass *pass)
{
  const Rows *r = node->priv;
  RowsData d = { r, r->chosen ? r->chosen : eng_in_i (pass, node, 1), eng_out (pass, node, 0), eng_in (pass, node, 0),
                 (int64_t)eng_dtype_size (node->inputs[0]->dtype) };
  if (eng_shape_count (&node->outputs[0]->shape) > 0)
    eng_parallel (r->outer * r->count, COST_INDEX + (double)r->inner * COST_ELEMENT, rows_copy, &d);
}

/* One outer step, elements @begin to @end - 1 of its rows: indices may repeat, so one thread takes all
 * rows of what it was given. */
static void
rows_add_step (const RowsData *d, int64_t outer, int64_t begin, int64_t end)
{
  const Rows *r = d->r;
  const float *from = (const float *)d->from + outer * r->count * r->inner;
  float *to = (float *)d->to + outer * r->n * r->inner;
  for (int64_t k = 0; k < r->count; k++)
    {
      int64_t at = wrap_index (d->index[k], r->n);
      if (at >= 0)
        eng_vec_accumulate (to + at * r->inner + begin, from + k * r->inner + begin, end - begin);
    }
}

static void
rows_add_outer (int64_t begin, int64_t end, gpointer data)
{
  for (int64_t outer = begin; outer < end; outer++)
    rows_add_step (data, outer, 0, ((const RowsData *)data)->r->inner);
}

static void
rows_add_inner (int64_t begin, int64_t end, gpointer data)
{
  const RowsData *d = data;
  for (int64_t outer = 0; outer < d->r->outer; outer++)
    rows_add_step (d, outer, begin, end);
}

static void
rows_backward (const EngNode *node, EngPass *pass)
{
  const Rows *r = node->priv;
  const float *g = eng_grad_out (pass, node, 0);
  RowsData d = { r, r->chosen ? r->chosen : eng_in_i (pass, node, 1), g ? (char *)eng_grad_in (pass, node, 0) : NULL,
                 (const char *)g, sizeof *g };
  if (!d.to || eng_shape_count (&node->outputs[0]->shape) == 0)
    return;
  double cost = (double)r->count * COST_ELEMENT;
  if (r->outer > 1)
    eng_parallel (r->outer, cost * (double)r->inner, rows_add_outer, &d);
  else
    eng_parallel (r->inner, cost, rows_add_inner, &d);
}

/* ---- GatherElements, ScatterElements: one index per element ---- */

typedef struct
{
  int axis, split;              /* the indexed axis; the one that threads share, -1: none */
  int64_t n;                    /* length of the indexed axis of the data */
  int64_t stride[ENG_MAX_RANK]; /* of the data */
  gboolean add;                 /* ScatterElements with reduction "add" */
} Elements;

/* A stretch along the last axis of the indices. */
typedef struct
{
  const int64_t *index; /* of its first element */
  int64_t first, count; /* position of the first element in the indices; length */
  int64_t base;         /* position in the data without the indexed axis */
  int64_t along, step;  /* stride of the indexed axis in the data; step of the base to the next element */
  int64_t n;
} Stretch;

typedef struct
{
  const void *from;
  void *to;
  gsize size;
  gboolean add;
} Sides;

typedef void (*StretchFunc) (const Stretch *stretch, const Sides *sides);

typedef struct
{
  const Elements *e;
  const EngShape *shape; /* of the indices */
  const int64_t *index;
  StretchFunc func;
  const Sides *sides;
} ElementsWalk;

static inline int64_t
stretch_position (const Stretch *s, int64_t j)
{
  int64_t at = wrap_index (s->index[j], s->n);
  return at < 0 ? -1 : s->base + j * s->step + at * s->along;
}

static void
walk_elements (const ElementsWalk *w, const int64_t *low, const int64_t *high, int axis, int64_t first, int64_t base)
{
  const Elements *e = w->e;
  int64_t step = axis == e->axis ? 0 : e->stride[axis];
  if (axis == w->shape->rank - 1)
    {
      const Stretch s = { w->index + first + low[axis],
                          first + low[axis],
                          high[axis] - low[axis],
                          base + low[axis] * step,
                          e->stride[e->axis],
                          step,
                          e->n };
      w->func (&s, w->sides);
      return;
    }
  int64_t span = eng_shape_span (w->shape, axis + 1, w->shape->rank);
  for (int64_t i = low[axis]; i < high[axis]; i++)
    walk_elements (w, low, high, axis + 1, first + i * span, base + i * step);
}

static void
elements_part (int64_t begin, int64_t end, gpointer data)
{
  const ElementsWalk *w = data;
  int64_t low[ENG_MAX_RANK] = { 0 }, high[ENG_MAX_RANK];
  memcpy (high, w->shape->dim, sizeof high);
  if (w->e->split >= 0)
    {
      low[w->e->split] = begin;
      high[w->e->split] = end;
    }
  walk_elements (w, low, high, 0, 0, 0);
}

static void
run_elements (const EngNode *node, EngPass *pass, StretchFunc func, const Sides *sides)
{
  const Elements *e = node->priv;
  const EngShape *shape = &node->inputs[1]->shape;
  ElementsWalk w = { e, shape, eng_in_i (pass, node, 1), func, sides };
  int64_t count = eng_shape_count (shape), parts = e->split >= 0 ? shape->dim[e->split] : 1;
  if (count > 0)
    eng_parallel (parts, (double)(count / parts) * COST_INDEX, elements_part, &w);
}

static void
elements_copy (const Stretch *s, const Sides *sides)
{
  for (int64_t j = 0; j < s->count; j++)
    {
      int64_t at = stretch_position (s, j);
      if (sides->size == 4)
        ((float *)sides->to)[s->first + j] = at < 0 ? 0 : ((const float *)sides->from)[at];
      else
        ((int64_t *)sides->to)[s->first + j] = at < 0 ? 0 : ((const int64_t *)sides->from)[at];
    }
}

static void
elements_collect (const Stretch *s, const Sides *sides)
{
  for (int64_t j = 0; j < s->count; j++)
    {
      int64_t at = stretch_position (s, j);
      if (at >= 0)
        ((float *)sides->to)[s->first + j] += ((const float *)sides->from)[at];
    }
}

/* Two's complement, as ONNX's integers; signed overflow would be undefined in C. */
static inline int64_t
add_ints (int64_t a, int64_t b)
{
  return (int64_t)((guint64)a + (guint64)b);
}

static void
elements_spread (const Stretch *s, const Sides *sides)
{
  for (int64_t j = 0; j < s->count; j++)
    {
      int64_t at = stretch_position (s, j);
      if (at < 0)
        continue;
      if (sides->size == sizeof (float))
        {
          float *to = (float *)sides->to + at, from = ((const float *)sides->from)[s->first + j];
          *to = sides->add ? *to + from : from;
        }
      else
        {
          int64_t *to = (int64_t *)sides->to + at, from = ((const int64_t *)sides->from)[s->first + j];
          *to = sides->add ? add_ints (*to, from) : from;
        }
    }
}

static void
elements_zero (const Stretch *s, const Sides *sides)
{
  for (int64_t j = 0; j < s->count; j++)
    {
      int64_t at = stretch_position (s, j);
      if (at >= 0)
        ((float *)sides->to)[at] = 0;
    }
}

static Elements *
elements_parse (EngNode *node, GError **error)
{
  if (!eng_node_need_int (node, 1, error) || !eng_node_need_rank (node, 0, 1, ENG_MAX_RANK, error))
    return NULL;
  const EngShape *in = &node->inputs[0]->shape, *index = &node->inputs[1]->shape;
  Elements *e = node->priv = eng_node_priv (node, Elements);
  if (!eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", 0), in->rank, &e->axis, error)
      || !check_indices (node, in->dim[e->axis], error))
    return NULL;
  e->n = in->dim[e->axis];
  e->split = -1;
  eng_shape_strides (in, e->stride);
  gboolean fits = index->rank == in->rank;
  for (int i = 0; fits && i < in->rank; i++)
    {
      fits = i == e->axis || index->dim[i] <= in->dim[i];
      /* Elements meet along the indexed axis only, so threads may share any other. */
      if (i != e->axis && (e->split < 0 || index->dim[i] > index->dim[e->split]))
        e->split = i;
    }
  if (!fits)
    {
      eng_fail (error, ENG_ERROR_INVALID, "the indices do not fit the data in rank or size");
      return NULL;
    }
  return e;
}

static gboolean
gather_elements_shape (EngNode *node, GError **error)
{
  return eng_node_need_inputs (node, 2, 2, error) && elements_parse (node, error)
         && eng_node_set_output (node, 0, node->inputs[0]->dtype, &node->inputs[1]->shape, error);
}

static void
gather_elements_forward (const EngNode *node, EngPass *pass)
{
  const Sides sides = { eng_in (pass, node, 0), eng_out (pass, node, 0), eng_dtype_size (node->inputs[0]->dtype) };
  run_elements (node, pass, elements_copy, &sides);
}

static void
gather_elements_backward (const EngNode *node, EngPass *pass)
{
  const float *g = eng_grad_out (pass, node, 0);
  const Sides sides = { g, g ? eng_grad_in (pass, node, 0) : NULL, sizeof *g, TRUE };
  if (sides.to)
    run_elements (node, pass, elements_spread, &sides);
}

/* ---- what both scatters share: output = data, then updates at indices ---- */

static gboolean
read_reduction (const EngNode *node, gboolean *add, GError **error)
{
  const char *reduction = eng_attrs_get_string (node->attrs, "reduction", "none");
  *add = strcmp (reduction, "add") == 0;
  if (!*add && strcmp (reduction, "none") != 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "reduction %s is not supported, only none and add", reduction);
  if (node->inputs[2]->dtype != node->inputs[0]->dtype)
    return eng_fail (error, ENG_ERROR_INVALID, "data and updates have different types");
  return TRUE;
}

/* The gradient of the data is that of the output, but for the elements that were overwritten: @zero
 * clears those in the buffer it is given. */
static void
scatter_data_backward (const EngNode *node, EngPass *pass, const float *g, gboolean add,
                       void (*zero) (const EngNode *node, EngPass *pass, float *buffer))
{
  gboolean fresh;
  int64_t count = eng_shape_count (&node->inputs[0]->shape);
  float *d = eng_grad_in_fresh (pass, node, 0, &fresh), *kept = fresh ? d : eng_pass_scratch (pass);
  EngStrided all = { 0 };
  eng_strided_axis (&all, count, 1, 1);
  if (!d)
    return;
  if (!fresh && add)
    {
      eng_strided_add (&all, d, g);
      return;
    }
  eng_strided_copy_flat (kept, g, count, sizeof *g);
  if (!add)
    zero (node, pass, kept);
  if (!fresh)
    eng_strided_add (&all, d, kept);
}

static void
scatter_copy_data (const EngNode *node, EngPass *pass)
{
  eng_strided_copy_flat (eng_out (pass, node, 0), eng_in (pass, node, 0), eng_shape_count (&node->inputs[0]->shape),
                         eng_dtype_size (node->inputs[0]->dtype));
}

/* ---- ScatterElements ---- */

static gboolean
scatter_elements_shape (EngNode *node, GError **error)
{
  Elements *e;
  if (!eng_node_need_inputs (node, 3, 3, error) || !(e = elements_parse (node, error))
      || !read_reduction (node, &e->add, error))
    return FALSE;
  if (!eng_shape_equal (&node->inputs[1]->shape, &node->inputs[2]->shape))
    return eng_fail (error, ENG_ERROR_INVALID, "indices and updates have different shapes");
  node->scratch = (gsize)eng_shape_count (&node->inputs[0]->shape) * sizeof (float);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &node->inputs[0]->shape, error);
}

static void
scatter_elements_forward (const EngNode *node, EngPass *pass)
{
  const Elements *e = node->priv;
  const Sides sides = { eng_in (pass, node, 2), eng_out (pass, node, 0), eng_dtype_size (node->inputs[0]->dtype),
                        e->add };
  scatter_copy_data (node, pass);
  run_elements (node, pass, elements_spread, &sides);
}

static void
scatter_elements_zero (const EngNode *node, EngPass *pass, float *buffer)
{
  const Sides sides = { .to = buffer };
  run_elements (node, pass, elements_zero, &sides);
}

static void
scatter_elements_backward (const EngNode *node, EngPass *pass)
{
  const Elements *e = node->priv;
  const float *g = eng_grad_out (pass, node, 0);
  if (!g)
    return;
  const Sides sides = { g, eng_grad_in (pass, node, 2), sizeof *g };
  if (sides.to)
    run_elements (node, pass, elements_collect, &sides);
  scatter_data_backward (node, pass, g, e->add, scatter_elements_zero);
}

/* ---- GatherND, ScatterND: an index of several numbers names a slice of the data ---- */

typedef struct
{
  int depth;                    /* numbers per index */
  int64_t count;                /* indices per batch entry */
  int64_t batch, batch_stride;  /* entries, elements of the data in each */
  int64_t slice;                /* elements that one index names */
  int64_t dim[ENG_MAX_RANK];    /* of the indexed axes */
  int64_t stride[ENG_MAX_RANK]; /* likewise */
  gboolean add;
} Slices;

/* Where index @k names its slice in the data; -1: outside. */
static inline int64_t
slice_position (const Slices *s, const int64_t *index, int64_t k)
{
  int64_t at = k / s->count * s->batch_stride;
  for (int i = 0; i < s->depth; i++)
    {
      int64_t j = wrap_index (index[k * s->depth + i], s->dim[i]);
      if (j < 0)
        return -1;
      at += j * s->stride[i];
    }
  return at;
}

static Slices *
slices_parse (EngNode *node, int batch_dims, GError **error)
{
  const EngShape *in = &node->inputs[0]->shape, *index = &node->inputs[1]->shape;
  const EngTensor *t = node->inputs[1]->constant;
  Slices *s = node->priv = eng_node_priv (node, Slices);
  int64_t depth = index->dim[index->rank - 1], strides[ENG_MAX_RANK];
  gboolean fits = batch_dims >= 0 && batch_dims < MIN (in->rank, index->rank) && depth <= in->rank - batch_dims;
  for (int i = 0; fits && i < batch_dims; i++)
    fits = in->dim[i] == index->dim[i];
  if (!fits)
    {
      eng_fail (error, ENG_ERROR_INVALID, "the indices do not fit the data in rank or batch dimensions");
      return NULL;
    }
  eng_shape_strides (in, strides);
  s->depth = (int)depth;
  s->batch = eng_shape_span (in, 0, batch_dims);
  s->batch_stride = eng_shape_span (in, batch_dims, in->rank);
  s->count = eng_shape_span (index, batch_dims, index->rank - 1);
  s->slice = eng_shape_span (in, batch_dims + s->depth, in->rank);
  for (int i = 0; i < s->depth; i++)
    {
      s->dim[i] = in->dim[batch_dims + i];
      s->stride[i] = strides[batch_dims + i];
    }
  for (int64_t i = 0, count = t ? eng_tensor_count (t) : 0; i < count; i++)
    if (!check_index (t->i[i], s->dim[i % depth], error))
      return NULL;
  return s;
}

static gboolean
gather_nd_shape (EngNode *node, GError **error)
{
  Slices *s;
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_need_int (node, 1, error)
      || !eng_node_need_rank (node, 0, 1, ENG_MAX_RANK, error)
      || !eng_node_need_rank (node, 1, 1, ENG_MAX_RANK, error))
    return FALSE;
  int64_t batch_dims = CLAMP (eng_attrs_get_int (node->attrs, "batch_dims", 0), -1, ENG_MAX_RANK);
  if (!(s = slices_parse (node, (int)batch_dims, error)))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape, *index = &node->inputs[1]->shape;
  int named = (int)batch_dims + s->depth;
  EngShape out = *index;
  out.rank = index->rank - 1 + in->rank - named;
  if (out.rank > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the output has rank %d, at most %d is supported", out.rank,
                     ENG_MAX_RANK);
  for (int i = named; i < in->rank; i++)
    out.dim[index->rank - 1 + i - named] = in->dim[i];
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error);
}

typedef struct
{
  const Slices *s;
  const int64_t *index;
  const char *from;
  char *to;
  int64_t size; /* bytes of an element */
} SlicesData;

static void
slices_copy (int64_t begin, int64_t end, gpointer data)
{
  const SlicesData *d = data;
  int64_t bytes = d->s->slice * d->size;
  for (int64_t k = begin; k < end; k++)
    {
      int64_t at = slice_position (d->s, d->index, k);
      if (at >= 0)
        copy_row (d->to + k * bytes, d->from + at * d->size, bytes);
      else
        memset (d->to + k * bytes, 0, (gsize)bytes);
    }
}

static void
slices_collect (int64_t begin, int64_t end, gpointer data)
{
  const SlicesData *d = data;
  for (int64_t k = begin; k < end; k++)
    {
      int64_t at = slice_position (d->s, d->index, k);
      if (at >= 0)
        eng_vec_accumulate ((float *)d->to + k * d->s->slice, (const float *)d->from + at, d->s->slice);
    }
}

static void
run_slices (const EngNode *node, EngPass *pass, void (*func) (int64_t, int64_t, gpointer), const void *from, void *to)
{
  const Slices *s = node->priv;
  SlicesData d = { s, eng_in_i (pass, node, 1), from, to, (int64_t)eng_dtype_size (node->inputs[0]->dtype) };
  if (s->batch * s->count * s->slice > 0)
    eng_parallel (s->batch * s->count, COST_INDEX + (double)s->slice * COST_ELEMENT, func, &d);
}

/* Slices into their places, one after another since several may name the same place. */
static void
spread_slices (const EngNode *node, EngPass *pass, const void *from, void *to, gboolean add)
{
  const Slices *s = node->priv;
  const int64_t *index = eng_in_i (pass, node, 1);
  int64_t n = s->slice;
  gboolean is_float = eng_dtype_is_float (node->inputs[0]->dtype);
  gsize size = is_float ? sizeof (float) : sizeof (int64_t);
  for (int64_t k = 0; n > 0 && k < s->batch * s->count; k++)
    {
      int64_t at = slice_position (s, index, k);
      if (at < 0)
        continue;
      if (!add)
        copy_row ((char *)to + at * (int64_t)size, (const char *)from + k * n * (int64_t)size, n * (int64_t)size);
      else if (is_float)
        eng_vec_accumulate ((float *)to + at, (const float *)from + k * n, n);
      else
        for (int64_t j = 0; j < n; j++)
          ((int64_t *)to)[at + j] += ((const int64_t *)from)[k * n + j];
    }
}

static void
gather_nd_forward (const EngNode *node, EngPass *pass)
{
  run_slices (node, pass, slices_copy, eng_in (pass, node, 0), eng_out (pass, node, 0));
}

static void
gather_nd_backward (const EngNode *node, EngPass *pass)
{
  const float *g = eng_grad_out (pass, node, 0);
  float *d = g ? eng_grad_in (pass, node, 0) : NULL;
  if (d)
    spread_slices (node, pass, g, d, TRUE);
}

static gboolean
scatter_nd_shape (EngNode *node, GError **error)
{
  Slices *s;
  if (!eng_node_need_inputs (node, 3, 3, error) || !eng_node_need_int (node, 1, error)
      || !eng_node_need_rank (node, 0, 1, ENG_MAX_RANK, error)
      || !eng_node_need_rank (node, 1, 1, ENG_MAX_RANK, error) || !(s = slices_parse (node, 0, error))
      || !read_reduction (node, &s->add, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape, *index = &node->inputs[1]->shape, *up = &node->inputs[2]->shape;
  int lead = index->rank - 1;
  gboolean fits = up->rank == lead + in->rank - s->depth;
  for (int i = 0; fits && i < up->rank; i++)
    fits = up->dim[i] == (i < lead ? index->dim[i] : in->dim[i - lead + s->depth]);
  if (!fits)
    return eng_fail (error, ENG_ERROR_INVALID, "the updates do not have the shape that indices and data ask for");
  node->scratch = (gsize)eng_shape_count (in) * sizeof (float);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, in, error);
}

static void
scatter_nd_forward (const EngNode *node, EngPass *pass)
{
  scatter_copy_data (node, pass);
  spread_slices (node, pass, eng_in (pass, node, 2), eng_out (pass, node, 0), ((const Slices *)node->priv)->add);
}

static void
scatter_nd_zero (const EngNode *node, EngPass *pass, float *buffer)
{
  const Slices *s = node->priv;
  const int64_t *index = eng_in_i (pass, node, 1);
  for (int64_t k = 0; s->slice > 0 && k < s->count; k++)
    {
      int64_t at = slice_position (s, index, k);
      if (at >= 0)
        memset (buffer + at, 0, (gsize)s->slice * sizeof *buffer);
    }
}

static void
scatter_nd_backward (const EngNode *node, EngPass *pass)
{
  const Slices *s = node->priv;
  const float *g = eng_grad_out (pass, node, 0);
  float *d = g ? eng_grad_in (pass, node, 2) : NULL;
  if (!g)
    return;
  if (d)
    run_slices (node, pass, slices_collect, g, d);
  scatter_data_backward (node, pass, g, s->add, scatter_nd_zero);
}

/* ---- the table ---- */

#define GATHER_ELEMENTS_EXAMPLES EX ("f:3x4 I:2x4:[2,0,1,-1,2,2,0,1]", "f:3x4 I:3x2:[3,0,1,-1,2,2] axis=-1")
#define SCATTER_ELEMENTS_EXAMPLES                                                                                    \
  EX ("f:3x3 I:2x3:[1,0,2,0,2,1] f:2x3", "f:2x5 I:2x2:[1,-2,0,4] f:2x2 axis=1", "f:5 i:[1,3] f:2")

extern const EngOp eng_ops_gather[];

const EngOp eng_ops_gather[] = {
  { "Gather", 1, 21, gather_shape, rows_forward, rows_backward, ENG_KEEP_IN_1, ENG_OP_MOVES,
    EX ("f:4x3 i:[0,2,0]", "f:2x5x3 i:-1 axis=1", "f:2x3x4 I:2x2:[0,-1,3,3] axis=-1") },
  { "Compress", 9, 21, compress_shape, rows_forward, rows_backward, ENG_KEEP_NONE, ENG_OP_MOVES,
    EX ("f:3x2 i:[0,1,1,0,1]", "f:3x4x2 i:[1,0,1] axis=-2") },
  { "GatherElements", 11, 21, gather_elements_shape, gather_elements_forward, gather_elements_backward, ENG_KEEP_IN_1,
    ENG_OP_PLAIN, EX ("f:3x4 I:2x4:[2,0,1,-1,2,2,0,1]", "f:3x4 I:3x2:[3,0,1,-1,2,2] axis=-1", "f:5 i:[4,4,0]") },
  { "Scatter", 9, 10, scatter_elements_shape, scatter_elements_forward, scatter_elements_backward, ENG_KEEP_IN_1,
    ENG_OP_INPLACE, SCATTER_ELEMENTS_EXAMPLES },
  { "ScatterElements", 11, 15, scatter_elements_shape, scatter_elements_forward, scatter_elements_backward,
    ENG_KEEP_IN_1, ENG_OP_INPLACE, SCATTER_ELEMENTS_EXAMPLES },
  { "ScatterElements", 16, 21, scatter_elements_shape, scatter_elements_forward, scatter_elements_backward,
    ENG_KEEP_IN_1, ENG_OP_INPLACE,
    EX ("f:3x3 I:2x3:[1,0,2,0,2,1] f:2x3", "f:2x5 I:2x3:[1,-2,1,0,4,4] f:2x3 axis=1 reduction='add'") },
  { "GatherND", 11, 21, gather_nd_shape, gather_nd_forward, gather_nd_backward, ENG_KEEP_IN_1, ENG_OP_PLAIN,
    EX ("f:3x4 I:3x2:[0,1,2,-1,0,1]", "f:3x4 I:2x1:[1,1]", "f:2x3x2 I:2x1:[2,-3] batch_dims=1") },
  { "ScatterND", 11, 15, scatter_nd_shape, scatter_nd_forward, scatter_nd_backward, ENG_KEEP_IN_1, ENG_OP_INPLACE,
    EX ("f:4x3 I:2x1:[2,0] f:2x3", "f:4x3 I:2x2:[2,0,-1,1] f:2") },
  { "ScatterND", 16, 21, scatter_nd_shape, scatter_nd_forward, scatter_nd_backward, ENG_KEEP_IN_1, ENG_OP_INPLACE,
    EX ("f:4x3 I:2x1:[2,0] f:2x3", "f:4x3 I:3x2:[2,0,-1,1,2,0] f:3 reduction='add'") },
  { NULL },
};
