/* Reading a whole file that a person named, with every way that can fail said in words. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eng_file_read:
 * @limit: largest size in bytes that makes sense for this kind of file
 *
 * Folders, pipes and devices are refused before they can block. Any thread.
 * Returns: (transfer full): the bytes; NULL with an error that names the file.
 */
GBytes *eng_file_read (const char *path, guint64 limit, GError **error);

G_END_DECLS
