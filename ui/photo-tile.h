/* The panel that shows the photo alone, with what the model makes of it before it looks. */
#pragma once

#include "ui/heatmap-view.h"

G_BEGIN_DECLS

#define UI_TYPE_PHOTO_TILE (ui_photo_tile_get_type ())
G_DECLARE_FINAL_TYPE (UiPhotoTile, ui_photo_tile, UI, PHOTO_TILE, GtkWidget)

GtkWidget *ui_photo_tile_new (UiSession *session);
UiHeatmapView *ui_photo_tile_view (UiPhotoTile *self);

G_END_DECLS
