/* Private to engine/metrics/: a picture from some of its pixels, and how many bytes it takes. */
#pragma once

#include <glib.h>

/**
 * eng_scatter_fill:
 * @rgb: rows x cols x 3 bytes
 * @known: rows x cols flags; the four corners count as known whatever they say
 * @out: like @rgb: known pixels copied, the others linear inside their Delaunay triangle, rounded half to even
 *
 * Where four or more points lie on one circle the triangulation is Qhull's, as scipy's griddata has it.
 * Returns: FALSE with an error.
 */
gboolean eng_scatter_fill (const guint8 *rgb, const guint8 *known, int rows, int cols, guint8 *out, GError **error);
/* Bytes of the picture as a lossless WebP file, quality 100, method 4. 0 with an error. */
gsize eng_lossless_size (const guint8 *rgb, int rows, int cols, GError **error);
