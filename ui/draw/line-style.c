/* See line-style.h. The rows are those of the interface's specification; colours after Okabe and Ito. */
#include "ui/draw/line-style.h"

#include <string.h>

#define RGB(hex)                                                                                                     \
  {                                                                                                                  \
    ((hex) >> 16 & 255) / 255.0, ((hex) >> 8 & 255) / 255.0, ((hex)&255) / 255.0                                     \
  }

static const struct
{
  const char *id;
  UiLineStyle style;
} rows[] = {
  { "ltx", { RGB (0x0072b2), RGB (0x56b4e9), { 0 }, 0, 2.6 } },
  { "grad-cam", { RGB (0xc25a00), RGB (0xf0a04b), { 7, 4 }, 2, 2 } },
  { "integrated-gradients", { RGB (0x00805c), RGB (0x3fc89a), { 2, 3.5 }, 2, 2 } },
  { "rise", { RGB (0xa8457e), RGB (0xe08bbe), { 9, 3, 2, 3 }, 4, 2 } },
  { "occlusion", { RGB (0x6b5cb8), RGB (0xa99bf0), { 4, 2 }, 2, 2 } },
  { "smooth-grad", { RGB (0x7a6a00), RGB (0xd6c34a), { 1, 2 }, 2, 2 } },
  { "gradient", { RGB (0xa12d2d), RGB (0xf08080), { 12, 4 }, 2, 2 } },
};

/* Of maps that no method here made: they take no turn among the others. */
static const struct
{
  const char *id;
  UiLineStyle style;
} own_rows[] = {
  { "imported", { RGB (0x4a4a4a), RGB (0xd0d0d0), { 8, 2, 2, 2 }, 4, 2 } },
  { "own-mask", { RGB (0xb0006d), RGB (0xff85c8), { 5, 1.5 }, 2, 2.4 } },
};

static void
set_dash (UiLineStyle *self, const UiLineStyle *from)
{
  memcpy (self->dash, from->dash, sizeof self->dash);
  self->n_dash = from->n_dash;
}

void
ui_line_style_find (const char *method_id, guint row, guint copy, UiLineStyle *out)
{
  guint n = G_N_ELEMENTS (rows), at = row % n, dash = (row / n + row) % n;
  gboolean named = FALSE;
  for (guint i = 0; i < n; i++)
    if (strcmp (rows[i].id, method_id) == 0)
      {
        at = dash = i;
        named = TRUE;
      }
  for (guint i = 0; i < G_N_ELEMENTS (own_rows); i++)
    if (strcmp (own_rows[i].id, method_id) == 0)
      {
        *out = own_rows[i].style;
        if (copy)
          set_dash (out, &rows[copy % n].style);
        return;
      }
  *out = rows[at].style;
  set_dash (out, &rows[(dash + copy) % n].style);
  if (!named || copy)
    out->width = 2;
}

void
ui_line_style_set (const UiLineStyle *self, cairo_t *cr, gboolean dark)
{
  const double *c = dark ? self->dark : self->light;
  cairo_set_source_rgb (cr, c[0], c[1], c[2]);
  cairo_set_line_width (cr, self->width);
  cairo_set_dash (cr, self->dash, self->n_dash, 0);
}

void
ui_line_style_swatch (const UiLineStyle *self, cairo_t *cr, gboolean dark, double width, double height)
{
  cairo_save (cr);
  ui_line_style_set (self, cr, dark);
  cairo_move_to (cr, 0, height / 2);
  cairo_line_to (cr, width, height / 2);
  cairo_stroke (cr);
  cairo_restore (cr);
}

void
ui_line_style_band (gboolean dark, double *rgba)
{
  rgba[0] = rgba[1] = rgba[2] = dark ? 1 : 0;
  rgba[3] = dark ? 0.16 : 0.12;
}
