/* Building graphs: values, nodes, constant folding, copies of parts of other graphs. */
#include "fold.h"
#include "op.h"

#include <string.h>

/* What constants made by folding may take in one graph, in bytes: shape arithmetic needs kilobytes,
 * position tables and attention masks megabytes per block, converted and transposed weights a few times
 * what the weights take. A hostile file of a kilobyte would have gigabytes. */
#define FOLD_BASE ((gsize)512 << 20)
#define FOLD_PER_CONSTANT 16

static void
value_free (gpointer data)
{
  EngValue *v = data;
  g_clear_pointer (&v->constant, eng_tensor_unref);
  g_ptr_array_unref (v->consumers);
  g_free (v->name);
  g_free (v);
}

static void
node_free (gpointer data)
{
  EngNode *n = data;
  g_slist_free_full (n->memory, g_free);
  g_clear_pointer (&n->attrs, eng_attrs_free);
  g_free (n->inputs);
  g_free (n->outputs);
  g_free (n->name);
  g_free (n);
}

EngGraph *
eng_graph_new (void)
{
  EngGraph *self = g_new0 (EngGraph, 1);
  g_atomic_ref_count_init (&self->ref);
  self->values = g_ptr_array_new_with_free_func (value_free);
  self->nodes = g_ptr_array_new_with_free_func (node_free);
  self->inputs = g_ptr_array_new ();
  self->outputs = g_ptr_array_new ();
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

EngGraph *
eng_graph_ref (EngGraph *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_graph_unref (EngGraph *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref))
    return;
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->inputs);
  g_ptr_array_unref (self->outputs);
  g_ptr_array_unref (self->nodes);
  g_ptr_array_unref (self->values);
  g_free (self);
}

static EngValue *
add_value (EngGraph *self, const char *name, EngValueKind kind)
{
  EngValue *v = g_new0 (EngValue, 1);
  v->id = (int)self->values->len;
  v->kind = kind;
  v->name = name && *name ? g_strdup (name) : g_strdup_printf ("#%d", v->id);
  v->consumers = g_ptr_array_new ();
  g_ptr_array_add (self->values, v);
  if (!g_hash_table_contains (self->by_name, v->name))
    g_hash_table_insert (self->by_name, v->name, v);
  return v;
}

EngValue *
eng_graph_add_input (EngGraph *self, const char *name, EngDtype dtype, const EngShape *shape)
{
  g_return_val_if_fail (!self->frozen, NULL);
  EngValue *v = add_value (self, name, ENG_VALUE_INPUT);
  v->dtype = dtype;
  v->shape = *shape;
  g_ptr_array_add (self->inputs, v);
  return v;
}

EngValue *
eng_graph_add_constant (EngGraph *self, const char *name, EngValueKind kind, EngTensor *tensor)
{
  g_return_val_if_fail (!self->frozen, NULL);
  EngValue *v = add_value (self, name, kind);
  v->dtype = tensor->dtype;
  v->shape = tensor->shape;
  v->constant = tensor;
  self->given += (gsize)eng_tensor_count (tensor) * eng_dtype_size (tensor->dtype);
  return v;
}

static gboolean
can_fold (const EngNode *node)
{
  if (node->op->flags & ENG_OP_FROM_SHAPE)
    return TRUE;
  for (int i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] && !node->inputs[i]->constant)
      return FALSE;
  return TRUE;
}

/* Turns the outputs of @node into constants; the node itself is then not needed. */
static gboolean
fold (EngGraph *self, EngNode *node, GError **error)
{
  gsize bytes = 0;
  gboolean view = (node->op->flags & ENG_OP_VIEW) != 0;
  for (int i = view ? 1 : 0; i < node->n_outputs; i++)
    bytes += (gsize)eng_shape_count (&node->outputs[i]->shape) * eng_dtype_size (node->outputs[i]->dtype);
  gsize limit = FOLD_BASE + FOLD_PER_CONSTANT * self->given;
  if (bytes > limit - MIN (self->folded, limit))
    return eng_fail (error, ENG_ERROR_MEMORY, "its constant result would take %.1f GB, far more than the weights",
                     bytes / 1e9);
  self->folded += bytes;

  g_autofree EngTensor **results = g_new0 (EngTensor *, node->n_outputs);
  if (!eng_fold_node (node, results, error))
    return FALSE;
  gboolean weight = (node->op->flags & ENG_OP_MOVES) && node->n_inputs && node->inputs[0]->kind == ENG_VALUE_WEIGHT;
  for (int i = 0; i < node->n_outputs; i++)
    {
      EngValue *v = node->outputs[i];
      v->kind = weight ? ENG_VALUE_WEIGHT : ENG_VALUE_CONSTANT;
      v->constant = results[i];
      v->producer = NULL;
    }
  return TRUE;
}

static EngNode *
make_node (EngGraph *self, const EngOp *op, int opset, const char *name, EngAttrs *attrs, EngValue *const *inputs,
           int n_inputs, const char *const *output_names, int n_outputs)
{
  EngNode *node = g_new0 (EngNode, 1);
  while (n_inputs > 0 && !inputs[n_inputs - 1])
    n_inputs--;
  node->graph = self;
  node->op = op;
  node->opset = opset;
  node->attrs = attrs;
  node->n_inputs = n_inputs;
  node->n_outputs = n_outputs;
  node->inputs = g_memdup2 (inputs, sizeof *inputs * n_inputs);
  node->outputs = g_new0 (EngValue *, n_outputs);
  for (int i = 0; i < n_outputs; i++)
    {
      node->outputs[i] = add_value (self, output_names ? output_names[i] : NULL, ENG_VALUE_COMPUTED);
      node->outputs[i]->producer = node;
      node->outputs[i]->producer_output = i;
    }
  node->name = name && *name ? g_strdup (name) : g_strdup (n_outputs ? node->outputs[0]->name : op->name);
  return node;
}

gboolean
eng_graph_add_node (EngGraph *self, const char *op_type, int opset, const char *name, EngAttrs *attrs,
                    EngValue *const *inputs, int n_inputs, const char *const *output_names, EngValue **outputs,
                    int n_outputs, GError **error)
{
  g_return_val_if_fail (!self->frozen, FALSE);
  const EngOp *op = eng_op_find (op_type, opset, error);
  if (!op)
    {
      g_prefix_error (error, "node %s: ", name && *name ? name : op_type);
      eng_attrs_free (attrs);
      return FALSE;
    }
  EngNode *node = make_node (self, op, opset, name, attrs, inputs, n_inputs, output_names, n_outputs);
  gboolean ok = op->shape (node, error);
  for (int i = 0; ok && i < n_outputs; i++)
    if (node->outputs[i]->dtype == ENG_DTYPE_NONE)
      ok = eng_fail (error, ENG_ERROR_UNSUPPORTED, "output %d is not supported", i);
  if (ok && can_fold (node))
    {
      ok = fold (self, node, error);
      if (!ok)
        g_prefix_error (error, "node %s (%s): ", node->name, op_type);
      memcpy (outputs, node->outputs, sizeof *outputs * n_outputs);
      for (int i = 0; i < n_outputs; i++)
        node->outputs[i]->producer = NULL;
      node_free (node);
      return ok;
    }
  if (!ok)
    g_prefix_error (error, "node %s (%s): ", node->name, op_type);
  node->index = (int)self->nodes->len;
  g_ptr_array_add (self->nodes, node);
  if (ok)
    {
      for (int i = 0; i < node->n_inputs; i++)
        if (node->inputs[i])
          g_ptr_array_add (node->inputs[i]->consumers, node);
      memcpy (outputs, node->outputs, sizeof *outputs * n_outputs);
    }
  return ok;
}

EngValue *
eng_graph_op (EngGraph *self, GError **error, const char *op_type, EngAttrs *attrs, int n_inputs, ...)
{
  EngValue *inputs[8], *output = NULL;
  va_list args;
  g_return_val_if_fail (n_inputs <= (int)G_N_ELEMENTS (inputs), NULL);
  va_start (args, n_inputs);
  for (int i = 0; i < n_inputs; i++)
    inputs[i] = va_arg (args, EngValue *);
  va_end (args);
  if (error && *error)
    {
      eng_attrs_free (attrs);
      return NULL;
    }
  if (!eng_graph_add_node (self, op_type, ENG_OPSET_MAX, NULL, attrs, inputs, n_inputs, NULL, &output, 1, error))
    return NULL;
  return output;
}

/* The copy in @self of a source value: bound, copied before, or a constant to be copied now. */
static EngValue *
mapped (EngGraph *self, EngValue **map, const char *prefix, EngValue *v)
{
  if (!map[v->id] && v->constant)
    {
      g_autofree char *name = g_strconcat (prefix, v->name, NULL);
      map[v->id] = eng_graph_add_constant (self, name, v->kind, eng_tensor_ref (v->constant));
    }
  return map[v->id];
}

static gboolean
copy_node (EngGraph *self, EngValue **map, const char *prefix, EngNode *node, GError **error)
{
  g_autofree EngValue **inputs = g_new0 (EngValue *, node->n_inputs + 1);
  g_autofree EngValue **outputs = g_new0 (EngValue *, node->n_outputs + 1);
  g_auto (GStrv) names = g_new0 (char *, node->n_outputs + 1);
  for (int i = 0; i < node->n_inputs; i++)
    {
      EngValue *v = node->inputs[i];
      if (v && !(inputs[i] = mapped (self, map, prefix, v)))
        return eng_fail (error, ENG_ERROR_INVALID, "value %s is needed and not bound", v->name);
    }
  for (int i = 0; i < node->n_outputs; i++)
    names[i] = g_strconcat (prefix, node->outputs[i]->name, NULL);
  g_autofree char *name = g_strconcat (prefix, node->name, NULL);
  if (!eng_graph_add_node (self, node->op->name, node->opset, name, eng_attrs_copy (node->attrs), inputs,
                           node->n_inputs, (const char *const *)names, outputs, node->n_outputs, error))
    return FALSE;
  for (int i = 0; i < node->n_outputs; i++)
    if (!map[node->outputs[i]->id])
      map[node->outputs[i]->id] = outputs[i];
  return TRUE;
}

gboolean
eng_graph_append (EngGraph *self, EngGraph *source, const char *prefix, EngValue *const *bind, EngValue *const *with,
                  int n_bind, EngValue *const *wanted, EngValue **outputs, int n_wanted, GError **error)
{
  g_autofree EngValue **map = g_new0 (EngValue *, source->values->len);
  g_autofree guint8 *needed = g_new0 (guint8, source->nodes->len + 1);
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();
  for (int i = 0; i < n_bind; i++)
    map[bind[i]->id] = with[i];
  for (int i = 0; i < n_wanted; i++)
    g_ptr_array_add (stack, wanted[i]);
  while (stack->len)
    {
      EngValue *v = g_ptr_array_steal_index_fast (stack, stack->len - 1);
      EngNode *node = v ? v->producer : NULL;
      if (!node || map[v->id] || needed[node->index])
        continue;
      needed[node->index] = 1;
      for (int i = 0; i < node->n_inputs; i++)
        g_ptr_array_add (stack, node->inputs[i]);
    }
  for (guint i = 0; i < source->nodes->len; i++)
    if (needed[i] && !copy_node (self, map, prefix, source->nodes->pdata[i], error))
      return FALSE;
  for (int i = 0; i < n_wanted; i++)
    if (!(outputs[i] = mapped (self, map, prefix, wanted[i])))
      return eng_fail (error, ENG_ERROR_INVALID, "value %s is wanted and not bound", wanted[i]->name);
  return TRUE;
}

void
eng_graph_add_output (EngGraph *self, EngValue *value)
{
  g_ptr_array_add (self->outputs, value);
}

void
eng_graph_freeze (EngGraph *self)
{
  self->frozen = TRUE;
  /* Intermediate constants of folded chains (a weight before its Transpose) need not stay. */
  for (guint i = 0; i < self->values->len; i++)
    {
      EngValue *v = self->values->pdata[i];
      if (v->constant && v->consumers->len == 0 && !g_ptr_array_find (self->outputs, v, NULL)
          && eng_tensor_count (v->constant) > 64)
        g_clear_pointer (&v->constant, eng_tensor_unref);
    }
}

EngValue *
eng_graph_find (EngGraph *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

guint8 *
eng_graph_ancestors (EngGraph *self, const EngValue *value)
{
  guint8 *marks = g_new0 (guint8, self->values->len);
  marks[value->id] = 1;
  /* Nodes stand in order of evaluation: one walk back reaches everything. */
  for (guint i = self->nodes->len; i-- > 0;)
    {
      EngNode *node = self->nodes->pdata[i];
      gboolean reached = FALSE;
      for (int k = 0; k < node->n_outputs; k++)
        reached |= marks[node->outputs[k]->id];
      for (int k = 0; reached && k < node->n_inputs; k++)
        if (node->inputs[k])
          marks[node->inputs[k]->id] = 1;
    }
  return marks;
}
