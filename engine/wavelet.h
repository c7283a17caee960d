/* The two-dimensional discrete wavelet transform of a plane with Daubechies' wavelet of three vanishing moments
 * (db3), several levels deep; outside of the plane lies 0.
 *
 * Every coefficient that the plane can reach is kept (some more than it has pixels), so the transform W is an
 * isometry: the inverse is the transpose, and the gradient through the inverse is the transform itself. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _EngWavelet EngWavelet;

/* Largest depth <= @wanted at which the filter (6 taps) still fits the shorter side of a band; at least 1. */
int eng_wavelet_depth (int rows, int cols, int wanted);
/* Of planes rows x cols. One owner, one thread: it holds scratch memory. @levels: 1 or more. */
EngWavelet *eng_wavelet_new (int rows, int cols, int levels);
void eng_wavelet_free (EngWavelet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngWavelet, eng_wavelet_free)

gsize eng_wavelet_size (const EngWavelet *self); /* coefficients of one plane */
/* Bands lie one after another: the approximation, then from coarse to fine the details: high along rows, high along
 * columns, high along both. 3 * levels + 1 of them. */
int eng_wavelet_bands (const EngWavelet *self);
void eng_wavelet_band (const EngWavelet *self, int band, gsize *offset, int *rows, int *cols);

/* @plane: rows x cols -> @coefficients: eng_wavelet_size(). */
void eng_wavelet_analyse (EngWavelet *self, const float *plane, float *coefficients);
/* Inverse of the above, and its transpose. */
void eng_wavelet_synthesise (EngWavelet *self, const float *coefficients, float *plane);

G_END_DECLS
