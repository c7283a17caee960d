/* See train.h: the curves of a training as a picture. */
#include <cairo.h>
#include <math.h>

#include "app/commands/train.h"
#include "ui/draw/training-plot.h"

#define WIDTH 900.0 /* points */
#define HEIGHT 360.0
#define MARGIN 16.0
#define HEAD 24.0
#define ZOOM 2.0 /* pixels of a point */

static cairo_status_t
append (void *bytes, const unsigned char *data, unsigned n)
{
  g_byte_array_append (bytes, data, n);
  return CAIRO_STATUS_SUCCESS;
}

/* "LTX: loss 0.31 after 120 of 400 steps. ..." */
static void
draw_words (cairo_t *cr, const EngTrainingStatus *status, const EngExplainerKind *kind, const UiPlot *look)
{
  g_autofree char *words = ui_training_plot_words (status, kind);
  g_autofree char *text = g_strdup_printf ("%s, %s. %s", kind->name, status->data_summary, words);
  PangoLayout *layout = pango_cairo_create_layout (cr);
  pango_layout_set_font_description (layout, look->font);
  pango_layout_set_text (layout, text, -1);
  pango_layout_set_width (layout, (int)((WIDTH - 2 * MARGIN) * PANGO_SCALE));
  pango_layout_set_height (layout, -2);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  cairo_set_source_rgb (cr, look->foreground[0], look->foreground[1], look->foreground[2]);
  cairo_move_to (cr, MARGIN, MARGIN);
  pango_cairo_show_layout (cr, layout);
  g_object_unref (layout);
}

gboolean
app_training_draw (const EngTrainingStatus *status, const EngExplainerKind *kind, const char *path, GError **error)
{
  PangoFontDescription *font = pango_font_description_from_string ("Sans");
  pango_font_description_set_absolute_size (font, 11 * PANGO_SCALE);
  const UiPlot look = { .foreground = { 0.13, 0.13, 0.13 }, .background = { 1, 1, 1 }, .cursor = NAN, .font = font };
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int)(WIDTH * ZOOM), (int)(HEIGHT * ZOOM));
  cairo_t *cr = cairo_create (surface);
  cairo_scale (cr, ZOOM, ZOOM);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  draw_words (cr, status, kind, &look);
  cairo_translate (cr, MARGIN, MARGIN + HEAD + MARGIN);
  ui_training_plot_draw (status, kind, &look, cr, WIDTH - 2 * MARGIN, HEIGHT - HEAD - 3 * MARGIN);
  GByteArray *bytes = g_byte_array_new ();
  cairo_status_t drawn = cairo_status (cr);
  if (drawn == CAIRO_STATUS_SUCCESS)
    drawn = cairo_surface_write_to_png_stream (surface, append, bytes);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  pango_font_description_free (font);
  g_autoptr (GBytes) png = g_byte_array_free_to_bytes (bytes);
  if (drawn != CAIRO_STATUS_SUCCESS)
    return eng_fail (error, ENG_ERROR_MEMORY, "%s cannot be drawn: %s.", path, cairo_status_to_string (drawn));
  return eng_write_atomically (path, png, error);
}
