/* Fuzz target: any bytes as a picture, then through the preprocessing. PNG data is tried twice, the second
 * time with its checksums made right, so that what lies behind them is reached. */
#include "image.h"
#include "preprocess.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* CRC-32 of ISO 3309, as PNG uses it. */
static guint32
crc32_of (const guint8 *data, gsize size)
{
  guint32 crc = 0xffffffff;
  for (gsize i = 0; i < size; i++)
    {
      crc ^= data[i];
      for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
  return ~crc;
}

static guint32
read_be32 (const guint8 *p)
{
  return (guint32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void
repair_checksums (guint8 *png, gsize size)
{
  for (gsize at = 8; at + 12 <= size;)
    {
      gsize n = read_be32 (png + at);
      if (n > size - at - 12)
        break;
      guint32 crc = GUINT32_TO_BE (crc32_of (png + at + 4, n + 4));
      memcpy (png + at + 8 + n, &crc, 4);
      at += n + 12;
    }
}

static void
try_picture (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (EngImage) image = eng_image_load_bytes (bytes, "fuzz", &error);
  g_assert_true ((image != NULL) != (error != NULL));
  if (!image)
    return;
  g_autoptr (GBytes) rgb = eng_image_bytes (image);
  g_assert_cmpuint (g_bytes_get_size (rgb), ==, (gsize)eng_image_width (image) * eng_image_height (image) * 3);
  g_autoptr (EngPreprocess) preprocess = eng_preprocess_guess (3, 16, 24);
  g_autofree guint8 *view = eng_preprocess_view (preprocess, image, &error);
  g_assert_no_error (error);
  g_assert_nonnull (view);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  try_picture (data, size);
  if (size < 8 || memcmp (data, "\x89PNG\r\n\x1a\n", 8) != 0)
    return 0;
  g_autofree guint8 *repaired = g_memdup2 (data, size);
  repair_checksums (repaired, size);
  try_picture (repaired, size);
  return 0;
}
