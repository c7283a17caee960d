/* What runs: a pie with the number of unfinished jobs, and behind it a list with Stop buttons. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_TASK_BUTTON (ui_task_button_get_type ())
G_DECLARE_FINAL_TYPE (UiTaskButton, ui_task_button, UI, TASK_BUTTON, GtkWidget)

void ui_task_button_set_session (UiTaskButton *self, UiSession *session);

G_END_DECLS
