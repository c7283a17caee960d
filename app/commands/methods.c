/* sightline-cli methods: what can be computed, with which parameters, and why not on this model.
 * Everything comes from the declarations of the methods. */
#include "app/commands/methods-print.h"

static const char notes[] = "Without ID: a table of all methods. With ID: full declarations of those.\n"
                            "Values: \"evidence\" is >= 0 and for the class only; \"signed\" also speaks against it.";

typedef struct
{
  char *model_path, *output_name;
  char **ids;
  gboolean json, markdown, verbose;
} Options;

static gboolean
parse (int argc, char **argv, Options *o)
{
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &o->model_path, "Say which methods apply to this classifier",
      "M.onnx" },
    APP_OUTPUT_NAME_ENTRY (&o->output_name),
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &o->verbose, "Show parameters, ranges and references", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &o->json, "Write the full declarations", NULL },
    { "markdown", 0, 0, G_OPTION_ARG_NONE, &o->markdown, "Write the list that README.md holds", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->ids, NULL, NULL },
    { NULL },
  };
  return app_parse_options (&app_methods, "[ID...]", notes, entries, &argc, &argv);
}

/* The methods named, or all. FALSE after a message. */
static gboolean
collect (char **ids, GPtrArray *methods)
{
  const EngMethod *method;
  for (guint i = 0; !ids && (method = eng_method_nth (i)); i++)
    g_ptr_array_add (methods, (gpointer)method);
  for (; ids && *ids; ids++)
    {
      g_autoptr (GError) error = NULL;
      if (!(method = eng_method_find (*ids, &error)))
        {
          app_complain ("%s%s", error->message,
                        g_str_has_suffix (*ids, ".onnx") ? " Give the classifier with --model." : "");
          return FALSE;
        }
      g_ptr_array_add (methods, (gpointer)method);
    }
  return TRUE;
}

static AppStatus
print (const Options *o)
{
  g_autoptr (GPtrArray) methods = g_ptr_array_new ();
  if (!collect (o->ids, methods))
    return APP_USAGE;
  g_autoptr (EngModel) model = o->model_path ? app_open_model (o->model_path, o->output_name) : NULL;
  if (o->model_path && !model)
    return APP_FAILED;
  if (o->json)
    app_methods_json (methods, model);
  else if (o->markdown)
    app_methods_markdown (methods);
  else if (o->verbose || o->ids)
    app_methods_details (methods, model);
  else
    app_methods_table (methods, model);
  return APP_OK;
}

static AppStatus
run (int argc, char **argv)
{
  Options options = { 0 };
  AppStatus status = parse (argc, argv, &options) ? print (&options) : APP_USAGE;
  g_free (options.model_path);
  g_free (options.output_name);
  g_strfreev (options.ids);
  return status;
}

const AppCommand app_methods = { "methods", "Lists the methods and their parameters.", run };
