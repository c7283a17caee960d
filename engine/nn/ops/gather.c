/* Gather and Compress: whole rows along one axis, chosen by indices or by a constant condition.
 * Definitions: ONNX operator specification, opset 7 to 21. */
#include "indices.h"

#include "../../kernels/vector.h"

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })

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
      || !eng_check_indices (node, in->dim[axis], error))
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
      int64_t at = eng_wrap_index (d->index[row % r->count], r->n);
      if (at >= 0)
        eng_copy_row (d->to + row * bytes, d->from + (row / r->count * r->n + at) * bytes, bytes);
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
    eng_parallel (r->outer * r->count, ENG_COST_INDEX + (double)r->inner * ENG_COST_ELEMENT, rows_copy, &d);
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
      int64_t at = eng_wrap_index (d->index[k], r->n);
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
  double cost = (double)r->count * ENG_COST_ELEMENT;
  if (r->outer > 1)
    eng_parallel (r->outer, cost * (double)r->inner, rows_add_outer, &d);
  else
    eng_parallel (r->inner, cost, rows_add_inner, &d);
}

/* ---- the table ---- */

extern const EngOp eng_ops_gather[];

const EngOp eng_ops_gather[] = {
  { "Gather", 1, 21, gather_shape, rows_forward, rows_backward, ENG_KEEP_IN_1, ENG_OP_MOVES,
    EX ("f:4x3 i:[0,2,0]", "f:2x5x3 i:-1 axis=1", "f:2x3x4 I:2x2:[0,-1,3,3] axis=-1") },
  { "Compress", 9, 21, compress_shape, rows_forward, rows_backward, ENG_KEEP_NONE, ENG_OP_MOVES,
    EX ("f:3x2 i:[0,1,1,0,1]", "f:3x4x2 i:[1,0,1] axis=-2") },
  { NULL },
};
