/* One sentence on whether pictures reach the model as it expects them; what else to try when they may not. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_MODEL_VERDICT (ui_model_verdict_get_type ())
G_DECLARE_FINAL_TYPE (UiModelVerdict, ui_model_verdict, UI, MODEL_VERDICT, GtkWidget)

GtkWidget *ui_model_verdict_new (void);
void ui_model_verdict_set_session (UiModelVerdict *self, UiSession *session);
/* TRUE while it warns; the sentence. */
gboolean ui_model_verdict_warns (UiModelVerdict *self);
const char *ui_model_verdict_text (UiModelVerdict *self);
/* Runs the picture through every preset; rows appear, the best first. */
void ui_model_verdict_try (UiModelVerdict *self);
/* Presets tried and shown; 0: not tried, or not done yet. */
guint ui_model_verdict_n_tried (UiModelVerdict *self);

G_END_DECLS
