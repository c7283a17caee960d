/* Settings that concern the whole program and hold at once: kept across runs. A control
 * acts as soon as it is changed; Esc closes. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Hands what was kept to the engine; once, at the start. */
void ui_preferences_apply (void);
void ui_preferences_show (GtkWindow *parent);

G_END_DECLS
