/* See bare-spin.h. */
#include "ui/bare-spin.h"

void
ui_spin_hide_buttons (GtkSpinButton *spin)
{
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (spin)); child;
       child = gtk_widget_get_next_sibling (child))
    gtk_widget_set_visible (child, !GTK_IS_BUTTON (child));
}

void
ui_spin_hide_buttons_below (GtkWidget *widget)
{
  if (GTK_IS_SPIN_BUTTON (widget) && gtk_widget_has_css_class (widget, "bare"))
    ui_spin_hide_buttons (GTK_SPIN_BUTTON (widget));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    ui_spin_hide_buttons_below (child);
}
