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

/* A file of a folder with its key for sorting, made once: there may be ten thousand. */
typedef struct
{
  char *path, *key;
} File;

static void
file_clear (File *file)
{
  g_free (file->path);
  g_free (file->key);
}

static int
compare_files (gconstpointer a, gconstpointer b)
{
  return strcmp (((const File *)a)->key, ((const File *)b)->key);
}

/* Sorted paths of what is in @folder and wanted. (transfer full) (nullable) */
static GPtrArray *
list_folder (const char *folder, gboolean (*wanted) (const char *folder, const char *name), GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  if (!dir)
    return NULL;
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (File));
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_array_set_clear_func (files, (GDestroyNotify)file_clear);
  for (const char *name; (name = g_dir_read_name (dir));)
    if (*name != '.' && wanted (folder, name))
      {
        g_autofree char *shown = g_filename_display_name (name);
        File file = { g_build_filename (folder, name, NULL), g_utf8_collate_key_for_filename (shown, -1) };
        g_array_append_val (files, file);
      }
  g_array_sort (files, compare_files);
  for (guint i = 0; i < files->len; i++)
    g_ptr_array_add (paths, g_steal_pointer (&g_array_index (files, File, i).path));
  return paths;
}

static gboolean
is_picture (const char *folder, const char *name)
{
  return eng_image_is_candidate (name);
}

static gboolean
is_folder (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

/* A table that cannot be read is said to be so; the pictures open all the same. */
static void
look_for_labels (Look *look, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "labels.csv", NULL);
  GError *error = NULL;
  if (look->found.truth || !g_file_test (path, G_FILE_TEST_EXISTS))
    return;
  look->found.truth = eng_truth_load (path, &error);
  if (error)
    fail_first (look, error);
}

static void
look_into_folder (Look *look, const char *path)
{
  g_autofree char *name = g_filename_display_basename (path);
  GError *error = NULL;
  g_autoptr (GPtrArray) files = list_folder (path, is_picture, &error);
  if (!files)
    {
      fail_first (look, error);
      return;
    }
  /* A folder of folders, one per class. */
  g_autoptr (GPtrArray) folders = files->len == 0 ? list_folder (path, is_folder, NULL) : NULL;
  for (guint i = 0; folders && i < folders->len; i++)
    {
      GPtrArray *more = list_folder (folders->pdata[i], is_picture, NULL);
      if (more)
        g_ptr_array_extend_and_steal (files, more);
    }
  look_for_labels (look, path);
  if (files->len == 0)
    {
      eng_fail (&error, ENG_ERROR_INVALID,
                "The folder %s holds no pictures. Open one with PNG, JPEG, TIFF, WebP or BMP files.", name);
      fail_first (look, error);
    }
  else if (!look->found.folder)
    look->found.folder = g_strdup (path);
  g_ptr_array_extend_and_steal (look->found.pictures, g_steal_pointer (&files));
}

static gboolean
holds_masks (const Look *look, const char *path)
{
  g_autofree char *name = g_path_get_basename (path), *lower = g_ascii_strdown (name, -1);
  return look->hint == UI_OPEN_MASKS || (look->hint == UI_OPEN_ANYTHING && g_str_has_suffix (lower, "masks"));
}

/* Only a folder that has some is taken: one that has none leaves everything as it was. */
static void
look_for_masks (Look *look, const char *path)
{
  GError *error = NULL;
  g_autoptr (EngMasks) masks = eng_masks_open (path, &error);
  if (!masks)
    {
      fail_first (look, error);
      return;
    }
  g_free (look->found.masks);
  look->found.masks = g_strdup (path);
}

static void
look_at_file (Look *look, const char *path)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *lower = g_ascii_strdown (name, -1);
  GError *error = NULL;
  if (g_str_has_suffix (lower, ".npy") || look->hint == UI_OPEN_MAPS)
    g_ptr_array_add (look->found.maps, g_strdup (path));
  else if (g_str_has_suffix (lower, ".onnx") || look->hint == UI_OPEN_MODEL)
    {
      g_free (look->found.model);
      look->found.model = g_strdup (path);
    }
  else if (g_str_has_suffix (lower, ENG_SESSION_SUFFIX))
    {
      g_free (look->found.session);
      look->found.session = g_strdup (path);
    }
  else if (eng_image_is_candidate (path) || look->hint == UI_OPEN_PICTURES)
    {
      g_autofree char *folder = g_path_get_dirname (path);
      g_ptr_array_add (look->found.pictures, g_strdup (path));
      look_for_labels (look, folder);
    }
  else
    {
      eng_fail (&error, ENG_ERROR_UNSUPPORTED,
                "%s is neither a model nor a picture. Sightline opens .onnx files, PNG, JPEG, TIFF, WebP and BMP "
                "pictures, .npy maps and .sightline sessions.",
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
    if (g_file_test (look->paths[i], G_FILE_TEST_IS_DIR) && holds_masks (look, look->paths[i]))
      look_for_masks (look, look->paths[i]);
    else if (g_file_test (look->paths[i], G_FILE_TEST_IS_DIR))
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
  g_free (look->found.session);
  g_free (look->found.folder);
  g_ptr_array_unref (look->found.maps);
  g_free (look->found.masks);
  g_ptr_array_unref (look->found.pictures);
  g_clear_pointer (&look->found.image, eng_image_unref);
  g_clear_pointer (&look->found.truth, eng_truth_unref);
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
  look->found.maps = g_ptr_array_new_with_free_func (g_free);
  look->found.pictures = g_ptr_array_new_with_free_func (g_free);
  look->done = done;
  look->data = data;
  ui_loader_push (UI_LOADER_NOW, look_work, look_done, look);
}
