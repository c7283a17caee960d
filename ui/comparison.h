/* The difference of two maps as a tile of its own: both normalised to their own range, then subtracted. It follows
 * the two tiles it comes from. */
#pragma once

#include "ui/slot.h"

G_BEGIN_DECLS

/* (transfer full): a slot that shows @a minus @b as soon as both have a finished map. Lasts until
 * ui_comparison_end(). */
UiSlot *ui_comparison_new (UiSlot *a, UiSlot *b);
/* Lets go of both; a result that is still under way finds no listener. */
void ui_comparison_end (UiSlot *slot);
gboolean ui_comparison_involves (UiSlot *slot, UiSlot *of);
UiSlot *ui_comparison_first (UiSlot *slot);
UiSlot *ui_comparison_second (UiSlot *slot);

G_END_DECLS
