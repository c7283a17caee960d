/* Reading what somebody else may have written: see session-file.h. Nothing is opened here; a path is only looked for.
 */
#include "session-file.h"

#include "engine.h"
#include "file.h"
#include "json-read.h"
#include "preprocess-json.h"

#include <math.h>
#include <string.h>

#define MOST_PICTURES 1000000
#define MOST_FILES 1000000
#define MOST_MAPS 20000
#define MOST_LOGITS 1000000
#define MOST_TEXT 100000

/* A text of at most @most bytes; @out stays NULL when the key is absent. */
static gboolean
read_text (const EngJson *json, const char *key, gsize most, char **out, GError **error)
{
  if (!eng_json_has (json, key))
    return TRUE;
  JsonNode *node = json_object_get_member (json->object, key);
  const char *text = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
                         ? json_node_get_string (node)
                         : NULL;
  if (!text || strlen (text) > most)
    return eng_json_fail (json, key, "a text of sensible length", error);
  *out = g_strdup (text);
  return TRUE;
}

static gboolean
read_digest (const EngJson *json, char **out, GError **error)
{
  if (!read_text (json, "sha256", 64, out, error))
    return FALSE;
  if (*out && strlen (*out) != 64)
    return eng_json_fail (json, "sha256", "64 hexadecimal digits", error);
  return TRUE;
}

/* (transfer full): a plain absolute path, of what may not exist. */
static char *
clean_path (const char *folder, const char *text)
{
  gboolean is_uri = g_str_has_prefix (text, "file://");
  g_autofree char *path = is_uri ? g_filename_from_uri (text, NULL, NULL) : g_strdup (text);
  return path ? g_canonicalize_filename (path, folder) : NULL;
}

/* Where the session lies, and what lies near it instead of where it was: char* -> char*. */
typedef struct
{
  const char *folder;
  GHashTable *moved;
} Places;

/* The path near the session if there is a file, else the one it had; missing files keep the latter. */
static gboolean
read_path (const EngJson *json, Places *places, char **out, GError **error)
{
  g_autofree char *path = NULL, *relative = NULL;
  if (!read_text (json, "path", ENG_SESSION_MOST_PATH, &path, error)
      || !read_text (json, "relative", ENG_SESSION_MOST_PATH, &relative, error))
    return FALSE;
  if (!path && !relative)
    return eng_json_fail (json, "path", "the path of a file", error);
  g_autofree char *near = relative ? clean_path (places->folder, relative) : NULL;
  g_autofree char *far = path ? clean_path (places->folder, path) : NULL;
  if (!near && !far)
    return eng_json_fail (json, "path", "the path of a file", error);
  gboolean is_near = near && (!far || g_file_test (near, G_FILE_TEST_EXISTS));
  if (is_near && path && g_strcmp0 (near, path) != 0)
    g_hash_table_insert (places->moved, g_steal_pointer (&path), g_strdup (near));
  *out = is_near ? g_steal_pointer (&near) : g_steal_pointer (&far);
  return TRUE;
}

/* In all texts of @node. JSON is UTF-8: other paths stay as they were. */
static void
move_paths (JsonNode *node, Places *places)
{
  g_autoptr (GList) nodes = JSON_NODE_HOLDS_OBJECT (node)  ? json_object_get_values (json_node_get_object (node))
                            : JSON_NODE_HOLDS_ARRAY (node) ? json_array_get_elements (json_node_get_array (node))
                                                           : NULL;
  const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
  const char *near = text ? g_hash_table_lookup (places->moved, text) : NULL;
  for (GList *l = nodes; l; l = l->next)
    move_paths (l->data, places);
  if (near && g_utf8_validate (near, -1, NULL))
    json_node_set_string (node, near);
}

/* The array at @key, of objects; NULL when there is none. */
static gboolean
read_array (const EngJson *json, const char *key, guint most, JsonArray **out, GError **error)
{
  *out = NULL;
  if (!eng_json_has (json, key))
    return TRUE;
  if (!eng_json_is_array (json, key))
    return eng_json_fail (json, key, "a list", error);
  JsonArray *array = json_object_get_array_member (json->object, key);
  gboolean good = json_array_get_length (array) <= most;
  for (guint i = 0; good && i < json_array_get_length (array); i++)
    good = JSON_NODE_HOLDS_OBJECT (json_array_get_element (array, i));
  if (!good)
    return eng_json_fail (json, key, "a list of objects of sensible length", error);
  *out = array;
  return TRUE;
}

static gboolean
read_model (const EngJson *root, Places *places, EngSession *self, GError **error)
{
  EngJson json;
  if (!eng_json_object (root, "model", "model.", &json, error))
    return FALSE;
  if (!json.object)
    return TRUE;
  return read_path (&json, places, &self->model, error) && read_digest (&json, &self->model_sha256, error)
         && read_text (&json, "output", MOST_TEXT, &self->model_output, error);
}

/* Values that are not numbers, or are no float32, are as good as none. */
static void
take_logits (EngSessionPicture *picture, const char *text)
{
  gsize size;
  g_autofree guchar *data = g_base64_decode (text, &size);
  gsize n = size / sizeof (float);
  if (n == 0 || size % sizeof (float) || n > MOST_LOGITS)
    return;
  picture->logits = g_new (float, n);
  picture->n_logits = (int)n;
  for (gsize i = 0; i < n; i++)
    {
      guint32 bits;
      memcpy (&bits, data + i * sizeof bits, sizeof bits);
      bits = GUINT32_FROM_LE (bits);
      memcpy (&picture->logits[i], &bits, sizeof bits);
      if (!isfinite (picture->logits[i]))
        {
          g_clear_pointer (&picture->logits, g_free);
          picture->n_logits = 0;
          return;
        }
    }
}

static gboolean
read_pictures (const EngJson *root, Places *places, EngSession *self, GError **error)
{
  JsonArray *array;
  if (!read_array (root, "pictures", MOST_PICTURES, &array, error))
    return FALSE;
  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      EngJson json = { json_array_get_object_element (array, i), root->origin, "pictures." };
      EngSessionPicture *picture = eng_session_picture_new (NULL, NULL);
      g_autofree char *logits = NULL;
      g_ptr_array_add (self->pictures, picture);
      if (!read_path (&json, places, &picture->path, error) || !read_digest (&json, &picture->sha256, error)
          || !read_text (&json, "logits", MOST_LOGITS * 6, &logits, error))
        return FALSE;
      if (logits)
        take_logits (picture, logits);
    }
  return TRUE;
}

/* What else the session names; nothing is kept of it but where it is now. */
static gboolean
read_files (const EngJson *root, Places *places, GError **error)
{
  JsonArray *array;
  if (!read_array (root, "files", MOST_FILES, &array, error))
    return FALSE;
  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      EngJson json = { json_array_get_object_element (array, i), root->origin, "files." };
      g_autofree char *path = NULL;
      if (!read_path (&json, places, &path, error))
        return FALSE;
    }
  return TRUE;
}

static void
take_map (EngSessionMap *map, const char *text, const char *origin)
{
  gsize size;
  guchar *data = g_base64_decode (text, &size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
  map->map = eng_heatmap_decode (bytes, origin, NULL);
}

/* The text of the object at @key; @out stays NULL when it is absent. */
static gboolean
read_object (const EngJson *json, const char *key, const char *prefix, Places *places, char **out, GError **error)
{
  EngJson object;
  if (!eng_json_object (json, key, prefix, &object, error))
    return FALSE;
  JsonNode *node = object.object ? json_object_get_member (json->object, key) : NULL;
  if (node)
    {
      move_paths (node, places);
      *out = json_to_string (node, FALSE);
    }
  return TRUE;
}

static gboolean
read_map (const EngJson *json, Places *places, const EngSession *self, EngSessionMap *map, GError **error)
{
  int picture = -1;
  g_autofree char *seed = NULL, *data = NULL;
  if (!eng_json_int (json, "picture", 0, (int)self->pictures->len - 1, &picture, error)
      || !read_text (json, "method", MOST_TEXT, &map->method, error)
      || !read_object (json, "values", "maps.values.", places, &map->values, error)
      || !read_text (json, "layer", MOST_TEXT, &map->layer, error)
      || !eng_json_int (json, "class", -1, G_MAXINT, &map->class_index, error)
      || !eng_json_int (json, "contrast", -1, G_MAXINT, &map->contrast, error)
      || !eng_json_double (json, "progress", 0, 1, &map->progress, error)
      || !eng_json_bool (json, "shown", &map->shown, error) || !read_text (json, "seed", 20, &seed, error)
      || !read_text (json, "map", ENG_JSON_MAX_FILE, &data, error))
    return FALSE;
  if (picture < 0)
    return eng_json_fail (json, "picture", "the place of a picture in the list", error);
  if (!map->method)
    return eng_json_fail (json, "method", "the id of a method", error);
  if (seed && !g_ascii_string_to_unsigned (seed, 10, 0, G_MAXUINT64, &map->seed, NULL))
    return eng_json_fail (json, "seed", "a whole number in a text", error);
  map->picture = g_strdup (((EngSessionPicture *)self->pictures->pdata[picture])->path);
  if (!map->values)
    map->values = g_strdup ("{}");
  if (data)
    take_map (map, data, json->origin);
  return TRUE;
}

static gboolean
read_maps (const EngJson *root, Places *places, EngSession *self, GError **error)
{
  JsonArray *array;
  if (!read_array (root, "maps", MOST_MAPS, &array, error))
    return FALSE;
  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      EngJson json = { json_array_get_object_element (array, i), root->origin, "maps." };
      EngSessionMap *map = eng_session_map_new ();
      g_ptr_array_add (self->maps, map);
      if (!read_map (&json, places, self, map, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_version (const EngJson *root, GError **error)
{
  g_autofree char *format = NULL;
  int version = 0;
  if (!read_text (root, "format", MOST_TEXT, &format, NULL) || g_strcmp0 (format, "sightline-session") != 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s is not a session of Sightline.", root->origin);
  if (!eng_json_int (root, "version", 1, G_MAXINT, &version, error))
    return FALSE;
  if (version > ENG_SESSION_VERSION)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s was saved by a newer Sightline (format %d; this one reads %d). Update Sightline to open it.",
                     root->origin, version, ENG_SESSION_VERSION);
  return version > 0 || eng_json_fail (root, "version", "a whole number", error);
}

static gboolean
read_root (const EngJson *root, Places *places, EngSession *self, GError **error)
{
  g_autofree char *saved_as = NULL;
  if (!check_version (root, error) || !read_model (root, places, self, error)
      || !read_pictures (root, places, self, error) || !read_files (root, places, error)
      || !eng_json_int (root, "current", -1, (int)self->pictures->len - 1, &self->current, error)
      || !read_maps (root, places, self, error) || !read_object (root, "state", "state.", places, &self->state, error)
      || !read_text (root, "saved-as", ENG_SESSION_MOST_PATH, &saved_as, error))
    return FALSE;
  self->saved_as = saved_as ? clean_path (places->folder, saved_as) : NULL;
  return TRUE;
}

EngSession *
eng_session_decode (GBytes *bytes, const char *path, GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  g_autofree char *name = g_filename_display_basename (path), *folder = g_path_get_dirname (path);
  g_autofree char *absolute = g_canonicalize_filename (folder, NULL);
  g_autoptr (GHashTable) moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Places places = { absolute, moved };
  g_autoptr (GError) inner = NULL;
  g_autoptr (JsonNode) node = text ? eng_json_parse (text, (gssize)size, name, &inner) : NULL;
  g_autoptr (EngSession) self = eng_session_new ();
  if (!node)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s is no session, or it is cut short. Open another copy of it.", name);
      return NULL;
    }
  EngJson root = { json_node_get_object (node), name, "" };
  return read_root (&root, &places, self, error) ? g_steal_pointer (&self) : NULL;
}

EngSession *
eng_session_load (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = eng_file_read (path, ENG_JSON_MAX_FILE, error);
  return bytes ? eng_session_decode (bytes, path, error) : NULL;
}

EngModel *
eng_session_prepare_model (const EngSession *self, EngModel *model, const char *name, GError **error)
{
  g_autoptr (JsonNode) node = self->state ? eng_json_parse (self->state, -1, name, NULL) : NULL;
  EngJson state = { node ? json_node_get_object (node) : NULL, name, "" }, json;
  EngPreprocess *now = eng_model_preprocess (model);
  if (!eng_json_object (&state, "preprocess", "preprocess.", &json, error))
    return NULL;
  g_autoptr (EngPreprocess) wanted = eng_preprocess_read (model, now, &json, error);
  if (!wanted)
    return NULL;
  return eng_preprocess_same (wanted, now) ? g_object_ref (model) : eng_model_with_preprocess (model, wanted, error);
}
