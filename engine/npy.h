/* NumPy .npy files, version 1.0, float32, C order. */
#pragma once

#include <glib.h>

#include "nn/tensor.h"

G_BEGIN_DECLS

/* Encodes; (transfer full). */
GBytes *eng_npy_encode (const float *data, const EngShape *shape);
/* Reads float32 and float16 (as float), uint8 and int64 (as int64); for tests and saved heads. */
EngTensor *eng_npy_load (const char *path, GError **error);
/* Writes @bytes to a temporary name beside @path, flushes, renames: never half a file. The error names the file. */
gboolean eng_write_atomically (const char *path, GBytes *bytes, GError **error);

G_END_DECLS
