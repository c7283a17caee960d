/* GatherElements and ScatterElements: one index per element, all along one axis.
 * Definitions: ONNX operator specification, opset 7 to 21. */
#include "indices.h"

#include "../../kernels/vector.h"

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })

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
  int64_t at = eng_wrap_index (s->index[j], s->n);
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
    eng_parallel (parts, (double)(count / parts) * ENG_COST_INDEX, elements_part, &w);
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
          *to = sides->add ? eng_add_ints (*to, from) : from;
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
      || !eng_check_indices (node, in->dim[e->axis], error))
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

/* ---- ScatterElements ---- */

static gboolean
scatter_elements_shape (EngNode *node, GError **error)
{
  Elements *e;
  if (!eng_node_need_inputs (node, 3, 3, error) || !(e = elements_parse (node, error))
      || !eng_scatter_reduction (node, &e->add, error))
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
  eng_scatter_data (node, pass);
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
  eng_scatter_backward (node, pass, g, e->add, scatter_elements_zero);
}

/* ---- the table ---- */

#define SCATTER_ELEMENTS_EXAMPLES                                                                                    \
  EX ("f:3x3 I:2x3:[1,0,2,0,2,1] f:2x3", "f:2x5 I:2x2:[1,-2,0,4] f:2x2 axis=1", "f:5 i:[1,3] f:2")

extern const EngOp eng_ops_gather_elements[];

const EngOp eng_ops_gather_elements[] = {
  { "GatherElements", 11, 21, gather_elements_shape, gather_elements_forward, gather_elements_backward, ENG_KEEP_IN_1,
    ENG_OP_PLAIN, EX ("f:3x4 I:2x4:[2,0,1,-1,2,2,0,1]", "f:3x4 I:3x2:[3,0,1,-1,2,2] axis=-1", "f:5 i:[4,4,0]") },
  { "Scatter", 9, 10, scatter_elements_shape, scatter_elements_forward, scatter_elements_backward, ENG_KEEP_IN_1,
    ENG_OP_INPLACE, SCATTER_ELEMENTS_EXAMPLES },
  { "ScatterElements", 11, 15, scatter_elements_shape, scatter_elements_forward, scatter_elements_backward,
    ENG_KEEP_IN_1, ENG_OP_INPLACE, SCATTER_ELEMENTS_EXAMPLES },
  { "ScatterElements", 16, 21, scatter_elements_shape, scatter_elements_forward, scatter_elements_backward,
    ENG_KEEP_IN_1, ENG_OP_INPLACE,
    EX ("f:3x3 I:2x3:[1,0,2,0,2,1] f:2x3", "f:2x5 I:2x3:[1,-2,1,0,4,4] f:2x3 axis=1 reduction='add'") },
  { NULL },
};
