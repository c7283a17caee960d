/* The class names of the model: all of them, searched; or others from a file. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_MODEL_LABELS (ui_model_labels_get_type ())
G_DECLARE_FINAL_TYPE (UiModelLabels, ui_model_labels, UI, MODEL_LABELS, GtkWidget)

void ui_model_labels_set_session (UiModelLabels *self, UiSession *session);

G_END_DECLS
