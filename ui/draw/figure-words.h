/* What is written about a figure: caption, LaTeX, tables. From provenance alone; nothing is rounded that is for
 * machines, and numbers have a '.' whatever the locale. */
#pragma once

#include "ui/draw/figure-drawing.h"

G_BEGIN_DECLS

/* What the figure shows: classifier, classes, methods with layers and values, scale, protocols. (transfer full) */
char *ui_figure_caption_generated (const UiFigureDrawing *drawing);
/* The edited one, else the generated one. (transfer full) */
char *ui_figure_caption (const UiFigureDrawing *drawing);
/* "\includegraphics[width=174mm]{sightline-fig1.pdf}", \includesvg for an SVG; @file: name of the exported file.
 * (transfer full) */
char *ui_figure_latex_graphics (const UiFigureDrawing *drawing, const char *file);
/* figure environment with caption and label. (transfer full) */
char *ui_figure_latex (const UiFigureDrawing *drawing, const char *file);
/* Scores as a booktabs table: a row per method and model, mean over the rows of the figure where there are several;
 * NULL when there are no scores. (transfer full) */
char *ui_figure_latex_table (const UiFigureDrawing *drawing);
/* Long format with a header: image, class, model, method, metric, protocol, direction, value. (transfer full) */
char *ui_figure_csv (const UiFigureDrawing *drawing);

G_END_DECLS
