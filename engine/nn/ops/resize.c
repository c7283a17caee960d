/* Resize and Upsample.
 *
 * Interpolation is separable: along each resized axis every output position is a weighted sum of a few
 * input positions. shape() writes these sums down as a sparse matrix per axis, and its transpose for the
 * gradient; forward and backward multiply along one axis after another. Antialiasing and edges follow
 * the definition of the operator: taps outside the image count for the edge, or, with exclude_outside,
 * not at all. */
#include "../../kernels/vector.h"
#include "interpolation.h"

#include <string.h>

/* Rows of a sparse matrix: row i is the sum over start[i] <= e < start[i + 1] of weight[e] * element at[e]. */
typedef struct
{
  int64_t rows;
  int64_t *start, *at;
  float *weight;
} Sparse;

typedef struct
{
  int axis;
  int64_t in, out;
  Sparse forward, backward;
  guint8 *outside; /* by output position: take the extrapolation value (tf_crop_and_resize); NULL: none */
} Axis;

typedef struct
{
  int n; /* axes that change; the order of work */
  Axis axis[ENG_MAX_RANK];
  EngShape in, out;
  gsize buffer; /* floats of one of two intermediate results */
  float extrapolation;
} Resize;

/* ---- weights ---- */

static void
sparse_alloc (EngNode *node, Sparse *m, int64_t rows, gsize elements)
{
  m->rows = rows;
  m->start = eng_node_alloc (node, sizeof (int64_t) * (gsize)(rows + 1));
  m->at = eng_node_alloc (node, sizeof (int64_t) * elements);
  m->weight = eng_node_alloc (node, sizeof (float) * elements);
}

static void
sparse_transpose (EngNode *node, const Sparse *m, int64_t columns, Sparse *t)
{
  int64_t elements = m->start[m->rows];
  sparse_alloc (node, t, columns, (gsize)elements);
  for (int64_t e = 0; e < elements; e++)
    t->start[m->at[e] + 1]++;
  for (int64_t i = 0; i < columns; i++)
    t->start[i + 1] += t->start[i];
  g_autofree int64_t *next = g_memdup2 (t->start, sizeof (int64_t) * (gsize)(columns + 1));
  for (int64_t row = 0; row < m->rows; row++)
    for (int64_t e = m->start[row]; e < m->start[row + 1]; e++)
      {
        int64_t to = next[m->at[e]]++;
        t->at[to] = row;
        t->weight[to] = m->weight[e];
      }
}

static gboolean
axis_init (EngNode *node, Axis *a, const EngSpan *s, GError **error)
{
  /* An antialias filter wider than the image twice over comes from contradictory parameters only. */
  if (s->in < 1 || s->in > ENG_INTERPOLATION_LONGEST || (s->method->antialias && s->scale * (double)(2 * s->in) < 1))
    return eng_fail (error, ENG_ERROR_INVALID, "an axis of %" G_GINT64_FORMAT " cannot be scaled by %g", s->in,
                     s->scale);
  g_autoptr (GArray) at = g_array_new (FALSE, FALSE, sizeof (int64_t));
  g_autoptr (GArray) weight = g_array_new (FALSE, FALSE, sizeof (float));
  g_autofree int64_t *start = g_new0 (int64_t, s->out + 1);
  a->in = s->in;
  a->out = s->out;
  for (int64_t i = 0; i < s->out; i++)
    {
      /* Rounded to float, as a quotient that should be whole is in other runtimes. */
      double x = (float)s->method->coordinate (s, i);
      if (s->method->crop && !(x >= 0 && x <= (double)(s->in - 1)))
        {
          if (!a->outside)
            a->outside = eng_node_alloc (node, (gsize)s->out);
          a->outside[i] = 1;
        }
      else
        eng_interpolation_taps (s, x, at, weight);
      start[i + 1] = at->len;
    }
  sparse_alloc (node, &a->forward, s->out, at->len);
  memcpy (a->forward.start, start, sizeof *start * (gsize)(s->out + 1));
  if (at->len)
    {
      memcpy (a->forward.at, at->data, sizeof (int64_t) * at->len);
      memcpy (a->forward.weight, weight->data, sizeof (float) * at->len);
    }
  sparse_transpose (node, &a->forward, s->in, &a->backward);
  return TRUE;
}

/* ---- shape ---- */

/* Axes that shrink go first, from the outermost; then those that grow, from the innermost, so that the
 * loops which are not vectors run while there is little data. */
static gboolean
choose_axes (EngNode *node, Resize *r, const EngSpan *spans, GError **error)
{
  int rank = r->in.rank;
  for (int k = 0; k < 2 * rank; k++)
    {
      int a = k < rank ? k : 2 * rank - 1 - k;
      const EngSpan *s = &spans[a];
      if ((s->out <= s->in) != (k < rank) || (s->out == s->in && s->scale == 1 && !s->method->crop))
        continue;
      r->axis[r->n].axis = a;
      if (!axis_init (node, &r->axis[r->n++], s, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
resize_with (EngNode *node, const int *inputs, GError **error)
{
  EngInterpolation method;
  EngSpan spans[ENG_MAX_RANK];
  if (!eng_node_need_float (node, 0, error) || !eng_interpolation_read (node, &method, error)
      || !eng_interpolation_spans (node, inputs, &method, spans, error))
    return FALSE;
  Resize *r = node->priv = eng_node_priv (node, Resize);
  r->in = r->out = node->inputs[0]->shape;
  r->extrapolation = eng_attrs_get_float (node->attrs, "extrapolation_value", 0);
  for (int a = 0; a < r->in.rank; a++)
    r->out.dim[a] = spans[a].out;
  if (!eng_node_set_output (node, 0, node->inputs[0]->dtype, &r->out, error) || !choose_axes (node, r, spans, error))
    return FALSE;
  EngShape s = r->in;
  r->buffer = (gsize)eng_shape_count (&r->out); /* the gradient of a crop is copied before it is changed */
  for (int i = 0; i < r->n; i++)
    {
      s.dim[r->axis[i].axis] = r->axis[i].out;
      r->buffer = MAX (r->buffer, (gsize)eng_shape_count (&s));
    }
  node->scratch = 2 * sizeof (float) * r->buffer;
  return TRUE;
}

static gboolean
resize_10_shape (EngNode *node, GError **error)
{
  static const int inputs[] = { -1, 1, -1 };
  return eng_node_need_inputs (node, 2, 2, error) && resize_with (node, inputs, error);
}

static gboolean
resize_shape (EngNode *node, GError **error)
{
  static const int inputs[] = { 1, 2, 3 };
  return eng_node_need_inputs (node, 1, 4, error) && resize_with (node, inputs, error);
}

static gboolean
upsample_7_shape (EngNode *node, GError **error)
{
  static const int inputs[] = { -1, -1, -1 };
  return eng_node_need_inputs (node, 1, 1, error) && resize_with (node, inputs, error);
}

/* ---- one axis ---- */

/* An array outer x n x inner is multiplied along its middle. */
typedef struct
{
  const Sparse *m;
  int64_t n, inner;
  const float *src;
  float *dst;
  gboolean add;
} Product;

/* inner = 1: rows of n become rows of m->rows */
static void
product_lines (int64_t begin, int64_t end, gpointer data)
{
  const Product *p = data;
  const Sparse *m = p->m;
  for (int64_t o = begin; o < end; o++)
    {
      const float *src = p->src + o * p->n;
      float *dst = p->dst + o * m->rows;
      for (int64_t i = 0; i < m->rows; i++)
        {
          float sum = 0;
          for (int64_t e = m->start[i]; e < m->start[i + 1]; e++)
            sum += m->weight[e] * src[m->at[e]];
          dst[i] = p->add ? dst[i] + sum : sum;
        }
    }
}

/* inner > 1: each row of the result is a weighted sum of rows */
static void
product_rows (int64_t begin, int64_t end, gpointer data)
{
  const Product *p = data;
  const Sparse *m = p->m;
  for (int64_t row = begin; row < end; row++)
    {
      int64_t i = row % m->rows, e = m->start[i];
      const float *src = p->src + row / m->rows * p->n * p->inner;
      float *dst = p->dst + row * p->inner;
      if (!p->add && e < m->start[i + 1])
        {
          eng_vec_scale (dst, src + m->at[e] * p->inner, m->weight[e], p->inner);
          e++;
        }
      else if (!p->add)
        memset (dst, 0, sizeof *dst * (gsize)p->inner);
      for (; e < m->start[i + 1]; e++)
        eng_vec_accumulate_scaled (dst, src + m->at[e] * p->inner, m->weight[e], p->inner);
    }
}

/* @shape: of src; its @axis has @n elements */
static void
multiply (const Sparse *m, const EngShape *shape, int axis, const float *src, float *dst, gboolean add)
{
  Product p = { m, shape->dim[axis], eng_shape_span (shape, axis + 1, shape->rank), src, dst, add };
  int64_t outer = eng_shape_span (shape, 0, axis);
  double taps = m->rows ? (double)m->start[m->rows] / (double)m->rows : 0;
  if (p.inner == 1)
    eng_parallel (outer, (1 + taps) * (double)m->rows, product_lines, &p);
  else
    eng_parallel (outer * m->rows, 5 + 0.2 * (1 + taps) * (double)p.inner, product_rows, &p);
}

/* ---- the whole ---- */

/* Sets output elements that lie outside the image along any axis. */
static void
fill_outside (const Resize *r, float *y, float value)
{
  for (int k = 0; k < r->n; k++)
    {
      const Axis *a = &r->axis[k];
      int64_t inner = eng_shape_span (&r->out, a->axis + 1, r->out.rank),
              outer = eng_shape_span (&r->out, 0, a->axis);
      for (int64_t row = 0; a->outside && row < outer * a->out; row++)
        for (int64_t i = 0; a->outside[row % a->out] && i < inner; i++)
          y[row * inner + i] = value;
    }
}

static void
resize_forward (const EngNode *node, EngPass *pass)
{
  const Resize *r = node->priv;
  const float *x = eng_in_f (pass, node, 0);
  float *y = eng_out_f (pass, node, 0), *scratch = eng_pass_scratch (pass);
  EngShape shape = r->in;
  if (r->n == 0)
    memcpy (y, x, sizeof *y * (gsize)eng_shape_count (&shape));
  for (int i = 0; i < r->n; i++)
    {
      float *to = i == r->n - 1 ? y : scratch + (gsize)(i % 2) * r->buffer;
      multiply (&r->axis[i].forward, &shape, r->axis[i].axis, x, to, FALSE);
      shape.dim[r->axis[i].axis] = r->axis[i].out;
      x = to;
    }
  fill_outside (r, y, r->extrapolation);
}

static void
resize_backward (const EngNode *node, EngPass *pass)
{
  const Resize *r = node->priv;
  const float *dy = eng_grad_out (pass, node, 0);
  float *scratch = eng_pass_scratch (pass);
  gboolean fresh, crops = FALSE;
  float *dx = dy ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  if (!dx)
    return;
  EngShape shape = r->out;
  for (int i = 0; i < r->n; i++)
    crops |= r->axis[i].outside != NULL;
  if (crops)
    {
      memcpy (scratch, dy, sizeof *dy * (gsize)eng_shape_count (&shape));
      fill_outside (r, scratch, 0);
      dy = scratch;
    }
  if (r->n == 0 && fresh)
    memcpy (dx, dy, sizeof *dx * (gsize)eng_shape_count (&shape));
  else if (r->n == 0)
    eng_vec_accumulate (dx, dy, eng_shape_count (&shape));
  for (int i = r->n - 1; i >= 0; i--)
    {
      float *to = i == 0 ? dx : dy == scratch ? scratch + r->buffer : scratch;
      multiply (&r->axis[i].backward, &shape, r->axis[i].axis, dy, to, i == 0 && !fresh);
      shape.dim[r->axis[i].axis] = r->axis[i].in;
      dy = to;
    }
}
static const char *const upsample_7_examples[] = {
  "f:1x2x3x4 scales=[1.0,1.0,2.0,3.0] mode='nearest' opset=7",
  "f:1x2x3x4 scales=[1.0,1.0,2.0,1.5] mode='linear' opset=7",
  NULL,
};
static const char *const scales_examples[] = {
  "f:1x2x3x4 c:[1.0,1.0,2.0,3.0] mode='nearest'",
  "f:1x2x3x4 c:[1.0,1.0,2.0,1.5] mode='linear'",
  NULL,
};
static const char *const resize_11_examples[] = {
  "f:1x2x3x4 c:[] c:[] i:[1,2,6,9] mode='linear' coordinate_transformation_mode='pytorch_half_pixel'",
  "f:1x2x3x4 c:[] c:[1.0,1.0,2.0,3.0] mode='nearest' coordinate_transformation_mode='asymmetric' "
  "nearest_mode='floor'",
  "f:1x2x7x8 c:[] c:[] i:[1,2,3,5] mode='nearest' coordinate_transformation_mode='tf_half_pixel_for_nn'",
  "f:1x2x5x6 c:[0.0,0.0,-0.2,0.3,1.0,1.0,0.7,1.2] c:[] i:[1,2,4,5] mode='linear' "
  "coordinate_transformation_mode='tf_crop_and_resize' extrapolation_value=2.0",
  NULL,
};
static const char *const resize_13_examples[] = {
  "f:2x2x3x4 - c:[1.0,1.0,2.5,3.0] mode='linear'",
  "f:1x2x5x4 - - i:[1,2,3,9] mode='linear' coordinate_transformation_mode='align_corners'",
  "f:1x2x6x6 - - i:[1,2,3,9] mode='cubic'",
  "f:1x2x6x6 - c:[1.0,1.0,0.6,1.5] mode='cubic' exclude_outside=1 cubic_coeff_a=-0.5",
  "f:1x2x3x4 - - i:[1,2,7,7] mode='nearest' nearest_mode='round_prefer_ceil'",
  "f:1x2x3x4 - - i:[1,2,7,7] mode='nearest' nearest_mode='ceil'",
  "f:1x3x4x3x5 - - i:[1,3,6,2,5] mode='linear'",
  "f:2x3x4 - - i:[2,3,4] mode='linear'",
  NULL,
};
static const char *const resize_18_examples[] = {
  "f:1x2x8x9 - - i:[3,4] mode='linear' axes=[2,3] antialias=1",
  "f:1x2x8x9 - - i:[3,12] mode='cubic' axes=[2,-1] antialias=1",
  "f:1x2x8x9 - - i:[5,5] mode='linear' axes=[2,3] keep_aspect_ratio_policy='not_larger'",
  "f:1x2x4x5 - - i:[9,7] mode='nearest' axes=[3,2] keep_aspect_ratio_policy='not_smaller'",
  "f:1x2x5x5 - c:[1.7,0.7] mode='linear' axes=[2,3] coordinate_transformation_mode='half_pixel_symmetric'",
  NULL,
};

const EngOp eng_ops_resize[] = {
  { "Upsample", 7, 8, upsample_7_shape, resize_forward, resize_backward, 0, 0, upsample_7_examples },
  { "Upsample", 9, 9, resize_10_shape, resize_forward, resize_backward, 0, 0, scales_examples },
  { "Resize", 10, 10, resize_10_shape, resize_forward, resize_backward, 0, 0, scales_examples },
  { "Resize", 11, 12, resize_shape, resize_forward, resize_backward, 0, 0, resize_11_examples },
  { "Resize", 13, 17, resize_shape, resize_forward, resize_backward, 0, 0, resize_13_examples },
  { "Resize", 18, ENG_OPSET_MAX, resize_shape, resize_forward, resize_backward, 0, 0, resize_18_examples },
  { NULL },
};