/* Look-up in the table of colour maps and linear interpolation between its entries. */
#include "ui/draw/colormap.h"

#include <math.h>

const UiColormap *
ui_colormap_nth (guint i)
{
  for (guint k = 0; ui_colormap_table[k].id; k++)
    if (k == i)
      return &ui_colormap_table[k];
  return NULL;
}

const UiColormap *
ui_colormap_find (const char *id)
{
  for (const UiColormap *map = ui_colormap_table; map->id; map++)
    if (g_strcmp0 (map->id, id) == 0)
      return map;
  return NULL;
}

const UiColormap *
ui_colormap_default (EngSign sign)
{
  for (const UiColormap *map = ui_colormap_table; map->id; map++)
    if (map->sign == sign)
      return map;
  g_return_val_if_reached (ui_colormap_table);
}

void
ui_colormap_evaluate (const UiColormap *self, double t, double rgb[3])
{
  double at = CLAMP (t, 0, 1) * 255;
  int i = MIN ((int)at, 254);
  for (int c = 0; c < 3; c++)
    rgb[c] = self->rgb[i][c] + (at - i) * (self->rgb[i + 1][c] - self->rgb[i][c]);
}

void
ui_colormap_lut (const UiColormap *self, guint8 lut[UI_LUT_SIZE][3])
{
  for (int i = 0; i < UI_LUT_SIZE; i++)
    {
      double rgb[3];
      ui_colormap_evaluate (self, i / (UI_LUT_SIZE - 1.0), rgb);
      for (int c = 0; c < 3; c++)
        lut[i][c] = (guint8)lround (rgb[c]);
    }
}
