/* Iterated Integrated Attributions on transformers. A_l is the attention of block l of L, G_l = ds/dA_l; GR
 * ("gradient rollout") the class token's row of (I + E_L) ... (I + E_1), rows of each factor divided by their sum,
 * with E_l = mean over heads of relu (A_l * G_l).
 *
 * IIA2, released: u_k = A_L ((k/n) x); with A_L replaced by (j/n) u_k, E_l is averaged over all k and j, then one GR.
 * IIA2, described: M = 1/n^2 sum_k u_k * sum_j GR_kj.
 * IIA3, described: A_{L-1} led too: w_k = A_{L-1} ((k/n) x), u_kj = A_L with A_{L-1} = (j/n) w_k,
 *   M = 1/n^3 sum_k sum_j u_kj * sum_i GR_kji. No code was released for it.
 *
 * The description (known from summaries) leaves open how u, matrices of many heads, multiplies GR and whether GR
 * rectifies and divides: here u is averaged over heads and read in the same row, and GR is the released code's. */
#include "iia.h"

#include "../error.h"
#include "integrated-attention.h"

#include <math.h>
#include <string.h>

typedef struct
{
  EngIntegration run;
  EngAttention at;
  int order, k;       /* the picture, order 3 */
  gsize size, before; /* elements of the attention of the last block, of the last but one */
  float *lower, *u;   /* n + 1 attentions each; @lower only with order 3 */
  double *e, *row, *mean, *sum;
} Described;

static void
described_clear (Described *s)
{
  g_clear_pointer (&s->lower, g_free);
  g_clear_pointer (&s->u, g_free);
  g_clear_pointer (&s->e, g_free);
  g_clear_pointer (&s->row, g_free);
  g_clear_pointer (&s->mean, g_free);
  g_clear_pointer (&s->sum, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Described, described_clear)

static const char *
attention_name (const Described *s, int from_last)
{
  return s->at.targets[s->at.blocks - 1 - from_last]->name;
}

static void
fill_picture (int index, float *const *inputs, gpointer data)
{
  eng_integration_picture (&((Described *)data)->run, index, inputs[0]);
}

/* Picture k and point @index of the path of the last attention but one. */
static void
fill_lower (int index, float *const *inputs, gpointer data)
{
  Described *s = data;
  eng_integration_picture (&s->run, s->k, inputs[0]);
  eng_integrated_scale (s->lower + s->k * s->before, (double)index / s->run.steps, s->before, inputs[1]);
}

/* Item: value of @u, point of its path. */
static void
fill_point (int index, float *const *inputs, gpointer data)
{
  Described *s = data;
  int points = s->run.steps + 1, value = index / points;
  (s->order == 3 ? fill_lower : fill_picture) (value, inputs, data);
  eng_integrated_scale (s->u + value * s->size, (double)(index % points) / s->run.steps, s->size,
                        inputs[s->order - 1]);
}

/* Row of the mean over heads of an attention of the last block. */
static void
read_mean (Described *s, const float *u)
{
  int heads = eng_attention_heads (&s->at, s->at.blocks - 1);
  memset (s->mean, 0, sizeof *s->mean * s->at.tokens);
  for (int h = 0; h < heads; h++)
    {
      eng_attention_read_row (&s->at, u + h * s->at.square, s->row);
      for (int i = 0; i < s->at.tokens; i++)
        s->mean[i] += s->row[i] / heads;
    }
}

static gboolean
take_point (const EngProbeItem *item, gpointer data, GError **error)
{
  Described *s = data;
  EngAttention *at = &s->at;
  read_mean (s, s->u + item->index / (s->run.steps + 1) * s->size);
  memset (s->e, 0, sizeof *s->e * at->blocks * at->square);
  for (int b = 0; b < at->blocks; b++)
    eng_attention_add_positive (at, b, item->values[b], item->grads[b], 1, s->e + b * at->square);
  eng_attention_rollout (at, s->e, 0, TRUE, s->row);
  for (int i = 0; i < at->tokens; i++)
    s->sum[i] += s->row[i] * s->mean[i];
  return eng_integration_tick (&s->run, error);
}

static EngProbe *
new_head (Described *s)
{
  EngProbe *head = eng_probe_new (s->run.job);
  eng_probe_feed (head, NULL);
  for (int i = s->order - 2; i >= 0; i--)
    eng_probe_feed (head, attention_name (s, i));
  eng_attention_want (&s->at, head, TRUE);
  return head;
}

/* The values u that belong to the picture s->k, or to all pictures with order 2, and gradients on their paths. */
static gboolean
add_points (Described *s, EngProbe *collector, EngProbe *head, GError **error)
{
  int points = s->run.steps + 1;
  g_free (s->u);
  s->u = eng_integration_collect (&s->run, collector, attention_name (s, 0), points,
                                  s->order == 3 ? fill_lower : fill_picture, s, error);
  return s->u && eng_probe_run (head, points * points, fill_point, take_point, s, error) >= 0;
}

static gboolean
run_described (Described *s, GError **error)
{
  int points = s->run.steps + 1;
  g_autoptr (EngProbe) head = new_head (s), collector = NULL;
  s->e = eng_attention_new_matrices (&s->at);
  s->row = g_new (double, s->at.tokens);
  s->mean = g_new (double, s->at.tokens);
  s->sum = g_new0 (double, s->at.tokens);
  s->size = eng_probe_size (head, attention_name (s, 0));
  collector = eng_integration_new_collector (&s->run, NULL, attention_name (s, 0));
  if (s->order == 2)
    return add_points (s, collector, head, error);
  g_autoptr (EngProbe) pictures = eng_integration_new_collector (&s->run, NULL, attention_name (s, 1));
  eng_probe_feed (collector, attention_name (s, 1));
  s->before = eng_probe_size (head, attention_name (s, 1));
  s->lower = eng_integration_collect (&s->run, pictures, attention_name (s, 1), points, fill_picture, s, error);
  for (; s->lower && s->k < points; s->k++)
    if (!add_points (s, collector, head, error))
      return FALSE;
  return s->lower != NULL;
}

EngCost
eng_iia_attention_passes (int order, int steps, EngVariant variant)
{
  guint64 p = (guint64)steps + 1;
  if (order == 2)
    return (EngCost){ p + p * p, p * p };
  return (EngCost){ p + p * p + p * p * p, p * p * p };
}

EngHeatmap *
eng_iia_explain_attention (EngJob *job, int order, int steps, EngVariant variant, EngCost cost, GError **error)
{
  g_auto (Described) s = { .run = { .job = job, .steps = steps, .total = (guint)cost.forward }, .order = order };
  if (!eng_attention_init (&s.at, eng_job_model (job), error))
    return NULL;
  if (variant == ENG_VARIANT_DESCRIBED)
    return run_described (&s, error) ? eng_integrated_heatmap (job, &s.at, s.sum, pow (steps, -order)) : NULL;
  if (order == 3)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED,
                "The authors released no code for IIA3 on transformers. Choose the variant “described”.");
      return NULL;
    }
  g_autoptr (EngProbe) collector = eng_integration_new_collector (&s.run, NULL, attention_name (&s, 0));
  s.u = eng_integration_collect (&s.run, collector, attention_name (&s, 0), steps + 1, fill_picture, &s, error);
  s.sum = g_new0 (double, s.at.tokens);
  return s.u && eng_integrated_rollout (&s.run, &s.at, s.at.blocks - 1, s.u, steps + 1, s.sum, error)
             ? eng_integrated_heatmap (job, &s.at, s.sum, 1)
             : NULL;
}
