/* Pad: every axis is cut into runs that read the input forwards, backwards, in place or not at all
 * (the constant); the product of the runs of all axes is a set of boxes for strided.h. Negative pads
 * crop before the rest is padded. Definition: ONNX operator specification, opset 7 to 21; where a
 * border is wider than the input, reflections and repetitions go on, as in numpy.pad. */
#include "strided.h"

#include <string.h>

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* Paddings beyond this are errors; nothing computed from them overflows. */
#define FAR (G_GINT64_CONSTANT (1) << 40)
/* Borders that repeat the input are cut into runs one position at a time. */
#define BORDER_MAX (1 << 20)

typedef struct
{
  int64_t at, n;      /* output positions at .. at + n - 1 */
  int64_t from, step; /* input position of the first (-1: the constant) and the step to the next */
} Run;

typedef struct
{
  int rank, n_runs[ENG_MAX_RANK];
  Run *runs[ENG_MAX_RANK];
  int64_t to[ENG_MAX_RANK], from[ENG_MAX_RANK]; /* strides of output and input */
  EngShape out;
  union
  {
    float f;
    int64_t i;
  } value;
} Pad;

/* Input position behind position @i of an axis whose part of length @n starts at 0. */
typedef int64_t (*PadMap) (int64_t i, int64_t n);

static int64_t
modulo (int64_t i, int64_t n)
{
  return (i % n + n) % n;
}

static int64_t
map_constant (int64_t i, int64_t n)
{
  return i >= 0 && i < n ? i : -1;
}

static int64_t
map_edge (int64_t i, int64_t n)
{
  return CLAMP (i, 0, n - 1);
}

static int64_t
map_reflect (int64_t i, int64_t n)
{
  int64_t k = n > 1 ? modulo (i, 2 * (n - 1)) : 0;
  return k < n ? k : 2 * (n - 1) - k;
}

static int64_t
map_wrap (int64_t i, int64_t n)
{
  return modulo (i, n);
}

static const struct
{
  const char *name;
  int since;
  PadMap map;
} pad_modes[] = {
  { "constant", 1, map_constant }, { "reflect", 1, map_reflect }, { "edge", 1, map_edge }, { "wrap", 19, map_wrap }
};

static PadMap
find_pad_mode (const EngNode *node, GError **error)
{
  const char *mode = eng_attrs_get_string (node->attrs, "mode", "constant");
  for (guint i = 0; i < G_N_ELEMENTS (pad_modes); i++)
    if (strcmp (mode, pad_modes[i].name) == 0 && node->opset >= pad_modes[i].since)
      return pad_modes[i].map;
  eng_fail (error, ENG_ERROR_UNSUPPORTED, "mode %s does not exist in opset %d", mode, node->opset);
  return NULL;
}

/* Paddings before and after, by axis: 2 numbers per axis, of all axes or (opset 18) the named ones. */
static gboolean
read_pads (EngNode *node, int rank, int64_t before[ENG_MAX_RANK], int64_t after[ENG_MAX_RANK], GError **error)
{
  const int64_t *pads, *axes;
  int n, n_axes, by_input = node->opset >= 11;
  if (!eng_node_ints (node, by_input ? NULL : "pads", by_input ? 1 : -1, &pads, &n, error)
      || !eng_node_ints (node, NULL, node->opset >= 18 ? 3 : -1, &axes, &n_axes, error))
    return FALSE;
  int many = n_axes >= 0 ? n_axes : rank;
  if (many > rank || n != 2 * many)
    return eng_fail (error, ENG_ERROR_INVALID, "pads must be two numbers for each of %d axes, there are %d", many, n);
  for (int i = 0; i < many; i++)
    {
      int axis;
      if (!eng_node_axis (node, n_axes >= 0 ? axes[i] : i, rank, &axis, error))
        return FALSE;
      if (ABS (pads[i] / 2) > FAR || ABS (pads[many + i] / 2) > FAR)
        return eng_fail (error, ENG_ERROR_INVALID, "the padding of axis %d is too large", axis);
      before[axis] = pads[i];
      after[axis] = pads[many + i];
    }
  return TRUE;
}

/* The runs of one border, output positions @begin to @end - 1, of an axis whose kept part of length
 * @kept begins at output @before and input @first. */
static void
cut_border (GArray *runs, PadMap map, int64_t begin, int64_t end, int64_t before, int64_t kept, int64_t first)
{
  for (int64_t i = begin; i < end;)
    {
      Run r = { i, 1, map (i - before, kept), 0 };
      if (r.from < 0)
        r.n = end - i;
      else
        {
          int64_t step = i + 1 < end ? map (i + 1 - before, kept) - r.from : 0;
          r.step = ABS (step) > 1 ? 0 : step;
          while (i + r.n < end && map (i + r.n - before, kept) == r.from + r.n * r.step)
            r.n++;
          r.from += first;
        }
      g_array_append_val (runs, r);
      i += r.n;
    }
}

/* Cuts one axis into runs. Negative pads first crop, then the rest is padded. */
static gboolean
pad_axis (EngNode *node, Pad *p, int axis, int64_t dim, int64_t before, int64_t after, PadMap map, GError **error)
{
  int64_t first = MAX (-before, 0), kept = dim - first - MAX (-after, 0);
  before = MAX (before, 0);
  after = MAX (after, 0);
  if (kept < 0 || (kept == 0 && before + after > 0 && map != map_constant))
    return eng_fail (error, ENG_ERROR_INVALID, "the padding of axis %d takes more than is there", axis);
  if (MAX (before, after) > BORDER_MAX && map != map_constant)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the padding of axis %d is too large", axis);
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (Run));
  const Run middle = { before, kept, first, 1 };
  cut_border (runs, map, 0, before, before, kept, first);
  g_array_append_val (runs, middle);
  cut_border (runs, map, before + kept, before + kept + after, before, kept, first);
  p->out.dim[axis] = before + kept + after;
  p->n_runs[axis] = (int)runs->len;
  p->runs[axis] = eng_node_alloc (node, sizeof (Run) * runs->len);
  memcpy (p->runs[axis], runs->data, sizeof (Run) * runs->len);
  return TRUE;
}

static gboolean
pad_value (EngNode *node, Pad *p, GError **error)
{
  gboolean is_float = eng_dtype_is_float (node->inputs[0]->dtype);
  if (is_float || node->opset < 11)
    return eng_node_float (node, node->opset < 11 ? "value" : NULL, node->opset < 11 ? -1 : 2, 0, &p->value.f, error)
           && (is_float || p->value.f == 0
               || eng_fail (error, ENG_ERROR_INVALID, "integers are padded with a fraction"));
  if (!eng_node_has_input (node, 2))
    return TRUE;
  const EngTensor *t = eng_node_constant (node, 2, error);
  if (!t)
    return FALSE;
  if (eng_dtype_is_float (t->dtype) || eng_tensor_count (t) != 1)
    return eng_fail (error, ENG_ERROR_INVALID, "the constant value must be one number of the input's type");
  p->value.i = t->i[0];
  return TRUE;
}

static gboolean
pad_shape (EngNode *node, GError **error)
{
  int64_t before[ENG_MAX_RANK] = { 0 }, after[ENG_MAX_RANK] = { 0 };
  if (!eng_node_need_inputs (node, node->opset >= 11 ? 2 : 1,
                             node->opset >= 18   ? 4
                             : node->opset >= 11 ? 3
                                                 : 1,
                             error))
    return FALSE;
  const EngShape *in = &node->inputs[0]->shape;
  PadMap map = find_pad_mode (node, error);
  if (!map || !read_pads (node, in->rank, before, after, error))
    return FALSE;
  Pad *p = node->priv = eng_node_priv (node, Pad);
  if (!pad_value (node, p, error))
    return FALSE;
  p->rank = p->out.rank = in->rank;
  for (int i = 0; i < in->rank; i++)
    if (!pad_axis (node, p, i, in->dim[i], before[i], after[i], map, error))
      return FALSE;
  if (!eng_node_set_output (node, 0, node->inputs[0]->dtype, &p->out, error))
    return FALSE;
  eng_shape_strides (&p->out, p->to);
  eng_shape_strides (in, p->from);
  return TRUE;
}

/* Calls @box with every box from input to output; those of the constant read position 0 for ever. */
typedef void (*PadBox) (const EngStrided *box, gboolean constant, gpointer data);

static void
pad_walk (const Pad *p, int axis, const EngStrided *outer, PadBox box, gpointer data)
{
  if (axis == p->rank)
    {
      box (outer, FALSE, data);
      return;
    }
  for (int k = 0; k < p->n_runs[axis]; k++)
    {
      const Run *r = &p->runs[axis][k];
      EngStrided s = *outer;
      s.to_offset += r->at * p->to[axis];
      eng_strided_axis (&s, r->n, p->to[axis], r->step * p->from[axis]);
      if (r->from >= 0)
        {
          s.from_offset += r->from * p->from[axis];
          pad_walk (p, axis + 1, &s, box, data);
          continue;
        }
      for (int a = axis + 1; a < p->rank; a++)
        eng_strided_axis (&s, p->out.dim[a], p->to[a], 0);
      memset (s.from, 0, sizeof s.from);
      s.from_offset = 0;
      box (&s, TRUE, data);
    }
}

typedef struct
{
  const void *from;
  void *to;
  const void *value;
  gsize size;
} PadData;

static void
pad_box_forward (const EngStrided *box, gboolean constant, gpointer data)
{
  const PadData *d = data;
  eng_strided_copy (box, d->to, constant ? d->value : d->from, d->size);
}

static void
pad_box_backward (const EngStrided *box, gboolean constant, gpointer data)
{
  const PadData *d = data;
  const EngStrided back = eng_strided_reversed (box);
  if (!constant)
    eng_strided_add (&back, d->to, d->from);
}

static void
pad_forward (const EngNode *node, EngPass *pass)
{
  const Pad *p = node->priv;
  PadData d = { eng_in (pass, node, 0), eng_out (pass, node, 0), &p->value, eng_dtype_size (node->inputs[0]->dtype) };
  pad_walk (p, 0, &(EngStrided){ 0 }, pad_box_forward, &d);
}

static void
pad_backward (const EngNode *node, EngPass *pass)
{
  const float *g = eng_grad_out (pass, node, 0);
  PadData d = { .from = g, .to = g ? eng_grad_in (pass, node, 0) : NULL };
  if (d.to)
    pad_walk (node->priv, 0, &(EngStrided){ 0 }, pad_box_backward, &d);
}

/* ---- the table ---- */

extern const EngOp eng_ops_pad[];

const EngOp eng_ops_pad[] = {
  { "Pad", 2, 10, pad_shape, pad_forward, pad_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EX ("f:2x3 pads=[1,0,0,2] value=1.5", "f:3x4 pads=[2,1,1,3] mode='reflect'", "f:3x4 pads=[-1,1,0,-2]") },
  { "Pad", 11, 17, pad_shape, pad_forward, pad_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EX ("f:2x3x2 i:[0,1,0,1,0,2] c:2.5", "f:3x4 i:[2,1,1,3] mode='edge'", "f:4x2 i:[-1,5,3,0] - mode='reflect'") },
  { "Pad", 18, 21, pad_shape, pad_forward, pad_backward, ENG_KEEP_NONE, ENG_OP_PLAIN,
    EX ("f:2x3x2 i:[1,2] - i:[-2]", "f:3x4 i:[2,1,4,3] mode='wrap'", "f:3x4 i:[2,1,-1,3] c:1.0 mode='edge'",
        "f:2x2x3 i:[1,2] - i:[2] mode='reflect'") },
  { NULL },
};
