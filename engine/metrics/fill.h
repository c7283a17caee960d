/* Private to engine/metrics/: the pictures that fills hold, and ROAD's imputation. */
#pragma once

#include "masking.h"
#include "../preprocess.h"

#define ENG_IMPUTED_NOISE 0.01 /* deviation in model space: Rong et al. 2022, released code */

/* @input: C x H x W. @out: C x H x W: what replaces a pixel. For ENG_FILL_IMPUTED: the noise alone. */
void eng_fill_make (const EngPreprocess *preprocess, const float *input, EngFill fill, guint64 seed, float *out);
/**
 * eng_impute:
 * @input: channels x rows x cols
 * @missing: rows x cols flags
 * @out: like @input: missing pixels solved for, without noise; the others copied
 *
 * With nothing left to go by, the mean of each channel. Relative residual 1e-5.
 */
void eng_impute (const float *input, const guint8 *missing, int channels, int rows, int cols, float *out);
/* @input: C x H x W, model space -> 8-bit RGB, H x W x 3, clipped. */
void eng_fill_show (const EngPreprocess *preprocess, const float *input, guint8 *rgb);
