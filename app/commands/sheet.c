/* sightline-cli sheet: all methods asked for on all pictures, side by side in one PNG. */
#include "app/commands/plan.h"
#include "app/commands/progress.h"
#include "app/commands/result.h"
#include "ui/draw/sheet.h"

typedef struct
{
  AppPlanOptions plan;
  char *output;
  char **images;
} Options;

static const char notes[] = "One block per picture: the photo, then a tile for each method that applies. Parameters "
                            "of one method are set by\n"
                            "--set ID.PARAM=VALUE. Ctrl+C ends the work; the sheet then holds what was done.";

static gboolean
parse (int argc, char **argv, Options *o)
{
  const GOptionEntry entries[] = {
    APP_PLAN_ENTRIES (&o->plan),
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "The sheet", "SHEET.png" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->images, NULL, NULL },
    { NULL },
  };
  if (!app_parse_options (&app_sheet, "IMAGE|FOLDER...", notes, entries, &argc, &argv)
      || !app_compute_apply (&o->plan.compute))
    return FALSE;
  if (!o->plan.methods && !o->plan.explainers)
    o->plan.methods = g_strdup ("all");
  const char *missing = !o->plan.model_path ? "--model M.onnx"
                        : !o->output        ? "--output SHEET.png"
                        : !o->images        ? "at least one picture"
                                            : NULL;
  if (missing)
    app_complain ("sheet needs %s", missing);
  else if (o->plan.seed < 0)
    app_complain ("--seed must not be negative");
  return !missing && o->plan.seed >= 0;
}

/* "lighthouse 0.771": what the model sees in the picture. (transfer full) NULL with an error. */
static char *
describe_prediction (EngModel *model, EngImage *image, GError **error)
{
  int n = eng_model_n_classes (model);
  g_autofree float *scores = eng_model_predict_image (model, image, error);
  if (!scores)
    return NULL;
  int best = eng_softmax (scores, n, scores);
  return g_strdup_printf ("%s %.3f", eng_model_label (model, best), scores[best]);
}

static gboolean
add_map (UiSheet *sheet, const AppPlan *plan, const AppChoice *choice, EngImage *image, const char *label,
         GError **error)
{
  g_autoptr (EngJob) job = app_plan_job (plan, choice, image);
  app_progress_begin (job, label);
  app_interrupt_watch (job);
  gboolean done = eng_job_run (job, error);
  app_interrupt_watch (NULL);
  app_progress_end (job);
  if (done)
    ui_sheet_add_map (sheet, eng_job_heatmap (job));
  return done;
}

/* FALSE when the picture, or a method on it, failed. */
static gboolean
add_picture (UiSheet *sheet, const AppPlan *plan, const char *path, const char *label)
{
  g_autoptr (GError) unread = NULL;
  g_autoptr (EngImage) image = eng_image_load (path, &unread);
  g_autofree char *seen = image ? describe_prediction (plan->model, image, &unread) : NULL;
  gboolean ok = seen != NULL;
  if (!ok)
    app_complain ("%s", unread->message);
  else
    ui_sheet_add_picture (sheet, image, seen);
  for (guint i = 0; seen && i < plan->choices->len && !app_interrupted (); i++)
    {
      const AppChoice *choice = plan->choices->pdata[i];
      g_autoptr (GError) error = NULL;
      g_autofree char *named = g_strdup_printf ("%s %s", label, choice->method->id);
      if (add_map (sheet, plan, choice, image, named, &error) || app_interrupted ())
        continue;
      g_autofree char *text =
          g_strdup_printf ("%s, %s: %s", eng_image_name (image), choice->method->id, error->message);
      app_complain ("%s", text);
      ui_sheet_add_footnote (sheet, text);
      ok = FALSE;
    }
  return ok;
}

static void
add_refusals (UiSheet *sheet, const AppPlan *plan)
{
  for (guint i = 0; i < plan->refused->len; i++)
    {
      const char *reason = plan->refused->pdata[i];
      g_autofree char *text = g_strdup_printf ("Left out: %s", reason);
      app_complain ("left out: %s", reason);
      ui_sheet_add_footnote (sheet, text);
    }
}

static UiSheet *
new_sheet (const AppPlan *plan)
{
  const char *label = plan->class_index >= 0 ? eng_model_label (plan->model, plan->class_index) : NULL;
  const char *rather = plan->contrast >= 0 ? eng_model_label (plan->model, plan->contrast) : NULL;
  g_autofree char *subtitle = g_strdup_printf (
      "Explained: %s%s%s. Seed %" G_GUINT64_FORMAT ". Each tile has a colour scale of its own. Sightline %s.",
      label ? label : "the class that the model sees in each picture", rather ? " rather than " : "",
      rather ? rather : "", plan->seed, ENG_VERSION);
  return ui_sheet_new (eng_model_name (plan->model), subtitle, plan->choices->len);
}

static AppStatus
make_sheet (const AppPlan *plan, GPtrArray *paths, const char *output, GError **error)
{
  g_autoptr (UiSheet) sheet = new_sheet (plan);
  AppStatus status = plan->refused->len > 0 && !plan->all ? APP_FAILED : APP_OK;
  for (guint i = 0; i < paths->len && !app_interrupted (); i++)
    {
      g_autofree char *shown = g_filename_display_basename (paths->pdata[i]);
      g_autofree char *label = g_strdup_printf ("%u/%u %s", i + 1, paths->len, shown);
      if (!add_picture (sheet, plan, paths->pdata[i], label))
        status = APP_FAILED;
    }
  add_refusals (sheet, plan);
  if (ui_sheet_is_empty (sheet)) /* every picture failed, and was named */
    return APP_FAILED;
  g_autoptr (GBytes) bytes = ui_sheet_encode (sheet, error);
  return bytes && eng_write_atomically (output, bytes, error) ? status : APP_FAILED;
}

static AppStatus
run (int argc, char **argv)
{
  Options options = { 0 };
  AppPlan plan = { 0 };
  g_autoptr (GError) error = NULL;
  AppStatus status = parse (argc, argv, &options) ? app_plan_make (&plan, &options.plan, &error) : APP_USAGE;
  if (status == APP_OK)
    {
      gboolean failed = FALSE;
      g_autoptr (GPtrArray) paths = app_expand_inputs (options.images, &failed);
      g_autofree char *folder = g_path_get_dirname (options.output);
      if (!app_result_prepare_folder (folder, &error))
        status = APP_FAILED;
      else
        status = make_sheet (&plan, paths, options.output, &error);
      if (status == APP_OK && failed) /* a folder; no MAX() here, which would do the work twice */
        status = APP_FAILED;
    }
  if (error)
    app_complain ("%s", error->message);
  app_plan_clear (&plan);
  app_plan_options_clear (&options.plan);
  g_free (options.output);
  g_strfreev (options.images);
  return status;
}

const AppCommand app_sheet = { "sheet", "Draws several methods on several pictures as one contact sheet.", run };
