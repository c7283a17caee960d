/* See integrated.h. */
#include "integrated.h"

#include "../error.h"

#include <math.h>
#include <string.h>

const char *const eng_variant_choices[] = { "described", "released", NULL };

gboolean
eng_integrated_reads_attention (EngModel *model, const EngTarget *target)
{
  int n;
  eng_model_attentions (model, &n);
  return n > 0 && target && target->kind == ENG_TARGET_TOKENS;
}

gboolean
eng_integrated_check_layer (EngModel *model, const EngTarget *target, const char *name, GError **error)
{
  if (!eng_integrated_reads_attention (model, target) || target == eng_model_default_cam_target (model))
    return TRUE;
  return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                   "%s integrates a transformer's attention matrices, not the tokens of “%s”. Leave the layer out.",
                   name, target->name);
}

gboolean
eng_integrated_check_stages (EngModel *model, const EngTarget *target, int earlier, const char *name, GError **error)
{
  const EngTarget *t = target;
  for (int i = 0; i < earlier; i++)
    if (!(t = eng_model_previous_stage (model, t)))
      return eng_fail (
          error, ENG_ERROR_UNSUPPORTED,
          "%s looks at %d earlier layer%s with finer grids; before “%s” this model has %d. Choose a later "
          "layer, or IIA2.",
          name, earlier, earlier == 1 ? "" : "s", target->name, i);
  return TRUE;
}

/* ---- running ---- */

gboolean
eng_integration_tick (EngIntegration *self, GError **error)
{
  self->done++;
  return eng_job_step (self->job, self->done, self->total, "passes", NULL, error);
}

void
eng_integration_picture (const EngIntegration *self, int k, float *out)
{
  EngPreprocess *p = eng_model_preprocess (eng_job_model (self->job));
  const float *x = eng_job_input (self->job);
  gsize n = (gsize)p->channels * p->width * p->height;
  float fraction = (float)k / (float)self->steps;
  for (gsize i = 0; i < n; i++)
    out[i] = fraction * x[i];
}

typedef struct
{
  EngIntegration *run;
  EngProbeFill fill;
  gpointer data;
  float *values;
  gsize size;
} Collector;

static void
fill_collected (int index, float *const *inputs, gpointer data)
{
  Collector *c = data;
  c->fill (index, inputs, c->data);
}

static gboolean
keep (const EngProbeItem *item, gpointer data, GError **error)
{
  Collector *c = data;
  memcpy (c->values + item->index * c->size, item->values[0], sizeof (float) * c->size);
  return eng_integration_tick (c->run, error);
}

EngProbe *
eng_integration_new_collector (EngIntegration *self, const char *fed, const char *wanted)
{
  EngProbe *probe = eng_probe_new (self->job);
  eng_probe_feed (probe, fed);
  eng_probe_want (probe, wanted);
  eng_probe_skip_logits (probe);
  return probe;
}

float *
eng_integration_collect (EngIntegration *self, EngProbe *collector, const char *wanted, int n, EngProbeFill fill,
                         gpointer data, GError **error)
{
  Collector c = { self, fill, data, NULL, eng_probe_size (collector, wanted) };
  g_autofree float *values = c.values = g_new (float, n *c.size);
  return eng_probe_run (collector, n, fill_collected, keep, &c, error) < 0 ? NULL : g_steal_pointer (&values);
}

/* ---- the path of one layer ---- */

void
eng_stage_init (EngStage *self, const EngTarget *target)
{
  *self = (EngStage){ .target = target,
                      .size = (gsize)eng_shape_count (&target->shape),
                      .channels = (gsize)eng_target_channels (target),
                      .cells = (gsize)target->rows * target->cols };
}

void
eng_stage_clear (EngStage *self)
{
  g_clear_pointer (&self->values, g_free);
  g_clear_pointer (&self->base, g_free);
}

void
eng_stage_take (EngStage *self, float *values, int count)
{
  eng_stage_clear (self);
  self->values = values;
  self->count = count;
}

/* Baselines of all values, as many as there are, to be lowered by the caller: the values themselves. */
static float *
gather_all (EngStage *self)
{
  gsize n = self->channels * self->cells;
  g_free (self->base);
  self->base = g_new (float, self->count *n);
  self->one = FALSE;
  for (int k = 0; k < self->count; k++)
    eng_target_gather (self->target, self->values + k * self->size, self->base + k * n);
  return self->base;
}

void
eng_stage_base_channel_minimum (EngStage *self)
{
  float *plane = gather_all (self);
  for (gsize c = 0; c < self->count * self->channels; c++, plane += self->cells)
    {
      float lowest = INFINITY;
      for (gsize i = 0; i < self->cells; i++)
        lowest = fminf (lowest, plane[i]);
      for (gsize i = 0; i < self->cells; i++)
        plane[i] = lowest;
    }
}

void
eng_stage_base_position_minimum (EngStage *self)
{
  float *planes = gather_all (self);
  for (int k = 0; k < self->count; k++, planes += self->channels * self->cells)
    for (gsize i = 0; i < self->cells; i++)
      {
        float lowest = INFINITY;
        for (gsize c = 0; c < self->channels; c++)
          lowest = fminf (lowest, planes[c * self->cells + i]);
        for (gsize c = 0; c < self->channels; c++)
          planes[c * self->cells + i] = lowest;
      }
}

void
eng_stage_base_path_minimum (EngStage *self)
{
  float *planes = gather_all (self);
  gsize n = self->channels * self->cells;
  for (int k = 1; k < self->count; k++)
    for (gsize i = 0; i < n; i++)
      planes[i] = fminf (planes[i], planes[k * n + i]);
  self->base = g_renew (float, planes, n);
  self->one = TRUE;
}

void
eng_stage_point (const EngStage *self, int k, double fraction, float *planes, float *whole, float *value)
{
  gsize n = self->channels * self->cells;
  const float *u = self->values + k * self->size, *b = self->base + (self->one ? 0 : k * n);
  g_autofree float *point = g_new (float, n);
  eng_target_gather (self->target, u, point);
  for (gsize i = 0; i < n; i++)
    {
      float difference = point[i] - b[i];
      point[i] = b[i] + (float)fraction * difference;
      if (whole)
        whole[i] = difference;
    }
  if (planes)
    memcpy (planes, point, sizeof *point * n);
  if (!value)
    return;
  memcpy (value, u, sizeof *value * self->size);
  eng_target_scatter (self->target, point, value);
}
