/* Private to engine/: what the engine thread needs of jobs. */
#pragma once

#include "job.h"

void eng_job_cancel_all (void); /* every job that was started and has not finished */
