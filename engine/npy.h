/* NumPy .npy files: written as version 1.0, float32, C order; every real type, byte order and memory order is read.
 */
#pragma once

#include <glib.h>

#include "nn/tensor.h"

G_BEGIN_DECLS

/* Encodes; (transfer full). */
GBytes *eng_npy_encode (const float *data, const EngShape *shape);
/* Floats become float, integers and bools int64, C order. Maps of other programs, tests. */
EngTensor *eng_npy_load (const char *path, GError **error);
/* Writes @bytes to a temporary name beside @path, flushes, renames: never half a file. The error names the file. */
gboolean eng_write_atomically (const char *path, GBytes *bytes, GError **error);

G_END_DECLS
