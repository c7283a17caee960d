/* Writing PNG, nothing else: 8-bit, sRGB, no date fixed settings, so that the same pixels
 * always give the same bytes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  int width, height;
  gboolean alpha;       /* @pixels are R, G, B, A, not premultiplied; else R, G, B */
  const guint8 *pixels; /* height x width x 4 or 3 */
  double dpi;           /* 0: not said */
  const char *key;      /* of @text: 1 to 79 letters of Latin 1; NULL: none */
  const char *text;     /* ASCII */
} UiPng;

/**
 * ui_png_encode_full:
 *
 * Returns: (transfer full): the file's bytes; NULL with ENG_ERROR_MEMORY.
 */
GBytes *ui_png_encode_full (const UiPng *png, GError **error);
/* @rgb: height x width x 3 bytes. */
GBytes *ui_png_encode (const guint8 *rgb, int width, int height, GError **error);

G_END_DECLS
