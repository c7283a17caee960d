/* "Batch as Command": the pictures of the strip as a terminal wants them. See window-private.h. */
#include <string.h>

#include "ui/command-line.h"
#include "ui/loader.h"
#include "ui/window-private.h"

typedef struct
{
  UiWindow *window;
  GPtrArray *paths; /* char*, NULL-ended */
} Copy;

/* All pictures of one folder are that folder; nothing else would be explained. */
static void
shorten (gpointer data)
{
  Copy *copy = data;
  guint n = copy->paths->len - 1, all = 0;
  g_autofree char *folder = g_path_get_dirname (copy->paths->pdata[0]);
  for (guint i = 1; i < n; i++)
    {
      g_autofree char *other = g_path_get_dirname (copy->paths->pdata[i]);
      if (!g_str_equal (other, folder))
        return;
    }
  g_autoptr (GDir) dir = n > 1 ? g_dir_open (folder, 0, NULL) : NULL;
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    all += eng_image_is_candidate (name);
  if (all != n)
    return;
  g_ptr_array_set_size (copy->paths, 0);
  g_ptr_array_add (copy->paths, g_steal_pointer (&folder));
  g_ptr_array_add (copy->paths, NULL);
}

/* A change that was not saved beside the model is known to this window alone. */
static gboolean
prepares_otherwise (UiSession *session)
{
  EngModel *model = ui_session_model (session);
  return !ui_session_remembered (session)
         && !eng_preprocess_same (ui_session_preprocess (session), eng_model_opened_preprocess (model));
}

static void
put (gpointer data)
{
  Copy *copy = data;
  UiWindow *self = copy->window;
  g_autofree char *line =
      self->session ? ui_command_line (self->session, (const char *const *)copy->paths->pdata) : NULL;
  if (line)
    {
      gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), line);
      if (prepares_otherwise (self->session))
        ui_toast_show (self->toast, "Command copied. Save the preprocessing, or it computes with the model’s own.",
                       "Show Model", "win.page::model");
      else
        ui_toast_show (self->toast, "Command copied", NULL, NULL);
    }
  else if (self->session)
    ui_toast_show (self->toast, "No method is ticked that this model allows", NULL, NULL);
  g_ptr_array_unref (copy->paths);
  g_object_unref (copy->window);
  g_free (copy);
}

void
ui_window_copy_command (UiWindow *self, GVariant *unused)
{
  GListModel *pictures = ui_session_filtered (self->session);
  guint n = g_list_model_get_n_items (pictures);
  if (!ui_session_model (self->session) || n == 0)
    {
      ui_toast_show (self->toast, "A command needs a model and a picture", NULL, NULL);
      return;
    }
  Copy *copy = g_new (Copy, 1);
  *copy = (Copy){ g_object_ref (self), g_ptr_array_new_with_free_func (g_free) };
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (pictures, i);
      g_ptr_array_add (copy->paths, g_strdup (ui_picture_path (picture)));
    }
  g_ptr_array_add (copy->paths, NULL);
  ui_loader_push (UI_LOADER_NOW, shorten, put, copy);
}
