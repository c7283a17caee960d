/* Separable linear maps of planes: a matrix along columns and one along rows. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eng_planes_transform:
 * @src: channels x rows x cols
 * @down: rows x rows
 * @along: cols x cols
 * @transpose: use both matrices transposed: the adjoint
 * @dst: like @src; may be @src
 *
 * dst_c = down src_c along^T for each channel (transpose: down^T src_c along).
 */
void eng_planes_transform (const float *src, int channels, int rows, int cols, const float *down, const float *along,
                           gboolean transpose, float *dst);

G_END_DECLS
