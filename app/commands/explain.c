/* sightline-cli explain: one method on one model over many pictures; four files for each. */
#include "app/commands/command.h"

#include "app/commands/progress.h"
#include "app/commands/result.h"

typedef struct
{
  char *model_path, *method_id, *class_text, *layer, *output;
  char **settings, **images;
  gint64 seed;
  int threads;
} Options;

/* What is the same for all pictures. */
typedef struct
{
  EngModel *model;
  const EngMethod *method;
  EngValues *values;
  int class_index;
  const char *layer, *output;
  guint64 seed;
} Task;

static void
options_clear (Options *self)
{
  g_free (self->model_path);
  g_free (self->method_id);
  g_free (self->class_text);
  g_free (self->layer);
  g_free (self->output);
  g_strfreev (self->settings);
  g_strfreev (self->images);
}

static const char notes[] =
    "For each picture STEM four files are written to the folder, each of them whole or not at all:\n"
    "  STEM.METHOD.npy        the map on the method's own grid, float32\n"
    "  STEM.METHOD.input.npy  the map at the model's input size, float32\n"
    "  STEM.METHOD.png        the map over the picture; hatched: never seen by the model\n"
    "  STEM.METHOD.json       how the map came to be\n"
    "\"sightline-cli methods\" lists methods and parameters.";

static gboolean
parse (int argc, char **argv, Options *o)
{
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &o->model_path, "The classifier", "M.onnx" },
    { "method", 0, 0, G_OPTION_ARG_STRING, &o->method_id, "What to compute: ltx, grad-cam ...", "ID" },
    { "class", 'c', 0, G_OPTION_ARG_STRING, &o->class_text, "Class to explain (the predicted one)", "INDEX|NAME" },
    { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &o->settings, "Set a parameter; may be repeated", "PARAM=VALUE" },
    { "layer", 'l', 0, G_OPTION_ARG_STRING, &o->layer, "Where in the network to look", "NAME" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "Seed of all random numbers (0)", "N" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &o->threads, "Threads to use (0: all cores)", "N" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "Folder for the results; made when missing", "DIR" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->images, NULL, NULL },
    { NULL },
  };
  if (!app_parse_options (&app_explain, "IMAGE|FOLDER...", notes, entries, &argc, &argv)
      || !app_set_threads (o->threads))
    return FALSE;
  const char *missing = !o->model_path  ? "--model M.onnx"
                        : !o->method_id ? "--method ID (\"sightline-cli methods\" lists them)"
                        : !o->output    ? "--output DIR"
                        : !o->images    ? "at least one picture"
                                        : NULL;
  if (missing)
    app_complain ("explain needs %s", missing);
  else if (o->seed < 0)
    app_complain ("--seed must not be negative");
  return !missing && o->seed >= 0;
}

/* Everything that the options name and that can be wrong before a picture is read. */
static AppStatus
prepare (const Options *o, Task *task, GError **error)
{
  task->method = eng_method_find (o->method_id, error);
  if (!task->method)
    return APP_USAGE;
  task->model = app_open_model (o->model_path);
  if (!task->model)
    return APP_FAILED;
  task->values = eng_values_new (task->method, task->model);
  for (char **pair = o->settings; pair && *pair; pair++)
    if (!eng_values_set_pair (task->values, *pair, error))
      return APP_USAGE;
  task->class_index = o->class_text ? eng_model_find_class (task->model, o->class_text, error) : -1;
  if (o->class_text && task->class_index < 0)
    return APP_USAGE;
  const EngTarget *target = o->layer ? eng_model_find_target (task->model, o->layer, error) : NULL;
  if (o->layer && !target)
    return APP_USAGE;
  task->layer = o->layer;
  task->seed = (guint64)o->seed;
  task->output = o->output;
  if (!eng_method_can_explain (task->method, task->model, target, error))
    return APP_FAILED;
  return APP_OK;
}

/* A parameter that names a file to write would be written over by each further picture. */
static gboolean
may_explain_several (const Task *task, GError **error)
{
  const EngParam *p;
  for (guint i = 0; (p = eng_method_param (task->method, i)); i++)
    if (p->type == ENG_PARAM_OUTPUT_PATH && *eng_values_get_text (task->values, p->id))
      {
        g_set_error (error, ENG_ERROR, ENG_ERROR_ARGUMENT,
                     "%s names one file, so explain one picture at a time with it", p->id);
        return FALSE;
      }
  return TRUE;
}

static gboolean
explain_one (const Task *task, const char *path, const char *stem, const char *label, GError **error)
{
  g_autoptr (EngImage) image = eng_image_load (path, error);
  if (!image)
    return FALSE;
  g_autoptr (EngJob) job = eng_job_new (task->model, image, task->method, task->class_index, -1, task->layer,
                                        eng_values_copy (task->values), task->seed);
  app_progress_begin (job, label);
  app_interrupt_watch (job);
  gboolean done = eng_job_run (job, error);
  app_interrupt_watch (NULL);
  app_progress_end (job);
  if (done)
    return app_result_write (job, task->output, stem, error);
  g_autofree char *shown = g_filename_display_name (path);
  g_prefix_error (error, "%s: ", shown);
  return FALSE;
}

static AppStatus
explain_all (const Task *task, GPtrArray *paths)
{
  AppStatus status = APP_OK;
  g_auto (GStrv) stems = app_result_stems ((char **)paths->pdata, paths->len);
  for (guint i = 0; i < paths->len && !app_interrupted (); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *shown = g_filename_display_basename (paths->pdata[i]);
      g_autofree char *label = g_strdup_printf ("%u/%u %s", i + 1, paths->len, shown);
      if (explain_one (task, paths->pdata[i], stems[i], label, &error) || app_interrupted ())
        continue;
      app_complain ("%s", error->message);
      status = APP_FAILED;
    }
  return status;
}

static AppStatus
run (int argc, char **argv)
{
  Options options = { 0 };
  Task task = { 0 };
  g_autoptr (GError) error = NULL;
  AppStatus status = parse (argc, argv, &options) ? prepare (&options, &task, &error) : APP_USAGE;
  if (status == APP_OK)
    {
      gboolean failed = FALSE;
      g_autoptr (GPtrArray) paths = app_expand_inputs (options.images, &failed);
      if (paths->len > 1 && !may_explain_several (&task, &error))
        status = APP_USAGE;
      else if (!app_result_prepare_folder (task.output, &error))
        status = APP_FAILED;
      else
        status = MAX (explain_all (&task, paths), failed ? APP_FAILED : APP_OK);
    }
  if (error)
    app_complain ("%s", error->message);
  g_clear_pointer (&task.values, eng_values_free);
  g_clear_object (&task.model);
  options_clear (&options);
  return status;
}

const AppCommand app_explain = { "explain", "Shows which pixels the decision for a class rests on.", run };
