/* How maps are shown, for all tiles at once. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_DISPLAY_PANE (ui_display_pane_get_type ())
G_DECLARE_FINAL_TYPE (UiDisplayPane, ui_display_pane, UI, DISPLAY_PANE, GtkWidget)

void ui_display_pane_set_session (UiDisplayPane *self, UiSession *session);
/* Whose range the histogram shows. @slot: (nullable) */
void ui_display_pane_set_slot (UiDisplayPane *self, UiSlot *slot);

G_END_DECLS
