/* What a person changed, as states of the session's sections before and after: undo and redo. One entry per kind of
 * change; a drag, or keys held down, are one. Maps are not part of it: they are kept by their keys, so that going
 * back shows them at once. Main thread only. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

/* Notices by itself what changes in @session, which owns it. Signals of its own: see ui_history_connect(). */
UiHistory *ui_history_new (UiSession *session);
void ui_history_free (UiHistory *self);

/* What is there now is the beginning: nothing to undo. After another model was opened. */
void ui_history_reset (UiHistory *self);
/* While a button or key is held, changes of one kind become one entry, however long it takes. */
void ui_history_hold (UiHistory *self, gboolean held);

/* What the next undo or redo takes back, for people: "opacity"; NULL: nothing. */
const char *ui_history_undo_words (UiHistory *self);
const char *ui_history_redo_words (UiHistory *self);
/* FALSE: there is nothing to undo. */
gboolean ui_history_undo (UiHistory *self);
gboolean ui_history_redo (UiHistory *self);

/* Differs from another time when something was changed (or undone) since: tells unsaved work. */
guint64 ui_history_mark (UiHistory *self);

/* @changed: the words above, or the mark, are different; on the main context. */
void ui_history_connect (UiHistory *self, void (*changed) (gpointer data), gpointer data);

G_END_DECLS
