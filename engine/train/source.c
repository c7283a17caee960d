/* See source.h. */
#include "source.h"

#include "../csv.h"
#include "../error.h"
#include "../file.h"
#include "../masks.h"
#include "../random.h"
#include "../truth.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define MAX_PATH 4096 /* bytes, in a list */
#define ANY_FOLDER "*/"

static void
picture_free (gpointer data)
{
  EngTrainPicture *self = data;
  g_free (self->name);
  g_free (self->path);
  g_free (self->label);
  g_free (self);
}

void
eng_train_found_free (EngTrainFound *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->pictures);
  g_ptr_array_unref (self->skipped);
  g_free (self->labels_name);
  g_free (self);
}

static void
skip (EngTrainFound *self, const char *name, const char *reason)
{
  g_autofree char *shown = g_filename_display_name (name);
  g_ptr_array_add (self->skipped, g_strdup_printf ("%s: %s", shown, reason));
}

/* @path: (transfer full) */
static void
add (EngTrainFound *self, const char *name, char *path, const char *label, const GStatBuf *info)
{
  EngTrainPicture *picture = g_new0 (EngTrainPicture, 1);
  picture->name = g_filename_display_name (name);
  picture->path = path;
  picture->label = g_strdup (label);
  picture->size = info->st_size;
  picture->changed = (gint64)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
  g_ptr_array_add (self->pictures, picture);
}

/* ---- a folder ---- */

typedef struct
{
  EngTrainFound *found;
  GHashTable *visited; /* folders: links may lead in circles */
  const char *source;
  const GStatBuf *labels; /* the list of labels is no picture left out; NULL */
  guint files;
} Scan;

static void
take_file (Scan *self, const char *name, char *path, const GStatBuf *info)
{
  gboolean labels = self->labels && self->labels->st_dev == info->st_dev && self->labels->st_ino == info->st_ino;
  if (S_ISREG (info->st_mode) && eng_image_is_candidate (path))
    {
      add (self->found, name, path, NULL, info);
      return;
    }
  if (!S_ISREG (info->st_mode))
    skip (self->found, name, "a device or a pipe");
  else if (!labels)
    skip (self->found, name, "not named like a picture");
  g_free (path);
}

/* FALSE: seen before. */
static gboolean
visit (Scan *self, const GStatBuf *info)
{
  return g_hash_table_add (self->visited, g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                                                           (guint64)info->st_dev, (guint64)info->st_ino));
}

/* @below: path below the source, "" for itself. */
static gboolean
scan (Scan *self, const char *folder, const char *below, int depth, GError **error)
{
  GStatBuf info;
  g_autoptr (GError) inner = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &inner);
  if (g_stat (folder, &info) == 0 && !visit (self, &info))
    return TRUE;
  if (!dir && depth == 0)
    return eng_fail (error, ENG_ERROR_IO, "%s", inner->message);
  if (!dir || depth > ENG_TRAIN_MAX_DEPTH)
    {
      skip (self->found, below, dir ? "too many folders in folders" : inner->message);
      return TRUE;
    }
  for (const char *entry; (entry = g_dir_read_name (dir));)
    {
      if (*entry == '.')
        continue;
      g_autofree char *path = g_build_filename (folder, entry, NULL);
      g_autofree char *name = *below ? g_strconcat (below, "/", entry, NULL) : g_strdup (entry);
      if (++self->files > ENG_TRAIN_MAX_FILES)
        return eng_fail (error, ENG_ERROR_ARGUMENT, "%s holds more than %d files. Choose a smaller folder.",
                         self->source, ENG_TRAIN_MAX_FILES);
      if (g_stat (path, &info) != 0)
        skip (self->found, name, g_strerror (errno));
      else if (!S_ISDIR (info.st_mode))
        take_file (self, name, g_steal_pointer (&path), &info);
      else if (!scan (self, path, name, depth + 1, error))
        return FALSE;
    }
  return TRUE;
}

/* Where all pictures lie in subfolders, these are their labels. */
static void
label_by_folder (EngTrainFound *self)
{
  for (guint i = 0; i < self->pictures->len; i++)
    if (!strchr (((EngTrainPicture *)self->pictures->pdata[i])->name, '/'))
      return;
  for (guint i = 0; i < self->pictures->len; i++)
    {
      EngTrainPicture *picture = self->pictures->pdata[i];
      picture->label = g_path_get_dirname (picture->name);
    }
}

/* "a/b.c.png" -> "a/b.c", FALSE where nothing is left of the name. */
static gboolean
drop_ending (char *name)
{
  char *dot = strrchr (name, '.'), *slash = strrchr (name, '/');
  if (!dot || (slash && dot <= slash + 1) || dot == name)
    return FALSE;
  *dot = '\0';
  return TRUE;
}

/* The picture whose mask @name would be, by the rule of masks.h: "a/masks/b.cat.png" is one of "a/b.png". @stems:
 * names of all pictures without endings. NULL: none. (transfer full) */
static char *
masked_by (GHashTable *stems, const char *name)
{
  g_autofree char *folder = g_path_get_dirname (name), *last = g_path_get_basename (folder);
  if (strcmp (last, ENG_MASKS_BESIDE) != 0)
    return NULL;
  g_autofree char *base = g_path_get_basename (name), *above = g_path_get_dirname (folder);
  g_autofree char *stem = strcmp (above, ".") == 0 ? g_steal_pointer (&base) : g_build_path ("/", above, base, NULL);
  while (drop_ending (stem))
    if (g_hash_table_contains (stems, stem))
      return g_steal_pointer (&stem);
  return NULL;
}

/* What is true of the pictures is nothing to learn from. */
static void
leave_out_masks (EngTrainFound *self)
{
  g_autoptr (GHashTable) stems = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) all = g_steal_pointer (&self->pictures);
  g_ptr_array_set_free_func (all, NULL); /* each goes on or is freed below */
  self->pictures = g_ptr_array_new_with_free_func (picture_free);
  for (guint i = 0; i < all->len; i++)
    {
      g_autofree char *stem = g_strdup (((EngTrainPicture *)all->pdata[i])->name);
      if (drop_ending (stem))
        g_hash_table_add (stems, g_steal_pointer (&stem));
    }
  for (guint i = 0; i < all->len; i++)
    {
      EngTrainPicture *picture = all->pdata[i];
      g_autofree char *of = masked_by (stems, picture->name);
      if (!of)
        {
          g_ptr_array_add (self->pictures, picture);
          continue;
        }
      g_autofree char *reason = g_strdup_printf ("the mask of an object in %s", of);
      skip (self, picture->name, reason);
      picture_free (picture);
    }
}

/* ---- tables ---- */

typedef gboolean (*TakeRow) (const char *name, const char *label, gpointer data, GError **error);

/* Rows name,label of the file @path without titles and empty lines; a label may be missing: "". */
static gboolean
read_table (const char *path, TakeRow take, gpointer data, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GBytes) bytes = eng_file_read (path, ENG_TRUTH_MAX_FILE, error);
  g_auto (EngCsv) csv = { 0 };
  g_autoptr (GError) inner = NULL;
  gsize length = 0;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  if (!bytes || !eng_csv_init (&csv, text ? text : "", length, name, error))
    return FALSE;
  csv.trim = TRUE;
  csv.longest = MAX_PATH;
  csv.most = 2;
  eng_csv_guess_separator (&csv);
  for (guint row = 0; !inner && eng_csv_next (&csv, &inner); row++)
    {
      const char *first = eng_csv_field (&csv, 0);
      if (row >= ENG_TRAIN_MAX_FILES)
        return eng_fail (error, ENG_ERROR_ARGUMENT, "%s has more than %d rows. Split it.", name, ENG_TRAIN_MAX_FILES);
      if ((row == 0 && eng_truth_is_title (first)) || (!*first && csv.fields->len == 1))
        continue;
      if (!*first)
        return eng_fail (error, ENG_ERROR_INVALID, "%s: line %u has no name. Write name,label in each line.", name,
                         csv.row_line);
      if (!take (first, eng_csv_field (&csv, 1), data, error))
        return FALSE;
    }
  if (!inner)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&inner));
  return FALSE;
}

typedef struct
{
  EngTrainFound *found;
  GHashTable *paths;
  char *folder;
} List;

static gboolean
take_listed (const char *name, const char *label, gpointer data, GError **error)
{
  List *self = data;
  g_autofree char *path = g_canonicalize_filename (name, self->folder);
  GStatBuf info;
  if (!g_hash_table_add (self->paths, g_strdup (path)))
    skip (self->found, name, "listed twice");
  else if (g_stat (path, &info) != 0)
    skip (self->found, name, g_strerror (errno));
  else if (!S_ISREG (info.st_mode))
    skip (self->found, name, S_ISDIR (info.st_mode) ? "a folder" : "a device or a pipe");
  else
    add (self->found, name, g_steal_pointer (&path), *label ? label : NULL, &info);
  return TRUE;
}

static gboolean
read_list (EngTrainFound *self, const char *path, GError **error)
{
  List list = { self, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL), g_path_get_dirname (path) };
  gboolean ok = read_table (path, take_listed, &list, error);
  self->labels_name = g_filename_display_basename (path);
  g_hash_table_unref (list.paths);
  g_free (list.folder);
  return ok;
}

/* By the name as written, and as any-folder/NAME unless two pictures are called so. */
static gboolean
take_label (const char *name, const char *label, gpointer data, GError **error)
{
  GHashTable *labels = data;
  g_autofree char *base = g_path_get_basename (name), *any = g_strconcat (ANY_FOLDER, base, NULL);
  gboolean shared = g_hash_table_contains (labels, any);
  if (strcmp (base, name) != 0)
    g_hash_table_replace (labels, g_steal_pointer (&any), g_strdup (shared ? "" : label));
  g_hash_table_replace (labels, g_strdup (name), g_strdup (label));
  return TRUE;
}

static gboolean
read_labels (EngTrainFound *self, const char *path, GError **error)
{
  g_autoptr (GHashTable) labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!read_table (path, take_label, labels, error))
    return FALSE;
  self->labels_name = g_filename_display_basename (path);
  for (guint i = 0; i < self->pictures->len; i++)
    {
      EngTrainPicture *picture = self->pictures->pdata[i];
      g_autofree char *base = g_path_get_basename (picture->name), *any = g_strconcat (ANY_FOLDER, base, NULL);
      const char *label = g_hash_table_lookup (labels, picture->name);
      label = label ? label : g_hash_table_lookup (labels, base);
      label = label ? label : g_hash_table_lookup (labels, any);
      picture->label = label && *label ? g_strdup (label) : NULL;
    }
  return TRUE;
}

/* ---- all of it ---- */

static int
by_path (gconstpointer a, gconstpointer b)
{
  const EngTrainPicture *const *x = a, *const *y = b;
  return strcmp ((*x)->path, (*y)->path);
}

/* Fisher and Yates, of which the first @most are kept. */
static void
choose (GPtrArray *pictures, guint most, guint64 seed)
{
  g_autoptr (GRand) random = eng_random_new (seed, 0);
  if (pictures->len <= most)
    return;
  for (guint i = 0; i < most; i++)
    {
      guint k = (guint)g_rand_int_range (random, (gint32)i, (gint32)pictures->len);
      gpointer other = pictures->pdata[i];
      pictures->pdata[i] = pictures->pdata[k];
      pictures->pdata[k] = other;
    }
  g_ptr_array_set_size (pictures, (int)most);
  g_ptr_array_sort (pictures, by_path);
}

EngTrainFound *
eng_train_find (const EngTrainSource *source, GError **error)
{
  g_autoptr (EngTrainFound) self = g_new0 (EngTrainFound, 1);
  g_autoptr (GHashTable) visited = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *path = g_canonicalize_filename (source->path, NULL);
  g_autofree char *name = g_filename_display_basename (path);
  GStatBuf labels;
  gboolean folder = g_file_test (path, G_FILE_TEST_IS_DIR);
  self->pictures = g_ptr_array_new_with_free_func (picture_free);
  self->skipped = g_ptr_array_new_with_free_func (g_free);
  if (!folder && source->labels)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "%s is a list, which has its labels. A list of labels goes with a folder.",
                name);
      return NULL;
    }
  Scan state = { self, visited, name, NULL, 0 };
  if (source->labels && g_stat (source->labels, &labels) == 0)
    state.labels = &labels;
  if (!(folder ? scan (&state, path, "", 0, error) : read_list (self, path, error)))
    return NULL;
  if (folder)
    leave_out_masks (self);
  g_ptr_array_sort (self->pictures, by_path);
  if (source->labels && !read_labels (self, source->labels, error))
    return NULL;
  if (folder && !source->labels)
    label_by_folder (self);
  if (source->most > 0)
    choose (self->pictures, (guint)source->most, source->seed);
  return g_steal_pointer (&self);
}

/* ---- classes ---- */

static void
add_class (GArray *classes, int class_index)
{
  for (guint i = 0; i < classes->len; i++)
    if (g_array_index (classes, int, i) == class_index)
      return;
  if (class_index >= 0)
    g_array_append_val (classes, class_index);
}

int *
eng_train_found_classes (const EngTrainFound *self, const EngTrainPicture *picture, GHashTable *names,
                         EngModel *model)
{
  GArray *classes = g_array_new (FALSE, FALSE, sizeof (int));
  gboolean folders = !self->labels_name;
  g_auto (GStrv) parts = picture->label ? g_strsplit (picture->label, folders ? "/" : ";", -1) : NULL;
  guint n = parts ? g_strv_length (parts) : 0;
  if (folders)
    for (guint i = n; i > 0 && classes->len == 0; i--)
      add_class (classes, eng_class_names_find (names, model, parts[i - 1], !eng_model_has_labels (model)));
  else if (n > 0)
    {
      /* A class may have a semicolon in its name. */
      add_class (classes, eng_class_names_find (names, model, picture->label, TRUE));
      gboolean whole = classes->len > 0;
      for (guint i = 0; i < n && !whole; i++)
        add_class (classes, eng_class_names_find (names, model, g_strstrip (parts[i]), TRUE));
    }
  const int end = -1;
  g_array_append_val (classes, end);
  return (int *)g_array_free (classes, FALSE);
}
