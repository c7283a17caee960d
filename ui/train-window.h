/* The window in which an explainer is trained: a form, then how it goes. Closing it leaves the training to go on; it
 * belongs to ui/trainings.h. */
#pragma once

#include "ui/session.h"
#include "ui/train-form.h"
#include "ui/train-progress.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAIN_WINDOW (ui_train_window_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainWindow, ui_train_window, UI, TRAIN_WINDOW, GtkWindow)

/* One is enough for the program: it shows what is training, else the form for @session's model.
 * @kind: (nullable): to begin the form with. (transfer none): NULL while nothing is training and there is no model.
 */
UiTrainWindow *ui_train_window_show (GtkWindow *parent, UiSession *session, const EngExplainerKind *kind);
UiTrainWindow *ui_train_window_shown (void); /* NULL: it is not open */
UiTrainForm *ui_train_window_form (UiTrainWindow *self);
UiTrainProgress *ui_train_window_progress (UiTrainWindow *self);

G_END_DECLS
