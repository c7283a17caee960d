/* Which way up: the EXIF orientation tag, read from a raw EXIF block, and its eight turns. */
#include "decode.h"

#include <string.h>

#define TAG_ORIENTATION 0x0112

static guint
read16 (const guint8 *p, gboolean big)
{
  return big ? p[0] << 8 | p[1] : p[1] << 8 | p[0];
}

static guint32
read32 (const guint8 *p, gboolean big)
{
  return big ? (guint32)read16 (p, big) << 16 | read16 (p + 2, big)
             : (guint32)read16 (p + 2, big) << 16 | read16 (p, big);
}

int
eng_exif_orientation (const guint8 *data, gsize length)
{
  if (length >= 6 && memcmp (data, "Exif\0\0", 6) == 0) /* some writers keep the prefix that JPEG needs */
    data += 6, length -= 6;
  if (length < 8 || (memcmp (data, "MM\0\x2a", 4) != 0 && memcmp (data, "II\x2a\0", 4) != 0))
    return 1;
  gboolean big = data[0] == 'M';
  gsize at = read32 (data + 4, big);
  if (at > length - 2)
    return 1;
  guint entries = read16 (data + at, big);
  for (at += 2; entries > 0 && at + 12 <= length; entries--, at += 12)
    if (read16 (data + at, big) == TAG_ORIENTATION)
      {
        guint value = read16 (data + at + 8, big);
        return value >= 1 && value <= 8 ? (int)value : 1;
      }
  return 1;
}

/* The stored pixel that a pixel of the upright picture comes from: the upright (x, y) is first swapped, then
 * mirrored on the stored axes. Row i is orientation i + 1. */
static const struct
{
  gboolean swap, mirror_x, mirror_y;
} turns[8] = {
  { FALSE, FALSE, FALSE }, { FALSE, TRUE, FALSE }, { FALSE, TRUE, TRUE }, { FALSE, FALSE, TRUE },
  { TRUE, FALSE, FALSE },  { TRUE, FALSE, TRUE },  { TRUE, TRUE, TRUE },  { TRUE, TRUE, FALSE },
};

gboolean
eng_pixels_orient (EngPixels *pixels, int orientation)
{
  if (orientation < 2 || orientation > 8)
    return TRUE;
  int stored_w = pixels->width, stored_h = pixels->height;
  gboolean swap = turns[orientation - 1].swap;
  int width = swap ? stored_h : stored_w, height = swap ? stored_w : stored_h;
  guint8 *upright = g_try_malloc ((gsize)width * height * 3), *to = upright;
  if (!upright)
    return FALSE;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++, to += 3)
      {
        int sx = swap ? y : x, sy = swap ? x : y;
        sx = turns[orientation - 1].mirror_x ? stored_w - 1 - sx : sx;
        sy = turns[orientation - 1].mirror_y ? stored_h - 1 - sy : sy;
        memcpy (to, pixels->rgb + ((gsize)sy * stored_w + sx) * 3, 3);
      }
  g_free (pixels->rgb);
  *pixels = (EngPixels){ width, height, upright };
  return TRUE;
}
