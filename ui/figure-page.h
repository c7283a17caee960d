/* The Figure page: the printed page, its zoom, and one line that says whether it is fit for paper. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_FIGURE_PAGE (ui_figure_page_get_type ())
G_DECLARE_FINAL_TYPE (UiFigurePage, ui_figure_page, UI, FIGURE_PAGE, GtkWidget)

void ui_figure_page_set_session (UiFigurePage *self, UiSession *session);
/* @by: a factor; 0: print size; from 50 on: percent of it. */
void ui_figure_page_zoom (UiFigurePage *self, double by);

G_END_DECLS
