/* A finished map as bytes, with everything it knows about itself: for the cache on disk and for sessions.
 *
 * A map file is the line "sightline-map 1", a line with the length of the description, the description (JSON), and
 * float32 values, little-endian: channels x rows x cols, then rows x cols of every step of a trajectory. */
#pragma once

#include "heatmap.h"

G_BEGIN_DECLS

GBytes *eng_heatmap_encode (const EngHeatmap *self); /* (transfer full) */
/* @origin: file name for messages. Hostile bytes give an error, never a map with fields missing. */
EngHeatmap *eng_heatmap_decode (GBytes *bytes, const char *origin, GError **error);

G_END_DECLS
