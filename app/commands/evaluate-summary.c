/* See evaluate.h: means over pictures with their intervals, and each method against one of them on the same pictures.
 */
#include "app/commands/evaluate.h"

#include <math.h>
#include <string.h>

#define PAIRED_NAME                                                                                                  \
  "mean over pictures that both methods have a value for of the method's value less the other's; "                   \
  "interval: " ENG_BOOTSTRAP_NAME

/* (transfer full): one value per record */
static double *
values_of (const AppScores *scores, guint column)
{
  guint n = scores->table->records->len;
  double *values = g_new (double, n);
  for (guint i = 0; i < n; i++)
    values[i] = eng_score_table_value (scores->table, i, column);
  return values;
}

static void
compare (AppSummaryLine *line, const AppScores *scores, const double *values, guint reference)
{
  guint n = scores->table->records->len;
  g_autofree double *others = values_of (scores, reference);
  for (guint i = 0; i < n; i++)
    others[i] = values[i] - others[i]; /* NAN where one of them is */
  eng_bootstrap_mean (others, n, (guint64)scores->evaluation->seed, &line->difference);
  eng_wilcoxon (others, n, &line->test);
}

AppSummaryLine *
app_summary_make (const AppScores *scores, const char *against, GError **error)
{
  const EngEvaluation *evaluation = scores->evaluation;
  guint reference = 0;
  while (against && reference < evaluation->methods->len
         && !g_str_equal (((EngEvaluationMethod *)evaluation->methods->pdata[reference])->id, against))
    reference++;
  if (reference == evaluation->methods->len)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "--against %s: there are no scores of that method.", against);
      return NULL;
    }
  guint n = scores->table->records->len, n_protocols = evaluation->protocols->len;
  AppSummaryLine *lines = g_new0 (AppSummaryLine, scores->n_columns);
  for (guint c = 0; c < scores->n_columns; c++)
    {
      g_autofree double *values = values_of (scores, c);
      const EngEvaluationProtocol *protocol = evaluation->protocols->pdata[c % n_protocols];
      lines[c].column = &scores->columns[c];
      lines[c].protocol_name = protocol->name;
      eng_bootstrap_mean (values, n, (guint64)evaluation->seed, &lines[c].mean);
      lines[c].missing = n - lines[c].mean.n;
      if (c / n_protocols == reference)
        continue;
      lines[c].against = scores->columns[reference * n_protocols].method;
      compare (&lines[c], scores, values, reference * n_protocols + c % n_protocols);
    }
  return lines;
}

/* ---- for programs ---- */

static GString *
summary_csv (const AppSummaryLine *lines, guint n)
{
  static const char *const titles[] = {
    "method",     "metric", "protocol", "direction", "n",          "missing",        "mean",
    "low",        "high",   "against",  "pairs",     "difference", "difference_low", "difference_high",
    "wilcoxon_w", "p",      NULL
  };
  GString *out = g_string_new (NULL);
  eng_csv_add_row (out, titles);
  for (guint i = 0; i < n; i++)
    {
      const AppSummaryLine *l = &lines[i];
      const char *texts[] = { l->column->method, l->column->metric, l->column->protocol, l->column->direction };
      double before[] = { l->mean.n, l->missing, l->mean.mean, l->mean.low, l->mean.high };
      double after[] = { l->difference.n,    l->difference.mean, l->difference.low,
                         l->difference.high, l->test.statistic,  l->test.p };
      for (guint k = 0; k < G_N_ELEMENTS (texts); k++)
        eng_csv_add (out, k == 0, texts[k]);
      for (guint k = 0; k < G_N_ELEMENTS (before); k++)
        eng_csv_add_number (out, FALSE, before[k]);
      eng_csv_add (out, FALSE, l->against ? l->against : "");
      for (guint k = 0; k < G_N_ELEMENTS (after); k++)
        eng_csv_add_number (out, FALSE, l->against ? after[k] : NAN);
      g_string_append_c (out, '\n');
    }
  return out;
}

static void
add_line (JsonBuilder *b, const AppSummaryLine *line)
{
  json_builder_begin_object (b);
  app_json_string (b, "method", line->column->method);
  app_json_string (b, "metric", line->column->metric);
  app_json_string (b, "protocol", line->column->protocol);
  app_json_string (b, "direction", line->column->direction);
  app_json_integer (b, "n", line->mean.n);
  app_json_integer (b, "missing", line->missing);
  app_json_number (b, "mean", line->mean.mean);
  app_json_number (b, "low", line->mean.low);
  app_json_number (b, "high", line->mean.high);
  if (line->against)
    {
      app_json_string (b, "against", line->against);
      app_json_integer (b, "pairs", line->difference.n);
      app_json_number (b, "difference", line->difference.mean);
      app_json_number (b, "difference_low", line->difference.low);
      app_json_number (b, "difference_high", line->difference.high);
      app_json_number (b, "wilcoxon_w", line->test.statistic);
      app_json_number (b, "p", line->test.p);
      json_builder_set_member_name (b, "p_exact");
      json_builder_add_boolean_value (b, line->test.exact);
    }
  json_builder_end_object (b);
}

static char *
summary_json (const AppScores *scores, const AppSummaryLine *lines, guint n)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  json_builder_begin_object (b);
  app_json_integer (b, "pictures", scores->table->records->len);
  app_json_integer (b, "failed", scores->evaluation->failures->len);
  app_json_number (b, "confidence", 0.95);
  app_json_string (b, "interval", ENG_BOOTSTRAP_NAME);
  app_json_string (b, "difference", PAIRED_NAME);
  app_json_string (b, "p", ENG_WILCOXON_NAME);
  app_json_integer (b, "seed", scores->evaluation->seed);
  json_builder_set_member_name (b, "rows");
  json_builder_begin_array (b);
  for (guint i = 0; i < n; i++)
    add_line (b, &lines[i]);
  json_builder_end_array (b);
  json_builder_end_object (b);
  return app_json_text (b);
}

/* ---- for people ---- */

/* "12.3 [11.9, 12.8]"; (transfer full) */
static char *
interval_text (const EngInterval *interval, gboolean sign)
{
  if (interval->n == 0)
    return g_strdup ("no value");
  const char *format = sign ? "%+.4g [%+.4g, %+.4g]" : "%.4g [%.4g, %.4g]";
  if (!isfinite (interval->low))
    return g_strdup_printf (sign ? "%+.4g" : "%.4g", interval->mean);
  return g_strdup_printf (format, interval->mean, interval->low, interval->high);
}

static const char *
verdict (const AppSummaryLine *line)
{
  gboolean more = line->difference.low > 0, less = line->difference.high < 0;
  if (!more && !less)
    return "";
  return more == g_str_equal (line->column->direction, "higher") ? " better" : " worse";
}

static void
print_lines (const AppScores *scores, const AppSummaryLine *lines)
{
  const EngEvaluation *e = scores->evaluation;
  guint n_protocols = e->protocols->len;
  g_print ("%u %s scored, %u failed. Mean [95 %% interval: %s].\n", scores->table->records->len,
           scores->table->records->len == 1 ? "picture" : "pictures", e->failures->len, ENG_BOOTSTRAP_NAME);
  for (guint p = 0; p < n_protocols; p++)
    {
      const EngEvaluationProtocol *protocol = e->protocols->pdata[p];
      g_print ("\n%s (%s), %s is better\n", protocol->name, protocol->key, protocol->direction);
      for (guint m = 0; m < e->methods->len; m++)
        {
          const AppSummaryLine *line = &lines[m * n_protocols + p];
          g_autofree char *mean = interval_text (&line->mean, FALSE),
                          *difference = interval_text (&line->difference, TRUE);
          g_print ("  %-22s %-26s n %-5u", line->column->method, mean, line->mean.n);
          if (line->against && line->difference.n > 0)
            g_print (" %s against %s, n %u, p %.3g%s", difference, line->against, line->difference.n,
                     isnan (line->test.p) ? 1 : line->test.p, verdict (line));
          if (line->missing > 0)
            g_print (" (%u without a value)", line->missing);
          g_print ("\n");
        }
    }
  if (e->methods->len > 1)
    g_print ("\nDifferences are paired. p: %s, not corrected for the number of comparisons.\n", ENG_WILCOXON_NAME);
}

static gboolean
write_text (const char *path, const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  return eng_write_atomically (path, bytes, error);
}

gboolean
app_summary_write (const AppScores *scores, const AppScoreFiles *files, const char *against, GError **error)
{
  g_autofree AppSummaryLine *lines = app_summary_make (scores, against, error);
  if (!lines)
    return FALSE;
  g_autoptr (GString) csv = summary_csv (lines, scores->n_columns);
  g_autofree char *json = summary_json (scores, lines, scores->n_columns);
  print_lines (scores, lines);
  return write_text (files->summary, csv->str, error) && write_text (files->summary_json, json, error);
}
