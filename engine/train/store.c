/* See store.h. The file: a header, the pictures one after the other, and for each picture looked at "+DIGEST" or
 * "-reason", ended by a zero byte. Numbers are in the machine's own form: a file from another kind of machine is not
 * taken for whole. */
#include "store.h"

#include "../digest.h"
#include "../error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define MAGIC "Sightline views\1"
#define SUFFIX ".views"
#define DIGEST 64
#define ROW 64 /* bytes: where a picture and its numbers begin */
#define START 4096
#define FORGOTTEN (24 * 3600) /* seconds: a file that was never finished */

typedef struct
{
  char magic[16], digest[DIGEST]; /* of all that follows */
  char key[DIGEST];
  guint64 view, logits, frozen, pictures, count, notes;
} Header;

G_STATIC_ASSERT (sizeof (Header) <= START);

struct _EngTrainStore
{
  EngTrainLayout layout;
  gsize logits_at, frozen_at, each; /* bytes in the part of a picture; of all of it */
  char *folder, *path, *part;       /* @part: the file's name while it is made; NULL: it has none */
  char key[DIGEST + 1];
  int fd;
  guint8 *map;
  gsize mapped;
  guint count;
  GPtrArray *notes; /* char* */
};

static gsize
rounded (gsize n)
{
  return (n + ROW - 1) / ROW * ROW;
}

static EngTrainStore *
make (const char *folder, const char *key, const EngTrainLayout *layout)
{
  EngTrainStore *self = g_new0 (EngTrainStore, 1);
  g_autofree char *digest = eng_digest_data (key, strlen (key));
  g_autofree char *name = g_strconcat (digest, SUFFIX, NULL);
  memcpy (self->key, digest, sizeof self->key);
  self->folder = g_strdup (folder);
  self->path = folder ? g_build_filename (folder, name, NULL) : NULL;
  self->layout = *layout;
  self->logits_at = rounded (layout->view);
  self->frozen_at = self->logits_at + rounded (sizeof (float) * layout->logits);
  self->each = self->frozen_at + rounded (sizeof (float) * layout->frozen);
  self->fd = -1;
  self->notes = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
eng_train_store_free (EngTrainStore *self)
{
  if (!self)
    return;
  if (self->map)
    munmap (self->map, self->mapped);
  if (self->fd >= 0)
    close (self->fd);
  if (self->part)
    g_unlink (self->part);
  g_ptr_array_unref (self->notes);
  g_free (self->folder);
  g_free (self->path);
  g_free (self->part);
  g_free (self);
}

/* ---- making ---- */

static gboolean
fail_room (const EngTrainStore *self, gsize bytes, int code, GError **error)
{
  const char *folder = self->folder ? self->folder : g_get_tmp_dir ();
  g_autofree char *size = g_format_size (bytes);
  return eng_fail (error, ENG_ERROR_IO,
                   "%u prepared pictures take %s in %s, which cannot be written: %s. Make room there, or take fewer "
                   "pictures.",
                   self->layout.pictures, size, folder, g_strerror (code));
}

static gboolean
take_room (EngTrainStore *self, gsize from, gsize n, GError **error)
{
  int code;
  do
    code = posix_fallocate (self->fd, (off_t)from, (off_t)n);
  while (code == EINTR);
  return code == 0 || fail_room (self, from + n, code, error);
}

static gboolean
open_new (EngTrainStore *self, GError **error)
{
  self->part = self->folder ? g_strconcat (self->path, ".XXXXXX", NULL)
                            : g_build_filename (g_get_tmp_dir (), "sightline-views.XXXXXX", NULL);
  if (self->folder && g_mkdir_with_parents (self->folder, 0700) != 0)
    {
      g_clear_pointer (&self->part, g_free);
      return fail_room (self, self->mapped, errno, error);
    }
  self->fd = g_mkstemp_full (self->part, O_RDWR | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      int code = errno;
      g_clear_pointer (&self->part, g_free);
      return fail_room (self, self->mapped, code, error);
    }
  if (!self->folder)
    {
      g_unlink (self->part);
      g_clear_pointer (&self->part, g_free);
    }
  return TRUE;
}

EngTrainStore *
eng_train_store_new (const char *folder, const char *key, const EngTrainLayout *layout, GError **error)
{
  g_autoptr (EngTrainStore) self = make (folder, key, layout);
  if (!g_size_checked_mul (&self->mapped, self->each, layout->pictures)
      || !g_size_checked_add (&self->mapped, self->mapped, START) || self->mapped > G_MAXOFFSET / 2)
    {
      eng_fail (error, ENG_ERROR_MEMORY, "%u pictures are more than can be prepared. Take fewer.", layout->pictures);
      return NULL;
    }
  if (!open_new (self, error) || !take_room (self, 0, self->mapped, error))
    return NULL;
  void *map = mmap (NULL, self->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
  if (map == MAP_FAILED)
    {
      fail_room (self, self->mapped, errno, error);
      return NULL;
    }
  self->map = map;
  return g_steal_pointer (&self);
}

void
eng_train_store_note (EngTrainStore *self, gboolean in, const char *text)
{
  g_ptr_array_add (self->notes, g_strconcat (in ? "+" : "-", text, NULL));
  self->count += in;
}

/* ---- keeping ---- */

static gsize
notes_at (const EngTrainStore *self)
{
  return START + self->count * self->each;
}

static void
fill_header (const EngTrainStore *self, gsize notes, Header *header)
{
  *header = (Header){ .magic = MAGIC,
                      .view = self->layout.view,
                      .logits = self->layout.logits,
                      .frozen = self->layout.frozen,
                      .pictures = self->layout.pictures,
                      .count = self->count,
                      .notes = notes };
  memcpy (header->key, self->key, DIGEST);
}

/* @map: all of the file. (transfer full) */
static char *
digest_of (const guint8 *map, gsize size)
{
  gsize from = G_STRUCT_OFFSET (Header, key);
  return eng_digest_data (map + from, size - from);
}

typedef struct
{
  char *path;
  guint64 size;
  gint64 used;
} File;

static int
oldest_first (gconstpointer a, gconstpointer b)
{
  const File *x = a, *y = b;
  return x->used != y->used ? (x->used > y->used) - (x->used < y->used) : strcmp (x->path, y->path);
}

static void
clear_file (gpointer data)
{
  g_free (((File *)data)->path);
}

/* Other files in the folder: the longest unused go when they take too much, and what was never finished. */
static void
trim (const EngTrainStore *self)
{
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (File));
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  guint64 total = 0;
  g_array_set_clear_func (files, clear_file);
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);
      gboolean whole = g_str_has_suffix (name, SUFFIX);
      GStatBuf info;
      if (!strstr (name, SUFFIX) || strcmp (path, self->path) == 0 || g_lstat (path, &info) != 0
          || !S_ISREG (info.st_mode))
        continue;
      if (!whole && info.st_mtime + FORGOTTEN < g_get_real_time () / G_USEC_PER_SEC)
        g_unlink (path);
      File file = { whole ? g_steal_pointer (&path) : NULL, (guint64)info.st_size, (gint64)info.st_mtime };
      if (whole)
        g_array_append_val (files, file);
      total += whole ? file.size : 0;
    }
  g_array_sort (files, oldest_first);
  for (guint i = 0; i < files->len && total > ENG_TRAIN_STORE_MOST; i++)
    {
      const File *file = &g_array_index (files, File, i);
      if (g_unlink (file->path) == 0)
        total -= file->size;
    }
}

/* Maps the file anew as what it is now. */
static gboolean
map_all (EngTrainStore *self, gsize size, int access)
{
  if (self->map)
    munmap (self->map, self->mapped);
  void *map = mmap (NULL, size, access, MAP_SHARED, self->fd, 0);
  self->map = map == MAP_FAILED ? NULL : map;
  self->mapped = size;
  return self->map != NULL;
}

gboolean
eng_train_store_finish (EngTrainStore *self, GError **error)
{
  g_autoptr (GByteArray) notes = g_byte_array_new ();
  for (guint i = 0; i < self->notes->len; i++)
    g_byte_array_append (notes, self->notes->pdata[i], (guint)strlen (self->notes->pdata[i]) + 1);
  g_assert (self->notes->len == self->layout.pictures);
  gsize at = notes_at (self), size = at + notes->len;
  if (ftruncate (self->fd, (off_t)at) != 0)
    return fail_room (self, size, errno, error);
  if ((notes->len > 0 && !take_room (self, at, notes->len, error)))
    return FALSE;
  if (!map_all (self, size, PROT_READ | PROT_WRITE))
    return fail_room (self, size, errno, error);
  memcpy (self->map + at, notes->data, notes->len);
  Header header;
  fill_header (self, notes->len, &header);
  memcpy (self->map, &header, sizeof header);
  if (!self->folder)
    return TRUE;
  g_autofree char *digest = digest_of (self->map, size);
  memcpy (self->map + G_STRUCT_OFFSET (Header, digest), digest, DIGEST);
  if (g_rename (self->part, self->path) != 0)
    return fail_room (self, size, errno, error);
  g_clear_pointer (&self->part, g_free);
  trim (self);
  return TRUE;
}

/* ---- finding it again ---- */

/* Takes the notes if they are as many as pictures and agree with @count. */
static gboolean
read_notes (EngTrainStore *self, gsize at)
{
  guint in = 0;
  while (at < self->mapped)
    {
      const char *note = (const char *)self->map + at;
      const char *end = memchr (note, 0, self->mapped - at);
      if (!end || (*note != '+' && *note != '-') || self->notes->len == self->layout.pictures
          || !g_utf8_validate (note, end - note, NULL))
        return FALSE;
      in += *note == '+';
      g_ptr_array_add (self->notes, g_strdup (note));
      at += (gsize)(end - note) + 1;
    }
  return in == self->count && self->notes->len == self->layout.pictures;
}

static gboolean
read_file (EngTrainStore *self)
{
  struct stat info;
  Header header, expected;
  self->fd = open (self->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (self->fd < 0 || fstat (self->fd, &info) != 0 || !S_ISREG (info.st_mode) || info.st_size < START
      || !map_all (self, (gsize)info.st_size, PROT_READ))
    return FALSE;
  memcpy (&header, self->map, sizeof header);
  if (header.count > self->layout.pictures)
    return FALSE;
  self->count = (guint)header.count;
  gsize at = notes_at (self);
  if (at > self->mapped || header.notes != self->mapped - at)
    return FALSE;
  fill_header (self, (gsize)header.notes, &expected);
  memcpy (expected.digest, header.digest, DIGEST);
  if (memcmp (&header, &expected, sizeof header) != 0)
    return FALSE;
  g_autofree char *digest = digest_of (self->map, self->mapped);
  return memcmp (digest, header.digest, DIGEST) == 0 && read_notes (self, at);
}

EngTrainStore *
eng_train_store_open (const char *folder, const char *key, const EngTrainLayout *layout)
{
  g_autoptr (EngTrainStore) self = make (folder, key, layout);
  gsize all;
  if (!g_size_checked_mul (&all, self->each, layout->pictures) || all > G_MAXOFFSET / 2 || !read_file (self))
    return NULL;
  /* The order of use. */
  g_utime (self->path, NULL);
  return g_steal_pointer (&self);
}

/* ---- what is in it ---- */

const EngTrainLayout *
eng_train_store_layout (const EngTrainStore *self)
{
  return &self->layout;
}

guint8 *
eng_train_store_view (const EngTrainStore *self, guint i)
{
  return self->map + START + i * self->each;
}

float *
eng_train_store_logits (const EngTrainStore *self, guint i)
{
  return (float *)(gpointer)(eng_train_store_view (self, i) + self->logits_at);
}

float *
eng_train_store_frozen (const EngTrainStore *self, guint i)
{
  return (float *)(gpointer)(eng_train_store_view (self, i) + self->frozen_at);
}

gboolean
eng_train_store_get_note (const EngTrainStore *self, guint i, const char **text)
{
  const char *note = self->notes->pdata[i];
  *text = note + 1;
  return *note == '+';
}

guint
eng_train_store_count (const EngTrainStore *self)
{
  return self->count;
}
