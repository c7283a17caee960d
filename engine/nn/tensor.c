/* Shapes, element types and arrays. */
#include "tensor.h"

#include "../error.h"
#include "../kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* No array of more elements than this is made: counts and byte sizes stay far from overflow. */
#define MAX_COUNT (G_GINT64_CONSTANT (1) << 40)

EngShape
eng_shape_from_array (const int64_t *dim, int rank)
{
  EngShape s = { .rank = rank };
  for (int i = 0; i < rank; i++)
    s.dim[i] = dim[i];
  return s;
}

int64_t
eng_shape_span (const EngShape *shape, int from, int to)
{
  int64_t n = 1;
  for (int i = from; i < to; i++)
    n *= shape->dim[i];
  return n;
}

int64_t
eng_shape_count (const EngShape *shape)
{
  return eng_shape_span (shape, 0, shape->rank);
}

gboolean
eng_shape_equal (const EngShape *a, const EngShape *b)
{
  if (a->rank != b->rank)
    return FALSE;
  for (int i = 0; i < a->rank; i++)
    if (a->dim[i] != b->dim[i])
      return FALSE;
  return TRUE;
}

gboolean
eng_shape_check (const EngShape *shape, GError **error)
{
  if (shape->rank < 0 || shape->rank > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "rank %d is outside 0 to %d", shape->rank, ENG_MAX_RANK);
  int64_t n = 1;
  for (int i = 0; i < shape->rank; i++)
    {
      int64_t d = shape->dim[i];
      if (d < 0 || d > MAX_COUNT)
        return eng_fail (error, ENG_ERROR_INVALID, "dimension %d of a shape is %" G_GINT64_FORMAT, i, d);
      if (d > 0 && n > MAX_COUNT / d)
        return eng_fail (error, ENG_ERROR_MEMORY, "a shape has too many elements");
      n *= d;
    }
  return TRUE;
}

char *
eng_shape_to_string (const EngShape *shape)
{
  if (shape->rank == 0)
    return g_strdup ("scalar");
  GString *s = g_string_new (NULL);
  for (int i = 0; i < shape->rank; i++)
    g_string_append_printf (s, "%s%" G_GINT64_FORMAT, i ? "x" : "", shape->dim[i]);
  return g_string_free (s, FALSE);
}

void
eng_shape_strides (const EngShape *shape, int64_t *strides)
{
  int64_t n = 1;
  for (int i = shape->rank - 1; i >= 0; i--)
    {
      strides[i] = n;
      n *= shape->dim[i];
    }
}

gboolean
eng_shape_broadcast (const EngShape *a, const EngShape *b, EngShape *out)
{
  EngShape r = { .rank = MAX (a->rank, b->rank) };
  for (int i = 1; i <= r.rank; i++)
    {
      int64_t da = i <= a->rank ? a->dim[a->rank - i] : 1;
      int64_t db = i <= b->rank ? b->dim[b->rank - i] : 1;
      if (da != db && da != 1 && db != 1)
        return FALSE;
      r.dim[r.rank - i] = da == 1 ? db : da;
    }
  *out = r;
  return TRUE;
}

static const struct
{
  EngDtype dtype;
  const char *name;
  gboolean is_float, supported;
} dtypes[] = {
  { ENG_DTYPE_NONE, "no type", FALSE, FALSE },    { ENG_DTYPE_FLOAT, "float32", TRUE, TRUE },
  { ENG_DTYPE_UINT8, "uint8", FALSE, TRUE },      { ENG_DTYPE_INT8, "int8", FALSE, TRUE },
  { ENG_DTYPE_UINT16, "uint16", FALSE, TRUE },    { ENG_DTYPE_INT16, "int16", FALSE, TRUE },
  { ENG_DTYPE_INT32, "int32", FALSE, TRUE },      { ENG_DTYPE_INT64, "int64", FALSE, TRUE },
  { ENG_DTYPE_STRING, "string", FALSE, FALSE },   { ENG_DTYPE_BOOL, "bool", FALSE, TRUE },
  { ENG_DTYPE_FLOAT16, "float16", TRUE, TRUE },   { ENG_DTYPE_DOUBLE, "float64", TRUE, TRUE },
  { ENG_DTYPE_UINT32, "uint32", FALSE, TRUE },    { ENG_DTYPE_UINT64, "uint64", FALSE, FALSE },
  { (EngDtype)14, "complex64", FALSE, FALSE },    { (EngDtype)15, "complex128", FALSE, FALSE },
  { ENG_DTYPE_BFLOAT16, "bfloat16", TRUE, TRUE },
};

static guint
dtype_row (EngDtype dtype)
{
  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++)
    if (dtypes[i].dtype == dtype)
      return i;
  return 0;
}

gboolean
eng_dtype_is_float (EngDtype dtype)
{
  return dtypes[dtype_row (dtype)].is_float;
}

gboolean
eng_dtype_is_supported (EngDtype dtype)
{
  return dtypes[dtype_row (dtype)].supported;
}

const char *
eng_dtype_name (EngDtype dtype)
{
  guint row = dtype_row (dtype);
  return row == 0 && dtype != ENG_DTYPE_NONE ? "an unknown type" : dtypes[row].name;
}

gsize
eng_dtype_size (EngDtype dtype)
{
  return eng_dtype_is_float (dtype) ? sizeof (float) : sizeof (int64_t);
}

int64_t
eng_dtype_wrap (EngDtype dtype, int64_t v)
{
  switch (dtype)
    {
    case ENG_DTYPE_BOOL:
      return v != 0;
    case ENG_DTYPE_UINT8:
      return (uint8_t)v;
    case ENG_DTYPE_INT8:
      return (int8_t)v;
    case ENG_DTYPE_UINT16:
      return (uint16_t)v;
    case ENG_DTYPE_INT16:
      return (int16_t)v;
    case ENG_DTYPE_UINT32:
      return (uint32_t)v;
    case ENG_DTYPE_INT32:
      return (int32_t)v;
    default:
      return v;
    }
}

float
eng_half_to_float (uint16_t h)
{
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = (h >> 10) & 0x1f, mantissa = h & 0x3ff, bits;
  float f;
  if (exponent == 0)
    {
      f = ldexpf ((float)mantissa, -24);
      return sign ? -f : f;
    }
  bits = exponent == 31 ? sign | 0x7f800000 | (mantissa << 13) : sign | ((exponent + 112) << 23) | (mantissa << 13);
  memcpy (&f, &bits, sizeof f);
  return f;
}

float
eng_bfloat16_to_float (uint16_t h)
{
  uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy (&f, &bits, sizeof f);
  return f;
}

float
eng_dtype_round (EngDtype dtype, float v)
{
  if (dtype == ENG_DTYPE_BFLOAT16 && isfinite (v))
    {
      uint32_t bits;
      memcpy (&bits, &v, sizeof bits);
      bits += 0x7fff + ((bits >> 16) & 1); /* to nearest, ties to even */
      bits &= 0xffff0000;
      memcpy (&v, &bits, sizeof bits);
    }
  else if (dtype == ENG_DTYPE_FLOAT16 && isfinite (v) && v != 0)
    {
      /* 11 significant bits; below 2^-14 the spacing stays 2^-24. */
      int e;
      frexpf (v, &e);
      float unit = ldexpf (1, MAX (e, -13) - 11);
      v = rintf (v / unit) * unit;
      if (fabsf (v) > 65504)
        v = copysignf (INFINITY, v);
    }
  return v;
}

void *
eng_try_alloc (gsize bytes)
{
  bytes = (MAX (bytes, (gsize)1) + 63) & ~(gsize)63;
  return bytes > (gsize)MAX_COUNT * 8 ? NULL : aligned_alloc (64, bytes);
}

void
eng_free (void *data)
{
  free (data);
}

EngTensor *
eng_tensor_try_new (EngDtype dtype, const EngShape *shape, GError **error)
{
  if (!eng_shape_check (shape, error))
    return NULL;
  EngTensor *self = g_new0 (EngTensor, 1);
  g_atomic_ref_count_init (&self->ref);
  self->dtype = dtype;
  self->shape = *shape;
  self->data = eng_try_alloc ((gsize)eng_shape_count (shape) * eng_dtype_size (dtype));
  if (!self->data)
    {
      g_autofree char *text = eng_shape_to_string (shape);
      eng_fail (error, ENG_ERROR_MEMORY, "not enough memory for an array of %s", text);
      g_clear_pointer (&self, g_free);
    }
  return self;
}

EngTensor *
eng_tensor_new (EngDtype dtype, const EngShape *shape)
{
  g_autoptr (GError) error = NULL;
  EngTensor *self = eng_tensor_try_new (dtype, shape, &error);
  if (!self)
    g_error ("%s", error->message);
  return self;
}

EngTensor *
eng_tensor_new_ints (const int64_t *values, int n)
{
  EngShape s = ENG_SHAPE (n);
  EngTensor *self = eng_tensor_new (ENG_DTYPE_INT64, &s);
  if (n > 0)
    memcpy (self->i, values, sizeof *values * n);
  return self;
}

EngTensor *
eng_tensor_new_floats (const float *values, const EngShape *shape)
{
  EngTensor *self = eng_tensor_new (ENG_DTYPE_FLOAT, shape);
  memcpy (self->f, values, sizeof *values * eng_shape_count (shape));
  return self;
}

EngTensor *
eng_tensor_new_scalar (float value)
{
  EngShape s = { 0 };
  return eng_tensor_new_floats (&value, &s);
}

EngTensor *
eng_tensor_ref (EngTensor *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_tensor_unref (EngTensor *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  eng_kernels_forget (self->data);
  if (self->free_func)
    self->free_func (self->free_data);
  else
    eng_free (self->data);
  g_free (self);
}

int64_t
eng_tensor_count (const EngTensor *self)
{
  return eng_shape_count (&self->shape);
}
