/* TVE by trained explainers: what they say of the encoder, through the head of the model that is explained; see
 * train/kinds/tve.c.
 *
 *   map_i = lambda+ (W_c E+ (x)_i + b_c) - lambda- (W_c E- (x)_i + b_c)
 *
 * Neither explainer knows of W and b: they serve the model they were trained with and every other one that has a
 * linear head on the same encoder. */
#include "../error.h"
#include "../windows.h"
#include "trained.h"

#include <stdlib.h>
#include <string.h>

/* Another head than the one it was trained beside is what transfer is for: said, not refused. */
static void
note_transfer (EngJob *job, EngExplainerFile *file)
{
  const char *beside = eng_explainer_file_get (file, "model.sha256"),
             *name = eng_explainer_file_get (file, "model.name");
  if (beside && strcmp (beside, eng_model_sha256 (eng_job_model (job))) != 0)
    eng_job_note (job, "transfer", 1,
                  g_strdup_printf ("Transferred: the explainer was trained on the encoder of %s, which this model "
                                   "shares; its head was not seen in training",
                                   name && *name ? name : "another model"));
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngModel *model = eng_job_model (job);
  const EngValues *values = eng_job_values (job);
  g_autoptr (EngExplainerFile) file = NULL;
  if (!eng_windows_check_lambdas (values, error) || !(file = eng_trained_open (job, "tve", error)))
    return NULL;
  const float *const *answers = eng_explainer_file_run (file, eng_job_input (job), error);
  if (!answers)
    return NULL;
  eng_job_count (job, 1, 0);
  note_transfer (job, file);
  const EngShape *shape = eng_explainer_file_shape (file, 0); /* 1 x D x side x side */
  int width = (int)shape->dim[1], side = (int)shape->dim[2], n = side * side;
  const char *radius = eng_explainer_file_setting (file, "radius");
  EngWindows windows = eng_windows_new (model, side, radius ? atoi (radius) : 0);
  g_autofree float *map = g_new (float, n), *pooled = g_new (float, n);
  if (!eng_windows_transfer (model, eng_job_class_index (job), eng_job_contrast (job), width, n, answers[0],
                             eng_values_get (values, "lambda-plus"), answers[1],
                             eng_values_get (values, "lambda-minus"), map, error))
    return NULL;
  gboolean pooling = eng_values_get (values, "pooling") != 0;
  if (pooling)
    eng_windows_pool (&windows, map, pooled);
  return eng_job_make_heatmap (job, pooling ? pooled : map, 1, side, side, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  return eng_trained_can_explain (model, "tve", error);
}

static char *
depends_on (EngModel *model, const EngValues *values)
{
  return eng_trained_depends_on (model, "tve", values);
}

/* Both explainers count as one; the head alone counts as nothing. */
static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 0 };
}

static const EngParam params[] = {
  ENG_TRAINED_PARAM, ENG_WINDOWS_PLUS_PARAM, ENG_WINDOWS_MINUS_PARAM, ENG_WINDOWS_POOLING_PARAM, { NULL },
};

extern const EngMethod eng_method_tve;
const EngMethod eng_method_tve = {
  .id = "tve",
  .name = "TVE",
  .about = "What the class's linear head makes of the embedding with only a window kept, and with it removed, as "
           "explainers that were trained on its encoder tell in one pass.",
  .reference = "Wang et al.: TVE: Learning Meta-attribution for Transferable Vision Explainer, ICML 2024",
  .family = ENG_FAMILY_META_ATTRIBUTION,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_LINEAR_HEAD,
  .allows = ENG_ALLOWS_CONTRAST,
  .class_dependent = TRUE,
  .params = params,
  .cost = "1 forward pass of the explainers",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
  .depends_on = depends_on,
};
