/* How a training goes, and how it ended: what is done and what comes, the curves, held-out pictures with their maps,
 * and pictures that were left out. It only looks. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"
#include "ui/draw/overlay.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAIN_PROGRESS (ui_train_progress_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainProgress, ui_train_progress, UI, TRAIN_PROGRESS, GtkWidget)

/* What is known of a training. */
typedef struct
{
  const EngExplainerKind *kind;
  const char *model;         /* its name */
  EngTrainingStatus *status; /* borrowed */
  const GError *error;       /* (nullable) */
} UiTrainNews;

GtkWidget *ui_train_progress_new (void);
void ui_train_progress_show (UiTrainProgress *self, const UiTrainNews *news, const UiDisplay *display);
const char *ui_train_progress_sentence (UiTrainProgress *self);
/* TRUE when the maps that were shown last are on the screen. */
gboolean ui_train_progress_is_drawn (UiTrainProgress *self);

G_END_DECLS
