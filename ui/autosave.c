/* See autosave.h. A lock of flock() ends with its process, however that ends. */
#include "ui/autosave.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "ui/history.h"
#include "ui/loader.h"
#include "ui/map-cache.h"

#define LOCK_SUFFIX ".lock"
#define MOST_BYTES ((gsize)8 << 20) /* of maps: those on screen come first, others are in the cache on disk */

struct _UiAutosave
{
  UiSession *session;
  char *path; /* of our own file; NULL: not needed yet */
  int lock;   /* of that file */
  char *orphan;
  int orphan_lock;
  guint timer;
  guint64 written; /* what was written last, see work_of() */
  gboolean writing, ended;
};

static char *
folder_path (void)
{
  return g_build_filename (g_get_user_state_dir (), "sightline", "unsaved", NULL);
}

/* The descriptor, or -1 when somebody else has it. */
static int
lock_file (const char *path)
{
  g_autofree char *name = g_strconcat (path, LOCK_SUFFIX, NULL);
  int lock = g_open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock >= 0 && flock (lock, LOCK_EX | LOCK_NB) != 0)
    {
      close (lock);
      return -1;
    }
  return lock;
}

static void
remove_file (char **path, int *lock)
{
  if (!*path)
    return;
  g_autofree char *name = g_strconcat (*path, LOCK_SUFFIX, NULL);
  g_unlink (*path);
  g_unlink (name);
  if (*lock >= 0)
    close (*lock);
  *lock = -1;
  g_clear_pointer (path, g_free);
}

static gboolean
make_own (UiAutosave *self)
{
  if (self->path)
    return TRUE;
  g_autofree char *folder = folder_path (), *id = g_uuid_string_random ();
  g_autofree char *name = g_strconcat (id, ENG_SESSION_SUFFIX, NULL);
  g_mkdir_with_parents (folder, 0700);
  self->path = g_build_filename (folder, name, NULL);
  self->lock = lock_file (self->path);
  if (self->lock < 0)
    g_clear_pointer (&self->path, g_free); /* a folder that cannot be written: the work is only in memory */
  return self->path != NULL;
}

/* Finished maps and changes count; looking around does not. 0: nothing that anyone would miss. */
static guint64
work_of (UiAutosave *self)
{
  guint done = 0;
  GListModel *slots = ui_session_slots (self->session);
  if (!ui_session_unsaved (self->session))
    return 0;
  for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      done += ui_slot_state (slot) == UI_SLOT_DONE;
    }
  return 1 + ui_history_mark (ui_session_history (self->session)) * 1000 + done;
}

/* ---- writing ---- */

typedef struct
{
  UiAutosave *autosave; /* waits for this before it is freed */
  EngSession *snapshot;
  char *path;
  void (*done) (gpointer data);
  gpointer data;
} Write;

static void
write_work (gpointer data)
{
  Write *write = data;
  eng_session_write (write->snapshot, write->path, NULL);
}

static void
end (UiAutosave *self)
{
  remove_file (&self->path, &self->lock);
  g_free (self);
}

static void
write_done (gpointer data)
{
  Write *write = data;
  UiAutosave *self = write->autosave;
  self->writing = FALSE;
  if (self->ended)
    end (self);
  if (write->done)
    write->done (write->data);
  eng_session_free (write->snapshot);
  g_free (write->path);
  g_free (write);
}

/* What is written twice a minute is a part of what a person would save: all that cannot be made again, and some. */
static EngSession *
take_snapshot (UiAutosave *self)
{
  EngSession *snapshot = ui_session_snapshot (self->session);
  gsize bytes = 0;
  guint n = 0;
  for (; n < snapshot->maps->len; n++)
    {
      const EngSessionMap *map = snapshot->maps->pdata[n];
      bytes += map->map ? ui_map_cache_bytes_of (map->map) : 0;
      if (!map->shown && eng_method_find (map->method, NULL) && bytes > MOST_BYTES)
        break;
    }
  g_ptr_array_set_size (snapshot->maps, (int)n);
  return snapshot;
}

void
ui_autosave_write (UiAutosave *self, void (*done) (gpointer data), gpointer data)
{
  guint64 work = work_of (self);
  if (work == 0 && !self->writing && !self->orphan)
    remove_file (&self->path, &self->lock); /* saved meanwhile */
  if (work == 0 || work == self->written || self->writing || !make_own (self))
    {
      if (done)
        done (data);
      return;
    }
  self->written = work;
  self->writing = TRUE;
  Write *write = g_new (Write, 1);
  *write = (Write){ self, take_snapshot (self), g_strdup (self->path), done, data };
  ui_loader_push (UI_LOADER_NOW, write_work, write_done, write);
}

static gboolean
on_timer (gpointer data)
{
  ui_autosave_write (data, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

/* ---- what was left ---- */

gboolean
ui_autosave_find_orphan (UiAutosave *self)
{
  g_autofree char *folder = folder_path ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  gint64 newest = -1;
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      GStatBuf info;
      int lock;
      if (!g_str_has_suffix (name, ENG_SESSION_SUFFIX) || g_stat (path, &info) != 0 || (gint64)info.st_mtime <= newest
          || (lock = lock_file (path)) < 0)
        continue;
      if (self->orphan)
        {
          close (self->orphan_lock);
          g_free (self->orphan);
        }
      newest = (gint64)info.st_mtime;
      self->orphan = g_steal_pointer (&path);
      self->orphan_lock = lock;
    }
  return self->orphan != NULL;
}

void
ui_autosave_restore (UiAutosave *self)
{
  if (!self->orphan)
    return;
  remove_file (&self->path, &self->lock);
  ui_session_open_file (self->session, self->orphan, TRUE);
  self->path = g_steal_pointer (&self->orphan);
  self->lock = self->orphan_lock;
  self->orphan_lock = -1;
}

void
ui_autosave_dismiss (UiAutosave *self)
{
  remove_file (&self->orphan, &self->orphan_lock);
}

/* ---- birth and end ---- */

UiAutosave *
ui_autosave_new (UiSession *session)
{
  UiAutosave *self = g_new0 (UiAutosave, 1);
  self->session = session;
  self->lock = self->orphan_lock = -1;
  self->timer = g_timeout_add_seconds (UI_AUTOSAVE_SECONDS, on_timer, self);
  return self;
}

void
ui_autosave_free (UiAutosave *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  /* One that nobody answered for stays for the next start. */
  if (self->orphan_lock >= 0)
    close (self->orphan_lock);
  g_clear_pointer (&self->orphan, g_free);
  self->ended = TRUE;
  if (!self->writing)
    end (self);
}
