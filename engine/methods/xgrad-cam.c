/* XGrad-CAM (Fu et al., BMVC 2020, equation 8): gradients weighted by the share that their cell has in the
 * channel's activation,
 *
 *   w_c = sum_ij g_ij A_ij / (sum_ij A_ij + 1e-7);  M = ReLU (sum_c w_c A_c). */
#include "cam.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (EngCam) cam = { 0 };
  eng_cam_init (&cam, job);
  if (!eng_cam_read (&cam, error))
    return NULL;
  g_autofree double *weights = g_new (double, cam.channels);
  for (gsize c = 0; c < cam.channels; c++)
    {
      const float *a = cam.a + c * cam.cells, *g = cam.g + c * cam.cells;
      double product = 0, total = 1e-7;
      for (gsize i = 0; i < cam.cells; i++)
        {
          product += (double)g[i] * a[i];
          total += a[i];
        }
      weights[c] = product == 0 ? 0 : product / total; /* a silent channel of any sign */
    }
  return eng_cam_weighted (&cam, weights, 1);
}

extern const EngMethod eng_method_xgrad_cam;
const EngMethod eng_method_xgrad_cam = {
  .id = "xgrad-cam",
  .name = "XGrad-CAM",
  .about = "Grad-CAM with gradients averaged where the channel is active, so that the weights explain the score.",
  .reference = "Fu et al.: Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs, BMVC 2020",
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
