/* See values-json.h. */
#include "values-json.h"

/* What eng_values_set_text() understands, or NULL for what is no single value. (transfer full) */
static char *
text_of (JsonNode *node)
{
  if (!JSON_NODE_HOLDS_VALUE (node))
    return NULL;
  GType type = json_node_get_value_type (node);
  if (type == G_TYPE_STRING)
    return g_strdup (json_node_get_string (node));
  return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE || type == G_TYPE_BOOLEAN ? json_to_string (node, FALSE)
                                                                                 : NULL;
}

gboolean
eng_values_read (EngValues *self, const EngJson *json, GError **error)
{
  const EngParam *param;
  for (guint i = 0; (param = eng_values_param (self, i)); i++)
    {
      JsonNode *node = json->object ? json_object_get_member (json->object, param->id) : NULL;
      if (!node || param->type == ENG_PARAM_OUTPUT_PATH)
        continue;
      g_autofree char *text = text_of (node);
      if (!text)
        return eng_json_fail (json, param->id, "a number, a text, true or false", error);
      if (!eng_values_set_text (self, param->id, text, error))
        {
          g_prefix_error (error, "%s: %s: ", json->origin, eng_values_owner (self));
          return FALSE;
        }
    }
  return TRUE;
}
