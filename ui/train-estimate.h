/* About how long a training will take, found out on the engine thread when nothing else is to do, as long as it is
 * on the screen. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAIN_ESTIMATE (ui_train_estimate_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainEstimate, ui_train_estimate, UI, TRAIN_ESTIMATE, GtkWidget)

GtkWidget *ui_train_estimate_new (void);
/* @layer: (nullable): automatic; @values: (transfer full) (nullable): there is nothing to estimate. Of many questions
 * the last one is answered. */
void ui_train_estimate_ask (UiTrainEstimate *self, EngModel *model, const EngExplainerKind *kind, const char *layer,
                            EngValues *values);
void ui_train_estimate_cancel (UiTrainEstimate *self);
const char *ui_train_estimate_text (UiTrainEstimate *self);

G_END_DECLS
