/* Maps that another program made: they become heatmaps, scored and drawn like the program's own. */
#pragma once

#include "heatmap.h"
#include "model.h"

G_BEGIN_DECLS

#define ENG_IMPORTED_METHOD "imported" /* method_id of their provenance */

/**
 * eng_heatmap_import:
 * @path: .npy (real numbers, any type and order; axes of length 1 are left out) or a grey PNG of 8 or 16 bits
 * @class_index: what the map is said to explain
 *
 * Its size must be that of the model's input, of the picture, or channels x either of them. A map of the picture's
 * size is read through the model's crop and resize, at the input's size. Values are kept; the sign follows from them.
 * Returns: (transfer full): NULL with an error that names the file and the sizes that would fit. Any thread.
 */
EngHeatmap *eng_heatmap_import (const char *path, EngModel *model, EngImage *image, int class_index, GError **error);

G_END_DECLS
