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

/* One line of @flags to be drawn: the casing, or the line itself. FALSE: no memory. */
static gboolean
mark (const guint8 *inside, int width, int height, gboolean casing, guint8 *flags)
{
  g_autofree guint8 *scratch = g_try_malloc ((gsize)width * height);
  int radius = (MAX (width, height) + SIDE / 2) / SIDE;
  if (!scratch)
    return FALSE;
  mark_edges (inside, width, height, flags);
  grow (flags, scratch, width, height, casing ? radius : radius - 1);
  return TRUE;
}

void
ui_outline_draw (const guint8 *inside, int width, int height, guint8 *rgb)
{
  gsize n = (gsize)width * height;
  g_autofree guint8 *flags = g_try_malloc (n);
  if (!flags || !mark (inside, width, height, TRUE, flags))
    return;
  for (gsize i = 0; i < 3 * n; i++)
    if (flags[i / 3])
      rgb[i] = (guint8)((1 - CASING) * rgb[i] + 0.5f);
  if (!mark (inside, width, height, FALSE, flags))
    return;
  for (gsize i = 0; i < n; i++)
    if (flags[i])
      memset (rgb + 3 * i, 255, 3);
}

void
ui_outline_lay (const guint8 *inside, int width, int height, guint32 *argb)
{
  gsize n = (gsize)width * height;
  g_autofree guint8 *flags = g_try_malloc (n);
  memset (argb, 0, n * 4);
  if (!flags || !mark (inside, width, height, TRUE, flags))
    return;
  for (gsize i = 0; i < n; i++)
    argb[i] = flags[i] ? (guint32)(CASING * 255 + 0.5f) << 24 : 0;
  if (!mark (inside, width, height, FALSE, flags))
    return;
  for (gsize i = 0; i < n; i++)
    if (flags[i])
      argb[i] = 0xffffffffu;
}
