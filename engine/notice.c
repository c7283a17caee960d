/* See notice.h. */
#include "notice.h"

void
eng_notice_init (EngNotice *self, gpointer object, guint signal)
{
  *self = (EngNotice){ object, signal, FALSE };
}

/* What changes from here on is another notice's. */
static gboolean
emit (gpointer data)
{
  EngNotice *self = data;
  g_atomic_int_set (&self->pending, FALSE);
  g_signal_emit (self->object, self->signal, 0);
  return G_SOURCE_REMOVE;
}

static void
let_go (gpointer data)
{
  g_object_unref (((EngNotice *)data)->object);
}

void
eng_notice_give (EngNotice *self, gboolean here)
{
  if (here)
    g_signal_emit (self->object, self->signal, 0);
  else if (g_atomic_int_compare_and_exchange (&self->pending, FALSE, TRUE))
    {
      g_object_ref (self->object);
      g_idle_add_full (G_PRIORITY_DEFAULT, emit, self, let_go);
    }
}
