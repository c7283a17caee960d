/* Private to nn/: what a pass holds, shared by its planner (plan.c) and its walks (pass.c). */
#pragma once

#include "graph.h"

typedef enum
{
  PASS_WANT = 1 << 0,      /* readable after forward */
  PASS_WANT_GRAD = 1 << 1, /* gradient readable after backward */
  PASS_CUT = 1 << 2,       /* given by the caller */
  PASS_TRAIN = 1 << 3,     /* private copy of a constant */
  PASS_NEEDED = 1 << 4,    /* evaluated or given */
  PASS_FLOW = 1 << 5       /* a gradient passes through it */
} PassFlags;

struct _EngPass
{
  EngGraph *graph;
  EngValue *root; /* NULL: forward only */
  guint n;        /* number of values in the arrays below */
  int first;      /* id of the first value they describe (folding looks at a few values only) */
  void **data;    /* activations, constants, inputs, by value */
  float **grad;   /* gradients, by value; NULL where none flows */
  guint8 *flags;  /* PassFlags, by value */
  guint8 *last;   /* channels-last, by value */
  guint8 *shorts; /* held as bfloat16, by value */
  guint8 *tiled;  /* trained weights in tiles, by value */
  gboolean bf16;  /* products round their factors */
  guint8 **ready; /* whether the gradient buffer holds something; shared by values that share it */
  guint8 *ready_store;
  GPtrArray *forward;  /* EngNode*, order of evaluation, views left out */
  GPtrArray *backward; /* EngNode*, order of the walk back */
  GPtrArray *needed;   /* EngNode*, views included: what the planner walks */
  GPtrArray *fused;    /* EngNode*, owned: those that stand for several nodes of the graph; see fuse.h */
  void *arena, *scratch;
  gsize arena_size, scratch_size;
  gboolean unfused;   /* every node by itself; tests set it */
  gboolean long_only; /* no value is held as bfloat16; tests set it */
  gboolean untiled;   /* every weight as ONNX has it; tests set it */
  gboolean prepared, walked_forward, walked_back;
};

/* Decides which values lie channels-last, which as bfloat16, and which weights in tiles. */
void eng_pass_choose_storage (EngPass *self);
/* Lays every buffer of a pass into one arena. */
gboolean eng_pass_plan (EngPass *self, GError **error);
