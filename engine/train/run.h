/* Private to engine/train/: the work of a training, one step at a time, without threads. training.c is the object
 * around it. */
#pragma once

#include "../nn/optim.h"
#include "checkpoint.h"
#include "training.h"

G_BEGIN_DECLS

/* Called between the parts of a step. FALSE with an error: stop. */
typedef gboolean (*EngTrainBetween) (gpointer data, GError **error);

typedef struct _EngTrainRun EngTrainRun;

struct _EngTrainRun
{
  EngModel *model;
  const EngExplainerKind *kind;
  char *layer; /* (nullable) */
  const EngTarget *target;
  EngValues *values;
  guint64 seed;
  char *path, *labels, *output, *cache, *checkpoint; /* labels, cache: (nullable) */
  EngResume resume;

  EngTrainData *data;
  guint *train, *held_out; /* places in the data */
  guint n_train, n_held_out;
  gboolean by_label; /* the class to explain is the label's */
  int batch, part;   /* pictures of a step; of these at once */
  int step, steps;   /* taken; of all */
  guint *order;      /* @train in the order of @epoch */
  int epoch;         /* -1: none yet */
  EngNet *net;       /* of @part pictures */
  EngAdamW *optimiser;
  float *gradient; /* NULL where a step has one part */
  gint64 count;    /* numbers that train */
  float *best_weights;
  GArray *points, *marks;
  int best;        /* place in @marks; -1 */
  gboolean ending; /* what is there is kept, however early */
  int unimproved;  /* judgements since the best */
  char *note;
  gsize frozen_size; /* numbers of the kept value of a picture; 0: none */
  /* buffers of a part */
  float *pixels, *input, *logits, *frozen, *onehot;
  int *index, *classes;
  /* previews of the newest judgement */
  int n_previews, preview_rows, preview_cols;
  float *previews;
};

/* Takes @values over. */
EngTrainRun *eng_train_run_new (EngModel *model, const EngExplainerKind *kind, const char *layer,
                                const EngTrainSource *source, EngValues *values, guint64 seed, const char *output,
                                const char *cache, EngResume resume);
void eng_train_run_free (EngTrainRun *self);
/* Reads the pictures, builds the net, takes up a checkpoint, judges the untrained explainer. */
gboolean eng_train_run_prepare (EngTrainRun *self, EngTrainDataStep step, EngTrainBetween between, gpointer data,
                                GError **error);
/* No step is left to take. */
gboolean eng_train_run_ended (const EngTrainRun *self);
/* One step. When @between ends it nothing has changed. */
gboolean eng_train_run_step (EngTrainRun *self, EngTrainBetween between, gpointer data, GError **error);
/* Whether the held-out pictures have to judge before the next step, or before the end. */
gboolean eng_train_run_judge_due (const EngTrainRun *self);
/* Judges now. When @between ends it nothing has changed. */
gboolean eng_train_run_judge (EngTrainRun *self, EngTrainBetween between, gpointer data, GError **error);
gboolean eng_train_run_save (EngTrainRun *self, GError **error);
/* Writes the explainer with the best weights. */
gboolean eng_train_run_finish (EngTrainRun *self, GError **error);

G_END_DECLS
