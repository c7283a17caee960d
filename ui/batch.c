/* See batch.h. One step at a time: read the picture, predict it, then one method after the other. Each step ends in
 * next(), which looks at what is there and starts what is missing. A step that was given up finds that its number
 * is not the current one any more. */
#include "ui/batch.h"

#include "ui/draw/words.h"
#include "ui/loader.h"
#include "ui/results.h"
#include "ui/session-private.h"

/* After everything a person waits for: see start_slot() in session-explain.c. */
#define PREDICT_PRIORITY 900
#define EXPLAIN_PRIORITY 1000

typedef struct
{
  const EngMethod *method;
  EngValues *values;
} Task;

struct _UiBatch
{
  GObject parent_instance;
  UiSession *session; /* not owned */
  UiBatchState state;
  EngModel *model;
  GPtrArray *pictures; /* of UiPicture */
  GArray *tasks;       /* of Task */
  guint at, task;      /* picture and method that come next */
  EngImage *image;     /* of the picture at @at, once read */
  gboolean failed;     /* the picture at @at could not be read or predicted */
  guint step;          /* number of the step under way; 0: none */
  guint steps;
  EngJob *job;
  char *key;       /* of the map that is looked for or computed */
  gboolean absent; /* the disk was asked for it */
  gint64 started;  /* of the time spent running: the clock when it began, less what was spent before */
  gint64 spent;
  guint computed; /* pictures that took computing; others cost nothing and say nothing about the rest */
  gboolean computes;
};

G_DEFINE_FINAL_TYPE (UiBatch, ui_batch, G_TYPE_OBJECT)

static guint changed_signal;

static void next (UiBatch *self);

static void
changed (UiBatch *self)
{
  g_signal_emit (self, changed_signal, 0);
}

/* Nothing that is under way has a listener any more. */
static void
give_up (UiBatch *self)
{
  self->step = 0;
  self->absent = FALSE;
  if (!self->job)
    return;
  g_signal_handlers_disconnect_by_data (self->job, self);
  eng_job_cancel (self->job);
  g_clear_object (&self->job);
}

static UiPicture *
current (UiBatch *self)
{
  return self->at < self->pictures->len ? self->pictures->pdata[self->at] : NULL;
}

static void
fail (UiBatch *self, const char *name, const GError *error)
{
  g_autofree char *text = g_strdup_printf ("%s: %s", name, error->message);
  self->failed = TRUE;
  ui_picture_set_failure (current (self), text);
}

/* ---- reading and predicting ---- */

typedef struct
{
  UiBatch *batch;
  guint step;
  char *path;
  EngModel *model;
  EngImage *image;
  float *logits;
  GError *error;
} Step;

static Step *
step_new (UiBatch *self)
{
  Step *step = g_new0 (Step, 1);
  step->batch = g_object_ref (self);
  step->step = self->step = ++self->steps;
  step->path = g_strdup (ui_picture_path (current (self)));
  step->model = g_object_ref (self->model);
  step->image = self->image ? eng_image_ref (self->image) : NULL;
  return step;
}

static void
step_free (Step *step)
{
  g_object_unref (step->batch);
  g_free (step->path);
  g_object_unref (step->model);
  g_clear_pointer (&step->image, eng_image_unref);
  g_free (step->logits);
  g_clear_error (&step->error);
  g_free (step);
}

/* TRUE when somebody still listens. */
static gboolean
step_ends (Step *step)
{
  UiBatch *self = step->batch;
  if (self->step != step->step)
    return FALSE;
  self->step = 0;
  if (step->error)
    fail (self, ui_picture_name (current (self)), step->error);
  return TRUE;
}

static void
read_work (gpointer data)
{
  Step *step = data;
  step->image = eng_image_load (step->path, &step->error);
}

static void
read_done (gpointer data)
{
  Step *step = data;
  UiBatch *self = step->batch;
  if (step_ends (step))
    {
      self->image = g_steal_pointer (&step->image);
      next (self);
    }
  step_free (step);
}

static void
predict_work (gpointer data)
{
  Step *step = data;
  step->logits = ui_session_predict (step->model, step->image, &step->error);
}

static void
predict_done (gpointer data)
{
  Step *step = data;
  UiBatch *self = step->batch;
  if (step_ends (step))
    {
      if (step->logits)
        ui_session_take_logits (self->session, current (self), step->logits);
      next (self);
    }
  step_free (step);
}

/* ---- explaining ---- */

static int
target_of (UiBatch *self, UiPicture *picture)
{
  return self->session->follow_top ? ui_picture_top (picture) : self->session->chosen;
}

static void
on_job (EngJob *job, UiBatch *self)
{
  EngJobState state = eng_job_state (job);
  if (state == ENG_JOB_QUEUED || state == ENG_JOB_RUNNING)
    return;
  g_autoptr (EngJob) hold = g_object_ref (job);
  g_autoptr (UiBatch) self_hold = g_object_ref (self);
  Task *task = &g_array_index (self->tasks, Task, self->task);
  g_signal_handlers_disconnect_by_data (job, self);
  g_clear_object (&self->job);
  self->step = 0;
  if (state == ENG_JOB_DONE)
    {
      ui_session_keep_map (self->session, self->key, eng_job_heatmap (job), TRUE);
      ui_session_take_heat (self->session, current (self), eng_job_heatmap (job));
    }
  else if (eng_job_error (job))
    fail (self, task->method->name, eng_job_error (job));
  self->task++;
  next (self);
  changed (self);
}

typedef struct
{
  UiBatch *batch;
  guint step;
} Lookup;

static void
on_looked_up (const char *key, EngHeatmap *map, gpointer data)
{
  Lookup *lookup = data;
  UiBatch *self = lookup->batch;
  if (self->step == lookup->step)
    {
      self->step = 0;
      if (map)
        ui_session_take_heat (self->session, current (self), map);
      self->task += map != NULL;
      self->absent = map == NULL;
      next (self);
    }
  g_object_unref (lookup->batch);
  g_free (lookup);
}

static void
look_up (UiBatch *self)
{
  Lookup *lookup = g_new (Lookup, 1);
  *lookup = (Lookup){ g_object_ref (self), self->step = ++self->steps };
  ui_results_find (self->key, on_looked_up, lookup);
}

/* TRUE when there was something to start: asking the disk first, then the engine. */
static gboolean
start_task (UiBatch *self, const Task *task)
{
  UiPicture *picture = current (self);
  int target = target_of (self, picture), contrast = self->session->contrast;
  if (!task->method->class_dependent || contrast == target)
    contrast = -1;
  if (contrast >= 0 && !(task->method->allows & ENG_ALLOWS_CONTRAST))
    return FALSE;
  g_free (self->key);
  self->key = eng_result_key (self->model, self->image, task->method, target, contrast, NULL, task->values, 0);
  EngHeatmap *map = ui_map_cache_find (self->session->cache, self->key);
  if (map)
    {
      ui_session_take_heat (self->session, picture, map);
      return FALSE;
    }
  if (!self->absent)
    {
      look_up (self);
      return TRUE;
    }
  self->absent = FALSE;
  self->job =
      eng_job_new (self->model, self->image, task->method, target, contrast, NULL, eng_values_copy (task->values), 0);
  self->step = ++self->steps;
  g_signal_connect (self->job, "changed", G_CALLBACK (on_job), self);
  eng_job_start (self->job, EXPLAIN_PRIORITY);
  return TRUE;
}

/* ---- the line ---- */

static void
finish_picture (UiBatch *self)
{
  if (self->tasks->len > 0 && !self->failed)
    {
      ui_picture_set_failure (current (self), NULL);
      ui_picture_set_explained (current (self), TRUE);
    }
  self->computed += self->computes;
  self->at++;
  self->task = 0;
  self->failed = self->computes = FALSE;
  g_clear_pointer (&self->image, eng_image_unref);
}

/* TRUE when the picture needs no reading: it is broken, or nothing is missing. */
static gboolean
may_pass (UiBatch *self)
{
  UiPicture *picture = current (self);
  gboolean predicted = ui_picture_probabilities (picture, NULL) != NULL;
  if (ui_picture_problem (picture))
    self->failed = TRUE;
  return self->failed || (predicted && self->tasks->len == 0);
}

/* Starts what the picture at @at needs next; FALSE: it has everything. */
static gboolean
advance (UiBatch *self)
{
  UiPicture *picture = current (self);
  if (may_pass (self))
    return FALSE;
  self->computes = TRUE;
  if (!self->image && !(self->image = ui_picture_image (picture) ? eng_image_ref (ui_picture_image (picture)) : NULL))
    {
      ui_loader_push (UI_LOADER_SOON, read_work, read_done, step_new (self));
      return TRUE;
    }
  if (!ui_picture_probabilities (picture, NULL))
    {
      eng_engine_push (PREDICT_PRIORITY, predict_work, predict_done, step_new (self));
      return TRUE;
    }
  for (; self->task < self->tasks->len; self->task++)
    if (start_task (self, &g_array_index (self->tasks, Task, self->task)))
      return TRUE;
  return FALSE;
}

static gboolean
on_resting (gpointer data)
{
  g_autoptr (UiBatch) self = data;
  next (self);
  return G_SOURCE_REMOVE;
}

/* Leaves the main loop a turn after as many pictures as may be passed without being noticed. */
#define AT_ONCE 200

static void
next (UiBatch *self)
{
  guint passed = 0;
  if (self->state != UI_BATCH_RUNNING || self->step || ui_session_is_busy (self->session))
    return;
  while (self->at < self->pictures->len && !advance (self))
    {
      finish_picture (self);
      if (++passed == AT_ONCE)
        {
          g_idle_add (on_resting, g_object_ref (self));
          break;
        }
    }
  if (self->at == self->pictures->len)
    ui_batch_stop (self);
  else if (passed)
    changed (self);
}

/* Somebody waits for something else: the engine is theirs. */
static void
on_session (UiBatch *self)
{
  if (self->state != UI_BATCH_RUNNING)
    return;
  if (!ui_session_is_busy (self->session))
    next (self);
  else if (self->job)
    give_up (self);
}

void
ui_batch_start (UiBatch *self, GPtrArray *pictures, GPtrArray *slots)
{
  ui_batch_stop (self);
  if (!ui_session_model (self->session))
    return;
  self->model = g_object_ref (ui_session_model (self->session));
  for (guint i = 0; i < pictures->len; i++)
    g_ptr_array_add (self->pictures, g_object_ref (pictures->pdata[i]));
  for (guint i = 0; i < slots->len; i++)
    {
      Task task = { ui_slot_method (slots->pdata[i]), eng_values_copy (ui_slot_values (slots->pdata[i])) };
      g_array_append_val (self->tasks, task);
    }
  self->spent = 0;
  self->computed = 0;
  self->started = g_get_monotonic_time ();
  self->state = UI_BATCH_RUNNING;
  changed (self);
  next (self);
}

void
ui_batch_pause (UiBatch *self)
{
  if (self->state != UI_BATCH_RUNNING)
    return;
  self->state = UI_BATCH_PAUSED;
  self->spent += g_get_monotonic_time () - self->started;
  give_up (self);
  changed (self);
}

void
ui_batch_resume (UiBatch *self)
{
  if (self->state != UI_BATCH_PAUSED)
    return;
  self->state = UI_BATCH_RUNNING;
  self->started = g_get_monotonic_time ();
  changed (self);
  next (self);
}

void
ui_batch_stop (UiBatch *self)
{
  if (self->state == UI_BATCH_IDLE)
    return;
  give_up (self);
  self->state = UI_BATCH_IDLE;
  self->at = self->task = 0;
  self->failed = self->computes = FALSE;
  g_clear_object (&self->model);
  g_clear_pointer (&self->image, eng_image_unref);
  g_ptr_array_set_size (self->pictures, 0);
  g_array_set_size (self->tasks, 0);
  changed (self);
}

/* ---- how far it is ---- */

UiBatchState
ui_batch_state (UiBatch *self)
{
  return self->state;
}

gboolean
ui_batch_explains (UiBatch *self)
{
  return self->tasks->len > 0;
}

void
ui_batch_count (UiBatch *self, guint *done, guint *n)
{
  *done = self->at;
  *n = self->pictures->len;
}

double
ui_batch_progress (UiBatch *self)
{
  double part = self->tasks->len ? (double)self->task / self->tasks->len : 0;
  return self->pictures->len ? (self->at + part) / self->pictures->len : 0;
}

char *
ui_batch_status (UiBatch *self)
{
  gint64 running = self->state == UI_BATCH_RUNNING ? g_get_monotonic_time () - self->started : 0;
  double seconds = (double)(self->spent + running) / G_USEC_PER_SEC;
  GString *text = g_string_new (NULL);
  g_string_printf (text, "%s · %u of %u", self->tasks->len ? "Explain All" : "Predictions", self->at,
                   self->pictures->len);
  if (self->state == UI_BATCH_PAUSED)
    g_string_append (text, ", paused");
  else if (self->computed >= 2 && seconds > 1)
    {
      g_autofree char *left = ui_words_time_left (seconds / self->computed * (self->pictures->len - self->at));
      g_string_append_printf (text, ", %s", left);
    }
  return g_string_free (text, FALSE);
}

/* ---- birth and end ---- */

static void
task_clear (Task *task)
{
  eng_values_free (task->values);
}

UiBatch *
ui_batch_new (UiSession *session)
{
  UiBatch *self = g_object_new (UI_TYPE_BATCH, NULL);
  self->session = session;
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (on_session), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::predictions", G_CALLBACK (on_session), self, G_CONNECT_SWAPPED);
  return self;
}

static void
ui_batch_finalize (GObject *object)
{
  UiBatch *self = UI_BATCH (object);
  give_up (self);
  g_clear_object (&self->model);
  g_clear_pointer (&self->image, eng_image_unref);
  g_free (self->key);
  g_ptr_array_unref (self->pictures);
  g_array_unref (self->tasks);
  G_OBJECT_CLASS (ui_batch_parent_class)->finalize (object);
}

static void
ui_batch_class_init (UiBatchClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ui_batch_finalize;
  changed_signal = g_signal_new ("changed", UI_TYPE_BATCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ui_batch_init (UiBatch *self)
{
  self->pictures = g_ptr_array_new_with_free_func (g_object_unref);
  self->tasks = g_array_new (FALSE, FALSE, sizeof (Task));
  g_array_set_clear_func (self->tasks, (GDestroyNotify)task_clear);
}
