/* Iterated Integrated Attributions (Barkan et al., ICCV 2023) on feature maps, with x the input, A the map of layer
 * L, s the explained logit, g = ds/dA, n steps and n + 1 points on each path:
 *
 * IIA2, described: u_k = A ((k/n) x), r_k = its smallest value in each channel, v = r_k + (j/n) (u_k - r_k),
 *   M = 1/n^2 sum_k sum_j sum_channels (u_k - r_k) v g(v).
 * IIA2, released: the authors' code takes the minimum over an axis of length one, so that r = u and the path stands
 *   still: M = sum_k sum_channels g(u_k) relu (u_k).
 * IIA3, described: layer L - 1 in between. U_k = A' ((k/n) x) with its channels' minimum, V = R_k + (j/n) (U_k -
 * R_k), u = A of V, r and v as above with i for j: M = 1/n^3 sum_k sum_j sum_i sum_channels (u - r) v g(v). IIA3,
 * released: both baselines are minima over the images' path: R = min_k U_k, r_j = min_k u_jk, M = sum_i sum_j sum_k
 * sum_channels relu (g(v) relu (v)).
 *
 * "Described" is known from summaries of the paper, not from its text. Points that coincide are evaluated once and
 * weighted: in the released IIA3 those at j = 0 and, for each j, those at i = 0. Maps are sums over channels, not
 * normalised. Layer L - 1 is eng_model_previous_stage(). Attention matrices: iia-attention.c. */
#include "iia.h"

#include <math.h>

const EngParam eng_iia_params[] = { { "variant", "Variant", "", ENG_PARAM_CHOICE, 0, 1, ENG_VARIANT_RELEASED,
                                      eng_variant_choices,
                                      "The paper's formulae as its summaries describe them, or what the authors' "
                                      "released code computes, which differs.",
                                      FALSE },
                                    { "steps", "Steps", "", ENG_PARAM_INT, 0, ENG_INTEGRATED_MAX_STEPS, 0, NULL,
                                      "Steps of every integral. 0: the published number, 10; 5 for the released code "
                                      "on transformers. The cost grows with "
                                      "the power of the number of integrals.",
                                      FALSE },
                                    { NULL } };

static int
steps_of (const EngValues *values, gboolean attention)
{
  int steps = (int)eng_values_get (values, "steps");
  gboolean released = (EngVariant)eng_values_get (values, "variant") == ENG_VARIANT_RELEASED;
  return steps > 0 ? steps : attention && released ? 5 : 10;
}

typedef struct
{
  EngIntegration run;
  gboolean released;
  EngStage upper, lower; /* L; L - 1 or nothing */
  int j;                 /* point of the path at L - 1 */
  double *sum;           /* rows x cols */
  float *point, *whole, *grad;
} Iia;

static void
iia_init (Iia *s, EngJob *job, gboolean released, int steps, guint total)
{
  gsize n;
  *s = (Iia){ .run = { .job = job, .steps = steps, .total = total }, .released = released };
  eng_stage_init (&s->upper, eng_job_target (job));
  n = s->upper.channels * s->upper.cells;
  s->sum = g_new0 (double, s->upper.cells);
  s->point = g_new (float, n);
  s->whole = g_new (float, n);
  s->grad = g_new (float, n);
}

static void
iia_clear (Iia *s)
{
  eng_stage_clear (&s->upper);
  eng_stage_clear (&s->lower);
  g_clear_pointer (&s->sum, g_free);
  g_clear_pointer (&s->point, g_free);
  g_clear_pointer (&s->whole, g_free);
  g_clear_pointer (&s->grad, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Iia, iia_clear)

static void
fill_picture (int index, float *const *inputs, gpointer data)
{
  eng_integration_picture (&((Iia *)data)->run, index, inputs[0]);
}

static void
fill_lower (int index, float *const *inputs, gpointer data)
{
  Iia *s = data;
  eng_stage_point (&s->lower, index, (double)s->j / s->run.steps, NULL, NULL, inputs[0]);
}

/* ---- gradients at the points of layer L ---- */

/* Item @index is point @i of the path that ends at value @k, and stands for @weight of them. */
static void
locate (const Iia *s, int index, int *i, int *k, double *weight)
{
  int points = s->run.steps + 1;
  *weight = 1;
  *i = index / points;
  *k = index % points;
  if (!s->upper.one)
    return;
  /* One baseline for all: the first point of every path is the same. */
  *i = index ? 1 + (index - 1) / points : 0;
  *k = index ? (index - 1) % points : 0;
  if (index == 0)
    *weight = s->upper.count == 1 ? (double)points * points : points;
}

static int
n_items (const Iia *s)
{
  int points = s->run.steps + 1;
  return !s->upper.one ? points * points : s->upper.count == 1 ? 1 : 1 + s->run.steps * points;
}

static void
fill_head (int index, float *const *inputs, gpointer data)
{
  Iia *s = data;
  int i, k;
  double weight;
  locate (s, index, &i, &k, &weight);
  /* Where layer L lies in a branch, the network around it sees what lies below. */
  (s->lower.target ? fill_lower : fill_picture) (k, inputs, data);
  eng_stage_point (&s->upper, k, (double)i / s->run.steps, NULL, NULL, inputs[1]);
}

static gboolean
take_head (const EngProbeItem *item, gpointer data, GError **error)
{
  Iia *s = data;
  int i, k;
  double weight;
  locate (s, item->index, &i, &k, &weight);
  eng_stage_point (&s->upper, k, (double)i / s->run.steps, s->point, s->whole, NULL);
  eng_target_gather (s->upper.target, item->grads[0], s->grad);
  for (gsize e = 0; e < s->upper.channels * s->upper.cells; e++)
    s->sum[e % s->upper.cells] += s->released ? weight * eng_positive (s->grad[e] * eng_positive (s->point[e]))
                                              : (double)s->whole[e] * s->point[e] * s->grad[e];
  return eng_integration_tick (&s->run, error);
}

static EngProbe *
new_head (Iia *s)
{
  EngProbe *head = eng_probe_new (s->run.job);
  eng_probe_feed (head, s->lower.target ? s->lower.target->name : NULL);
  eng_probe_feed (head, s->upper.target->name);
  eng_probe_want_grad (head, s->upper.target->name);
  return head;
}

static void
set_base (const Iia *s, EngStage *stage)
{
  if (s->released)
    eng_stage_base_path_minimum (stage);
  else
    eng_stage_base_channel_minimum (stage);
}

/* ---- the maps ---- */

static gboolean
take_still (const EngProbeItem *item, gpointer data, GError **error)
{
  Iia *s = data;
  eng_target_gather (s->upper.target, item->values[0], s->point);
  eng_target_gather (s->upper.target, item->grads[0], s->grad);
  for (gsize e = 0; e < s->upper.channels * s->upper.cells; e++)
    s->sum[e % s->upper.cells] += s->grad[e] * eng_positive (s->point[e]);
  return eng_integration_tick (&s->run, error);
}

static gboolean
iia2_released (Iia *s, GError **error)
{
  g_autoptr (EngProbe) probe = eng_probe_new (s->run.job);
  eng_probe_want (probe, s->upper.target->name);
  eng_probe_want_grad (probe, s->upper.target->name);
  return eng_probe_run (probe, s->run.steps + 1, fill_picture, take_still, s, error) >= 0;
}

static gboolean
iia2_described (Iia *s, GError **error)
{
  const char *name = s->upper.target->name;
  g_autoptr (EngProbe) collector = eng_integration_new_collector (&s->run, NULL, name), head = new_head (s);
  int points = s->run.steps + 1;
  float *values = eng_integration_collect (&s->run, collector, name, points, fill_picture, s, error);
  if (!values)
    return FALSE;
  eng_stage_take (&s->upper, values, points);
  set_base (s, &s->upper);
  return eng_probe_run (head, n_items (s), fill_head, take_head, s, error) >= 0;
}

static gboolean
iia3 (Iia *s, GError **error)
{
  eng_stage_init (&s->lower, eng_model_previous_stage (eng_job_model (s->run.job), s->upper.target));
  const char *name = s->upper.target->name, *below = s->lower.target->name;
  g_autoptr (EngProbe) pictures = eng_integration_new_collector (&s->run, NULL, below),
                       collector = eng_integration_new_collector (&s->run, below, name), head = new_head (s);
  int points = s->run.steps + 1;
  float *values = eng_integration_collect (&s->run, pictures, below, points, fill_picture, s, error);
  if (!values)
    return FALSE;
  eng_stage_take (&s->lower, values, points);
  set_base (s, &s->lower);
  for (s->j = 0; s->j < points; s->j++)
    {
      /* One baseline for all images: their paths begin at the same place. */
      int count = s->j == 0 && s->released ? 1 : points;
      if (!(values = eng_integration_collect (&s->run, collector, name, count, fill_lower, s, error)))
        return FALSE;
      eng_stage_take (&s->upper, values, count);
      set_base (s, &s->upper);
      if (eng_probe_run (head, n_items (s), fill_head, take_head, s, error) < 0)
        return FALSE;
    }
  return TRUE;
}

EngCost
eng_iia_passes (EngModel *model, const EngTarget *target, const EngValues *values, int order)
{
  gboolean attention = eng_integrated_reads_attention (model, target);
  EngVariant variant = (EngVariant)eng_values_get (values, "variant");
  guint64 n = (guint64)steps_of (values, attention), p = n + 1;
  if (attention)
    return eng_iia_attention_passes (order, (int)n, variant);
  if (order == 2)
    return variant == ENG_VARIANT_RELEASED ? (EngCost){ p, p } : (EngCost){ p + p * p, p * p };
  if (variant == ENG_VARIANT_DESCRIBED)
    return (EngCost){ p + p * p + p * p * p, p * p * p };
  guint64 heads = 1 + n * (1 + n * p);
  return (EngCost){ p + 1 + n * p + heads, heads };
}

EngHeatmap *
eng_iia_explain (EngJob *job, int order, GError **error)
{
  const EngTarget *t = eng_job_target (job);
  const EngValues *values = eng_job_values (job);
  gboolean attention = eng_integrated_reads_attention (eng_job_model (job), t);
  EngVariant variant = (EngVariant)eng_values_get (values, "variant");
  EngCost cost = eng_iia_passes (eng_job_model (job), t, values, order);
  int steps = steps_of (values, attention);
  if (attention)
    return eng_iia_explain_attention (job, order, steps, variant, cost, error);
  g_auto (Iia) s;
  iia_init (&s, job, variant == ENG_VARIANT_RELEASED, steps, (guint)cost.forward);
  if (!(order == 3 ? iia3 : s.released ? iia2_released : iia2_described) (&s, error))
    return NULL;
  g_autofree float *map = g_new (float, s.upper.cells);
  double scale = s.released ? 1 : pow (steps, -order);
  for (gsize i = 0; i < s.upper.cells; i++)
    map[i] = (float)(scale * s.sum[i]);
  g_autofree char *selected = order == 3 ? g_strdup_printf ("earlier layer %s", s.lower.target->name) : NULL;
  return eng_job_make_heatmap (job, map, 1, t->rows, t->cols, ENG_UPSAMPLE_BILINEAR, t->name, selected);
}
