/* InstanceNormalization, GroupNormalization and LayerNormalization, which are one thing: rows of
 * consecutive elements are brought to mean 0 and variance 1, then scaled and shifted by parameters that
 * belong to channels, groups or elements. With h = (x - mean) r, r = 1 / sqrt (variance + epsilon),
 * g = dy * scale: dx = r (g - mean (g) - h mean (g h)). Statistics are computed again on the way back. */
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
/* Rows of parts * span elements. Parameters: one per element (span = 1, parts of them), or one per part,
 * where row i uses those from (i % periods) * parts on, or one for the whole row (parts = 1). */
typedef struct
{
  int64_t rows, parts, span, periods;
  gboolean by_element;
  float epsilon;
  const float *x, *scale, *shift, *dy;
  float *y, *mean, *factor; /* @mean, @factor: by row */
  guint16 *y_short;         /* instead of @y: bfloat16 */
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
normalise_short (const Rows *s, int64_t row)
{
  float piece[ENG_VEC_PIECE];
  for (int64_t i = 0; i < s->parts; i += ENG_VEC_PIECE)
    {
      int64_t n = MIN (ENG_VEC_PIECE, s->parts - i), at = row * s->parts + i;
      normalise_elements (piece, s->x + at, n, s->mean[row], s->factor[row], s->scale + i,
                          s->shift ? s->shift + i : NULL);
      eng_vec_round (s->y_short + at, piece, n);
    }
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
      if (s->y_short)
        normalise_short (s, i);
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
          eng_vec_scale_shift (s->y + i * n + p * s->span, s->x + i * n + p * s->span, a,
                               s->shift[first + p] - mean * a, s->span);
        }
    }
}

static void
rows_forward (const EngNode *node, EngPass *pass)
{
  Rows s = rows_begin (node, pass);
  if (eng_is_short (pass, node->outputs[0]))
    s.y_short = eng_out (pass, node, 0);
  else
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

static gboolean
layer_takes_short (const EngNode *node, const EngPass *pass, int i)
{
  return i < 0;
}

#define ROWS_KEEP (ENG_KEEP_IN_0 | ENG_KEEP_IN_1)

const EngOp eng_ops_norm[] = {
  { "InstanceNormalization", 6, ENG_OPSET_MAX, instance_shape, rows_forward, rows_backward, ROWS_KEEP, ENG_OP_INPLACE,
    instance_examples },
  { "GroupNormalization", 18, 20, group_shape, rows_forward, rows_backward, ROWS_KEEP, ENG_OP_INPLACE,
    group_18_examples },
  { "GroupNormalization", 21, ENG_OPSET_MAX, group_shape, rows_forward, rows_backward, ROWS_KEEP, ENG_OP_INPLACE,
    group_21_examples },
  { "LayerNormalization", 17, ENG_OPSET_MAX, layer_shape, rows_forward, rows_backward, ROWS_KEEP, ENG_OP_INPLACE,
    layer_examples, NULL, layer_takes_short },
  { NULL },
};
