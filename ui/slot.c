/* See slot.h. A job whose slot has moved on is disconnected and cancelled: its late result finds no
 * listener. */
#include "ui/slot.h"

#include <math.h>
#include <string.h>

#include "ui/draw/words.h"

struct _UiSlot
{
  GObject parent_instance;
  const EngMethod *method;
  UiSlotKind kind;
  int number;
  char *name;
  gboolean shown, partial, away;
  UiSlotState state;
  char *key, *failure;
  GHashTable *accepted; /* keys of maps that were cut short and kept as they are */
  char *refusal;        /* of the model */
  char *objection;      /* to what is asked for now */
  EngHeatmap *map;
  EngJob *job;
  double progress;
  EngValues *values;
  char *layer;
  int pinned_class, pinned_contrast;  /* @pinned_class < 0: not pinned */
  UiSpread *spread, *spread_at_input; /* of @map; NULL: not asked for yet */
};

enum
{
  PROP_SHOWN = 1,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

enum
{
  CHANGED,
  FINISHED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (UiSlot, ui_slot, G_TYPE_OBJECT)

static void
changed (UiSlot *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
drop_job (UiSlot *self)
{
  if (!self->job)
    return;
  g_signal_handlers_disconnect_by_data (self->job, self);
  eng_job_cancel (self->job);
  g_clear_object (&self->job);
}

static void
set_map (UiSlot *self, EngHeatmap *map)
{
  if (self->map == map)
    return;
  g_clear_pointer (&self->map, eng_heatmap_unref);
  g_clear_pointer (&self->spread, ui_spread_free);
  g_clear_pointer (&self->spread_at_input, ui_spread_free);
  self->map = map ? eng_heatmap_ref (map) : NULL;
}

/* Ready for another key: nothing shown, nothing under way. */
static void
reset (UiSlot *self, const char *key)
{
  drop_job (self);
  set_map (self, NULL);
  g_clear_pointer (&self->failure, g_free);
  self->partial = FALSE;
  self->progress = 0;
  char *copy = g_strdup (key);
  g_free (self->key);
  self->key = copy;
  self->state = self->refusal || self->objection ? UI_SLOT_IMPOSSIBLE : UI_SLOT_EMPTY;
}

static UiSlotState
state_of (EngJob *job)
{
  static const UiSlotState states[] = {
    [ENG_JOB_QUEUED] = UI_SLOT_QUEUED,     [ENG_JOB_RUNNING] = UI_SLOT_RUNNING, [ENG_JOB_DONE] = UI_SLOT_DONE,
    [ENG_JOB_CANCELLED] = UI_SLOT_STOPPED, [ENG_JOB_FAILED] = UI_SLOT_FAILED,
  };
  return states[eng_job_state (job)];
}

static void
on_job_changed (EngJob *job, UiSlot *self)
{
  g_autoptr (UiSlot) hold = g_object_ref (self);
  self->state = state_of (job);
  if (eng_job_heatmap (job))
    set_map (self, eng_job_heatmap (job));
  self->progress = eng_job_progress (job, NULL, NULL, NULL);
  if (self->state == UI_SLOT_STOPPED && !self->map)
    reset (self, self->key);
  if (self->state == UI_SLOT_FAILED)
    {
      const GError *error = eng_job_error (job);
      g_free (self->failure);
      self->failure = g_strdup (error ? error->message : "The method failed without giving a reason.");
    }
  if (self->state == UI_SLOT_DONE || self->state == UI_SLOT_STOPPED)
    {
      g_signal_handlers_disconnect_by_data (job, self);
      g_clear_object (&self->job);
    }
  changed (self);
  if (self->state == UI_SLOT_DONE)
    g_signal_emit (self, signals[FINISHED], 0);
}

UiSlot *
ui_slot_new (const EngMethod *method, gboolean shown)
{
  UiSlot *self = g_object_new (UI_TYPE_SLOT, NULL);
  self->method = method;
  self->name = g_strdup (method->name);
  self->number = 1;
  self->shown = shown;
  return self;
}

UiSlot *
ui_slot_new_special (const EngMethod *method, UiSlotKind kind)
{
  UiSlot *self = ui_slot_new (method, TRUE);
  self->kind = kind;
  return self;
}

void
ui_slot_copy_settings (UiSlot *self, UiSlot *from)
{
  g_clear_pointer (&self->values, eng_values_free);
  g_free (self->layer);
  self->values = from->values ? eng_values_copy (from->values) : NULL;
  self->layer = g_strdup (from->layer);
  self->pinned_class = from->pinned_class;
  self->pinned_contrast = from->pinned_contrast;
}

UiSlot *
ui_slot_new_copy (UiSlot *self, int number)
{
  UiSlot *copy = ui_slot_new (self->method, TRUE);
  copy->number = number;
  g_free (copy->name);
  copy->name = g_strdup_printf ("%s %d", self->method->name, number);
  ui_slot_copy_settings (copy, self);
  copy->refusal = g_strdup (self->refusal);
  copy->state = self->refusal ? UI_SLOT_IMPOSSIBLE : UI_SLOT_EMPTY;
  return copy;
}

static void
ui_slot_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  g_value_set_boolean (value, UI_SLOT (object)->shown);
}

static void
ui_slot_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  ui_slot_set_shown (UI_SLOT (object), g_value_get_boolean (value));
}

static void
ui_slot_dispose (GObject *object)
{
  drop_job (UI_SLOT (object));
  G_OBJECT_CLASS (ui_slot_parent_class)->dispose (object);
}

static void
ui_slot_finalize (GObject *object)
{
  UiSlot *self = UI_SLOT (object);
  set_map (self, NULL);
  g_hash_table_unref (self->accepted);
  g_free (self->key);
  g_free (self->name);
  g_free (self->layer);
  g_free (self->refusal);
  g_free (self->objection);
  g_free (self->failure);
  g_clear_pointer (&self->values, eng_values_free);
  G_OBJECT_CLASS (ui_slot_parent_class)->finalize (object);
}

static void
ui_slot_class_init (UiSlotClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  object_class->get_property = ui_slot_get_property;
  object_class->set_property = ui_slot_set_property;
  object_class->dispose = ui_slot_dispose;
  object_class->finalize = ui_slot_finalize;
  props[PROP_SHOWN] = g_param_spec_boolean ("shown", NULL, NULL, FALSE,
                                            G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[CHANGED] = g_signal_new ("changed", UI_TYPE_SLOT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FINISHED] = g_signal_new ("finished", UI_TYPE_SLOT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_slot_init (UiSlot *self)
{
  self->pinned_class = self->pinned_contrast = -1;
  self->accepted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

const EngMethod *
ui_slot_method (UiSlot *self)
{
  return self->method;
}

const char *
ui_slot_name (UiSlot *self)
{
  return self->name;
}

int
ui_slot_number (UiSlot *self)
{
  return self->number;
}

UiSlotKind
ui_slot_kind (UiSlot *self)
{
  return self->kind;
}

gboolean
ui_slot_away (UiSlot *self)
{
  return self->away;
}

void
ui_slot_set_away (UiSlot *self, gboolean away)
{
  if (self->away == !!away)
    return;
  self->away = !!away;
  changed (self);
}

const char *
ui_slot_layer (UiSlot *self)
{
  return self->layer;
}

gboolean
ui_slot_pinned (UiSlot *self)
{
  return self->pinned_class >= 0;
}

int
ui_slot_pinned_class (UiSlot *self)
{
  return self->pinned_class;
}

int
ui_slot_pinned_contrast (UiSlot *self)
{
  return self->pinned_contrast;
}

const UiSpread *
ui_slot_spread (UiSlot *self)
{
  if (self->map && !self->spread)
    self->spread = ui_spread_new (self->map);
  return self->spread;
}

const UiSpread *
ui_slot_spread_at_input (UiSlot *self)
{
  if (self->map && !self->spread_at_input)
    self->spread_at_input = ui_spread_new_at_input (self->map);
  return self->spread_at_input;
}

gboolean
ui_slot_shown (UiSlot *self)
{
  return self->shown;
}

void
ui_slot_set_shown (UiSlot *self, gboolean shown)
{
  if (self->shown == !!shown)
    return;
  self->shown = !!shown;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SHOWN]);
}

UiSlotState
ui_slot_state (UiSlot *self)
{
  return self->state;
}

EngHeatmap *
ui_slot_map (UiSlot *self)
{
  return self->map;
}

EngJob *
ui_slot_job (UiSlot *self)
{
  return self->job;
}

const char *
ui_slot_reason (UiSlot *self)
{
  return self->state == UI_SLOT_IMPOSSIBLE ? self->refusal ? self->refusal : self->objection
         : self->state == UI_SLOT_FAILED   ? self->failure
                                           : NULL;
}

gboolean
ui_slot_applies (UiSlot *self)
{
  return self->refusal == NULL;
}

gboolean
ui_slot_partial (UiSlot *self)
{
  return self->partial || (self->state == UI_SLOT_DONE && self->map && eng_heatmap_provenance (self->map)->partial);
}

gboolean
ui_slot_is_cut_short (UiSlot *self)
{
  return self->state == UI_SLOT_STOPPED || (self->state == UI_SLOT_DONE && !self->partial && ui_slot_partial (self));
}

gboolean
ui_slot_can_continue (UiSlot *self)
{
  return (self->state == UI_SLOT_STOPPED || ui_slot_partial (self)) && self->map
         && eng_heatmap_can_continue (self->map);
}

double
ui_slot_progress (UiSlot *self)
{
  return self->progress;
}

double
ui_slot_seconds (UiSlot *self)
{
  const EngProvenance *provenance =
      self->map && self->kind == UI_SLOT_OF_METHOD ? eng_heatmap_provenance (self->map) : NULL;
  return provenance ? provenance->seconds : -1;
}

const EngValues *
ui_slot_values (UiSlot *self)
{
  return self->values;
}

static char *
format_seconds (double seconds)
{
  if (seconds < 0)
    return g_strdup ("");
  if (seconds < 0.1)
    return g_strdup_printf ("%.0f ms", fmax (1, seconds * 1000));
  return g_strdup_printf (seconds < 10 ? "%.1f s" : "%.0f s", seconds);
}

char *
ui_slot_status (UiSlot *self)
{
  static const char *const words[UI_N_SLOT_STATES] = {
    [UI_SLOT_QUEUED] = "queued", [UI_SLOT_STOPPED] = "stopped", [UI_SLOT_FAILED] = "failed",
    [UI_SLOT_OLD] = "old",       [UI_SLOT_IMPOSSIBLE] = "n/a",
  };
  if (!self->shown && self->state != UI_SLOT_IMPOSSIBLE)
    return g_strdup ("");
  if (self->state == UI_SLOT_RUNNING)
    return g_strdup_printf ("%.0f %%", floor (self->progress * 100));
  if (self->state == UI_SLOT_DONE)
    return ui_slot_partial (self) ? g_strdup ("partial") : format_seconds (ui_slot_seconds (self));
  return g_strdup (words[self->state] ? words[self->state] : "");
}

/* ONNX value names are paths such as "/block3/Relu_1_output_0": the last two parts, without the
 * exporter's suffix, are enough beside a tile's name. */
static char *
short_layer (const char *layer)
{
  const char *start = layer + strlen (layer);
  for (int slashes = 0; start > layer && slashes < 2; start--)
    slashes += start[-1] == '/';
  while (*start == '/')
    start++;
  const char *suffix = g_strrstr (start, "_output_");
  return suffix && suffix > start ? g_strndup (start, (gsize)(suffix - start)) : g_strdup (start);
}

/* What was selected, without the reason: "step 17 of 25: lowest POS AUC" is the first five words. */
static void
append_selected (GString *text, const char *selected)
{
  const char *colon = strstr (selected, ": ");
  g_string_append_len (text, selected, colon ? colon - selected : -1);
}

/* Where the map comes from: what was selected, or the layer; its grid. */
static void
append_origin (GString *text, EngHeatmap *map)
{
  const EngProvenance *provenance = eng_heatmap_provenance (map);
  /* The grid only says something when it is coarser than the picture the model sees. */
  int rows = eng_heatmap_rows (map), cols = eng_heatmap_cols (map);
  gboolean coarse = rows < eng_heatmap_geometry (map)->input_height;
  if (provenance->selected && *provenance->selected)
    append_selected (text, provenance->selected);
  else if (coarse && provenance->layer && *provenance->layer)
    {
      g_autofree char *layer = short_layer (provenance->layer);
      g_string_append_printf (text, "layer %s · %d × %d", layer, rows, cols);
    }
  else
    g_string_append_printf (text, "\u200e%d × %d", rows, cols); /* also where text runs from right to left */
}

static void
append_part (GString *text, const char *part)
{
  if (part && *part)
    g_string_append_printf (text, "%s%s", text->len ? " · " : "", part);
}

char *
ui_slot_summary (UiSlot *self)
{
  g_autofree char *changed_values = self->values ? eng_values_summary (self->values) : NULL;
  GString *text = g_string_new (NULL);
  const EngProvenance *provenance =
      self->state == UI_SLOT_DONE && self->map ? eng_heatmap_provenance (self->map) : NULL;
  if (provenance)
    {
      g_autofree char *partial = ui_words_partial (self->map), *settled = ui_words_settled (provenance->convergence);
      g_autoptr (GString) origin = g_string_new (NULL);
      append_origin (origin, self->map);
      append_part (text, partial);
      append_part (text, settled);
      append_part (text, origin->str);
    }
  if (self->layer && !provenance)
    {
      g_autofree char *layer = short_layer (self->layer);
      append_part (text, layer);
    }
  append_part (text, changed_values);
  for (guint i = 0; provenance && i < provenance->notes->len; i++)
    append_part (text, ((EngNote *)provenance->notes->pdata[i])->text);
  return g_string_free (text, FALSE);
}

void
ui_slot_set_model (UiSlot *self, EngModel *model)
{
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&self->refusal, g_free);
  g_clear_pointer (&self->objection, g_free);
  /* What a copy differs by is what it is for. */
  if (self->number == 1)
    g_clear_pointer (&self->values, eng_values_free);
  g_clear_pointer (&self->layer, g_free);
  self->pinned_class = self->pinned_contrast = -1;
  if (model)
    {
      if (!self->values)
        self->values = eng_values_new (self->method, model);
      if (!eng_method_can_explain (self->method, model, NULL, &error))
        self->refusal = g_strdup (error->message);
    }
  reset (self, NULL);
  changed (self);
}

void
ui_slot_ask_again (UiSlot *self, EngModel *model)
{
  g_autoptr (GError) error = NULL;
  gboolean applies = eng_method_can_explain (self->method, model, NULL, &error);
  if (applies == !self->refusal)
    return;
  g_free (self->refusal);
  self->refusal = error ? g_strdup (error->message) : NULL;
  reset (self, NULL);
  changed (self);
}

void
ui_slot_set_values (UiSlot *self, const EngValues *values)
{
  g_clear_pointer (&self->values, eng_values_free);
  self->values = eng_values_copy (values);
  changed (self);
}

void
ui_slot_set_layer (UiSlot *self, const char *layer)
{
  char *copy = g_strdup (layer);
  g_free (self->layer);
  self->layer = copy;
  changed (self);
}

void
ui_slot_pin (UiSlot *self, int class_index, int contrast)
{
  self->pinned_class = class_index;
  self->pinned_contrast = class_index < 0 ? -1 : contrast;
  changed (self);
}

void
ui_slot_set_title (UiSlot *self, const char *title)
{
  g_free (self->name);
  self->name = g_strdup (title);
  changed (self);
}

void
ui_slot_set_objection (UiSlot *self, const char *text)
{
  if (g_strcmp0 (self->objection, text) == 0)
    return;
  g_free (self->objection);
  self->objection = g_strdup (text);
  reset (self, NULL);
  changed (self);
}

const char *
ui_slot_key (UiSlot *self)
{
  return self->key;
}

void
ui_slot_clear (UiSlot *self)
{
  reset (self, NULL);
  changed (self);
}

void
ui_slot_wait (UiSlot *self, const char *key)
{
  reset (self, key);
  if (self->state != UI_SLOT_IMPOSSIBLE)
    self->state = UI_SLOT_PENDING;
  changed (self);
}

void
ui_slot_show_map (UiSlot *self, const char *key, EngHeatmap *map)
{
  reset (self, key);
  set_map (self, map);
  const EngProvenance *p = eng_heatmap_provenance (map);
  self->progress = p->partial && p->total ? (double)p->done / p->total : 1;
  self->partial = p->partial && key && g_hash_table_contains (self->accepted, key);
  self->state = UI_SLOT_DONE;
  changed (self);
}

void
ui_slot_show_stopped (UiSlot *self, const char *key, EngHeatmap *map, double progress)
{
  reset (self, key);
  set_map (self, map);
  self->progress = progress;
  self->state = UI_SLOT_STOPPED;
  changed (self);
}

void
ui_slot_show_old (UiSlot *self, const char *key, EngHeatmap *map)
{
  g_autoptr (EngHeatmap) hold = eng_heatmap_ref (map);
  reset (self, key);
  if (self->state != UI_SLOT_IMPOSSIBLE)
    {
      set_map (self, map);
      self->state = UI_SLOT_OLD;
    }
  changed (self);
}

void
ui_slot_start (UiSlot *self, const char *key, EngJob *job, int priority)
{
  reset (self, key);
  self->job = job;
  self->state = UI_SLOT_QUEUED;
  if (eng_job_heatmap (job)) /* it goes on from there */
    set_map (self, eng_job_heatmap (job));
  self->progress = eng_job_progress (job, NULL, NULL, NULL);
  g_signal_connect (job, "changed", G_CALLBACK (on_job_changed), self);
  eng_job_start (job, priority);
  changed (self);
}

void
ui_slot_fail (UiSlot *self, const char *key, const char *reason)
{
  reset (self, key);
  self->failure = g_strdup (reason);
  self->state = UI_SLOT_FAILED;
  changed (self);
}

void
ui_slot_stop (UiSlot *self)
{
  if (self->state == UI_SLOT_PENDING)
    {
      reset (self, self->key);
      changed (self);
    }
  else if (self->job && (self->state == UI_SLOT_QUEUED || self->state == UI_SLOT_RUNNING))
    eng_job_stop (self->job);
}

void
ui_slot_keep (UiSlot *self)
{
  if (!ui_slot_is_cut_short (self))
    return;
  if (self->key)
    g_hash_table_add (self->accepted, g_strdup (self->key));
  self->state = UI_SLOT_DONE;
  self->partial = TRUE;
  changed (self);
}
