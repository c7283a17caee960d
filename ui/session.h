/* The document: model, pictures, class to explain, methods with their results, and how all of it is
 * shown. Every view reads it, none keeps a copy. Main thread only; nothing here blocks. */
#pragma once

#include "ui/batch.h"
#include "ui/composer.h"
#include "ui/draw/overlay.h"
#include "ui/mask.h"
#include "ui/picture.h"
#include "ui/scores.h"
#include "ui/slot.h"
#include "ui/threshold.h"
#include "ui/viewport.h"

G_BEGIN_DECLS

#define UI_TYPE_SESSION (ui_session_get_type ())
G_DECLARE_FINAL_TYPE (UiSession, ui_session, UI, SESSION, GObject)

typedef struct _UiHistory UiHistory;

/* Which pictures the strip lists. */
typedef enum
{
  UI_FILTER_ALL,
  UI_FILTER_WRONG,  /* the label says otherwise */
  UI_FILTER_UNSURE, /* the top class has less than a half */
  UI_FILTER_CLASS   /* predicted or labelled as one class */
} UiFilter;

/* How to read a file whose name does not tell. */
typedef enum
{
  UI_OPEN_ANYTHING,
  UI_OPEN_MODEL,
  UI_OPEN_PICTURES,
  UI_OPEN_MAPS, /* of other programs: a grey .png is one too */
  UI_OPEN_MASKS /* a folder; so is any whose name ends in "masks", unless pictures are asked for */
} UiOpenHint;

/* Properties, read-only and with notification: "model", "opening", "picture" (another one, or its
 * pixels came), "predictions", "target" (or
 * the class that it is contrasted with), "filter", "remembered".
 * Signals: "display-changed"; "pointer-changed"; "jobs-changed" (some slot changed);
 * "problem" (const char *message, const char *action): for people, @action opens something else;
 * "found-session" (const char *path): among what was opened; the window says where it goes;
 * "advice" (const char *message, const char *kind): a question that can wait; @kind: "moved", "changed" or
 * "taken" (the file was saved elsewhere, nothing was written);
 * "opened" (const char *path, const char *kind, const char *detail): worth remembering. */
UiSession *ui_session_new (void);
/* Cancels everything; the session shows nothing from here on. */
void ui_session_close (UiSession *self);

/* ---- opening ---- */
/* @paths: models, pictures and folders, NULL-ended; reads and replaces in the background. What cannot be
 * opened is reported and leaves the session as it was. */
void ui_session_open (UiSession *self, const char *const *paths, UiOpenHint hint);
const char *ui_session_opening (UiSession *self); /* name of the model that is being read; NULL: none */
EngModel *ui_session_model (UiSession *self);
/* Opens the model again for another of its outputs, which is noted beside the model. */
void ui_session_choose_output (UiSession *self, const char *output);
/* How pictures become inputs: the model's, or what it will be in a moment; NULL: no model. */
EngPreprocess *ui_session_preprocess (UiSession *self);
/* The same model behind another preprocessing: everything is predicted again, maps are out of date. Undone like the
 * rest. */
void ui_session_set_preprocess (UiSession *self, EngPreprocess *preprocess);
/* Class names from a file with one in each line. */
void ui_session_load_labels (UiSession *self, const char *path);
/* Notes preprocessing and class names for the next time the model is opened; "remembered" tells where. */
void ui_session_remember_model (UiSession *self);
const char *ui_session_remembered (UiSession *self); /* (nullable): path */
/* TRUE as soon as there is, or soon will be, something to look at. */
gboolean ui_session_in_use (UiSession *self);

/* ---- coming back ---- */
/* Reads a .sightline file in the background and becomes what it says; what cannot be read is reported and leaves the
 * session as it was. @autosaved: what was left by a program that ended without saying so: it is unsaved work. */
void ui_session_open_file (UiSession *self, const char *path, gboolean autosaved);
const char *ui_session_path (UiSession *self); /* of its file; NULL: never saved */
/* TRUE when a person changed something since it was saved or opened. */
gboolean ui_session_unsaved (UiSession *self);
/* What a file would hold. (transfer full) */
EngSession *ui_session_snapshot (UiSession *self);
/* Writes in the background, then calls @done (nullable) on the main context; failure is reported too. */
void ui_session_save (UiSession *self, const char *path, void (*done) (gboolean ok, gpointer data), gpointer data);
/* Answer to "advice" of the kind "taken": the next ui_session_save() replaces what somebody else saved. */
void ui_session_may_overwrite (UiSession *self);
/* Answers to "advice": maps of files that changed are made anew, or stay. */
void ui_session_recompute (UiSession *self);
/* Where the lost model, or the folder of the lost pictures, is now. */
void ui_session_locate (UiSession *self, const char *path);
gboolean ui_session_model_lost (UiSession *self);

/* ---- pictures ---- */
GListModel *ui_session_pictures (UiSession *self); /* of UiPicture */
UiPicture *ui_session_picture (UiSession *self);   /* the current one; (nullable) */
/* The folder that all pictures lie in, or all in folders of (one per class). (transfer full): NULL: there is none, or
 * a single picture. */
char *ui_session_folder (UiSession *self);
guint ui_session_position (UiSession *self);
void ui_session_show (UiSession *self, guint position);
/* @by: -1, 1: past broken pictures; G_MININT, G_MAXINT: the first, the last. */
void ui_session_walk (UiSession *self, int by);

void ui_session_show_picture (UiSession *self, UiPicture *picture);
/* The pictures that the strip lists, in the same order; walking goes over these. */
GListModel *ui_session_filtered (UiSession *self);
UiFilter ui_session_filter (UiSession *self, int *class_index);
/* Predictions that a filter needs are computed in the background. @class_index: UI_FILTER_CLASS only, else -1. */
void ui_session_set_filter (UiSession *self, UiFilter filter, int class_index);
/* Labels of the pictures from a table: see eng_truth_parse(). */
void ui_session_load_truth (UiSession *self, const char *path);
/* Somebody looks at the picture in the strip, or not any more: it gets a thumbnail and a prediction as soon as
 * nothing else is to do. Calls are paired. */
void ui_session_look_at (UiSession *self, UiPicture *picture, gboolean looked_at);
/* What is explained while nobody waits. */
UiBatch *ui_session_batch (UiSession *self);

/* ---- the class ---- */
const float *ui_session_probabilities (UiSession *self, int *n); /* of the current picture; (nullable) */
const char *ui_session_prediction_problem (UiSession *self);     /* (nullable) */
gboolean ui_session_follows_top (UiSession *self);
void ui_session_set_follow_top (UiSession *self, gboolean follow);
int ui_session_target (UiSession *self); /* class to explain; -1: not known yet */
void ui_session_set_target (UiSession *self, int class_index);
/* Explain the class rather than this one; -1: the class alone. Without effect while it is the class itself. */
int ui_session_contrast (UiSession *self);
void ui_session_set_contrast (UiSession *self, int class_index);

/* ---- methods ---- */
GListModel *ui_session_slots (UiSession *self);       /* all methods and their copies, of UiSlot */
GListModel *ui_session_tiles (UiSession *self);       /* the ticked ones */
GListModel *ui_session_differences (UiSession *self); /* of two tiles each, of UiSlot */
gboolean ui_session_shows_photo (UiSession *self);    /* as the first tile */
void ui_session_set_shows_photo (UiSession *self, gboolean shows);
/* A copy of @slot beside it, for other parameters. (transfer none) */
UiSlot *ui_session_duplicate (UiSession *self, UiSlot *slot);
/* A method's own slot is no longer shown, a copy or a difference goes. */
void ui_session_remove (UiSession *self, UiSlot *slot);
/* The tile that shows @a minus @b, which may be there already. (transfer none); NULL when they cannot be compared */
UiSlot *ui_session_compare (UiSession *self, UiSlot *a, UiSlot *b);
/* Keeps the class that @slot explains now, or follows the others again. */
void ui_session_pin (UiSession *self, UiSlot *slot, gboolean pin);
/* Other parameters, without running: a finished map is out of date until run again. @layer: (nullable) */
void ui_session_set_values (UiSession *self, UiSlot *slot, const EngValues *values, const char *layer);
/* Back to the parameters and the preprocessing of the map that is shown. */
void ui_session_undo_values (UiSession *self, UiSlot *slot);
gboolean ui_session_has_old (UiSession *self);       /* some tile's map is out of date */
void ui_session_run_old (UiSession *self);           /* all of those */
void ui_session_run (UiSession *self, UiSlot *slot); /* again, even if finished or stopped */
/* A stopped slot goes on where it stopped, if ui_slot_can_continue(). */
void ui_session_continue (UiSession *self, UiSlot *slot);
/* (transfer full): a check of the map that @slot would show now; not started. NULL while model or pixels are missing.
 */
EngCheck *ui_session_check (UiSession *self, UiSlot *slot, const EngCheckSettings *settings);
void ui_session_run_with (UiSession *self, UiSlot *slot, const EngValues *values); /* with the slot's layer */
/* Another map for the same settings, which a person chose. */
void ui_session_replace_map (UiSession *self, UiSlot *slot, EngHeatmap *map);
void ui_session_stop_all (UiSession *self);
UiSlot *ui_session_running (UiSession *self); /* (nullable) */
/* Jobs that are not finished. */
guint ui_session_n_busy (UiSession *self);

/* ---- trained explainers ---- */
/* The kind of explainer that has to be trained before @slot's method applies; NULL: it does, or training does not
 * help.
 */
const EngExplainerKind *ui_session_kind_for (UiSession *self, UiSlot *slot);
/* @error: (nullable): why the method cannot answer. */
typedef void (*UiAdopted) (gpointer owner, const EngValues *values, const GError *error);
/* Reads the explainer that @values may name, so that @slot's method applies and @values can be run. @told:
 * afterwards, at once where nothing has to be read; not at all when the model is another by then. @owner: (type
 * GObject): kept until then. */
void ui_session_adopt (UiSession *self, UiSlot *slot, const EngValues *values, UiAdopted told, gpointer owner);
/* Adds the method that answers with the file @path to the comparison: in its own tile, or in one beside it where that
 * shows another explainer. (transfer none): NULL: the model is another by now. */
UiSlot *ui_session_use_explainer (UiSession *self, const EngExplainerKind *kind, const char *path);

/* ---- maps made elsewhere ---- */
/* Reads a map of another program as one of the current picture, for the class that is explained now; as soon as these
 * are known. See eng_heatmap_import(). What cannot be read is reported. */
void ui_session_import_map (UiSession *self, const char *path);
/* Of UiSlot: maps that no method here made, of all pictures; those of the current one are tiles. */
GListModel *ui_session_own_maps (UiSession *self);

/* A mask that a person paints on the current picture; (nullable): nothing is painted, or for another crop. */
const UiMask *ui_session_mask (UiSession *self);
gboolean ui_session_can_paint (UiSession *self);
/* A piece of a stroke: see ui_mask_stroke(). The mask is a tile of its own; its map follows within 0.1 s, and at once
 * when the stroke ends. A mask that is erased to nothing is no tile. */
void ui_session_paint (UiSession *self, double x0, double y0, double x1, double y1, double radius, gboolean erase);
void ui_session_end_stroke (UiSession *self);
void ui_session_clear_mask (UiSession *self);

/* What was changed, to be undone. */
UiHistory *ui_session_history (UiSession *self);

/* ---- how it is shown ---- */
UiDisplay *ui_session_display (UiSession *self); /* change it, then call ui_session_display_changed() */
void ui_session_display_changed (UiSession *self);
void ui_session_reset_display (UiSession *self);
/* The colours' range of @slot's map, which may depend on other maps: see UiSameScale. FALSE: no map. */
gboolean ui_session_scale (UiSession *self, UiSlot *slot, UiScale *out);
/* Forgets what other pictures' maps added to the ranges, and a range set by hand. */
void ui_session_reset_scale (UiSession *self);
/* TRUE when tiles whose colours mean the same kind of thing have different ends. */
gboolean ui_session_scales_differ (UiSession *self);
UiMode ui_session_mode (UiSession *self);
void ui_session_set_mode (UiSession *self, UiMode mode);
UiThreshold *ui_session_threshold (UiSession *self);
UiScores *ui_session_scores (UiSession *self);
UiComposer *ui_session_composer (UiSession *self); /* the figure */
gboolean ui_session_peeks (UiSession *self);       /* the photo alone, as long as a key is held */
void ui_session_set_peek (UiSession *self, gboolean peek);
UiViewport *ui_session_viewport (UiSession *self);
#define UI_SESSION_MOST_COLUMNS 6
gboolean ui_session_links_views (UiSession *self);
void ui_session_set_links_views (UiSession *self, gboolean links);
gboolean ui_session_shows_crosshair (UiSession *self);
void ui_session_set_shows_crosshair (UiSession *self, gboolean shows);
/* Which page of the window is open, by name (nullable), and tiles side by side (0: as fits best).
 * "display-changed" tells of both. */
const char *ui_session_page (UiSession *self);
void ui_session_set_page (UiSession *self, const char *page);
guint ui_session_columns (UiSession *self);
void ui_session_set_columns (UiSession *self, guint columns);
/* In picture pixels; FALSE when the pointer is not over a picture. */
gboolean ui_session_pointer (UiSession *self, double *x, double *y);
void ui_session_set_pointer (UiSession *self, gboolean inside, double x, double y);

G_END_DECLS
