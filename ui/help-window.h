/* The pages under data/help, one per family of methods: what each map means and when not to trust it. */
#pragma once

#include <gtk/gtk.h>

#include "engine/method.h"

G_BEGIN_DECLS

/* Opens the help, or brings it to the front. @method: id to show; "": the beginning. */
void ui_help_window_show (GtkWindow *parent, const char *method);
/* Text of a family's page; NULL: there is none. (transfer full) */
char *ui_help_page (EngFamily family);

G_END_DECLS
