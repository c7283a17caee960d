/* Typed reading of JSON from outside, on top of json-glib. */
#include "json-read.h"

#include "error.h"
#include "labels.h"

#include <math.h>
#include <string.h>

#define MAX_DEPTH 32 /* json-glib's parser calls itself for every level */
#define MAX_SHOWN 40 /* characters of a wrong value that a message repeats */

/* Walks the text with JSON's own rules for strings. Outside of strings only letters that JSON knows are let
 * through, so that the parser's extensions (comments, other quotes) cannot hide brackets from the count. */
static gboolean
check_nesting (const char *text, gsize length)
{
  int depth = 0;
  gboolean quoted = FALSE;
  for (gsize i = 0; i < length; i++)
    {
      char c = text[i];
      if (quoted)
        {
          i += c == '\\';
          quoted = c != '"';
        }
      else if (c == '"')
        quoted = TRUE;
      else if (c == '[' || c == '{')
        depth++;
      else if (c == ']' || c == '}')
        depth--;
      else if (!g_ascii_isalnum (c) && !strchr (" \t\r\n,:+-.", c))
        return FALSE;
      if (depth > MAX_DEPTH)
        return FALSE;
    }
  return TRUE;
}

JsonNode *
eng_json_parse (const char *text, gssize length, const char *origin, GError **error)
{
  g_autoptr (GError) inner = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  gsize n = length < 0 ? strlen (text) : (gsize)length;
  if (n >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) /* byte order mark of Windows editors */
    text += 3, n -= 3;
  if (n == 0 || n > ENG_JSON_MAX_FILE || !g_utf8_validate (text, n, NULL) || !check_nesting (text, n))
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s is not a JSON object in UTF-8. Correct it or remove the file.", origin);
      return NULL;
    }
  if (!json_parser_load_from_data (parser, text, n, &inner))
    {
      const char *place = inner->message + (g_str_has_prefix (inner->message, "<data>:") ? strlen ("<data>:") : 0);
      eng_fail (error, ENG_ERROR_INVALID, "%s is not valid JSON (%s). Correct it or remove the file.", origin, place);
      return NULL;
    }
  JsonNode *root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s does not hold a JSON object. Correct it or remove the file.", origin);
      return NULL;
    }
  return json_parser_steal_root (parser);
}

static JsonNode *
find (const EngJson *json, const char *key)
{
  JsonNode *node = json->object ? json_object_get_member (json->object, key) : NULL;
  return node && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

gboolean
eng_json_has (const EngJson *json, const char *key)
{
  return find (json, key) != NULL;
}

gboolean
eng_json_is_object (const EngJson *json, const char *key)
{
  JsonNode *node = find (json, key);
  return node && JSON_NODE_HOLDS_OBJECT (node);
}

gboolean
eng_json_is_array (const EngJson *json, const char *key)
{
  JsonNode *node = find (json, key);
  return node && JSON_NODE_HOLDS_ARRAY (node);
}

/* What stands there, short. */
static char *
show (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return g_strdup ("an object");
  if (JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) > 8)
    return g_strdup ("a long list");
  g_autofree char *text = json_to_string (node, FALSE);
  if (!g_utf8_validate (text, -1, NULL))
    return g_strdup ("broken text");
  if (g_utf8_strlen (text, -1) <= MAX_SHOWN)
    return g_steal_pointer (&text);
  g_autofree char *start = g_utf8_substring (text, 0, MAX_SHOWN);
  return g_strconcat (start, "…", NULL);
}

gboolean
eng_json_fail (const EngJson *json, const char *key, const char *expected, GError **error)
{
  JsonNode *node = find (json, key);
  if (!node)
    return eng_fail (error, ENG_ERROR_INVALID, "%s: \"%s%s\" is missing. It must be %s.", json->origin, json->prefix,
                     key, expected);
  g_autofree char *found = show (node);
  return eng_fail (error, ENG_ERROR_INVALID, "%s: \"%s%s\" is %s, but must be %s. Correct it or remove the key.",
                   json->origin, json->prefix, key, found, expected);
}

static gboolean
get_number (JsonNode *node, double *out)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  if (type == G_TYPE_INT64)
    *out = (double)json_node_get_int (node);
  else if (type == G_TYPE_DOUBLE)
    *out = json_node_get_double (node);
  else
    return FALSE;
  return isfinite (*out);
}

/* NULL when @node is no string, or one that is empty, very long or broken. */
static const char *
get_string (JsonNode *node)
{
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  const char *text = json_node_get_string (node);
  gsize length = text ? strlen (text) : 0;
  return length > 0 && length <= ENG_LABELS_MAX_LENGTH && g_utf8_validate (text, length, NULL) ? text : NULL;
}

gboolean
eng_json_double (const EngJson *json, const char *key, double lo, double hi, double *out, GError **error)
{
  JsonNode *node = find (json, key);
  double v;
  if (!node)
    return TRUE;
  if (!get_number (node, &v) || v < lo || v > hi)
    {
      g_autofree char *expected = g_strdup_printf ("a number from %.9g to %.9g", lo, hi);
      return eng_json_fail (json, key, expected, error);
    }
  *out = v;
  return TRUE;
}

gboolean
eng_json_int (const EngJson *json, const char *key, int lo, int hi, int *out, GError **error)
{
  JsonNode *node = find (json, key);
  double v;
  if (!node)
    return TRUE;
  if (!get_number (node, &v) || v < lo || v > hi || v != floor (v))
    {
      g_autofree char *expected = g_strdup_printf ("a whole number from %d to %d", lo, hi);
      return eng_json_fail (json, key, expected, error);
    }
  *out = (int)v;
  return TRUE;
}

gboolean
eng_json_bool (const EngJson *json, const char *key, gboolean *out, GError **error)
{
  JsonNode *node = find (json, key);
  if (!node)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return eng_json_fail (json, key, "true or false", error);
  *out = json_node_get_boolean (node);
  return TRUE;
}

gboolean
eng_json_choice (const EngJson *json, const char *key, const char *const *choices, int *out, GError **error)
{
  JsonNode *node = find (json, key);
  const char *text = node ? get_string (node) : NULL;
  if (!node)
    return TRUE;
  for (int i = 0; text && choices[i]; i++)
    if (strcmp (text, choices[i]) == 0)
      {
        *out = i;
        return TRUE;
      }
  g_autofree char *list = g_strjoinv ("\", \"", (char **)choices);
  g_autofree char *expected = g_strdup_printf ("one of \"%s\"", list);
  return eng_json_fail (json, key, expected, error);
}

gboolean
eng_json_numbers (const EngJson *json, const char *key, int n, double lo, double hi, double *out, gboolean *found,
                  GError **error)
{
  JsonNode *node = find (json, key);
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  gboolean good = !array || json_array_get_length (array) == (guint)n;
  double values[8];
  g_return_val_if_fail (n <= (int)G_N_ELEMENTS (values), FALSE);
  if (found)
    *found = node != NULL;
  if (!node)
    return TRUE;
  for (int i = 0; good && i < n; i++)
    good = get_number (array ? json_array_get_element (array, i) : node, &values[i]) && values[i] >= lo
           && values[i] <= hi;
  if (!good)
    {
      g_autofree char *expected = g_strdup_printf ("%d number%s from %.9g to %.9g", n, n == 1 ? "" : "s", lo, hi);
      return eng_json_fail (json, key, expected, error);
    }
  memcpy (out, values, n * sizeof *out);
  return TRUE;
}

gboolean
eng_json_string (const EngJson *json, const char *key, char **out, GError **error)
{
  JsonNode *node = find (json, key);
  const char *text = node ? get_string (node) : NULL;
  if (node && !text)
    return eng_json_fail (json, key, "a text of 1 to 1000 bytes", error);
  *out = g_strdup (text);
  return TRUE;
}

gboolean
eng_json_strings (const EngJson *json, const char *key, char ***out, GError **error)
{
  JsonNode *node = find (json, key);
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint n = array ? json_array_get_length (array) : 0;
  if (!node)
    return TRUE;
  g_auto (GStrv) names = n <= ENG_LABELS_MAX_COUNT ? g_new0 (char *, n + 1) : NULL;
  gboolean good = names && n > 0;
  for (guint i = 0; good && i < n; i++)
    good = (names[i] = g_strdup (get_string (json_array_get_element (array, i)))) != NULL;
  if (!good)
    return eng_json_fail (json, key, "a list of texts, each of 1 to 1000 bytes", error);
  *out = g_steal_pointer (&names);
  return TRUE;
}

gboolean
eng_json_object (const EngJson *json, const char *key, const char *prefix, EngJson *out, GError **error)
{
  JsonNode *node = find (json, key);
  *out = (EngJson){ .origin = json->origin, .prefix = prefix };
  if (node && !JSON_NODE_HOLDS_OBJECT (node))
    return eng_json_fail (json, key, "an object", error);
  out->object = node ? json_node_get_object (node) : NULL;
  return TRUE;
}
