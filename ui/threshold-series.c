/* The part of the threshold that keeps one line for every finished map, and finds the curves that are known. See
 * threshold-private.h. */
#include "ui/threshold-private.h"

#define MOST_CURVES 1000 /* 10 kB each */
#define MOST_BANDS 50

/* ---- curves ---- */

static void
curve_clear (gpointer data)
{
  UiCurve *self = data;
  g_free (self->key);
  eng_curve_clear (&self->curve);
  g_free (self->xs);
  g_free (self->points);
}

UiCurve *
ui_curve_ref (UiCurve *self)
{
  return g_rc_box_acquire (self);
}

void
ui_curve_unref (UiCurve *self)
{
  g_rc_box_release_full (self, curve_clear);
}

static void
set_curve (UiCurve **place, UiCurve *curve)
{
  UiCurve *old = *place;
  *place = curve ? ui_curve_ref (curve) : NULL;
  if (old)
    ui_curve_unref (old);
}

void
ui_series_take_curve (UiSeries *self, UiDirection direction)
{
  set_curve (&self->shown[direction], self->wanted[direction]);
}

static gboolean
is_unused (gpointer key, gpointer value, gpointer unused)
{
  return !((UiCurve *)value)->queued;
}

static UiCurve *
find_curve (UiThreshold *self, UiSeries *series, UiDirection direction)
{
  g_autofree char *protocol = ui_protocol_key (&self->protocol, direction);
  EngRankBy by = ui_protocol_rank_by (&self->protocol, series->map);
  g_autofree char *key =
      g_strdup_printf ("%s\n%s\n%s %s", self->subject_key, series->map_key, protocol, ui_rank_ids[by]);
  UiCurve *curve = g_hash_table_lookup (self->curves, key);
  if (curve)
    return curve;
  if (g_hash_table_size (self->curves) >= MOST_CURVES)
    g_hash_table_foreach_remove (self->curves, is_unused, NULL); /* those on screen are held by their series */
  curve = g_rc_box_new0 (UiCurve);
  curve->key = g_steal_pointer (&key);
  ui_protocol_points (&self->protocol, direction, ui_session_model (self->session), &curve->curve, &curve->xs);
  curve->points = g_new0 (EngPoint, curve->curve.n);
  g_hash_table_insert (self->curves, curve->key, curve);
  return curve;
}

/* ---- random orders ---- */

void
ui_band_run_free (UiBandRun *self)
{
  for (int i = 0; i < UI_BAND_ORDERS; i++)
    g_clear_pointer (&self->rankings[i], eng_ranking_unref);
  g_clear_pointer (&self->band, eng_band_unref);
  eng_curve_clear (&self->curve);
  g_free (self->points);
  g_free (self->key);
  g_free (self);
}

/* Fewer points where a protocol has many: the band is smooth. */
static void
thin (EngCurve *curve)
{
  int n = curve->n - 1;
  if (n <= UI_BAND_POINTS * 2)
    return;
  for (int i = 0; i <= UI_BAND_POINTS; i++)
    curve->counts[i] = curve->counts[(gint64)i * n / UI_BAND_POINTS];
  curve->n = UI_BAND_POINTS + 1;
}

static gboolean
is_band_unused (gpointer key, gpointer value, gpointer data)
{
  UiThreshold *self = data;
  return !((UiBandRun *)value)->queued && value != self->band[UI_DELETION] && value != self->band[UI_INSERTION];
}

/* What is measured does not depend on the order's sense: a random order backwards is a random order. */
static UiBandRun *
find_band (UiThreshold *self, UiDirection direction)
{
  g_autofree char *protocol = ui_protocol_key (&self->protocol, direction);
  g_autofree char *key = g_strdup_printf ("%s\n%s", self->subject_key, protocol);
  UiBandRun *run = g_hash_table_lookup (self->bands, key);
  g_autofree double *xs = NULL;
  if (run)
    return run;
  if (g_hash_table_size (self->bands) >= MOST_BANDS)
    g_hash_table_foreach_remove (self->bands, is_band_unused, self);
  run = g_new0 (UiBandRun, 1);
  run->key = g_steal_pointer (&key);
  ui_protocol_points (&self->protocol, direction, ui_session_model (self->session), &run->curve, &xs);
  thin (&run->curve);
  run->points = g_new0 (EngPoint, (gsize)UI_BAND_ORDERS * run->curve.n);
  g_hash_table_insert (self->bands, run->key, run);
  return run;
}

void
ui_threshold_look_up (UiThreshold *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->series));
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    {
      self->band[d] = self->subject_key && n > 0 ? find_band (self, (UiDirection)d) : NULL;
      for (guint i = 0; i < n; i++)
        {
          g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
          if (!series->slot)
            continue;
          set_curve (&series->wanted[d], find_curve (self, series, (UiDirection)d));
          if (series->wanted[d]->done == series->wanted[d]->curve.n)
            ui_series_take_curve (series, (UiDirection)d);
        }
    }
}

/* ---- series ---- */

G_DEFINE_FINAL_TYPE (UiSeries, ui_series, G_TYPE_OBJECT)

static void
forget (UiSeries *self)
{
  for (int i = 0; i < 2; i++)
    g_clear_pointer (&self->rankings[i], eng_ranking_unref);
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    {
      set_curve (&self->shown[d], NULL);
      set_curve (&self->wanted[d], NULL);
    }
  g_clear_pointer (&self->picture, g_bytes_unref);
  g_clear_pointer (&self->overlap, eng_overlap_free);
  self->k = -1;
  self->flat = FALSE;
}

void
ui_threshold_forget_rankings (UiThreshold *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->series)); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
      if (!series->map || eng_heatmap_sign (series->map) != ENG_SIGN_SIGNED)
        continue;
      for (int order = 0; order < 2; order++)
        g_clear_pointer (&series->rankings[order], eng_ranking_unref);
      g_clear_pointer (&series->picture, g_bytes_unref);
      g_clear_pointer (&series->overlap, eng_overlap_free);
      series->k = -1;
      series->flat = FALSE;
    }
}

static void
set_map (UiSeries *self, EngHeatmap *map, const char *key)
{
  forget (self);
  EngHeatmap *old = self->map;
  self->map = map ? eng_heatmap_ref (map) : NULL;
  g_clear_pointer (&old, eng_heatmap_unref);
  g_free (self->map_key);
  self->map_key = g_strdup (key);
}

static void
ui_series_finalize (GObject *object)
{
  UiSeries *self = UI_SERIES (object);
  set_map (self, NULL, NULL);
  g_free (self->map_key);
  g_free (self->result_key);
  g_clear_object (&self->slot);
  G_OBJECT_CLASS (ui_series_parent_class)->finalize (object);
}

static void
ui_series_class_init (UiSeriesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ui_series_finalize;
}

static void
ui_series_init (UiSeries *self)
{
  self->k = self->step = self->map_step = -1;
}

const char *
ui_series_name (UiSeries *self)
{
  return self->slot ? ui_slot_name (self->slot) : "Random order";
}

/* ---- in step with the session ---- */

/* What a slot's map depends on, and how much of it was done. */
static char *
map_key_of (UiSlot *slot, int step)
{
  const EngProvenance *p = eng_heatmap_provenance (ui_slot_map (slot));
  const char *key = ui_slot_key (slot);
  return g_strdup_printf ("%s\n%s\n%u%s\n%d", key ? key : "", p->selected ? p->selected : "", p->done,
                          p->partial ? " partial" : "", step);
}

static gboolean
has_map (UiSlot *slot)
{
  return ui_slot_state (slot) == UI_SLOT_DONE && ui_slot_map (slot);
}

static guint
row_of (const EngMethod *method)
{
  guint i = 0;
  while (eng_method_nth (i) && eng_method_nth (i) != method)
    i++;
  return i;
}

static UiSeries *
series_of (UiThreshold *self, UiSlot *slot)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->series)); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
      if (series->slot == slot)
        return g_steal_pointer (&series);
    }
  UiSeries *series = g_object_new (UI_TYPE_SERIES, NULL);
  series->slot = g_object_ref (slot);
  return series;
}

/* A line for every finished map, in the order of the tiles; random order last. (transfer full) */
static GPtrArray *
wanted_series (UiThreshold *self)
{
  GListModel *tiles = ui_session_tiles (self->session);
  GPtrArray *wanted = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; self->subject_key && i < g_list_model_get_n_items (tiles); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, i);
      guint copy = 0;
      if (!has_map (slot))
        continue;
      UiSeries *series = series_of (self, slot);
      for (guint j = 0; j < wanted->len; j++)
        copy += ui_slot_method (((UiSeries *)wanted->pdata[j])->slot) == ui_slot_method (slot);
      ui_line_style_find (ui_slot_method (slot)->id, row_of (ui_slot_method (slot)), copy, &series->style);
      g_ptr_array_add (wanted, series);
    }
  if (wanted->len == 0)
    return wanted;
  if (!self->random)
    self->random = g_object_new (UI_TYPE_SERIES, NULL);
  g_ptr_array_add (wanted, g_object_ref (self->random));
  return wanted;
}

static gboolean
is_same (UiThreshold *self, GPtrArray *wanted)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->series));
  if (n != wanted->len)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
      if (series != wanted->pdata[i])
        return FALSE;
    }
  return TRUE;
}

static void
replace_series (UiThreshold *self, GPtrArray *wanted)
{
  gboolean stays = FALSE;
  for (guint i = 0; i < wanted->len; i++)
    stays = stays || wanted->pdata[i] == self->selected;
  self->chosen = self->chosen && stays;
  if (!self->chosen)
    self->selected = wanted->len ? wanted->pdata[0] : NULL;
  self->replacing = TRUE;
  g_list_store_splice (self->series, 0, g_list_model_get_n_items (G_LIST_MODEL (self->series)), wanted->pdata,
                       wanted->len);
  self->replacing = FALSE;
}

/* The slot's result, or the step of it that is looked at. TRUE when it is another map than before. */
static gboolean
update_map (UiSeries *series)
{
  if (!series->slot)
    return FALSE;
  g_autofree char *result = map_key_of (series->slot, -1);
  if (g_strcmp0 (result, series->result_key) != 0)
    {
      g_free (series->result_key);
      series->result_key = g_strdup (result);
      series->step = series->map_step = -1;
      set_map (series, ui_slot_map (series->slot), result);
      return TRUE;
    }
  if (series->step == series->map_step)
    return FALSE;
  g_autofree char *key = map_key_of (series->slot, series->step);
  g_autoptr (EngHeatmap) map = series->step < 0 ? eng_heatmap_ref (ui_slot_map (series->slot))
                                                : eng_heatmap_at_step (ui_slot_map (series->slot), series->step);
  series->map_step = series->step;
  set_map (series, map, key);
  return TRUE;
}

static char *
subject_key_of (UiSession *session)
{
  EngModel *model = ui_session_model (session);
  UiPicture *picture = ui_session_picture (session);
  int target = ui_session_target (session);
  if (!model || !picture || !ui_picture_image (picture) || ui_picture_lost (picture) || target < 0)
    return NULL;
  g_autofree char *view = eng_preprocess_describe (eng_model_preprocess (model));
  return g_strdup_printf ("%s\n%s\n%s\n%s\n%d", eng_model_sha256 (model), eng_model_output (model), view,
                          eng_image_sha256 (ui_picture_image (picture)), target);
}

/* TRUE when it is another one. */
static gboolean
update_subject (UiThreshold *self)
{
  g_autofree char *key = subject_key_of (self->session);
  if (g_strcmp0 (key, self->subject_key) == 0)
    return FALSE;
  g_free (self->subject_key);
  self->subject_key = g_steal_pointer (&key);
  self->epoch++;
  self->preparing = self->scoring = self->measuring = FALSE;
  g_clear_pointer (&self->subject, eng_subject_unref);
  g_clear_pointer (&self->problem, g_free);
  g_clear_pointer (&self->class_name, g_free);
  self->probabilities_of = NULL;
  self->seconds = -1;
  if (self->subject_key)
    self->class_name =
        g_strdup (eng_model_label (ui_session_model (self->session), ui_session_target (self->session)));
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    g_clear_pointer (&self->fills[d], g_bytes_unref);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->series)); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
      forget (series);
    }
  return TRUE;
}

static gboolean
is_by_hand (EngHeatmap *map)
{
  const char *selected = eng_heatmap_provenance (map)->selected;
  return selected && g_str_has_suffix (selected, ENG_CHOSEN_BY_HAND);
}

/* What the method gave is put by before its map is replaced. */
void
ui_threshold_apply_kept (UiThreshold *self, UiSlot *slot)
{
  const char *key = ui_slot_key (slot);
  EngHeatmap *map = ui_slot_map (slot), *original;
  int step = ui_threshold_kept_step (self, slot), n;
  if (!key || !has_map (slot) || (step < 0 && !is_by_hand (map)))
    return;
  if (!is_by_hand (map))
    g_hash_table_insert (self->originals, g_strdup (key), eng_heatmap_ref (map));
  original = g_hash_table_lookup (self->originals, key);
  if (!original)
    return; /* came from a file as it is */
  eng_heatmap_trajectory (original, &n);
  if (step >= n || step == eng_heatmap_kept_step (original))
    step = -1;
  if (step < 0 ? map == original : step == eng_heatmap_kept_step (map))
    return;
  g_autoptr (EngHeatmap) wanted = step < 0 ? eng_heatmap_ref (original) : eng_heatmap_at_step (original, step);
  ui_session_replace_map (self->session, slot, wanted);
}

static void
apply_all_kept (UiThreshold *self)
{
  GListModel *tiles = ui_session_tiles (self->session);
  for (guint i = 0; g_hash_table_size (self->kept) > 0 && i < g_list_model_get_n_items (tiles); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, i);
      ui_threshold_apply_kept (self, slot);
    }
}

void
ui_threshold_refresh (UiThreshold *self)
{
  if (!self->session)
    return;
  apply_all_kept (self);
  if (!self->watchers)
    return;
  gboolean changed = update_subject (self);
  g_autoptr (GPtrArray) wanted = wanted_series (self);
  gboolean other_series = !is_same (self, wanted);
  for (guint i = 0; i < wanted->len; i++)
    changed |= update_map (wanted->pdata[i]);
  if (other_series)
    replace_series (self, wanted);
  ui_threshold_look_for_truth (self);
  if (changed || other_series)
    {
      ui_threshold_look_up (self);
      g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_CHANGED], 0);
      g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_CURVES], 0);
    }
  ui_threshold_pump (self);
}

void
ui_threshold_set_step (UiThreshold *self, UiSeries *series, int step)
{
  if (series->step == step)
    return;
  series->step = step;
  ui_threshold_refresh (self);
}

gboolean
ui_threshold_is_exact (UiThreshold *self, UiSeries *series)
{
  EngMasking masking = ui_protocol_masking (&self->protocol, self->direction);
  return series->k >= 0 && series->k == ui_threshold_k (self) && eng_masking_equal (&masking, &series->masking)
         && series->order == ui_protocol_curve (&self->protocol, self->direction).order;
}
