/* Light or dark: the user's choice, else what the desktop says, and the style sheets for it. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef enum
{
  UI_APPEARANCE_SYSTEM,
  UI_APPEARANCE_LIGHT,
  UI_APPEARANCE_DARK
} UiAppearance;

/* Once, after GTK is up: loads the style sheets, asks the desktop and follows it. */
void ui_appearance_init (void);
/* @name: "system", "light", "dark"; for this run. */
void ui_appearance_set (const char *name);
void ui_appearance_shutdown (void);

G_END_DECLS
