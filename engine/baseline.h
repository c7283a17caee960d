/* What a removed part of a picture is replaced with, in the network's input space. */
#pragma once

#include "job.h"

G_BEGIN_DECLS

typedef enum
{
  ENG_BASELINE_ZERO,  /* 0 in model space: the training set's mean colour when the model normalises by it */
  ENG_BASELINE_BLACK, /* pixel value 0, normalised */
  ENG_BASELINE_MEAN,  /* the picture's own mean colour */
  ENG_BASELINE_BLUR,  /* the picture, Gaussian blur, sigma = a twentieth of its shorter side, clamped edges */
  ENG_BASELINE_NOISE  /* uniform random pixels, normalised; depends on the job's seed */
} EngBaseline;

/* For a parameter "baseline" of type ENG_PARAM_CHOICE; the index is the EngBaseline. */
extern const char *const eng_baseline_choices[];
#define ENG_BASELINE_LAST ENG_BASELINE_NOISE /* maximum of such a parameter */
/* That parameter's row, for methods that compare the picture as a whole with it. */
#define ENG_BASELINE_PARAM                                                                                           \
  {                                                                                                                  \
    .id = "baseline", .label = "Baseline", .unit = "", .type = ENG_PARAM_CHOICE, .maximum = ENG_BASELINE_LAST,       \
    .otherwise = ENG_BASELINE_ZERO, .choices = eng_baseline_choices,                                                 \
    .help = "What the picture is compared with: zero in model space, black, its mean colour, a blurred copy, or "    \
            "noise.",                                                                                                \
  }

/* @input: the picture, C x H x W. @stream: which of many noises. @out: C x H x W. Any thread. */
void eng_baseline_make (const EngPreprocess *preprocess, const float *input, EngBaseline baseline, guint64 seed,
                        guint32 stream, float *out);
/* The same for a job's picture and seed. */
void eng_baseline_fill (EngJob *job, EngBaseline baseline, guint32 stream, float *out);

G_END_DECLS
