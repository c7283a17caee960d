/* Normalisations of older networks: LRN over neighbouring channels (Krizhevsky et al. 2012),
 * LpNormalization along one axis, MeanVarianceNormalization over any axes. */
#include "../../kernels/vector.h"
#include "../op.h"

#include <math.h>
#include <string.h>

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
  eng_vec_scale_shift (s, s, l->alpha, l->bias, l->plane);
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
static const char *const lrn_examples[] = {
  "f:2x7x3x2 size=5 alpha=0.5 beta=0.75 bias=1.5",
  "f:1x6x4 size=4 alpha=0.3",
  "f:2x3x2x2 size=1",
  NULL,
};
static const char *const lp_examples[] = { "f:2x3x4", "f:2x3x4 axis=1 p=1", "f:6 axis=0", NULL };
static const char *const mvn_examples[] = { "f:2x3x4x2", "f:2x3x4 axes=[-1]", "f:2x3x4x2 axes=[1,2]", NULL };

const EngOp eng_ops_norm_older[] = {
  { "LpNormalization", 1, ENG_OPSET_MAX, lp_shape, lp_forward, lp_backward, ENG_KEEP_IN_0, 0, lp_examples },
  { "LRN", 1, ENG_OPSET_MAX, lrn_shape, lrn_forward, lrn_backward, ENG_KEEP_IN_0, 0, lrn_examples },
  { "MeanVarianceNormalization", 9, ENG_OPSET_MAX, mvn_shape, mvn_forward, mvn_backward, ENG_KEEP_IN_0, 0,
    mvn_examples },
  { NULL },
};
