/* Fills. The blur of RISE (Petsiuk, Das and Saenko, BMVC 2018; released evaluation): their kernel is a Gaussian of
 * sigma 5 and radius 20 drawn into an 11 x 11 box with mirrored borders, so that the mass outside folds back and the
 * kernel is nearly flat; it is laid over the normalised picture with zeros around. */
#include "fill.h"

#include "../baseline.h"
#include "../random.h"

#include <math.h>
#include <string.h>

#define RISE_SIZE 11
#define RISE_SIGMA 5.0
#define RISE_RADIUS 20

/* One dimension of the kernel; the other is the same. */
static void
rise_kernel (double kernel[RISE_SIZE])
{
  double sum = 0;
  memset (kernel, 0, sizeof (double[RISE_SIZE]));
  for (int t = -RISE_RADIUS; t <= RISE_RADIUS; t++)
    sum += exp (-0.5 * t * t / (RISE_SIGMA * RISE_SIGMA));
  for (int i = 0; i < RISE_SIZE; i++)
    for (int t = -RISE_RADIUS; t <= RISE_RADIUS; t++)
      {
        int at = ((i + t) % (2 * RISE_SIZE) + 2 * RISE_SIZE) % (2 * RISE_SIZE);
        if (at >= RISE_SIZE)
          at = 2 * RISE_SIZE - 1 - at; /* d c b a | a b c d | d c b a */
        if (at == RISE_SIZE / 2)
          kernel[i] += exp (-0.5 * t * t / (RISE_SIGMA * RISE_SIGMA)) / sum;
      }
}

/* One direction: @n pixels that lie @step apart, @lines lines that lie @next apart. */
static void
blur_lines (const float *src, float *dst, int n, int step, int lines, int next, const double *kernel)
{
  for (int l = 0; l < lines; l++)
    for (int i = 0; i < n; i++)
      {
        double sum = 0;
        for (int t = 0; t < RISE_SIZE; t++)
          {
            int at = i + t - RISE_SIZE / 2;
            if (at >= 0 && at < n)
              sum += kernel[t] * src[l * next + at * step];
          }
        dst[l * next + i * step] = (float)sum;
      }
}

static void
rise_blur (const EngPreprocess *p, const float *input, float *out)
{
  double kernel[RISE_SIZE];
  gsize plane = (gsize)p->width * p->height;
  g_autofree float *half = g_new (float, plane);
  rise_kernel (kernel);
  for (int c = 0; c < p->channels; c++)
    {
      blur_lines (input + c * plane, half, p->width, 1, p->height, p->width, kernel);
      blur_lines (half, out + c * plane, p->height, p->width, p->width, 1, kernel);
    }
}

void
eng_fill_make (const EngPreprocess *p, const float *input, EngFill fill, guint64 seed, float *out)
{
  if (fill == ENG_FILL_RISE_BLUR)
    rise_blur (p, input, out);
  else if (fill == ENG_FILL_IMPUTED)
    {
      g_autoptr (GRand) random = eng_random_new (seed, 0);
      eng_random_fill_normal (random, out, (gsize)p->channels * p->width * p->height, 0, ENG_IMPUTED_NOISE);
    }
  else
    eng_baseline_make (p, input, (EngBaseline)fill, seed, 0, out);
}

void
eng_fill_show (const EngPreprocess *p, const float *input, guint8 *rgb)
{
  gsize plane = (gsize)p->width * p->height;
  double range = p->range_255 ? 1 : 255;
  for (int c = 0; c < 3; c++)
    {
      int from = p->channels == 1 ? 0 : p->bgr ? 2 - c : c;
      for (gsize i = 0; i < plane; i++)
        {
          double v = (input[from * plane + i] * p->std[from] + p->mean[from]) * range;
          rgb[3 * i + c] = (guint8)lrint (CLAMP (v, 0, 255));
        }
    }
}
