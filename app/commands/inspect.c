/* sightline-cli inspect: what a model file holds and what Sightline makes of it. The text is the
 * JSON description laid out for reading, so that the two cannot disagree. */
#include "app/commands/command.h"

#include <stdio.h>

static void print_node (const char *name, JsonNode *node, int depth);

/* "input_size" -> "input size" (transfer full) */
static char *
readable (const char *member)
{
  char *text = g_strdup (member);
  return g_strdelimit (text, "_", ' ');
}

static gboolean
is_leaf (JsonNode *node)
{
  return !JSON_NODE_HOLDS_OBJECT (node) && !JSON_NODE_HOLDS_ARRAY (node);
}

/* (transfer full) */
static char *
leaf_text (JsonNode *node)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  if (JSON_NODE_HOLDS_NULL (node))
    return g_strdup ("none");
  GType type = json_node_get_value_type (node);
  if (type == G_TYPE_STRING)
    return g_strdup (json_node_get_string (node));
  if (type == G_TYPE_BOOLEAN)
    return g_strdup (json_node_get_boolean (node) ? "yes" : "no");
  if (type == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  return g_strdup (g_ascii_formatd (number, sizeof number, "%g", json_node_get_double (node)));
}

/* Plain values side by side, @between them; NULL when @array holds anything else. (transfer full) */
static char *
row_text (JsonArray *array, const char *between)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *item = json_array_get_element (array, i);
      if (!is_leaf (item))
        return NULL;
      g_autofree char *part = leaf_text (item);
      g_string_append_printf (text, "%s%s", i ? between : "", part);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* An array of plain values, or an object of plain values inside an array, fits on one line.
 * (transfer full) (nullable) */
static char *
line_text (const char *name, JsonNode *node)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (is_leaf (node))
    return leaf_text (node);
  if (JSON_NODE_HOLDS_ARRAY (node))
    return row_text (json_node_get_array (node), g_strcmp0 (name, "shape") == 0 ? " × " : " ");
  JsonObjectIter iter;
  const char *member;
  JsonNode *value;
  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &member, &value))
    {
      g_autofree char *part = line_text (member, value), *title = readable (member);
      if (!part)
        return NULL;
      gboolean is_name = g_str_equal (member, "name") || g_str_equal (member, "id");
      g_string_append_printf (text, "%s%s%s%s", text->len ? ", " : "", is_name ? "" : title, is_name ? "" : " ",
                              part);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
print_members (JsonNode *node, int depth)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObjectIter iter;
      const char *member;
      JsonNode *value;
      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      while (json_object_iter_next_ordered (&iter, &member, &value))
        print_node (member, value, depth);
      return;
    }
  JsonArray *array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *item = json_array_get_element (array, i);
      g_autofree char *line = line_text (NULL, item);
      if (line)
        g_print ("%*s%s\n", 2 * depth, "", line);
      else
        print_members (item, depth);
    }
}

static void
print_node (const char *name, JsonNode *node, int depth)
{
  g_autofree char *title = readable (name), *line = JSON_NODE_HOLDS_OBJECT (node) ? NULL : line_text (name, node);
  if (line)
    {
      g_print ("%*s%-*s %s\n", 2 * depth, "", 24 - 2 * depth, title, line);
      return;
    }
  g_print ("%*s%s\n", 2 * depth, "", title);
  print_members (node, depth + 1);
}

static AppStatus
run (int argc, char **argv)
{
  gboolean json = FALSE;
  g_autofree char *output = NULL;
  g_auto (GStrv) paths = NULL;
  const GOptionEntry entries[] = {
    APP_OUTPUT_NAME_ENTRY (&output),
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Write one object", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL },
    { NULL },
  };
  if (!app_parse_options (&app_inspect, "M.onnx", NULL, entries, &argc, &argv))
    return APP_USAGE;
  if (!paths || paths[1])
    {
      app_complain ("inspect needs one model: sightline-cli inspect M.onnx");
      return APP_USAGE;
    }
  g_autoptr (EngModel) model = app_open_model (paths[0], output);
  if (!model)
    return APP_FAILED;
  g_autofree char *text = eng_model_describe_json (model);
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  if (json || !root)
    printf ("%s\n", text);
  else
    print_members (root, 0);
  return APP_OK;
}

const AppCommand app_inspect = { "inspect", "Shows what a model holds: inputs, operators, preprocessing, targets.",
                                 run };
