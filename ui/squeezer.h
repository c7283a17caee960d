/* A line of text with shorter wordings for where there is not enough room. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define UI_TYPE_SQUEEZER (ui_squeezer_get_type ())
G_DECLARE_FINAL_TYPE (UiSqueezer, ui_squeezer, UI, SQUEEZER, GtkWidget)

#define UI_SQUEEZER_WORDINGS 3
/* As markup, from the longest to the shortest; NULL: as the one before. */
void ui_squeezer_set (UiSqueezer *self, const char *const wordings[UI_SQUEEZER_WORDINGS]);

G_END_DECLS
