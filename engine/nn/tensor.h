/* The engine's arrays: a shape, an element type and contiguous row-major storage.
 *
 * Two kinds of storage serve every ONNX type that is supported. Floating types (float32, float16,
 * bfloat16, float64) are held as float; integer and boolean types as int64_t. The logical type is
 * kept beside, so that Cast, integer division and type checks mean what ONNX says. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

#define ENG_MAX_RANK 8

/* Outermost dimension first. rank 0 is a scalar with one element. */
typedef struct
{
  int rank;
  int64_t dim[ENG_MAX_RANK];
} EngShape;

/* Numbers are those of ONNX TensorProto.DataType. */
typedef enum
{
  ENG_DTYPE_NONE = 0,
  ENG_DTYPE_FLOAT = 1,
  ENG_DTYPE_UINT8 = 2,
  ENG_DTYPE_INT8 = 3,
  ENG_DTYPE_UINT16 = 4,
  ENG_DTYPE_INT16 = 5,
  ENG_DTYPE_INT32 = 6,
  ENG_DTYPE_INT64 = 7,
  ENG_DTYPE_STRING = 8, /* not supported, named in messages */
  ENG_DTYPE_BOOL = 9,
  ENG_DTYPE_FLOAT16 = 10,
  ENG_DTYPE_DOUBLE = 11,
  ENG_DTYPE_UINT32 = 12,
  ENG_DTYPE_UINT64 = 13, /* not supported */
  ENG_DTYPE_BFLOAT16 = 16
} EngDtype;

typedef struct
{
  gatomicrefcount ref;
  EngDtype dtype;
  EngShape shape;
  union
  {
    float *f;   /* floating types */
    int64_t *i; /* every other type; bool is 0 or 1 */
    void *data;
  };
  GDestroyNotify free_func; /* called on free_data at the last unref; NULL: eng_free (data) */
  gpointer free_data;
} EngTensor;

#define ENG_SHAPE(...)                                                                                               \
  eng_shape_from_array ((const int64_t[]){ __VA_ARGS__ }, G_N_ELEMENTS (((const int64_t[]){ __VA_ARGS__ })))
EngShape eng_shape_from_array (const int64_t *dim, int rank);
int64_t eng_shape_count (const EngShape *shape); /* number of elements */
/* Elements from axis @from up to, not including, @to. */
int64_t eng_shape_span (const EngShape *shape, int from, int to);
gboolean eng_shape_equal (const EngShape *a, const EngShape *b);
/* Checks dimensions >= 0 and that the number of elements fits a limit that no overflow can pass. */
gboolean eng_shape_check (const EngShape *shape, GError **error);
char *eng_shape_to_string (const EngShape *shape); /* (transfer full): "1x3x224x224", "scalar" */
/* Row-major strides in elements. */
void eng_shape_strides (const EngShape *shape, int64_t *strides);
/* Numpy broadcasting of @a and @b into @out; FALSE when they do not fit. */
gboolean eng_shape_broadcast (const EngShape *a, const EngShape *b, EngShape *out);

gboolean eng_dtype_is_float (EngDtype dtype);
gboolean eng_dtype_is_supported (EngDtype dtype);
const char *eng_dtype_name (EngDtype dtype); /* "float32", "int64", ... never NULL */
gsize eng_dtype_size (EngDtype dtype);       /* bytes of one stored element: 4 (float) or 8 (int64_t) */
/* Wraps an integer to the range of its logical type: -1 as uint8 is 255, any non-zero bool is 1. */
int64_t eng_dtype_wrap (EngDtype dtype, int64_t v);
/* Rounds a float to what its logical type can hold (float16, bfloat16); others unchanged. */
float eng_dtype_round (EngDtype dtype, float v);
float eng_half_to_float (uint16_t h);
float eng_bfloat16_to_float (uint16_t h);

/* 64-byte aligned memory; NULL when it cannot be had. eng_free() returns it. */
void *eng_try_alloc (gsize bytes);
void eng_free (void *data);

/* Uninitialised; aborts like g_malloc() when memory is out, so check sizes from outside first. */
EngTensor *eng_tensor_new (EngDtype dtype, const EngShape *shape);
/* As above with a GError instead of an abort. */
EngTensor *eng_tensor_try_new (EngDtype dtype, const EngShape *shape, GError **error);
EngTensor *eng_tensor_new_ints (const int64_t *values, int n); /* rank 1, int64 */
EngTensor *eng_tensor_new_floats (const float *values, const EngShape *shape);
EngTensor *eng_tensor_new_scalar (float value); /* rank 0 */
EngTensor *eng_tensor_ref (EngTensor *self);
void eng_tensor_unref (EngTensor *self);
int64_t eng_tensor_count (const EngTensor *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngTensor, eng_tensor_unref)

G_END_DECLS
