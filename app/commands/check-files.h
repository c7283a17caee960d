/* The files of a check: numbers as JSON, maps as NumPy arrays. */
#pragma once

#include "app/commands/command.h"

G_BEGIN_DECLS

/**
 * app_check_write:
 * @result: finished
 *
 * Writes FOLDER/STEM.METHOD.stability.{json,mean.npy,spread.npy} or FOLDER/STEM.METHOD.sanity.{json,npy}, each whole
 * or not at all; when one cannot be written, those written before it by this call are taken away again.
 */
gboolean app_check_write (const EngCheckResult *result, const char *folder, const char *stem, GError **error);

G_END_DECLS
