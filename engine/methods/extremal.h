/* The parts of extremal perturbations (Fong, Patrick and Vedaldi, ICCV 2019, section 3) that have a gradient: masks
 * that are smooth by construction, pictures that fade through blurs, and the price of an area. One owner each. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EngSmoothMask: a coarse grid of values in [0,1] enlarged to a mask by a smooth maximum.
 *
 * A cell is step x step pixels of the mask. With f_v(u) = k (|u - v| / sigma) grid[v], v the middle of a cell,
 * k (z) = exp (-2 max (0, z - 1/2)^2), and w_v(u) = exp (coldness f_v(u)),
 *
 *   mask[u] = sum_v w_v f_v / sum_v w_v
 *
 * over the cells v at most 1 + ceil (sigma / step) cells away from u's own in either direction. Beyond the border the
 * grid goes on as its mirror image: so a uniform grid pulls at all its cells alike. (Without it cells in corners
 * would feel the penalty of their area less than others, and masks would end there.) For the same reason the mask is
 * a whole number of cells, so up to step - 1 pixels larger than the picture, which lies in its middle.
 */
typedef struct _EngSmoothMask EngSmoothMask;

/* @height, @width: of the picture */
EngSmoothMask *eng_smooth_mask_new (int height, int width, int step, double sigma, double coldness);
void eng_smooth_mask_free (EngSmoothMask *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngSmoothMask, eng_smooth_mask_free)
int eng_smooth_mask_rows (const EngSmoothMask *self); /* of the grid: ceil (height / step) */
int eng_smooth_mask_cols (const EngSmoothMask *self);
int eng_smooth_mask_size (const EngSmoothMask *self); /* pixels of the mask: rows x cols x step x step */
/* Between a mask and the part of it that lies on the picture, height x width. */
void eng_smooth_mask_crop (const EngSmoothMask *self, const float *mask, float *picture);
void eng_smooth_mask_embed (const EngSmoothMask *self, const float *picture, float *mask); /* zeros around it */
/* @grid: rows x cols; @mask: eng_smooth_mask_size() values. Remembers what the gradient needs. */
void eng_smooth_mask_forward (EngSmoothMask *self, const float *grid, float *mask);
/* After eng_smooth_mask_forward() of the same @grid and @mask: from d loss / d mask to d loss / d grid. */
void eng_smooth_mask_backward (EngSmoothMask *self, const float *grid, const float *mask, const float *d_mask,
                               float *d_grid);

/**
 * EngBlurPyramid: a picture at @levels strengths of Gaussian blur, sigma from @sigma down to 0 in equal steps (edges
 * clamped). Where the mask is m, the picture is taken from between the two levels around m (levels - 1): unchanged at
 * 1, most blurred at 0.
 */
typedef struct _EngBlurPyramid EngBlurPyramid;

/* @x: channels x height x width */
EngBlurPyramid *eng_blur_pyramid_new (const float *x, int channels, int height, int width, int levels, double sigma);
void eng_blur_pyramid_free (EngBlurPyramid *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngBlurPyramid, eng_blur_pyramid_free)
/* @mask: height x width; @out: channels x height x width */
void eng_blur_pyramid_forward (const EngBlurPyramid *self, const float *mask, float *out);
void eng_blur_pyramid_backward (const EngBlurPyramid *self, const float *mask, const float *d_out, float *d_mask);

/**
 * eng_area_penalty:
 * @mask: n values
 * @area: 0 .. 1
 * @weight: of the penalty in the loss
 * @d_mask: n values, to which the gradient of weight times the penalty is added
 *
 * Mean of (sort (mask) - r)^2, where r is 1 in the largest @area n places and 0 in the others. Pixels of equal value
 * share their places, so that no order among them is preferred.
 * Returns: the penalty, without @weight.
 */
double eng_area_penalty (const float *mask, int n, double area, double weight, float *d_mask);

G_END_DECLS
