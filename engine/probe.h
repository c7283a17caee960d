/* The classifier as methods ask it: many inputs (or many feature maps) at once, in batches that the memory
 * budget allows, each answered with scores, activations and gradients of that one item.
 *
 *   g_autoptr (EngProbe) probe = eng_probe_new (job);
 *   eng_probe_want_grad (probe, NULL);
 *   if (eng_probe_run (probe, 50, fill, take, &state, error) < 0) ...
 *
 * What is explained is the class's logit (or its difference to the job's contrast class) unless
 * eng_probe_set_output() says otherwise. Passes are counted for the provenance. Items are taken in order,
 * whatever the batch size. One owner, engine thread. */
#pragma once

#include "job.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_OUTPUT_LOGIT,      /* before softmax: as nearly all methods are defined */
  ENG_OUTPUT_PROBABILITY /* after softmax */
} EngOutput;

/* For a parameter "output" of type ENG_PARAM_CHOICE; the index is the EngOutput. */
extern const char *const eng_output_choices[];
/* That parameter's row. */
#define ENG_OUTPUT_PARAM                                                                                             \
  {                                                                                                                  \
    .id = "output", .label = "Explained output", .unit = "", .type = ENG_PARAM_CHOICE,                               \
    .maximum = ENG_OUTPUT_PROBABILITY, .otherwise = ENG_OUTPUT_LOGIT, .choices = eng_output_choices,                 \
    .help = "The class's logit, as published, or its softmax probability, which the other classes enter too.",       \
  }

typedef struct
{
  int index;                  /* of the item in this run */
  double score;               /* the explained output; 0 without logits */
  const float *logits;        /* K values; NULL after eng_probe_skip_logits() */
  const float *const *values; /* in order of eng_probe_want(), as the network stores them, at batch 1 */
  const float *const *grads;  /* in order of eng_probe_want_grad(): d score / d value */
} EngProbeItem;

/* Writes item @index: @inputs[k] belongs to the k-th eng_probe_feed(), or is the image when nothing was fed. */
typedef void (*EngProbeFill) (int index, float *const *inputs, gpointer data);
/* FALSE with an error ends the run. May be NULL. */
typedef gboolean (*EngProbeTake) (const EngProbeItem *item, gpointer data, GError **error);
/* Writes d loss / d logits (K values) of item @index for a loss of the method's own. */
typedef void (*EngProbeSeed) (int index, const float *logits, float *seed, gpointer data);

typedef struct _EngProbe EngProbe;

EngProbe *eng_probe_new (EngJob *job);
/* Without a job: what metrics run. No contrast. @model is borrowed. */
EngProbe *eng_probe_new_alone (EngModel *model, int class_index);
/* Of a probe without a job: (nullable), kept until the next call. */
void eng_probe_set_cancellable (EngProbe *self, GCancellable *cancellable);
void eng_probe_free (EngProbe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngProbe, eng_probe_free)

/* ---- declared before the first run; names of values in the graph, NULL: the image ---- */
/* Gives a value instead of computing it: run the network above a layer, or with another attention. Nothing fed:
 * the image is. The number of the input, from 0. */
int eng_probe_feed (EngProbe *self, const char *name);
int eng_probe_want (EngProbe *self, const char *name);      /* number of the value */
int eng_probe_want_grad (EngProbe *self, const char *name); /* number of the gradient; one backward pass per item */
void eng_probe_skip_logits (EngProbe *self);                /* only the network below what is wanted is run */
void eng_probe_set_most (EngProbe *self, int most);         /* no batch is larger; at most 8, which is the default */
void eng_probe_set_output (EngProbe *self, EngOutput output);
void eng_probe_set_seed (EngProbe *self, EngProbeSeed seed, gpointer data);

/**
 * eng_probe_run:
 * @n: number of items
 *
 * May be called again and again. Fails when a score or a gradient is not a number. Honours cancel and, for methods
 * that allow it, stop, after each batch. Returns: items taken: @n, or fewer after eng_job_stop(); -1 with an error.
 */
int eng_probe_run (EngProbe *self, int n, EngProbeFill fill, EngProbeTake take, gpointer data, GError **error);
/* The same from item @first on: the first ones were taken by an earlier run. Returns: items taken by both. */
int eng_probe_run_from (EngProbe *self, int first, int n, EngProbeFill fill, EngProbeTake take, gpointer data,
                        GError **error);
/* One item: @inputs as in EngProbeFill. The result is valid until the next run. NULL with an error. */
const EngProbeItem *eng_probe_one (EngProbe *self, const float *const *inputs, GError **error);
/* Score of the explained output for K logits. */
double eng_probe_score (EngProbe *self, const float *logits);
gsize eng_probe_size (EngProbe *self, const char *name); /* elements of a value at batch 1 */
guint64 eng_probe_forward (EngProbe *self);              /* forward passes run so far, in single items */

/* Bytes that the passes of one probe may take; 2 GB unless set. Any thread. */
void eng_set_memory_budget (gsize bytes);
gsize eng_memory_budget (void);

G_END_DECLS
