/* Finished maps in memory, by everything they depend on (eng_result_key()), so that going back to a picture or a
 * class is instant. The longest unused ones go first when the memory limit is reached. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct _UiMapCache UiMapCache;

/* @limit: bytes held at most, as ui_map_cache_bytes_of() counts them; the newest map is always kept. */
UiMapCache *ui_map_cache_new (gsize limit);
void ui_map_cache_free (UiMapCache *self);
void ui_map_cache_set_limit (UiMapCache *self, gsize limit);
/* (transfer none) (nullable) */
EngHeatmap *ui_map_cache_find (UiMapCache *self, const char *key);
void ui_map_cache_insert (UiMapCache *self, const char *key, EngHeatmap *map);
/* What a map costs: values, trajectory, what a stopped run goes on from, and its words. */
gsize ui_map_cache_bytes_of (const EngHeatmap *map);

G_END_DECLS
