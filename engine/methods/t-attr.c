/* Transformer attribution (Chefer, Gur and Wolf, CVPR 2021): relevance R of the attentions A_b instead of the
 * attentions themselves. Relevance 1 at the class's logit goes back through the network by the rules of
 * ../relevance/rules.c; with G_b the gradient of the logit, E_b = mean over heads of relu (R_b * G_b), and M = the
 * decision's row of (I + E_L) ... (I + E_start), rows not divided. The authors' experiments start at the second
 * block.
 *
 * Relevance and the values it divides by are double, from the picture on: residual sums that nearly cancel make the
 * result of the same rules in float differ visibly. The gradient is the ordinary one. */
#include "attention.h"

#include "../relevance/relevance.h"

#define DEFAULT_START 1

static const EngParam params[] = {
  { "start", "First block", "", ENG_PARAM_INT, 0, 99, DEFAULT_START, NULL,
    "Block at which the product starts, counted from 0. The published experiments leave the first block out.",
    FALSE },
  { NULL }
};

/* A network of one block has nothing but that one. */
static double
model_default (EngModel *model, const EngParam *param)
{
  int blocks;
  eng_model_attentions (model, &blocks);
  return MAX (MIN (DEFAULT_START, blocks - 1), 0);
}

/* For the attentions from block @start on. */
static EngRelevance *
plan (const EngAttention *at, EngGraph *graph, int start, GError **error)
{
  int n = at->blocks - start;
  g_autofree EngValue **wanted = g_new (EngValue *, n);
  for (int i = 0; i < n; i++)
    wanted[i] = eng_graph_find (graph, at->targets[start + i]->name);
  return eng_relevance_new (graph, eng_graph_logits (graph), wanted, n, error);
}

static gboolean
can_explain (EngModel *model, const EngTarget *target, GError **error)
{
  EngAttention at;
  if (!eng_attention_init (&at, model, error))
    return FALSE;
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, error);
  g_autoptr (EngRelevance) relevance = graph ? plan (&at, graph, 0, error) : NULL;
  return relevance != NULL;
}

static gboolean
tick (guint done, guint total, gpointer job, GError **error)
{
  return eng_job_step (job, done, total, "layers", NULL, error);
}

/* e += mean over heads of relu (R * G) */
static void
add_block (const EngAttention *at, int block, const double *r, const float *g, double *e)
{
  int heads = eng_attention_heads (at, block);
  for (gsize k = 0; k < heads * at->square; k++)
    {
      double product = r[k] * g[k];
      e[k % at->square] += product > 0 || product != product ? product / heads : 0;
    }
}

static EngHeatmap *
explain (EngJob *job, GError **error)
{
  EngAttention at;
  EngModel *model = eng_job_model (job);
  const float *input = eng_job_input (job);
  int start = (int)eng_values_get (eng_job_values (job), "start");
  if (!eng_attention_init (&at, model, error) || !eng_attention_check_start (&at, start, error))
    return NULL;
  g_autoptr (EngGraph) graph = eng_model_graph (model, 1, error);
  g_autoptr (EngRelevance) relevance = graph ? plan (&at, graph, start, error) : NULL;
  if (!relevance)
    return NULL;
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  for (int i = 0; i < eng_relevance_n_given (relevance); i++)
    eng_probe_want (probe, eng_relevance_given_name (relevance, i));
  for (int b = start; b < at.blocks; b++)
    eng_probe_want_grad (probe, at.targets[b]->name);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return NULL;
  for (int i = 0; i < eng_relevance_n_given (relevance); i++)
    eng_relevance_give (relevance, i, item->values[i]);
  g_autofree double *seed = g_new0 (double, eng_model_n_classes (model));
  seed[eng_job_class_index (job)] = 1;
  if (!eng_relevance_run (relevance, seed, tick, job, error))
    return NULL;
  eng_job_count (job, 1, 1); /* in double */
  g_autofree double *e = eng_attention_new_matrices (&at), *row = g_new (double, at.tokens);
  for (int b = start; b < at.blocks; b++)
    add_block (&at, b, eng_relevance_of (relevance, b - start), item->grads[b - start], e + b * at.square);
  eng_attention_rollout (&at, e, start, FALSE, row);
  return eng_attention_make_heatmap (&at, job, row);
}

static EngCost
passes (EngModel *model, const EngTarget *target, const EngValues *values)
{
  return (EngCost){ 2, 2 };
}

extern const EngMethod eng_method_t_attr;
const EngMethod eng_method_t_attr = {
  .id = "t-attr",
  .name = "T-Attr",
  .about =
      "Relevance of the attentions by layer-wise propagation, times their gradient, followed through all blocks.",
  .reference = "Chefer, Gur, Wolf: Transformer Interpretability Beyond Attention Visualization, CVPR 2021",
  .family = ENG_FAMILY_TRANSFORMER,
  .sign = ENG_SIGN_UNSIGNED,
  .needs = ENG_NEEDS_GRADIENT | ENG_NEEDS_ATTENTION,
  .allows = ENG_ALLOWS_AVERAGE,
  .class_dependent = TRUE,
  .params = params,
  .cost = "2 forward, 2 backward passes: one of each in double precision",
  .passes = passes,
  .can_explain = can_explain,
  .explain = explain,
  .model_default = model_default,
};
