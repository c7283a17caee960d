/* Class names from text files and from the two lists of data/labels, which the build puts into the
 * engine as a GResource so that a model without labels still speaks of cats. */
#include "labels.h"

#include "error.h"
#include "file.h"
#include "labels-data.h"

#include <gio/gio.h>
#include <string.h>

static const struct
{
  int n_classes;
  const char *resource;
} lists[] = {
  { 10, "/engine/labels/cifar10.txt" },
  { 1000, "/engine/labels/imagenet1k.txt" },
};

static char **
load_builtin (const char *resource)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resource_lookup_data (eng_labels_get_resource (), resource, 0, &error);
  gsize length = 0;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : "";
  char **names = bytes ? eng_labels_parse (text, length, resource, &error) : NULL;
  if (!names)
    g_error ("the built-in class names are broken: %s", error->message); /* only a bad build can do this */
  return names;
}

const char *const *
eng_labels_builtin (int n_classes)
{
  static char **loaded[G_N_ELEMENTS (lists)];
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    if (lists[i].n_classes == n_classes)
      {
        if (g_once_init_enter (&loaded[i]))
          g_once_init_leave (&loaded[i], load_builtin (lists[i].resource));
        return (const char *const *)loaded[i];
      }
  return NULL;
}

static gboolean
check_line (const char *line, gsize length, guint number, const char *name, GError **error)
{
  if (length == 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s: line %u is empty. Write one class name per line, in class order.",
                     name, number);
  if (length > ENG_LABELS_MAX_LENGTH)
    return eng_fail (error, ENG_ERROR_INVALID, "%s: line %u is longer than %d bytes. Write one class name per line.",
                     name, number, ENG_LABELS_MAX_LENGTH);
  if (!g_utf8_validate (line, length, NULL))
    return eng_fail (error, ENG_ERROR_INVALID, "%s: line %u is not UTF-8 text. Save the file as UTF-8.", name,
                     number);
  if (number > ENG_LABELS_MAX_COUNT)
    return eng_fail (error, ENG_ERROR_INVALID, "%s has more than %d lines. Write one class name per line.", name,
                     ENG_LABELS_MAX_COUNT);
  return TRUE;
}

char **
eng_labels_parse (const char *text, gsize length, const char *name, GError **error)
{
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) /* byte order mark of Windows editors */
    text += 3, length -= 3;
  while (length > 0 && strchr ("\r\n\t ", text[length - 1]) && text[length - 1] != '\0')
    length--;
  if (length == 0)
    {
      eng_fail (error, ENG_ERROR_INVALID, "%s holds no class names. Write one per line, in class order.", name);
      return NULL;
    }
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (const char *line = text, *end = text + length; line <= end;)
    {
      const char *stop = memchr (line, '\n', end - line);
      gsize n = (stop ? stop : end) - line;
      gsize shown = n > 0 && line[n - 1] == '\r' ? n - 1 : n;
      if (!check_line (line, shown, names->len + 1, name, error))
        return NULL;
      g_ptr_array_add (names, g_strndup (line, shown));
      line += n + 1;
    }
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

char **
eng_labels_load (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GBytes) bytes = eng_file_read (path, ENG_LABELS_MAX_FILE, error);
  gsize length;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  return bytes ? eng_labels_parse (text, length, name, error) : NULL;
}
