/* Deep Integrated Explanations (Barkan et al., CIKM 2023) as the authors' code computes them; the paper's formulae
 * are not known here. With g = ds/dA the gradient of the explained logit and n steps:
 *
 * Feature maps, layers L, L - 1, L - 2 of one picture (no integral over the picture):
 *   H1 = (n + 1) relu (g) relu (A) at L: the code's baseline is A itself, so that the path stands still;
 *   H2, H3 at L - 1, L - 2: b = smallest channel at each position, A_k = b + (k/n) (A - b),
 *     H = sum_k relu (g(A_k) relu (A_k) w_k), w_k = || (A_k - b) / n ||; k = 0 adds nothing and is left out;
 *   all resized as volumes, trilinearly with the channels as depth, to the channels of L - 1 and the grid of L - 2
 *     ((1024, 28, 28) for ResNet-101, the code's constants; without an L - 2, DIX2 takes the grid of L - 1);
 *   DIX2 = sum_channels H1 (1 + H2), DIX3 = sum_channels H1^2 (1 + H2 H3).
 *
 * Transformers, DIX2 (no code for DIX3): for the last block and the last but one, the rollout of iia-attention.c's
 * released form with the picture alone while that block's attention is replaced by (j/n) A_L; their sum. The last but
 * one is led towards the last block's attention too, not its own: so the released code. */
#include "dix.h"

#include "../error.h"
#include "integrated-attention.h"

#include <math.h>

const EngParam eng_dix_params[] = {
  { "variant", "Variant", "", ENG_PARAM_CHOICE, 0, 1, ENG_VARIANT_RELEASED, eng_variant_choices,
    "What the authors' released code computes. The paper's own formulae are not known here; “described” is refused.",
    FALSE },
  { "steps", "Steps", "", ENG_PARAM_INT, 0, ENG_INTEGRATED_MAX_STEPS, 0, NULL,
    "Steps of each integral. 0: the published number, 4; 10 on transformers.", FALSE },
  { NULL }
};

static int
steps_of (const EngValues *values, gboolean attention)
{
  int steps = (int)eng_values_get (values, "steps");
  return steps > 0 ? steps : attention ? 10 : 4;
}

EngCost
eng_dix_passes (EngModel *model, const EngTarget *target, const EngValues *values, int layers)
{
  gboolean attention = eng_integrated_reads_attention (model, target);
  guint64 n = (guint64)steps_of (values, attention), p = n + 1;
  return attention ? (EngCost){ 1 + 2 * p, 2 * p }
                   : (EngCost){ 1 + (guint64)(layers - 1) * n, 1 + (guint64)(layers - 1) * n };
}

/* ---- feature maps ---- */

/* channels x rows x cols, owned */
typedef struct
{
  int channels, rows, cols;
  float *values;
} Volume;

typedef struct
{
  EngIntegration run;
  EngStage stage; /* the layer that is integrated now */
  double length;  /* || A - b || */
  float *point, *grad;
  Volume *volume; /* its H */
  Volume volumes[3];
} Dix;

static void
clear_scratch (Dix *s)
{
  eng_stage_clear (&s->stage);
  g_clear_pointer (&s->point, g_free);
  g_clear_pointer (&s->grad, g_free);
}

static void
dix_clear (Dix *s)
{
  clear_scratch (s);
  for (guint i = 0; i < G_N_ELEMENTS (s->volumes); i++)
    g_clear_pointer (&s->volumes[i].values, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Dix, dix_clear)

static gsize
elements (const Volume *v)
{
  return (gsize)v->channels * v->rows * v->cols;
}

/* Makes @target the layer that is integrated now and its volume one of zeros. */
static void
begin_layer (Dix *s, const EngTarget *target, Volume *volume)
{
  clear_scratch (s);
  eng_stage_init (&s->stage, target);
  *volume = (Volume){ (int)s->stage.channels, target->rows, target->cols, NULL };
  s->volume = volume;
  volume->values = g_new0 (float, elements (volume));
  s->point = g_new (float, elements (volume));
  s->grad = g_new (float, elements (volume));
}

static void
fill_path (int index, float *const *inputs, gpointer data)
{
  Dix *s = data;
  eng_stage_point (&s->stage, 0, (double)(index + 1) / s->run.steps, NULL, NULL, inputs[0]);
}

static gboolean
take_path (const EngProbeItem *item, gpointer data, GError **error)
{
  Dix *s = data;
  int k = item->index + 1, n = s->run.steps;
  double weight = k * s->length / ((double)n * n);
  eng_stage_point (&s->stage, 0, (double)k / n, s->point, NULL, NULL);
  eng_target_gather (s->stage.target, item->grads[0], s->grad);
  for (gsize i = 0; i < elements (s->volume); i++)
    s->volume->values[i] += (float)eng_positive (s->grad[i] * eng_positive (s->point[i]) * weight);
  return eng_integration_tick (&s->run, error);
}

/* H2 or H3. @value: A as stored, (transfer full). */
static gboolean
integrate (Dix *s, const EngTarget *target, float *value, Volume *volume, GError **error)
{
  begin_layer (s, target, volume);
  eng_stage_take (&s->stage, value, 1);
  eng_stage_base_position_minimum (&s->stage);
  eng_stage_point (&s->stage, 0, 0, NULL, s->point, NULL);
  double squares = 0;
  for (gsize i = 0; i < elements (volume); i++)
    squares += (double)s->point[i] * s->point[i];
  s->length = sqrt (squares);
  g_autoptr (EngProbe) probe = eng_probe_new (s->run.job);
  eng_probe_feed (probe, target->name);
  eng_probe_want_grad (probe, target->name);
  return eng_probe_run (probe, s->run.steps, fill_path, take_path, s, error) >= 0;
}

/* Trilinear: first along the channels, then in each plane. */
static void
resize (Volume *v, int channels, int rows, int cols)
{
  gsize from = (gsize)v->rows * v->cols, to = (gsize)rows * cols;
  g_autofree float *deep = g_new (float, channels *from), *result = g_new (float, channels *to);
  eng_upsample_bilinear (v->values, v->channels, (int)from, deep, channels, (int)from);
  for (int c = 0; c < channels; c++)
    eng_upsample_bilinear (deep + c * from, v->rows, v->cols, result + c * to, rows, cols);
  g_free (v->values);
  *v = (Volume){ channels, rows, cols, g_steal_pointer (&result) };
}

/* Sums over channels of what the resized volumes make. */
static void
combine (const Dix *s, int layers, float *map)
{
  const Volume *h1 = &s->volumes[0], *h2 = &s->volumes[1], *h3 = &s->volumes[2];
  gsize cells = (gsize)h1->rows * h1->cols;
  g_autofree double *sum = g_new0 (double, cells);
  for (gsize i = 0; i < elements (h1); i++)
    {
      double a = h1->values[i], b = h2->values[i];
      sum[i % cells] += layers == 2 ? a * (1 + b) : a * a * (1 + b * h3->values[i]);
    }
  for (gsize i = 0; i < cells; i++)
    map[i] = (float)sum[i];
}

/* The last layer, and the values of those before it that the same pass computes. */
static gboolean
look (Dix *s, const EngTarget *const *layer, int layers, float **values, GError **error)
{
  const float *input = eng_job_input (s->run.job);
  Volume *h1 = &s->volumes[0];
  g_autoptr (EngProbe) probe = eng_probe_new (s->run.job);
  for (int i = 0; i < layers; i++)
    eng_probe_want (probe, layer[i]->name);
  eng_probe_want_grad (probe, layer[0]->name);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return FALSE;
  begin_layer (s, layer[0], h1);
  eng_target_gather (layer[0], item->values[0], s->point);
  eng_target_gather (layer[0], item->grads[0], s->grad);
  for (gsize i = 0; i < elements (h1); i++)
    h1->values[i] = (float)((s->run.steps + 1) * eng_positive (s->grad[i]) * eng_positive (s->point[i]));
  for (int i = 1; i < layers; i++)
    values[i] = g_memdup2 (item->values[i], sizeof (float) * eng_probe_size (probe, layer[i]->name));
  return eng_integration_tick (&s->run, error);
}

static EngHeatmap *
explain_features (EngJob *job, int layers, int steps, EngCost cost, GError **error)
{
  EngModel *model = eng_job_model (job);
  const EngTarget *layer[3] = { eng_job_target (job) };
  float *values[3] = { NULL };
  g_auto (Dix) s = { .run = { .job = job, .steps = steps, .total = (guint)cost.forward } };
  layer[1] = eng_model_previous_stage (model, layer[0]);
  layer[2] = eng_model_previous_stage (model, layer[1]);
  if (!look (&s, layer, layers, values, error))
    return NULL;
  gboolean done = integrate (&s, layer[1], values[1], &s.volumes[1], error);
  if (!done)
    g_free (values[2]);
  if (!done || (layers == 3 && !integrate (&s, layer[2], values[2], &s.volumes[2], error)))
    return NULL;
  const EngTarget *finest = layer[2] ? layer[2] : layer[1];
  for (int i = 0; i < layers; i++)
    resize (&s.volumes[i], (int)eng_target_channels (layer[1]), finest->rows, finest->cols);
  g_autofree float *map = g_new (float, (gsize)finest->rows * finest->cols);
  combine (&s, layers, map);
  g_autofree char *selected = layer[2] ? g_strdup_printf ("earlier layers %s, %s%s", layer[1]->name, layer[2]->name,
                                                          layers == 2 ? " (its grid alone)" : "")
                                       : g_strdup_printf ("earlier layer %s", layer[1]->name);
  return eng_job_make_heatmap (job, map, 1, finest->rows, finest->cols, ENG_UPSAMPLE_BILINEAR, layer[0]->name,
                               selected);
}

/* ---- attention matrices ---- */

static void
fill_picture (int index, float *const *inputs, gpointer data)
{
  EngIntegration *run = data;
  eng_integration_picture (run, run->steps, inputs[0]);
}

static EngHeatmap *
explain_attention (EngJob *job, int steps, EngCost cost, GError **error)
{
  EngAttention at;
  EngIntegration run = { .job = job, .steps = steps, .total = (guint)cost.forward };
  if (!eng_attention_init (&at, eng_job_model (job), error))
    return NULL;
  const char *last = at.targets[at.blocks - 1]->name;
  g_autoptr (EngProbe) collector = eng_integration_new_collector (&run, NULL, last);
  g_autofree float *u = eng_integration_collect (&run, collector, last, 1, fill_picture, &run, error);
  g_autofree double *row = g_new0 (double, at.tokens);
  for (int into = at.blocks - 1; u && into >= at.blocks - 2; into--)
    if (!eng_integrated_rollout (&run, &at, into, u, 1, row, error))
      return NULL;
  return u ? eng_integrated_heatmap (job, &at, row, 1) : NULL;
}

EngHeatmap *
eng_dix_explain (EngJob *job, int layers, GError **error)
{
  const EngTarget *t = eng_job_target (job);
  const EngValues *values = eng_job_values (job);
  gboolean attention = eng_integrated_reads_attention (eng_job_model (job), t);
  EngCost cost = eng_dix_passes (eng_job_model (job), t, values, layers);
  if ((EngVariant)eng_values_get (values, "variant") == ENG_VARIANT_DESCRIBED)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED,
                "The formulae of DIX as its paper describes them are not known to Sightline; what the authors' code "
                "computes is. Choose the variant “released”.");
      return NULL;
    }
  return attention ? explain_attention (job, steps_of (values, TRUE), cost, error)
                   : explain_features (job, layers, steps_of (values, FALSE), cost, error);
}
