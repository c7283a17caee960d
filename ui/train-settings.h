/* The parameters of a training, of its kind first, with what they mean; and the layer that the explainer looks at. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAIN_SETTINGS (ui_train_settings_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainSettings, ui_train_settings, UI, TRAIN_SETTINGS, GtkWidget)

/* Signal "edited": something else is set. */
GtkWidget *ui_train_settings_new (void);
/* With the defaults of both. */
void ui_train_settings_set_kind (UiTrainSettings *self, const EngExplainerKind *kind, EngModel *model);
/* @layer: (nullable): automatic */
void ui_train_settings_show (UiTrainSettings *self, const EngValues *values, const char *layer);
/* (transfer full): NULL with an error that names the parameter. */
EngValues *ui_train_settings_read (UiTrainSettings *self, GError **error);
const char *ui_train_settings_layer (UiTrainSettings *self); /* NULL: automatic */

G_END_DECLS
