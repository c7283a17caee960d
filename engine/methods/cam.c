/* See cam.h. */
#include "cam.h"

#include "../metrics/rank-correlation.h"

const EngParam eng_cam_params[] = { ENG_CAM_PARAM_OUTPUT, ENG_CAM_PARAM_RELU, { NULL } };

EngSign
eng_cam_sign (const EngValues *values)
{
  return eng_values_get (values, "relu") != 0 ? ENG_SIGN_UNSIGNED : ENG_SIGN_SIGNED;
}

EngOutput
eng_cam_output (const EngValues *values)
{
  return (EngOutput)eng_values_get (values, "output");
}

void
eng_cam_init (EngCam *self, EngJob *job)
{
  self->job = job;
  self->target = eng_job_target (job);
  self->channels = (gsize)eng_target_channels (self->target);
  self->cells = (gsize)self->target->rows * self->target->cols;
}

void
eng_cam_clear (EngCam *self)
{
  g_clear_pointer (&self->a, g_free);
  g_clear_pointer (&self->g, g_free);
}

static float *
planes (const EngCam *self, const float *value)
{
  float *p = g_new (float, self->channels * self->cells);
  eng_target_gather (self->target, value, p);
  return p;
}

gboolean
eng_cam_read (EngCam *self, GError **error)
{
  const float *input = eng_job_input (self->job);
  g_autoptr (EngProbe) probe = eng_probe_new (self->job);
  eng_probe_want (probe, self->target->name);
  eng_probe_want_grad (probe, self->target->name);
  eng_probe_set_output (probe, eng_cam_output (eng_job_values (self->job)));
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return FALSE;
  self->score = item->score;
  self->a = planes (self, item->values[0]);
  self->g = planes (self, item->grads[0]);
  return TRUE;
}

gboolean
eng_cam_read_activations (EngCam *self, GError **error)
{
  const float *input = eng_job_input (self->job);
  g_autoptr (EngProbe) probe = eng_probe_new (self->job);
  eng_probe_want (probe, self->target->name);
  eng_probe_skip_logits (probe);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return FALSE;
  self->a = planes (self, item->values[0]);
  return TRUE;
}

/* @first, @stride: which channels */
static void
add_channels (const EngCam *self, const double *weights, gsize first, gsize stride, double *sum)
{
  for (gsize c = first; c < self->channels; c += stride)
    for (gsize i = 0; weights[c] != 0 && i < self->cells; i++)
      sum[i] += weights[c] * self->a[c * self->cells + i];
}

/* The map itself: @sum or its positive part. */
static float *
finished (const EngCam *self, const double *sum)
{
  gboolean relu = eng_cam_sign (eng_job_values (self->job)) == ENG_SIGN_UNSIGNED;
  float *map = g_new (float, self->cells);
  for (gsize i = 0; i < self->cells; i++)
    map[i] = (float)(relu && sum[i] < 0 ? 0 : sum[i]); /* NaN stays, for the job to report */
  return map;
}

EngHeatmap *
eng_cam_finish (const EngCam *self, const double *sum)
{
  g_autofree float *map = finished (self, sum);
  return eng_job_make_heatmap (self->job, map, 1, self->target->rows, self->target->cols, ENG_UPSAMPLE_BILINEAR,
                               self->target->name, NULL);
}

EngHeatmap *
eng_cam_weighted (const EngCam *self, const double *weights, double scale)
{
  g_autofree double *sum = g_new0 (double, self->cells);
  add_channels (self, weights, 0, 1, sum);
  for (gsize i = 0; i < self->cells; i++)
    sum[i] *= scale;
  return eng_cam_finish (self, sum);
}

static double
agreement (const EngCam *self, const double *weights)
{
  g_autofree double *even = g_new0 (double, self->cells), *odd = g_new0 (double, self->cells);
  add_channels (self, weights, 0, 2, even);
  add_channels (self, weights, 1, 2, odd);
  g_autofree float *a = finished (self, even), *b = finished (self, odd);
  return eng_rank_correlation (a, b, self->cells);
}

gboolean
eng_cam_step (const EngCam *self, const double *weights, double scale, guint done, guint total, GError **error)
{
  gboolean last = done == total;
  EngHeatmap *preview = NULL;
  if (eng_job_preview_due (self->job) || last)
    {
      eng_job_report_convergence (self->job, agreement (self, weights));
      preview = last ? NULL : eng_cam_weighted (self, weights, scale);
    }
  return eng_job_step (self->job, done, total, "channels", preview, error);
}
