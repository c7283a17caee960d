/* The threshold of a session: how large a share of the most relevant pixels is removed or kept, what stands in their
 * place, and what the model says then, for every finished map and for random order. Scores of the pictures that are
 * shown, curves and areas are measured in the background and told as they come; nothing here blocks, and nothing is
 * measured while nobody looks. Main thread only. */
#pragma once

#include "ui/draw/line-style.h"
#include "ui/protocol.h"
#include "ui/slot.h"

G_BEGIN_DECLS

typedef struct _UiSession UiSession;

/* Points measured so far of one curve. Grows; shared by all that ask for the same. */
typedef struct
{
  char *key;
  EngCurve curve; /* where the points lie */
  double *xs;     /* curve.n */
  EngPoint *points;
  int done;     /* of curve.n */
  double value; /* once all are there: as the protocol defines it */
  gboolean queued;
} UiCurve;

void ui_curve_unref (UiCurve *self);
UiCurve *ui_curve_ref (UiCurve *self);

/* One line of the plot and one tile: a method's map, or random order. Read-only outside of the threshold's files. */
#define UI_TYPE_SERIES (ui_series_get_type ())
G_DECLARE_FINAL_TYPE (UiSeries, ui_series, UI, SERIES, GObject)
struct _UiSeries
{
  GObject parent_instance;
  UiSlot *slot; /* NULL: random order */
  EngHeatmap *map;
  char *map_key, *result_key;
  int step, map_step;      /* of the map's trajectory that is looked at, and shown; -1: the result */
  UiLineStyle style;       /* not of random order */
  EngRanking *rankings[2]; /* by EngRankOrder; NULL until they are there */
  gboolean flat;           /* the map is constant */
  EngReading reading;      /* the newest score */
  EngMasking masking;      /* of what it was measured */
  EngRankOrder order;
  int k, rank;                      /* pixels then; place of the class among all, from 1; k < 0: none yet */
  GBytes *picture;                  /* H x W x 3: the masked picture, for fills that are computed per mask */
  UiCurve *shown[UI_N_DIRECTIONS];  /* the last complete one of this map */
  UiCurve *wanted[UI_N_DIRECTIONS]; /* of the protocol chosen; may still be growing */
  EngOverlap *overlap;              /* of this map and the mask of the object; NULL: not there (yet) */
};
/* "LTX", "Random order" */
const char *ui_series_name (UiSeries *self);

#define UI_TYPE_THRESHOLD (ui_threshold_get_type ())
G_DECLARE_FINAL_TYPE (UiThreshold, ui_threshold, UI, THRESHOLD, GObject)

/* Signals: "changed": share, direction, protocol or the selected series; "scored": some series' score; "curves": some
 * curve, area or the band; "truth": the mask of the object; "measured": what some other protocol's row says. */
UiThreshold *ui_threshold_new (UiSession *session);
void ui_threshold_close (UiThreshold *self); /* the session ends */
/* Somebody looks: measure. Calls are counted. */
void ui_threshold_watch (UiThreshold *self, gboolean watch);

/* ---- what is chosen ---- */
double ui_threshold_share (UiThreshold *self); /* 0 .. 1 */
void ui_threshold_set_share (UiThreshold *self, double share);
UiDirection ui_threshold_direction (UiThreshold *self);
void ui_threshold_set_direction (UiThreshold *self, UiDirection direction);
const UiProtocol *ui_threshold_protocol (UiThreshold *self);
void ui_threshold_set_preset (UiThreshold *self, const UiPreset *preset);
/* Makes the protocol a custom one, unless the preset fills that way. */
void ui_threshold_set_fill (UiThreshold *self, EngFill fill);
void ui_threshold_set_seed (UiThreshold *self, guint64 seed);
/* How signed maps are ranked, here and for the scores of tiles. Series that it is about are ranked again. */
void ui_threshold_set_rank_by (UiThreshold *self, EngRankBy by);
UiSeries *ui_threshold_selected (UiThreshold *self); /* (nullable) */
void ui_threshold_select (UiThreshold *self, UiSeries *series);
/* Looks at a step of the trajectory instead of the result; -1: the result again. */
void ui_threshold_set_step (UiThreshold *self, UiSeries *series, int step);
/* Makes a step of the trajectory the slot's result; the step that the method chose: back to that. */
void ui_threshold_keep_step (UiThreshold *self, UiSlot *slot, int step);
/* The step that a person made the slot's result; -1: the method's own choice. */
int ui_threshold_kept_step (UiThreshold *self, UiSlot *slot);

/* ---- what it is about ---- */
GListModel *ui_threshold_series (UiThreshold *self);  /* of UiSeries; random order is the last, if there is any map */
EngSubject *ui_threshold_subject (UiThreshold *self); /* (nullable): not known yet */
const char *ui_threshold_class_name (UiThreshold *self);
const char *ui_threshold_problem (UiThreshold *self); /* why nothing can be measured; NULL: nothing known */
int ui_threshold_n (UiThreshold *self);               /* pixels of the model's input; 0: no model */
int ui_threshold_k (UiThreshold *self);               /* those of the share */
/* The fill alone, H x W x 3; NULL: not there yet, or computed per mask. */
const guint8 *ui_threshold_fill (UiThreshold *self);
EngRanking *ui_threshold_ranking (UiThreshold *self, UiSeries *series); /* for the direction; (nullable) */

/* ---- what was measured ---- */
/* The score at the threshold. @exact: FALSE: read off the curve. FALSE: nothing is known yet. */
gboolean ui_threshold_score (UiThreshold *self, UiSeries *series, EngReading *reading, gboolean *exact);
/* Of the selected series, K values, and only when they belong to the threshold as it is; (nullable). */
const float *ui_threshold_probabilities (UiThreshold *self);
double ui_threshold_seconds (UiThreshold *self); /* that the newest score took; < 0: none yet */
/* The curve to show and whether it belongs to another protocol; (nullable). */
const UiCurve *ui_threshold_curve (UiThreshold *self, UiSeries *series, UiDirection direction, gboolean *old);
/* The value of a complete curve: NAN when there is none. @old: (out): of another protocol. */
double ui_threshold_area (UiThreshold *self, UiSeries *series, UiDirection direction, gboolean *old);
double ui_threshold_progress (UiThreshold *self, UiSeries *series, UiDirection direction); /* 0 .. 1 */
/* Share at which the first choice is another class (removing) or the class (keeping): NAN: nowhere. */
double ui_threshold_flip (UiThreshold *self, UiSeries *series, UiDirection direction, gboolean *known);
const EngBand *ui_threshold_band (UiThreshold *self, UiDirection direction); /* (nullable) */
guint ui_threshold_n_ready (UiThreshold *self, guint *of);                   /* methods whose two curves are there */

/* ---- the object ---- */
/* A folder of masks, see eng_masks_open(); NULL: the folder "masks" beside the picture, which is looked into too
 * where the chosen one has no mask. */
void ui_threshold_set_masks (UiThreshold *self, const char *folder);
const char *ui_threshold_masks (UiThreshold *self); /* as chosen; (nullable) */
EngImage *ui_threshold_truth (UiThreshold *self);   /* mask of this picture and class; NULL: none, or not yet */
/* Which mask that is, or why there is none: a sentence or two. (transfer full) */
char *ui_threshold_truth_words (UiThreshold *self);
/* Its outline over the masked pictures. */
gboolean ui_threshold_shows_outline (UiThreshold *self);
void ui_threshold_set_shows_outline (UiThreshold *self, gboolean shows);

/* ---- what else is measured ---- */
/* The rows of one heading of the table of protocols that are no curves of a preset; only those of the group chosen
 * are measured. NULL: the areas under the preset's curves are what is looked at. */
const char *ui_threshold_group (UiThreshold *self);
void ui_threshold_set_group (UiThreshold *self, const char *group);
const char *ui_measure_group_nth (guint i);                     /* NULL at the end */
const EngProtocol *ui_measure_nth (const char *group, guint i); /* its rows; NULL at the end */

typedef struct
{
  gboolean known;
  double value;        /* NAN: it cannot be measured: @why_not says why */
  const char *why_not; /* borrowed until the next change; (nullable) */
  double progress;     /* 0 .. 1 while it is not known */
} UiMeasure;

/* What is known of @row for @series; rows that depend on the threshold follow it. */
UiMeasure ui_threshold_measure (UiThreshold *self, UiSeries *series, const EngProtocol *row);

G_END_DECLS
