/* How far the shown maps agree, pair by pair: above the diagonal rank correlation, below it the overlap of the most
 * relevant pixels. A click on a pair shows its difference as a tile. */
#pragma once

#include "ui/session.h"

G_BEGIN_DECLS

#define UI_TYPE_AGREEMENT_PANEL (ui_agreement_panel_get_type ())
G_DECLARE_FINAL_TYPE (UiAgreementPanel, ui_agreement_panel, UI, AGREEMENT_PANEL, GtkWidget)

void ui_agreement_panel_set_session (UiAgreementPanel *self, UiSession *session);

G_END_DECLS
