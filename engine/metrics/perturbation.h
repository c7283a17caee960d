/* The perturbation protocol of the LTX evaluation (Barkan et al., ICDM 2023; released code): pixels are
 * set to black (0 in [0,1] RGB, before normalisation) in order of the map, 10 % at a time, up to 90 %.
 *
 * POS removes the most relevant first, NEG the least relevant. Per step a_k = [argmax f = class]
 * (accuracy) or softmax probability (DEL, INS). AUC = 100 * trapezoid over x = 0, 0.1 .. 0.9, so at most 90. */
#pragma once

#include "../model.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_REMOVE_MOST_FIRST, /* POS, DEL: lower is better */
  ENG_REMOVE_LEAST_FIRST /* NEG, INS: higher is better */
} EngRemoval;

typedef enum
{
  ENG_SCORE_ACCURACY,
  ENG_SCORE_PROBABILITY
} EngScore;

#define ENG_PERTURBATION_STEPS 10 /* 0 %, 10 % .. 90 % */

typedef struct _EngPerturbation EngPerturbation;

/* One picture, one class; made once, used for many maps. @input: C x H x W normalised, copied.
 * @logits: of the untouched picture. */
EngPerturbation *eng_perturbation_new (EngModel *model, const float *input, const float *logits, int class_index,
                                       GError **error);
void eng_perturbation_free (EngPerturbation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngPerturbation, eng_perturbation_free)

/**
 * eng_perturbation_auc:
 * @map: H x W at the model's input size
 * @best: give up as soon as the AUC can no longer be strictly better than this (lower for
 *   %ENG_REMOVE_MOST_FIRST, higher else); NAN: evaluate everything
 * @forward: (inout): increased by the number of pictures evaluated
 *
 * Returns: the AUC, or NAN when it was given up. Exact: giving up never changes which map wins.
 */
double eng_perturbation_auc (EngPerturbation *self, const float *map, EngRemoval removal, EngScore score, double best,
                             guint64 *forward);
/* Pixel indices by descending value; among equal values the smaller index first (stable). @order: n. */
void eng_rank_descending (const float *map, int n, guint32 *order);

G_END_DECLS
