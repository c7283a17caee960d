/* What is known of a training at one moment. */
#include "training.h"

EngTrainingStatus *
eng_training_status_ref (EngTrainingStatus *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_training_status_unref (EngTrainingStatus *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (self->term_names); i++)
    g_free (self->term_names[i]);
  g_clear_pointer (&self->points, g_array_unref);
  g_clear_pointer (&self->marks, g_array_unref);
  g_strfreev (self->skipped);
  g_free (self->data_summary);
  g_free (self->views);
  g_free (self->previews);
  g_free (self->note);
  g_free (self->output);
  g_free (self);
}
