/* Attention Grad-CAM (the baseline of Chefer, Gur and Wolf, CVPR 2021, section 4): Grad-CAM with the heads of the
 * last block as channels. With a_h the decision's row of head h's attention at the grid's columns and g_h the same
 * row of the logit's gradient: M = ReLU (mean over heads of mean (g_h) a_h). */
#include "attention.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngAttention at;
  const float *input = eng_job_input (job);
  if (!eng_attention_init (&at, eng_job_model (job), error))
    return NULL;
  int last = at.blocks - 1, heads = eng_attention_heads (&at, last), cells = at.rows * at.cols;
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_want (probe, at.targets[last]->name);
  eng_probe_want_grad (probe, at.targets[last]->name);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return NULL;
  g_autofree double *a = g_new (double, at.tokens), *g = g_new (double, at.tokens), *sum = g_new0 (double, at.tokens);
  for (int h = 0; h < heads; h++)
    {
      double weight = 0;
      eng_attention_read_row (&at, item->values[0] + h * at.square, a);
      eng_attention_read_row (&at, item->grads[0] + h * at.square, g);
      for (int i = at.prefix; i < at.tokens; i++)
        weight += g[i] / cells;
      for (int i = at.prefix; i < at.tokens; i++)
        sum[i] += weight * a[i] / heads;
    }
  for (int i = 0; i < at.tokens; i++)
    sum[i] = sum[i] < 0 ? 0 : sum[i];
  return eng_attention_make_heatmap (&at, job, sum);
}

extern const EngMethod eng_method_attention_grad_cam;
const EngMethod eng_method_attention_grad_cam = {
  .id = "attention-grad-cam",
  .name = "Attention Grad-CAM",
  .about = "The last block's attention heads, weighted by the mean gradient of the class's logit.",
  .reference = "Chefer, Gur, Wolf: Transformer Interpretability Beyond Attention Visualization, CVPR 2021",
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
