/* JSON from outside: parsed with limits, read key by key with the type and range that is expected.
 *
 * Every reader leaves @out alone and returns TRUE when the key is absent or null, and returns FALSE
 * with an error that names file, key and remedy when its value will not do. */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define ENG_JSON_MAX_FILE (64 * 1024 * 1024)

typedef struct
{
  JsonObject *object; /* borrowed */
  const char *origin; /* file name, for messages */
  const char *prefix; /* of key names in messages: "", "ltx." */
} EngJson;

/* (transfer full): the root, an object. Refuses what is not JSON, and nesting that would exhaust the stack. */
JsonNode *eng_json_parse (const char *text, gssize length, const char *origin, GError **error);

gboolean eng_json_has (const EngJson *json, const char *key);
/* g_set_error() in the common pattern; @expected: "one of crop, stretch". Returns FALSE. */
gboolean eng_json_fail (const EngJson *json, const char *key, const char *expected, GError **error);
gboolean eng_json_int (const EngJson *json, const char *key, int lo, int hi, int *out, GError **error);
gboolean eng_json_double (const EngJson *json, const char *key, double lo, double hi, double *out, GError **error);
gboolean eng_json_bool (const EngJson *json, const char *key, gboolean *out, GError **error);
/* @out: index in @choices, NULL-ended */
gboolean eng_json_choice (const EngJson *json, const char *key, const char *const *choices, int *out, GError **error);
/* @n numbers, or one that stands for all. @found may be NULL. */
gboolean eng_json_numbers (const EngJson *json, const char *key, int n, double lo, double hi, double *out,
                           gboolean *found, GError **error);
/* @out: (transfer full): UTF-8 of 1 to 1000 bytes; must be NULL before */
gboolean eng_json_string (const EngJson *json, const char *key, char **out, GError **error);
/* @out: (transfer full): NULL-ended, at least one; must be NULL before */
gboolean eng_json_strings (const EngJson *json, const char *key, char ***out, GError **error);
/* @out: reader of the object at @key, with NULL in its object when absent; @prefix: "ltx." */
gboolean eng_json_object (const EngJson *json, const char *key, const char *prefix, EngJson *out, GError **error);
gboolean eng_json_is_object (const EngJson *json, const char *key);
gboolean eng_json_is_array (const EngJson *json, const char *key);

G_END_DECLS
