/* The layers that methods can look at: what each makes of the picture, its shape and grid, which one is the
 * automatic choice and why. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_MODEL_LAYERS (ui_model_layers_get_type ())
G_DECLARE_FINAL_TYPE (UiModelLayers, ui_model_layers, UI, MODEL_LAYERS, GtkWidget)

void ui_model_layers_set_session (UiModelLayers *self, UiSession *session);
/* Rows whose feature thumbnail is there. */
guint ui_model_layers_n_drawn (UiModelLayers *self);

G_END_DECLS
