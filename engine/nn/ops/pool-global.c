/* GlobalAveragePool, GlobalMaxPool and GlobalLpPool: one window as large as the image. */
#include "../../kernels/vector.h"
#include "../op.h"

#include <math.h>

typedef struct
{
  int64_t planes, channels, n;
  int64_t blocks; /* of channels, channels-last */
  int p;
  const float *x, *y, *dy;
  float *out, *dx;
} Global;

static gboolean
global_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_node_need_float (node, 0, error)
      || !eng_node_need_rank (node, 0, 2, ENG_MAX_RANK, error))
    return FALSE;
  EngShape y = node->inputs[0]->shape;
  Global *s = node->priv = eng_node_priv (node, Global);
  s->channels = y.dim[1];
  s->planes = y.dim[0] * y.dim[1];
  s->n = eng_shape_span (&y, 2, y.rank);
  /* An integer since opset 2, a float before. */
  s->p =
      (int)CLAMP (eng_attrs_get_int (node->attrs, "p", (int64_t)eng_attrs_get_float (node->attrs, "p", 2)), 0, 1000);
  if (s->p < 1)
    return eng_fail (error, ENG_ERROR_INVALID, "p must be 1 or more");
  if (s->n < 1)
    return eng_fail (error, ENG_ERROR_INVALID, "the image is empty");
  for (int i = 2; i < y.rank; i++)
    y.dim[i] = 1;
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &y, error);
}

static void
global_run (const EngNode *node, EngPass *pass, void (*func) (int64_t, int64_t, gpointer))
{
  Global s = *(const Global *)node->priv;
  s.x = eng_in_f (pass, node, 0);
  s.out = eng_out_f (pass, node, 0);
  eng_parallel (s.planes, 0.2 * (double)s.n, func, &s);
}

static void
global_back (const EngNode *node, EngPass *pass, void (*func) (int64_t, int64_t, gpointer))
{
  Global s = *(const Global *)node->priv;
  s.x = eng_in_f (pass, node, 0);
  s.y = eng_out_f (pass, node, 0);
  s.dy = eng_grad_out (pass, node, 0);
  if (s.dy && (s.dx = eng_grad_in (pass, node, 0)))
    eng_parallel (s.planes, 0.3 * (double)s.n, func, &s);
}

static void
average_planes (int64_t begin, int64_t end, gpointer data)
{
  const Global *s = data;
  for (int64_t i = begin; i < end; i++)
    s->out[i] = (float)(eng_vec_sum (s->x + i * s->n, s->n) / (double)s->n);
}

static void
average_planes_back (int64_t begin, int64_t end, gpointer data)
{
  const Global *s = data;
  for (int64_t i = begin; i < end; i++)
    for (int64_t k = 0; k < s->n; k++)
      s->dx[i * s->n + k] += s->dy[i] / (float)s->n;
}

static void
largest_planes (int64_t begin, int64_t end, gpointer data)
{
  const Global *s = data;
  for (int64_t i = begin; i < end; i++)
    s->out[i] = eng_vec_max (s->x + i * s->n, s->n);
}

static void
largest_planes_back (int64_t begin, int64_t end, gpointer data)
{
  const Global *s = data;
  for (int64_t i = begin; i < end; i++)
    {
      const float *x = s->x + i * s->n;
      int64_t best = 0;
      for (int64_t k = 1; k < s->n; k++)
        best = x[k] > x[best] ? k : best;
      s->dx[i * s->n + best] += s->dy[i];
    }
}

static void
norm_planes (int64_t begin, int64_t end, gpointer data)
{
  const Global *s = data;
  for (int64_t i = begin; i < end; i++)
    {
      double sum = 0;
      for (int64_t k = 0; k < s->n; k++)
        sum += pow (fabs (s->x[i * s->n + k]), s->p);
      s->out[i] = (float)pow (sum, 1.0 / s->p);
    }
}

static void
norm_planes_back (int64_t begin, int64_t end, gpointer data)
{
  const Global *s = data;
  for (int64_t i = begin; i < end; i++)
    {
      float v = s->y[i] > 0 ? s->dy[i] * powf (s->y[i], 1 - (float)s->p) : 0;
      for (int64_t k = 0; k < s->n; k++)
        {
          float x = s->x[i * s->n + k], sign = (float)((x > 0) - (x < 0));
          s->dx[i * s->n + k] += v * sign * powf (fabsf (x), (float)s->p - 1);
        }
    }
}

/* ---- the average of channels-last images, a block of channels of one image at a time ---- */

#define BLOCK 64

static void
average_last (int64_t begin, int64_t end, gpointer data)
{
  const Global *s = data;
  for (int64_t b = begin; b < end; b++)
    {
      int64_t image = b / s->blocks, c0 = b % s->blocks * BLOCK, n = MIN (BLOCK, s->channels - c0);
      double sum[BLOCK] = { 0 };
      const float *x = s->x + image * s->n * s->channels + c0;
      for (int64_t k = 0; k < s->n; k++, x += s->channels)
        for (int64_t c = 0; c < n; c++)
          sum[c] += x[c];
      for (int64_t c = 0; c < n; c++)
        s->out[image * s->channels + c0 + c] = (float)(sum[c] / (double)s->n);
    }
}

static void
average_last_back (int64_t begin, int64_t end, gpointer data)
{
  const Global *s = data;
  for (int64_t b = begin; b < end; b++)
    {
      int64_t image = b / s->blocks, c0 = b % s->blocks * BLOCK, n = MIN (BLOCK, s->channels - c0);
      float *dx = s->dx + image * s->n * s->channels + c0;
      for (int64_t k = 0; k < s->n; k++, dx += s->channels)
        eng_vec_accumulate_scaled (dx, s->dy + image * s->channels + c0, 1 / (float)s->n, n);
    }
}

static void
average_any_forward (const EngNode *node, EngPass *pass)
{
  Global s = *(const Global *)node->priv;
  if (!eng_is_channels_last (pass, node->inputs[0]))
    {
      global_run (node, pass, average_planes);
      return;
    }
  s.x = eng_in_f (pass, node, 0);
  s.out = eng_out_f (pass, node, 0);
  s.blocks = (s.channels + BLOCK - 1) / BLOCK;
  eng_parallel (s.planes / s.channels * s.blocks, 0.1 * (double)(s.n * BLOCK), average_last, &s);
}

static void
average_any_backward (const EngNode *node, EngPass *pass)
{
  Global s = *(const Global *)node->priv;
  if (!eng_is_channels_last (pass, node->inputs[0]))
    {
      global_back (node, pass, average_planes_back);
      return;
    }
  s.dy = eng_grad_out (pass, node, 0);
  s.blocks = (s.channels + BLOCK - 1) / BLOCK;
  if (s.dy && (s.dx = eng_grad_in (pass, node, 0)))
    eng_parallel (s.planes / s.channels * s.blocks, 0.1 * (double)(s.n * BLOCK), average_last_back, &s);
}

static gboolean
average_channels_last (const EngNode *node)
{
  return node->inputs[0]->shape.rank == 4;
}

#define DEFINE_GLOBAL(name)                                                                                          \
  static void global_##name##_forward (const EngNode *node, EngPass *pass)                                           \
  {                                                                                                                  \
    global_run (node, pass, name##_planes);                                                                          \
  }                                                                                                                  \
  static void global_##name##_backward (const EngNode *node, EngPass *pass)                                          \
  {                                                                                                                  \
    global_back (node, pass, name##_planes_back);                                                                    \
  }

DEFINE_GLOBAL (largest)
DEFINE_GLOBAL (norm)
static const char *const global_examples[] = { "f:2x3x4x5", "f:2x3x7", NULL };
static const char *const global_lp_examples[] = { "f:2x3x4x5", "f:2x3x7 p=3", "f:2x3x7 p=1", NULL };

const EngOp eng_ops_pool_global[] = {
  { "GlobalAveragePool", 1, ENG_OPSET_MAX, global_shape, average_any_forward, average_any_backward, 0, 0,
    global_examples, average_channels_last },
  { "GlobalMaxPool", 1, ENG_OPSET_MAX, global_shape, global_largest_forward, global_largest_backward, ENG_KEEP_IN_0,
    0, global_examples },
  { "GlobalLpPool", 1, ENG_OPSET_MAX, global_shape, global_norm_forward, global_norm_backward,
    ENG_KEEP_IN_0 | ENG_KEEP_OUT_0, 0, global_lp_examples },
  { NULL },
};