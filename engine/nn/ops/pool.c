/* Pooling: MaxPool, AveragePool and LpPool over windows of one to three spatial dimensions.
 *
 * A window of the sum-like pools is taken apart: first whole rows are added up (vector loops), then the
 * elements within the row of sums. Padding never takes part; AveragePool only counts it if asked. */
#include "../../kernels/clones.h"
#include "../../kernels/vector.h"
#include "pool.h"

#include <math.h>
#include <string.h>

typedef EngPool Pool;

/* ---- shape ---- */

static gboolean
make_axis (EngNode *node, Pool *s, int a, gboolean count_padding, GError **error)
{
  const EngWindow *w = &s->w;
  if (w->out[a] > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the output is too large");
  gsize bytes = sizeof (int64_t) * (gsize)w->out[a];
  s->first[a] = eng_node_alloc (node, bytes);
  s->taps[a] = eng_node_alloc (node, bytes);
  s->counted[a] = eng_node_alloc (node, bytes);
  for (int64_t o = 0; o < w->out[a]; o++)
    {
      int64_t start = o * w->stride[a] - w->pad[a], d = w->dilation[a];
      int64_t from = start < 0 ? (-start + d - 1) / d : 0;
      int64_t to = start < w->in[a] ? MIN ((w->in[a] - 1 - start) / d + 1, w->kernel[a]) : 0;
      int64_t padded = MIN ((w->in[a] + w->pad_end[a] - 1 - start) / d + 1, w->kernel[a]);
      if (from >= to)
        return eng_fail (error, ENG_ERROR_INVALID,
                         "window %" G_GINT64_FORMAT " along axis %d covers padding only; make pads smaller", o,
                         a - 1 + w->n);
      s->first[a][o] = start + from * d;
      s->taps[a][o] = to - from;
      s->counted[a][o] = count_padding ? padded : to - from;
    }
  return TRUE;
}

static gboolean
pool_shape (EngNode *node, gboolean count_padding, GError **error)
{
  Pool *s = node->priv = eng_node_priv (node, Pool);
  if (!eng_node_need_inputs (node, 1, 1, error) || !eng_window_parse (node, NULL, &s->w, error)
      || !eng_window_place (node, &s->w, eng_attrs_get_int (node->attrs, "ceil_mode", 0) != 0, error))
    return FALSE;
  const EngShape *x = &node->inputs[0]->shape;
  EngShape y = eng_window_output (&s->w, x->dim[0], x->dim[1]);
  if (!eng_node_set_output (node, 0, node->inputs[0]->dtype, &y, error)
      || !eng_node_set_output (node, 1, ENG_DTYPE_INT64, &y, error))
    return FALSE;
  for (int a = 0; a < 3; a++)
    if (!make_axis (node, s, a, count_padding, error))
      return FALSE;
  while (s->low < s->w.out[2] && s->taps[2][s->low] < s->w.kernel[2])
    s->low++;
  for (s->high = s->low; s->high < s->w.out[2] && s->taps[2][s->high] == s->w.kernel[2];)
    s->high++;
  s->planes = x->dim[0] * x->dim[1];
  s->in_plane = s->w.in[0] * s->w.in[1] * s->w.in[2];
  s->out_plane = s->w.out[0] * s->w.out[1] * s->w.out[2];
  if (s->in_plane > G_MAXINT32)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "the image is too large");
  s->column_major = eng_attrs_get_int (node->attrs, "storage_order", 0) != 0;
  node->scratch = 2 * sizeof (float) * (gsize)(s->planes * s->w.in[2]); /* two rows for each plane */
  return TRUE;
}

static gboolean
max_shape (EngNode *node, GError **error)
{
  return pool_shape (node, FALSE, error);
}

static gboolean
average_shape (EngNode *node, GError **error)
{
  return eng_node_need_float (node, 0, error)
         && pool_shape (node, eng_attrs_get_int (node->attrs, "count_include_pad", 0) != 0, error);
}

static gboolean
lp_shape (EngNode *node, GError **error)
{
  if (!eng_node_need_float (node, 0, error) || !pool_shape (node, FALSE, error))
    return FALSE;
  int64_t p = eng_attrs_get_int (node->attrs, "p", 2);
  if (p < 1 || p > 1000)
    return eng_fail (error, ENG_ERROR_INVALID, "p is %" G_GINT64_FORMAT ", 1 or more is needed", p);
  ((Pool *)node->priv)->p = (int)p;
  return TRUE;
}

/* ---- windows ---- */

/* What the loops over planes need. */
typedef struct
{
  const Pool *s;
  const float *x, *y, *dy;
  const int64_t *x_int;
  float *out, *dx, *rows;
  int64_t *out_int, *indices;
} Job;

/* Calls @row for each row of input that the output row (o0, o1) looks at. */
#define FOR_WINDOW_ROWS(s, o0, o1, row)                                                                              \
  for (int64_t t0 = 0; t0 < (s)->taps[0][o0]; t0++)                                                                  \
    for (int64_t t1 = 0, row = 0; t1 < (s)->taps[1][o1]                                                              \
                                  && (row = ((s)->first[0][o0] + t0 * (s)->w.dilation[0]) * (s)->w.in[1]             \
                                            + (s)->first[1][o1] + t1 * (s)->w.dilation[1],                           \
                                     TRUE);                                                                          \
         t1++)

/* dst = max (dst, src) over elements of src @stride apart; not-a-number wins, as in PyTorch. */
ENG_INLINE void
max_every (float *restrict dst, const float *restrict src, int64_t n, int64_t stride)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] = src[i * stride] > dst[i] || isnan (src[i * stride]) ? src[i * stride] : dst[i];
}

ENG_INLINE void
max_stride (float *restrict dst, const float *restrict src, int64_t n, int64_t stride)
{
  if (stride == 1)
    max_every (dst, src, n, 1);
  else if (stride == 2)
    max_every (dst, src, n, 2);
  else
    max_every (dst, src, n, stride);
}

/* One output position from the row of largest elements. */
ENG_INLINE float
max_window (const Pool *s, const float *row, int64_t o)
{
  const float *at = row + s->first[2][o];
  float best = at[0];
  for (int64_t t = 1; t < s->taps[2][o]; t++)
    best = at[t * s->w.dilation[2]] > best || isnan (at[t * s->w.dilation[2]]) ? at[t * s->w.dilation[2]] : best;
  return best;
}

ENG_CLONES static void
max_plane (const Pool *s, const float *x, float *y, float *row)
{
  int64_t width = s->w.in[2], n = s->high - s->low;
  for (int64_t o0 = 0; o0 < s->w.out[0]; o0++)
    for (int64_t o1 = 0; o1 < s->w.out[1]; o1++, y += s->w.out[2])
      {
        gboolean first = TRUE;
        FOR_WINDOW_ROWS (s, o0, o1, r)
        {
          if (first)
            memcpy (row, x + r * width, sizeof *row * width);
          else
            max_every (row, x + r * width, width, 1);
          first = FALSE;
        }
        for (int64_t o = 0; o < s->low; o++)
          y[o] = max_window (s, row, o);
        for (int64_t i = s->low; i < s->high; i++)
          y[i] = -INFINITY;
        for (int64_t t = 0; n > 0 && t < s->w.kernel[2]; t++)
          max_stride (y + s->low, row + s->first[2][s->low] + t * s->w.dilation[2], n, s->w.stride[2]);
        for (int64_t o = s->high; o < s->w.out[2]; o++)
          y[o] = max_window (s, row, o);
      }
}

/* Which rows of the window hold the largest elements of each column: the first such row by number. */
ENG_INLINE void
max_rows_with_index (float *restrict best, int32_t *restrict which, const float *restrict src, int32_t number,
                     int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    {
      gboolean larger = src[i] > best[i] || isnan (src[i]);
      which[i] = larger ? number : which[i];
      best[i] = larger ? src[i] : best[i];
    }
}

/* Adds each dy to the first largest element of its window, in the order of rows. */
ENG_CLONES static void
max_plane_back (const Pool *s, const float *x, const float *dy, float *dx, float *best, int32_t *which)
{
  int64_t width = s->w.in[2], d = s->w.dilation[2];
  for (int64_t o0 = 0; o0 < s->w.out[0]; o0++)
    for (int64_t o1 = 0; o1 < s->w.out[1]; o1++, dy += s->w.out[2])
      {
        gboolean first = TRUE;
        FOR_WINDOW_ROWS (s, o0, o1, r)
        {
          if (first)
            {
              memcpy (best, x + r * width, sizeof *best * width);
              for (int64_t i = 0; i < width; i++)
                which[i] = (int32_t)r;
            }
          else
            max_rows_with_index (best, which, x + r * width, (int32_t)r, width);
          first = FALSE;
        }
        for (int64_t o = 0; o < s->w.out[2]; o++)
          {
            int64_t at = s->first[2][o], to = at;
            for (int64_t t = 1; t < s->taps[2][o]; t++)
              {
                at += d;
                if (best[at] > best[to] || isnan (best[at]) || (best[at] == best[to] && which[at] < which[to]))
                  to = at;
              }
            dx[which[to] * width + to] += dy[o];
          }
      }
}

/* Position within the plane of the first largest element of one window. */
#define DEFINE_ARGMAX(name, Type)                                                                                    \
  static int64_t name (const Pool *s, const Type *x, int64_t o0, int64_t o1, int64_t o2)                             \
  {                                                                                                                  \
    int64_t best = -1;                                                                                               \
    FOR_WINDOW_ROWS (s, o0, o1, r)                                                                                   \
    {                                                                                                                \
      int64_t at = r * s->w.in[2] + s->first[2][o2];                                                                 \
      for (int64_t t = 0; t < s->taps[2][o2]; t++, at += s->w.dilation[2])                                           \
        if (best < 0 || x[at] > x[best] || isnan ((double)x[at]))                                                    \
          best = at;                                                                                                 \
    }                                                                                                                \
    return best;                                                                                                     \
  }

DEFINE_ARGMAX (argmax_float, float)
DEFINE_ARGMAX (argmax_int, int64_t)

/* Index in the whole input, spatial dimensions last to first if asked. */
static int64_t
output_index (const Pool *s, int64_t plane, int64_t at)
{
  const int64_t *in = s->w.in;
  if (s->column_major)
    {
      int64_t i2 = at % in[2], i1 = at / in[2] % in[1], i0 = at / in[2] / in[1];
      at = i0 + in[0] * (i1 + in[1] * i2);
    }
  return plane * s->in_plane + at;
}

static void
argmax_planes (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const Pool *s = j->s;
  for (int64_t plane = begin; plane < end; plane++)
    for (int64_t o = 0; o < s->out_plane; o++)
      {
        int64_t o2 = o % s->w.out[2], o1 = o / s->w.out[2] % s->w.out[1], o0 = o / s->w.out[2] / s->w.out[1];
        int64_t to = plane * s->out_plane + o, from = plane * s->in_plane;
        int64_t at =
            j->x_int ? argmax_int (s, j->x_int + from, o0, o1, o2) : argmax_float (s, j->x + from, o0, o1, o2);
        if (j->out_int)
          j->out_int[to] = j->x_int[from + at];
        if (j->out)
          j->out[to] = j->x[from + at];
        if (j->indices)
          j->indices[to] = output_index (s, plane, at);
      }
}

static void
max_planes (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const Pool *s = j->s;
  for (int64_t i = begin; i < end; i++)
    max_plane (s, j->x + i * s->in_plane, j->out + i * s->out_plane, j->rows + i * s->w.in[2]);
}

static void
max_planes_back (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const Pool *s = j->s;
  for (int64_t i = begin; i < end; i++)
    {
      float *best = j->rows + 2 * i * s->w.in[2];
      max_plane_back (s, j->x + i * s->in_plane, j->dy + i * s->out_plane, j->dx + i * s->in_plane, best,
                      (int32_t *)(best + s->w.in[2]));
    }
}

/* Rough nanoseconds for one plane. */
static double
plane_cost (const Pool *s)
{
  return (double)s->out_plane * (double)(s->w.kernel[0] * s->w.kernel[1] * s->w.kernel[2]);
}

static void
max_forward (const EngNode *node, EngPass *pass)
{
  const Pool *s = node->priv;
  Job j = { .s = s, .rows = eng_pass_scratch (pass), .indices = eng_out_i (pass, node, 1) };
  gboolean is_float = eng_dtype_is_float (node->inputs[0]->dtype);
  const EngShape *x = &node->inputs[0]->shape;
  if (eng_is_channels_last (pass, node->inputs[0]))
    {
      eng_pool_max_last (s, x->dim[0], x->dim[1], eng_in_f (pass, node, 0), eng_out_f (pass, node, 0));
      return;
    }
  if (is_float)
    {
      j.x = eng_in_f (pass, node, 0);
      j.out = eng_out_f (pass, node, 0);
    }
  else
    {
      j.x_int = eng_in_i (pass, node, 0);
      j.out_int = eng_out_i (pass, node, 0);
    }
  eng_parallel (s->planes, plane_cost (s), is_float && !j.indices ? max_planes : argmax_planes, &j);
}

static void
max_backward (const EngNode *node, EngPass *pass)
{
  const Pool *s = node->priv;
  Job j = { .s = s, .x = eng_in_f (pass, node, 0), .dy = eng_grad_out (pass, node, 0) };
  j.rows = eng_pass_scratch (pass);
  const EngShape *x = &node->inputs[0]->shape;
  if (!j.dy || !(j.dx = eng_grad_in (pass, node, 0)))
    return;
  if (eng_is_channels_last (pass, node->inputs[0]))
    eng_pool_max_last_back (s, x->dim[0], x->dim[1], j.x, j.dy, j.dx);
  else
    eng_parallel (s->planes, plane_cost (s), max_planes_back, &j);
}

/* ---- sums ---- */

/* @p = 0: the elements themselves; else |x|^p. */
ENG_INLINE float
term (float x, int p)
{
  return p == 0 ? x : p == 2 ? x * x : p == 1 ? fabsf (x) : powf (fabsf (x), (float)p);
}

/* d term / d x, up to the factor p */
ENG_INLINE float
term_slope (float x, int p)
{
  return p == 0   ? 1
         : p == 2 ? x
         : p == 1 ? (float)((x > 0) - (x < 0))
                  : copysignf (powf (fabsf (x), (float)p - 1), x);
}

ENG_CLONES static void
add_terms (float *restrict row, const float *restrict x, int64_t n, int p)
{
  if (p == 0)
    for (int64_t i = 0; i < n; i++)
      row[i] += x[i];
  else if (p == 2)
    for (int64_t i = 0; i < n; i++)
      row[i] += x[i] * x[i];
  else
    for (int64_t i = 0; i < n; i++)
      row[i] += term (x[i], p);
}

ENG_CLONES static void
add_slopes (float *restrict dx, const float *restrict row, const float *restrict x, int64_t n, int p)
{
  if (p == 0)
    for (int64_t i = 0; i < n; i++)
      dx[i] += row[i];
  else if (p == 2)
    for (int64_t i = 0; i < n; i++)
      dx[i] += row[i] * x[i];
  else
    for (int64_t i = 0; i < n; i++)
      dx[i] += row[i] * term_slope (x[i], p);
}

/* What the sum over window (o0, o1, o2) is divided by to give the average. */
ENG_INLINE float
divisor (const Pool *s, int64_t o0, int64_t o1, int64_t o2)
{
  return (float)(s->counted[0][o0] * s->counted[1][o1] * s->counted[2][o2]);
}

ENG_INLINE void
add_every (float *restrict dst, const float *restrict src, int64_t n, int64_t stride)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] += src[i * stride];
}

/* Sums over the elements of each window in the row of sums. */
ENG_CLONES static void
sum_windows (const Pool *s, const float *row, float *y)
{
  int64_t n = s->high - s->low, stride = s->w.stride[2], d = s->w.dilation[2];
  for (int64_t o = 0; o < s->w.out[2]; o++)
    {
      y[o] = 0;
      for (int64_t t = 0; (o < s->low || o >= s->high) && t < s->taps[2][o]; t++)
        y[o] += row[s->first[2][o] + t * d];
    }
  for (int64_t t = 0; n > 0 && t < s->w.kernel[2]; t++)
    {
      const float *at = row + s->first[2][s->low] + t * d;
      if (stride == 1)
        add_every (y + s->low, at, n, 1);
      else if (stride == 2)
        add_every (y + s->low, at, n, 2);
      else
        add_every (y + s->low, at, n, stride);
    }
}

static void
sum_plane (const Pool *s, const float *x, float *y, float *row)
{
  int64_t width = s->w.in[2];
  for (int64_t o0 = 0; o0 < s->w.out[0]; o0++)
    for (int64_t o1 = 0; o1 < s->w.out[1]; o1++)
      {
        memset (row, 0, sizeof *row * width);
        FOR_WINDOW_ROWS (s, o0, o1, r)
        add_terms (row, x + r * width, width, s->p);
        sum_windows (s, row, y);
        for (int64_t o = 0; o < s->w.out[2]; o++, y++)
          *y = s->p == 0   ? *y / divisor (s, o0, o1, o)
               : s->p == 1 ? *y
               : s->p == 2 ? sqrtf (*y)
                           : powf (*y, 1 / (float)s->p);
      }
}

/* What the gradient of an output is multiplied by before it goes to the terms of its window. */
static float
share (const Pool *s, const float *y, int64_t o0, int64_t o1, int64_t o2)
{
  if (s->p == 0)
    return 1 / divisor (s, o0, o1, o2);
  if (s->p == 1)
    return 1;
  return *y > 0 ? (s->p == 2 ? 1 / *y : powf (*y, 1 - (float)s->p)) : 0;
}

static void
spread_plane (const Pool *s, const float *x, const float *y, const float *dy, float *dx, float *row)
{
  int64_t width = s->w.in[2], d = s->w.dilation[2];
  for (int64_t o0 = 0; o0 < s->w.out[0]; o0++)
    for (int64_t o1 = 0; o1 < s->w.out[1]; o1++)
      {
        memset (row, 0, sizeof *row * width);
        for (int64_t o = 0; o < s->w.out[2]; o++, y++, dy++)
          {
            float *at = row + s->first[2][o], v = *dy * share (s, y, o0, o1, o);
            for (int64_t t = 0; t < s->taps[2][o]; t++)
              at[t * d] += v;
          }
        FOR_WINDOW_ROWS (s, o0, o1, r)
        add_slopes (dx + r * width, row, x + r * width, width, s->p);
      }
}

static void
sum_planes (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const Pool *s = j->s;
  for (int64_t i = begin; i < end; i++)
    sum_plane (s, j->x + i * s->in_plane, j->out + i * s->out_plane, j->rows + i * s->w.in[2]);
}

static void
spread_planes (int64_t begin, int64_t end, gpointer data)
{
  const Job *j = data;
  const Pool *s = j->s;
  for (int64_t i = begin; i < end; i++)
    spread_plane (s, j->x + i * s->in_plane, j->y + i * s->out_plane, j->dy + i * s->out_plane,
                  j->dx + i * s->in_plane, j->rows + i * s->w.in[2]);
}

static void
sum_forward (const EngNode *node, EngPass *pass)
{
  const Pool *s = node->priv;
  Job j = { .s = s, .x = eng_in_f (pass, node, 0), .out = eng_out_f (pass, node, 0) };
  j.rows = eng_pass_scratch (pass);
  const EngShape *x = &node->inputs[0]->shape;
  if (eng_is_channels_last (pass, node->inputs[0]))
    eng_pool_average_last (s, x->dim[0], x->dim[1], j.x, j.out);
  else
    eng_parallel (s->planes, plane_cost (s), sum_planes, &j);
}

static void
sum_backward (const EngNode *node, EngPass *pass)
{
  const Pool *s = node->priv;
  Job j = { .s = s, .dy = eng_grad_out (pass, node, 0), .rows = eng_pass_scratch (pass) };
  if (!j.dy || !(j.dx = eng_grad_in (pass, node, 0)))
    return;
  const EngShape *x = &node->inputs[0]->shape;
  if (eng_is_channels_last (pass, node->inputs[0]))
    {
      eng_pool_average_last_back (s, x->dim[0], x->dim[1], j.dy, j.dx);
      return;
    }
  /* The average reads neither; the pass may have let their memory go. */
  j.x = s->p ? eng_in_f (pass, node, 0) : j.dy;
  j.y = s->p ? eng_out_f (pass, node, 0) : j.dy;
  eng_parallel (s->planes, plane_cost (s), spread_planes, &j);
}

/* Images in two dimensions, without the second output, whose numbers tell row-major places. */
static gboolean
pool_channels_last (const EngNode *node)
{
  const EngValue *x = node->inputs[0];
  return x->shape.rank == 4 && x->dtype == ENG_DTYPE_FLOAT && node->n_outputs == 1;
}

static const char *const max_examples[] = {
  "f:2x2x6x7 kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]",
  "f:1x2x7x7 kernel_shape=[2,2] strides=[2,2] ceil_mode=1 out=2",
  "f:1x2x7x8 kernel_shape=[3,2] dilations=[2,3] pads=[1,0,0,2]",
  "f:2x2x9 kernel_shape=[3] strides=[2] auto_pad='SAME_UPPER'",
  "f:1x2x4x5x4 kernel_shape=[2,2,3] strides=[1,2,1] pads=[0,1,1,0,0,1]",
  NULL,
};

static const char *const average_examples[] = {
  "f:2x2x6x7 kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]",
  "f:1x2x6x7 kernel_shape=[3,3] strides=[2,2] pads=[1,0,1,1] count_include_pad=1 ceil_mode=1",
  "f:1x2x7x7 kernel_shape=[2,2] strides=[2,2] ceil_mode=1",
  "f:1x2x7x8 kernel_shape=[3,2] dilations=[2,3]",
  "f:2x2x9 kernel_shape=[3] strides=[2] auto_pad='SAME_LOWER'",
  "f:1x2x4x5x4 kernel_shape=[2,2,3] strides=[1,2,1] pads=[0,1,1,0,0,1]",
  NULL,
};

static const char *const lp_examples[] = {
  "f:1x2x6x7 kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]",
  "f:1x2x6x7 kernel_shape=[2,3] p=3",
  "f:1x2x9 kernel_shape=[3] p=1",
  NULL,
};

const EngOp eng_ops_pool[] = {
  { "MaxPool", 1, ENG_OPSET_MAX, max_shape, max_forward, max_backward, ENG_KEEP_IN_0, 0, max_examples,
    pool_channels_last },
  { "AveragePool", 1, ENG_OPSET_MAX, average_shape, sum_forward, sum_backward, 0, 0, average_examples,
    pool_channels_last },
  { "LpPool", 2, ENG_OPSET_MAX, lp_shape, sum_forward, sum_backward, ENG_KEEP_IN_0 | ENG_KEEP_OUT_0, 0, lp_examples },
  { NULL },
};