/* LayerCAM (Jiang et al., IEEE TIP 2021, equations 5 to 7): each cell of each channel has its own weight, the
 * positive part of its gradient, M = ReLU (sum_c ReLU (g_c) A_c). Made for early layers, too. */
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
    if (!(cam.g[k] <= 0)) /* NaN stays, for the job to report */
      sum[k % cam.cells] += (double)cam.g[k] * cam.a[k];
  return eng_cam_finish (&cam, sum);
}

extern const EngMethod eng_method_layer_cam;
const EngMethod eng_method_layer_cam = {
  .id = "layer-cam",
  .name = "LayerCAM",
  .about = "Positive gradient times activation in each cell of the feature map; works at early layers.",
  .reference = "Jiang et al.: LayerCAM: Exploring Hierarchical Class Activation Maps for Localization, IEEE "
               "Transactions on Image Processing 2021",
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
