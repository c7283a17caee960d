/* The part of the threshold that measures what protocols say that are no curve of a preset: soft masks, performance
 * information curves, agreement with the object. One evaluation at a time, of the group that is looked at, while no
 * map is being made; it lets the score of a slider in between two of its points. See threshold-private.h. */
#include "ui/threshold-private.h"

#include <math.h>

#define PRIORITY 999 /* a person asked for it; the curves do not end soon */
#define POLL_MS 250
#define MOST_MEASURES 4000

typedef struct
{
  double value;
  char *why_not;
} UiMeasured;

typedef struct _UiEvaluation
{
  UiThreshold *self;
  guint epoch, truth_epoch;
  UiSeries *series;
  const EngProtocol *row;
  char *key;
  EngSubject *subject;
  EngHeatmap *map;
  EngImage *truth; /* (nullable) */
  EngRankBy by;
  guint64 seed;
  double threshold;
  GCancellable *cancellable;
  gint done, total; /* atomic */
  EngMeasurement *measurement;
  EngOverlap *overlap;
  GError *error;
} UiEvaluation;

static void
measured_free (gpointer data)
{
  g_free (((UiMeasured *)data)->why_not);
  g_free (data);
}

/* ---- groups ---- */

/* Curves have their presets. */
static gboolean
is_listed (const EngProtocol *row)
{
  return !row->curve;
}

const char *
ui_measure_group_nth (guint i)
{
  const char *last = NULL;
  const EngProtocol *row;
  for (guint k = 0; (row = eng_protocol_nth (k)); k++) /* rows of a group stand together */
    {
      if (!is_listed (row) || g_strcmp0 (row->group, last) == 0)
        continue;
      last = row->group;
      if (i-- == 0)
        return last;
    }
  return NULL;
}

const EngProtocol *
ui_measure_nth (const char *group, guint i)
{
  const EngProtocol *row;
  for (guint k = 0; (row = eng_protocol_nth (k)); k++)
    if (is_listed (row) && g_strcmp0 (row->group, group) == 0 && i-- == 0)
      return row;
  return NULL;
}

const char *
ui_threshold_group (UiThreshold *self)
{
  return self->group;
}

void
ui_threshold_set_group (UiThreshold *self, const char *group)
{
  const EngProtocol *row = group ? ui_measure_nth (group, 0) : NULL;
  if (g_strcmp0 (self->group, group) == 0 || (group && !row))
    return;
  self->group = row ? row->group : NULL;
  g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_CHANGED], 0);
  ui_threshold_pump (self);
}

/* ---- what is known ---- */

/* What the value depends on; NULL: something of it is not there. (transfer full) */
static char *
key_of (UiThreshold *self, UiSeries *series, const EngProtocol *row)
{
  /* One overlap is good for all thresholds. */
  EngProtocolOptions options = { .threshold = ENG_PROTOCOL_THRESHOLD,
                                 .rank_by = ui_protocol_rank_by (&self->protocol, series->map) };
  if (!series->slot || !series->map || !self->subject_key || (row->needs_truth && !self->truth))
    return NULL;
  g_autofree char *protocol = eng_protocol_key (row, &options);
  g_autofree char *seed = row->seeded ? g_strdup_printf ("\n%" G_GUINT64_FORMAT, self->protocol.seed) : g_strdup ("");
  return g_strdup_printf ("%s\n%s\n%s%s\n%s", self->subject_key, series->map_key, protocol, seed,
                          row->needs_truth ? eng_image_sha256 (self->truth) : "");
}

/* A row that follows the threshold is known once its overlap is, or once it is known that there is no value. */
static const UiMeasured *
find_measured (UiThreshold *self, UiSeries *series, const EngProtocol *row, const char *key)
{
  const UiMeasured *found = key ? g_hash_table_lookup (self->measures, key) : NULL;
  return found && row->thresholded && !series->overlap && !isnan (found->value) ? NULL : found;
}

UiMeasure
ui_threshold_measure (UiThreshold *self, UiSeries *series, const EngProtocol *row)
{
  g_autofree char *key = key_of (self, series, row);
  const UiMeasured *found = find_measured (self, series, row, key);
  const UiEvaluation *e = self->evaluation;
  UiMeasure out = { .value = NAN };
  if (series->flat)
    return (UiMeasure){ TRUE, NAN, "The map is constant: there is nothing to rank.", 1 };
  if (found)
    {
      gboolean follows = row->thresholded && series->overlap && !isnan (found->value);
      out.known = TRUE;
      out.value = follows ? eng_overlap_iou (series->overlap, self->share) : found->value;
      out.why_not = found->why_not;
      out.progress = 1;
    }
  else if (e && key && g_str_equal (e->key, key))
    {
      int total = g_atomic_int_get (&e->total);
      out.progress = total > 0 ? (double)g_atomic_int_get (&e->done) / total : 0;
    }
  return out;
}

/* ---- on the engine thread ---- */

static void
on_point (const EngPoint *point, int index, int total, gpointer data)
{
  UiEvaluation *e = data;
  g_atomic_int_set (&e->total, total);
  g_atomic_int_set (&e->done, index + 1);
  eng_engine_yield ();
}

static void
evaluate (gpointer data)
{
  UiEvaluation *e = data;
  EngProtocolOptions options = { .seed = e->seed, .threshold = e->threshold, .rank_by = e->by, .truth = e->truth };
  if (g_cancellable_is_cancelled (e->cancellable))
    return;
  e->measurement =
      eng_protocol_evaluate (e->row, e->subject, e->map, &options, on_point, e, e->cancellable, &e->error);
  if (e->measurement && e->row->thresholded && !isnan (e->measurement->value))
    e->overlap = eng_protocol_overlap (e->subject, e->map, e->truth, e->by, &e->error);
}

/* ---- on the main thread ---- */

static gboolean
is_overlap_wanted (UiThreshold *self, const UiEvaluation *e)
{
  return e->overlap && e->epoch == self->epoch && e->truth_epoch == self->truth_epoch && e->series->map == e->map
         && e->by == ui_protocol_rank_by (&self->protocol, e->map);
}

static void
take_measured (UiThreshold *self, UiEvaluation *e)
{
  if (g_hash_table_size (self->measures) >= MOST_MEASURES)
    g_hash_table_remove_all (self->measures);
  UiMeasured *measured = g_new0 (UiMeasured, 1);
  measured->value = e->measurement && !e->error ? e->measurement->value : NAN;
  measured->why_not = g_strdup (e->error ? e->error->message : e->measurement ? e->measurement->why_not : NULL);
  g_hash_table_insert (self->measures, g_strdup (e->key), measured);
  if (is_overlap_wanted (self, e))
    {
      g_clear_pointer (&e->series->overlap, eng_overlap_free);
      e->series->overlap = g_steal_pointer (&e->overlap);
    }
}

static void
evaluated (gpointer data)
{
  UiEvaluation *e = data;
  UiThreshold *self = e->self;
  self->evaluation = NULL;
  g_clear_handle_id (&self->evaluation_poll, g_source_remove);
  /* What failed is not tried again for ever. */
  if (e->measurement || !g_cancellable_is_cancelled (e->cancellable))
    take_measured (self, e);
  if (self->session)
    {
      g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_MEASURED], 0);
      ui_threshold_pump (self);
    }
  g_object_unref (e->series);
  eng_subject_unref (e->subject);
  eng_heatmap_unref (e->map);
  g_clear_pointer (&e->truth, eng_image_unref);
  g_clear_pointer (&e->measurement, eng_measurement_free);
  g_clear_pointer (&e->overlap, eng_overlap_free);
  g_clear_error (&e->error);
  g_object_unref (e->cancellable);
  g_free (e->key);
  g_object_unref (self);
  g_free (e);
}

static gboolean
on_poll (gpointer data)
{
  UiThreshold *self = data;
  g_signal_emit (self, ui_threshold_signals[UI_THRESHOLD_MEASURED], 0);
  return G_SOURCE_CONTINUE;
}

/* @key: (transfer full) */
static void
start (UiThreshold *self, UiSeries *series, const EngProtocol *row, char *key)
{
  UiEvaluation *e = g_new0 (UiEvaluation, 1);
  *e = (UiEvaluation){
    .self = g_object_ref (self),
    .epoch = self->epoch,
    .truth_epoch = self->truth_epoch,
    .series = g_object_ref (series),
    .row = row,
    .key = key,
    .subject = eng_subject_ref (self->subject),
    .map = eng_heatmap_ref (series->map),
    .truth = row->needs_truth ? eng_image_ref (self->truth) : NULL,
    .by = ui_protocol_rank_by (&self->protocol, series->map),
    .seed = self->protocol.seed,
    .threshold = ENG_PROTOCOL_THRESHOLD,
    .cancellable = g_cancellable_new (),
  };
  self->evaluation = e;
  self->evaluation_poll = g_timeout_add (POLL_MS, on_poll, self);
  eng_engine_push (PRIORITY, evaluate, evaluated, e);
}

/* Starts it unless it is known. */
static gboolean
start_if_missing (UiThreshold *self, UiSeries *series, const EngProtocol *row)
{
  g_autofree char *key = series->flat ? NULL : key_of (self, series, row);
  if (!key || find_measured (self, series, row, key))
    return FALSE;
  start (self, series, row, g_steal_pointer (&key));
  return TRUE;
}

/* Row by row, so that a column can be compared soon; the selected map first. */
static void
start_next (UiThreshold *self)
{
  const EngProtocol *row;
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->series));
  for (guint i = 0; (row = ui_measure_nth (self->group, i)); i++)
    {
      if (self->selected && start_if_missing (self, self->selected, row))
        return;
      for (guint k = 0; k < n; k++)
        {
          g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), k);
          if (start_if_missing (self, series, row))
            return;
        }
    }
}

static gboolean
is_wanted (UiThreshold *self, const UiEvaluation *e)
{
  return self->session && self->watchers && g_strcmp0 (e->row->group, self->group) == 0 && e->epoch == self->epoch
         && e->series->map == e->map && e->by == ui_protocol_rank_by (&self->protocol, e->map)
         && (!e->row->needs_truth || e->truth_epoch == self->truth_epoch) && ui_session_n_busy (self->session) == 0;
}

void
ui_threshold_pump_measures (UiThreshold *self)
{
  if (self->evaluation && !is_wanted (self, self->evaluation))
    g_cancellable_cancel (self->evaluation->cancellable);
  else if (!self->evaluation && self->session && self->watchers && self->subject && self->group && !self->problem
           && ui_session_n_busy (self->session) == 0)
    start_next (self);
}

/* ---- birth and end ---- */

void
ui_threshold_measures_init (UiThreshold *self)
{
  self->measures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, measured_free);
}

void
ui_threshold_measures_close (UiThreshold *self)
{
  g_clear_handle_id (&self->evaluation_poll, g_source_remove);
  if (self->evaluation)
    g_cancellable_cancel (self->evaluation->cancellable);
}

void
ui_threshold_measures_free (UiThreshold *self)
{
  g_clear_handle_id (&self->evaluation_poll, g_source_remove);
  g_hash_table_unref (self->measures);
}
