/* A line of pictures to be predicted and explained while nobody waits for them: "Explain All". It runs after
 * everything that a person asks for and steps aside while something else does; its maps go where all maps go.
 * Main thread only. */
#pragma once

#include "ui/picture.h"
#include "ui/slot.h"

G_BEGIN_DECLS

typedef struct _UiSession UiSession;

#define UI_TYPE_BATCH (ui_batch_get_type ())
G_DECLARE_FINAL_TYPE (UiBatch, ui_batch, UI, BATCH, GObject)

typedef enum
{
  UI_BATCH_IDLE,
  UI_BATCH_RUNNING,
  UI_BATCH_PAUSED
} UiBatchState;

/* Signal "changed": anything below is different. @session: not owned; must call ui_batch_stop() before it goes. */
UiBatch *ui_batch_new (UiSession *session);
/**
 * ui_batch_start:
 * @pictures: of UiPicture, in order
 * @slots: of UiSlot: methods with the values that they have now; empty: predictions alone
 *
 * Puts an end to what was under way.
 */
void ui_batch_start (UiBatch *self, GPtrArray *pictures, GPtrArray *slots);
/* What is being computed is given up, and begun again by ui_batch_resume(). */
void ui_batch_pause (UiBatch *self);
void ui_batch_resume (UiBatch *self);
void ui_batch_stop (UiBatch *self);

UiBatchState ui_batch_state (UiBatch *self);
gboolean ui_batch_explains (UiBatch *self);                 /* FALSE: predictions alone */
double ui_batch_progress (UiBatch *self);                   /* 0 .. 1 */
void ui_batch_count (UiBatch *self, guint *done, guint *n); /* pictures */
/* "Explain All · 12 of 300 pictures, about 4 min left". (transfer full) */
char *ui_batch_status (UiBatch *self);

G_END_DECLS
