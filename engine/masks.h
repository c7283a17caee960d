/* Masks of objects in a folder, and which of them belongs to a picture and a class. A mask is named after its
 * picture:
 *
 *   NAME.CLASS.png  the object of one class: any of the names that eng_class_names() knows, whatever the case
 *   NAME.png        the object whichever class is explained; the other form goes before it
 *
 * NAME is the picture's file name without its ending; any kind of picture file will do. A mask has the picture's
 * size, is bright where the object is and dark elsewhere (see ENG_TRUTH_INSIDE), and has no transparency. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

#define ENG_MASKS_MAX_FILES 1000000
#define ENG_MASKS_BESIDE "masks" /* folder beside the pictures where they are looked for */

/* Immutable, reference-counted, may cross threads. */
typedef struct _EngMasks EngMasks;

/* Lists the names of a folder; no file is opened. Any thread. Returns: (transfer full): NULL with an error. */
EngMasks *eng_masks_open (const char *folder, GError **error);
EngMasks *eng_masks_ref (EngMasks *self);
void eng_masks_unref (EngMasks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngMasks, eng_masks_unref)

const char *eng_masks_folder (const EngMasks *self);
guint eng_masks_count (const EngMasks *self);

/**
 * eng_masks_find:
 * @picture: path; a file is never the mask of itself
 *
 * Any thread. Returns: (transfer full): path of the mask; NULL with an error when several files would do, NULL
 * without one when none does.
 */
char *eng_masks_find (const EngMasks *self, EngModel *model, const char *picture, int class_index, GError **error);

/**
 * eng_masks_load:
 * @width, @height: of the picture
 *
 * Any thread. Returns: (transfer full): NULL with an error when the file is no picture, has another size or shows no
 * object.
 */
EngImage *eng_masks_load (const char *path, int width, int height, GError **error);

G_END_DECLS
