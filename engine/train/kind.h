/* Kinds of trained explainers: one row each, one file each in kinds/. The form in the window, the flags of the
 * command line, the file's metadata and the tests come from the row. */
#pragma once

#include "net.h"

G_BEGIN_DECLS

/* What labels (of a list, or the names of folders) are to a kind. */
typedef enum
{
  ENG_LABELS_UNUSED,  /* learns from the classifier's answers alone */
  ENG_LABELS_OPTIONAL /* the class to explain; without them the predicted one */
} EngLabelUse;

/* A batch of prepared pictures; owned by the trainer. B = net->batch, in rows. */
typedef struct
{
  int step, steps;     /* of the optimiser, from 0; of all */
  gboolean validating; /* no random choices that make scores jump, please */
  int n;               /* rows that count; the others repeat the last of these */
  const int *index;    /* B: place in the data */
  const float *pixels; /* B x 3 x H x W in [0,1] */
  const float *input;  /* B x C x H x W, normalised */
  const float *logits; /* B x K, of the untouched pictures */
  const float *frozen; /* B x size of the value that the kind's frozen() names; NULL */
  const int *classes;  /* B: the label's class, or the predicted one (parameter "target") */
  const float *onehot; /* B x K: 1 at every class that a label names, or at the predicted one */
  GRand *random;       /* belongs to this batch: the same numbers whenever it is drawn again */
} EngTrainBatch;

typedef struct
{
  const char *id; /* of a parameter of training (training.h) */
  double value;
} EngTrainDefault;

typedef struct _EngExplainerKind EngExplainerKind;

struct _EngExplainerKind
{
  const char *id, *name, *about, *reference; /* id is stable: files, command line */
  const char *method;                        /* id of the method that answers with it */
  const EngParam *params;                    /* own ones, ended by a NULL id; NULL: none */
  const EngTrainDefault *defaults; /* where they differ from the trainer's; ended by a NULL id; may be NULL */
  double (*model_default) (EngModel *model, const EngParam *param); /* as of a method; may be NULL */
  EngLabelUse labels;
  EngNeeds needs; /* as of a method */
  /* NULL: eng_model_default_target() where a grid is needed. */
  const EngTarget *(*default_target) (EngModel *model);
  /* Beyond what @needs says: FALSE with a sentence that a person understands. May be NULL. */
  gboolean (*can_train) (EngModel *model, const EngTarget *target, GError **error);
  /* The classifier's value that is computed once per picture and kept; NULL, or NULL returned: none. */
  const char *(*frozen) (EngModel *model, const EngTarget *target, const EngValues *values);
  /* Fills @net: graph, loss, terms, what is wanted, what is deployed. */
  gboolean (*build) (EngNet *net, GError **error);
  /* Writes the pass's inputs for @batch. */
  gboolean (*feed) (EngNet *net, const EngTrainBatch *batch, GError **error);

  /* ---- after feed() and a forward pass on validation pictures ---- */
  const char *score_name; /* "POS AUC" */
  const char *score_unit; /* "of 90"; "" */
  gboolean higher_is_better;
  /* Share of the steps before which no judgement chooses what is kept, because the loss is still another one. NULL:
   * 0.
   */
  double (*keeps_from) (const EngValues *values);
  /* Adds the score of rows 0 .. n - 1 to @sum; the trainer divides. */
  gboolean (*judge) (EngNet *net, const EngTrainBatch *batch, double *sum, GError **error);
  /* Map of row @i, *rows x *cols, not negative or signed as the method says: (transfer full) */
  float *(*preview) (EngNet *net, const EngTrainBatch *batch, int i, int *rows, int *cols);

  /* The file's key of the network it explains: NULL: the model's digest. TVE: that of the encoder, so that any head
   * on it is served. (transfer full) */
  char *(*belongs_to) (EngModel *model, GError **error);
};

const EngExplainerKind *eng_kind_nth (guint i); /* NULL at the end; order of kinds/meson.build */
const EngExplainerKind *eng_kind_find (const char *id, GError **error); /* the error lists the ids */
const EngExplainerKind *eng_kind_of_method (const char *method_id);     /* (nullable) */
/* FALSE with a sentence that says why not and what to do. @target: (nullable): the default one. */
gboolean eng_kind_can_train (const EngExplainerKind *self, EngModel *model, const EngTarget *target, GError **error);
const EngTarget *eng_kind_default_target (const EngExplainerKind *self, EngModel *model); /* (nullable) */
/* Own parameters, then those of every training (training.h), with this kind's and this model's defaults. */
const EngParam *eng_kind_param (const EngExplainerKind *self, guint i); /* NULL at the end */
EngValues *eng_kind_values (const EngExplainerKind *self, EngModel *model /* (nullable) */);

G_END_DECLS
