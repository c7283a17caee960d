/* The frozen computation: values and nodes in the order of evaluation.
 *
 * A graph is mutable while it is built by one thread (eng_graph_add_*), immutable and shareable
 * after eng_graph_freeze(). Shapes are concrete: a graph is built for one batch size. Nodes whose
 * inputs are all constant are evaluated when they are added (constant folding), so that shape
 * arithmetic leaves no trace. There is one node type for imported models and for the graphs that
 * methods build: ONNX operators. */
#pragma once

#include "tensor.h"

G_BEGIN_DECLS

typedef struct _EngGraph EngGraph;
typedef struct _EngValue EngValue;
typedef struct _EngNode EngNode;
typedef struct _EngPass EngPass;
typedef struct _EngOp EngOp;
typedef struct _EngAttrs EngAttrs;

typedef enum
{
  ENG_VALUE_INPUT,    /* given by the caller of a pass */
  ENG_VALUE_WEIGHT,   /* a parameter: an initializer of the model, or moved elements of one */
  ENG_VALUE_CONSTANT, /* any other constant */
  ENG_VALUE_COMPUTED
} EngValueKind;

struct _EngValue
{
  int id; /* position in graph->values */
  char *name;
  EngValueKind kind;
  EngDtype dtype;
  EngShape shape;
  EngTensor *constant;  /* WEIGHT and CONSTANT: (owned reference) */
  EngNode *producer;    /* COMPUTED: the node; else NULL */
  int producer_output;  /* which output of it */
  GPtrArray *consumers; /* EngNode*, not owned, one entry per use */
};

struct _EngNode
{
  int index; /* position in graph->nodes */
  char *name;
  const EngOp *op;
  int opset;
  int n_inputs, n_outputs;
  EngValue **inputs;  /* NULL where an optional input is absent; trailing absent ones are cut off */
  EngValue **outputs; /* never NULL entries */
  EngAttrs *attrs;
  gpointer priv;  /* the operator's parsed parameters, from eng_node_alloc(); freed with the graph */
  GSList *memory; /* what eng_node_alloc() gave; freed with the node */
  gsize scratch;  /* bytes of scratch memory that forward and backward may use: see eng_pass_scratch() */
  EngGraph *graph;
};

struct _EngGraph
{
  gatomicrefcount ref;
  GPtrArray *values;   /* EngValue*, owned */
  GPtrArray *nodes;    /* EngNode*, owned, in order of evaluation */
  GPtrArray *inputs;   /* EngValue*, borrowed */
  GPtrArray *outputs;  /* EngValue*, borrowed */
  GHashTable *by_name; /* name -> EngValue*, the first of that name */
  gsize given;         /* bytes of constants added so far */
  gsize folded;        /* bytes of constants made by folding so far */
  gboolean frozen;
};

/* ---- attributes of a node, by name ---- */
EngAttrs *eng_attrs_new (void);
EngAttrs *eng_attrs_copy (const EngAttrs *self);
void eng_attrs_free (EngAttrs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngAttrs, eng_attrs_free)
/* Setters return @self, so that they can be chained. */
EngAttrs *eng_attrs_int (EngAttrs *self, const char *name, int64_t v);
EngAttrs *eng_attrs_float (EngAttrs *self, const char *name, float v);
EngAttrs *eng_attrs_string (EngAttrs *self, const char *name, const char *v);
EngAttrs *eng_attrs_ints (EngAttrs *self, const char *name, const int64_t *v, int n);
EngAttrs *eng_attrs_floats (EngAttrs *self, const char *name, const float *v, int n);
EngAttrs *eng_attrs_tensor (EngAttrs *self, const char *name, EngTensor *v /* (transfer full) */);
/* Getters. A name that is absent, or of another type, gives the default. */
gboolean eng_attrs_has (const EngAttrs *self, const char *name);
int64_t eng_attrs_get_int (const EngAttrs *self, const char *name, int64_t otherwise);
float eng_attrs_get_float (const EngAttrs *self, const char *name, float otherwise);
const char *eng_attrs_get_string (const EngAttrs *self, const char *name, const char *otherwise);
const int64_t *eng_attrs_get_ints (const EngAttrs *self, const char *name, int *n); /* NULL, n = 0: absent */
const float *eng_attrs_get_floats (const EngAttrs *self, const char *name, int *n);
EngTensor *eng_attrs_get_tensor (const EngAttrs *self, const char *name); /* (transfer none) */
/* Walks the names and ONNX types, for export: func (name, kind 'i' 'f' 's' 'I' 'F' 't', data). */
void eng_attrs_foreach (const EngAttrs *self, void (*func) (const char *name, char kind, gpointer data),
                        gpointer data);

/* ---- building ---- */
EngGraph *eng_graph_new (void);
EngGraph *eng_graph_ref (EngGraph *self);
void eng_graph_unref (EngGraph *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngGraph, eng_graph_unref)

/* @name is copied; NULL makes one up. */
EngValue *eng_graph_add_input (EngGraph *self, const char *name, EngDtype dtype, const EngShape *shape);
/* @kind: ENG_VALUE_WEIGHT or ENG_VALUE_CONSTANT. @tensor: (transfer full). */
EngValue *eng_graph_add_constant (EngGraph *self, const char *name, EngValueKind kind, EngTensor *tensor);
/**
 * eng_graph_add_node:
 * @op_type: ONNX operator of the default domain
 * @opset: version that decides which row of the operator table serves
 * @name: (nullable): node name for messages
 * @attrs: (transfer full) (nullable)
 * @inputs: values of this graph; NULL entries for absent optional inputs
 * @output_names: (nullable): names; "" or NULL entries get a made-up one
 * @outputs: (out caller-allocates): receives @n_outputs values
 *
 * Infers shapes, folds constants. Fails when the operator is unknown or refuses its inputs; the
 * message names node and operator. The graph stays usable for freeing only.
 */
gboolean eng_graph_add_node (EngGraph *self, const char *op_type, int opset, const char *name, EngAttrs *attrs,
                             EngValue *const *inputs, int n_inputs, const char *const *output_names,
                             EngValue **outputs, int n_outputs, GError **error);
/* One output, the newest opset that Sightline knows. NULL on error; NULL among the inputs with
 * *error set passes the error on, so calls can be chained and checked once. */
EngValue *eng_graph_op (EngGraph *self, GError **error, const char *op_type, EngAttrs *attrs, int n_inputs, ...);
/**
 * eng_graph_append:
 * @source: a frozen graph
 * @prefix: put before the names of what is copied
 * @bind: values of @source that are replaced
 * @with: values of @self that replace them (same shape and type)
 * @wanted: values of @source to have in @self
 * @outputs: (out caller-allocates): their copies in @self
 *
 * Copies the nodes of @source that lead from @bind (and constants) to @wanted. Constants are new
 * values that share their tensors. Fails when an unbound input of @source would be needed.
 */
gboolean eng_graph_append (EngGraph *self, EngGraph *source, const char *prefix, EngValue *const *bind,
                           EngValue *const *with, int n_bind, EngValue *const *wanted, EngValue **outputs,
                           int n_wanted, GError **error);
void eng_graph_add_output (EngGraph *self, EngValue *value);
void eng_graph_freeze (EngGraph *self);

/* ---- looking ---- */
EngValue *eng_graph_find (EngGraph *self, const char *name); /* NULL: none */
/* Marks all values that @value depends on: (transfer full) array of graph->values->len flags. */
guint8 *eng_graph_ancestors (EngGraph *self, const EngValue *value);

G_END_DECLS
