/* What the window remembers between runs and what a person prefers. Keys, defaults and ranges stand in
 * data/io.github.sightline.Sightline.gschema.xml and nowhere else. Kept by GSettings; where no schema is installed,
 * in a small key file below the user's configuration folder. Main thread only. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The default where nothing, or nothing that is allowed, was set; NULL for an empty text. (transfer full) */
char *ui_settings_get (const char *key);
int ui_settings_get_int (const char *key);
gboolean ui_settings_get_bool (const char *key);
/* Numbers outside the key's range are taken to its end, texts that are none of its choices are passed over. */
void ui_settings_set (const char *key, const char *value);
void ui_settings_set_int (const char *key, int value);
void ui_settings_set_bool (const char *key, gboolean value);
/* Ends of a number's range. */
void ui_settings_range (const char *key, int *least, int *most);
/* What was set is safe; before the program ends. */
void ui_settings_sync (void);
/* From here on as where no schema is installed. For tests. */
void ui_settings_use_file (void);

G_END_DECLS
