/* Encoded pictures to 8-bit RGB: one function per library, behind image.c. Not for other rooms. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* libpng's own default, and what keeps the tables of the resize small for pictures that are one
 * pixel high: no side is longer. */
#define ENG_DECODE_MAX_SIDE 1000000

typedef struct
{
  int width, height;
  guint8 *rgb; /* height x width x 3, g_free() */
} EngPixels;

/* FALSE with the message of ui.md ("x.png is 32000 x 21000 ...") when a picture is too large or empty. */
gboolean eng_decode_check_size (gint64 width, gint64 height, const char *name, GError **error);
/* Puts @pixel over white: @alpha and the result in 0 .. 255. */
guint8 eng_decode_over_white (guint8 pixel, guint8 alpha);

/* @data: the whole file; @name: for messages. FALSE with an error and @out untouched. */
gboolean eng_decode_png (const guint8 *data, gsize length, const char *name, EngPixels *out, GError **error);
/* A grey PNG as numbers, 0 .. 255 or 0 .. 65535: height x width, (transfer full, g_free). */
float *eng_decode_png_numbers (const guint8 *data, gsize length, const char *name, int *width, int *height,
                               GError **error);
/* @format: as gdk-pixbuf names it: "jpeg", "tiff", "webp", "bmp", "gif" (its first frame). */
gboolean eng_decode_pixbuf (const guint8 *data, gsize length, const char *format, const char *name, EngPixels *out,
                            GError **error);

/* EXIF tag 0x0112 (TIFF 6.0, CIPA DC-008) of a block that starts with the TIFF header: 1 .. 8, 1 when absent
 * or broken. */
int eng_exif_orientation (const guint8 *data, gsize length);
/* Turns @pixels upright in place: 2 .. 4 mirror, 5 .. 8 swap the sides. FALSE: no memory. */
gboolean eng_pixels_orient (EngPixels *pixels, int orientation);

G_END_DECLS
