/* See wavelet.h. Daubechies, Ten Lectures on Wavelets, 1992, section 6.4: the six taps in closed form; the high
 * pass is g_i = (-1)^i h_(5-i). One level takes n values to floor ((n + 5) / 2) of each kind,
 *
 *   low_k = sum_i h_i x_(2k - 4 + i),   high_k = sum_i g_i x_(2k - 4 + i),
 *
 * first along rows, then along columns, and the next level the quarter that is low in both. */
#include "wavelet.h"

#include <math.h>
#include <string.h>

enum
{
  TAPS = 6,
  BEFORE = TAPS - 2, /* zeros that a padded row has before its first value */
  AFTER = TAPS - 1
};

typedef struct
{
  int rows, cols;           /* that the level starts from */
  int half_rows, half_cols; /* of its bands */
  gsize details;            /* offset of its first detail band */
} Level;

struct _EngWavelet
{
  int levels;
  Level *level; /* the finest first */
  gsize size;
  float low[TAPS], high[TAPS];
  float *row;           /* one padded row */
  float *across;        /* rows x (low | high) of one level */
  float *approximation; /* what the next level starts from */
};

int
eng_wavelet_depth (int rows, int cols, int wanted)
{
  int depth = 0;
  for (int side = MIN (rows, cols); side >= 2 * (TAPS - 1) && depth < wanted; side /= 2)
    depth++;
  return MAX (depth, 1);
}

static int
half_of (int n)
{
  return (n + TAPS - 1) / 2;
}

EngWavelet *
eng_wavelet_new (int rows, int cols, int levels)
{
  EngWavelet *self = g_new0 (EngWavelet, 1);
  const double s = sqrt (10), t = sqrt (5 + 2 * s), unit = 1 / (16 * G_SQRT2);
  const double h[TAPS] = {
    1 + s + t, 5 + s + 3 * t, 10 - 2 * s + 2 * t, 10 - 2 * s - 2 * t, 5 + s - 3 * t, 1 + s - t
  };
  for (int i = 0; i < TAPS; i++)
    {
      self->low[i] = (float)(h[i] * unit);
      self->high[i] = (float)((i % 2 ? -1 : 1) * h[TAPS - 1 - i] * unit);
    }
  self->levels = levels;
  self->level = g_new0 (Level, levels);
  gsize width = 0, across = 0, band = 0; /* of the largest level: bands of a few pixels are larger than the plane */
  for (int l = 0; l < levels; l++)
    {
      self->level[l] = (Level){ rows, cols, half_of (rows), half_of (cols), 0 };
      width = MAX (width, (gsize)cols);
      across = MAX (across, (gsize)rows * 2 * half_of (cols));
      rows = half_of (rows);
      cols = half_of (cols);
      band = MAX (band, (gsize)rows * cols);
    }
  self->size = (gsize)rows * cols;
  for (int l = levels - 1; l >= 0; l--)
    {
      self->level[l].details = self->size;
      self->size += 3 * (gsize)self->level[l].half_rows * self->level[l].half_cols;
    }
  self->row = g_new (float, width + BEFORE + AFTER);
  self->across = g_new (float, across);
  self->approximation = g_new (float, band);
  return self;
}

void
eng_wavelet_free (EngWavelet *self)
{
  if (!self)
    return;
  g_free (self->level);
  g_free (self->row);
  g_free (self->across);
  g_free (self->approximation);
  g_free (self);
}

gsize
eng_wavelet_size (const EngWavelet *self)
{
  return self->size;
}

int
eng_wavelet_bands (const EngWavelet *self)
{
  return 3 * self->levels + 1;
}

void
eng_wavelet_band (const EngWavelet *self, int band, gsize *offset, int *rows, int *cols)
{
  const Level *l = &self->level[self->levels - 1 - (band ? (band - 1) / 3 : 0)];
  *rows = l->half_rows;
  *cols = l->half_cols;
  *offset = band ? l->details + (gsize)((band - 1) % 3) * l->half_rows * l->half_cols : 0;
}

/* Where the two halves of row @k (low or high along columns) of level @l lie: along rows low, high. */
static void
find_rows (const Level *l, gboolean high, int k, float *low_low, float *coefficients, float *out[2])
{
  gsize band = (gsize)l->half_rows * l->half_cols, at = (gsize)k * l->half_cols;
  float *details = coefficients + l->details;
  out[0] = (high ? details + band : low_low) + at;
  out[1] = (high ? details + 2 * band : details) + at;
}

static void
analyse_rows (EngWavelet *self, const Level *l, const float *src)
{
  const float *h = self->low, *g = self->high;
  memset (self->row, 0, sizeof (float) * (l->cols + BEFORE + AFTER));
  for (int r = 0; r < l->rows; r++)
    {
      float *restrict low = self->across + (gsize)r * 2 * l->half_cols, *restrict high = low + l->half_cols;
      memcpy (self->row + BEFORE, src + (gsize)r * l->cols, sizeof (float) * l->cols);
      for (int k = 0; k < l->half_cols; k++)
        {
          const float *x = self->row + 2 * k;
          low[k] = h[0] * x[0] + h[1] * x[1] + h[2] * x[2] + h[3] * x[3] + h[4] * x[4] + h[5] * x[5];
          high[k] = g[0] * x[0] + g[1] * x[1] + g[2] * x[2] + g[3] * x[3] + g[4] * x[4] + g[5] * x[5];
        }
    }
}

static void
analyse_columns (EngWavelet *self, const Level *l, float *low_low, float *coefficients)
{
  for (int high = 0; high < 2; high++)
    for (int k = 0; k < l->half_rows; k++)
      {
        float *out[2];
        find_rows (l, high, k, low_low, coefficients, out);
        for (int half = 0; half < 2; half++)
          {
            float *restrict y = out[half];
            memset (y, 0, sizeof (float) * l->half_cols);
            for (int i = 0; i < TAPS; i++)
              {
                int r = 2 * k - BEFORE + i;
                if (r < 0 || r >= l->rows)
                  continue;
                const float *restrict x = self->across + ((gsize)r * 2 + half) * l->half_cols;
                float tap = high ? self->high[i] : self->low[i];
                for (int c = 0; c < l->half_cols; c++)
                  y[c] += tap * x[c];
              }
          }
      }
}

void
eng_wavelet_analyse (EngWavelet *self, const float *plane, float *coefficients)
{
  for (int i = 0; i < self->levels; i++)
    {
      const Level *l = &self->level[i];
      analyse_rows (self, l, i ? self->approximation : plane);
      analyse_columns (self, l, i + 1 < self->levels ? self->approximation : coefficients, coefficients);
    }
}

static void
synthesise_columns (EngWavelet *self, const Level *l, const float *low_low, const float *coefficients)
{
  memset (self->across, 0, sizeof (float) * l->rows * 2 * l->half_cols);
  for (int high = 0; high < 2; high++)
    for (int k = 0; k < l->half_rows; k++)
      {
        float *in[2];
        find_rows (l, high, k, (float *)low_low, (float *)coefficients, in);
        for (int half = 0; half < 2; half++)
          for (int i = 0; i < TAPS; i++)
            {
              int r = 2 * k - BEFORE + i;
              if (r < 0 || r >= l->rows)
                continue;
              float *restrict x = self->across + ((gsize)r * 2 + half) * l->half_cols;
              const float *restrict y = in[half];
              float tap = high ? self->high[i] : self->low[i];
              for (int c = 0; c < l->half_cols; c++)
                x[c] += tap * y[c];
            }
      }
}

static void
synthesise_rows (EngWavelet *self, const Level *l, float *dst)
{
  const float *h = self->low, *g = self->high;
  for (int r = 0; r < l->rows; r++)
    {
      const float *low = self->across + (gsize)r * 2 * l->half_cols, *high = low + l->half_cols;
      memset (self->row, 0, sizeof (float) * (l->cols + BEFORE + AFTER));
      for (int k = 0; k < l->half_cols; k++)
        for (int i = 0; i < TAPS; i++)
          self->row[2 * k + i] += h[i] * low[k] + g[i] * high[k];
      memcpy (dst + (gsize)r * l->cols, self->row + BEFORE, sizeof (float) * l->cols);
    }
}

void
eng_wavelet_synthesise (EngWavelet *self, const float *coefficients, float *plane)
{
  for (int i = self->levels - 1; i >= 0; i--)
    {
      const Level *l = &self->level[i];
      synthesise_columns (self, l, i + 1 < self->levels ? self->approximation : coefficients, coefficients);
      synthesise_rows (self, l, i ? self->approximation : plane);
    }
}
