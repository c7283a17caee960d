/* See methods-print.h. */
#include "app/commands/methods-print.h"

#include <stdio.h>

char *
app_method_refusal (const EngMethod *method, EngModel *model)
{
  g_autoptr (GError) error = NULL;
  if (!model || eng_method_can_explain (method, model, NULL, &error))
    return NULL;
  return g_strdup (error->message);
}

/* "evidence" maps are >= 0; "signed" ones also speak against the class. */
static const char *
describe_sign (const EngMethod *method)
{
  return method->sign == ENG_SIGN_SIGNED ? "signed" : "evidence";
}

/* A gradient is needed by nearly all that look at a layer: not repeated. */
char *
app_needs_words (EngNeeds needs)
{
  static const struct
  {
    EngNeeds flag;
    const char *text;
  } rows[] = {
    { ENG_NEEDS_GRID, "layer with a grid" },
    { ENG_NEEDS_ATTENTION, "attention" },
    { ENG_NEEDS_LINEAR_HEAD, "linear head" },
    { ENG_NEEDS_GRADIENT, "gradient" },
  };
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (needs & rows[i].flag && !(rows[i].flag == ENG_NEEDS_GRADIENT && text->len))
      g_string_append_printf (text, "%s%s", text->len ? ", " : "", rows[i].text);
  return g_string_free (text->len ? text : g_string_append (text, "scores alone"), FALSE);
}

/* Exact where the model is known, else in words. (transfer full) */
static char *
describe_cost (const EngMethod *method, EngModel *model)
{
  EngCost cost;
  g_autoptr (EngValues) values = eng_values_new (method, model);
  if (!model || !eng_method_passes (method, model, NULL, values, &cost))
    return g_strdup (method->cost);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " forward, %" G_GUINT64_FORMAT " backward", cost.forward,
                          cost.backward);
}

/* ---- the table ---- */

static void
print_row (const EngMethod *method, EngModel *model)
{
  g_autofree char *reason = app_method_refusal (method, model), *needs = app_needs_words (method->needs);
  g_autofree char *cost = reason ? g_strdup ("") : describe_cost (method, model);
  const EngTarget *target = model && !reason ? eng_method_default_target (method, model) : NULL;
  int pad = MAX (0, 22 - (int)g_utf8_strlen (method->name, -1)); /* printf pads by bytes */
  g_print ("  %-21s %s%*s %-9s %-18s ", method->id, method->name, pad, "", describe_sign (method), needs);
  if (!model)
    g_print ("%s\n", cost);
  else if (reason)
    g_print ("no: %s\n", reason);
  else
    g_print ("yes%s%s; %s\n", target ? ", at " : "", target ? target->name : "", cost);
}

void
app_methods_table (GPtrArray *methods, EngModel *model)
{
  for (int family = 0; family < ENG_N_FAMILIES; family++)
    {
      gboolean begun = FALSE;
      for (guint i = 0; i < methods->len; i++)
        {
          const EngMethod *method = methods->pdata[i];
          if ((int)method->family != family)
            continue;
          if (!begun)
            g_print ("%s\n", eng_family_name (method->family));
          begun = TRUE;
          print_row (method, model);
        }
    }
  g_print ("\n\"sightline-cli methods ID\" shows a method's parameters%s.\n",
           model ? "" : ", --model M.onnx what applies to a classifier");
}

/* ---- full declarations ---- */

/* "1 to 500", the choices, or what kind of file. (transfer full) */
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

void
app_param_print (const EngParam *param, const EngValues *values)
{
  g_autofree char *range = describe_range (param), *value = describe_value (param, values);
  g_autofree char *setting = g_strdup_printf ("%s=%s", param->id, value);
  g_print ("  --set %-24s (%s%s%s) %s\n", setting, range, *param->unit ? " " : "", param->unit, param->help);
}

static void
print_options (const EngMethod *method)
{
  static const struct
  {
    EngAllows flag;
    const char *text;
  } rows[] = {
    { ENG_ALLOWS_CONTRAST, "--contrast" },
    { ENG_ALLOWS_LAYERS, "--layer A,B" },
    { ENG_ALLOWS_STOP, "Ctrl+C keeps what was done" },
  };
  g_autoptr (GString) text = g_string_new (NULL);
  if (method->needs & ENG_NEEDS_GRID && !(method->allows & ENG_ALLOWS_LAYERS))
    g_string_append (text, "--layer A");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (method->allows & rows[i].flag)
      g_string_append_printf (text, "%s%s", text->len ? ", " : "", rows[i].text);
  if (text->len)
    g_print ("  Takes: %s\n", text->str);
}

static void
print_details (const EngMethod *method, EngModel *model)
{
  g_autofree char *reason = app_method_refusal (method, model), *needs = app_needs_words (method->needs);
  g_autoptr (EngValues) values = eng_values_new (method, model);
  EngCost cost;
  g_print ("%s: %s. %s\n", method->id, method->name, method->about);
  g_print ("  Family: %s. Values: %s. Needs: %s.\n", eng_family_name (method->family), describe_sign (method), needs);
  g_print ("  Cost: %s.", method->cost);
  if (model && !reason && eng_method_passes (method, model, NULL, values, &cost))
    g_print (" Here %" G_GUINT64_FORMAT " forward and %" G_GUINT64_FORMAT " backward passes.", cost.forward,
             cost.backward);
  g_print ("\n  Reference: %s\n", method->reference);
  print_options (method);
  const EngParam *param;
  for (guint i = 0; (param = eng_method_param (method, i)); i++)
    app_param_print (param, values);
  if (reason)
    g_print ("  Not possible here: %s\n", reason);
  g_print ("\n");
}

void
app_methods_details (GPtrArray *methods, EngModel *model)
{
  for (guint i = 0; i < methods->len; i++)
    print_details (methods->pdata[i], model);
}

/* ---- for README: the same bytes in every locale ---- */

void
app_methods_markdown (GPtrArray *methods)
{
  printf ("| method | id | values | needs | reference |\n|---|---|---|---|---|\n");
  for (int family = 0; family < ENG_N_FAMILIES; family++)
    {
      gboolean begun = FALSE;
      for (guint i = 0; i < methods->len; i++)
        {
          const EngMethod *method = methods->pdata[i];
          g_autofree char *needs = app_needs_words (method->needs);
          if ((int)method->family != family)
            continue;
          if (!begun)
            printf ("| **%s** | | | | |\n", eng_family_name (method->family));
          begun = TRUE;
          printf ("| %s | `%s` | %s | %s | %s |\n", method->name, method->id, describe_sign (method), needs,
                  method->reference);
        }
    }
}
