/* The part of the session that has the maps made elsewhere: reads them, shows each with the picture it is about, and
 * writes them down for undo and for session files. See own-map.h and session-private.h. */
#include "ui/loader.h"
#include "ui/own-map.h"
#include "ui/session-private.h"
#include "ui/session-state.h"

#include <string.h>

static UiSlot *
nth (UiSession *self, guint i)
{
  g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->own), i);
  return slot; /* the list holds it */
}

static guint
count (UiSession *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->own));
}

GListModel *
ui_session_own_maps (UiSession *self)
{
  return G_LIST_MODEL (self->own);
}

/* ---- each with its picture ---- */

/* Why the map cannot stand beside those of the model as it is; NULL: it can. (transfer full) */
static char *
objection_to (UiSession *self, UiSlot *slot)
{
  const EngProvenance *made = eng_heatmap_provenance (ui_own_map_get (slot));
  gboolean about_model = self->model && ui_slot_method (slot)->class_dependent;
  if (about_model
      && (strcmp (made->model_sha256, eng_model_sha256 (self->model)) != 0
          || made->class_index >= eng_model_n_classes (self->model)))
    return g_strdup_printf ("%s is about %s, which is not the open model. Open the map again to say that it is about "
                            "this one.",
                            ui_slot_name (slot), made->model_name);
  if (self->picture && ui_picture_width (self->picture) > 0 && !ui_session_fits (self, ui_own_map_get (slot)))
    return g_strdup_printf ("%s was made for another size or crop of the picture than the model sees now. Undo the "
                            "change of the preprocessing to see it.",
                            ui_slot_name (slot));
  return NULL;
}

static char *
key_for (UiSession *self, UiSlot *slot)
{
  g_autofree char *view = self->model ? eng_preprocess_describe (eng_model_preprocess (self->model)) : g_strdup ("");
  return g_strdup_printf ("own\n%s\n%s\n%s\n%s\n%s", ui_own_map_digest (slot), ui_own_map_image_sha256 (slot), view,
                          self->model ? eng_model_sha256 (self->model) : "",
                          self->model ? eng_model_output (self->model) : "");
}

static void
show (UiSession *self, UiSlot *slot)
{
  g_autofree char *key = key_for (self, slot), *objection = objection_to (self, slot);
  ui_slot_set_objection (slot, objection);
  if (!objection && g_strcmp0 (key, ui_slot_key (slot)) != 0)
    ui_slot_show_map (slot, key, ui_own_map_get (slot));
}

void
ui_session_refresh_own (UiSession *self)
{
  const char *sha256 = self->picture ? ui_picture_sha256 (self->picture) : NULL;
  gboolean moved = FALSE;
  for (guint i = 0; i < count (self); i++)
    {
      UiSlot *slot = nth (self, i);
      gboolean here =
          sha256 && (self->model || self->lost_model) && g_strcmp0 (sha256, ui_own_map_image_sha256 (slot)) == 0;
      if (here)
        show (self, slot);
      else if (ui_slot_key (slot))
        ui_slot_clear (slot);
      moved |= ui_slot_away (slot) == here;
      ui_slot_set_away (slot, !here);
    }
  if (moved)
    gtk_filter_changed (gtk_filter_list_model_get_filter (self->tiles), GTK_FILTER_CHANGE_DIFFERENT);
  ui_session_pump_own (self);
}

/* ---- coming and going ---- */

void
ui_session_add_own (UiSession *self, UiSlot *slot)
{
  ui_slot_set_away (slot, TRUE); /* until it is looked at */
  ui_session_watch_slot (self, slot);
  g_list_store_append (self->own, slot);
}

void
ui_session_drop_own (UiSession *self, UiSlot *slot)
{
  guint position;
  if (!g_list_store_find (self->own, slot, &position))
    return;
  g_signal_handlers_disconnect_by_data (slot, self);
  ui_slot_clear (slot);
  g_list_store_remove (self->own, position);
  g_signal_emit (self, ui_session_signals[JOBS_CHANGED], 0);
}

void
ui_session_clear_own (UiSession *self)
{
  g_ptr_array_set_size (self->own_waiting, 0);
  g_clear_handle_id (&self->paint_timer, g_source_remove);
  while (count (self) > 0)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (G_LIST_MODEL (self->own), 0);
      if (self->closed)
        ui_session_drop_own (self, slot);
      else
        ui_session_remove (self, slot);
    }
  g_hash_table_remove_all (self->own_maps);
}

void
ui_session_move_own (UiSession *self, const char *from, const char *to)
{
  for (guint i = 0; i < count (self); i++)
    if (g_str_equal (ui_own_map_picture (nth (self, i)), from))
      ui_own_map_set_picture (nth (self, i), to);
}

static UiSlot *
find (UiSession *self, const char *digest)
{
  for (guint i = 0; i < count (self); i++)
    if (!ui_own_map_mask (nth (self, i)) && g_str_equal (ui_own_map_digest (nth (self, i)), digest))
      return nth (self, i);
  return NULL;
}

/* Two files may have one name: the second is told apart by a number. */
static void
name_apart (UiSession *self, UiSlot *slot)
{
  const char *name = eng_heatmap_provenance (ui_own_map_get (slot))->method_name;
  guint number = 1;
  for (guint i = 0; i < count (self); i++)
    if (g_str_equal (ui_own_map_image_sha256 (nth (self, i)), ui_own_map_image_sha256 (slot))
        && g_strcmp0 (eng_heatmap_provenance (ui_own_map_get (nth (self, i)))->method_name, name) == 0)
      number++;
  g_autofree char *title = g_strdup_printf ("%s (%u)", name, number);
  if (number > 1)
    ui_slot_set_title (slot, title);
}

static void
add_imported (UiSession *self, EngHeatmap *map, const char *digest, const char *picture)
{
  if (find (self, digest))
    return;
  g_autoptr (UiSlot) slot = ui_own_map_new (map, digest, picture);
  name_apart (self, slot);
  ui_session_add_own (self, slot);
}

/* ---- reading ---- */

typedef struct
{
  UiSession *session;
  EngModel *model;
  EngImage *image;
  char *path, *picture, *digest;
  int class_index;
  EngHeatmap *map;
  GError *error;
} Import;

static void
import_work (gpointer data)
{
  Import *import = data;
  import->map = eng_heatmap_import (import->path, import->model, import->image, import->class_index, &import->error);
  if (import->map)
    import->digest = ui_own_map_digest_of (import->map);
}

static void
import_done (gpointer data)
{
  Import *import = data;
  UiSession *self = import->session;
  if (!self->closed && import->error)
    ui_session_report (self, import->error->message, "win.open-map");
  else if (!self->closed)
    {
      g_hash_table_insert (self->own_maps, g_strdup (import->digest), eng_heatmap_ref (import->map));
      add_imported (self, import->map, import->digest, import->picture);
      ui_session_refresh_own (self);
    }
  g_clear_pointer (&import->map, eng_heatmap_unref);
  g_clear_error (&import->error);
  eng_image_unref (import->image);
  g_object_unref (import->model);
  g_object_unref (import->session);
  g_free (import->path);
  g_free (import->picture);
  g_free (import->digest);
  g_free (import);
}

static void
start_import (UiSession *self, const char *path)
{
  Import *import = g_new0 (Import, 1);
  import->session = g_object_ref (self);
  import->model = g_object_ref (self->model);
  import->image = eng_image_ref (ui_picture_image (self->picture));
  import->path = g_strdup (path);
  import->picture = g_strdup (ui_picture_path (self->picture));
  import->class_index = ui_session_target (self);
  ui_loader_push (UI_LOADER_NOW, import_work, import_done, import);
}

/* What a map lacks to be read; NULL: nothing, or only a moment. @action: opens it. */
static const char *
missing (UiSession *self, const char **action)
{
  if (self->opening)
    return NULL;
  *action = "win.open-model";
  if (!self->model)
    return "A map is about a model, and none is open. Open the model first, then the map again.";
  *action = "win.open-images";
  if (!self->picture)
    return "A map is about a picture, and none is open. Open the picture first, then the map again.";
  if (ui_picture_lost (self->picture))
    return "The picture is not where it was. Locate it first, then open the map again.";
  *action = "";
  return self->prediction_problem;
}

void
ui_session_pump_own (UiSession *self)
{
  const char *action = "", *lacks = missing (self, &action);
  if (self->own_waiting->len == 0 || self->closed)
    return;
  gboolean ready = !self->opening && self->model && self->picture && ui_picture_image (self->picture)
                   && ui_session_target (self) >= 0;
  if (!lacks && !ready)
    return;
  g_autoptr (GPtrArray) paths = self->own_waiting;
  self->own_waiting = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < paths->len && !lacks; i++)
    start_import (self, paths->pdata[i]);
  if (lacks)
    {
      g_autofree char *name = g_filename_display_basename (paths->pdata[0]);
      g_autofree char *text = g_strdup_printf ("%s was not opened. %s", name, lacks);
      ui_session_report (self, text, action);
    }
}

void
ui_session_import_map (UiSession *self, const char *path)
{
  if (self->closed)
    return;
  g_ptr_array_add (self->own_waiting, g_canonicalize_filename (path, NULL));
  ui_session_pump_own (self);
}

/* ---- undo and session files ---- */

void
ui_session_write_own (UiSession *self, EngSession *out)
{
  for (guint i = 0; i < count (self); i++)
    {
      UiSlot *slot = nth (self, i);
      EngHeatmap *map = ui_own_map_get (slot);
      if (ui_own_map_mask (slot))
        continue; /* it is part of the state */
      EngSessionMap *entry = eng_session_map_new ();
      entry->picture = g_strdup (ui_own_map_picture (slot));
      entry->method = g_strdup (ui_slot_method (slot)->id);
      entry->values = g_strdup ("{}");
      entry->layer = g_strdup (ui_own_map_digest (slot));
      entry->class_index = eng_heatmap_provenance (map)->class_index;
      entry->map = eng_heatmap_ref (map);
      g_ptr_array_add (out->maps, entry);
    }
}

gboolean
ui_session_read_own (UiSession *self, const EngSessionMap *map)
{
  if (!ui_own_map_is_imported (map->method))
    return FALSE;
  if (!map->map || !map->layer)
    return TRUE;
  g_hash_table_insert (self->own_maps, g_strdup (map->layer), eng_heatmap_ref (map->map));
  add_imported (self, map->map, map->layer, map->picture);
  return TRUE;
}

/* Which there are. The values of imported ones stay with the session; masks are written out: they are small. */
void
ui_session_save_own (UiSession *self, JsonObject *out)
{
  JsonArray *maps = json_array_new (), *masks = json_array_new ();
  for (guint i = 0; i < count (self); i++)
    {
      UiSlot *slot = nth (self, i);
      UiMask *mask = ui_own_map_mask (slot);
      if (mask && ui_mask_painted (mask) == 0)
        continue; /* erased to nothing: it goes when the stroke ends */
      JsonObject *row = json_object_new ();
      json_object_set_string_member (row, "picture", ui_own_map_picture (slot));
      if (mask)
        {
          json_object_set_string_member (row, "image", ui_own_map_image_sha256 (slot));
          ui_mask_save (mask, row);
        }
      else
        json_object_set_string_member (row, "map", ui_own_map_digest (slot));
      json_array_add_object_element (mask ? masks : maps, row);
    }
  json_object_set_array_member (out, "maps", maps);
  json_object_set_array_member (out, "masks", masks);
}

UiSlot *
ui_session_find_mask (UiSession *self, const char *image_sha256)
{
  for (guint i = 0; i < count (self); i++)
    if (ui_own_map_mask (nth (self, i)) && g_str_equal (ui_own_map_image_sha256 (nth (self, i)), image_sha256))
      return nth (self, i);
  return NULL;
}

static gboolean
load_row (UiSession *self, const EngJson *row, GHashTable *stay, GError **error)
{
  g_autofree char *picture = NULL, *digest = NULL;
  if (!eng_json_string (row, "picture", &picture, error) || !eng_json_string (row, "map", &digest, error))
    return FALSE;
  EngHeatmap *map = digest ? g_hash_table_lookup (self->own_maps, digest) : NULL;
  if (!map || !picture)
    return TRUE; /* there was no room for it in the file */
  add_imported (self, map, digest, picture);
  g_hash_table_add (stay, find (self, digest));
  return TRUE;
}

/* A session may lie elsewhere now, with its pictures. */
static char *
place_of (UiSession *self, const char *image_sha256, const char *as_written)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->pictures)); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      if (g_strcmp0 (ui_picture_sha256 (picture), image_sha256) == 0)
        return g_strdup (ui_picture_path (picture));
    }
  return g_strdup (as_written);
}

static gboolean
load_mask (UiSession *self, const EngJson *row, GHashTable *stay, GError **error)
{
  g_autofree char *picture = NULL, *image = NULL;
  if (!eng_json_string (row, "picture", &picture, error) || !eng_json_string (row, "image", &image, error))
    return FALSE;
  UiMask *mask = ui_mask_load (row, error);
  if (!mask || !picture || !image)
    {
      ui_mask_free (mask);
      return !mask ? FALSE : eng_json_fail (row, picture ? "image" : "picture", "the picture of the mask", error);
    }
  UiSlot *slot = ui_session_find_mask (self, image);
  if (slot)
    ui_own_map_set_mask (slot, mask);
  else
    {
      g_autofree char *place = place_of (self, image, picture);
      g_autoptr (UiSlot) made = slot = ui_own_map_new_painted (mask, place, image);
      ui_session_add_own (self, slot);
    }
  g_hash_table_add (stay, slot);
  return TRUE;
}

static gboolean
load_rows (UiSession *self, const EngJson *in, const char *key,
           gboolean (*load) (UiSession *self, const EngJson *row, GHashTable *stay, GError **error), GHashTable *stay,
           GError **error)
{
  gboolean ok = TRUE;
  if (!eng_json_has (in, key))
    return TRUE;
  if (!eng_json_is_array (in, key))
    return eng_json_fail (in, key, "a list", error);
  JsonArray *rows = json_object_get_array_member (in->object, key);
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonNode *node = json_array_get_element (rows, i);
      EngJson row = { JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, in->origin, "own-maps." };
      ok = (row.object ? load (self, &row, stay, ok ? error : NULL)
                       : eng_json_fail (in, key, "a list of objects", ok ? error : NULL))
           && ok;
    }
  return ok;
}

gboolean
ui_session_load_own (UiSession *self, const EngJson *in, GError **error)
{
  g_autoptr (GHashTable) stay = g_hash_table_new (NULL, NULL);
  gboolean ok = load_rows (self, in, "maps", load_row, stay, error);
  ok = load_rows (self, in, "masks", load_mask, stay, ok ? error : NULL) && ok;
  for (guint i = count (self); i-- > 0;)
    if (!g_hash_table_contains (stay, nth (self, i)))
      ui_session_remove (self, nth (self, i));
  return ok;
}

const UiStateWord ui_session_own_words[] = {
  { "maps", "imported map" },
  { "masks", "own mask" },
  { NULL, NULL },
};

/* ---- birth and end ---- */

GListModel *
ui_session_own_init (UiSession *self)
{
  GListStore *lists = g_list_store_new (G_TYPE_LIST_MODEL);
  self->own = g_list_store_new (UI_TYPE_SLOT);
  self->own_maps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_heatmap_unref);
  self->own_waiting = g_ptr_array_new_with_free_func (g_free);
  g_list_store_append (lists, self->slots);
  g_list_store_append (lists, self->own);
  g_signal_connect (self, "notify::target", G_CALLBACK (ui_session_pump_own), NULL);
  return G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (lists)));
}

void
ui_session_own_free (UiSession *self)
{
  g_clear_object (&self->own);
  g_hash_table_unref (self->own_maps);
  g_ptr_array_unref (self->own_waiting);
}
