/* PNG through libpng: every colour type and depth becomes 8-bit RGB, transparency lies over white,
 * 16-bit samples keep their high byte. Colour profiles are not applied, as training pipelines do not. Grey PNGs can
 * also be read as numbers, with all of their 16 bits: maps of other programs.
 *
 * libpng reports errors by longjmp(). All state lives in a PngReader, so no local variable of the
 * guarded function changes between setjmp() and a jump. */
#include "decode.h"

#include "error.h"

#include <png.h>
#include <string.h>

typedef struct
{
  png_structp png;
  png_infop info;
  const guint8 *data;
  gsize length, position;
  const char *name;
  gboolean numbers; /* grey samples as they are, not colour */
  gboolean ended;   /* a read went past the end */
  gboolean refused; /* @error already says why */
  guint32 width, height;
  int channels;   /* bytes a pixel: 3, or 4 with alpha; grey: 1 or 2 */
  guint8 *pixels; /* height x width x channels */
  int orientation;
  GError **error;
} PngReader;

static void
on_error (png_structp png, png_const_charp message)
{
  png_longjmp (png, 1);
}

static void
on_warning (png_structp png, png_const_charp message)
{
  /* Odd but readable files are common, and a library does not write to stderr. */
}

static void
on_read (png_structp png, png_bytep out, size_t n)
{
  PngReader *r = png_get_io_ptr (png);
  if (n > r->length - r->position)
    {
      r->ended = TRUE;
      png_error (png, "the file ends early");
    }
  memcpy (out, r->data + r->position, n);
  r->position += n;
}

/* Everything becomes 8 bits, colour, with alpha where there is transparency. */
static void
ask_for_rgb (PngReader *r)
{
  png_set_expand (r->png);
  png_set_strip_16 (r->png); /* the high byte; png_set_scale_16() would round */
  png_set_gray_to_rgb (r->png);
}

/* 8 or 16 bits, grey; small depths are spread over 8 bits. */
static gboolean
ask_for_numbers (PngReader *r)
{
  if (png_get_color_type (r->png, r->info) & PNG_COLOR_MASK_COLOR)
    return eng_fail (
        r->error, ENG_ERROR_UNSUPPORTED,
        "%s is a colour picture; a map holds one value for each pixel. Save it as a grey PNG or as .npy.", r->name);
  png_set_expand_gray_1_2_4_to_8 (r->png);
  png_set_strip_alpha (r->png);
  return TRUE;
}

static void
read_orientation (PngReader *r)
{
  png_bytep exif = NULL;
  png_uint_32 n = 0;
  r->orientation = png_get_eXIf_1 (r->png, r->info, &n, &exif) ? eng_exif_orientation (exif, n) : 1;
}

/* All that may jump. Passes of an interlaced picture add to the same rows. */
static gboolean
read_guarded (PngReader *r)
{
  if (setjmp (png_jmpbuf (r->png)))
    return FALSE;
  png_set_read_fn (r->png, r, on_read);
  png_set_user_limits (r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* ours are checked below, with our words */
  png_read_info (r->png, r->info);
  r->width = png_get_image_width (r->png, r->info);
  r->height = png_get_image_height (r->png, r->info);
  r->refused = !eng_decode_check_size (r->width, r->height, r->name, r->error);
  if (r->refused)
    return FALSE;
  if (!r->numbers)
    ask_for_rgb (r);
  else if (!ask_for_numbers (r))
    {
      r->refused = TRUE;
      return FALSE;
    }
  png_set_interlace_handling (r->png);
  png_read_update_info (r->png, r->info);
  r->channels = (int)(png_get_rowbytes (r->png, r->info) / r->width);
  gsize stride = (gsize)r->width * r->channels;
  r->pixels = g_try_malloc (stride * r->height);
  r->refused = !r->pixels
               && !eng_fail (r->error, ENG_ERROR_MEMORY,
                             "%s: not enough memory for %u × %u pixels. Close other programs, or shrink the picture.",
                             r->name, r->width, r->height);
  if (r->refused)
    return FALSE;
  for (int pass = png_get_interlace_type (r->png, r->info) == PNG_INTERLACE_ADAM7 ? 7 : 1; pass > 0; pass--)
    for (guint32 y = 0; y < r->height; y++)
      png_read_row (r->png, r->pixels + y * stride, NULL);
  png_read_end (r->png, r->info); /* a file cut after its last row is a cut file too */
  read_orientation (r);
  return TRUE;
}

/* RGBA to RGB in the same memory: the target never overtakes the source. */
static void
flatten (PngReader *r)
{
  gsize n = (gsize)r->width * r->height;
  const guint8 *from = r->pixels;
  guint8 *to = r->pixels;
  for (gsize i = 0; i < n; i++, from += 4)
    for (int c = 0; c < 3; c++)
      *to++ = eng_decode_over_white (from[c], from[3]);
  guint8 *smaller = g_try_realloc (r->pixels, n * 3);
  r->pixels = smaller ? smaller : r->pixels;
}

/* What the data was about when it broke: " (chunk IDAT)", or nothing. */
static void
describe_place (png_structp png, char text[32])
{
  guint32 chunk = png_get_io_chunk_type (png);
  char letters[5] = { chunk >> 24, chunk >> 16, chunk >> 8, chunk, 0 };
  for (int i = 0; i < 4; i++)
    if (!g_ascii_isalpha (letters[i]))
      letters[0] = 0;
  g_snprintf (text, 32, letters[0] ? " (chunk %s)" : "%s", letters);
}

static gboolean
fail (PngReader *r)
{
  char place[32];
  if (r->refused)
    return FALSE;
  describe_place (r->png, place);
  if (r->ended)
    return eng_fail (r->error, ENG_ERROR_INVALID, "%s: the PNG data ends early%s. Copy or download the file again.",
                     r->name, place);
  return eng_fail (r->error, ENG_ERROR_INVALID, "%s: the PNG data is damaged%s. Copy or export the file again.",
                   r->name, place);
}

static gboolean
read_all (PngReader *r)
{
  r->png = png_create_read_struct (PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
  r->info = r->png ? png_create_info_struct (r->png) : NULL;
  if (!r->info)
    {
      png_destroy_read_struct (&r->png, NULL, NULL);
      return eng_fail (r->error, ENG_ERROR_MEMORY, "%s: not enough memory to open a PNG file.", r->name);
    }
  gboolean done = read_guarded (r);
  if (!done)
    fail (r);
  png_destroy_read_struct (&r->png, &r->info, NULL);
  return done;
}

float *
eng_decode_png_numbers (const guint8 *data, gsize length, const char *name, int *width, int *height, GError **error)
{
  PngReader r = { .data = data, .length = length, .name = name, .error = error, .numbers = TRUE };
  g_autofree guint8 *samples = read_all (&r) ? r.pixels : NULL;
  gsize n = (gsize)r.width * r.height;
  if (!samples)
    {
      g_free (r.pixels);
      return NULL;
    }
  float *values = g_try_new (float, n);
  if (!values)
    eng_fail (error, ENG_ERROR_MEMORY, "%s: not enough memory for its values.", name);
  for (gsize i = 0; values && i < n; i++)
    values[i] = r.channels == 2 ? (float)(samples[2 * i] << 8 | samples[2 * i + 1]) : (float)samples[i];
  *width = (int)r.width;
  *height = (int)r.height;
  return values;
}

gboolean
eng_decode_png (const guint8 *data, gsize length, const char *name, EngPixels *out, GError **error)
{
  PngReader r = { .data = data, .length = length, .name = name, .error = error };
  gboolean done = read_all (&r);
  if (done && r.channels == 4)
    flatten (&r);
  EngPixels pixels = { r.width, r.height, r.pixels };
  if (done && !eng_pixels_orient (&pixels, r.orientation))
    done = eng_fail (error, ENG_ERROR_MEMORY, "%s: not enough memory to turn the picture upright.", name);
  if (done)
    *out = pixels;
  else
    g_free (pixels.rgb);
  return done;
}
