/* See result-cache.h. The order of use is the files' modification time, so that several windows and programs may
 * share a folder; sizes are counted once and then kept up. */
#include "result-cache.h"

#include "engine.h"
#include "file.h"
#include "heatmap-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#define SUFFIX ".map"
#define MAX_FILE ((guint64)1 << 30)

struct _EngResultCache
{
  char *folder;
  GMutex lock;
  guint64 limit, size;
  gboolean counted;
};

typedef struct
{
  char *path;
  guint64 size;
  gint64 used;
} File;

EngResultCache *
eng_result_cache_new (const char *folder, guint64 limit)
{
  EngResultCache *self = g_new0 (EngResultCache, 1);
  g_mutex_init (&self->lock);
  self->folder = g_strdup (folder);
  self->limit = limit;
  return self;
}

void
eng_result_cache_free (EngResultCache *self)
{
  if (!self)
    return;
  g_mutex_clear (&self->lock);
  g_free (self->folder);
  g_free (self);
}

char *
eng_result_key (EngModel *model, EngImage *image, const EngMethod *method, int class_index, int contrast,
                const char *layer, const EngValues *values, guint64 seed)
{
  return eng_result_key_of_digest (model, eng_image_sha256 (image), method, class_index, contrast, layer, values,
                                   seed);
}

char *
eng_result_key_of_digest (EngModel *model, const char *image_sha256, const EngMethod *method, int class_index,
                          int contrast, const char *layer, const EngValues *values, guint64 seed)
{
  g_autofree char *json = eng_values_to_json (values), *view = eng_preprocess_describe (eng_model_preprocess (model));
  g_autofree char *further = method->depends_on ? method->depends_on (model, values) : NULL;
  return g_strdup_printf (
      "%s\n%s\n%s\n%s\n%s\n%d\n%d\n%s\n%s\n%" G_GUINT64_FORMAT "\n%s%s%s%s", eng_model_sha256 (model),
      eng_model_output (model), view, image_sha256, method->id, method->class_dependent ? class_index : -1,
      method->allows & ENG_ALLOWS_CONTRAST ? contrast : -1, layer ? layer : "", json, seed, ENG_VERSION,
      eng_get_precision () == ENG_PRECISION_BF16 ? "\nbf16" : "", further ? "\n" : "", further ? further : "");
}

static char *
path_of (EngResultCache *self, const char *key)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);
  g_autofree char *name = g_strconcat (digest, SUFFIX, NULL);
  return g_build_filename (self->folder, name, NULL);
}

static void
clear_file (gpointer data)
{
  g_free (((File *)data)->path);
}

/* Our files in the folder and their total size. (transfer full) */
static GArray *
list_files (EngResultCache *self, guint64 *total)
{
  GArray *files = g_array_new (FALSE, FALSE, sizeof (File));
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  g_array_set_clear_func (files, clear_file);
  *total = 0;
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);
      GStatBuf info;
      if (!g_str_has_suffix (name, SUFFIX) || g_lstat (path, &info) != 0 || !S_ISREG (info.st_mode))
        continue;
      File file = { g_steal_pointer (&path), (guint64)info.st_size, (gint64)info.st_mtime };
      g_array_append_val (files, file);
      *total += file.size;
    }
  return files;
}

static int
oldest_first (gconstpointer a, gconstpointer b)
{
  const File *x = a, *y = b;
  return x->used != y->used ? (x->used > y->used) - (x->used < y->used) : strcmp (x->path, y->path);
}

/* With the lock held. Room for a tenth more, so that not every map that comes has to look through the folder. */
static void
trim (EngResultCache *self)
{
  if (self->counted && self->size <= self->limit)
    return;
  g_autoptr (GArray) files = list_files (self, &self->size);
  self->counted = TRUE;
  if (self->size <= self->limit)
    return;
  g_array_sort (files, oldest_first);
  for (guint i = 0; i < files->len && self->size > self->limit / 10 * 9; i++)
    {
      const File *file = &g_array_index (files, File, i);
      if (g_unlink (file->path) == 0)
        self->size -= MIN (file->size, self->size);
    }
}

EngHeatmap *
eng_result_cache_find (EngResultCache *self, const char *key)
{
  g_autofree char *path = path_of (self, key);
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return NULL;
  g_autoptr (GBytes) bytes = eng_file_read (path, MAX_FILE, NULL);
  EngHeatmap *map = bytes ? eng_heatmap_decode (bytes, path, NULL) : NULL;
  if (map)
    g_utime (path, NULL);
  else
    g_unlink (path);
  return map;
}

gboolean
eng_result_cache_insert (EngResultCache *self, const char *key, const EngHeatmap *map, GError **error)
{
  g_autofree char *path = path_of (self, key);
  g_autoptr (GBytes) bytes = eng_heatmap_encode (map);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  if (g_bytes_get_size (bytes) > self->limit)
    return TRUE;
  if (g_mkdir_with_parents (self->folder, 0700) != 0)
    {
      int problem = errno;
      return eng_fail (error, ENG_ERROR_IO, "%s cannot be made (%s). Maps are not kept on disk.", self->folder,
                       g_strerror (problem));
    }
  if (!eng_write_atomically (path, bytes, error))
    return FALSE;
  self->size += g_bytes_get_size (bytes);
  trim (self);
  return TRUE;
}

guint64
eng_result_cache_size (EngResultCache *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_array_unref (list_files (self, &self->size));
  self->counted = TRUE;
  return self->size;
}

void
eng_result_cache_set_limit (EngResultCache *self, guint64 limit)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  self->limit = limit;
  trim (self);
}

void
eng_result_cache_clear (EngResultCache *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GArray) files = list_files (self, &self->size);
  for (guint i = 0; i < files->len; i++)
    g_unlink (g_array_index (files, File, i).path);
  self->size = 0;
  self->counted = TRUE;
}
