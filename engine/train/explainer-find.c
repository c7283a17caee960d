/* Where explainers are found. Folders are listed again when they change, files are opened again when they do. */
#include "explainer-private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_FILES 500  /* of a folder, the newest */
#define MOST_KNOWN 4096 /* opened or refused, in all */
#define SETTLED 100000  /* microseconds after which a file system's clock tells a further change apart */

typedef struct
{
  char *path;
  gint64 changed, size; /* when it was opened; microseconds, bytes */
  guint64 inode;
  EngExplainerFile *file; /* NULL: it is no explainer */
} Known;

typedef struct
{
  gint64 changed; /* the folder; -1: list it again */
  GPtrArray *paths;
} Listing;

static struct
{
  GMutex lock;
  GHashTable *known;    /* path -> Known* */
  GHashTable *listings; /* folder -> Listing* */
  GPtrArray *added;     /* char*: the newest first */
} found;

static void
known_free (gpointer data)
{
  Known *self = data;
  eng_explainer_file_unref (self->file);
  g_free (self->path);
  g_free (self);
}

static void
listing_free (gpointer data)
{
  Listing *self = data;
  g_ptr_array_unref (self->paths);
  g_free (self);
}

/* All below: with the lock held. */
static void
begin (void)
{
  if (found.known)
    return;
  found.known = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, known_free);
  found.listings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, listing_free);
  found.added = g_ptr_array_new_with_free_func (g_free);
}

static gint64
time_of (const struct stat *info)
{
  return (gint64)info->st_mtim.tv_sec * G_USEC_PER_SEC + info->st_mtim.tv_nsec / 1000;
}

typedef struct
{
  char *path;
  gint64 changed;
} Candidate;

static int
newest_first (gconstpointer a, gconstpointer b)
{
  const Candidate *x = a, *y = b;
  return x->changed != y->changed ? (x->changed < y->changed ? 1 : -1) : strcmp (x->path, y->path);
}

static void
clear_candidate (gpointer data)
{
  g_free (((Candidate *)data)->path);
}

static GPtrArray *
list (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GArray) candidates = g_array_new (FALSE, FALSE, sizeof (Candidate));
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_array_set_clear_func (candidates, clear_candidate);
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    {
      struct stat info;
      if (!g_str_has_suffix (name, ENG_EXPLAINER_SUFFIX))
        continue;
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (stat (path, &info) != 0 || !S_ISREG (info.st_mode))
        continue;
      Candidate candidate = { g_steal_pointer (&path), time_of (&info) };
      g_array_append_val (candidates, candidate);
    }
  g_array_sort (candidates, newest_first);
  for (guint i = 0; i < candidates->len && i < MOST_FILES; i++)
    g_ptr_array_add (paths, g_steal_pointer (&g_array_index (candidates, Candidate, i).path));
  return paths;
}

/* (transfer none) (nullable) */
static GPtrArray *
paths_in (const char *folder)
{
  struct stat info;
  if (stat (folder, &info) != 0)
    return NULL;
  Listing *listing = g_hash_table_lookup (found.listings, folder);
  if (listing && listing->changed == time_of (&info))
    return listing->paths;
  listing = g_new0 (Listing, 1);
  listing->changed = g_get_real_time () - time_of (&info) > SETTLED ? time_of (&info) : -1;
  listing->paths = list (folder);
  g_hash_table_replace (found.listings, g_strdup (folder), listing);
  return listing->paths;
}

/* (transfer none) (nullable) */
static EngExplainerFile *
file_at (const char *path)
{
  struct stat info;
  Known *known = g_hash_table_lookup (found.known, path);
  if (stat (path, &info) != 0)
    return NULL;
  if (known && known->changed == time_of (&info) && known->size == (gint64)info.st_size
      && known->inode == info.st_ino)
    return known->file;
  if (g_hash_table_size (found.known) >= MOST_KNOWN)
    g_hash_table_remove_all (found.known);
  known = g_new0 (Known, 1);
  *known = (Known){ g_strdup (path), time_of (&info), (gint64)info.st_size, info.st_ino,
                    eng_explainer_file_open (path, NULL) };
  g_hash_table_replace (found.known, known->path, known);
  return known->file;
}

static void
take (GPtrArray *files, GPtrArray *paths, EngModel *model, const EngExplainerKind *kind)
{
  for (guint i = 0; paths && i < paths->len; i++)
    {
      EngExplainerFile *file = file_at (paths->pdata[i]);
      if (file && eng_explainer_file_kind (file) == kind && !g_ptr_array_find (files, file, NULL)
          && eng_explainer_file_belongs (file, model, NULL))
        g_ptr_array_add (files, eng_explainer_file_ref (file));
    }
}

GPtrArray *
eng_explainers_find (EngModel *model, const EngExplainerKind *kind)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify)eng_explainer_file_unref);
  g_autofree char *beside = g_path_get_dirname (eng_model_path (model));
  const char *folder = eng_explainers_folder ();
  g_mutex_lock (&found.lock);
  begin ();
  take (files, found.added, model, kind);
  take (files, paths_in (beside), model, kind);
  take (files, paths_in (folder), model, kind);
  g_mutex_unlock (&found.lock);
  return files;
}

EngExplainerFile *
eng_explainers_open (const char *path, GError **error)
{
  g_mutex_lock (&found.lock);
  begin ();
  EngExplainerFile *file = file_at (path);
  if (file)
    eng_explainer_file_ref (file);
  g_mutex_unlock (&found.lock);
  return file ? file : eng_explainer_file_open (path, error);
}

gboolean
eng_explainers_add (const char *path, EngModel *model, GError **error)
{
  g_autofree char *whole = g_canonicalize_filename (path, NULL);
  g_autoptr (EngExplainerFile) file = eng_explainers_open (whole, error);
  if (!file || !eng_explainer_file_belongs (file, model, error))
    return FALSE;
  g_mutex_lock (&found.lock);
  guint at;
  if (g_ptr_array_find_with_equal_func (found.added, whole, g_str_equal, &at))
    g_ptr_array_remove_index (found.added, at);
  g_ptr_array_insert (found.added, 0, g_steal_pointer (&whole));
  g_mutex_unlock (&found.lock);
  return TRUE;
}

const char *
eng_explainers_folder (void)
{
  static gsize once;
  static char *folder;
  if (g_once_init_enter (&once))
    {
      folder = g_build_filename (g_get_user_data_dir (), "sightline", "explainers", NULL);
      g_once_init_leave (&once, 1);
    }
  return folder;
}

void
eng_explainers_changed (void)
{
  g_mutex_lock (&found.lock);
  begin ();
  g_hash_table_remove_all (found.listings);
  g_mutex_unlock (&found.lock);
}
