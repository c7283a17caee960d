/* Grad-CAM (Selvaraju et al., ICCV 2017, equations 1 and 2): with A the feature map and g the gradient
 * of the class's logit with respect to it, M = ReLU (sum_c mean (g_c) A_c), kept unnormalised at the
 * map's own grid. */
#include "cam.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (EngCam) cam = { 0 };
  eng_cam_init (&cam, job);
  if (!eng_cam_read (&cam, error))
    return NULL;
  g_autofree double *weights = g_new0 (double, cam.channels);
  for (gsize c = 0; c < cam.channels; c++)
    for (gsize i = 0; i < cam.cells; i++)
      weights[c] += cam.g[c * cam.cells + i] / (double)cam.cells;
  return eng_cam_weighted (&cam, weights, 1);
}

extern const EngMethod eng_method_grad_cam;
const EngMethod eng_method_grad_cam = {
  .id = "grad-cam",
  .name = "Grad-CAM",
  .about = "The feature map's channels, weighted by the mean gradient of the class's logit.",
  .reference = "Selvaraju et al.: Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, "
               "ICCV 2017",
  .family = ENG_FAMILY_CLASS_ACTIVATION,
  .sign = ENG_SIGN_UNSIGNED,
  .sign_with = eng_cam_sign,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS,
  .class_dependent = TRUE,
  .params = eng_cam_params,
  .cost = "1 forward, 1 backward pass",
  .passes = eng_cost_one_gradient,
  .explain = explain,
};
