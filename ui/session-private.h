/* What the session's files share. */
#pragma once

#include "engine/json-read.h"
#include "ui/batch.h"
#include "ui/foresight.h"
#include "ui/history.h"
#include "ui/map-cache.h"
#include "ui/session.h"

#define UI_SESSION_REST_MS 250 /* after the last key before jobs start */

struct _UiSession
{
  GObject parent_instance;
  gboolean closed;

  EngModel *model;
  char *opening;
  GCancellable *open_cancel;

  GListStore *pictures;
  UiPicture *picture;
  gboolean has_pixels; /* of @picture, as last notified */
  guint position;
  int direction;  /* of the last step through the strip */
  GQueue decoded; /* UiPicture*, owned, last shown first */

  /* session-strip.c */
  EngTruth *truth; /* table of labels that came with the pictures; NULL: none */
  GtkFilterListModel *filtered;
  UiFilter filter;
  int filter_class;
  guint filter_timer;
  UiBatch *batch;
  UiForesight *foresight;

  /* session-model.c */
  EngPreprocess *wanted; /* the model is being made for it; NULL: it is the model's */
  char *remembered;      /* file that the model's preprocessing was noted in; NULL: it was not, in this session */

  gboolean follow_top;
  int chosen;   /* class picked by the user */
  int contrast; /* class that it is explained rather than; -1: none */
  UiPicture *predicting;
  char *prediction_problem;

  GListStore *slots;
  GtkFilterListModel *tiles;
  GListStore *differences;
  GListStore *own;        /* session-own.c */
  GHashTable *own_maps;   /* digest -> EngHeatmap: what was imported, so that undo can bring it back */
  guint paint_timer;      /* session-paint.c */
  GPtrArray *own_waiting; /* char*: paths of maps to read once it is known what they are about */
  gboolean shows_photo;
  UiMapCache *cache;
  GHashTable *asked; /* char* keys that the cache on disk was asked for -> UiAsked */
  guint timer;

  UiThreshold *threshold;
  UiScores *scores;
  UiComposer *composer;
  UiDisplay display;
  GHashTable *ranges; /* key of a finished map -> Range, see session-scale.c */
  gboolean peek, links_views, crosshair;
  UiViewport *viewport;
  char *page;
  guint columns;
  guint loading; /* a state is being restored: told once, at the end */

  /* session-kept.c, session-file.c */
  char *path;  /* of the session's file; NULL: none yet */
  char *stamp; /* of that file, as it was read or written here; NULL: it may be overwritten */
  guint saving;
  guint64 saved_mark; /* of the history, when it was saved */
  GPtrArray *kept;    /* EngSessionMap*, newest last: what a session file holds */
  gboolean keeps_old; /* maps of files that changed are shown until a person says otherwise */
  char *lost_model, *lost_sha256, *lost_output,
      *lost_state; /* what the session was about; NULL: the model is there */
  UiHistory *history;
  gboolean pointer_inside;
  double pointer_x, pointer_y;
};

typedef enum
{
  UI_ASKED_NOT,
  UI_ASKED_WAITING,
  UI_ASKED_ABSENT /* it has to be computed */
} UiAsked;

enum
{
  PROP_MODEL = 1,
  PROP_OPENING,
  PROP_PICTURE,
  PROP_PREDICTIONS,
  PROP_TARGET,
  PROP_FILTER,
  PROP_REMEMBERED,
  PROP_PATH,
  N_PROPS
};
extern GParamSpec *ui_session_props[N_PROPS];

enum
{
  DISPLAY_CHANGED,
  POINTER_CHANGED,
  JOBS_CHANGED,
  PROBLEM,
  OPENED,
  FOUND_SESSION,
  ADVICE,
  N_SIGNALS
};
extern guint ui_session_signals[N_SIGNALS];

void ui_session_notify (UiSession *self, guint property);
/* session-display.c: as a person prefers it. */
void ui_session_init_display (UiSession *self);
void ui_session_report (UiSession *self, const char *message, const char *action);

/* session-explain.c: compares, per slot, what is wanted with what is there; starts the rest after
 * @delay milliseconds. Everything that can change what a tile should show ends here. */
void ui_session_refresh (UiSession *self, guint delay);
/* In memory, and on disk when it is @whole: nobody stopped it. */
void ui_session_keep_map (UiSession *self, const char *key, EngHeatmap *map, gboolean whole);
UiSlot *ui_session_nth_slot (UiSession *self, guint i); /* (transfer none) */
void ui_session_watch_slot (UiSession *self, UiSlot *slot);

/* What the slot's map would depend on; NULL: not known yet. (transfer full) */
char *ui_session_key_for (UiSession *self, UiSlot *slot);

/* session-slots.c */
void ui_session_drop_differences (UiSession *self);
/* The copy of that number, which may be there already. (transfer none) */
UiSlot *ui_session_add_copy (UiSession *self, const EngMethod *method, int number);
/* Before a change that puts the map of @slot out of date: what ui_session_undo_values() goes back to. */
void ui_session_note_settings (UiSession *self, UiSlot *slot);

/* session-scale.c */
GHashTable *ui_session_ranges_new (void);
void ui_session_note_range (UiSession *self, UiSlot *slot);
/* For maps that come from a file: what is remembered of one (any thread, transfer full), and remembering it. @name:
 * as good as a key. */
UiSpread *ui_session_spread_of (const EngHeatmap *map);
void ui_session_take_range (UiSession *self, const char *name, const EngMethod *method,
                            UiSpread *spread /* (transfer full) */);

/* What @slot explains: its own class where it is pinned. The contrast is -1 for none; a class cannot be explained
 * rather than itself. */
int ui_session_target_of (UiSession *self, UiSlot *slot);
int ui_session_contrast_of (UiSession *self, UiSlot *slot);

/* session.c */
void ui_session_set_model (UiSession *self, EngModel *model); /* (nullable) */

/* session-file.c */
void ui_session_clear_lost (UiSession *self);

/* session-explainers.c */
void ui_session_watch_trainings (UiSession *self);

/* session-own.c */
GListModel *ui_session_own_init (UiSession *self); /* slots and own maps as one list (transfer full) */
void ui_session_own_free (UiSession *self);
void ui_session_clear_own (UiSession *self);
void ui_session_drop_own (UiSession *self, UiSlot *slot);
/* Own maps as the picture and the model want them; reads those that wait. */
void ui_session_refresh_own (UiSession *self);
void ui_session_pump_own (UiSession *self);
/* For session files: adds them, first; takes one over, FALSE: it is a method's. Then the state says which are shown.
 */
void ui_session_write_own (UiSession *self, EngSession *out);
gboolean ui_session_read_own (UiSession *self, const EngSessionMap *map);
void ui_session_add_own (UiSession *self, UiSlot *slot);
/* The mask painted on the picture of that digest; (nullable). */
UiSlot *ui_session_find_mask (UiSession *self, const char *image_sha256);
/* Pictures were found elsewhere. */
void ui_session_move_own (UiSession *self, const char *from, const char *to);

/* session-kept.c */
/* TRUE when @map lies on the current picture as the model would see it now. */
gboolean ui_session_fits (UiSession *self, const EngHeatmap *map);
/* How @slot's map of the current picture is made; NULL: nothing is asked for. (transfer full) */
EngSessionMap *ui_session_recipe (UiSession *self, UiSlot *slot);
/* Of @slot, finished or stopped: to be written with the session. */
void ui_session_note_kept (UiSession *self, UiSlot *slot);
/* A map for @slot that came with the session and fits the picture; (nullable). @own: (out): it was made with just
 * these files, and not with others that stood in their place. */
EngSessionMap *ui_session_find_kept (UiSession *self, UiSlot *slot, gboolean *own);
/* Those that were made with other files than the open ones. */
void ui_session_drop_old (UiSession *self);
void ui_session_drop_kept (UiSession *self);

/* session-pictures.c */
/* @items: UiPicture*; @first: shown, unless there are none. */
void ui_session_put_pictures (UiSession *self, GPtrArray *items, guint first, EngTruth *truth);
void ui_session_replace_pictures (UiSession *self, GPtrArray *paths, guint first, EngImage *image, EngTruth *truth);
void ui_session_drop_pictures (UiSession *self);

/* session-model.c */
void ui_session_model_free (UiSession *self);
void ui_session_save_preprocess (UiSession *self, JsonObject *out);
gboolean ui_session_load_preprocess (UiSession *self, const EngJson *in, GError **error);

/* session-strip.c */
void ui_session_strip_init (UiSession *self);
void ui_session_strip_close (UiSession *self);
void ui_session_strip_free (UiSession *self);
void ui_session_set_truth (UiSession *self, EngTruth *truth); /* (nullable); then label the pictures */
void ui_session_label_pictures (UiSession *self);             /* after another model, other pictures or labels */
gboolean ui_session_passes (UiSession *self, UiPicture *picture);
void ui_session_filter_changed (UiSession *self); /* some picture may pass now that did not, or the reverse */
/* A person waits for a prediction or a map. */
gboolean ui_session_is_busy (UiSession *self);
/* The logits of @image, all of them numbers, or an error. Engine thread. (transfer full) */
float *ui_session_predict (EngModel *model, EngImage *image, GError **error);
/* What was computed for @picture, whoever asked for it. */
void ui_session_take_logits (UiSession *self, UiPicture *picture, const float *logits);
void ui_session_take_heat (UiSession *self, UiPicture *picture, EngHeatmap *map); /* @picture: (nullable) */
