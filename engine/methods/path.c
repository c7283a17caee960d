/* See path.h. */
#include "path.h"

#include "../combine.h"

#include <math.h>

gboolean
eng_path_scores (EngJob *job, EngOutput output, const float *const *inputs, int n, double *scores, GError **error)
{
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_probe_set_output (probe, output);
  for (int i = 0; i < n; i++)
    {
      const EngProbeItem *item = eng_probe_one (probe, &inputs[i], error);
      if (!item)
        return FALSE;
      scores[i] = item->score;
    }
  return TRUE;
}

static const char *
name_of (EngJob *job, EngOutput output)
{
  static const char *const names[2][2] = { { "logit", "difference of logits" },
                                           { "probability", "difference of probabilities" } };
  return names[output == ENG_OUTPUT_PROBABILITY][eng_job_contrast (job) >= 0];
}

void
eng_path_note_gap (EngJob *job, EngOutput output, const float *map, double from, double to, const char *where)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  double sum = 0, change = to - from;
  for (gsize i = 0, n = (gsize)p->channels * p->height * p->width; i < n; i++)
    sum += map[i];
  /* Each noisy copy has its own ends; what stays is the note of the last one. */
  const char *whose =
      eng_combine_repeats (eng_job_method (job), eng_job_values (job)) > 1 ? "On the last copy: " : "";
  double smallest = 1e-6 * fmax (1, fmax (fabs (from), fabs (to)));
  double gap = fabs (sum - change) / fmax (fabs (change), smallest);
  if (fabs (change) < smallest)
    eng_job_note (
        job, "completeness-gap", gap,
        g_strdup_printf ("%sThe %s is the same at both ends (%s), so there is no change for the attributions "
                         "to add up to; they add up to %.3g",
                         whose, name_of (job, output), where, sum));
  else
    eng_job_note (job, "completeness-gap", gap,
                  g_strdup_printf ("%sCompleteness gap %.2g %%: the attributions add up to %.4g, the %s changes by "
                                   "%.4g %s%s",
                                   whose, 100 * gap, sum, name_of (job, output), change, where,
                                   gap > 0.01 ? "; more steps bring the two closer" : ""));
}

EngHeatmap *
eng_path_map (EngJob *job, const float *values)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (job));
  return eng_job_make_heatmap (job, values, p->channels, p->height, p->width, ENG_UPSAMPLE_NEAREST, NULL, NULL);
}

float *
eng_path_scaled (const double *values, gsize n, double divisor)
{
  float *out = g_new0 (float, n);
  for (gsize i = 0; i < n && divisor != 0; i++)
    out[i] = (float)(values[i] / divisor);
  return out;
}
