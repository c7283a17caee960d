/* Many changes of an object, on whatever thread, become one signal on the main thread. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* A part of the object that it is about. */
typedef struct
{
  gpointer object;
  guint signal; /* without arguments */
  int pending;  /* atomic */
} EngNotice;

void eng_notice_init (EngNotice *self, gpointer object, guint signal);
/* After the change, without the lock that guards it. @here: at once, on this thread. */
void eng_notice_give (EngNotice *self, gboolean here);

G_END_DECLS
