/* The kinds of explainers to choose from, each with what it is; those that cannot train on the model say why not. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAIN_KINDS (ui_train_kinds_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainKinds, ui_train_kinds, UI, TRAIN_KINDS, GtkWidget)

/* Signal "changed": another kind is chosen. */
GtkWidget *ui_train_kinds_new (void);
void ui_train_kinds_set_model (UiTrainKinds *self, EngModel *model);
const EngExplainerKind *ui_train_kinds_get (UiTrainKinds *self); /* NULL: none can train on the model */
/* A kind that cannot train is passed over. */
void ui_train_kinds_set (UiTrainKinds *self, const EngExplainerKind *kind);
void ui_train_kinds_focus (UiTrainKinds *self);

G_END_DECLS
