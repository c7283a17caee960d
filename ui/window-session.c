/* The window's session as a file: saving, opening, closing with unsaved work, what was left by a crash, files that
 * moved. See window-private.h. */
#include "ui/autosave.h"
#include "ui/settings.h"
#include "ui/window-private.h"

#define UNTITLED "Untitled" ENG_SESSION_SUFFIX

/* ---- opening ---- */

/* The window that shows the session of that file; two would write over each other. */
static UiWindow *
find_window (UiWindow *self, const char *path)
{
  g_autofree char *wanted = g_canonicalize_filename (path, NULL);
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (self));
  for (GList *l = application ? gtk_application_get_windows (application) : NULL; l; l = l->next)
    if (UI_IS_WINDOW (l->data) && g_strcmp0 (ui_session_path (UI_WINDOW (l->data)->session), wanted) == 0)
      return l->data;
  return NULL;
}

/* A session is a window: one that shows something gets company. */
static void
open_session (UiWindow *self, const char *path)
{
  UiWindow *window = find_window (self, path);
  if (!window && ui_session_in_use (self->session))
    {
      window = ui_window_new (gtk_window_get_application (GTK_WINDOW (self)));
      ui_session_open_file (window->session, path, FALSE);
    }
  else if (!window)
    ui_session_open_file (self->session, path, FALSE);
  gtk_window_present (GTK_WINDOW (window ? window : self));
}

/* ---- dialogs ---- */

/* @done: with the chosen path. */
static void
choose (UiWindow *self, const char *title, GtkFileChooserAction action, const char *accept, const char *suffix,
        GCallback response)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, accept, "_Cancel");
  GtkFileChooser *chooser = GTK_FILE_CHOOSER (dialog);
  g_autofree char *uri = ui_settings_get ("folder");
  g_autoptr (GFile) folder = uri ? g_file_new_for_uri (uri) : NULL;
  if (suffix)
    {
      g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
      gtk_file_filter_set_name (filter, *suffix == 'o' ? "ONNX models" : "Sightline sessions");
      gtk_file_filter_add_suffix (filter, suffix);
      gtk_file_chooser_add_filter (chooser, filter);
    }
  if (folder)
    gtk_file_chooser_set_current_folder (chooser, folder, NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", response, self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* What was chosen, and the dialog goes; NULL: nothing was. (transfer full) */
static char *
take_choice (GtkNativeDialog *dialog, int response)
{
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  char *path = file ? g_file_get_path (file) : NULL;
  g_object_unref (dialog);
  return path;
}

static void
on_open_chosen (GtkNativeDialog *dialog, int response, UiWindow *self)
{
  g_autofree char *path = take_choice (dialog, response);
  if (path)
    open_session (self, path);
}

static void
on_locate_chosen (GtkNativeDialog *dialog, int response, UiWindow *self)
{
  g_autofree char *path = take_choice (dialog, response);
  if (!path)
    return;
  ui_window_hide_info (self);
  ui_session_locate (self->session, path);
}

/* ---- saving ---- */

static void
on_saved (gboolean ok, gpointer data)
{
  g_autoptr (UiWindow) self = data;
  gboolean closes = self->closing;
  self->closing = FALSE;
  if (!ok || !self->session)
    return;
  ui_autosave_write (self->autosave, NULL, NULL); /* nothing is unsaved any more */
  if (closes)
    {
      gtk_window_close (GTK_WINDOW (self));
      return;
    }
  g_autofree char *name = g_filename_display_basename (ui_session_path (self->session));
  g_autofree char *text = g_strdup_printf ("Saved %s", name);
  ui_toast_show (self->toast, text, NULL, NULL);
}

void
ui_window_save_to (UiWindow *self, const char *path)
{
  g_autofree char *named =
      g_str_has_suffix (path, ENG_SESSION_SUFFIX) ? g_strdup (path) : g_strconcat (path, ENG_SESSION_SUFFIX, NULL);
  ui_session_save (self->session, named, on_saved, g_object_ref (self));
}

static void
on_save_chosen (GtkNativeDialog *dialog, int response, UiWindow *self)
{
  g_autofree char *path = take_choice (dialog, response);
  if (path)
    ui_window_save_to (self, path);
  else
    self->closing = FALSE;
}

void
ui_window_save_as (UiWindow *self, GVariant *unused)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new ("Save Session", GTK_WINDOW (self),
                                                              GTK_FILE_CHOOSER_ACTION_SAVE, "_Save", "_Cancel");
  GtkFileChooser *chooser = GTK_FILE_CHOOSER (dialog);
  const char *path = ui_session_path (self->session);
  g_autofree char *name = path ? g_path_get_basename (path) : g_strdup (UNTITLED);
  g_autofree char *folder = path ? g_path_get_dirname (path) : NULL;
  g_autofree char *uri = ui_settings_get ("folder");
  g_autoptr (GFile) file = folder ? g_file_new_for_path (folder) : uri ? g_file_new_for_uri (uri) : NULL;
  gtk_file_chooser_set_current_name (chooser, name);
  if (file)
    gtk_file_chooser_set_current_folder (chooser, file, NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_save_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

void
ui_window_save (UiWindow *self, GVariant *unused)
{
  if (ui_session_path (self->session))
    ui_window_save_to (self, ui_session_path (self->session));
  else
    ui_window_save_as (self, NULL);
}

void
ui_window_open_session (UiWindow *self, GVariant *unused)
{
  choose (self, "Open Session", GTK_FILE_CHOOSER_ACTION_OPEN, "_Open", ENG_SESSION_SUFFIX + 1,
          G_CALLBACK (on_open_chosen));
}

/* ---- questions ---- */

void
ui_window_locate (UiWindow *self, GVariant *unused)
{
  if (ui_session_model_lost (self->session))
    choose (self, "Locate the Model", GTK_FILE_CHOOSER_ACTION_OPEN, "_Open", "onnx", G_CALLBACK (on_locate_chosen));
  else
    choose (self, "Locate the Folder of the Pictures", GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, "_Open", NULL,
            G_CALLBACK (on_locate_chosen));
}

void
ui_window_recompute (UiWindow *self, GVariant *unused)
{
  ui_window_hide_info (self);
  ui_session_recompute (self->session);
}

void
ui_window_keep_old_maps (UiWindow *self, GVariant *unused)
{
  ui_window_hide_info (self);
}

void
ui_window_overwrite (UiWindow *self, GVariant *unused)
{
  ui_window_hide_info (self);
  ui_session_may_overwrite (self->session);
  ui_window_save (self, NULL);
}

void
ui_window_restore_session (UiWindow *self, GVariant *unused)
{
  ui_window_hide_info (self);
  ui_autosave_restore (self->autosave);
}

void
ui_window_dismiss_session (UiWindow *self, GVariant *unused)
{
  ui_window_hide_info (self);
  ui_autosave_dismiss (self->autosave);
}

/* ---- the end ---- */

static void
on_close_answer (GtkDialog *dialog, int response, UiWindow *self)
{
  /* It is still there while it answers, and the window may be gone by then. */
  gtk_window_set_transient_for (GTK_WINDOW (dialog), NULL);
  gtk_window_destroy (GTK_WINDOW (dialog));
  self->closing = response == GTK_RESPONSE_ACCEPT;
  self->discards = response == GTK_RESPONSE_REJECT;
  if (self->closing)
    ui_window_save (self, NULL);
  else if (self->discards)
    gtk_window_close (GTK_WINDOW (self));
}

gboolean
ui_window_may_close (UiWindow *self)
{
  if (self->discards || !ui_session_unsaved (self->session))
    return TRUE;
  const char *path = ui_session_path (self->session);
  g_autofree char *name = path ? g_filename_display_basename (path) : NULL;
  GtkWidget *dialog = gtk_message_dialog_new (GTK_WINDOW (self), GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT,
                                              GTK_MESSAGE_QUESTION, GTK_BUTTONS_NONE, "Save this session?");
  gtk_message_dialog_format_secondary_text (GTK_MESSAGE_DIALOG (dialog), "%s%s", name ? name : "What you set up here",
                                            name ? " was changed since it was saved."
                                                 : " is lost otherwise; finished maps stay in the cache.");
  gtk_dialog_add_buttons (GTK_DIALOG (dialog), "_Discard", GTK_RESPONSE_REJECT, "_Cancel", GTK_RESPONSE_CANCEL,
                          "_Save", GTK_RESPONSE_ACCEPT, NULL);
  gtk_dialog_set_default_response (GTK_DIALOG (dialog), GTK_RESPONSE_ACCEPT);
  gtk_widget_add_css_class (dialog, "sightline");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_close_answer), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
  return FALSE;
}

void
ui_window_add_session (UiWindow *self)
{
  self->autosave = ui_autosave_new (self->session);
  g_signal_connect_object (self->session, "found-session", G_CALLBACK (open_session), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "advice", G_CALLBACK (ui_window_ask_question), self, G_CONNECT_SWAPPED);
  if (ui_autosave_find_orphan (self->autosave))
    ui_window_ask_question (self, "Sightline closed unexpectedly. Restore the last session?", "restore");
}
