/* A line of text with a shorter wording for where there is not enough room. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define UI_TYPE_SQUEEZER (ui_squeezer_get_type ())
G_DECLARE_FINAL_TYPE (UiSqueezer, ui_squeezer, UI, SQUEEZER, GtkWidget)

/* Both as markup. */
void ui_squeezer_set (UiSqueezer *self, const char *text, const char *shorter);

G_END_DECLS
