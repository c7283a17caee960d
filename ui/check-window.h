/* Whether a tile's map is stable, or depends on what the model has learned: a window of its own that stays while work
 * goes on elsewhere. It keeps the model, picture and parameters that it was opened with. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_CHECK_WINDOW (ui_check_window_get_type ())
G_DECLARE_FINAL_TYPE (UiCheckWindow, ui_check_window, UI, CHECK_WINDOW, GtkWindow)

/* Opens it and starts. (transfer none): NULL when there is nothing to check yet. Closing it ends the work. */
UiCheckWindow *ui_check_window_show (GtkWindow *parent, UiSession *session, UiSlot *slot, EngCheckKind kind);
/* What is under way or done. */
EngCheck *ui_check_window_check (UiCheckWindow *self);
/* The verdict, or how far it is. */
const char *ui_check_window_text (UiCheckWindow *self);
/* TRUE when it is done and both maps are on the screen. */
gboolean ui_check_window_settled (UiCheckWindow *self);

G_END_DECLS
