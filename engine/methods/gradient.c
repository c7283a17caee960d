/* Plain gradient of the class's logit with respect to the network input (Simonyan, Vedaldi and
 * Zisserman, 2014, section 3, without their maximum over channels and absolute value: the raw,
 * signed gradient is kept, channels x H x W, in logits per unit of normalised input). */
#include "../probe.h"

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  const float *input = eng_job_input (job);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_want_grad (probe, NULL);
  eng_probe_set_output (probe, (EngOutput)eng_values_get (eng_job_values (job), "output"));
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  return item ? eng_job_make_heatmap (job, item->grads[0], p->channels, p->height, p->width, ENG_UPSAMPLE_NEAREST,
                                      NULL, NULL)
              : NULL;
}

static const EngParam params[] = { ENG_OUTPUT_PARAM, { NULL } };

extern const EngMethod eng_method_gradient;
const EngMethod eng_method_gradient = {
  .id = "gradient",
  .name = "Gradient",
  .about = "How the class's logit changes with each input pixel, to first order.",
  .reference = "Simonyan, Vedaldi, Zisserman: Deep Inside Convolutional Networks, ICLR workshop 2014",
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
