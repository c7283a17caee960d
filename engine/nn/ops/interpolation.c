/* How the operator Resize places and weighs what it reads: coordinate transformations, rounding, filters,
 * and the many ways to give the size. The tables follow the operator's text, opsets 7 to 21. */
#include "interpolation.h"

#include <math.h>
#include <string.h>

static double
half_pixel (const EngSpan *s, int64_t i)
{
  return ((double)i + 0.5) / s->scale - 0.5;
}

static double
half_pixel_symmetric (const EngSpan *s, int64_t i)
{
  return (double)s->in / 2 * (1 - (double)s->out / s->length) + half_pixel (s, i);
}

static double
pytorch_half_pixel (const EngSpan *s, int64_t i)
{
  return s->out > 1 ? half_pixel (s, i) : 0;
}

static double
align_corners (const EngSpan *s, int64_t i)
{
  return s->length == 1 ? 0 : (double)i * ((double)s->in - 1) / (s->length - 1);
}

static double
asymmetric (const EngSpan *s, int64_t i)
{
  return (double)i / s->scale;
}

static double
half_pixel_for_nn (const EngSpan *s, int64_t i)
{
  return ((double)i + 0.5) / s->scale;
}

static double
crop (const EngSpan *s, int64_t i)
{
  double last = (double)s->in - 1;
  return s->out > 1 ? s->roi_start * last + (double)i * (s->roi_end - s->roi_start) * last / ((double)s->out - 1)
                    : 0.5 * (s->roi_start + s->roi_end) * last;
}

static const struct
{
  const char *name;
  double (*func) (const EngSpan *s, int64_t i);
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
round_prefer_floor (const EngSpan *s, double x)
{
  return (int64_t)ceil (x - 0.5);
}

static int64_t
round_prefer_ceil (const EngSpan *s, double x)
{
  return (int64_t)floor (x + 0.5);
}

static int64_t
nearest_floor (const EngSpan *s, double x)
{
  return (int64_t)floor (x);
}

static int64_t
nearest_ceil (const EngSpan *s, double x)
{
  return (int64_t)ceil (x);
}

/* What Upsample and the first Resize mean by "nearest" was never written down; this is what runtimes do. */
static int64_t
nearest_simple (const EngSpan *s, double x)
{
  return (int64_t)(s->scale < 1 ? ceil (x) : floor (x));
}

static const struct
{
  const char *name;
  int64_t (*func) (const EngSpan *s, double x);
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

gboolean
eng_interpolation_read (const EngNode *node, EngInterpolation *m, GError **error)
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
span_from_scale (EngSpan *s, double scale, GError **error)
{
  double roi = s->method->crop ? s->roi_end - s->roi_start : 1;
  if (!(scale > 0) || !isfinite (scale))
    return eng_fail (error, ENG_ERROR_INVALID, "a scale is %g, it must be greater than 0", scale);
  s->scale = scale;
  s->length = (double)s->in * scale;
  double out = floor ((double)s->in * roi * scale);
  if (!(out >= 1 && out <= ENG_INTERPOLATION_LONGEST))
    return eng_fail (error, ENG_ERROR_INVALID, "an axis of %" G_GINT64_FORMAT " would be resized to %g elements",
                     s->in, out);
  s->out = (int64_t)out;
  return TRUE;
}

static gboolean
span_from_size (EngSpan *s, int64_t size, GError **error)
{
  if (size < 1 || size > ENG_INTERPOLATION_LONGEST || s->in < 1)
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
keep_aspect (const EngNode *node, EngSpan *spans, const int *axes, int n, GError **error)
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
      EngSpan *s = &spans[axes[i]];
      double out = floor ((double)s->in * scale + 0.5);
      if (!(out >= 1 && out <= ENG_INTERPOLATION_LONGEST))
        return eng_fail (error, ENG_ERROR_INVALID, "an axis would be resized to %g elements", out);
      s->out = (int64_t)out;
      s->scale = scale;
      s->length = (double)s->in * scale;
    }
  return TRUE;
}

gboolean
eng_interpolation_spans (const EngNode *node, const int *inputs, const EngInterpolation *method, EngSpan *spans,
                         GError **error)
{
  int axes[ENG_MAX_RANK], n, n_sizes = -1;
  const float *roi = NULL, *scales = NULL;
  const int64_t *sizes = NULL;
  if (!read_axes (node, axes, &n, error))
    return FALSE;
  for (int a = 0; a < node->inputs[0]->shape.rank; a++)
    {
      int64_t length = node->inputs[0]->shape.dim[a];
      spans[a] = (EngSpan){ length, length, 1, 0, 1, (double)length, method };
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
      EngSpan *s = &spans[axes[i]];
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
filter (const EngInterpolation *m, double x)
{
  return m->taps == 2 ? fmax (0, 1 - fabs (x)) : cubic_kernel (x, m->a);
}

/* Equal positions (clamped to the edge) are joined. */
void
eng_interpolation_taps (const EngSpan *s, double x, GArray *at, GArray *weight)
{
  const EngInterpolation *m = s->method;
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
