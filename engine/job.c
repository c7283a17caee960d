/* Jobs: what the worker writes lies behind a lock and is taken over where it is seen, many changes at once. */
#include "job.h"

#include "combine.h"
#include "engine.h"
#include "job-private.h"
#include "live.h"

#include <math.h>
#include <string.h>

/* Previews and progress more often than this many times a second are of no use to an eye. */
#define NOTIFY_INTERVAL (G_USEC_PER_SEC / 30)
/* Making a preview and ranking its pixels takes some milliseconds. */
#define PREVIEW_INTERVAL (G_USEC_PER_SEC / 4)

struct _EngJob
{
  GObject parent;
  /* fixed at birth */
  EngModel *model;
  EngImage *image;
  const EngMethod *method;
  int contrast;
  char *layer;
  EngValues *values;
  guint64 seed;
  gboolean synchronous;
  GCancellable *cancel;
  /* the worker's own, valid during explain() */
  float *pixels, *input, *logits;
  GPtrArray *layers;       /* const EngTarget*, borrowed from the model; one NULL when there is nothing to choose */
  const float *part_input; /* what the method runs on now; NULL: input */
  int part_layer;
  guint part, parts;
  gint64 started, last_preview;
  guint64 passes_forward, passes_backward;
  GPtrArray *notes; /* EngNote* */
  EngHeatmap *from; /* what is gone on from; NULL: nothing */
  GBytes *rest;     /* of a run that was cut short, for its result */
  /* written by the worker, read by everybody: behind the lock */
  GMutex lock;
  EngJobState next_state;
  EngHeatmap *next_heatmap;
  GError *next_error;
  int next_class;
  guint next_done, next_total;
  const char *next_unit;
  double next_convergence;
  gboolean stop;
  gint64 first_step, last_notify;
  guint first_done; /* what an earlier run had done */
  gboolean pending;
  /* what is seen; changes where "changed" is emitted */
  EngJobState state;
  EngHeatmap *heatmap;
  GError *error;
  guint done, total;
  const char *unit;
  double eta, convergence;
};

G_DEFINE_FINAL_TYPE (EngJob, eng_job, G_TYPE_OBJECT)

static guint signal_changed;

static void
eng_job_finalize (GObject *object)
{
  EngJob *self = ENG_JOB (object);
  g_clear_object (&self->model);
  g_clear_pointer (&self->image, eng_image_unref);
  g_clear_pointer (&self->values, eng_values_free);
  g_clear_pointer (&self->next_heatmap, eng_heatmap_unref);
  g_clear_pointer (&self->heatmap, eng_heatmap_unref);
  g_clear_error (&self->next_error);
  g_clear_error (&self->error);
  g_clear_object (&self->cancel);
  g_clear_pointer (&self->layers, g_ptr_array_unref);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_clear_pointer (&self->from, eng_heatmap_unref);
  g_clear_pointer (&self->rest, g_bytes_unref);
  g_free (self->layer);
  g_free (self->pixels);
  g_free (self->input);
  g_free (self->logits);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (eng_job_parent_class)->finalize (object);
}

static void
eng_job_class_init (EngJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eng_job_finalize;
  /**
   * EngJob::changed: state, progress, heatmap or error changed. Main context (or the caller of eng_job_run()).
   */
  signal_changed = g_signal_new ("changed", ENG_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
eng_job_init (EngJob *self)
{
  g_mutex_init (&self->lock);
  self->cancel = g_cancellable_new ();
  self->eta = -1;
  self->convergence = self->next_convergence = NAN;
  self->notes = eng_notes_new ();
  self->parts = 1;
}

EngJob *
eng_job_new (EngModel *model, EngImage *image, const EngMethod *method, int class_index, int contrast,
             const char *layer, EngValues *values, guint64 seed)
{
  EngJob *self = g_object_new (ENG_TYPE_JOB, NULL);
  self->model = g_object_ref (model);
  self->image = eng_image_ref (image);
  self->method = method;
  self->next_class = class_index;
  self->contrast = contrast;
  self->layer = g_strdup (layer && *layer ? layer : NULL);
  self->values = values ? values : eng_values_new (method, model);
  self->seed = seed;
  return self;
}

gboolean
eng_job_continue_from (EngJob *self, EngHeatmap *stopped)
{
  const EngProvenance *p = eng_heatmap_provenance (stopped);
  g_autofree char *values = eng_values_to_json (self->values);
  g_autofree char *preprocessing = eng_preprocess_describe (eng_model_preprocess (self->model));
  g_return_val_if_fail (self->state == ENG_JOB_QUEUED && !self->from, FALSE);
  if (!eng_heatmap_can_continue (stopped) || !p->partial || g_strcmp0 (p->method_id, self->method->id) != 0
      || g_strcmp0 (p->values, values) != 0 || g_strcmp0 (p->preprocessing, preprocessing) != 0
      || g_strcmp0 (p->model_sha256, eng_model_sha256 (self->model)) != 0
      || g_strcmp0 (p->image_sha256, eng_image_sha256 (self->image)) != 0 || p->seed != self->seed
      || p->contrast_index != self->contrast || (self->next_class >= 0 && p->class_index != self->next_class))
    return FALSE;
  self->from = eng_heatmap_ref (stopped);
  self->heatmap = eng_heatmap_ref (stopped);
  self->passes_forward = p->passes_forward;
  self->passes_backward = p->passes_backward;
  self->next_class = p->class_index;
  self->done = self->next_done = self->first_done = p->done;
  self->total = self->next_total = p->total;
  self->convergence = self->next_convergence = p->convergence;
  return TRUE;
}

/* ---- telling ---- */

/* Takes over what the worker wrote; on the listening thread. */
static void
deliver (EngJob *self)
{
  g_mutex_lock (&self->lock);
  self->pending = FALSE;
  self->state = self->next_state;
  if (self->next_heatmap)
    {
      g_clear_pointer (&self->heatmap, eng_heatmap_unref);
      self->heatmap = g_steal_pointer (&self->next_heatmap);
    }
  if (self->next_error && !self->error)
    self->error = g_steal_pointer (&self->next_error);
  self->done = self->next_done;
  self->total = self->next_total;
  self->unit = self->next_unit;
  self->convergence = self->next_convergence;
  double elapsed = (double)(g_get_monotonic_time () - self->first_step) / G_USEC_PER_SEC;
  guint now_done = self->done - MIN (self->first_done, self->done);
  self->eta = self->state == ENG_JOB_RUNNING && now_done > 0 && elapsed > 0.5
                  ? elapsed / now_done * (self->total - self->done)
                  : -1;
  g_mutex_unlock (&self->lock);
  g_signal_emit (self, signal_changed, 0);
}

static gboolean
deliver_idle (gpointer data)
{
  deliver (data);
  return G_SOURCE_REMOVE;
}

/* Called with the lock held. Many changes become one delivery. */
static void
schedule (EngJob *self)
{
  if (self->pending || self->synchronous)
    return;
  self->pending = TRUE;
  g_idle_add_full (G_PRIORITY_DEFAULT, deliver_idle, g_object_ref (self), g_object_unref);
}

gboolean
eng_job_step (EngJob *self, guint done, guint total, const char *unit, EngHeatmap *preview, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  if (self->parts > 1) /* a preview of one part is none of the whole */
    g_clear_pointer (&preview, eng_heatmap_unref);
  done += self->part * total;
  total *= self->parts;
  g_mutex_lock (&self->lock);
  if (self->first_step == 0)
    self->first_step = now;
  self->next_done = done;
  self->next_total = total;
  self->next_unit = unit;
  if (preview)
    {
      g_clear_pointer (&self->next_heatmap, eng_heatmap_unref);
      self->next_heatmap = preview;
    }
  gboolean tell = now - self->last_notify >= NOTIFY_INTERVAL || done == total;
  if (tell)
    {
      self->last_notify = now;
      schedule (self);
    }
  g_mutex_unlock (&self->lock);
  if (tell && self->synchronous)
    deliver (self);
  eng_engine_yield ();
  return !eng_job_is_cancelled (self, error);
}

gboolean
eng_job_is_cancelled (EngJob *self, GError **error)
{
  return g_cancellable_is_cancelled (self->cancel) && !eng_fail (error, ENG_ERROR_CANCELLED, "Stopped");
}

gboolean
eng_job_preview_due (EngJob *self)
{
  gint64 now = g_get_monotonic_time ();
  if (now - self->last_preview < PREVIEW_INTERVAL)
    return FALSE;
  self->last_preview = now;
  return TRUE;
}

gboolean
eng_job_stopping (EngJob *self)
{
  g_mutex_lock (&self->lock);
  gboolean stop = self->stop;
  g_mutex_unlock (&self->lock);
  return stop;
}

const guint8 *
eng_job_saved_bytes (EngJob *self, gsize *size, EngHeatmap **map)
{
  if (!self->from || self->parts > 1)
    return NULL;
  *map = self->from;
  return g_bytes_get_data (eng_heatmap_state (self->from), size);
}

guint8 *
eng_job_save_bytes (EngJob *self, gsize size)
{
  if (self->parts > 1 || !eng_job_stopping (self))
    return NULL;
  guint8 *state = g_malloc0 (size);
  g_clear_pointer (&self->rest, g_bytes_unref);
  self->rest = g_bytes_new_take (state, size);
  return state;
}

/* The first number is the item to go on with. */
const double *
eng_job_saved (EngJob *self, gsize n, int *first)
{
  gsize size;
  EngHeatmap *map;
  const double *state = (const double *)(gconstpointer)eng_job_saved_bytes (self, &size, &map);
  *first = 0;
  if (!state)
    return NULL;
  g_return_val_if_fail (size == sizeof *state * (n + 1), NULL);
  *first = (int)state[0];
  return state + 1;
}

double *
eng_job_save (EngJob *self, gsize n, int first)
{
  double *state = first > 0 ? (double *)(gpointer)eng_job_save_bytes (self, sizeof *state * (n + 1)) : NULL;
  if (!state)
    return NULL;
  state[0] = first;
  return state + 1;
}

void
eng_job_report_convergence (EngJob *self, double correlation)
{
  g_mutex_lock (&self->lock);
  self->next_convergence = correlation;
  g_mutex_unlock (&self->lock);
}

void
eng_job_note (EngJob *self, const char *id, double value, char *text)
{
  for (guint i = 0; i < self->notes->len; i++)
    if (strcmp (((EngNote *)self->notes->pdata[i])->id, id) == 0)
      g_ptr_array_remove_index (self->notes, i--);
  EngNote *note = g_new (EngNote, 1);
  *note = (EngNote){ g_strdup (id), value, text };
  g_ptr_array_add (self->notes, note);
}

/* ---- running ---- */

static gboolean
check_contrast (EngJob *self, GError **error)
{
  int k = eng_model_n_classes (self->model);
  if (self->contrast < 0)
    return TRUE;
  if (self->contrast >= k)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "Class %d does not exist: the model has classes 0 to %d.",
                     self->contrast, k - 1);
  if (!(self->method->allows & ENG_ALLOWS_CONTRAST))
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "%s cannot explain one class rather than another. Leave the contrast out.", self->method->name);
  if (self->contrast == self->next_class)
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "A class cannot be explained rather than itself. Choose another class for the contrast.");
  return TRUE;
}

static gboolean
prepare (EngJob *self, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  gsize plane = (gsize)p->width * p->height;
  g_autofree guint8 *view = eng_preprocess_view (p, self->image, error);
  if (!view)
    return FALSE;
  self->pixels = g_new (float, 3 * plane);
  self->input = g_new (float, p->channels *plane);
  eng_preprocess_pixels (p, view, self->pixels);
  eng_preprocess_normalise (p, self->pixels, self->input);
  if (!(self->logits = eng_model_predict_image (self->model, self->image, error)))
    return FALSE;
  int k = eng_model_n_classes (self->model);
  if (self->next_class >= k)
    return eng_fail (error, ENG_ERROR_ARGUMENT, "Class %d does not exist: the model has classes 0 to %d.",
                     self->next_class, k - 1);
  if (self->next_class < 0)
    {
      g_autofree float *p_all = g_new (float, k);
      g_mutex_lock (&self->lock);
      self->next_class = eng_softmax (self->logits, k, p_all);
      g_mutex_unlock (&self->lock);
    }
  if (eng_model_output_is_probability (self->model))
    eng_job_note (self, "softmax", 1, g_strdup ("The model ends in Softmax; the value before it is explained"));
  return check_contrast (self, error)
         && (self->layers = eng_method_find_layers (self->method, self->model, self->layer, self->values, error))
                != NULL;
}

/* NaN must not reach a file or a ranking: it says that the arithmetic broke down, so the job fails. */
static EngHeatmap *
check_finite (EngJob *self, EngHeatmap *map, GError **error)
{
  gsize n = (gsize)eng_heatmap_channels (map) * eng_heatmap_rows (map) * eng_heatmap_cols (map);
  for (gsize i = 0; i < n; i++)
    if (!isfinite (eng_heatmap_values (map)[i]))
      {
        eng_fail (error, ENG_ERROR_INVALID,
                  "%s gave values that are not numbers (NaN or infinity) for this picture. The model's gradient or "
                  "score breaks down here: check the normalisation (%s), or choose another layer.",
                  self->method->name, eng_model_preprocess (self->model)->origin);
        eng_heatmap_unref (map);
        return NULL;
      }
  return map;
}

static void
work (EngJob *self)
{
  GError *error = NULL;
  EngHeatmap *heatmap = NULL;
  g_mutex_lock (&self->lock);
  self->started = g_get_monotonic_time ();
  if (self->from)
    self->started -= (gint64)(eng_heatmap_provenance (self->from)->seconds * G_USEC_PER_SEC);
  gboolean cancelled_early = self->next_state == ENG_JOB_CANCELLED;
  if (!cancelled_early)
    {
      self->next_state = ENG_JOB_RUNNING;
      schedule (self);
    }
  g_mutex_unlock (&self->lock);
  if (cancelled_early)
    return;
  if (g_cancellable_is_cancelled (self->cancel))
    eng_fail (&error, ENG_ERROR_CANCELLED, "Stopped");
  else if (prepare (self, &error))
    heatmap = eng_combine_explain (self, &error);
  if (heatmap)
    heatmap = check_finite (self, heatmap, &error);
  if (heatmap && eng_heatmap_provenance (heatmap)->partial && self->rest)
    eng_heatmap_take_state (heatmap, g_steal_pointer (&self->rest));
  g_mutex_lock (&self->lock);
  if (heatmap)
    {
      g_clear_pointer (&self->next_heatmap, eng_heatmap_unref);
      self->next_heatmap = heatmap;
      self->next_state = ENG_JOB_DONE;
    }
  else
    {
      gboolean cancelled = g_error_matches (error, ENG_ERROR, ENG_ERROR_CANCELLED);
      self->next_state = cancelled ? ENG_JOB_CANCELLED : ENG_JOB_FAILED;
      self->next_error = error;
    }
  schedule (self);
  g_mutex_unlock (&self->lock);
  /* The job may be kept long after; what only explain() needs goes now. */
  g_clear_pointer (&self->pixels, g_free);
  g_clear_pointer (&self->input, g_free);
}

gboolean
eng_job_run (EngJob *self, GError **error)
{
  self->synchronous = TRUE;
  g_object_ref (self);
  work (self);
  deliver (self);
  gboolean ok = self->state == ENG_JOB_DONE;
  if (!ok && error)
    *error = g_error_copy (self->error);
  g_object_unref (self);
  return ok;
}

static EngLive live;

static void
work_func (gpointer data)
{
  work (data);
}

static void
work_done (gpointer data)
{
  EngJob *self = data;
  eng_live_goes_on (&live, self, TRUE); /* it does not */
  /* The worker's reference ends here, on the main thread, after the last delivery. */
  if (self->state != self->next_state)
    deliver (self);
  g_object_unref (self);
}

void
eng_job_start (EngJob *self, int priority)
{
  eng_live_add (&live, self);
  eng_engine_push (priority, work_func, work_done, g_object_ref (self));
}

void
eng_job_cancel (EngJob *self)
{
  g_cancellable_cancel (self->cancel);
  g_mutex_lock (&self->lock);
  if (self->next_state == ENG_JOB_QUEUED)
    {
      /* Nothing has begun: no need to wait for the engine thread to get here. */
      self->next_state = ENG_JOB_CANCELLED;
      eng_fail (&self->next_error, ENG_ERROR_CANCELLED, "Stopped");
      schedule (self);
    }
  g_mutex_unlock (&self->lock);
}

void
eng_job_stop (EngJob *self)
{
  if (!(self->method->allows & ENG_ALLOWS_STOP))
    {
      eng_job_cancel (self);
      return;
    }
  g_mutex_lock (&self->lock);
  gboolean begun = self->next_done > 0 && self->next_state == ENG_JOB_RUNNING;
  self->stop = begun;
  g_mutex_unlock (&self->lock);
  if (!begun) /* there is nothing to keep */
    eng_job_cancel (self);
}

static void
cancel_one (gpointer job)
{
  eng_job_cancel (job);
}

void
eng_job_cancel_all (void)
{
  eng_live_close (&live, cancel_one);
}

/* ---- looking ---- */

EngJobState
eng_job_state (EngJob *self)
{
  return self->state;
}

double
eng_job_progress (EngJob *self, guint *done, guint *total, double *eta)
{
  if (done)
    *done = self->done;
  if (total)
    *total = self->total;
  if (eta)
    *eta = self->eta;
  return self->total ? (double)self->done / self->total : 0;
}

double
eng_job_convergence (EngJob *self)
{
  return self->convergence;
}

const char *
eng_job_unit (EngJob *self)
{
  return self->unit ? self->unit : "";
}

EngHeatmap *
eng_job_heatmap (EngJob *self)
{
  return self->heatmap;
}

const GError *
eng_job_error (EngJob *self)
{
  return self->error;
}

EngModel *
eng_job_model (EngJob *self)
{
  return self->model;
}

EngImage *
eng_job_image (EngJob *self)
{
  return self->image;
}

const EngMethod *
eng_job_method (EngJob *self)
{
  return self->method;
}

int
eng_job_class_index (EngJob *self)
{
  g_mutex_lock (&self->lock);
  int index = self->next_class;
  g_mutex_unlock (&self->lock);
  return index;
}

int
eng_job_contrast (EngJob *self)
{
  return self->contrast;
}

const char *
eng_job_layer (EngJob *self)
{
  return self->layer;
}

const EngValues *
eng_job_values (EngJob *self)
{
  return self->values;
}

guint64
eng_job_seed (EngJob *self)
{
  return self->seed;
}

/* ---- for methods ---- */

const float *
eng_job_pixels (EngJob *self)
{
  return self->pixels;
}

const float *
eng_job_input (EngJob *self)
{
  return self->part_input ? self->part_input : self->input;
}

const float *
eng_job_logits (EngJob *self)
{
  return self->logits;
}

const EngTarget *
eng_job_target (EngJob *self)
{
  return self->layers->pdata[self->part_layer];
}

int
eng_job_n_layers (EngJob *self)
{
  return (int)self->layers->len;
}

void
eng_job_begin_part (EngJob *self, const float *input, int layer, guint part, guint parts)
{
  self->part_input = input;
  self->part_layer = layer;
  self->part = part;
  self->parts = parts;
}

void
eng_job_count (EngJob *self, guint64 forward, guint64 backward)
{
  self->passes_forward += forward;
  self->passes_backward += backward;
}

static GPtrArray *
copy_notes (GPtrArray *notes)
{
  GPtrArray *copy = eng_notes_new ();
  for (guint i = 0; i < notes->len; i++)
    {
      const EngNote *note = notes->pdata[i];
      EngNote *twin = g_new (EngNote, 1);
      *twin = (EngNote){ g_strdup (note->id), note->value, g_strdup (note->text) };
      g_ptr_array_add (copy, twin);
    }
  return copy;
}

EngHeatmap *
eng_job_make_heatmap (EngJob *self, const float *values, int channels, int rows, int cols, EngUpsample upsample,
                      const char *layer, const char *selected)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  EngGeometry geometry;
  EngProvenance provenance = { 0 }, *v = &provenance; /* the heatmap takes its fields over */
  int k = eng_model_n_classes (self->model), c = self->next_class;
  g_autofree float *probabilities = g_new (float, k);
  eng_preprocess_geometry (p, eng_image_width (self->image), eng_image_height (self->image), &geometry);
  eng_softmax (self->logits, k, probabilities);
  v->model_sha256 = g_strdup (eng_model_sha256 (self->model));
  v->model_name = g_strdup (eng_model_name (self->model));
  v->image_sha256 = g_strdup (eng_image_sha256 (self->image));
  v->image_name = g_strdup (eng_image_name (self->image));
  v->preprocessing = eng_preprocess_describe (p);
  v->preprocessing_origin = g_strdup (p->origin);
  v->class_index = c;
  v->class_name = g_strdup (eng_model_label (self->model, c));
  v->probability = probabilities[c];
  v->contrast_index = self->contrast;
  v->contrast_name = g_strdup (self->contrast >= 0 ? eng_model_label (self->model, self->contrast) : "");
  v->method_id = g_strdup (self->method->id);
  v->method_name = g_strdup (self->method->name);
  v->values = eng_values_to_json (self->values);
  v->layer = g_strdup (layer ? layer : "");
  v->seed = self->seed;
  v->seconds = (double)(g_get_monotonic_time () - self->started) / G_USEC_PER_SEC;
  v->passes_forward = self->passes_forward;
  v->passes_backward = self->passes_backward;
  v->version = g_strdup (ENG_VERSION);
  v->kernels = g_strdup (eng_kernels_describe ());
  v->explainer = self->method->depends_on ? self->method->depends_on (self->model, self->values) : NULL;
  v->selected = g_strdup (selected ? selected : "");
  v->notes = copy_notes (self->notes);
  g_mutex_lock (&self->lock);
  v->done = self->next_done;
  v->total = self->next_total;
  v->partial = self->stop && v->done < v->total;
  v->unit = g_strdup (self->next_unit ? self->next_unit : "");
  v->convergence = self->next_convergence;
  g_mutex_unlock (&self->lock);
  return eng_heatmap_new (values, channels, rows, cols, eng_method_sign (self->method, self->values), upsample,
                          &geometry, v);
}
