/* A photo with a map over it, or alone: zoomed, panned, with the shared crosshair. It draws the state of its
 * slot and session and changes only pointer and viewport. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_HEATMAP_VIEW (ui_heatmap_view_get_type ())
G_DECLARE_FINAL_TYPE (UiHeatmapView, ui_heatmap_view, UI, HEATMAP_VIEW, GtkWidget)

/* Signal "scale-changed": the legend's ends may be different. @slot: (nullable): NULL: the photo alone. */
void ui_heatmap_view_set (UiHeatmapView *self, UiSession *session, UiSlot *slot);
/* The range that the colours stand for; FALSE when no map is shown. */
gboolean ui_heatmap_view_scale (UiHeatmapView *self, UiScale *out);
/* From a point of the widget to one of the picture; FALSE outside of it. */
gboolean ui_heatmap_view_to_picture (UiHeatmapView *self, double widget_x, double widget_y, double *x, double *y);
/* The map's value at a point of the picture; FALSE outside of what the model saw. */
gboolean ui_heatmap_view_value (UiHeatmapView *self, double x, double y, double *value);
/* "R 206 G 62 B 55": the photo's pixel there. (transfer full) (nullable) */
char *ui_heatmap_view_colour (UiHeatmapView *self, double x, double y);
/* Dims the photo: nothing to see yet. */
void ui_heatmap_view_set_dim (UiHeatmapView *self, gboolean dim);
UiViewport *ui_heatmap_view_viewport (UiHeatmapView *self);
/* FALSE while there is no picture. */
gboolean ui_heatmap_view_frame (UiHeatmapView *self, UiFrame *out);

G_END_DECLS
