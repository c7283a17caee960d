/* See evaluation.h: the JSON. */
#include "evaluation.h"

#include "error.h"
#include "file.h"
#include "json-read.h"

#include <string.h>

#define KIND "evaluation"
#define MOST_LISTED 10000 /* methods and protocols: far above any */

static void
method_free (gpointer data)
{
  EngEvaluationMethod *self = data;
  g_free (self->id);
  g_free (self->layer);
  g_free (self->values);
  g_free (self);
}

static void
protocol_free (gpointer data)
{
  EngEvaluationProtocol *self = data;
  g_free (self->id);
  g_free (self->key);
  g_free (self->name);
  g_free (self->direction);
  g_free (self);
}

static void
failure_free (gpointer data)
{
  EngEvaluationFailure *self = data;
  g_free (self->image);
  g_free (self->class_name);
  g_free (self->reason);
  g_free (self);
}

EngEvaluation *
eng_evaluation_new (void)
{
  EngEvaluation *self = g_new0 (EngEvaluation, 1);
  self->methods = g_ptr_array_new_with_free_func (method_free);
  self->protocols = g_ptr_array_new_with_free_func (protocol_free);
  self->failures = g_ptr_array_new_with_free_func (failure_free);
  self->threshold = ENG_PROTOCOL_THRESHOLD;
  self->shard = self->shards = 1;
  return self;
}

void
eng_evaluation_free (EngEvaluation *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->methods);
  g_ptr_array_unref (self->protocols);
  g_ptr_array_unref (self->failures);
  g_free (self->version);
  g_free (self->model_sha256);
  g_free (self->model_output);
  g_free (self->preprocessing);
  g_free (self->class_text);
  g_free (self->contrast);
  g_free (self->model_name);
  g_free (self->model_path);
  g_free (self->kernels);
  g_free (self);
}

void
eng_evaluation_add_method (EngEvaluation *self, const char *id, const char *layer, const char *values)
{
  EngEvaluationMethod *method = g_new0 (EngEvaluationMethod, 1);
  g_autoptr (JsonNode) node = json_from_string (values, NULL);
  /* In one spelling, so that texts are equal where values are. */
  char *text = node ? json_to_string (node, FALSE) : g_strdup ("{}");
  *method = (EngEvaluationMethod){ g_strdup (id), g_strdup (layer ? layer : ""), text };
  g_ptr_array_add (self->methods, method);
}

void
eng_evaluation_add_protocol (EngEvaluation *self, const char *id, const char *key, const char *name,
                             const char *direction)
{
  EngEvaluationProtocol *protocol = g_new0 (EngEvaluationProtocol, 1);
  *protocol = (EngEvaluationProtocol){ g_strdup (id), g_strdup (key), g_strdup (name), g_strdup (direction) };
  g_ptr_array_add (self->protocols, protocol);
}

void
eng_evaluation_add_failure (EngEvaluation *self, const char *image, const char *class_name, const char *reason)
{
  EngEvaluationFailure *failure = g_new0 (EngEvaluationFailure, 1);
  *failure = (EngEvaluationFailure){ g_strdup (image), g_strdup (class_name ? class_name : ""), g_strdup (reason) };
  g_ptr_array_add (self->failures, failure);
}

static int
compare_failures (gconstpointer a, gconstpointer b)
{
  const EngEvaluationFailure *x = *(EngEvaluationFailure *const *)a, *y = *(EngEvaluationFailure *const *)b;
  int order = strcmp (x->image, y->image);
  return order ? order : strcmp (x->class_name, y->class_name);
}

void
eng_evaluation_sort_failures (EngEvaluation *self)
{
  g_ptr_array_sort (self->failures, compare_failures);
}

EngScoreColumn *
eng_evaluation_columns (const EngEvaluation *self, guint *n)
{
  *n = self->methods->len * self->protocols->len;
  EngScoreColumn *columns = g_new (EngScoreColumn, *n);
  for (guint i = 0; i < *n; i++)
    {
      const EngEvaluationMethod *method = self->methods->pdata[i / self->protocols->len];
      const EngEvaluationProtocol *protocol = self->protocols->pdata[i % self->protocols->len];
      columns[i] = (EngScoreColumn){ method->id, protocol->id, protocol->key, protocol->direction };
    }
  return columns;
}

/* ---- settings side by side ---- */

static char *
methods_text (const EngEvaluation *self)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < self->methods->len; i++)
    {
      const EngEvaluationMethod *m = self->methods->pdata[i];
      g_string_append_printf (text, "%s%s%s%s %s", i ? ", " : "", m->id, *m->layer ? " at " : "", m->layer,
                              m->values);
    }
  return g_string_free (text, FALSE);
}

static char *
protocols_text (const EngEvaluation *self)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < self->protocols->len; i++)
    g_string_append_printf (text, "%s%s", i ? ", " : "",
                            ((const EngEvaluationProtocol *)self->protocols->pdata[i])->key);
  return g_string_free (text, FALSE);
}

/* (transfer full): the settings as texts, in the order of names[]. */
static char **
settings_texts (const EngEvaluation *self)
{
  char *texts[] = { g_strdup (self->version),
                    g_strdup (self->model_sha256),
                    g_strdup (self->model_output),
                    g_strdup (self->preprocessing),
                    methods_text (self),
                    protocols_text (self),
                    g_strdup (self->class_text),
                    g_strdup (self->contrast),
                    g_strdup_printf ("%" G_GINT64_FORMAT, self->seed),
                    g_strdup_printf ("%g", self->threshold),
                    g_strdup (self->masks ? "given" : "not given"),
                    g_strdup (self->curves ? "written" : "not written"),
                    NULL };
  return g_memdup2 (texts, sizeof texts);
}

char *
eng_evaluation_difference (const EngEvaluation *there, const EngEvaluation *now)
{
  static const char *const names[] = {
    "Sightline's version", "the model (SHA-256)", "the output", "preprocessing", "methods", "protocols",
    "the class",           "the contrast",        "the seed",   "the threshold", "masks",   "curves"
  };
  g_auto (GStrv) a = settings_texts (there), b = settings_texts (now);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (!g_str_equal (a[i], b[i]))
      return g_strdup_printf ("%s (%s there, %s now)", names[i], *a[i] ? a[i] : "none", *b[i] ? b[i] : "none");
  return NULL;
}

/* ---- writing ---- */

static void
add_text (JsonBuilder *b, const char *key, const char *text)
{
  json_builder_set_member_name (b, key);
  json_builder_add_string_value (b, text ? text : "");
}

static void
add_integer (JsonBuilder *b, const char *key, gint64 value)
{
  json_builder_set_member_name (b, key);
  json_builder_add_int_value (b, value);
}

static void
add_flag (JsonBuilder *b, const char *key, gboolean value)
{
  json_builder_set_member_name (b, key);
  json_builder_add_boolean_value (b, value);
}

static void
add_methods (JsonBuilder *b, const EngEvaluation *self)
{
  json_builder_set_member_name (b, "methods");
  json_builder_begin_array (b);
  for (guint i = 0; i < self->methods->len; i++)
    {
      const EngEvaluationMethod *method = self->methods->pdata[i];
      JsonNode *values = json_from_string (method->values, NULL);
      json_builder_begin_object (b);
      add_text (b, "id", method->id);
      add_text (b, "layer", method->layer);
      json_builder_set_member_name (b, "values");
      json_builder_add_value (b, values ? values : json_node_new (JSON_NODE_NULL));
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
}

static void
add_protocols (JsonBuilder *b, const EngEvaluation *self)
{
  json_builder_set_member_name (b, "protocols");
  json_builder_begin_array (b);
  for (guint i = 0; i < self->protocols->len; i++)
    {
      const EngEvaluationProtocol *protocol = self->protocols->pdata[i];
      json_builder_begin_object (b);
      add_text (b, "id", protocol->id);
      add_text (b, "key", protocol->key);
      add_text (b, "name", protocol->name);
      add_text (b, "direction", protocol->direction);
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
}

static void
add_failures (JsonBuilder *b, const EngEvaluation *self)
{
  json_builder_set_member_name (b, "failed");
  json_builder_begin_array (b);
  for (guint i = 0; i < self->failures->len; i++)
    {
      const EngEvaluationFailure *failure = self->failures->pdata[i];
      json_builder_begin_object (b);
      add_text (b, "image", failure->image);
      add_text (b, "class", failure->class_name);
      add_text (b, "reason", failure->reason);
      json_builder_end_object (b);
    }
  json_builder_end_array (b);
}

char *
eng_evaluation_encode (const EngEvaluation *self)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_object (b);
  add_text (b, "sightline", KIND);
  add_integer (b, "format", ENG_EVALUATION_VERSION);
  add_text (b, "version", self->version);
  add_text (b, "model_name", self->model_name);
  add_text (b, "model_path", self->model_path);
  add_text (b, "model_sha256", self->model_sha256);
  add_text (b, "model_output", self->model_output);
  add_text (b, "preprocessing", self->preprocessing);
  add_text (b, "kernels", self->kernels);
  add_methods (b, self);
  add_protocols (b, self);
  add_text (b, "class", self->class_text);
  add_text (b, "contrast", self->contrast);
  add_integer (b, "seed", self->seed);
  json_builder_set_member_name (b, "threshold");
  json_builder_add_double_value (b, self->threshold);
  add_flag (b, "masks", self->masks);
  add_flag (b, "curves", self->curves);
  add_integer (b, "pictures", self->pictures);
  add_integer (b, "shard", self->shard);
  add_integer (b, "shards", self->shards);
  add_failures (b, self);
  json_builder_end_object (b);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = json_builder_get_root (b);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  g_autofree char *text = json_generator_to_data (generator, NULL);
  return g_strconcat (text, "\n", NULL);
}

/* ---- reading ---- */

/* Any length, "" when absent. FALSE with an error when it is no text. */
static gboolean
read_text (const EngJson *json, const char *key, char **out, GError **error)
{
  JsonNode *node = json->object ? json_object_get_member (json->object, key) : NULL;
  if (node && (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING))
    return eng_json_fail (json, key, "a text", error);
  *out = g_strdup (node ? json_node_get_string (node) : "");
  return TRUE;
}

static gboolean
read_seed (const EngJson *json, gint64 *out, GError **error)
{
  JsonNode *node = json_object_get_member (json->object, "seed");
  if (!node || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64
      || json_node_get_int (node) < 0)
    return eng_json_fail (json, "seed", "a number that is not negative", error);
  *out = json_node_get_int (node);
  return TRUE;
}

typedef gboolean (*ReadRow) (EngEvaluation *self, const EngJson *row, GError **error);

static gboolean
read_method (EngEvaluation *self, const EngJson *row, GError **error)
{
  g_autofree char *id = NULL, *layer = NULL;
  JsonNode *values = json_object_get_member (row->object, "values");
  if (!read_text (row, "id", &id, error) || !read_text (row, "layer", &layer, error))
    return FALSE;
  if (!*id || !values || !JSON_NODE_HOLDS_OBJECT (values))
    return eng_json_fail (row, *id ? "values" : "id", "of a method", error);
  g_autofree char *text = json_to_string (values, FALSE);
  eng_evaluation_add_method (self, id, layer, text);
  return TRUE;
}

static gboolean
read_protocol (EngEvaluation *self, const EngJson *row, GError **error)
{
  g_autofree char *id = NULL, *key = NULL, *name = NULL, *direction = NULL;
  if (!read_text (row, "id", &id, error) || !read_text (row, "key", &key, error)
      || !read_text (row, "name", &name, error) || !read_text (row, "direction", &direction, error))
    return FALSE;
  if (!*id || !*key || !(g_str_equal (direction, "higher") || g_str_equal (direction, "lower")))
    return eng_json_fail (row, *id && *key ? "direction" : "id", "of a protocol", error);
  eng_evaluation_add_protocol (self, id, key, name, direction);
  return TRUE;
}

static gboolean
read_failure (EngEvaluation *self, const EngJson *row, GError **error)
{
  g_autofree char *image = NULL, *class_name = NULL, *reason = NULL;
  if (!read_text (row, "image", &image, error) || !read_text (row, "class", &class_name, error)
      || !read_text (row, "reason", &reason, error))
    return FALSE;
  eng_evaluation_add_failure (self, image, class_name, reason);
  return TRUE;
}

static gboolean
read_rows (EngEvaluation *self, const EngJson *json, const char *key, guint least, guint most, ReadRow read,
           GError **error)
{
  JsonNode *node = json_object_get_member (json->object, key);
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint n = array ? json_array_get_length (array) : 0;
  if (!array || n < least || n > most)
    return eng_json_fail (json, key, "a list of objects", error);
  for (guint i = 0; i < n; i++)
    {
      JsonNode *row = json_array_get_element (array, i);
      g_autofree char *prefix = g_strdup_printf ("%s.", key);
      EngJson inner = { JSON_NODE_HOLDS_OBJECT (row) ? json_node_get_object (row) : NULL, json->origin, prefix };
      if (!inner.object)
        return eng_json_fail (json, key, "a list of objects", error);
      if (!read (self, &inner, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_all (EngEvaluation *self, const EngJson *json, GError **error)
{
  return read_text (json, "version", &self->version, error)
         && read_text (json, "model_name", &self->model_name, error)
         && read_text (json, "model_path", &self->model_path, error)
         && read_text (json, "model_sha256", &self->model_sha256, error)
         && read_text (json, "model_output", &self->model_output, error)
         && read_text (json, "preprocessing", &self->preprocessing, error)
         && read_text (json, "kernels", &self->kernels, error)
         && read_rows (self, json, "methods", 1, MOST_LISTED, read_method, error)
         && read_rows (self, json, "protocols", 1, MOST_LISTED, read_protocol, error)
         && read_text (json, "class", &self->class_text, error)
         && read_text (json, "contrast", &self->contrast, error) && read_seed (json, &self->seed, error)
         && eng_json_double (json, "threshold", 0, 1, &self->threshold, error)
         && eng_json_bool (json, "masks", &self->masks, error) && eng_json_bool (json, "curves", &self->curves, error)
         && eng_json_int (json, "pictures", 0, G_MAXINT, &self->pictures, error)
         && eng_json_int (json, "shards", 1, 1000000, &self->shards, error)
         && eng_json_int (json, "shard", 1, self->shards, &self->shard, error)
         && read_rows (self, json, "failed", 0, G_MAXINT, read_failure, error);
}

EngEvaluation *
eng_evaluation_decode (const char *text, gsize length, const char *origin, GError **error)
{
  g_autoptr (JsonNode) root = eng_json_parse (text, (gssize)length, origin, error);
  if (!root)
    return NULL;
  EngJson json = { json_node_get_object (root), origin, "" };
  g_autoptr (EngEvaluation) self = eng_evaluation_new ();
  g_autofree char *kind = NULL;
  int format = 0;
  if (!read_text (&json, "sightline", &kind, NULL) || !g_str_equal (kind, KIND))
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s was not written by “sightline-cli evaluate”.", origin);
      return NULL;
    }
  if (!eng_json_int (&json, "format", 1, G_MAXINT, &format, error))
    return NULL;
  if (format > ENG_EVALUATION_VERSION)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s was written by a newer version of Sightline. Use that one.",
                origin);
      return NULL;
    }
  return read_all (self, &json, error) ? g_steal_pointer (&self) : NULL;
}

EngEvaluation *
eng_evaluation_load (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GBytes) bytes = eng_file_read (path, ENG_JSON_MAX_FILE, error);
  gsize length;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  return bytes ? eng_evaluation_decode (text ? text : "", length, name, error) : NULL;
}
