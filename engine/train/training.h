/* Training of an explainer under way: one trainer for all kinds.
 *
 * The classifier is frozen; the explainer learns from batches of prepared pictures with AdamW. A batch is worked off
 * in parts that fit the memory budget, so what a person asks for meanwhile goes between two parts. From time to time
 * held-out pictures judge it; the best weights so far are what is written in the end. Everything random belongs to a
 * seed and a step, so a training that was interrupted ends with the same bytes (at one thread) as one that was not.
 *
 * Inputs are fixed at birth; outputs change on the main thread only (or on the thread of eng_training_run()). */
#pragma once

#include "data.h"
#include "kind.h"

G_BEGIN_DECLS

/* Parameters of every training, after the kind's own: "steps", "batch", "learning-rate", "schedule", "warm-up",
 * "weight-decay", "validation", "validate-every", "patience", "target", "pictures". */
extern const EngParam eng_training_params[];

typedef enum
{
  ENG_TRAINING_QUEUED,
  ENG_TRAINING_PREPARING, /* pictures are read; when all are, the untrained explainer is judged */
  ENG_TRAINING_RUNNING,
  ENG_TRAINING_PAUSED,
  ENG_TRAINING_DONE,      /* the file is written: all steps, no patience left, or stopped */
  ENG_TRAINING_CANCELLED, /* nothing is written but the checkpoint */
  ENG_TRAINING_FAILED
} EngTrainingState;

typedef struct
{
  int step; /* that made it, from 1 */
  double loss, rate;
  double terms[ENG_NET_MAX_TERMS]; /* as net->terms names them */
} EngTrainingPoint;

typedef struct
{
  int step; /* after how many; 0: untrained */
  double loss, score;
  gboolean best;
} EngTrainingMark;

/* What is known at one moment. (transfer full) snapshots, immutable. */
typedef struct
{
  gatomicrefcount ref;
  EngTrainingState state;
  int step, steps;
  guint prepared, pictures; /* while they are read */
  double seconds, eta;      /* of this run; < 0: not known yet */
  char *data_summary;       /* "" until the pictures are read */
  char **skipped;           /* "NAME: reason" */
  char *term_names[ENG_NET_MAX_TERMS + 1];
  GArray *points; /* EngTrainingPoint, one per step */
  GArray *marks;  /* EngTrainingMark, one per validation */
  int best;       /* place in @marks; -1: none yet */
  /* Validation pictures with the newest map of each: */
  int n_previews, preview_rows, preview_cols, view_width, view_height;
  guint8 *views;   /* n x height x width x 3 */
  float *previews; /* n x rows x cols */
  char *note;      /* what a person should know: "batch 12: only 12 pictures"; "" */
  char *output;    /* the file, once it is written; what failed may have written its best, too; NULL */
  int kept_step;   /* of the checkpoint with which this training can be gone on with; -1: none */
} EngTrainingStatus;

EngTrainingStatus *eng_training_status_ref (EngTrainingStatus *self);
void eng_training_status_unref (EngTrainingStatus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngTrainingStatus, eng_training_status_unref)

#define ENG_TRAINING_PREVIEWS 6

#define ENG_TYPE_TRAINING (eng_training_get_type ())
G_DECLARE_FINAL_TYPE (EngTraining, eng_training, ENG, TRAINING, GObject)

/* Signal "changed": the status is another. Main context, or the thread of eng_training_run(). */

/* What to do with the checkpoint of an earlier run, OUTPUT.checkpoint. */
typedef enum
{
  ENG_RESUME_REFUSE, /* an error that tells of it */
  ENG_RESUME_YES,    /* go on; begin anew where there is none */
  ENG_RESUME_NO      /* begin anew */
} EngResume;

/**
 * eng_training_new:
 * @layer: (nullable): name of a target; NULL: the kind's default
 * @source: copied; its frozen, most and seed are filled from kind and values
 * @values: (transfer full) (nullable): parameters of eng_kind_values()
 * @output: where the explainer goes: NAME.explainer.onnx
 * @cache: (nullable): folder for prepared pictures
 */
EngTraining *eng_training_new (EngModel *model, const EngExplainerKind *kind, const char *layer,
                               const EngTrainSource *source, EngValues *values, guint64 seed, const char *output,
                               const char *cache, EngResume resume);
/* (transfer full): the same, to go on from its checkpoint. */
EngTraining *eng_training_again (EngTraining *self);
/* On the calling thread. TRUE when the file is written. */
gboolean eng_training_run (EngTraining *self, GError **error);
/* On the engine thread, in the background: all other work goes between its parts. */
void eng_training_start (EngTraining *self);
/* ---- any thread ---- */
void eng_training_set_paused (EngTraining *self, gboolean paused);
/* Ends after the part under way and writes the best so far; the checkpoint stays, so it can be gone on with. */
void eng_training_stop (EngTraining *self);
/* Ends after the part under way; the checkpoint stays. */
void eng_training_cancel (EngTraining *self);

EngTrainingStatus *eng_training_status (EngTraining *self); /* (transfer full) */
GError *eng_training_error (EngTraining *self);             /* (transfer full) (nullable) */
const EngExplainerKind *eng_training_kind (EngTraining *self);
EngModel *eng_training_model (EngTraining *self);
const char *eng_training_output (EngTraining *self);

/* Seconds that @steps would take, from two parts of a step on random pictures; engine thread. < 0 with an error.
 * @cancellable: (nullable): looked at between the parts, where other work is let in too. */
double eng_training_estimate (EngModel *model, const EngExplainerKind *kind, const char *layer,
                              const EngValues *values, GCancellable *cancellable, GError **error);

G_END_DECLS
