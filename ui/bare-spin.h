/* Numbers that stand beside a slider, or where there is no room: without the buttons that step. The arrow keys, the
 * wheel and the slider step them. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

void ui_spin_hide_buttons (GtkSpinButton *spin);
/* All below @widget that have the style class "bare". */
void ui_spin_hide_buttons_below (GtkWidget *widget);

G_END_DECLS
