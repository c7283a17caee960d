/* A training from the first picture to the last: see run.h. The order of things is in training.h. */
#include "run.h"

#include "../error.h"
#include "../nn/optim.h"
#include "../probe.h"
#include "batch.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

EngTrainRun *
eng_train_run_new (EngModel *model, const EngExplainerKind *kind, const char *layer, const EngTrainSource *source,
                   EngValues *values, guint64 seed, const char *output, const char *cache, EngResume resume)
{
  EngTrainRun *self = g_new0 (EngTrainRun, 1);
  self->model = g_object_ref (model);
  self->kind = kind;
  self->layer = g_strdup (layer);
  self->values = values ? values : eng_kind_values (kind, model);
  self->seed = seed;
  self->path = g_strdup (source ? source->path : NULL);
  self->labels = g_strdup (source ? source->labels : NULL);
  self->output = g_strdup (output);
  self->cache = g_strdup (cache);
  self->checkpoint = output ? g_strconcat (output, ".checkpoint", NULL) : NULL;
  self->resume = resume;
  self->steps = (int)eng_values_get (self->values, "steps");
  self->batch = (int)eng_values_get (self->values, "batch");
  self->epoch = self->best = -1;
  self->note = g_strdup ("");
  self->points = g_array_new (FALSE, FALSE, sizeof (EngTrainingPoint));
  self->marks = g_array_new (FALSE, FALSE, sizeof (EngTrainingMark));
  return self;
}

void
eng_train_run_free (EngTrainRun *self)
{
  eng_train_buffers_free (self);
  g_clear_pointer (&self->optimiser, eng_adamw_free);
  g_clear_pointer (&self->net, eng_net_free);
  g_clear_pointer (&self->data, eng_train_data_unref);
  g_clear_object (&self->model);
  eng_values_free (self->values);
  g_array_unref (self->points);
  g_array_unref (self->marks);
  g_free (self->layer);
  g_free (self->path);
  g_free (self->labels);
  g_free (self->output);
  g_free (self->cache);
  g_free (self->checkpoint);
  g_free (self->train);
  g_free (self->held_out);
  g_free (self->order);
  g_free (self->gradient);
  g_free (self->best_weights);
  g_free (self->previews);
  g_free (self->note);
  g_free (self);
}

static void
add_note (EngTrainRun *self, char *note)
{
  char *both = *self->note ? g_strconcat (self->note, " ", note, NULL) : g_strdup (note);
  g_free (self->note);
  g_free (note);
  self->note = both;
}

/* ---- pictures ---- */

/* What labels are to this training; a person should know when they are of little use. */
static gboolean
choose_classes (EngTrainRun *self, GError **error)
{
  const char *target =
      self->kind->labels == ENG_LABELS_UNUSED ? "predicted" : eng_values_get_text (self->values, "target");
  guint labelled = eng_train_data_labelled (self->data), n = eng_train_data_count (self->data);
  if (strcmp (target, "label") == 0 && labelled == 0)
    return eng_fail (error, ENG_ERROR_ARGUMENT,
                     "No picture of %s has a label. Give a list of labels, or explain the predicted class "
                     "(target=predicted).",
                     self->path);
  self->by_label = strcmp (target, "predicted") != 0 && labelled > 0;
  if (self->by_label && labelled < n)
    add_note (self,
              g_strdup_printf ("%u of %u pictures have no label; their predicted class stands in.", n - labelled, n));
  return TRUE;
}

static void
note_single_class (EngTrainRun *self)
{
  int only = -1;
  for (guint i = 0; i < self->n_train; i++)
    {
      const int *labels = eng_train_data_classes (self->data, self->train[i]);
      int c = self->by_label && labels[0] >= 0 ? labels[0] : eng_train_data_predicted (self->data, self->train[i]);
      if (only >= 0 && only != c)
        return;
      only = c;
    }
  add_note (self, g_strdup_printf ("All pictures are of one class, %s: the explainer learns nothing of others.",
                                   eng_model_label (self->model, only)));
}

/* Held-out pictures are drawn once, by the seed. */
static void
split (EngTrainRun *self)
{
  guint n = eng_train_data_count (self->data);
  g_autofree guint *places = g_new (guint, n);
  for (guint i = 0; i < n; i++)
    places[i] = i;
  eng_train_shuffle (places, n, self->seed, ENG_STREAM_SPLIT);
  self->n_held_out = MIN ((guint)eng_values_get (self->values, "validation"), n / 2);
  self->n_train = n - self->n_held_out;
  self->held_out = g_memdup2 (places, sizeof *places * self->n_held_out);
  self->train = g_memdup2 (places + self->n_held_out, sizeof *places * self->n_train);
  self->order = g_new (guint, self->n_train);
  if ((guint)self->batch > self->n_train)
    {
      self->batch = (int)self->n_train;
      add_note (self, g_strdup_printf ("A batch is %d pictures: there are no more to train on.", self->batch));
    }
  note_single_class (self);
}

static gboolean
read_pictures (EngTrainRun *self, EngTrainDataStep step, gpointer data, GError **error)
{
  EngTrainSource source = { .path = self->path,
                            .labels = self->labels,
                            .frozen = self->kind->frozen
                                          ? self->kind->frozen (self->model, self->target, self->values)
                                          : NULL,
                            .most = (int)eng_values_get (self->values, "pictures"),
                            .seed = self->seed };
  self->data = eng_train_data_new (self->model, &source, self->cache, step, data, error);
  if (!self->data || !choose_classes (self, error))
    return FALSE;
  split (self);
  guint n = eng_train_data_count (self->data);
  return !step || step (n, n, data, error); /* also where none had to be read, since they were kept */
}

/* ---- the net ---- */

static EngNet *
make_net (EngTrainRun *self, int part, gboolean training, GError **error)
{
  return eng_net_new (self->model, self->target, self->values, self->seed, part, training, self->kind->build, error);
}

/* Larger parts than these are no faster, and what a person asks for meanwhile would wait longer. */
static int
most_at_once (EngTrainRun *self)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  return CLAMP (8 * 224 * 224 / MAX (p->height * p->width, 1), 1, 32);
}

/* The largest part of the batch that fits the memory budget: what one more picture takes is the difference between
 * two and one. */
static gboolean
choose_part (EngTrainRun *self, GError **error)
{
  self->part = 1;
  int most = MIN (self->batch, most_at_once (self));
  if (most < 2 || eng_model_batch (self->model, 2) < 2)
    return TRUE;
  g_autoptr (EngNet) one = make_net (self, 1, TRUE, error);
  if (!one)
    return FALSE;
  gsize fixed = eng_pass_memory (one->pass), weights = sizeof (float) * (gsize)eng_net_count (one);
  g_clear_pointer (&one, eng_net_free);
  g_autoptr (EngNet) two = make_net (self, 2, TRUE, error);
  if (!two)
    return FALSE;
  gsize pair = eng_pass_memory (two->pass), each = pair > fixed ? pair - fixed : 1;
  gsize budget = eng_memory_budget (), taken = fixed + 4 * weights; /* two moments, the sum, the best */
  gsize room = budget > taken ? (budget - taken) / each : 0;
  for (int part = 2; part <= most && (gsize)(part - 1) <= room; part++)
    if (self->batch % part == 0)
      self->part = part;
  self->part = MAX (eng_model_batch (self->model, self->part), 1);
  while (self->batch % self->part)
    self->part--;
  return TRUE;
}

static gboolean
build_net (EngTrainRun *self, GError **error)
{
  EngAdamWSettings settings = { eng_values_get (self->values, "learning-rate"), 0.9, 0.999, 1e-8,
                                eng_values_get (self->values, "weight-decay") };
  if (!(self->net = make_net (self, self->part, TRUE, error)))
    return FALSE;
  self->count = eng_net_count (self->net);
  self->optimiser = eng_adamw_new (self->net->pass, (EngValue *const *)self->net->trained->pdata,
                                   (int)self->net->trained->len, &settings);
  if (self->part < self->batch)
    self->gradient = g_new (float, self->count);
  eng_train_buffers_new (self);
  return TRUE;
}

/* ---- checkpoints ---- */

static char *
key_of (EngTrainRun *self)
{
  g_autofree char *values = eng_values_to_json (self->values);
  g_autofree char *text =
      g_strdup_printf ("%s\n%s\n%s\n%s\n%s\n%" G_GUINT64_FORMAT "\n%d %d", self->kind->id,
                       eng_model_sha256 (self->model), self->target ? self->target->name : "", values,
                       eng_train_data_sha256 (self->data), self->seed, self->batch, (int)self->by_label);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

gboolean
eng_train_run_save (EngTrainRun *self, GError **error)
{
  g_autofree char *key = key_of (self);
  g_autofree float *weights = g_new (float, self->count);
  g_autofree guint8 *state = g_malloc (eng_adamw_state_size (self->optimiser));
  EngCheckpoint c = { .step = self->step,
                      .part = self->part,
                      .best = self->best,
                      .count = self->count,
                      .state_size = eng_adamw_state_size (self->optimiser),
                      .weights = weights,
                      .best_weights = self->best_weights,
                      .state = state,
                      .points = self->points,
                      .marks = self->marks };
  eng_net_read_weights (self->net, weights);
  eng_adamw_save (self->optimiser, state);
  return eng_checkpoint_write (&c, key, self->checkpoint, error);
}

/* The part was chosen by that run's memory budget; sums of other parts would round differently. */
static gboolean
take_up (EngTrainRun *self, GError **error)
{
  g_autofree char *key = key_of (self);
  g_auto (EngCheckpoint) c = { .count = self->count, .state_size = eng_adamw_state_size (self->optimiser) };
  if (!eng_checkpoint_read (&c, key, self->steps, self->checkpoint, error))
    return FALSE;
  if (c.part != self->part)
    {
      if (self->batch % c.part)
        return eng_fail (error, ENG_ERROR_INVALID, "%s is damaged. Remove it and train anew.", self->checkpoint);
      g_clear_pointer (&self->optimiser, eng_adamw_free);
      g_clear_pointer (&self->net, eng_net_free);
      g_clear_pointer (&self->gradient, g_free);
      eng_train_buffers_free (self);
      self->part = c.part;
      if (!build_net (self, error))
        return FALSE;
    }
  eng_net_write_weights (self->net, c.weights);
  eng_adamw_load (self->optimiser, c.state);
  self->step = c.step;
  self->best = c.best;
  g_array_unref (self->points);
  g_array_unref (self->marks);
  self->points = g_steal_pointer (&c.points);
  self->marks = g_steal_pointer (&c.marks);
  self->best_weights = g_steal_pointer (&c.best_weights);
  for (guint i = self->marks->len; i-- > 0 && (int)i != self->best;)
    self->unimproved += self->best >= 0;
  return TRUE;
}

/* Hours of work should not end at a folder that is not there. */
static gboolean
check_output (EngTrainRun *self, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->output);
  if (g_file_test (self->output, G_FILE_TEST_IS_DIR))
    return eng_fail (error, ENG_ERROR_IO, "%s is a folder. Name a file.", self->output);
  return g_access (folder, W_OK | X_OK) == 0
         || eng_fail (error, ENG_ERROR_IO, "%s cannot be written: %s. Choose another folder.", self->output,
                      g_strerror (errno));
}

static gboolean
choose_target (EngTrainRun *self, GError **error)
{
  self->target = self->layer ? eng_model_find_target (self->model, self->layer, error)
                             : eng_kind_default_target (self->kind, self->model);
  return (!self->layer || self->target) && eng_kind_can_train (self->kind, self->model, self->target, error);
}

gboolean
eng_train_run_prepare (EngTrainRun *self, EngTrainDataStep step, EngTrainBetween between, gpointer data,
                       GError **error)
{
  gboolean there = self->checkpoint && g_file_test (self->checkpoint, G_FILE_TEST_EXISTS);
  if (!choose_target (self, error) || !check_output (self, error))
    return FALSE;
  if (there && self->resume == ENG_RESUME_REFUSE)
    return eng_fail (
        error, ENG_ERROR_ARGUMENT,
        "%s holds a training that was not finished. Go on with it (--resume), or begin anew (--restart).",
        self->checkpoint);
  if (!read_pictures (self, step, data, error) || !choose_part (self, error) || !build_net (self, error))
    return FALSE;
  if (there && self->resume == ENG_RESUME_YES)
    return take_up (self, error);
  return eng_train_run_judge (self, between, data, error);
}

/* ---- how long ---- */

static gsize
frozen_size (EngTrainRun *self)
{
  const char *name = self->kind->frozen ? self->kind->frozen (self->model, self->target, self->values) : NULL;
  EngValue *value = name ? eng_graph_find (self->net->source, name) : NULL;
  return value ? (gsize)eng_shape_count (&value->shape) / (gsize)self->part : 0;
}

/* Whether an estimate goes on; those who watch it can wait no longer than a part. */
static gboolean
goes_on (GCancellable *cancellable, GError **error)
{
  if (cancellable)
    eng_engine_yield ();
  return !g_cancellable_is_cancelled (cancellable) || eng_fail (error, ENG_ERROR_CANCELLED, "Stopped");
}

/* The second of two parts on random pictures: the first one also fetches memory. */
static double
estimate (EngTrainRun *self, GCancellable *cancellable, GError **error)
{
  EngTrainBatch batch;
  gint64 begun = 0;
  if (!goes_on (cancellable, error) || !choose_target (self, error) || !choose_part (self, error)
      || !build_net (self, error))
    return -1;
  eng_train_buffers_free (self);
  self->frozen_size = frozen_size (self);
  eng_train_buffers_new (self);
  for (int i = 0; i < 2; i++)
    {
      if (!goes_on (cancellable, error))
        return -1;
      begun = g_get_monotonic_time ();
      if (!eng_train_feed (self, NULL, self->part, FALSE, 0, &batch, error))
        return -1;
      eng_pass_forward (self->net->pass);
      eng_pass_backward (self->net->pass, NULL);
    }
  double part = (double)(g_get_monotonic_time () - begun) / G_USEC_PER_SEC;
  eng_adamw_set_rate (self->optimiser, 0);
  begun = g_get_monotonic_time ();
  eng_adamw_step (self->optimiser);
  double update = (double)(g_get_monotonic_time () - begun) / G_USEC_PER_SEC;
  return self->steps * (part * self->batch / self->part + update);
}

double
eng_training_estimate (EngModel *model, const EngExplainerKind *kind, const char *layer, const EngValues *values,
                       GCancellable *cancellable, GError **error)
{
  EngTrainRun *self =
      eng_train_run_new (model, kind, layer, NULL, eng_values_copy (values), 0, NULL, NULL, ENG_RESUME_NO);
  double seconds = estimate (self, cancellable, error);
  eng_train_run_free (self);
  return seconds;
}
