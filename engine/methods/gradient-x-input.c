/* Gradient times input (Shrikumar et al., 2016; there a baseline for DeepLIFT): x (.) dF/dx with x in model space, so
 * that a pixel counts by how far it lies from zero there. Kept channels x H x W, signed; the sum over channels is
 * display. For a network that is linear between zero and x it says exactly what each pixel adds to the logit. */
#include "../probe.h"

#include "path.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  const float *input = eng_job_input (job);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  gsize n = eng_probe_size (probe, NULL);
  eng_probe_want_grad (probe, NULL);
  eng_probe_set_output (probe, (EngOutput)eng_values_get (eng_job_values (job), "output"));
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return NULL;
  g_autofree float *map = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    map[i] = input[i] * item->grads[0][i];
  return eng_path_map (job, map);
}

static const EngParam params[] = { ENG_OUTPUT_PARAM, { NULL } };

extern const EngMethod eng_method_gradient_x_input;
const EngMethod eng_method_gradient_x_input = {
  .id = "gradient-x-input",
  .name = "Gradient × input",
  .about = "The gradient times the pixel's value in model space: what each pixel adds, to first order.",
  .reference = "Shrikumar, Greenside, Shcherbina, Kundaje: Not Just a Black Box, arXiv 1605.01713, 2016",
  .family = ENG_FAMILY_GRADIENT,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_GRADIENT,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_AVERAGE,
  .class_dependent = TRUE,
  .params = params,
  .cost = "1 forward, 1 backward pass",
  .passes = eng_cost_one_gradient,
  .explain = explain,
};
