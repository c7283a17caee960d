/* A mask of the object at the picture's size, as the model's input sees it. */
#pragma once

#include "../image.h"
#include "../preprocess.h"

G_BEGIN_DECLS

/* A pixel of a mask lies inside the object when its first channel is above this. */
#define ENG_TRUTH_INSIDE 127

/**
 * eng_truth_cover:
 * @mask: of the size of the picture that @geometry belongs to
 *
 * Which part of each pixel of the model's input the object covers, by area: what is cropped away or padded counts as
 * outside. Any thread.
 * Returns: (transfer full): input_height x input_width values, 0 .. 1; NULL with an error that names both sizes.
 */
float *eng_truth_cover (EngImage *mask, const EngGeometry *geometry, GError **error);
/* TRUE when an inside pixel's centre lies less than @radius from (@x, @y), in picture pixels, edges at whole numbers.
 */
gboolean eng_truth_near (EngImage *mask, double x, double y, double radius);

G_END_DECLS
