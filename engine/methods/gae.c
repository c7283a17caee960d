/* Generic attention explainability, self-attention case (Chefer, Gur and Wolf, ICCV 2021, equations 5 and 6): with
 * G_b the gradient of the class's logit with respect to the attention A_b of block b,
 * E_b = mean over heads of relu (A_b * G_b); R starts as I and every block adds E_b R. M = the decision's row of R.
 * Since R = (I + E_L) ... (I + E_1), this is a rollout without division of the rows. */
#include "attention.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngAttention at;
  const float *input = eng_job_input (job);
  if (!eng_attention_init (&at, eng_job_model (job), error))
    return NULL;
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_attention_want (&at, probe, TRUE);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return NULL;
  g_autofree double *e = eng_attention_new_matrices (&at), *row = g_new (double, at.tokens);
  for (int b = 0; b < at.blocks; b++)
    eng_attention_add_positive (&at, b, item->values[b], item->grads[b], 1, e + b * at.square);
  eng_attention_rollout (&at, e, 0, FALSE, row);
  return eng_attention_make_heatmap (&at, job, row);
}

extern const EngMethod eng_method_gae;
const EngMethod eng_method_gae = {
  .id = "gae",
  .name = "GAE",
  .about = "Attention times its gradient, where positive, followed through all blocks.",
  .reference = "Chefer, Gur, Wolf: Generic Attention-Model Explainability, ICCV 2021",
  .family = ENG_FAMILY_TRANSFORMER,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_ATTENTION,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE,
  .class_dependent = TRUE,
  .cost = "1 forward, 1 backward pass",
  .passes = eng_cost_one_gradient,
  .can_explain = eng_attention_can_explain,
  .explain = explain,
};
