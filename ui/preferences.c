/* See preferences.h. */
#include "ui/preferences.h"

#include "engine/probe.h"
#include "ui/settings.h"

#define KEY "memory-megabytes"
#define LEAST 64
#define MOST 1000000

void
ui_preferences_apply (void)
{
  int megabytes = ui_settings_get_int (KEY, 0);
  if (megabytes >= LEAST && megabytes <= MOST)
    eng_set_memory_budget ((gsize)megabytes << 20);
}

static void
on_memory (GtkSpinButton *spin)
{
  ui_settings_set_int (KEY, gtk_spin_button_get_value_as_int (spin));
  ui_preferences_apply ();
}

static void
attach (GtkGrid *grid, int row, const char *text, GtkWidget *control, const char *unit, const char *help)
{
  GtkWidget *label = gtk_label_new (text), *after = gtk_label_new (unit), *below = gtk_label_new (help);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_xalign (GTK_LABEL (below), 0);
  gtk_label_set_wrap (GTK_LABEL (below), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (below), 44);
  gtk_widget_add_css_class (below, "sl-dim");
  gtk_widget_add_css_class (after, "sl-dim");
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL, text,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, help, -1);
  gtk_grid_attach (grid, label, 0, row, 1, 1);
  gtk_grid_attach (grid, control, 1, row, 1, 1);
  gtk_grid_attach (grid, after, 2, row, 1, 1);
  gtk_grid_attach (grid, below, 0, row + 1, 3, 1);
}

static gboolean
on_escape (GtkWidget *window, GVariant *unused, gpointer data)
{
  gtk_window_close (GTK_WINDOW (window));
  return TRUE;
}

void
ui_preferences_show (GtkWindow *parent)
{
  GtkWidget *window = gtk_window_new (), *grid = gtk_grid_new ();
  GtkWidget *memory = gtk_spin_button_new_with_range (LEAST, MOST, 64);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (memory), (double)(eng_memory_budget () >> 20));
  gtk_spin_button_set_numeric (GTK_SPIN_BUTTON (memory), TRUE);
  g_signal_connect (memory, "value-changed", G_CALLBACK (on_memory), NULL);
  attach (GTK_GRID (grid), 0, "Memory for a method", memory, "MB",
          "Methods run the model on many pictures at a time, as many as fit. More memory can be faster; maps are the "
          "same. The model and its pictures come on top. Holds from the next run on.");
  gtk_grid_set_row_spacing (GTK_GRID (grid), 6);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 10);
  gtk_widget_add_css_class (grid, "preferences");
  GtkEventController *keys = gtk_shortcut_controller_new ();
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (keys),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_Escape, 0), gtk_callback_action_new (on_escape, NULL, NULL)));
  gtk_widget_add_controller (window, keys);
  gtk_window_set_title (GTK_WINDOW (window), "Preferences");
  gtk_window_set_transient_for (GTK_WINDOW (window), parent);
  gtk_window_set_destroy_with_parent (GTK_WINDOW (window), TRUE);
  gtk_window_set_resizable (GTK_WINDOW (window), FALSE);
  gtk_window_set_child (GTK_WINDOW (window), grid);
  gtk_widget_add_css_class (window, "sightline");
  gtk_window_present (GTK_WINDOW (window));
}
