/* Operators that put elements elsewhere: Transpose, Slice, Concat, Split, Trilu and
 * ReverseSequence. All but the last two are boxes of strided.h. Definitions: ONNX operator
 * specification, opset 7 to 21. */
#include "strided.h"

#include "../../kernels/vector.h"

#include <string.h>

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* Rough nanoseconds to move one element of a row. */
#define COST_ELEMENT 0.5
/* Lengths beyond this are errors; nothing computed from them overflows. */
#define FAR (G_GINT64_CONSTANT (1) << 40)

/* ---- Transpose ---- */

static gboolean
transpose_shape (EngNode *node, GError **error)
{
  const int64_t *perm;
  int n;
  gboolean seen[ENG_MAX_RANK] = { FALSE };
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_ints (node, "perm", -1, &perm, &n, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape;
  EngShape out = { .rank = in->rank };
  if (n >= 0 && n != in->rank)
    return eng_fail (error, ENG_ERROR_INVALID, "perm names %d axes of an input of rank %d", n, in->rank);
  EngStrided *s = node->priv = eng_node_priv (node, EngStrided);
  int64_t from[ENG_MAX_RANK], to[ENG_MAX_RANK];
  int axis[ENG_MAX_RANK];
  eng_shape_strides (in, from);
  for (int i = 0; i < in->rank; i++)
    {
      if (!eng_node_axis (node, n < 0 ? in->rank - 1 - i : perm[i], in->rank, &axis[i], error))
        return FALSE;
      if (seen[axis[i]])
        return eng_fail (error, ENG_ERROR_INVALID, "perm names axis %d twice", axis[i]);
      seen[axis[i]] = TRUE;
      out.dim[i] = in->dim[axis[i]];
    }
  eng_shape_strides (&out, to);
  for (int i = 0; i < in->rank; i++)
    eng_strided_axis (s, out.dim[i], to[i], from[axis[i]]);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error);
}

/* ---- Slice ---- */

typedef struct
{
  const int64_t *start, *end, *axis, *step;
  int n, n_axis, n_step;
} SliceInts;

/* Attributes before opset 10, inputs from then on. */
static gboolean
read_slice (EngNode *node, SliceInts *s, GError **error)
{
  int n_end, by_input = node->opset >= 10;
  if (!eng_node_need_inputs (node, by_input ? 3 : 1, by_input ? 5 : 1, error)
      || !eng_node_ints (node, by_input ? NULL : "starts", by_input ? 1 : -1, &s->start, &s->n, error)
      || !eng_node_ints (node, by_input ? NULL : "ends", by_input ? 2 : -1, &s->end, &n_end, error)
      || !eng_node_ints (node, by_input ? NULL : "axes", by_input ? 3 : -1, &s->axis, &s->n_axis, error)
      || !eng_node_ints (node, NULL, by_input ? 4 : -1, &s->step, &s->n_step, error))
    return FALSE;
  if (s->n < 0 || s->n != n_end || (s->n_axis >= 0 && s->n_axis != s->n) || (s->n_step >= 0 && s->n_step != s->n)
      || s->n > node->inputs[0]->shape.rank)
    return eng_fail (error, ENG_ERROR_INVALID, "starts, ends, axes and steps are missing or differ in length");
  return TRUE;
}

/* Numpy's rule for one axis of length @dim. */
static void
clamp_slice (int64_t dim, int64_t step, int64_t *start, int64_t end, int64_t *n)
{
  int64_t low = step < 0 ? -1 : 0, high = step < 0 ? dim - 1 : dim;
  *start = CLAMP (*start < 0 ? *start + dim : *start, low, high);
  end = CLAMP (end < 0 ? end + dim : end, low, high);
  if (step > 0)
    *n = end > *start ? (end - *start - 1) / step + 1 : 0;
  else
    *n = *start > end ? 1 - (*start - end - 1) / step : 0;
}

static gboolean
slice_shape (EngNode *node, GError **error)
{
  SliceInts v;
  gboolean seen[ENG_MAX_RANK] = { FALSE };
  if (!read_slice (node, &v, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape;
  EngShape out = *in;
  EngStrided *s = node->priv = eng_node_priv (node, EngStrided);
  int64_t from[ENG_MAX_RANK], to[ENG_MAX_RANK];
  eng_shape_strides (in, from);
  for (int i = 0; i < v.n; i++)
    {
      int axis;
      int64_t step = v.n_step >= 0 ? v.step[i] : 1, start = v.start[i];
      if (!eng_node_axis (node, v.n_axis >= 0 ? v.axis[i] : i, in->rank, &axis, error))
        return FALSE;
      if (seen[axis] || step == 0)
        return eng_fail (error, ENG_ERROR_INVALID, seen[axis] ? "axis %d is sliced twice" : "axis %d has step 0",
                         axis);
      seen[axis] = TRUE;
      clamp_slice (in->dim[axis], step, &start, v.end[i], &out.dim[axis]);
      if (out.dim[axis] > 0)
        s->from_offset += start * from[axis];
      from[axis] = out.dim[axis] > 1 ? from[axis] * step : 0; /* a step that is taken is shorter than the axis */
    }
  eng_shape_strides (&out, to);
  for (int i = 0; i < out.rank; i++)
    eng_strided_axis (s, out.dim[i], to[i], from[i]);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error);
}

/* ---- Concat, Split: one long row per step of the outer axes, cut into pieces ---- */

typedef struct
{
  int64_t outer, row; /* outer steps; elements of a row of the joined array */
  int64_t *at;        /* where each piece begins in the row; one more for the end */
} Pieces;

static Pieces *
make_pieces (EngNode *node, const EngShape *joined, int axis, const int64_t *length, int n)
{
  Pieces *p = node->priv = eng_node_priv (node, Pieces);
  int64_t inner = eng_shape_span (joined, axis + 1, joined->rank);
  p->outer = eng_shape_span (joined, 0, axis);
  p->row = joined->dim[axis] * inner;
  p->at = eng_node_alloc (node, sizeof *p->at * (n + 1));
  for (int i = 0; i < n; i++)
    p->at[i + 1] = p->at[i] + length[i] * inner;
  return p;
}

/* From piece @i to its place in the joined array. */
static EngStrided
piece_box (const Pieces *p, int i)
{
  EngStrided s = { .to_offset = p->at[i] };
  int64_t n = p->at[i + 1] - p->at[i];
  eng_strided_axis (&s, p->outer, p->row, n);
  eng_strided_axis (&s, n, 1, 1);
  return s;
}

static gboolean
concat_shape (EngNode *node, GError **error)
{
  int axis;
  if (!eng_node_need_inputs (node, 1, G_MAXINT, error)
      || !eng_node_need_inputs (node, node->n_inputs, G_MAXINT, error))
    return FALSE;
  if (!eng_attrs_has (node->attrs, "axis"))
    return eng_fail (error, ENG_ERROR_INVALID, "attribute axis is missing");
  EngShape out = node->inputs[0]->shape;
  g_autofree int64_t *length = g_new (int64_t, node->n_inputs);
  if (!eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", 0), out.rank, &axis, error))
    return FALSE;
  for (int i = 0; i < node->n_inputs; i++)
    {
      EngShape same = node->inputs[i]->shape;
      length[i] = same.rank == out.rank ? same.dim[axis] : 0;
      same.dim[axis] = out.dim[axis];
      if (node->inputs[i]->dtype != node->inputs[0]->dtype || !eng_shape_equal (&same, &out))
        return eng_fail (error, ENG_ERROR_INVALID, "input %d does not fit the others in type or shape", i);
      if (i > 0)
        out.dim[axis] += length[i];
      if (out.dim[axis] > FAR)
        return eng_fail (error, ENG_ERROR_MEMORY, "the output is too large");
    }
  if (!eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error))
    return FALSE;
  make_pieces (node, &out, axis, length, node->n_inputs);
  return TRUE;
}

/* Along the channels of images. */
static gboolean
concat_channels_last (const EngNode *node)
{
  const EngShape *y = &node->outputs[0]->shape;
  int64_t axis = eng_attrs_get_int (node->attrs, "axis", 0);
  return y->rank == 4 && (axis == 1 || axis == -3);
}

/* Where input @i lies in the output. */
static EngStrided
concat_box (const EngNode *node, EngPass *pass, int i)
{
  if (!eng_is_channels_last (pass, node->outputs[0]))
    return piece_box (node->priv, i);
  const EngShape *y = &node->outputs[0]->shape;
  EngStrided s = { .to_offset = 0 };
  for (int k = 0; k < i; k++)
    s.to_offset += node->inputs[k]->shape.dim[1];
  int64_t n = node->inputs[i]->shape.dim[1];
  eng_strided_axis (&s, y->dim[0] * y->dim[2] * y->dim[3], y->dim[1], n);
  eng_strided_axis (&s, n, 1, 1);
  return s;
}

static void
concat_forward (const EngNode *node, EngPass *pass)
{
  for (int i = 0; i < node->n_inputs; i++)
    {
      const EngStrided s = concat_box (node, pass, i);
      eng_strided_copy (&s, eng_out (pass, node, 0), eng_in (pass, node, i), eng_dtype_size (node->inputs[i]->dtype));
    }
}

static void
concat_backward (const EngNode *node, EngPass *pass)
{
  const float *g = eng_grad_out (pass, node, 0);
  for (int i = 0; g && i < node->n_inputs; i++)
    {
      const EngStrided forward = concat_box (node, pass, i), s = eng_strided_reversed (&forward);
      gboolean fresh;
      float *d = eng_grad_in_fresh (pass, node, i, &fresh);
      if (d && fresh)
        eng_strided_copy (&s, d, g, sizeof *d);
      else if (d)
        eng_strided_add (&s, d, g);
    }
}

/* Lengths as given, or equal ones; from opset 18 the last may be shorter. */
static gboolean
split_lengths (EngNode *node, int64_t dim, int64_t *length, GError **error)
{
  const int64_t *given;
  int n, by_input = node->opset >= 13, parts = node->n_outputs;
  int64_t left = dim;
  if (!eng_node_ints (node, by_input ? NULL : "split", by_input ? 1 : -1, &given, &n, error))
    return FALSE;
  if (n < 0 && node->opset >= 18 && eng_attrs_get_int (node->attrs, "num_outputs", parts) != parts)
    return eng_fail (error, ENG_ERROR_INVALID, "num_outputs and the number of outputs differ");
  if (n < 0 && node->opset < 18 && dim % parts != 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%" G_GINT64_FORMAT " cannot be split into %d equal parts", dim,
                     parts);
  if (n >= 0 && n != parts)
    return eng_fail (error, ENG_ERROR_INVALID, "%d lengths for %d outputs", n, parts);
  for (int i = 0; i < parts; i++)
    {
      length[i] = n >= 0 ? given[i] : MIN ((dim + parts - 1) / parts, left);
      if (length[i] < 0 || length[i] > left)
        return eng_fail (error, ENG_ERROR_INVALID, "part %d has length %" G_GINT64_FORMAT, i, length[i]);
      left -= length[i];
    }
  if (left != 0)
    return eng_fail (error, ENG_ERROR_INVALID, "the parts do not add up to the %" G_GINT64_FORMAT " of the axis",
                     dim);
  return TRUE;
}

static gboolean
split_shape (EngNode *node, GError **error)
{
  int axis;
  if (!eng_node_need_inputs (node, 1, 2, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape;
  g_autofree int64_t *length = g_new0 (int64_t, node->n_outputs + 1);
  if (!eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", 0), in->rank, &axis, error))
    return FALSE;
  if (node->n_outputs < 1)
    return eng_fail (error, ENG_ERROR_INVALID, "has no outputs");
  if (!split_lengths (node, in->dim[axis], length, error))
    return FALSE;
  for (int i = 0; i < node->n_outputs; i++)
    {
      EngShape out = *in;
      out.dim[axis] = length[i];
      if (!eng_node_set_output (node, i, node->inputs[0]->dtype, &out, error))
        return FALSE;
    }
  make_pieces (node, in, axis, length, node->n_outputs);
  return TRUE;
}

static void
split_forward (const EngNode *node, EngPass *pass)
{
  for (int i = 0; i < node->n_outputs; i++)
    {
      const EngStrided join = piece_box (node->priv, i), s = eng_strided_reversed (&join);
      void *y = eng_out (pass, node, i);
      if (y) /* an output that nobody uses has no place */
        eng_strided_copy (&s, y, eng_in (pass, node, 0), eng_dtype_size (node->inputs[0]->dtype));
    }
}

static void
split_backward (const EngNode *node, EngPass *pass)
{
  gboolean fresh, whole = TRUE;
  float *d = eng_grad_in_fresh (pass, node, 0, &fresh);
  for (int i = 0; i < node->n_outputs; i++)
    whole = whole && eng_grad_out (pass, node, i);
  if (d && fresh && !whole)
    memset (d, 0, (gsize)eng_shape_count (&node->inputs[0]->shape) * sizeof *d);
  for (int i = 0; d && i < node->n_outputs; i++)
    {
      const EngStrided join = piece_box (node->priv, i);
      const float *g = eng_grad_out (pass, node, i);
      if (g && fresh && whole)
        eng_strided_copy (&join, d, g, sizeof *d);
      else if (g)
        eng_strided_add (&join, d, g);
    }
}

/* ---- Trilu ---- */

typedef struct
{
  gboolean upper;
  int64_t rows, columns, k;
} Trilu;

typedef struct
{
  const Trilu *t;
  char *to;
  const char *from;
  gsize size;
} TriluData;

static gboolean
trilu_shape (EngNode *node, GError **error)
{
  const int64_t *k;
  int n;
  if (!eng_node_need_inputs (node, 1, 2, error) || !eng_node_need_rank (node, 0, 2, ENG_MAX_RANK, error)
      || !eng_node_ints (node, NULL, 1, &k, &n, error))
    return FALSE;
  if (n >= 0 && n != 1)
    return eng_fail (error, ENG_ERROR_INVALID, "k must be one number");
  const EngShape *in = &node->inputs[0]->shape;
  Trilu *t = node->priv = eng_node_priv (node, Trilu);
  t->upper = eng_attrs_get_int (node->attrs, "upper", 1) != 0;
  t->rows = in->dim[in->rank - 2];
  t->columns = in->dim[in->rank - 1];
  t->k = n < 0 ? 0 : CLAMP (k[0], -t->rows, t->columns);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, in, error);
}

/* The columns of a row that stay: from .. to - 1. */
static void
trilu_row (const Trilu *t, int64_t row, int64_t *from, int64_t *to)
{
  int64_t edge = row % t->rows + t->k;
  *from = t->upper ? CLAMP (edge, 0, t->columns) : 0;
  *to = t->upper ? t->columns : CLAMP (edge + 1, 0, t->columns);
}

static void
trilu_copy (int64_t begin, int64_t end, gpointer data)
{
  const TriluData *d = data;
  int64_t bytes = (int64_t)d->size * d->t->columns, from, to;
  for (int64_t row = begin; row < end; row++)
    {
      trilu_row (d->t, row, &from, &to);
      from *= (int64_t)d->size;
      to *= (int64_t)d->size;
      memset (d->to + row * bytes, 0, from);
      memcpy (d->to + row * bytes + from, d->from + row * bytes + from, to - from);
      memset (d->to + row * bytes + to, 0, bytes - to);
    }
}

static void
trilu_add (int64_t begin, int64_t end, gpointer data)
{
  const TriluData *d = data;
  int64_t from, to, n = d->t->columns;
  for (int64_t row = begin; row < end; row++)
    {
      trilu_row (d->t, row, &from, &to);
      eng_vec_accumulate ((float *)d->to + row * n + from, (const float *)d->from + row * n + from, to - from);
    }
}

static void
trilu_run (const EngNode *node, void *to, const void *from, void (*run) (int64_t, int64_t, gpointer))
{
  const Trilu *t = node->priv;
  TriluData d = { t, to, from, eng_dtype_size (node->inputs[0]->dtype) };
  int64_t count = eng_shape_count (&node->inputs[0]->shape);
  if (count > 0)
    eng_parallel (count / t->columns, (double)t->columns * COST_ELEMENT, run, &d);
}

static void
trilu_forward (const EngNode *node, EngPass *pass)
{
  trilu_run (node, eng_out (pass, node, 0), eng_in (pass, node, 0), trilu_copy);
}

static void
trilu_backward (const EngNode *node, EngPass *pass)
{
  gboolean fresh;
  const float *g = eng_grad_out (pass, node, 0);
  float *d = g ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  if (d)
    trilu_run (node, d, g, fresh ? trilu_copy : trilu_add);
}

/* ---- ReverseSequence: its own inverse ---- */

typedef struct
{
  int64_t batch, time, inner;
  int64_t batch_stride, time_stride;
} Reverse;

typedef struct
{
  const Reverse *r;
  const int64_t *length;
  char *to;
  const char *from;
  gsize size;
  gboolean add;
} ReverseData;

static gboolean
reverse_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 2, 2, error) || !eng_node_need_rank (node, 0, 2, ENG_MAX_RANK, error)
      || !eng_node_need_int (node, 1, error) || !eng_node_need_rank (node, 1, 1, 1, error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape;
  const EngTensor *length = node->inputs[1]->constant;
  int64_t batch = eng_attrs_get_int (node->attrs, "batch_axis", 1);
  int64_t time = eng_attrs_get_int (node->attrs, "time_axis", 0);
  if (!((batch == 0 && time == 1) || (batch == 1 && time == 0)))
    return eng_fail (error, ENG_ERROR_INVALID, "batch_axis and time_axis must be 0 and 1 or 1 and 0");
  if (node->inputs[1]->shape.dim[0] != in->dim[batch])
    return eng_fail (error, ENG_ERROR_INVALID, "there must be one length for each entry of the batch");
  for (int64_t i = 0; length && i < in->dim[batch]; i++)
    if (length->i[i] < 0 || length->i[i] > in->dim[time])
      return eng_fail (error, ENG_ERROR_INVALID, "length %" G_GINT64_FORMAT " is outside the time axis",
                       length->i[i]);
  Reverse *r = node->priv = eng_node_priv (node, Reverse);
  int64_t inner = eng_shape_span (in, 2, in->rank);
  *r = (Reverse){ in->dim[batch], in->dim[time], inner, batch == 0 ? in->dim[1] * inner : inner,
                  time == 0 ? in->dim[1] * inner : inner };
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, in, error);
}

static void
reverse_rows (int64_t begin, int64_t end, gpointer data)
{
  const ReverseData *d = data;
  const Reverse *r = d->r;
  for (int64_t row = begin; row < end; row++)
    {
      int64_t b = row / r->time, t = row % r->time, length = CLAMP (d->length[b], 0, r->time);
      int64_t to = b * r->batch_stride + t * r->time_stride;
      int64_t from = b * r->batch_stride + (t < length ? length - 1 - t : t) * r->time_stride;
      if (d->add)
        eng_vec_accumulate ((float *)d->to + to, (const float *)d->from + from, r->inner);
      else
        memcpy (d->to + to * (int64_t)d->size, d->from + from * (int64_t)d->size, r->inner * d->size);
    }
}

static void
reverse_run (const EngNode *node, EngPass *pass, void *to, const void *from, gboolean add)
{
  const Reverse *r = node->priv;
  ReverseData d = { r, eng_in_i (pass, node, 1), to, from, eng_dtype_size (node->inputs[0]->dtype), add };
  if (r->batch * r->time * r->inner > 0)
    eng_parallel (r->batch * r->time, (double)r->inner * COST_ELEMENT, reverse_rows, &d);
}

static void
reverse_forward (const EngNode *node, EngPass *pass)
{
  reverse_run (node, pass, eng_out (pass, node, 0), eng_in (pass, node, 0), FALSE);
}

static void
reverse_backward (const EngNode *node, EngPass *pass)
{
  gboolean fresh;
  const float *g = eng_grad_out (pass, node, 0);
  float *d = g ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  if (d)
    reverse_run (node, pass, d, g, !fresh);
}

/* ---- the table ---- */

extern const EngOp eng_ops_move[];

const EngOp eng_ops_move[] = {
  { "Transpose", 1, 21, transpose_shape, eng_strided_forward, eng_strided_backward, ENG_KEEP_NONE, ENG_OP_MOVES,
    EX ("f:5x6", "f:2x3x4x5 perm=[0,2,3,1]", "f:2x3x4x5 perm=[0,2,1,3]", "f:9x20 perm=[1,0]") },
  { "Slice", 1, 9, slice_shape, eng_strided_forward, eng_strided_backward, ENG_KEEP_NONE, ENG_OP_MOVES,
    EX ("f:4x5 starts=[1,-3] ends=[3,1000000000]", "f:4x5 axes=[1] starts=[-2] ends=[1000]") },
  { "Slice", 10, 21, slice_shape, eng_strided_forward, eng_strided_backward, ENG_KEEP_NONE, ENG_OP_MOVES,
    EX ("f:4x6 i:[1,5] i:[4,0] i:[0,1] i:[1,-2]", "f:4x6 i:[-1] i:[-1000] i:[0] i:[-1]", "f:4x6 i:[2] i:[3]") },
  { "Concat", 4, 21, concat_shape, concat_forward, concat_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EX ("f:2x3 f:2x1 f:2x2 axis=1", "f:2x3x2 f:1x3x2 axis=-3"), concat_channels_last },
  { "Split", 2, 12, split_shape, split_forward, split_backward, ENG_KEEP_NONE, ENG_OP_MOVES,
    EX ("f:4x3 out=2", "f:2x6 axis=1 split=[1,3,2] out=3") },
  { "Split", 13, 17, split_shape, split_forward, split_backward, ENG_KEEP_NONE, ENG_OP_MOVES,
    EX ("f:4x3 out=2", "f:2x6 i:[1,3,2] axis=-1 out=3") },
  { "Split", 18, 21, split_shape, split_forward, split_backward, ENG_KEEP_NONE, ENG_OP_MOVES,
    EX ("f:2x7 axis=1 num_outputs=3 out=3", "f:2x6 i:[1,0,5] axis=-1 out=3") },
  { "Trilu", 14, 21, trilu_shape, trilu_forward, trilu_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EX ("f:2x3x4", "f:4x3 i:-1 upper=0", "f:3x5 i:2") },
  { "ReverseSequence", 10, 21, reverse_shape, reverse_forward, reverse_backward, ENG_KEEP_IN_1, ENG_OP_PLAIN,
    EX ("f:4x3x2 i:[4,0,2]", "f:2x5 i:[3,5] batch_axis=0 time_axis=1") },
  { NULL },
};
