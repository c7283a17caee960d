/* See sample.h. The counts on the start page come from what is really there. */
#include "ui/sample.h"

#include "engine/engine.h"

static char *
find_root (void)
{
  const char *given = g_getenv ("SIGHTLINE_DATA");
  if (given && *given)
    return g_strdup (given);
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  if (program && g_str_has_prefix (program, SIGHTLINE_BUILD_ROOT "/"))
    return g_strdup (SIGHTLINE_SOURCE_DATA);
  return g_strdup (SIGHTLINE_DATADIR);
}

char *
ui_sample_path (const char *relative)
{
  static char *root;
  if (!root)
    root = find_root ();
  return g_build_filename (root, relative, NULL);
}

static char *
existing (const char *relative)
{
  g_autofree char *path = ui_sample_path (relative);
  return g_file_test (path, G_FILE_TEST_EXISTS) ? g_steal_pointer (&path) : NULL;
}

char *
ui_sample_model (void)
{
  return existing ("models/scenes-cnn.onnx");
}

char *
ui_sample_scenes (void)
{
  return existing ("scenes");
}

guint
ui_sample_count_scenes (void)
{
  g_autofree char *folder = ui_sample_scenes ();
  g_autoptr (GDir) dir = folder ? g_dir_open (folder, 0, NULL) : NULL;
  guint n = 0;
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    n += eng_image_is_candidate (name);
  return n;
}

guint
ui_sample_count_classes (void)
{
  g_autofree char *path = ui_sample_path ("models/scenes.txt"), *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  guint n = 0;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    n += *g_strstrip (lines[i]) != 0;
  return n;
}

char *
ui_sample_number_word (guint n)
{
  static const char *const words[] = { "no",    "one",   "two",  "three", "four",   "five",  "six",
                                       "seven", "eight", "nine", "ten",   "eleven", "twelve" };
  return n < G_N_ELEMENTS (words) ? g_strdup (words[n]) : g_strdup_printf ("%u", n);
}
