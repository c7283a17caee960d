/* GatherND and ScatterND: an index of several numbers names a slice of the data.
 * Definitions: ONNX operator specification, opset 7 to 21. */
#include "indices.h"

#include "../../kernels/vector.h"

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })

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
      int64_t j = eng_wrap_index (index[k * s->depth + i], s->dim[i]);
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
    if (!eng_check_index (t->i[i], s->dim[i % depth], error))
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
        eng_copy_row (d->to + k * bytes, d->from + at * d->size, bytes);
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
    eng_parallel (s->batch * s->count, ENG_COST_INDEX + (double)s->slice * ENG_COST_ELEMENT, func, &d);
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
        eng_copy_row ((char *)to + at * (int64_t)size, (const char *)from + k * n * (int64_t)size, n * (int64_t)size);
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
      || !eng_scatter_reduction (node, &s->add, error))
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
  eng_scatter_data (node, pass);
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
  eng_scatter_backward (node, pass, g, s->add, scatter_nd_zero);
}

/* ---- the table ---- */

extern const EngOp eng_ops_gather_nd[];

const EngOp eng_ops_gather_nd[] = {
  { "GatherND", 11, 21, gather_nd_shape, gather_nd_forward, gather_nd_backward, ENG_KEEP_IN_1, ENG_OP_PLAIN,
    EX ("f:3x4 I:3x2:[0,1,2,-1,0,1]", "f:3x4 I:2x1:[1,1]", "f:2x3x2 I:2x1:[2,-3] batch_dims=1") },
  { "ScatterND", 11, 15, scatter_nd_shape, scatter_nd_forward, scatter_nd_backward, ENG_KEEP_IN_1, ENG_OP_INPLACE,
    EX ("f:4x3 I:2x1:[2,0] f:2x3", "f:4x3 I:2x2:[2,0,-1,1] f:2") },
  { "ScatterND", 16, 21, scatter_nd_shape, scatter_nd_forward, scatter_nd_backward, ENG_KEEP_IN_1, ENG_OP_INPLACE,
    EX ("f:4x3 I:2x1:[2,0] f:2x3", "f:4x3 I:3x2:[2,0,-1,1,2,0] f:3 reduction='add'") },
  { NULL },
};
