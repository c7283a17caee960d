/* What an explainer's file says about itself. Everything read here comes from outside. */
#include "explainer-private.h"

#include "../digest.h"
#include "../error.h"
#include "../onnx/onnx.h"
#include "../values-json.h"

#include <math.h>
#include <string.h>

#define LONGEST_NAME 80 /* of a name from the file in a message */

/* ---- opening ---- */

/* Only our own keys, without the prefix. */
static GHashTable *
take_own (GHashTable *all)
{
  GHashTable *own = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (g_str_has_prefix (key, ENG_EXPLAINER_PREFIX))
      g_hash_table_insert (own, g_strdup ((char *)key + strlen (ENG_EXPLAINER_PREFIX)), g_strdup (value));
  return own;
}

/* A text of the file that is fit for a message. (transfer full) */
static char *
show (const EngExplainerFile *self, const char *key)
{
  const char *text = eng_explainer_file_get (self, key);
  char *shown = g_utf8_substring (text ? text : "", 0, MIN (LONGEST_NAME, g_utf8_strlen (text ? text : "", -1)));
  for (char *c = shown; *c; c++)
    if ((guchar)*c < 32 || *c == 127)
      *c = '?';
  return shown;
}

static gboolean
check_version (EngExplainerFile *self, GError **error)
{
  const char *text = eng_explainer_file_get (self, "version");
  guint64 version = 0;
  if (!eng_explainer_file_get (self, "kind"))
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is no explainer that Sightline trained: its metadata name no kind. Choose a file that ends "
                     "in " ENG_EXPLAINER_SUFFIX ".",
                     self->name);
  if (!text || !g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT32, &version, NULL))
    return eng_fail (error, ENG_ERROR_INVALID, "%s does not say of which version it is. Train the explainer again.",
                     self->name);
  return version <= ENG_EXPLAINER_VERSION
         || eng_fail (error, ENG_ERROR_UNSUPPORTED,
                      "%s was made by a newer Sightline (version %s of the format; this one knows %d). Update "
                      "Sightline.",
                      self->name, text, ENG_EXPLAINER_VERSION);
}

static gboolean
check_kind (EngExplainerFile *self, GError **error)
{
  g_autofree char *id = show (self, "kind");
  g_autoptr (GError) unknown = NULL;
  if (!(self->kind = eng_kind_find (id, &unknown)))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s: %s", self->name, unknown->message);
  return eng_explainer_file_get (self, eng_explainer_key (self->kind))
         || eng_fail (error, ENG_ERROR_INVALID,
                      "%s does not say to which model it belongs. Train the explainer again.", self->name);
}

static gboolean
read_settings (EngExplainerFile *self, GError **error)
{
  const char *text = eng_explainer_file_get (self, "settings");
  self->texts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  if (!text)
    return TRUE;
  if (!(self->settings = eng_json_parse (text, -1, self->name, error)))
    return FALSE;
  JsonObjectIter iter;
  const char *id;
  JsonNode *node;
  json_object_iter_init (&iter, json_node_get_object (self->settings));
  while (json_object_iter_next (&iter, &id, &node))
    if (JSON_NODE_HOLDS_VALUE (node))
      g_hash_table_insert (self->texts, (gpointer)id,
                           json_node_get_value_type (node) == G_TYPE_STRING ? json_node_dup_string (node)
                                                                            : json_to_string (node, FALSE));
  return TRUE;
}

/* Takes @all and @name over. */
static EngExplainerFile *
open_metadata (GHashTable *all, const char *path, GBytes *bytes, char *name, GError **error)
{
  g_autoptr (EngExplainerFile) self = g_new0 (EngExplainerFile, 1);
  g_atomic_ref_count_init (&self->ref);
  g_mutex_init (&self->lock);
  self->path = g_strdup (path);
  self->name = name;
  self->bytes = bytes ? g_bytes_ref (bytes) : NULL;
  self->metadata = take_own (all);
  g_hash_table_unref (all);
  return check_version (self, error) && check_kind (self, error) && read_settings (self, error)
             ? g_steal_pointer (&self)
             : NULL;
}

EngExplainerFile *
eng_explainer_file_open (const char *path, GError **error)
{
  GHashTable *all = eng_onnx_peek (path, error);
  return all ? open_metadata (all, path, NULL, g_filename_display_basename (path), error) : NULL;
}

EngExplainerFile *
eng_explainer_file_open_bytes (GBytes *bytes, const char *name, GError **error)
{
  GHashTable *all = eng_onnx_peek_bytes (bytes, name, error);
  return all ? open_metadata (all, name, bytes, g_strdup (name), error) : NULL;
}

EngExplainerFile *
eng_explainer_file_ref (EngExplainerFile *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_explainer_file_unref (EngExplainerFile *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref))
    return;
  eng_explainer_forget (self);
  eng_explainer_unload (self);
  for (int i = 0; i < self->n_outputs; i++)
    g_free (self->output_names[i]);
  g_clear_pointer (&self->texts, g_hash_table_unref);
  g_clear_pointer (&self->settings, json_node_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_hash_table_unref (self->metadata);
  g_mutex_clear (&self->lock);
  g_free (self->fits);
  g_free (self->sha256);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

/* ---- looking ---- */

const char *
eng_explainer_file_path (const EngExplainerFile *self)
{
  return self->path;
}

const EngExplainerKind *
eng_explainer_file_kind (const EngExplainerFile *self)
{
  return self->kind;
}

const char *
eng_explainer_file_sha256 (EngExplainerFile *self)
{
  g_mutex_lock (&self->lock);
  if (!self->sha256 && self->bytes)
    self->sha256 = eng_digest_data (g_bytes_get_data (self->bytes, NULL), g_bytes_get_size (self->bytes));
  else if (!self->sha256)
    self->sha256 = eng_digest_file (self->path, NULL, NULL);
  const char *digest = self->sha256;
  g_mutex_unlock (&self->lock);
  return digest;
}

const char *
eng_explainer_file_get (const EngExplainerFile *self, const char *key)
{
  return g_hash_table_lookup (self->metadata, key);
}

const char *
eng_explainer_file_setting (const EngExplainerFile *self, const char *id)
{
  return g_hash_table_lookup (self->texts, id);
}

EngValues *
eng_explainer_file_values (EngExplainerFile *self, EngModel *model, GError **error)
{
  g_autoptr (EngValues) values = eng_kind_values (self->kind, model);
  const EngParam *param;
  if (self->settings)
    {
      /* A file that somebody sends must not choose what is read. */
      g_autoptr (JsonNode) copy = json_node_copy (self->settings);
      EngJson json = { json_node_get_object (copy), self->name, "settings." };
      for (guint i = 0; (param = eng_values_param (values, i)); i++)
        if (param->type == ENG_PARAM_PATH && json_object_has_member (json.object, param->id))
          json_object_remove_member (json.object, param->id);
      if (!eng_values_read (values, &json, error))
        return NULL;
    }
  return g_steal_pointer (&values);
}

/* "1,200 pictures, 3 left out; ..." -> "1,200 pictures" */
static char *
pictures_of (const EngExplainerFile *self)
{
  char *text = show (self, "data.summary");
  text[MIN (strcspn (text, ";"),
            (gsize)((strstr (text, ", ") ? strstr (text, ", ") : text + strlen (text)) - text))] = '\0';
  return text;
}

char *
eng_explainer_file_describe (const EngExplainerFile *self)
{
  GString *s = g_string_new (self->kind->name);
  g_autofree char *pictures = pictures_of (self), *step = show (self, "best-step"), *steps = show (self, "steps");
  const char *score = eng_explainer_file_get (self, "score");
  char *end = NULL;
  double number = score ? g_ascii_strtod (score, &end) : NAN;
  if (*pictures)
    g_string_append_printf (s, ", trained on %s", pictures);
  if (isfinite (number) && end != score)
    g_string_append_printf (s, ", %s %.3g%s%s at step %s", self->kind->score_name, number,
                            self->kind->score_unit && *self->kind->score_unit ? " " : "",
                            self->kind->score_unit ? self->kind->score_unit : "", *step ? step : "?");
  else if (*steps)
    g_string_append_printf (s, ", %s steps", steps);
  return g_string_free (s, FALSE);
}

/* ---- belonging ---- */

const char *
eng_explainer_key (const EngExplainerKind *kind)
{
  return kind->belongs_to ? "encoder.sha256" : "model.sha256";
}

/* Kept with the model: an encoder's digest is taken of all its weights. */
const char *
eng_explainer_belongs_to (const EngExplainerKind *kind, EngModel *model, GError **error)
{
  static GMutex lock;
  if (!kind->belongs_to)
    return eng_model_sha256 (model);
  g_autofree char *key = g_strconcat ("explainer-network-", kind->id, NULL);
  g_mutex_lock (&lock);
  char *network = g_object_get_data (G_OBJECT (model), key);
  if (!network && (network = kind->belongs_to (model, error)))
    g_object_set_data_full (G_OBJECT (model), key, network, g_free);
  g_mutex_unlock (&lock);
  return network;
}

const EngTarget *
eng_explainer_file_target (EngExplainerFile *self, EngModel *model)
{
  const char *name = eng_explainer_file_get (self, "target");
  return name ? eng_model_find_target (model, name, NULL) : NULL;
}

gboolean
eng_explainer_file_belongs (EngExplainerFile *self, EngModel *model, GError **error)
{
  const EngExplainerKind *kind = self->kind;
  g_autofree char *other = show (self, "model.name"), *target = show (self, "target"),
                  *output = show (self, "model.output");
  const char *own = eng_explainer_belongs_to (kind, model, error);
  if (!own)
    return FALSE;
  if (strcmp (own, eng_explainer_file_get (self, eng_explainer_key (kind))) != 0)
    {
      gboolean same = strcmp (other, eng_model_name (model)) == 0; /* two networks may go by one name */
      g_autofree char *file = g_path_get_basename (eng_model_path (model));
      return eng_fail (error, ENG_ERROR_INVALID, "%s was trained for %s%s, not for %s. Train one for this model.",
                       self->name, *other ? other : "another model", same ? " with other weights" : "",
                       same ? file : eng_model_name (model));
    }
  if (!kind->belongs_to && *output && strcmp (output, eng_model_output (model)) != 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s was trained for the output “%s” of this model, and “%s” is explained now. Train one for it.",
                     self->name, output, eng_model_output (model));
  if ((kind->needs & ENG_NEEDS_GRID) && !eng_explainer_file_target (self, model))
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s was trained for the layer “%s”, which this model does not have. Train one for this model.",
                     self->name, target);
  return TRUE;
}
