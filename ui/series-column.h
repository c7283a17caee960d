/* The first column of a table with a row for each line of the plot: swatch and name. */
#pragma once

#include <gtk/gtk.h>

#include "ui/threshold.h"

G_BEGIN_DECLS

/* To @view, whose items are UiSeries. */
void ui_series_column_add (GtkColumnView *view);
/* Titles of numbers stand over the numbers: of all columns but the first. After columns came or went. */
void ui_series_column_align_titles (GtkColumnView *view);

G_END_DECLS
