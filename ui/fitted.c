/* See fitted.h. */
#include "ui/fitted.h"

#define SIZES 4                      /* of copies that are kept: tiles side by side differ by a pixel each way */
#define MOST_PIXELS ((gsize)2 << 20) /* of the copy, and four times as many of the texture */

static GQuark
surface_quark (void)
{
  static GQuark quark;
  if (!quark)
    quark = g_quark_from_static_string ("sightline-surface");
  return quark;
}

GdkTexture *
ui_fitted_new (guint32 *pixels, int width, int height)
{
  gsize stride = (gsize)width * 4;
  g_autoptr (GBytes) bytes = g_bytes_new_take (pixels, stride * (gsize)height);
  GdkTexture *texture = gdk_memory_texture_new (width, height, GDK_MEMORY_DEFAULT, bytes, stride);
  static const cairo_user_data_key_t key;
  cairo_surface_t *surface =
      cairo_image_surface_create_for_data ((guchar *)pixels, CAIRO_FORMAT_ARGB32, width, height, (int)stride);
  /* A frame that is drawn later than the texture lives still needs the pixels. */
  cairo_surface_set_user_data (surface, &key, g_bytes_ref (bytes), (cairo_destroy_func_t)g_bytes_unref);
  g_object_set_qdata_full (G_OBJECT (texture), surface_quark (), surface, (GDestroyNotify)cairo_surface_destroy);
  return texture;
}

void
ui_fitted_append (GtkWidget *widget, GtkSnapshot *snapshot, GdkTexture *texture, const graphene_rect_t *place,
                  double opacity)
{
  cairo_surface_t *surface = g_object_get_qdata (G_OBJECT (texture), surface_quark ());
  GtkNative *native = gtk_widget_get_native (widget);
  GskRenderer *renderer = native ? gtk_native_get_renderer (native) : NULL;
  if (!surface || !renderer || !GSK_IS_CAIRO_RENDERER (renderer))
    {
      gtk_snapshot_push_opacity (snapshot, opacity);
      gtk_snapshot_append_texture (snapshot, texture, place);
      gtk_snapshot_pop (snapshot);
      return;
    }
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, place);
  cairo_translate (cr, place->origin.x, place->origin.y);
  cairo_scale (cr, place->size.width / gdk_texture_get_width (texture),
               place->size.height / gdk_texture_get_height (texture));
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_rectangle (cr, 0, 0, gdk_texture_get_width (texture), gdk_texture_get_height (texture));
  cairo_clip (cr);
  cairo_paint_with_alpha (cr, opacity);
  cairo_destroy (cr);
}

/* ---- of another size ---- */

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

static guint32 *
scale (cairo_surface_t *source, int width, int height)
{
  guint32 *pixels = g_new0 (guint32, (gsize)width * height);
  cairo_surface_t *surface =
      cairo_image_surface_create_for_data ((guchar *)pixels, CAIRO_FORMAT_ARGB32, width, height, width * 4);
  cairo_t *cr = cairo_create (surface);
  cairo_scale (cr, (double)width / cairo_image_surface_get_width (source),
               (double)height / cairo_image_surface_get_height (source));
  cairo_set_source_surface (cr, source, 0, 0);
  /* Edges are the picture's own, not half transparent. */
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_set_operator (cr, CAIRO_OPERATOR_SOURCE);
  cairo_paint (cr);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return pixels;
}

static void
free_kept (gpointer kept)
{
  g_queue_free_full (kept, g_object_unref);
}

/* The copies of @texture, the last one that was asked for first. */
static GQueue *
kept_of (GdkTexture *texture)
{
  static GQuark quark;
  if (!quark)
    quark = g_quark_from_static_string ("sightline-fitted");
  GQueue *kept = g_object_get_qdata (G_OBJECT (texture), quark);
  if (!kept)
    g_object_set_qdata_full (G_OBJECT (texture), quark, kept = g_queue_new (), free_kept);
  return kept;
}

GdkTexture *
ui_fitted_texture (GdkTexture *texture, int width, int height)
{
  gsize own = (gsize)gdk_texture_get_width (texture) * (gsize)gdk_texture_get_height (texture);
  if (width <= 0 || height <= 0 || (gsize)width * (gsize)height > MOST_PIXELS || own > 4 * MOST_PIXELS)
    return texture;
  GQueue *kept = kept_of (texture);
  for (GList *i = kept->head; i; i = i->next)
    if (gdk_texture_get_width (i->data) == width && gdk_texture_get_height (i->data) == height)
      {
        g_queue_unlink (kept, i);
        g_queue_push_head_link (kept, i);
        return i->data;
      }
  cairo_surface_t *source = surface_of (texture);
  g_queue_push_head (kept, ui_fitted_new (scale (source, width, height), width, height));
  cairo_surface_destroy (source);
  if (kept->length > SIZES)
    g_object_unref (g_queue_pop_tail (kept));
  return kept->head->data;
}
