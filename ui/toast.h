/* A line at the bottom of the window that says what was done and goes by itself: never a question, never needed. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define UI_TYPE_TOAST (ui_toast_get_type ())
G_DECLARE_FINAL_TYPE (UiToast, ui_toast, UI, TOAST, GtkWidget)

/* Replaces what is there. @label: (nullable): of a button that activates the detailed action @action. */
void ui_toast_show (UiToast *self, const char *text, const char *label, const char *action);
const char *ui_toast_text (UiToast *self); /* NULL while nothing is shown */

G_END_DECLS
