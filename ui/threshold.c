/* See threshold.h and threshold-private.h. */
#include "ui/threshold-private.h"

#include <math.h>

#include "ui/settings.h"

guint ui_threshold_signals[UI_THRESHOLD_N_SIGNALS];

G_DEFINE_FINAL_TYPE (UiThreshold, ui_threshold, G_TYPE_OBJECT)

static void
tell (UiThreshold *self, guint signal)
{
  g_signal_emit (self, ui_threshold_signals[signal], 0);
}

/* ---- what is chosen ---- */

double
ui_threshold_share (UiThreshold *self)
{
  return self->share;
}

void
ui_threshold_set_share (UiThreshold *self, double share)
{
  share = CLAMP (round (share * 1000) / 1000, 0, 1); /* the number that is shown is the one that is used */
  if (share == self->share)
    return;
  self->share = share;
  tell (self, UI_THRESHOLD_CHANGED);
  ui_threshold_pump (self);
}

UiDirection
ui_threshold_direction (UiThreshold *self)
{
  return self->direction;
}

void
ui_threshold_set_direction (UiThreshold *self, UiDirection direction)
{
  if (direction == self->direction)
    return;
  self->direction = direction;
  tell (self, UI_THRESHOLD_CHANGED);
  ui_threshold_pump (self);
}

const UiProtocol *
ui_threshold_protocol (UiThreshold *self)
{
  return &self->protocol;
}

static void
protocol_changed (UiThreshold *self)
{
  ui_threshold_look_up (self);
  tell (self, UI_THRESHOLD_CHANGED);
  tell (self, UI_THRESHOLD_CURVES);
  ui_threshold_pump (self);
}

void
ui_threshold_set_preset (UiThreshold *self, const UiPreset *preset)
{
  if (preset == self->protocol.preset && !self->protocol.custom)
    return;
  self->protocol.preset = preset;
  self->protocol.custom = FALSE;
  protocol_changed (self);
}

void
ui_threshold_set_fill (UiThreshold *self, EngFill fill)
{
  if (ui_protocol_curve (&self->protocol, self->direction).fill == fill)
    return;
  self->protocol.custom = TRUE;
  self->protocol.fill = fill;
  protocol_changed (self);
}

void
ui_threshold_set_seed (UiThreshold *self, guint64 seed)
{
  if (self->protocol.seed == seed)
    return;
  self->protocol.seed = seed;
  protocol_changed (self);
}

void
ui_threshold_set_rank_by (UiThreshold *self, EngRankBy by)
{
  if (self->protocol.by == by)
    return;
  self->protocol.by = by;
  ui_threshold_forget_rankings (self);
  protocol_changed (self);
}

UiSeries *
ui_threshold_selected (UiThreshold *self)
{
  return self->selected;
}

void
ui_threshold_select (UiThreshold *self, UiSeries *series)
{
  if (self->replacing)
    return;
  self->chosen = TRUE;
  if (series == self->selected)
    return;
  self->selected = series;
  tell (self, UI_THRESHOLD_CHANGED);
  ui_threshold_pump (self);
}

void
ui_threshold_keep_step (UiThreshold *self, UiSlot *slot, int step)
{
  const char *key = ui_slot_key (slot);
  EngHeatmap *original = key ? g_hash_table_lookup (self->originals, key) : NULL;
  if (!self->session || !key || !ui_slot_map (slot))
    return;
  if (step < 0 || step == eng_heatmap_kept_step (original ? original : ui_slot_map (slot)))
    g_hash_table_remove (self->kept, key);
  else
    g_hash_table_insert (self->kept, g_strdup (key), GINT_TO_POINTER (step));
  ui_threshold_apply_kept (self, slot);
  tell (self, UI_THRESHOLD_CHANGED);
}

int
ui_threshold_kept_step (UiThreshold *self, UiSlot *slot)
{
  const char *key = ui_slot_key (slot);
  gpointer step;
  return key && g_hash_table_lookup_extended (self->kept, key, NULL, &step) ? GPOINTER_TO_INT (step) : -1;
}

void
ui_threshold_restored (UiThreshold *self)
{
  GListModel *slots = self->session ? ui_session_slots (self->session) : NULL;
  for (guint i = 0; slots && i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      ui_threshold_apply_kept (self, slot);
    }
  protocol_changed (self);
}

/* ---- what it is about ---- */

GListModel *
ui_threshold_series (UiThreshold *self)
{
  return G_LIST_MODEL (self->series);
}

EngSubject *
ui_threshold_subject (UiThreshold *self)
{
  return self->subject;
}

const char *
ui_threshold_class_name (UiThreshold *self)
{
  return self->class_name ? self->class_name : "";
}

const char *
ui_threshold_problem (UiThreshold *self)
{
  return self->problem;
}

int
ui_threshold_n (UiThreshold *self)
{
  EngModel *model = self->session ? ui_session_model (self->session) : NULL;
  EngPreprocess *p = model ? eng_model_preprocess (model) : NULL;
  return p ? p->width * p->height : 0;
}

int
ui_threshold_k (UiThreshold *self)
{
  return eng_share_pixels (self->share, ui_threshold_n (self));
}

const guint8 *
ui_threshold_fill (UiThreshold *self)
{
  EngMasking masking = ui_protocol_masking (&self->protocol, self->direction);
  GBytes *fill = self->fills[self->direction];
  return fill && eng_masking_equal (&masking, &self->fill_masking[self->direction]) ? g_bytes_get_data (fill, NULL)
                                                                                    : NULL;
}

EngRanking *
ui_threshold_ranking (UiThreshold *self, UiSeries *series)
{
  return series->rankings[ui_protocol_curve (&self->protocol, self->direction).order];
}

/* ---- what was measured ---- */

/* A point of the curve at exactly @k pixels. */
static const EngPoint *
point_at (const UiCurve *curve, int k)
{
  for (int i = 0; curve && i < curve->done; i++)
    if (curve->curve.counts[i] == k)
      return &curve->points[i];
  return NULL;
}

/* Between two points of the curve; the first choice is that of the point before. */
static gboolean
read_off (const UiCurve *curve, double share, EngReading *reading)
{
  for (int i = 1; curve && i < curve->done; i++)
    if (share >= curve->xs[i - 1] && share <= curve->xs[i])
      {
        const EngPoint *a = &curve->points[i - 1], *b = &curve->points[i];
        double t = (share - curve->xs[i - 1]) / (curve->xs[i] - curve->xs[i - 1]);
        *reading = a->reading;
        reading->probability += t * (b->reading.probability - a->reading.probability);
        return TRUE;
      }
  return FALSE;
}

gboolean
ui_threshold_score (UiThreshold *self, UiSeries *series, EngReading *reading, gboolean *exact)
{
  const UiCurve *curve = series->wanted[self->direction];
  const EngPoint *point;
  *exact = TRUE;
  if (ui_threshold_is_exact (self, series))
    *reading = series->reading;
  else if (!series->flat && (point = point_at (curve, ui_threshold_k (self))))
    *reading = point->reading;
  else
    {
      *exact = FALSE;
      return !series->flat && read_off (curve, self->share, reading);
    }
  return TRUE;
}

const float *
ui_threshold_probabilities (UiThreshold *self)
{
  gboolean fits =
      self->selected && self->probabilities_of == self->selected && ui_threshold_is_exact (self, self->selected);
  return fits ? self->probabilities : NULL;
}

double
ui_threshold_seconds (UiThreshold *self)
{
  return self->seconds;
}

const UiCurve *
ui_threshold_curve (UiThreshold *self, UiSeries *series, UiDirection direction, gboolean *old)
{
  UiCurve *shown = series->shown[direction], *wanted = series->wanted[direction];
  *old = shown && shown != wanted;
  return shown ? shown : wanted;
}

double
ui_threshold_area (UiThreshold *self, UiSeries *series, UiDirection direction, gboolean *old)
{
  UiCurve *shown = series->shown[direction];
  *old = shown && shown != series->wanted[direction];
  return shown ? shown->value : NAN;
}

double
ui_threshold_progress (UiThreshold *self, UiSeries *series, UiDirection direction)
{
  const UiCurve *wanted = series->wanted[direction];
  if (!series->slot)
    {
      const UiBandRun *run = self->band[direction];
      return run ? (double)run->done / (UI_BAND_ORDERS * run->curve.n) : 0;
    }
  return wanted ? (double)wanted->done / wanted->curve.n : 0;
}

double
ui_threshold_flip (UiThreshold *self, UiSeries *series, UiDirection direction, gboolean *known)
{
  const UiCurve *curve = series->wanted[direction];
  int class_index = self->subject ? eng_subject_class_index (self->subject) : -1;
  gboolean keeps = ui_protocol_curve (&self->protocol, direction).mode == ENG_MASK_KEEP;
  *known = curve && curve->done == curve->curve.n;
  for (int i = 0; *known && i < curve->done; i++)
    if ((curve->points[i].reading.top == class_index) == keeps)
      return curve->xs[i];
  return NAN;
}

const EngBand *
ui_threshold_band (UiThreshold *self, UiDirection direction)
{
  return self->band[direction] ? self->band[direction]->band : NULL;
}

guint
ui_threshold_n_ready (UiThreshold *self, guint *of)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->series)), ready = 0;
  *of = 0;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
      gboolean both = TRUE;
      if (!series->slot || series->flat)
        continue;
      for (int d = 0; d < UI_N_DIRECTIONS; d++)
        both = both && series->wanted[d] && series->wanted[d]->done == series->wanted[d]->curve.n;
      ready += both;
      ++*of;
    }
  return ready;
}

/* ---- birth and end ---- */

void
ui_threshold_watch (UiThreshold *self, gboolean watch)
{
  g_return_if_fail (watch || self->watchers > 0);
  self->watchers += watch ? 1 : -1;
  if (watch && self->watchers == 1)
    ui_threshold_refresh (self);
  else if (!self->watchers)
    ui_threshold_pump_measures (self); /* nobody looks: what is under way ends */
}

UiThreshold *
ui_threshold_new (UiSession *session)
{
  UiThreshold *self = g_object_new (UI_TYPE_THRESHOLD, NULL);
  self->session = session;
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (ui_threshold_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (ui_threshold_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (ui_threshold_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::target", G_CALLBACK (ui_threshold_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_tiles (session), "items-changed", G_CALLBACK (ui_threshold_refresh), self,
                           G_CONNECT_SWAPPED);
  return self;
}

void
ui_threshold_close (UiThreshold *self)
{
  self->session = NULL;
  self->epoch++;
  self->truth_epoch++;
  ui_threshold_measures_close (self);
}

static void
ui_threshold_finalize (GObject *object)
{
  UiThreshold *self = UI_THRESHOLD (object);
  g_clear_object (&self->series);
  g_clear_object (&self->random);
  g_clear_pointer (&self->subject, eng_subject_unref);
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    g_clear_pointer (&self->fills[d], g_bytes_unref);
  g_hash_table_unref (self->kept);
  g_hash_table_unref (self->originals);
  g_hash_table_unref (self->curves);
  g_hash_table_unref (self->bands);
  g_free (self->subject_key);
  g_free (self->problem);
  g_free (self->class_name);
  g_free (self->probabilities);
  ui_threshold_truth_free (self);
  ui_threshold_measures_free (self);
  G_OBJECT_CLASS (ui_threshold_parent_class)->finalize (object);
}

static void
ui_threshold_class_init (UiThresholdClass *klass)
{
  static const char *const names[] = { "changed", "scored", "curves", "truth", "measured" };
  G_OBJECT_CLASS (klass)->finalize = ui_threshold_finalize;
  for (guint i = 0; i < UI_THRESHOLD_N_SIGNALS; i++)
    ui_threshold_signals[i] =
        g_signal_new (names[i], UI_TYPE_THRESHOLD, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_threshold_init (UiThreshold *self)
{
  self->share = ENG_PROTOCOL_THRESHOLD;
  self->seconds = -1;
  ui_protocol_init (&self->protocol);
  g_autofree char *preferred = ui_settings_get ("protocol");
  if (preferred && ui_preset_find (preferred))
    self->protocol.preset = ui_preset_find (preferred);
  ui_threshold_measures_init (self);
  self->series = g_list_store_new (UI_TYPE_SERIES);
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->originals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)eng_heatmap_unref);
  self->curves = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)ui_curve_unref);
  self->bands = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)ui_band_run_free);
}
