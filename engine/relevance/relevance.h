/* Relevance propagation through a frozen graph: what share of an output each element of a value inside contributed.
 *
 *   EngRelevance *r = eng_relevance_new (graph, logits, attentions, n, error);   refuses what it cannot follow
 *   for (i = 0; i < eng_relevance_n_given (r); i++)
 *     eng_relevance_give (r, i, value of eng_relevance_given_name (r, i));
 *   eng_relevance_run (r, seed, tick, data, error);
 *   eng_relevance_of (r, k);
 *
 * Values and relevance are double: the rules divide by sums that nearly cancel (rules.h). Given are the network's
 * input and whatever lies before the wanted values and is made by operators that are only known in float. Batch 1,
 * one owner. */
#pragma once

#include "../nn/graph.h"

G_BEGIN_DECLS

typedef struct _EngRelevance EngRelevance;

/**
 * eng_relevance_new:
 * @graph: frozen, at batch 1; kept
 * @root: where relevance starts
 * @wanted: @n values whose relevance is asked for
 *
 * Returns: NULL with an error that names the node through which relevance cannot be followed.
 */
EngRelevance *eng_relevance_new (EngGraph *graph, EngValue *root, EngValue *const *wanted, int n, GError **error);
void eng_relevance_free (EngRelevance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngRelevance, eng_relevance_free)

int eng_relevance_n_given (EngRelevance *self);
const char *eng_relevance_given_name (EngRelevance *self, int i);
void eng_relevance_give (EngRelevance *self, int i, const float *values); /* copied */

/* FALSE with an error ends the run. */
typedef gboolean (*EngRelevanceTick) (guint done, guint total, gpointer data, GError **error);
/* Once. @seed: relevance of the root, one for each element. */
gboolean eng_relevance_run (EngRelevance *self, const double *seed, EngRelevanceTick tick, gpointer data,
                            GError **error);
/* Of wanted value @k, in its shape; zeros when none arrived. Owned by @self. */
const double *eng_relevance_of (EngRelevance *self, int k);

G_END_DECLS
