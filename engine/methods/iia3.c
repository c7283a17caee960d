/* IIA3: integrals over the image, the layer before the last and the last. Formulae: iia.c, iia-attention.c. */
#include "attention.h"
#include "iia.h"
#include "integrated-attention.h"

#include <math.h>
#include <string.h>

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return eng_iia_passes (model, target, values, 3);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  EngAttention at;
  if (eng_integrated_reads_attention (model, target))
    return eng_integrated_check_layer (model, target, "IIA3", error) && eng_attention_init (&at, model, error)
           && eng_integrated_check_blocks (model, 2, "IIA3", error);
  return eng_integrated_check_stages (model, target, 1, "IIA3", error);
}

/* Of transformers there is no released code. */
static double
model_default (EngModel *model, const EngParam *param)
{
  gboolean attention = eng_integrated_reads_attention (model, eng_model_default_cam_target (model));
  return attention && strcmp (param->id, "variant") == 0 ? ENG_VARIANT_DESCRIBED : NAN;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  return eng_iia_explain (job, 3, error);
}

extern const EngMethod eng_method_iia3;
const EngMethod eng_method_iia3 = {
  .id = "iia3",
  .name = "IIA3",
  .about = "As IIA2, with a third integral over the layer before.",
  .reference = "Barkan et al.: Visual Explanations via Iterated Integrated Attributions, ICCV 2023",
  .family = ENG_FAMILY_INTEGRATED,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS,
  .class_dependent = TRUE,
  .params = eng_iia_params,
  .cost = "with n steps about (n + 1)³ forward and backward passes above the layer and (n + 1)² forward passes below",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
  .model_default = model_default,
};
