/* The photo with the most relevant pixels removed, or with nothing but them. It draws the session's threshold and
 * changes nothing. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_MASKED_VIEW (ui_masked_view_get_type ())
G_DECLARE_FINAL_TYPE (UiMaskedView, ui_masked_view, UI, MASKED_VIEW, GtkWidget)

void ui_masked_view_set (UiMaskedView *self, UiSession *session, UiSeries *series);
/* Seconds of main-thread time that all views took for new textures so far, for tests. */
double ui_masked_view_seconds (guint *textures);

G_END_DECLS
