/* One masked picture: whose order it is, the picture at the threshold, and what the model says of it. */
#pragma once

#include "ui/masked-view.h"

G_BEGIN_DECLS

#define UI_TYPE_MASKED_TILE (ui_masked_tile_get_type ())
G_DECLARE_FINAL_TYPE (UiMaskedTile, ui_masked_tile, UI, MASKED_TILE, GtkWidget)

GtkWidget *ui_masked_tile_new (UiSession *session, UiSeries *series);
UiSeries *ui_masked_tile_series (UiMaskedTile *self);

G_END_DECLS
