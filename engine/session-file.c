/* See session-file.h. This file writes and holds; session-read.c reads. */
#include "session-file.h"

#include "digest.h"
#include "engine.h"
#include "json-read.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define MOST_MAP_BYTES ((gsize)40 << 20) /* base64; of the 64 MB that are read again */
#define MOST_LOGIT_BYTES ((gsize)8 << 20)

/* ---- what it consists of ---- */

static void
picture_free (gpointer data)
{
  EngSessionPicture *self = data;
  g_free (self->path);
  g_free (self->sha256);
  g_free (self->logits);
  g_free (self);
}

EngSessionPicture *
eng_session_picture_new (const char *path, const char *sha256)
{
  EngSessionPicture *self = g_new0 (EngSessionPicture, 1);
  self->path = g_strdup (path);
  self->sha256 = g_strdup (sha256);
  return self;
}

EngSessionMap *
eng_session_map_new (void)
{
  EngSessionMap *self = g_new0 (EngSessionMap, 1);
  self->class_index = self->contrast = -1;
  self->progress = 1;
  return self;
}

EngSessionMap *
eng_session_map_copy (const EngSessionMap *self)
{
  EngSessionMap *copy = g_new (EngSessionMap, 1);
  *copy = *self;
  copy->picture = g_strdup (self->picture);
  copy->method = g_strdup (self->method);
  copy->values = g_strdup (self->values);
  copy->layer = g_strdup (self->layer);
  copy->map = self->map ? eng_heatmap_ref (self->map) : NULL;
  return copy;
}

void
eng_session_map_free (EngSessionMap *self)
{
  g_free (self->picture);
  g_free (self->method);
  g_free (self->values);
  g_free (self->layer);
  g_clear_pointer (&self->map, eng_heatmap_unref);
  g_free (self);
}

gboolean
eng_session_map_equal (const EngSessionMap *a, const EngSessionMap *b)
{
  return a->class_index == b->class_index && a->contrast == b->contrast && a->seed == b->seed
         && g_strcmp0 (a->method, b->method) == 0 && g_strcmp0 (a->picture, b->picture) == 0
         && g_strcmp0 (a->layer, b->layer) == 0 && g_strcmp0 (a->values, b->values) == 0;
}

EngSession *
eng_session_new (void)
{
  EngSession *self = g_new0 (EngSession, 1);
  self->pictures = g_ptr_array_new_with_free_func (picture_free);
  self->maps = g_ptr_array_new_with_free_func ((GDestroyNotify)eng_session_map_free);
  self->current = -1;
  return self;
}

void
eng_session_free (EngSession *self)
{
  if (!self)
    return;
  g_free (self->model);
  g_free (self->model_sha256);
  g_free (self->model_output);
  g_ptr_array_unref (self->pictures);
  g_ptr_array_unref (self->maps);
  g_free (self->state);
  g_free (self->saved_as);
  g_free (self);
}

/* ---- writing ---- */

static void
add_text (JsonBuilder *b, const char *key, const char *text)
{
  if (!text)
    return;
  json_builder_set_member_name (b, key);
  json_builder_add_string_value (b, text);
}

static void
add_int (JsonBuilder *b, const char *key, gint64 value)
{
  json_builder_set_member_name (b, key);
  json_builder_add_int_value (b, value);
}

/* JSON is UTF-8, file names are bytes: what is not UTF-8 travels as a URI. */
static void
add_name (JsonBuilder *b, const char *key, const char *path)
{
  g_autofree char *uri = g_utf8_validate (path, -1, NULL) ? NULL : g_filename_to_uri (path, NULL, NULL);
  add_text (b, key, uri ? uri : g_utf8_validate (path, -1, NULL) ? path : NULL);
}

/* @path as seen from @folder, with ".." where needed; NULL where they have nothing in common. (transfer full) */
static char *
relative_path (const char *folder, const char *path)
{
  g_auto (GStrv) from = g_strsplit (folder, "/", -1), to = g_strsplit (path, "/", -1);
  guint common = 0;
  while (from[common] && to[common] && g_str_equal (from[common], to[common]))
    common++;
  if (common < 2 || !to[common])
    return NULL;
  GString *text = g_string_new (NULL);
  for (char **part = from + common; *part; part++)
    if (**part)
      g_string_append (text, "../");
  for (char **part = to + common; *part; part++)
    g_string_append_printf (text, "%s%s", part == to + common ? "" : "/", *part);
  return g_string_free (text, FALSE);
}

static void
add_file (JsonBuilder *b, const char *folder, const char *path, const char *sha256)
{
  g_autofree char *relative = relative_path (folder, path);
  add_name (b, "path", path);
  if (relative && g_utf8_validate (relative, -1, NULL) && strlen (relative) <= ENG_SESSION_MOST_PATH)
    add_text (b, "relative", relative);
  add_text (b, "sha256", sha256);
}

static void
add_pictures (JsonBuilder *b, const EngSession *self, const char *folder)
{
  gsize room = MOST_LOGIT_BYTES;
  json_builder_set_member_name (b, "pictures");
  json_builder_begin_array (b);
  for (guint i = 0; i < self->pictures->len; i++)
    {
      const EngSessionPicture *picture = self->pictures->pdata[i];
      json_builder_begin_object (b);
      add_file (b, folder, picture->path, picture->sha256);
      gsize need = sizeof (float) * (gsize)picture->n_logits / 3 * 4 + 4;
      if (picture->logits && need <= room)
        {
          room -= need;
          g_autofree guint32 *words = g_new (guint32, picture->n_logits);
          memcpy (words, picture->logits, sizeof *words * (gsize)picture->n_logits);
          for (int k = 0; k < picture->n_logits; k++)
            words[k] = GUINT32_TO_LE (words[k]);
          g_autofree char *text = g_base64_encode ((const guint8 *)words, sizeof *words * (gsize)picture->n_logits);
          add_text (b, "logits", text);
        }
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
}

/* @room: bytes left for values. */
static void
add_map (JsonBuilder *b, const EngSessionMap *map, guint picture, gsize *room)
{
  g_autofree char *seed = g_strdup_printf ("%" G_GUINT64_FORMAT, map->seed);
  JsonNode *values = json_from_string (map->values ? map->values : "{}", NULL);
  json_builder_begin_object (b);
  add_int (b, "picture", picture);
  add_text (b, "method", map->method);
  if (values)
    {
      json_builder_set_member_name (b, "values");
      json_builder_add_value (b, values);
    }
  add_text (b, "layer", map->layer);
  add_int (b, "class", map->class_index);
  add_int (b, "contrast", map->contrast);
  add_text (b, "seed", seed);
  json_builder_set_member_name (b, "progress");
  json_builder_add_double_value (b, map->progress);
  if (map->shown)
    {
      json_builder_set_member_name (b, "shown");
      json_builder_add_boolean_value (b, TRUE);
    }
  if (map->map)
    {
      g_autoptr (GBytes) bytes = eng_heatmap_encode (map->map);
      gsize size = g_bytes_get_size (bytes), need = size / 3 * 4 + 4;
      if (need <= *room)
        {
          g_autofree char *text = g_base64_encode (g_bytes_get_data (bytes, NULL), size);
          add_text (b, "map", text);
          *room -= need;
        }
    }
  json_builder_end_object (b);
}

static void
add_maps (JsonBuilder *b, const EngSession *self)
{
  gsize room = MOST_MAP_BYTES;
  g_autoptr (GHashTable) places = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < self->pictures->len; i++)
    g_hash_table_insert (places, ((EngSessionPicture *)self->pictures->pdata[i])->path, GUINT_TO_POINTER (i + 1));
  json_builder_set_member_name (b, "maps");
  json_builder_begin_array (b);
  for (guint i = 0; i < self->maps->len; i++)
    {
      const EngSessionMap *map = self->maps->pdata[i];
      guint place = GPOINTER_TO_UINT (g_hash_table_lookup (places, map->picture));
      if (place > 0)
        add_map (b, map, place - 1, &room);
    }
  json_builder_end_array (b);
}

/* What the state and the parameters of methods name besides: a folder of masks, a trained explainer. They are known
 * by what they look like, since only the readers of these texts know what they say; what is no path does no harm, for
 * no file is there. */
typedef struct
{
  const char *folder;
  GHashTable *known; /* char*, borrowed: paths that are written already */
  JsonBuilder *b;
} Others;

static void
add_others (Others *self, JsonNode *node)
{
  g_autoptr (GList) nodes = JSON_NODE_HOLDS_OBJECT (node)  ? json_object_get_values (json_node_get_object (node))
                            : JSON_NODE_HOLDS_ARRAY (node) ? json_array_get_elements (json_node_get_array (node))
                                                           : NULL;
  const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
  for (GList *l = nodes; l; l = l->next)
    add_others (self, l->data);
  if (!text || !g_path_is_absolute (text) || strlen (text) > ENG_SESSION_MOST_PATH)
    return;
  g_autofree char *relative = relative_path (self->folder, text);
  if (!relative || !g_hash_table_add (self->known, (gpointer)text))
    return;
  json_builder_begin_object (self->b);
  add_file (self->b, self->folder, text, NULL);
  json_builder_end_object (self->b);
}

/* @root: everything else that the file holds */
static void
add_other_files (const EngSession *self, JsonObject *root, const char *folder)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (JsonBuilder) b = json_builder_new ();
  Others others = { folder, known, b };
  JsonArray *maps = json_object_get_array_member (root, "maps");
  for (guint i = 0; i < self->pictures->len; i++)
    g_hash_table_add (known, ((EngSessionPicture *)self->pictures->pdata[i])->path);
  if (self->model)
    g_hash_table_add (known, self->model);
  json_builder_begin_array (b);
  if (json_object_has_member (root, "state"))
    add_others (&others, json_object_get_member (root, "state"));
  for (guint i = 0; i < json_array_get_length (maps); i++)
    if (json_object_has_member (json_array_get_object_element (maps, i), "values"))
      add_others (&others, json_object_get_member (json_array_get_object_element (maps, i), "values"));
  json_builder_end_array (b);
  json_object_set_member (root, "files", json_builder_get_root (b));
}

GBytes *
eng_session_encode (const EngSession *self, const char *folder)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_object (b);
  add_text (b, "format", "sightline-session");
  add_int (b, "version", ENG_SESSION_VERSION);
  add_text (b, "program", ENG_VERSION);
  if (self->saved_as)
    add_name (b, "saved-as", self->saved_as);
  if (self->model)
    {
      json_builder_set_member_name (b, "model");
      json_builder_begin_object (b);
      add_file (b, folder, self->model, self->model_sha256);
      add_text (b, "output", self->model_output);
      json_builder_end_object (b);
    }
  add_int (b, "current", self->current);
  add_pictures (b, self, folder);
  JsonNode *state = self->state ? json_from_string (self->state, NULL) : NULL;
  if (state)
    {
      json_builder_set_member_name (b, "state");
      json_builder_add_value (b, state);
    }
  add_maps (b, self);
  json_builder_end_object (b);
  g_autoptr (JsonNode) root = json_builder_get_root (b);
  add_other_files (self, json_node_get_object (root), folder);
  char *text = json_to_string (root, TRUE);
  return g_bytes_new_take (text, strlen (text));
}

gboolean
eng_session_write (const EngSession *self, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path), *name = g_filename_display_basename (path);
  g_autoptr (GBytes) bytes = eng_session_encode (self, folder);
  if (g_bytes_get_size (bytes) > ENG_JSON_MAX_FILE)
    return eng_fail (error, ENG_ERROR_IO,
                     "%s would be larger than %d MB, which is not opened again. Take pictures away (it lists %u).",
                     name, ENG_JSON_MAX_FILE >> 20, self->pictures->len);
  return eng_write_atomically (path, bytes, error);
}

char *
eng_session_stamp (const char *path)
{
  GStatBuf info;
  if (g_stat (path, &info) != 0)
    return NULL;
  /* One that is written as a whole is another inode. */
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld",
                          (guint64)info.st_ino, (gint64)info.st_size, (gint64)info.st_mtim.tv_sec,
                          (long)info.st_mtim.tv_nsec);
}

char *
eng_session_digest (const char *path)
{
  return eng_digest_file (path, NULL, NULL);
}
