/* sightline-cli explain: one or more methods on one model over many pictures; four files for each. */
#include "app/commands/plan.h"
#include "app/commands/progress.h"
#include "app/commands/result.h"
#include "app/commands/session.h"
#include "ui/draw/words.h"

typedef struct
{
  AppPlanOptions plan;
  char *output, *session;
  gboolean all_maps, profile;
  char **images;
} Options;

static void
options_clear (Options *self)
{
  app_plan_options_clear (&self->plan);
  g_free (self->output);
  g_free (self->session);
  g_strfreev (self->images);
}

static const char notes[] =
    "For each picture STEM and method ID four files are written to the folder, each of them whole or not at all:\n"
    "  STEM.ID.npy        the map on the method's own grid, float32\n"
    "  STEM.ID.input.npy  the map at the model's input size, float32\n"
    "  STEM.ID.png        the map over the picture; hatched: never seen by the model\n"
    "  STEM.ID.json       how the map came to be\n"
    "With --session the session's model, pictures, methods and parameters are taken; each map is compared with the "
    "one\n"
    "that the session holds.\n"
    "\"sightline-cli methods\" lists methods and parameters. Ctrl+C keeps what a method has done so far, where it "
    "can;\n"
    "once more cancels.";

/* A session says all that these would say. */
static gboolean
check_session (const Options *o)
{
  const AppPlanOptions *p = &o->plan;
  const char *other = p->model_path      ? "--model"
                      : p->output_name   ? "--output-name"
                      : p->methods       ? "--method"
                      : p->class_text    ? "--class"
                      : p->contrast_text ? "--contrast"
                      : p->settings      ? "--set"
                      : p->explainers    ? "--explainer"
                      : p->layer         ? "--layer"
                      : p->seed          ? "--seed"
                      : o->images        ? "pictures"
                      : o->profile       ? "--profile"
                                         : NULL;
  if (other)
    app_complain ("--session already says what to explain, and how; leave out %s", other);
  else if (!o->output)
    app_complain ("explain needs --output DIR");
  return !other && o->output;
}

static gboolean
parse (int argc, char **argv, Options *o)
{
  const GOptionEntry entries[] = {
    APP_PLAN_ENTRIES (&o->plan),
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "Folder for the results; made when missing", "DIR" },
    { "session", 0, 0, G_OPTION_ARG_FILENAME, &o->session, "Make the maps that a session shows, as it made them",
      "S.sightline" },
    { "all-maps", 0, 0, G_OPTION_ARG_NONE, &o->all_maps, "With --session: all maps it holds, shown or not", NULL },
    APP_PROFILE_ENTRY (&o->profile),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->images, NULL, NULL },
    { NULL },
  };
  if (!app_parse_options (&app_explain, "IMAGE|FOLDER...", notes, entries, &argc, &argv)
      || !app_compute_apply (&o->plan.compute))
    return FALSE;
  if (o->session)
    return check_session (o);
  if (o->profile)
    eng_profile_enable (TRUE);
  const char *missing = !o->plan.model_path ? "--model M.onnx"
                        : !o->plan.methods && !o->plan.explainers
                            ? "--method ID (\"sightline-cli methods\" lists them)"
                        : !o->output ? "--output DIR"
                        : !o->images ? "at least one picture"
                                     : NULL;
  if (missing)
    app_complain ("explain needs %s", missing);
  else if (o->plan.seed < 0)
    app_complain ("--seed must not be negative");
  else if (o->all_maps)
    app_complain ("--all-maps is about a session; name one with --session");
  return !missing && o->plan.seed >= 0 && !o->all_maps;
}

static gboolean
explain_one (const AppPlan *plan, const AppChoice *choice, EngImage *image, const char *folder, const char *stem,
             const char *label, GError **error)
{
  g_autoptr (EngJob) job = app_plan_job (plan, choice, image);
  g_autofree char *name = g_strdup_printf ("%s.%s", stem, choice->method->id);
  g_auto (AppProfile) profile = { NULL };
  app_profile_take (&profile); /* what came before is not the method's */
  gboolean ran = app_progress_run (job, label, error);
  app_profile_take (&profile);
  if (!ran || !app_result_write (job, eng_job_heatmap (job), folder, name, &profile, error))
    return FALSE;
  g_autofree char *title = g_strdup_printf ("%s on %s", choice->method->name, eng_image_name (image));
  app_profile_print (&profile, title);
  g_autofree char *partial = ui_words_partial (eng_job_heatmap (job));
  if (partial)
    app_complain ("%s: %s stopped after %s; what was done is kept", eng_image_name (image), choice->method->name,
                  partial);
  return TRUE;
}

static gboolean
explain_picture (const AppPlan *plan, const char *path, const char *folder, const char *stem, const char *label)
{
  g_autoptr (GError) unread = NULL;
  g_autoptr (EngImage) image = eng_image_load (path, &unread);
  gboolean ok = image != NULL;
  if (!image)
    app_complain ("%s", unread->message);
  for (guint i = 0; image && i < plan->choices->len && !app_interrupted (); i++)
    {
      const AppChoice *choice = plan->choices->pdata[i];
      g_autoptr (GError) error = NULL;
      g_autofree char *named =
          plan->choices->len > 1 ? g_strdup_printf ("%s %s", label, choice->method->id) : g_strdup (label);
      if (explain_one (plan, choice, image, folder, stem, named, &error) || app_interrupted ())
        continue;
      app_complain ("%s", error->message);
      ok = FALSE;
    }
  return ok;
}

static AppStatus
explain_all (const AppPlan *plan, GPtrArray *paths, const char *folder)
{
  AppStatus status = APP_OK;
  g_auto (GStrv) stems = app_result_stems ((char **)paths->pdata, paths->len);
  for (guint i = 0; i < plan->refused->len; i++)
    app_complain ("left out: %s", (const char *)plan->refused->pdata[i]);
  if (plan->refused->len > 0 && (!plan->all || plan->choices->len == 0))
    status = APP_FAILED;
  for (guint i = 0; i < paths->len && !app_interrupted (); i++)
    {
      g_autofree char *shown = g_filename_display_basename (paths->pdata[i]);
      g_autofree char *label = g_strdup_printf ("%u/%u %s", i + 1, paths->len, shown);
      if (!explain_picture (plan, paths->pdata[i], folder, stems[i], label))
        status = APP_FAILED;
    }
  return status;
}

static AppStatus
explain_session (const Options *o, GError **error)
{
  if (!app_set_memory (o->plan.memory, error))
    return APP_USAGE;
  return app_session_explain (o->session, o->output, o->all_maps);
}

static AppStatus
run (int argc, char **argv)
{
  Options options = { 0 };
  AppPlan plan = { 0 };
  g_autoptr (GError) error = NULL;
  AppStatus status = parse (argc, argv, &options) ? APP_OK : APP_USAGE;
  if (status == APP_OK && options.session)
    status = explain_session (&options, &error);
  else if (status == APP_OK && (status = app_plan_make (&plan, &options.plan, &error)) == APP_OK)
    {
      gboolean failed = FALSE;
      g_autoptr (GPtrArray) paths = app_expand_inputs (options.images, &failed);
      if (paths->len > 1 && !app_plan_may_explain_several (&plan, &error))
        status = APP_USAGE;
      else if (!app_result_prepare_folder (options.output, &error))
        status = APP_FAILED;
      else
        status = explain_all (&plan, paths, options.output);
      if (status == APP_OK && failed) /* a folder; no MAX() here, which would do the work twice */
        status = APP_FAILED;
    }
  if (error)
    app_complain ("%s", error->message);
  app_plan_clear (&plan);
  options_clear (&options);
  return status;
}

const AppCommand app_explain = { "explain", "Shows which pixels the decision for a class rests on.", run };
