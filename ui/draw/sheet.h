/* A contact sheet: one block of tiles per picture, the photo first, then one tile per map with its
 * method, class and probability, in rows of equal length; below all of it what the colours mean and
 * footnotes. Keeps small tiles only, so that thirty methods on many pictures take little memory. */
#pragma once

#include "engine/image.h"
#include "ui/draw/overlay.h"

G_BEGIN_DECLS

typedef struct _UiSheet UiSheet;

/* @title: first line; @subtitle: below it; @n_methods: tiles per picture at most, which decides the columns. */
UiSheet *ui_sheet_new (const char *title, const char *subtitle, guint n_methods);
void ui_sheet_free (UiSheet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UiSheet, ui_sheet_free)

/* Begins the block of @image. @caption: below its name. */
void ui_sheet_add_picture (UiSheet *self, EngImage *image, const char *caption);
/* A map of the picture begun last. */
void ui_sheet_add_map (UiSheet *self, const EngHeatmap *map);
void ui_sheet_add_footnote (UiSheet *self, const char *text);

gboolean ui_sheet_is_empty (const UiSheet *self); /* no picture yet */

/**
 * ui_sheet_encode:
 *
 * Returns: (transfer full): the bytes of a PNG file; NULL with ENG_ERROR_MEMORY or ENG_ERROR_INVALID.
 */
GBytes *ui_sheet_encode (UiSheet *self, GError **error);

G_END_DECLS
