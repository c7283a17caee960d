/* In the window's header while an explainer is trained: how far it is, and the way back to its window. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define UI_TYPE_TRAIN_BUTTON (ui_train_button_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainButton, ui_train_button, UI, TRAIN_BUTTON, GtkWidget)

G_END_DECLS
