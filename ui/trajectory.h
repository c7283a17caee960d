/* How a learned mask came to be: a slider over its steps with loss and mask area, pictures of some of them, and a
 * button that makes the step in sight the result. Hidden while no map has a trajectory. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAJECTORY (ui_trajectory_get_type ())
G_DECLARE_FINAL_TYPE (UiTrajectory, ui_trajectory, UI, TRAJECTORY, GtkWidget)

void ui_trajectory_set_session (UiTrajectory *self, UiSession *session);
void ui_trajectory_step_by (UiTrajectory *self, int by);

G_END_DECLS
