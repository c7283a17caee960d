/* See blur.h. Wide kernels (sigma 50 on 224 pixels) cost the same as narrow ones this way. */
#include "blur.h"

#include "planes.h"

#include <math.h>
#include <string.h>

/* Row i holds the weights with which the n pixels enter pixel i. (transfer full) */
static float *
matrix_of (int n, double sigma, int radius, EngEdge edge)
{
  float *m = g_new0 (float, (gsize)n *n);
  double sum = 0;
  for (int t = -radius; t <= radius; t++)
    sum += exp (-0.5 * t * t / (sigma * sigma));
  for (int i = 0; i < n; i++)
    for (int t = -radius; t <= radius; t++)
      {
        int at = edge == ENG_EDGE_CLAMP ? CLAMP (i + t, 0, n - 1) : i + t;
        if (at >= 0 && at < n)
          m[(gsize)i * n + at] += (float)(exp (-0.5 * t * t / (sigma * sigma)) / sum);
      }
  return m;
}

void
eng_gaussian_blur (const float *src, int channels, int rows, int cols, double sigma, int radius, EngEdge edge,
                   float *dst)
{
  gsize plane = (gsize)rows * cols;
  if (radius < 0)
    radius = (int)(4 * sigma + 0.5);
  if (sigma <= 0 || radius == 0)
    {
      memcpy (dst, src, sizeof *dst * plane * channels);
      return;
    }
  g_autofree float *along = matrix_of (cols, sigma, radius, edge), *down = matrix_of (rows, sigma, radius, edge);
  eng_planes_transform (src, channels, rows, cols, down, along, FALSE, dst);
}
