/* See map-cache.h. A hash table for finding and a queue for the order of use. */
#include "ui/map-cache.h"

#define TEXT_BYTES 3000 /* of a map's provenance and key: more than the values of a coarse one */

typedef struct
{
  char *key;
  EngHeatmap *map;
  gsize bytes;
} Entry;

struct _UiMapCache
{
  GHashTable *links; /* key -> GList* of @order */
  GQueue order;      /* Entry*, last used first */
  gsize used, limit;
};

static void
entry_free (Entry *entry)
{
  g_free (entry->key);
  eng_heatmap_unref (entry->map);
  g_free (entry);
}

gsize
ui_map_cache_bytes_of (const EngHeatmap *map)
{
  int steps;
  eng_heatmap_trajectory (map, &steps);
  GBytes *state = eng_heatmap_state (map);
  gsize cells = (gsize)eng_heatmap_rows (map) * (gsize)eng_heatmap_cols (map);
  return TEXT_BYTES + cells * sizeof (float) * (gsize)(eng_heatmap_channels (map) + steps)
         + sizeof (EngTrajectoryStep) * (gsize)steps + (state ? g_bytes_get_size (state) : 0);
}

UiMapCache *
ui_map_cache_new (gsize limit)
{
  UiMapCache *self = g_new0 (UiMapCache, 1);
  self->links = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->order);
  self->limit = limit;
  return self;
}

void
ui_map_cache_free (UiMapCache *self)
{
  g_hash_table_unref (self->links);
  g_queue_clear_full (&self->order, (GDestroyNotify)entry_free);
  g_free (self);
}

EngHeatmap *
ui_map_cache_find (UiMapCache *self, const char *key)
{
  GList *link = g_hash_table_lookup (self->links, key);
  if (!link)
    return NULL;
  g_queue_unlink (&self->order, link);
  g_queue_push_head_link (&self->order, link);
  return ((Entry *)link->data)->map;
}

static void
remove_link (UiMapCache *self, GList *link)
{
  Entry *entry = link->data;
  self->used -= entry->bytes;
  g_hash_table_remove (self->links, entry->key);
  entry_free (entry);
  g_queue_delete_link (&self->order, link);
}

static void
trim (UiMapCache *self)
{
  while (self->used > self->limit && self->order.length > 1)
    remove_link (self, self->order.tail);
}

void
ui_map_cache_insert (UiMapCache *self, const char *key, EngHeatmap *map)
{
  GList *old = g_hash_table_lookup (self->links, key);
  Entry *entry = g_new (Entry, 1);
  *entry = (Entry){ g_strdup (key), eng_heatmap_ref (map), ui_map_cache_bytes_of (map) };
  if (old)
    remove_link (self, old);
  g_queue_push_head (&self->order, entry);
  g_hash_table_insert (self->links, entry->key, self->order.head);
  self->used += entry->bytes;
  trim (self);
}

void
ui_map_cache_set_limit (UiMapCache *self, gsize limit)
{
  self->limit = limit;
  trim (self);
}
