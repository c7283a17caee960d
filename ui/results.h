/* The cache of finished maps on disk, for all windows: asked and filled by the loader's threads, so that a slow or
 * full disk is never felt. Its limit, and whether it is used, are preferences. Main thread only. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

#define UI_RESULTS_MEGABYTES 1000 /* unless the preferences say otherwise */

/* @done: on the main context; @map is NULL when there is none (and owned by the caller of @done). */
void ui_results_find (const char *key, void (*done) (const char *key, EngHeatmap *map, gpointer data), gpointer data);
/* @failed: (nullable): on the main context, the first time in this run that a map cannot be kept. @data is given to
 * @destroy in any case. */
void ui_results_insert (const char *key, EngHeatmap *map, void (*failed) (const char *message, gpointer data),
                        gpointer data, GDestroyNotify destroy);
/* Bytes on disk, counted in the background. */
void ui_results_size (void (*done) (guint64 bytes, gpointer data), gpointer data);
void ui_results_clear (void (*done) (guint64 bytes, gpointer data), gpointer data);
void ui_results_set_limit (guint megabytes);
/* FALSE: nothing more is written or looked for; what is there stays. */
void ui_results_set_keeps (gboolean keeps);

G_END_DECLS
