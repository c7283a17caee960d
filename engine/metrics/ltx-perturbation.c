/* POS, NEG, DEL and INS of the LTX evaluation (Barkan et al., ICDM 2023; POS and NEG are those of Chefer, Gur and
 * Wolf, CVPR 2021). The same numbers as perturbation.h, which LTX steers by, but with all points and through the
 * subject, so that POS and DEL, NEG and INS share their passes. */
#include "protocol-private.h"

#define STEPS                                                                                                        \
  "set to black (0 in [0, 1] RGB, before normalisation) in nine steps of 10 % of the model's input pixels, "         \
  "rounded down, up to 90 %. Among equal values the pixel that comes first in the picture goes first. "
#define ACCURACY                                                                                                     \
  "Before the first and after each step 1 is scored when the class is the model's first choice, else 0. "
#define PROBABILITY "Before the first and after each step the softmax probability of the class is read. "
#define AREA "The value is 100 times the trapezoid area over 0 to 0.9, so at most 90."
#define MOST "The most relevant pixels are "
#define LEAST "The map is negated, so that the least relevant pixels come first; they are "
#define PAPER "Barkan et al., Learning to Explain, ICDM 2023; released evaluation"

#define ROW(id_, name_, first_, score_, order_, curve_score_, direction_, y_)                                        \
  {                                                                                                                  \
    .id = id_, .name = name_, .group = "LTX paper", .definition = first_ STEPS score_ AREA, .reference = PAPER,      \
    .unit = "0 to 90", .maximum = 90, .direction = direction_, .x_label = "share of pixels removed", .y_label = y_,  \
    .scale = 100, .curve = &(const EngProtocolCurve)                                                                 \
    {                                                                                                                \
      order_, ENG_MASK_REMOVE, ENG_FILL_BLACK, curve_score_, 0, 9, FALSE                                             \
    }                                                                                                                \
  }

const EngProtocol eng_protocols_ltx[] = {
  ROW ("ltx-pos", "POS", MOST, ACCURACY, ENG_ORDER_MOST_FIRST, ENG_CURVE_ACCURACY, ENG_LOWER_IS_BETTER,
       "class is first choice"),
  ROW ("ltx-neg", "NEG", LEAST, ACCURACY, ENG_ORDER_LEAST_FIRST, ENG_CURVE_ACCURACY, ENG_HIGHER_IS_BETTER,
       "class is first choice"),
  ROW ("ltx-del", "DEL", MOST, PROBABILITY, ENG_ORDER_MOST_FIRST, ENG_CURVE_PROBABILITY, ENG_LOWER_IS_BETTER,
       "softmax probability"),
  ROW ("ltx-ins", "INS", LEAST, PROBABILITY "Nothing is inserted into an empty picture here, unlike RISE insertion. ",
       ENG_ORDER_LEAST_FIRST, ENG_CURVE_PROBABILITY, ENG_HIGHER_IS_BETTER, "softmax probability"),
  { 0 }
};
