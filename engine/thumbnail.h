/* Small pictures of files, kept where other programs keep theirs: the Thumbnail Managing Standard of
 * freedesktop.org, size "normal" (128 x 128). A cached one counts only when it says that it was made
 * from this file at this time. What cannot be kept is made again next time, without a word. */
#pragma once

#include "image.h"

G_BEGIN_DECLS

#define ENG_THUMBNAIL_SIDE 128

typedef struct
{
  EngImage *image;   /* at most ENG_THUMBNAIL_SIDE a side; owned */
  int width, height; /* of the picture itself */
} EngThumbnail;

void eng_thumbnail_clear (EngThumbnail *self);

/**
 * eng_thumbnail_load:
 * @path: a picture
 * @folder: (nullable): where thumbnails are kept; NULL: the user's, $XDG_CACHE_HOME/thumbnails/normal
 *
 * From the cache, or made and kept there. Any thread.
 * Returns: FALSE with the picture's own error.
 */
gboolean eng_thumbnail_load (const char *path, const char *folder, EngThumbnail *out, GError **error);

/* Name of the cached file for @uri: "MD5.png". (transfer full) */
char *eng_thumbnail_name (const char *uri);
/* @bytes: a cached file, from whoever wrote it. FALSE unless it is a whole, small PNG made from @uri at @mtime. */
gboolean eng_thumbnail_decode (GBytes *bytes, const char *uri, gint64 mtime, EngThumbnail *out);
/* (transfer full) (nullable) */
GBytes *eng_thumbnail_encode (const EngThumbnail *self, const char *uri, gint64 mtime);

G_END_DECLS
