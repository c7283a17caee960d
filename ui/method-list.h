/* The methods that exist: ticked ones are tiles; each with its state and its parameters. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_METHOD_LIST (ui_method_list_get_type ())
G_DECLARE_FINAL_TYPE (UiMethodList, ui_method_list, UI, METHOD_LIST, GtkWidget)

void ui_method_list_set_session (UiMethodList *self, UiSession *session);

G_END_DECLS
