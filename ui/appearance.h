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
/* "system", "light", "dark" */
const char *ui_appearance_get (void);
/* @remember: also for the next run. */
void ui_appearance_set (const char *name, gboolean remember);
void ui_appearance_shutdown (void);

G_END_DECLS
