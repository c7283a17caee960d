/* Everything but PNG, through gdk-pixbuf's loaders, which are asked for by name: what is inside the
 * file decided, not its ending, and no loader outside the short list ever sees the data.
 *
 * gdk-pixbuf shows what it could of a JPEG or BMP that ends early, in grey or black. An explanation
 * of half a picture is worse than none, so completeness is checked here. */
#include "decode.h"

#include "error.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <string.h>

#define CHUNK 65536 /* bytes per write: a loader that was refused gets no more than this */

typedef struct
{
  GdkPixbufLoader *loader;
  const char *name;
  gboolean refused; /* @error already says why */
  int height;
  guint8 *covered; /* one byte per row: it was drawn */
  GError **error;
} Reading;

static void
on_size_prepared (GdkPixbufLoader *loader, int width, int height, gpointer data)
{
  Reading *r = data;
  if (r->refused)
    return;
  r->refused = !eng_decode_check_size (width, height, r->name, r->error);
  if (r->refused)
    gdk_pixbuf_loader_set_size (loader, 0, 0); /* tells the loader to stop before it allocates */
  else if (!r->covered)
    {
      r->height = height;
      r->covered = g_malloc0 (height);
    }
}

static void
on_area_updated (GdkPixbufLoader *loader, int x, int y, int width, int height, gpointer data)
{
  Reading *r = data;
  if (r->covered && y >= 0 && y < r->height)
    memset (r->covered + y, 1, MIN (height, r->height - y));
}

/* ITU-T T.81, annex B: segments up to the first scan, then the end marker somewhere behind it. A progressive
 * file draws every row in its first scan, so rows alone would not tell. */
static gboolean
jpeg_is_complete (const guint8 *data, gsize length)
{
  gsize at = 2;
  while (at + 4 <= length && data[at] == 0xff && data[at + 1] != 0xda)
    at += data[at + 1] == 0xff ? 1 : 2 + (gsize)(data[at + 2] << 8 | data[at + 3]);
  for (; at + 1 < length; at++)
    if (data[at] == 0xff && data[at + 1] == 0xd9)
      return TRUE;
  return FALSE;
}

static gsize
read_le32 (const guint8 *p)
{
  guint32 v;
  memcpy (&v, p, sizeof v);
  return GUINT32_FROM_LE (v);
}

/* The loader makes room for a header and a palette of whatever length the file claims. */
static gboolean
bmp_is_complete (const guint8 *data, gsize length)
{
  if (length < 18)
    return FALSE;
  gsize header = read_le32 (data + 14), colours = header >= 40 && length >= 50 ? read_le32 (data + 46) : 0;
  return header <= length - 14 && read_le32 (data + 10) <= length && colours <= length / 4;
}

/* RIFF: four letters, then the length of all that follows. */
static gboolean
webp_is_complete (const guint8 *data, gsize length)
{
  return read_le32 (data + 4) <= length - 8;
}

/* WebP container: chunks of four letters, 32-bit little-endian length, data padded to even. */
static int
webp_orientation (const guint8 *data, gsize length)
{
  for (gsize at = 12; at + 8 <= length;)
    {
      gsize n = read_le32 (data + at + 4);
      if (n > length - at - 8)
        break;
      if (memcmp (data + at, "EXIF", 4) == 0)
        return eng_exif_orientation (data + at + 8, n);
      at += 8 + n + (n & 1);
    }
  return 1;
}

static const struct
{
  const char *format, *title, *package;
  gboolean (*is_complete) (const guint8 *data, gsize length); /* NULL: the loader notices */
  gboolean check_rows;    /* the loader draws rows as they come and does not mind if some do not */
  gboolean premultiplied; /* colours come multiplied by their alpha, as libtiff hands them out */
  int (*orientation) (const guint8 *data, gsize length); /* NULL: the loader tells */
} formats[] = {
  { "jpeg", "JPEG", "gdk-pixbuf", jpeg_is_complete, FALSE, FALSE, NULL },
  { "tiff", "TIFF", "gdk-pixbuf", NULL, FALSE, TRUE, NULL },
  { "webp", "WebP", "webp-pixbuf-loader", webp_is_complete, FALSE, FALSE, webp_orientation },
  { "bmp", "BMP", "gdk-pixbuf", bmp_is_complete, TRUE, FALSE, NULL },
  { "gif", "GIF", "gdk-pixbuf", NULL, FALSE, FALSE, NULL },
};

static guint
find_format (const char *format)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (strcmp (formats[i].format, format) == 0)
      return i;
  g_return_val_if_reached (0);
}

static gboolean
fail_cut (guint row, const char *name, GError **error)
{
  return eng_fail (error, ENG_ERROR_INVALID, "%s: the %s data ends early. Copy or download the file again.", name,
                   formats[row].title);
}

static guint8
over_white (guint8 pixel, guint8 alpha, gboolean premultiplied)
{
  return premultiplied ? MIN (pixel + 255 - alpha, 255) : eng_decode_over_white (pixel, alpha);
}

static gboolean
copy_rgb (GdkPixbuf *pixbuf, gboolean premultiplied, const char *name, EngPixels *out, GError **error)
{
  int width = gdk_pixbuf_get_width (pixbuf), height = gdk_pixbuf_get_height (pixbuf);
  int channels = gdk_pixbuf_get_n_channels (pixbuf), stride = gdk_pixbuf_get_rowstride (pixbuf);
  const guint8 *from = gdk_pixbuf_read_pixels (pixbuf);
  if (!eng_decode_check_size (width, height, name, error))
    return FALSE;
  guint8 *rgb = g_try_malloc ((gsize)width * height * 3), *to = rgb;
  if (!rgb)
    return eng_fail (error, ENG_ERROR_MEMORY, "%s: not enough memory for %d × %d pixels.", name, width, height);
  for (int y = 0; y < height; y++)
    {
      const guint8 *p = from + (gsize)y * stride;
      for (int x = 0; x < width; x++, p += channels)
        for (int c = 0; c < 3; c++)
          *to++ = channels == 4 ? over_white (p[c], p[3], premultiplied) : p[c];
    }
  *out = (EngPixels){ width, height, rgb };
  return TRUE;
}

/* Feeds the loader and closes it, which must happen even after an error. */
static gboolean
feed (Reading *r, const guint8 *data, gsize length, GError **error)
{
  gboolean good = TRUE;
  for (gsize at = 0; good && !r->refused && at < length; at += CHUNK)
    good = gdk_pixbuf_loader_write (r->loader, data + at, MIN (CHUNK, length - at), error);
  return gdk_pixbuf_loader_close (r->loader, good ? error : NULL) && good;
}

static gboolean
take_pixels (Reading *r, guint row, const guint8 *data, gsize length, EngPixels *out, GError **error)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_loader_get_pixbuf (r->loader);
  if (!pixbuf || (formats[row].check_rows && r->covered && memchr (r->covered, 0, r->height)))
    return fail_cut (row, r->name, error);
  const char *option = gdk_pixbuf_get_option (pixbuf, "orientation");
  int orientation = option ? (int)g_ascii_strtoll (option, NULL, 10) : 1;
  if (!option && formats[row].orientation)
    orientation = formats[row].orientation (data, length);
  EngPixels pixels;
  if (!copy_rgb (pixbuf, formats[row].premultiplied, r->name, &pixels, error))
    return FALSE;
  if (!eng_pixels_orient (&pixels, orientation))
    {
      g_free (pixels.rgb);
      return eng_fail (error, ENG_ERROR_MEMORY, "%s: not enough memory to turn the picture upright.", r->name);
    }
  *out = pixels;
  return TRUE;
}

gboolean
eng_decode_pixbuf (const guint8 *data, gsize length, const char *format, const char *name, EngPixels *out,
                   GError **error)
{
  guint row = find_format (format);
  g_autoptr (GError) inner = NULL;
  if (formats[row].is_complete && !formats[row].is_complete (data, length))
    return fail_cut (row, name, error);
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new_with_type (format, &inner);
  if (!loader)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s: nothing that reads %s is installed. Install %s, or convert the picture to PNG.", name,
                     formats[row].title, formats[row].package);
  Reading r = { .loader = loader, .name = name, .error = error };
  g_signal_connect (loader, "size-prepared", G_CALLBACK (on_size_prepared), &r);
  g_signal_connect (loader, "area-updated", G_CALLBACK (on_area_updated), &r);
  gboolean fed = feed (&r, data, length, &inner), done = FALSE;
  if (r.refused)
    done = FALSE;
  else if (fed)
    done = take_pixels (&r, row, data, length, out, error);
  else if (g_error_matches (inner, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY))
    eng_fail (error, ENG_ERROR_MEMORY, "%s: not enough memory for the picture.", name);
  else
    eng_fail (error, ENG_ERROR_INVALID, "%s: the %s data is damaged (%s). Copy or export the file again.", name,
              formats[row].title, inner->message);
  g_signal_handlers_disconnect_by_data (loader, &r);
  g_free (r.covered);
  return done;
}
