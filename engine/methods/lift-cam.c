/* LIFT-CAM (Jung and Oh, ICCV 2021, section 4.3): channels as players, their worth estimated by DeepLIFT. With m the
 * multipliers of the rescale rule from the layer to the class's logit, against the reference "layer = 0",
 *
 *   alpha_c = sum_ij m_ij A_ij;  M = ReLU (sum_c alpha_c A_c).
 *
 * Completeness: the contributions of the whole layer add up to logit (A) - logit (0); how far they miss it is told
 * with the result. Where an average and one linear layer follow, alpha_c = w_c mean (A_c). */
#include "cam.h"
#include "rescale.h"

#include <math.h>

static const EngParam params[] = { ENG_CAM_PARAM_RELU, { NULL } };

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  return eng_rescale_applies (model, target, "LIFT-CAM", error);
}

static void
note_gap (EngJob *job, const EngRescale *lift)
{
  double sum = 0, difference = lift->score - lift->reference;
  for (gsize k = 0; k < lift->above.sizes[0]; k++)
    sum += (double)lift->multipliers[k] * lift->layer[k];
  double gap = fabs (sum - difference) / fmax (fabs (difference), 1e-6);
  eng_job_note (
      job, "completeness-gap", gap,
      g_strdup_printf ("Completeness gap %.2g %%: contributions add up to %.4g, the score is %.4g above the "
                       "one with the layer at 0",
                       100 * gap, sum, difference));
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (EngCam) cam = { 0 };
  g_auto (EngRescale) lift = { 0 };
  eng_cam_init (&cam, job);
  if (!eng_rescale_run (&lift, job, error))
    return NULL;
  gsize n = cam.channels * cam.cells;
  cam.a = g_new (float, n);
  cam.g = g_new (float, n);
  eng_target_gather (cam.target, lift.layer, cam.a);
  eng_target_gather (cam.target, lift.multipliers, cam.g);
  g_autofree double *weights = g_new0 (double, cam.channels);
  for (gsize k = 0; k < n; k++)
    weights[k / cam.cells] += (double)cam.g[k] * cam.a[k];
  note_gap (job, &lift);
  return eng_cam_weighted (&cam, weights, 1);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 3, 1 };
}

extern const EngMethod eng_method_lift_cam;
const EngMethod eng_method_lift_cam = {
  .id = "lift-cam",
  .name = "LIFT-CAM",
  .about = "The feature map's channels, weighted by their share in the logit as DeepLIFT divides it.",
  .reference = "Jung, Oh: Towards Better Explanations of Class Activation Mapping, ICCV 2021",
  .family = ENG_FAMILY_CLASS_ACTIVATION,
  .sign = ENG_SIGN_UNSIGNED,
  .sign_with = eng_cam_sign,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS,
  .class_dependent = TRUE,
  .params = params,
  .cost = "3 forward passes, two of them above the layer, and 1 backward pass above it",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
};
