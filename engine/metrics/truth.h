/* A mask of the object at the picture's size, as the model's input sees it. */
#pragma once

#include "../image.h"
#include "../preprocess.h"
#include "ranking.h"

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

/* How a map's order of pixels meets the object, at every threshold at once. Immutable once made; any thread. */
typedef struct
{
  int n, object; /* pixels of the model's input; those that the object covers by half or more */
  int *both;     /* n + 1: of the first k pixels, those of the object */
} EngOverlap;

/* @cover: as eng_truth_cover() makes it, of @ranking's n pixels. (transfer full) */
EngOverlap *eng_overlap_new (const EngRanking *ranking, const float *cover);
void eng_overlap_free (EngOverlap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngOverlap, eng_overlap_free)
/* Of the pixels that @share (0 .. 1) keeps and the object: intersection over union. NAN: there is no object. */
double eng_overlap_iou (const EngOverlap *self, double share);

G_END_DECLS
