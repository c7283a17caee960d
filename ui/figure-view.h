/* The figure as it will be printed: a white page with a ruler in millimetres. What is shown is the exported drawing
 * itself, rendered at the screen's resolution by the loader's threads. A click selects the row of a panel. */
#pragma once

#include "ui/composer.h"

G_BEGIN_DECLS

#define UI_TYPE_FIGURE_VIEW (ui_figure_view_get_type ())
G_DECLARE_FINAL_TYPE (UiFigureView, ui_figure_view, UI, FIGURE_VIEW, GtkWidget)

void ui_figure_view_set_session (UiFigureView *self, UiSession *session);
/* 1: as large as on paper. Kept between a quarter and eight times. Property "zoom". */
double ui_figure_view_zoom (UiFigureView *self);
void ui_figure_view_set_zoom (UiFigureView *self, double zoom);
/* FALSE: the monitor does not tell its size, and 96 dots per inch are assumed. */
gboolean ui_figure_view_knows_size (UiFigureView *self);

G_END_DECLS
