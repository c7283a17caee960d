/* See train-recipe.h. */
#include "ui/train-recipe.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "ui/settings.h"

#define KEY "training"

void
ui_train_recipe_clear (UiTrainRecipe *self)
{
  g_free (self->model_sha256);
  g_free (self->source);
  g_free (self->labels);
  g_free (self->layer);
  g_free (self->output);
  g_clear_pointer (&self->values, eng_values_free);
  memset (self, 0, sizeof *self);
}

static void
add (JsonObject *object, const char *key, const char *text)
{
  if (text)
    json_object_set_string_member (object, key, text);
}

void
ui_train_recipe_remember (const UiTrainRecipe *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *values = eng_values_to_json (self->values);
  add (object, "kind", self->kind->id);
  add (object, "model", self->model_sha256);
  add (object, "source", self->source);
  add (object, "labels", self->labels);
  add (object, "layer", self->layer);
  add (object, "output", self->output);
  json_object_set_member (object, "values", json_from_string (values, NULL));
  json_node_set_object (root, object);
  g_autofree char *text = json_to_string (root, FALSE);
  ui_settings_set (KEY, text);
}

/* What a parameter cannot be any more keeps its default. */
static void
read_values (UiTrainRecipe *self, JsonObject *values)
{
  const EngParam *param;
  for (guint i = 0; (param = eng_kind_param (self->kind, i)); i++)
    {
      JsonNode *node = json_object_get_member (values, param->id);
      if (!node || !JSON_NODE_HOLDS_VALUE (node))
        continue;
      g_autofree char *text = json_node_get_value_type (node) == G_TYPE_STRING ? json_node_dup_string (node)
                                                                               : json_to_string (node, FALSE);
      eng_values_set_text (self->values, param->id, text, NULL);
    }
}

static char *
text_of (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);
  return node && JSON_NODE_HOLDS_VALUE (node) ? json_node_dup_string (node) : NULL;
}

gboolean
ui_train_recipe_recall (UiTrainRecipe *self, EngModel *model)
{
  g_autofree char *text = ui_settings_get (KEY);
  g_autoptr (JsonNode) root = text ? json_from_string (text, NULL) : NULL;
  memset (self, 0, sizeof *self);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    return FALSE;
  JsonObject *object = json_node_get_object (root);
  JsonNode *values = json_object_get_member (object, "values");
  g_autofree char *kind = text_of (object, "kind");
  *self = (UiTrainRecipe){ kind ? eng_kind_find (kind, NULL) : NULL,
                           text_of (object, "model"),
                           text_of (object, "source"),
                           text_of (object, "labels"),
                           text_of (object, "layer"),
                           text_of (object, "output"),
                           NULL };
  if (!self->kind || !self->source || !self->output || !values || !JSON_NODE_HOLDS_OBJECT (values)
      || g_strcmp0 (self->model_sha256, eng_model_sha256 (model)) != 0)
    {
      ui_train_recipe_clear (self);
      return FALSE;
    }
  self->values = eng_kind_values (self->kind, model);
  read_values (self, json_node_get_object (values));
  return TRUE;
}

gboolean
ui_train_can_resume (const char *output)
{
  g_autofree char *path = g_strconcat (output, ".checkpoint", NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}
