/* What can be added to a figure: popovers over the pictures of the strip and over the methods. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

/* A contact sheet of the strip's pictures: choosing one adds a row. */
GtkWidget *ui_figure_add_row_popover (UiSession *session);
/* The photo, methods, masked pictures and curves as they stand on the Threshold page. */
GtkWidget *ui_figure_add_column_popover (UiSession *session);

G_END_DECLS
