/* What drawn widgets take from the theme, and the small sample of a method's line. */
#pragma once

#include <gtk/gtk.h>

#include "ui/threshold.h"

G_BEGIN_DECLS

/* TRUE when text is light: the ground is dark. */
gboolean ui_ink_is_dark (GtkWidget *widget);
/* A line sample, or a piece of the band for random order. */
GtkWidget *ui_swatch_new (void);
void ui_swatch_set (GtkWidget *swatch, UiSeries *series);

G_END_DECLS
