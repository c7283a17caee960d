/* What the threshold's files share: threshold.c holds what is chosen and tells what is known, threshold-series.c
 * keeps the lines in step with the session's maps, threshold-work.c measures, threshold-measures.c measures what
 * other protocols say, threshold-truth.c finds the mask of the object. */
#pragma once

#include "ui/session.h"
#include "ui/threshold.h"

#define UI_MOST_SEED 999999
#define UI_BAND_ORDERS 20
#define UI_BAND_POINTS                                                                                               \
  20 /* steps of the band where the protocol has more: a fifth of a minute instead of a whole one */

/* Random orders of one protocol and direction, under way or done. */
typedef struct
{
  char *key;
  EngCurve curve;
  EngRanking *rankings[UI_BAND_ORDERS];
  EngPoint *points; /* orders x curve.n */
  int done;         /* of orders * curve.n */
  EngBand *band;    /* when all are there */
  gboolean queued;
} UiBandRun;

struct _UiThreshold
{
  GObject parent_instance;
  UiSession *session; /* borrowed; NULL after the end */
  guint watchers;

  double share;
  UiDirection direction;
  UiProtocol protocol;
  UiSeries *selected;
  gboolean replacing; /* the series: what a view selects by itself meanwhile is no wish */
  gboolean chosen;    /* a person selected it; else the first is */

  /* One picture, one model, one class. */
  char *subject_key;
  guint epoch; /* of the subject: what comes back from an earlier one finds no listener */
  EngSubject *subject;
  char *problem, *class_name;
  GListStore *series;
  UiSeries *random;

  GBytes *fills[UI_N_DIRECTIONS]; /* pictures of the fills, for @fill_masking */
  EngMasking fill_masking[UI_N_DIRECTIONS];

  GHashTable *kept;      /* key of a slot -> step that a person made its result */
  GHashTable *originals; /* key of a slot -> EngHeatmap: what the method gave there */
  GHashTable *curves;    /* key -> UiCurve */
  GHashTable *bands;     /* key -> UiBandRun */
  UiBandRun *band[UI_N_DIRECTIONS];

  float *probabilities; /* of the selected series */
  UiSeries *probabilities_of;
  double seconds;

  gboolean preparing, scoring, measuring; /* one task of each kind at most */

  /* threshold-truth.c */
  char *masks;         /* folder that a person chose; NULL: none */
  EngMasks *listed[2]; /* that one and the one beside the picture, as they were listed; NULL: not yet */
  char *truth_key;     /* what was looked for */
  guint truth_epoch;
  gboolean looking, shows_outline;
  EngImage *truth;
  char *truth_problem; /* why there is none */

  /* threshold-measures.c */
  const char *group;                /* of the table; NULL: areas */
  GHashTable *measures;             /* key -> UiMeasured */
  struct _UiEvaluation *evaluation; /* under way; NULL: none */
  guint evaluation_poll;
};

enum
{
  UI_THRESHOLD_CHANGED,
  UI_THRESHOLD_SCORED,
  UI_THRESHOLD_CURVES,
  UI_THRESHOLD_TRUTH,
  UI_THRESHOLD_MEASURED,
  UI_THRESHOLD_N_SIGNALS
};
extern guint ui_threshold_signals[UI_THRESHOLD_N_SIGNALS];

/* threshold-series.c */
void ui_threshold_refresh (UiThreshold *self); /* the session shows something else */
void ui_threshold_look_up (UiThreshold *self); /* curves of the protocol as it is now */
void ui_series_take_curve (UiSeries *self, UiDirection direction);
/* Signed maps are to be ranked another way. */
void ui_threshold_forget_rankings (UiThreshold *self);
void ui_band_run_free (UiBandRun *self);
/* Makes the step that a person chose, or the method's own choice again, the slot's result. */
void ui_threshold_apply_kept (UiThreshold *self, UiSlot *slot);
/* Is @series' newest score that of the threshold as it is? */
gboolean ui_threshold_is_exact (UiThreshold *self, UiSeries *series);

/* threshold-truth.c: in step with picture, class and folder. */
void ui_threshold_look_for_truth (UiThreshold *self);
void ui_threshold_truth_free (UiThreshold *self);

/* threshold-measures.c: starts the next evaluation, or ends one that is not wanted any more. */
void ui_threshold_pump_measures (UiThreshold *self);
void ui_threshold_measures_init (UiThreshold *self);
void ui_threshold_measures_close (UiThreshold *self);
void ui_threshold_measures_free (UiThreshold *self);

/* Everything that is chosen is different: a state was loaded. */
void ui_threshold_restored (UiThreshold *self);

/* threshold-work.c: starts whatever is missing, the most urgent first. */
void ui_threshold_pump (UiThreshold *self);
