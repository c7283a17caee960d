/* From the flattened model to a graph of concrete shapes.
 *
 * Only what the outputs need is built, so an unsupported node that nobody needs does no harm, and
 * only the constants in use are kept. An If whose condition is known at build (exporters write them
 * around Squeeze) is replaced by the branch it takes. */
#include "onnx-private.h"

#include <string.h>

typedef struct
{
  EngOnnx *self;
  EngGraph *graph;
  GHashTable *values; /* name -> EngValue* */
} Build;

/* Why an operator is not there, and what to do; matched by the beginning of its name. */
static const struct
{
  const char *op, *remedy;
} remedies[] = {
  { "Quantize", "Export the model before it is quantized." },
  { "Dequantize", "Export the model before it is quantized." },
  { "DynamicQuantize", "Export the model before it is quantized." },
  { "QLinear", "Export the model before it is quantized." },
  { "MatMulInteger", "Export the model before it is quantized." },
  { "ConvInteger", "Export the model before it is quantized." },
  { "NonMaxSuppression", "Sightline explains classifiers; export the model without its detection stage." },
  { "RoiAlign", "Sightline explains classifiers; export the model without its detection stage." },
  { "Loop", "Export the model without loops: torch.onnx.export on a traced model unrolls them." },
  { "Scan", "Export the model without loops: torch.onnx.export on a traced model unrolls them." },
  { "Sequence", "Export the model by tracing, which replaces sequences by tensors." },
};

static gboolean
refuse (EngOnnx *self, const OnnxNode *node, EngError code, const char *reason, GError **error)
{
  return eng_fail (error, code, "%s: node %s (%s): %s", self->name, eng_onnx_show (self, node->name),
                   eng_onnx_show (self, node->op), reason);
}

static gboolean
check_operator (Build *b, const OnnxNode *node, GError **error)
{
  g_autoptr (GError) problem = NULL;
  const char *op = eng_onnx_show (b->self, node->op), *remedy = NULL;
  g_autofree char *reason = NULL;
  if (node->problem)
    return refuse (b->self, node, ENG_ERROR_UNSUPPORTED, node->problem, error);
  if (*node->domain)
    {
      reason =
          g_strdup_printf ("operator %s of domain %s is not supported. Export with standard ONNX operators only.", op,
                           eng_onnx_show (b->self, node->domain));
      return refuse (b->self, node, ENG_ERROR_UNSUPPORTED, reason, error);
    }
  if (eng_op_find (node->op, node->opset, &problem))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (remedies); i++)
    if (g_str_has_prefix (op, remedies[i].op))
      remedy = remedies[i].remedy;
  g_autofree char *usual = g_strdup_printf ("Export with opset 13 to 17 and without %s.", op);
  reason = g_strdup_printf ("%s. %s", problem->message, remedy ? remedy : usual);
  return refuse (b->self, node, ENG_ERROR_UNSUPPORTED, reason, error);
}

/* ---- values ---- */

static void
keep (Build *b, const char *name, EngValue *value)
{
  g_hash_table_insert (b->values, (gpointer)name, value);
}

/* The value called @name, as seen from @block; an initializer enters the graph when it is first read. */
static EngValue *
find_value (Build *b, const OnnxBlock *block, const char *name, GError **error)
{
  EngValue *value = g_hash_table_lookup (b->values, name);
  for (const OnnxBlock *at = block; at && !value; at = at->parent)
    {
      EngTensor *tensor = g_hash_table_lookup (at->constants, name);
      const char *problem = g_hash_table_lookup (at->problems, name);
      if (problem)
        {
          eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s: %s", b->self->name, problem);
          return NULL;
        }
      if (!tensor)
        continue;
      EngValueKind kind = eng_dtype_is_float (tensor->dtype) ? ENG_VALUE_WEIGHT : ENG_VALUE_CONSTANT;
      value = eng_graph_add_constant (b->graph, name, kind, eng_tensor_ref (tensor));
      keep (b, name, value);
    }
  if (!value)
    eng_fail (error, ENG_ERROR_INVALID, "%s: value %s is not there", b->self->name, eng_onnx_show (b->self, name));
  return value;
}

/* ---- attributes ---- */

static int
attr_kind (const Onnx__AttributeProto *a)
{
  if (a->has_type && a->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED)
    return (int)a->type;
  /* Files of IR version 1 state no type: the one field that is there tells. */
  return a->has_f      ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
         : a->has_i    ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
         : a->has_s    ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
         : a->t        ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
         : a->n_floats ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
         : a->n_ints   ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
                       : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED;
}

/* Attributes of other kinds (graphs, lists of text) belong to operators that are not supported. */
static EngAttrs *
read_attrs (EngOnnx *self, const OnnxNode *node)
{
  EngAttrs *attrs = eng_attrs_new ();
  for (int i = 0; i < node->n_attrs; i++)
    {
      const Onnx__AttributeProto *a = node->attrs[i].proto;
      const char *name = node->attrs[i].name;
      int kind = attr_kind (a);
      EngTensor *tensor = a->t ? g_hash_table_lookup (self->tensors, a->t) : NULL;
      if (kind == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT)
        eng_attrs_float (attrs, name, a->f);
      else if (kind == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT)
        eng_attrs_int (attrs, name, a->i);
      else if (kind == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING)
        {
          g_autofree char *text = a->s.len ? g_utf8_make_valid ((const char *)a->s.data, (gssize)a->s.len) : NULL;
          eng_attrs_string (attrs, name, text ? text : "");
        }
      else if (kind == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS)
        eng_attrs_floats (attrs, name, a->floats, (int)a->n_floats);
      else if (kind == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS)
        eng_attrs_ints (attrs, name, a->ints, (int)a->n_ints);
      else if (kind == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR && tensor)
        eng_attrs_tensor (attrs, name, eng_tensor_ref (tensor));
    }
  return attrs;
}

/* ---- nodes ---- */

static gboolean build_block (Build *b, const OnnxBlock *block, GError **error);

static gboolean
build_if (Build *b, const OnnxBlock *block, const OnnxNode *node, GError **error)
{
  if (node->n_inputs == 0)
    return refuse (b->self, node, ENG_ERROR_INVALID, "it has no condition", error);
  EngValue *condition = find_value (b, block, node->inputs[0], error);
  if (!condition)
    return FALSE;
  if (!condition->constant)
    return refuse (b->self, node, ENG_ERROR_UNSUPPORTED,
                   "its condition depends on the picture. Export the model by tracing, without control flow.", error);
  if (condition->dtype != ENG_DTYPE_BOOL || eng_tensor_count (condition->constant) != 1)
    return refuse (b->self, node, ENG_ERROR_INVALID, "its condition is not one bool", error);
  return build_block (b, node->branches[condition->constant->i[0] != 0], error);
}

/* Outputs at the end that nobody reads are left out: optional ones are often not supported. Not of
 * Split, which divides by their number. */
static int
count_outputs (const OnnxNode *node, GHashTable *needed)
{
  int n = node->n_outputs;
  if (strcmp (node->op, "Split") == 0)
    return n;
  while (n > 1 && !g_hash_table_contains (needed, node->outputs[n - 1]))
    n--;
  return n;
}

static gboolean
build_node (Build *b, const OnnxBlock *block, const OnnxNode *node, GHashTable *needed, GError **error)
{
  if (node->branches[0])
    return build_if (b, block, node, error);
  if (node->constant && node->n_outputs > 0)
    {
      keep (b, node->outputs[0],
            eng_graph_add_constant (b->graph, node->outputs[0], ENG_VALUE_CONSTANT, eng_tensor_ref (node->constant)));
      return TRUE;
    }
  int n_outputs = count_outputs (node, needed);
  g_autofree EngValue **inputs = g_new0 (EngValue *, node->n_inputs + 1);
  g_autofree EngValue **outputs = g_new0 (EngValue *, n_outputs + 1);
  if (!check_operator (b, node, error))
    return FALSE;
  for (int i = 0; i < node->n_inputs; i++)
    if (*node->inputs[i] && !(inputs[i] = find_value (b, block, node->inputs[i], error)))
      return FALSE;
  if (!eng_graph_add_node (b->graph, node->op, node->opset, node->name, read_attrs (b->self, node), inputs,
                           node->n_inputs, node->outputs, outputs, n_outputs, error))
    {
      g_prefix_error (error, "%s: ", b->self->name);
      return FALSE;
    }
  for (int i = 0; i < n_outputs; i++)
    if (*node->outputs[i])
      keep (b, node->outputs[i], outputs[i]);
  return TRUE;
}

static gboolean
is_needed (const OnnxNode *node, GHashTable *needed)
{
  for (int i = 0; i < node->n_outputs; i++)
    if (*node->outputs[i] && g_hash_table_contains (needed, node->outputs[i]))
      return TRUE;
  return FALSE;
}

/* Marks what @node reads; its branches count with all they read, whichever is taken. */
static void
need_inputs (const OnnxNode *node, GHashTable *needed)
{
  for (int i = 0; i < node->n_inputs; i++)
    g_hash_table_add (needed, (gpointer)node->inputs[i]);
  for (int k = 0; k < 2 && node->branches[k]; k++)
    for (guint i = 0; i < node->branches[k]->captures->len; i++)
      g_hash_table_add (needed, node->branches[k]->captures->pdata[i]);
}

static gboolean
build_block (Build *b, const OnnxBlock *block, GError **error)
{
  g_autoptr (GHashTable) needed = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree guint8 *live = g_malloc0 (block->nodes->len + 1);
  for (guint i = 0; i < block->outputs->len; i++)
    g_hash_table_add (needed, block->outputs->pdata[i]);
  for (guint i = block->nodes->len; i-- > 0;)
    if ((live[i] = is_needed (block->nodes->pdata[i], needed)))
      need_inputs (block->nodes->pdata[i], needed);
  for (guint i = 0; i < block->nodes->len; i++)
    if (live[i] && !build_node (b, block, block->nodes->pdata[i], needed, error))
      return FALSE;
  return TRUE;
}

/* ---- inputs ---- */

static const EngOnnxBinding *
find_binding (const EngOnnxBinding *bindings, int n, const char *name)
{
  for (int i = 0; i < n; i++)
    if (strcmp (bindings[i].name, name) == 0)
      return &bindings[i];
  return NULL;
}

static gboolean
input_shape (EngOnnx *self, const EngOnnxIO *io, const EngOnnxBinding *binding, EngShape *shape, GError **error)
{
  const char *name = eng_onnx_show (self, io->name);
  if (!binding && !io->has_shape)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s: its input %s has no shape; give one", self->name, name);
  *shape = binding ? binding->shape : io->shape;
  if (io->has_shape && shape->rank != io->shape.rank)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s: its input %s has %d dimensions, %d were given", self->name, name,
                     io->shape.rank, shape->rank);
  for (int i = 0; i < shape->rank; i++)
    if (shape->dim[i] < 0)
      return eng_fail (error, ENG_ERROR_ARGUMENT, "%s: dimension %d (%s) of its input %s is open; give a number",
                       self->name, i, io->symbol[i] ? eng_onnx_show (self, io->symbol[i]) : "unnamed", name);
  if (!eng_shape_check (shape, error))
    {
      g_prefix_error (error, "%s: its input %s: ", self->name, name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
add_input (Build *b, const EngOnnxIO *io, const EngOnnxBinding *binding, GError **error)
{
  EngShape shape;
  if (binding && binding->constant)
    {
      if (binding->constant->dtype != io->dtype)
        return eng_fail (error, ENG_ERROR_ARGUMENT, "%s: its input %s is %s, not %s", b->self->name,
                         eng_onnx_show (b->self, io->name), eng_dtype_name (io->dtype),
                         eng_dtype_name (binding->constant->dtype));
      keep (b, io->name,
            eng_graph_add_constant (b->graph, io->name, ENG_VALUE_CONSTANT, eng_tensor_ref (binding->constant)));
      return TRUE;
    }
  if (!input_shape (b->self, io, binding, &shape, error))
    return FALSE;
  keep (b, io->name, eng_graph_add_input (b->graph, io->name, io->dtype, &shape));
  return TRUE;
}

static gboolean
build (Build *b, const EngOnnxBinding *bindings, int n_bindings, GError **error)
{
  int n_inputs;
  const EngOnnxIO *inputs = eng_onnx_inputs (b->self, &n_inputs);
  for (int i = 0; i < n_inputs; i++)
    if (!add_input (b, &inputs[i], find_binding (bindings, n_bindings, inputs[i].name), error))
      return FALSE;
  for (int i = 0; i < n_bindings; i++)
    if (!g_hash_table_contains (b->values, bindings[i].name))
      return eng_fail (error, ENG_ERROR_ARGUMENT, "%s has no input %s", b->self->name, bindings[i].name);
  if (!build_block (b, b->self->main, error))
    return FALSE;
  for (guint i = 0; i < b->self->main->outputs->len; i++)
    {
      EngValue *value = find_value (b, b->self->main, b->self->main->outputs->pdata[i], error);
      if (!value)
        return FALSE;
      eng_graph_add_output (b->graph, value);
    }
  eng_graph_freeze (b->graph);
  return TRUE;
}

EngGraph *
eng_onnx_build (EngOnnx *self, const EngOnnxBinding *bindings, int n_bindings, GError **error)
{
  g_autoptr (EngGraph) graph = eng_graph_new ();
  Build b = { .self = self, .graph = graph, .values = g_hash_table_new (g_str_hash, g_str_equal) };
  gboolean ok = build (&b, bindings, n_bindings, error);
  g_hash_table_unref (b.values);
  return ok ? g_steal_pointer (&graph) : NULL;
}
