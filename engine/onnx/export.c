/* EngGraph -> ONNX file, for explainers that are saved and given back.
 *
 * Every node is written at the newest opset that occurs; constants as initializers, in their own
 * type. Weights are not copied before they are packed. */
#include "onnx-private.h"

#include "../engine.h"

#include <string.h>

typedef struct
{
  EngGraph *graph;
  int opset;
  GHashTable *constants; /* EngValue* -> float*, nullable */
  GPtrArray *memory;     /* all that the messages point to, but the weights */
  GPtrArray *upgrades;   /* OnnxUpgrade*: the messages point into them, too */
  GHashTable *names;     /* EngValue* -> name in the file */
  GHashTable *used;      /* names in the file */
  GPtrArray *nodes;      /* Onnx__NodeProto* */
  GPtrArray *tensors;    /* Onnx__TensorProto*: the initializers */
} Writer;

static gpointer
take (Writer *w, gsize bytes)
{
  gpointer memory = g_malloc0 (MAX (bytes, 1));
  g_ptr_array_add (w->memory, memory);
  return memory;
}

static char *
take_string (Writer *w, const char *text)
{
  char *copy = g_strdup (text);
  g_ptr_array_add (w->memory, copy);
  return copy;
}

#define TAKE(w, Type, INIT)                                                                                          \
  ({                                                                                                                 \
    Type *message_ = take (w, sizeof (Type));                                                                        \
    *message_ = (Type)INIT;                                                                                          \
    message_;                                                                                                        \
  })

/* ---- names ---- */

static char *
fresh_name (Writer *w, const char *wish)
{
  char *name = take_string (w, wish && *wish ? wish : "value");
  for (guint n = 2; !g_hash_table_add (w->used, name); n++)
    {
      g_autofree char *other = g_strdup_printf ("%s_%u", wish, n);
      name = take_string (w, other);
    }
  return name;
}

static char *
name_of (Writer *w, EngValue *value)
{
  char *name = g_hash_table_lookup (w->names, value);
  if (!name)
    {
      name = fresh_name (w, value->name);
      g_hash_table_insert (w->names, value, name);
    }
  return name;
}

/* ---- tensors ---- */

static uint16_t
float_to_half (float v)
{
  uint32_t bits;
  v = eng_dtype_round (ENG_DTYPE_FLOAT16, v);
  memcpy (&bits, &v, sizeof bits);
  uint32_t sign = bits >> 16 & 0x8000, exponent = bits >> 23 & 0xff, mantissa = bits & 0x7fffff;
  if (exponent == 0xff)
    return (uint16_t)(sign | 0x7c00 | (mantissa ? 0x200 : 0));
  if (exponent < 103) /* below 2^-24: zero after the rounding above */
    return (uint16_t)sign;
  if (exponent < 113) /* subnormal */
    return (uint16_t)(sign | (mantissa | 0x800000) >> (126 - exponent));
  return (uint16_t)(sign | (exponent - 112) << 10 | mantissa >> 13);
}

static uint16_t
float_to_bfloat16 (float v)
{
  uint32_t bits;
  v = eng_dtype_round (ENG_DTYPE_BFLOAT16, v);
  memcpy (&bits, &v, sizeof bits);
  return (uint16_t)(bits >> 16);
}

#define ENCODE(DTYPE, Type, value)                                                                                   \
  case DTYPE:                                                                                                        \
    for (gsize k = 0; k < count; k++)                                                                                \
      {                                                                                                              \
        Type v = (Type)(value);                                                                                      \
        memcpy (to + k * sizeof v, &v, sizeof v);                                                                    \
      }                                                                                                              \
    break;

/* The bytes of @count elements in the file's form. float32 and int64 lie as they are written. */
static guint8 *
encode (Writer *w, EngDtype dtype, const void *data, gsize count)
{
  const float *f = data;
  const int64_t *i = data;
  if (dtype == ENG_DTYPE_FLOAT || dtype == ENG_DTYPE_INT64)
    return (guint8 *)data;
  guint8 *to = take (w, count * eng_onnx_element_size (dtype));
  switch (dtype)
    {
      ENCODE (ENG_DTYPE_DOUBLE, double, f[k])
      ENCODE (ENG_DTYPE_FLOAT16, uint16_t, float_to_half (f[k]))
      ENCODE (ENG_DTYPE_BFLOAT16, uint16_t, float_to_bfloat16 (f[k]))
      ENCODE (ENG_DTYPE_UINT8, uint8_t, i[k])
      ENCODE (ENG_DTYPE_INT8, int8_t, i[k])
      ENCODE (ENG_DTYPE_UINT16, uint16_t, i[k])
      ENCODE (ENG_DTYPE_INT16, int16_t, i[k])
      ENCODE (ENG_DTYPE_UINT32, uint32_t, i[k])
      ENCODE (ENG_DTYPE_INT32, int32_t, i[k])
      ENCODE (ENG_DTYPE_BOOL, uint8_t, i[k] != 0)
    default:
      g_return_val_if_reached (to);
    }
  return to;
}

/* @data: values that replace the tensor's; NULL: its own. */
static Onnx__TensorProto *
write_tensor (Writer *w, const char *name, const EngTensor *tensor, const float *data)
{
  Onnx__TensorProto *proto = TAKE (w, Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT);
  gsize count = (gsize)eng_tensor_count (tensor);
  proto->name = (char *)name;
  proto->has_data_type = TRUE;
  proto->data_type = (int32_t)tensor->dtype;
  proto->n_dims = (gsize)tensor->shape.rank;
  proto->dims = take (w, sizeof tensor->shape.dim);
  memcpy (proto->dims, tensor->shape.dim, proto->n_dims * sizeof *proto->dims);
  proto->has_raw_data = TRUE;
  proto->raw_data.len = count * eng_onnx_element_size (tensor->dtype);
  proto->raw_data.data = encode (w, tensor->dtype, data ? data : tensor->data, count);
  return proto;
}

static const float *
replaced (const Writer *w, const EngValue *value)
{
  return w->constants ? g_hash_table_lookup (w->constants, value) : NULL;
}

static void
write_constants (Writer *w)
{
  for (guint i = 0; i < w->graph->values->len; i++)
    {
      EngValue *value = w->graph->values->pdata[i];
      gboolean used = value->consumers->len > 0 || g_ptr_array_find (w->graph->outputs, value, NULL);
      if (value->constant && used)
        g_ptr_array_add (w->tensors, write_tensor (w, name_of (w, value), value->constant, replaced (w, value)));
    }
}

/* ---- nodes ---- */

typedef struct
{
  Writer *w;
  const OnnxUpgrade *upgrade;
  GPtrArray *attributes;
} AttrWriter;

static void
write_attribute (const char *name, char kind, gpointer data)
{
  AttrWriter *aw = data;
  const EngAttrs *attrs = aw->upgrade->attrs;
  if (g_ptr_array_find_with_equal_func (aw->upgrade->dropped, name, g_str_equal, NULL))
    return;
  Onnx__AttributeProto *a = TAKE (aw->w, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);
  int n;
  a->name = (char *)name;
  a->has_type = TRUE;
  switch (kind)
    {
    case 'i':
      a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
      a->has_i = TRUE;
      a->i = eng_attrs_get_int (attrs, name, 0);
      break;
    case 'f':
      a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
      a->has_f = TRUE;
      a->f = eng_attrs_get_float (attrs, name, 0);
      break;
    case 's':
      a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
      a->has_s = TRUE;
      a->s.data = (uint8_t *)eng_attrs_get_string (attrs, name, "");
      a->s.len = strlen ((char *)a->s.data);
      break;
    case 'I':
      a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
      a->ints = (int64_t *)eng_attrs_get_ints (attrs, name, &n);
      a->n_ints = (gsize)n;
      break;
    case 'F':
      a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
      a->floats = (float *)eng_attrs_get_floats (attrs, name, &n);
      a->n_floats = (gsize)n;
      break;
    default:
      a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
      a->t = write_tensor (aw->w, "", eng_attrs_get_tensor (attrs, name), NULL);
    }
  g_ptr_array_add (aw->attributes, a);
}

/* Moves the array of a GPtrArray into the writer's memory. */
static gpointer
take_array (Writer *w, GPtrArray *array, gsize *n)
{
  gpointer *copy = take (w, array->len * sizeof *copy);
  *n = array->len;
  if (array->len > 0)
    memcpy (copy, array->pdata, array->len * sizeof *copy);
  return copy;
}

static char *
input_name (Writer *w, const OnnxUpgrade *u, int i)
{
  int from = u->n_inputs < 0 ? i : u->map[i];
  if (u->n_inputs >= 0 && u->inputs[i])
    {
      g_autofree char *wish = g_strdup_printf ("%s/input_%d", u->node->name, i);
      char *name = fresh_name (w, wish);
      g_ptr_array_add (w->tensors, write_tensor (w, name, u->inputs[i], NULL));
      return name;
    }
  EngValue *value = from >= 0 && from < u->node->n_inputs ? u->node->inputs[from] : NULL;
  return value ? name_of (w, value) : take_string (w, "");
}

static gboolean
write_node (Writer *w, const EngNode *node, OnnxUpgrade *u, GError **error)
{
  if (!eng_onnx_upgrade (u, node, w->opset, w->constants, error))
    return FALSE;
  Onnx__NodeProto *proto = TAKE (w, Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
  g_autoptr (GPtrArray) inputs = g_ptr_array_new (), outputs = g_ptr_array_new (), attributes = g_ptr_array_new ();
  AttrWriter aw = { w, u, attributes };
  int n_inputs = u->n_inputs < 0 ? node->n_inputs : u->n_inputs;
  for (int i = 0; i < n_inputs; i++)
    g_ptr_array_add (inputs, input_name (w, u, i));
  while (inputs->len > 0 && !*(char *)inputs->pdata[inputs->len - 1])
    g_ptr_array_set_size (inputs, (int)inputs->len - 1);
  for (int i = 0; i < node->n_outputs; i++)
    g_ptr_array_add (outputs, name_of (w, node->outputs[i]));
  eng_attrs_foreach (u->attrs, write_attribute, &aw);
  proto->name = node->name;
  proto->op_type = (char *)u->op;
  proto->input = take_array (w, inputs, &proto->n_input);
  proto->output = take_array (w, outputs, &proto->n_output);
  proto->attribute = take_array (w, attributes, &proto->n_attribute);
  g_ptr_array_add (w->nodes, proto);
  return TRUE;
}

/* ---- inputs, outputs ---- */

static Onnx__ValueInfoProto *
write_value (Writer *w, const EngValue *value, char *name)
{
  Onnx__ValueInfoProto *info = TAKE (w, Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
  Onnx__TypeProto *type = TAKE (w, Onnx__TypeProto, ONNX__TYPE_PROTO__INIT);
  Onnx__TypeProto__Tensor *tensor = TAKE (w, Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT);
  Onnx__TensorShapeProto *shape = TAKE (w, Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT);
  info->name = name;
  info->type = type;
  type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  type->tensor_type = tensor;
  tensor->has_elem_type = TRUE;
  tensor->elem_type = (int32_t)value->dtype;
  tensor->shape = shape;
  shape->n_dim = (gsize)value->shape.rank;
  shape->dim = take (w, shape->n_dim * sizeof *shape->dim);
  for (int i = 0; i < value->shape.rank; i++)
    {
      shape->dim[i] = TAKE (w, Onnx__TensorShapeProto__Dimension, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);
      shape->dim[i]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
      shape->dim[i]->dim_value = value->shape.dim[i];
    }
  return info;
}

/* The format wants every output to come from a node, and once. */
static char *
output_name (Writer *w, EngValue *value, GHashTable *done)
{
  if (value->kind == ENG_VALUE_COMPUTED && g_hash_table_add (done, value))
    return name_of (w, value);
  g_autofree char *wish = g_strconcat (value->name, "_output", NULL);
  Onnx__NodeProto *proto = TAKE (w, Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
  proto->op_type = (char *)"Identity";
  proto->n_input = proto->n_output = 1;
  proto->input = take (w, sizeof *proto->input);
  proto->output = take (w, sizeof *proto->output);
  proto->input[0] = name_of (w, value);
  proto->output[0] = proto->name = fresh_name (w, wish);
  g_ptr_array_add (w->nodes, proto);
  return proto->output[0];
}

static gboolean
write_graph (Writer *w, Onnx__GraphProto *proto, GError **error)
{
  EngGraph *graph = w->graph;
  g_autoptr (GPtrArray) inputs = g_ptr_array_new (), outputs = g_ptr_array_new ();
  g_autoptr (GHashTable) done = g_hash_table_new (NULL, NULL);
  /* Names of inputs and outputs first, so that none of them is changed. */
  for (guint i = 0; i < graph->inputs->len; i++)
    name_of (w, graph->inputs->pdata[i]);
  for (guint i = 0; i < graph->outputs->len; i++)
    name_of (w, graph->outputs->pdata[i]);
  for (guint i = 0; i < graph->inputs->len; i++)
    g_ptr_array_add (inputs, write_value (w, graph->inputs->pdata[i], name_of (w, graph->inputs->pdata[i])));
  write_constants (w);
  for (guint i = 0; i < graph->nodes->len; i++)
    {
      OnnxUpgrade *upgrade = g_new0 (OnnxUpgrade, 1);
      g_ptr_array_add (w->upgrades, upgrade);
      if (!write_node (w, graph->nodes->pdata[i], upgrade, error))
        return FALSE;
    }
  for (guint i = 0; i < graph->outputs->len; i++)
    {
      EngValue *value = graph->outputs->pdata[i];
      g_ptr_array_add (outputs, write_value (w, value, output_name (w, value, done)));
    }
  proto->input = take_array (w, inputs, &proto->n_input);
  proto->output = take_array (w, outputs, &proto->n_output);
  proto->node = take_array (w, w->nodes, &proto->n_node);
  proto->initializer = take_array (w, w->tensors, &proto->n_initializer);
  return TRUE;
}

/* The oldest version of the format that may hold an opset. */
static int64_t
ir_version (int opset)
{
  return opset < 15 ? 7 : opset < 19 ? 8 : opset < 21 ? 9 : 10;
}

static void
write_metadata (Writer *w, Onnx__ModelProto *model, GHashTable *metadata)
{
  g_autoptr (GPtrArray) props = g_ptr_array_new ();
  g_autoptr (GList) keys = metadata ? g_hash_table_get_keys (metadata) : NULL;
  keys = g_list_sort (keys, (GCompareFunc)strcmp);
  for (GList *l = keys; l; l = l->next)
    {
      Onnx__StringStringEntryProto *entry =
          TAKE (w, Onnx__StringStringEntryProto, ONNX__STRING_STRING_ENTRY_PROTO__INIT);
      entry->key = l->data;
      entry->value = g_hash_table_lookup (metadata, l->data);
      g_ptr_array_add (props, entry);
    }
  model->metadata_props = take_array (w, props, &model->n_metadata_props);
}

static GBytes *
write_model (Writer *w, const char *name, GHashTable *metadata, GError **error)
{
  Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
  Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT;
  Onnx__OperatorSetIdProto set = ONNX__OPERATOR_SET_ID_PROTO__INIT, *sets = &set;
  if (!write_graph (w, &graph, error))
    return NULL;
  graph.name = (char *)name;
  set.domain = (char *)"";
  set.has_version = TRUE;
  set.version = w->opset;
  model.has_ir_version = TRUE;
  model.ir_version = ir_version (w->opset);
  model.producer_name = (char *)"Sightline";
  model.producer_version = (char *)ENG_VERSION;
  model.n_opset_import = 1;
  model.opset_import = &sets;
  model.graph = &graph;
  write_metadata (w, &model, metadata);
  gsize n = onnx__model_proto__get_packed_size (&model);
  guint8 *bytes = n >> 31 ? NULL : g_try_malloc (n);
  if (!bytes)
    {
      eng_fail (error, ENG_ERROR_MEMORY, "the model %s takes %.1f GB, a file may take 2", name, n / 1e9);
      return NULL;
    }
  onnx__model_proto__pack (&model, bytes);
  return g_bytes_new_take (bytes, n);
}

static void
upgrade_free (gpointer data)
{
  eng_onnx_upgrade_clear (data);
  g_free (data);
}

GBytes *
eng_onnx_export (EngGraph *graph, const char *name, GHashTable *constants, GHashTable *metadata, GError **error)
{
  Writer w = { .graph = graph, .constants = constants };
  w.memory = g_ptr_array_new_with_free_func (g_free);
  w.upgrades = g_ptr_array_new_with_free_func (upgrade_free);
  w.names = g_hash_table_new (NULL, NULL);
  w.used = g_hash_table_new (g_str_hash, g_str_equal);
  w.nodes = g_ptr_array_new ();
  w.tensors = g_ptr_array_new ();
  for (guint i = 0; i < graph->nodes->len; i++)
    w.opset = MAX (w.opset, ((const EngNode *)graph->nodes->pdata[i])->opset);
  w.opset = w.opset > 0 ? w.opset : ENG_OPSET_MAX;
  GBytes *bytes = write_model (&w, name, metadata, error);
  g_ptr_array_unref (w.tensors);
  g_ptr_array_unref (w.nodes);
  g_hash_table_unref (w.used);
  g_hash_table_unref (w.names);
  g_ptr_array_unref (w.upgrades);
  g_ptr_array_unref (w.memory);
  return bytes;
}
