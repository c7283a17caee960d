/* See moments.h. Sums are kept in double, in the order of the maps. */
#include "moments.h"

#include "metrics/rank-correlation.h"

#include <math.h>
#include <string.h>

const char *const eng_moment_choices[] = { "mean", "squared", "variance", NULL };

struct _EngMoments
{
  gsize n;
  int count;
  double *half[2]; /* even and odd maps */
  double *squares;
};

EngMoments *
eng_moments_new (gsize n)
{
  EngMoments *self = g_new0 (EngMoments, 1);
  self->n = n;
  self->half[0] = g_new0 (double, n);
  self->half[1] = g_new0 (double, n);
  self->squares = g_new0 (double, n);
  return self;
}

void
eng_moments_free (EngMoments *self)
{
  if (!self)
    return;
  g_free (self->half[0]);
  g_free (self->half[1]);
  g_free (self->squares);
  g_free (self);
}

void
eng_moments_add (EngMoments *self, const float *map, double weight)
{
  double *sum = self->half[self->count++ % 2];
  for (gsize i = 0; i < self->n; i++)
    {
      double v = weight * map[i];
      sum[i] += v;
      self->squares[i] += v * v;
    }
}

void
eng_moments_save (const EngMoments *self, double *out)
{
  memcpy (out, self->half[0], sizeof *out * self->n);
  memcpy (out + self->n, self->half[1], sizeof *out * self->n);
  memcpy (out + 2 * self->n, self->squares, sizeof *out * self->n);
}

void
eng_moments_load (EngMoments *self, const double *in, int count)
{
  memcpy (self->half[0], in, sizeof *in * self->n);
  memcpy (self->half[1], in + self->n, sizeof *in * self->n);
  memcpy (self->squares, in + 2 * self->n, sizeof *in * self->n);
  self->count = count;
}

int
eng_moments_count (const EngMoments *self)
{
  return self->count;
}

void
eng_moments_read (const EngMoments *self, EngMoment kind, float *out)
{
  double count = MAX (self->count, 1);
  for (gsize i = 0; i < self->n; i++)
    {
      double mean = (self->half[0][i] + self->half[1][i]) / count, square = self->squares[i] / count;
      out[i] = (float)(kind == ENG_MOMENT_MEAN      ? mean
                       : kind == ENG_MOMENT_SQUARED ? square
                                                    : MAX (square - mean * mean, 0));
    }
}

double
eng_moments_agreement (const EngMoments *self)
{
  if (self->count < 4)
    return NAN;
  g_autofree float *a = g_new (float, self->n), *b = g_new (float, self->n);
  for (gsize i = 0; i < self->n; i++)
    {
      a[i] = (float)self->half[0][i]; /* ranks know no scale */
      b[i] = (float)self->half[1][i];
    }
  return eng_rank_correlation (a, b, (int)self->n);
}
