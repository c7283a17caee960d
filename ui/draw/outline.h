/* The edge of a region as a light line with a dark casing, seen on any photo. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * ui_outline_draw:
 * @inside: height x width flags
 * @rgb: height x width x 3 bytes, drawn over
 *
 * The line is as wide as suits a picture of that size: two pixels and one of casing at 480.
 */
void ui_outline_draw (const guint8 *inside, int width, int height, guint8 *rgb);
/* The line alone, to lie over such a picture. @argb: height x width, premultiplied, as in CAIRO_FORMAT_ARGB32. */
void ui_outline_lay (const guint8 *inside, int width, int height, guint32 *argb);

G_END_DECLS
