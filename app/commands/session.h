/* The maps of a session made again: for a figure, for a reader of a paper, on another machine. */
#pragma once

#include "app/commands/command.h"

G_BEGIN_DECLS

/**
 * app_session_explain:
 * @path: a .sightline file
 * @all_maps: those that it holds of other pictures and classes, too; else those on screen when it was saved
 *
 * Writes each map's files to @folder and one line to stdout that compares it with the session's own. What is missing
 * or changed is named with what to do, the rest is done.
 * Returns: APP_FAILED also when a map differs by more than rounding.
 */
AppStatus app_session_explain (const char *path, const char *folder, gboolean all_maps);

G_END_DECLS
