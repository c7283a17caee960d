/* Windows to columns and back ("im2col", "col2im"; Chellapilla, Puri & Simard 2006). Serial: callers
 * split channels or positions over threads. */
#include "clones.h"
#include "conv-private.h"

#include <string.h>

/* One run of output positions in one row of the output, seen through one tap: position i of the run
 * reads x[first + i * stride] of an input row of @in elements, where it exists: low <= i < high. */
ENG_INLINE void
run_limits (int64_t first, int64_t stride, int64_t in, int64_t n, int64_t *low, int64_t *high)
{
  *low = first < 0 ? MIN ((-first + stride - 1) / stride, n) : 0;
  *high = first < in ? MIN ((in - 1 - first) / stride + 1, n) : 0;
  *high = MAX (*low, *high);
}

ENG_INLINE void
gather_run (float *dst, const float *x, int64_t first, int64_t stride, int64_t in, int64_t n)
{
  int64_t low, high;
  run_limits (first, stride, in, n, &low, &high);
  for (int64_t i = 0; i < low; i++)
    dst[i] = 0;
  if (stride == 1)
    memcpy (dst + low, x + first + low, sizeof *dst * (high - low));
  else
    for (int64_t i = low; i < high; i++)
      dst[i] = x[first + i * stride];
  for (int64_t i = high; i < n; i++)
    dst[i] = 0;
}

ENG_INLINE void
scatter_run (const float *src, float *x, int64_t first, int64_t stride, int64_t in, int64_t n)
{
  int64_t low, high;
  run_limits (first, stride, in, n, &low, &high);
  if (stride == 1)
    for (int64_t i = low; i < high; i++)
      x[first + i] += src[i];
  else
    for (int64_t i = low; i < high; i++)
      x[first + i * stride] += src[i];
}

/* One tap (k0, k1, k2) of one channel over a range of output positions. */
typedef struct
{
  const EngConv *p;
  int64_t from, to;
  int64_t shift[3]; /* tap * dilation - pad */
} Tap;

/* Input row under output row (o0, o1), or -1 when it lies in the padding. */
ENG_INLINE int64_t
input_row (const Tap *t, int64_t row)
{
  const EngConv *p = t->p;
  int64_t i0 = row / p->out[1] * p->stride[0] + t->shift[0], i1 = row % p->out[1] * p->stride[1] + t->shift[1];
  return i0 < 0 || i0 >= p->in[0] || i1 < 0 || i1 >= p->in[1] ? -1 : i0 * p->in[1] + i1;
}

ENG_CLONES static void
gather_tap (const Tap *t, const float *x, float *dst)
{
  const EngConv *p = t->p;
  int64_t width = p->out[2];
  for (int64_t at = t->from; at < t->to;)
    {
      int64_t column = at % width, n = MIN (width - column, t->to - at), row = input_row (t, at / width);
      if (row < 0)
        memset (dst, 0, sizeof *dst * n);
      else
        gather_run (dst, x + row * p->in[2], column * p->stride[2] + t->shift[2], p->stride[2], p->in[2], n);
      dst += n;
      at += n;
    }
}

ENG_CLONES static void
scatter_tap (const Tap *t, const float *src, float *x)
{
  const EngConv *p = t->p;
  int64_t width = p->out[2];
  for (int64_t at = t->from; at < t->to;)
    {
      int64_t column = at % width, n = MIN (width - column, t->to - at), row = input_row (t, at / width);
      if (row >= 0)
        scatter_run (src, x + row * p->in[2], column * p->stride[2] + t->shift[2], p->stride[2], p->in[2], n);
      src += n;
      at += n;
    }
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
        gather_tap (&t, x + c * plane, col + ((c - c0) * taps + k) * ld);
    }
}

void
eng_columns_scatter (const EngConv *p, const float *col, int64_t c0, int64_t c1, int64_t from, int64_t to, float *x,
                     int64_t ld)
{
  int64_t taps = eng_conv_span (p->kernel), plane = eng_conv_span (p->in);
  for (int64_t k = 0; k < taps; k++)
    {
      Tap t;
      tap_init (&t, p, from, to, k);
      for (int64_t c = c0; c < c1; c++)
        scatter_tap (&t, col + ((c - c0) * taps + k) * ld, x + c * plane);
    }
}
