/* The two-dimensional discrete cosine transform (type II) of planes, as two matrix products. Orthonormal: the
 * inverse is the transpose. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _EngDct EngDct;

EngDct *eng_dct_new (int rows, int cols);
void eng_dct_free (EngDct *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngDct, eng_dct_free)
/* @planes: channels x rows x cols, in place. */
void eng_dct_forward (const EngDct *self, int channels, float *planes);
void eng_dct_inverse (const EngDct *self, int channels, float *planes);

G_END_DECLS
