/* LTX's explainer of one picture and one class (Barkan et al., "Learning to Explain", ICDM 2023): the net of
 * train/kinds/ltx.h at batch 1, trained step by step. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_MASK_SOFTPLUS, /* mean softplus (s): the released code's "BCE" of an already sigmoided mask */
  ENG_MASK_L1        /* mean |s| */
} EngMaskLoss;

typedef enum
{
  ENG_INVERSE_UNLIKELIHOOD, /* CE (x M) - w ln (1 - p (x (1 - M))), p the class's probability */
  ENG_INVERSE_CROSS_ENTROPY /* (CE (x M) - w CE (x (1 - M))) / (1 + w), of the authors' earlier release */
} EngInverseLoss;

typedef struct
{
  double learning_rate;  /* AdamW */
  double sparsity;       /* lambda */
  double inverse_weight; /* w; 0: CE (x M) alone */
  EngInverseLoss inverse_loss;
  EngMaskLoss mask_loss;
} EngExplainerSettings;

typedef struct
{
  double loss, prediction_loss, mask_loss,
      inverse_loss;    /* of the picture under 1 - M: its CE or - ln (1 - p); NAN when unused */
  double target_score; /* softmax probability of the class under the mask */
} EngExplainerLosses;

typedef struct _EngExplainer EngExplainer;

/**
 * eng_explainer_new:
 * @target: feature map or token grid of @model
 * @pixels: 3 x H x W in [0,1]; @input: the same normalised
 * @seed: of the head: linear layers N (0, 0.02) with zero bias, 1x1 convolution uniform in +-1/sqrt (channels)
 */
EngExplainer *eng_explainer_new (EngModel *model, const EngTarget *target, const float *pixels, const float *input,
                                 int class_index, const EngExplainerSettings *settings, guint64 seed, GError **error);
void eng_explainer_free (EngExplainer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngExplainer, eng_explainer_free)

int eng_explainer_rows (EngExplainer *self);
int eng_explainer_cols (EngExplainer *self);
/* Runs forward. @mask: rows x cols, the mask of this step. */
void eng_explainer_forward (EngExplainer *self, float *mask, EngExplainerLosses *losses);
/* Walks back and takes one optimiser step. */
void eng_explainer_update (EngExplainer *self);
/* What the next step depends on, as bytes: the trained weights and the optimiser's state, about three times the
 * weights. Between forward and update, which is then taken with the gradients of another forward. */
gsize eng_explainer_state_size (EngExplainer *self);
void eng_explainer_save_state (EngExplainer *self, guint8 *state);
void eng_explainer_load_state (EngExplainer *self, const guint8 *state);
/* Trained weights by name ("explainer/NAME", "head/..."); sets or copies @n values; FALSE: no such weight or size. */
gboolean eng_explainer_set_weight (EngExplainer *self, const char *name, const float *values, int64_t n);
gboolean eng_explainer_get_weight (EngExplainer *self, const char *name, float *values, int64_t n);
/* How many weights (arrays) and numbers train. */
void eng_explainer_counts (EngExplainer *self, int *weights, gint64 *scalars);

/* A copy of all trained weights as they are now: (transfer full). */
float *eng_explainer_weights (EngExplainer *self);
/* The explainer with @weights as a file of kind "ltx" (train/explainer-file.h). @step: how many steps made them. */
gboolean eng_explainer_save (EngExplainer *self, const float *weights, int step, const char *path, GError **error);
/* Starts from the weights of a file of kind "ltx", for the same model and target: trained on many pictures, or saved
 * after one. */
gboolean eng_explainer_load (EngExplainer *self, const char *path, GError **error);

G_END_DECLS
