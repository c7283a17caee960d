/* PNG files through libpng: 8-bit RGB, fixed settings and no time stamp, so that the same pixels
 * always give the same bytes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * ui_png_encode:
 * @rgb: height x width x 3 bytes, sRGB
 *
 * Returns: (transfer full): the file's bytes; NULL with ENG_ERROR_MEMORY or ENG_ERROR_INVALID.
 */
GBytes *ui_png_encode (const guint8 *rgb, int width, int height, GError **error);

G_END_DECLS
