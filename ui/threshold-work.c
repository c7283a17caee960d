/* The part of the threshold that measures, on the engine thread. See threshold-private.h.
 *
 * Three kinds of task, at most one of each under way: preparing (the subject, rankings, pictures of the fills), the
 * score of one masked picture (urgent: it also runs between two steps of a job), and a few points of a curve (after
 * everything else). What to do next is decided on the main thread when the last task came back, so the newest wish
 * wins and nothing stale waits in a queue. A task owns all it needs; one that comes back to another subject than it
 * left is thrown away. */
#include "ui/threshold-private.h"

#include <math.h>
#include <string.h>

#define PRIORITY_PREPARE (-5)
#define PRIORITY_SCORE (-10)
#define PRIORITY_CURVES 1000
#define CHUNK_SECONDS 0.04 /* of a curve in one task */
#define SLOW_SECONDS 0.005 /* a picture that takes longer is run in smaller batches */

static UiSeries *
nth_series (UiThreshold *self, guint i)
{
  g_autoptr (UiSeries) series = g_list_model_get_item (G_LIST_MODEL (self->series), i);
  return series; /* the list holds it */
}

static guint
n_series (UiThreshold *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->series));
}

static void
tell (UiThreshold *self, guint signal)
{
  g_signal_emit (self, ui_threshold_signals[signal], 0);
}

/* TRUE when what was measured is still wanted. */
static gboolean
is_current (UiThreshold *self, guint epoch)
{
  return self->session && epoch == self->epoch;
}

/* ---- preparing ---- */

typedef struct
{
  UiSeries *series;
  EngHeatmap *map; /* NULL: random order */
  EngRankBy by;
  EngRankOrder order;
  EngRanking *ranking;
} Ranked;

typedef struct
{
  UiThreshold *self;
  guint epoch;
  EngModel *model;
  EngImage *image;
  int class_index;
  EngSubject *subject;
  GArray *ranked; /* Ranked */
  EngMasking maskings[UI_N_DIRECTIONS];
  GBytes *fills[UI_N_DIRECTIONS];
  gboolean wants_fill[UI_N_DIRECTIONS];
  GError *error;
} Prepare;

/* All pixels removed: the fill alone. */
static GBytes *
picture_of_fill (EngSubject *subject, const EngRanking *ranking, const EngMasking *masking)
{
  int n = eng_subject_n (subject);
  guint8 *rgb = g_malloc (3 * (gsize)n);
  EngMasking all = { ENG_MASK_REMOVE, masking->fill, masking->seed };
  eng_subject_mask_view (subject, ranking, &all, n, rgb);
  return g_bytes_new_take (rgb, 3 * (gsize)n);
}

/* Batches of a curve hold up the score of a slider: slow models get small ones. */
static void
choose_batch (EngSubject *subject, const EngRanking *ranking)
{
  EngReading reading;
  EngMasking masking = { ENG_MASK_REMOVE, ENG_FILL_ZERO, 0 };
  gint64 seconds = 0;
  /* The first pass also lays out the weights. */
  for (int i = 1; i <= 2; i++)
    {
      gint64 start = g_get_monotonic_time ();
      if (!eng_subject_score (subject, ranking, &masking, i, &reading, NULL, NULL, NULL))
        return;
      seconds = g_get_monotonic_time () - start;
    }
  eng_subject_set_most (subject, (int)CLAMP (8 * SLOW_SECONDS * G_USEC_PER_SEC / MAX (seconds, 1), 1, 8));
}

static void
prepare_work (gpointer data)
{
  Prepare *p = data;
  g_autoptr (EngRanking) random = NULL;
  gboolean is_new = !p->subject;
  if (is_new && !(p->subject = eng_subject_new (p->model, p->image, p->class_index, &p->error)))
    return;
  random = eng_ranking_new_random (eng_subject_n (p->subject), 0, 0);
  if (is_new)
    choose_batch (p->subject, random);
  for (guint i = 0; i < p->ranked->len; i++)
    {
      Ranked *r = &g_array_index (p->ranked, Ranked, i);
      r->ranking = r->map ? eng_subject_ranking (p->subject, r->map, r->by, r->order) : eng_ranking_ref (random);
    }
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    {
      eng_subject_prepare (p->subject, &p->maskings[d]);
      if (p->wants_fill[d])
        p->fills[d] = picture_of_fill (p->subject, random, &p->maskings[d]);
    }
}

static void
take_prepared (UiThreshold *self, Prepare *p)
{
  self->preparing = FALSE;
  if (p->error)
    {
      g_free (self->problem);
      self->problem = g_strdup (p->error->message);
      return;
    }
  if (!self->subject)
    self->subject = eng_subject_ref (p->subject);
  for (guint i = 0; i < p->ranked->len; i++)
    {
      Ranked *r = &g_array_index (p->ranked, Ranked, i);
      if (r->map != r->series->map || r->by != ui_protocol_rank_by (&self->protocol, r->map)
          || r->series->rankings[r->order])
        continue;
      r->series->rankings[r->order] = eng_ranking_ref (r->ranking);
      r->series->flat = r->map && eng_ranking_flat (r->ranking);
    }
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    if (p->wants_fill[d])
      {
        g_clear_pointer (&self->fills[d], g_bytes_unref);
        self->fills[d] = g_bytes_ref (p->fills[d]);
        self->fill_masking[d] = p->maskings[d];
      }
}

static void
clear_ranked (gpointer data)
{
  Ranked *r = data;
  g_object_unref (r->series);
  g_clear_pointer (&r->map, eng_heatmap_unref);
  g_clear_pointer (&r->ranking, eng_ranking_unref);
}

static void
prepare_done (gpointer data)
{
  Prepare *p = data;
  UiThreshold *self = p->self;
  if (is_current (self, p->epoch))
    {
      take_prepared (self, p);
      tell (self, UI_THRESHOLD_SCORED);
      ui_threshold_pump (self);
    }
  g_clear_pointer (&p->subject, eng_subject_unref);
  g_array_unref (p->ranked);
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    g_clear_pointer (&p->fills[d], g_bytes_unref);
  g_clear_error (&p->error);
  eng_image_unref (p->image);
  g_object_unref (p->model);
  g_object_unref (self);
  g_free (p);
}

static void
want_rankings (UiThreshold *self, GArray *ranked)
{
  for (guint i = 0; i < n_series (self); i++)
    for (int d = 0; d < UI_N_DIRECTIONS; d++)
      {
        UiSeries *series = nth_series (self, i);
        EngRankOrder order = ui_protocol_curve (&self->protocol, (UiDirection)d).order;
        Ranked r = { series, series->map, ui_protocol_rank_by (&self->protocol, series->map), order, NULL };
        gboolean twice = d == 1 && order == ui_protocol_curve (&self->protocol, UI_DELETION).order;
        if (series->rankings[order] || twice)
          continue;
        g_object_ref (series);
        if (r.map)
          eng_heatmap_ref (r.map);
        g_array_append_val (ranked, r);
      }
}

static gboolean
wants_fill (UiThreshold *self, UiDirection d, const EngMasking *masking)
{
  return !eng_fill_info (masking->fill)->per_mask
         && !(self->fills[d] && eng_masking_equal (masking, &self->fill_masking[d]));
}

static void
pump_prepare (UiThreshold *self)
{
  if (self->preparing || self->problem || n_series (self) == 0)
    return;
  GArray *ranked = g_array_new (FALSE, FALSE, sizeof (Ranked));
  gboolean fills = FALSE;
  g_array_set_clear_func (ranked, clear_ranked);
  want_rankings (self, ranked);
  Prepare *p = g_new0 (Prepare, 1);
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    {
      p->maskings[d] = ui_protocol_masking (&self->protocol, (UiDirection)d);
      p->wants_fill[d] = wants_fill (self, (UiDirection)d, &p->maskings[d]);
      fills |= p->wants_fill[d];
    }
  if (self->subject && ranked->len == 0 && !fills)
    {
      g_array_unref (ranked);
      g_free (p);
      return;
    }
  p->self = g_object_ref (self);
  p->epoch = self->epoch;
  p->model = g_object_ref (ui_session_model (self->session));
  p->image = eng_image_ref (ui_picture_image (ui_session_picture (self->session)));
  p->class_index = ui_session_target (self->session);
  p->subject = self->subject ? eng_subject_ref (self->subject) : NULL;
  p->ranked = ranked;
  self->preparing = TRUE;
  eng_engine_push (PRIORITY_PREPARE, prepare_work, prepare_done, p);
}

/* ---- one score ---- */

typedef struct
{
  UiThreshold *self;
  guint epoch;
  UiSeries *series;
  EngSubject *subject;
  EngRanking *ranking;
  EngMasking masking;
  EngRankOrder order;
  int k, rank;
  EngReading reading;
  float *logits;
  GBytes *picture;
  double seconds;
  GError *error;
} Score;

static void
score_work (gpointer data)
{
  Score *s = data;
  gint64 start = g_get_monotonic_time ();
  int n = eng_model_n_classes (eng_subject_model (s->subject)), c = eng_subject_class_index (s->subject);
  s->logits = g_new (float, n);
  if (!eng_subject_score (s->subject, s->ranking, &s->masking, s->k, &s->reading, s->logits, NULL, &s->error))
    return;
  s->seconds = (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  s->rank = 1;
  for (int i = 0; i < n; i++)
    s->rank += s->logits[i] > s->logits[c];
  if (eng_fill_info (s->masking.fill)->per_mask)
    {
      gsize size = 3 * (gsize)eng_subject_n (s->subject);
      guint8 *rgb = g_malloc (size);
      eng_subject_mask_view (s->subject, s->ranking, &s->masking, s->k, rgb);
      s->picture = g_bytes_new_take (rgb, size);
    }
}

static void
take_score (UiThreshold *self, Score *s)
{
  UiSeries *series = s->series;
  self->scoring = FALSE;
  if (s->error)
    {
      g_free (self->problem);
      self->problem = g_strdup (s->error->message);
      return;
    }
  if (series->rankings[s->order] != s->ranking)
    return; /* another map since */
  series->reading = s->reading;
  series->masking = s->masking;
  series->order = s->order;
  series->k = s->k;
  series->rank = s->rank;
  g_clear_pointer (&series->picture, g_bytes_unref);
  series->picture = s->picture ? g_bytes_ref (s->picture) : NULL;
  self->seconds = s->seconds;
  if (series != self->selected)
    return;
  int n = eng_model_n_classes (eng_subject_model (s->subject));
  self->probabilities = g_renew (float, self->probabilities, n);
  eng_softmax (s->logits, n, self->probabilities);
  self->probabilities_of = series;
}

static void
score_done (gpointer data)
{
  Score *s = data;
  UiThreshold *self = s->self;
  if (is_current (self, s->epoch))
    {
      take_score (self, s);
      tell (self, UI_THRESHOLD_SCORED);
      ui_threshold_pump (self);
    }
  g_object_unref (s->series);
  eng_subject_unref (s->subject);
  eng_ranking_unref (s->ranking);
  g_clear_pointer (&s->picture, g_bytes_unref);
  g_free (s->logits);
  g_clear_error (&s->error);
  g_object_unref (self);
  g_free (s);
}

static gboolean
wants_score (UiThreshold *self, UiSeries *series)
{
  if (!ui_threshold_ranking (self, series) || series->flat)
    return FALSE;
  return !ui_threshold_is_exact (self, series) || (series == self->selected && !ui_threshold_probabilities (self));
}

/* The selected one first: that is where the eye is. */
static UiSeries *
next_to_score (UiThreshold *self)
{
  if (self->selected && wants_score (self, self->selected))
    return self->selected;
  for (guint i = 0; i < n_series (self); i++)
    if (wants_score (self, nth_series (self, i)))
      return nth_series (self, i);
  return NULL;
}

static void
pump_score (UiThreshold *self)
{
  UiSeries *series = self->scoring || self->problem ? NULL : next_to_score (self);
  if (!series)
    return;
  Score *s = g_new0 (Score, 1);
  s->self = g_object_ref (self);
  s->epoch = self->epoch;
  s->series = g_object_ref (series);
  s->subject = eng_subject_ref (self->subject);
  s->ranking = eng_ranking_ref (ui_threshold_ranking (self, series));
  s->masking = ui_protocol_masking (&self->protocol, self->direction);
  s->order = ui_protocol_curve (&self->protocol, self->direction).order;
  s->k = ui_threshold_k (self);
  self->scoring = TRUE;
  eng_engine_push (PRIORITY_SCORE, score_work, score_done, s);
}

/* ---- a few points of a curve ---- */

typedef struct
{
  UiThreshold *self;
  guint epoch;
  UiCurve *curve; /* either this … */
  UiBandRun *run; /* … or this, whose owner keeps it while it is queued */
  EngSubject *subject;
  EngRanking *ranking;
  EngCurve part; /* its counts are copied */
  EngCurveScore score;
  EngPoint *points;
  int done;
  GError *error;
} Measure;

/* The slider's score is not to wait for all eight. */
static void
on_measured (const EngPoint *point, int index, int total, gpointer data)
{
  eng_engine_yield ();
}

static void
measure_work (gpointer data)
{
  Measure *m = data;
  gint64 end = g_get_monotonic_time () + (gint64)(CHUNK_SECONDS * G_USEC_PER_SEC);
  while (m->done < m->part.n && g_get_monotonic_time () < end)
    {
      EngCurve few = m->part;
      few.counts += m->done;
      few.n = MIN (8, m->part.n - m->done);
      if (!eng_curve_run (m->subject, m->ranking, &few, m->points + m->done, on_measured, NULL, NULL, &m->error))
        return;
      m->done += few.n;
    }
}

static void
take_curve_points (UiThreshold *self, Measure *m)
{
  UiCurve *curve = m->curve;
  memcpy (curve->points + curve->done, m->points, sizeof (EngPoint) * m->done);
  for (int i = 0; i < m->done; i++)
    curve->points[curve->done + i].x = curve->xs[curve->done + i];
  curve->done += m->done;
  if (curve->done < curve->curve.n)
    return;
  for (guint i = 0; i < n_series (self); i++)
    for (int d = 0; d < UI_N_DIRECTIONS; d++)
      if (nth_series (self, i)->wanted[d] == curve)
        {
          curve->value = ui_protocol_value (&self->protocol, (UiDirection)d, curve->points, curve->done);
          ui_series_take_curve (nth_series (self, i), (UiDirection)d);
        }
}

static void
take_band_points (Measure *m)
{
  UiBandRun *run = m->run;
  memcpy (run->points + run->done, m->points, sizeof (EngPoint) * m->done);
  run->done += m->done;
  if (run->done < UI_BAND_ORDERS * run->curve.n)
    return;
  run->band = eng_band_new (run->points, run->curve.n, UI_BAND_ORDERS);
  for (int i = 0; i < UI_BAND_ORDERS; i++)
    g_clear_pointer (&run->rankings[i], eng_ranking_unref);
}

static void
measure_done (gpointer data)
{
  Measure *m = data;
  UiThreshold *self = m->self;
  if (m->curve)
    m->curve->queued = FALSE;
  if (m->run)
    m->run->queued = FALSE;
  if (is_current (self, m->epoch))
    {
      self->measuring = FALSE;
      if (m->error)
        {
          g_free (self->problem);
          self->problem = g_strdup (m->error->message);
        }
      else if (m->curve)
        take_curve_points (self, m);
      else
        take_band_points (m);
      tell (self, UI_THRESHOLD_CURVES);
      ui_threshold_pump (self);
    }
  if (m->curve)
    ui_curve_unref (m->curve);
  eng_subject_unref (m->subject);
  eng_ranking_unref (m->ranking);
  eng_curve_clear (&m->part);
  g_free (m->points);
  g_clear_error (&m->error);
  g_object_unref (self);
  g_free (m);
}

/* @curve from point @first on, @n of them. */
static Measure *
new_measure (UiThreshold *self, UiDirection direction, const EngCurve *curve, int first, int n, EngRanking *ranking)
{
  Measure *m = g_new0 (Measure, 1);
  m->self = g_object_ref (self);
  m->epoch = self->epoch;
  m->subject = eng_subject_ref (self->subject);
  m->ranking = eng_ranking_ref (ranking);
  m->part = *curve;
  m->part.score = ui_protocol_curve (&self->protocol, direction).score;
  m->part.counts = g_memdup2 (curve->counts + first, sizeof (int) * n);
  m->part.n = n;
  m->points = g_new (EngPoint, n);
  self->measuring = TRUE;
  return m;
}

static gboolean
measure_series (UiThreshold *self, UiSeries *series, UiDirection direction)
{
  UiCurve *curve = series->wanted[direction];
  EngRanking *ranking = series->rankings[ui_protocol_curve (&self->protocol, direction).order];
  if (!curve || !ranking || series->flat || curve->done == curve->curve.n)
    return FALSE;
  Measure *m = new_measure (self, direction, &curve->curve, curve->done, curve->curve.n - curve->done, ranking);
  m->curve = ui_curve_ref (curve);
  curve->queued = TRUE;
  eng_engine_push (PRIORITY_CURVES, measure_work, measure_done, m);
  return TRUE;
}

static gboolean
measure_band (UiThreshold *self, UiDirection direction)
{
  UiBandRun *run = self->band[direction];
  if (!run || run->band)
    return FALSE;
  int n = run->curve.n, order = run->done / n, first = run->done % n;
  if (!run->rankings[order])
    run->rankings[order] = eng_ranking_new_random (eng_subject_n (self->subject), 0, (guint32)order);
  Measure *m = new_measure (self, direction, &run->curve, first, n - first, run->rankings[order]);
  m->run = run;
  run->queued = TRUE;
  eng_engine_push (PRIORITY_CURVES, measure_work, measure_done, m);
  return TRUE;
}

static gboolean
measure_direction (UiThreshold *self, UiDirection direction)
{
  if (self->selected && self->selected->slot && measure_series (self, self->selected, direction))
    return TRUE;
  for (guint i = 0; i < n_series (self); i++)
    if (nth_series (self, i)->slot && measure_series (self, nth_series (self, i), direction))
      return TRUE;
  return FALSE;
}

/* What is on screen first, then what the table says of the other direction, then chance. */
static void
pump_measure (UiThreshold *self)
{
  UiDirection shown = self->direction, other = shown == UI_DELETION ? UI_INSERTION : UI_DELETION;
  if (self->measuring || self->problem || n_series (self) == 0)
    return;
  if (measure_direction (self, shown) || measure_direction (self, other) || measure_band (self, shown))
    return;
  measure_band (self, other);
}

void
ui_threshold_pump (UiThreshold *self)
{
  ui_threshold_pump_measures (self); /* also to end what nobody wants any more */
  if (!self->session || !self->watchers || !self->subject_key)
    return;
  pump_prepare (self);
  if (!self->subject)
    return;
  pump_score (self);
  pump_measure (self);
}
