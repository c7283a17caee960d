/* The parameters of Resize and Upsample: how positions of the output are found in the input, and with which
 * weights input positions count. */
#pragma once

#include "../op.h"

#define ENG_INTERPOLATION_LONGEST (1 << 17) /* of a resized axis, before and after: weights are tabulated */

typedef struct _EngInterpolation EngInterpolation;

/* What one axis is resized by. */
typedef struct
{
  int64_t in, out;
  double scale; /* as given, or out / in */
  double roi_start, roi_end;
  double length; /* of the output before it was rounded down: in * scale */
  const EngInterpolation *method;
} EngSpan;

struct _EngInterpolation
{
  double (*coordinate) (const EngSpan *s, int64_t i); /* output position to input coordinate */
  int64_t (*nearest) (const EngSpan *s, double x);
  int taps; /* 1: nearest, 2: linear, 4: cubic */
  double a; /* cubic_coeff_a */
  gboolean exclude_outside, antialias;
  gboolean crop; /* coordinates outside the image give the extrapolation value */
};

gboolean eng_interpolation_read (const EngNode *node, EngInterpolation *self, GError **error);
/* One span for each dimension of input 0. @inputs: positions of roi, scales and sizes among the inputs, -1
 * where the operator has none; without an input for scales they are an attribute. */
gboolean eng_interpolation_spans (const EngNode *node, const int *inputs, const EngInterpolation *self,
                                  EngSpan *spans, GError **error);
/* Appends to @at (int64_t) and @weight (float) what an output element at input coordinate @x is made of. */
void eng_interpolation_taps (const EngSpan *s, double x, GArray *at, GArray *weight);
