/* How maps are shown, as JSON: sessions and figures write the same keys. */
#pragma once

#include "engine/json-read.h"
#include "ui/draw/overlay.h"

G_BEGIN_DECLS

/* All but the threshold, which is no matter of the display pane. */
void ui_display_save (const UiDisplay *self, JsonObject *out);
/* Keys that are missing leave @self as it is; with an error all of it stays. */
gboolean ui_display_load (UiDisplay *self, const EngJson *in, GError **error);

G_END_DECLS
