/* Reads whole files; the one place that words why a file cannot be read. */
#include "file.h"

#include "error.h"

#include <errno.h>
#include <glib/gstdio.h>

GBytes *
eng_file_read (const char *path, guint64 limit, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GError) inner = NULL;
  GStatBuf info;
  char *data = NULL;
  gsize length = 0;
  if (g_stat (path, &info) != 0)
    eng_fail (error, ENG_ERROR_IO, "%s cannot be opened: %s. Check the name and the folder.", name,
              g_strerror (errno));
  else if (S_ISDIR (info.st_mode))
    eng_fail (error, ENG_ERROR_IO, "%s is a folder, not a file. Name a file.", name);
  else if (!S_ISREG (info.st_mode))
    eng_fail (error, ENG_ERROR_IO, "%s is a device or a pipe. Copy the data into a file first.", name);
  else if ((guint64)info.st_size > limit)
    eng_fail (error, ENG_ERROR_INVALID,
              "%s has %" G_GUINT64_FORMAT " MB, and at most %" G_GUINT64_FORMAT " are read.", name,
              (guint64)info.st_size / 1000000, limit / 1000000);
  else if (!g_file_get_contents (path, &data, &length, &inner))
    eng_fail (error, ENG_ERROR_IO, "%s cannot be read: %s.", name, inner->message);
  else
    return g_bytes_new_take (data, length);
  return NULL;
}
