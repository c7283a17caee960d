/* Maps that no method here made: of another program, or painted by hand. Each is a slot like the others, but nothing
 * runs for it: it has its map from birth, and the map is about one picture. */
#pragma once

#include "ui/mask.h"
#include "ui/slot.h"

G_BEGIN_DECLS

/* As a session file and the slots name an imported map. (transfer full). Any thread. */
char *ui_own_map_digest_of (const EngHeatmap *map);
gboolean ui_own_map_is_imported (const char *method_id);

/* Pinned to the class that the map is for. @digest: of @map; @picture: path of its file. (transfer full) */
UiSlot *ui_own_map_new (EngHeatmap *map, const char *digest, const char *picture);
/* @mask: (transfer full); @image_sha256: the picture's. (transfer full) */
UiSlot *ui_own_map_new_painted (UiMask *mask, const char *picture, const char *image_sha256);

EngHeatmap *ui_own_map_get (UiSlot *slot);
const char *ui_own_map_digest (UiSlot *slot); /* the same where the values are */
const char *ui_own_map_picture (UiSlot *slot);
const char *ui_own_map_image_sha256 (UiSlot *slot);
void ui_own_map_set_picture (UiSlot *slot, const char *picture);
UiMask *ui_own_map_mask (UiSlot *slot); /* NULL: of another program */
/* The mask was painted on: its map is made anew. */
void ui_own_map_repaint (UiSlot *slot);
void ui_own_map_set_mask (UiSlot *slot, UiMask *mask /* (transfer full) */);

G_END_DECLS
