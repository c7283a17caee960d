/* Optimisers over the trained weights of a pass, or over an array of the caller's. */
#pragma once

#include "pass.h"

G_BEGIN_DECLS

/* AdamW with PyTorch's arithmetic (torch.optim.AdamW): decoupled weight decay first, bias correction, epsilon
 * outside the root. Loshchilov and Hutter, ICLR 2019. */
typedef struct _EngAdamW EngAdamW;

typedef struct
{
  double learning_rate, beta1, beta2, epsilon, weight_decay;
} EngAdamWSettings;

/* @weights: values that @pass trains, borrowed; both must outlive the optimiser. @pass is prepared. */
EngAdamW *eng_adamw_new (EngPass *pass, EngValue *const *weights, int n, const EngAdamWSettings *settings);
/* Over @n @values, borrowed; then eng_adamw_step_array(). Without weight decay this is Adam (Kingma and Ba, 2015). */
EngAdamW *eng_adamw_new_array (float *values, gsize n, const EngAdamWSettings *settings);
void eng_adamw_free (EngAdamW *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngAdamW, eng_adamw_free)
/* The step number and both moments of every weight, as bytes: what the next step depends on beside the weights. */
gsize eng_adamw_state_size (const EngAdamW *self);
void eng_adamw_save (const EngAdamW *self, guint8 *state);
void eng_adamw_load (EngAdamW *self, const guint8 *state);
/* For schedules: of the steps to come. */
void eng_adamw_set_rate (EngAdamW *self, double learning_rate);
/* One step with the gradients of the newest backward walk. */
void eng_adamw_step (EngAdamW *self);
void eng_adamw_step_array (EngAdamW *self, const float *gradient);

G_END_DECLS
