/* The value of each method's two curves, sorted by either. Values of unlike protocols stay in groups of their own. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_AREA_TABLE (ui_area_table_get_type ())
G_DECLARE_FINAL_TYPE (UiAreaTable, ui_area_table, UI, AREA_TABLE, GtkWidget)

void ui_area_table_set_session (UiAreaTable *self, UiSession *session);
/* "0.112", "0.112 old", "40 %", "—": as a cell shows it. (transfer full) */
char *ui_area_text (UiThreshold *threshold, UiSeries *series, UiDirection direction, gboolean *old);

G_END_DECLS
