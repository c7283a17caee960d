/* The preference which methods are ticked in a new window: a button that names them, with a list to tick below. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

GtkWidget *ui_preference_methods_new (void); /* a GtkMenuButton */
/* TRUE where a new window shows the method of that id. */
gboolean ui_preference_methods_has (const char *id);

G_END_DECLS
