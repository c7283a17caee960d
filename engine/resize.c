/* Resampling by convolution as Pillow defines it for 8-bit pictures (Image.resize, "antialias"):
 * the filter is stretched by the reduction factor, weights are normalised and rounded to 22 fractional
 * bits, the horizontal pass is rounded to 8 bits before the vertical one. Equal to the bit to Pillow 11;
 * Pillow 13 takes the vertical pass first where the height shrinks much more than the width.
 *
 * Filters: triangle; Keys 1981 cubic with a = -0.5; Lanczos, three lobes; nearest as one weight of 1.
 *
 * Rows of the horizontal pass are kept only as long as the vertical pass needs them. */
#include "resize.h"

#include <math.h>
#include <string.h>

#define PRECISION 22 /* 32 bits less 8 of the pixel less 2 for sign and overshoot */

/* Weights of one axis: output i reads inputs first[i] .. first[i] + count[i] - 1. */
typedef struct
{
  int n, size;
  int *first, *count;
  gint32 *weights; /* n x size */
} Taps;

static double
triangle (double x)
{
  x = fabs (x);
  return x < 1 ? 1 - x : 0;
}

static double
cubic (double x)
{
  const double a = -0.5;
  x = fabs (x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double
sinc (double x)
{
  return x == 0 ? 1 : sin (G_PI * x) / (G_PI * x);
}

static double
lanczos (double x)
{
  return x >= -3 && x < 3 ? sinc (x) * sinc (x / 3) : 0;
}

static const struct
{
  double support;
  double (*kernel) (double x);
} filters[] = {
  [ENG_FILTER_NEAREST] = { 0, NULL },
  [ENG_FILTER_BILINEAR] = { 1, triangle },
  [ENG_FILTER_BICUBIC] = { 2, cubic },
  [ENG_FILTER_LANCZOS] = { 3, lanczos },
};

static void
taps_free (Taps *taps)
{
  g_free (taps->first);
  g_free (taps->count);
  g_free (taps->weights);
  g_free (taps);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Taps, taps_free)

/* @k: room for the unrounded weights. */
static void
fill_tap (Taps *taps, int i, double center, double stretch, EngFilter filter, int src, double *k)
{
  double support = filters[filter].support * stretch, sum = 0;
  int first = MAX ((int)(center - support + 0.5), 0);
  int count = MIN ((int)(center + support + 0.5), src) - first;
  gint32 *weights = taps->weights + (gsize)i * taps->size;
  for (int j = 0; j < count; j++)
    {
      k[j] = filters[filter].kernel ((j + first - center + 0.5) * (1 / stretch));
      sum += k[j];
    }
  for (int j = 0; j < count; j++)
    {
      double w = (sum != 0 ? k[j] * (1 / sum) : k[j]) * (1 << PRECISION);
      weights[j] = (gint32)(w < 0 ? w - 0.5 : w + 0.5);
    }
  taps->first[i] = first;
  taps->count[i] = count;
}

static Taps *
make_taps (const EngResizeAxis *axis, EngFilter filter)
{
  double scale = (double)axis->src / axis->full, stretch = MAX (scale, 1);
  g_autoptr (Taps) taps = g_new0 (Taps, 1);
  taps->n = axis->n;
  taps->size = filters[filter].kernel ? (int)ceil (filters[filter].support * stretch) * 2 + 1 : 1;
  taps->first = g_try_new (int, taps->n);
  taps->count = g_try_new (int, taps->n);
  taps->weights = g_try_new (gint32, (gsize)taps->n * taps->size);
  g_autofree double *k = g_try_new (double, taps->size);
  if (!taps->first || !taps->count || !taps->weights || !k)
    return NULL;
  double nearest = (axis->from + 0.5) * scale; /* summed up below, as Pillow does: exact ties fall alike */
  for (int i = 0; i < taps->n; i++, nearest += scale)
    if (filters[filter].kernel)
      fill_tap (taps, i, (axis->from + i + 0.5) * scale, stretch, filter, axis->src, k);
    else
      {
        taps->first[i] = CLAMP ((int)nearest, 0, axis->src - 1);
        taps->count[i] = 1;
        taps->weights[i] = 1 << PRECISION;
      }
  return g_steal_pointer (&taps);
}

static inline guint8
clip8 (gint32 sum)
{
  gint32 v = sum >> PRECISION;
  return CLAMP (v, 0, 255);
}

static void
resize_row (const guint8 *src, const Taps *taps, guint8 *dst)
{
  for (int i = 0; i < taps->n; i++, dst += 3)
    {
      const guint8 *p = src + (gsize)taps->first[i] * 3;
      const gint32 *w = taps->weights + (gsize)i * taps->size;
      gint32 r = 1 << (PRECISION - 1), g = r, b = r;
      for (int j = 0; j < taps->count[i]; j++, p += 3)
        {
          r += p[0] * w[j];
          g += p[1] * w[j];
          b += p[2] * w[j];
        }
      dst[0] = clip8 (r);
      dst[1] = clip8 (g);
      dst[2] = clip8 (b);
    }
}

/* Rows of the horizontal pass; source row y lies at y % rows. */
typedef struct
{
  guint8 *data;
  gsize stride;
  int rows;
} Ring;

static inline guint8 *
ring_row (const Ring *ring, int y)
{
  return ring->data + (gsize)(y % ring->rows) * ring->stride;
}

/* @sums: room for one row */
static void
blend_rows (const Ring *ring, const Taps *taps, int i, gint32 *sums, guint8 *dst)
{
  const gint32 *w = taps->weights + (gsize)i * taps->size;
  for (gsize x = 0; x < ring->stride; x++)
    sums[x] = 1 << (PRECISION - 1);
  for (int j = 0; j < taps->count[i]; j++)
    {
      const guint8 *row = ring_row (ring, taps->first[i] + j);
      for (gsize x = 0; x < ring->stride; x++)
        sums[x] += row[x] * w[j];
    }
  for (gsize x = 0; x < ring->stride; x++)
    dst[x] = clip8 (sums[x]);
}

static void
copy_window (const guint8 *src, const EngResizeAxis *x, const EngResizeAxis *y, guint8 *dst, gsize stride)
{
  for (int i = 0; i < y->n; i++)
    memcpy (dst + i * stride, src + ((gsize)(y->from + i) * x->src + x->from) * 3, (gsize)x->n * 3);
}

gboolean
eng_resize_window (const guint8 *src, const EngResizeAxis *x, const EngResizeAxis *y, EngFilter filter, guint8 *dst,
                   gsize stride)
{
  if (x->src == x->full && y->src == y->full)
    {
      copy_window (src, x, y, dst, stride);
      return TRUE;
    }
  g_autoptr (Taps) across = make_taps (x, filter), down = make_taps (y, filter);
  if (!across || !down)
    return FALSE;
  Ring ring = { .stride = (gsize)x->n * 3, .rows = MIN (down->size, y->src) };
  g_autofree guint8 *rows = g_try_malloc (ring.stride * ring.rows);
  g_autofree gint32 *sums = g_try_new (gint32, ring.stride);
  if (!rows || !sums)
    return FALSE;
  ring.data = rows;
  int next = 0; /* source rows before it have been through the horizontal pass, or are not needed */
  for (int i = 0; i < y->n; i++)
    {
      int from = MAX (next, down->first[i]), to = down->first[i] + down->count[i];
#pragma omp parallel for if ((gint64)(to - from) * x->n * across->size > 1 << 18)
      for (int row = from; row < to; row++)
        resize_row (src + (gsize)row * x->src * 3, across, ring_row (&ring, row));
      next = MAX (next, to);
      blend_rows (&ring, down, i, sums, dst + i * stride);
    }
  return TRUE;
}

gboolean
eng_resize_rgb (const guint8 *src, int src_w, int src_h, guint8 *dst, int dst_w, int dst_h, EngFilter filter)
{
  EngResizeAxis x = { src_w, dst_w, 0, dst_w }, y = { src_h, dst_h, 0, dst_h };
  return eng_resize_window (src, &x, &y, filter, dst, (gsize)dst_w * 3);
}
