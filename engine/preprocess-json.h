/* Preprocessing from JSON that came from outside: sessions. */
#pragma once

#include "json-read.h"
#include "preset.h"

G_BEGIN_DECLS

/**
 * eng_preprocess_read:
 * @now: what holds for keys that do not say how pictures become inputs, such as labels
 * @json: what eng_preprocess_to_json() wrote, from outside; no object or an empty one: @now
 *
 * Returns: (transfer full): that which the model was opened with where it is the same. NULL with an error that names
 * the key.
 */
EngPreprocess *eng_preprocess_read (EngModel *model, EngPreprocess *now, const EngJson *json, GError **error);

G_END_DECLS
