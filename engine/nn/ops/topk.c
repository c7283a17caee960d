/* TopK: the k largest or smallest elements along an axis and where they stand, sorted; of equal ones
 * the first comes first. A heap of the k best so far, its worst on top, is kept per lane. The
 * gradient goes to the chosen elements. Definition: ONNX operator specification, opset 7 to 21. */
#include "strided.h"

#define EX(...) ((const char *const[]){ __VA_ARGS__, NULL })

typedef struct
{
  int64_t outer, n, inner, k;
  gboolean largest, is_float;
} TopK;

/* One lane of the input: element i at i * step. */
typedef struct
{
  const TopK *t;
  const float *f;
  const int64_t *i;
} Lane;

static gboolean
top_k_shape (EngNode *node, GError **error)
{
  const int64_t *k, by_attribute = eng_attrs_get_int (node->attrs, "k", -1);
  int n = 1, axis;
  k = &by_attribute;
  if (!eng_node_need_inputs (node, node->opset >= 10 ? 2 : 1, node->opset >= 10 ? 2 : 1, error)
      || (node->opset >= 10 && !eng_node_ints (node, NULL, 1, &k, &n, error))
      || !eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", -1), node->inputs[0]->shape.rank, &axis,
                         error))
    return FALSE;
  EngShape out = node->inputs[0]->shape;
  if (n != 1 || *k < 0 || *k > out.dim[axis])
    return eng_fail (error, ENG_ERROR_INVALID, "k must be one number from 0 to %" G_GINT64_FORMAT, out.dim[axis]);
  TopK *t = node->priv = eng_node_priv (node, TopK);
  *t = (TopK){ eng_shape_span (&out, 0, axis),
               out.dim[axis],
               eng_shape_span (&out, axis + 1, out.rank),
               *k,
               eng_attrs_get_int (node->attrs, "largest", 1) != 0,
               eng_dtype_is_float (node->inputs[0]->dtype) };
  node->scratch = (gsize)t->k * sizeof (int64_t);
  out.dim[axis] = *k;
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &out, error)
         && eng_node_set_output (node, 1, ENG_DTYPE_INT64, &out, error);
}

/* Whether element @a comes before element @b in the result. */
static gboolean
comes_before (const Lane *lane, int64_t a, int64_t b)
{
  const TopK *t = lane->t;
  int64_t pa = a * t->inner, pb = b * t->inner;
  gboolean less = t->is_float ? lane->f[pa] < lane->f[pb] : lane->i[pa] < lane->i[pb];
  gboolean more = t->is_float ? lane->f[pa] > lane->f[pb] : lane->i[pa] > lane->i[pb];
  if (less == more)
    return a < b;
  return t->largest ? more : less;
}

/* Restores the heap below @at: nobody comes before his children do. */
static void
sift (const Lane *lane, int64_t *heap, int64_t at, int64_t n)
{
  for (int64_t child; (child = 2 * at + 1) < n; at = child)
    {
      if (child + 1 < n && comes_before (lane, heap[child], heap[child + 1]))
        child++;
      if (comes_before (lane, heap[child], heap[at]))
        return;
      int64_t swap = heap[at];
      heap[at] = heap[child];
      heap[child] = swap;
    }
}

/* Fills @best with the k chosen elements in order. */
static void
choose (const Lane *lane, int64_t *best)
{
  int64_t k = lane->t->k;
  for (int64_t i = 0; i < k; i++)
    best[i] = i;
  for (int64_t i = k / 2; i-- > 0;)
    sift (lane, best, i, k);
  for (int64_t i = k; i < lane->t->n && k > 0; i++)
    if (comes_before (lane, i, best[0]))
      {
        best[0] = i;
        sift (lane, best, 0, k);
      }
  for (int64_t last = k - 1; last > 0; last--)
    {
      int64_t worst = best[0];
      best[0] = best[last];
      best[last] = worst;
      sift (lane, best, 0, last);
    }
}

/* Calls @func for every chosen element: its places in input and output, its number along the axis. */
static void
walk (const EngNode *node, EngPass *pass, void (*func) (int64_t in, int64_t out, int64_t chosen, gpointer data),
      gpointer data)
{
  const TopK *t = node->priv;
  int64_t *best = eng_pass_scratch (pass);
  for (int64_t i = 0; i < t->outer * t->inner; i++)
    {
      int64_t in = i / t->inner * t->n * t->inner + i % t->inner, out = i / t->inner * t->k * t->inner + i % t->inner;
      Lane lane = { .t = t };
      if (t->is_float)
        lane.f = eng_in_f (pass, node, 0) + in;
      else
        lane.i = eng_in_i (pass, node, 0) + in;
      choose (&lane, best);
      for (int64_t j = 0; j < t->k; j++)
        func (in + best[j] * t->inner, out + j * t->inner, best[j], data);
    }
}

typedef struct
{
  const float *f;
  const int64_t *i;
  float *to_f; /* the value outputs; the gradient on the way back; NULL: not wanted */
  int64_t *to_i, *index;
} TopKData;

static void
take (int64_t in, int64_t out, int64_t chosen, gpointer data)
{
  const TopKData *d = data;
  if (d->to_f)
    d->to_f[out] = d->f[in];
  if (d->to_i)
    d->to_i[out] = d->i[in];
  if (d->index)
    d->index[out] = chosen;
}

static void
give_back (int64_t in, int64_t out, int64_t chosen, gpointer data)
{
  const TopKData *d = data;
  d->to_f[in] += d->f[out];
}

static void
top_k_forward (const EngNode *node, EngPass *pass)
{
  const TopK *t = node->priv;
  TopKData d = { .index = eng_out_i (pass, node, 1) };
  if (t->is_float)
    {
      d.f = eng_in_f (pass, node, 0);
      d.to_f = eng_out_f (pass, node, 0);
    }
  else
    {
      d.i = eng_in_i (pass, node, 0);
      d.to_i = eng_out_i (pass, node, 0);
    }
  walk (node, pass, take, &d);
}

static void
top_k_backward (const EngNode *node, EngPass *pass)
{
  const float *g = eng_grad_out (pass, node, 0);
  TopKData d = { .f = g, .to_f = g ? eng_grad_in (pass, node, 0) : NULL };
  if (d.to_f)
    walk (node, pass, give_back, &d);
}

extern const EngOp eng_ops_topk[];

const EngOp eng_ops_topk[] = {
  { "TopK", 1, 9, top_k_shape, top_k_forward, top_k_backward, ENG_KEEP_IN_0, ENG_OP_PLAIN,
    EX ("f:2x5 k=2 out=2", "f:5x2 k=3 axis=0 out=2") },
  { "TopK", 10, 10, top_k_shape, top_k_forward, top_k_backward, ENG_KEEP_IN_0, ENG_OP_PLAIN,
    EX ("f:2x5 i:[2] out=2") },
  { "TopK", 11, 21, top_k_shape, top_k_forward, top_k_backward, ENG_KEEP_IN_0, ENG_OP_PLAIN,
    EX ("f:2x9 i:[4] out=2", "f:2x5x2 i:[3] axis=1 largest=0 out=2") },
  { NULL },
};
