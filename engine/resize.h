/* Pillow's antialiased resize, and a window of it without the rest. */
#pragma once

#include "preprocess.h"

G_BEGIN_DECLS

/* One axis: @src pixels become @full, of which @n are wanted, starting with @from. */
typedef struct
{
  int src;
  gint64 full, from;
  int n;
} EngResizeAxis;

/**
 * eng_resize_window:
 * @src: y.src x x.src x 3 bytes
 * @dst: where the top left pixel of the window goes; rows lie @stride bytes apart
 *
 * The same bytes as resizing to y.full x x.full and cropping, but the memory needed depends on the
 * window, however large the full picture would be. Windows must lie inside. Any thread.
 * Returns: FALSE when memory is out.
 */
gboolean eng_resize_window (const guint8 *src, const EngResizeAxis *x, const EngResizeAxis *y, EngFilter filter,
                            guint8 *dst, gsize stride);

G_END_DECLS
