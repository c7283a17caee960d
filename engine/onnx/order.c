/* Is the model a graph? Every value that a node reads must come from a node, an input or an
 * initializer, and no node may wait for itself. Nodes are then sorted, so that each stands after
 * those it reads from; a file that is sorted already, as the format demands, keeps its order. */
#include "onnx-private.h"

#include <string.h>

/* A depth-first walk with a stack of its own: files may be deeper than ours. */
typedef struct
{
  int node, next; /* which node, which of its names comes next */
} Step;

typedef struct
{
  EngOnnx *self;
  OnnxBlock *block;
  GHashTable *known;     /* names of inputs and initializers, of all blocks around */
  GHashTable *producers; /* name -> position + 1 among the block's nodes */
  guint8 *state;         /* per node: 0 new, 1 under way, 2 done */
  GPtrArray *sorted;
} Order;

/* The @i-th name that @node reads: its inputs, then what its branches read from outside. NULL: no more. */
static const char *
name_read (const OnnxNode *node, int i)
{
  if (i < node->n_inputs)
    return node->inputs[i];
  i -= node->n_inputs;
  for (int b = 0; b < 2 && node->branches[b]; b++)
    {
      GPtrArray *captures = node->branches[b]->captures;
      if (i < (int)captures->len)
        return captures->pdata[i];
      i -= (int)captures->len;
    }
  return NULL;
}

static gboolean
missing (Order *o, const OnnxNode *node, const char *name, GError **error)
{
  if (o->block->parent)
    {
      g_ptr_array_add (o->block->captures, (gpointer)name);
      return TRUE;
    }
  return eng_fail (error, ENG_ERROR_INVALID,
                   "%s: node %s (%s): its input %s comes from no node, input or initializer. Export the model again.",
                   o->self->name, eng_onnx_show (o->self, node->name), eng_onnx_show (o->self, node->op),
                   eng_onnx_show (o->self, name));
}

/* Continues with the topmost node: descends to one that it reads, or closes it. */
static gboolean
step (Order *o, GArray *stack, GError **error)
{
  Step *top = &g_array_index (stack, Step, stack->len - 1);
  OnnxNode *node = o->block->nodes->pdata[top->node];
  const char *name;
  while ((name = name_read (node, top->next++)))
    {
      int producer = GPOINTER_TO_INT (g_hash_table_lookup (o->producers, name)) - 1;
      if (!*name || (producer < 0 && g_hash_table_contains (o->known, name)))
        continue;
      if (producer < 0 && !missing (o, node, name, error))
        return FALSE;
      if (producer < 0 || o->state[producer] == 2)
        continue;
      if (o->state[producer] == 1)
        return eng_fail (error, ENG_ERROR_INVALID,
                         "%s: node %s (%s): its input %s depends on its own output, a cycle. Export the model again.",
                         o->self->name, eng_onnx_show (o->self, node->name), eng_onnx_show (o->self, node->op),
                         eng_onnx_show (o->self, name));
      Step below = { producer, 0 };
      o->state[producer] = 1;
      g_array_append_val (stack, below);
      return TRUE;
    }
  o->state[top->node] = 2;
  g_ptr_array_add (o->sorted, node);
  g_array_set_size (stack, stack->len - 1);
  return TRUE;
}

static gboolean
sort (Order *o, GError **error)
{
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (Step));
  for (guint i = 0; i < o->block->nodes->len; i++)
    {
      if (o->state[i] != 0)
        continue;
      Step first = { (int)i, 0 };
      o->state[i] = 1;
      g_array_append_val (stack, first);
      while (stack->len > 0)
        if (!step (o, stack, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean order_block (EngOnnx *self, OnnxBlock *block, GHashTable *known, GError **error);

static gboolean
order_branches (EngOnnx *self, OnnxBlock *block, GHashTable *known, GError **error)
{
  for (guint i = 0; i < block->nodes->len; i++)
    {
      const OnnxNode *node = block->nodes->pdata[i];
      for (int b = 0; b < 2; b++)
        if (node->branches[b] && !order_block (self, node->branches[b], known, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
order_block (EngOnnx *self, OnnxBlock *block, GHashTable *known, GError **error)
{
  Order o = { .self = self, .block = block, .known = known };
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init (&iter, block->constants);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_hash_table_add (known, name);
  g_hash_table_iter_init (&iter, block->problems);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_hash_table_add (known, name);
  if (!order_branches (self, block, known, error))
    return FALSE;
  o.producers = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < block->nodes->len; i++)
    {
      const OnnxNode *node = block->nodes->pdata[i];
      for (int k = 0; k < node->n_outputs; k++)
        if (*node->outputs[k])
          g_hash_table_insert (o.producers, (gpointer)node->outputs[k], GINT_TO_POINTER (i + 1));
    }
  o.state = g_malloc0 (block->nodes->len + 1);
  o.sorted = g_ptr_array_sized_new (block->nodes->len);
  gboolean ok = sort (&o, error);
  if (ok)
    {
      g_ptr_array_unref (block->nodes);
      block->nodes = g_steal_pointer (&o.sorted);
    }
  g_clear_pointer (&o.sorted, g_ptr_array_unref);
  g_hash_table_unref (o.producers);
  g_free (o.state);
  return ok;
}

gboolean
eng_onnx_order (EngOnnx *self, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  const Onnx__GraphProto *graph = self->model->graph;
  for (gsize i = 0; i < graph->n_input; i++)
    if (graph->input[i]->name)
      g_hash_table_add (known, graph->input[i]->name);
  if (!order_block (self, self->main, known, error))
    return FALSE;
  for (guint i = 0; i < self->main->nodes->len; i++)
    {
      const OnnxNode *node = self->main->nodes->pdata[i];
      for (int k = 0; k < node->n_outputs; k++)
        g_hash_table_add (known, (gpointer)node->outputs[k]);
    }
  for (guint i = 0; i < self->main->outputs->len; i++)
    {
      const char *name = self->main->outputs->pdata[i];
      if (!*name || !g_hash_table_contains (known, name))
        return eng_fail (error, ENG_ERROR_INVALID,
                         "%s: its output %s comes from no node, input or initializer. Export the model again.",
                         self->name, eng_onnx_show (self, name));
    }
  return TRUE;
}
