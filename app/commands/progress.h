/* One line on stderr while a job runs, when stderr is a terminal; nothing otherwise. */
#pragma once

#include "engine/job.h"

G_BEGIN_DECLS

/* Shows @job's progress until app_progress_end(). @label: "2/5 chelsea.png". */
void app_progress_begin (EngJob *job, const char *label);
/* Clears the line. */
void app_progress_end (EngJob *job);

G_END_DECLS
