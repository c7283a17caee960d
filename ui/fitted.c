/* See fitted.h. */
#include "ui/fitted.h"

#define MOST_PIXELS ((gsize)2 << 20) /* of the copy, and four times as many of the texture */

static cairo_surface_t *
surface_of (GdkTexture *texture)
{
  int width = gdk_texture_get_width (texture), height = gdk_texture_get_height (texture);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  gdk_texture_download (texture, cairo_image_surface_get_data (surface),
                        (gsize)cairo_image_surface_get_stride (surface));
  cairo_surface_mark_dirty (surface);
  return surface;
}

static cairo_surface_t *
scale (cairo_surface_t *source, int width, int height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  cairo_t *cr = cairo_create (surface);
  cairo_scale (cr, (double)width / cairo_image_surface_get_width (source),
               (double)height / cairo_image_surface_get_height (source));
  cairo_set_source_surface (cr, source, 0, 0);
  /* Edges are the picture's own, not half transparent. */
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_set_operator (cr, CAIRO_OPERATOR_SOURCE);
  cairo_paint (cr);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

GdkTexture *
ui_fitted_texture (GdkTexture *texture, int width, int height)
{
  static GQuark kept;
  gsize own = (gsize)gdk_texture_get_width (texture) * (gsize)gdk_texture_get_height (texture);
  if (!kept)
    kept = g_quark_from_static_string ("sightline-fitted");
  GdkTexture *fitted = g_object_get_qdata (G_OBJECT (texture), kept);
  if (fitted && gdk_texture_get_width (fitted) == width && gdk_texture_get_height (fitted) == height)
    return fitted;
  if (width <= 0 || height <= 0 || (gsize)width * (gsize)height > MOST_PIXELS || own > 4 * MOST_PIXELS)
    return texture;
  cairo_surface_t *source = surface_of (texture), *surface = scale (source, width, height);
  gsize stride = (gsize)cairo_image_surface_get_stride (surface);
  cairo_surface_destroy (source);
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func (
      cairo_image_surface_get_data (surface), stride * (gsize)height, (GDestroyNotify)cairo_surface_destroy, surface);
  fitted = gdk_memory_texture_new (width, height, GDK_MEMORY_DEFAULT, bytes, stride);
  g_object_set_qdata_full (G_OBJECT (texture), kept, fitted, g_object_unref);
  return fitted;
}
