/* SmoothGrad (Smilkov et al., 2017): the mean of the gradient over noisy copies x + N(0, (level (max x - min x))^2);
 * or the mean of its squares (SmoothGrad-Squared: Hooker et al., NeurIPS 2019) or its variance (VarGrad: Adebayo et
 * al., 2018). Kept channels x H x W: signed for the mean. The same as the method "gradient" under the combination
 * "average", but batched: copies share passes. The samples' default number and noise are those of the authors' code
 * (PAIR saliency), whose default kind, however, is the squares. */
#include "path.h"

#include "../combine.h"
#include "../moments.h"

typedef struct
{
  EngJob *job;
  gsize n;
  int samples;
  double noise;
  EngMoment kind;
  const float *x;
  EngMoments *moments;
} Smooth;

static void
fill (int index, float *const *inputs, gpointer data)
{
  const Smooth *s = data;
  eng_noisy_copy (s->x, s->n, s->noise, eng_job_seed (s->job), (guint32)index, inputs[0]);
}

static EngHeatmap *
map_so_far (const Smooth *s)
{
  g_autofree float *map = g_new (float, s->n);
  eng_moments_read (s->moments, s->kind, map);
  return eng_path_map (s->job, map);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Smooth *s = data;
  EngHeatmap *preview = NULL;
  eng_moments_add (s->moments, item->grads[0], 1);
  if (eng_job_preview_due (s->job))
    {
      eng_job_report_convergence (s->job, eng_moments_agreement (s->moments));
      preview = map_so_far (s);
    }
  return eng_job_step (s->job, (guint)item->index + 1, (guint)s->samples, "samples", preview, error);
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  const EngValues *values = eng_job_values (job);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  gsize n = eng_probe_size (probe, NULL);
  g_autoptr (EngMoments) moments = eng_moments_new (n);
  Smooth s = { job,
               n,
               (int)eng_values_get (values, "samples"),
               eng_values_get (values, "noise"),
               (EngMoment)eng_values_get (values, "kind"),
               eng_job_input (job),
               moments };
  eng_probe_want_grad (probe, NULL);
  eng_probe_set_output (probe, (EngOutput)eng_values_get (values, "output"));
  int first;
  const double *saved = eng_job_saved (job, ENG_MOMENTS_STATE (n), &first);
  if (saved)
    eng_moments_load (moments, saved, first);
  int taken = eng_probe_run_from (probe, first, s.samples, fill, take, &s, error);
  if (taken < 0)
    return NULL;
  double *state = eng_job_save (job, ENG_MOMENTS_STATE (n), taken);
  if (state)
    eng_moments_save (moments, state);
  eng_job_report_convergence (job, eng_moments_agreement (moments));
  return map_so_far (&s);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  guint64 samples = (guint64)eng_values_get (values, "samples");
  return (EngCost){ samples, samples };
}

static const EngParam params[] = {
  { "samples", "Samples", "noisy copies", ENG_PARAM_INT, 1, 1000, 25, NULL,
    "Noisy copies of the picture whose gradients are combined.", TRUE },
  { "noise", "Noise", "of the input's range", ENG_PARAM_FLOAT, 0, 1, 0.15, NULL,
    "Standard deviation of the noise. More hides fine structure of the network, too much hides the picture.", FALSE },
  { "kind", "Kind", "", ENG_PARAM_CHOICE, 0, ENG_MOMENT_VARIANCE, ENG_MOMENT_MEAN, eng_moment_choices,
    "Mean of the gradients (SmoothGrad), mean of their squares (SmoothGrad-Squared) or their variance (VarGrad).",
    FALSE },
  ENG_OUTPUT_PARAM,
  { NULL },
};

extern const EngMethod eng_method_smooth_grad;
const EngMethod eng_method_smooth_grad = {
  .id = "smooth-grad",
  .name = "SmoothGrad",
  .about =
      "The gradient's mean over noisy copies of the picture: what stays when details of the network average out.",
  .reference = "Smilkov, Thorat, Kim, Viégas, Wattenberg: SmoothGrad, arXiv 1706.03825, 2017",
  .family = ENG_FAMILY_GRADIENT,
  .sign = ENG_SIGN_SIGNED,
  .needs = ENG_NEEDS_GRADIENT,
  .allows = ENG_ALLOWS_CONTRAST | ENG_ALLOWS_STOP,
  .class_dependent = TRUE,
  .params = params,
  .cost = "a forward and a backward pass for each sample",
  .passes = passes,
  .explain = explain,
};
