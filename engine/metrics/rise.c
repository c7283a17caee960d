/* Deletion and insertion of RISE (Petsiuk, Das and Saenko, BMVC 2018) as their released evaluation computes them. */
#include "protocol-private.h"

#define STEPS                                                                                                        \
  "one row's width of pixels per step, until all are, the most relevant first; among equal values the pixel that "   \
  "comes first in the picture goes first. The softmax probability of the class is read before the first and after "  \
  "each step. The value is the area by the trapezoid rule: the sum of the scores without half of both ends, "        \
  "divided "                                                                                                         \
  "by the number of steps."
#define PAPER "Petsiuk, Das and Saenko, RISE, BMVC 2018; released evaluation"

const EngProtocol eng_protocols_rise[] = {
  { .id = "rise-deletion",
    .name = "Deletion",
    .group = "RISE",
    .definition = "Pixels of the model's input are set to 0 in model space (after normalisation), " STEPS,
    .reference = PAPER,
    .unit = "0 to 1",
    .maximum = 1,
    .direction = ENG_LOWER_IS_BETTER,
    .x_label = "share of pixels removed",
    .y_label = "softmax probability",
    .scale = 1,
    .curve =
        &(const EngProtocolCurve){ ENG_ORDER_MOST_FIRST, ENG_MASK_REMOVE, ENG_FILL_ZERO, ENG_CURVE_PROBABILITY } },
  { .id = "rise-insertion",
    .name = "Insertion",
    .group = "RISE",
    .definition =
        "The normalised picture is blurred (11 × 11 Gaussian of sigma 5 with its tails folded into the box, "
        "zeros around the picture) and its pixels are brought back, " STEPS,
    .reference = PAPER,
    .unit = "0 to 1",
    .maximum = 1,
    .direction = ENG_HIGHER_IS_BETTER,
    .x_label = "share of pixels inserted",
    .y_label = "softmax probability",
    .scale = 1,
    .curve =
        &(const EngProtocolCurve){ ENG_ORDER_MOST_FIRST, ENG_MASK_KEEP, ENG_FILL_RISE_BLUR, ENG_CURVE_PROBABILITY } },
  { 0 }
};
