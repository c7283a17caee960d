/* Where the shipped sample lies: SIGHTLINE_DATA if set, the source tree for a program that was not
 * installed, else the installed data folder. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

char *ui_sample_path (const char *relative); /* (transfer full); the file need not exist */
char *ui_sample_model (void);                /* (transfer full) (nullable): NULL when it is not installed */
char *ui_sample_scenes (void);               /* the folder; (transfer full) (nullable) */
guint ui_sample_count_scenes (void);
guint ui_sample_count_classes (void); /* 0 when unknown */
/* "twelve" up to twelve, digits from there. (transfer full) */
char *ui_sample_number_word (guint n);

G_END_DECLS
