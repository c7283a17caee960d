/* Hidden options for tests, CI and the pictures in the README: measuring the first frame, rendering
 * the window to a PNG. */
#pragma once

#include "ui/window.h"

G_BEGIN_DECLS

/* Adds the hidden options. */
void app_developer_add_options (GApplication *application);
/* Reads them from a parsed command line; call before the window is made. */
void app_developer_read (GVariantDict *options);
/* TRUE when the window is to end by itself: such a run keeps to itself and remembers nothing. */
gboolean app_developer_active (void);
/* Watches @window and ends the program when what was asked for is done. */
void app_developer_watch (UiWindow *window);

G_END_DECLS
