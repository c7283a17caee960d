/* See plan.h. */
#include "app/commands/plan.h"

#include <string.h>

#include "engine/methods/trained.h"
#include "engine/probe.h"

#define LEAST_MEMORY (64.0 * (1 << 20))
#define MOST_MEMORY 1e15

void
app_plan_options_clear (AppPlanOptions *self)
{
  g_free (self->model_path);
  g_free (self->output_name);
  g_free (self->methods);
  g_free (self->class_text);
  g_free (self->contrast_text);
  g_free (self->layer);
  g_free (self->memory);
  app_compute_clear (&self->compute);
  g_strfreev (self->settings);
  g_strfreev (self->explainers);
}

static void
choice_free (gpointer data)
{
  AppChoice *self = data;
  eng_values_free (self->values);
  g_free (self);
}

static AppChoice *
choice_new (const EngMethod *method)
{
  AppChoice *self = g_new0 (AppChoice, 1);
  self->method = method;
  return self;
}

static gboolean
has_method (const AppPlan *self, const EngMethod *method)
{
  for (guint i = 0; i < self->choices->len; i++)
    if (((AppChoice *)self->choices->pdata[i])->method == method)
      return TRUE;
  return FALSE;
}

/* "512M", "2G", "1.5 GB"; a bare number could mean anything. */
gboolean
app_set_memory (const char *text, GError **error)
{
  char *unit;
  if (!text)
    return TRUE;
  double number = g_ascii_strtod (text, &unit), bytes = 0;
  g_autofree char *name = g_ascii_strup (g_strstrip (unit), -1);
  if (unit != text && (g_str_equal (name, "G") || g_str_equal (name, "GB")))
    bytes = number * (1 << 30);
  else if (unit != text && (g_str_equal (name, "M") || g_str_equal (name, "MB")))
    bytes = number * (1 << 20);
  if (!(bytes >= LEAST_MEMORY && bytes <= MOST_MEMORY))
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "--memory cannot be “%s”. Give a size such as 512M or 2G, at least 64M.", text);
  eng_set_memory_budget ((gsize)bytes);
  return TRUE;
}

/* ---- trained explainers ---- */

/* The files of --explainer. */
static gboolean
open_explainers (char **paths, GPtrArray *files, GError **error)
{
  for (; paths && *paths; paths++)
    {
      EngExplainerFile *file = eng_explainers_open (*paths, error);
      if (!file)
        return FALSE;
      g_ptr_array_add (files, file);
    }
  return TRUE;
}

/* Without --method: those that answer with the files. */
static gboolean
find_their_methods (AppPlan *self, GPtrArray *files, GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      const EngMethod *method = eng_method_find (eng_explainer_file_kind (files->pdata[i])->method, error);
      if (!method)
        return FALSE;
      if (!has_method (self, method))
        g_ptr_array_add (self->choices, choice_new (method));
    }
  return TRUE;
}

/* A file that is named is used, or the command ends: nobody wants another one's maps. */
static gboolean
use_explainers (AppPlan *self, GPtrArray *files, GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      const char *path = eng_explainer_file_path (files->pdata[i]);
      const char *id = eng_explainer_file_kind (files->pdata[i])->method;
      g_autofree char *name = g_filename_display_basename (path);
      AppChoice *taker = NULL;
      for (guint k = 0; k < self->choices->len; k++)
        {
          AppChoice *choice = self->choices->pdata[k];
          if (g_str_equal (choice->method->id, id))
            taker = choice;
        }
      if (!taker)
        return eng_fail (error, ENG_ERROR_ARGUMENT, "%s answers the method %s, which is not among those asked for.",
                         name, id);
      if (*eng_values_get_text (taker->values, ENG_TRAINED_ID))
        return eng_fail (error, ENG_ERROR_ARGUMENT, "%s takes one explainer; leave out %s, or explain twice.", id,
                         name);
      if (!eng_explainer_file_fits (files->pdata[i], self->model, error)
          || !eng_values_set_text (taker->values, ENG_TRAINED_ID, path, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- methods and parameters ---- */

/* "all", or ids with commas between; each once. */
static gboolean
find_methods (AppPlan *self, const char *text, GError **error)
{
  g_auto (GStrv) ids = g_strsplit (text, ",", -1);
  const EngMethod *method;
  self->all = g_str_equal (text, "all");
  for (guint i = 0; self->all && (method = eng_method_nth (i)); i++)
    g_ptr_array_add (self->choices, choice_new (method));
  for (char **id = ids; !self->all && *id; id++)
    {
      if (!(method = eng_method_find (g_strstrip (*id), error)))
        return FALSE;
      if (!has_method (self, method))
        g_ptr_array_add (self->choices, choice_new (method));
    }
  return TRUE;
}

static gboolean
has_param (const EngMethod *method, const char *id)
{
  const EngParam *param;
  for (guint i = 0; (param = eng_method_param (method, i)); i++)
    if (g_str_equal (param->id, id))
      return TRUE;
  return FALSE;
}

/* "steps=5" goes to every chosen method that has such a parameter, "rise.masks=100" to one. */
static gboolean
set_pair (AppPlan *self, const char *pair, GError **error)
{
  const char *equals = strchr (pair, '='), *dot = strchr (pair, '.');
  gboolean one = equals && dot && dot < equals, taken = FALSE;
  g_autofree char *id = one ? g_strndup (pair, dot - pair) : NULL;
  const char *setting = one ? dot + 1 : pair;
  g_autofree char *param = equals ? g_strndup (setting, equals - setting) : g_strdup (setting);
  if (one && !eng_method_find (id, error))
    return FALSE;
  for (guint i = 0; i < self->choices->len; i++)
    {
      AppChoice *choice = self->choices->pdata[i];
      if (one ? !g_str_equal (choice->method->id, id) : self->choices->len > 1 && !has_param (choice->method, param))
        continue;
      if (!eng_values_set_pair (choice->values, setting, error))
        return FALSE;
      taken = TRUE;
    }
  return taken
         || eng_fail (error, ENG_ERROR_ARGUMENT,
                      one ? "“%s” sets a parameter of a method that is not among those asked for."
                          : "“%s”: none of the methods asked for has such a parameter; “sightline-cli methods ID” "
                            "lists them.",
                      pair);
}

/* (transfer full) (nullable): why @choice cannot be computed. */
static GError *
why_not (AppPlan *self, AppChoice *choice, const char *layer)
{
  GError *error = NULL;
  choice->layer = choice->method->needs & ENG_NEEDS_GRID ? layer : NULL;
  g_autoptr (GPtrArray) layers =
      eng_method_find_layers (choice->method, self->model, choice->layer, choice->values, &error);
  if (!error && self->contrast >= 0 && !(choice->method->allows & ENG_ALLOWS_CONTRAST))
    eng_fail (&error, ENG_ERROR_ARGUMENT, "%s cannot explain one class rather than another.", choice->method->name);
  return error;
}

static AppStatus
leave_out_refused (AppPlan *self, const char *layer, GError **error)
{
  gboolean alone = self->choices->len == 1;
  for (guint i = 0; i < self->choices->len;)
    {
      AppChoice *choice = self->choices->pdata[i];
      g_autoptr (GError) reason = why_not (self, choice, layer);
      if (!reason)
        {
          i++;
          continue;
        }
      if (alone)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return APP_FAILED;
        }
      g_ptr_array_add (self->refused, g_strdup_printf ("%s: %s", choice->method->id, reason->message));
      g_ptr_array_remove_index (self->choices, i);
    }
  return APP_OK;
}

/* Each name of --layer, so that a wrong one is no refusal of single methods. */
static gboolean
check_layers (EngModel *model, const char *layer, GError **error)
{
  g_auto (GStrv) names = g_strsplit (layer, ",", -1);
  if (eng_model_find_target (model, layer, NULL))
    return TRUE;
  for (char **name = names; *name; name++)
    if (!eng_model_find_target (model, g_strstrip (*name), error))
      return FALSE;
  return TRUE;
}

static gboolean
find_class (EngModel *model, const char *text, int *index, GError **error)
{
  *index = text ? eng_model_find_class (model, text, error) : -1;
  return !text || *index >= 0;
}

AppStatus
app_plan_make (AppPlan *self, const AppPlanOptions *o, GError **error)
{
  self->choices = g_ptr_array_new_with_free_func (choice_free);
  self->refused = g_ptr_array_new_with_free_func (g_free);
  self->seed = (guint64)o->seed;
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify)eng_explainer_file_unref);
  if (!app_set_memory (o->memory, error))
    return APP_USAGE;
  if (!open_explainers (o->explainers, files, error))
    return APP_FAILED;
  if (!(o->methods ? find_methods (self, o->methods, error) : find_their_methods (self, files, error)))
    return APP_USAGE;
  self->model = app_open_model (o->model_path, o->output_name);
  if (!self->model)
    return APP_FAILED;
  for (guint i = 0; i < self->choices->len; i++)
    {
      AppChoice *choice = self->choices->pdata[i];
      choice->values = eng_values_new (choice->method, self->model);
    }
  if (!use_explainers (self, files, error))
    return g_error_matches (*error, ENG_ERROR, ENG_ERROR_ARGUMENT) ? APP_USAGE : APP_FAILED;
  for (char **pair = o->settings; pair && *pair; pair++)
    if (!set_pair (self, *pair, error))
      return APP_USAGE;
  if (!find_class (self->model, o->class_text, &self->class_index, error)
      || !find_class (self->model, o->contrast_text, &self->contrast, error)
      || (o->layer && !check_layers (self->model, o->layer, error)))
    return APP_USAGE;
  if (self->contrast >= 0 && self->contrast == self->class_index)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "--class and --contrast name the same class. Give two different ones.");
      return APP_USAGE;
    }
  return leave_out_refused (self, o->layer, error);
}

void
app_plan_clear (AppPlan *self)
{
  g_clear_pointer (&self->choices, g_ptr_array_unref);
  g_clear_pointer (&self->refused, g_ptr_array_unref);
  g_clear_object (&self->model);
}

EngJob *
app_plan_job (const AppPlan *self, const AppChoice *choice, EngImage *image)
{
  return eng_job_new (self->model, image, choice->method, self->class_index, self->contrast, choice->layer,
                      eng_values_copy (choice->values), self->seed);
}

gboolean
app_plan_may_explain_several (const AppPlan *plan, GError **error)
{
  const EngParam *p;
  for (guint k = 0; k < plan->choices->len; k++)
    {
      const AppChoice *choice = plan->choices->pdata[k];
      for (guint i = 0; (p = eng_method_param (choice->method, i)); i++)
        if (p->type == ENG_PARAM_OUTPUT_PATH && *eng_values_get_text (choice->values, p->id))
          return eng_fail (error, ENG_ERROR_ARGUMENT, "%s names one file, so explain one picture at a time with it",
                           p->id);
    }
  return TRUE;
}
