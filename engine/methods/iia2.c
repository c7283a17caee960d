/* IIA2: integrals over the image and over the last layer. Formulae: iia.c, iia-attention.c. */
#include "attention.h"
#include "iia.h"

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return eng_iia_passes (model, target, values, 2);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  EngAttention at;
  return eng_integrated_check_layer (model, target, "IIA2", error)
         && (!eng_integrated_reads_attention (model, target) || eng_attention_init (&at, model, error));
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  return eng_iia_explain (job, 2, error);
}

extern const EngMethod eng_method_iia2;
const EngMethod eng_method_iia2 = {
  .id = "iia2",
  .name = "IIA2",
  .about = "Gradients at a layer, integrated over the picture's and the layer's way from a baseline.",
  .reference = "Barkan et al.: Visual Explanations via Iterated Integrated Attributions, ICCV 2023",
  .family = ENG_FAMILY_INTEGRATED,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS,
  .class_dependent = TRUE,
  .params = eng_iia_params,
  .cost =
      "with n steps: n + 1 forward, n + 1 backward passes (feature maps, released); else (n + 1) (n + 2) forward, "
      "(n + 1)² backward",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
};
