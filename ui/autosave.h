/* Unsaved work of a session in a file of the program's own, every half a minute: what a crash or a kill leaves
 * behind. The file is locked as long as its window lives, so that the next start knows which ones nobody owns any
 * more. Written off the main thread, whole or not at all. Main thread only. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_AUTOSAVE_SECONDS 30

typedef struct _UiAutosave UiAutosave;

/* @session is not owned; free this before it goes. */
UiAutosave *ui_autosave_new (UiSession *session);
/* An orderly end: there is nothing to restore. */
void ui_autosave_free (UiAutosave *self);
/* Writes now if there is anything new; as the timer does. @done: (nullable) */
void ui_autosave_write (UiAutosave *self, void (*done) (gpointer data), gpointer data);
/* Of a program that ended without saying so; looks once. Restoring makes it this session's own file. */
gboolean ui_autosave_find_orphan (UiAutosave *self);
void ui_autosave_restore (UiAutosave *self);
void ui_autosave_dismiss (UiAutosave *self);

G_END_DECLS
