/* See appearance.h. GTK without libadwaita does not follow the desktop by itself: the colour scheme
 * is read from the settings portal (org.freedesktop.appearance color-scheme: 0 none, 1 dark, 2 light). */
#include "ui/appearance.h"

#include "ui/settings.h"

#define PORTAL "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define PORTAL_SETTINGS "org.freedesktop.portal.Settings"
#define NAMESPACE "org.freedesktop.appearance"
#define KEY "color-scheme"
#define RESOURCE "/io/github/sightline/Sightline/ui/"

static const char *const names[] = { "system", "light", "dark" };

static UiAppearance choice;
static gboolean portal_known, portal_dark, host_dark;
static GtkCssProvider *dark_provider;
static gboolean dark_loaded;
static guint subscription;
static GDBusConnection *bus;
static GCancellable *cancellable;

static void
add_provider (const char *file, GtkCssProvider **provider, int priority)
{
  g_autofree char *path = g_strconcat (RESOURCE, file, NULL);
  *provider = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (*provider, path);
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (*provider),
                                              (guint)priority);
}

static void
apply (void)
{
  gboolean system_dark = portal_known ? portal_dark : host_dark;
  gboolean dark = choice == UI_APPEARANCE_DARK || (choice == UI_APPEARANCE_SYSTEM && system_dark);
  g_object_set (gtk_settings_get_default (), "gtk-application-prefer-dark-theme", dark, NULL);
  if (dark == dark_loaded)
    return;
  dark_loaded = dark;
  if (dark)
    add_provider ("style-dark.css", &dark_provider, GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 1);
  else
    {
      gtk_style_context_remove_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (dark_provider));
      g_clear_object (&dark_provider);
    }
}

static void
take_scheme (GVariant *value)
{
  g_autoptr (GVariant) inner = g_variant_ref (value);
  while (g_variant_is_of_type (inner, G_VARIANT_TYPE_VARIANT))
    {
      GVariant *next = g_variant_get_variant (inner);
      g_variant_unref (inner);
      inner = next;
    }
  if (!g_variant_is_of_type (inner, G_VARIANT_TYPE_UINT32))
    return;
  portal_known = TRUE;
  portal_dark = g_variant_get_uint32 (inner) == 1;
  apply ();
}

static void
on_setting_changed (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                    const char *signal, GVariant *parameters, gpointer unused)
{
  const char *group, *key;
  g_autoptr (GVariant) value = NULL;
  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ssv)")))
    return;
  g_variant_get (parameters, "(&s&sv)", &group, &key, &value);
  if (g_str_equal (group, NAMESPACE) && g_str_equal (key, KEY))
    take_scheme (value);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  if (!reply)
    return; /* no portal here: GTK's own setting stands */
  g_autoptr (GVariant) value = g_variant_get_child_value (reply, 0);
  take_scheme (value);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer unused)
{
  bus = g_bus_get_finish (result, NULL);
  if (!bus)
    return;
  subscription =
      g_dbus_connection_signal_subscribe (bus, PORTAL, PORTAL_SETTINGS, "SettingChanged", PORTAL_PATH, NAMESPACE,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_setting_changed, NULL, NULL);
  g_dbus_connection_call (bus, PORTAL, PORTAL_PATH, PORTAL_SETTINGS, "Read", g_variant_new ("(ss)", NAMESPACE, KEY),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, 1000, cancellable, on_read, NULL);
}

void
ui_appearance_init (void)
{
  g_autoptr (GtkCssProvider) provider = NULL;
  g_autofree char *saved = ui_settings_get ("appearance");
  add_provider ("style.css", &provider, GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  gtk_icon_theme_add_resource_path (gtk_icon_theme_get_for_display (gdk_display_get_default ()),
                                    "/io/github/sightline/Sightline/icons");
  g_object_get (gtk_settings_get_default (), "gtk-application-prefer-dark-theme", &host_dark, NULL);
  cancellable = g_cancellable_new ();
  ui_appearance_set (saved);
  g_bus_get (G_BUS_TYPE_SESSION, cancellable, on_bus, NULL);
}

void
ui_appearance_set (const char *name)
{
  choice = UI_APPEARANCE_SYSTEM;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (names[i], name) == 0)
      choice = (UiAppearance)i;
  apply ();
}

void
ui_appearance_shutdown (void)
{
  if (cancellable)
    g_cancellable_cancel (cancellable);
  g_clear_object (&cancellable);
  if (bus && subscription)
    g_dbus_connection_signal_unsubscribe (bus, subscription);
  subscription = 0;
  g_clear_object (&bus);
}
