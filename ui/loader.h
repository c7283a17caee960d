/* Background work that is not the engine's: decoding pictures, walking folders, opening models.
 * Two threads, so that a folder of slow files does not hold up the model. Main thread only. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Smaller runs first. */
enum
{
  UI_LOADER_NOW,       /* somebody waits for it */
  UI_LOADER_SOON,      /* somebody will: the next picture, the queue of Explain All */
  UI_LOADER_WHEN_IDLE, /* thumbnails */
};

/* Runs @work on a loader thread, then @done on the main context with the same @data, which @done frees. */
void ui_loader_push (int priority, void (*work) (gpointer data), void (*done) (gpointer data), gpointer data);
/* Waits for what is under way and delivers it. At quit only: afterwards nothing may be pushed. */
void ui_loader_shutdown (void);

G_END_DECLS
