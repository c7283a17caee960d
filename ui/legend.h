/* A map's scale as a small widget: colour bar with its end values. */
#pragma once

#include <gtk/gtk.h>

#include "ui/draw/legend.h"

G_BEGIN_DECLS

#define UI_TYPE_LEGEND (ui_legend_get_type ())
G_DECLARE_FINAL_TYPE (UiLegend, ui_legend, UI, LEGEND, GtkWidget)

/* Both NULL: nothing is drawn. */
void ui_legend_set (UiLegend *self, const UiColormap *colormap, const UiScale *scale);

G_END_DECLS
