/* What explain and sheet share: the classifier, the methods with their parameters, the class, the
 * contrast, the layers. Everything that can be wrong before a picture is read is found here. */
#pragma once

#include "app/commands/command.h"

G_BEGIN_DECLS

typedef struct
{
  char *model_path, *output_name, *methods, *class_text, *contrast_text, *layer, *memory;
  char **settings, **explainers;
  gint64 seed;
  AppCompute compute;
} AppPlanOptions;

/* Rows of a GOptionEntry table for the AppPlanOptions @o. */
#define APP_PLAN_ENTRIES(o)                                                                                             \
  { "model", 'm', 0, G_OPTION_ARG_FILENAME, &(o)->model_path, "The classifier", "M.onnx" },                             \
      APP_OUTPUT_NAME_ENTRY (&(o)->output_name), { "method",                                                            \
                                                   0,                                                                   \
                                                   0,                                                                   \
                                                   G_OPTION_ARG_STRING,                                                 \
                                                   &(o)->methods,                                                       \
                                                   "What to compute: ltx, grad-cam ...",                                \
                                                   "ID[,ID...]|all" },                                                  \
      { "class", 'c', 0, G_OPTION_ARG_STRING, &(o)->class_text, "Class to explain (the predicted one)", "INDEX|NAME" }, \
      { "contrast",  0, 0, G_OPTION_ARG_STRING, &(o)->contrast_text, "Explain the class rather than this one",          \
        "INDEX|NAME" },                                                                                                 \
      { "set",                                                                                                          \
        's',                                                                                                            \
        0,                                                                                                              \
        G_OPTION_ARG_STRING_ARRAY,                                                                                      \
        &(o)->settings,                                                                                                 \
        "Set a parameter; may be repeated",                                                                             \
        "[ID.]PARAM=VALUE" },                                                                                           \
      { "layer", 'l', 0, G_OPTION_ARG_STRING, &(o)->layer, "Where in the network to look", "NAME[,NAME...]" },          \
      { "explainer",                                                                                                    \
        'e',                                                                                                            \
        0,                                                                                                              \
        G_OPTION_ARG_FILENAME_ARRAY,                                                                                    \
        &(o)->explainers,                                                                                               \
        "Explain with this trained explainer; may be repeated",                                                         \
        "E.onnx" },                                                                                                     \
      { "seed", 0, 0, G_OPTION_ARG_INT64, &(o)->seed, "Seed of all random numbers (0)", "N" },                          \
      { "memory", 0, 0, G_OPTION_ARG_STRING, &(o)->memory, "Memory for passes, such as 512M (2G)", "SIZE" },            \
      APP_COMPUTE_ENTRIES (&(o)->compute)

void app_plan_options_clear (AppPlanOptions *self);
/* The text of --memory; NULL: the default. */
gboolean app_set_memory (const char *text, GError **error);

/* One method, ready to run. */
typedef struct
{
  const EngMethod *method;
  EngValues *values;
  const char *layer; /* (nullable): borrowed from the options; NULL: the method's default */
} AppChoice;

typedef struct
{
  EngModel *model;
  GPtrArray *choices; /* AppChoice*: what applies to the model, in the order asked for */
  GPtrArray *refused; /* char*: "Rollout: why not" of those that do not */
  gboolean all;       /* "--method all": what is refused was not asked for by name */
  int class_index, contrast;
  guint64 seed;
} AppPlan;

/**
 * app_plan_make:
 * @options: must outlive @self; --model is given, and --method or --explainer
 *
 * One method alone that does not apply is an error; of several, those that do not are in @refused.
 * Returns: APP_OK, or another status with an error (or after a message).
 */
AppStatus app_plan_make (AppPlan *self, const AppPlanOptions *options, GError **error);
/* FALSE with an error: a parameter names a file to write, which each further picture would write over. */
gboolean app_plan_may_explain_several (const AppPlan *self, GError **error);
void app_plan_clear (AppPlan *self);
/* (transfer full) */
EngJob *app_plan_job (const AppPlan *self, const AppChoice *choice, EngImage *image);

G_END_DECLS
