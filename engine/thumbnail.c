/* See thumbnail.h. The text chunks are found by walking the PNG's chunks; its size is checked before
 * anything is decoded, since anybody may write into that folder. */
#include "thumbnail.h"

#include "file.h"
#include "preprocess.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <string.h>

#define LARGEST_FILE (1 << 20)
#define LARGEST_SIDE 256
#define SIGNATURE_BYTES 8
#define CHUNK_BYTES 12 /* length, kind and checksum around the data */

void
eng_thumbnail_clear (EngThumbnail *self)
{
  g_clear_pointer (&self->image, eng_image_unref);
}

char *
eng_thumbnail_name (const char *uri)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_MD5, uri, -1);
  return g_strconcat (digest, ".png", NULL);
}

static guint32
read_uint32 (const guint8 *at)
{
  return (guint32)at[0] << 24 | (guint32)at[1] << 16 | (guint32)at[2] << 8 | at[3];
}

/* (transfer full) (nullable): value of the tEXt chunk @key. */
static char *
find_text (const guint8 *data, gsize length, const char *key)
{
  gsize at = SIGNATURE_BYTES, key_bytes = strlen (key) + 1; /* the key ends with a zero byte */
  while (length - at >= CHUNK_BYTES)
    {
      gsize n = read_uint32 (data + at);
      const guint8 *body = data + at + 8;
      if (n > length - at - CHUNK_BYTES)
        return NULL;
      if (memcmp (data + at + 4, "tEXt", 4) == 0 && n > key_bytes && memcmp (body, key, key_bytes) == 0)
        return g_strndup ((const char *)body + key_bytes, n - key_bytes);
      at += n + CHUNK_BYTES;
    }
  return NULL;
}

static gint64
find_number (const guint8 *data, gsize length, const char *key)
{
  g_autofree char *text = find_text (data, length, key);
  gint64 number;
  return text && g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, &number, NULL) ? number : -1;
}

/* A chunk that claims more than the file holds would have libpng ask for as much memory. */
static gboolean
chunks_fit (const guint8 *data, gsize length)
{
  for (gsize at = SIGNATURE_BYTES; at < length;)
    {
      gsize n = length - at >= CHUNK_BYTES ? read_uint32 (data + at) : length;
      if (n > length - at || n + CHUNK_BYTES > length - at)
        return FALSE;
      at += n + CHUNK_BYTES;
    }
  return TRUE;
}

static gboolean
is_small_png (const guint8 *data, gsize length)
{
  if (length < SIGNATURE_BYTES + CHUNK_BYTES + 13 || length > LARGEST_FILE
      || memcmp (data, "\x89PNG\r\n\x1a\n", SIGNATURE_BYTES) != 0)
    return FALSE;
  guint32 width = read_uint32 (data + 16), height = read_uint32 (data + 20);
  return width > 0 && width <= LARGEST_SIDE && height > 0 && height <= LARGEST_SIDE && chunks_fit (data, length);
}

gboolean
eng_thumbnail_decode (GBytes *bytes, const char *uri, gint64 mtime, EngThumbnail *out)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  if (!is_small_png (data, length) || find_number (data, length, "Thumb::MTime") != mtime)
    return FALSE;
  g_autofree char *of = find_text (data, length, "Thumb::URI");
  if (g_strcmp0 (of, uri) != 0)
    return FALSE;
  /* Other programs may leave the picture's size out: then it is not known before the picture is opened. */
  gint64 width = find_number (data, length, "Thumb::Image::Width");
  gint64 height = find_number (data, length, "Thumb::Image::Height");
  gboolean known = width > 0 && height > 0 && width < G_MAXINT && height < G_MAXINT;
  EngImage *image = eng_image_load_bytes (bytes, "thumbnail", NULL);
  if (!image)
    return FALSE;
  *out = (EngThumbnail){ image, known ? (int)width : 0, known ? (int)height : 0 };
  return TRUE;
}

GBytes *
eng_thumbnail_encode (const EngThumbnail *self, const char *uri, gint64 mtime)
{
  int width = eng_image_width (self->image), height = eng_image_height (self->image);
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new_from_data (eng_image_rgb (self->image), GDK_COLORSPACE_RGB, FALSE, 8,
                                                           width, height, width * 3, NULL, NULL);
  g_autofree char *time = g_strdup_printf ("%" G_GINT64_FORMAT, mtime);
  g_autofree char *across = g_strdup_printf ("%d", self->width), *down = g_strdup_printf ("%d", self->height);
  char *buffer = NULL;
  gsize length;
  if (!gdk_pixbuf_save_to_buffer (pixbuf, &buffer, &length, "png", NULL, "tEXt::Thumb::URI", uri,
                                  "tEXt::Thumb::MTime", time, "tEXt::Thumb::Image::Width", across,
                                  "tEXt::Thumb::Image::Height", down, "tEXt::Software", "Sightline", NULL))
    return NULL;
  return g_bytes_new_take (buffer, length);
}

/* ---- the folder ---- */

static gboolean
find_cached (const char *file, const char *uri, gint64 mtime, EngThumbnail *out)
{
  if (!g_file_test (file, G_FILE_TEST_EXISTS))
    return FALSE;
  g_autoptr (GBytes) bytes = eng_file_read (file, LARGEST_FILE, NULL);
  return bytes && eng_thumbnail_decode (bytes, uri, mtime, out);
}

/* Written beside and moved into place; readable for nobody else, as the standard asks. */
static void
keep (const EngThumbnail *self, const char *folder, const char *file, const char *uri, gint64 mtime)
{
  g_autoptr (GBytes) bytes =
      g_mkdir_with_parents (folder, 0700) == 0 ? eng_thumbnail_encode (self, uri, mtime) : NULL;
  gsize length;
  const char *data = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  if (data)
    g_file_set_contents_full (file, data, (gssize)length, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
}

/* (transfer full) (nullable): no memory */
static EngImage *
shrink (EngImage *image)
{
  int width = eng_image_width (image), height = eng_image_height (image);
  double factor = (double)ENG_THUMBNAIL_SIDE / MAX (width, height);
  if (factor >= 1)
    return eng_image_ref (image);
  int w = MAX (1, (int)(width * factor + 0.5)), h = MAX (1, (int)(height * factor + 0.5));
  g_autofree guint8 *rgb = g_try_malloc ((gsize)w * h * 3);
  if (!rgb || !eng_resize_rgb (eng_image_rgb (image), width, height, rgb, w, h, ENG_FILTER_BILINEAR))
    return NULL;
  return eng_image_new (w, h, rgb, eng_image_name (image));
}

gboolean
eng_thumbnail_load (const char *path, const char *folder, EngThumbnail *out, GError **error)
{
  g_autofree char *own = g_build_filename (g_get_user_cache_dir (), "thumbnails", "normal", NULL);
  g_autoptr (GFile) picture = g_file_new_for_path (path);
  g_autofree char *uri = g_file_get_uri (picture), *name = eng_thumbnail_name (uri);
  g_autofree char *file = g_build_filename (folder ? folder : own, name, NULL);
  GStatBuf info;
  gboolean known = g_stat (path, &info) == 0;
  if (known && find_cached (file, uri, info.st_mtime, out))
    return TRUE;
  g_autoptr (EngImage) image = eng_image_load (path, error);
  if (!image)
    return FALSE;
  *out = (EngThumbnail){ shrink (image), eng_image_width (image), eng_image_height (image) };
  if (!out->image)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: not enough memory for a small copy.",
                   eng_image_name (image));
      return FALSE;
    }
  if (known)
    keep (out, folder ? folder : own, file, uri, info.st_mtime);
  return TRUE;
}
