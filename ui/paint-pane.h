/* A person's own mask of the picture, with what painting takes: brush or eraser, its size, clearing, and what the
 * mask means when it is scored. */
#pragma once

#include "ui/paint-view.h"

G_BEGIN_DECLS

#define UI_TYPE_PAINT_PANE (ui_paint_pane_get_type ())
G_DECLARE_FINAL_TYPE (UiPaintPane, ui_paint_pane, UI, PAINT_PANE, GtkWidget)

void ui_paint_pane_set_session (UiPaintPane *self, UiSession *session);
UiPaintView *ui_paint_pane_view (UiPaintPane *self);

G_END_DECLS
