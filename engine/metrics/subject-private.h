/* Private to engine/metrics/: what a subject holds, and what protocols need of it. Engine thread. */
#pragma once

#include "subject.h"

#include "../probe.h"

struct _EngSubject
{
  gatomicrefcount ref;
  EngModel *model;
  EngImage *image;
  int class_index, n, channels, most;
  EngGeometry geometry;
  guint8 *view;
  float *input;
  EngReading untouched;
  float *untouched_logits;
  GMutex lock; /* the three lists */
  GQueue fills, rankings, things;
  /* Engine thread alone. */
  EngProbe *curves, *live;
  GHashTable *readings; /* what was measured; NULL: nothing yet */
};

typedef void (*EngReadingFunc) (int index, const EngReading *reading, gpointer data);
typedef void (*EngInputFunc) (int index, float *input /* C x H x W */, gpointer data);

/* Of K logits. */
EngReading eng_reading_of (const float *logits, int k, int class_index);
/* Runs the model on @n inputs that @fill writes; @take gets them in order. */
gboolean eng_subject_run (EngSubject *self, int n, EngInputFunc fill, EngReadingFunc take, gpointer data,
                          GCancellable *cancellable, GError **error);
/* Readings with the first @counts[i] pixels removed or kept, in order; what is known already costs nothing. */
gboolean eng_subject_read (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, const int *counts,
                           int n, EngReadingFunc take, gpointer data, GCancellable *cancellable, GError **error);
guint64 eng_subject_run_passes (const EngSubject *self); /* of the two above, without live scores */
/* An 8-bit picture H x W x 3 as the model's input. */
void eng_subject_normalise (EngSubject *self, const guint8 *rgb, float *input);
/* Things that a protocol keeps with the picture. eng_subject_keep() takes @key and @value; old ones are dropped. */
gpointer eng_subject_kept (EngSubject *self, const char *key);
void eng_subject_keep (EngSubject *self, char *key, gpointer value, GDestroyNotify destroy);
