/* The network above a layer, for methods that change the layer and ask what becomes of the score. Values that the
 * part above reads besides the layer (a residual stream passing by, say) are read once and given, so that nothing
 * below is computed again. */
#pragma once

#include "../probe.h"

G_BEGIN_DECLS

typedef struct
{
  EngGraph *graph;   /* at batch 1 */
  GPtrArray *values; /* EngValue* of @graph: the layer, then what stands beside it */
  gsize *sizes;      /* elements of each */
  float **data;      /* of each, as the network stores it; after eng_above_take() */
} EngAbove;

void eng_above_init (EngAbove *self, EngModel *model, const char *layer);
void eng_above_clear (EngAbove *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EngAbove, eng_above_clear)

/* What is wanted of a pass from the image on; first of all that is wanted of @probe. */
void eng_above_want (const EngAbove *self, EngProbe *probe);
void eng_above_take (EngAbove *self, const EngProbeItem *item);
/* What is given to passes above the layer. */
void eng_above_feed (const EngAbove *self, EngProbe *probe);
/* All values as they were taken; the layer is inputs[0], to be changed by the caller. */
void eng_above_fill (const EngAbove *self, float *const *inputs);

/* The nodes between the layer and the logits, in order of evaluation: (transfer container), borrowed from the graph.
 * @depends: (out) (nullable): by value, whether it changes with the layer (transfer full). */
GPtrArray *eng_above_nodes (const EngAbove *self, guint8 **depends);

G_END_DECLS
