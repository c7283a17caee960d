/* What maps are judged on: one picture as one model sees it, and one class. Holds everything that does not depend
 * on a map (fills, the score of the untouched picture) and what was measured already, so that a threshold, a curve
 * and a protocol that look at the same masked picture run the classifier once and show one number.
 *
 * Masked pictures: any thread, at the same time. Scores: one thread at a time, the engine thread. */
#pragma once

#include "masking.h"
#include "ranking.h"
#include "../model.h"

G_BEGIN_DECLS

typedef struct _EngSubject EngSubject;

/* What the model says of one picture. */
typedef struct
{
  double probability; /* softmax of the class, 0 .. 1 */
  double logit;       /* of the class */
  int top;            /* the class it would choose */
} EngReading;

/**
 * eng_subject_new:
 * @class_index: the class whose score is read; -1: the predicted one
 *
 * Runs the model on the picture, unless it was just predicted. Engine thread.
 * Returns: (transfer full): NULL with an error.
 */
EngSubject *eng_subject_new (EngModel *model, EngImage *image, int class_index, GError **error);
EngSubject *eng_subject_ref (EngSubject *self);
void eng_subject_unref (EngSubject *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngSubject, eng_subject_unref)

EngModel *eng_subject_model (const EngSubject *self);
EngImage *eng_subject_image (const EngSubject *self);
int eng_subject_class_index (const EngSubject *self);
const EngGeometry *eng_subject_geometry (const EngSubject *self); /* how the model input lies on the picture */
int eng_subject_n (const EngSubject *self);                       /* pixels of the model input, H * W */
const guint8 *eng_subject_view (const EngSubject *self);          /* H x W x 3, 8-bit RGB: what the model sees */
const float *eng_subject_input (const EngSubject *self);          /* C x H x W, the same normalised */
const EngReading *eng_subject_untouched (const EngSubject *self);
/* (transfer full): made once per map and kept. @map: of this model's input size. Any thread. */
EngRanking *eng_subject_ranking (EngSubject *self, EngHeatmap *map, EngRankBy by, EngRankOrder order);

/* ---- masked pictures: any thread ---- */
/* Makes a fill before it is needed. The first use of a fill takes some milliseconds: call this on the engine thread
 * so that a slider never waits for it. */
void eng_subject_prepare (EngSubject *self, const EngMasking *masking);
/* The first @k pixels of @ranking removed, or kept. @input: C x H x W. */
void eng_subject_mask_input (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, int k,
                             float *input);
/* The same for drawing. @rgb: H x W x 3 bytes; a fill is clipped to what 8 bits can show. */
void eng_subject_mask_view (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, int k,
                            guint8 *rgb);

/* ---- scores: engine thread ---- */
/**
 * eng_subject_score:
 * @logits: (out) (nullable): K values, for the top five and the rank
 * @cancellable: (nullable)
 *
 * One masked picture, one pass: the live score. May be called from an EngPointFunc too.
 * Returns: FALSE with an error.
 */
gboolean eng_subject_score (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, int k,
                            EngReading *reading, float *logits, GCancellable *cancellable, GError **error);
/* Largest batch of curves, 1 .. 8 (8 unless set): smaller ones report sooner. Before the first score. */
void eng_subject_set_most (EngSubject *self, int most);
guint64 eng_subject_passes (const EngSubject *self); /* forward passes run so far, in single pictures */

G_END_DECLS
