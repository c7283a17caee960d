/* Which of a model's outputs is explained. Classifiers may have several: logits and their softmax,
 * auxiliary heads, two tasks. The first that looks like classes is taken unless a person, or the
 * sidecar's "output", names another; the choice can be written into the sidecar. */
#include "model-private.h"

#include "error.h"
#include "file.h"
#include "json-read.h"
#include "nn/op.h"
#include "npy.h"
#include "sidecar.h"

#include <string.h>

static char *
shape_for_people (const EngShape *shape)
{
  g_autofree char *plain = eng_shape_to_string (shape);
  g_auto (GStrv) parts = g_strsplit (plain, "x", -1);
  return g_strjoinv (" × ", parts);
}

/* 1 x K, or 1 x K x 1 x 1, with at least two classes. */
static gboolean
has_classes (const EngValue *v)
{
  const EngShape *s = &v->shape;
  return eng_dtype_is_float (v->dtype) && s->rank >= 2 && s->dim[0] == 1 && s->dim[1] >= 2
         && s->dim[1] == eng_shape_count (s);
}

/* What the scores are before a closing Softmax. */
static EngValue *
before_softmax (EngValue *v)
{
  gboolean softmax = v->producer && strcmp (v->producer->op->name, "Softmax") == 0 && v->shape.rank == 2;
  return softmax ? v->producer->inputs[0] : v;
}

static gboolean
refuse (EngGraph *raw, GError **error)
{
  EngValue *v = raw->outputs->len ? raw->outputs->pdata[0] : NULL;
  g_autofree char *text = v ? shape_for_people (&v->shape) : g_strdup ("missing");
  return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                   "The output is %s, not 1 × classes (at least 2). Sightline explains image classifiers.", text);
}

static void
add_candidate (GPtrArray *found, EngValue *v)
{
  for (guint i = 0; i < found->len; i++)
    if (before_softmax (found->pdata[i]) == before_softmax (v))
      return;
  g_ptr_array_add (found, v);
}

/* N x K before N x K x 1 x 1, which may be pooled features; those only when they are all there is. */
static GPtrArray *
find_candidates (EngGraph *raw)
{
  GPtrArray *found = g_ptr_array_new ();
  for (int pass = 0; pass < 2 && found->len == 0; pass++)
    for (guint i = 0; i < raw->outputs->len; i++)
      {
        EngValue *v = raw->outputs->pdata[i];
        if (has_classes (v) && (pass == 1) == (v->shape.rank > 2))
          add_candidate (found, v);
      }
  return found;
}

/* An output asked for by name may be any with classes, also pooled ones. */
static EngValue *
find_wanted (EngGraph *raw, const char *wanted, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < raw->outputs->len; i++)
    {
      EngValue *v = raw->outputs->pdata[i];
      if (!has_classes (v))
        continue;
      if (strcmp (v->name, wanted) == 0)
        return v;
      g_string_append_printf (names, "%s“%s”", names->len ? ", " : "", v->name);
    }
  eng_fail (error, ENG_ERROR_ARGUMENT, "There is no output “%s” with classes. Outputs with classes are: %s.", wanted,
            names->str);
  return NULL;
}

gboolean
eng_model_find_logits (EngModel *self, EngGraph *raw, GError **error)
{
  g_autoptr (GPtrArray) candidates = find_candidates (raw);
  const char *wanted = self->wanted_output ? self->wanted_output : self->preprocess->output;
  if (candidates->len == 0)
    return refuse (raw, error);
  EngValue *found = wanted ? find_wanted (raw, wanted, error) : candidates->pdata[0];
  if (!found)
    return FALSE;
  for (guint i = 0; i < candidates->len; i++)
    {
      EngValue *v = candidates->pdata[i];
      gboolean same = before_softmax (v) == before_softmax (found);
      if (same)
        self->output = i;
      g_ptr_array_add (self->outputs, g_strdup (same ? found->name : v->name));
    }
  if (strcmp (self->outputs->pdata[self->output], found->name) != 0)
    {
      self->output = self->outputs->len;
      g_ptr_array_add (self->outputs, g_strdup (found->name));
    }
  self->flatten = found->shape.rank > 2;
  self->n_classes = (int)found->shape.dim[1];
  self->probability = before_softmax (found) != found;
  found = before_softmax (found);
  if (!found->producer)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "The output does not depend on the picture.");
  self->logits_name = g_strdup (found->name);
  return TRUE;
}

const char *
eng_model_output (EngModel *self)
{
  return self->outputs->pdata[self->output];
}

int
eng_model_n_outputs (EngModel *self)
{
  return (int)self->outputs->len;
}

const char *
eng_model_nth_output (EngModel *self, int i)
{
  g_return_val_if_fail (i >= 0 && i < (int)self->outputs->len, NULL);
  return self->outputs->pdata[i];
}

/* ---- the sidecar ---- */

/* @text with the key put in first, so that what a person wrote stays as it was; NULL when that will not do: the key
 * is there already, or the first brace was not the object's. (transfer full) */
static char *
insert_output (const char *text, JsonNode *root, const char *output)
{
  const char *brace = strchr (text, '{');
  JsonObject *object = json_node_get_object (root);
  if (!brace || json_object_has_member (object, "output") || json_object_get_size (object) == 0)
    return NULL;
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), output);
  g_autofree char *quoted = json_to_string (node, FALSE);
  g_autofree char *changed =
      g_strdup_printf ("%.*s{ \"output\": %s,%s", (int)(brace - text), text, quoted, brace + 1);
  g_autoptr (JsonNode) check = eng_json_parse (changed, -1, "", NULL);
  gboolean good = check && json_object_has_member (json_node_get_object (check), "output");
  return good ? g_steal_pointer (&changed) : NULL;
}

/* @text with "output" set. (transfer full) */
static char *
with_output (const char *text, JsonNode *root, const char *output)
{
  char *inserted = insert_output (text, root, output);
  if (inserted)
    return inserted;
  json_object_set_string_member (json_node_get_object (root), "output", output);
  g_autofree char *json = json_to_string (root, TRUE);
  return g_strconcat (json, "\n", NULL);
}

gboolean
eng_model_remember_output (EngModel *self, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path), *name = eng_sidecar_name (self->path);
  g_autofree char *path = g_build_filename (folder, name, NULL), *text = g_strdup ("{}");
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autoptr (GBytes) old = eng_file_read (path, ENG_JSON_MAX_FILE, error);
      if (!old)
        return FALSE;
      g_free (text);
      text = g_strndup (g_bytes_get_data (old, NULL), g_bytes_get_size (old));
    }
  g_autoptr (JsonNode) root = eng_json_parse (text, -1, name, error);
  if (!root)
    return FALSE;
  char *changed = with_output (text, root, eng_model_output (self));
  g_autoptr (GBytes) bytes = g_bytes_new_take (changed, strlen (changed));
  return eng_write_atomically (path, bytes, error);
}
