/* A dialog that writes the path of a file or folder into an entry. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @kind: (nullable): name of what files with @suffixes (ended by NULL) are, which are shown first. */
void ui_path_chooser_show (GtkEditable *entry, const char *title, GtkFileChooserAction action, const char *kind,
                           const char *const *suffixes);

G_END_DECLS
