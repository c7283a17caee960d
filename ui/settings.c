/* See settings.h. A file that cannot be read or written costs the memory, not the program. */
#include "ui/settings.h"

#define GROUP "window"

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

char *
ui_settings_get (const char *key, const char *otherwise)
{
  char *value = g_key_file_get_string (key_file (), GROUP, key, NULL);
  return value ? value : g_strdup (otherwise);
}

int
ui_settings_get_int (const char *key, int otherwise)
{
  g_autoptr (GError) error = NULL;
  int value = g_key_file_get_integer (key_file (), GROUP, key, &error);
  return error ? otherwise : value;
}

void
ui_settings_set (const char *key, const char *value)
{
  g_key_file_set_string (key_file (), GROUP, key, value);
  save ();
}

void
ui_settings_set_int (const char *key, int value)
{
  g_key_file_set_integer (key_file (), GROUP, key, value);
  save ();
}
