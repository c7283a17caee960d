/* The main window: one window, one session. Puts the parts together, owns the actions, opens files. */
#pragma once

#include "ui/session.h"
#include "ui/tile-grid.h"

G_BEGIN_DECLS

#define UI_TYPE_WINDOW (ui_window_get_type ())
G_DECLARE_FINAL_TYPE (UiWindow, ui_window, UI, WINDOW, GtkApplicationWindow)

UiWindow *ui_window_new (GtkApplication *application);
UiSession *ui_window_session (UiWindow *self);
UiTileGrid *ui_window_grid (UiWindow *self);
/* @paths: models, pictures, folders; NULL-ended. */
void ui_window_open (UiWindow *self, const char *const *paths);
/* Keys that text entries do not need; the others live in the window. */
void ui_window_install_accels (GtkApplication *application);

const char *ui_window_info (UiWindow *self);               /* text of the bar above the work; NULL: none */
void ui_window_save_to (UiWindow *self, const char *path); /* the session, as the dialog would */

G_END_DECLS
