/* Attention rollout (Abnar and Zuidema, ACL 2020, section 4.1): attention followed back through all blocks. With
 * A_b the mean over heads, A^_b = A_b + I with rows divided by their sums (I: the residual path), and
 * M = the decision's row of A^_L ... A^_start. No class enters.
 *
 * Taken further by Gildenblat (vit-explain, 2020): heads fused by their maximum or minimum instead, and in every
 * block the smallest attentions set to zero before I is added (that of the first token to itself excepted). The
 * defaults are the paper's. */
#include "attention.h"

#include "../error.h"

#include <stdlib.h>

typedef enum
{
  FUSION_MEAN,
  FUSION_MAX,
  FUSION_MIN
} Fusion;

static const char *const fusions[] = { "mean", "max", "min", NULL };

static const EngParam params[] = {
  { "start", "First block", "", ENG_PARAM_INT, 0, 99, 0, NULL,
    "Block at which the product starts, counted from 0. Published evaluations also use 1, which leaves the first "
    "block out.",
    FALSE },
  { "fusion", "Heads", "", ENG_PARAM_CHOICE, 0, FUSION_MIN, FUSION_MEAN, fusions,
    "How the heads of a block become one matrix.", FALSE },
  { "discard-ratio", "Discard", "of each block's attentions", ENG_PARAM_FLOAT, 0, 0.99, 0, NULL,
    "The smallest attentions of each block that are set to zero. 0 as in the paper; 0.9 makes maps sparser.", FALSE },
  { NULL }
};

static void
fuse (const EngAttention *at, int block, const float *a, Fusion fusion, double *e)
{
  int heads = eng_attention_heads (at, block);
  if (fusion == FUSION_MEAN)
    {
      eng_attention_add_mean (at, block, a, 1, e);
      return;
    }
  for (gsize i = 0; i < at->square; i++)
    {
      double best = a[i];
      for (int h = 1; h < heads; h++)
        {
          double v = a[h * at->square + i];
          best = (fusion == FUSION_MAX ? v > best : v < best) ? v : best;
        }
      e[i] = best;
    }
}

typedef struct
{
  double value;
  gsize at;
} Ranked;

static int
compare (const void *a, const void *b)
{
  const Ranked *x = a, *y = b;
  return x->value != y->value ? (x->value < y->value ? -1 : 1) : x->at < y->at ? -1 : 1;
}

static void
discard (const EngAttention *at, double ratio, double *e)
{
  gsize n = (gsize)(ratio * (double)at->square);
  if (n == 0)
    return;
  g_autofree Ranked *ranked = g_new (Ranked, at->square);
  for (gsize i = 0; i < at->square; i++)
    ranked[i] = (Ranked){ e[i], i };
  qsort (ranked, at->square, sizeof *ranked, compare);
  for (gsize i = 0; i < n; i++)
    if (ranked[i].at != 0)
      e[ranked[i].at] = 0;
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngAttention at;
  const EngValues *values = eng_job_values (job);
  const float *input = eng_job_input (job);
  int start = (int)eng_values_get (values, "start");
  if (!eng_attention_init (&at, eng_job_model (job), error) || !eng_attention_check_start (&at, start, error))
    return NULL;
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_attention_want (&at, probe, FALSE);
  eng_probe_skip_logits (probe);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return NULL;
  g_autofree double *e = eng_attention_new_matrices (&at), *row = g_new (double, at.tokens);
  for (int b = start; b < at.blocks; b++)
    {
      fuse (&at, b, item->values[b], (Fusion)eng_values_get (values, "fusion"), e + b * at.square);
      discard (&at, eng_values_get (values, "discard-ratio"), e + b * at.square);
    }
  eng_attention_rollout (&at, e, start, TRUE, row);
  return eng_attention_make_heatmap (&at, job, row);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 1, 0 };
}

extern const EngMethod eng_method_rollout;
const EngMethod eng_method_rollout = {
  .id = "rollout",
  .name = "Attention rollout",
  .about = "Attention followed back through all blocks and their residual paths, whatever the class.",
  .reference = "Abnar, Zuidema: Quantifying Attention Flow in Transformers, ACL 2020",
  .family = ENG_FAMILY_TRANSFORMER,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_ATTENTION,
  .allows = ENG_ALLOWS_AVERAGE,
  .params = params,
  .cost = "1 forward pass",
  .passes = passes,
  .can_explain = eng_attention_can_explain,
  .explain = explain,
};
