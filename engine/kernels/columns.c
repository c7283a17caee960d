/* Windows to columns and back ("im2col", "col2im"; Chellapilla, Puri & Simard 2006). Serial: callers
 * split channels or positions over threads.
 *
 * Where the output is as wide as the input and the stride is 1, a tap sees the image shifted as a whole:
 * one long copy, after which the columns that came from the neighbouring row are set to zero. */
#include "clones.h"
#include "conv-private.h"

#include <string.h>

/* One tap of the kernel over the output positions from <= position < to. */
typedef struct
{
  const EngConv *p;
  int64_t from, to;
  int64_t shift[3];  /* tap * dilation - pad */
  int64_t low, high; /* columns of an output row that see the image */
  gboolean whole;    /* the image shifted as a whole */
} Tap;

/* Output positions o < out of one axis with 0 <= o * stride + shift < in. */
ENG_INLINE void
visible (int64_t shift, int64_t stride, int64_t in, int64_t out, int64_t *low, int64_t *high)
{
  *low = shift < 0 ? MIN ((-shift + stride - 1) / stride, out) : 0;
  *high = shift < in ? MIN ((in - 1 - shift) / stride + 1, out) : 0;
  *high = MAX (*low, *high);
}

static void
tap_init (Tap *t, const EngConv *p, int64_t from, int64_t to, int64_t k)
{
  t->p = p;
  t->from = from;
  t->to = to;
  for (int a = 2; a >= 0; a--)
    {
      t->shift[a] = k % p->kernel[a] * p->dilation[a] - p->pad[a];
      k /= p->kernel[a];
    }
  visible (t->shift[2], p->stride[2], p->in[2], p->out[2], &t->low, &t->high);
  t->whole = p->stride[1] == 1 && p->stride[2] == 1 && p->in[2] == p->out[2];
}

/* Calls @body for each run of positions in one output row: @i0, @i1 input plane and row, perhaps outside;
 * columns from @column, @n of them. */
#define FOR_RUNS(t, i0, i1, column, n, body)                                                                         \
  {                                                                                                                  \
    const EngConv *q = (t)->p;                                                                                       \
    int64_t row = (t)->from / q->out[2], column = (t)->from % q->out[2], n;                                          \
    int64_t i0 = row / q->out[1] * q->stride[0] + (t)->shift[0], o1 = row % q->out[1];                               \
    for (int64_t at = (t)->from; at < (t)->to; at += n, column = 0)                                                  \
      {                                                                                                              \
        int64_t i1 = o1 * q->stride[1] + (t)->shift[1];                                                              \
        n = MIN (q->out[2] - column, (t)->to - at);                                                                  \
        body;                                                                                                        \
        if (++o1 == q->out[1])                                                                                       \
          {                                                                                                          \
            o1 = 0;                                                                                                  \
            i0 += q->stride[0];                                                                                      \
          }                                                                                                          \
      }                                                                                                              \
  }

ENG_INLINE gboolean
in_image (const EngConv *p, int64_t i0, int64_t i1)
{
  return i0 >= 0 && i0 < p->in[0] && i1 >= 0 && i1 < p->in[1];
}

/* @x: the input row; positions @column to @column + @n of the output row. */
ENG_INLINE void
gather_run (const Tap *t, float *dst, const float *x, int64_t column, int64_t n)
{
  int64_t stride = t->p->stride[2], low = CLAMP (t->low - column, 0, n), high = CLAMP (t->high - column, 0, n);
  const float *src = x + column * stride + t->shift[2];
  for (int64_t i = 0; i < low; i++)
    dst[i] = 0;
  if (stride == 1)
    for (int64_t i = low; i < high; i++)
      dst[i] = src[i];
  else if (stride == 2)
    for (int64_t i = low; i < high; i++)
      dst[i] = src[2 * i];
  else
    for (int64_t i = low; i < high; i++)
      dst[i] = src[i * stride];
  for (int64_t i = high; i < n; i++)
    dst[i] = 0;
}

ENG_INLINE void
scatter_run (const Tap *t, const float *src, float *x, int64_t column, int64_t n)
{
  int64_t stride = t->p->stride[2], low = CLAMP (t->low - column, 0, n), high = CLAMP (t->high - column, 0, n);
  float *dst = x + column * stride + t->shift[2];
  if (stride == 1)
    for (int64_t i = low; i < high; i++)
      dst[i] += src[i];
  else
    for (int64_t i = low; i < high; i++)
      dst[i * stride] += src[i];
}

ENG_CLONES static void
gather_tap (const Tap *t, const float *x, float *dst)
{
  const EngConv *p = t->p;
  FOR_RUNS (t, i0, i1, column, n, {
    if (in_image (p, i0, i1))
      gather_run (t, dst + (at - t->from), x + (i0 * p->in[1] + i1) * p->in[2], column, n);
    else
      memset (dst + (at - t->from), 0, sizeof *dst * n);
  })
}

ENG_CLONES static void
scatter_tap (const Tap *t, const float *src, float *x)
{
  const EngConv *p = t->p;
  FOR_RUNS (t, i0, i1, column, n, {
    if (in_image (p, i0, i1))
      scatter_run (t, src + (at - t->from), x + (i0 * p->in[1] + i1) * p->in[2], column, n);
  })
}

/* ---- the image shifted as a whole ---- */

/* Sets columns [begin, end) of every row of @width to zero; @dst[0] is position @from, @n positions. */
static void
clear_columns (float *dst, int64_t from, int64_t n, int64_t width, int64_t begin, int64_t end)
{
  for (int64_t c = begin; c < end; c++)
    for (int64_t i = (c - from % width + width) % width; i < n; i += width)
      dst[i] = 0;
}

/* Of the positions from <= p < to of one output plane, those from *a to *b see input rows, at element
 * p + *distance of the input plane, which the first and last few may miss. */
static void
shifted_range (const Tap *t, int64_t from, int64_t to, int64_t *a, int64_t *b, int64_t *distance)
{
  const EngConv *p = t->p;
  int64_t low, high, width = p->out[2];
  visible (t->shift[1], 1, p->in[1], p->out[1], &low, &high);
  *distance = t->shift[1] * width + t->shift[2];
  *a = CLAMP (low * width, from, to);
  *b = CLAMP (high * width, *a, to);
}

ENG_CLONES static void
add_range (float *restrict dst, const float *restrict src, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] += src[i];
}

static void
gather_shifted (const Tap *t, const float *x, float *dst)
{
  const EngConv *p = t->p;
  int64_t out = p->out[1] * p->out[2], in = p->in[1] * p->in[2], width = p->out[2];
  for (int64_t at = t->from; at < t->to;)
    {
      int64_t i0 = at / out * p->stride[0] + t->shift[0], from = at % out, to = MIN (out, from + t->to - at);
      int64_t a = to, b = to, distance = 0;
      if (i0 >= 0 && i0 < p->in[0])
        shifted_range (t, from, to, &a, &b, &distance);
      memset (dst, 0, sizeof *dst * (a - from));
      int64_t first = CLAMP (-distance, a, b), last = CLAMP (in - distance, first, b);
      memcpy (dst + (first - from), x + i0 * in + first + distance, sizeof *dst * (last - first));
      clear_columns (dst + (a - from), a, b - a, width, 0, t->low);
      clear_columns (dst + (a - from), a, b - a, width, t->high, width);
      memset (dst + (b - from), 0, sizeof *dst * (to - b));
      dst += to - from;
      at += to - from;
    }
}

/* @src is changed: what must not be added is set to zero. */
static void
scatter_shifted (const Tap *t, float *src, float *x)
{
  const EngConv *p = t->p;
  int64_t out = p->out[1] * p->out[2], in = p->in[1] * p->in[2], width = p->out[2];
  for (int64_t at = t->from; at < t->to;)
    {
      int64_t i0 = at / out * p->stride[0] + t->shift[0], from = at % out, to = MIN (out, from + t->to - at);
      int64_t a = to, b = to, distance = 0;
      if (i0 >= 0 && i0 < p->in[0])
        shifted_range (t, from, to, &a, &b, &distance);
      clear_columns (src + (a - from), a, b - a, width, 0, t->low);
      clear_columns (src + (a - from), a, b - a, width, t->high, width);
      int64_t first = CLAMP (-distance, a, b), last = CLAMP (in - distance, first, b);
      if (last > first)
        add_range (x + i0 * in + first + distance, src + (first - from), last - first);
      src += to - from;
      at += to - from;
    }
}

void
eng_columns_gather (const EngConv *p, const float *x, int64_t c0, int64_t c1, int64_t from, int64_t to, float *col,
                    int64_t ld)
{
  int64_t taps = eng_conv_span (p->kernel), plane = eng_conv_span (p->in);
  for (int64_t k = 0; k < taps; k++)
    {
      Tap t;
      tap_init (&t, p, from, to, k);
      for (int64_t c = c0; c < c1; c++)
        (t.whole ? gather_shifted : gather_tap) (&t, x + c * plane, col + ((c - c0) * taps + k) * ld);
    }
}

void
eng_columns_scatter (const EngConv *p, float *col, int64_t c0, int64_t c1, int64_t from, int64_t to, float *x,
                     int64_t ld)
{
  int64_t taps = eng_conv_span (p->kernel), plane = eng_conv_span (p->in);
  for (int64_t c = c0; c < c1; c++)
    for (int64_t k = 0; k < taps; k++)
      {
        Tap t;
        float *row = col + ((c - c0) * taps + k) * ld;
        tap_init (&t, p, from, to, k);
        if (t.whole)
          scatter_shifted (&t, row, x + c * plane);
        else
          scatter_tap (&t, row, x + c * plane);
      }
}
