/* Convolution with few channels per group (depthwise and nearly so), without a matrix product.
 *
 * The padded input is laid out flat, with the stride folded in: the image is split into one smaller
 * image per residue of the coordinates modulo the stride ("phase"). Then every tap of the kernel reads
 * the flat array at a constant distance from the output position, and one loop serves every stride,
 * dilation and dimension: dst[q] = sum over taps of w[t] * src[q + offset[t]]. Output rows are as far
 * apart as those of the phase image; what lies between them is computed and thrown away. */
#include "clones.h"
#include "conv-private.h"

#include <omp.h>
#include <string.h>

#define MAX_TAPS 512
#define BLOCK 64 /* floats per round of the inner loop; buffers end in that much slack */

typedef float Vec __attribute__ ((vector_size (64), aligned (4), may_alias));

typedef struct
{
  const EngConv *p;
  int64_t taps, in_plane, out_plane;
  int64_t reach[3];  /* farthest shift of a tap, in phase coordinates */
  int64_t extent[3]; /* of a phase image: out + reach */
  int64_t low[3];    /* first phase coordinate that stands for an element of the image, not for padding */
  int64_t seen[3];   /* how many do, as far as taps reach; at least 1 */
  int64_t phases, volume;
  int64_t phase[MAX_TAPS], shift[MAX_TAPS][3]; /* by tap of one channel */
} Layout;

static void
layout_init (Layout *l, const EngConv *p)
{
  l->p = p;
  l->taps = eng_conv_span (p->kernel);
  l->in_plane = eng_conv_span (p->in);
  l->out_plane = eng_conv_span (p->out);
  l->phases = eng_conv_span (p->stride);
  for (int a = 0; a < 3; a++)
    {
      l->reach[a] = (p->kernel[a] - 1) * p->dilation[a] / p->stride[a];
      l->extent[a] = p->out[a] + l->reach[a];
      l->low[a] = p->pad[a] / p->stride[a];
      l->seen[a] = MAX (1, MIN (l->extent[a], (p->in[a] - 1 + p->pad[a]) / p->stride[a] + 1) - l->low[a]);
    }
  l->volume = eng_conv_span (l->extent);
  for (int64_t k = 0; k < l->taps; k++)
    {
      int64_t rest = k, phase[3];
      for (int a = 2; a >= 0; a--)
        {
          int64_t at = rest % p->kernel[a] * p->dilation[a];
          rest /= p->kernel[a];
          phase[a] = at % p->stride[a];
          l->shift[k][a] = at / p->stride[a];
        }
      l->phase[k] = (phase[0] * p->stride[1] + phase[1]) * p->stride[2] + phase[2];
    }
}

/* Elements that are walked to cover @n positions per axis in an image of @extent. */
static int64_t
walk_length (const int64_t *n, const int64_t *extent)
{
  return ((n[0] - 1) * extent[1] + n[1] - 1) * extent[2] + n[2];
}

static int64_t
rounded (int64_t n)
{
  return (n + BLOCK - 1) / BLOCK * BLOCK;
}

ENG_CLONES static void
run_taps (float *dst, int64_t count, const float *src, const float *w, const int64_t *offset, int64_t taps,
          float bias)
{
  int64_t q = 0;
  for (; q + 64 <= count; q += 64)
    {
      Vec a = bias - (Vec){ 0 }, b = a, c = a, d = a;
      for (int64_t t = 0; t < taps; t++)
        {
          const float *s = src + q + offset[t];
          a += w[t] * *(const Vec *)s;
          b += w[t] * *(const Vec *)(s + 16);
          c += w[t] * *(const Vec *)(s + 32);
          d += w[t] * *(const Vec *)(s + 48);
        }
      *(Vec *)(dst + q) = a;
      *(Vec *)(dst + q + 16) = b;
      *(Vec *)(dst + q + 32) = c;
      *(Vec *)(dst + q + 48) = d;
    }
  for (; q < count; q += 16)
    {
      Vec a = bias - (Vec){ 0 };
      for (int64_t t = 0; t < taps; t++)
        a += w[t] * *(const Vec *)(src + q + offset[t]);
      *(Vec *)(dst + q) = a;
    }
}

/* @count: a multiple of 16; both arrays are zero or harmless beyond what counts */
ENG_CLONES static float
dot (const float *x, const float *y, int64_t count)
{
  Vec a = { 0 }, b = { 0 };
  int64_t q = 0;
  for (; q + 32 <= count; q += 32)
    {
      a += *(const Vec *)(x + q) * *(const Vec *)(y + q);
      b += *(const Vec *)(x + q + 16) * *(const Vec *)(y + q + 16);
    }
  if (q < count)
    a += *(const Vec *)(x + q) * *(const Vec *)(y + q);
  a += b;
  float sum = 0;
  for (int i = 0; i < 16; i++)
    sum += a[i];
  return sum;
}

/* Elements e of a row of a phase image whose coordinate e * stride + phase - pad lies in the image. */
ENG_INLINE void
inside (int64_t phase, int64_t stride, int64_t pad, int64_t in, int64_t extent, int64_t *low, int64_t *high)
{
  int64_t first = phase - pad;
  *low = first < 0 ? MIN ((-first + stride - 1) / stride, extent) : 0;
  *high = first < in ? MIN ((in - 1 - first) / stride + 1, extent) : 0;
  *high = MAX (*low, *high);
}

typedef struct
{
  int64_t phase[3], low[3], high[3];
} Part;

static void
part_init (Part *part, const Layout *l, int64_t f)
{
  const EngConv *p = l->p;
  for (int a = 2; a >= 0; a--)
    {
      part->phase[a] = f % p->stride[a];
      f /= p->stride[a];
      inside (part->phase[a], p->stride[a], p->pad[a], p->in[a], l->extent[a], &part->low[a], &part->high[a]);
    }
}

/* Start of the image row that row (e0, e1) of a phase image stands for. */
ENG_INLINE int64_t
image_row (const Layout *l, const Part *part, int64_t e0, int64_t e1)
{
  const EngConv *p = l->p;
  int64_t i0 = e0 * p->stride[0] + part->phase[0] - p->pad[0], i1 = e1 * p->stride[1] + part->phase[1] - p->pad[1];
  return (i0 * p->in[1] + i1) * p->in[2] + part->phase[2] - p->pad[2];
}

/* Image into phase images. What stands for padding is not touched: it is zero from the start, since all
 * images of a call have the same layout. */
ENG_INLINE void
copy_every (float *restrict dst, const float *restrict src, int64_t n, int64_t stride)
{
  if (stride == 1)
    for (int64_t i = 0; i < n; i++)
      dst[i] = src[i];
  else if (stride == 2)
    for (int64_t i = 0; i < n; i++)
      dst[i] = src[i * 2];
  else
    for (int64_t i = 0; i < n; i++)
      dst[i] = src[i * stride];
}

ENG_CLONES static void
split_plane (const Layout *l, const float *x, float *dst)
{
  const int64_t *e = l->extent, stride = l->p->stride[2];
  for (int64_t f = 0; f < l->phases; f++, dst += l->volume)
    {
      Part part;
      part_init (&part, l, f);
      int64_t n = part.high[2] - part.low[2], step = l->p->stride[1] * l->p->in[2];
      for (int64_t e0 = part.low[0]; e0 < part.high[0] && n > 0; e0++)
        {
          const float *row = x + image_row (l, &part, e0, part.low[1]) + part.low[2] * stride;
          float *d = dst + (e0 * e[1] + part.low[1]) * e[2] + part.low[2];
          for (int64_t e1 = part.low[1]; e1 < part.high[1]; e1++, row += step, d += e[2])
            copy_every (d, row, n, stride);
        }
    }
}

/* One row of the image from its phase rows, @phase floats apart; @n elements, of which those from
 * @covered on are out of reach of every tap. */
ENG_CLONES static void
merge_row (float *restrict row, const float *restrict src, int64_t phase, int64_t stride, int64_t pad, int64_t n,
           int64_t covered, gboolean accumulate)
{
  if (!accumulate)
    memset (row, 0, sizeof *row * n);
  int64_t i = 0;
  if (stride == 1)
    for (; i < covered; i++)
      row[i] += src[i + pad];
  else if (stride == 2)
    {
      if (pad % 2 && covered > 0)
        row[i++] += src[phase + pad / 2];
      const float *even = src + (i + pad) / 2, *odd = even + phase;
      float *to = row + i;
      for (int64_t k = 0; k < (covered - i) / 2; k++)
        {
          to[2 * k] += even[k];
          to[2 * k + 1] += odd[k];
        }
      i += (covered - i) / 2 * 2;
    }
  for (; i < covered; i++)
    row[i] += src[(i + pad) % stride * phase + (i + pad) / stride];
}

/* Phase images without their padding, @phase floats apart and with rows as in an image of extent @pitch,
 * into the image. */
static void
merge_plane (const Layout *l, const float *src, int64_t phase, const int64_t *pitch, float *x, gboolean accumulate)
{
  const EngConv *p = l->p;
  const int64_t *s = p->stride;
  int64_t covered = CLAMP (MIN (l->low[2] + l->seen[2], l->extent[2]) * s[2] - p->pad[2], 0, p->in[2]);
  for (int64_t i0 = 0; i0 < p->in[0]; i0++)
    for (int64_t i1 = 0; i1 < p->in[1]; i1++, x += p->in[2])
      {
        int64_t x0 = i0 + p->pad[0], x1 = i1 + p->pad[1], e0 = x0 / s[0], e1 = x1 / s[1];
        gboolean reached = e0 < l->extent[0] && e1 < l->extent[1];
        int64_t f = (x0 % s[0] * s[1] + x1 % s[1]) * s[2];
        merge_row (x, src + (reached ? f * phase + ((e0 - l->low[0]) * pitch[1] + e1 - l->low[1]) * pitch[2] : 0),
                   phase, s[2], p->pad[2] % s[2], p->in[2], reached ? covered : 0, accumulate);
      }
}

/* Copies rows of the output between its own layout and one with rows @pitch apart. */
static void
copy_rows (const EngConv *p, float *dst, const int64_t *dst_pitch, const float *src, const int64_t *src_pitch)
{
  for (int64_t o0 = 0; o0 < p->out[0]; o0++)
    for (int64_t o1 = 0; o1 < p->out[1]; o1++)
      memcpy (dst + (o0 * dst_pitch[1] + o1) * dst_pitch[2], src + (o0 * src_pitch[1] + o1) * src_pitch[2],
              sizeof *dst * p->out[2]);
}

/* For each tap of each channel: distance from the output position to what it reads. */
static void
forward_offsets (const Layout *l, int64_t *offset)
{
  const int64_t *e = l->extent;
  for (int64_t c = 0; c < l->p->cin; c++)
    for (int64_t k = 0; k < l->taps; k++)
      offset[c * l->taps + k] = (c * l->phases + l->phase[k]) * l->volume
                                + (l->shift[k][0] * e[1] + l->shift[k][1]) * e[2] + l->shift[k][2];
}

static gboolean
direct_suits (const EngConv *p)
{
  int64_t taps = eng_conv_span (p->kernel), padded = 1;
  for (int a = 0; a < 3; a++)
    {
      padded *= (p->out[a] - 1) * p->stride[a] + (p->kernel[a] - 1) * p->dilation[a] + 1;
      if (p->stride[a] > 16) /* most phases would be unused */
        return FALSE;
    }
  return p->cin * p->cout <= 16 && MAX (p->cin, p->cout) * taps <= MAX_TAPS && (p->groups > 1 || p->cin == 1)
         && padded <= 16 * eng_conv_span (p->in) + 4096; /* an image that is nearly all padding: too much memory */
}

/* Extent of the output gradient with zeros on both sides, as far as taps reach. */
static void
gradient_extent (const Layout *l, int64_t *extent)
{
  for (int a = 0; a < 3; a++)
    extent[a] = l->extent[a] + l->reach[a];
}

/* Floats of the two buffers of one thread. */
static void
buffer_sizes (const Layout *l, int64_t *source, int64_t *result)
{
  int64_t extent[3];
  gradient_extent (l, extent);
  *source = rounded (MAX (l->p->cin * l->phases * l->volume, l->p->cout * eng_conv_span (extent))) + BLOCK;
  *result = MAX (rounded (l->volume), l->phases * rounded (walk_length (l->seen, extent))) + BLOCK;
}

static gsize
direct_scratch (const EngConv *p)
{
  Layout l;
  int64_t source, result;
  layout_init (&l, p);
  buffer_sizes (&l, &source, &result);
  return sizeof (float) * (gsize)(source + result) * (gsize)MIN (eng_max_threads (), p->n * p->groups);
}

static void
forward_unit (const Layout *l, const float *x, const float *w, const float *bias, float *y, float *source,
              float *result)
{
  const EngConv *p = l->p;
  int64_t offset[MAX_TAPS], count = walk_length (p->out, l->extent);
  forward_offsets (l, offset);
  for (int64_t c = 0; c < p->cin; c++)
    split_plane (l, x + c * l->in_plane, source + c * l->phases * l->volume);
  for (int64_t c = 0; c < p->cout; c++)
    {
      run_taps (result, count, source, w + c * p->cin * l->taps, offset, p->cin * l->taps, bias ? bias[c] : 0);
      copy_rows (p, y + c * l->out_plane, p->out, result, l->extent);
    }
}

/* Work is n * groups units; each thread has two buffers, zero at first: what stands for padding stays so,
 * and reading past the end by less than a block is harmless. */
static float *
thread_buffers (const Layout *l, float *scratch, int thread, float **result)
{
  int64_t source_size, result_size;
  buffer_sizes (l, &source_size, &result_size);
  float *source = scratch + thread * (source_size + result_size);
  memset (source, 0, sizeof *source * (source_size + result_size));
  *result = source + source_size;
  return source;
}

static void
direct_forward (const EngConv *p, EngGemmFunc gemm, const float *x, const float *w, const float *bias, float *y,
                void *scratch)
{
  Layout l;
  layout_init (&l, p);
  int64_t units = p->n * p->groups;
  int threads = (int)MIN (eng_get_threads (), units);
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *result, *source = thread_buffers (&l, scratch, omp_get_thread_num (), &result);
#pragma omp for schedule(static)
    for (int64_t u = 0; u < units; u++)
      {
        int64_t g = u % p->groups;
        forward_unit (&l, x + u * p->cin * l.in_plane, w + g * p->cout * p->cin * l.taps,
                      bias ? bias + g * p->cout : NULL, y + u * p->cout * l.out_plane, source, result);
      }
  }
}

/* dx of one image and group: each phase image is a sum of shifted output gradients. */
static void
data_unit (const Layout *l, const float *dy, const float *w, float *dx, gboolean accumulate, float *source,
           float *result)
{
  const EngConv *p = l->p;
  int64_t extent[3], offset[MAX_TAPS];
  float weight[MAX_TAPS];
  gradient_extent (l, extent);
  int64_t volume = eng_conv_span (extent), count = walk_length (l->seen, extent);
  int64_t start = (l->reach[0] * extent[1] + l->reach[1]) * extent[2] + l->reach[2];
  int64_t first = (l->low[0] * extent[1] + l->low[1]) * extent[2] + l->low[2];
  for (int64_t c = 0; c < p->cout; c++)
    copy_rows (p, source + c * volume + start, extent, dy + c * l->out_plane, p->out);
  for (int64_t i = 0; i < p->cin; i++)
    {
      for (int64_t f = 0; f < l->phases; f++)
        {
          int64_t n = 0;
          for (int64_t c = 0; c < p->cout; c++)
            for (int64_t k = 0; k < l->taps; k++)
              if (l->phase[k] == f)
                {
                  weight[n] = w[(c * p->cin + i) * l->taps + k];
                  offset[n++] = c * volume + start + first
                                - ((l->shift[k][0] * extent[1] + l->shift[k][1]) * extent[2] + l->shift[k][2]);
                }
          run_taps (result + f * rounded (count), count, source, weight, offset, n, 0);
        }
      merge_plane (l, result, rounded (count), extent, dx + i * l->in_plane, accumulate);
    }
}

static void
direct_backward_data (const EngConv *p, EngGemmFunc gemm, const float *dy, const float *w, float *dx,
                      gboolean accumulate, void *scratch)
{
  Layout l;
  layout_init (&l, p);
  int64_t units = p->n * p->groups;
  int threads = (int)MIN (eng_get_threads (), units);
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *result, *source = thread_buffers (&l, scratch, omp_get_thread_num (), &result);
#pragma omp for schedule(static)
    for (int64_t u = 0; u < units; u++)
      data_unit (&l, dy + u * p->cout * l.out_plane, w + u % p->groups * p->cout * p->cin * l.taps,
                 dx + u * p->cin * l.in_plane, accumulate, source, result);
  }
}

/* dw of one image and group */
static void
weights_unit (const Layout *l, const float *x, const float *dy, float *dw, float *source, float *result)
{
  const EngConv *p = l->p;
  int64_t offset[MAX_TAPS], count = (walk_length (p->out, l->extent) + 15) / 16 * 16;
  forward_offsets (l, offset);
  for (int64_t c = 0; c < p->cin; c++)
    split_plane (l, x + c * l->in_plane, source + c * l->phases * l->volume);
  for (int64_t c = 0; c < p->cout; c++)
    {
      copy_rows (p, result, l->extent, dy + c * l->out_plane, p->out);
      for (int64_t k = 0; k < p->cin * l->taps; k++)
        dw[c * p->cin * l->taps + k] += dot (result, source + offset[k], count);
    }
}

static void
direct_backward_weights (const EngConv *p, EngGemmFunc gemm, const float *x, const float *dy, float *dw,
                         void *scratch)
{
  Layout l;
  layout_init (&l, p);
  int threads = (int)MIN (eng_get_threads (), p->groups);
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *result, *source = thread_buffers (&l, scratch, omp_get_thread_num (), &result);
#pragma omp for schedule(static)
    for (int64_t g = 0; g < p->groups; g++)
      for (int64_t n = 0; n < p->n; n++)
        weights_unit (&l, x + (n * p->groups + g) * p->cin * l.in_plane,
                      dy + (n * p->groups + g) * p->cout * l.out_plane, dw + g * p->cout * p->cin * l.taps, source,
                      result);
  }
}

const EngConvWay eng_conv_direct = { direct_suits, direct_scratch, direct_forward, direct_backward_data,
                                     direct_backward_weights };
