/* Sessions, models, folders and pictures opened before: ten, newest first, kept in a small file of our own. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define UI_TYPE_RECENT (ui_recent_get_type ())
G_DECLARE_FINAL_TYPE (UiRecent, ui_recent, UI, RECENT, GObject)

const char *ui_recent_path (UiRecent *self);
const char *ui_recent_kind (UiRecent *self);   /* "session", "model", "folder", "picture" */
const char *ui_recent_detail (UiRecent *self); /* "1000 classes · 3 × 224 × 224" */
char *ui_recent_when (UiRecent *self);         /* "Today", "Yesterday", "Monday", "3 March"; (transfer full) */

/* The one list, of UiRecent. (transfer none) */
GListModel *ui_recents (void);
void ui_recents_add (const char *path, const char *kind, const char *detail);
void ui_recents_remove (const char *path);
void ui_recents_clear (void);

G_END_DECLS
