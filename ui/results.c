/* See results.h. */
#include "ui/results.h"

#include "ui/loader.h"

typedef void (*Failed) (const char *message, gpointer data);
typedef void (*Counted) (guint64 bytes, gpointer data);

static guint limit = UI_RESULTS_MEGABYTES;
static gboolean keeps = TRUE;
static gboolean told; /* that maps cannot be kept */

static EngResultCache *
cache (void)
{
  static EngResultCache *shared;
  if (!shared)
    {
      g_autofree char *folder = g_build_filename (g_get_user_cache_dir (), "sightline", "maps", NULL);
      shared = eng_result_cache_new (folder, (guint64)limit << 20);
    }
  return shared;
}

/* ---- finding ---- */

typedef struct
{
  char *key;
  EngResultCache *cache;
  EngHeatmap *map;
  void (*done) (const char *key, EngHeatmap *map, gpointer data);
  gpointer data;
} Find;

static void
find_work (gpointer data)
{
  Find *find = data;
  if (find->cache)
    find->map = eng_result_cache_find (find->cache, find->key);
}

static void
find_done (gpointer data)
{
  Find *find = data;
  find->done (find->key, find->map, find->data);
  g_clear_pointer (&find->map, eng_heatmap_unref);
  g_free (find->key);
  g_free (find);
}

void
ui_results_find (const char *key, void (*done) (const char *key, EngHeatmap *map, gpointer data), gpointer data)
{
  Find *find = g_new (Find, 1);
  *find = (Find){ g_strdup (key), keeps ? cache () : NULL, NULL, done, data };
  ui_loader_push (UI_LOADER_NOW, find_work, find_done, find);
}

/* ---- keeping ---- */

typedef struct
{
  char *key;
  EngResultCache *cache;
  EngHeatmap *map;
  GError *error;
  Failed failed;
  gpointer data;
  GDestroyNotify destroy;
} Insert;

static void
insert_work (gpointer data)
{
  Insert *insert = data;
  eng_result_cache_insert (insert->cache, insert->key, insert->map, &insert->error);
}

static void
insert_done (gpointer data)
{
  Insert *insert = data;
  if (insert->error && !told && insert->failed)
    {
      told = TRUE;
      insert->failed (insert->error->message, insert->data);
    }
  if (insert->destroy)
    insert->destroy (insert->data);
  g_clear_error (&insert->error);
  eng_heatmap_unref (insert->map);
  g_free (insert->key);
  g_free (insert);
}

void
ui_results_insert (const char *key, EngHeatmap *map, Failed failed, gpointer data, GDestroyNotify destroy)
{
  if (!keeps)
    {
      if (destroy)
        destroy (data);
      return;
    }
  Insert *insert = g_new (Insert, 1);
  *insert = (Insert){ g_strdup (key), cache (), eng_heatmap_ref (map), NULL, failed, data, destroy };
  ui_loader_push (UI_LOADER_WHEN_IDLE, insert_work, insert_done, insert);
}

/* ---- the whole ---- */

typedef struct
{
  EngResultCache *cache;
  gboolean clear;
  guint64 bytes;
  Counted done;
  gpointer data;
} Count;

static void
count_work (gpointer data)
{
  Count *count = data;
  if (count->clear)
    eng_result_cache_clear (count->cache);
  count->bytes = eng_result_cache_size (count->cache);
}

static void
count_done (gpointer data)
{
  Count *count = data;
  count->done (count->bytes, count->data);
  g_free (count);
}

static void
push_count (gboolean clear, Counted done, gpointer data)
{
  Count *count = g_new (Count, 1);
  *count = (Count){ cache (), clear, 0, done, data };
  ui_loader_push (UI_LOADER_NOW, count_work, count_done, count);
}

void
ui_results_size (Counted done, gpointer data)
{
  push_count (FALSE, done, data);
}

void
ui_results_clear (Counted done, gpointer data)
{
  push_count (TRUE, done, data);
}

static void
trim_work (gpointer data)
{
  eng_result_cache_set_limit (cache (), (guint64)GPOINTER_TO_UINT (data) << 20);
}

static void
trim_done (gpointer data)
{
}

void
ui_results_set_keeps (gboolean on)
{
  keeps = on;
}

void
ui_results_set_limit (guint megabytes)
{
  if (megabytes == limit)
    return;
  limit = megabytes;
  cache ();
  ui_loader_push (UI_LOADER_WHEN_IDLE, trim_work, trim_done, GUINT_TO_POINTER (megabytes));
}
