/* Raw attention: where the last block looks. M = mean over heads of the last attention matrix, in the row of the
 * token that the decision is made from (see attention.h), at the grid's columns. It is the usual first baseline
 * (for example Chefer, Gur and Wolf, CVPR 2021, section 4): no class enters, no gradient, no residual path. */
#include "attention.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngAttention at;
  const float *input = eng_job_input (job);
  if (!eng_attention_init (&at, eng_job_model (job), error))
    return NULL;
  int last = at.blocks - 1, heads = eng_attention_heads (&at, last);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_want (probe, at.targets[last]->name);
  eng_probe_skip_logits (probe);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return NULL;
  g_autofree double *mean = g_new0 (double, at.tokens), *row = g_new (double, at.tokens);
  for (int h = 0; h < heads; h++)
    {
      eng_attention_read_row (&at, item->values[0] + h * at.square, row);
      for (int i = 0; i < at.tokens; i++)
        mean[i] += row[i] / heads;
    }
  return eng_attention_make_heatmap (&at, job, mean);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 0 };
}

extern const EngMethod eng_method_raw_attention;
const EngMethod eng_method_raw_attention = {
  .id = "raw-attention",
  .name = "Raw attention",
  .about = "Where the last attention block looks, whatever the class.",
  .reference = "Dosovitskiy et al.: An Image Is Worth 16x16 Words, ICLR 2021",
  .family = ENG_FAMILY_TRANSFORMER,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_ATTENTION,
  .allows = ENG_ALLOWS_AVERAGE,
  .cost = "1 forward pass",
  .passes = passes,
  .can_explain = eng_attention_can_explain,
  .explain = explain,
};
