/* The curves of the Threshold page, with the cursor that is the threshold: drag it, or use the arrow keys. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_CURVE_PLOT (ui_curve_plot_get_type ())
G_DECLARE_FINAL_TYPE (UiCurvePlot, ui_curve_plot, UI, CURVE_PLOT, GtkWidget)

void ui_curve_plot_set_session (UiCurvePlot *self, UiSession *session);
/* Height of a series' dot at the cursor, as it is drawn; NAN: none. */
double ui_curve_plot_dot (UiCurvePlot *self, UiSeries *series);

G_END_DECLS
