/* DeepLIFT's rescale rule (Shrikumar, Greenside and Kundaje, ICML 2017, section 3.5.1) for the network above a layer,
 * against the reference "layer = 0": contributions of the layer's numbers that add up to the difference of the
 * scores. */
#pragma once

#include "above.h"

G_BEGIN_DECLS

typedef struct
{
  EngAbove above;
  double score, reference;    /* of the picture, and with the layer at 0 */
  float *layer, *multipliers; /* as the network stores them: activations (borrowed) and contribution per activation */
} EngRescale;

/* FALSE with a sentence that names what stands above @target and has no rule. @method: its name, for that sentence.
 */
gboolean eng_rescale_applies (EngModel *model, const EngTarget *target, const char *method, GError **error);
/**
 * eng_rescale_run:
 * @self: zeroed
 * @job: of a method for which eng_rescale_applies()
 *
 * Three forward passes, two of them above the layer, and one backward pass there. FALSE with an error.
 */
gboolean eng_rescale_run (EngRescale *self, EngJob *job, GError **error);
void eng_rescale_clear (EngRescale *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EngRescale, eng_rescale_clear)

G_END_DECLS
