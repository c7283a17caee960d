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

void
ui_spin_ignore_wheel (GtkSpinButton *spin)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (spin));
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);
      if (GTK_IS_EVENT_CONTROLLER_SCROLL (controller))
        gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_NONE);
    }
}
