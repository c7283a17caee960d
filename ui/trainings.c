/* See trainings.h. */
#include "ui/trainings.h"

#include "ui/draw/words.h"
#include "ui/loader.h"

#define REST 90 /* milliseconds between two looks at a training that may take a thousand steps a second */

struct _UiTrainings
{
  GObject parent_instance;
  EngTraining *training;
  EngTrainingStatus *status;
  guint timer;
  gboolean stale; /* it changed while the timer ran */
};

G_DEFINE_FINAL_TYPE (UiTrainings, ui_trainings, G_TYPE_OBJECT)

enum
{
  CHANGED,
  TRAINED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];
static UiTrainings *the_one;

/* ---- a file more ---- */

typedef struct
{
  UiTrainings *self;
  EngModel *model;
} Look;

void
ui_trainings_look_for (EngModel *model)
{
  const EngExplainerKind *kind;
  for (guint i = 0; (kind = eng_kind_nth (i)); i++)
    {
      g_autoptr (GPtrArray) files = eng_explainers_find (model, kind);
      if (files->len > 0) /* its digest is a part of the key of every map */
        eng_explainer_file_sha256 (files->pdata[0]);
      else /* whether one could be trained stands in lists; finding out may run a part of the network */
        eng_kind_can_train (kind, model, NULL, NULL);
    }
}

/* Reading them takes longer than a frame; afterwards the engine knows them. */
static void
look_work (gpointer data)
{
  Look *look = data;
  eng_explainers_changed ();
  ui_trainings_look_for (look->model);
}

static void
look_done (gpointer data)
{
  Look *look = data;
  g_signal_emit (look->self, signals[TRAINED], 0, look->model);
  g_object_unref (look->self);
  g_object_unref (look->model);
  g_free (look);
}

static void
look (UiTrainings *self)
{
  Look *look = g_new (Look, 1);
  *look = (Look){ g_object_ref (self), g_object_ref (eng_training_model (self->training)) };
  ui_loader_push (UI_LOADER_NOW, look_work, look_done, look);
}

/* ---- looking at it ---- */

static gboolean
is_active (const EngTrainingStatus *status)
{
  return status && status->state <= ENG_TRAINING_PAUSED;
}

static void
take_status (UiTrainings *self)
{
  gboolean was_active = is_active (self->status);
  self->stale = FALSE;
  g_clear_pointer (&self->status, eng_training_status_unref);
  self->status = eng_training_status (self->training);
  if (was_active && !is_active (self->status)) /* what failed may have left its best, too */
    look (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

static gboolean
on_timer (gpointer data)
{
  UiTrainings *self = data;
  if (self->stale)
    {
      take_status (self);
      return G_SOURCE_CONTINUE;
    }
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

static void
on_changed (UiTrainings *self)
{
  self->stale = TRUE;
  if (self->timer)
    return;
  take_status (self);
  self->timer = g_timeout_add (REST, on_timer, self);
}

static void
drop (UiTrainings *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->stale = FALSE;
  if (self->training)
    g_signal_handlers_disconnect_by_data (self->training, self);
  g_clear_object (&self->training);
  g_clear_pointer (&self->status, eng_training_status_unref);
}

void
ui_trainings_start (UiTrainings *self, EngTraining *training)
{
  g_return_if_fail (!ui_trainings_active (self));
  drop (self);
  self->training = training;
  self->status = eng_training_status (training);
  g_signal_connect_object (training, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  eng_training_start (training);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
ui_trainings_forget (UiTrainings *self)
{
  g_return_if_fail (!ui_trainings_active (self));
  drop (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

EngTraining *
ui_trainings_current (UiTrainings *self)
{
  return self->training;
}

EngTrainingStatus *
ui_trainings_status (UiTrainings *self)
{
  return self->status;
}

gboolean
ui_trainings_active (UiTrainings *self)
{
  return is_active (self->status);
}

double
ui_trainings_progress (UiTrainings *self)
{
  const EngTrainingStatus *s = self->status;
  if (!s)
    return 0;
  if (s->state == ENG_TRAINING_PREPARING)
    return s->pictures ? (double)s->prepared / s->pictures : 0;
  return s->steps ? (double)s->step / s->steps : 0;
}

char *
ui_trainings_words (UiTrainings *self)
{
  const EngTrainingStatus *s = self->status;
  const char *name = self->training ? eng_training_kind (self->training)->name : "";
  g_autofree char *left = s && s->eta >= 0 ? ui_words_time_left (s->eta) : NULL;
  g_autofree char *done = s ? ui_words_count (s->prepared) : NULL;
  g_autofree char *all = s ? ui_words_count (s->pictures) : NULL;
  if (!s)
    return g_strdup ("Nothing is training");
  switch (s->state)
    {
    case ENG_TRAINING_QUEUED:
      return g_strdup_printf ("%s: waiting for its turn", name);
    case ENG_TRAINING_PREPARING:
      return s->pictures ? g_strdup_printf ("%s: reading pictures, %s of %s", name, done, all)
                         : g_strdup_printf ("%s: looking for pictures", name);
    case ENG_TRAINING_RUNNING:
      return g_strdup_printf ("%s: step %d of %d%s%s", name, s->step, s->steps, left ? ", " : "", left ? left : "");
    case ENG_TRAINING_PAUSED:
      return g_strdup_printf ("%s: paused at step %d of %d", name, s->step, s->steps);
    case ENG_TRAINING_DONE:
      return g_strdup_printf ("%s: trained", name);
    case ENG_TRAINING_CANCELLED:
      return g_strdup_printf ("%s: cancelled at step %d of %d", name, s->step, s->steps);
    case ENG_TRAINING_FAILED:
      return g_strdup_printf ("%s: failed", name);
    }
  g_return_val_if_reached (NULL);
}

const char *
ui_trainings_method_name (const EngExplainerKind *kind)
{
  const EngMethod *method = eng_method_find (kind->method, NULL);
  return method ? method->name : kind->name;
}

/* ---- life ---- */

UiTrainings *
ui_trainings_get (void)
{
  if (!the_one)
    the_one = g_object_new (UI_TYPE_TRAININGS, NULL);
  return the_one;
}

void
ui_trainings_shutdown (void)
{
  if (!the_one)
    return;
  if (the_one->training)
    eng_training_cancel (the_one->training);
  drop (the_one);
  g_clear_object (&the_one);
}

static void
ui_trainings_class_init (UiTrainingsClass *klass)
{
  signals[CHANGED] =
      g_signal_new ("changed", UI_TYPE_TRAININGS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[TRAINED] = g_signal_new ("trained", UI_TYPE_TRAININGS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                   1, ENG_TYPE_MODEL);
}

static void
ui_trainings_init (UiTrainings *self)
{
}
