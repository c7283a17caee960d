/* A texture at just the size at which it is drawn, in the renderer's own format. Software renderers scale and convert
 * a texture anew in every frame, which costs several milliseconds for each tile; what does not change from frame to
 * frame is better scaled once. Main thread only. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/**
 * ui_fitted_texture:
 * @width, @height: device pixels
 *
 * Smoothed as a renderer would. Kept with @texture, one size at a time.
 * Returns: (transfer none): valid until @texture goes or another size is asked for; @texture itself where it is
 * large.
 */
GdkTexture *ui_fitted_texture (GdkTexture *texture, int width, int height);

G_END_DECLS
