/* Private to engine/: what the end of the program needs of trainings. */
#pragma once

#include "training.h"

void eng_training_cancel_all (void); /* every training that was started and is not over */
