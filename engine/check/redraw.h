/* The same network with weights that are re-drawn at random, from the logits downwards.
 *
 * Re-drawn means: the numbers of each weight (kernel, bias, scale, statistics) change places at random, each array
 * within itself. So every array keeps its own mean and deviation exactly, a variance stays positive, and what was
 * learned, which number stands where, is gone. An array of equal numbers (a bias of zeros) stays as it is.
 *
 * The classifier is never written: what is re-drawn are copies, shared by all stages and batch sizes; the rest of the
 * network is the model's own. */
#pragma once

#include "../model.h"

G_BEGIN_DECLS

/* A node with a kernel (Conv, Gemm, MatMul ...) and what follows it up to the next one: bias, scale, normalisation.
 */
typedef struct
{
  char *name;         /* of the node */
  GPtrArray *weights; /* char*: names of values in the graph */
  gint64 numbers;     /* in all its weights */
} EngRedrawLayer;

/* The layers between picture and logits that have weights, the logits' own first: (transfer full) of EngRedrawLayer*.
 * Empty for a network without any. */
GPtrArray *eng_redraw_layers (EngModel *model, GError **error);

/* Weights drawn so far: name -> EngTensor*. (transfer full) */
GHashTable *eng_redraw_table (void);

/**
 * eng_redraw_model:
 * @layers: of eng_redraw_layers()
 * @n: how many of them are re-drawn, the logits' own first
 * @table: of eng_redraw_table(); what is drawn for the first time is added. One @seed per table
 *
 * The draw of a weight depends on its name and @seed alone, so stage 3 holds what stage 2 drew: a cascade.
 * Returns: (transfer full): NULL with an error. Its digest is not that of @model, so that no cache mixes them up.
 */
EngModel *eng_redraw_model (EngModel *model, GPtrArray *layers, guint n, GHashTable *table, guint64 seed,
                            GError **error);

G_END_DECLS
