/* DIX2: two layers. Formulae: dix.c. */
#include "attention.h"
#include "dix.h"
#include "integrated-attention.h"

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return eng_dix_passes (model, target, values, 2);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  EngAttention at;
  if (eng_integrated_reads_attention (model, target))
    return eng_integrated_check_layer (model, target, "DIX2", error) && eng_attention_init (&at, model, error)
           && eng_integrated_check_blocks (model, 2, "DIX2", error);
  return eng_integrated_check_stages (model, target, 1, "DIX2", error);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  return eng_dix_explain (job, 2, error);
}

extern const EngMethod eng_method_dix2;
const EngMethod eng_method_dix2 = {
  .id = "dix2",
  .name = "DIX2",
  .about = "The last layer’s activation times gradient, strengthened where the layer before agrees.",
  .reference = "Barkan et al.: Deep Integrated Explanations, CIKM 2023",
  .family = ENG_FAMILY_INTEGRATED,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS,
  .class_dependent = TRUE,
  .params = eng_dix_params,
  .cost = "with n steps: n + 1 forward, n + 1 backward passes; on transformers 2 n + 3 forward, 2 n + 2 backward",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
};
