/* What the model says of the pictures in sight, found out while nothing else is to do: a strip of pictures is read by
 * what stands under them. One picture at a time, after everything that a person asked for. Main thread only. */
#pragma once

#include "ui/picture.h"

G_BEGIN_DECLS

typedef struct _UiSession UiSession;

#define UI_TYPE_FORESIGHT (ui_foresight_get_type ())
G_DECLARE_FINAL_TYPE (UiForesight, ui_foresight, UI, FORESIGHT, GObject)

UiForesight *ui_foresight_new (UiSession *session);
void ui_foresight_close (UiForesight *self); /* the session ends */
/* Somebody looks at @picture, or not any more. Calls are paired. */
void ui_foresight_want (UiForesight *self, UiPicture *picture, gboolean wanted);

G_END_DECLS
