/* What a training begins with: kind, pictures, settings, name; and about how long it will take. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAIN_FORM (ui_train_form_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainForm, ui_train_form, UI, TRAIN_FORM, GtkWidget)

/* Signal "start" (EngTraining *training): it is filled in, and this is what it asks for, not started. */
GtkWidget *ui_train_form_new (void);
/* For another model, or anew. @folder: (nullable): offered to learn from, unless this model was trained before: then
 * it is what was learned from. @kind: (nullable): chosen if it can train. Where the last training of this model was
 * not finished, it is offered to go on. */
void ui_train_form_set_model (UiTrainForm *self, EngModel *model, const char *folder, const EngExplainerKind *kind);
void ui_train_form_focus (UiTrainForm *self);
GtkWidget *ui_train_form_default (UiTrainForm *self);                /* the button that Enter presses */
void ui_train_form_set_source (UiTrainForm *self, const char *path); /* folder or list of pictures */
const char *ui_train_form_estimate (UiTrainForm *self);              /* as it stands there */
const char *ui_train_form_problem (UiTrainForm *self);               /* a sentence; NULL: none */

G_END_DECLS
