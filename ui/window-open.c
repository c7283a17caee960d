/* Opening: dialogs, drops, the sample. See window-private.h. */
#include "ui/sample.h"
#include "ui/settings.h"
#include "ui/window-private.h"

/* Paths of local files among @files, as ui_session_open() wants them. (transfer full) */
static GPtrArray *
paths_of (GListModel *files)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);
      char *path = g_file_get_path (file);
      if (path)
        g_ptr_array_add (paths, path);
    }
  g_ptr_array_add (paths, NULL);
  return paths;
}

static void
open_files (UiWindow *self, GListModel *files, UiOpenHint hint)
{
  g_autoptr (GPtrArray) paths = paths_of (files);
  if (paths->len > 1)
    ui_session_open (self->session, (const char *const *)paths->pdata, hint);
  else if (g_list_model_get_n_items (files) > 0)
    g_signal_emit_by_name (self->session, "problem",
                           "Only files on this computer can be opened. Copy them here first.", "");
}

void
ui_window_open (UiWindow *self, const char *const *paths)
{
  if (paths && paths[0])
    ui_session_open (self->session, paths, UI_OPEN_ANYTHING);
}

void
ui_window_open_sample (UiWindow *self, gboolean model, gboolean scenes)
{
  g_autofree char *model_path = ui_sample_model (), *scenes_path = ui_sample_scenes ();
  const char *paths[3] = { NULL };
  guint n = 0;
  if (model && model_path)
    paths[n++] = model_path;
  if (scenes && scenes_path)
    paths[n++] = scenes_path;
  if (n)
    ui_session_open (self->session, paths, UI_OPEN_ANYTHING);
  else
    g_signal_emit_by_name (
        self->session, "problem",
        "The sample is not installed. Install Sightline with its data, or open a model of your own.",
        "win.open-model");
}

/* ---- dialogs ---- */

static void
on_response (GtkNativeDialog *dialog, int response, UiWindow *self)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GListModel) files = gtk_file_chooser_get_files (GTK_FILE_CHOOSER (dialog));
      g_autoptr (GFile) folder = gtk_file_chooser_get_current_folder (GTK_FILE_CHOOSER (dialog));
      g_autofree char *uri = folder ? g_file_get_uri (folder) : NULL;
      if (uri)
        ui_settings_set ("folder", uri);
      open_files (self, files, (UiOpenHint)GPOINTER_TO_INT (g_object_get_data (G_OBJECT (dialog), "hint")));
    }
  g_object_unref (dialog);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *const *suffixes)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, name);
  for (guint i = 0; suffixes && suffixes[i]; i++)
    gtk_file_filter_add_suffix (filter, suffixes[i]);
  if (!suffixes)
    gtk_file_filter_add_pattern (filter, "*");
  gtk_file_chooser_add_filter (chooser, filter);
}

void
ui_window_ask (UiWindow *self, UiOpenHint hint, GtkFileChooserAction action)
{
  static const struct
  {
    const char *title, *kind, *suffixes[8];
  } kinds[] = {
    [UI_OPEN_MODEL] = { "Open Model", "ONNX models", { "onnx" } },
    [UI_OPEN_PICTURES] = { "Open Images", "Pictures", { "png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp" } },
    [UI_OPEN_MAPS] = { "Open Map", "Maps: NumPy arrays, grey PNG", { "npy", "png" } },
  };
  gboolean folder = action == GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER;
  const char *title = folder ? "Open Folder" : kinds[hint].title;
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, "_Open", "_Cancel");
  GtkFileChooser *chooser = GTK_FILE_CHOOSER (dialog);
  g_autofree char *uri = ui_settings_get ("folder");
  if (!folder)
    {
      add_filter (chooser, kinds[hint].kind, kinds[hint].suffixes);
      add_filter (chooser, "All files", NULL);
    }
  if (uri)
    {
      g_autoptr (GFile) file = g_file_new_for_uri (uri);
      gtk_file_chooser_set_current_folder (chooser, file, NULL);
    }
  gtk_file_chooser_set_select_multiple (chooser, hint != UI_OPEN_MODEL && !folder);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_object_set_data (G_OBJECT (dialog), "hint", GINT_TO_POINTER (hint));
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_response), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* A file of text, for the session. */
typedef void (*Load) (UiSession *session, const char *path);

static void
on_text (GtkNativeDialog *dialog, int response, UiWindow *self)
{
  g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  Load *load = g_object_get_data (G_OBJECT (dialog), "load");
  if (response == GTK_RESPONSE_ACCEPT && path)
    (*load) (self->session, path);
  g_object_unref (dialog);
}

static void
ask_text (UiWindow *self, const char *title, const char *kind, const char *const *suffixes, Load load)
{
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (title, GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_OPEN, "_Open", "_Cancel");
  add_filter (GTK_FILE_CHOOSER (dialog), kind, suffixes);
  add_filter (GTK_FILE_CHOOSER (dialog), "All files", NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_object_set_data_full (G_OBJECT (dialog), "load", g_memdup2 (&load, sizeof load), g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_text), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

void
ui_window_ask_truth (UiWindow *self)
{
  static const char *const tables[] = { "csv", "tsv", "txt", NULL };
  ask_text (self, "Labels of the Pictures", "Tables: name,label", tables, ui_session_load_truth);
}

static void
on_masks (GtkNativeDialog *dialog, int response, UiWindow *self)
{
  g_autoptr (GFile) folder = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  g_autofree char *path = folder ? g_file_get_path (folder) : NULL;
  if (response == GTK_RESPONSE_ACCEPT && path)
    ui_session_open (self->session, (const char *const[]){ path, NULL }, UI_OPEN_MASKS);
  g_object_unref (dialog);
}

void
ui_window_ask_masks (UiWindow *self)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (
      "Open Object Masks", GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, "_Open", "_Cancel");
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_masks), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

void
ui_window_ask_labels (UiWindow *self)
{
  static const char *const lists[] = { "txt", "names", NULL };
  ask_text (self, "Labels of the Model", "One name in each line", lists, ui_session_load_labels);
}

/* ---- drops ---- */

static GdkDragAction
on_drop_enter (GtkDropTarget *target, double x, double y, UiWindow *self)
{
  gtk_widget_set_visible (self->veil, TRUE);
  return GDK_ACTION_COPY;
}

static void
on_drop_leave (GtkDropTarget *target, UiWindow *self)
{
  gtk_widget_set_visible (self->veil, FALSE);
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, UiWindow *self)
{
  g_autoptr (GListStore) files = g_list_store_new (G_TYPE_FILE);
  g_autoptr (GSList) list = gdk_file_list_get_files (g_value_get_boxed (value));
  for (GSList *l = list; l; l = l->next)
    g_list_store_append (files, l->data);
  gtk_widget_set_visible (self->veil, FALSE);
  open_files (self, G_LIST_MODEL (files), UI_OPEN_ANYTHING);
  return TRUE;
}

void
ui_window_add_drop_target (UiWindow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_signal_connect (target, "enter", G_CALLBACK (on_drop_enter), self);
  g_signal_connect (target, "leave", G_CALLBACK (on_drop_leave), self);
  g_signal_connect (target, "drop", G_CALLBACK (on_drop), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}
