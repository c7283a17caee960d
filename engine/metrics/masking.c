/* The table of fills. What they hold is made in subject.c. */
#include "masking.h"

static const EngFillInfo fills[ENG_N_FILLS] = {
  [ENG_FILL_ZERO] = { "zero", "Zero in model space",
                      "0 after normalisation: the mean colour of the training set where the model subtracts it" },
  [ENG_FILL_BLACK] = { "black", "Black", "RGB (0, 0, 0) in the picture, then normalised" },
  [ENG_FILL_MEAN] = { "mean", "Mean colour", "the mean colour of this picture" },
  [ENG_FILL_BLUR] = { "blur", "Blur",
                      "the picture under a Gaussian blur, sigma = a twentieth of the shorter side, edges clamped" },
  [ENG_FILL_NOISE] = { "noise", "Noise", "uniform random RGB pixels", .seeded = TRUE },
  [ENG_FILL_RISE_BLUR] = { "rise-blur", "Blur of RISE",
                           "the normalised picture under an 11 × 11 Gaussian of sigma 5 whose tails are folded into "
                           "the box, zero outside the picture" },
  [ENG_FILL_IMPUTED] = { "imputed", "Imputed (ROAD)",
                         "each pixel the weighted mean of its eight neighbours (1/6 beside, 1/12 diagonal), solved "
                         "for all at once, plus normal noise of deviation 0.01 in model space",
                         .seeded = TRUE, .per_mask = TRUE },
};

const EngFillInfo *
eng_fill_info (EngFill fill)
{
  return &fills[fill];
}

int
eng_fill_find (const char *id)
{
  for (int i = 0; i < ENG_N_FILLS; i++)
    if (g_str_equal (fills[i].id, id))
      return i;
  return -1;
}

gboolean
eng_masking_equal (const EngMasking *a, const EngMasking *b)
{
  return a->mode == b->mode && a->fill == b->fill && (!fills[a->fill].seeded || a->seed == b->seed);
}
