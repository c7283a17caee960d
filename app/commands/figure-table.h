/* sightline-cli figure --table: an evaluation as bars, or as a table for LaTeX. */
#pragma once

#include "ui/draw/figure-export.h"

G_BEGIN_DECLS

typedef struct
{
  const char *table;  /* SCORES.csv of evaluate */
  const char *by;     /* (nullable): protocols, "ID[,ID...]"; NULL: all of the table */
  const char *output; /* where; what it is, @export says, or .tex */
  const char *font;   /* (nullable) */
  double width;       /* mm */
  gboolean latex;     /* the figure's .tex too; with @only_latex nothing else */
  gboolean only_latex;
} AppFigureTable;

/* Writes the figure, whole or not at all. FALSE with an error. */
gboolean app_figure_table (const AppFigureTable *self, const UiFigureExport *export, GError **error);

G_END_DECLS
