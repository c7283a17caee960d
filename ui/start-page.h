/* What a new window shows: the sample, the two ways to open something, and what was opened before. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define UI_TYPE_START_PAGE (ui_start_page_get_type ())
G_DECLARE_FINAL_TYPE (UiStartPage, ui_start_page, UI, START_PAGE, GtkWidget)

/* Signal "open" (const char *path): something from the list of recent files. */
GtkWidget *ui_start_page_default (UiStartPage *self); /* the button that Enter presses */

G_END_DECLS
