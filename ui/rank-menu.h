/* How signed maps are ranked, as an action of the window and as a menu of tiles. */
#pragma once

#include <gio/gio.h>

#include "ui/threshold.h"

G_BEGIN_DECLS

/* "rank-by": its state is one of ui_rank_ids, in step with @threshold. (transfer full) */
GAction *ui_rank_action_new (UiThreshold *threshold);
/* Its choices. (transfer full) */
GMenuModel *ui_rank_menu_new (void);
/* Other maps have one order only. @map: (nullable) */
gboolean ui_rank_matters (const EngHeatmap *map);

G_END_DECLS
