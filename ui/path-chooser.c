/* See path-chooser.h. */
#include "ui/path-chooser.h"

#include "ui/settings.h"

static void
on_response (GtkNativeDialog *dialog, int response, GtkEditable *entry)
{
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  GtkWidget *popover = gtk_widget_get_ancestor (GTK_WIDGET (entry), GTK_TYPE_POPOVER);
  if (path)
    {
      gtk_editable_set_text (entry, path);
      gtk_editable_set_position (entry, -1); /* its name, rather than its folders */
    }
  if (popover && !gtk_widget_get_visible (popover)) /* the dialog took its place */
    gtk_popover_popup (GTK_POPOVER (popover));
  g_object_unref (dialog);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *const *suffixes)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, name);
  for (; suffixes && *suffixes; suffixes++)
    gtk_file_filter_add_suffix (filter, *suffixes);
  if (!suffixes)
    gtk_file_filter_add_pattern (filter, "*");
  gtk_file_chooser_add_filter (chooser, filter);
}

void
ui_path_chooser_show (GtkEditable *entry, const char *title, GtkFileChooserAction action, const char *kind,
                      const char *const *suffixes)
{
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (entry)));
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (title, window, action, "_Choose", "_Cancel");
  GtkFileChooser *chooser = GTK_FILE_CHOOSER (dialog);
  g_autofree char *uri = ui_settings_get ("folder");
  g_autoptr (GFile) folder = uri ? g_file_new_for_uri (uri) : NULL;
  if (folder)
    gtk_file_chooser_set_current_folder (chooser, folder, NULL);
  if (kind)
    {
      add_filter (chooser, kind, suffixes);
      add_filter (chooser, "All files", NULL);
    }
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_response), entry, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
