/* A method's parameters as a form, built from their declarations. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_METHOD_FORM (ui_method_form_get_type ())
G_DECLARE_FINAL_TYPE (UiMethodForm, ui_method_form, UI, METHOD_FORM, GtkWidget)

/* Signal "done": the form was sent off. */
GtkWidget *ui_method_form_new (UiSession *session, UiSlot *slot);
/* The same in a popover that closes when it is sent off. What is changed and not run leaves the map out of date. */
GtkWidget *ui_method_form_popover (UiSession *session, UiSlot *slot);

G_END_DECLS
