/* One row of a form: the control of a declared parameter, with its name, unit and help. The kind of control follows
 * from the parameter's type. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

/* Label, control and unit (of a path: a button that chooses it) in the columns 0 to 2. Returns: (transfer none): the
 * control. */
GtkWidget *ui_param_row_attach (GtkGrid *grid, int row, const EngParam *param);
/* Calls @edited with @data, its only argument, whenever the control says something else. */
void ui_param_row_watch (GtkWidget *control, const EngParam *param, GCallback edited, gpointer data);
void ui_param_row_show (GtkWidget *control, const EngParam *param, const EngValues *values);
/* FALSE with an error that names the parameter. */
gboolean ui_param_row_read (GtkWidget *control, const EngParam *param, EngValues *values, GError **error);

/**
 * ui_layer_row_fill:
 * @usual: (nullable): the layer that is taken where none is chosen
 * @now: (nullable): name of the chosen one
 *
 * "Automatic (NAME)", then the layers that @suits says yes to, the deepest first: that is where people look.
 * Returns: (transfer full): their names, without the first row.
 */
GStrv ui_layer_row_fill (GtkDropDown *control, EngModel *model, const EngTarget *usual, const char *now,
                         gboolean (*suits) (EngModel *model, const EngTarget *target, gpointer data), gpointer data);
/* Of the chosen layer, NULL: automatic. @layers: (nullable): as it was filled. */
const char *ui_layer_row_chosen (GtkDropDown *control, GStrv layers);
/* @rows, which few need, are folded away in @expander. */
void ui_param_rows_fold (GtkExpander *expander, GtkWidget *rows);

G_END_DECLS
