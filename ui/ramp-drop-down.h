/* A choice of colour maps of one kind, each shown as its ramp. */
#pragma once

#include <gtk/gtk.h>

#include "ui/draw/colormap.h"

G_BEGIN_DECLS

/* A GtkDropDown over the maps of @sign. */
GtkWidget *ui_ramp_drop_down_new (EngSign sign);
const UiColormap *ui_ramp_drop_down_get (GtkDropDown *self);
void ui_ramp_drop_down_set (GtkDropDown *self, const UiColormap *colormap);
/* The map after (@by 1) or before (-1) @colormap among those of its kind, round and round. */
const UiColormap *ui_ramp_next (const UiColormap *colormap, int by);

G_END_DECLS
