/* The figure of a session: the document that a person composes, what is known of its panels, and the newest drawing
 * of it. Maps come from the session's caches; panels whose map is there are measured in the background while somebody
 * looks; maps that are missing are computed when a person asks for it. Nothing here blocks. Main thread only. */
#pragma once

#include "ui/draw/figure-verdict.h"
#include "ui/slot.h"
#include "ui/picture.h"

G_BEGIN_DECLS

typedef struct _UiSession UiSession;

#define UI_TYPE_COMPOSER (ui_composer_get_type ())
G_DECLARE_FINAL_TYPE (UiComposer, ui_composer, UI, COMPOSER, GObject)

/* Signals: "changed": the document, or what is selected; "drawn": the drawing, or what is under way. */
UiComposer *ui_composer_new (UiSession *session);
void ui_composer_close (UiComposer *self); /* the session ends */
/* Somebody looks: draw and measure. Calls are counted. */
void ui_composer_watch (UiComposer *self, gboolean watch);

/* ---- the document ---- */
/* Change it, then call ui_composer_changed(). How maps are drawn is the session's display, in figures too: of
 * figure->display what is set here does not last. */
UiFigure *ui_composer_figure (UiComposer *self);
void ui_composer_changed (UiComposer *self);
gboolean ui_composer_is_empty (UiComposer *self); /* no row or no column */
/* Another document, opened from a file: its display becomes the session's. @figure: (transfer full) */
void ui_composer_take (UiComposer *self, UiFigure *figure);
/* Everything that is visible on Inspect, as a first figure; without effect where there is one. */
void ui_composer_start (UiComposer *self);
/* Row and column of what a tile shows, where they are not there already. NULL slot: the photo. FALSE: nothing that a
 * figure can hold; @why: (out) (transfer full): a sentence. */
gboolean ui_composer_add_slot (UiComposer *self, UiSlot *slot, char **why);
/* The masked picture of a slot's map, NULL: of all that are shown, or the curves, as they stand on the Threshold
 * page. */
void ui_composer_add_masked (UiComposer *self, UiSlot *slot);
void ui_composer_add_plot (UiComposer *self);
/* A row for @picture and a class, -1: the model's first choice, named when it is known. */
void ui_composer_add_picture (UiComposer *self, UiPicture *picture, int class_index);

/* The row whose settings are shown; G_MAXUINT: none. */
guint ui_composer_selected (UiComposer *self);
void ui_composer_select (UiComposer *self, guint row);
/* The class that a row explains; -1: not known yet. */
int ui_composer_class (UiComposer *self, guint row);

/* ---- what is drawn ---- */
UiFigureDrawing *ui_composer_drawing (UiComposer *self); /* (nullable): not yet */
/* TRUE while the drawing is behind the document. */
gboolean ui_composer_behind (UiComposer *self);

/* ---- what is computed ---- */
/* Maps that are missing or out of date. */
void ui_composer_compute (UiComposer *self);
void ui_composer_stop (UiComposer *self);
gboolean ui_composer_computing (UiComposer *self);
/* "Computing LTX for sailboat, 2 of 3", "Measuring 4 of 9 panels"; NULL: nothing is under way. (transfer full)
 * @fraction: (out): of the whole */
char *ui_composer_status (UiComposer *self, double *fraction);

/* For the session's state: without the display, which has a section of its own. (transfer full) */
char *ui_composer_save (UiComposer *self);
/* "": no figure. FALSE with an error. */
gboolean ui_composer_load (UiComposer *self, const char *json, GError **error);

G_END_DECLS
