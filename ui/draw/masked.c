/* See masked.h. */
#include "ui/draw/masked.h"

#include <math.h>
#include <string.h>

/* Input pixel under the centre of each raster pixel along one axis; -1: outside of what the model sees. */
static int *
input_pixels (int n, double from, double to, double offset, double scale, int size, double seen0, double seen1)
{
  int *at = g_new (int, n);
  for (int i = 0; i < n; i++)
    {
      double x = (from + (i + 0.5) * (to - from) / n - offset) / scale;
      at[i] = x < seen0 || x >= seen1 ? -1 : MIN ((int)floor (x), size - 1);
    }
  return at;
}

/* The overlay at the model's input size. */
static guint32 *
at_input (const UiMasked *self)
{
  int n = eng_ranking_n (self->ranking);
  const guint32 *ranks = eng_ranking_ranks (self->ranking);
  gboolean removes = self->mode == ENG_MASK_REMOVE;
  guint32 *out = g_new (guint32, n);
  for (int i = 0; i < n; i++)
    {
      gboolean gone = (ranks[i] < (guint32)self->k) == removes;
      const guint8 *rgb = self->fill + 3 * i;
      out[i] = gone ? 0xff000000u | (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2] : 0;
    }
  return out;
}

void
ui_masked_overlay (const UiMasked *self, double x0, double y0, double x1, double y1, int width, int height,
                   guint32 *argb)
{
  const EngGeometry *g = self->geometry;
  g_autofree guint32 *input = at_input (self);
  g_autofree int *columns =
      input_pixels (width, x0, x1, g->offset_x, g->scale_x, g->input_width, g->view_x0, g->view_x1);
  g_autofree int *rows =
      input_pixels (height, y0, y1, g->offset_y, g->scale_y, g->input_height, g->view_y0, g->view_y1);
  for (int y = 0; y < height; y++)
    {
      guint32 *out = argb + (gsize)y * width;
      const guint32 *row = input + (gsize)MAX (rows[y], 0) * g->input_width;
      if (rows[y] < 0)
        memset (out, 0, (gsize)width * 4);
      else if (y > 0 && rows[y] == rows[y - 1])
        memcpy (out, out - width, (gsize)width * 4);
      else
        for (int x = 0; x < width; x++)
          out[x] = columns[x] < 0 ? 0 : row[columns[x]];
    }
}
