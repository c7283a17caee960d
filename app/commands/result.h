/* The four files of an explanation. */
#pragma once

#include "app/commands/profile.h"
#include "engine/job.h"

G_BEGIN_DECLS

/* Makes the folder when it is missing and checks that it can be written to. */
gboolean app_result_prepare_folder (const char *folder, GError **error);

/* File names without folder and last suffix, made distinct by "-2", "-3" ...
 * (transfer full): @n strings and NULL */
char **app_result_stems (char **paths, guint n);

/**
 * app_result_write:
 * @job: done
 * @map: its result, or what was chosen from it
 * @name: "STEM.METHOD"
 * @profile: (nullable): of the job, for the record
 *
 * Writes FOLDER/NAME.{npy,input.npy,png,json}, each whole or not at all; when one cannot be
 * written, those written before it by this call are taken away again.
 */
gboolean app_result_write (EngJob *job, EngHeatmap *map, const char *folder, const char *name,
                           const AppProfile *profile, GError **error);

G_END_DECLS
