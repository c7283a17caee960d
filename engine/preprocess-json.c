/* See preprocess-json.h. */
#include "preprocess-json.h"

#include <string.h>

EngPreprocess *
eng_preprocess_read (EngModel *model, EngPreprocess *now, const EngJson *json, GError **error)
{
  if (!json->object || json_object_get_size (json->object) == 0)
    return eng_preprocess_ref (now);
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), json->object);
  g_autofree char *text = json_to_string (node, FALSE);
  gboolean is_free = eng_model_size_is_free (model);
  g_autoptr (EngPreprocess) read = eng_preprocess_parse (text, -1, json->origin, NULL, now->channels,
                                                         is_free ? 0 : now->height, is_free ? 0 : now->width, error);
  if (!read)
    return NULL;
  EngPreprocess *opened = eng_model_opened_preprocess (model), *copy;
  if (eng_preprocess_same (read, opened))
    return eng_preprocess_ref (opened);
  copy = eng_preprocess_copy (now);
  copy->height = read->height;
  copy->width = read->width;
  copy->fit = read->fit;
  copy->resize_short = read->resize_short;
  copy->filter = read->filter;
  memcpy (copy->mean, read->mean, sizeof copy->mean);
  memcpy (copy->std, read->std, sizeof copy->std);
  copy->range_255 = read->range_255;
  copy->bgr = read->bgr;
  return copy;
}
