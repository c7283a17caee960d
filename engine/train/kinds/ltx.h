/* LTX's net (Barkan et al., "Learning to Explain", ICDM 2023), at any batch size: a private copy of the classifier up
 * to a target, a head that gives one number per cell, a sigmoid; upsampling, masking, the frozen classifier, the
 * loss.
 *
 * Variant: the authors' released code, with its inverse-mask term computed as in their earlier release:
 *   L = (CE (x M) - w CE (x (1 - M))) / (1 + w) + lambda * mean softplus (s), s the mask's cells in (0,1).
 * That term has the slope 1 - p in the class's logit, p its probability under 1 - M: none while another object of the
 * class shows there, and never an end once it is gone. Our variant has the slope p:
 *   L = CE (x M) - w ln (1 - p) + lambda * mean softplus (s). */
#pragma once

#include "../kind.h"

G_BEGIN_DECLS

/* net->own of a net that eng_ltx_build() filled. */
typedef struct
{
  EngValue *pixels; /* B x 3 x H x W in [0,1] */
  EngValue *input;  /* B x C x H x W, normalised */
  EngValue *onehot; /* B x K: the class to explain */
  EngValue *lambda; /* 1 */
  EngValue *maps;   /* B x 1 x rows x cols, or a map for each class, B x K x rows x cols */
  EngValue *mask;   /* that of the class to explain, B x 1 x rows x cols */
  EngValue *logits; /* B x K, of the pictures under the mask */
  EngValue *prediction_loss, *mask_loss;
  EngValue *inverse_loss; /* of the pictures under 1 - M: CE or - ln (1 - p); NULL: weight 0 */
} EngLtxNet;

/* Choices of "inverse-loss", in the order of EngInverseLoss. */
extern const char *const eng_ltx_inverse_losses[];

/* Reads the values "maps", "inverse", "inverse-loss" and "mask-loss". Weights: "explainer/NAME" of the copy, and
 * "head/..."; of a map for each class, the last ones have a row for each. */
gboolean eng_ltx_build (EngNet *net, GError **error);

extern const EngExplainerKind eng_kind_ltx;

G_END_DECLS
