/* sightline-cli evaluate: every method by every protocol over many pictures, as one long table that survives being
 * killed; at its end means with intervals and paired comparisons. */
#include "app/commands/evaluate.h"

#include <string.h>

#include "app/commands/progress.h"
#include "app/commands/result.h"
#include "ui/draw/words.h"

typedef struct
{
  AppPlanOptions plan;
  char *protocols, *list, *masks, *output, *against, *shard;
  double threshold; /* percent */
  gboolean curves, force, merge;
  char **inputs;
  gboolean by_label;
  int nth, shards; /* from @shard */
} Options;

static const char notes[] =
    "Writes one row per picture, class, method and protocol to SCORES.csv (image, class, method, metric, protocol,\n"
    "direction, value), settings and digests to SCORES.json, means with 95 % intervals and the paired comparison to\n"
    "SCORES.summary.csv and .json, points of curves to SCORES.curves.csv with --curves. Run again with the same\n"
    "settings, it goes on where it was stopped or killed. Protocols by id, or all whose ids begin alike: ltx, rise,\n"
    "road. Shards: run 1/2 and 2/2 into files of their own, then evaluate --merge A.csv B.csv --output SCORES.csv.\n"
    "A picture that cannot be read, or explained by one of the methods, is left out, listed, and tried again the "
    "next time.";

static void
options_clear (Options *self)
{
  app_plan_options_clear (&self->plan);
  g_free (self->protocols);
  g_free (self->list);
  g_free (self->masks);
  g_free (self->output);
  g_free (self->against);
  g_free (self->shard);
  g_strfreev (self->inputs);
}

/* "2/5" */
static gboolean
parse_shard (Options *o)
{
  g_auto (GStrv) parts = o->shard ? g_strsplit (o->shard, "/", -1) : NULL;
  guint64 nth = 1, shards = 1;
  o->nth = o->shards = 1;
  if (!parts)
    return TRUE;
  if (g_strv_length (parts) != 2 || !g_ascii_string_to_unsigned (parts[1], 10, 1, 100000, &shards, NULL)
      || !g_ascii_string_to_unsigned (parts[0], 10, 1, shards, &nth, NULL))
    {
      app_complain ("--shard %s is not of the form 1/2, 2/2", o->shard);
      return FALSE;
    }
  o->nth = (int)nth;
  o->shards = (int)shards;
  return TRUE;
}

/* "top" and "label" are no classes. */
static void
take_class (Options *o)
{
  const char *text = o->plan.class_text;
  o->by_label = text && g_str_equal (text, "label");
  if (o->by_label || (text && g_str_equal (text, "top")))
    g_clear_pointer (&o->plan.class_text, g_free);
}

static gboolean
check (Options *o)
{
  const char *missing = !o->output                                ? "--output SCORES.csv"
                        : o->merge && !o->inputs                  ? "the tables to merge"
                        : o->merge                                ? NULL
                        : !o->plan.model_path                     ? "--model M.onnx"
                        : !o->plan.methods && !o->plan.explainers ? "--methods ID[,ID...]"
                        : !o->protocols                           ? "--protocols ID[,ID...]|all"
                        : !o->inputs && !o->list                  ? "pictures, or --list FILE.csv"
                        : o->by_label && !o->list ? "--list FILE.csv with labels, where --class is label"
                                                  : NULL;
  if (missing)
    app_complain ("evaluate needs %s", missing);
  else if (o->plan.seed < 0)
    app_complain ("--seed must not be negative");
  else if (!(o->threshold >= 0 && o->threshold <= 100))
    app_complain ("--threshold is a share of the pixels, 0 to 100 percent");
  else
    return TRUE;
  return FALSE;
}

static gboolean
parse (int argc, char **argv, Options *o)
{
  o->threshold = 100 * ENG_PROTOCOL_THRESHOLD;
  const GOptionEntry entries[] = {
    APP_PLAN_ENTRIES (&o->plan),
    { "methods", 0, 0, G_OPTION_ARG_STRING, &o->plan.methods, "The same as --method", "ID[,ID...]|all" },
    { "protocols", 'p', 0, G_OPTION_ARG_STRING, &o->protocols, "How to score: ltx, rise-deletion ...",
      "ID[,ID...]|all" },
    { "list", 0, 0, G_OPTION_ARG_FILENAME, &o->list, "Pictures with labels: path,label in each line", "FILE.csv" },
    { "masks", 0, 0, G_OPTION_ARG_FILENAME, &o->masks, "Masks of objects: PICTURE.CLASS.png or PICTURE.png", "DIR" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "The table", "SCORES.csv" },
    { "against", 0, 0, G_OPTION_ARG_STRING, &o->against, "Compare the others with this method (the first one)",
      "ID" },
    { "threshold", 0, 0, G_OPTION_ARG_DOUBLE, &o->threshold, "Of protocols that need one, percent of pixels (15)",
      "PERCENT" },
    { "shard", 0, 0, G_OPTION_ARG_STRING, &o->shard, "Only every n-th picture, from the i-th on", "I/N" },
    { "curves", 0, 0, G_OPTION_ARG_NONE, &o->curves, "Keep the points of curves, for report", NULL },
    { "merge", 0, 0, G_OPTION_ARG_NONE, &o->merge, "Join the tables of all shards into one", NULL },
    { "force", 0, 0, G_OPTION_ARG_NONE, &o->force, "Begin anew where evaluate has written before", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->inputs, NULL, NULL },
    { NULL },
  };
  if (!app_parse_options (&app_evaluate, "IMAGE|FOLDER...", notes, entries, &argc, &argv)
      || !app_compute_apply (&o->plan.compute))
    return FALSE;
  take_class (o);
  return check (o) && parse_shard (o);
}

/* ---- what to compute ---- */

static gboolean
is_named (const EngProtocol *protocol, const char *name)
{
  gsize n = strlen (name);
  return g_str_equal (protocol->id, name)
         || (n > 0 && strncmp (protocol->id, name, n) == 0 && protocol->id[n] == '-');
}

/* In the order of the engine's table, each once. */
static gboolean
find_protocols (AppScoring *work, const char *text, GError **error)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  gboolean all = g_str_equal (text, "all");
  const EngProtocol *protocol;
  for (char **name = names; !all && *name; name++)
    {
      gboolean found = FALSE;
      g_strstrip (*name);
      for (guint i = 0; (protocol = eng_protocol_nth (i)); i++)
        found = found || is_named (protocol, *name);
      if (!found)
        return eng_protocol_find (*name, error) != NULL;
    }
  for (guint i = 0; (protocol = eng_protocol_nth (i)); i++)
    {
      gboolean named = FALSE;
      for (char **name = names; !all && *name; name++)
        named = named || is_named (protocol, *name);
      if (named && protocol->needs_truth && !work->masks)
        return eng_fail (error, ENG_ERROR_ARGUMENT,
                         "%s compares maps with masks of the object. Name a folder with --masks.", protocol->id);
      if (all && protocol->needs_truth && !work->masks)
        app_complain ("left out: %s: it needs --masks", protocol->id);
      else if (all || named)
        g_ptr_array_add (work->protocols, (gpointer)protocol);
    }
  return TRUE;
}

static void
describe (AppScoring *work, const Options *o, int pictures)
{
  EngModel *model = work->plan.model;
  EngEvaluation *e = work->evaluation;
  e->version = g_strdup (ENG_VERSION);
  e->model_name = g_strdup (eng_model_name (model));
  e->model_path = g_strdup (eng_model_path (model));
  e->model_sha256 = g_strdup (eng_model_sha256 (model));
  e->model_output = g_strdup (eng_model_output (model));
  e->preprocessing = eng_preprocess_describe (eng_model_preprocess (model));
  e->kernels = g_strdup (eng_kernels_describe ());
  e->class_text = o->by_label                  ? g_strdup ("label")
                  : work->plan.class_index < 0 ? g_strdup ("top")
                                               : app_class_name (model, work->plan.class_index);
  e->contrast = work->plan.contrast < 0 ? g_strdup ("") : app_class_name (model, work->plan.contrast);
  e->seed = o->plan.seed;
  e->threshold = work->options.threshold;
  e->masks = work->masks != NULL;
  e->curves = o->curves;
  e->pictures = pictures;
  e->shard = o->nth;
  e->shards = o->shards;
  for (guint i = 0; i < work->plan.choices->len; i++)
    {
      const AppChoice *choice = work->plan.choices->pdata[i];
      g_autofree char *values = eng_values_to_json (choice->values);
      eng_evaluation_add_method (e, choice->method->id, choice->layer, values);
    }
  for (guint i = 0; i < work->protocols->len; i++)
    {
      const EngProtocol *protocol = work->protocols->pdata[i];
      g_autofree char *key = eng_protocol_key (protocol, &work->options);
      eng_evaluation_add_protocol (e, protocol->id, key, protocol->name, eng_scores_direction (protocol));
    }
  guint n;
  work->columns = eng_evaluation_columns (e, &n);
}

/* ---- all of them ---- */

typedef struct
{
  guint at, total, done_now;
  gint64 started;
} Pace;

/* "12/1,000 (about 3 min left) reef-01.png"; (transfer full) */
static char *
progress_label (const Pace *pace, const AppPicture *picture, guint left)
{
  g_autofree char *name = g_path_get_basename (picture->shown), *of = ui_words_count (pace->total);
  g_autofree char *at = ui_words_count (pace->at), *time = NULL;
  if (pace->done_now > 0)
    {
      double seconds = (double)(g_get_monotonic_time () - pace->started) / G_USEC_PER_SEC;
      time = ui_words_time_left (seconds / pace->done_now * left);
    }
  return time ? g_strdup_printf ("%s/%s (%s) %s", at, of, time, name) : g_strdup_printf ("%s/%s %s", at, of, name);
}

/* The pictures of this shard that are not scored yet. (transfer container) */
static GPtrArray *
choose (GPtrArray *pictures, const Options *o, GHashTable *done, guint *of_shard)
{
  GPtrArray *left = g_ptr_array_new ();
  *of_shard = 0;
  for (guint i = (guint)o->nth - 1; i < pictures->len; i += (guint)o->shards)
    {
      const AppPicture *picture = pictures->pdata[i];
      g_autofree char *key = app_score_key (picture->shown, picture->class_name);
      ++*of_shard;
      if (!g_hash_table_contains (done, key))
        g_ptr_array_add (left, (gpointer)picture);
    }
  return left;
}

/* TRUE unless nothing more can be written; pictures that fail are listed. */
static gboolean
score_all (AppScoring *work, GPtrArray *left, guint of_shard, AppScoreFiles *files, GError **error)
{
  g_autoptr (GString) rows = g_string_new (NULL), curves = g_string_new (NULL);
  Pace pace = { of_shard - left->len, of_shard, 0, g_get_monotonic_time () };
  gboolean writable = TRUE;
  for (guint i = 0; writable && i < left->len && !app_interrupted (); i++)
    {
      const AppPicture *picture = left->pdata[i];
      g_autoptr (GError) why = NULL;
      pace.at++;
      g_autofree char *label = progress_label (&pace, picture, left->len - i);
      app_progress_say (label);
      g_string_truncate (rows, 0);
      g_string_truncate (curves, 0);
      gboolean scored = app_scoring_run (work, picture, label, rows, curves, &why);
      if (app_interrupted ())
        break;
      pace.done_now++;
      if (scored)
        writable = app_score_files_append (files, rows, curves, error);
      else
        {
          app_progress_say (NULL);
          app_complain ("%s is left out: %s", picture->shown, why->message);
          eng_evaluation_add_failure (work->evaluation, picture->shown, picture->class_name, why->message);
        }
    }
  app_progress_say (NULL);
  return writable;
}

/* Order and summary of what is there. */
static AppStatus
finish (AppScoreFiles *files, const char *against, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify)app_scores_free);
  AppScores *scores = app_scores_load (files->scores, error);
  if (!scores)
    return APP_FAILED;
  g_ptr_array_add (parts, scores);
  if (!app_scores_are_sorted (scores))
    {
      if (!app_scores_write_sorted (parts, files, error))
        return APP_FAILED;
      g_ptr_array_set_size (parts, 0);
      if (!(scores = app_scores_load (files->scores, error)))
        return APP_FAILED;
      g_ptr_array_add (parts, scores);
    }
  if (!app_summary_write (scores, files, against, error))
    return APP_FAILED;
  guint failed = scores->evaluation->failures->len;
  if (failed > 0)
    app_complain ("%u left out:", failed);
  for (guint i = 0; i < failed; i++)
    {
      const EngEvaluationFailure *f = scores->evaluation->failures->pdata[i];
      g_printerr (*f->class_name ? "  %s (%s)\n" : "  %s%s\n", f->image, f->class_name);
    }
  return failed > 0 || scores->table->records->len == 0 ? APP_FAILED : APP_OK;
}

static AppStatus
evaluate (AppScoring *work, const Options *o, AppScoreFiles *files, GPtrArray *pictures, GError **error)
{
  g_autoptr (GHashTable) done = NULL;
  guint of_shard;
  describe (work, o, (int)pictures->len);
  if (!app_score_files_open (files, work->evaluation, pictures, o->force, &done, error))
    return APP_FAILED;
  g_autoptr (GPtrArray) left = choose (pictures, o, done, &of_shard);
  if (left->len < of_shard)
    g_printerr ("%u of %u pictures are scored already\n", of_shard - left->len, of_shard);
  gboolean written = score_all (work, left, of_shard, files, error);
  if (!app_score_files_write_settings (files, work->evaluation, written ? error : NULL) || !written)
    return APP_FAILED;
  if (!app_interrupted ())
    return finish (files, o->against, error);
  g_printerr ("Stopped. Run it again to go on where it was.\n");
  return APP_INTERRUPTED;
}

static gboolean
is_chosen (const AppScoring *work, const char *id)
{
  for (guint i = 0; i < work->plan.choices->len; i++)
    if (g_str_equal (((AppChoice *)work->plan.choices->pdata[i])->method->id, id))
      return TRUE;
  return FALSE;
}

/* Everything that can be wrong before the first picture is read. */
static AppStatus
prepare (AppScoring *work, const Options *o, GError **error)
{
  work->masks = o->masks;
  work->curves = o->curves;
  work->options = (EngProtocolOptions){ .seed = (guint64)o->plan.seed, .threshold = o->threshold / 100 };
  if (o->masks && !g_file_test (o->masks, G_FILE_TEST_IS_DIR))
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "--masks %s is not a folder.", o->masks);
      return APP_USAGE;
    }
  if (!find_protocols (work, o->protocols, error))
    return APP_USAGE;
  AppStatus status = app_plan_make (&work->plan, &o->plan, error);
  if (status != APP_OK)
    return status;
  for (guint i = 0; i < work->plan.refused->len; i++)
    app_complain ("left out: %s", (const char *)work->plan.refused->pdata[i]);
  if (work->plan.choices->len == 0 || (work->plan.refused->len > 0 && !work->plan.all))
    {
      eng_fail (error, ENG_ERROR_ARGUMENT,
                "Name methods that apply to the model; “sightline-cli methods --model” "
                "says which.");
      return APP_USAGE;
    }
  if (o->against && !is_chosen (work, o->against))
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "--against %s is not among the methods.", o->against);
      return APP_USAGE;
    }
  return app_plan_may_explain_several (&work->plan, error) ? APP_OK : APP_USAGE;
}

static AppStatus
run_evaluate (const Options *o, AppScoreFiles *files, GError **error)
{
  AppScoring work = { .protocols = g_ptr_array_new (), .evaluation = eng_evaluation_new () };
  gboolean failed = FALSE;
  AppStatus status = prepare (&work, o, error);
  g_autofree char *folder = g_path_get_dirname (o->output);
  g_autoptr (GPtrArray) pictures = NULL;
  if (status == APP_OK)
    pictures =
        app_pictures_list (work.plan.model, o->inputs, o->list, o->by_label, work.plan.class_index, &failed, error);
  if (status == APP_OK && (!pictures || !app_result_prepare_folder (folder, error)))
    status = APP_FAILED;
  if (status == APP_OK)
    status = evaluate (&work, o, files, pictures, error);
  if (status == APP_OK && failed) /* a folder */
    status = APP_FAILED;
  g_clear_pointer (&work.options.truth, eng_image_unref);
  g_ptr_array_unref (work.protocols);
  eng_evaluation_free (work.evaluation);
  g_free (work.columns);
  app_plan_clear (&work.plan);
  return status;
}

static AppStatus
run (int argc, char **argv)
{
  Options options = { 0 };
  AppScoreFiles files = { .fd = -1, .curves_fd = -1 };
  g_autoptr (GError) error = NULL;
  AppStatus status = parse (argc, argv, &options) ? APP_OK : APP_USAGE;
  if (status == APP_OK && !app_score_files_init (&files, options.output, &error))
    status = APP_USAGE;
  else if (status == APP_OK && !options.merge)
    status = run_evaluate (&options, &files, &error);
  else if (status == APP_OK)
    status = app_scores_merge (options.inputs, &files, options.force, &error)
                 ? finish (&files, options.against, &error)
                 : APP_FAILED;
  if (error)
    app_complain ("%s", error->message);
  app_score_files_clear (&files);
  options_clear (&options);
  return status;
}

const AppCommand app_evaluate = { "evaluate", "Scores methods over many pictures, as a table with intervals.", run };
