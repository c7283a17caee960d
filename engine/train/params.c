/* Parameters of every training. */
#include "training.h"

static const char *const schedules[] = { "constant", "linear", "cosine", NULL };
static const char *const targets[] = { "automatic", "label", "predicted", NULL };

const EngParam eng_training_params[] = {
  { "steps", "Steps", "", ENG_PARAM_INT, 1, 1000000, 600, NULL, "How many batches the explainer learns from.", TRUE },
  { "batch", "Batch", "pictures", ENG_PARAM_INT, 1, 1024, 32, NULL,
    "Pictures of one step. It is worked off in parts that fit the memory budget.", TRUE },
  { "learning-rate", "Learning rate", "", ENG_PARAM_FLOAT, 1e-7, 1, 2e-4, NULL,
    "Largest step size of AdamW. Lower it when the loss rises or is not a number.", TRUE },
  { "schedule", "Schedule", "", ENG_PARAM_CHOICE, 0, 2, 1, schedules,
    "The learning rate after the warm-up: constant, linearly down to 0, or along a cosine.", FALSE },
  { "warm-up", "Warm-up", "of the steps", ENG_PARAM_FLOAT, 0, 1, 0.2, NULL,
    "Share of the steps in which the learning rate climbs linearly from 0.", FALSE },
  { "weight-decay", "Weight decay", "", ENG_PARAM_FLOAT, 0, 1, 0.01, NULL, "Of AdamW; 0 makes it Adam.", FALSE },
  { "validation", "Held-out pictures", "", ENG_PARAM_INT, 1, 10000, 64, NULL,
    "Pictures that judge the explainer and never train it; at most half of all.", TRUE },
  { "validate-every", "Judge every", "steps", ENG_PARAM_INT, 1, 100000, 50, NULL,
    "How often the held-out pictures judge the explainer. The best weights are kept.", TRUE },
  { "patience", "Patience", "judgements", ENG_PARAM_INT, 0, 1000, 0, NULL,
    "Ends after so many judgements without a better one; 0: never.", FALSE },
  { "target", "Class to explain", "", ENG_PARAM_CHOICE, 0, 2, 0, targets,
    "The label's class or the predicted one; automatic takes labels where there are any.", FALSE },
  { "pictures", "Pictures", "", ENG_PARAM_INT, 0, 10000000, 10000, NULL,
    "At most so many are taken, chosen by the seed; 0: all.", TRUE },
  { NULL },
};
