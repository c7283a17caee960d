/* sightline-cli methods: what can be computed, with which parameters, and why not on this model.
 * Everything comes from the declarations of the methods. */
#include "app/commands/command.h"

#include <stdio.h>

static const char *const type_names[] = {
  [ENG_PARAM_INT] = "int",   [ENG_PARAM_FLOAT] = "float", [ENG_PARAM_CHOICE] = "choice",
  [ENG_PARAM_BOOL] = "bool", [ENG_PARAM_PATH] = "path",   [ENG_PARAM_OUTPUT_PATH] = "output-path",
};

/* NULL when it applies (or when there is no model to ask). (transfer full) */
static char *
reason_against (const EngMethod *method, EngModel *model)
{
  g_autoptr (GError) error = NULL;
  if (!model || eng_method_can_explain (method, model, NULL, &error))
    return NULL;
  return g_strdup (error->message);
}

/* "1 .. 500", the choices, or "". (transfer full) */
static char *
describe_range (const EngParam *param)
{
  char low[G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];
  if (param->type == ENG_PARAM_CHOICE)
    return g_strjoinv (", ", (char **)param->choices);
  if (param->type == ENG_PARAM_BOOL)
    return g_strdup ("true, false");
  if (param->type == ENG_PARAM_PATH)
    return g_strdup ("a file");
  if (param->type == ENG_PARAM_OUTPUT_PATH)
    return g_strdup ("a file to write, with one picture");
  g_ascii_formatd (low, sizeof low, "%g", param->minimum);
  g_ascii_formatd (high, sizeof high, "%g", param->maximum);
  return g_strdup_printf ("%s to %s", low, high);
}

/* As --set takes it. (transfer full) */
static char *
describe_value (const EngParam *param, const EngValues *values)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  double value = eng_values_get (values, param->id);
  if (param->type == ENG_PARAM_CHOICE || param->type == ENG_PARAM_PATH || param->type == ENG_PARAM_OUTPUT_PATH)
    return g_strdup (eng_values_get_text (values, param->id));
  if (param->type == ENG_PARAM_BOOL)
    return g_strdup (value != 0 ? "true" : "false");
  return g_strdup (g_ascii_formatd (number, sizeof number, "%g", value));
}

static void
print_method (const EngMethod *method, EngModel *model)
{
  g_autofree char *reason = reason_against (method, model);
  g_autoptr (EngValues) values = eng_values_new (method, model);
  g_print ("%-14s %s. %s\n", method->id, method->name, method->about);
  g_print ("%-14s Cost: %s. Values: %s.%s\n", "", method->cost,
           method->sign == ENG_SIGN_SIGNED ? "signed" : "evidence only",
           method->needs & ENG_NEEDS_GRID ? " --layer applies." : "");
  const EngParam *param;
  for (guint i = 0; (param = eng_method_param (method, i)); i++)
    {
      g_autofree char *range = describe_range (param);
      g_autofree char *value = describe_value (param, values);
      g_autofree char *setting = g_strdup_printf ("%s=%s", param->id, value);
      g_print ("  --set %-24s (%s%s%s) %s\n", setting, range, *param->unit ? " " : "", param->unit, param->help);
    }
  if (reason)
    g_print ("%-14s Not possible here: %s\n", "", reason);
  g_print ("\n");
}

static void
add_param (JsonBuilder *builder, const EngParam *param, const EngValues *values)
{
  json_builder_begin_object (builder);
  app_json_string (builder, "id", param->id);
  app_json_string (builder, "label", param->label);
  app_json_string (builder, "unit", param->unit);
  app_json_string (builder, "type", type_names[param->type]);
  if (param->type == ENG_PARAM_INT || param->type == ENG_PARAM_FLOAT)
    {
      app_json_number (builder, "minimum", param->minimum);
      app_json_number (builder, "maximum", param->maximum);
      app_json_number (builder, "default", eng_values_get (values, param->id));
      json_builder_set_member_name (builder, "logarithmic");
      json_builder_add_boolean_value (builder, param->logarithmic);
    }
  else if (param->type == ENG_PARAM_BOOL)
    {
      json_builder_set_member_name (builder, "default");
      json_builder_add_boolean_value (builder, eng_values_get (values, param->id) != 0);
    }
  else
    app_json_string (builder, "default", eng_values_get_text (values, param->id));
  if (param->type == ENG_PARAM_CHOICE)
    {
      json_builder_set_member_name (builder, "choices");
      json_builder_begin_array (builder);
      for (const char *const *choice = param->choices; *choice; choice++)
        json_builder_add_string_value (builder, *choice);
      json_builder_end_array (builder);
    }
  app_json_string (builder, "help", param->help);
  json_builder_end_object (builder);
}

static void
add_method (JsonBuilder *builder, const EngMethod *method, EngModel *model)
{
  g_autofree char *reason = reason_against (method, model);
  g_autoptr (EngValues) values = eng_values_new (method, model);
  json_builder_begin_object (builder);
  app_json_string (builder, "id", method->id);
  app_json_string (builder, "name", method->name);
  app_json_string (builder, "about", method->about);
  app_json_string (builder, "reference", method->reference);
  app_json_string (builder, "sign", method->sign == ENG_SIGN_SIGNED ? "signed" : "unsigned");
  json_builder_set_member_name (builder, "needs_layer");
  json_builder_add_boolean_value (builder, (method->needs & ENG_NEEDS_GRID) != 0);
  json_builder_set_member_name (builder, "class_dependent");
  json_builder_add_boolean_value (builder, method->class_dependent);
  app_json_string (builder, "cost", method->cost);
  json_builder_set_member_name (builder, "params");
  json_builder_begin_array (builder);
  const EngParam *param;
  for (guint i = 0; (param = eng_method_param (method, i)); i++)
    add_param (builder, param, values);
  json_builder_end_array (builder);
  if (model)
    {
      json_builder_set_member_name (builder, "applies");
      json_builder_add_boolean_value (builder, reason == NULL);
      app_json_string (builder, "reason", reason);
    }
  json_builder_end_object (builder);
}

static AppStatus
run (int argc, char **argv)
{
  g_autofree char *model_path = NULL;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &model_path, "Say which methods apply to this classifier", "M.onnx" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Write the full declarations", NULL },
    { NULL },
  };
  if (!app_parse_options (&app_methods, NULL, NULL, entries, &argc, &argv))
    return APP_USAGE;
  if (argc > 1)
    {
      app_complain ("methods takes no arguments; give the classifier with --model %s", argv[1]);
      return APP_USAGE;
    }
  g_autoptr (EngModel) model = model_path ? app_open_model (model_path) : NULL;
  if (model_path && !model)
    return APP_FAILED;

  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_array (builder);
  const EngMethod *method;
  for (guint i = 0; (method = eng_method_nth (i)); i++)
    if (json)
      add_method (builder, method, model);
    else
      print_method (method, model);
  json_builder_end_array (builder);
  if (json)
    {
      g_autofree char *text = app_json_text (builder);
      fputs (text, stdout);
    }
  return APP_OK;
}

const AppCommand app_methods = { "methods", "Lists the methods and their parameters.", run };
