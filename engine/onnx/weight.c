/* TensorProto -> EngTensor.
 *
 * Every number of elements is checked against the bytes that are there before memory is taken.
 * Little-endian float32 bytes, the usual case, are read from the file to where they stay, all of
 * them in one block of memory. float16, bfloat16 and float64 become float32; integers become int64. */
#include "onnx-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN); /* raw_data is used as it lies */

/* Types that a newer onnx.proto knows and EngDtype does not. */
static const char *const newer_types[] = { [17] = "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
                                           "float8e5m2fnuz",      "uint4",          "int4",
                                           "float4e2m1",          "float8e8m0" };

const char *
eng_onnx_type_name (int data_type)
{
  if (data_type >= 17 && data_type < (int)G_N_ELEMENTS (newer_types))
    return newer_types[data_type];
  return eng_dtype_name ((EngDtype)data_type);
}

gsize
eng_onnx_element_size (EngDtype dtype)
{
  static const guint8 bytes[] = {
    [ENG_DTYPE_FLOAT] = 4,   [ENG_DTYPE_UINT8] = 1,  [ENG_DTYPE_INT8] = 1,   [ENG_DTYPE_UINT16] = 2,
    [ENG_DTYPE_INT16] = 2,   [ENG_DTYPE_INT32] = 4,  [ENG_DTYPE_INT64] = 8,  [ENG_DTYPE_BOOL] = 1,
    [ENG_DTYPE_FLOAT16] = 2, [ENG_DTYPE_DOUBLE] = 8, [ENG_DTYPE_UINT32] = 4, [ENG_DTYPE_BFLOAT16] = 2
  };
  return (guint)dtype < sizeof bytes ? bytes[dtype] : 0;
}

#define CONVERT(DTYPE, Type, target, expression)                                                                     \
  case DTYPE:                                                                                                        \
    for (gsize k = 0; k < count; k++)                                                                                \
      {                                                                                                              \
        Type v;                                                                                                      \
        memcpy (&v, from + k * sizeof v, sizeof v);                                                                  \
        target[k] = (expression);                                                                                    \
      }                                                                                                              \
    break;

void
eng_onnx_convert (EngDtype dtype, const guint8 *from, gsize count, void *to)
{
  float *f = to;
  int64_t *i = to;
  switch (dtype)
    {
      CONVERT (ENG_DTYPE_FLOAT, float, f, v)
      CONVERT (ENG_DTYPE_DOUBLE, double, f, (float)v)
      CONVERT (ENG_DTYPE_FLOAT16, uint16_t, f, eng_half_to_float (v))
      CONVERT (ENG_DTYPE_BFLOAT16, uint16_t, f, eng_bfloat16_to_float (v))
      CONVERT (ENG_DTYPE_UINT8, uint8_t, i, v)
      CONVERT (ENG_DTYPE_INT8, int8_t, i, v)
      CONVERT (ENG_DTYPE_UINT16, uint16_t, i, v)
      CONVERT (ENG_DTYPE_INT16, int16_t, i, v)
      CONVERT (ENG_DTYPE_UINT32, uint32_t, i, v)
      CONVERT (ENG_DTYPE_INT32, int32_t, i, v)
      CONVERT (ENG_DTYPE_INT64, int64_t, i, v)
      CONVERT (ENG_DTYPE_BOOL, uint8_t, i, v != 0)
    default:
      g_return_if_reached ();
    }
}

/* ---- values in typed fields ---- */

/* How many elements the typed field holds that ONNX prescribes for @dtype. */
static gsize
typed_count (const Onnx__TensorProto *proto, EngDtype dtype)
{
  switch (dtype)
    {
    case ENG_DTYPE_FLOAT:
      return proto->n_float_data;
    case ENG_DTYPE_DOUBLE:
      return proto->n_double_data;
    case ENG_DTYPE_INT64:
      return proto->n_int64_data;
    case ENG_DTYPE_UINT32:
      return proto->n_uint64_data;
    default:
      return proto->n_int32_data;
    }
}

static void
read_typed (const Onnx__TensorProto *proto, EngTensor *tensor)
{
  gsize n = typed_count (proto, tensor->dtype);
  for (gsize k = 0; k < n; k++)
    switch (tensor->dtype)
      {
      case ENG_DTYPE_FLOAT:
        tensor->f[k] = proto->float_data[k];
        break;
      case ENG_DTYPE_DOUBLE:
        tensor->f[k] = (float)proto->double_data[k];
        break;
      case ENG_DTYPE_FLOAT16:
        tensor->f[k] = eng_half_to_float ((uint16_t)proto->int32_data[k]);
        break;
      case ENG_DTYPE_BFLOAT16:
        tensor->f[k] = eng_bfloat16_to_float ((uint16_t)proto->int32_data[k]);
        break;
      case ENG_DTYPE_INT64:
        tensor->i[k] = proto->int64_data[k];
        break;
      case ENG_DTYPE_UINT32:
        tensor->i[k] = (uint32_t)proto->uint64_data[k];
        break;
      default:
        tensor->i[k] = eng_dtype_wrap (tensor->dtype, proto->int32_data[k]);
      }
}

/* ---- the whole ---- */

/* The message keeps its names; its values are in the tensor now. */
static void
drop_values (Onnx__TensorProto *proto)
{
  g_clear_pointer (&proto->raw_data.data, free);
  g_clear_pointer (&proto->float_data, free);
  g_clear_pointer (&proto->int32_data, free);
  g_clear_pointer (&proto->int64_data, free);
  g_clear_pointer (&proto->double_data, free);
  g_clear_pointer (&proto->uint64_data, free);
  proto->raw_data.len = proto->n_float_data = proto->n_int32_data = 0;
  proto->n_int64_data = proto->n_double_data = proto->n_uint64_data = 0;
  proto->has_raw_data = FALSE;
}

static gboolean
read_head (const Onnx__TensorProto *proto, EngDtype *dtype, EngShape *shape, const char *what, GError **error)
{
  *dtype = (EngDtype)proto->data_type;
  if (!eng_dtype_is_supported (*dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s is of type %s, which is not supported. Export with float32 weights.", what,
                     eng_onnx_type_name (proto->data_type));
  if (proto->n_dims > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s has %zu dimensions, at most %d are supported", what,
                     proto->n_dims, ENG_MAX_RANK);
  if (proto->segment)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s is stored in segments, which is not supported", what);
  *shape = eng_shape_from_array (proto->dims, (int)proto->n_dims);
  if (!eng_shape_check (shape, error))
    {
      g_prefix_error (error, "%s: ", what);
      return FALSE;
    }
  return TRUE;
}

/* A tensor without memory yet. */
static EngTensor *
new_head (EngDtype dtype, const EngShape *shape)
{
  EngTensor *tensor = g_new0 (EngTensor, 1);
  g_atomic_ref_count_init (&tensor->ref);
  tensor->dtype = dtype;
  tensor->shape = *shape;
  return tensor;
}

/* Memory for @tensor: a part of the block for all weights where that has room, else its own. */
static gboolean
take_memory (EngOnnx *self, EngTensor *tensor)
{
  gsize n = (gsize)eng_tensor_count (tensor) * eng_dtype_size (tensor->dtype), left = 0;
  const guint8 *block = self->weights ? g_bytes_get_data (self->weights, &left) : NULL;
  left -= self->weights_used;
  if (n == 0 || ENG_ONNX_ROUND (n) > left)
    return (tensor->data = eng_try_alloc (n)) != NULL;
  tensor->data = (gpointer)(block + self->weights_used);
  self->weights_used += ENG_ONNX_ROUND (n);
  tensor->free_func = (GDestroyNotify)g_bytes_unref;
  tensor->free_data = g_bytes_ref (self->weights);
  return TRUE;
}

static EngTensor *
from_inside (EngOnnx *self, Onnx__TensorProto *proto, EngDtype dtype, const EngShape *shape, const char *what,
             GError **error)
{
  gsize count = (gsize)eng_shape_count (shape), size = eng_onnx_element_size (dtype);
  gboolean raw = proto->has_raw_data;
  OnnxPlace place = raw ? eng_onnx_raw_place (proto) : (OnnxPlace){ 0 };
  gsize have = raw ? place.length / size : typed_count (proto, dtype);
  if (have != count || place.length % size != 0)
    {
      g_autofree char *text = eng_shape_to_string (shape);
      eng_fail (error, ENG_ERROR_INVALID, "%s is %s, that is %zu values, but %zu are stored. Export the model again.",
                what, text, count, have);
      return NULL;
    }
  g_autoptr (EngTensor) tensor = new_head (dtype, shape);
  gboolean ok = take_memory (self, tensor);
  if (!ok)
    eng_fail (error, ENG_ERROR_MEMORY, "there is not enough memory for %s", what);
  else if (!raw)
    read_typed (proto, tensor);
  else if (!(ok = eng_onnx_source_values (&self->source, place.offset, tensor, error)))
    g_prefix_error (error, "%s could not be read: ", what);
  return ok ? g_steal_pointer (&tensor) : NULL;
}

static EngTensor *
from_outside (EngOnnx *self, const Onnx__TensorProto *proto, EngDtype dtype, const EngShape *shape, const char *what,
              GError **error)
{
  g_autoptr (EngTensor) tensor = new_head (dtype, shape);
  return eng_onnx_read_external (self, proto, tensor, what, error) ? g_steal_pointer (&tensor) : NULL;
}

EngTensor *
eng_onnx_tensor (EngOnnx *self, Onnx__TensorProto *proto, const char *what, GError **error)
{
  EngTensor *tensor = g_hash_table_lookup (self->tensors, proto);
  EngDtype dtype;
  EngShape shape;
  if (tensor)
    return tensor;
  if (!read_head (proto, &dtype, &shape, what, error))
    return NULL;
  if (proto->has_data_location && proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
    tensor = from_outside (self, proto, dtype, &shape, what, error);
  else
    tensor = from_inside (self, proto, dtype, &shape, what, error);
  if (!tensor)
    return NULL;
  drop_values (proto);
  g_hash_table_insert (self->tensors, proto, tensor);
  return tensor;
}

gboolean
eng_onnx_check_nan (const EngTensor *tensor, const char *what, GError **error)
{
  int64_t n = eng_tensor_count (tensor), bad = 0;
  int any = 0; /* asked for first: twice as fast as counting, and there are hardly ever any */
  if (!eng_dtype_is_float (tensor->dtype))
    return TRUE;
  for (int64_t k = 0; k < n; k++)
    any |= tensor->f[k] != tensor->f[k];
  for (int64_t k = 0; any && k < n; k++)
    bad += isnan (tensor->f[k]) != 0;
  if (bad > 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%" G_GINT64_FORMAT " of the %" G_GINT64_FORMAT
                     " values of %s are NaN. Export the model again from weights that are numbers.",
                     bad, n, what);
  return TRUE;
}
