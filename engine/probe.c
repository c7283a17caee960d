/* See probe.h. A batch is as large as the budget allows, at most MAX_BATCH; what is left over at the end runs
 * at its own size, so that the passes run are exactly the passes asked for. */
#include "probe.h"

#include "error.h"
#include "job-private.h"
#include "nn/pass.h"

#include <math.h>
#include <string.h>

/* Beyond this a pass gains nothing (bench-pass: ViT-Tiny 29 ms a picture alone, 17 ms in eights, 16 ms in
 * sixteens; MobileNetV2 loses its cache) and a person who presses Stop would wait longer. */
#define MAX_BATCH 8

const char *const eng_output_choices[] = { "logit", "probability", NULL };

/* A pass at one batch size and the buffers around it. */
typedef struct
{
  int batch;
  EngGraph *graph;
  EngPass *pass;
  float **feeds, **values, **grads; /* batch x size, one for each name */
  float *logits, *seed;
} Runner;

struct _EngProbe
{
  EngJob *job;               /* NULL: a probe of its own */
  GCancellable *cancellable; /* without a job */
  EngModel *model;
  int class_index, contrast, most;
  guint64 forward;
  EngGraph *one;                    /* at batch 1: shapes */
  GPtrArray *feeds, *wants, *grads; /* EngValue* of @one, borrowed */
  gboolean skip_logits;
  EngOutput output;
  EngProbeSeed seed;
  gpointer seed_data;
  int batch; /* 0: not known yet */
  Runner *main, *rest;
  EngProbeItem item; /* of eng_probe_one() */
  const float **item_values, **item_grads;
};

static gsize budget = (gsize)2 << 30;

void
eng_set_memory_budget (gsize bytes)
{
  __atomic_store_n (&budget, MAX (bytes, (gsize)1 << 20), __ATOMIC_RELAXED);
}

gsize
eng_memory_budget (void)
{
  return __atomic_load_n (&budget, __ATOMIC_RELAXED);
}

EngProbe *
eng_probe_new_alone (EngModel *model, int class_index)
{
  EngProbe *self = g_new0 (EngProbe, 1);
  self->model = model;
  self->class_index = class_index;
  self->contrast = -1;
  self->most = MAX_BATCH;
  self->one = eng_model_graph (self->model, 1, NULL); /* every opened model has this one */
  self->feeds = g_ptr_array_new ();
  self->wants = g_ptr_array_new ();
  self->grads = g_ptr_array_new ();
  return self;
}

EngProbe *
eng_probe_new (EngJob *job)
{
  EngProbe *self = eng_probe_new_alone (eng_job_model (job), eng_job_class_index (job));
  self->contrast = eng_job_contrast (job);
  self->job = job;
  return self;
}

static void
free_buffers (float **buffers, guint n)
{
  for (guint i = 0; buffers && i < n; i++)
    g_free (buffers[i]);
  g_free (buffers);
}

static void
runner_free (EngProbe *self, Runner *r)
{
  if (!r)
    return;
  free_buffers (r->feeds, self->feeds->len);
  free_buffers (r->values, self->wants->len);
  free_buffers (r->grads, self->grads->len);
  g_clear_pointer (&r->pass, eng_pass_free);
  g_clear_pointer (&r->graph, eng_graph_unref);
  g_free (r->logits);
  g_free (r->seed);
  g_free (r);
}

void
eng_probe_free (EngProbe *self)
{
  if (!self)
    return;
  runner_free (self, self->main);
  runner_free (self, self->rest);
  g_ptr_array_unref (self->feeds);
  g_ptr_array_unref (self->wants);
  g_ptr_array_unref (self->grads);
  eng_graph_unref (self->one);
  g_clear_object (&self->cancellable);
  g_free (self->item_values);
  g_free (self->item_grads);
  g_free (self);
}

/* ---- declaring ---- */

static EngValue *
value_named (EngGraph *graph, const char *name)
{
  EngValue *value = name ? eng_graph_find (graph, name) : eng_graph_image (graph);
  g_assert (value); /* names come from the model's own targets */
  return value;
}

static int
declare (EngProbe *self, GPtrArray *list, const char *name)
{
  g_assert (!self->main && !self->rest);
  g_ptr_array_add (list, value_named (self->one, name));
  return (int)list->len - 1;
}

int
eng_probe_feed (EngProbe *self, const char *name)
{
  return declare (self, self->feeds, name);
}

int
eng_probe_want (EngProbe *self, const char *name)
{
  return declare (self, self->wants, name);
}

int
eng_probe_want_grad (EngProbe *self, const char *name)
{
  return declare (self, self->grads, name);
}

void
eng_probe_skip_logits (EngProbe *self)
{
  self->skip_logits = TRUE;
}

void
eng_probe_set_most (EngProbe *self, int most)
{
  g_assert (!self->batch);
  self->most = CLAMP (most, 1, MAX_BATCH);
}

void
eng_probe_set_cancellable (EngProbe *self, GCancellable *cancellable)
{
  g_set_object (&self->cancellable, cancellable);
}

guint64
eng_probe_forward (EngProbe *self)
{
  return self->forward;
}

void
eng_probe_set_output (EngProbe *self, EngOutput output)
{
  self->output = output;
}

void
eng_probe_set_seed (EngProbe *self, EngProbeSeed seed, gpointer data)
{
  self->seed = seed;
  self->seed_data = data;
}

gsize
eng_probe_size (EngProbe *self, const char *name)
{
  return (gsize)eng_shape_count (&value_named (self->one, name)->shape);
}

/* ---- the explained output ---- */

double
eng_probe_score (EngProbe *self, const float *logits)
{
  int c = self->class_index, other = self->contrast;
  if (self->output == ENG_OUTPUT_LOGIT)
    return logits[c] - (other >= 0 ? (double)logits[other] : 0);
  int k = eng_model_n_classes (self->model);
  g_autofree float *p = g_new (float, k);
  eng_softmax (logits, k, p);
  return p[c] - (other >= 0 ? (double)p[other] : 0);
}

/* d score / d logits */
static void
score_seed (EngProbe *self, const float *logits, float *seed)
{
  int k = eng_model_n_classes (self->model), c = self->class_index, other = self->contrast;
  memset (seed, 0, sizeof *seed * k);
  if (self->output == ENG_OUTPUT_LOGIT)
    {
      seed[c] += 1;
      if (other >= 0)
        seed[other] -= 1;
      return;
    }
  g_autofree float *p = g_new (float, k);
  eng_softmax (logits, k, p);
  double score = p[c] - (other >= 0 ? (double)p[other] : 0);
  for (int i = 0; i < k; i++)
    seed[i] = (float)(p[i] * ((i == c) - (other >= 0 && i == other) - score));
}

/* ---- passes ---- */

/* Declared and prepared, no buffers yet. NULL with an error. */
static EngPass *
make_pass (EngProbe *self, EngGraph *graph, GError **error)
{
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  for (guint i = 0; i < self->feeds->len; i++)
    if (self->feeds->pdata[i] != eng_graph_image (self->one))
      eng_pass_cut (pass, eng_graph_find (graph, ((EngValue *)self->feeds->pdata[i])->name));
  for (guint i = 0; i < self->wants->len; i++)
    eng_pass_want (pass, eng_graph_find (graph, ((EngValue *)self->wants->pdata[i])->name));
  for (guint i = 0; i < self->grads->len; i++)
    eng_pass_want_grad (pass, eng_graph_find (graph, ((EngValue *)self->grads->pdata[i])->name));
  if (self->grads->len)
    eng_pass_set_root (pass, eng_graph_logits (graph));
  else if (!self->skip_logits)
    eng_pass_want (pass, eng_graph_logits (graph));
  return eng_pass_prepare (pass, error) ? g_steal_pointer (&pass) : NULL;
}

static gsize
elements (GPtrArray *values)
{
  gsize n = 0;
  for (guint i = 0; i < values->len; i++)
    n += (gsize)eng_shape_count (&((EngValue *)values->pdata[i])->shape);
  return n;
}

static float **
make_buffers (GPtrArray *values, int batch)
{
  float **buffers = g_new0 (float *, values->len + 1);
  for (guint i = 0; i < values->len; i++)
    buffers[i] = g_new (float, batch *eng_shape_count (&((EngValue *)values->pdata[i])->shape));
  return buffers;
}

static Runner *
runner_new (EngProbe *self, int batch, GError **error)
{
  g_autoptr (EngGraph) graph = eng_model_graph (self->model, batch, error);
  EngPass *pass = graph ? make_pass (self, graph, error) : NULL;
  if (!pass)
    return NULL;
  gsize k = (gsize)eng_model_n_classes (self->model);
  Runner *r = g_new0 (Runner, 1);
  r->batch = batch;
  r->graph = g_steal_pointer (&graph);
  r->pass = pass;
  r->feeds = make_buffers (self->feeds, batch);
  r->values = make_buffers (self->wants, batch);
  r->grads = make_buffers (self->grads, batch);
  r->logits = self->skip_logits ? NULL : g_new (float, batch *k);
  r->seed = self->grads->len ? g_new (float, batch *k) : NULL;
  return r;
}

/* What was declared is complete. */
static void
begin (EngProbe *self)
{
  if (self->item_values)
    return;
  if (self->feeds->len == 0)
    g_ptr_array_add (self->feeds, eng_graph_image (self->one));
  self->item_values = g_new0 (const float *, self->wants->len + 1);
  self->item_grads = g_new0 (const float *, self->grads->len + 1);
}

/* What one more item in the batch takes is the difference between two and one. */
static gboolean
choose_batch (EngProbe *self, GError **error)
{
  self->batch = 1;
  if (self->most < 2 || eng_model_batch (self->model, 2) < 2)
    return TRUE;
  g_autoptr (EngGraph) two_graph = eng_model_graph (self->model, 2, error);
  g_autoptr (EngPass) one = make_pass (self, self->one, error);
  g_autoptr (EngPass) two = one && two_graph ? make_pass (self, two_graph, error) : NULL;
  if (!two)
    return FALSE;
  gsize fixed = eng_pass_memory (one), pair = eng_pass_memory (two), most = eng_memory_budget ();
  gsize buffers = sizeof (float) * (elements (self->feeds) + elements (self->wants) + elements (self->grads));
  gsize each = (pair > fixed ? pair - fixed : 1) + buffers;
  gsize room = most > fixed + buffers ? (most - fixed - buffers) / each : 0;
  self->batch = eng_model_batch (self->model, (int)MIN (1 + room, (gsize)self->most));
  return TRUE;
}

/* A runner of exactly @batch items: kept in one of two places, for full batches and for what is left over. */
static Runner *
runner_for (EngProbe *self, int batch, GError **error)
{
  Runner **place = batch == self->batch ? &self->main : &self->rest;
  if (*place && (*place)->batch != batch)
    {
      runner_free (self, *place);
      *place = NULL;
    }
  if (!*place)
    *place = runner_new (self, batch, error);
  return *place;
}

/* ---- running ---- */

static void
read_all (Runner *r, GPtrArray *values, float **buffers, void (*read) (EngPass *, EngValue *, float *))
{
  for (guint i = 0; i < values->len; i++)
    read (r->pass, eng_graph_find (r->graph, ((EngValue *)values->pdata[i])->name), buffers[i]);
}

static void
evaluate (EngProbe *self, Runner *r, int first)
{
  int k = eng_model_n_classes (self->model);
  for (guint i = 0; i < self->feeds->len; i++)
    eng_pass_write (r->pass, eng_graph_find (r->graph, ((EngValue *)self->feeds->pdata[i])->name), r->feeds[i]);
  eng_pass_forward (r->pass);
  read_all (r, self->wants, r->values, eng_pass_read);
  if (r->logits)
    eng_pass_read (r->pass, eng_graph_logits (r->graph), r->logits);
  self->forward += (guint64)r->batch;
  if (self->job)
    eng_job_count (self->job, (guint64)r->batch, self->grads->len ? (guint64)r->batch : 0);
  if (self->grads->len == 0)
    return;
  for (int b = 0; b < r->batch; b++)
    if (self->seed)
      self->seed (first + b, r->logits + (gsize)b * k, r->seed + (gsize)b * k, self->seed_data);
    else
      score_seed (self, r->logits + (gsize)b * k, r->seed + (gsize)b * k);
  eng_pass_backward (r->pass, r->seed);
  read_all (r, self->grads, r->grads, eng_pass_read_grad);
}

static void
point_at (const float **out, float **buffers, GPtrArray *values, int b)
{
  for (guint i = 0; i < values->len; i++)
    out[i] = buffers[i] + b * eng_shape_count (&((EngValue *)values->pdata[i])->shape);
}

static void
show_item (EngProbe *self, Runner *r, int b, int index)
{
  const float *logits = r->logits ? r->logits + (gsize)b * eng_model_n_classes (self->model) : NULL;
  point_at (self->item_values, r->values, self->wants, b);
  point_at (self->item_grads, r->grads, self->grads, b);
  self->item = (EngProbeItem){ .index = index,
                               .score = logits ? eng_probe_score (self, logits) : 0,
                               .logits = logits,
                               .values = self->item_values,
                               .grads = self->item_grads };
}

static gboolean
are_finite (const float *x, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite (x[i]))
      return FALSE;
  return TRUE;
}

/* Methods clip at zero, where a NaN would vanish unseen: it is looked for in what the network gives. */
static gboolean
check_item (EngProbe *self, GError **error)
{
  gboolean scores = !self->item.logits || are_finite (self->item.logits, (gsize)eng_model_n_classes (self->model));
  gboolean grads = TRUE;
  for (guint i = 0; i < self->grads->len; i++)
    grads &= are_finite (self->item_grads[i], (gsize)eng_shape_count (&((EngValue *)self->grads->pdata[i])->shape));
  return (scores && grads)
         || eng_fail (error, ENG_ERROR_INVALID,
                      "The model's %s is not a number (NaN or infinity) here. Check the normalisation (%s), choose "
                      "another layer, or a method that %s.",
                      scores ? "gradient" : "score", eng_model_preprocess (self->model)->origin,
                      scores ? "uses scores only" : "changes the picture less");
}

static void
fill_batch (EngProbe *self, Runner *r, int first, EngProbeFill fill, gpointer data)
{
  g_autofree float **inputs = g_new (float *, self->feeds->len);
  for (int b = 0; b < r->batch; b++)
    {
      for (guint i = 0; i < self->feeds->len; i++)
        inputs[i] = r->feeds[i] + b * eng_shape_count (&((EngValue *)self->feeds->pdata[i])->shape);
      fill (first + b, inputs, data);
    }
}

static gboolean
cancelled (EngProbe *self, GError **error)
{
  if (self->job)
    return eng_job_is_cancelled (self->job, error);
  return g_cancellable_is_cancelled (self->cancellable) && !eng_fail (error, ENG_ERROR_CANCELLED, "Stopped");
}

int
eng_probe_run (EngProbe *self, int n, EngProbeFill fill, EngProbeTake take, gpointer data, GError **error)
{
  return eng_probe_run_from (self, 0, n, fill, take, data, error);
}

int
eng_probe_run_from (EngProbe *self, int first, int n, EngProbeFill fill, EngProbeTake take, gpointer data,
                    GError **error)
{
  int done = first;
  begin (self);
  /* One item alone is not worth the plan of a batch. */
  if (!self->batch && n > 1 && !choose_batch (self, error))
    return -1;
  while (done < n && !(self->job && eng_job_stopping (self->job)))
    {
      Runner *r = runner_for (self, MIN (MAX (self->batch, 1), n - done), error);
      if (!r || cancelled (self, error))
        return -1;
      fill_batch (self, r, done, fill, data);
      evaluate (self, r, done);
      for (int b = 0; b < r->batch; b++)
        {
          show_item (self, r, b, done + b);
          if (!check_item (self, error))
            return -1;
          if (take && !take (&self->item, data, error))
            return -1;
        }
      done += r->batch;
    }
  return done;
}

typedef struct
{
  EngProbe *probe;
  const float *const *inputs;
} One;

static void
fill_one (int index, float *const *inputs, gpointer data)
{
  One *one = data;
  GPtrArray *feeds = one->probe->feeds;
  for (guint i = 0; i < feeds->len; i++)
    memcpy (inputs[i], one->inputs[i],
            sizeof (float) * (gsize)eng_shape_count (&((EngValue *)feeds->pdata[i])->shape));
}

const EngProbeItem *
eng_probe_one (EngProbe *self, const float *const *inputs, GError **error)
{
  One one = { self, inputs };
  begin (self);
  Runner *r = runner_for (self, 1, error);
  if (!r || cancelled (self, error))
    return NULL;
  fill_batch (self, r, 0, fill_one, &one);
  evaluate (self, r, 0);
  show_item (self, r, 0, 0);
  return check_item (self, error) ? &self->item : NULL;
}
