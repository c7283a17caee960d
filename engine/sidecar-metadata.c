/* What an ONNX file says about its own input (metadata_props): Sightline's keys as strings, or WinML's
 * Image.* keys. Both are put into the form of a sidecar, so that one reader checks them. */
#include "sidecar.h"

#include <string.h>

/* A metadata value is JSON where it reads as such, else a string. */
static void
add_member (JsonObject *object, const char *key, const char *value)
{
  g_autofree char *wrapped = g_strdup_printf ("{\"v\": %s}", value);
  g_autoptr (JsonNode) node = eng_json_parse (wrapped, -1, "", NULL);
  JsonNode *member = node ? json_object_get_member (json_node_get_object (node), "v") : NULL;
  if (member)
    json_object_set_member (object, key, json_node_copy (member));
  else
    json_object_set_string_member (object, key, value);
}

/* https://learn.microsoft.com/windows/ai/windows-ml: how pixels are scaled, and in which order they lie. */
static const struct
{
  const char *range, *scale;
  double mean, std;
} winml[] = {
  { "NominalRange_0_255", "0-255", 0, 1 },
  { "Normalized_0_1", "0-1", 0, 1 },
  { "Normalized_1_1", "0-1", 0.5, 0.5 },
};

static void
add_winml (JsonObject *object, GHashTable *metadata)
{
  const char *range = g_hash_table_lookup (metadata, "Image.NominalPixelRange");
  const char *format = g_hash_table_lookup (metadata, "Image.BitmapPixelFormat");
  for (guint i = 0; range && i < G_N_ELEMENTS (winml); i++)
    if (strcmp (winml[i].range, range) == 0)
      {
        json_object_set_string_member (object, "scale", winml[i].scale);
        json_object_set_double_member (object, "mean", winml[i].mean);
        json_object_set_double_member (object, "std", winml[i].std);
        json_object_set_string_member (object, "channel_order",
                                       format && g_str_has_prefix (format, "Bgr") ? "BGR" : "RGB");
      }
}

JsonNode *
eng_sidecar_from_metadata (GHashTable *metadata)
{
  static const char *const keys[] = { "input_size", "interpolation", "resize_short",  "fit",  "crop",   "mean",
                                      "std",        "scale",         "channel_order", "name", "labels", "ltx" };
  g_autoptr (JsonObject) object = json_object_new ();
  add_winml (object, metadata);
  /* Words like "name" and "labels" are used by many; "mean" and "std" together are meant for us. */
  if (g_hash_table_contains (metadata, "mean") && g_hash_table_contains (metadata, "std"))
    for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
      {
        const char *value = g_hash_table_lookup (metadata, keys[i]);
        if (value && g_utf8_validate (value, -1, NULL))
          add_member (object, keys[i], value);
      }
  if (json_object_get_size (object) == 0)
    return NULL;
  JsonNode *root = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (root, object);
  return root;
}
