/* See rescale.h. Two passes say what each curve (ReLU and other functions of one number) does to the picture's value
 * x and to the reference's x0; in a copy of the network above the layer the curve becomes a multiplication by (f (x)
 * - f (x0)) / (x - x0), or by f' (x) where x and x0 are the same. All else there is linear, so the gradient of the
 * copy is DeepLIFT's multiplier. */
#include "rescale.h"

#include "../error.h"
#include "../nn/op.h"
#include "../nn/pass.h"

#include <math.h>
#include <string.h>

typedef enum
{
  RULE_NONE,
  RULE_LINEAR_FIRST, /* in the first input; the others must not change with the layer */
  RULE_LINEAR_ONE,   /* in each input: only one of them may change with the layer */
  RULE_LINEAR_ALL,   /* in all inputs together */
  RULE_CURVE         /* a function of each number of the first input */
} Rule;

static Rule
rule_of (const EngNode *node)
{
  static const char *const first[] = { "AveragePool",
                                       "BatchNormalization",
                                       "Cast",
                                       "Conv",
                                       "ConvTranspose",
                                       "DepthToSpace",
                                       "Div",
                                       "Dropout",
                                       "Expand",
                                       "Flatten",
                                       "Gather",
                                       "Gemm",
                                       "GlobalAveragePool",
                                       "Identity",
                                       "Neg",
                                       "Pad",
                                       "ReduceMean",
                                       "ReduceSum",
                                       "Reshape",
                                       "Resize",
                                       "Slice",
                                       "SpaceToDepth",
                                       "Split",
                                       "Squeeze",
                                       "Tile",
                                       "Transpose",
                                       "Unsqueeze",
                                       "Upsample",
                                       NULL };
  static const char *const one[] = { "MatMul", "Mul", NULL };
  static const char *const all[] = { "Add", "Concat", "Mean", "Sub", "Sum", NULL };
  static const char *const curves[] = {
    "Abs",   "Celu", "Clip", "Elu",     "Erf",      "Gelu",     "HardSigmoid", "HardSwish",       "LeakyRelu", "Mish",
    "PRelu", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh",        "ThresholdedRelu", NULL
  };
  const struct
  {
    const char *const *names;
    Rule rule;
  } rules[] = {
    { first, RULE_LINEAR_FIRST }, { one, RULE_LINEAR_ONE }, { all, RULE_LINEAR_ALL }, { curves, RULE_CURVE }
  };
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (g_strv_contains (rules[i].names, node->op->name))
      return rules[i].rule;
  return RULE_NONE;
}

/* @depends: by value, whether it changes with the layer */
static gboolean
has_rule (const EngNode *node, const guint8 *depends)
{
  Rule rule = rule_of (node);
  int changing = 0;
  for (int k = 0; k < node->n_inputs; k++)
    if (node->inputs[k] && depends[node->inputs[k]->id])
      {
        changing++;
        if (!eng_dtype_is_float (node->inputs[k]->dtype)
            || (k > 0 && (rule == RULE_LINEAR_FIRST || rule == RULE_CURVE)))
          return FALSE;
      }
  return rule == RULE_LINEAR_ALL
         || (rule != RULE_NONE && changing == 1 && eng_dtype_is_float (node->outputs[0]->dtype));
}

gboolean
eng_rescale_applies (EngModel *model, const EngTarget *target, const char *method, GError **error)
{
  g_auto (EngAbove) above = { 0 };
  g_autofree guint8 *depends = NULL;
  eng_above_init (&above, model, target->name);
  g_autoptr (GPtrArray) nodes = eng_above_nodes (&above, &depends);
  for (guint i = 0; i < nodes->len; i++)
    if (!has_rule (nodes->pdata[i], depends))
      return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                       "%s follows DeepLIFT's rescale rule through sums, convolutions, averages and functions of one "
                       "number (ReLU); it has no rule for the %s above “%s”. Choose a later layer, or Grad-CAM.",
                       method, ((EngNode *)nodes->pdata[i])->op->name, target->name);
  return TRUE;
}

/* ---- what curves do ---- */

typedef struct
{
  EngNode *node;
  gsize n;
  float *x, *y, *slope; /* of the picture; the slope once the reference has been run */
} Curve;

static void
clear_curve (gpointer data)
{
  Curve *c = data;
  g_free (c->x);
  g_free (c->y);
  g_free (c->slope);
}

static GArray *
find_curves (GPtrArray *nodes)
{
  GArray *curves = g_array_new (FALSE, TRUE, sizeof (Curve));
  g_array_set_clear_func (curves, clear_curve);
  for (guint i = 0; i < nodes->len; i++)
    {
      Curve c = { .node = nodes->pdata[i] };
      if (rule_of (c.node) != RULE_CURVE)
        continue;
      c.n = (gsize)eng_shape_count (&c.node->outputs[0]->shape);
      g_array_append_val (curves, c);
    }
  return curves;
}

static void
want_curves (GArray *curves, EngProbe *probe)
{
  for (guint i = 0; i < curves->len; i++)
    {
      eng_probe_want (probe, g_array_index (curves, Curve, i).node->inputs[0]->name);
      eng_probe_want (probe, g_array_index (curves, Curve, i).node->outputs[0]->name);
    }
}

/* f' (x) of a curve, by a graph of its own. NULL with an error. */
static float *
derivative (const Curve *c, GError **error)
{
  EngValue *in = c->node->inputs[0], *out;
  g_autoptr (EngGraph) graph = eng_graph_new ();
  EngValue *x = eng_graph_add_input (graph, "x", in->dtype, &in->shape);
  if (!eng_graph_append (graph, c->node->graph, "", &in, &x, 1, &c->node->outputs[0], &out, 1, error))
    return NULL;
  eng_graph_add_output (graph, out);
  eng_graph_freeze (graph);
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  eng_pass_want_grad (pass, x);
  eng_pass_set_root (pass, out);
  if (!eng_pass_prepare (pass, error))
    return NULL;
  float *slope = g_new (float, c->n);
  eng_pass_write (pass, x, c->x);
  eng_pass_forward (pass);
  eng_pass_backward (pass, NULL);
  eng_pass_read_grad (pass, x, slope);
  return slope;
}

/* @x0, @y0: of the reference */
static gboolean
find_slope (Curve *c, const float *x0, const float *y0, GError **error)
{
  if (!(c->slope = derivative (c, error)))
    return FALSE;
  for (gsize i = 0; i < c->n; i++)
    {
      /* Closer than this the quotient is rounding noise; its part in the sum is below notice. */
      double step = (double)c->x[i] - x0[i];
      if (fabs (step) > 1e-6 * fmax (1, fabs (x0[i])))
        c->slope[i] = (float)(((double)c->y[i] - y0[i]) / step);
    }
  return TRUE;
}

static gboolean
run_picture (EngRescale *self, EngJob *job, GArray *curves, GError **error)
{
  const float *input = eng_job_input (job);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  eng_above_want (&self->above, probe);
  want_curves (curves, probe);
  const EngProbeItem *item = eng_probe_one (probe, &input, error);
  if (!item)
    return FALSE;
  self->score = item->score;
  eng_above_take (&self->above, item);
  self->layer = self->above.data[0];
  for (guint i = 0; i < curves->len; i++)
    {
      Curve *c = &g_array_index (curves, Curve, i);
      c->x = g_memdup2 (item->values[self->above.values->len + 2 * i], sizeof (float) * c->n);
      c->y = g_memdup2 (item->values[self->above.values->len + 2 * i + 1], sizeof (float) * c->n);
    }
  return TRUE;
}

static gboolean
run_reference (EngRescale *self, EngJob *job, GArray *curves, GError **error)
{
  g_autofree float *zeros = g_new0 (float, self->above.sizes[0]);
  g_autofree const float **inputs = g_memdup2 (self->above.data, sizeof (float *) * self->above.values->len);
  g_autoptr (EngProbe) probe = eng_probe_new (job);
  inputs[0] = zeros;
  eng_above_feed (&self->above, probe);
  want_curves (curves, probe);
  const EngProbeItem *item = eng_probe_one (probe, inputs, error);
  if (!item)
    return FALSE;
  self->reference = item->score;
  for (guint i = 0; i < curves->len; i++)
    if (!find_slope (&g_array_index (curves, Curve, i), item->values[2 * i], item->values[2 * i + 1], error))
      return FALSE;
  return TRUE;
}

/* ---- the linear copy ---- */

static EngValue *
given_constant (EngGraph *graph, const EngValue *v, const float *data)
{
  EngTensor *t = eng_tensor_new (v->dtype, &v->shape);
  memcpy (t->f, data, sizeof (float) * (gsize)eng_shape_count (&v->shape));
  return eng_graph_add_constant (graph, v->name, ENG_VALUE_CONSTANT, t);
}

/* A node with inputs that are in the copy already. @map: by value of the source */
static gboolean
copy_node (EngGraph *graph, const EngNode *node, EngValue **map, GError **error)
{
  g_autoptr (GPtrArray) from = g_ptr_array_new (), to = g_ptr_array_new ();
  g_autofree EngValue **copies = g_new0 (EngValue *, node->n_outputs);
  for (int k = 0; k < node->n_inputs; k++)
    if (node->inputs[k] && !node->inputs[k]->constant)
      {
        g_ptr_array_add (from, node->inputs[k]);
        g_ptr_array_add (to, map[node->inputs[k]->id]);
      }
  if (!eng_graph_append (graph, node->graph, "", (EngValue *const *)from->pdata, (EngValue *const *)to->pdata,
                         (int)from->len, node->outputs, copies, node->n_outputs, error))
    return FALSE;
  for (int k = 0; k < node->n_outputs; k++)
    map[node->outputs[k]->id] = copies[k];
  return TRUE;
}

/* @layer, @logits: (out): in the copy */
static EngGraph *
linear_copy (EngRescale *self, GPtrArray *nodes, GArray *curves, EngValue **layer, EngValue **logits, GError **error)
{
  const EngValue *a = self->above.values->pdata[0];
  g_autofree EngValue **map = g_new0 (EngValue *, self->above.graph->values->len);
  g_autoptr (EngGraph) graph = eng_graph_new ();
  guint next = 0;
  *layer = map[a->id] = eng_graph_add_input (graph, a->name, a->dtype, &a->shape);
  for (guint i = 1; i < self->above.values->len; i++)
    {
      const EngValue *v = self->above.values->pdata[i];
      map[v->id] = given_constant (graph, v, self->above.data[i]);
    }
  for (guint i = 0; i < nodes->len; i++)
    {
      const EngNode *node = nodes->pdata[i];
      if (rule_of (node) != RULE_CURVE)
        {
          if (!copy_node (graph, node, map, error))
            return NULL;
          continue;
        }
      EngValue *slope = given_constant (graph, node->outputs[0], g_array_index (curves, Curve, next++).slope);
      map[node->outputs[0]->id] = eng_graph_op (graph, error, "Mul", NULL, 2, map[node->inputs[0]->id], slope);
      if (!map[node->outputs[0]->id])
        return NULL;
    }
  *logits = map[eng_graph_logits (self->above.graph)->id];
  eng_graph_add_output (graph, *logits);
  eng_graph_freeze (graph);
  return g_steal_pointer (&graph);
}

static gboolean
run_linear (EngRescale *self, EngJob *job, GPtrArray *nodes, GArray *curves, GError **error)
{
  EngValue *layer, *logits;
  g_autoptr (EngGraph) graph = linear_copy (self, nodes, curves, &layer, &logits, error);
  g_autoptr (EngPass) pass = graph ? eng_pass_new (graph) : NULL;
  if (!pass)
    return FALSE;
  eng_pass_want_grad (pass, layer);
  eng_pass_set_root (pass, logits);
  if (!eng_pass_prepare (pass, error))
    return FALSE;
  g_autofree float *seed = g_new0 (float, (gsize)eng_model_n_classes (eng_job_model (job)));
  seed[eng_job_class_index (job)] += 1;
  if (eng_job_contrast (job) >= 0)
    seed[eng_job_contrast (job)] -= 1;
  self->multipliers = g_new (float, self->above.sizes[0]);
  eng_pass_write (pass, layer, self->layer);
  eng_pass_forward (pass);
  eng_pass_backward (pass, seed);
  eng_pass_read_grad (pass, layer, self->multipliers);
  eng_job_count (job, 1, 1);
  return TRUE;
}

gboolean
eng_rescale_run (EngRescale *self, EngJob *job, GError **error)
{
  eng_above_init (&self->above, eng_job_model (job), eng_job_target (job)->name);
  g_autoptr (GPtrArray) nodes = eng_above_nodes (&self->above, NULL);
  g_autoptr (GArray) curves = find_curves (nodes);
  return run_picture (self, job, curves, error) && run_reference (self, job, curves, error)
         && run_linear (self, job, nodes, curves, error);
}

void
eng_rescale_clear (EngRescale *self)
{
  eng_above_clear (&self->above);
  g_clear_pointer (&self->multipliers, g_free);
}
