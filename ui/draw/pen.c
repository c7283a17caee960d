/* See pen.h. */
#include "ui/draw/pen.h"

static const cairo_user_data_key_t sink_key, data_key;

void
ui_pen_divert (cairo_t *cr, const UiPenSink *sink, gpointer data)
{
  cairo_set_user_data (cr, &sink_key, (void *)sink, NULL);
  cairo_set_user_data (cr, &data_key, data, NULL);
}

static const UiPenSink *
sink_of (cairo_t *cr, gpointer *data)
{
  *data = cairo_get_user_data (cr, &data_key);
  return cairo_get_user_data (cr, &sink_key);
}

void
ui_pen_text (cairo_t *cr, PangoLayout *layout)
{
  gpointer data;
  const UiPenSink *sink = sink_of (cr, &data);
  if (sink)
    sink->text (data, cr, layout);
  else
    pango_cairo_show_layout (cr, layout);
}

void
ui_pen_stroke (cairo_t *cr)
{
  gpointer data;
  const UiPenSink *sink = sink_of (cr, &data);
  if (!sink)
    {
      cairo_stroke (cr);
      return;
    }
  sink->stroke (data, cr);
  cairo_new_path (cr);
}

void
ui_pen_fill (cairo_t *cr)
{
  gpointer data;
  const UiPenSink *sink = sink_of (cr, &data);
  if (!sink)
    {
      cairo_fill (cr);
      return;
    }
  sink->fill (data, cr);
  cairo_new_path (cr);
}

void
ui_pen_image (cairo_t *cr, cairo_surface_t *surface, double x, double y, double width, double height, gboolean smooth)
{
  gpointer data;
  const UiPenSink *sink = sink_of (cr, &data);
  if (sink)
    {
      sink->image (data, cr, surface, x, y, width, height, smooth);
      return;
    }
  gboolean vector = cairo_surface_get_type (cairo_get_target (cr)) == CAIRO_SURFACE_TYPE_PDF;
  int columns = cairo_image_surface_get_width (surface), rows = cairo_image_surface_get_height (surface);
  cairo_save (cr);
  cairo_translate (cr, x, y);
  cairo_scale (cr, width / columns, height / rows);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), smooth ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
  if (vector)
    cairo_paint (cr); /* as it is: an image of its own size, which ends exactly at the box */
  else
    {
      cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
      cairo_rectangle (cr, 0, 0, columns, rows);
      cairo_fill (cr);
    }
  cairo_restore (cr);
}
