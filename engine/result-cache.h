/* Finished maps on disk, found by everything they depend on: coming back to a picture shows its maps at once, also
 * tomorrow. One file per map, named by the digest of its key; the longest unused go first when the limit is reached.
 */
#pragma once

#include "heatmap.h"
#include "method.h"

G_BEGIN_DECLS

typedef struct _EngResultCache EngResultCache;

/* @folder: made when the first map is kept. @limit: bytes. Every function below: any thread. */
EngResultCache *eng_result_cache_new (const char *folder, guint64 limit);
void eng_result_cache_free (EngResultCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngResultCache, eng_result_cache_free)

/* What a map depends on, as text: model, its output and preprocessing, picture, method, class (where the method looks
 * at it), contrast, layer, values, seed, version of the program, and the
 * explainer that is found for it. (transfer full) */
char *eng_result_key (EngModel *model, EngImage *image, const EngMethod *method, int class_index, int contrast,
                      const char *layer, const EngValues *values, guint64 seed);

/* The same for a picture of which only the digest is at hand. (transfer full) */
char *eng_result_key_of_digest (EngModel *model, const char *image_sha256, const EngMethod *method, int class_index,
                                int contrast, const char *layer, const EngValues *values, guint64 seed);

/* (transfer full) (nullable): damaged files are removed. */
EngHeatmap *eng_result_cache_find (EngResultCache *self, const char *key);
/* FALSE with an error when the folder cannot be written; nothing else is harmed. */
gboolean eng_result_cache_insert (EngResultCache *self, const char *key, const EngHeatmap *map, GError **error);
guint64 eng_result_cache_size (EngResultCache *self); /* bytes */
void eng_result_cache_set_limit (EngResultCache *self, guint64 limit);
void eng_result_cache_clear (EngResultCache *self);

G_END_DECLS
