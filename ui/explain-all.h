/* "Explain All…": which methods for the pictures that the strip lists, how many those are, how long it will take. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_EXPLAIN_ALL (ui_explain_all_get_type ())
G_DECLARE_FINAL_TYPE (UiExplainAll, ui_explain_all, UI, EXPLAIN_ALL, GtkPopover)

void ui_explain_all_set_session (UiExplainAll *self, UiSession *session);

G_END_DECLS
