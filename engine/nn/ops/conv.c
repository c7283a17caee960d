/* Conv and ConvTranspose in one to three spatial dimensions. ConvTranspose is the gradient of a
 * convolution with respect to its input, so its three computations are those of Conv with the roles
 * exchanged; its weights C x M/group x kernel are those of the convolution from M to C channels. */
#include "../../kernels/kernels.h"
#include "../../kernels/vector.h"
#include "conv.h"
#include "window.h"

#include <string.h>

typedef struct
{
  EngConv p;                 /* of ConvTranspose: the convolution that it is the transpose of */
  const EngKernels *kernels; /* whose scratch was asked for */
} Conv;

static void
conv_from_window (EngConv *p, const EngWindow *w)
{
  memcpy (p->in, w->in, sizeof p->in);
  memcpy (p->out, w->out, sizeof p->out);
  memcpy (p->kernel, w->kernel, sizeof p->kernel);
  memcpy (p->stride, w->stride, sizeof p->stride);
  memcpy (p->dilation, w->dilation, sizeof p->dilation);
  memcpy (p->pad, w->pad, sizeof p->pad);
}

/* Inputs of both operators; bias: one value per output channel. */
static gboolean
check_inputs (const EngNode *node, EngWindow *window, GError **error)
{
  if (!eng_node_need_inputs (node, 2, 3, error))
    return FALSE;
  for (int i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] && !eng_node_need_float (node, i, error))
      return FALSE;
  if (!eng_node_need_rank (node, 0, 3, 5, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape, *w = &node->inputs[1]->shape;
  if (w->rank != x->rank)
    return eng_fail (error, ENG_ERROR_INVALID, "weights have rank %d, the input has rank %d", w->rank, x->rank);
  return eng_window_parse (node, w, window, error);
}

static gboolean
check_groups (const EngNode *node, int64_t channels, int64_t *groups, GError **error)
{
  *groups = eng_attrs_get_int (node->attrs, "group", 1);
  if (*groups < 1 || channels % *groups || node->inputs[1]->shape.dim[0] % *groups
      || node->inputs[1]->shape.dim[0] < 1 || node->inputs[1]->shape.dim[1] < 1)
    return eng_fail (error, ENG_ERROR_INVALID, "channels cannot be split into %" G_GINT64_FORMAT " groups", *groups);
  return TRUE;
}

static gboolean
check_bias (const EngNode *node, int64_t channels, GError **error)
{
  if (!eng_node_has_input (node, 2))
    return TRUE;
  const EngShape *b = &node->inputs[2]->shape;
  if (b->rank != 1 || b->dim[0] != channels)
    return eng_fail (error, ENG_ERROR_INVALID, "the bias must have %" G_GINT64_FORMAT " elements", channels);
  return TRUE;
}

/* Matrix dimensions of a BLAS are 32-bit. */
static gboolean
finish (EngNode *node, Conv *c, GError **error)
{
  const EngConv *p = &c->p;
  int64_t taps = p->kernel[0] * p->kernel[1] * p->kernel[2], most = p->groups * MAX (p->cin, p->cout);
  if (taps > G_MAXINT32 / most || p->in[0] * p->in[1] * p->in[2] > G_MAXINT32
      || p->out[0] * p->out[1] * p->out[2] > G_MAXINT32 || p->n * most > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the convolution is too large");
  c->kernels = eng_kernels ();
  node->priv = c;
  node->scratch = c->kernels->conv_scratch (p);
  return TRUE;
}

static gboolean
conv_shape (EngNode *node, GError **error)
{
  EngWindow window;
  Conv *c = eng_node_priv (node, Conv);
  if (!check_inputs (node, &window, error) || !eng_window_place (node, &window, FALSE, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape, *w = &node->inputs[1]->shape;
  EngConv *p = &c->p;
  if (!check_groups (node, x->dim[1], &p->groups, error) || !check_bias (node, w->dim[0], error))
    return FALSE;
  p->n = x->dim[0];
  p->cin = x->dim[1] / p->groups;
  p->cout = w->dim[0] / p->groups;
  if (w->dim[1] != p->cin)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "the input has %" G_GINT64_FORMAT " channels per group, the weights have %" G_GINT64_FORMAT,
                     p->cin, w->dim[1]);
  conv_from_window (p, &window);
  EngShape y = eng_window_output (&window, p->n, w->dim[0]);
  return finish (node, c, error) && eng_node_set_output (node, 0, node->inputs[0]->dtype, &y, error);
}

/* The convolution as it is in this pass. */
static EngConv
here (const EngNode *node, const EngPass *pass)
{
  EngConv p = ((const Conv *)node->priv)->p;
  p.x_last = eng_is_channels_last (pass, node->inputs[0]);
  p.y_last = eng_is_channels_last (pass, node->outputs[0]);
  p.frozen = eng_is_frozen (pass, node, 1);
  p.bf16 = eng_pass_bf16 (pass);
  p.x_short = eng_is_short (pass, node->inputs[0]);
  p.y_short = eng_is_short (pass, node->outputs[0]);
  p.w_tiled = eng_is_tiled (pass, node->inputs[1]);
  return p;
}

void
eng_conv_forward (const EngNode *node, EngPass *pass, gboolean adds, const float *bounds)
{
  const Conv *c = node->priv;
  EngConv p = here (node, pass);
  p.adds = adds;
  p.bounds = bounds;
  c->kernels->conv_forward (&p, eng_in (pass, node, 0), eng_in_f (pass, node, 1), eng_in_f (pass, node, 2),
                            eng_out (pass, node, 0), eng_pass_scratch (pass));
}

static void
conv_forward (const EngNode *node, EngPass *pass)
{
  eng_conv_forward (node, pass, FALSE, NULL);
}

typedef struct
{
  int64_t n, channels, plane;
  const float *bias, *dy;
  float *y, *db;
} Bias;

static void
sum_channels (int64_t begin, int64_t end, gpointer data)
{
  const Bias *b = data;
  for (int64_t c = begin; c < end; c++)
    {
      double sum = 0;
      for (int64_t i = 0; i < b->n; i++)
        sum += eng_vec_sum (b->dy + (i * b->channels + c) * b->plane, b->plane);
      b->db[c] += (float)sum;
    }
}

/* The same of channels-last images: rows of channels. */
static void
sum_rows (int64_t begin, int64_t end, gpointer data)
{
  const Bias *b = data;
  for (int64_t i = 0; i < b->n * b->plane; i++)
    eng_vec_accumulate (b->db + begin, b->dy + i * b->channels + begin, end - begin);
}

static void
add_bias (int64_t begin, int64_t end, gpointer data)
{
  const Bias *b = data;
  for (int64_t c = begin; c < end; c++)
    for (int64_t i = 0; i < b->plane; i++)
      b->y[c * b->plane + i] += b->bias[c % b->channels];
}

static void
bias_backward (const EngNode *node, EngPass *pass, const float *dy)
{
  const EngShape *y = &node->outputs[0]->shape;
  Bias b = { y->dim[0], y->dim[1], eng_shape_span (y, 2, y->rank) };
  b.dy = dy;
  b.db = eng_grad_in (pass, node, 2);
  gboolean last = eng_is_channels_last (pass, node->outputs[0]);
  if (b.db)
    eng_parallel (b.channels, 0.1 * (double)(b.n * b.plane), last ? sum_rows : sum_channels, &b);
}

void
eng_conv_backward (const EngNode *node, EngPass *pass, const float *dy)
{
  const Conv *c = node->priv;
  EngConv p = here (node, pass);
  void *scratch = eng_pass_scratch (pass);
  gboolean fresh;
  float *dx = eng_grad_in_fresh (pass, node, 0, &fresh);
  if (dx)
    c->kernels->conv_backward_data (&p, dy, eng_in_f (pass, node, 1), dx, !fresh, scratch);
  float *dw = eng_grad_in_fresh (pass, node, 1, &fresh);
  if (dw)
    c->kernels->conv_backward_weights (&p, eng_in (pass, node, 0), dy, dw, !fresh, scratch);
  bias_backward (node, pass, dy);
}

static void
conv_backward (const EngNode *node, EngPass *pass)
{
  const float *dy = eng_grad_out (pass, node, 0);
  if (dy)
    eng_conv_backward (node, pass, dy);
}

static gboolean
conv_channels_last (const EngNode *node)
{
  const Conv *c = node->priv;
  return node->inputs[0]->shape.rank == 4 && c->kernels->channels_last && c->kernels->channels_last (&c->p);
}

gboolean
eng_conv_adds (const EngNode *node)
{
  const Conv *c = node->priv;
  return c->kernels->conv_adds && c->kernels->conv_adds (&c->p);
}

gboolean
eng_conv_takes_short (const EngNode *node, const EngPass *pass, int i)
{
  const Conv *c = node->priv;
  EngConv p = here (node, pass);
  return i <= 0 && c->kernels->conv_takes_short && c->kernels->conv_takes_short (&p);
}

gboolean
eng_conv_takes_tiles (const EngNode *node, const EngPass *pass)
{
  const Conv *c = node->priv;
  EngConv p = here (node, pass);
  return c->kernels->takes_tiles && c->kernels->takes_tiles (&p);
}

/* ---- ConvTranspose ---- */

/* Padding along one axis, and with it the size of the output; see the operator's text in ONNX.
 * @asked: output_shape of this axis, or 0. */
static gboolean
transpose_axis (EngWindow *w, int a, const char *auto_pad, int64_t extra, int64_t asked, GError **error)
{
  int64_t full = w->stride[a] * (w->in[a] - 1) + extra + eng_window_extent (w, a);
  gboolean same = g_str_has_prefix (auto_pad, "SAME");
  if (strcmp (auto_pad, "VALID") == 0)
    w->pad[a] = w->pad_end[a] = 0;
  if (asked > 0 || same)
    {
      w->out[a] = asked > 0 ? asked : w->in[a] * w->stride[a];
      int64_t total = MAX (0, full - w->out[a]);
      w->pad[a] = strcmp (auto_pad, "SAME_UPPER") == 0 ? total / 2 : total - total / 2;
      w->pad_end[a] = total - w->pad[a];
    }
  else
    w->out[a] = full - w->pad[a] - w->pad_end[a];
  if (w->out[a] < 1)
    return eng_fail (error, ENG_ERROR_INVALID, "the output would have size %" G_GINT64_FORMAT, w->out[a]);
  return TRUE;
}

static gboolean
transpose_place (const EngNode *node, EngWindow *w, GError **error)
{
  const char *auto_pad = eng_attrs_get_string (node->attrs, "auto_pad", "NOTSET");
  const int64_t *extra, *asked;
  int n_extra, n_asked;
  if (!eng_node_ints (node, "output_padding", -1, &extra, &n_extra, error)
      || !eng_node_ints (node, "output_shape", -1, &asked, &n_asked, error))
    return FALSE;
  /* Some exporters write batch and channels, too. */
  if (n_asked == w->n + 2)
    {
      asked += 2;
      n_asked -= 2;
    }
  if ((n_extra > 0 && n_extra != w->n) || (n_asked > 0 && n_asked != w->n))
    return eng_fail (error, ENG_ERROR_INVALID, "output_padding or output_shape must have %d values", w->n);
  for (int i = 0; i < w->n; i++)
    {
      int a = 3 - w->n + i;
      int64_t e = n_extra > 0 ? extra[i] : 0, size = n_asked > 0 ? asked[i] : 0;
      if (e < 0 || e >= MAX (w->stride[a], w->dilation[a]))
        return eng_fail (error, ENG_ERROR_INVALID, "output_padding must be less than stride or dilation");
      if (n_asked > 0 && (size < 1 || size > G_MAXINT32))
        return eng_fail (error, ENG_ERROR_INVALID, "output_shape contains %" G_GINT64_FORMAT, size);
      if (!transpose_axis (w, a, auto_pad, e, size, error))
        return FALSE;
    }
  return eng_window_check_size (w, error);
}

static gboolean
transpose_shape (EngNode *node, GError **error)
{
  EngWindow window;
  Conv *c = eng_node_priv (node, Conv);
  if (!check_inputs (node, &window, error) || !transpose_place (node, &window, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape, *w = &node->inputs[1]->shape;
  EngConv *p = &c->p;
  if (w->dim[0] != x->dim[1])
    return eng_fail (error, ENG_ERROR_INVALID,
                     "the input has %" G_GINT64_FORMAT " channels, the weights have %" G_GINT64_FORMAT, x->dim[1],
                     w->dim[0]);
  if (!check_groups (node, x->dim[1], &p->groups, error))
    return FALSE;
  p->n = x->dim[0];
  p->cin = w->dim[1];
  p->cout = x->dim[1] / p->groups;
  if (p->cin > G_MAXINT32 / p->groups || !check_bias (node, p->cin * p->groups, error))
    return FALSE;
  conv_from_window (p, &window);
  memcpy (p->in, window.out, sizeof p->in);
  memcpy (p->out, window.in, sizeof p->out);
  EngShape y = eng_window_output (&window, p->n, p->groups * p->cin);
  if (!finish (node, c, error))
    return FALSE;
  /* Adding to a gradient needs the input's size beside the kernels' own scratch. */
  node->scratch += (gsize)eng_shape_count (x) * sizeof (float);
  return eng_node_set_output (node, 0, node->inputs[0]->dtype, &y, error);
}

static void
transpose_forward (const EngNode *node, EngPass *pass)
{
  const Conv *c = node->priv;
  EngConv p = here (node, pass);
  const EngShape *y = &node->outputs[0]->shape;
  Bias b = { y->dim[0], y->dim[1], eng_shape_span (y, 2, y->rank), eng_in_f (pass, node, 2) };
  b.y = eng_out_f (pass, node, 0);
  c->kernels->conv_backward_data (&p, eng_in_f (pass, node, 0), eng_in_f (pass, node, 1), b.y, FALSE,
                                  eng_pass_scratch (pass));
  if (b.bias)
    eng_parallel (b.n * b.channels, 0.2 * (double)b.plane, add_bias, &b);
}

static void
transpose_backward (const EngNode *node, EngPass *pass)
{
  const Conv *c = node->priv;
  EngConv p = here (node, pass);
  const float *dy = eng_grad_out (pass, node, 0), *w = eng_in_f (pass, node, 1);
  float *scratch = eng_pass_scratch (pass);
  if (!dy)
    return;
  gboolean fresh;
  float *dx = eng_grad_in_fresh (pass, node, 0, &fresh);
  if (dx && fresh)
    c->kernels->conv_forward (&p, dy, w, NULL, dx, scratch);
  else if (dx)
    {
      /* conv_forward() writes: compute beside, then add. */
      gsize n = (gsize)eng_shape_count (&node->inputs[0]->shape);
      c->kernels->conv_forward (&p, dy, w, NULL, scratch, scratch + n);
      eng_vec_accumulate (dx, scratch, (int64_t)n);
    }
  float *dw = eng_grad_in_fresh (pass, node, 1, &fresh);
  if (dw)
    c->kernels->conv_backward_weights (&p, dy, eng_in_f (pass, node, 0), dw, !fresh, scratch);
  bias_backward (node, pass, dy);
}

static const char *const conv_examples[] = {
  "f:2x3x6x5 f:4x3x3x3 f:4 pads=[1,1,1,1]",
  "f:1x3x7x6 f:2x3x3x2 strides=[2,1] pads=[0,1,1,0]",
  "f:1x4x7x7 f:6x2x3x3 f:6 group=2 dilations=[2,1] pads=[2,1,2,1]",
  "f:2x4x6x6 f:4x1x3x3 f:4 group=4 pads=[1,1,1,1]",
  "f:1x3x9x8 f:6x1x5x3 group=3 strides=[2,2] pads=[2,1,1,0]",
  "f:1x3x6x6 f:4x3x1x1 f:4",
  "f:2x3x6x6 f:4x3x1x1 strides=[2,2]",
  "f:2x5x1x1 f:4x5x1x1 f:4",
  "f:2x3x4x4 f:5x3x4x4 f:5",
  "f:2x3x9 f:4x3x3 f:4 strides=[2] pads=[1,0] dilations=[2]",
  "f:1x2x4x5x4 f:3x2x2x3x2 f:3 strides=[1,2,1] pads=[1,1,0,0,1,1]",
  "f:1x2x6x7 f:3x2x3x3 auto_pad='SAME_UPPER' strides=[2,2]",
  "f:1x2x6x7 f:3x2x2x2 auto_pad='SAME_LOWER'",
  "f:1x2x6x7 f:3x2x3x3 auto_pad='VALID' kernel_shape=[3,3]",
  NULL,
};

static const char *const transpose_examples[] = {
  "f:1x3x4x4 f:3x2x3x3 f:2",
  "f:2x4x3x4 f:4x2x3x2 f:4 group=2 strides=[2,2] pads=[1,0,0,1] output_padding=[1,0]",
  "f:1x3x4x4 f:3x1x3x3 f:3 group=3 strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]",
  "f:1x2x5 f:2x3x3 strides=[3] dilations=[2]",
  "f:1x2x3x3 f:2x2x3x3 strides=[3,2] output_shape=[10,8]",
  "f:1x2x3x3 f:2x2x3x3 strides=[2,2] auto_pad='SAME_UPPER'",
  "f:1x2x3x2x3 f:2x2x2x2x2 strides=[2,1,2]",
  NULL,
};

const EngOp eng_ops_conv[] = {
  { "Conv", 1, ENG_OPSET_MAX, conv_shape, conv_forward, conv_backward, ENG_KEEP_CROSS, ENG_OP_BRINGS, conv_examples,
    conv_channels_last, eng_conv_takes_short, eng_conv_takes_tiles },
  { "ConvTranspose", 1, ENG_OPSET_MAX, transpose_shape, transpose_forward, transpose_backward, ENG_KEEP_CROSS, 0,
    transpose_examples },
  { NULL },
};
