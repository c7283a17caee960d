/* See integrated-attention.h. */
#include "integrated-attention.h"

#include "../error.h"

void
eng_integrated_scale (const float *a, double fraction, gsize n, float *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = (float)fraction * a[i];
}

gboolean
eng_integrated_check_blocks (EngModel *model, int blocks, const char *name, GError **error)
{
  int n;
  eng_model_attentions (model, &n);
  return n >= blocks
         || eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s needs at least %d blocks of attention; this model has %d.",
                      name, blocks, n);
}

typedef struct
{
  EngIntegration *run;
  const EngAttention *at;
  const float *u;
  int pictures;
  gsize size; /* of one attention, all heads */
  double *e;
} Rollout;

static void
fill (int index, float *const *inputs, gpointer data)
{
  Rollout *r = data;
  int points = r->run->steps + 1, k = index / points, j = index % points;
  eng_integration_picture (r->run, r->pictures == 1 ? r->run->steps : k, inputs[0]);
  eng_integrated_scale (r->u + k * r->size, (double)j / r->run->steps, r->size, inputs[1]);
}

static gboolean
take (const EngProbeItem *item, gpointer data, GError **error)
{
  Rollout *r = data;
  double weight = 1.0 / ((double)r->pictures * (r->run->steps + 1));
  for (int b = 0; b < r->at->blocks; b++)
    eng_attention_add_positive (r->at, b, item->values[b], item->grads[b], weight, r->e + b * r->at->square);
  return eng_integration_tick (r->run, error);
}

gboolean
eng_integrated_rollout (EngIntegration *run, const EngAttention *at, int into, const float *u, int pictures,
                        double *row, GError **error)
{
  g_autoptr (EngProbe) probe = eng_probe_new (run->job);
  g_autofree double *e = eng_attention_new_matrices (at), *own = g_new (double, at->tokens);
  Rollout r = { run, at, u, pictures, eng_probe_size (probe, at->targets[into]->name), e };
  eng_probe_feed (probe, NULL);
  eng_probe_feed (probe, at->targets[into]->name);
  eng_attention_want (at, probe, TRUE);
  if (eng_probe_run (probe, pictures * (run->steps + 1), fill, take, &r, error) < 0)
    return FALSE;
  eng_attention_rollout (at, e, 0, TRUE, own);
  for (int i = 0; i < at->tokens; i++)
    row[i] += own[i];
  return TRUE;
}

EngHeatmap *
eng_integrated_heatmap (EngJob *job, const EngAttention *at, const double *row, double scale)
{
  g_autofree float *map = g_new (float, (gsize)at->rows * at->cols);
  eng_attention_grid (at, row, map);
  for (int i = 0; i < at->rows * at->cols; i++)
    map[i] *= (float)scale;
  return eng_job_make_heatmap (job, map, 1, at->rows, at->cols, ENG_UPSAMPLE_BILINEAR,
                               at->targets[at->blocks - 1]->name, NULL);
}
