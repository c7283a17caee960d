/* See live.h. */
#include "live.h"

void
eng_live_add (EngLive *self, gpointer object)
{
  g_mutex_lock (&self->lock);
  if (!self->objects)
    self->objects = g_ptr_array_new ();
  g_ptr_array_add (self->objects, object);
  g_mutex_unlock (&self->lock);
}

gboolean
eng_live_goes_on (EngLive *self, gpointer object, gboolean over)
{
  g_mutex_lock (&self->lock);
  gboolean goes_on = !over && !self->closing;
  if (!goes_on)
    g_ptr_array_remove_fast (self->objects, object);
  g_mutex_unlock (&self->lock);
  return goes_on;
}

gboolean
eng_live_has (EngLive *self, gpointer object)
{
  g_mutex_lock (&self->lock);
  gboolean has = !self->closing && self->objects && g_ptr_array_find (self->objects, object, NULL);
  g_mutex_unlock (&self->lock);
  return has;
}

void
eng_live_close (EngLive *self, void (*cancel) (gpointer object))
{
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  for (guint i = 0; self->objects && i < self->objects->len; i++)
    cancel (self->objects->pdata[i]);
  g_mutex_unlock (&self->lock);
}
