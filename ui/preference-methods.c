/* See preference-methods.h. */
#include "ui/preference-methods.h"

#include "engine/engine.h"
#include "ui/settings.h"
#include "ui/tip.h"

#define KEY "methods"
#define LIST_HEIGHT 320

static char **
chosen (void)
{
  g_autofree char *text = ui_settings_get (KEY);
  return g_strsplit (text ? text : "", ",", -1);
}

gboolean
ui_preference_methods_has (const char *id)
{
  g_auto (GStrv) ids = chosen ();
  return g_strv_contains ((const char *const *)ids, id);
}

/* "LTX, Grad-CAM"; four at most, then how many more. */
static void
update_label (GtkMenuButton *button)
{
  GtkWidget *label = gtk_menu_button_get_child (button);
  GString *text = g_string_new (NULL);
  guint n = 0;
  for (guint i = 0; eng_method_nth (i); i++)
    if (ui_preference_methods_has (eng_method_nth (i)->id) && n++ < 4)
      g_string_append_printf (text, "%s%s", text->len ? ", " : "", eng_method_nth (i)->name);
  if (n > 4)
    g_string_append_printf (text, " and %u more", n - 4);
  gtk_label_set_label (GTK_LABEL (label), n ? text->str : "None");
  gtk_widget_set_tooltip_text (GTK_WIDGET (button), n ? text->str : NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, n ? text->str : "None",
                                  -1);
  g_string_free (text, TRUE);
}

static void
on_toggled (GtkCheckButton *check, GtkMenuButton *button)
{
  const char *id = g_object_get_data (G_OBJECT (check), "id");
  GString *text = g_string_new (NULL);
  for (guint i = 0; eng_method_nth (i); i++)
    {
      const char *other = eng_method_nth (i)->id;
      if (g_str_equal (other, id) ? gtk_check_button_get_active (check) : ui_preference_methods_has (other))
        g_string_append_printf (text, "%s%s", text->len ? "," : "", other);
    }
  ui_settings_set (KEY, text->str);
  g_string_free (text, TRUE);
  update_label (button);
}

static GtkWidget *
make_list (GtkMenuButton *button)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2), *scrolled = gtk_scrolled_window_new ();
  for (guint i = 0; eng_method_nth (i); i++)
    {
      const EngMethod *method = eng_method_nth (i);
      GtkWidget *check = gtk_check_button_new_with_label (method->name);
      gtk_check_button_set_active (GTK_CHECK_BUTTON (check), ui_preference_methods_has (method->id));
      ui_tip_describe (check, method->about);
      g_object_set_data (G_OBJECT (check), "id", (gpointer)method->id);
      g_signal_connect (check, "toggled", G_CALLBACK (on_toggled), button);
      gtk_box_append (GTK_BOX (box), check);
    }
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scrolled), LIST_HEIGHT);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), box);
  return scrolled;
}

GtkWidget *
ui_preference_methods_new (void)
{
  GtkWidget *button = gtk_menu_button_new (), *label = gtk_label_new (NULL), *popover = gtk_popover_new ();
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 24);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_menu_button_set_always_show_arrow (GTK_MENU_BUTTON (button), TRUE);
  gtk_menu_button_set_child (GTK_MENU_BUTTON (button), label);
  gtk_popover_set_child (GTK_POPOVER (popover), make_list (GTK_MENU_BUTTON (button)));
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (button), popover);
  update_label (GTK_MENU_BUTTON (button));
  return button;
}
