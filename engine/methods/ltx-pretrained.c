/* LTX's first stage on its own (pLTX; Barkan et al., "Learning to Explain", ICDM 2023): one pass of an explainer that
 * was trained on many pictures (train/kinds/ltx.c). */
#include "../train/kinds/ltx.h"
#include "trained.h"

static const EngParam params[] = { ENG_TRAINED_PARAM, { NULL } };

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  return eng_trained_can_explain (model, eng_kind_ltx.id, error);
}

static char *
depends_on (EngModel *model, const EngValues *values)
{
  return eng_trained_depends_on (model, eng_kind_ltx.id, values);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 0 };
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_autoptr (EngExplainerFile) file = eng_trained_open (job, eng_kind_ltx.id, error);
  const float *const *masks = file ? eng_explainer_file_run (file, eng_job_input (job), error) : NULL;
  if (!masks)
    return NULL;
  const EngTarget *target = eng_explainer_file_target (file, eng_job_model (job));
  gsize cells = (gsize)target->rows * (gsize)target->cols;
  gboolean each = eng_explainer_file_shape (file, 0)->dim[1] > 1;
  eng_job_count (job, 1, 0);
  if (!each)
    eng_trained_note_one_map (job);
  return eng_job_make_heatmap (job, masks[0] + (each ? (gsize)eng_job_class_index (job) * cells : 0), 1, target->rows,
                               target->cols, ENG_UPSAMPLE_BILINEAR, target->name, NULL);
}

extern const EngMethod eng_method_ltx_pretrained;
const EngMethod eng_method_ltx_pretrained = {
  .id = "ltx-pretrained",
  .name = "LTX (pretrained)",
  .about = "The mask of an LTX explainer trained on many pictures, in one pass. As published, one map per picture, "
           "whichever class is chosen; trained with a map for each class, that of the class.",
  .reference =
      "Barkan et al.: Learning to Explain: A Model-Agnostic Framework for Explaining Black Box Models, ICDM 2023",
  .sign = ENG_SIGN_UNSIGNED,
  .family = ENG_FAMILY_LEARNED,
  .needs = ENG_NEEDS_FORWARD,
  .class_dependent = TRUE, /* but for an explainer trained as published */
  .params = params,
  .cost = "1 forward pass of the explainer",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
  .depends_on = depends_on,
};
