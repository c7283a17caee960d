/* Tooltips of what changes while somebody works. GTK's own setter asks the X server each time where the pointer is,
 * twice and waiting for the answers: half of the time to the next picture went there. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What @widget says when the pointer rests on it; NULL or "": nothing. */
void ui_tip_set (GtkWidget *widget, const char *text);
/* Likewise, with Pango markup. */
void ui_tip_set_markup (GtkWidget *widget, const char *markup);

/* The same of words that the widget's name does not hold, for those who hear them too: its accessible description. */
void ui_tip_describe (GtkWidget *widget, const char *text);

G_END_DECLS
