/* See extremal.h. */
#include "extremal.h"

#include "../blur.h"
#include "../kernels/vecmath.h"
#include "../kernels/vector.h"
#include "../metrics/perturbation.h"

#include <math.h>
#include <string.h>

/* ---- smooth masks ---- */

struct _EngSmoothMask
{
  int picture_height, picture_width;
  int height, width, step, reach, side, rows, cols;
  float coldness;
  float *kernel; /* side x side: k by distance, from reach cells above and left of the pixel's own cell */
  float *sum;    /* height x width: sum of w of the last forward */
};

EngSmoothMask *
eng_smooth_mask_new (int height, int width, int step, double sigma, double coldness)
{
  EngSmoothMask *self = g_new0 (EngSmoothMask, 1);
  self->picture_height = height;
  self->picture_width = width;
  self->step = step;
  self->coldness = (float)coldness;
  self->reach = 1 + (int)ceil (sigma / step);
  self->side = (2 * self->reach + 1) * step;
  self->rows = (height + step - 1) / step;
  self->cols = (width + step - 1) / step;
  self->height = self->rows * step;
  self->width = self->cols * step;
  self->kernel = g_new (float, self->side * self->side);
  self->sum = g_new (float, (gsize)self->height * self->width);
  double centre = self->reach * step + (step - 1) / 2.0;
  for (int y = 0; y < self->side; y++)
    for (int x = 0; x < self->side; x++)
      {
        double far = fmax (hypot (y - centre, x - centre) / sigma - 0.5, 0);
        self->kernel[y * self->side + x] = (float)exp (-2 * far * far);
      }
  return self;
}

void
eng_smooth_mask_free (EngSmoothMask *self)
{
  if (!self)
    return;
  g_free (self->kernel);
  g_free (self->sum);
  g_free (self);
}

int
eng_smooth_mask_rows (const EngSmoothMask *self)
{
  return self->rows;
}

int
eng_smooth_mask_cols (const EngSmoothMask *self)
{
  return self->cols;
}

int
eng_smooth_mask_size (const EngSmoothMask *self)
{
  return self->height * self->width;
}

/* Where the picture begins in the mask. */
static gsize
origin (const EngSmoothMask *self)
{
  int down = (self->height - self->picture_height) / 2, across = (self->width - self->picture_width) / 2;
  return (gsize)down * self->width + across;
}

void
eng_smooth_mask_crop (const EngSmoothMask *self, const float *mask, float *picture)
{
  for (int y = 0; y < self->picture_height; y++)
    memcpy (picture + (gsize)y * self->picture_width, mask + origin (self) + (gsize)y * self->width,
            sizeof *picture * self->picture_width);
}

void
eng_smooth_mask_embed (const EngSmoothMask *self, const float *picture, float *mask)
{
  memset (mask, 0, sizeof *mask * self->height * self->width);
  for (int y = 0; y < self->picture_height; y++)
    memcpy (mask + origin (self) + (gsize)y * self->width, picture + (gsize)y * self->picture_width,
            sizeof *mask * self->picture_width);
}

/* The cell of which number @at, maybe outside the grid, is an image. */
static int
mirrored (int at, int n)
{
  while (at < 0 || at >= n)
    at = at < 0 ? -1 - at : 2 * n - 1 - at;
  return at;
}

/* Pixels from *first to before *end see cell @at; @skipped: how far into the kernel the first one lies. */
static void
seen_by (const EngSmoothMask *self, int at, int size, int *first, int *end, int *skipped)
{
  int start = (at - self->reach) * self->step;
  *first = MAX (start, 0);
  *end = MIN (start + self->side, size);
  *skipped = *first - start;
}

ENG_CLONES static void
add_cell (const float *k, float value, float coldness, float *sum, float *weighted, int n)
{
  ENG_SIMD_LOOP (n)
  {
    float f = k[i] * value, w = eng_exp1 (coldness * f);
    sum[i] += w;
    weighted[i] += w * f;
  }
}

typedef struct
{
  EngSmoothMask *self;
  const float *grid, *mask, *d_mask;
  float *out;
} Work;

static void
forward_rows (int64_t begin, int64_t end, gpointer data)
{
  const Work *w = data;
  const EngSmoothMask *self = w->self;
  for (int y = (int)begin; y < end; y++)
    {
      float *sum = self->sum + (gsize)y * self->width, *out = w->out + (gsize)y * self->width;
      int home = y / self->step;
      memset (sum, 0, sizeof *sum * self->width);
      memset (out, 0, sizeof *out * self->width);
      for (int i = home - self->reach; i <= home + self->reach; i++)
        for (int j = -self->reach; j < self->cols + self->reach; j++)
          {
            int first, last, skipped;
            float value = w->grid[mirrored (i, self->rows) * self->cols + mirrored (j, self->cols)];
            seen_by (self, j, self->width, &first, &last, &skipped);
            const float *k = self->kernel + (y - (i - self->reach) * self->step) * self->side + skipped;
            add_cell (k, value, self->coldness, sum + first, out + first, last - first);
          }
      for (int x = 0; x < self->width; x++)
        out[x] /= sum[x];
    }
}

void
eng_smooth_mask_forward (EngSmoothMask *self, const float *grid, float *mask)
{
  Work w = { .self = self, .grid = grid, .out = mask };
  double cells = (2 * self->reach + 1) * (2 * self->reach + 1);
  eng_parallel (self->height, cells * self->width, forward_rows, &w);
}

/* With p = w / sum w: d mask / d f = p (1 + coldness (f - mask)), d f / d value = k. */
ENG_CLONES static float
gather_cell (const float *k, float value, float coldness, const float *sum, const float *mask, const float *d_mask,
             int n)
{
  float total = 0;
  _Pragma ("omp simd reduction(+ : total)") for (int i = 0; i < n; i++)
  {
    float f = k[i] * value, p = eng_exp1 (coldness * f) / sum[i];
    total += d_mask[i] * k[i] * p * (1 + coldness * (f - mask[i]));
  }
  return total;
}

/* What cell (i, j), maybe outside the grid, gets from all pixels that see it. */
static double
gather_image (const Work *w, int i, int j, float value)
{
  const EngSmoothMask *self = w->self;
  int top, bottom, above, left, right, before;
  double total = 0;
  seen_by (self, i, self->height, &top, &bottom, &above);
  seen_by (self, j, self->width, &left, &right, &before);
  for (int y = top; y < bottom; y++)
    {
      gsize at = (gsize)y * self->width + left;
      total += gather_cell (self->kernel + (y - top + above) * self->side + before, value, self->coldness,
                            self->sum + at, w->mask + at, w->d_mask + at, right - left);
    }
  return total;
}

static void
backward_cells (int64_t begin, int64_t end, gpointer data)
{
  const Work *w = data;
  const EngSmoothMask *self = w->self;
  for (int cell = (int)begin; cell < end; cell++)
    {
      double total = 0;
      for (int i = -self->reach; i < self->rows + self->reach; i++)
        for (int j = -self->reach; j < self->cols + self->reach; j++)
          if (mirrored (i, self->rows) == cell / self->cols && mirrored (j, self->cols) == cell % self->cols)
            total += gather_image (w, i, j, w->grid[cell]);
      w->out[cell] = (float)total;
    }
}

void
eng_smooth_mask_backward (EngSmoothMask *self, const float *grid, const float *mask, const float *d_mask,
                          float *d_grid)
{
  Work w = { .self = self, .grid = grid, .mask = mask, .d_mask = d_mask, .out = d_grid };
  eng_parallel (self->rows * self->cols, 2.0 * self->side * self->side, backward_cells, &w);
}

/* ---- fading through blurs ---- */

struct _EngBlurPyramid
{
  int channels, levels;
  gsize plane;
  float *pictures; /* levels x channels x plane, most blurred first */
};

EngBlurPyramid *
eng_blur_pyramid_new (const float *x, int channels, int height, int width, int levels, double sigma)
{
  EngBlurPyramid *self = g_new0 (EngBlurPyramid, 1);
  self->channels = channels;
  self->levels = levels;
  self->plane = (gsize)height * width;
  self->pictures = g_new (float, self->plane *channels *levels);
  for (int l = 0; l < levels; l++)
    eng_gaussian_blur (x, channels, height, width, sigma * (levels - 1 - l) / (levels - 1), -1, ENG_EDGE_CLAMP,
                       self->pictures + self->plane * channels * l);
  return self;
}

void
eng_blur_pyramid_free (EngBlurPyramid *self)
{
  if (!self)
    return;
  g_free (self->pictures);
  g_free (self);
}

/* Number of the level below mask value @m; at 1 the last but one, with all of the last. */
static int
level_below (const EngBlurPyramid *self, float m)
{
  return CLAMP ((int)(m * (self->levels - 1)), 0, self->levels - 2);
}

void
eng_blur_pyramid_forward (const EngBlurPyramid *self, const float *mask, float *out)
{
  gsize level = self->plane * self->channels;
  for (gsize i = 0; i < self->plane; i++)
    {
      int below = level_below (self, mask[i]);
      float share = mask[i] * (self->levels - 1) - below;
      for (int c = 0; c < self->channels; c++)
        {
          const float *p = self->pictures + level * below + c * self->plane + i;
          /* Both ends exactly: the untouched picture where the mask is 1. */
          out[c * self->plane + i] = share * p[level] + (1 - share) * p[0];
        }
    }
}

void
eng_blur_pyramid_backward (const EngBlurPyramid *self, const float *mask, const float *d_out, float *d_mask)
{
  gsize level = self->plane * self->channels;
  for (gsize i = 0; i < self->plane; i++)
    {
      const float *p = self->pictures + level * level_below (self, mask[i]) + i;
      double sum = 0;
      for (int c = 0; c < self->channels; c++, p += self->plane)
        sum += (double)d_out[c * self->plane + i] * (p[level] - p[0]);
      d_mask[i] = (float)(sum * (self->levels - 1));
    }
}

/* ---- the price of an area ---- */

double
eng_area_penalty (const float *mask, int n, double area, double weight, float *d_mask)
{
  g_autofree guint32 *order = g_new (guint32, n);
  int wanted = (int)(area * n + 0.5);
  double penalty = 0;
  eng_rank_descending (mask, n, order);
  for (int i = 0; i < n;)
    {
      int end = i + 1;
      while (end < n && mask[order[end]] == mask[order[i]])
        end++;
      double ones = CLAMP (wanted - i, 0, end - i), m = mask[order[i]], share = ones / (end - i);
      penalty += ones * (m - 1) * (m - 1) + (end - i - ones) * m * m;
      for (; i < end; i++)
        d_mask[order[i]] += (float)(weight * 2 * (m - share) / n);
    }
  return penalty / n;
}
