/* A training as an object: threads, progress, pausing, stopping. On the engine thread it works in short tasks of the
 * lowest urgency, and lets all other work in between the parts of a step. */
#include "training-private.h"

#include "../error.h"
#include "../job.h"
#include "../live.h"
#include "../notice.h"
#include "explainer-file.h"
#include "run.h"

#include <glib/gstdio.h>
#include <string.h>

/* Seconds that a task of the engine thread lasts; a step that takes longer is one task. */
#define TASK 0.2
/* A checkpoint is due when this many times what writing one takes has passed. */
#define CHECKPOINT_SHARE 20

struct _EngTraining
{
  GObject parent;
  EngTrainRun *run; /* one thread at a time: the engine thread, or the caller of eng_training_run() */
  gboolean synchronous, prepared, in_queue;
  gint64 begun;   /* of the newest stretch of work */
  int begun_step; /* steps taken before this run */
  double checkpoint_seconds, worked;
  gint64 checkpoint_at;
  char *unsaved; /* why the newest checkpoint could not be written; NULL: it was */
  EngNotice changed;
  /* behind the lock */
  GMutex lock;
  EngTrainingState state;
  gboolean paused, stopping, cancelled;
  EngTrainingStatus now; /* what eng_training_status() copies */
  GError *error;
};

G_DEFINE_FINAL_TYPE (EngTraining, eng_training, G_TYPE_OBJECT)

static guint signal_changed;

static void
eng_training_finalize (GObject *object)
{
  EngTraining *self = ENG_TRAINING (object);
  eng_train_run_free (self->run);
  g_clear_error (&self->error);
  g_free (self->unsaved);
  g_array_unref (self->now.points);
  g_array_unref (self->now.marks);
  g_strfreev (self->now.skipped);
  g_free (self->now.data_summary);
  g_free (self->now.views);
  g_free (self->now.previews);
  g_free (self->now.note);
  g_free (self->now.output);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (eng_training_parent_class)->finalize (object);
}

static void
eng_training_class_init (EngTrainingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eng_training_finalize;
  signal_changed =
      g_signal_new ("changed", ENG_TYPE_TRAINING, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
eng_training_init (EngTraining *self)
{
  g_mutex_init (&self->lock);
  eng_notice_init (&self->changed, self, signal_changed);
  self->now.points = g_array_new (FALSE, FALSE, sizeof (EngTrainingPoint));
  self->now.marks = g_array_new (FALSE, FALSE, sizeof (EngTrainingMark));
  self->now.best = -1;
  self->now.kept_step = -1;
  self->now.eta = -1;
}

EngTraining *
eng_training_new (EngModel *model, const EngExplainerKind *kind, const char *layer, const EngTrainSource *source,
                  EngValues *values, guint64 seed, const char *output, const char *cache, EngResume resume)
{
  EngTraining *self = g_object_new (ENG_TYPE_TRAINING, NULL);
  self->run = eng_train_run_new (model, kind, layer, source, values, seed, output, cache, resume);
  self->now.steps = self->run->steps;
  return self;
}

EngTraining *
eng_training_again (EngTraining *self)
{
  const EngTrainRun *run = self->run; /* these of its fields stay as they are */
  const EngTrainSource source = { .path = run->path, .labels = run->labels };
  return eng_training_new (run->model, run->kind, run->layer, &source, eng_values_copy (run->values), run->seed,
                           run->output, run->cache, ENG_RESUME_YES);
}

/* ---- telling ---- */

static void
tell (EngTraining *self)
{
  eng_notice_give (&self->changed, self->synchronous);
}

static void
set_state (EngTraining *self, EngTrainingState state)
{
  g_mutex_lock (&self->lock);
  self->state = state;
  g_mutex_unlock (&self->lock);
  tell (self);
}

static void
replace_text (char **place, const char *text)
{
  g_free (*place);
  *place = g_strdup (text);
}

/* With the lock held. */
static void
publish_note (EngTraining *self)
{
  const char *note = self->run->note;
  g_free (self->now.note);
  self->now.note = g_strconcat (note, *note && self->unsaved ? " " : "", self->unsaved, NULL);
}

/* What was appended to @from since. */
static void
catch_up (GArray *to, const GArray *from, guint element)
{
  if (from->len < to->len)
    g_array_set_size (to, 0);
  g_array_append_vals (to, from->data + (gsize)to->len * element, from->len - to->len);
}

static void
publish_previews (EngTraining *self)
{
  EngTrainRun *run = self->run;
  EngPreprocess *p = eng_model_preprocess (run->model);
  gsize view = 3 * (gsize)p->height * p->width;
  if (run->n_previews == 0 || !run->previews)
    return;
  self->now.n_previews = run->n_previews;
  self->now.preview_rows = run->preview_rows;
  self->now.preview_cols = run->preview_cols;
  self->now.view_width = p->width;
  self->now.view_height = p->height;
  g_free (self->now.previews);
  self->now.previews = g_memdup2 (run->previews, sizeof (float) * (gsize)run->preview_rows * run->preview_cols
                                                     * ENG_TRAINING_PREVIEWS);
  if (self->now.views)
    return;
  self->now.views = g_malloc (view * (gsize)run->n_previews);
  for (int i = 0; i < run->n_previews; i++)
    memcpy (self->now.views + view * (gsize)i, eng_train_data_view (run->data, run->held_out[i]), view);
}

/* The work's numbers to where others may read them. */
static void
publish (EngTraining *self)
{
  EngTrainRun *run = self->run;
  g_mutex_lock (&self->lock);
  gboolean judged = run->marks->len != self->now.marks->len;
  self->now.step = run->step;
  catch_up (self->now.points, run->points, sizeof (EngTrainingPoint));
  catch_up (self->now.marks, run->marks, sizeof (EngTrainingMark));
  self->now.best = run->best;
  self->now.seconds = self->worked + (double)(g_get_monotonic_time () - self->begun) / G_USEC_PER_SEC;
  int taken = run->step - self->begun_step;
  self->now.eta = taken > 0 ? self->now.seconds / taken * (run->steps - run->step) : -1;
  publish_note (self);
  if (judged)
    publish_previews (self);
  g_mutex_unlock (&self->lock);
  tell (self);
}

static void
publish_data (EngTraining *self)
{
  const GPtrArray *skipped = eng_train_data_skipped (self->run->data);
  g_mutex_lock (&self->lock);
  if (self->run->step > 0)
    self->now.kept_step = self->run->step;
  g_free (self->now.data_summary);
  self->now.data_summary = eng_train_data_summary (self->run->data);
  g_strfreev (self->now.skipped);
  self->now.skipped = g_new0 (char *, skipped->len + 1);
  for (guint i = 0; i < skipped->len; i++)
    self->now.skipped[i] = g_strdup (skipped->pdata[i]);
  for (int i = 0; i < self->run->net->n_terms; i++)
    self->now.term_names[i] = (char *)self->run->net->terms[i].name; /* static */
  g_mutex_unlock (&self->lock);
}

/* ---- working ---- */

static gboolean
is_set (EngTraining *self, const gboolean *flag)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return *flag;
}

/* Between two parts: others first, then whether to go on. */
static gboolean
between (gpointer data, GError **error)
{
  EngTraining *self = data;
  if (!self->synchronous)
    eng_engine_yield ();
  if (is_set (self, &self->cancelled) || is_set (self, &self->stopping))
    return eng_fail (error, ENG_ERROR_CANCELLED, "Stopped");
  return TRUE;
}

/* A judgement that a stop has to wait for. */
static gboolean
between_last (gpointer data, GError **error)
{
  EngTraining *self = data;
  if (!self->synchronous)
    eng_engine_yield ();
  return !is_set (self, &self->cancelled) || eng_fail (error, ENG_ERROR_CANCELLED, "Stopped");
}

static gboolean
data_step (guint done, guint total, gpointer data, GError **error)
{
  EngTraining *self = data;
  g_mutex_lock (&self->lock);
  self->now.prepared = done;
  self->now.pictures = total;
  g_mutex_unlock (&self->lock);
  tell (self);
  return between (data, error);
}

/* One that cannot be written is no reason to lose what the training still may reach; the note says so. */
static void
save_checkpoint (EngTraining *self)
{
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();
  g_clear_pointer (&self->unsaved, g_free);
  if (!eng_train_run_save (self->run, &error))
    self->unsaved = g_strdup (error->message);
  g_mutex_lock (&self->lock);
  if (!self->unsaved)
    self->now.kept_step = self->run->step;
  publish_note (self);
  g_mutex_unlock (&self->lock);
  self->checkpoint_at = g_get_monotonic_time ();
  self->checkpoint_seconds = (double)(self->checkpoint_at - begun) / G_USEC_PER_SEC;
}

static gboolean
checkpoint_due (EngTraining *self)
{
  double since = (double)(g_get_monotonic_time () - self->checkpoint_at) / G_USEC_PER_SEC;
  return since > CHECKPOINT_SHARE * self->checkpoint_seconds;
}

static void
end (EngTraining *self, EngTrainingState state, GError *error)
{
  g_mutex_lock (&self->lock);
  self->state = state;
  self->error = error;
  g_mutex_unlock (&self->lock);
}

/* There is nothing to go on with. */
static void
drop_checkpoint (EngTraining *self)
{
  g_remove (self->run->checkpoint);
  g_mutex_lock (&self->lock);
  self->now.kept_step = -1;
  g_mutex_unlock (&self->lock);
}

static gboolean
write_best (EngTraining *self, GError **error)
{
  if (!eng_train_run_finish (self->run, error))
    return FALSE;
  eng_explainers_changed ();
  g_mutex_lock (&self->lock);
  replace_text (&self->now.output, self->run->output);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Writes the best; the checkpoint goes where nothing is left to do. */
static void
finish (EngTraining *self)
{
  GError *error = NULL;
  if (!write_best (self, &error))
    {
      save_checkpoint (self); /* the disk may have room another time */
      end (self, ENG_TRAINING_FAILED, error);
      return;
    }
  if (eng_train_run_ended (self->run))
    drop_checkpoint (self);
  end (self, ENG_TRAINING_DONE, NULL);
}

/* Stopped by a person: what is there is worth keeping. */
static void
stop (EngTraining *self, GError *error)
{
  g_autoptr (GError) local = NULL;
  if (!self->prepared || is_set (self, &self->cancelled))
    {
      if (self->prepared)
        save_checkpoint (self);
      end (self, ENG_TRAINING_CANCELLED, error);
      return;
    }
  save_checkpoint (self);
  self->run->ending = TRUE;
  if (self->run->best < 0 && self->run->step > 0 && !eng_train_run_judge (self->run, between_last, self, &local))
    {
      end (self, ENG_TRAINING_CANCELLED, error);
      return;
    }
  if (self->run->best < 0)
    {
      end (self, ENG_TRAINING_CANCELLED, error);
      return;
    }
  publish (self);
  g_error_free (error);
  finish (self);
}

/* A loss that is no number ends the training; the best before it is written all the same. */
static void
fail (EngTraining *self, GError *error)
{
  if (g_error_matches (error, ENG_ERROR, ENG_ERROR_CANCELLED))
    {
      stop (self, error);
      return;
    }
  if (self->prepared && self->run->best >= 0)
    write_best (self, NULL);
  if (self->now.kept_step >= 0 && g_error_matches (error, ENG_ERROR, ENG_ERROR_INVALID))
    drop_checkpoint (self); /* from there it would come to the same */
  end (self, ENG_TRAINING_FAILED, error);
}

static gboolean
is_over (EngTraining *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->state >= ENG_TRAINING_DONE;
}

static gboolean
prepare (EngTraining *self, GError **error)
{
  set_state (self, ENG_TRAINING_PREPARING);
  if (!eng_train_run_prepare (self->run, data_step, between, self, error))
    return FALSE;
  self->prepared = TRUE;
  self->begun_step = self->run->step;
  self->begun = self->checkpoint_at = g_get_monotonic_time ();
  publish_data (self);
  publish (self);
  set_state (self, ENG_TRAINING_RUNNING);
  return TRUE;
}

/* One step with the judgement that follows it, or what is to be done instead. */
static void
work_once (EngTraining *self)
{
  GError *error = NULL;
  if (!between (self, &error) || (!self->prepared && !prepare (self, &error)))
    {
      fail (self, error);
      return;
    }
  if ((eng_train_run_judge_due (self->run) && !eng_train_run_judge (self->run, between, self, &error))
      || (!eng_train_run_ended (self->run)
          && (!eng_train_run_step (self->run, between, self, &error)
              || (eng_train_run_judge_due (self->run) && !eng_train_run_judge (self->run, between, self, &error)))))
    {
      fail (self, error);
      return;
    }
  publish (self);
  if (eng_train_run_ended (self->run))
    finish (self);
  else if (checkpoint_due (self))
    save_checkpoint (self);
}

gboolean
eng_training_run (EngTraining *self, GError **error)
{
  self->synchronous = TRUE;
  while (!is_over (self))
    work_once (self);
  tell (self);
  if (self->error && error)
    *error = g_error_copy (self->error);
  return !self->error;
}

/* ---- on the engine thread ---- */

static EngLive live;

static void
work_func (gpointer data)
{
  EngTraining *self = data;
  self->begun = g_get_monotonic_time ();
  if (is_set (self, &self->paused) && self->prepared)
    {
      save_checkpoint (self);
      set_state (self, ENG_TRAINING_PAUSED);
      return;
    }
  if (self->prepared)
    set_state (self, ENG_TRAINING_RUNNING);
  do
    work_once (self);
  while (!is_over (self) && !is_set (self, &self->paused)
         && (double)(g_get_monotonic_time () - self->begun) < TASK * G_USEC_PER_SEC);
  self->worked += (double)(g_get_monotonic_time () - self->begun) / G_USEC_PER_SEC;
}

static void work_done (gpointer data);

static void
push (EngTraining *self)
{
  self->in_queue = TRUE;
  eng_engine_push (ENG_PRIORITY_BACKGROUND, work_func, work_done, g_object_ref (self));
}

/* On the main thread; the worker's reference ends here. */
static void
work_done (gpointer data)
{
  EngTraining *self = data;
  self->in_queue = FALSE;
  g_mutex_lock (&self->lock);
  /* eng_training_set_paused() pushes it again. */
  gboolean rests = self->state == ENG_TRAINING_PAUSED && self->paused && !self->stopping && !self->cancelled;
  g_mutex_unlock (&self->lock);
  if (eng_live_goes_on (&live, self, is_over (self)) && !rests)
    push (self);
  g_signal_emit (self, signal_changed, 0);
  g_object_unref (self);
}

void
eng_training_start (EngTraining *self)
{
  eng_live_add (&live, self);
  push (self);
}

/* A paused one has no task that would notice. Main thread. */
static void
wake (EngTraining *self)
{
  if (eng_live_has (&live, self) && !self->in_queue)
    push (self);
}

void
eng_training_set_paused (EngTraining *self, gboolean paused)
{
  g_mutex_lock (&self->lock);
  self->paused = paused;
  g_mutex_unlock (&self->lock);
  if (!paused)
    wake (self);
}

static void
set_flag (EngTraining *self, gboolean *flag)
{
  g_mutex_lock (&self->lock);
  *flag = TRUE;
  self->paused = FALSE;
  g_mutex_unlock (&self->lock);
}

void
eng_training_stop (EngTraining *self)
{
  set_flag (self, &self->stopping);
  wake (self);
}

void
eng_training_cancel (EngTraining *self)
{
  set_flag (self, &self->cancelled);
  wake (self);
}

static void
cancel_one (gpointer training)
{
  set_flag (training, &((EngTraining *)training)->cancelled);
}

void
eng_training_cancel_all (void)
{
  eng_live_close (&live, cancel_one);
}

/* ---- looking ---- */

EngTrainingStatus *
eng_training_status (EngTraining *self)
{
  EngTrainingStatus *s = g_new (EngTrainingStatus, 1);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const EngTrainingStatus *now = &self->now;
  gsize view = 3 * (gsize)now->view_height * now->view_width, map = (gsize)now->preview_rows * now->preview_cols;
  *s = *now;
  g_atomic_ref_count_init (&s->ref);
  s->state = self->state;
  s->data_summary = g_strdup (now->data_summary ? now->data_summary : "");
  s->skipped = g_strdupv (now->skipped);
  for (guint i = 0; i < G_N_ELEMENTS (s->term_names); i++)
    s->term_names[i] = g_strdup (now->term_names[i]);
  s->points = g_array_copy (now->points);
  s->marks = g_array_copy (now->marks);
  s->views = g_memdup2 (now->views, view * (gsize)now->n_previews);
  s->previews = g_memdup2 (now->previews, sizeof (float) * map * (gsize)now->n_previews);
  s->note = g_strdup (now->note ? now->note : "");
  s->output = g_strdup (now->output);
  return s;
}

GError *
eng_training_error (EngTraining *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->error ? g_error_copy (self->error) : NULL;
}

const EngExplainerKind *
eng_training_kind (EngTraining *self)
{
  return self->run->kind;
}

EngModel *
eng_training_model (EngTraining *self)
{
  return self->run->model;
}

const char *
eng_training_output (EngTraining *self)
{
  return self->run->output;
}
