/* The side pane of the Figure page: the page's measures, what is shown beside the panels, the caption, and the file.
 */
#pragma once

#include "ui/draw/figure-export.h"
#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_FIGURE_PANE (ui_figure_pane_get_type ())
G_DECLARE_FINAL_TYPE (UiFigurePane, ui_figure_pane, UI, FIGURE_PANE, GtkWidget)

void ui_figure_pane_set_session (UiFigurePane *self, UiSession *session);
/* How the file is to be written, as the pane says. */
void ui_figure_pane_options (UiFigurePane *self, UiFigureExport *out);

/* The families that are installed, by name, NULL-ended. (transfer full) */
char **ui_figure_families (void);

G_END_DECLS
