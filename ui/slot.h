/* One method's place on the page: whether it is ticked, its parameters, and what its tile shows now. A method
 * has one of its own and any number of copies with other parameters; the difference of two maps has one too.
 * The session moves it from state to state; tiles and the methods list only look. Main thread only. */
#pragma once

#include <gio/gio.h>

#include "engine/engine.h"
#include "ui/draw/spread.h"

G_BEGIN_DECLS

#define UI_TYPE_SLOT (ui_slot_get_type ())
G_DECLARE_FINAL_TYPE (UiSlot, ui_slot, UI, SLOT, GObject)

typedef enum
{
  UI_SLOT_EMPTY,   /* nothing asked for: no model, no picture, or removed from the queue */
  UI_SLOT_PENDING, /* will start as soon as the keys rest or the predictions are there */
  UI_SLOT_QUEUED,
  UI_SLOT_RUNNING,
  UI_SLOT_DONE,
  UI_SLOT_STOPPED,
  UI_SLOT_FAILED,
  UI_SLOT_OLD,        /* the map of other settings than those asked for now */
  UI_SLOT_IMPOSSIBLE, /* the method does not apply to the model: see the reason */
  UI_N_SLOT_STATES
} UiSlotState;

/* Where a slot has its map from. */
typedef enum
{
  UI_SLOT_OF_METHOD,  /* it is run */
  UI_SLOT_DIFFERENCE, /* of two others: comparison.h */
  UI_SLOT_OWN         /* a person brought it along or painted it: own-map.h */
} UiSlotKind;

/* Properties: "shown" (read-write). Signal "changed": anything below is different. */
UiSlot *ui_slot_new (const EngMethod *method, gboolean shown);
/* One that nothing is run for; shown. @method: what has to be known of a method, without explain(). */
UiSlot *ui_slot_new_special (const EngMethod *method, UiSlotKind kind);
UiSlotKind ui_slot_kind (UiSlot *self);
/* Another one of @self's method, with its parameters, layer and class; shown. @number: 2 for the first copy. */
UiSlot *ui_slot_new_copy (UiSlot *self, int number);
const EngMethod *ui_slot_method (UiSlot *self);
const char *ui_slot_name (UiSlot *self);  /* "LTX", "LTX 2" */
int ui_slot_number (UiSlot *self);        /* 1: the method's own; more: a copy */
const char *ui_slot_layer (UiSlot *self); /* name of a chosen layer; NULL: automatic */
/* A pinned slot keeps its class whatever is explained elsewhere. */
gboolean ui_slot_pinned (UiSlot *self);
int ui_slot_pinned_class (UiSlot *self);
int ui_slot_pinned_contrast (UiSlot *self); /* -1: none */
/* The map's values in order, made when first asked for. NULL: there is no map. */
const UiSpread *ui_slot_spread (UiSlot *self);
const UiSpread *ui_slot_spread_at_input (UiSlot *self);
gboolean ui_slot_shown (UiSlot *self);
void ui_slot_set_shown (UiSlot *self, gboolean shown);
gboolean ui_slot_away (UiSlot *self); /* its map is about another picture: no tile, whether shown or not */
UiSlotState ui_slot_state (UiSlot *self);
EngHeatmap *ui_slot_map (UiSlot *self);         /* result or newest preview; (nullable) */
EngJob *ui_slot_job (UiSlot *self);             /* queued, running or failed; (nullable) */
const char *ui_slot_reason (UiSlot *self);      /* failed, impossible: a sentence or two; else NULL */
gboolean ui_slot_applies (UiSlot *self);        /* FALSE: impossible with this model, whatever is explained */
gboolean ui_slot_partial (UiSlot *self);        /* of a run that was stopped */
gboolean ui_slot_is_cut_short (UiSlot *self);   /* stopped, and nobody said that the map will do */
gboolean ui_slot_can_continue (UiSlot *self);   /* stopped, and what is missing can be added to what is there */
double ui_slot_progress (UiSlot *self);         /* of the stopped, failed or running job, 0 .. 1 */
double ui_slot_seconds (UiSlot *self);          /* the shown map took; < 0: not known */
const EngValues *ui_slot_values (UiSlot *self); /* NULL while there is no model */
/* Few words for lists: "1.8 s", "62 %", "queued", "failed". (transfer full) */
char *ui_slot_status (UiSlot *self);
/* After the method's name in the header: "step 17 of 25", "layer conv4 · 6 × 6". (transfer full) */
char *ui_slot_summary (UiSlot *self);

/* ---- for the session ---- */
void ui_slot_set_model (UiSlot *self, EngModel *model); /* asks can_explain, resets values */
/* Files have come or gone: asks can_explain again, and keeps the values. */
void ui_slot_ask_again (UiSlot *self, EngModel *model);
void ui_slot_set_values (UiSlot *self, const EngValues *values);
/* Parameters, layer and pinned class of @from. Tells nobody. */
void ui_slot_copy_settings (UiSlot *self, UiSlot *from);
void ui_slot_set_layer (UiSlot *self, const char *layer);
void ui_slot_pin (UiSlot *self, int class_index, int contrast); /* @class_index: -1: not any more */
void ui_slot_set_title (UiSlot *self, const char *title);       /* of one that is no method's */
void ui_slot_set_away (UiSlot *self, gboolean away);
/* @text: (nullable): why not what is asked for now -> IMPOSSIBLE, until NULL is set. */
void ui_slot_set_objection (UiSlot *self, const char *text);
const char *ui_slot_key (UiSlot *self);                                 /* what is shown or under way; (nullable) */
void ui_slot_clear (UiSlot *self);                                      /* cancels, forgets; keeps IMPOSSIBLE */
void ui_slot_wait (UiSlot *self, const char *key);                      /* -> PENDING */
void ui_slot_show_map (UiSlot *self, const char *key, EngHeatmap *map); /* -> DONE */
/* A preview of long ago -> STOPPED at @progress. */
void ui_slot_show_stopped (UiSlot *self, const char *key, EngHeatmap *map, double progress);
/* -> OLD: something else is wanted, under @key (nullable: not known yet); @map stays in sight until that is run. */
void ui_slot_show_old (UiSlot *self, const char *key, EngHeatmap *map);
/* (transfer full): watches and starts it. "finished" with the map when it is done. */
void ui_slot_start (UiSlot *self, const char *key, EngJob *job, int priority);
void ui_slot_fail (UiSlot *self, const char *key, const char *reason);
/* As the user's Stop: what was done becomes the result where the method allows it, else -> STOPPED. */
void ui_slot_stop (UiSlot *self);
void ui_slot_keep (UiSlot *self); /* what was cut short will do: -> DONE, partial */

G_END_DECLS
