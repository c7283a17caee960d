/* Flattens a model: calls of the model's own functions are replaced by their bodies, names inside
 * become unique ("node/inner"), references to a function's attributes are replaced by the values
 * of the call, and the branches of If become blocks of their own, one of which is taken at build.
 * ONNX IR specification, sections "Functions" and "Static expansion". */
#include "onnx-private.h"

#include <string.h>

/* Calls in calls; also the way to tell functions that call themselves. */
#define MAX_CALLS 40
/* Functions that call functions grow exponentially: what they may take, in bytes. */
#define MAX_GROWTH ((gsize)128 << 20)

/* Bytes of a node's name inside functions; longer ones are cut, which unique() makes up for. */
#define MAX_NAME 500

/* One name space while it is expanded. */
typedef struct _Scope
{
  const struct _Scope *parent; /* whose names are visible: around a branch; NULL around main and functions */
  OnnxBlock *block;            /* where the nodes go */
  const char *prefix;          /* "" in main */
  GHashTable *names;           /* name in the file -> unique name */
  GHashTable *defined;         /* names in the file that a node, input or initializer here defines */
  GHashTable *attrs;           /* of the call: name -> Onnx__AttributeProto*; NULL outside functions */
  int opset, calls;
} Scope;

typedef struct
{
  EngOnnx *self;
  GHashTable *functions; /* "domain:name:overload" -> Onnx__FunctionProto* */
  GHashTable *used;      /* unique names in use -> how often one was derived from it */
  gsize growth;
} Expansion;

gpointer
eng_onnx_alloc (EngOnnx *self, gsize bytes)
{
  gpointer memory = g_malloc0 (MAX (bytes, 1));
  g_ptr_array_add (self->memory, memory);
  return memory;
}

static const char *
plain_domain (const char *domain)
{
  return !domain || strcmp (domain, "ai.onnx") == 0 ? "" : domain;
}

/* ---- names ---- */

static void
scope_init (Scope *scope)
{
  scope->names = g_hash_table_new (g_str_hash, g_str_equal);
  scope->defined = g_hash_table_new (g_str_hash, g_str_equal);
}

static void
scope_clear (Scope *scope)
{
  g_hash_table_unref (scope->names);
  g_hash_table_unref (scope->defined);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Scope, scope_clear)

static const char *
intern (Expansion *x, const char *name)
{
  return g_string_chunk_insert_const (x->self->strings, name);
}

/* "prefix/name", or the next free "prefix/name_2". */
static const char *
unique (Expansion *x, const char *prefix, const char *name)
{
  g_autofree char *wish = *prefix ? g_strconcat (prefix, "/", name, NULL) : g_strdup (name);
  const char *key = intern (x, wish), *result = key;
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (x->used, key));
  while (n > 0 && g_hash_table_contains (x->used, result))
    {
      g_autofree char *other = g_strdup_printf ("%s_%u", key, ++n);
      result = intern (x, other);
    }
  x->growth += strlen (result) + 64;
  g_hash_table_insert (x->used, (gpointer)key, GUINT_TO_POINTER (MAX (n, 1)));
  if (result != key)
    g_hash_table_insert (x->used, (gpointer)result, GUINT_TO_POINTER (1));
  return result;
}

static const char *
resolve (Expansion *x, const Scope *scope, const char *name)
{
  if (!*name)
    return "";
  for (const Scope *s = scope; s; s = s->parent)
    {
      const char *found = g_hash_table_lookup (s->names, name);
      if (found)
        return found;
    }
  return intern (x, name); /* nobody makes it; eng_onnx_order() says so */
}

static gboolean
check_growth (Expansion *x, GError **error)
{
  return x->growth <= MAX_GROWTH
         || eng_fail (error, ENG_ERROR_MEMORY, "%s: its functions grow too large when they are put in place",
                      x->self->name);
}

/* Notes what the nodes here give a value to. */
static gboolean
define_outputs (Expansion *x, Scope *scope, Onnx__NodeProto **nodes, gsize n, GError **error)
{
  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < nodes[i]->n_output; k++)
      if (*nodes[i]->output[k] && !g_hash_table_add (scope->defined, nodes[i]->output[k]))
        return eng_fail (error, ENG_ERROR_INVALID,
                         "%s: node %s (%s): value %s is defined twice. Export the model again.", x->self->name,
                         eng_onnx_show (x->self, nodes[i]->name), eng_onnx_show (x->self, nodes[i]->op_type),
                         eng_onnx_show (x->self, nodes[i]->output[k]));
  return TRUE;
}

static gboolean
name_outputs (Expansion *x, Scope *scope, Onnx__NodeProto **nodes, gsize n, GError **error)
{
  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < nodes[i]->n_output; k++)
      {
        const char *name = nodes[i]->output[k];
        if (*name && !g_hash_table_contains (scope->names, name))
          g_hash_table_insert (scope->names, (gpointer)name, (gpointer)unique (x, scope->prefix, name));
        if (!check_growth (x, error))
          return FALSE;
      }
  return TRUE;
}

/* What a body calls @formal is called @actual outside. FALSE when the body only passes it through, or
 * twice, so that a copy is needed. */
static gboolean
map_output (Scope *scope, const char *formal, const char *actual)
{
  if (!g_hash_table_contains (scope->defined, formal) || g_hash_table_contains (scope->names, formal))
    return FALSE;
  g_hash_table_insert (scope->names, (gpointer)formal, (gpointer)actual);
  return TRUE;
}

/* ---- nodes ---- */

static OnnxNode *
add_node (Expansion *x, const Scope *scope, const char *name, const char *op, const char *domain, gsize n_inputs,
          gsize n_outputs)
{
  OnnxNode *node = eng_onnx_alloc (x->self, sizeof *node);
  node->name = name;
  node->op = op;
  node->domain = domain;
  node->opset = scope->opset;
  node->n_inputs = (int)n_inputs;
  node->n_outputs = (int)n_outputs;
  node->inputs = eng_onnx_alloc (x->self, n_inputs * sizeof *node->inputs);
  node->outputs = eng_onnx_alloc (x->self, n_outputs * sizeof *node->outputs);
  g_ptr_array_add (scope->block->nodes, node);
  x->growth += sizeof *node + 64 + (n_inputs + n_outputs) * sizeof *node->inputs;
  return node;
}

static void
add_identity (Expansion *x, const Scope *scope, const char *from, const char *to)
{
  OnnxNode *node = add_node (x, scope, to, "Identity", "", 1, 1);
  node->inputs[0] = from;
  node->outputs[0] = to;
}

/* Copies of outputs that map_output() could not map. */
static void
pass_through (Expansion *x, const Scope *scope, char **formal, const char *const *actual, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      const char *inner = resolve (x, scope, formal[i]);
      if (*actual[i] && strcmp (inner, actual[i]) != 0)
        add_identity (x, scope, inner, actual[i]);
    }
}

static const Onnx__AttributeProto *
follow (const Scope *scope, const Onnx__AttributeProto *attr)
{
  if (!attr->ref_attr_name || !*attr->ref_attr_name)
    return attr;
  return scope->attrs ? g_hash_table_lookup (scope->attrs, attr->ref_attr_name) : NULL;
}

static void
read_attrs (Expansion *x, const Scope *scope, const Onnx__NodeProto *proto, OnnxNode *node)
{
  node->attrs = eng_onnx_alloc (x->self, proto->n_attribute * sizeof *node->attrs);
  x->growth += proto->n_attribute * sizeof *node->attrs;
  for (gsize i = 0; i < proto->n_attribute; i++)
    {
      const Onnx__AttributeProto *attr = follow (scope, proto->attribute[i]);
      if (attr && proto->attribute[i]->name)
        node->attrs[node->n_attrs++] = (OnnxAttr){ proto->attribute[i]->name, attr };
    }
}

static gboolean expand_nodes (Expansion *x, Scope *scope, Onnx__NodeProto **nodes, gsize n, GError **error);

/* ---- branches of If ---- */

static gboolean
read_initializers (Expansion *x, Scope *scope, const Onnx__GraphProto *graph, GError **error)
{
  if (graph->n_sparse_initializer > 0)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s: its initializers are sparse, which is not supported. Export with dense weights.",
                     x->self->name);
  for (gsize i = 0; i < graph->n_initializer; i++)
    {
      Onnx__TensorProto *proto = graph->initializer[i];
      g_autoptr (GError) problem = NULL;
      const char *name = proto->name ? proto->name : "";
      g_autofree char *what = g_strdup_printf ("initializer %s", eng_onnx_show (x->self, name));
      if (!g_hash_table_add (scope->defined, (gpointer)name))
        return eng_fail (error, ENG_ERROR_INVALID, "%s: %s is defined twice. Export the model again.", x->self->name,
                         what);
      const char *inner = unique (x, scope->prefix, name);
      g_hash_table_insert (scope->names, (gpointer)name, (gpointer)inner);
      EngTensor *tensor = eng_onnx_tensor (x->self, proto, what, &problem);
      if (tensor && eng_onnx_check_nan (tensor, what, &problem))
        g_hash_table_insert (scope->block->constants, (gpointer)inner, eng_tensor_ref (tensor));
      else if (problem->code == ENG_ERROR_UNSUPPORTED)
        g_hash_table_insert (scope->block->problems, (gpointer)inner, g_strdup (problem->message));
      else
        {
          g_propagate_prefixed_error (error, g_steal_pointer (&problem), "%s: ", x->self->name);
          return FALSE;
        }
    }
  return TRUE;
}

static OnnxBlock *
expand_branch (Expansion *x, const Scope *outer, const OnnxNode *node, const Onnx__GraphProto *graph, GError **error)
{
  OnnxBlock *block = eng_onnx_block_new (outer->block);
  g_auto (Scope) scope = {
    .parent = outer, .block = block, .attrs = outer->attrs, .opset = outer->opset, .calls = outer->calls
  };
  scope_init (&scope);
  scope.prefix = node->name;
  gsize n = graph->n_output;
  g_autofree char **formal = g_new (char *, n + 1);
  for (gsize i = 0; i < n; i++)
    formal[i] = graph->output[i]->name ? graph->output[i]->name : (char *)"";
  if ((int)n != node->n_outputs)
    eng_fail (error, ENG_ERROR_INVALID, "%s: node %s (If): its branches do not give its %d outputs", x->self->name,
              node->name, node->n_outputs);
  else if (define_outputs (x, &scope, graph->node, graph->n_node, error)
           && read_initializers (x, &scope, graph, error))
    {
      for (gsize i = 0; i < n; i++)
        if (*node->outputs[i])
          map_output (&scope, formal[i], node->outputs[i]);
      if (expand_nodes (x, &scope, graph->node, graph->n_node, error))
        {
          pass_through (x, &scope, formal, node->outputs, n);
          for (gsize i = 0; i < n; i++)
            g_ptr_array_add (block->outputs, (gpointer)node->outputs[i]);
          return block;
        }
    }
  eng_onnx_block_free (block);
  return NULL;
}

static gboolean
expand_if (Expansion *x, const Scope *scope, OnnxNode *node, GError **error)
{
  static const char *const names[] = { "else_branch", "then_branch" };
  for (int i = 0; i < 2; i++)
    {
      const Onnx__AttributeProto *attr = eng_onnx_find_attr (node, names[i]);
      if (!attr || !attr->g)
        return eng_fail (error, ENG_ERROR_INVALID, "%s: node %s (If): it has no %s", x->self->name, node->name,
                         names[i]);
      node->branches[i] = expand_branch (x, scope, node, attr->g, error);
      if (!node->branches[i])
        return FALSE;
    }
  return TRUE;
}

/* ---- functions ---- */

static char *
function_key (const char *domain, const char *name, const ProtobufCMessage *message, guint32 overload_tag)
{
  g_autofree char *overload = eng_onnx_unknown_string (message, overload_tag);
  return g_strdup_printf ("%s:%s:%s", plain_domain (domain), name ? name : "", overload ? overload : "");
}

/* NodeProto.overload is field 8, FunctionProto.overload field 13, since IR version 10. */
static const Onnx__FunctionProto *
find_function (Expansion *x, const Onnx__NodeProto *proto)
{
  if (g_hash_table_size (x->functions) == 0)
    return NULL;
  g_autofree char *key = function_key (proto->domain, proto->op_type, &proto->base, 8);
  return g_hash_table_lookup (x->functions, key);
}

static int
default_opset (Onnx__OperatorSetIdProto **sets, gsize n, int otherwise)
{
  for (gsize i = 0; i < n; i++)
    if (!*plain_domain (sets[i]->domain))
      return (int)CLAMP (sets[i]->version, 0, G_MAXINT);
  return otherwise;
}

/* Values of the function's attributes in this call: given, else by default. */
static GHashTable *
call_attrs (Expansion *x, const Onnx__FunctionProto *f, const OnnxNode *call)
{
  GHashTable *attrs = g_hash_table_new (g_str_hash, g_str_equal);
  Onnx__AttributeProto *attr;
  for (guint i = 0; (attr = eng_onnx_function_default (f, i)); i++)
    {
      g_ptr_array_add (x->self->defaults, attr);
      x->growth += 256;
      if (attr->name)
        g_hash_table_insert (attrs, attr->name, attr);
    }
  for (int i = 0; i < call->n_attrs; i++)
    g_hash_table_insert (attrs, (gpointer)call->attrs[i].name, (gpointer)call->attrs[i].proto);
  return attrs;
}

/* Replaces @call, which is not among the nodes, by the body of @f. */
static gboolean
expand_call (Expansion *x, const Scope *outer, const Onnx__FunctionProto *f, const OnnxNode *call, GError **error)
{
  g_auto (Scope) scope = { .block = outer->block, .calls = outer->calls + 1 };
  scope.opset = default_opset (f->opset_import, f->n_opset_import, outer->opset);
  scope.prefix = call->name;
  scope_init (&scope);
  if (scope.calls > MAX_CALLS)
    return eng_fail (error, ENG_ERROR_INVALID, "%s: node %s (%s): the function calls itself. Export the model again.",
                     x->self->name, eng_onnx_show (x->self, call->name), call->op);
  if (call->n_inputs > (int)f->n_input || call->n_outputs > (int)f->n_output)
    return eng_fail (error, ENG_ERROR_INVALID, "%s: node %s (%s): the function has fewer inputs or outputs",
                     x->self->name, eng_onnx_show (x->self, call->name), call->op);
  for (gsize i = 0; i < f->n_input; i++)
    {
      g_hash_table_add (scope.defined, f->input[i]);
      g_hash_table_insert (scope.names, f->input[i], (gpointer)((int)i < call->n_inputs ? call->inputs[i] : ""));
    }
  if (!define_outputs (x, &scope, f->node, f->n_node, error))
    return FALSE;
  for (int i = 0; i < call->n_outputs; i++)
    if (*call->outputs[i])
      map_output (&scope, f->output[i], call->outputs[i]);
  g_autoptr (GHashTable) attrs = scope.attrs = call_attrs (x, f, call);
  if (!expand_nodes (x, &scope, f->node, f->n_node, error))
    return FALSE;
  pass_through (x, &scope, f->output, call->outputs, call->n_outputs);
  return TRUE;
}

/* ---- a list of nodes ---- */

static const char *
node_name (Expansion *x, const Scope *scope, const Onnx__NodeProto *proto, gsize index)
{
  g_autofree char *made = NULL;
  const char *name = proto->name;
  if (!name || !*name)
    name = made = g_strdup_printf ("%s_%zu", proto->op_type ? proto->op_type : "node", index);
  if (!*scope->prefix)
    return intern (x, name);
  g_autofree char *full = g_strconcat (scope->prefix, "/", name, NULL);
  if (strlen (full) > MAX_NAME)
    *g_utf8_find_prev_char (full, full + MAX_NAME) = '\0';
  x->growth += strlen (full);
  return intern (x, full);
}

static gboolean
expand_node (Expansion *x, Scope *scope, const Onnx__NodeProto *proto, gsize index, GError **error)
{
  const Onnx__FunctionProto *f = find_function (x, proto);
  OnnxNode *node = add_node (x, scope, node_name (x, scope, proto, index), proto->op_type ? proto->op_type : "",
                             plain_domain (proto->domain), proto->n_input, proto->n_output);
  for (int i = 0; i < node->n_inputs; i++)
    node->inputs[i] = resolve (x, scope, proto->input[i]);
  for (int i = 0; i < node->n_outputs; i++)
    node->outputs[i] = resolve (x, scope, proto->output[i]);
  read_attrs (x, scope, proto, node);
  if (!check_growth (x, error))
    return FALSE;
  if (f)
    {
      g_ptr_array_set_size (scope->block->nodes, scope->block->nodes->len - 1);
      return expand_call (x, scope, f, node, error);
    }
  if (!*node->domain && strcmp (node->op, "If") == 0)
    return expand_if (x, scope, node, error);
  return eng_onnx_read_tensors (x->self, node, error);
}

static gboolean
expand_nodes (Expansion *x, Scope *scope, Onnx__NodeProto **nodes, gsize n, GError **error)
{
  if (!name_outputs (x, scope, nodes, n, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!expand_node (x, scope, nodes[i], i, error))
      return FALSE;
  return TRUE;
}

static void
collect_functions (Expansion *x)
{
  const Onnx__ModelProto *model = x->self->model;
  for (gsize i = 0; i < model->n_functions; i++)
    {
      const Onnx__FunctionProto *f = model->functions[i];
      g_hash_table_replace (x->functions, function_key (f->domain, f->name, &f->base, 13), (gpointer)f);
    }
}

static gboolean
expand_main (Expansion *x, GError **error)
{
  EngOnnx *self = x->self;
  const Onnx__GraphProto *graph = self->model->graph;
  g_auto (Scope) scope = { .block = self->main, .prefix = "", .opset = self->opset };
  scope_init (&scope);
  if (!read_initializers (x, &scope, graph, error))
    return FALSE;
  for (gsize i = 0; i < graph->n_input; i++)
    {
      const char *name = graph->input[i]->name ? graph->input[i]->name : "";
      /* Up to IR version 3 every initializer is an input as well. */
      if (g_hash_table_add (scope.defined, (gpointer)name))
        g_hash_table_insert (scope.names, (gpointer)name, (gpointer)unique (x, "", name));
    }
  if (!define_outputs (x, &scope, graph->node, graph->n_node, error))
    return FALSE;
  if (!expand_nodes (x, &scope, graph->node, graph->n_node, error))
    return FALSE;
  for (gsize i = 0; i < graph->n_output; i++)
    g_ptr_array_add (self->main->outputs,
                     (gpointer)resolve (x, &scope, graph->output[i]->name ? graph->output[i]->name : ""));
  return TRUE;
}

gboolean
eng_onnx_expand (EngOnnx *self, GError **error)
{
  Expansion x = { .self = self };
  x.functions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  x.used = g_hash_table_new (g_str_hash, g_str_equal);
  self->main = eng_onnx_block_new (NULL);
  collect_functions (&x);
  gboolean ok = expand_main (&x, error);
  g_hash_table_unref (x.functions);
  g_hash_table_unref (x.used);
  return ok;
}
