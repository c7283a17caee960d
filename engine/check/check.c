/* A check as an object: threads, progress, cancelling. Each run is a task of its own, so that what a person asks for
 * meanwhile goes between two runs; within one, as with any job, urgent tasks go between two steps. */
#include "check-private.h"

#include "../error.h"
#include "../job-private.h"
#include "../live.h"
#include "../notice.h"

struct _EngCheck
{
  GObject parent;
  EngCheckWork *work; /* one thread at a time: the engine thread, or the caller of eng_check_run() */
  GCancellable *cancel;
  gboolean synchronous;
  int priority;
  int class_index; /* as given at birth; -1: the predicted one */
  EngNotice changed;
  /* behind the lock */
  GMutex lock;
  EngJobState state;
  EngJob *job; /* the run under way */
  double progress;
  EngCheckResult *result;
  GError *error;
};

G_DEFINE_FINAL_TYPE (EngCheck, eng_check, G_TYPE_OBJECT)

static guint signal_changed;

static void
eng_check_finalize (GObject *object)
{
  EngCheck *self = ENG_CHECK (object);
  eng_check_work_free (self->work);
  g_clear_object (&self->cancel);
  g_clear_object (&self->job);
  g_clear_pointer (&self->result, eng_check_result_unref);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (eng_check_parent_class)->finalize (object);
}

static void
eng_check_class_init (EngCheckClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eng_check_finalize;
  signal_changed = g_signal_new ("changed", ENG_TYPE_CHECK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
eng_check_init (EngCheck *self)
{
  g_mutex_init (&self->lock);
  eng_notice_init (&self->changed, self, signal_changed);
  self->cancel = g_cancellable_new ();
}

EngCheck *
eng_check_new (EngModel *model, EngImage *image, const EngMethod *method, int class_index, int contrast,
               const char *layer, EngValues *values, guint64 seed, const EngCheckSettings *settings)
{
  EngCheck *self = g_object_new (ENG_TYPE_CHECK, NULL);
  self->work = eng_check_work_new (model, image, method, class_index, contrast, layer, values, seed, settings);
  self->class_index = class_index;
  return self;
}

EngCheck *
eng_check_again (EngCheck *self, const EngCheckSettings *settings)
{
  const EngCheckWork *w = self->work; /* these of its fields stay as they are */
  return eng_check_new (w->model, w->image, w->method, self->class_index, w->contrast, w->layer,
                        eng_values_copy (w->values), w->seed, settings);
}

EngImage *
eng_check_image (EngCheck *self)
{
  return self->work->image;
}

/* ---- telling ---- */

static void
tell (EngCheck *self)
{
  eng_notice_give (&self->changed, self->synchronous);
}

/* On the thread that works, from the job of one run. */
static void
on_job_changed (EngCheck *self, EngJob *job)
{
  double part = eng_job_progress (job, NULL, NULL, NULL);
  g_mutex_lock (&self->lock);
  self->progress = (eng_check_work_done (self->work) + part) / eng_check_work_total (self->work);
  g_mutex_unlock (&self->lock);
  tell (self);
}

/* ---- working ---- */

static void
set_job (EngCheck *self, EngJob *job)
{
  g_mutex_lock (&self->lock);
  g_set_object (&self->job, job);
  g_mutex_unlock (&self->lock);
  if (job && g_cancellable_is_cancelled (self->cancel))
    eng_job_cancel (job);
}

/* @error: (transfer full) (nullable): over, with it; NULL: over, all done. */
static void
end (EngCheck *self, GError *error)
{
  g_mutex_lock (&self->lock);
  self->state = !error                                                    ? ENG_JOB_DONE
                : g_error_matches (error, ENG_ERROR, ENG_ERROR_CANCELLED) ? ENG_JOB_CANCELLED
                                                                          : ENG_JOB_FAILED;
  self->error = error;
  if (!error)
    self->progress = 1;
  g_mutex_unlock (&self->lock);
}

static void
take_result (EngCheck *self)
{
  EngCheckResult *result = eng_check_work_result (self->work);
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->result, eng_check_result_unref);
  self->result = result;
  self->progress = (double)eng_check_work_done (self->work) / eng_check_work_total (self->work);
  g_mutex_unlock (&self->lock);
}

/* One run. */
static void
work_once (EngCheck *self)
{
  GError *error = NULL;
  g_autoptr (GError) failure = NULL;
  g_mutex_lock (&self->lock);
  self->state = ENG_JOB_RUNNING;
  g_mutex_unlock (&self->lock);
  if (g_cancellable_is_cancelled (self->cancel))
    {
      eng_fail (&error, ENG_ERROR_CANCELLED, "Stopped");
      end (self, error);
      return;
    }
  g_autoptr (EngJob) job = eng_check_work_next (self->work, &error);
  if (!job)
    {
      end (self, error);
      return;
    }
  gulong handler = g_signal_connect_swapped (job, "changed", G_CALLBACK (on_job_changed), self);
  set_job (self, job);
  eng_job_run (job, &failure);
  set_job (self, NULL);
  g_signal_handler_disconnect (job, handler);
  if (g_error_matches (failure, ENG_ERROR, ENG_ERROR_CANCELLED))
    end (self, g_steal_pointer (&failure));
  else if (!eng_check_work_take (self->work, job, failure, &error))
    end (self, error);
  else
    {
      take_result (self);
      if (eng_check_work_done (self->work) == eng_check_work_total (self->work))
        end (self, NULL);
    }
}

static gboolean
is_over (EngCheck *self)
{
  EngJobState state = eng_check_state (self);
  return state != ENG_JOB_QUEUED && state != ENG_JOB_RUNNING;
}

gboolean
eng_check_run (EngCheck *self, GError **error)
{
  self->synchronous = TRUE;
  while (!is_over (self))
    {
      work_once (self);
      tell (self);
    }
  if (self->error && error)
    *error = g_error_copy (self->error);
  return !self->error;
}

/* ---- on the engine thread ---- */

static EngLive live;

static void
work_func (gpointer data)
{
  work_once (data);
}

/* On the main thread; the worker's reference ends here. */
static void
work_done (gpointer data)
{
  EngCheck *self = data;
  if (eng_live_goes_on (&live, self, is_over (self)))
    eng_engine_push (self->priority, work_func, work_done, g_object_ref (self));
  g_signal_emit (self, signal_changed, 0);
  g_object_unref (self);
}

void
eng_check_start (EngCheck *self, int priority)
{
  eng_live_add (&live, self);
  self->priority = priority;
  eng_engine_push (priority, work_func, work_done, g_object_ref (self));
}

void
eng_check_cancel (EngCheck *self)
{
  g_cancellable_cancel (self->cancel);
  g_mutex_lock (&self->lock);
  g_autoptr (EngJob) job = self->job ? g_object_ref (self->job) : NULL;
  g_mutex_unlock (&self->lock);
  if (job)
    eng_job_cancel (job);
}

static void
cancel_one (gpointer check)
{
  eng_check_cancel (check);
}

void
eng_check_cancel_all (void)
{
  eng_live_close (&live, cancel_one);
}

/* ---- looking ---- */

EngJobState
eng_check_state (EngCheck *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->state;
}

double
eng_check_progress (EngCheck *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->progress;
}

EngCheckResult *
eng_check_result (EngCheck *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->result ? eng_check_result_ref (self->result) : NULL;
}

GError *
eng_check_error (EngCheck *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->error ? g_error_copy (self->error) : NULL;
}
