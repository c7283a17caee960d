/* Small masked pictures of the selected map at a few points of its curve; each moves the threshold there. */
#pragma once

#include <gtk/gtk.h>

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_CURVE_THUMBS (ui_curve_thumbs_get_type ())
G_DECLARE_FINAL_TYPE (UiCurveThumbs, ui_curve_thumbs, UI, CURVE_THUMBS, GtkWidget)

void ui_curve_thumbs_set_session (UiCurveThumbs *self, UiSession *session);

G_END_DECLS
