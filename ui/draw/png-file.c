/* See png-file.h. libpng reports errors by longjmp; only this file sees it. */
#include "ui/draw/png-file.h"

#include <png.h>

#include "engine/error.h"

static void
append (png_structp png, png_bytep data, png_size_t length)
{
  g_byte_array_append (png_get_io_ptr (png), data, (guint)length);
}

static void
flush (png_structp png)
{
}

static void
silence (png_structp png, png_const_charp message)
{
}

/* Between here and the caller nothing is allocated that a jump could lose. */
static gboolean
write_all (png_structp png, png_infop info, const guint8 *rgb, int width, int height)
{
  if (setjmp (png_jmpbuf (png)))
    return FALSE;
  png_set_IHDR (png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                PNG_FILTER_TYPE_DEFAULT);
  png_set_sRGB (png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  png_set_compression_level (png, 6);
  png_write_info (png, info);
  for (int y = 0; y < height; y++)
    png_write_row (png, rgb + (gsize)y * width * 3);
  png_write_end (png, info);
  return TRUE;
}

GBytes *
ui_png_encode (const guint8 *rgb, int width, int height, GError **error)
{
  g_return_val_if_fail (width > 0 && height > 0, NULL);
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, silence);
  png_infop info = png ? png_create_info_struct (png) : NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean written = FALSE;
  if (info)
    {
      png_set_write_fn (png, bytes, append, flush);
      png_set_user_limits (png, 0x7fffffff, 0x7fffffff);
      written = write_all (png, info, rgb, width, height);
    }
  png_destroy_write_struct (&png, &info);
  if (!written)
    {
      eng_fail (error, ENG_ERROR_MEMORY, "a picture of %d × %d pixels cannot be encoded as PNG", width, height);
      return NULL;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}
