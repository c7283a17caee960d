/* Where a training stands, as a file: weights, the optimiser's moments, the best weights so far, the curves. Written
 * beside the old one and renamed, so there is a whole one at any moment; read with every size checked and a digest.
 */
#pragma once

#include "training.h"

G_BEGIN_DECLS

typedef struct
{
  int step, part, best; /* steps taken; pictures at once; place of the best mark, -1 */
  gint64 count;         /* numbers that train */
  gsize state_size;     /* bytes of the optimiser */
  float *weights;       /* count; (owned) */
  float *best_weights;  /* count; NULL while @best is -1; (owned) */
  guint8 *state;        /* (owned) */
  GArray *points;       /* EngTrainingPoint; (owned) */
  GArray *marks;        /* EngTrainingMark; (owned) */
} EngCheckpoint;

void eng_checkpoint_clear (EngCheckpoint *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EngCheckpoint, eng_checkpoint_clear)

/* @key: 64 digits that say which training it is of. */
gboolean eng_checkpoint_write (const EngCheckpoint *self, const char *key, const char *path, GError **error);
/**
 * eng_checkpoint_read:
 * @self: with count and state_size as they have to be; the rest is filled
 * @steps: the training's; a file that is further is refused
 *
 * FALSE with an error that says whether the file is damaged or of another training.
 */
gboolean eng_checkpoint_read (EngCheckpoint *self, const char *key, int steps, const char *path, GError **error);

G_END_DECLS
