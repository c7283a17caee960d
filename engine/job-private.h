/* Private to engine/: what the engine thread, probes and combinations need of jobs. */
#pragma once

#include "job.h"

void eng_job_cancel_all (void);                               /* every job that was started and has not finished */
gboolean eng_job_is_cancelled (EngJob *self, GError **error); /* TRUE with ENG_ERROR_CANCELLED */
int eng_job_n_layers (EngJob *self);                          /* at least 1 */
/* The method is about to run on @input (borrowed; NULL: the picture) and layer number @layer, as one of @parts. */
void eng_job_begin_part (EngJob *self, const float *input, int layer, guint part, guint parts);
