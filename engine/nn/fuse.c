/* Fused nodes: bookkeeping common to all fusions. Each fusion in turn is tried at every node, from the last on. */
#include "fuse.h"

#include <string.h>

/* In this order; a fusion sees what those before it made. */
#define FUSIONS(X) X (layer_norm) X (gelu) X (attention) X (linear) X (conv) X (view)

#define DECLARE(name) extern const EngFusion eng_fusion_##name;
FUSIONS (DECLARE)
#undef DECLARE

#define ENTRY(name) &eng_fusion_##name,
static const EngFusion *const fusions[] = { FUSIONS (ENTRY) NULL };
#undef ENTRY

struct _EngFuse
{
  EngPass *pass;
  EngNode **producer; /* by value: the node of the pass that computes it; NULL: none */
  int *uses;          /* by value: inputs of nodes of the pass */
  guint8 *reached;    /* by value: depends on something whose gradient is wanted */
  int *place;         /* by index of a node: its place in pass->needed */
};

gboolean
eng_node_is (const EngNode *node, const char *op_type)
{
  return node && strcmp (node->op->name, op_type) == 0;
}

EngNode *
eng_fuse_producer (const EngFuse *fuse, const EngValue *value, const char *op_type)
{
  EngNode *node = value ? fuse->producer[value->id] : NULL;
  return node && (!op_type || eng_node_is (node, op_type)) ? node : NULL;
}

EngNode *
eng_fuse_take (const EngFuse *fuse, EngGroup *group, const EngValue *value, const char *op_type)
{
  EngNode *node = eng_fuse_producer (fuse, value, op_type);
  for (int i = 0; node && i < group->n_nodes; i++)
    if (group->node[i] == node)
      return node;
  if (!node || group->n_nodes == ENG_GROUP_NODES)
    return NULL;
  return group->node[group->n_nodes++] = node;
}

int
eng_fuse_uses (const EngFuse *fuse, const EngValue *value)
{
  return fuse->uses[value->id];
}

gboolean
eng_fuse_is_fixed (const EngFuse *fuse, const EngValue *value)
{
  return value && value->constant && !(fuse->pass->flags[value->id] & (PASS_TRAIN | PASS_CUT));
}

gboolean
eng_fuse_number (const EngFuse *fuse, const EngValue *value, float *number)
{
  if (!eng_fuse_is_fixed (fuse, value) || !eng_dtype_is_float (value->dtype)
      || eng_tensor_count (value->constant) != 1)
    return FALSE;
  *number = value->constant->f[0];
  return TRUE;
}

gboolean
eng_fuse_is_row (const EngValue *value, const EngShape *shape, int axis)
{
  int extra = value->shape.rank - (shape->rank - axis);
  for (int i = 0; i < value->shape.rank; i++)
    if (value->shape.dim[i] != (i < extra ? 1 : shape->dim[axis + i - extra]))
      return FALSE;
  return extra >= 0 && value->shape.rank <= shape->rank;
}

gboolean
eng_fuse_passes (const EngFuse *fuse, const EngValue *value)
{
  return !(fuse->pass->flags[value->id] & (PASS_CUT | PASS_TRAIN | PASS_WANT_GRAD));
}

gboolean
eng_fuse_is_wanted (const EngFuse *fuse, const EngValue *value)
{
  return fuse->pass->flags[value->id] & PASS_WANT;
}

gboolean
eng_fuse_is_reached (const EngFuse *fuse, const EngValue *value)
{
  return fuse->reached[value->id];
}

/* ---- nodes of a pass ---- */

static void
node_free (gpointer data)
{
  EngNode *node = data;
  g_slist_free_full (node->memory, g_free);
  g_clear_pointer (&node->attrs, eng_attrs_free);
  g_free (node->inputs);
  g_free (node->outputs);
  g_free (node);
}

/* NULL when the operator refuses, or computes something of another shape. The outputs belong to a graph that other
 * threads may read: shape() writes into copies. */
static EngNode *
make_node (EngGroup *group)
{
  const EngNode *last = group->node[0];
  EngNode *node = g_new0 (EngNode, 1);
  g_autofree EngValue *copies = g_new0 (EngValue, group->n_outputs);
  node->index = last->index;
  node->name = last->name; /* the graph's, which lives longer */
  node->op = group->op;
  node->opset = ENG_OPSET_MAX;
  node->attrs = g_steal_pointer (&group->attrs);
  if ((node->priv = g_steal_pointer (&group->priv)))
    node->memory = g_slist_prepend (node->memory, node->priv);
  node->n_inputs = group->n_inputs;
  node->n_outputs = group->n_outputs;
  node->inputs = g_memdup2 (group->input, sizeof *group->input * (gsize)group->n_inputs);
  node->outputs = g_memdup2 (group->output, sizeof *group->output * (gsize)group->n_outputs);
  node->graph = last->graph;
  for (int i = 0; i < node->n_outputs; i++)
    node->outputs[i] = &copies[i];
  gboolean fits = node->op->shape (node, NULL);
  for (int i = 0; i < node->n_outputs; i++)
    {
      fits = fits && copies[i].dtype == group->output[i]->dtype
             && eng_shape_equal (&copies[i].shape, &group->output[i]->shape);
      node->outputs[i] = group->output[i];
    }
  if (!fits)
    g_clear_pointer (&node, node_free);
  return node;
}

/* ---- replacing ---- */

static gboolean
is_output (const EngGroup *group, const EngValue *value)
{
  for (int i = 0; i < group->n_outputs; i++)
    if (group->output[i] == value)
      return TRUE;
  return FALSE;
}

/* Inner values must be read by nodes of the group alone; those that it does not compute must not be asked for. */
static gboolean
is_closed (const EngFuse *fuse, const EngGroup *group)
{
  for (int n = 0; n < group->n_nodes; n++)
    for (int o = 0; o < group->node[n]->n_outputs; o++)
      {
        const EngValue *v = group->node[n]->outputs[o];
        int uses = 0;
        if (v == group->output[0])
          continue;
        guint8 bars = PASS_CUT | PASS_TRAIN | PASS_WANT_GRAD | (is_output (group, v) ? 0 : PASS_WANT);
        for (int m = 0; m < group->n_nodes; m++)
          for (int i = 0; i < group->node[m]->n_inputs; i++)
            uses += group->node[m]->inputs[i] == v;
        if ((fuse->pass->flags[v->id] & bars) || uses != fuse->uses[v->id])
          return FALSE;
      }
  return TRUE;
}

static void
count_uses (EngFuse *fuse, const EngNode *node, int step)
{
  for (int i = 0; i < node->n_inputs; i++)
    if (node->inputs[i])
      fuse->uses[node->inputs[i]->id] += step;
}

/* Takes out a node whose outputs nobody reads or wants, and what was there for it alone. */
static void
drop_idle (EngFuse *fuse, EngNode *node)
{
  EngPass *pass = fuse->pass;
  for (int o = 0; o < node->n_outputs; o++)
    {
      const EngValue *v = node->outputs[o];
      if (fuse->producer[v->id] == node && (fuse->uses[v->id] || (pass->flags[v->id] & (PASS_WANT | PASS_WANT_GRAD))))
        return;
    }
  for (int o = 0; o < node->n_outputs; o++)
    if (fuse->producer[node->outputs[o]->id] == node)
      {
        fuse->producer[node->outputs[o]->id] = NULL;
        pass->flags[node->outputs[o]->id] &= (guint8)~PASS_NEEDED;
      }
  if (pass->needed->pdata[fuse->place[node->index]] == node)
    pass->needed->pdata[fuse->place[node->index]] = NULL;
  count_uses (fuse, node, -1);
  for (int i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] && fuse->producer[node->inputs[i]->id])
      drop_idle (fuse, fuse->producer[node->inputs[i]->id]);
}

static void
replace (EngFuse *fuse, const EngGroup *group, EngNode *node)
{
  EngPass *pass = fuse->pass;
  EngNode *last = group->node[0], *before[G_N_ELEMENTS (group->output)];
  g_ptr_array_add (pass->fused, node);
  pass->needed->pdata[fuse->place[last->index]] = node;
  count_uses (fuse, node, 1);
  for (int i = 0; i < node->n_outputs; i++)
    {
      before[i] = fuse->producer[node->outputs[i]->id];
      fuse->producer[node->outputs[i]->id] = node;
    }
  for (int i = 0; i < node->n_outputs; i++)
    drop_idle (fuse, before[i]);
}

static void
try_fusion (EngFuse *fuse, const EngFusion *fusion, EngNode *last)
{
  EngGroup group = { .node = { last }, .n_nodes = 1, .output = { last->outputs[0] }, .n_outputs = 1 };
  EngNode *node = NULL;
  if (fusion->match (fuse, last, &group) && is_closed (fuse, &group))
    node = make_node (&group);
  if (node)
    replace (fuse, &group, node);
  g_clear_pointer (&group.attrs, eng_attrs_free);
  g_free (group.priv);
}

/* ---- the walk ---- */

static void
look_around (EngFuse *fuse)
{
  EngPass *pass = fuse->pass;
  for (guint i = 0; i < pass->n; i++)
    fuse->reached[i] = pass->root && (pass->flags[i] & PASS_WANT_GRAD);
  for (guint t = 0; t < pass->needed->len; t++)
    {
      EngNode *node = pass->needed->pdata[t];
      gboolean reached = FALSE;
      fuse->place[node->index] = (int)t;
      count_uses (fuse, node, 1);
      for (int i = 0; i < node->n_inputs; i++)
        reached |= node->inputs[i] && fuse->reached[node->inputs[i]->id];
      for (int o = 0; o < node->n_outputs; o++)
        if (!(pass->flags[node->outputs[o]->id] & PASS_CUT))
          {
            fuse->producer[node->outputs[o]->id] = node;
            fuse->reached[node->outputs[o]->id] |= reached;
          }
    }
}

void
eng_pass_fuse (EngPass *self)
{
  g_autofree EngNode **producer = g_new0 (EngNode *, self->n);
  g_autofree int *uses = g_new0 (int, self->n), *place = g_new0 (int, self->graph->nodes->len + 1);
  g_autofree guint8 *reached = g_new0 (guint8, self->n);
  EngFuse fuse = { self, producer, uses, reached, place };
  g_ptr_array_set_free_func (self->fused, node_free);
  look_around (&fuse);
  for (int f = 0; fusions[f]; f++)
    for (guint t = self->needed->len; t-- > 0;)
      if (self->needed->pdata[t])
        try_fusion (&fuse, fusions[f], self->needed->pdata[t]);
  guint left = 0;
  for (guint t = 0; t < self->needed->len; t++)
    if (self->needed->pdata[t])
      self->needed->pdata[left++] = self->needed->pdata[t];
  g_ptr_array_set_size (self->needed, (int)left);
}
