/* Grad-CAM (Selvaraju et al., ICCV 2017, equations 1 and 2): with A the feature map and g the gradient
 * of the class's logit with respect to it, M = ReLU (sum_c mean (g_c) A_c), kept unnormalised at the
 * map's own grid. On a transformer A is the token grid of the chosen layer without its class token. */
#include "../probe.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  const EngTarget *t = eng_job_target (job);
  const float *input = eng_job_input (job);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_want (probe, t->name);
  eng_probe_want_grad (probe, t->name);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return NULL;
  int64_t cells = (int64_t)t->rows * t->cols, channels = eng_target_channels (t);
  g_autofree float *a = g_new (float, channels *cells), *g = g_new (float, channels *cells),
                   *map = g_new (float, cells);
  g_autofree double *sum = g_new0 (double, cells);
  eng_target_gather (t, item->values[0], a);
  eng_target_gather (t, item->grads[0], g);
  for (int64_t c = 0; c < channels; c++)
    {
      double weight = 0;
      for (int64_t i = 0; i < cells; i++)
        weight += g[c * cells + i];
      weight /= (double)cells;
      for (int64_t i = 0; i < cells; i++)
        sum[i] += weight * a[c * cells + i];
    }
  for (int64_t i = 0; i < cells; i++)
    map[i] = (float)MAX (sum[i], 0);
  return eng_job_make_heatmap (job, map, 1, t->rows, t->cols, ENG_UPSAMPLE_BILINEAR, t->name, NULL);
}

extern const EngMethod eng_method_grad_cam;
const EngMethod eng_method_grad_cam = {
  .id = "grad-cam",
  .name = "Grad-CAM",
  .about = "The feature map's channels, weighted by the mean gradient of the class's logit.",
  .reference = "Selvaraju et al.: Grad-CAM, ICCV 2017",
  .family = ENG_FAMILY_CLASS_ACTIVATION,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_GRID,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE | ENG_ALLOWS_LAYERS,
  .class_dependent = TRUE,
  .cost = "1 forward, 1 backward pass",
  .passes = eng_cost_one_gradient,
  .explain = explain,
};
