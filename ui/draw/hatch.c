/* See hatch.h. A stripe is where (x + y) mod period, measured across the stripe, is near the middle;
 * its edge is one pixel soft. */
#include "ui/draw/hatch.h"

#include <math.h>

#define VEIL 0.55 /* weight of the grey veil */
#define VEIL_GREY 104.0
#define STRIPE 0.28     /* weight of white on a stripe */
#define STRIPE_SHARE 12 /* a stripe is 1/12 of the period to each side of its middle */

void
ui_seen_from_geometry (const EngGeometry *g, UiSeen *out)
{
  out->x0 = CLAMP (g->view_x0 * g->scale_x + g->offset_x, 0, g->image_width);
  out->y0 = CLAMP (g->view_y0 * g->scale_y + g->offset_y, 0, g->image_height);
  out->x1 = CLAMP (g->view_x1 * g->scale_x + g->offset_x, 0, g->image_width);
  out->y1 = CLAMP (g->view_y1 * g->scale_y + g->offset_y, 0, g->image_height);
}

gboolean
ui_seen_is_all (const UiSeen *self, const EngGeometry *geometry)
{
  /* A crop of a rounded resize may cut less than a pixel: nothing worth hatching. */
  return self->x0 < 1 && self->y0 < 1 && self->x1 > geometry->image_width - 1
         && self->y1 > geometry->image_height - 1;
}

int
ui_hatch_period (int width, int height)
{
  return MAX (12, (int)lround (12 * MAX (width, height) / 500.0));
}

/* Light added to the veil, 0 .. 1. */
static double
stripe_at (int x, int y, int period)
{
  double across = fabs ((x + y) % period + 0.5 - period / 2.0) * G_SQRT2 / 2;
  return CLAMP (0.5 + (double)period / STRIPE_SHARE * G_SQRT2 / 2 - across, 0, 1) * STRIPE;
}

void
ui_hatch_pixel (int x, int y, int period, guint8 *rgb)
{
  double stripe = stripe_at (x, y, period);
  for (int c = 0; c < 3; c++)
    {
      double veiled = rgb[c] * (1 - VEIL) + VEIL_GREY * VEIL;
      rgb[c] = (guint8)lround (veiled * (1 - stripe) + 255 * stripe);
    }
}

/* One period of the hatch as a premultiplied surface; it repeats in both directions. */
static cairo_pattern_t *
make_pattern (int period)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, period, period);
  guint8 *data = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);
  for (int y = 0; data && y < period; y++)
    for (int x = 0; x < period; x++)
      {
        double stripe = stripe_at (x, y, period);
        guint32 grey = (guint32)lround (VEIL_GREY * VEIL * (1 - stripe) + 255 * stripe);
        guint32 alpha = (guint32)lround (255 * (1 - (1 - VEIL) * (1 - stripe)));
        ((guint32 *)(void *)(data + (gsize)y * stride))[x] = alpha << 24 | grey << 16 | grey << 8 | grey;
      }
  cairo_surface_mark_dirty (surface);
  cairo_pattern_t *pattern = cairo_pattern_create_for_surface (surface);
  cairo_pattern_set_extend (pattern, CAIRO_EXTEND_REPEAT);
  cairo_surface_destroy (surface);
  return pattern;
}

void
ui_hatch_draw (cairo_t *cr, const UiSeen *seen, double x, double y, double width, double height, double scale)
{
  cairo_pattern_t *pattern = make_pattern (12);
  cairo_save (cr);
  cairo_rectangle (cr, x, y, width, height);
  cairo_clip (cr);
  cairo_set_fill_rule (cr, CAIRO_FILL_RULE_EVEN_ODD);
  cairo_rectangle (cr, x, y, width, height);
  cairo_rectangle (cr, x + seen->x0 * scale, y + seen->y0 * scale, (seen->x1 - seen->x0) * scale,
                   (seen->y1 - seen->y0) * scale);
  cairo_set_source (cr, pattern);
  cairo_fill (cr);
  cairo_restore (cr);
  cairo_pattern_destroy (pattern);
}
