/* sightline-cli report: an evaluation as a page to read, HTML or PDF. */
#include "app/commands/report.h"

#include <math.h>
#include <string.h>

#include "ui/draw/words.h"

#define MOST_FAILURES 50 /* that are listed; the rest are counted */

typedef struct
{
  char *output, *model, *against, *by;
  gboolean force;
  AppCompute compute;
  char **inputs;
} Options;

/* One row per form. */
static const struct
{
  const char *suffix;
  GBytes *(*encode) (const UiReport *report, GError **error);
} forms[] = { { ".html", ui_report_html }, { ".pdf", ui_report_pdf } };

static const char notes[] =
    "SCORES.csv is a table that evaluate wrote, finished or not. The page holds everything it shows: scores with 95 "
    "%\n"
    "intervals, comparisons, mean curves (where evaluate ran with --curves), and for each method the pictures where "
    "it\n"
    "does best, worst and in the middle, with maps made again by the same model and settings.";

static guint
find_form (const char *output)
{
  guint i = 0;
  while (i < G_N_ELEMENTS (forms) && !g_str_has_suffix (output, forms[i].suffix))
    i++;
  return i;
}

static gboolean
check (const Options *o)
{
  const char *missing = !o->output                   ? "--output REPORT.html or REPORT.pdf"
                        : !o->inputs || o->inputs[1] ? "one table, SCORES.csv"
                                                     : NULL;
  if (missing)
    app_complain ("report needs %s", missing);
  else if (find_form (o->output) == G_N_ELEMENTS (forms))
    app_complain ("--output %s has to end in .html or .pdf", o->output);
  else if (!o->force && g_file_test (o->output, G_FILE_TEST_EXISTS))
    app_complain ("%s is there already; name another file, or replace it with --force", o->output);
  else
    return TRUE;
  return FALSE;
}

static gboolean
parse (int argc, char **argv, Options *o)
{
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "The page", "REPORT.html|REPORT.pdf" },
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &o->model, "The model, where it was moved", "M.onnx" },
    { "against", 0, 0, G_OPTION_ARG_STRING, &o->against, "Compare the others with this method (the first one)",
      "ID" },
    { "by", 0, 0, G_OPTION_ARG_STRING, &o->by, "Choose pictures by this protocol (the first one)", "ID" },
    { "force", 0, 0, G_OPTION_ARG_NONE, &o->force, "Replace what is there", NULL },
    APP_COMPUTE_ENTRIES (&o->compute),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->inputs, NULL, NULL },
    { NULL },
  };
  return app_parse_options (&app_report, "SCORES.csv", notes, entries, &argc, &argv)
         && app_compute_apply (&o->compute) && check (o);
}

/* ---- the tables ---- */

static void
fill_row (UiReportRow *row, const AppSummaryLine *line)
{
  const EngMethod *method;
  guint number = 0;
  for (guint i = 0; (method = eng_method_nth (i)); i++)
    if (g_str_equal (method->id, line->column->method))
      number = i;
  method = eng_method_find (line->column->method, NULL);
  row->id = g_strdup (line->column->method);
  row->name = g_strdup (method ? method->name : line->column->method);
  ui_line_style_find (row->id, number, 0, &row->style);
  row->mean = line->mean.mean;
  row->low = line->mean.low;
  row->high = line->mean.high;
  row->n = line->mean.n;
  row->missing = line->missing;
  row->compared = line->against != NULL;
  row->difference = line->difference.mean;
  row->difference_low = line->difference.low;
  row->difference_high = line->difference.high;
  row->p = line->test.p;
}

void
app_report_add_protocol (UiReport *report, const EngEvaluation *e, const AppSummaryLine *lines, guint p)
{
  const EngEvaluationProtocol *made = e->protocols->pdata[p];
  const EngProtocol *known = eng_protocol_find (made->id, NULL);
  UiReportProtocol *protocol = ui_report_add_protocol (report);
  protocol->name = g_strdup (made->name);
  protocol->key = g_strdup (made->key);
  protocol->direction = g_strdup (made->direction);
  protocol->definition = g_strdup (known ? known->definition : "");
  protocol->unit = g_strdup (known && known->unit ? known->unit : "");
  protocol->x_label = g_strdup (known && known->x_label ? known->x_label : "x");
  protocol->y_label = g_strdup (known && known->y_label ? known->y_label : "y");
  for (guint m = 0; m < e->methods->len; m++)
    fill_row (ui_report_add_row (protocol), &lines[m * e->protocols->len + p]);
}

const char *
app_report_class_words (const EngEvaluation *e)
{
  return g_str_equal (e->class_text, "top")     ? "the one that the model predicts"
         : g_str_equal (e->class_text, "label") ? "each picture's label"
                                                : e->class_text;
}

/* ---- how it was made ---- */

/* "steps 50, relu true": (transfer full) */
static char *
values_text (const char *json)
{
  GString *text = g_string_new (NULL);
  g_autoptr (JsonNode) node = json_from_string (json, NULL);
  g_autoptr (GList) names = NULL;
  JsonObject *object = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  names = object ? json_object_get_members (object) : NULL;
  for (GList *name = names; name; name = name->next)
    {
      JsonNode *value = json_object_get_member (object, name->data);
      GType type = JSON_NODE_HOLDS_VALUE (value) ? json_node_get_value_type (value) : G_TYPE_INVALID;
      char number[G_ASCII_DTOSTR_BUF_SIZE];
      g_autofree char *other = type == G_TYPE_DOUBLE ? NULL : json_to_string (value, FALSE);
      const char *shown = type == G_TYPE_DOUBLE   ? eng_csv_number (json_node_get_double (value), number)
                          : type == G_TYPE_STRING ? json_node_get_string (value)
                                                  : other;
      g_string_append_printf (text, "%s%s %s", text->len ? ", " : "", (char *)name->data, *shown ? shown : "none");
    }
  return g_string_free (text, FALSE);
}

static void
add_facts (UiReport *report, const EngEvaluation *e)
{
  g_autofree char *seed = g_strdup_printf ("%" G_GINT64_FORMAT, e->seed);
  g_autofree char *threshold = g_strdup_printf ("%g %%", e->threshold * 100);
  ui_report_add_fact (report->facts, "Model", e->model_name);
  ui_report_add_fact (report->facts, "SHA-256 of the model", e->model_sha256);
  ui_report_add_fact (report->facts, "Output", e->model_output);
  ui_report_add_fact (report->facts, "Preprocessing", e->preprocessing);
  ui_report_add_fact (report->facts, "Class", app_report_class_words (e));
  if (*e->contrast)
    ui_report_add_fact (report->facts, "Rather than", e->contrast);
  for (guint i = 0; i < e->methods->len; i++)
    {
      const EngEvaluationMethod *made = e->methods->pdata[i];
      const EngMethod *method = eng_method_find (made->id, NULL);
      g_autofree char *values = values_text (made->values);
      g_autofree char *how = g_strdup_printf ("%s%s%s", values, *made->layer ? " at " : "", made->layer);
      ui_report_add_fact (report->facts, method ? method->name : made->id, how);
    }
  ui_report_add_fact (report->facts, "Seed", seed);
  ui_report_add_fact (report->facts, "Threshold", threshold);
  ui_report_add_fact (report->facts, "Masks", e->masks ? "given" : "not given");
  ui_report_add_fact (report->facts, "Program", "Sightline " ENG_VERSION);
  ui_report_add_fact (report->facts, "Scored by", e->version);
  ui_report_add_fact (report->facts, "Kernels", e->kernels);
}

static void
add_failures (UiReport *report, const EngEvaluation *e)
{
  report->n_failures = e->failures->len;
  for (guint i = 0; i < MIN (e->failures->len, MOST_FAILURES); i++)
    {
      const EngEvaluationFailure *f = e->failures->pdata[i];
      g_autofree char *name = g_path_get_basename (f->image);
      ui_report_add_fact (report->failures, name, f->reason);
    }
  if (e->failures->len > MOST_FAILURES)
    ui_report_add_fact (report->failures, "…", "The others stand in the .json beside the table.");
}

/* The model of the table, or NULL after a message: then there are photos and no maps. */
static EngModel *
open_model (const Options *o, const EngEvaluation *e)
{
  const char *path = o->model ? o->model : e->model_path;
  if (!o->model && !g_file_test (path, G_FILE_TEST_EXISTS))
    {
      app_complain ("%s is not there, so the report has no maps; name the model with --model", path);
      return NULL;
    }
  EngModel *model = app_open_model (path, *e->model_output ? e->model_output : NULL);
  if (model && !g_str_equal (eng_model_sha256 (model), e->model_sha256))
    {
      app_complain ("%s is not the model that was scored, so the report has no maps", path);
      g_clear_object (&model);
    }
  return model;
}

static gboolean
find_protocol (const EngEvaluation *e, const char *id, guint *by, GError **error)
{
  *by = 0;
  for (; id && *by < e->protocols->len; ++*by)
    if (g_str_equal (((EngEvaluationProtocol *)e->protocols->pdata[*by])->id, id))
      return TRUE;
  return !id || eng_fail (error, ENG_ERROR_ARGUMENT, "--by %s: there are no scores by that protocol.", id);
}

/* "1 picture", "1,000 pictures"; (transfer full) */
static char *
counted (guint n, const char *what)
{
  g_autofree char *number = ui_words_count (n);
  return g_strdup_printf ("%s %s%s", number, what, n == 1 ? "" : "s");
}

static UiReport *
make_report (const Options *o, const AppScores *scores, GError **error)
{
  const EngEvaluation *e = scores->evaluation;
  g_autofree char *folder = g_path_get_dirname (o->inputs[0]);
  g_autofree char *pictures = counted (scores->table->records->len, "picture");
  g_autofree char *methods = counted (e->methods->len, "method"),
                  *protocols = counted (e->protocols->len, "protocol");
  guint by;
  if (!find_protocol (e, o->by, &by, error))
    return NULL;
  g_autofree AppSummaryLine *lines = app_summary_make (scores, o->against, error);
  if (!lines)
    return NULL;
  UiReport *report = ui_report_new ();
  const char *against = NULL;
  for (guint i = 0; i < scores->n_columns && !against; i++)
    against = lines[i].against;
  const EngMethod *reference = against ? eng_method_find (against, NULL) : NULL;
  report->title = g_strdup_printf ("Evaluation: %s", e->model_name);
  report->subtitle = g_strconcat (pictures, ", ", methods, ", ", protocols, ".",
                                  scores->table->records->len + e->failures->len < (guint)e->pictures
                                      ? " Not all pictures that were asked for are scored yet."
                                      : "",
                                  NULL);
  report->against = g_strdup (reference ? reference->name : against ? against : "");
  report->statistics =
      against
          ? g_strdup_printf ("Means over pictures. Intervals: %s. Differences are to %s, picture by picture. p: %s, "
                             "not corrected for the number of comparisons.",
                             ENG_BOOTSTRAP_NAME, report->against, ENG_WILCOXON_NAME)
          : g_strdup_printf ("Means over pictures. Intervals: %s.", ENG_BOOTSTRAP_NAME);
  for (guint p = 0; p < e->protocols->len; p++)
    app_report_add_protocol (report, e, lines, p);
  app_report_add_curves (report, scores);
  g_autoptr (EngModel) model = open_model (o, e);
  app_report_add_cases (report, scores, folder, model, by);
  add_facts (report, e);
  add_failures (report, e);
  return report;
}

static AppStatus
write_report (const Options *o, GError **error)
{
  g_autoptr (AppScores) scores = app_scores_load (o->inputs[0], error);
  g_autoptr (UiReport) report = scores ? make_report (o, scores, error) : NULL;
  if (!report || app_interrupted ())
    return APP_FAILED;
  g_autoptr (GBytes) bytes = forms[find_form (o->output)].encode (report, error);
  return bytes && eng_write_atomically (o->output, bytes, error) ? APP_OK : APP_FAILED;
}

static AppStatus
run (int argc, char **argv)
{
  Options options = { 0 };
  g_autoptr (GError) error = NULL;
  AppStatus status = parse (argc, argv, &options) ? write_report (&options, &error) : APP_USAGE;
  if (error)
    app_complain ("%s", error->message);
  g_free (options.output);
  g_free (options.model);
  g_free (options.against);
  g_free (options.by);
  g_strfreev (options.inputs);
  app_compute_clear (&options.compute);
  return status;
}

const AppCommand app_report = { "report", "Writes an evaluation as a page to read, HTML or PDF.", run };
