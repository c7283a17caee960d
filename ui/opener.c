/* See opener.h. At least one picture is decoded before anything is handed over, so that opening a
 * file that is no picture leaves the running session as it is. */
#include "ui/opener.h"

#include <string.h>

#include "ui/loader.h"

typedef struct
{
  char **paths;
  UiOpenHint hint;
  UiFound found;
  void (*done) (const UiFound *found, gpointer data);
  gpointer data;
} Look;

static void
fail_first (Look *look, GError *error)
{
  if (look->found.error)
    g_error_free (error);
  else
    look->found.error = error;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  g_autofree char *x = g_utf8_collate_key_for_filename (*(char *const *)a, -1);
  g_autofree char *y = g_utf8_collate_key_for_filename (*(char *const *)b, -1);
  return strcmp (x, y);
}

static void
look_into_folder (Look *look, const char *path)
{
  g_autofree char *name = g_filename_display_basename (path);
  GError *error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  if (!dir)
    {
      fail_first (look, error);
      return;
    }
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  for (const char *file; (file = g_dir_read_name (dir));)
    if (*file != '.' && eng_image_is_candidate (file))
      g_ptr_array_add (files, g_build_filename (path, file, NULL));
  g_ptr_array_sort (files, compare_names);
  for (guint i = 0; i < files->len; i++)
    g_ptr_array_add (look->found.pictures, files->pdata[i]);
  if (files->len == 0)
    {
      eng_fail (&error, ENG_ERROR_INVALID,
                "The folder %s holds no pictures. Open one with PNG, JPEG, TIFF, WebP or BMP files.", name);
      fail_first (look, error);
    }
  else if (!look->found.folder)
    look->found.folder = g_strdup (path);
}

static void
look_at_file (Look *look, const char *path)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *lower = g_ascii_strdown (name, -1);
  GError *error = NULL;
  if (g_str_has_suffix (lower, ".onnx") || look->hint == UI_OPEN_MODEL)
    {
      g_free (look->found.model);
      look->found.model = g_strdup (path);
    }
  else if (eng_image_is_candidate (path) || look->hint == UI_OPEN_PICTURES)
    g_ptr_array_add (look->found.pictures, g_strdup (path));
  else
    {
      eng_fail (&error, ENG_ERROR_UNSUPPORTED,
                "%s is neither a model nor a picture. Sightline opens .onnx files and PNG, JPEG, TIFF, WebP and BMP "
                "pictures.",
                name);
      fail_first (look, error);
    }
}

static void
look_work (gpointer data)
{
  Look *look = data;
  UiFound *found = &look->found;
  for (guint i = 0; look->paths[i]; i++)
    if (g_file_test (look->paths[i], G_FILE_TEST_IS_DIR))
      look_into_folder (look, look->paths[i]);
    else
      look_at_file (look, look->paths[i]);
  GError *broken = NULL;
  for (guint i = 0; i < found->pictures->len && !found->image; i++)
    {
      found->first = i;
      found->image = eng_image_load (found->pictures->pdata[i], broken ? NULL : &broken);
    }
  /* Broken pictures among good ones are marked in the strip; only when there is no good one it is reported. */
  if (broken && !found->image)
    fail_first (look, g_steal_pointer (&broken));
  g_clear_error (&broken);
}

static void
look_done (gpointer data)
{
  Look *look = data;
  look->done (&look->found, look->data);
  g_free (look->found.model);
  g_free (look->found.folder);
  g_ptr_array_unref (look->found.pictures);
  g_clear_pointer (&look->found.image, eng_image_unref);
  g_clear_error (&look->found.error);
  g_strfreev (look->paths);
  g_free (look);
}

void
ui_opener_look (const char *const *paths, UiOpenHint hint, void (*done) (const UiFound *found, gpointer data),
                gpointer data)
{
  Look *look = g_new0 (Look, 1);
  look->paths = g_strdupv ((char **)paths);
  look->hint = hint;
  look->found.pictures = g_ptr_array_new_with_free_func (g_free);
  look->done = done;
  look->data = data;
  ui_loader_push (UI_LOADER_NOW, look_work, look_done, look);
}
