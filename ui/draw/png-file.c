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

/* The text is not compressed: the file reads back without a decoder. */
static void
set_text (png_structp png, png_infop info, const UiPng *self)
{
  png_text text = { .compression = PNG_TEXT_COMPRESSION_NONE, .key = (char *)self->key, .text = (char *)self->text };
  png_set_text (png, info, &text, 1);
}

/* Between here and the caller nothing is allocated that a jump could lose. */
static gboolean
write_all (png_structp png, png_infop info, const UiPng *self)
{
  if (setjmp (png_jmpbuf (png)))
    return FALSE;
  png_set_IHDR (png, info, self->width, self->height, 8, self->alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB,
                PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_sRGB (png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  if (self->dpi > 0)
    png_set_pHYs (png, info, (png_uint_32)(self->dpi / 0.0254 + 0.5), (png_uint_32)(self->dpi / 0.0254 + 0.5),
                  PNG_RESOLUTION_METER);
  if (self->key)
    set_text (png, info, self);
  /* Beyond 3, zlib takes most of the time of a one-pass map on a photograph, and saves 4 % of its bytes. */
  png_set_compression_level (png, 3);
  png_write_info (png, info);
  for (int y = 0; y < self->height; y++)
    png_write_row (png, self->pixels + (gsize)y * self->width * (self->alpha ? 4 : 3));
  png_write_end (png, info);
  return TRUE;
}

GBytes *
ui_png_encode_full (const UiPng *self, GError **error)
{
  g_return_val_if_fail (self->width > 0 && self->height > 0, NULL);
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, silence);
  png_infop info = png ? png_create_info_struct (png) : NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean written = FALSE;
  if (info)
    {
      png_set_write_fn (png, bytes, append, flush);
      png_set_user_limits (png, 0x7fffffff, 0x7fffffff);
      written = write_all (png, info, self);
    }
  png_destroy_write_struct (&png, &info);
  if (!written)
    {
      eng_fail (error, ENG_ERROR_MEMORY, "a picture of %d × %d pixels cannot be encoded as PNG", self->width,
                self->height);
      return NULL;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

GBytes *
ui_png_encode (const guint8 *rgb, int width, int height, GError **error)
{
  const UiPng png = { .width = width, .height = height, .pixels = rgb };
  return ui_png_encode_full (&png, error);
}
