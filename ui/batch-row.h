/* How far the line of pictures is, with buttons to pause, resume and stop it. Not visible while there is none. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_BATCH_ROW (ui_batch_row_get_type ())
G_DECLARE_FINAL_TYPE (UiBatchRow, ui_batch_row, UI, BATCH_ROW, GtkWidget)

GtkWidget *ui_batch_row_new (void);
void ui_batch_row_set_session (UiBatchRow *self, UiSession *session);

G_END_DECLS
