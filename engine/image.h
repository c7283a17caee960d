/* A picture as opened: 8-bit RGB, upright. Immutable, reference-counted, may cross threads. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define ENG_IMAGE_MAX_PIXELS 100000000 /* 100 megapixels: larger pictures are refused */

typedef struct _EngImage EngImage;

/**
 * eng_image_load:
 * @path: PNG (libpng: 8/16 bit, grey, palette, alpha over white); JPEG, TIFF, WebP, BMP (gdk-pixbuf)
 *
 * EXIF orientation is applied; 16-bit samples keep their high byte. Any thread.
 * Returns: (transfer full): NULL with an error that names the file, the part and the remedy.
 */
EngImage *eng_image_load (const char *path, GError **error);
/* @bytes: the encoded file; @name: for messages (and fuzzing). */
EngImage *eng_image_load_bytes (GBytes *bytes, const char *name, GError **error);
/* @rgb: width * height * 3 bytes, copied. */
EngImage *eng_image_new (int width, int height, const guint8 *rgb, const char *name);
EngImage *eng_image_ref (EngImage *self);
void eng_image_unref (EngImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngImage, eng_image_unref)

int eng_image_width (const EngImage *self);
int eng_image_height (const EngImage *self);
const guint8 *eng_image_rgb (const EngImage *self);  /* height x width x 3, no padding; owned by @self */
GBytes *eng_image_bytes (EngImage *self);            /* (transfer full): the same memory, for textures */
const char *eng_image_path (const EngImage *self);   /* NULL when it did not come from a file */
const char *eng_image_name (const EngImage *self);   /* file name without folder */
const char *eng_image_sha256 (const EngImage *self); /* of the file's bytes (of the pixels when there is none) */

/* TRUE when the file name ends like a picture that eng_image_load() may open. */
gboolean eng_image_is_candidate (const char *path);

G_END_DECLS
