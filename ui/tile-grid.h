/* The photo and the tiles of a session, side by side: they stretch to fill the page, are never narrower than
 * 220 px (then the page scrolls), and exactly one of them is selected. */
#pragma once

#include "ui/job-tile.h"
#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_TILE_GRID (ui_tile_grid_get_type ())
G_DECLARE_FINAL_TYPE (UiTileGrid, ui_tile_grid, UI, TILE_GRID, GtkWidget)

/* Signal "selected-changed". */
void ui_tile_grid_set_session (UiTileGrid *self, UiSession *session);
/* @columns: 0: the number with the largest pictures. */
void ui_tile_grid_set_columns (UiTileGrid *self, guint columns);
UiJobTile *ui_tile_grid_selected (UiTileGrid *self);           /* (nullable): NULL: the photo is */
UiHeatmapView *ui_tile_grid_selected_view (UiTileGrid *self);  /* (nullable) */
UiJobTile *ui_tile_grid_find (UiTileGrid *self, UiSlot *slot); /* (nullable) */
void ui_tile_grid_select_by (UiTileGrid *self, int by);

G_END_DECLS
