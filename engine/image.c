/* The picture as everything else sees it: upright 8-bit RGB that never changes. What a file is, its
 * first bytes decide, not its name. */
#include "image.h"

#include "decode.h"
#include "digest.h"
#include "error.h"
#include "file.h"

#include <string.h>

#define MAX_FILE (G_GUINT64_CONSTANT (1) << 30)

struct _EngImage
{
  gatomicrefcount ref;
  int width, height;
  GBytes *rgb;
  char *path, *name, *sha256;
};

gboolean
eng_decode_check_size (gint64 width, gint64 height, const char *name, GError **error)
{
  if (width <= 0 || height <= 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s holds no pixels. Export it again.", name);
  if (width * height > ENG_IMAGE_MAX_PIXELS)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is %" G_GINT64_FORMAT " × %" G_GINT64_FORMAT
                     ". Sightline opens pictures up to %d megapixels. Shrink or crop it.",
                     name, width, height, ENG_IMAGE_MAX_PIXELS / 1000000);
  if (MAX (width, height) > ENG_DECODE_MAX_SIDE)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is %" G_GINT64_FORMAT " × %" G_GINT64_FORMAT
                     ". Sightline opens pictures up to %d pixels a side. Crop it.",
                     name, width, height, ENG_DECODE_MAX_SIDE);
  return TRUE;
}

guint8
eng_decode_over_white (guint8 pixel, guint8 alpha)
{
  return (pixel * alpha + 255 * (255 - alpha) + 127) / 255;
}

/* A file is recognised by @magic at its start and, if given, by @second at byte @offset. */
static const struct
{
  const char *magic, *second;
  guint8 length, offset;
  const char *format; /* NULL: PNG */
} signatures[] = {
  { "\x89PNG\r\n\x1a\n", NULL, 8, 0, NULL }, { "\xff\xd8\xff", NULL, 3, 0, "jpeg" },
  { "II\x2a\0", NULL, 4, 0, "tiff" },        { "MM\0\x2a", NULL, 4, 0, "tiff" },
  { "RIFF", "WEBP", 4, 8, "webp" },          { "BM", NULL, 2, 0, "bmp" },
  { "GIF87a", NULL, 6, 0, "gif" },           { "GIF89a", NULL, 6, 0, "gif" },
};

static const char lfs_pointer[] = "version https://git-lfs";

static gboolean
fail_unknown (const guint8 *data, gsize length, const char *name, GError **error)
{
  if (length == 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s is empty. Copy or download it again.", name);
  if (length >= sizeof lfs_pointer - 1 && memcmp (data, lfs_pointer, sizeof lfs_pointer - 1) == 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s is a Git LFS pointer, not the picture. Run git lfs pull in its repository.", name);
  return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                   "%s is not a picture that Sightline opens. Its first bytes are not those of a PNG, JPEG, TIFF, "
                   "WebP, BMP or GIF file.",
                   name);
}

static gboolean
decode (const guint8 *data, gsize length, const char *name, EngPixels *out, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (signatures); i++)
    {
      gsize n = signatures[i].length, at = signatures[i].offset;
      if (length < n || memcmp (data, signatures[i].magic, n) != 0)
        continue;
      if (signatures[i].second && (length < at + 4 || memcmp (data + at, signatures[i].second, 4) != 0))
        continue;
      return signatures[i].format ? eng_decode_pixbuf (data, length, signatures[i].format, name, out, error)
                                  : eng_decode_png (data, length, name, out, error);
    }
  return fail_unknown (data, length, name, error);
}

static EngImage *
make (EngPixels *pixels, const char *path, const char *name, char *sha256)
{
  EngImage *self = g_new0 (EngImage, 1);
  g_atomic_ref_count_init (&self->ref);
  self->width = pixels->width;
  self->height = pixels->height;
  self->rgb = g_bytes_new_take (pixels->rgb, (gsize)pixels->width * pixels->height * 3);
  self->path = g_strdup (path);
  self->name = g_strdup (name);
  self->sha256 = sha256;
  return self;
}

static EngImage *
load (GBytes *bytes, const char *path, const char *name, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  EngPixels pixels;
  if (!decode (data, length, name, &pixels, error))
    return NULL;
  return make (&pixels, path, name, eng_digest_data (data, length));
}

EngImage *
eng_image_load (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GBytes) bytes = eng_file_read (path, MAX_FILE, error);
  return bytes ? load (bytes, path, name, error) : NULL;
}

EngImage *
eng_image_load_bytes (GBytes *bytes, const char *name, GError **error)
{
  return load (bytes, NULL, name, error);
}

EngImage *
eng_image_new (int width, int height, const guint8 *rgb, const char *name)
{
  g_return_val_if_fail (eng_decode_check_size (width, height, name, NULL), NULL);
  gsize n = (gsize)width * height * 3;
  EngPixels pixels = { width, height, g_memdup2 (rgb, n) };
  return make (&pixels, NULL, name, eng_digest_data (rgb, n));
}

EngImage *
eng_image_ref (EngImage *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_image_unref (EngImage *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  g_bytes_unref (self->rgb);
  g_free (self->path);
  g_free (self->name);
  g_free (self->sha256);
  g_free (self);
}

int
eng_image_width (const EngImage *self)
{
  return self->width;
}

int
eng_image_height (const EngImage *self)
{
  return self->height;
}

const guint8 *
eng_image_rgb (const EngImage *self)
{
  return g_bytes_get_data (self->rgb, NULL);
}

GBytes *
eng_image_bytes (EngImage *self)
{
  return g_bytes_ref (self->rgb);
}

const char *
eng_image_path (const EngImage *self)
{
  return self->path;
}

const char *
eng_image_name (const EngImage *self)
{
  return self->name;
}

const char *
eng_image_sha256 (const EngImage *self)
{
  return self->sha256;
}

static const char *const endings[] = { ".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".webp", ".bmp", ".gif" };

gboolean
eng_image_is_candidate (const char *path)
{
  g_autofree char *lower = g_ascii_strdown (path, -1);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (lower, endings[i]))
      return TRUE;
  return FALSE;
}
