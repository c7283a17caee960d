/* From the picture to what the model sees, in four stages with a picture each, and the values to change. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_MODEL_STAGES (ui_model_stages_get_type ())
G_DECLARE_FINAL_TYPE (UiModelStages, ui_model_stages, UI, MODEL_STAGES, GtkWidget)

void ui_model_stages_set_session (UiModelStages *self, UiSession *session);

G_END_DECLS
