/* See baseline.h. */
#include "baseline.h"

#include "blur.h"
#include "random.h"

#include <string.h>

const char *const eng_baseline_choices[] = { "zero", "black", "mean", "blur", "noise", NULL };

static void
fill_mean (const float *input, int channels, gsize plane, float *out)
{
  for (int c = 0; c < channels; c++)
    {
      double sum = 0;
      for (gsize i = 0; i < plane; i++)
        sum += input[c * plane + i];
      for (gsize i = 0; i < plane; i++)
        out[c * plane + i] = (float)(sum / (double)plane);
    }
}

void
eng_baseline_make (const EngPreprocess *p, const float *input, EngBaseline baseline, guint64 seed, guint32 stream,
                   float *out)
{
  gsize plane = (gsize)p->width * p->height, n = plane * (gsize)p->channels;
  g_autofree float *pixels = g_new0 (float, 3 * plane);
  switch (baseline)
    {
    case ENG_BASELINE_ZERO:
      memset (out, 0, sizeof *out * n);
      break;
    case ENG_BASELINE_BLACK:
      eng_preprocess_normalise (p, pixels, out);
      break;
    case ENG_BASELINE_MEAN:
      fill_mean (input, p->channels, plane, out);
      break;
    case ENG_BASELINE_BLUR:
      eng_gaussian_blur (input, p->channels, p->height, p->width, MIN (p->width, p->height) / 20.0, -1,
                         ENG_EDGE_CLAMP, out);
      break;
    case ENG_BASELINE_NOISE:
      {
        /* Apart from the streams that a method draws its own samples from. */
        g_autoptr (GRand) random = eng_random_new (seed, 0x80000000u + stream);
        for (gsize i = 0; i < 3 * plane; i++)
          pixels[i] = (float)g_rand_double (random);
        eng_preprocess_normalise (p, pixels, out);
      }
      break;
    }
}

void
eng_baseline_fill (EngJob *job, EngBaseline baseline, guint32 stream, float *out)
{
  eng_baseline_make (eng_model_preprocess (eng_job_model (job)), eng_job_input (job), baseline, eng_job_seed (job),
                     stream, out);
}
