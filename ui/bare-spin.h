/* Numbers with less than GTK gives them. Those that stand beside a slider, or where there is no room: without the
 * buttons that step; the arrow keys, the wheel and the slider step them. Those in a form that scrolls: without the
 * wheel, which would change whatever comes under the pointer. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

void ui_spin_hide_buttons (GtkSpinButton *spin);
/* All below @widget that have the style class "bare". */
void ui_spin_hide_buttons_below (GtkWidget *widget);
void ui_spin_ignore_wheel (GtkSpinButton *spin);

G_END_DECLS
