/* One panel: a method's name, its picture with the map, and what can be done about its state. */
#pragma once

#include "ui/heatmap-view.h"

G_BEGIN_DECLS

#define UI_TYPE_JOB_TILE (ui_job_tile_get_type ())
G_DECLARE_FINAL_TYPE (UiJobTile, ui_job_tile, UI, JOB_TILE, GtkWidget)

GtkWidget *ui_job_tile_new (UiSession *session, UiSlot *slot);
UiSlot *ui_job_tile_slot (UiJobTile *self);
UiHeatmapView *ui_job_tile_view (UiJobTile *self);
/* Opens the parameters' form. */
void ui_job_tile_show_form (UiJobTile *self);

G_END_DECLS
