/* What the layers of a network make of one picture, small enough to look at. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

typedef struct
{
  const EngTarget *target; /* of the model */
  float *mean;             /* over the channels: rows x cols; owned */
} EngLayerMap;

/**
 * eng_layer_maps_new:
 *
 * Mean over the channels of every feature map and token grid of @model, attention left out, in graph order. One
 * forward pass. Engine thread.
 * Returns: (transfer full): array of EngLayerMap; NULL with an error.
 */
GArray *eng_layer_maps_new (EngModel *model, EngImage *image, GError **error);

/* Why a person would choose the layer, or not: "the last layer with a grid", "finer, less of the class". */
const char *eng_target_why (EngModel *model, const EngTarget *target);

/* The input of the network for @image: channels x height x width. (transfer full, g_free) */
float *eng_model_input (EngModel *model, EngImage *image, GError **error);

G_END_DECLS
