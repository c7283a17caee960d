/* See ink.h. */
#include "ui/ink.h"

gboolean
ui_ink_is_dark (GtkWidget *widget)
{
  GdkRGBA ink;
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &ink);
  return 0.3 * ink.red + 0.6 * ink.green + 0.1 * ink.blue > 0.5;
}

static void
draw_swatch (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  UiSeries *series = data;
  gboolean dark = ui_ink_is_dark (GTK_WIDGET (area));
  double rgba[4];
  if (series->slot)
    {
      ui_line_style_swatch (&series->style, cr, dark, width, height);
      return;
    }
  ui_line_style_band (dark, rgba);
  cairo_set_source_rgba (cr, rgba[0], rgba[1], rgba[2], 2 * rgba[3]);
  cairo_rectangle (cr, 0, height / 2.0 - 5, width, 10);
  cairo_fill (cr);
}

GtkWidget *
ui_swatch_new (void)
{
  GtkWidget *swatch = gtk_drawing_area_new ();
  gtk_drawing_area_set_content_width (GTK_DRAWING_AREA (swatch), 26);
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (swatch), 14);
  gtk_widget_set_valign (swatch, GTK_ALIGN_CENTER);
  return swatch;
}

void
ui_swatch_set (GtkWidget *swatch, UiSeries *series)
{
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (swatch), draw_swatch, g_object_ref (series), g_object_unref);
}
