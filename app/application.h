/* The application: command line, actions that concern no single window, orderly end. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define APP_ID "io.github.sightline.Sightline"

#define APP_TYPE_APPLICATION (app_application_get_type ())
G_DECLARE_FINAL_TYPE (AppApplication, app_application, APP, APPLICATION, GtkApplication)

GApplication *app_application_new (void);

G_END_DECLS
