/* See legend.h. The bar is an image of 256 colours stretched with linear filtering. */
#include "ui/draw/legend.h"

#define GAP UI_LEGEND_GAP

void
ui_legend_ramp (cairo_t *cr, const UiColormap *colormap, double x, double y, double width, double height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, 256, 1);
  guint32 *row = (guint32 *)(void *)cairo_image_surface_get_data (surface);
  for (int i = 0; row && i < 256; i++)
    row[i] = (guint32)colormap->rgb[i][0] << 16 | (guint32)colormap->rgb[i][1] << 8 | colormap->rgb[i][2];
  cairo_surface_mark_dirty (surface);
  cairo_save (cr);
  cairo_rectangle (cr, x, y, width, height);
  cairo_clip (cr);
  cairo_translate (cr, x, y);
  cairo_scale (cr, width / 256, height);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_paint (cr);
  cairo_restore (cr);
  cairo_surface_destroy (surface);
}

/* Text at @x, middle at @middle; returns its width. @draw FALSE only measures. */
static double
put_text (cairo_t *cr, const PangoFontDescription *font, const char *text, double x, double middle, gboolean draw)
{
  PangoLayout *layout = pango_cairo_create_layout (cr);
  int width, height;
  pango_layout_set_font_description (layout, font);
  pango_layout_set_text (layout, text, -1);
  pango_layout_get_size (layout, &width, &height);
  if (draw)
    {
      cairo_move_to (cr, x, middle - (double)height / PANGO_SCALE / 2);
      pango_cairo_show_layout (cr, layout);
    }
  g_object_unref (layout);
  return (double)width / PANGO_SCALE;
}

void
ui_legend_draw (cairo_t *cr, const PangoFontDescription *font, const double text[4], const UiColormap *colormap,
                const UiScale *scale, double x, double y, double width, double height)
{
  g_autofree char *low = scale->empty ? g_strdup ("no values") : ui_scale_format (scale->lo);
  g_autofree char *high = ui_scale_format (scale->hi);
  double middle = y + height / 2;
  cairo_save (cr);
  cairo_set_source_rgba (cr, text[0], text[1], text[2], text[3]);
  double start = x + put_text (cr, font, low, x, middle, TRUE) + GAP;
  if (!scale->flat && !scale->empty)
    {
      double end = x + width - put_text (cr, font, high, 0, 0, FALSE);
      put_text (cr, font, high, end, middle, TRUE);
      double bar = MAX (0, end - GAP - start);
      ui_legend_ramp (cr, colormap, start, y + height * 0.2, bar, height * 0.6);
      if (scale->sign == ENG_SIGN_SIGNED)
        {
          cairo_move_to (cr, start + bar / 2, y + height * 0.1);
          cairo_line_to (cr, start + bar / 2, y + height * 0.9);
          cairo_set_line_width (cr, 1);
          cairo_stroke (cr);
        }
    }
  cairo_restore (cr);
}
