/* What has been started on the engine thread and is not over, so that the end of the program can cancel all of it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One per type, static: all zeros is empty. */
typedef struct
{
  GMutex lock;
  GPtrArray *objects; /* borrowed: what is started holds itself */
  gboolean closing;   /* nothing may be pushed any more */
} EngLive;

void eng_live_add (EngLive *self, gpointer object);
/* @object has ended a task. FALSE: it is @over, or the program ends; then it is forgotten. */
gboolean eng_live_goes_on (EngLive *self, gpointer object, gboolean over);
/* It was added, has not been forgotten, and the program does not end. */
gboolean eng_live_has (EngLive *self, gpointer object);
/* The program ends: calls @cancel, with the lock held, for each. */
void eng_live_close (EngLive *self, void (*cancel) (gpointer object));

G_END_DECLS
