/* See settings.h. A file that cannot be read or written costs the memory, not the program. */
#include "ui/settings.h"

#include <gio/gio.h>

#include "ui/settings-keys.h"

#define SCHEMA "io.github.sightline.Sightline"
#define GROUP "window"

/* ---- the keys ---- */

static const UiSettingsKey *
find_key (const char *name, const char *type)
{
  for (const UiSettingsKey *key = ui_settings_keys; key->name; key++)
    if (g_str_equal (key->name, name) && g_str_equal (key->type, type))
      return key;
  g_critical ("the schema has no key “%s” of type %s", name, type);
  return NULL;
}

static gboolean
is_choice (const UiSettingsKey *key, const char *text)
{
  return !key->choices[0] || g_strv_contains (key->choices, text);
}

/* ---- GSettings ---- */

/* Of the build folder for a program that is not installed, else of the prefix or the system. (nullable) */
static GSettingsSchema *
find_schema (void)
{
  GSettingsSchemaSource *system = g_settings_schema_source_get_default ();
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  gboolean built = program && g_str_has_prefix (program, SIGHTLINE_BUILD_ROOT "/");
  const char *folder = built ? SIGHTLINE_BUILD_ROOT "/data" : SIGHTLINE_SCHEMADIR;
  g_autoptr (GSettingsSchemaSource) own = g_settings_schema_source_new_from_directory (folder, system, TRUE, NULL);
  GSettingsSchemaSource *source = own ? own : system;
  return source ? g_settings_schema_source_lookup (source, SCHEMA, TRUE) : NULL;
}

/* A schema of another version may lack a key, and GSettings ends the program for that. */
static gboolean
has_all_keys (GSettingsSchema *schema)
{
  for (const UiSettingsKey *row = ui_settings_keys; row->name; row++)
    {
      if (!g_settings_schema_has_key (schema, row->name))
        return FALSE;
      GSettingsSchemaKey *key = g_settings_schema_get_key (schema, row->name);
      gboolean same = g_variant_type_equal (g_settings_schema_key_get_value_type (key), G_VARIANT_TYPE (row->type));
      g_settings_schema_key_unref (key);
      if (!same)
        return FALSE;
    }
  return TRUE;
}

static gboolean uses_file;

/* NULL: the key file serves. */
static GSettings *
settings (void)
{
  static GSettings *shared;
  if (!shared && !uses_file)
    {
      g_autoptr (GSettingsSchema) schema = find_schema ();
      if (schema && has_all_keys (schema))
        shared = g_settings_new_full (schema, NULL, NULL);
      uses_file = !shared;
    }
  return uses_file ? NULL : shared;
}

/* ---- the key file ---- */

static char *
file_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "sightline", "settings.ini", NULL);
}

static GKeyFile *
key_file (void)
{
  static GKeyFile *file;
  if (!file)
    {
      g_autofree char *path = file_path ();
      file = g_key_file_new ();
      g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL);
    }
  return file;
}

static void
save (void)
{
  g_autofree char *path = file_path (), *folder = g_path_get_dirname (path);
  g_mkdir_with_parents (folder, 0700);
  g_key_file_save_to_file (key_file (), path, NULL);
}

/* ---- reading ---- */

char *
ui_settings_get (const char *name)
{
  const UiSettingsKey *key = find_key (name, "s");
  g_autofree char *value = NULL;
  if (!key)
    return NULL;
  value = settings () ? g_settings_get_string (settings (), name)
                      : g_key_file_get_string (key_file (), GROUP, name, NULL);
  if (!value || !is_choice (key, value))
    {
      g_free (value);
      value = g_strdup (key->text);
    }
  return *value ? g_steal_pointer (&value) : NULL;
}

int
ui_settings_get_int (const char *name)
{
  const UiSettingsKey *key = find_key (name, "i");
  g_autoptr (GError) error = NULL;
  if (!key)
    return 0;
  if (settings ())
    return g_settings_get_int (settings (), name);
  int value = g_key_file_get_integer (key_file (), GROUP, name, &error);
  return error || value < key->least || value > key->most ? key->number : value;
}

gboolean
ui_settings_get_bool (const char *name)
{
  const UiSettingsKey *key = find_key (name, "b");
  g_autoptr (GError) error = NULL;
  if (!key)
    return FALSE;
  if (settings ())
    return g_settings_get_boolean (settings (), name);
  gboolean value = g_key_file_get_boolean (key_file (), GROUP, name, &error);
  return error ? key->number : value;
}

void
ui_settings_range (const char *name, int *least, int *most)
{
  const UiSettingsKey *key = find_key (name, "i");
  *least = key ? key->least : 0;
  *most = key ? key->most : 0;
}

/* ---- writing ---- */

void
ui_settings_set (const char *name, const char *value)
{
  const UiSettingsKey *key = find_key (name, "s");
  const char *text = value ? value : "";
  if (!key || !is_choice (key, text))
    return;
  if (settings ())
    {
      g_settings_set_string (settings (), name, text);
      return;
    }
  g_key_file_set_string (key_file (), GROUP, name, text);
  save ();
}

void
ui_settings_set_int (const char *name, int value)
{
  const UiSettingsKey *key = find_key (name, "i");
  if (!key)
    return;
  int within = CLAMP (value, key->least, key->most);
  if (settings ())
    {
      g_settings_set_int (settings (), name, within);
      return;
    }
  g_key_file_set_integer (key_file (), GROUP, name, within);
  save ();
}

void
ui_settings_set_bool (const char *name, gboolean value)
{
  if (!find_key (name, "b"))
    return;
  if (settings ())
    {
      g_settings_set_boolean (settings (), name, value);
      return;
    }
  g_key_file_set_boolean (key_file (), GROUP, name, value);
  save ();
}

void
ui_settings_sync (void)
{
  if (settings ())
    g_settings_sync ();
}

void
ui_settings_use_file (void)
{
  uses_file = TRUE;
}
