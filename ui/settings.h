/* What the window remembers between runs, in a small key file below the user's configuration folder. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *ui_settings_get (const char *key, const char *otherwise); /* (transfer full) */
int ui_settings_get_int (const char *key, int otherwise);
void ui_settings_set (const char *key, const char *value);
void ui_settings_set_int (const char *key, int value);

G_END_DECLS
