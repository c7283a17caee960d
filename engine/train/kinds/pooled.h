/* Classifiers that end in the mean of a feature map over its cells and one linear layer (global average pooling):
 * where the map, the mean and the layer lie. */
#pragma once

#include "../net.h"

G_BEGIN_DECLS

typedef struct
{
  const char *features;    /* value that is averaged; the model's */
  const char *pooled;      /* its mean; the model's */
  const EngTarget *target; /* geometry of @features, which may be the target without its prefix tokens */
} EngPooled;

/* Weights of the layers above the mean that a net trains: those of its source, and its own in their place. */
typedef struct
{
  EngValue *of[4], *own[4];
  int n;
} EngPooledTuned;

/* FALSE with a sentence that says what the network ends in instead. Reads the graph; computes nothing. */
gboolean eng_pooled_find (EngModel *model, EngPooled *self, GError **error);
/* A value like @features with the batch in front -> B x channels x (rows * cols). */
EngValue *eng_pooled_cells (const EngPooled *self, EngNet *net, EngValue *features, GError **error);
/* From now on the layers above the mean train: they start as the classifier has them. */
void eng_pooled_tune (const EngPooled *self, EngNet *net, EngPooledTuned *tuned);
/* Logits of @mean (B x channels x 1): a copy of the classifier's layers above the mean. @tuned: n may be 0. */
EngValue *eng_pooled_head (const EngPooled *self, EngNet *net, const char *prefix, EngValue *mean,
                           const EngPooledTuned *tuned, GError **error);
/* The classifier's logits (K values) of any @features, at batch 1. */
gboolean eng_pooled_run (const EngPooled *self, EngModel *model, const float *features, float *logits,
                         GError **error);

G_END_DECLS
