/* The pictures of the session as a row of thumbnails, with the current one's name and the way to
 * the next. Only what is on screen is decoded. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_IMAGE_STRIP (ui_image_strip_get_type ())
G_DECLARE_FINAL_TYPE (UiImageStrip, ui_image_strip, UI, IMAGE_STRIP, GtkWidget)

void ui_image_strip_set_session (UiImageStrip *self, UiSession *session);
/* The row of thumbnails, for the keyboard. */
GtkWidget *ui_image_strip_list (UiImageStrip *self);
/* Opens the popover of "Explain All…". */
void ui_image_strip_explain_all (UiImageStrip *self);

G_END_DECLS
