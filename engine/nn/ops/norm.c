/* Normalisation: BatchNormalization (inference), InstanceNormalization, GroupNormalization,
 * LayerNormalization, LpNormalization, LRN and MeanVarianceNormalization.
 *
 * Instance, group and layer normalisation are one thing: rows of consecutive elements are brought to
 * mean 0 and variance 1, then scaled and shifted by parameters that belong to channels, groups or
 * elements. With h = (x - mean) r, r = 1 / sqrt (variance + epsilon), g = dy * scale:
 * dx = r (g - mean (g) - h mean (g h)). Statistics are computed again on the way back. */
#include "../../kernels/clones.h"
#include "../../kernels/vector.h"
#include "../op.h"

#include <math.h>
#include <string.h>

/* ---- loops over one row ---- */

ENG_CLONES static double
squared_deviation (const float *x, int64_t n, float mean)
{
  double sum = 0;
  /* Partial sums in float of pieces this short lose nothing that matters, and run in vectors. */
  for (int64_t from = 0; from < n; from += 256)
    {
      float part = 0;
      int64_t count = MIN (256, n - from);
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < count; i++)
        part += (x[from + i] - mean) * (x[from + i] - mean);
      sum += part;
    }
  return sum;
}

/* y = x * a + b */
ENG_CLONES static void
scale_shift (float *y, const float *x, int64_t n, float a, float b)
{
  for (int64_t i = 0; i < n; i++)
    y[i] = x[i] * a + b;
}

/* y = (x - mean) * r * scale[i] + shift[i] */
ENG_CLONES static void
normalise_elements (float *y, const float *x, int64_t n, float mean, float r, const float *scale, const float *shift)
{
  if (shift)
    for (int64_t i = 0; i < n; i++)
      y[i] = (x[i] - mean) * r * scale[i] + shift[i];
  else
    for (int64_t i = 0; i < n; i++)
      y[i] = (x[i] - mean) * r * scale[i];
}

/* Adds sum (dy * scale) to sums[0], sum (dy * scale * (x - mean)) to sums[1]; @scale NULL: @one. */
ENG_CLONES static void
gradient_sums (const float *dy, const float *x, int64_t n, float mean, const float *scale, float one, double *sums)
{
  for (int64_t from = 0; from < n; from += 256)
    {
      float s0 = 0, s1 = 0;
      int64_t count = MIN (256, n - from);
      if (scale)
        {
#pragma omp simd reduction(+ : s0, s1)
          for (int64_t i = from; i < from + count; i++)
            {
              float g = dy[i] * scale[i];
              s0 += g;
              s1 += g * (x[i] - mean);
            }
        }
      else
        {
#pragma omp simd reduction(+ : s0, s1)
          for (int64_t i = from; i < from + count; i++)
            {
              s0 += dy[i];
              s1 += dy[i] * (x[i] - mean);
            }
          s0 *= one;
          s1 *= one;
        }
      sums[0] += s0;
      sums[1] += s1;
    }
}

/* dx += r * scale * dy - b - (x - mean) * a; @scale NULL: @one */
ENG_CLONES static void
add_gradient (float *dx, const float *dy, const float *x, int64_t n, float mean, float r, const float *scale,
              float one, float a, float b)
{
  if (scale)
    for (int64_t i = 0; i < n; i++)
      dx[i] += r * scale[i] * dy[i] - b - (x[i] - mean) * a;
  else
    for (int64_t i = 0; i < n; i++)
      dx[i] += r * one * dy[i] - b - (x[i] - mean) * a;
}

/* dscale += dy * (x - mean) * r, dshift += dy; either may be NULL */
ENG_CLONES static void
add_parameter_gradients (float *dscale, float *dshift, const float *dy, const float *x, int64_t n, float mean,
                         float r)
{
  if (dscale)
    for (int64_t i = 0; i < n; i++)
      dscale[i] += dy[i] * (x[i] - mean) * r;
  if (dshift)
    for (int64_t i = 0; i < n; i++)
      dshift[i] += dy[i];
}

/* ---- BatchNormalization with given statistics ---- */

typedef struct
{
  int64_t n, channels, plane;
  float epsilon;
  const float *x, *scale, *bias, *mean, *variance, *dy;
  float *y, *dx, *dscale, *dbias;
} Batch;

static gboolean
batch_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 5, 5, error) || !eng_node_need_rank (node, 0, 1, ENG_MAX_RANK, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape;
  Batch *s = node->priv = eng_node_priv (node, Batch);
  if (eng_attrs_get_int (node->attrs, "training_mode", 0) || node->n_outputs > 1)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "training mode is not supported; export the model for inference (in PyTorch: model.eval ())");
  if (!eng_attrs_get_int (node->attrs, "spatial", 1))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "statistics per element (spatial = 0) are not supported");
  s->n = x->dim[0];
  s->channels = x->rank > 1 ? x->dim[1] : 1;
  s->plane = eng_shape_span (x, 2, MAX (x->rank, 2));
  s->epsilon = eng_attrs_get_float (node->attrs, "epsilon", 1e-5f);
  for (int i = 0; i < 5; i++)
    {
      const EngShape *p = &node->inputs[i]->shape;
      if (!eng_node_need_float (node, i, error))
        return FALSE;
      if (i > 0 && (p->rank != 1 || p->dim[0] != s->channels))
        return eng_fail (error, ENG_ERROR_INVALID,
                         "input %d must have one element for each of %" G_GINT64_FORMAT " channels", i, s->channels);
    }
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, x, error);
}

static Batch
batch_begin (const EngNode *node, EngPass *pass)
{
  Batch s = *(const Batch *)node->priv;
  s.x = eng_in_f (pass, node, 0);
  s.scale = eng_in_f (pass, node, 1);
  s.bias = eng_in_f (pass, node, 2);
  s.mean = eng_in_f (pass, node, 3);
  s.variance = eng_in_f (pass, node, 4);
  return s;
}

static inline float
batch_factor (const Batch *s, int64_t c)
{
  return 1 / sqrtf (s->variance[c] + s->epsilon);
}

static void
batch_planes (int64_t begin, int64_t end, gpointer data)
{
  const Batch *s = data;
  for (int64_t i = begin; i < end; i++)
    {
      int64_t c = i % s->channels;
      float a = s->scale[c] * batch_factor (s, c);
      scale_shift (s->y + i * s->plane, s->x + i * s->plane, s->plane, a, s->bias[c] - s->mean[c] * a);
    }
}

static void
batch_forward (const EngNode *node, EngPass *pass)
{
  Batch s = batch_begin (node, pass);
  s.y = eng_out_f (pass, node, 0);
  eng_parallel (s.n * s.channels, 0.2 * (double)s.plane + 5, batch_planes, &s);
}

static void
batch_planes_back (int64_t begin, int64_t end, gpointer data)
{
  const Batch *s = data;
  for (int64_t i = begin; i < end; i++)
    {
      int64_t c = i % s->channels;
      eng_vec_accumulate_scaled (s->dx + i * s->plane, s->dy + i * s->plane, s->scale[c] * batch_factor (s, c),
                                 s->plane);
    }
}

static void
batch_parameters_back (int64_t begin, int64_t end, gpointer data)
{
  const Batch *s = data;
  for (int64_t c = begin; c < end; c++)
    {
      double sum = 0, product = 0;
      for (int64_t i = 0; i < s->n; i++)
        {
          const float *dy = s->dy + (i * s->channels + c) * s->plane;
          double part = eng_vec_sum (dy, s->plane);
          sum += part;
          if (s->dscale)
            product += eng_vec_dot (dy, s->x + (i * s->channels + c) * s->plane, s->plane) - part * s->mean[c];
        }
      if (s->dscale)
        s->dscale[c] += (float)product * batch_factor (s, c);
      if (s->dbias)
        s->dbias[c] += (float)sum;
    }
}

static void
batch_backward (const EngNode *node, EngPass *pass)
{
  Batch s = batch_begin (node, pass);
  s.dy = eng_grad_out (pass, node, 0);
  if (!s.dy)
    return;
  s.dx = eng_grad_in (pass, node, 0);
  if (s.dx)
    eng_parallel (s.n * s.channels, 0.3 * (double)s.plane + 5, batch_planes_back, &s);
  s.dscale = eng_grad_in (pass, node, 1);
  s.dbias = eng_grad_in (pass, node, 2);
  if (s.dscale || s.dbias)
    eng_parallel (s.channels, 0.3 * (double)(s.n * s.plane) + 5, batch_parameters_back, &s);
}

/* ---- instance, group and layer normalisation ---- */

/* Rows of parts * span elements. Parameters: one per element (span = 1, parts of them), or one per part,
 * where row i uses those from (i % periods) * parts on, or one for the whole row (parts = 1). */
typedef struct
{
  int64_t rows, parts, span, periods;
  gboolean by_element;
  float epsilon;
  const float *x, *scale, *shift, *dy;
  float *y, *mean, *factor; /* @mean, @factor: by row */
  float *dx, *dscale, *dshift;
} Rows;

static Rows
rows_begin (const EngNode *node, EngPass *pass)
{
  Rows s = *(const Rows *)node->priv;
  s.x = eng_in_f (pass, node, 0);
  s.scale = eng_in_f (pass, node, 1);
  s.shift = eng_in_f (pass, node, 2);
  s.mean = eng_pass_scratch (pass);
  s.factor = s.mean + s.rows;
  return s;
}

static void
row_statistics (const Rows *s, int64_t row)
{
  int64_t n = s->parts * s->span;
  const float *x = s->x + row * n;
  float mean = (float)(eng_vec_sum (x, n) / (double)n);
  s->mean[row] = mean;
  s->factor[row] = (float)(1 / sqrt (squared_deviation (x, n, mean) / (double)n + s->epsilon));
}

static void
rows_run (int64_t begin, int64_t end, gpointer data)
{
  const Rows *s = data;
  int64_t n = s->parts * s->span;
  for (int64_t i = begin; i < end; i++)
    {
      row_statistics (s, i);
      float mean = s->mean[i], r = s->factor[i];
      if (!s->y)
        continue;
      if (s->by_element)
        {
          normalise_elements (s->y + i * n, s->x + i * n, n, mean, r, s->scale, s->shift);
          continue;
        }
      int64_t first = i % s->periods * s->parts;
      for (int64_t p = 0; p < s->parts; p++)
        {
          float a = r * s->scale[first + p];
          scale_shift (s->y + i * n + p * s->span, s->x + i * n + p * s->span, s->span, a,
                       s->shift[first + p] - mean * a);
        }
    }
}

static void
rows_forward (const EngNode *node, EngPass *pass)
{
  Rows s = rows_begin (node, pass);
  s.y = eng_out_f (pass, node, 0);
  eng_parallel (s.rows, 0.6 * (double)(s.parts * s.span) + 20, rows_run, &s);
  /* LayerNormalization may give its statistics away; an output that nobody reads has no place. */
  for (int i = 1; i < node->n_outputs; i++)
    if (eng_out_f (pass, node, i))
      memcpy (eng_out_f (pass, node, i), i == 1 ? s.mean : s.factor, sizeof (float) * (gsize)s.rows);
}

static void
rows_back (int64_t begin, int64_t end, gpointer data)
{
  const Rows *s = data;
  int64_t n = s->parts * s->span, parts = s->by_element ? 1 : s->parts, span = n / parts;
  for (int64_t i = begin; i < end; i++)
    {
      row_statistics (s, i);
      if (!s->dx || !s->dy)
        continue;
      const float *dy = s->dy + i * n, *x = s->x + i * n, *scale = s->by_element ? s->scale : NULL;
      int64_t first = s->by_element ? 0 : i % s->periods * s->parts;
      double sums[2] = { 0, 0 };
      float mean = s->mean[i], r = s->factor[i];
      for (int64_t p = 0; p < parts; p++)
        gradient_sums (dy + p * span, x + p * span, span, mean, scale, s->scale[first + p], sums);
      float b = r * (float)(sums[0] / (double)n), a = r * r * r * (float)(sums[1] / (double)n);
      for (int64_t p = 0; p < parts; p++)
        add_gradient (s->dx + i * n + p * span, dy + p * span, x + p * span, span, mean, r, scale,
                      s->scale[first + p], a, b);
    }
}

/* Gradients of parameters that belong to parts: every thread has its own parameters. */
static void
parts_back (int64_t begin, int64_t end, gpointer data)
{
  const Rows *s = data;
  int64_t n = s->parts * s->span;
  for (int64_t i = begin; i < end; i++)
    {
      double shift = 0, scale = 0;
      for (int64_t row = i / s->parts; row < s->rows; row += s->periods)
        {
          double sums[2] = { 0, 0 };
          int64_t at = row * n + i % s->parts * s->span;
          gradient_sums (s->dy + at, s->x + at, s->span, s->mean[row], NULL, 1, sums);
          shift += sums[0];
          scale += sums[1] * s->factor[row];
        }
      if (s->dscale)
        s->dscale[i] += (float)scale;
      if (s->dshift)
        s->dshift[i] += (float)shift;
    }
}

/* The same where they belong to elements: every thread walks all rows over its own columns. */
static void
columns_back (int64_t begin, int64_t end, gpointer data)
{
  const Rows *s = data;
  for (int64_t row = 0; row < s->rows; row++)
    add_parameter_gradients (s->dscale ? s->dscale + begin : NULL, s->dshift ? s->dshift + begin : NULL,
                             s->dy + row * s->parts + begin, s->x + row * s->parts + begin, end - begin, s->mean[row],
                             s->factor[row]);
}

/* Gradients of the statistics that LayerNormalization gave away: mean, and r = (variance + epsilon)^-1/2
 * with dr/dx = -r^3 (x - mean) / n. */
static void
statistics_back (const Rows *s, const float *dmean, const float *dfactor)
{
  int64_t n = s->parts * s->span;
  for (int64_t i = 0; i < s->rows; i++)
    for (int64_t k = 0; k < n; k++)
      {
        float r = s->factor[i], d = s->x[i * n + k] - s->mean[i];
        s->dx[i * n + k] += ((dmean ? dmean[i] : 0) - (dfactor ? dfactor[i] * r * r * r * d : 0)) / (float)n;
      }
}

static void
rows_backward (const EngNode *node, EngPass *pass)
{
  Rows s = rows_begin (node, pass);
  const float *dmean = eng_grad_out (pass, node, 1), *dfactor = eng_grad_out (pass, node, 2);
  int64_t n = s.parts * s.span;
  s.dy = eng_grad_out (pass, node, 0);
  if (!s.dy && !dmean && !dfactor)
    return;
  s.dx = eng_grad_in (pass, node, 0);
  eng_parallel (s.rows, 0.8 * (double)n + 20, rows_back, &s);
  if (s.dx && (dmean || dfactor))
    statistics_back (&s, dmean, dfactor);
  if (!s.dy)
    return;
  s.dscale = eng_grad_in (pass, node, 1);
  s.dshift = eng_grad_in (pass, node, 2);
  if (!s.dscale && !s.dshift)
    return;
  if (s.by_element)
    eng_parallel (n, 0.3 * (double)s.rows, columns_back, &s);
  else
    eng_parallel (s.periods * s.parts, 0.4 * (double)(s.rows / s.periods * s.span), parts_back, &s);
}

/* Inputs x, scale and bias, where bias may be absent if @optional. */
static gboolean
rows_shape (EngNode *node, Rows *s, int64_t parameters, gboolean optional, GError **error)
{
  for (int i = 0; i < node->n_inputs; i++)
    if ((node->inputs[i] || !optional) && !eng_node_need_float (node, i, error))
      return FALSE;
  for (int i = 1; i < node->n_inputs; i++)
    if (node->inputs[i] && eng_shape_count (&node->inputs[i]->shape) != parameters)
      return eng_fail (error, ENG_ERROR_INVALID, "input %d must have %" G_GINT64_FORMAT " elements", i, parameters);
  if (s->parts * s->span < 1)
    return eng_fail (error, ENG_ERROR_INVALID, "there is nothing to normalise over");
  s->epsilon = eng_attrs_get_float (node->attrs, "epsilon", 1e-5f);
  node->priv = s;
  node->scratch = sizeof (float) * 2 * (gsize)s->rows;
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &node->inputs[0]->shape, error);
}

static gboolean
instance_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 3, 3, error) || !eng_node_need_rank (node, 0, 3, ENG_MAX_RANK, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape;
  Rows *s = eng_node_priv (node, Rows);
  s->rows = x->dim[0] * x->dim[1];
  s->periods = x->dim[1];
  s->parts = 1;
  s->span = eng_shape_span (x, 2, x->rank);
  return rows_shape (node, s, x->dim[1], FALSE, error);
}

/* Before opset 21 scale and bias belong to groups, since then to channels. */
static gboolean
group_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 3, 3, error) || !eng_node_need_rank (node, 0, 2, ENG_MAX_RANK, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape;
  int64_t groups = eng_attrs_get_int (node->attrs, "num_groups", 0);
  if (groups < 1 || x->dim[1] % groups)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%" G_GINT64_FORMAT " channels cannot be split into %" G_GINT64_FORMAT " groups", x->dim[1],
                     groups);
  Rows *s = eng_node_priv (node, Rows);
  gboolean by_group = node->op->until < 21;
  s->rows = x->dim[0] * groups;
  s->periods = groups;
  s->parts = by_group ? 1 : x->dim[1] / groups;
  s->span = eng_shape_span (x, 2, x->rank) * (by_group ? x->dim[1] / groups : 1);
  return rows_shape (node, s, by_group ? groups : x->dim[1], FALSE, error);
}

static gboolean
layer_shape (EngNode *node, GError **error)
{
  int axis;
  if (!eng_node_need_inputs (node, 2, 3, error)
      || !eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", -1), node->inputs[0]->shape.rank, &axis,
                         error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape;
  EngShape statistics = *x;
  Rows *s = eng_node_priv (node, Rows);
  s->rows = eng_shape_span (x, 0, axis);
  s->periods = 1;
  s->parts = eng_shape_span (x, axis, x->rank);
  s->span = 1;
  s->by_element = TRUE;
  for (int i = axis; i < x->rank; i++)
    statistics.dim[i] = 1;
  return rows_shape (node, s, s->parts, TRUE, error)
         && eng_node_set_output (node, 1, ENG_DTYPE_FLOAT, &statistics, error)
         && eng_node_set_output (node, 2, ENG_DTYPE_FLOAT, &statistics, error);
}

/* ---- LRN: y = x / s^beta, s = bias + alpha / size * sum of x^2 over neighbouring channels ---- */

typedef struct
{
  int64_t n, channels, plane, before, after; /* neighbours on either side */
  float alpha, beta, bias;                   /* alpha: already divided by size */
  const float *x, *dy;
  float *y, *dx, *t;
} Lrn;

static gboolean
lrn_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_need_float (node, 0, error)
      || !eng_node_need_rank (node, 0, 2, ENG_MAX_RANK, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape;
  int64_t size = eng_attrs_get_int (node->attrs, "size", 0);
  if (size < 1 || size > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_INVALID, "size is %" G_GINT64_FORMAT ", 1 or more is needed", size);
  Lrn *s = node->priv = eng_node_priv (node, Lrn);
  s->n = x->dim[0];
  s->channels = x->dim[1];
  s->plane = eng_shape_span (x, 2, x->rank);
  s->before = (size - 1) / 2;
  s->after = size - 1 - s->before;
  s->alpha = eng_attrs_get_float (node->attrs, "alpha", 1e-4f) / (float)size;
  s->beta = eng_attrs_get_float (node->attrs, "beta", 0.75f);
  s->bias = eng_attrs_get_float (node->attrs, "bias", 1);
  node->scratch = sizeof (float) * (gsize)eng_shape_count (x);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, x, error);
}

/* log (s) of the plane of one channel into @s. */
static void
lrn_sums (const Lrn *l, int64_t plane, float *s)
{
  int64_t c = plane % l->channels, from = MAX (0, c - l->before), to = MIN (l->channels - 1, c + l->after);
  memset (s, 0, sizeof *s * (gsize)l->plane);
  for (int64_t k = from; k <= to; k++)
    {
      const float *x = l->x + (plane - c + k) * l->plane;
      eng_vec_accumulate_product (s, x, x, l->plane);
    }
  scale_shift (s, s, l->plane, l->alpha, l->bias);
  eng_vec_log (s, s, l->plane);
}

static void
lrn_planes (int64_t begin, int64_t end, gpointer data)
{
  const Lrn *l = data;
  for (int64_t i = begin; i < end; i++)
    {
      float *y = l->y + i * l->plane;
      lrn_sums (l, i, y);
      eng_vec_scale (y, y, -l->beta, l->plane);
      eng_vec_exp (y, y, l->plane);
      eng_vec_mul (y, y, l->x + i * l->plane, l->plane);
    }
}

static void
lrn_forward (const EngNode *node, EngPass *pass)
{
  Lrn l = *(const Lrn *)node->priv;
  l.x = eng_in_f (pass, node, 0);
  l.y = eng_out_f (pass, node, 0);
  eng_parallel (l.n * l.channels, (2 + 0.2 * (double)(l.before + l.after)) * (double)l.plane, lrn_planes, &l);
}

/* First the direct part, and t = dy x s^(-beta - 1) for the neighbours. */
static void
lrn_planes_back (int64_t begin, int64_t end, gpointer data)
{
  const Lrn *l = data;
  for (int64_t i = begin; i < end; i++)
    {
      int64_t at = i * l->plane;
      float *t = l->t + at;
      lrn_sums (l, i, t);
      for (int64_t k = 0; k < l->plane; k++)
        {
          float power = expf (-l->beta * t[k]);
          l->dx[at + k] += l->dy[at + k] * power;
          t[k] = l->dy[at + k] * l->x[at + k] * power * expf (-t[k]);
        }
    }
}

/* Channel c takes part in the sums of c - after to c + before. */
static void
lrn_neighbours_back (int64_t begin, int64_t end, gpointer data)
{
  const Lrn *l = data;
  for (int64_t i = begin; i < end; i++)
    {
      int64_t c = i % l->channels, from = MAX (0, c - l->after), to = MIN (l->channels - 1, c + l->before);
      float *dx = l->dx + i * l->plane;
      const float *x = l->x + i * l->plane;
      for (int64_t k = from; k <= to; k++)
        {
          const float *t = l->t + (i - c + k) * l->plane;
          for (int64_t e = 0; e < l->plane; e++)
            dx[e] -= 2 * l->alpha * l->beta * x[e] * t[e];
        }
    }
}

static void
lrn_backward (const EngNode *node, EngPass *pass)
{
  Lrn l = *(const Lrn *)node->priv;
  l.x = eng_in_f (pass, node, 0);
  l.t = eng_pass_scratch (pass);
  l.dy = eng_grad_out (pass, node, 0);
  if (!l.dy || !(l.dx = eng_grad_in (pass, node, 0)))
    return;
  double cost = (4 + 0.4 * (double)(l.before + l.after)) * (double)l.plane;
  eng_parallel (l.n * l.channels, cost, lrn_planes_back, &l);
  eng_parallel (l.n * l.channels, cost, lrn_neighbours_back, &l);
}

/* ---- LpNormalization: x divided by its 1- or 2-norm along one axis; 0 where the norm is 0 ---- */

typedef struct
{
  int64_t outer, n, inner;
  int p;
} Lp;

static gboolean
lp_shape (EngNode *node, GError **error)
{
  int axis;
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_need_float (node, 0, error)
      || !eng_node_axis (node, eng_attrs_get_int (node->attrs, "axis", -1), node->inputs[0]->shape.rank, &axis,
                         error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape;
  int64_t p = eng_attrs_get_int (node->attrs, "p", 2);
  if (p != 1 && p != 2)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "p is %" G_GINT64_FORMAT ", only 1 and 2 are defined", p);
  Lp *s = node->priv = eng_node_priv (node, Lp);
  s->outer = eng_shape_span (x, 0, axis);
  s->n = x->dim[axis];
  s->inner = eng_shape_span (x, axis + 1, x->rank);
  s->p = (int)p;
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, x, error);
}

static double
lp_norm (const Lp *s, const float *x)
{
  double sum = 0;
  for (int64_t k = 0; k < s->n; k++)
    {
      double v = x[k * s->inner];
      sum += s->p == 1 ? fabs (v) : v * v;
    }
  return s->p == 1 ? sum : sqrt (sum);
}

static void
lp_forward (const EngNode *node, EngPass *pass)
{
  const Lp *s = node->priv;
  const float *x = eng_in_f (pass, node, 0);
  float *y = eng_out_f (pass, node, 0);
  for (int64_t o = 0; o < s->outer; o++)
    for (int64_t i = 0; i < s->inner; i++)
      {
        int64_t at = o * s->n * s->inner + i;
        double norm = lp_norm (s, x + at), factor = norm > 0 ? 1 / norm : 0;
        for (int64_t k = 0; k < s->n; k++)
          y[at + k * s->inner] = (float)(x[at + k * s->inner] * factor);
      }
}

/* With N the norm: dx = dy / N - dN/dx (dy . x) / N^2, where dN/dx is sign (x), or x / N. */
static void
lp_backward (const EngNode *node, EngPass *pass)
{
  const Lp *s = node->priv;
  const float *x = eng_in_f (pass, node, 0), *dy = eng_grad_out (pass, node, 0);
  float *dx = dy ? eng_grad_in (pass, node, 0) : NULL;
  for (int64_t o = 0; dx && o < s->outer; o++)
    for (int64_t i = 0; i < s->inner; i++)
      {
        int64_t at = o * s->n * s->inner + i;
        double norm = lp_norm (s, x + at), dot = 0;
        if (norm == 0)
          continue;
        for (int64_t k = 0; k < s->n; k++)
          dot += (double)dy[at + k * s->inner] * x[at + k * s->inner];
        for (int64_t k = 0; k < s->n; k++)
          {
            double v = x[at + k * s->inner], slope = s->p == 1 ? (v > 0) - (v < 0) : v / norm;
            dx[at + k * s->inner] += (float)(dy[at + k * s->inner] / norm - slope * dot / (norm * norm));
          }
      }
}

/* ---- MeanVarianceNormalization over any axes: (x - mean) / (deviation + 1e-9) ---- */

#define MVN_EPSILON 1e-9 /* of the operator's definition */

typedef struct
{
  EngShape shape;
  int64_t stride[ENG_MAX_RANK]; /* of the group's index; 0 along axes that are averaged over */
  int64_t groups, members;
} Mvn;

static gboolean
mvn_shape (EngNode *node, GError **error)
{
  static const int64_t usual[] = { 0, 2, 3 };
  const int64_t *axes;
  int n;
  gboolean averaged[ENG_MAX_RANK] = { FALSE };
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_need_float (node, 0, error)
      || !eng_node_ints (node, "axes", -1, &axes, &n, error))
    return FALSE;
  if (n < 0)
    {
      axes = usual;
      n = G_N_ELEMENTS (usual);
    }
  const EngShape *x = &node->inputs[0]->shape;
  for (int i = 0; i < n; i++)
    {
      int axis;
      if (!eng_node_axis (node, axes[i], x->rank, &axis, error))
        return FALSE;
      averaged[axis] = TRUE;
    }
  Mvn *s = node->priv = eng_node_priv (node, Mvn);
  s->shape = *x;
  s->groups = s->members = 1;
  for (int i = x->rank - 1; i >= 0; i--)
    {
      s->stride[i] = averaged[i] ? 0 : s->groups;
      *(averaged[i] ? &s->members : &s->groups) *= x->dim[i];
    }
  node->scratch = sizeof (double) * 4 * (gsize)s->groups;
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, x, error);
}

static int64_t
mvn_group (const Mvn *s, int64_t element)
{
  int64_t group = 0;
  for (int i = s->shape.rank - 1; i >= 0; i--)
    {
      group += element % s->shape.dim[i] * s->stride[i];
      element /= s->shape.dim[i];
    }
  return group;
}

static void
mvn_statistics (const Mvn *s, const float *x, int64_t count, double *mean, double *deviation)
{
  memset (mean, 0, sizeof *mean * (gsize)s->groups);
  memset (deviation, 0, sizeof *mean * (gsize)s->groups);
  for (int64_t i = 0; i < count; i++)
    mean[mvn_group (s, i)] += x[i] / (double)s->members;
  for (int64_t i = 0; i < count; i++)
    {
      int64_t g = mvn_group (s, i);
      deviation[g] += (x[i] - mean[g]) * (x[i] - mean[g]) / (double)s->members;
    }
  for (int64_t g = 0; g < s->groups; g++)
    deviation[g] = sqrt (deviation[g]);
}

static void
mvn_forward (const EngNode *node, EngPass *pass)
{
  const Mvn *s = node->priv;
  const float *x = eng_in_f (pass, node, 0);
  float *y = eng_out_f (pass, node, 0);
  double *mean = eng_pass_scratch (pass), *deviation = mean + s->groups;
  int64_t count = eng_shape_count (&s->shape);
  mvn_statistics (s, x, count, mean, deviation);
  for (int64_t i = 0; i < count; i++)
    {
      int64_t g = mvn_group (s, i);
      y[i] = (float)((x[i] - mean[g]) / (deviation[g] + MVN_EPSILON));
    }
}

/* As for rows above, with h = (x - mean) / (d + e): dx = (dy - mean (dy) - (x - mean) / d mean (dy h)) / (d + e) */
static void
mvn_backward (const EngNode *node, EngPass *pass)
{
  const Mvn *s = node->priv;
  const float *x = eng_in_f (pass, node, 0), *dy = eng_grad_out (pass, node, 0);
  float *dx = dy ? eng_grad_in (pass, node, 0) : NULL;
  if (!dx)
    return;
  double *mean = eng_pass_scratch (pass), *deviation = mean + s->groups, *sum = deviation + s->groups;
  double *product = sum + s->groups;
  int64_t count = eng_shape_count (&s->shape);
  mvn_statistics (s, x, count, mean, deviation);
  memset (sum, 0, sizeof *sum * 2 * (gsize)s->groups);
  for (int64_t i = 0; i < count; i++)
    {
      int64_t g = mvn_group (s, i);
      sum[g] += dy[i] / (double)s->members;
      product[g] += dy[i] * (x[i] - mean[g]) / (deviation[g] + MVN_EPSILON) / (double)s->members;
    }
  for (int64_t i = 0; i < count; i++)
    {
      int64_t g = mvn_group (s, i);
      double slope = deviation[g] > 0 ? (x[i] - mean[g]) / deviation[g] : 0;
      dx[i] += (float)((dy[i] - sum[g] - slope * product[g]) / (deviation[g] + MVN_EPSILON));
    }
}

static const char *const batch_examples[] = {
  "f:2x3x4x5 f:3 f:3 c:[0.1,-0.2,0.3] c:[0.5,1.0,2.0]",
  "f:4x3 f:3 f:3 c:[0.1,-0.2,0.3] c:[0.5,1.0,2.0] epsilon=0.01",
  "f:1x2x6 f:2 f:2 c:[0.1,-0.2] c:[0.5,1.0]",
  "f:5 f:1 f:1 c:[0.1] c:[0.5]",
  NULL,
};
static const char *const instance_examples[] = { "f:2x3x4x5 f:3 f:3", "f:2x3x7 f:3 f:3 epsilon=0.01", NULL };
static const char *const group_18_examples[] = { "f:2x4x3x3 f:2 f:2 num_groups=2", NULL };
static const char *const group_21_examples[] = {
  "f:2x4x3x3 f:4 f:4 num_groups=2",
  "f:1x6x5 f:6 f:6 num_groups=6 epsilon=0.01",
  "f:2x6x5 f:6 f:6 num_groups=1",
  NULL,
};
static const char *const layer_examples[] = {
  "f:2x3x8 f:8 f:8",
  "f:2x3x4x5 f:4x5 f:4x5 axis=2 epsilon=0.01",
  "f:2x3x4 f:3x4 axis=-2",
  "f:3x6 f:6 f:6 out=3",
  NULL,
};
static const char *const lrn_examples[] = {
  "f:2x7x3x2 size=5 alpha=0.5 beta=0.75 bias=1.5",
  "f:1x6x4 size=4 alpha=0.3",
  "f:2x3x2x2 size=1",
  NULL,
};
static const char *const lp_examples[] = { "f:2x3x4", "f:2x3x4 axis=1 p=1", "f:6 axis=0", NULL };
static const char *const mvn_examples[] = { "f:2x3x4x2", "f:2x3x4 axes=[-1]", "f:2x3x4x2 axes=[1,2]", NULL };

/* Batch normalisation reads x for the gradient of the scale only, and the scale for that of x; the
 * statistics (inputs 3 and 4) for both. */
#define BATCH_KEEP (ENG_KEEP_CROSS | (ENG_KEEP_IN_0 << 3) | (ENG_KEEP_IN_0 << 4))
#define ROWS_KEEP (ENG_KEEP_IN_0 | ENG_KEEP_IN_1)

const EngOp eng_ops_norm[] = {
  { "BatchNormalization", 7, ENG_OPSET_MAX, batch_shape, batch_forward, batch_backward, BATCH_KEEP, ENG_OP_INPLACE,
    batch_examples },
  { "InstanceNormalization", 6, ENG_OPSET_MAX, instance_shape, rows_forward, rows_backward, ROWS_KEEP, ENG_OP_INPLACE,
    instance_examples },
  { "GroupNormalization", 18, 20, group_shape, rows_forward, rows_backward, ROWS_KEEP, ENG_OP_INPLACE,
    group_18_examples },
  { "GroupNormalization", 21, ENG_OPSET_MAX, group_shape, rows_forward, rows_backward, ROWS_KEEP, ENG_OP_INPLACE,
    group_21_examples },
  { "LayerNormalization", 17, ENG_OPSET_MAX, layer_shape, rows_forward, rows_backward, ROWS_KEEP, ENG_OP_INPLACE,
    layer_examples },
  { "LpNormalization", 1, ENG_OPSET_MAX, lp_shape, lp_forward, lp_backward, ENG_KEEP_IN_0, 0, lp_examples },
  { "LRN", 1, ENG_OPSET_MAX, lrn_shape, lrn_forward, lrn_backward, ENG_KEEP_IN_0, 0, lrn_examples },
  { "MeanVarianceNormalization", 9, ENG_OPSET_MAX, mvn_shape, mvn_forward, mvn_backward, ENG_KEEP_IN_0, 0,
    mvn_examples },
  { NULL },
};
