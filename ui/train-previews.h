/* Held-out pictures with the maps that the explainer in training gives them now, as tiles draw maps. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"
#include "ui/draw/overlay.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAIN_PREVIEWS (ui_train_previews_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainPreviews, ui_train_previews, UI, TRAIN_PREVIEWS, GtkWidget)

GtkWidget *ui_train_previews_new (void);
/* Drawn on a loader thread; of many that come quickly the newest. @display: copied; its mode is passed over. */
void ui_train_previews_set (UiTrainPreviews *self, EngTrainingStatus *status, const EngExplainerKind *kind,
                            const UiDisplay *display);
/* TRUE when what was set last is on the screen. */
gboolean ui_train_previews_is_drawn (UiTrainPreviews *self);

G_END_DECLS
