/* What the open file is: its name, digest, inputs and outputs, operators; which methods apply to it and why not. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_MODEL_FACTS (ui_model_facts_get_type ())
G_DECLARE_FINAL_TYPE (UiModelFacts, ui_model_facts, UI, MODEL_FACTS, GtkWidget)

void ui_model_facts_set_session (UiModelFacts *self, UiSession *session);

G_END_DECLS
