/* How well each shown map ranks the pixels: deletion and insertion of RISE, measured while nothing else is to do. A
 * person who starts something stops it at once; what was measured by then is not measured again. Main thread only. */
#pragma once

#include "engine/engine.h"
#include "ui/slot.h"

G_BEGIN_DECLS

typedef struct _UiSession UiSession;

typedef enum
{
  UI_SCORE_DELETION,
  UI_SCORE_INSERTION,
  UI_N_SCORES
} UiScoreKind;

typedef struct
{
  gboolean known;
  double value;    /* NaN: this map cannot be scored */
  int done, total; /* points, while it is measured */
} UiScore;

#define UI_TYPE_SCORES (ui_scores_get_type ())
G_DECLARE_FINAL_TYPE (UiScores, ui_scores, UI, SCORES, GObject)

/* Signal "changed": some score, or how far one is. */
UiScores *ui_scores_new (UiSession *session);
void ui_scores_close (UiScores *self); /* the session ends */
const EngProtocol *ui_scores_protocol (UiScoreKind kind);
EngRankBy ui_scores_rank_by (UiScores *self, UiSlot *slot);
/* UI_N_SCORES of them; NULL: the slot shows no finished map. Valid until the next change. */
const UiScore *ui_scores_find (UiScores *self, UiSlot *slot);
gboolean ui_scores_busy (UiScores *self); /* something is being measured, or is about to be */

G_END_DECLS
