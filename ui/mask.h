/* Pixels of the model's input that a person painted by hand. They lie on one picture as one preprocessing shows it.
 * No widget and no session: strokes go in, a map comes out. */
#pragma once

#include "engine/engine.h"
#include "engine/json-read.h"

G_BEGIN_DECLS

#define UI_MASK_METHOD "own-mask" /* method_id of the maps' provenance */

typedef struct _UiMask UiMask;

UiMask *ui_mask_new (const EngGeometry *geometry); /* nothing painted */
void ui_mask_free (UiMask *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UiMask, ui_mask_free)

const EngGeometry *ui_mask_geometry (const UiMask *self);
int ui_mask_n (const UiMask *self);                /* pixels of the input */
int ui_mask_painted (const UiMask *self);          /* those that are painted */
const guint8 *ui_mask_pixels (const UiMask *self); /* input_height x input_width, 0 or 1 */

/**
 * ui_mask_stroke:
 * @x0, @y0, @x1, @y1: in picture pixels, measured at edges; may lie outside
 * @radius: of the round brush, in pixels of the model's input
 *
 * Paints (or erases) every input pixel whose centre is within @radius of the line; a dot paints at least the pixel
 * that it lies on. Cost: the pixels of the line's bounding box. Returns: TRUE when some pixel is different now.
 */
gboolean ui_mask_stroke (UiMask *self, double x0, double y0, double x1, double y1, double radius, gboolean erase);
gboolean ui_mask_clear (UiMask *self);

/* 1 where it is painted, 0 elsewhere: every painted pixel ranks before every other; equal ones by their place, row by
 * row from the upper left, as in all rankings here. @image_sha256, @image_name: for the provenance. (transfer full)
 */
EngHeatmap *ui_mask_to_map (const UiMask *self, const char *image_sha256, const char *image_name);

/* {"sizes": 4 numbers, "place": 8 numbers, "runs": lengths of unpainted and painted runs in turn, row by row}: into
 * @out, and back. NULL with an error where the numbers make no mask. */
void ui_mask_save (const UiMask *self, JsonObject *out);
UiMask *ui_mask_load (const EngJson *in, GError **error);

G_END_DECLS
