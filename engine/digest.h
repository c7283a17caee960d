/* SHA-256 of files and of bytes, as hexadecimal text. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* (transfer full): 64 digits. */
char *eng_digest_data (gconstpointer data, gsize n);
/* Of the file @path. NULL with an error when it cannot be read, or when @cancellable (nullable) says so. */
char *eng_digest_file (const char *path, GCancellable *cancellable, GError **error);

G_END_DECLS
