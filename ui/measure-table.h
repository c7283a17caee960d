/* What the protocols of one group say of each map, and what they are: a table and, under it, definitions. Columns are
 * sorted one at a time: values of different protocols are never ranked against each other. */
#pragma once

#include <gtk/gtk.h>

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_MEASURE_TABLE (ui_measure_table_get_type ())
G_DECLARE_FINAL_TYPE (UiMeasureTable, ui_measure_table, UI, MEASURE_TABLE, GtkWidget)

void ui_measure_table_set_session (UiMeasureTable *self, UiSession *session);
/* A cell: "0.412", "hit", "—" where it cannot be measured, "12 %" or "…" while it is. (transfer full) */
char *ui_measure_text (UiThreshold *threshold, UiSeries *series, const EngProtocol *row);
/* A column's title: "AD ↓ %". (transfer full) */
char *ui_measure_title (const EngProtocol *row);

G_END_DECLS
