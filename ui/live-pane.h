/* Beside the Threshold page: what the model says of the selected picture, in numbers and in a sentence, and where
 * each method makes it change its mind. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_LIVE_PANE (ui_live_pane_get_type ())
G_DECLARE_FINAL_TYPE (UiLivePane, ui_live_pane, UI, LIVE_PANE, GtkWidget)

void ui_live_pane_set_session (UiLivePane *self, UiSession *session);

G_END_DECLS
