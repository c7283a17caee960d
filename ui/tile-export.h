/* What leaves a tile: its picture as PNG or on the clipboard, its map as .npy. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

/* Asks where, writes in the background; failures are reported as a problem of the session. */
void ui_tile_save_picture (GtkWidget *tile, UiSession *session, UiSlot *slot);
void ui_tile_save_map (GtkWidget *tile, UiSession *session, UiSlot *slot);
void ui_tile_copy_picture (GtkWidget *tile, UiSession *session, UiSlot *slot);
/* Where the map comes from, one fact a line. */
void ui_tile_copy_provenance (GtkWidget *tile, UiSlot *slot);

G_END_DECLS
