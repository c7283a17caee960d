/* See figure-table.h. The numbers are those of evaluate's summary: the same code finds them. */
#include "app/commands/figure-table.h"

#include <string.h>

#include "app/commands/command.h"
#include "app/commands/report.h"
#include "ui/draw/bars.h"
#include "ui/draw/figure.h"
#include "ui/draw/latex.h"
#include "ui/draw/words.h"

/* Adds the protocol named @id. */
static gboolean
add_protocol (UiReport *report, const EngEvaluation *e, const AppSummaryLine *lines, const char *id, gboolean *taken,
              GError **error)
{
  guint i = 0;
  while (i < e->protocols->len && !g_str_equal (((EngEvaluationProtocol *)e->protocols->pdata[i])->id, id))
    i++;
  if (i == e->protocols->len)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "--by %s: there are no scores by that protocol.", id);
  if (taken[i])
    return eng_fail (error, ENG_ERROR_ARGUMENT, "--by names %s twice.", id);
  taken[i] = TRUE;
  app_report_add_protocol (report, e, lines, i);
  return TRUE;
}

static gboolean
add_protocols (UiReport *report, const EngEvaluation *e, const AppSummaryLine *lines, const char *by, GError **error)
{
  g_autofree gboolean *taken = g_new0 (gboolean, e->protocols->len);
  g_auto (GStrv) ids = g_strsplit (by ? by : "", ",", -1);
  for (guint i = 0; !by && i < e->protocols->len; i++)
    app_report_add_protocol (report, e, lines, i);
  for (char **id = ids; by && *id; id++)
    if (!add_protocol (report, e, lines, g_strstrip (*id), taken, error))
      return FALSE;
  return TRUE;
}

static UiReport *
make_report (const AppFigureTable *self, const AppScores *scores, GError **error)
{
  const EngEvaluation *e = scores->evaluation;
  g_autofree AppSummaryLine *lines = app_summary_make (scores, NULL, error);
  g_autoptr (UiReport) report = ui_report_new ();
  if (!lines || !add_protocols (report, e, lines, self->by, error))
    return NULL;
  guint n = scores->table->records->len;
  g_autofree char *pictures = ui_words_count (n);
  if (n == 0 || e->methods->len == 0 || report->protocols->len == 0)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s has no scores yet. Let evaluate go on.", self->table);
      return NULL;
    }
  report->title = g_strdup_printf ("Mean scores, classifier %s", e->model_name);
  report->subtitle = g_strdup_printf ("%s %s, class explained: %s.", pictures, n == 1 ? "picture" : "pictures",
                                      app_report_class_words (e));
  report->statistics = g_strdup_printf ("Lines across the bars: 95 %% intervals, %s.", ENG_BOOTSTRAP_NAME);
  return g_steal_pointer (&report);
}

/* ---- how it came to be ---- */

static void
add_row (JsonBuilder *b, const UiReportProtocol *protocol, const UiReportRow *row)
{
  json_builder_begin_object (b);
  app_json_string (b, "method", row->id);
  app_json_string (b, "protocol", protocol->key);
  app_json_string (b, "direction", protocol->direction);
  app_json_integer (b, "n", row->n);
  app_json_integer (b, "missing", row->missing);
  app_json_number (b, "mean", row->mean);
  app_json_number (b, "low", row->low);
  app_json_number (b, "high", row->high);
  json_builder_end_object (b);
}

/* The settings as they stand beside the table, but nothing about the disk. */
static JsonNode *
settings_of (EngEvaluation *e)
{
  char *path = e->model_path;
  g_autofree char *name = g_path_get_basename (path);
  e->model_path = name;
  g_autofree char *text = eng_evaluation_encode (e);
  e->model_path = path;
  return json_from_string (text, NULL);
}

/* (transfer full): JSON; NULL with an error: the table cannot be read any more. */
static char *
make_record (const AppFigureTable *self, const AppScores *scores, const UiReport *report, GError **error)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  g_autofree char *name = g_path_get_basename (self->table), *shown = g_filename_display_name (name);
  g_autofree char *digest = eng_session_digest (self->table), *caption = ui_bars_caption (report);
  if (!digest)
    {
      eng_fail (error, ENG_ERROR_IO, "%s cannot be read any more.", shown);
      return NULL;
    }
  json_builder_begin_object (b);
  app_json_string (b, "kind", UI_BARS_KIND);
  app_json_string (b, "program", "Sightline " ENG_VERSION);
  app_json_string (b, "table", shown);
  app_json_string (b, "table-sha256", digest);
  app_json_string (b, "caption", caption);
  app_json_number (b, "confidence", 0.95);
  app_json_string (b, "interval", ENG_BOOTSTRAP_NAME);
  json_builder_set_member_name (b, "rows");
  json_builder_begin_array (b);
  for (guint p = 0; p < report->protocols->len; p++)
    {
      const UiReportProtocol *protocol = report->protocols->pdata[p];
      for (guint m = 0; m < protocol->rows->len; m++)
        add_row (b, protocol, protocol->rows->pdata[m]);
    }
  json_builder_end_array (b);
  json_builder_set_member_name (b, "settings");
  json_builder_add_value (b, settings_of (scores->evaluation));
  json_builder_end_object (b);
  return app_json_text (b);
}

/* ---- files ---- */

/* The whole figure for LaTeX where there is one, else the table alone. (transfer full) */
static GBytes *
make_latex (const AppFigureTable *self, const UiReport *report)
{
  g_autofree char *name = g_path_get_basename (self->output), *label = ui_latex_label (name);
  g_autofree char *caption = ui_bars_caption (report), *table = ui_bars_latex_table (report);
  GString *out = g_string_new (NULL);
  if (!self->only_latex)
    {
      const char *environment = self->width > 100 ? "figure*" : "figure";
      g_autofree char *graphics = ui_latex_graphics (name, self->width);
      g_string_append_printf (out, "\\begin{%s}\n  \\centering\n  %s\n  \\caption{", environment, graphics);
      ui_latex_add (out, caption);
      g_string_append_printf (out, "}\n  \\label{%s}\n\\end{%s}\n\n", label, environment);
    }
  else
    {
      g_string_append (out, "% ");
      g_string_append (out, caption);
      g_string_append_c (out, '\n');
    }
  g_string_append (out, table);
  gsize length = out->len;
  return g_bytes_new_take (g_string_free (out, FALSE), length);
}

static gboolean
write_file (const char *path, GBytes *bytes, gboolean force, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  if (force || !g_file_test (path, G_FILE_TEST_EXISTS))
    return eng_write_atomically (path, bytes, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s exists already. Choose another name, or write over it.",
               shown);
  return FALSE;
}

gboolean
app_figure_table (const AppFigureTable *self, const UiFigureExport *export, GError **error)
{
  g_autoptr (AppScores) scores = app_scores_load (self->table, error);
  g_autoptr (UiReport) report = scores ? make_report (self, scores, error) : NULL;
  g_autofree char *record = report ? make_record (self, scores, report, error) : NULL;
  if (!record)
    return FALSE;
  g_autoptr (UiFigure) usual = ui_figure_new ();
  g_autofree char *font = ui_font_find (self->font ? self->font : usual->font);
  const char *dot = strrchr (self->output, '.');
  g_autofree char *stem = dot && !strchr (dot, G_DIR_SEPARATOR)
                              ? g_strndup (self->output, (gsize)(dot - self->output))
                              : g_strdup (self->output);
  g_autofree char *latex_path = self->only_latex ? g_strdup (self->output) : g_strconcat (stem, ".tex", NULL);
  g_autoptr (GBytes) drawn = NULL;
  g_autoptr (GBytes) latex = self->latex || self->only_latex ? make_latex (self, report) : NULL;
  if (self->font && g_ascii_strcasecmp (font, self->font) != 0 && !ui_font_is_installed (self->font))
    app_complain ("%s is not installed, %s is used instead [font]", self->font, font);
  const UiBars bars = { report, self->width, font, usual->text_size };
  if (!self->only_latex)
    {
      drawn = ui_bars_encode (&bars, record, export, error);
      if (!drawn || !write_file (self->output, drawn, export->force, error))
        return FALSE;
    }
  return !latex || write_file (latex_path, latex, export->force, error);
}
