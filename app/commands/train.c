/* sightline-cli train: an explainer for a classifier, learned from a folder or a list of pictures. The kinds and
 * their parameters come from the engine's table. */
#include "app/commands/train.h"

#include <stdio.h>
#include <string.h>

#include "app/commands/methods-print.h"
#include "app/commands/plan.h"
#include "app/commands/progress.h"
#include "ui/draw/training-plot.h"
#include "ui/draw/words.h"

#define MOST_LISTED 100 /* pictures left out */

typedef struct
{
  char *model_path, *output_name, *images, *labels, *layer, *output, *curves, *memory;
  char **settings, **kinds;
  gint64 seed;
  gboolean resume, restart, keep_prepared, estimate, list, json;
  AppCompute compute;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->model_path);
  g_free (self->output_name);
  g_free (self->images);
  g_free (self->labels);
  g_free (self->layer);
  g_free (self->output);
  g_free (self->curves);
  g_free (self->memory);
  g_strfreev (self->settings);
  g_strfreev (self->kinds);
  app_compute_clear (&self->compute);
}

static const char notes[] =
    "KIND is one of those that --kinds lists; --kinds KIND says what can be set. The explainer is an ONNX file;\n"
    "\"sightline-cli explain --explainer\" answers with it, and files called NAME.explainer.onnx beside the model "
    "are\n"
    "found without being named.\n"
    "--images is a folder (subfolders too; where all pictures lie in subfolders, these name the classes) or a list\n"
    "with the columns path,label; --labels a list with the columns name,label for the pictures of a folder.\n"
    "Pictures that cannot be used are left out, counted and listed.\n"
    "The best weights so far are in OUTPUT.checkpoint: Ctrl+C writes them to the output and ends; once more "
    "cancels.\n"
    "--resume goes on where a run ended, also after a crash.";

static gboolean
parse (int argc, char **argv, Options *o)
{
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &o->model_path, "The classifier", "M.onnx" },
    APP_OUTPUT_NAME_ENTRY (&o->output_name),
    { "images", 'i', 0, G_OPTION_ARG_FILENAME, &o->images, "Pictures to learn from", "DIR|LIST.csv" },
    { "labels", 0, 0, G_OPTION_ARG_FILENAME, &o->labels, "Their classes, where --images is a folder", "L.csv" },
    { "layer", 'l', 0, G_OPTION_ARG_STRING, &o->layer, "Where in the network to look", "NAME" },
    { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &o->settings, "Set a parameter; may be repeated", "PARAM=VALUE" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "Seed of all random numbers (0)", "N" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "The explainer to write", "E.explainer.onnx" },
    { "resume", 0, 0, G_OPTION_ARG_NONE, &o->resume, "Go on where an earlier run ended", NULL },
    { "restart", 0, 0, G_OPTION_ARG_NONE, &o->restart, "Begin anew, whatever an earlier run left", NULL },
    { "curves", 0, 0, G_OPTION_ARG_FILENAME, &o->curves, "Draw loss and score by steps", "FILE.png" },
    { "keep-prepared", 0, 0, G_OPTION_ARG_NONE, &o->keep_prepared, "Keep the prepared pictures for the next training",
      NULL },
    { "estimate", 0, 0, G_OPTION_ARG_NONE, &o->estimate, "Say how long it would take, and end", NULL },
    { "kinds", 0, 0, G_OPTION_ARG_NONE, &o->list, "List the kinds of explainers; with KIND: its parameters", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &o->json, "With --kinds: as JSON", NULL },
    { "memory", 0, 0, G_OPTION_ARG_STRING, &o->memory, "Memory for passes, such as 512M (2G)", "SIZE" },
    APP_COMPUTE_ENTRIES (&o->compute),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->kinds, NULL, NULL },
    { NULL },
  };
  if (!app_parse_options (&app_train, "KIND", notes, entries, &argc, &argv) || !app_compute_apply (&o->compute))
    return FALSE;
  if (o->list)
    return TRUE;
  const char *missing = !o->kinds        ? "a kind of explainer (“sightline-cli train --kinds” lists them)"
                        : o->kinds[1]    ? "one kind of explainer at a time"
                        : !o->model_path ? "--model M.onnx"
                        : !o->images && !o->estimate ? "--images DIR"
                        : !o->output && !o->estimate ? "--output E.explainer.onnx"
                                                     : NULL;
  if (missing)
    app_complain ("train needs %s", missing);
  else if (o->seed < 0)
    app_complain ("--seed must not be negative");
  else if (o->resume && o->restart)
    app_complain ("--resume goes on, --restart begins anew; give one of them");
  else if (o->json)
    app_complain ("--json goes with --kinds");
  return !missing && o->seed >= 0 && !(o->resume && o->restart) && !o->json;
}

/* ---- what is trained ---- */

typedef struct
{
  const Options *options;
  EngModel *model;
  const EngExplainerKind *kind;
  EngValues *values;
  guint told; /* judgements that have been printed */
  char *note; /* as it was printed; NULL: not yet */
} Plan;

static void
plan_clear (Plan *self)
{
  g_clear_object (&self->model);
  g_clear_pointer (&self->values, eng_values_free);
  g_free (self->note);
}

/* What is wrong with the model no other layer mends; another kind may fit. */
static gboolean
can_train (const Plan *plan, const EngTarget *target, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *shown = g_filename_display_name (plan->options->model_path);
  return eng_kind_can_train (plan->kind, plan->model, target, &reason)
         || eng_fail (error, ENG_ERROR_UNSUPPORTED,
                      "%s “sightline-cli train --kinds --model %s” says which kinds fit.", reason->message, shown);
}

static AppStatus
make_plan (Plan *self, const Options *o, GError **error)
{
  const EngTarget *target = NULL;
  self->options = o;
  if (!app_set_memory (o->memory, error) || !(self->kind = eng_kind_find (o->kinds[0], error)))
    return APP_USAGE;
  if (!(self->model = app_open_model (o->model_path, o->output_name)))
    return APP_FAILED;
  self->values = eng_kind_values (self->kind, self->model);
  for (char **pair = o->settings; pair && *pair; pair++)
    if (!eng_values_set_pair (self->values, *pair, error))
      return APP_USAGE;
  if (o->layer && !(target = eng_model_find_target (self->model, o->layer, error)))
    return APP_USAGE;
  return can_train (self, target, error) ? APP_OK : APP_FAILED;
}

static AppStatus
print_estimate (const Plan *plan, GError **error)
{
  double seconds = eng_training_estimate (plan->model, plan->kind, plan->options->layer, plan->values, NULL, error);
  if (seconds < 0)
    return APP_FAILED;
  g_autofree char *words = ui_words_duration (seconds);
  g_print ("%s for %g steps of %g pictures; reading the pictures comes on top\n", words,
           eng_values_get (plan->values, "steps"), eng_values_get (plan->values, "batch"));
  return APP_OK;
}

/* ---- what is told meanwhile ---- */

static void
print_data (const EngTrainingStatus *s)
{
  guint n = g_strv_length (s->skipped);
  g_print ("%s\n", s->data_summary);
  for (guint i = 0; i < n && i < MOST_LISTED; i++)
    g_print ("  left out: %s\n", s->skipped[i]);
  if (n > MOST_LISTED)
    g_print ("  left out: %u more\n", n - MOST_LISTED);
}

static void
print_mark (const Plan *plan, const EngTrainingStatus *s, const EngTrainingMark *mark)
{
  g_autofree char *score = ui_training_score (plan->kind, mark->score);
  const EngTrainingPoint *point = NULL;
  for (guint i = s->points->len; i-- > 0 && !point;)
    if (g_array_index (s->points, EngTrainingPoint, i).step <= mark->step)
      point = &g_array_index (s->points, EngTrainingPoint, i);
  g_print ("step %d of %d: ", mark->step, s->steps);
  if (point)
    g_print ("loss %.4g, ", point->loss);
  g_print ("held-out loss %.4g, %s %s%s\n", mark->loss, plan->kind->score_name, score,
           mark->best ? ", the best" : "");
}

/* What has come to it, or stands there instead of what stood there. */
static void
print_note (Plan *plan, const EngTrainingStatus *s)
{
  const char *before = plan->note ? plan->note : "";
  const char *more = g_str_has_prefix (s->note, before)   ? s->note + strlen (before)
                     : g_str_has_prefix (before, s->note) ? ""
                                                          : s->note;
  if (*more)
    app_complain ("%s", *more == ' ' ? more + 1 : more);
  g_free (plan->note);
  plan->note = g_strdup (s->note);
}

/* New lines of what has been read and judged; the rest is the progress line's. */
static void
tell (EngTraining *training, gpointer data)
{
  Plan *plan = data;
  g_autoptr (EngTrainingStatus) s = eng_training_status (training);
  gboolean noted = s->marks->len > 0 && g_strcmp0 (plan->note, s->note) != 0;
  if (plan->told >= s->marks->len && !noted)
    return;
  app_progress_say (NULL);
  for (; plan->told < s->marks->len; plan->told++)
    {
      if (plan->told == 0)
        print_data (s);
      print_mark (plan, s, &g_array_index (s->marks, EngTrainingMark, plan->told));
    }
  fflush (stdout);
  print_note (plan, s);
}

/* ---- the whole ---- */

static void
print_end (const Plan *plan, const EngTrainingStatus *s)
{
  const char *output = plan->options->output;
  g_autofree char *words = ui_training_plot_words (s, plan->kind), *shown = g_filename_display_name (output);
  g_print ("%s\n", words);
  g_print ("Written to %s%s\n", shown,
           g_str_has_suffix (output, ENG_EXPLAINER_SUFFIX)
               ? ""
               : "; explain --explainer takes it, and it is found by itself when its name ends "
                 "in " ENG_EXPLAINER_SUFFIX);
  if (s->step < s->steps && app_interrupted ())
    g_print ("Stopped after step %d of %d; --resume goes on\n", s->step, s->steps);
}

/* What is left of one that did not come to its end. */
static void
print_kept (const EngTrainingStatus *s)
{
  g_autofree char *shown = s->output ? g_filename_display_name (s->output) : NULL;
  if (shown)
    g_print ("The best explainer until then was written to %s\n", shown);
  if (s->kept_step >= 0)
    g_print ("What it was after step %d of %d is kept; --resume goes on\n", s->kept_step, s->steps);
}

static gboolean
train (Plan *plan, GError **error)
{
  const Options *o = plan->options;
  const EngTrainSource source = { .path = o->images, .labels = o->labels };
  g_autofree char *cache =
      o->keep_prepared ? g_build_filename (g_get_user_cache_dir (), "sightline", "pictures", NULL) : NULL;
  g_autoptr (EngTraining) training = eng_training_new (
      plan->model, plan->kind, o->layer, &source, eng_values_copy (plan->values), (guint64)o->seed, o->output, cache,
      o->resume    ? ENG_RESUME_YES
      : o->restart ? ENG_RESUME_NO
                   : ENG_RESUME_REFUSE);
  g_signal_connect (training, "changed", G_CALLBACK (tell), plan);
  app_progress_begin_training (training, plan->kind->name);
  app_interrupt_watch_training (training);
  gboolean done = eng_training_run (training, error);
  app_interrupt_watch_training (NULL);
  app_progress_end_training (training);
  g_autoptr (EngTrainingStatus) s = eng_training_status (training);
  if (plan->told == 0 && *s->data_summary)
    print_data (s);
  print_note (plan, s);
  if (done)
    print_end (plan, s);
  else
    print_kept (s);
  /* Also of one that failed: what went wrong shows best there. */
  g_autoptr (GError) undrawn = NULL;
  if (o->curves && s->points->len > 0 && !app_training_draw (s, plan->kind, o->curves, &undrawn))
    {
      app_complain ("%s", undrawn->message);
      return done && eng_fail (error, ENG_ERROR_IO, "the curves are not drawn");
    }
  return done;
}

static AppStatus
run_options (const Options *o, GError **error)
{
  Plan plan = { NULL };
  AppStatus status;
  if (o->list)
    return app_kinds_print (o->kinds, o->model_path, o->output_name, o->json);
  if ((status = make_plan (&plan, o, error)) == APP_OK && o->estimate)
    status = print_estimate (&plan, error);
  else if (status == APP_OK && !train (&plan, error))
    status = APP_FAILED;
  plan_clear (&plan);
  return status;
}

static AppStatus
run (int argc, char **argv)
{
  Options options = { 0 };
  g_autoptr (GError) error = NULL;
  AppStatus status = parse (argc, argv, &options) ? run_options (&options, &error) : APP_USAGE;
  if (error && !(app_interrupted () && g_error_matches (error, ENG_ERROR, ENG_ERROR_CANCELLED)))
    app_complain ("%s", error->message);
  options_clear (&options);
  return status;
}

const AppCommand app_train = { "train", "Trains an explainer that answers in one pass.", run };
