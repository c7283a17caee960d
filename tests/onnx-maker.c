#include "onnx-maker.h"

#include <stdlib.h>
#include <string.h>

/* protobuf-c frees with free(), so everything is malloc()ed. */
#define MAKE(Type, INIT)                                                                                             \
  ({                                                                                                                 \
    Type *message_ = malloc (sizeof (Type));                                                                         \
    *message_ = (Type)INIT;                                                                                          \
    message_;                                                                                                        \
  })

#define APPEND(array, n, item)                                                                                       \
  do                                                                                                                 \
    {                                                                                                                \
      (array) = realloc ((array), ((n) + 1) * sizeof *(array));                                                      \
      (array)[(n)++] = (item);                                                                                       \
    }                                                                                                                \
  while (0)

static void *
copy (const void *from, gsize bytes)
{
  void *to = malloc (MAX (bytes, 1));
  if (bytes > 0)
    memcpy (to, from, bytes);
  return to;
}

/* Appends the names in @text to an array of strings. */
static void
append_names (char ***array, size_t *n, const char *text)
{
  g_auto (GStrv) names = g_strsplit (text, " ", -1);
  for (int i = 0; names[i]; i++)
    if (*names[i])
      APPEND (*array, *n, strdup (strcmp (names[i], "-") == 0 ? "" : names[i]));
}

OnnxMaker *
onnx_maker_new (int opset)
{
  OnnxMaker *self = g_new0 (OnnxMaker, 1);
  self->model = MAKE (Onnx__ModelProto, ONNX__MODEL_PROTO__INIT);
  self->graph = self->model->graph = MAKE (Onnx__GraphProto, ONNX__GRAPH_PROTO__INIT);
  self->graph->name = strdup ("tiny");
  self->model->has_ir_version = TRUE;
  self->model->ir_version = 8;
  self->model->producer_name = strdup ("maker");
  self->model->producer_version = strdup ("1");
  if (opset >= 0)
    {
      Onnx__OperatorSetIdProto *set = MAKE (Onnx__OperatorSetIdProto, ONNX__OPERATOR_SET_ID_PROTO__INIT);
      set->domain = strdup ("");
      set->has_version = TRUE;
      set->version = opset;
      APPEND (self->model->opset_import, self->model->n_opset_import, set);
    }
  return self;
}

static void
maker_free (OnnxMaker *self)
{
  onnx__model_proto__free_unpacked (self->model, NULL);
  g_free (self);
}

GBytes *
onnx_maker_finish (OnnxMaker *self)
{
  gsize n = onnx__model_proto__get_packed_size (self->model);
  guint8 *bytes = g_malloc (n);
  onnx__model_proto__pack (self->model, bytes);
  maker_free (self);
  return g_bytes_new_take (bytes, n);
}

/* ---- inputs, outputs ---- */

static Onnx__TensorShapeProto *
make_shape (int rank, va_list dims)
{
  Onnx__TensorShapeProto *shape = MAKE (Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT);
  for (int i = 0; i < rank; i++)
    {
      Onnx__TensorShapeProto__Dimension *dim =
          MAKE (Onnx__TensorShapeProto__Dimension, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);
      int v = va_arg (dims, int);
      dim->value_case = v < 0 ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
                              : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
      if (v < 0)
        dim->dim_param = strdup ("N");
      else
        dim->dim_value = v;
      APPEND (shape->dim, shape->n_dim, dim);
    }
  return shape;
}

void
onnx_maker_input (OnnxMaker *self, const char *name, int dtype, int rank, ...)
{
  Onnx__ValueInfoProto *info = MAKE (Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
  Onnx__TypeProto__Tensor *tensor = MAKE (Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT);
  va_list dims;
  info->name = strdup (name);
  info->type = MAKE (Onnx__TypeProto, ONNX__TYPE_PROTO__INIT);
  info->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  info->type->tensor_type = tensor;
  tensor->has_elem_type = TRUE;
  tensor->elem_type = dtype;
  va_start (dims, rank);
  if (rank >= 0)
    tensor->shape = make_shape (rank, dims);
  va_end (dims);
  APPEND (self->graph->input, self->graph->n_input, info);
}

void
onnx_maker_output (OnnxMaker *self, const char *name)
{
  Onnx__ValueInfoProto *info = MAKE (Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
  info->name = strdup (name);
  APPEND (self->graph->output, self->graph->n_output, info);
}

/* ---- initializers ---- */

Onnx__TensorProto *
onnx_maker_raw (OnnxMaker *self, const char *name, int dtype, int rank, const int64_t *dims, const void *bytes,
                gsize n)
{
  Onnx__TensorProto *tensor = MAKE (Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT);
  tensor->name = strdup (name);
  tensor->has_data_type = TRUE;
  tensor->data_type = dtype;
  tensor->n_dims = rank;
  tensor->dims = copy (dims, rank * sizeof *dims);
  tensor->has_raw_data = TRUE;
  tensor->raw_data.len = n;
  tensor->raw_data.data = copy (bytes, n);
  APPEND (self->graph->initializer, self->graph->n_initializer, tensor);
  return tensor;
}

Onnx__TensorProto *
onnx_maker_floats (OnnxMaker *self, const char *name, int rank, const int64_t *dims, const float *values)
{
  EngShape shape = eng_shape_from_array (dims, rank);
  return onnx_maker_raw (self, name, ENG_DTYPE_FLOAT, rank, dims, values, eng_shape_count (&shape) * sizeof *values);
}

Onnx__TensorProto *
onnx_maker_ints (OnnxMaker *self, const char *name, int n, const int64_t *values)
{
  return onnx_maker_raw (self, name, ENG_DTYPE_INT64, 1, (int64_t[]){ n }, values, n * sizeof *values);
}

static void
append_entry (Onnx__StringStringEntryProto ***array, size_t *n, const char *key, const char *value)
{
  Onnx__StringStringEntryProto *entry = MAKE (Onnx__StringStringEntryProto, ONNX__STRING_STRING_ENTRY_PROTO__INIT);
  entry->key = strdup (key);
  entry->value = strdup (value);
  APPEND (*array, *n, entry);
}

void
onnx_maker_external (Onnx__TensorProto *tensor, const char *location, const char *offset, const char *length)
{
  const char *const keys[] = { "location", "offset", "length" }, *const values[] = { location, offset, length };
  free (tensor->raw_data.data);
  tensor->raw_data = (ProtobufCBinaryData){ 0 };
  tensor->has_raw_data = FALSE;
  tensor->has_data_location = TRUE;
  tensor->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
  for (int i = 0; i < 3; i++)
    if (values[i])
      append_entry (&tensor->external_data, &tensor->n_external_data, keys[i], values[i]);
}

/* ---- nodes ---- */

Onnx__NodeProto *
onnx_maker_node (OnnxMaker *self, const char *op, const char *inputs, const char *outputs)
{
  Onnx__NodeProto *node = MAKE (Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
  const char *colon = strchr (op, ':');
  append_names (&node->input, &node->n_input, inputs);
  append_names (&node->output, &node->n_output, outputs);
  node->op_type = strdup (colon ? colon + 1 : op);
  if (colon)
    node->domain = strndup (op, colon - op);
  node->name = strdup (node->n_output > 0 ? node->output[0] : "");
  APPEND (self->graph->node, self->graph->n_node, node);
  return node;
}

static Onnx__AttributeProto *
append_attr (Onnx__NodeProto *node, const char *name, int type)
{
  Onnx__AttributeProto *attr = MAKE (Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);
  attr->name = strdup (name);
  attr->has_type = TRUE;
  attr->type = type;
  APPEND (node->attribute, node->n_attribute, attr);
  return attr;
}

Onnx__AttributeProto *
onnx_maker_int (Onnx__NodeProto *node, const char *name, int64_t v)
{
  Onnx__AttributeProto *attr = append_attr (node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
  attr->has_i = TRUE;
  attr->i = v;
  return attr;
}

Onnx__AttributeProto *
onnx_maker_float (Onnx__NodeProto *node, const char *name, float v)
{
  Onnx__AttributeProto *attr = append_attr (node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
  attr->has_f = TRUE;
  attr->f = v;
  return attr;
}

Onnx__AttributeProto *
onnx_maker_attr_ints (Onnx__NodeProto *node, const char *name, int n, const int64_t *v)
{
  Onnx__AttributeProto *attr = append_attr (node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
  attr->n_ints = n;
  attr->ints = copy (v, n * sizeof *v);
  return attr;
}

Onnx__AttributeProto *
onnx_maker_reference (Onnx__NodeProto *node, const char *name, const char *to)
{
  Onnx__AttributeProto *attr = append_attr (node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED);
  attr->ref_attr_name = strdup (to);
  return attr;
}

Onnx__AttributeProto *
onnx_maker_branch (Onnx__NodeProto *node, const char *name, OnnxMaker *branch)
{
  Onnx__AttributeProto *attr = append_attr (node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH);
  attr->g = g_steal_pointer (&branch->model->graph);
  maker_free (branch);
  return attr;
}

void
onnx_maker_function (OnnxMaker *self, const char *name, const char *inputs, const char *outputs,
                     const char *attributes, OnnxMaker *body)
{
  Onnx__FunctionProto *function = MAKE (Onnx__FunctionProto, ONNX__FUNCTION_PROTO__INIT);
  function->name = strdup (name);
  function->domain = strdup ("local");
  append_names (&function->input, &function->n_input, inputs);
  append_names (&function->output, &function->n_output, outputs);
  append_names (&function->attribute, &function->n_attribute, attributes);
  function->node = g_steal_pointer (&body->graph->node);
  function->n_node = body->graph->n_node;
  body->graph->n_node = 0;
  function->opset_import = g_steal_pointer (&body->model->opset_import);
  function->n_opset_import = body->model->n_opset_import;
  body->model->n_opset_import = 0;
  maker_free (body);
  APPEND (self->model->functions, self->model->n_functions, function);
}

void
onnx_maker_metadata (OnnxMaker *self, const char *key, const char *value)
{
  append_entry (&self->model->metadata_props, &self->model->n_metadata_props, key, value);
}
