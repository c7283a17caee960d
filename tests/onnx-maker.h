/* Makes small ONNX models in memory, for tests and fuzz seeds: sound ones and broken ones.
 *
 *   OnnxMaker *m = onnx_maker_new (13);
 *   onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 2, -1, 3);
 *   onnx_maker_floats (m, "w", 2, (int64_t[]){ 1, 3 }, (float[]){ 1, 2, 3 });
 *   onnx_maker_node (m, "Mul", "x w", "y");
 *   onnx_maker_output (m, "y");
 *   g_autoptr (GBytes) bytes = onnx_maker_finish (m);
 *
 * The messages can be changed at will before onnx_maker_finish(): all they hold is malloc()ed. */
#pragma once

#include "nn/tensor.h"
#include "onnx.pb-c.h"

typedef struct
{
  Onnx__ModelProto *model;
  Onnx__GraphProto *graph; /* the model's */
} OnnxMaker;

/* @opset < 0: none stated. */
OnnxMaker *onnx_maker_new (int opset);
/* Packs the model and frees the maker. (transfer full) */
GBytes *onnx_maker_finish (OnnxMaker *self);

/* Dimensions are ints; -1 is the symbol "N". @rank < 0: no shape. */
void onnx_maker_input (OnnxMaker *self, const char *name, int dtype, int rank, ...);
void onnx_maker_output (OnnxMaker *self, const char *name);
/* Initializers. The message can be made unsound afterwards. */
Onnx__TensorProto *onnx_maker_raw (OnnxMaker *self, const char *name, int dtype, int rank, const int64_t *dims,
                                   const void *bytes, gsize n);
Onnx__TensorProto *onnx_maker_floats (OnnxMaker *self, const char *name, int rank, const int64_t *dims,
                                      const float *values);
Onnx__TensorProto *onnx_maker_ints (OnnxMaker *self, const char *name, int n, const int64_t *values);
/* Turns an initializer into one in another file. @offset, @length: text, or NULL: not stated. */
void onnx_maker_external (Onnx__TensorProto *tensor, const char *location, const char *offset, const char *length);

/* @op: "Relu", or with a domain "local:Twice". @inputs, @outputs: names with spaces between; "-" for an absent one.
 * The node's name is its first output's. */
Onnx__NodeProto *onnx_maker_node (OnnxMaker *self, const char *op, const char *inputs, const char *outputs);
Onnx__AttributeProto *onnx_maker_int (Onnx__NodeProto *node, const char *name, int64_t v);
Onnx__AttributeProto *onnx_maker_float (Onnx__NodeProto *node, const char *name, float v);
Onnx__AttributeProto *onnx_maker_attr_ints (Onnx__NodeProto *node, const char *name, int n, const int64_t *v);
/* The value of the attribute @to of the function around. */
Onnx__AttributeProto *onnx_maker_reference (Onnx__NodeProto *node, const char *name, const char *to);
/* Takes the graph of @branch, which is freed. */
Onnx__AttributeProto *onnx_maker_branch (Onnx__NodeProto *node, const char *name, OnnxMaker *branch);
/* Takes the nodes of @body, which is freed, as a function of domain "local" with the attributes named. */
void onnx_maker_function (OnnxMaker *self, const char *name, const char *inputs, const char *outputs,
                          const char *attributes, OnnxMaker *body);
void onnx_maker_metadata (OnnxMaker *self, const char *key, const char *value);
