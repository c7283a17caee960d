/* BatchNormalization with given statistics, as an exported model has it: y = (x - mean) scale / sqrt (variance +
 * epsilon) + bias per channel. Training mode is refused. */
#include "../../kernels/clones.h"
#include "../../kernels/vector.h"
#include "../op.h"

#include <math.h>
#include <string.h>

typedef struct
{
  int64_t n, channels, plane;
  float epsilon;
  const float *x, *scale, *bias, *mean, *variance, *dy;
  float *y, *dx, *dscale, *dbias;
  float *a, *b; /* scratch, one value per channel each */
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
  node->scratch = 2 * sizeof (float) * (gsize)s->channels;
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
  s.a = eng_pass_scratch (pass);
  s.b = s.a + s.channels;
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
      eng_vec_scale_shift (s->y + i * s->plane, s->x + i * s->plane, a, s->bias[c] - s->mean[c] * a, s->plane);
    }
}

/* ---- channels-last: rows of channels, with the factors worked out once ---- */

static void
batch_factors (const Batch *s, float *a, float *b)
{
  for (int64_t c = 0; c < s->channels; c++)
    {
      a[c] = s->scale[c] * batch_factor (s, c);
      b[c] = s->bias[c] - s->mean[c] * a[c];
    }
}

ENG_CLONES static void
scale_row (float *y, const float *x, const float *a, const float *b, int64_t n)
{
  for (int64_t c = 0; c < n; c++)
    y[c] = a[c] * x[c] + b[c];
}

static void
batch_rows (int64_t begin, int64_t end, gpointer data)
{
  const Batch *s = data;
  for (int64_t i = begin; i < end; i++)
    scale_row (s->y + i * s->channels, s->x + i * s->channels, s->a, s->b, s->channels);
}

static void
batch_rows_back (int64_t begin, int64_t end, gpointer data)
{
  const Batch *s = data;
  for (int64_t i = begin; i < end; i++)
    eng_vec_accumulate_product (s->dx + i * s->channels, s->dy + i * s->channels, s->a, s->channels);
}

/* One thread: there are few sums, and every row adds to all of them. */
static void
batch_parameters_rows (const Batch *s, float *sum, float *product)
{
  memset (sum, 0, sizeof *sum * (gsize)s->channels);
  memset (product, 0, sizeof *product * (gsize)s->channels);
  for (int64_t i = 0; i < s->n * s->plane; i++)
    {
      eng_vec_accumulate (sum, s->dy + i * s->channels, s->channels);
      if (s->dscale)
        eng_vec_accumulate_product (product, s->dy + i * s->channels, s->x + i * s->channels, s->channels);
    }
  for (int64_t c = 0; c < s->channels; c++)
    {
      if (s->dscale)
        s->dscale[c] += (product[c] - sum[c] * s->mean[c]) * batch_factor (s, c);
      if (s->dbias)
        s->dbias[c] += sum[c];
    }
}

static gboolean
batch_channels_last (const EngNode *node)
{
  return node->inputs[0]->shape.rank == 4;
}

static void
batch_forward (const EngNode *node, EngPass *pass)
{
  Batch s = batch_begin (node, pass);
  s.y = eng_out_f (pass, node, 0);
  if (eng_is_channels_last (pass, node->inputs[0]))
    {
      batch_factors (&s, s.a, s.b);
      eng_parallel (s.n * s.plane, 0.2 * (double)s.channels + 5, batch_rows, &s);
      return;
    }
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
  gboolean last = eng_is_channels_last (pass, node->inputs[0]);
  s.dx = eng_grad_in (pass, node, 0);
  if (s.dx && last)
    {
      batch_factors (&s, s.a, s.b);
      eng_parallel (s.n * s.plane, 0.3 * (double)s.channels + 5, batch_rows_back, &s);
    }
  else if (s.dx)
    eng_parallel (s.n * s.channels, 0.3 * (double)s.plane + 5, batch_planes_back, &s);
  s.dscale = eng_grad_in (pass, node, 1);
  s.dbias = eng_grad_in (pass, node, 2);
  if ((s.dscale || s.dbias) && last)
    batch_parameters_rows (&s, s.a, s.b);
  else if (s.dscale || s.dbias)
    eng_parallel (s.channels, 0.3 * (double)(s.n * s.plane) + 5, batch_parameters_back, &s);
}
static const char *const batch_examples[] = {
  "f:2x3x4x5 f:3 f:3 c:[0.1,-0.2,0.3] c:[0.5,1.0,2.0]",
  "f:4x3 f:3 f:3 c:[0.1,-0.2,0.3] c:[0.5,1.0,2.0] epsilon=0.01",
  "f:1x2x6 f:2 f:2 c:[0.1,-0.2] c:[0.5,1.0]",
  "f:5 f:1 f:1 c:[0.1] c:[0.5]",
  NULL,
};

/* x is read for the gradient of the scale only, and the scale for that of x; the statistics (inputs 3 and 4)
 * for both. */
#define BATCH_KEEP (ENG_KEEP_CROSS | (ENG_KEEP_IN_0 << 3) | (ENG_KEEP_IN_0 << 4))

const EngOp eng_ops_batchnorm[] = {
  { "BatchNormalization", 7, ENG_OPSET_MAX, batch_shape, batch_forward, batch_backward, BATCH_KEEP, ENG_OP_INPLACE,
    batch_examples, batch_channels_last },
  { NULL },
};
