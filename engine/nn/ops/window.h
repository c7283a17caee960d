/* The sliding window that Conv, ConvTranspose and the pools share: attributes kernel_shape, strides,
 * dilations, pads and auto_pad of one to three spatial dimensions. */
#pragma once

#include "../op.h"

/* Right-aligned: axis 2 is the last; unused leading ones have size 1, kernel 1, stride 1, no padding. */
typedef struct
{
  int n; /* spatial dimensions in use: 1 to 3 */
  int64_t in[3], out[3], kernel[3], stride[3], dilation[3];
  int64_t pad[3], pad_end[3];
} EngWindow;

/* Reads sizes from input 0, which must be N x C x 1 to 3 dimensions, and the attributes.
 * @weights: (nullable): shape whose last dimensions are the kernel; NULL: kernel_shape is required. */
gboolean eng_window_parse (const EngNode *node, const EngShape *weights, EngWindow *self, GError **error);
/* Settles padding by auto_pad and computes out.
 * @ceil: round up, as far as the last window still starts inside the image or its leading padding. */
gboolean eng_window_place (const EngNode *node, EngWindow *self, gboolean ceil, GError **error);
/* Refuses what would overflow or exhaust memory; @out and pads are set. */
gboolean eng_window_check_size (const EngWindow *self, GError **error);
/* Extent of the dilated kernel along @axis. */
int64_t eng_window_extent (const EngWindow *self, int axis);
/* N x @channels x out. */
EngShape eng_window_output (const EngWindow *self, int64_t n, int64_t channels);
