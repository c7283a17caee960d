/* Training explainers from the main window: the way to the training's window, and word of it when that is closed. See
 * window-private.h. */
#include "ui/train-window.h"
#include "ui/trainings.h"
#include "ui/window-private.h"

void
ui_window_train (UiWindow *self, GVariant *kind)
{
  const char *id = g_variant_get_string (kind, NULL);
  if (!ui_train_window_show (GTK_WINDOW (self), self->session, *id ? eng_kind_find (id, NULL) : NULL))
    ui_window_tell_problem (self, "An explainer is trained for a model. Open the model first.", "win.open-model");
}

/* Whoever has its window open sees it there. */
static void
on_training (UiWindow *self)
{
  UiTrainings *trainings = ui_trainings_get ();
  EngTraining *training = ui_trainings_current (trainings);
  gboolean active = ui_trainings_active (trainings), ended = self->trains && !active;
  self->trains = active;
  if (!ended || !training || ui_train_window_shown ())
    return;
  EngTrainingState state = ui_trainings_status (trainings)->state;
  const EngExplainerKind *kind = eng_training_kind (training);
  g_autofree char *done = g_strdup_printf ("%s is now a method of %s.", ui_trainings_method_name (kind),
                                           eng_model_name (eng_training_model (training)));
  g_autofree char *failed = g_strdup_printf ("Training %s failed.", kind->name);
  if (state == ENG_TRAINING_DONE || state == ENG_TRAINING_FAILED)
    ui_toast_show (self->toast, state == ENG_TRAINING_DONE ? done : failed, "Show", "win.train('')");
}

void
ui_window_add_training (UiWindow *self)
{
  self->trains = ui_trainings_active (ui_trainings_get ());
  g_signal_connect_object (ui_trainings_get (), "changed", G_CALLBACK (on_training), self, G_CONNECT_SWAPPED);
}
