/* Operators: one row per ONNX operator and opset range, at the foot of its family file in nn/ops/.
 *
 * To add an operator: write shape, forward and backward, add a row with examples, done. The
 * gradient test walks the table and checks each example by finite differences. */
#pragma once

#include "graph.h"
#include "../error.h"

G_BEGIN_DECLS

/* What backward reads, so that the pass knows which activations to keep. */
typedef enum
{
  ENG_KEEP_NONE = 0,
  ENG_KEEP_IN_0 = 1 << 0,
  ENG_KEEP_IN_1 = 1 << 1,
  ENG_KEEP_IN_2 = 1 << 2,
  ENG_KEEP_INS = 0xff,     /* every input */
  ENG_KEEP_OUT_0 = 1 << 8, /* first output */
  ENG_KEEP_OUT_1 = 1 << 9,
  ENG_KEEP_CROSS = 1 << 16 /* a product of inputs 0 and 1: each is read only for the other's gradient */
} EngKeep;

typedef enum
{
  ENG_OP_PLAIN = 0,
  ENG_OP_VIEW = 1 << 0,         /* output 0 is input 0 under another shape: no memory, no work; backward is never
                                   called, forward only where there are further outputs, which it fills */
  ENG_OP_MOVES = 1 << 1,        /* output elements are moved elements of input 0: folding keeps a WEIGHT */
  ENG_OP_FROM_SHAPE = 1 << 2,   /* outputs depend on input shapes only (Shape, Size): always folded */
  ENG_OP_INPLACE = 1 << 3,      /* forward may run with output 0 in input 0's memory (same shape and type) */
  ENG_OP_ALIKE = 1 << 4,        /* works an element at a time: any storage, where the shapes are equal */
  ENG_OP_BRINGS = 1 << 5,       /* input 0 and output 0 may each lie in another storage; see channels_last */
  ENG_OP_INPLACE_BACK = 1 << 6, /* backward may run with input 0's gradient in the memory of output 0's: it asks with
                                   eng_grad_in_fresh() and reads nothing that it has overwritten */
  ENG_OP_SPENDS = 1 << 7,       /* backward overwrites the gradient of output 0: see eng_grad_out_spent() */
  ENG_OP_SUMMAND = 1 << 8       /* input 3 is added to what is computed: it lies like output 0, which may lie in its
                                    memory */
} EngOpFlags;

struct _EngOp
{
  const char *name;                                      /* ONNX op_type */
  int since, until;                                      /* opset range this row serves, inclusive */
  gboolean (*shape) (EngNode *node, GError **error);     /* sets shape and dtype of every output; may refuse */
  void (*forward) (const EngNode *node, EngPass *pass);  /* cannot fail */
  void (*backward) (const EngNode *node, EngPass *pass); /* adds into gradients; NULL: no gradient passes */
  guint keep;                                            /* EngKeep */
  guint flags;                                           /* EngOpFlags */
  const char *const *examples;                           /* NULL-ended; see tests/test-gradients.c for the form */
  gboolean (*channels_last) (const EngNode *node); /* whether its images may lie channels-last, all of them together
                                                      (ENG_OP_BRINGS: each as it likes); NULL: row-major only. Forward
                                                      and backward then ask eng_is_channels_last() */
  /* In a pass in bfloat16: whether input @i may lie in memory as bfloat16, since forward and backward round it
   * anyway;
   * @i -1: whether output 0 may, since forward can write it rounded, and backward, if it reads it, finds what it
   * needs. NULL: no. Forward and backward then ask eng_is_short() */
  gboolean (*takes_short) (const EngNode *node, const EngPass *pass, int i);
  /* Whether input 1, weights that are trained, and its gradient may lie in tiles (EngConv); NULL: no. Forward and
   * backward then ask eng_is_tiled() */
  gboolean (*takes_tiles) (const EngNode *node, const EngPass *pass);
};

#define ENG_OPSET_MAX 21
#define ENG_OPSET_MIN 7

/* NULL: none. @error tells whether the operator is unknown or the opset is outside. */
const EngOp *eng_op_find (const char *op_type, int opset, GError **error);
/* Walks every row: i = 0, 1, ...; NULL at the end. */
const EngOp *eng_op_nth (guint i);

/* ---- for shape() ---- */
/* Zeroed memory that lives as long as the node, for node->priv. */
gpointer eng_node_alloc (EngNode *node, gsize bytes);
#define eng_node_priv(node, Type) ((Type *)eng_node_alloc (node, sizeof (Type)))
/* FALSE with a message that names operator and node, e.g. "node conv1 (Conv): ..." is added by the caller. */
gboolean eng_node_has_input (const EngNode *node, int i);
gboolean eng_node_need_inputs (const EngNode *node, int least, int most, GError **error); /* first @least present */
gboolean eng_node_need_float (const EngNode *node, int i, GError **error);
gboolean eng_node_need_int (const EngNode *node, int i, GError **error); /* integer or bool */
gboolean eng_node_need_rank (const EngNode *node, int i, int least, int most, GError **error);
/* The constant behind input @i; NULL with an error when it is computed at run time. */
const EngTensor *eng_node_constant (const EngNode *node, int i, GError **error);
/* Integers from the constant input @i if present, else from the attribute; *n = -1 when neither is there.
 * @input < 0: attribute only. @attr NULL: input only. The result lives as long as the node. */
gboolean eng_node_ints (const EngNode *node, const char *attr, int input, const int64_t **v, int *n, GError **error);
/* Float from the constant input @i if present, else from the attribute, else @otherwise. */
gboolean eng_node_float (const EngNode *node, const char *attr, int input, float otherwise, float *v, GError **error);
/* Brings an axis into 0 .. rank-1. */
gboolean eng_node_axis (const EngNode *node, int64_t axis, int rank, int *out, GError **error);
/* Sets output @i; checks the shape. Outputs beyond node->n_outputs are ignored. */
gboolean eng_node_set_output (EngNode *node, int i, EngDtype dtype, const EngShape *shape, GError **error);

/* ---- for forward() and backward() ---- */
const float *eng_in_f (const EngPass *pass, const EngNode *node, int i); /* NULL: absent */
const int64_t *eng_in_i (const EngPass *pass, const EngNode *node, int i);
const void *eng_in (const EngPass *pass, const EngNode *node, int i);
/* NULL: an output that nobody needs, or that the node does not have. */
float *eng_out_f (const EngPass *pass, const EngNode *node, int i);
int64_t *eng_out_i (const EngPass *pass, const EngNode *node, int i);
void *eng_out (const EngPass *pass, const EngNode *node, int i);
/* d(root)/d(output i), same shape as the output; NULL when no gradient arrives there. */
const float *eng_grad_out (const EngPass *pass, const EngNode *node, int i);
/* The same of output 0, to be written over; for operators that say ENG_OP_SPENDS. Its gradient must not be wanted. */
float *eng_grad_out_spent (const EngPass *pass, const EngNode *node);
/* Where to add d(root)/d(input i); NULL when nobody wants it. Zeroed before its first use. */
float *eng_grad_in (EngPass *pass, const EngNode *node, int i);
/* As above without the zeroing: *fresh TRUE means the content is undefined and every element must be
 * written; FALSE means add. Ask at most once per node and input. */
float *eng_grad_in_fresh (EngPass *pass, const EngNode *node, int i, gboolean *fresh);
gboolean eng_wants_grad (const EngPass *pass, const EngNode *node, int i);
/* TRUE: the value, 4-dimensional, and its gradient lie in memory as n x height x width x channels. */
gboolean eng_is_channels_last (const EngPass *pass, const EngValue *value);
/* TRUE: the value, but not its gradient, lies in memory as bfloat16. */
gboolean eng_is_short (const EngPass *pass, const EngValue *value);
/* TRUE: the trained weight and its gradient lie in tiles. */
gboolean eng_is_tiled (const EngPass *pass, const EngValue *weight);
/* TRUE: input @i is constant memory that nothing trains. */
gboolean eng_is_frozen (const EngPass *pass, const EngNode *node, int i);
/* TRUE: products round their factors to bfloat16. */
gboolean eng_pass_bf16 (const EngPass *pass);
/* node->scratch bytes, 64-byte aligned, content undefined. */
void *eng_pass_scratch (const EngPass *pass);

G_END_DECLS
