/* Gaussian blur of planes, as products with a banded matrix: rows, then columns. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  ENG_EDGE_ZERO,  /* outside lies 0 */
  ENG_EDGE_CLAMP, /* outside lies the nearest pixel */
} EngEdge;

/**
 * eng_gaussian_blur:
 * @src: channels x rows x cols
 * @sigma: in pixels; <= 0 copies
 * @radius: taps on either side; < 0: floor (4 sigma + 0.5), where scipy.ndimage cuts the kernel
 * @dst: like @src; may not overlap it
 *
 * The sampled kernel is normalised to sum 1.
 */
void eng_gaussian_blur (const float *src, int channels, int rows, int cols, double sigma, int radius, EngEdge edge,
                        float *dst);

G_END_DECLS
