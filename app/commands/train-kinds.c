/* See train.h: the kinds of explainers as a table, with their parameters, and as JSON. */
#include <stdio.h>
#include <string.h>

#include "app/commands/methods-print.h"
#include "app/commands/train.h"

static const char *const label_uses[] = { [ENG_LABELS_UNUSED] = "unused", [ENG_LABELS_OPTIONAL] = "optional" };

/* (transfer full) (nullable): why @kind cannot be trained for @model. */
static char *
refusal (const EngExplainerKind *kind, EngModel *model)
{
  g_autoptr (GError) error = NULL;
  return !model || eng_kind_can_train (kind, model, NULL, &error) ? NULL : g_strdup (error->message);
}

/* What it learns, in its first sentence; for a model that it does not fit, why not. */
static void
print_row (const EngExplainerKind *kind, EngModel *model)
{
  g_autofree char *reason = refusal (kind, model), *needs = app_needs_words (kind->needs);
  const EngTarget *target = model && !reason ? eng_kind_default_target (kind, model) : NULL;
  const char *end = strstr (kind->about, ". ");
  int length = end ? (int)(end + 1 - kind->about) : (int)strlen (kind->about);
  g_print ("  %-13s %-31s ", kind->id, needs);
  if (reason)
    g_print ("no: %s\n", reason);
  else
    g_print ("%s%s%s%s%.*s\n", model ? "yes" : "", target ? ", at " : "", target ? target->name : "",
             model ? ": " : "", length, kind->about);
}

static void
print_table (GPtrArray *kinds, EngModel *model)
{
  for (guint i = 0; i < kinds->len; i++)
    print_row (kinds->pdata[i], model);
  g_print ("\n\"sightline-cli train --kinds KIND\" shows what can be set%s.\n",
           model ? "" : ", --model M.onnx what fits a classifier");
}

static void
print_kind (const EngExplainerKind *kind, EngModel *model)
{
  g_autofree char *reason = refusal (kind, model);
  g_autofree char *needs = app_needs_words (kind->needs);
  g_autoptr (EngValues) values = eng_kind_values (kind, model);
  const EngParam *param;
  g_print ("%s: %s. %s\n", kind->id, kind->name, kind->about);
  g_print ("  Needs: %s. ", needs);
  g_print ("Answers the method: %s. Labels: %s. Judged by: %s, %s is better.\n", kind->method,
           label_uses[kind->labels], kind->score_name, kind->higher_is_better ? "higher" : "lower");
  g_print ("  Reference: %s\n", kind->reference);
  for (guint i = 0; (param = eng_values_param (values, i)); i++)
    app_param_print (param, values);
  if (reason)
    g_print ("  Not possible here: %s\n", reason);
  g_print ("\n");
}

static void
add_kind (JsonBuilder *b, const EngExplainerKind *kind, EngModel *model)
{
  g_autofree char *reason = refusal (kind, model), *needs = app_needs_words (kind->needs);
  g_autoptr (EngValues) values = eng_kind_values (kind, model);
  const EngParam *param;
  json_builder_begin_object (b);
  app_json_string (b, "id", kind->id);
  app_json_string (b, "name", kind->name);
  app_json_string (b, "about", kind->about);
  app_json_string (b, "reference", kind->reference);
  app_json_string (b, "method", kind->method);
  app_json_string (b, "labels", label_uses[kind->labels]);
  app_json_string (b, "needs", needs);
  app_json_string (b, "score", kind->score_name);
  json_builder_set_member_name (b, "higher_is_better");
  json_builder_add_boolean_value (b, kind->higher_is_better);
  json_builder_set_member_name (b, "params");
  json_builder_begin_array (b);
  for (guint i = 0; (param = eng_values_param (values, i)); i++)
    app_param_json (b, param, values);
  json_builder_end_array (b);
  if (model)
    {
      json_builder_set_member_name (b, "applies");
      json_builder_add_boolean_value (b, reason == NULL);
      app_json_string (b, "reason", reason);
    }
  json_builder_end_object (b);
}

static void
print_json (GPtrArray *kinds, EngModel *model)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_array (b);
  for (guint i = 0; i < kinds->len; i++)
    add_kind (b, kinds->pdata[i], model);
  json_builder_end_array (b);
  g_autofree char *text = app_json_text (b);
  fputs (text, stdout);
}

/* FALSE after a message. */
static gboolean
collect (char **ids, GPtrArray *kinds)
{
  const EngExplainerKind *kind;
  for (guint i = 0; !ids && (kind = eng_kind_nth (i)); i++)
    g_ptr_array_add (kinds, (gpointer)kind);
  for (; ids && *ids; ids++)
    {
      g_autoptr (GError) error = NULL;
      if (!(kind = eng_kind_find (*ids, &error)))
        {
          app_complain ("%s", error->message);
          return FALSE;
        }
      g_ptr_array_add (kinds, (gpointer)kind);
    }
  return TRUE;
}

AppStatus
app_kinds_print (char **ids, const char *model_path, const char *output_name, gboolean json)
{
  g_autoptr (GPtrArray) kinds = g_ptr_array_new ();
  if (!collect (ids, kinds))
    return APP_USAGE;
  g_autoptr (EngModel) model = model_path ? app_open_model (model_path, output_name) : NULL;
  if (model_path && !model)
    return APP_FAILED;
  if (json)
    print_json (kinds, model);
  else if (!ids)
    print_table (kinds, model);
  for (guint i = 0; ids && !json && i < kinds->len; i++)
    print_kind (kinds->pdata[i], model);
  return APP_OK;
}
