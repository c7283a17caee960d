/* What the files of this folder share: the flattened form of a model.
 *
 * load:  source (bytes) -> sniff (other kinds of file) -> wire (checked, bounded parsing) -> weight
 *        (tensors) -> expand (functions inlined, names made unique) -> order (names, cycles)
 * build: flattened form + shapes -> EngGraph */
#pragma once

#include "onnx.h"

#include "../nn/op.h"
#include "onnx.pb-c.h"

/* Where a file's bytes are. */
typedef struct
{
  int fd;
  const guint8 *bytes; /* NULL: they are read from @fd */
  guint64 size;
} OnnxSource;

/* Stands in raw_data of a TensorProto instead of its bytes: where they lie in the model's file. */
typedef struct
{
  guint64 offset, length;
} OnnxPlace;

/* Names from here on are unique in the model, interned in EngOnnx.strings. */
typedef struct
{
  const char *name;
  const Onnx__AttributeProto *proto; /* references to a function's attributes are resolved */
} OnnxAttr;

typedef struct _OnnxBlock OnnxBlock;

typedef struct
{
  const char *name, *op, *domain; /* domain "" is ONNX itself */
  int opset;
  int n_inputs, n_outputs, n_attrs;
  const char **inputs, **outputs; /* "" where absent */
  OnnxAttr *attrs;
  EngTensor *constant;    /* of a Constant node: its value */
  const char *problem;    /* why the node cannot be built, if that is known already; NULL */
  OnnxBlock *branches[2]; /* of an If node: else, then */
} OnnxNode;

/* A list of nodes with one name space: the main graph, or a branch of an If inside it. */
struct _OnnxBlock
{
  OnnxBlock *parent;     /* NULL: the main graph */
  GPtrArray *nodes;      /* OnnxNode*, after eng_onnx_order() each after those it reads */
  GHashTable *constants; /* name -> EngTensor*: initializers */
  GHashTable *problems;  /* name -> message: initializers that cannot be used, harmless while nobody does */
  GPtrArray *outputs;    /* names */
  GPtrArray *captures;   /* of a branch: names that it reads from outside */
};

struct _EngOnnx
{
  char *name;        /* of the file, for messages */
  char *folder;      /* for external data; NULL: there is none */
  OnnxSource source; /* of the model, while it is loaded */
  Onnx__ModelProto *model;
  GBytes *weights;    /* memory for the weights that stand in the model's file; NULL: none is left */
  gsize weights_used; /* bytes of it that tensors have taken */
  int opset;
  char *producer;
  GHashTable *metadata;
  GStringChunk *strings;
  GPtrArray *memory;   /* blocks freed with the model */
  GHashTable *tensors; /* Onnx__TensorProto* -> EngTensor*: each is converted once */
  GPtrArray *defaults; /* Onnx__AttributeProto*: default values of functions' attributes */
  OnnxBlock *main;
  GArray *inputs, *outputs; /* EngOnnxIO */
};

/* A name from a file, short and fit for a message. The result lives as long as @self. */
const char *eng_onnx_show (EngOnnx *self, const char *name);

/* sniff.c: TRUE when @head (the first bytes of a file of @size bytes) may be ONNX. */
gboolean eng_onnx_sniff (const guint8 *head, gsize n, guint64 size, const char *name, GError **error);

/* source.c: @n bytes from @offset; FALSE when they are not there, or no longer. */
gboolean eng_onnx_source_read (const OnnxSource *self, guint64 offset, gsize n, void *to, GError **error);
/* Fills @tensor, whose memory, shape and type are set, with the values of its type that lie at @offset. */
gboolean eng_onnx_source_values (const OnnxSource *self, guint64 offset, EngTensor *tensor, GError **error);

/* Bytes that a weight of @n bytes takes where many lie together. */
#define ENG_ONNX_ROUND(n) (((n) + 63) & ~(guint64)63)

/* wire.c: @raw receives how much memory all raw_data take. */
Onnx__ModelProto *eng_onnx_unpack (const OnnxSource *source, const char *name, gsize *raw, GError **error);
OnnxPlace eng_onnx_raw_place (const Onnx__TensorProto *proto); /* of a tensor that has raw_data */
void eng_onnx_free_model (Onnx__ModelProto *model);
void eng_onnx_free_attribute (Onnx__AttributeProto *attribute);
/* Fields that a newer onnx.proto has and ours has not; NULL: absent. (transfer full) */
char *eng_onnx_unknown_string (const ProtobufCMessage *message, guint32 tag);
/* The @nth default value of an attribute of @function; NULL: there are no more. (transfer full) */
Onnx__AttributeProto *eng_onnx_function_default (const Onnx__FunctionProto *function, guint nth);

/* weight.c: @what names the tensor in messages, e.g. "initializer conv1.weight". (transfer none) */
EngTensor *eng_onnx_tensor (EngOnnx *self, Onnx__TensorProto *proto, const char *what, GError **error);
const char *eng_onnx_type_name (int data_type);
gboolean eng_onnx_check_nan (const EngTensor *tensor, const char *what, GError **error);
/* Converts @count elements of ONNX type @dtype from their bytes; @to: float or int64_t, by type. */
gsize eng_onnx_element_size (EngDtype dtype);
void eng_onnx_convert (EngDtype dtype, const guint8 *from, gsize count, void *to);

/* external.c: takes memory for @tensor and reads its values from a file beside the model. */
gboolean eng_onnx_read_external (EngOnnx *self, const Onnx__TensorProto *proto, EngTensor *tensor, const char *what,
                                 GError **error);

/* constant.c: converts the tensors among @node's attributes. One of an unsupported type is noted in
 * node->problem, because it does no harm in a node that nobody needs. */
gboolean eng_onnx_read_tensors (EngOnnx *self, OnnxNode *node, GError **error);
const Onnx__AttributeProto *eng_onnx_find_attr (const OnnxNode *node, const char *name); /* NULL: absent */

/* block.c */
OnnxBlock *eng_onnx_block_new (OnnxBlock *parent);
void eng_onnx_block_free (OnnxBlock *block); /* its branches, too */

/* expand.c */
gboolean eng_onnx_expand (EngOnnx *self, GError **error);
gpointer eng_onnx_alloc (EngOnnx *self, gsize bytes); /* zeroed, lives as long as @self */

/* order.c: refuses doubled and missing names and cycles; sorts the nodes. */
gboolean eng_onnx_order (EngOnnx *self, GError **error);

/* upgrade.c: a node on its way into a file whose opset may be newer than the node's. */
typedef struct
{
  const EngNode *node;
  GHashTable *constants; /* as of eng_onnx_export() */
  const char *op;
  EngAttrs *attrs;      /* owned: a copy of the node's */
  GPtrArray *dropped;   /* names of attributes that are not written */
  EngTensor *inputs[8]; /* input i is this new constant instead; owned */
  int map[8];           /* else the node's input of this number; -1: absent */
  int n_inputs;         /* how many of the two above are in use; -1: the node's inputs as they are */
} OnnxUpgrade;

void eng_onnx_upgrade_clear (OnnxUpgrade *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OnnxUpgrade, eng_onnx_upgrade_clear)
/* Fills @self with the form that @node has at @opset; eng_onnx_upgrade_clear() it also on failure. */
gboolean eng_onnx_upgrade (OnnxUpgrade *self, const EngNode *node, int opset, GHashTable *constants, GError **error);
