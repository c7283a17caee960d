/* sightline-cli check: is a map stable, and does it depend on what the model has learned? */
#include <math.h>
#include <stdio.h>

#include "app/commands/check-files.h"
#include "app/commands/plan.h"
#include "app/commands/progress.h"
#include "app/commands/result.h"

typedef struct
{
  AppPlanOptions plan;
  char *output, *vary;
  int runs, stages;
  double sigma;
  gboolean stability, sanity;
  char **images;
} Options;

static void
options_clear (Options *self)
{
  app_plan_options_clear (&self->plan);
  g_free (self->output);
  g_free (self->vary);
  g_strfreev (self->images);
}

static const char notes[] =
    "Stability runs the method again with other seeds or, where two seeds give the same map, on slightly noisy\n"
    "copies of the picture. Sanity runs it on copies of the model whose weights are drawn at random, from the\n"
    "logits downwards (Adebayo and others 2018). Without --stability or --sanity both are done.\n"
    "For each picture STEM and method ID the folder gets, each file whole or not at all:\n"
    "  STEM.ID.stability.json        verdict and numbers\n"
    "  STEM.ID.stability.mean.npy    mean of all runs, float32\n"
    "  STEM.ID.stability.spread.npy  standard deviation of each cell, float32\n"
    "  STEM.ID.sanity.json           verdict and numbers\n"
    "  STEM.ID.sanity.npy            the model's own map and one for each stage, float32";

static int
find_vary (const char *text)
{
  for (int i = 0; eng_vary_ids[i]; i++)
    if (g_str_equal (eng_vary_ids[i], text))
      return i;
  return -1;
}

/* What is wrong with the numbers; NULL: nothing. (transfer full) */
static char *
find_problem (const Options *o)
{
  const char *missing = !o->plan.model_path ? "--model M.onnx"
                        : !o->plan.methods && !o->plan.explainers
                            ? "--method ID (\"sightline-cli methods\" lists them)"
                        : !o->output ? "--output DIR"
                        : !o->images ? "at least one picture"
                                     : NULL;
  if (missing)
    return g_strdup_printf ("check needs %s", missing);
  if (o->plan.seed < 0)
    return g_strdup ("--seed must not be negative");
  if (o->runs < ENG_CHECK_LEAST_RUNS || o->runs > ENG_CHECK_MOST_RUNS)
    return g_strdup_printf ("--runs %d is not between %d and %d", o->runs, ENG_CHECK_LEAST_RUNS, ENG_CHECK_MOST_RUNS);
  if (o->stages < 1 || o->stages > ENG_CHECK_MOST_RUNS)
    return g_strdup_printf ("--stages %d is not between 1 and %d", o->stages, ENG_CHECK_MOST_RUNS);
  if (!(o->sigma >= 0 && o->sigma <= 255))
    return g_strdup_printf ("--sigma %g is not between 0 and 255", o->sigma);
  if (find_vary (o->vary) < 0)
    return g_strdup_printf ("--vary cannot be %s; it is automatic, seed, noise or shift", o->vary);
  if (find_vary (o->vary) == ENG_VARY_SHIFT && o->runs > ENG_CHECK_MOST_SHIFTS)
    return g_strdup_printf ("--runs %d is too many for --vary shift: the picture and its eight directions are %d",
                            o->runs, ENG_CHECK_MOST_SHIFTS);
  return NULL;
}

static gboolean
parse (int argc, char **argv, Options *o)
{
  const GOptionEntry entries[] = {
    APP_PLAN_ENTRIES (&o->plan),
    { "stability", 0, 0, G_OPTION_ARG_NONE, &o->stability, "Do runs of one method agree?", NULL },
    { "sanity", 0, 0, G_OPTION_ARG_NONE, &o->sanity, "Does the map change when the weights are random?", NULL },
    { "runs", 0, 0, G_OPTION_ARG_INT, &o->runs, "Maps of a stability check (5)", "N" },
    { "vary", 0, 0, G_OPTION_ARG_STRING, &o->vary, "What differs from run to run (automatic)",
      "automatic|seed|noise|shift" },
    { "sigma", 0, 0, G_OPTION_ARG_DOUBLE, &o->sigma, "Of the noise, in levels of 255 (2)", "LEVELS" },
    { "stages", 0, 0, G_OPTION_ARG_INT, &o->stages, "Of a sanity check; 1: all weights at once (8)", "N" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "Folder for the results; made when missing", "DIR" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->images, NULL, NULL },
    { NULL },
  };
  if (!app_parse_options (&app_check, "IMAGE|FOLDER...", notes, entries, &argc, &argv)
      || !app_compute_apply (&o->plan.compute))
    return FALSE;
  if (!o->vary) /* what is there before an option is parsed would not be freed */
    o->vary = g_strdup (eng_vary_ids[ENG_VARY_AUTOMATIC]);
  g_autofree char *problem = find_problem (o);
  if (problem)
    app_complain ("%s", problem);
  if (!o->stability && !o->sanity)
    o->stability = o->sanity = TRUE;
  return !problem;
}

/* ---- one check ---- */

static gboolean
check_one (const AppPlan *plan, const AppChoice *choice, EngImage *image, const EngCheckSettings *settings,
           const char *folder, const char *stem, const char *label)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngCheck) check = eng_check_new (plan->model, image, choice->method, plan->class_index, plan->contrast,
                                              choice->layer, eng_values_copy (choice->values), plan->seed, settings);
  app_progress_begin_check (check, label);
  app_interrupt_watch_check (check);
  gboolean done = eng_check_run (check, &error);
  app_interrupt_watch_check (NULL);
  app_progress_end_check (check);
  g_autoptr (EngCheckResult) result = done ? eng_check_result (check) : NULL;
  if (done && app_check_write (result, folder, stem, &error))
    printf ("%s %s: %s\n", eng_image_name (image), choice->method->id, result->sentence);
  else if (!app_interrupted ())
    app_complain ("%s %s: %s", eng_image_name (image), choice->method->id, error->message);
  return error == NULL;
}

static gboolean
check_picture (const AppPlan *plan, const Options *o, const char *path, const char *stem, const char *label)
{
  g_autoptr (GError) unread = NULL;
  g_autoptr (EngImage) image = eng_image_load (path, &unread);
  gboolean ok = image != NULL;
  const gboolean wanted[] = { o->stability, o->sanity };
  if (!image)
    app_complain ("%s", unread->message);
  for (guint i = 0; image && i < plan->choices->len; i++)
    for (int kind = ENG_CHECK_STABILITY; kind <= ENG_CHECK_SANITY && !app_interrupted (); kind++)
      {
        const AppChoice *choice = plan->choices->pdata[i];
        g_autofree char *named = g_strdup_printf ("%s %s %s", label, choice->method->id,
                                                  kind == ENG_CHECK_SANITY ? "sanity" : "stability");
        EngCheckSettings settings = { (EngCheckKind)kind, kind == ENG_CHECK_SANITY ? o->stages : o->runs,
                                      (EngVary)find_vary (o->vary), o->sigma };
        if (wanted[kind] && !check_one (plan, choice, image, &settings, o->output, stem, named))
          ok = FALSE;
      }
  return ok;
}

static AppStatus
check_all (const AppPlan *plan, const Options *o, GPtrArray *paths)
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
      if (!check_picture (plan, o, paths->pdata[i], stems[i], label))
        status = APP_FAILED;
    }
  return status;
}

static AppStatus
run (int argc, char **argv)
{
  EngCheckSettings stability, sanity;
  eng_check_settings_init (&stability, ENG_CHECK_STABILITY);
  eng_check_settings_init (&sanity, ENG_CHECK_SANITY);
  Options options = { .runs = stability.runs, .stages = sanity.runs, .sigma = stability.sigma };
  AppPlan plan = { 0 };
  g_autoptr (GError) error = NULL;
  AppStatus status = parse (argc, argv, &options) ? app_plan_make (&plan, &options.plan, &error) : APP_USAGE;
  if (status == APP_OK)
    {
      gboolean failed = FALSE;
      g_autoptr (GPtrArray) paths = app_expand_inputs (options.images, &failed);
      if (!app_result_prepare_folder (options.output, &error))
        status = APP_FAILED;
      else
        status = MAX (check_all (&plan, &options, paths), failed ? APP_FAILED : APP_OK);
    }
  if (error)
    app_complain ("%s", error->message);
  app_plan_clear (&plan);
  options_clear (&options);
  return status;
}

const AppCommand app_check = { "check", "Says whether a map is stable and depends on what the model has learned.",
                               run };
