/* See relevance.h. A plan is made first: which values receive relevance, which of them the rules read, and what has
 * to be computed for that. Values that nothing reads any more are freed on the way, so memory holds about what the
 * rules read. Where relevance comes back from several readers of a value x, its parts are joined as x (R_1 / x + R_2
 * / x). */
#include "relevance.h"

#include "../error.h"
#include "doubles.h"
#include "rules.h"

#include <string.h>

/* One for each value of the graph. */
typedef struct
{
  gboolean useful;   /* a wanted value, or made from one: relevance has somewhere to go */
  gboolean carries;  /* relevance arrives here */
  gboolean needed;   /* its numbers are needed */
  gboolean kept;     /* on the way back too */
  guint8 forks;      /* how many nodes bring relevance back to it, at most 2 */
  guint uses;        /* nodes that still read it on the way forward */
  double *value, *r; /* owned */
} Place;

struct _EngRelevance
{
  EngGraph *graph;
  EngValue *root;
  GPtrArray *wanted, *given; /* EngValue*, borrowed from the graph */
  Place *places;
  guint8 *runs, *returns; /* one for each node: has to be computed; carries relevance back */
  guint total;            /* nodes to do, both ways */
};

static Place *
place (EngRelevance *self, const EngValue *v)
{
  return &self->places[v->id];
}

static gsize
bytes (const EngValue *v)
{
  return sizeof (double) * (gsize)MAX (eng_shape_count (&v->shape), 1);
}

/* ---- planning ---- */

static void
mark_useful (EngRelevance *self)
{
  for (guint i = 0; i < self->wanted->len; i++)
    place (self, self->wanted->pdata[i])->useful = TRUE;
  for (guint i = 0; i < self->graph->nodes->len; i++)
    {
      EngNode *node = self->graph->nodes->pdata[i];
      gboolean useful = FALSE;
      for (int k = 0; k < node->n_inputs; k++)
        useful |= node->inputs[k] && place (self, node->inputs[k])->useful;
      for (int k = 0; k < node->n_outputs; k++)
        place (self, node->outputs[k])->useful |= useful;
    }
}

static gboolean
refuse (const EngNode *node, GError **error)
{
  return eng_fail (
      error, ENG_ERROR_UNSUPPORTED,
      "Relevance cannot be followed through node “%s” (%s): the rules know linear layers, residual sums, "
      "attention products, softmax, normalisation and activations.",
      node->name && *node->name ? node->name : node->outputs[0]->name, node->op->name);
}

/* What a node asks for when relevance goes back through it. */
static void
plan_rule (EngRelevance *self, const EngNode *node, const EngRule *rule)
{
  for (int k = 0; k < node->n_inputs; k++)
    {
      EngValue *v = node->inputs[k];
      if (!v)
        continue;
      Place *p = place (self, v);
      if (rule->reads & (1u << k))
        p->needed = p->kept = TRUE;
      if (!(rule->takes & (1u << k)) || !p->useful)
        continue;
      p->carries = TRUE;
      p->forks = (guint8)MIN (p->forks + !rule->moves, 2);
      if (p->forks > 1)
        p->needed = p->kept = TRUE;
    }
}

static gboolean
plan_back (EngRelevance *self, GError **error)
{
  place (self, self->root)->carries = TRUE;
  for (guint i = self->graph->nodes->len; i-- > 0;)
    {
      EngNode *node = self->graph->nodes->pdata[i];
      gboolean carries = FALSE, useful = FALSE;
      EngRule rule;
      for (int k = 0; k < node->n_outputs; k++)
        carries |= place (self, node->outputs[k])->carries;
      for (int k = 0; k < node->n_inputs; k++)
        useful |= node->inputs[k] && place (self, node->inputs[k])->useful;
      if (!carries || !useful)
        continue;
      if (!eng_rule_find (node, &rule))
        return refuse (node, error);
      plan_rule (self, node, &rule);
      self->returns[i] = 1;
      self->total++;
    }
  return TRUE;
}

static void
add_given (EngRelevance *self, EngValue *v)
{
  if (place (self, v)->needed)
    g_ptr_array_add (self->given, v);
}

static gboolean
plan_forward (EngRelevance *self, GError **error)
{
  for (guint i = self->graph->nodes->len; i-- > 0;)
    {
      EngNode *node = self->graph->nodes->pdata[i];
      gboolean needed = FALSE, known = eng_double_forward (node) != NULL;
      for (int k = 0; k < node->n_outputs; k++)
        {
          Place *p = place (self, node->outputs[k]);
          needed |= p->needed;
          if (p->needed && !known && (p->useful || node->outputs[k]->dtype != ENG_DTYPE_FLOAT))
            return refuse (node, error);
          if (!known)
            add_given (self, node->outputs[k]);
        }
      if (!needed || !known)
        continue;
      self->runs[i] = 1;
      self->total++;
      for (int k = 0; k < node->n_inputs; k++)
        if (node->inputs[k])
          {
            place (self, node->inputs[k])->needed = TRUE;
            place (self, node->inputs[k])->uses++;
          }
    }
  for (guint i = 0; i < self->graph->inputs->len; i++)
    add_given (self, self->graph->inputs->pdata[i]);
  return TRUE;
}

EngRelevance *
eng_relevance_new (EngGraph *graph, EngValue *root, EngValue *const *wanted, int n, GError **error)
{
  g_autoptr (EngRelevance) self = g_new0 (EngRelevance, 1);
  self->graph = eng_graph_ref (graph);
  self->root = root;
  self->wanted = g_ptr_array_new ();
  self->given = g_ptr_array_new ();
  self->places = g_new0 (Place, graph->values->len);
  self->runs = g_new0 (guint8, graph->nodes->len + 1);
  self->returns = g_new0 (guint8, graph->nodes->len + 1);
  for (int i = 0; i < n; i++)
    g_ptr_array_add (self->wanted, wanted[i]);
  mark_useful (self);
  return plan_back (self, error) && plan_forward (self, error) ? g_steal_pointer (&self) : NULL;
}

void
eng_relevance_free (EngRelevance *self)
{
  if (!self)
    return;
  for (guint i = 0; i < self->graph->values->len; i++)
    {
      g_free (self->places[i].value);
      g_free (self->places[i].r);
    }
  g_free (self->places);
  g_free (self->runs);
  g_free (self->returns);
  g_ptr_array_unref (self->wanted);
  g_ptr_array_unref (self->given);
  eng_graph_unref (self->graph);
  g_free (self);
}

/* ---- what is given ---- */

int
eng_relevance_n_given (EngRelevance *self)
{
  return (int)self->given->len;
}

const char *
eng_relevance_given_name (EngRelevance *self, int i)
{
  return ((EngValue *)self->given->pdata[i])->name;
}

void
eng_relevance_give (EngRelevance *self, int i, const float *values)
{
  EngValue *v = self->given->pdata[i];
  Place *p = place (self, v);
  if (!p->value)
    p->value = g_malloc (bytes (v));
  for (int64_t k = 0; k < eng_shape_count (&v->shape); k++)
    p->value[k] = values[k];
}

/* ---- running ---- */

/* Values of a node's inputs; constants are made for this node alone, since weights in double are large. */
static const double **
read_inputs (EngRelevance *self, const EngNode *node, guint which)
{
  const double **in = g_new0 (const double *, node->n_inputs + 1);
  for (int k = 0; k < node->n_inputs; k++)
    {
      EngValue *v = node->inputs[k];
      if (!v || !(which & (1u << MIN (k, 31))))
        continue;
      Place *p = place (self, v);
      if (!p->value && v->constant && eng_dtype_is_float (v->dtype))
        p->value = eng_double_constant (v->constant);
      in[k] = p->value;
    }
  return in;
}

static void
drop_constants (EngRelevance *self, const EngNode *node)
{
  for (int k = 0; k < node->n_inputs; k++)
    if (node->inputs[k] && node->inputs[k]->constant)
      g_clear_pointer (&place (self, node->inputs[k])->value, g_free);
}

static void
run_node (EngRelevance *self, const EngNode *node)
{
  g_autofree const double **in = read_inputs (self, node, ~0u);
  g_autofree double **out = g_new0 (double *, node->n_outputs + 1);
  for (int k = 0; k < node->n_outputs; k++)
    {
      Place *p = place (self, node->outputs[k]);
      if (p->needed)
        out[k] = p->value = g_malloc (bytes (node->outputs[k]));
    }
  eng_double_forward (node) (node, in, out);
  for (int k = 0; k < node->n_inputs; k++)
    if (node->inputs[k] && --place (self, node->inputs[k])->uses == 0 && !place (self, node->inputs[k])->kept)
      g_clear_pointer (&place (self, node->inputs[k])->value, g_free);
  drop_constants (self, node);
}

/* x (R_1 / x + R_2 / x) */
static void
join (const EngValue *v, Place *p)
{
  for (int64_t i = 0; p->forks > 1 && i < eng_shape_count (&v->shape); i++)
    p->r[i] = p->value[i] * eng_rule_divide (p->r[i], p->value[i]);
}

static void
return_node (EngRelevance *self, const EngNode *node)
{
  EngRule rule = { 0 };
  g_autofree const double **given = g_new0 (const double *, node->n_outputs + 1);
  g_autofree double **taken = g_new0 (double *, node->n_inputs + 1);
  gboolean any = FALSE;
  eng_rule_find (node, &rule);
  for (int k = 0; k < node->n_outputs; k++)
    any |= (given[k] = place (self, node->outputs[k])->r) != NULL;
  for (int k = 0; any && k < node->n_inputs; k++)
    {
      EngValue *v = node->inputs[k];
      if (!v || !(rule.takes & (1u << k)) || !place (self, v)->useful)
        continue;
      Place *p = place (self, v);
      if (!p->r)
        p->r = g_malloc0 (bytes (v));
      taken[k] = p->r;
    }
  if (any)
    {
      g_autofree const double **in = read_inputs (self, node, rule.reads);
      rule.apply (node, in, given, taken);
      drop_constants (self, node);
    }
}

/* Done with a node on the way back: nobody asks for its outputs any more, unless they are wanted. */
static void
finish_outputs (EngRelevance *self, const EngNode *node)
{
  for (int k = 0; k < node->n_outputs; k++)
    {
      Place *p = place (self, node->outputs[k]);
      g_clear_pointer (&p->value, g_free);
      if (!g_ptr_array_find (self->wanted, node->outputs[k], NULL))
        g_clear_pointer (&p->r, g_free);
    }
}

static gboolean
run_back (EngRelevance *self, guint done, EngRelevanceTick tick, gpointer data, GError **error)
{
  for (guint i = self->graph->nodes->len; i-- > 0;)
    {
      EngNode *node = self->graph->nodes->pdata[i];
      for (int k = 0; k < node->n_outputs; k++)
        if (place (self, node->outputs[k])->r)
          join (node->outputs[k], place (self, node->outputs[k]));
      if (self->returns[i])
        {
          return_node (self, node);
          if (!tick (++done, self->total, data, error))
            return FALSE;
        }
      finish_outputs (self, node);
    }
  return TRUE;
}

gboolean
eng_relevance_run (EngRelevance *self, const double *seed, EngRelevanceTick tick, gpointer data, GError **error)
{
  guint done = 0;
  for (guint i = 0; i < self->graph->nodes->len; i++)
    if (self->runs[i])
      {
        run_node (self, self->graph->nodes->pdata[i]);
        if (!tick (++done, self->total, data, error))
          return FALSE;
      }
  Place *root = place (self, self->root);
  g_free (root->r);
  root->r = g_memdup2 (seed, bytes (self->root));
  return run_back (self, done, tick, data, error);
}

const double *
eng_relevance_of (EngRelevance *self, int k)
{
  EngValue *v = self->wanted->pdata[k];
  Place *p = place (self, v);
  if (!p->r)
    p->r = g_malloc0 (bytes (v));
  return p->r;
}
