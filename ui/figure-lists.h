/* The sidebar of the Figure page: rows (a picture and a class each), columns (what is shown of them), and the
 * settings of the selected row. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_FIGURE_LISTS (ui_figure_lists_get_type ())
G_DECLARE_FINAL_TYPE (UiFigureLists, ui_figure_lists, UI, FIGURE_LISTS, GtkWidget)

void ui_figure_lists_set_session (UiFigureLists *self, UiSession *session);

G_END_DECLS
