/* See outline.h. Pixels that differ from a neighbour, grown by a square: once for the casing, once for the line. */
#include "ui/draw/outline.h"

#include <string.h>

#define SIDE 480 /* of a picture whose line is two pixels wide */
#define CASING 0.6f

static void
mark_edges (const guint8 *inside, int width, int height, guint8 *out)
{
  memset (out, 0, (gsize)width * height);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gsize i = (gsize)y * width + x;
        if (x + 1 < width && inside[i] != inside[i + 1])
          out[i] = out[i + 1] = 1;
        if (y + 1 < height && inside[i] != inside[i + width])
          out[i] = out[i + width] = 1;
      }
}

/* One line of @n flags, @stride apart: set where one within @radius is set. */
static void
grow_line (const guint8 *from, guint8 *to, int n, gsize stride, int radius)
{
  for (int i = 0, last = -radius - 1, next = 0; i < n; i++)
    {
      for (; next < n && next <= i + radius; next++)
        if (from[next * stride])
          last = next;
      to[i * stride] = last >= i - radius;
    }
}

static void
grow (guint8 *flags, guint8 *scratch, int width, int height, int radius)
{
  if (radius <= 0)
    return;
  for (int y = 0; y < height; y++)
    grow_line (flags + (gsize)y * width, scratch + (gsize)y * width, width, 1, radius);
  for (int x = 0; x < width; x++)
    grow_line (scratch + x, flags + x, height, (gsize)width, radius);
}

/* Blends one grey level with weight @a. */
static void
paint (const guint8 *flags, gsize n, float a, float level, guint8 *pixels, int channels)
{
  for (gsize i = 0; i < n; i++, pixels += channels)
    if (flags[i])
      {
        for (int c = 0; c < 3; c++)
          pixels[c] = (guint8)((1 - a) * pixels[c] + a * level + 0.5f);
        if (channels == 4)
          pixels[3] = (guint8)((1 - a) * pixels[3] + a * 255 + 0.5f);
      }
}

void
ui_outline_draw (const guint8 *inside, int width, int height, guint8 *pixels, int channels)
{
  gsize n = (gsize)width * height;
  g_autofree guint8 *flags = g_try_malloc (n), *scratch = g_try_malloc (n);
  int radius = (MAX (width, height) + SIDE / 2) / SIDE;
  if (!flags || !scratch)
    return;
  mark_edges (inside, width, height, flags);
  grow (flags, scratch, width, height, radius);
  paint (flags, n, CASING, 0, pixels, channels);
  mark_edges (inside, width, height, flags);
  grow (flags, scratch, width, height, radius - 1);
  paint (flags, n, 1, 255, pixels, channels);
}
