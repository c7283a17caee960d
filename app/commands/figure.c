/* sightline-cli figure: a figure document, or pictures and methods, drawn as PDF, SVG or PNG. The same code as the
 * window's composer, so the same bytes. */
#include "app/commands/command.h"
#include "app/commands/figure-batch.h"
#include "app/commands/figure-compute.h"
#include "app/commands/figure-table.h"
#include "ui/draw/figure-export.h"
#include "ui/draw/figure-open.h"
#include "ui/draw/figure-verdict.h"

#include <string.h>

#define TWO_COLUMNS 174.0 /* mm */

typedef struct
{
  AppFigureBatch batch;
  char *output, *format, *width, *font, *table, *by;
  char **folders, **rest;
  double dpi, page_height;
  gboolean transparent, force, latex, csv, maps, no_json, swap;
  AppCompute compute;
} Options;

static const char notes[] =
    "FIGURE is a document that the window or this command wrote (.json), or a PDF, SVG or PNG that was exported: "
    "they "
    "hold the\n"
    "document too. Or name classifiers, methods and pictures, and a contact sheet is made: PDF with page breaks, SVG "
    "and PNG as\n"
    "NAME, NAME-2 ... With --table the means of an evaluation are drawn as bars with their 95 % intervals, a plot "
    "for "
    "each\n"
    "protocol; NAME.tex as output gives the numbers as a table. Beside the figure NAME.json says how it came to be "
    "and opens again. Warnings about what would "
    "look wrong\n"
    "on paper go to the error output.";

static void
options_clear (Options *self)
{
  g_strfreev (self->batch.models);
  g_strfreev (self->batch.images);
  g_free (self->batch.methods);
  g_free (self->batch.class_text);
  g_free (self->batch.scores);
  g_free (self->output);
  g_free (self->format);
  g_free (self->width);
  g_free (self->font);
  g_free (self->table);
  g_free (self->by);
  g_strfreev (self->folders);
  g_strfreev (self->rest);
  app_compute_clear (&self->compute);
}

static char **
joined (char **a, char **b)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (a)
    g_strv_builder_addv (builder, (const char **)a);
  if (b)
    g_strv_builder_addv (builder, (const char **)b);
  return g_strv_builder_end (builder);
}

/* With --model all words left are pictures; without it the one word is the document. */
static gboolean
check (Options *o)
{
  const char *missing = !o->output ? "--output FILE" : NULL;
  guint n = o->rest ? g_strv_length (o->rest) : 0;
  gboolean is_sheet =
      o->batch.models || o->batch.images || o->batch.methods || o->batch.class_text || o->batch.scores;
  gboolean is_other = o->page_height != -1 || o->swap || o->folders || o->csv || o->maps;
  if (o->batch.models && !o->table)
    {
      char **images = joined (o->batch.images, o->rest);
      g_strfreev (o->batch.images);
      o->batch.images = images;
      missing = missing             ? missing
                : !o->batch.methods ? "--methods ID[,ID...]"
                : !*images          ? "at least one picture"
                                    : NULL;
    }
  else if (o->table)
    missing = missing             ? missing
              : n > 0 || is_sheet ? "no pictures and methods beside --table: the table has its scores"
              : is_other          ? "no --page-height, --swap, --data, --csv and --maps beside --table"
                                  : NULL;
  else if (o->by)
    missing = "--table SCORES.csv beside --by";
  else if (n != 1 || is_sheet)
    missing = "one FIGURE, or --model M.onnx with --methods and pictures, or --table SCORES.csv";
  if (missing)
    app_complain ("figure needs %s", missing);
  else if (o->batch.seed < 0)
    app_complain ("--seed must not be negative");
  return !missing && o->batch.seed >= 0;
}

static gboolean
parse (int argc, char **argv, Options *o)
{
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "The figure: .pdf, .svg or .png", "FILE" },
    { "format", 0, 0, G_OPTION_ARG_STRING, &o->format, "Where the name of FILE does not say it", "pdf|svg|png" },
    { "width", 0, 0, G_OPTION_ARG_STRING, &o->width,
      "On paper: 174mm, or one-column, two-columns, icml, neurips, slide", "WIDTH" },
    { "page-height", 0, 0, G_OPTION_ARG_DOUBLE, &o->page_height, "Begin a new page after so many mm (0: never)",
      "MM" },
    { "dpi", 0, 0, G_OPTION_ARG_DOUBLE, &o->dpi, "Dots per inch of a PNG (300)", "N" },
    { "transparent", 0, 0, G_OPTION_ARG_NONE, &o->transparent, "No white page below", NULL },
    { "font", 0, 0, G_OPTION_ARG_STRING, &o->font, "Family of all text", "NAME" },
    { "swap", 0, 0, G_OPTION_ARG_NONE, &o->swap, "Pictures across, methods down", NULL },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &o->force, "Write over files that exist", NULL },
    { "data", 'd', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->folders, "Where else models and pictures lie; may be repeated",
      "DIR" },
    { "latex", 0, 0, G_OPTION_ARG_NONE, &o->latex, "Write NAME.tex too: figure, caption, table", NULL },
    { "csv", 0, 0, G_OPTION_ARG_NONE, &o->csv, "Write NAME.csv too: scores, one a line", NULL },
    { "maps", 0, 0, G_OPTION_ARG_NONE, &o->maps, "Write every map as .npy too", NULL },
    { "no-json", 0, 0, G_OPTION_ARG_NONE, &o->no_json, "Write no NAME.json", NULL },
    { "model", 'm', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->batch.models, "Contact sheet: a classifier; may be repeated",
      "M.onnx" },
    { "methods", 0, 0, G_OPTION_ARG_STRING, &o->batch.methods, "Contact sheet: its columns", "ID[,ID...]" },
    { "images", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->batch.images, "Contact sheet: pictures; may be repeated",
      "FILE|DIR" },
    { "class", 'c', 0, G_OPTION_ARG_STRING, &o->batch.class_text, "Contact sheet: class to explain (top)",
      "top|INDEX|NAME" },
    { "scores", 0, 0, G_OPTION_ARG_STRING, &o->batch.scores,
      "Contact sheet: protocols measured below the maps (none)", "ID[,ID...]" },
    { "table", 0, 0, G_OPTION_ARG_FILENAME, &o->table, "Bars: the means of a table that evaluate wrote",
      "SCORES.csv" },
    { "by", 0, 0, G_OPTION_ARG_STRING, &o->by, "Bars: these protocols (all of the table)", "ID[,ID...]" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &o->batch.seed, "Contact sheet: seed of all random numbers (0)", "N" },
    APP_COMPUTE_ENTRIES (&o->compute),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->rest, NULL, NULL },
    { NULL },
  };
  return app_parse_options (&app_figure, "FIGURE|IMAGE...", notes, entries, &argc, &argv) && check (o)
         && app_compute_apply (&o->compute);
}

/* "174mm", "174", "17.4cm", "one-column". */
static gboolean
read_width (const char *text, double *out, GError **error)
{
  char *end;
  for (const UiFigureWidth *w = ui_figure_widths; w->id; w++)
    if (g_ascii_strcasecmp (w->id, text) == 0)
      {
        *out = w->mm;
        return TRUE;
      }
  double value = g_ascii_strtod (text, &end);
  double unit = *end == 0 || g_str_equal (end, "mm") ? 1
                : g_str_equal (end, "cm")            ? 10
                : g_str_equal (end, "in")            ? 25.4
                                                     : 0;
  value *= unit;
  if (end == text || !(value >= UI_FIGURE_LEAST_WIDTH && value <= UI_FIGURE_MOST_WIDTH))
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "--width %s is no width between 20 and 2000 mm. Write 174mm, 17.4cm, 6.85in or one-column, "
                     "two-columns, icml, neurips, slide.",
                     text);
  *out = value;
  return TRUE;
}

static gboolean
apply (UiFigure *figure, const Options *o, GError **error)
{
  if (o->width && !read_width (o->width, &figure->width, error))
    return FALSE;
  if (o->page_height != -1 && !(o->page_height >= 0 && o->page_height <= UI_FIGURE_MOST_WIDTH))
    return eng_fail (error, ENG_ERROR_ARGUMENT, "--page-height is not between 0 and 2000 mm.");
  if (o->page_height != -1)
    figure->page_height = o->page_height;
  if (o->font)
    {
      g_free (figure->font);
      figure->font = g_strdup (o->font);
    }
  if (o->swap)
    figure->swapped = !figure->swapped;
  return TRUE;
}

static gboolean
find_format (const Options *o, UiFigureExport *export, GError **error)
{
  ui_figure_export_init (export);
  if (o->format ? !ui_figure_format_find (o->format, &export->format)
                : !ui_figure_format_find (o->output, &export->format))
    return eng_fail (error, ENG_ERROR_ARGUMENT, "%s is no format of figures. Write pdf, svg or png.",
                     o->format ? o->format : o->output);
  if (!(o->dpi >= 36 && o->dpi <= 2400))
    return eng_fail (error, ENG_ERROR_ARGUMENT, "--dpi is not between 36 and 2400.");
  export->dpi = o->dpi;
  export->transparent = o->transparent;
  export->force = o->force;
  export->beside = (o->no_json ? 0 : UI_BESIDE_JSON) | (o->latex ? UI_BESIDE_LATEX : 0) | (o->csv ? UI_BESIDE_CSV : 0)
                   | (o->maps ? UI_BESIDE_MAPS : 0);
  return TRUE;
}

/* The document, its files found where it says or where --data says. */
static UiFigure *
find_figure (const Options *o, gboolean *failed, GError **error)
{
  g_autoptr (UiFigure) figure =
      o->batch.models ? app_figure_batch (&o->batch, failed, error) : ui_figure_open (o->rest[0], error);
  if (!figure)
    return NULL;
  if (!o->batch.models)
    ui_figure_locate (figure, o->rest[0], (const char *const *)o->folders);
  return g_steal_pointer (&figure);
}

/* The document is beside the figure already when the figure is named like it. */
static gboolean
is_beside (const char *document, const char *output)
{
  const char *dot = strrchr (output, '.');
  g_autofree char *stem =
      dot && !strchr (dot, G_DIR_SEPARATOR) ? g_strndup (output, (gsize)(dot - output)) : g_strdup (output);
  g_autofree char *sidecar = g_strconcat (stem, ".json", NULL), *a = g_canonicalize_filename (sidecar, NULL),
                  *b = g_canonicalize_filename (document, NULL);
  return g_str_equal (a, b);
}

static void
print_verdict (const UiFigureDrawing *drawing)
{
  g_autoptr (GPtrArray) findings = ui_figure_verdict (drawing);
  for (guint i = 0; i < findings->len; i++)
    {
      const UiFigureFinding *finding = findings->pdata[i];
      if (finding->warning)
        app_complain ("%s [%s]", finding->sentence, finding->code);
    }
}

static AppStatus
draw (UiFigure *figure, const Options *o, const UiFigureExport *export, gboolean failed, GError **error)
{
  g_autoptr (UiFigureCells) cells = app_figure_compute (figure, &failed);
  if (!cells || app_interrupted ())
    return APP_FAILED;
  g_autoptr (UiFigureDrawing) drawing = ui_figure_drawing_new (figure, cells, NULL);
  print_verdict (drawing);
  g_auto (GStrv) written = ui_figure_export (drawing, export, o->output, error);
  if (written)
    g_print ("%s\n", written[0]);
  return written && !failed ? APP_OK : APP_FAILED;
}

/* Bars, or their numbers as a table for LaTeX. */
static AppStatus
draw_table (const Options *o, GError **error)
{
  gboolean only_latex = o->format ? g_ascii_strcasecmp (o->format, "tex") == 0 : g_str_has_suffix (o->output, ".tex");
  AppFigureTable table = { o->table, o->by, o->output, o->font, TWO_COLUMNS, o->latex, only_latex };
  UiFigureExport export;
  ui_figure_export_init (&export);
  export.force = o->force;
  if ((o->width && !read_width (o->width, &table.width, error)) || (!only_latex && !find_format (o, &export, error)))
    return APP_USAGE;
  if (!app_figure_table (&table, &export, error))
    return APP_FAILED;
  g_print ("%s\n", o->output);
  return APP_OK;
}

static AppStatus
run (int argc, char **argv)
{
  Options options = { .dpi = 300, .page_height = -1 };
  UiFigureExport export;
  g_autoptr (GError) error = NULL;
  AppStatus status = APP_USAGE;
  gboolean parsed = parse (argc, argv, &options);
  if (parsed && options.table)
    status = draw_table (&options, &error);
  else if (parsed && find_format (&options, &export, &error))
    {
      gboolean failed = FALSE;
      g_autoptr (UiFigure) figure = find_figure (&options, &failed, &error);
      if (!figure)
        status = options.batch.models ? APP_USAGE : APP_FAILED;
      else if (apply (figure, &options, &error))
        {
          if (!options.batch.models && is_beside (options.rest[0], options.output))
            export.beside &= ~(guint)UI_BESIDE_JSON;
          status = draw (figure, &options, &export, failed, &error);
        }
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS))
    app_complain ("%s --force does that", error->message);
  else if (error)
    app_complain ("%s", error->message);
  options_clear (&options);
  return status;
}

const AppCommand app_figure = { "figure", "Draws a figure for a paper: pictures, maps, scores.", run };
