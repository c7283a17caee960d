/* The edge of a region as a light line with a dark casing, seen on any photo. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * ui_outline_draw:
 * @inside: height x width flags
 * @pixels: height x width x @channels bytes, drawn over: R, G, B, and with 4 channels premultiplied A
 *
 * The line is as wide as suits a picture of that size: two pixels and one of casing at 480.
 */
void ui_outline_draw (const guint8 *inside, int width, int height, guint8 *pixels, int channels);

G_END_DECLS
