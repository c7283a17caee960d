/* See appearance.h. GTK without libadwaita does not follow the desktop by itself: the colour scheme
 * is read from the settings portal (org.freedesktop.appearance color-scheme: 0 none, 1 dark, 2 light), and so is high
 * contrast (contrast: 1 high), which a theme of that name means too. */
#include "ui/appearance.h"

#include "ui/settings.h"

#define PORTAL "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define PORTAL_SETTINGS "org.freedesktop.portal.Settings"
#define NAMESPACE "org.freedesktop.appearance"
#define SCHEME "color-scheme"
#define CONTRAST "contrast"
#define HIGH_CONTRAST "Default-hc" /* of GTK itself */
#define RESOURCE "/io/github/sightline/Sightline/ui/"

static const char *const names[] = { "system", "light", "dark" };

static UiAppearance choice;
static gboolean portal_known, portal_dark, host_dark;
static GtkCssProvider *dark_provider, *contrast_provider; /* NULL: not loaded */
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
want_provider (gboolean wanted, const char *file, GtkCssProvider **provider, int priority)
{
  if (wanted == (*provider != NULL))
    return;
  if (wanted)
    {
      add_provider (file, provider, priority);
      return;
    }
  gtk_style_context_remove_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (*provider));
  g_clear_object (provider);
}

static void
apply (void)
{
  gboolean system_dark = portal_known ? portal_dark : host_dark;
  gboolean dark = choice == UI_APPEARANCE_DARK || (choice == UI_APPEARANCE_SYSTEM && system_dark);
  g_object_set (gtk_settings_get_default (), "gtk-application-prefer-dark-theme", dark, NULL);
  want_provider (dark, "style-dark.css", &dark_provider, GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 1);
}

/* "HighContrast", "HighContrastInverse", "Default-hc", "Default-hc-dark" */
static void
on_theme (void)
{
  g_autofree char *name = NULL;
  g_object_get (gtk_settings_get_default (), "gtk-theme-name", &name, NULL);
  gboolean high = name && (g_str_has_prefix (name, "HighContrast") || g_str_has_prefix (name, HIGH_CONTRAST));
  want_provider (high, "style-hc.css", &contrast_provider, GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 2);
}

static void
take_contrast (guint contrast)
{
  if (contrast == 1)
    g_object_set (gtk_settings_get_default (), "gtk-theme-name", HIGH_CONTRAST, NULL);
  else if (contrast_provider)
    gtk_settings_reset_property (gtk_settings_get_default (), "gtk-theme-name");
}

static void
take (const char *key, GVariant *value)
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
  if (g_str_equal (key, CONTRAST))
    take_contrast (g_variant_get_uint32 (inner));
  else if (g_str_equal (key, SCHEME))
    {
      portal_known = TRUE;
      portal_dark = g_variant_get_uint32 (inner) == 1;
      apply ();
    }
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
  if (g_str_equal (group, NAMESPACE))
    take (key, value);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer key)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  if (!reply)
    return; /* no portal here: GTK's own setting stands */
  g_autoptr (GVariant) value = g_variant_get_child_value (reply, 0);
  take (key, value);
}

static void
ask (const char *key)
{
  g_dbus_connection_call (bus, PORTAL, PORTAL_PATH, PORTAL_SETTINGS, "Read", g_variant_new ("(ss)", NAMESPACE, key),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, 1000, cancellable, on_read,
                          (gpointer)key);
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
  ask (SCHEME);
  ask (CONTRAST);
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
  g_signal_connect (gtk_settings_get_default (), "notify::gtk-theme-name", G_CALLBACK (on_theme), NULL);
  on_theme ();
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
