/* See truth.h. Areas come from a summed-area table, so that a mask of any size costs one walk over its pixels. */
#include "truth.h"

#include "../error.h"

#include <math.h>

static inline gboolean
inside (EngImage *mask, int x, int y)
{
  return eng_image_rgb (mask)[3 * ((gsize)y * eng_image_width (mask) + x)] > ENG_TRUTH_INSIDE;
}

/* (h + 1) x (w + 1): the object's area above and left of a pixel corner. (transfer full) */
static double *
sum_areas (EngImage *mask)
{
  int w = eng_image_width (mask), h = eng_image_height (mask);
  double *sums = g_new0 (double, ((gsize)w + 1) * ((gsize)h + 1));
  for (int y = 0; y < h; y++)
    {
      double row = 0;
      double *above = sums + (gsize)y * (w + 1), *below = above + w + 1;
      for (int x = 0; x < w; x++)
        {
          row += inside (mask, x, y);
          below[x + 1] = above[x + 1] + row;
        }
    }
  return sums;
}

/* The area above and left of any point: the table is bilinear inside a pixel. */
static double
area_before (const double *sums, int w, int h, double x, double y)
{
  x = CLAMP (x, 0, w);
  y = CLAMP (y, 0, h);
  int i = MIN ((int)x, w - 1), j = MIN ((int)y, h - 1);
  double u = x - i, v = y - j;
  const double *a = sums + (gsize)j * (w + 1) + i, *b = a + w + 1;
  return (1 - v) * ((1 - u) * a[0] + u * a[1]) + v * ((1 - u) * b[0] + u * b[1]);
}

float *
eng_truth_cover (EngImage *mask, const EngGeometry *g, GError **error)
{
  int w = eng_image_width (mask), h = eng_image_height (mask);
  if (w != g->image_width || h != g->image_height)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "%s is %d × %d, the picture is %d × %d. A mask has to have its size.",
                eng_image_name (mask), w, h, g->image_width, g->image_height);
      return NULL;
    }
  g_autofree double *sums = sum_areas (mask);
  float *cover = g_new (float, (gsize)g->input_width * g->input_height);
  for (int y = 0; y < g->input_height; y++)
    for (int x = 0; x < g->input_width; x++)
      {
        double x0 = x * g->scale_x + g->offset_x, x1 = x0 + g->scale_x;
        double y0 = y * g->scale_y + g->offset_y, y1 = y0 + g->scale_y;
        double area = area_before (sums, w, h, x1, y1) - area_before (sums, w, h, x0, y1)
                      - area_before (sums, w, h, x1, y0) + area_before (sums, w, h, x0, y0);
        cover[(gsize)y * g->input_width + x] = (float)CLAMP (area / (g->scale_x * g->scale_y), 0, 1);
      }
  return cover;
}

gboolean
eng_truth_near (EngImage *mask, double x, double y, double radius)
{
  int w = eng_image_width (mask), h = eng_image_height (mask);
  int top = (int)fmax (y - radius, 0), bottom = (int)fmin (y + radius, h - 1);
  int left = (int)fmax (x - radius, 0), right = (int)fmin (x + radius, w - 1);
  for (int j = top; j <= bottom; j++)
    for (int i = left; i <= right; i++)
      if (hypot (i + 0.5 - x, j + 0.5 - y) < radius && inside (mask, i, j))
        return TRUE;
  return FALSE;
}

EngOverlap *
eng_overlap_new (const EngRanking *ranking, const float *cover)
{
  EngOverlap *self = g_new0 (EngOverlap, 1);
  const guint32 *order = eng_ranking_order (ranking);
  self->n = eng_ranking_n (ranking);
  self->both = g_new0 (int, (gsize)self->n + 1);
  for (int k = 0; k < self->n; k++)
    self->both[k + 1] = self->both[k] + (cover[order[k]] >= 0.5f);
  self->object = self->both[self->n];
  return self;
}

void
eng_overlap_free (EngOverlap *self)
{
  if (!self)
    return;
  g_free (self->both);
  g_free (self);
}

double
eng_overlap_iou (const EngOverlap *self, double share)
{
  int k = eng_share_pixels (share, self->n), both = self->both[k];
  return self->object ? (double)both / (k + self->object - both) : NAN;
}
