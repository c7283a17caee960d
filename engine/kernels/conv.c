/* Convolution as matrix products: the choice of the way, and the two ways that need a GEMM.
 *
 * Every parallel region splits the work into units that write disjoint memory, each computed by one
 * thread with its own buffer and single-threaded products, so there are no races and results do not
 * depend on the order of threads. Images with few output positions are set side by side in one matrix,
 * since a product of 49 columns runs at half the speed of one of 200. */
#include "clones.h"
#include "conv-private.h"
#include "vector.h"

#include <omp.h>
#include <string.h>

#define BUFFER_FLOATS (1 << 18) /* 1 MB of columns per thread: half of a usual second-level cache */
#define COLUMNS_LEAST 128       /* a tile is not made narrower to save memory */
#define COLUMNS_WORTHWHILE 96   /* nor to occupy one more thread */
#define JOIN_BELOW 128          /* images with fewer positions are put side by side ... */
#define JOIN_COLUMNS 256        /* ... to about this many */

static const EngConvWay *const ways[] = { &eng_conv_dense, &eng_conv_direct, &eng_conv_columns };

const EngConvWay *
eng_conv_way (const EngConv *p)
{
  guint i = 0;
  while (!ways[i]->suits (p))
    i++;
  return ways[i];
}

/* ---- dense: the window covers the whole image, there is one output position ---- */

static gboolean
dense_suits (const EngConv *p)
{
  for (int a = 0; a < 3; a++)
    if (p->out[a] != 1 || p->pad[a] != 0 || p->in[a] != p->kernel[a] || (p->kernel[a] > 1 && p->dilation[a] != 1))
      return FALSE;
  return p->groups == 1 || p->cin * eng_conv_span (p->kernel) > 16;
}

static gsize
no_scratch (const EngConv *p)
{
  return 0;
}

static void
dense_forward (const EngConv *p, EngGemmFunc gemm, const float *x, const float *w, const float *bias, float *y,
               void *scratch)
{
  int64_t k = p->cin * eng_conv_span (p->kernel), channels = p->groups * p->cout;
  for (int64_t n = 0; bias && n < p->n; n++)
    memcpy (y + n * channels, bias, sizeof *y * channels);
  EngGemm m = {
    .rows_alone = TRUE, .trans_b = TRUE, .m = p->n, .n = p->cout, .k = k, .alpha = 1, .beta = bias ? 1 : 0, .batch = 1
  };
  m.lda = p->groups * k;
  m.ldb = k;
  m.ldc = channels;
  for (int64_t g = 0; g < p->groups; g++)
    gemm (&m, x + g * k, w + g * p->cout * k, y + g * p->cout);
}

static void
dense_backward_data (const EngConv *p, EngGemmFunc gemm, const float *dy, const float *w, float *dx,
                     gboolean accumulate, void *scratch)
{
  int64_t k = p->cin * eng_conv_span (p->kernel);
  EngGemm m = {
    .rows_alone = TRUE, .m = p->n, .n = k, .k = p->cout, .alpha = 1, .beta = accumulate ? 1 : 0, .batch = 1
  };
  m.lda = p->groups * p->cout;
  m.ldb = k;
  m.ldc = p->groups * k;
  for (int64_t g = 0; g < p->groups; g++)
    gemm (&m, dy + g * p->cout, w + g * p->cout * k, dx + g * k);
}

static void
dense_backward_weights (const EngConv *p, EngGemmFunc gemm, const float *x, const float *dy, float *dw, void *scratch)
{
  int64_t k = p->cin * eng_conv_span (p->kernel);
  EngGemm m = { .trans_a = TRUE, .m = p->cout, .n = k, .k = p->n, .alpha = 1, .beta = 1, .batch = 1 };
  m.lda = p->groups * p->cout;
  m.ldb = p->groups * k;
  m.ldc = k;
  for (int64_t g = 0; g < p->groups; g++)
    gemm (&m, dy + g * p->cout, x + g * k, dw + g * p->cout * k);
}

const EngConvWay eng_conv_dense = { dense_suits, no_scratch, dense_forward, dense_backward_data,
                                    dense_backward_weights };

/* ---- columns ---- */

/* How the work is cut. Columns of a tile are either part of one image's positions or all positions of
 * @joint images. A block is a range of input channels; only the backward directions cut into those. */
typedef struct
{
  const EngConv *p;
  int64_t taps, in_plane, points; /* kernel taps; elements of one input and one output plane */
  int64_t k;                      /* rows of the column matrix: cin * taps */
  gboolean pointwise;             /* the input is the column matrix */
  int64_t joint, sets;            /* images per tile, and how many such sets of images */
  int64_t width, tiles;           /* columns per tile, tiles per set */
  int64_t block, blocks;          /* channels per block, blocks per group */
  int64_t columns, other;         /* floats of the two buffers of one unit */
  gboolean together;              /* all threads work on one unit at a time */
  int threads;
} Plan;

static int64_t
div_up (int64_t a, int64_t b)
{
  return (a + b - 1) / b;
}

static void
plan_init (Plan *s, const EngConv *p, int threads)
{
  *s = (Plan){ .p = p, .threads = threads };
  s->taps = eng_conv_span (p->kernel);
  s->in_plane = eng_conv_span (p->in);
  s->points = eng_conv_span (p->out);
  s->k = p->cin * s->taps;
  s->pointwise = s->taps == 1;
  for (int a = 0; a < 3; a++)
    s->pointwise &= p->stride[a] == 1 && p->pad[a] == 0 && p->in[a] == p->out[a];
  s->joint = 1;
  s->sets = p->n;
  if (p->n > 1 && s->points < JOIN_BELOW)
    {
      s->sets = div_up (p->n, div_up (JOIN_COLUMNS, s->points));
      if (s->sets * p->groups < threads)
        s->sets = MIN (p->n, div_up (threads, p->groups));
      s->joint = div_up (p->n, s->sets);
      s->sets = div_up (p->n, s->joint);
      s->pointwise &= s->joint == 1;
    }
}

/* Cuts the positions of an image into tiles, of at most @most columns, so that all threads are busy. */
static void
plan_tiles (Plan *s, int64_t most, int64_t units)
{
  s->width = s->joint * s->points;
  s->tiles = 1;
  if (s->joint > 1)
    return;
  s->tiles = div_up (s->points, MAX (most, COLUMNS_LEAST));
  while (units * s->tiles < 4 * s->threads && units * s->tiles % s->threads
         && s->points / (s->tiles + 1) >= COLUMNS_WORTHWHILE)
    s->tiles++;
  s->width = MIN (div_up (div_up (s->points, s->tiles), 16) * 16, s->points);
  s->tiles = div_up (s->points, s->width);
}

static void
plan_forward (Plan *s, const EngConv *p, int threads)
{
  plan_init (s, p, threads);
  s->block = p->cin;
  s->blocks = 1;
  plan_tiles (s, BUFFER_FLOATS / (s->pointwise ? MAX (p->cin, p->cout) : s->k), s->sets * p->groups);
  s->together = s->sets * p->groups * s->tiles < threads;
  s->columns = s->pointwise ? 0 : s->k * s->width;
  s->other = s->joint > 1 ? p->cout * s->width : 0; /* result of joined images, before it is taken apart */
}

/* For both backward directions: units are (set of images, group, block of input channels). */
static void
plan_backward (Plan *s, const EngConv *p, int threads, int64_t sets)
{
  plan_init (s, p, threads);
  int64_t units = (sets > 0 ? sets : s->sets) * p->groups;
  s->blocks = 1;
  if (units < 4 * threads && units % threads)
    s->blocks = MIN (threads, div_up (p->cin, 8));
  /* Very many rows are cut further, so that a block's columns stay in the cache. */
  s->blocks = MAX (s->blocks, MIN (p->cin, s->k * COLUMNS_LEAST / (2 * BUFFER_FLOATS)));
  s->block = div_up (p->cin, s->blocks);
  s->blocks = div_up (p->cin, s->block);
  int64_t rows = s->block * s->taps;
  plan_tiles (s, BUFFER_FLOATS / MAX (rows, 1), s->threads);
  s->columns = s->pointwise ? 0 : rows * s->width;
  s->other = s->joint > 1 ? p->cout * s->width : 0; /* output gradient of joined images, side by side */
}

/* Floats are rounded up so that every buffer is aligned to 64 bytes. */
static int64_t
plan_floats (const Plan *s)
{
  return div_up (s->columns, 16) * 16 + div_up (s->other, 16) * 16;
}

static float *
thread_columns (const Plan *s, float *scratch)
{
  return scratch + omp_get_thread_num () * plan_floats (s);
}

static float *
thread_other (const Plan *s, float *scratch)
{
  return thread_columns (s, scratch) + div_up (s->columns, 16) * 16;
}

static gboolean
columns_suits (const EngConv *p)
{
  return TRUE;
}

static gsize
columns_scratch (const EngConv *p)
{
  gsize most = 0;
  for (int threads = 1; threads <= eng_max_threads (); threads++)
    {
      Plan s[3];
      plan_forward (&s[0], p, threads);
      plan_backward (&s[1], p, threads, 0);
      plan_backward (&s[2], p, threads, 1);
      for (int i = 0; i < 3; i++)
        most = MAX (most, (gsize)plan_floats (&s[i]) * (gsize)(s[i].together ? 1 : threads) * sizeof (float));
    }
  return most;
}

/* One tile of one group of one set of images. */
typedef struct
{
  int64_t g, first, images; /* group; images first .. first + images - 1 */
  int64_t from, to;         /* positions of each of them */
  int64_t c0, c1;           /* input channels within the group */
} Tile;

static void
tile_init (Tile *t, const Plan *s, int64_t set, int64_t g, int64_t block, int64_t tile)
{
  t->g = g;
  t->first = set * s->joint;
  t->images = MIN (s->joint, s->p->n - t->first);
  t->from = s->joint > 1 ? 0 : tile * s->width;
  t->to = s->joint > 1 ? s->points : MIN (t->from + s->width, s->points);
  t->c0 = block * s->block;
  t->c1 = MIN (t->c0 + s->block, s->p->cin);
}

static int64_t
tile_width (const Tile *t)
{
  return (t->to - t->from) * t->images;
}

/* Plane @c of the group in image @image, among planes of @plane elements, @channels per group. */
static int64_t
plane_at (const Plan *s, const Tile *t, int64_t image, int64_t channels, int64_t c, int64_t plane)
{
  return (((t->first + image) * s->p->groups + t->g) * channels + c) * plane;
}

static void
gather (const Plan *s, const Tile *t, int64_t c0, int64_t c1, const float *x, float *columns)
{
  int64_t ld = tile_width (t), n = t->to - t->from;
  for (int64_t i = 0; i < t->images; i++)
    eng_columns_gather (s->p, x + plane_at (s, t, i, s->p->cin, 0, s->in_plane), c0, c1, t->from, t->to,
                        columns + i * n, ld);
}

ENG_CLONES static void
fill (float *dst, int64_t n, float v)
{
  for (int64_t i = 0; i < n; i++)
    dst[i] = v;
}

/* Output channels c0 <= c < c1 of one tile. */
static void
forward_product (const Plan *s, const Tile *t, EngGemmFunc gemm, int64_t c0, int64_t c1, const float *x,
                 const float *w, const float *bias, float *y, const float *columns, float *joined)
{
  const EngConv *p = s->p;
  int64_t width = tile_width (t), n = t->to - t->from;
  float *target = s->joint > 1 ? joined + c0 * width : y + plane_at (s, t, 0, p->cout, c0, s->points) + t->from;
  EngGemm m = { .m = c1 - c0, .n = width, .k = s->k, .alpha = 1, .beta = 1, .lda = s->k, .batch = 1 };
  m.ldb = s->pointwise ? s->points : width;
  m.ldc = s->joint > 1 ? width : s->points;
  for (int64_t c = c0; c < c1; c++)
    fill (target + (c - c0) * m.ldc, width, bias ? bias[t->g * p->cout + c] : 0);
  gemm (&m, w + (t->g * p->cout + c0) * s->k,
        s->pointwise ? x + plane_at (s, t, 0, p->cin, 0, s->in_plane) + t->from : columns, target);
  for (int64_t i = 0; s->joint > 1 && i < t->images; i++)
    for (int64_t c = c0; c < c1; c++)
      memcpy (y + plane_at (s, t, i, p->cout, c, s->points), joined + c * width + i * n, sizeof *y * n);
}

/* Few positions: first all threads fill the columns, then each computes some of the output channels. */
static void
forward_together (const Plan *s, const Tile *t, EngGemmFunc gemm, const float *x, const float *w, const float *bias,
                  float *y, float *scratch)
{
  const EngConv *p = s->p;
  int64_t slice = div_up (div_up (p->cout, s->threads), 16) * 16, slices = div_up (p->cout, slice);
  float *joined = scratch + div_up (s->columns, 16) * 16;
#pragma omp parallel num_threads(s->threads) if (s->threads > 1)
  {
#pragma omp for schedule(static)
    for (int64_t c = 0; c < (s->pointwise ? 0 : p->cin); c++)
      gather (s, t, c, c + 1, x, scratch + c * s->taps * tile_width (t));
#pragma omp for schedule(static)
    for (int64_t i = 0; i < slices; i++)
      forward_product (s, t, gemm, i * slice, MIN ((i + 1) * slice, p->cout), x, w, bias, y, scratch, joined);
  }
}

static void
columns_forward (const EngConv *p, EngGemmFunc gemm, const float *x, const float *w, const float *bias, float *y,
                 void *scratch)
{
  Plan s;
  plan_forward (&s, p, eng_get_threads ());
  int64_t units = s.sets * p->groups * s.tiles;
  for (int64_t u = 0; s.together && u < units; u++)
    {
      Tile t;
      tile_init (&t, &s, u / s.tiles / p->groups, u / s.tiles % p->groups, 0, u % s.tiles);
      forward_together (&s, &t, gemm, x, w, bias, y, scratch);
    }
  if (s.together)
    return;
#pragma omp parallel for schedule(static) num_threads(s.threads) if (s.threads > 1)
  for (int64_t u = 0; u < units; u++)
    {
      Tile t;
      float *columns = thread_columns (&s, scratch);
      tile_init (&t, &s, u / s.tiles / p->groups, u / s.tiles % p->groups, 0, u % s.tiles);
      if (!s.pointwise)
        gather (&s, &t, 0, p->cin, x, columns);
      forward_product (&s, &t, gemm, 0, p->cout, x, w, bias, y, columns, thread_other (&s, scratch));
    }
}

/* The output gradient of a tile as a matrix of cout rows; @ld: its row stride. */
static const float *
gradient_rows (const Plan *s, const Tile *t, const float *dy, float *joined, int64_t *ld)
{
  int64_t width = tile_width (t), cout = s->p->cout;
  *ld = s->joint > 1 ? width : s->points;
  if (s->joint == 1)
    return dy + plane_at (s, t, 0, cout, 0, s->points) + t->from;
  for (int64_t i = 0; i < t->images; i++)
    for (int64_t c = 0; c < cout; c++)
      memcpy (joined + c * width + i * s->points, dy + plane_at (s, t, i, cout, c, s->points),
              sizeof *dy * s->points);
  return joined;
}

static void
data_tile (const Plan *s, const Tile *t, EngGemmFunc gemm, const float *dy, const float *w, float *dx,
           gboolean accumulate, float *columns, float *joined)
{
  const EngConv *p = s->p;
  int64_t width = tile_width (t), n = t->to - t->from;
  EngGemm m = { .trans_a = TRUE, .m = (t->c1 - t->c0) * s->taps, .n = width, .k = p->cout, .alpha = 1, .batch = 1 };
  float *target = s->pointwise ? dx + plane_at (s, t, 0, p->cin, t->c0, s->in_plane) + t->from : columns;
  const float *rows = gradient_rows (s, t, dy, joined, &m.ldb);
  m.lda = s->k;
  m.ldc = s->pointwise ? s->in_plane : width;
  m.beta = s->pointwise && accumulate ? 1 : 0;
  gemm (&m, w + t->g * p->cout * s->k + t->c0 * s->taps, rows, target);
  for (int64_t i = 0; !s->pointwise && i < t->images; i++)
    eng_columns_scatter (p, columns + i * n, t->c0, t->c1, t->from, t->to,
                         dx + plane_at (s, t, i, p->cin, 0, s->in_plane), width);
}

static void
columns_backward_data (const EngConv *p, EngGemmFunc gemm, const float *dy, const float *w, float *dx,
                       gboolean accumulate, void *scratch)
{
  Plan s;
  plan_backward (&s, p, eng_get_threads (), 0);
  int64_t units = s.sets * p->groups * s.blocks;
#pragma omp parallel for schedule(static) num_threads(s.threads) if (s.threads > 1)
  for (int64_t u = 0; u < units; u++)
    {
      Tile t;
      int64_t set = u / s.blocks / p->groups, g = u / s.blocks % p->groups;
      tile_init (&t, &s, set, g, u % s.blocks, 0);
      for (int64_t i = 0; !s.pointwise && !accumulate && i < t.images; i++)
        memset (dx + plane_at (&s, &t, i, p->cin, t.c0, s.in_plane), 0, sizeof *dx * (t.c1 - t.c0) * s.in_plane);
      for (int64_t tile = 0; tile < s.tiles; tile++)
        {
          tile_init (&t, &s, set, g, u % s.blocks, tile);
          data_tile (&s, &t, gemm, dy, w, dx, accumulate, thread_columns (&s, scratch), thread_other (&s, scratch));
        }
    }
}

static void
weights_tile (const Plan *s, const Tile *t, EngGemmFunc gemm, const float *x, const float *dy, float *dw,
              float *columns, float *joined)
{
  const EngConv *p = s->p;
  EngGemm m = { .trans_b = TRUE, .m = p->cout, .n = (t->c1 - t->c0) * s->taps, .k = tile_width (t) };
  m.alpha = m.beta = 1;
  m.batch = 1;
  m.ldb = s->pointwise ? s->in_plane : m.k;
  m.ldc = s->k;
  const float *rows = gradient_rows (s, t, dy, joined, &m.lda);
  if (!s->pointwise)
    gather (s, t, t->c0, t->c1, x, columns);
  gemm (&m, rows, s->pointwise ? x + plane_at (s, t, 0, p->cin, t->c0, s->in_plane) + t->from : columns,
        dw + t->g * p->cout * s->k + t->c0 * s->taps);
}

static void
columns_backward_weights (const EngConv *p, EngGemmFunc gemm, const float *x, const float *dy, float *dw,
                          void *scratch)
{
  Plan s;
  plan_backward (&s, p, eng_get_threads (), 1);
  int64_t units = p->groups * s.blocks;
#pragma omp parallel for schedule(static) num_threads(s.threads) if (s.threads > 1)
  for (int64_t u = 0; u < units; u++)
    for (int64_t i = 0; i < s.sets * s.tiles; i++)
      {
        Tile t;
        tile_init (&t, &s, i / s.tiles, u / s.blocks, u % s.blocks, i % s.tiles);
        weights_tile (&s, &t, gemm, x, dy, dw, thread_columns (&s, scratch), thread_other (&s, scratch));
      }
}

const EngConvWay eng_conv_columns = { columns_suits, columns_scratch, columns_forward, columns_backward_data,
                                      columns_backward_weights };

typedef struct
{
  const EngConv *p;
  void *y;
} Bounds;

static void
bound_piece (int64_t begin, int64_t end, gpointer data)
{
  const Bounds *b = data;
  float low = b->p->bounds[0], high = b->p->bounds[1];
  if (b->p->y_short)
    eng_vec_bound_short ((guint16 *)b->y + begin, low, high, end - begin);
  else
    eng_vec_bound ((float *)b->y + begin, (float *)b->y + begin, low, high, end - begin);
}

void
eng_conv_bound (const EngConv *p, void *y)
{
  Bounds b = { p, y };
  if (p->bounds)
    eng_parallel (p->n * p->groups * p->cout * eng_conv_span (p->out), 0.15, bound_piece, &b);
}
