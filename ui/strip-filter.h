/* The drop-down that says which pictures the strip lists. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_STRIP_FILTER (ui_strip_filter_get_type ())
G_DECLARE_FINAL_TYPE (UiStripFilter, ui_strip_filter, UI, STRIP_FILTER, GtkWidget)

void ui_strip_filter_set_session (UiStripFilter *self, UiSession *session);

G_END_DECLS
