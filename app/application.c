/* See application.h. At the end: windows go first and cancel their jobs, then the loader and the
 * engine deliver what is left, then the main loop is over. */
#include "app/application.h"

#include "app/developer.h"
#include "ui/appearance.h"
#include "ui/loader.h"
#include "ui/preferences.h"
#include "ui/settings.h"
#include "ui/trainings.h"

struct _AppApplication
{
  GtkApplication parent_instance;
};

G_DEFINE_FINAL_TYPE (AppApplication, app_application, GTK_TYPE_APPLICATION)

static UiWindow *
new_window (AppApplication *self)
{
  UiWindow *window = ui_window_new (GTK_APPLICATION (self));
  app_developer_watch (window);
  return window;
}

/* ---- actions ---- */

static void
on_new_window (GSimpleAction *action, GVariant *parameter, gpointer self)
{
  gtk_window_present (GTK_WINDOW (new_window (self)));
}

static void
on_quit (GSimpleAction *action, GVariant *parameter, gpointer self)
{
  /* Each window gets the chance to remember its size. */
  g_autoptr (GList) windows = g_list_copy (gtk_application_get_windows (self));
  for (GList *l = windows; l; l = l->next)
    gtk_window_close (l->data);
}

static void
on_about (GSimpleAction *action, GVariant *parameter, gpointer self)
{
  gtk_show_about_dialog (gtk_application_get_active_window (self), "program-name", "Sightline", "version",
                         ENG_VERSION, "logo-icon-name", APP_ID, "comments",
                         "See why an image classifier decides as it does.\nEverything runs on this computer.",
                         "license-type", GTK_LICENSE_APACHE_2_0, NULL);
}

static const GActionEntry actions[] = {
  { "new-window", on_new_window },
  { "quit", on_quit },
  { "about", on_about },
};

/* ---- life ---- */

static void
app_application_startup (GApplication *application)
{
  G_APPLICATION_CLASS (app_application_parent_class)->startup (application);
  gtk_window_set_default_icon_name (APP_ID);
  ui_appearance_init ();
  ui_preferences_apply ();
  g_action_map_add_action_entries (G_ACTION_MAP (application), actions, G_N_ELEMENTS (actions), application);
  ui_window_install_accels (GTK_APPLICATION (application));
}

static void
app_application_activate (GApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));
  gtk_window_present (window ? window : GTK_WINDOW (new_window (APP_APPLICATION (application))));
}

static void
app_application_open (GApplication *application, GFile **files, int n, const char *hint)
{
  UiWindow *window = new_window (APP_APPLICATION (application));
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  for (int i = 0; i < n; i++)
    {
      char *path = g_file_get_path (files[i]);
      if (path)
        g_ptr_array_add (paths, path);
    }
  g_ptr_array_add (paths, NULL);
  ui_window_open (window, (const char *const *)paths->pdata);
  gtk_window_present (GTK_WINDOW (window));
}

static int
app_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("sightline %s\n", ENG_VERSION);
      return 0;
    }
  app_developer_read (options);
  if (app_developer_active ())
    g_application_set_flags (application, g_application_get_flags (application) | G_APPLICATION_NON_UNIQUE);
  return -1;
}

static void
app_application_shutdown (GApplication *application)
{
  /* Destroying a window closes its session, which cancels its jobs. */
  for (GList *l; (l = gtk_application_get_windows (GTK_APPLICATION (application)));)
    gtk_window_destroy (l->data);
  ui_trainings_shutdown ();
  ui_loader_shutdown ();
  eng_engine_shutdown ();
  ui_appearance_shutdown ();
  ui_settings_sync ();
  G_APPLICATION_CLASS (app_application_parent_class)->shutdown (application);
}

static void
app_application_class_init (AppApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);
  application_class->startup = app_application_startup;
  application_class->activate = app_application_activate;
  application_class->open = app_application_open;
  application_class->handle_local_options = app_application_handle_local_options;
  application_class->shutdown = app_application_shutdown;
}

static void
app_application_init (AppApplication *self)
{
  static const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, "Show the version", NULL },
    { NULL },
  };
  GApplication *application = G_APPLICATION (self);
  g_application_add_main_option_entries (application, entries);
  app_developer_add_options (application);
  g_application_set_option_context_parameter_string (application, "[MODEL] [IMAGE|FOLDER]…");
  g_application_set_option_context_summary (application, "See why an image classifier decides as it does.");
}

GApplication *
app_application_new (void)
{
  return g_object_new (APP_TYPE_APPLICATION, "application-id", APP_ID, "flags", G_APPLICATION_HANDLES_OPEN,
                       "resource-base-path", "/io/github/sightline/Sightline", NULL);
}
