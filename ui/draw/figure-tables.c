/* A figure's scores for LaTeX and for programs. See figure-words.h. */
#include <math.h>
#include <string.h>

#include "ui/draw/figure-private.h"
#include "ui/draw/figure-words.h"
#include "ui/draw/latex.h"

char *
ui_figure_latex_graphics (const UiFigureDrawing *self, const char *file)
{
  return ui_latex_graphics (file, self->figure->width);
}

char *
ui_figure_latex (const UiFigureDrawing *self, const char *file)
{
  const char *environment = self->figure->width > 100 ? "figure*" : "figure";
  g_autofree char *graphics = ui_figure_latex_graphics (self, file), *label = ui_latex_label (file);
  g_autofree char *caption = ui_figure_caption (self);
  GString *out = g_string_new (NULL);
  g_string_append_printf (out, "\\begin{%s}\n  \\centering\n  %s\n  \\caption{", environment, graphics);
  ui_latex_add (out, caption);
  g_string_append_printf (out, "}\n  \\label{%s}\n\\end{%s}\n", label, environment);
  return g_string_free (out, FALSE);
}

/* ---- the table ---- */

/* One line: what a method scores on one model, mean over the figure's rows. */
typedef struct
{
  guint column, model;
  int n; /* rows that it is a mean of */
} Line;

static GArray *
find_lines (const UiFigureDrawing *self)
{
  const UiFigure *figure = self->figure;
  GArray *lines = g_array_new (FALSE, FALSE, sizeof (Line));
  for (guint m = 0; m < MAX (1, figure->models->len); m++)
    for (guint c = 0; c < figure->columns->len; c++)
      {
        Line line = { c, m, 0 };
        for (guint r = 0; r < figure->rows->len; r++)
          line.n += ui_figure_panel_model (figure, r, c) == m && ui_figure_column (figure, c)->kind == UI_COLUMN_MAP
                    && ui_figure_cells_at (self->cells, r, c)->scores->len > 0;
        if (line.n > 0)
          g_array_append_val (lines, line);
      }
  return lines;
}

static double
mean_of (const UiFigureDrawing *self, const Line *line, const char *id)
{
  double sum = 0;
  int n = 0;
  for (guint r = 0; r < self->figure->rows->len; r++)
    {
      const UiCellScore *score = ui_figure_cell_score (ui_figure_cells_at (self->cells, r, line->column), id);
      if (!score || isnan (score->value) || ui_figure_panel_model (self->figure, r, line->column) != line->model)
        continue;
      sum += score->value;
      n++;
    }
  return n > 0 ? sum / n : NAN;
}

/* The best of a model's lines, printed bold. */
static double
best_of (const UiFigureDrawing *self, GArray *lines, guint model, const EngProtocol *protocol)
{
  double best = NAN;
  for (guint i = 0; i < lines->len; i++)
    {
      const Line *line = &g_array_index (lines, Line, i);
      double value = line->model == model ? mean_of (self, line, protocol->id) : NAN;
      best = protocol->direction == ENG_LOWER_IS_BETTER ? fmin (best, value) : fmax (best, value);
    }
  return best;
}

static void
add_line (const UiFigureDrawing *self, GArray *lines, const Line *line, gboolean several, GString *out)
{
  g_autofree char *heading = ui_figure_heading (ui_figure_column (self->figure, line->column));
  if (several)
    {
      g_autofree char *model = ui_figure_cells_model_label (self->cells, self->figure, line->model);
      ui_latex_add (out, model);
      g_string_append (out, " & ");
    }
  ui_latex_add (out, heading);
  for (guint i = 0; i < self->figure->scores->len; i++)
    {
      const EngProtocol *protocol = eng_protocol_find (self->figure->scores->pdata[i], NULL);
      double value = mean_of (self, line, protocol->id), best = best_of (self, lines, line->model, protocol);
      char text[G_ASCII_DTOSTR_BUF_SIZE];
      g_ascii_formatd (text, sizeof text, protocol->maximum > 2 ? "%.1f" : "%.3f", value);
      if (isnan (value))
        g_string_append (out, " & --");
      else
        g_string_append_printf (out, value == best ? " & \\textbf{%s}" : " & %s", text);
    }
  g_string_append (out, " \\\\\n");
}

char *
ui_figure_latex_table (const UiFigureDrawing *self)
{
  g_autoptr (GArray) lines = find_lines (self);
  gboolean several = self->figure->models->len > 1;
  GString *out = g_string_new (NULL);
  if (lines->len == 0 || self->figure->scores->len == 0)
    {
      g_string_free (out, TRUE);
      return NULL;
    }
  g_string_append (out, "% needs \\usepackage{booktabs}\n\\begin{tabular}{l");
  for (guint i = 0; i < self->figure->scores->len + several; i++)
    g_string_append_c (out, several && i == 0 ? 'l' : 'r');
  g_string_append_printf (out, "}\n\\toprule\n%sMethod", several ? "Model & " : "");
  for (guint i = 0; i < self->figure->scores->len; i++)
    {
      const EngProtocol *protocol = eng_protocol_find (self->figure->scores->pdata[i], NULL);
      g_string_append (out, " & ");
      ui_latex_add (out, protocol->name);
      g_string_append (out, protocol->direction == ENG_LOWER_IS_BETTER ? " $\\downarrow$" : " $\\uparrow$");
    }
  g_string_append (out, " \\\\\n\\midrule\n");
  for (guint i = 0; i < lines->len; i++)
    {
      const Line *line = &g_array_index (lines, Line, i);
      if (i > 0 && line->model != g_array_index (lines, Line, i - 1).model)
        g_string_append (out, "\\midrule\n");
      add_line (self, lines, line, several, out);
    }
  g_string_append_printf (out, "\\bottomrule\n\\end{tabular}\n%% mean over up to %u pictures of the figure\n",
                          self->figure->rows->len);
  return g_string_free (out, FALSE);
}

/* ---- CSV ---- */

/* RFC 4180: quoted where it has to be. */
static void
add_field (GString *out, const char *text)
{
  if (!text || !strpbrk (text, ",\"\r\n"))
    {
      g_string_append (out, text ? text : "");
      return;
    }
  g_string_append_c (out, '"');
  for (; *text; text++)
    {
      if (*text == '"')
        g_string_append_c (out, '"');
      g_string_append_c (out, *text);
    }
  g_string_append_c (out, '"');
}

static void
add_record (const UiFigureDrawing *self, guint r, guint c, const UiCellScore *score, GString *out)
{
  const UiFigureCell *cell = ui_figure_cells_at (self->cells, r, c);
  guint m = ui_figure_panel_model (self->figure, r, c);
  g_autofree char *model = ui_figure_cells_model_label (self->cells, self->figure, m);
  char value[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *picture = g_path_get_basename (ui_figure_row (self->figure, r)->picture.path);
  g_autofree char *shown = g_filename_display_name (picture);
  const char *fields[] = { shown,
                           cell->class_name,
                           model,
                           ui_figure_column (self->figure, c)->method,
                           score->protocol->name,
                           score->protocol->id,
                           eng_direction_name (score->protocol->direction) };
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      add_field (out, fields[i]);
      g_string_append_c (out, ',');
    }
  g_string_append_printf (out, "%s\r\n",
                          isnan (score->value) ? "" : g_ascii_dtostr (value, sizeof value, score->value));
}

char *
ui_figure_csv (const UiFigureDrawing *self)
{
  GString *out = g_string_new ("image,class,model,method,metric,protocol,direction,value\r\n");
  for (guint r = 0; r < self->figure->rows->len; r++)
    for (guint c = 0; c < self->figure->columns->len; c++)
      {
        const UiFigureCell *cell = ui_figure_cells_at (self->cells, r, c);
        for (guint i = 0; i < cell->scores->len && ui_figure_column (self->figure, c)->kind == UI_COLUMN_MAP; i++)
          add_record (self, r, c, &g_array_index (cell->scores, UiCellScore, i), out);
      }
  return g_string_free (out, FALSE);
}
