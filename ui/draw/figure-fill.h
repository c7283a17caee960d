/* What one panel of a figure shows, measured: class, scores, curves, masked picture. The same for the window, which
 * does it panel by panel in the background, and for the command line. Where the maps come from is the caller's. */
#pragma once

#include "engine/job.h"
#include "ui/draw/figure-cells.h"

G_BEGIN_DECLS

/* The class that @row asks for: -1 in @index is the model's own choice. FALSE: the model has no such class. */
gboolean ui_figure_row_class (const UiFigureRow *row, EngModel *model, int *index, GError **error);
/* Values of @column's method for @model. (transfer full): NULL with an error. */
EngValues *ui_figure_column_values (const UiFigureColumn *column, const EngMethod *method, EngModel *model,
                                    GError **error);
/* What the map of @column depends on: eng_result_key(). @class_index: >= 0. (transfer full): NULL with an error. */
char *ui_figure_map_key (const UiFigureColumn *column, EngModel *model, EngImage *image, int class_index,
                         GError **error);
/* A job that makes it. (transfer full): NULL with an error. */
EngJob *ui_figure_map_job (const UiFigureColumn *column, EngModel *model, EngImage *image, int class_index,
                           GError **error);

/* The map of column @column for the panel's picture, model and class. (transfer none): NULL with an error. */
typedef EngHeatmap *(*UiFigureMapFunc) (guint column, gpointer data, GError **error);

/**
 * ui_figure_fill_cell:
 * @cell: of @row and @column
 * @subject: the panel's picture, model and class
 * @find_map: asked for the column's own map; for a plot, for those of all columns of the same model, where one that
 *   is NULL has no line
 * @cancellable: (nullable)
 *
 * Engine thread. Returns: FALSE with an error; what was measured by then stays in @cell.
 */
gboolean ui_figure_fill_cell (UiFigureCell *cell, const UiFigure *figure, guint row, guint column,
                              EngSubject *subject, UiFigureMapFunc find_map, gpointer data, GCancellable *cancellable,
                              GError **error);

G_END_DECLS
