/* A map over its photo with a title and the ends of its colours: made small, on a loader thread. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"
#include "ui/draw/overlay.h"

G_BEGIN_DECLS

#define UI_TYPE_CHECK_MAP (ui_check_map_get_type ())
G_DECLARE_FINAL_TYPE (UiCheckMap, ui_check_map, UI, CHECK_MAP, GtkWidget)

GtkWidget *ui_check_map_new (const char *title);
/* @map: (nullable): none, as @title says. @display: copied; its mode is passed over. */
void ui_check_map_set (UiCheckMap *self, EngImage *image, EngHeatmap *map, const UiDisplay *display,
                       const char *title);
/* TRUE when the map that was set last is on the screen. */
gboolean ui_check_map_is_drawn (UiCheckMap *self);

G_END_DECLS
