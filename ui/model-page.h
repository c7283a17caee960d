/* The page about the model: how pictures reach it, whether that looks right, and where methods can look. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_MODEL_PAGE (ui_model_page_get_type ())
G_DECLARE_FINAL_TYPE (UiModelPage, ui_model_page, UI, MODEL_PAGE, GtkWidget)

void ui_model_page_set_session (UiModelPage *self, UiSession *session);

G_END_DECLS
