/* ONNX files: ModelProto <-> graph. */
#pragma once

#include <gio/gio.h>

#include "../nn/graph.h"

G_BEGIN_DECLS

/* A parsed file whose weights are loaded: the source from which graphs at any batch size are built. */
typedef struct _EngOnnx EngOnnx;

/**
 * eng_onnx_load:
 * @path: file name; external data is looked for in its folder only
 *
 * Parses, checks (opset, types, cycles, sizes), loads weights. Recognises Git LFS pointers, cut files,
 * files of another kind, and says so.
 */
EngOnnx *eng_onnx_load (const char *path, GError **error);
/* From memory; @folder for external data (nullable: refused). @name for messages. */
EngOnnx *eng_onnx_load_bytes (GBytes *bytes, const char *name, const char *folder, GError **error);
void eng_onnx_free (EngOnnx *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngOnnx, eng_onnx_free)

/* What the file says about itself: metadata_props, string -> string (transfer full). Reads past the network, so it
 * costs the same for every size; bounded. @name for messages. NULL with an error. Any thread. */
GHashTable *eng_onnx_peek (const char *path, GError **error);
GHashTable *eng_onnx_peek_bytes (GBytes *bytes, const char *name, GError **error);

typedef struct
{
  const char *name;
  EngDtype dtype;
  EngShape shape; /* -1: symbolic or unknown */
  gboolean has_shape;
  const char *symbol[ENG_MAX_RANK]; /* name of a symbolic dimension; NULL */
} EngOnnxIO;

/* Graph inputs that are not initializers, and outputs. Owned by @self. */
const EngOnnxIO *eng_onnx_inputs (EngOnnx *self, int *n);
const EngOnnxIO *eng_onnx_outputs (EngOnnx *self, int *n);
int eng_onnx_opset (EngOnnx *self);
const char *eng_onnx_producer (EngOnnx *self); /* "pytorch 2.1" */
GHashTable *eng_onnx_metadata (EngOnnx *self); /* (transfer none): metadata_props, string -> string */
/* op_type -> count of nodes, functions inlined: (transfer full) string -> GUINT */
GHashTable *eng_onnx_operators (EngOnnx *self);
gboolean eng_onnx_has_op (EngOnnx *self, const char *op_type);

/* One input of a build: a concrete shape, or a constant that takes its place. */
typedef struct
{
  const char *name;
  EngShape shape;
  EngTensor *constant; /* (nullable, borrowed): bound, the value is no input of the graph then */
} EngOnnxBinding;

/**
 * eng_onnx_build:
 * @bindings: one per input whose declared shape is not concrete or is to be changed
 *
 * Builds a frozen graph: inputs and outputs in the file's order, names of values as in the file
 * (functions inlined: "node/inner"). Weights are shared between builds. One build at a time per @self.
 */
EngGraph *eng_onnx_build (EngOnnx *self, const EngOnnxBinding *bindings, int n_bindings, GError **error);

/* ---- export ---- */
/* Encodes a frozen graph as an ONNX model (opset ENG_OPSET_MAX of the nodes). @constants: (nullable): EngValue* ->
 * float* that replaces a constant's values (trained weights). @metadata: (nullable) string -> string. (transfer
 * full). */
GBytes *eng_onnx_export (EngGraph *graph, const char *name, GHashTable *constants, GHashTable *metadata,
                         GError **error);

G_END_DECLS
