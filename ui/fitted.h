/* Textures that a software renderer draws as they are. It converts a texture anew in every frame, pixel by pixel, and
 * scales it as well where it has another size: several milliseconds for each tile. So what a view draws is made at
 * the size at which it is drawn, and keeps the surface that Cairo draws without a look at its pixels. For other
 * renderers it is a texture as any other. Main thread only. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @pixels: (transfer full): height x width, for g_free(); premultiplied, as in CAIRO_FORMAT_ARGB32. */
GdkTexture *ui_fitted_new (guint32 *pixels, int width, int height);

/**
 * ui_fitted_texture:
 * @width, @height: device pixels
 *
 * Smoothed as a renderer would. Kept with @texture in the last few sizes.
 * Returns: (transfer none): valid until @texture goes or other sizes are asked for; @texture itself where it is
 * large.
 */
GdkTexture *ui_fitted_texture (GdkTexture *texture, int width, int height);

/* Any texture, smoothed where its size is another one. @widget: the one that is drawn. */
void ui_fitted_append (GtkWidget *widget, GtkSnapshot *snapshot, GdkTexture *texture, const graphene_rect_t *place,
                       double opacity);

G_END_DECLS
