/* One line on stderr while a job runs, when stderr is a terminal; nothing otherwise. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

/* Shows @job's progress until app_progress_end(). @label: "2/5 chelsea.png". */
void app_progress_begin (EngJob *job, const char *label);
/* @text alone, when stderr is a terminal; NULL: clears the line. */
void app_progress_say (const char *text);
/* Clears the line. */
void app_progress_end (EngJob *job);
/* The same for a check. */
void app_progress_begin_check (EngCheck *check, const char *label);
void app_progress_end_check (EngCheck *check);
/* The same for a training. */
void app_progress_begin_training (EngTraining *training, const char *label);
void app_progress_end_training (EngTraining *training);
/* Runs @job under that line; Ctrl+C ends it. FALSE with an error that names the picture. */
gboolean app_progress_run (EngJob *job, const char *label, GError **error);

G_END_DECLS
