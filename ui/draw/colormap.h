/* Colour maps: 256 sRGB colours each, from low to high. Unsigned maps run from nothing to much;
 * signed ones diverge from a light middle, red or pink meaning "for the class". A map of one kind
 * is never offered for a result of the other. The table is made from colormaps.txt. */
#pragma once

#include "engine/heatmap.h"

G_BEGIN_DECLS

#define UI_LUT_SIZE 1024

typedef struct
{
  const char *id, *name; /* id is stable: settings, sessions; name is for people */
  EngSign sign;
  guint8 rgb[256][3];
} UiColormap;

/* Ended by a row with a NULL id. */
extern const UiColormap ui_colormap_table[];

/* Row @i of the table; NULL past the end. */
const UiColormap *ui_colormap_nth (guint i);
/* NULL when there is none of that name. */
const UiColormap *ui_colormap_find (const char *id);
/* Viridis or RdBu reversed. */
const UiColormap *ui_colormap_default (EngSign sign);
/* @t: 0 .. 1, clamped; @rgb: 0 .. 255, linear between neighbours. Signed maps: t = 0.5 is zero. */
void ui_colormap_evaluate (const UiColormap *self, double t, double rgb[3]);
/* Entry i is the colour at i / (UI_LUT_SIZE - 1), rounded. */
void ui_colormap_lut (const UiColormap *self, guint8 lut[UI_LUT_SIZE][3]);

G_END_DECLS
