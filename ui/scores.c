/* See scores.h. One measurement is under way at a time, at the lowest priority of the engine. */
#include "ui/scores.h"

#include <math.h>

#include "ui/session.h"

#define PRIORITY 1001 /* after all that somebody asked for */
#define BATCH 2       /* pictures that are run before whoever waits gets a turn */
#define MOST 10000    /* rows remembered */

typedef struct
{
  UiScores *scores; /* owned, touched on the main thread only */
  char *key;
  EngModel *model;
  EngImage *image;
  EngHeatmap *map;
  int class_index;
  EngRankBy by;
  UiScoreKind kind;
  EngSubject *subject; /* NULL: to be made */
  GCancellable *cancellable;
  gint done, total; /* atomic */
  EngMeasurement *measurement;
} Work;

struct _UiScores
{
  GObject parent_instance;
  UiSession *session;  /* not owned: it owns this; NULL once it ends */
  GHashTable *known;   /* key -> UiScore[UI_N_SCORES] */
  EngSubject *subject; /* the last one; what it measured is kept with it */
  Work *work;          /* under way */
  guint idle, poll;
  EngRankBy by; /* of signed maps, as it was told last */
};

G_DEFINE_FINAL_TYPE (UiScores, ui_scores, G_TYPE_OBJECT)

static guint changed_signal;

const EngProtocol *
ui_scores_protocol (UiScoreKind kind)
{
  static const char *const ids[UI_N_SCORES] = { "rise-deletion", "rise-insertion" };
  return eng_protocol_find (ids[kind], NULL);
}

static int
class_of (UiScores *self, UiSlot *slot)
{
  return ui_slot_pinned (slot) ? ui_slot_pinned_class (slot) : ui_session_target (self->session);
}

EngRankBy
ui_scores_rank_by (UiScores *self, UiSlot *slot)
{
  const EngHeatmap *map = ui_slot_map (slot);
  return self->session ? ui_protocol_rank_by (ui_threshold_protocol (ui_session_threshold (self->session)), map)
                       : ENG_RANK_VALUE;
}

/* (transfer full): NULL: there is nothing to score. */
static char *
key_of (UiScores *self, UiSlot *slot)
{
  int class_index = self->session ? class_of (self, slot) : -1;
  if (class_index < 0 || ui_slot_kind (slot) == UI_SLOT_DIFFERENCE || ui_slot_state (slot) != UI_SLOT_DONE
      || !ui_slot_key (slot))
    return NULL;
  return g_strdup_printf ("%s\n%d\n%s%s", ui_slot_key (slot), class_index,
                          ui_rank_ids[ui_scores_rank_by (self, slot)], ui_slot_partial (slot) ? "\npartial" : "");
}

static UiScore *
row_of (UiScores *self, const char *key)
{
  UiScore *row = g_hash_table_lookup (self->known, key);
  if (!row)
    {
      if (g_hash_table_size (self->known) >= MOST)
        g_hash_table_remove_all (self->known); /* those in sight are measured anew */
      row = g_new0 (UiScore, UI_N_SCORES);
      g_hash_table_insert (self->known, g_strdup (key), row);
    }
  return row;
}

const UiScore *
ui_scores_find (UiScores *self, UiSlot *slot)
{
  g_autofree char *key = key_of (self, slot);
  return key ? row_of (self, key) : NULL;
}

/* ---- on the engine thread ---- */

static void
on_point (const EngPoint *point, int index, int total, gpointer data)
{
  Work *work = data;
  g_atomic_int_set (&work->total, total);
  g_atomic_int_set (&work->done, index + 1);
  eng_engine_yield (); /* a slider does not wait for it */
}

static void
measure (gpointer data)
{
  Work *work = data;
  if (g_cancellable_is_cancelled (work->cancellable))
    return;
  if (!work->subject && (work->subject = eng_subject_new (work->model, work->image, work->class_index, NULL)))
    eng_subject_set_most (work->subject, BATCH);
  EngProtocolOptions options = { .threshold = ENG_PROTOCOL_THRESHOLD, .rank_by = work->by };
  if (work->subject)
    work->measurement = eng_protocol_evaluate (ui_scores_protocol (work->kind), work->subject, work->map, &options,
                                               on_point, work, work->cancellable, NULL);
}

/* ---- on the main thread ---- */

static void wake (UiScores *self);

static void
work_free (Work *work)
{
  g_free (work->key);
  g_object_unref (work->model);
  eng_image_unref (work->image);
  eng_heatmap_unref (work->map);
  g_object_unref (work->cancellable);
  g_clear_pointer (&work->subject, eng_subject_unref);
  g_clear_pointer (&work->measurement, eng_measurement_free);
  g_object_unref (work->scores);
  g_free (work);
}

static void
measured (gpointer data)
{
  Work *work = data;
  UiScores *self = work->scores;
  gboolean stopped = g_cancellable_is_cancelled (work->cancellable);
  self->work = NULL;
  g_clear_handle_id (&self->poll, g_source_remove);
  if (work->subject && work->subject != self->subject)
    {
      g_clear_pointer (&self->subject, eng_subject_unref);
      self->subject = eng_subject_ref (work->subject);
    }
  /* What failed is not tried again for ever. */
  if (work->measurement || !stopped)
    row_of (self, work->key)[work->kind] =
        (UiScore){ .known = TRUE, .value = work->measurement ? work->measurement->value : NAN };
  if (self->session)
    {
      g_signal_emit (self, changed_signal, 0);
      wake (self);
    }
  work_free (work);
}

static gboolean
on_poll (gpointer data)
{
  UiScores *self = data;
  UiScore *score = &row_of (self, self->work->key)[self->work->kind];
  score->done = g_atomic_int_get (&self->work->done);
  score->total = g_atomic_int_get (&self->work->total);
  g_signal_emit (self, changed_signal, 0);
  return G_SOURCE_CONTINUE;
}

static void
start (UiScores *self, UiSlot *slot, char *key, UiScoreKind kind)
{
  Work *work = g_new0 (Work, 1);
  *work = (Work){
    .scores = g_object_ref (self),
    .key = key,
    .model = g_object_ref (ui_session_model (self->session)),
    .image = eng_image_ref (ui_picture_image (ui_session_picture (self->session))),
    .map = eng_heatmap_ref (ui_slot_map (slot)),
    .class_index = class_of (self, slot),
    .by = ui_scores_rank_by (self, slot),
    .kind = kind,
    .cancellable = g_cancellable_new (),
  };
  if (self->subject && eng_subject_model (self->subject) == work->model
      && eng_subject_image (self->subject) == work->image
      && eng_subject_class_index (self->subject) == work->class_index)
    work->subject = eng_subject_ref (self->subject);
  self->work = work;
  self->poll = g_timeout_add (250, on_poll, self);
  eng_engine_push (PRIORITY, measure, measured, work);
}

/* The first score of a shown map that is missing. FALSE: none. */
static gboolean
start_next (UiScores *self)
{
  GListModel *tiles = ui_session_tiles (self->session);
  UiPicture *picture = ui_session_picture (self->session);
  /* A stand-in for a lost picture has nothing to score, nor has a map whose model is gone. */
  if (!picture || !ui_picture_image (picture) || ui_picture_lost (picture) || !ui_session_model (self->session))
    return FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (tiles); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, i);
      g_autofree char *key = key_of (self, slot);
      for (int kind = 0; key && kind < UI_N_SCORES; kind++)
        if (!row_of (self, key)[kind].known)
          {
            start (self, slot, g_steal_pointer (&key), (UiScoreKind)kind);
            return TRUE;
          }
    }
  return FALSE;
}

/* The map that is measured is still one of those on screen. */
static gboolean
is_wanted (UiScores *self, const Work *work)
{
  GListModel *tiles = ui_session_tiles (self->session);
  for (guint i = 0; i < g_list_model_get_n_items (tiles); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, i);
      if (ui_slot_map (slot) == work->map && ui_scores_rank_by (self, slot) == work->by)
        return TRUE;
    }
  return FALSE;
}

static gboolean
on_idle (gpointer data)
{
  UiScores *self = data;
  self->idle = 0;
  if (self->work && (ui_session_n_busy (self->session) > 0 || !is_wanted (self, self->work)))
    g_cancellable_cancel (self->work->cancellable);
  else if (!self->work && ui_session_n_busy (self->session) == 0)
    start_next (self);
  return G_SOURCE_REMOVE;
}

static void
wake (UiScores *self)
{
  if (!self->idle && self->session)
    self->idle = g_idle_add (on_idle, self);
}

/* Numbers of another order are other numbers. */
static void
on_threshold (UiScores *self)
{
  EngRankBy by = self->session ? ui_threshold_protocol (ui_session_threshold (self->session))->by : self->by;
  if (by == self->by)
    return;
  self->by = by;
  g_signal_emit (self, changed_signal, 0);
  wake (self);
}

gboolean
ui_scores_busy (UiScores *self)
{
  return self->work || self->idle;
}

UiScores *
ui_scores_new (UiSession *session)
{
  UiScores *self = g_object_new (UI_TYPE_SCORES, NULL);
  self->session = session;
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::target", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_tiles (session), "items-changed", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_threshold (session), "changed", G_CALLBACK (on_threshold), self,
                           G_CONNECT_SWAPPED);
  return self;
}

void
ui_scores_close (UiScores *self)
{
  self->session = NULL;
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_handle_id (&self->poll, g_source_remove);
  if (self->work)
    g_cancellable_cancel (self->work->cancellable);
}

static void
ui_scores_finalize (GObject *object)
{
  UiScores *self = UI_SCORES (object);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_hash_table_unref (self->known);
  g_clear_pointer (&self->subject, eng_subject_unref);
  G_OBJECT_CLASS (ui_scores_parent_class)->finalize (object);
}

static void
ui_scores_class_init (UiScoresClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ui_scores_finalize;
  changed_signal = g_signal_new ("changed", UI_TYPE_SCORES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_scores_init (UiScores *self)
{
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}
