/* The schema of data/io.github.sightline.Sightline.gschema.xml as a table, for where none is installed. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define UI_SETTINGS_MOST_CHOICES 7

typedef struct
{
  const char *name, *type; /* "i", "b", "s" */
  const char *text;        /* default of a text */
  int number;              /* default of a number or a switch */
  int least, most;
  const char *choices[UI_SETTINGS_MOST_CHOICES + 1]; /* of a text, NULL-ended; empty: any */
} UiSettingsKey;

/* Ended by a row without a name. */
extern const UiSettingsKey ui_settings_keys[];

G_END_DECLS
