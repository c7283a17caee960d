/* DIX3: three layers. Formulae: dix.c. */
#include "../error.h"
#include "dix.h"

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return eng_dix_passes (model, target, values, 3);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  if (eng_integrated_reads_attention (model, target))
    return eng_fail (
        error, ENG_ERROR_UNSUPPORTED,
        "DIX3 is known for convolutional networks only: for transformers its authors released no code and "
        "its formula is not known to Sightline. DIX2 applies.");
  return eng_integrated_check_stages (model, target, 2, "DIX3", error);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  return eng_dix_explain (job, 3, error);
}

extern const EngMethod eng_method_dix3;
const EngMethod eng_method_dix3 = {
  .id = "dix3",
  .name = "DIX3",
  .about = "The last layer’s activation times gradient, strengthened where two layers before agree.",
  .reference = "Barkan et al.: Deep Integrated Explanations, CIKM 2023",
  .family = ENG_FAMILY_INTEGRATED,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS,
  .class_dependent = TRUE,
  .params = eng_dix_params,
  .cost = "with n steps: 2 n + 1 forward, 2 n + 1 backward passes",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
};
