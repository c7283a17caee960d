/* Grad-CAM++ (Chattopadhay et al., WACV 2018, equations 14 and 19, with the class score taken through an
 * exponential, so that higher derivatives are powers of the gradient g):
 *
 *   alpha = g^2 / (2 g^2 + g^3 sum_ab A_ab + 1e-6), 0 where g = 0;  w_c = sum_ij alpha ReLU (g);
 *   M = ReLU (sum_c w_c A_c).
 *
 * As is usual, the factor exp (score), which is one number for the whole map, is left out. */
#include "cam.h"

static double
channel_weight (const EngCam *cam, gsize c)
{
  const float *a = cam->a + c * cam->cells, *g = cam->g + c * cam->cells;
  double total = 0, weight = 0;
  for (gsize i = 0; i < cam->cells; i++)
    total += a[i];
  for (gsize i = 0; i < cam->cells; i++)
    if (!(g[i] <= 0)) /* ReLU (g) takes the others out; NaN stays, for the job to report */
      {
        double squared = (double)g[i] * g[i];
        weight += squared / (2 * squared + total * squared * g[i] + 1e-6) * g[i];
      }
  return weight;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  g_auto (EngCam) cam = { 0 };
  eng_cam_init (&cam, job);
  if (!eng_cam_read (&cam, error))
    return NULL;
  g_autofree double *weights = g_new (double, cam.channels);
  for (gsize c = 0; c < cam.channels; c++)
    weights[c] = channel_weight (&cam, c);
  return eng_cam_weighted (&cam, weights, 1);
}

extern const EngMethod eng_method_grad_cam_pp;
const EngMethod eng_method_grad_cam_pp = {
  .id = "grad-cam-pp",
  .name = "Grad-CAM++",
  .about = "Grad-CAM with each place's positive gradient weighted so that several objects of a class count alike.",
  .reference = "Chattopadhay et al.: Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep "
               "Convolutional Networks, WACV 2018",
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
