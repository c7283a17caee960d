/* One line of the Figure page's lists: a row or a column of the figure, which can be dragged, moved with Alt and the
 * arrow keys, renamed and removed. */
#pragma once

#include "ui/composer.h"

G_BEGIN_DECLS

#define UI_TYPE_FIGURE_LINE (ui_figure_line_get_type ())
G_DECLARE_FINAL_TYPE (UiFigureLine, ui_figure_line, UI, FIGURE_LINE, GtkListBoxRow)

/* @at: its place. @is_column: else a row. */
GtkWidget *ui_figure_line_new (UiSession *session, gboolean is_column, guint at);
guint ui_figure_line_at (UiFigureLine *self);

/* Moves an element of @list from one place to another. */
void ui_figure_move (GPtrArray *list, guint from, guint to);

G_END_DECLS
