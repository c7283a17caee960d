/* See methods-print.h. Keys are listed in the man page. */
#include <stdio.h>

#include "app/commands/methods-print.h"

static const char *const type_names[] = {
  [ENG_PARAM_INT] = "int",   [ENG_PARAM_FLOAT] = "float", [ENG_PARAM_CHOICE] = "choice",
  [ENG_PARAM_BOOL] = "bool", [ENG_PARAM_PATH] = "path",   [ENG_PARAM_OUTPUT_PATH] = "output-path",
};

static const struct
{
  EngNeeds flag;
  const char *id;
} needs[] = {
  { ENG_NEEDS_GRADIENT, "gradient" },
  { ENG_NEEDS_GRID, "grid" },
  { ENG_NEEDS_ATTENTION, "attention" },
  { ENG_NEEDS_LINEAR_HEAD, "linear-head" },
};

static const struct
{
  EngAllows flag;
  const char *id;
} allows[] = {
  { ENG_ALLOWS_CONTRAST, "contrast" },
  { ENG_ALLOWS_AVERAGE, "average" },
  { ENG_ALLOWS_LAYERS, "layers" },
  { ENG_ALLOWS_STOP, "stop" },
};

static void
add_boolean (JsonBuilder *b, const char *member, gboolean value)
{
  json_builder_set_member_name (b, member);
  json_builder_add_boolean_value (b, value);
}

void
app_param_json (JsonBuilder *b, const EngParam *param, const EngValues *values)
{
  json_builder_begin_object (b);
  app_json_string (b, "id", param->id);
  app_json_string (b, "label", param->label);
  app_json_string (b, "unit", param->unit);
  app_json_string (b, "type", type_names[param->type]);
  if (param->type == ENG_PARAM_INT || param->type == ENG_PARAM_FLOAT)
    {
      app_json_number (b, "minimum", param->minimum);
      app_json_number (b, "maximum", param->maximum);
      app_json_number (b, "default", eng_values_get (values, param->id));
      add_boolean (b, "logarithmic", param->logarithmic);
    }
  else if (param->type == ENG_PARAM_BOOL)
    add_boolean (b, "default", eng_values_get (values, param->id) != 0);
  else
    app_json_string (b, "default", eng_values_get_text (values, param->id));
  if (param->type == ENG_PARAM_CHOICE)
    {
      json_builder_set_member_name (b, "choices");
      json_builder_begin_array (b);
      for (const char *const *choice = param->choices; *choice; choice++)
        json_builder_add_string_value (b, *choice);
      json_builder_end_array (b);
    }
  app_json_string (b, "help", param->help);
  json_builder_end_object (b);
}

/* Whether it applies, where it looks, what it costs with the values that are its defaults here. */
static void
add_model (JsonBuilder *b, const EngMethod *method, EngModel *model, const EngValues *values)
{
  EngCost cost;
  g_autofree char *reason = app_method_refusal (method, model);
  const EngTarget *target = reason ? NULL : eng_method_default_target (method, model);
  add_boolean (b, "applies", reason == NULL);
  app_json_string (b, "reason", reason);
  app_json_string (b, "layer", target ? target->name : "");
  json_builder_set_member_name (b, "passes");
  if (!reason && eng_method_passes (method, model, target, values, &cost))
    {
      json_builder_begin_object (b);
      app_json_integer (b, "forward", (gint64)cost.forward);
      app_json_integer (b, "backward", (gint64)cost.backward);
      json_builder_end_object (b);
    }
  else
    json_builder_add_null_value (b);
}

static void
add_method (JsonBuilder *b, const EngMethod *method, EngModel *model)
{
  g_autoptr (EngValues) values = eng_values_new (method, model);
  json_builder_begin_object (b);
  app_json_string (b, "id", method->id);
  app_json_string (b, "name", method->name);
  app_json_string (b, "family", eng_family_id (method->family));
  app_json_string (b, "about", method->about);
  app_json_string (b, "reference", method->reference);
  app_json_string (b, "sign", method->sign == ENG_SIGN_SIGNED ? "signed" : "unsigned");
  json_builder_set_member_name (b, "needs");
  json_builder_begin_array (b);
  for (guint i = 0; i < G_N_ELEMENTS (needs); i++)
    if (method->needs & needs[i].flag)
      json_builder_add_string_value (b, needs[i].id);
  json_builder_end_array (b);
  json_builder_set_member_name (b, "allows");
  json_builder_begin_array (b);
  for (guint i = 0; i < G_N_ELEMENTS (allows); i++)
    if (method->allows & allows[i].flag)
      json_builder_add_string_value (b, allows[i].id);
  json_builder_end_array (b);
  add_boolean (b, "class_dependent", method->class_dependent);
  app_json_string (b, "cost", method->cost);
  json_builder_set_member_name (b, "params");
  json_builder_begin_array (b);
  const EngParam *param;
  for (guint i = 0; (param = eng_method_param (method, i)); i++)
    app_param_json (b, param, values);
  json_builder_end_array (b);
  if (model)
    add_model (b, method, model, values);
  json_builder_end_object (b);
}

void
app_methods_json (GPtrArray *methods, EngModel *model)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_array (b);
  for (guint i = 0; i < methods->len; i++)
    add_method (b, methods->pdata[i], model);
  json_builder_end_array (b);
  g_autofree char *text = app_json_text (b);
  fputs (text, stdout);
}
