/* See dct.h. C_kn = a_k cos (pi (2n + 1) k / 2N), a_0 = sqrt (1/N), a_k = sqrt (2/N): X = C_rows x C_cols^T. */
#include "dct.h"

#include "planes.h"

#include <math.h>

struct _EngDct
{
  int rows, cols;
  float *down, *along; /* rows x rows, cols x cols */
};

/* (transfer full) */
static float *
matrix_of (int n)
{
  float *m = g_new (float, (gsize)n *n);
  for (int k = 0; k < n; k++)
    for (int i = 0; i < n; i++)
      m[(gsize)k * n + i] = (float)(sqrt ((k ? 2.0 : 1.0) / n) * cos (G_PI * (2 * i + 1) * k / (2.0 * n)));
  return m;
}

EngDct *
eng_dct_new (int rows, int cols)
{
  EngDct *self = g_new0 (EngDct, 1);
  self->rows = rows;
  self->cols = cols;
  self->down = matrix_of (rows);
  self->along = matrix_of (cols);
  return self;
}

void
eng_dct_free (EngDct *self)
{
  if (!self)
    return;
  g_free (self->down);
  g_free (self->along);
  g_free (self);
}

void
eng_dct_forward (const EngDct *self, int channels, float *planes)
{
  eng_planes_transform (planes, channels, self->rows, self->cols, self->down, self->along, FALSE, planes);
}

void
eng_dct_inverse (const EngDct *self, int channels, float *planes)
{
  eng_planes_transform (planes, channels, self->rows, self->cols, self->down, self->along, TRUE, planes);
}
