/* What the model says: the most probable classes of the current picture, one of which is explained,
 * and a search over all the others. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_CLASS_LIST (ui_class_list_get_type ())
G_DECLARE_FINAL_TYPE (UiClassList, ui_class_list, UI, CLASS_LIST, GtkWidget)

void ui_class_list_set_session (UiClassList *self, UiSession *session);
void ui_class_list_focus_target (UiClassList *self); /* then Up, Down, Enter */
void ui_class_list_focus_search (UiClassList *self);

G_END_DECLS
