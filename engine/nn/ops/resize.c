/* Resize, Upsample, DepthToSpace and SpaceToDepth.
 *
 * Interpolation is separable: along each resized axis every output position is a weighted sum of a few
 * input positions. shape() writes these sums down as a sparse matrix per axis, and its transpose for the
 * gradient; forward and backward multiply along one axis after another. Antialiasing and edges follow
 * the definition of the operator: taps outside the image count for the edge, or, with exclude_outside,
 * not at all. */
#include "../../kernels/vector.h"
#include "../op.h"

#include <math.h>
#include <string.h>

#define MAX_LENGTH (1 << 17) /* of a resized axis, before and after: weights are tabulated */

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

/* ---- parameters ---- */

/* What one axis is resized by, and how. */
typedef struct
{
  int64_t in, out;
  double scale; /* as given, or out / in */
  double roi_start, roi_end;
  double length; /* of the output before it was rounded down: in * scale */
  const struct _Method *method;
} Span;

typedef struct _Method
{
  double (*coordinate) (const Span *s, int64_t i); /* output position to input coordinate */
  int64_t (*nearest) (const Span *s, double x);
  int taps; /* 1: nearest, 2: linear, 4: cubic */
  double a; /* cubic_coeff_a */
  gboolean exclude_outside, antialias, crop;
} Method;

static double
half_pixel (const Span *s, int64_t i)
{
  return ((double)i + 0.5) / s->scale - 0.5;
}

static double
half_pixel_symmetric (const Span *s, int64_t i)
{
  return (double)s->in / 2 * (1 - (double)s->out / s->length) + half_pixel (s, i);
}

static double
pytorch_half_pixel (const Span *s, int64_t i)
{
  return s->out > 1 ? half_pixel (s, i) : 0;
}

static double
align_corners (const Span *s, int64_t i)
{
  return s->length == 1 ? 0 : (double)i * ((double)s->in - 1) / (s->length - 1);
}

static double
asymmetric (const Span *s, int64_t i)
{
  return (double)i / s->scale;
}

static double
half_pixel_for_nn (const Span *s, int64_t i)
{
  return ((double)i + 0.5) / s->scale;
}

static double
crop (const Span *s, int64_t i)
{
  double last = (double)s->in - 1;
  return s->out > 1 ? s->roi_start * last + (double)i * (s->roi_end - s->roi_start) * last / ((double)s->out - 1)
                    : 0.5 * (s->roi_start + s->roi_end) * last;
}

static const struct
{
  const char *name;
  double (*func) (const Span *s, int64_t i);
} coordinate_modes[] = {
  { "half_pixel", half_pixel },
  { "half_pixel_symmetric", half_pixel_symmetric },
  { "pytorch_half_pixel", pytorch_half_pixel },
  { "align_corners", align_corners },
  { "asymmetric", asymmetric },
  { "tf_half_pixel_for_nn", half_pixel_for_nn },
  { "tf_crop_and_resize", crop },
};

static int64_t
round_prefer_floor (const Span *s, double x)
{
  return (int64_t)ceil (x - 0.5);
}

static int64_t
round_prefer_ceil (const Span *s, double x)
{
  return (int64_t)floor (x + 0.5);
}

static int64_t
nearest_floor (const Span *s, double x)
{
  return (int64_t)floor (x);
}

static int64_t
nearest_ceil (const Span *s, double x)
{
  return (int64_t)ceil (x);
}

/* What Upsample and the first Resize mean by "nearest" was never written down; this is what runtimes do. */
static int64_t
nearest_simple (const Span *s, double x)
{
  return (int64_t)(s->scale < 1 ? ceil (x) : floor (x));
}

static const struct
{
  const char *name;
  int64_t (*func) (const Span *s, double x);
} nearest_modes[] = {
  { "round_prefer_floor", round_prefer_floor },
  { "round_prefer_ceil", round_prefer_ceil },
  { "floor", nearest_floor },
  { "ceil", nearest_ceil },
};

static const struct
{
  const char *name;
  int taps;
} modes[] = { { "nearest", 1 }, { "linear", 2 }, { "bilinear", 2 }, { "trilinear", 2 }, { "cubic", 4 } };

/* The row of @table that has the name in attribute @attr. */
#define LOOK_UP(node, attr, otherwise, table, found, error)                                                          \
  look_up (node, attr, otherwise, &(table)[0].name, sizeof (table)[0], G_N_ELEMENTS (table), found, error)

static gboolean
look_up (const EngNode *node, const char *attr, const char *otherwise, const char *const *names, gsize step, guint n,
         guint *found, GError **error)
{
  const char *wanted = eng_attrs_get_string (node->attrs, attr, otherwise);
  for (guint i = 0; i < n; i++)
    if (strcmp (*(const char *const *)((const char *)names + i * step), wanted) == 0)
      {
        *found = i;
        return TRUE;
      }
  return eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s \"%s\" is not known", attr, wanted);
}

static gboolean
read_method (const EngNode *node, Method *m, GError **error)
{
  guint mode = 0, coordinate = 0, nearest = 0;
  if (!LOOK_UP (node, "mode", "nearest", modes, &mode, error)
      || !LOOK_UP (node, "coordinate_transformation_mode", "half_pixel", coordinate_modes, &coordinate, error)
      || !LOOK_UP (node, "nearest_mode", "round_prefer_floor", nearest_modes, &nearest, error))
    return FALSE;
  gboolean old = node->opset < 11;
  m->taps = modes[mode].taps;
  m->coordinate = old ? asymmetric : coordinate_modes[coordinate].func;
  m->nearest = old ? nearest_simple : nearest_modes[nearest].func;
  m->crop = m->coordinate == crop;
  m->a = eng_attrs_get_float (node->attrs, "cubic_coeff_a", -0.75f);
  m->exclude_outside = m->taps > 1 && eng_attrs_get_int (node->attrs, "exclude_outside", 0) != 0;
  m->antialias = m->taps > 1 && eng_attrs_get_int (node->attrs, "antialias", 0) != 0;
  return TRUE;
}

/* ---- sizes ---- */

/* Which axes roi, scales and sizes speak of: attribute axes (since opset 18) or all. */
static gboolean
read_axes (const EngNode *node, int *axes, int *n, GError **error)
{
  const int64_t *v;
  int rank = node->inputs[0]->shape.rank;
  gboolean seen[ENG_MAX_RANK] = { FALSE };
  if (!eng_node_ints (node, "axes", -1, &v, n, error))
    return FALSE;
  gboolean all = *n < 0;
  if (all)
    *n = rank;
  if (*n > rank)
    return eng_fail (error, ENG_ERROR_INVALID, "there are more axes than dimensions");
  for (int i = 0; i < *n; i++)
    {
      if (!eng_node_axis (node, all ? i : v[i], rank, &axes[i], error))
        return FALSE;
      if (seen[axes[i]])
        return eng_fail (error, ENG_ERROR_INVALID, "axis %d is named twice", axes[i]);
      seen[axes[i]] = TRUE;
    }
  return TRUE;
}

/* The constant floats of input @i, @n of them; NULL without an error: absent or empty. */
static gboolean
read_floats (const EngNode *node, int i, int n, const float **v, GError **error)
{
  *v = NULL;
  if (!eng_node_has_input (node, i) || eng_shape_count (&node->inputs[i]->shape) == 0)
    return TRUE;
  const EngTensor *t = eng_node_constant (node, i, error);
  if (!t || !eng_node_need_float (node, i, error))
    return FALSE;
  if (eng_tensor_count (t) != n)
    return eng_fail (error, ENG_ERROR_INVALID, "input %d must have %d elements", i, n);
  *v = t->f;
  return TRUE;
}

static gboolean
span_from_scale (Span *s, double scale, GError **error)
{
  double roi = s->method->crop ? s->roi_end - s->roi_start : 1;
  if (!(scale > 0) || !isfinite (scale))
    return eng_fail (error, ENG_ERROR_INVALID, "a scale is %g, it must be greater than 0", scale);
  s->scale = scale;
  s->length = (double)s->in * scale;
  double out = floor ((double)s->in * roi * scale);
  if (!(out >= 1 && out <= MAX_LENGTH))
    return eng_fail (error, ENG_ERROR_INVALID, "an axis of %" G_GINT64_FORMAT " would be resized to %g elements",
                     s->in, out);
  s->out = (int64_t)out;
  return TRUE;
}

static gboolean
span_from_size (Span *s, int64_t size, GError **error)
{
  if (size < 1 || size > MAX_LENGTH || s->in < 1)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "an axis of %" G_GINT64_FORMAT " cannot be resized to %" G_GINT64_FORMAT " elements", s->in,
                     size);
  s->out = size;
  s->scale = (double)size / (double)s->in;
  s->length = (double)size;
  return TRUE;
}

/* keep_aspect_ratio_policy: one scale for all axes, the smallest or the largest that sizes ask for. */
static gboolean
keep_aspect (const EngNode *node, Span *spans, const int *axes, int n, GError **error)
{
  const char *policy = eng_attrs_get_string (node->attrs, "keep_aspect_ratio_policy", "stretch");
  if (strcmp (policy, "stretch") == 0 || n == 0)
    return TRUE;
  gboolean smaller = strcmp (policy, "not_larger") == 0;
  if (!smaller && strcmp (policy, "not_smaller") != 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "keep_aspect_ratio_policy \"%s\" is not known", policy);
  double scale = spans[axes[0]].scale;
  for (int i = 1; i < n; i++)
    scale = smaller ? fmin (scale, spans[axes[i]].scale) : fmax (scale, spans[axes[i]].scale);
  for (int i = 0; i < n; i++)
    {
      Span *s = &spans[axes[i]];
      double out = floor ((double)s->in * scale + 0.5);
      if (!(out >= 1 && out <= MAX_LENGTH))
        return eng_fail (error, ENG_ERROR_INVALID, "an axis would be resized to %g elements", out);
      s->out = (int64_t)out;
      s->scale = scale;
      s->length = (double)s->in * scale;
    }
  return TRUE;
}

/* @inputs: positions of roi, scales and sizes among the inputs, -1 where the operator has none. */
static gboolean
read_spans (const EngNode *node, const int *inputs, const Method *method, Span *spans, GError **error)
{
  int axes[ENG_MAX_RANK], n, n_sizes = -1;
  const float *roi = NULL, *scales = NULL;
  const int64_t *sizes = NULL;
  if (!read_axes (node, axes, &n, error))
    return FALSE;
  for (int a = 0; a < node->inputs[0]->shape.rank; a++)
    {
      int64_t length = node->inputs[0]->shape.dim[a];
      spans[a] = (Span){ length, length, 1, 0, 1, (double)length, method };
    }
  if (method->crop && !read_floats (node, inputs[0], 2 * n, &roi, error))
    return FALSE;
  if (method->crop && !roi)
    return eng_fail (error, ENG_ERROR_INVALID, "tf_crop_and_resize needs the input roi");
  if (inputs[1] < 0)
    {
      scales = eng_attrs_get_floats (node->attrs, "scales", &n_sizes);
      if (n_sizes != n)
        return eng_fail (error, ENG_ERROR_INVALID, "attribute scales must have %d elements", n);
    }
  else if (!read_floats (node, inputs[1], n, &scales, error))
    return FALSE;
  if (!scales && !eng_node_ints (node, NULL, inputs[2], &sizes, &n_sizes, error))
    return FALSE;
  if (!scales && n_sizes != n)
    return eng_fail (error, ENG_ERROR_INVALID, "scales or sizes must have %d elements", n);
  for (int i = 0; i < n; i++)
    {
      Span *s = &spans[axes[i]];
      if (roi)
        {
          s->roi_start = roi[i];
          s->roi_end = roi[n + i];
        }
      if (!(scales ? span_from_scale (s, scales[i], error) : span_from_size (s, sizes[i], error)))
        return FALSE;
    }
  return scales ? TRUE : keep_aspect (node, spans, axes, n, error);
}

/* ---- weights ---- */

/* Keys, "Cubic convolution interpolation for digital image processing" (1981), equation 4 */
static double
cubic_kernel (double x, double a)
{
  x = fabs (x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* Weight of the input position at distance @x, in units of the (stretched) filter. */
static double
filter (const Method *m, double x)
{
  return m->taps == 2 ? fmax (0, 1 - fabs (x)) : cubic_kernel (x, m->a);
}

/* Adds the taps of one output position to the lists; equal positions (clamped to the edge) are joined. */
static void
add_row (const Span *s, double x, GArray *at, GArray *weight)
{
  const Method *m = s->method;
  double stretch = m->antialias ? fmin (s->scale, 1) : 1, reach = m->taps / 2 / stretch, total = 0;
  int64_t from = (int64_t)floor (x - reach) + 1, to = (int64_t)ceil (x + reach) - 1;
  guint first = at->len;
  if (m->taps == 1)
    {
      from = m->nearest (s, x);
      to = from;
    }
  for (int64_t i = from; i <= to; i++)
    {
      double w = m->taps == 1 ? 1 : filter (m, ((double)i - x) * stretch);
      int64_t inside = CLAMP (i, 0, s->in - 1);
      if (w == 0 || (m->exclude_outside && inside != i))
        continue;
      total += w;
      if (at->len > first && g_array_index (at, int64_t, at->len - 1) == inside)
        g_array_index (weight, float, weight->len - 1) += (float)w;
      else
        {
          float v = (float)w;
          g_array_append_val (at, inside);
          g_array_append_val (weight, v);
        }
    }
  for (guint e = first; (m->antialias || m->exclude_outside) && total != 0 && e < weight->len; e++)
    g_array_index (weight, float, e) /= (float)total;
}

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
axis_init (EngNode *node, Axis *a, const Span *s, GError **error)
{
  /* An antialias filter wider than the image twice over comes from contradictory parameters only. */
  if (s->in < 1 || s->in > MAX_LENGTH || (s->method->antialias && s->scale * (double)(2 * s->in) < 1))
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
        add_row (s, x, at, weight);
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
choose_axes (EngNode *node, Resize *r, const Span *spans, GError **error)
{
  int rank = r->in.rank;
  for (int k = 0; k < 2 * rank; k++)
    {
      int a = k < rank ? k : 2 * rank - 1 - k;
      const Span *s = &spans[a];
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
  Method method;
  Span spans[ENG_MAX_RANK];
  if (!eng_node_need_float (node, 0, error) || !read_method (node, &method, error)
      || !read_spans (node, inputs, &method, spans, error))
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

/* ---- DepthToSpace and SpaceToDepth: channels and pixels of blocks change places ---- */

/* The array with channels is N x (channel, by, bx or by, bx, channel) x H x W, the one with space is
 * N x channel x (H, by) x (W, bx). */
typedef struct
{
  int64_t n, channels, height, width, block;
  gboolean channel_first; /* CRD */
} Blocks;

static gboolean
blocks_shape (EngNode *node, gboolean to_space, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_need_float (node, 0, error)
      || !eng_node_need_rank (node, 0, 4, 4, error))
    return FALSE;
  EngShape s = node->inputs[0]->shape;
  int64_t block = eng_attrs_get_int (node->attrs, "blocksize", 0);
  const char *mode = eng_attrs_get_string (node->attrs, "mode", "DCR");
  if (block < 1 || block > (1 << 20))
    return eng_fail (error, ENG_ERROR_INVALID, "blocksize is %" G_GINT64_FORMAT, block);
  if (strcmp (mode, "DCR") != 0 && strcmp (mode, "CRD") != 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "mode \"%s\" is not known", mode);
  if (to_space ? s.dim[1] % (block * block) : s.dim[2] % block || s.dim[3] % block)
    return eng_fail (error, ENG_ERROR_INVALID, "the input cannot be split into blocks of %" G_GINT64_FORMAT, block);
  Blocks *b = node->priv = eng_node_priv (node, Blocks);
  b->n = s.dim[0];
  b->block = block;
  b->channels = to_space ? s.dim[1] / (block * block) : s.dim[1];
  b->height = to_space ? s.dim[2] : s.dim[2] / block;
  b->width = to_space ? s.dim[3] : s.dim[3] / block;
  b->channel_first = to_space && strcmp (mode, "CRD") == 0;
  if (b->channels > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "there are too many channels");
  s.dim[1] = to_space ? b->channels : b->channels * block * block;
  s.dim[2] = b->height * (to_space ? block : 1);
  s.dim[3] = b->width * (to_space ? block : 1);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &s, error);
}

static gboolean
depth_to_space_shape (EngNode *node, GError **error)
{
  return blocks_shape (node, TRUE, error);
}

static gboolean
space_to_depth_shape (EngNode *node, GError **error)
{
  return blocks_shape (node, FALSE, error);
}

/* @deep: row of channels; @wide: of the space it belongs to. */
static void
blocks_row (const Blocks *b, int64_t row, int64_t *deep, int64_t *wide)
{
  int64_t y = row % b->height, x = row / b->height, bx = x % b->block, by = x / b->block % b->block;
  int64_t c = x / b->block / b->block % b->channels, n = x / b->block / b->block / b->channels,
          bb = b->block * b->block;
  int64_t channel = b->channel_first ? c * bb + by * b->block + bx : (by * b->block + bx) * b->channels + c;
  *deep = ((n * b->channels * bb + channel) * b->height + y) * b->width;
  *wide = ((n * b->channels + c) * b->height * b->block + y * b->block + by) * b->width * b->block + bx;
}

static void
to_space (const Blocks *b, const float *src, float *dst, gboolean add)
{
  for (int64_t row = 0; row < b->n * b->channels * b->block * b->block * b->height; row++)
    {
      int64_t deep, wide;
      blocks_row (b, row, &deep, &wide);
      for (int64_t i = 0; i < b->width; i++)
        dst[wide + i * b->block] = src[deep + i] + (add ? dst[wide + i * b->block] : 0);
    }
}

static void
to_depth (const Blocks *b, const float *src, float *dst, gboolean add)
{
  for (int64_t row = 0; row < b->n * b->channels * b->block * b->block * b->height; row++)
    {
      int64_t deep, wide;
      blocks_row (b, row, &deep, &wide);
      for (int64_t i = 0; i < b->width; i++)
        dst[deep + i] = src[wide + i * b->block] + (add ? dst[deep + i] : 0);
    }
}

static void
depth_to_space_forward (const EngNode *node, EngPass *pass)
{
  to_space (node->priv, eng_in_f (pass, node, 0), eng_out_f (pass, node, 0), FALSE);
}

static void
space_to_depth_forward (const EngNode *node, EngPass *pass)
{
  to_depth (node->priv, eng_in_f (pass, node, 0), eng_out_f (pass, node, 0), FALSE);
}

static void
blocks_backward (const EngNode *node, EngPass *pass,
                 void (*move) (const Blocks *b, const float *src, float *dst, gboolean add))
{
  gboolean fresh;
  const float *dy = eng_grad_out (pass, node, 0);
  float *dx = dy ? eng_grad_in_fresh (pass, node, 0, &fresh) : NULL;
  if (dx)
    move (node->priv, dy, dx, !fresh);
}

static void
depth_to_space_backward (const EngNode *node, EngPass *pass)
{
  blocks_backward (node, pass, to_depth);
}

static void
space_to_depth_backward (const EngNode *node, EngPass *pass)
{
  blocks_backward (node, pass, to_space);
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
static const char *const depth_to_space_examples[] = {
  "f:2x8x2x3 blocksize=2",
  "f:1x12x2x3 blocksize=2 mode='CRD'",
  NULL,
};
static const char *const space_to_depth_examples[] = { "f:2x3x4x6 blocksize=2", NULL };

const EngOp eng_ops_resize[] = {
  { "Upsample", 7, 8, upsample_7_shape, resize_forward, resize_backward, 0, 0, upsample_7_examples },
  { "Upsample", 9, 9, resize_10_shape, resize_forward, resize_backward, 0, 0, scales_examples },
  { "Resize", 10, 10, resize_10_shape, resize_forward, resize_backward, 0, 0, scales_examples },
  { "Resize", 11, 12, resize_shape, resize_forward, resize_backward, 0, 0, resize_11_examples },
  { "Resize", 13, 17, resize_shape, resize_forward, resize_backward, 0, 0, resize_13_examples },
  { "Resize", 18, ENG_OPSET_MAX, resize_shape, resize_forward, resize_backward, 0, 0, resize_18_examples },
  { "DepthToSpace", 1, ENG_OPSET_MAX, depth_to_space_shape, depth_to_space_forward, depth_to_space_backward, 0,
    ENG_OP_MOVES, depth_to_space_examples },
  { "SpaceToDepth", 1, ENG_OPSET_MAX, space_to_depth_shape, space_to_depth_forward, space_to_depth_backward, 0,
    ENG_OP_MOVES, space_to_depth_examples },
  { NULL },
};
