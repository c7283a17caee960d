/* Private to nn/: groups of nodes that a pass evaluates as one.
 *
 * Fusion belongs to a pass, not to the graph: a value that the pass must show, that is given or whose gradient is
 * wanted stays, and with it the nodes that make it. So a method that looks inside a model finds every value, and
 * one that does not pays for none.
 *
 * To add a fusion: write match() in a file of nn/fused/, name it in the table of fuse.c. What stands in for a group
 * is one node, whose operator is a row of the ONNX table or, where ONNX has none, a row of its own beside match(). */
#pragma once

#include "pass-private.h"
#include "op.h"

G_BEGIN_DECLS

#define ENG_GROUP_NODES 32
#define ENG_GROUP_INPUTS 8

typedef struct _EngFuse EngFuse;

/* Nodes that match() found, and what computes the same. */
typedef struct
{
  EngNode *node[ENG_GROUP_NODES];
  int n_nodes;
  const EngOp *op;
  EngAttrs *attrs; /* owned; may be NULL */
  gpointer priv;   /* owned (g_malloc); may be NULL: node->priv before shape() */
  EngValue *input[ENG_GROUP_INPUTS];
  int n_inputs;
  EngValue *output[2]; /* [0]: what the last node computes */
  int n_outputs;
} EngGroup;

typedef struct
{
  const char *name;
  /* Whether a group ends with @last, which is in @group as its first node. Fills the rest of @group. That nobody else
   * reads or wants what the nodes before the last compute need not be looked at. */
  gboolean (*match) (const EngFuse *fuse, EngNode *last, EngGroup *group);
} EngFusion;

/* Puts fused nodes into self->needed, in the place of the nodes that they stand for. */
void eng_pass_fuse (EngPass *self);

/* ---- for match() ---- */
gboolean eng_node_is (const EngNode *node, const char *op_type);
/* The node that the pass evaluates to get @value; NULL: none, or not of this type (@op_type NULL: any). */
EngNode *eng_fuse_producer (const EngFuse *fuse, const EngValue *value, const char *op_type);
/* The same, and makes it a member of @group. */
EngNode *eng_fuse_take (const EngFuse *fuse, EngGroup *group, const EngValue *value, const char *op_type);
/* Nodes of the pass that read @value, one per input. */
int eng_fuse_uses (const EngFuse *fuse, const EngValue *value);
/* A constant that this pass leaves as it is. */
gboolean eng_fuse_is_fixed (const EngFuse *fuse, const EngValue *value);
/* A fixed float of one element. */
gboolean eng_fuse_number (const EngFuse *fuse, const EngValue *value, float *number);
/* Whether the sizes of @value are those of @shape from @axis on: it belongs to the elements of a row. */
gboolean eng_fuse_is_row (const EngValue *value, const EngShape *shape, int axis);
/* Whether one may look through @value: it is neither given nor is its gradient wanted. */
gboolean eng_fuse_passes (const EngFuse *fuse, const EngValue *value);
gboolean eng_fuse_is_wanted (const EngFuse *fuse, const EngValue *value);
/* Whether a gradient may be asked of what depends on @value: it depends on something whose gradient is wanted. */
gboolean eng_fuse_is_reached (const EngFuse *fuse, const EngValue *value);

G_END_DECLS
