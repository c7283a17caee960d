/* What is being trained: one explainer at a time, whichever window is open. It belongs to the program, not to a
 * window, and goes on when windows are closed. Main thread only. */
#pragma once

#include <gio/gio.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define UI_TYPE_TRAININGS (ui_trainings_get_type ())
G_DECLARE_FINAL_TYPE (UiTrainings, ui_trainings, UI, TRAININGS, GObject)

/* Signals: "changed": another training, or its status is another, told a few times a second;
 * "trained" (EngModel *model): there may be one explainer more, and those of @model have been looked for. */
UiTrainings *ui_trainings_get (void); /* (transfer none) */

/* The one under way, or the last one until it is forgotten; (transfer none) (nullable). */
EngTraining *ui_trainings_current (UiTrainings *self);
EngTrainingStatus *ui_trainings_status (UiTrainings *self); /* of that one; (transfer none) (nullable) */
/* Queued, reading pictures, running or paused. */
gboolean ui_trainings_active (UiTrainings *self);
/* @training: (transfer full): not started yet. Nothing is active. */
void ui_trainings_start (UiTrainings *self, EngTraining *training);
void ui_trainings_forget (UiTrainings *self); /* the last one; nothing is active */
/* 0 .. 1: of the pictures that are read, then of the steps. */
double ui_trainings_progress (UiTrainings *self);
/* "BLA: step 120 of 400, about 3 min left". (transfer full) */
char *ui_trainings_words (UiTrainings *self);
/* The name under which people find what @kind learns: that of the method. */
const char *ui_trainings_method_name (const EngExplainerKind *kind);
/* Reads the explainers of @model, so that asking for them takes no time afterwards, nor asking whether one can be
 * trained. Any thread but the main one; waits for the disk. */
void ui_trainings_look_for (EngModel *model);
/* The program ends: cancels, and tells nobody any more. */
void ui_trainings_shutdown (void);

G_END_DECLS
