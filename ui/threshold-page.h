/* The Threshold page: what is removed or kept, the pictures that gives, the curves, and how LTX got there. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_THRESHOLD_PAGE (ui_threshold_page_get_type ())
G_DECLARE_FINAL_TYPE (UiThresholdPage, ui_threshold_page, UI, THRESHOLD_PAGE, GtkWidget)

void ui_threshold_page_set_session (UiThresholdPage *self, UiSession *session);
/* One step of the trajectory on or back. */
void ui_threshold_page_step_by (UiThresholdPage *self, int by);
/* The tile before or after the selected one. */
void ui_threshold_page_select_by (UiThresholdPage *self, int by);
/* A mask of one's own is painted under the tiles. */
void ui_threshold_page_set_paints (UiThresholdPage *self, gboolean paints);
gboolean ui_threshold_page_paints (UiThresholdPage *self);

G_END_DECLS
