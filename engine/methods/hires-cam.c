/* HiResCAM (Draelos and Carin, 2020, equation 4): gradient and activation are multiplied in each cell, nothing is
 * averaged, M = ReLU (sum_c g_c A_c). Where one linear layer follows the map, the cells' values add up to the
 * logit (without its bias). */
#include "cam.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (EngCam) cam = { 0 };
  eng_cam_init (&cam, job);
  if (!eng_cam_read (&cam, error))
    return NULL;
  g_autofree double *sum = g_new0 (double, cam.cells);
  for (gsize k = 0; k < cam.channels * cam.cells; k++)
    sum[k % cam.cells] += (double)cam.g[k] * cam.a[k];
  return eng_cam_finish (&cam, sum);
}

extern const EngMethod eng_method_hires_cam;
const EngMethod eng_method_hires_cam = {
  .id = "hires-cam",
  .name = "HiResCAM",
  .about = "Gradient times activation in each cell of the feature map, summed over channels.",
  .reference = "Draelos, Carin: Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural "
               "networks, arXiv 2020",
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
