/* Parts of batches. Which pictures a step takes and which random numbers it draws follow from its number alone. */
#include "batch.h"

#include "../random.h"

#include <string.h>

static gsize
pixel_count (const EngTrainRun *self)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  return (gsize)p->height * p->width;
}

void
eng_train_buffers_new (EngTrainRun *self)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  gsize part = (gsize)self->part, k = (gsize)eng_model_n_classes (self->model), n = pixel_count (self);
  self->pixels = g_new (float, part * 3 * n);
  self->input = g_new (float, part *(gsize)p->channels *n);
  self->logits = g_new0 (float, part *k);
  self->onehot = g_new0 (float, part *k);
  self->frozen_size = self->data ? eng_train_data_frozen_size (self->data) : self->frozen_size;
  self->frozen = self->frozen_size ? g_new0 (float, part * self->frozen_size) : NULL;
  self->index = g_new0 (int, part);
  self->classes = g_new0 (int, part);
}

void
eng_train_buffers_free (EngTrainRun *self)
{
  g_clear_pointer (&self->pixels, g_free);
  g_clear_pointer (&self->input, g_free);
  g_clear_pointer (&self->logits, g_free);
  g_clear_pointer (&self->onehot, g_free);
  g_clear_pointer (&self->frozen, g_free);
  g_clear_pointer (&self->index, g_free);
  g_clear_pointer (&self->classes, g_free);
}

/* ---- order ---- */

void
eng_train_shuffle (guint *places, guint n, guint64 seed, guint32 stream)
{
  g_autoptr (GRand) random = eng_random_new (seed, stream);
  for (guint i = n; i > 1; i--)
    {
      guint j = (guint)g_rand_int_range (random, 0, (gint32)i), place = places[i - 1];
      places[i - 1] = places[j];
      places[j] = place;
    }
}

static guint
place_at (EngTrainRun *self, gint64 at)
{
  int epoch = (int)(at / self->n_train);
  if (epoch != self->epoch)
    {
      memcpy (self->order, self->train, sizeof *self->order * self->n_train);
      eng_train_shuffle (self->order, self->n_train, self->seed, ENG_STREAM_EPOCH + (guint32)epoch);
      self->epoch = epoch;
    }
  return self->order[at % self->n_train];
}

void
eng_train_places (EngTrainRun *self, int step, int i, guint *places)
{
  gint64 first = (gint64)step * self->batch + (gint64)i * self->part;
  for (int k = 0; k < self->part; k++)
    places[k] = place_at (self, first + k);
}

/* ---- filling ---- */

static void
fill_classes (EngTrainRun *self, guint place, int row)
{
  gsize k = (gsize)eng_model_n_classes (self->model);
  float *onehot = self->onehot + (gsize)row * k;
  const int *labels = eng_train_data_classes (self->data, place);
  memset (onehot, 0, sizeof *onehot * k);
  self->classes[row] = self->by_label && labels[0] >= 0 ? labels[0] : eng_train_data_predicted (self->data, place);
  onehot[self->classes[row]] = 1;
  for (int i = 0; self->by_label && labels[i] >= 0; i++)
    onehot[labels[i]] = 1;
}

static void
fill_picture (EngTrainRun *self, guint place, int row)
{
  gsize k = (gsize)eng_model_n_classes (self->model);
  EngPreprocess *p = eng_model_preprocess (self->model);
  eng_preprocess_pixels (p, eng_train_data_view (self->data, place),
                         self->pixels + (gsize)row * 3 * pixel_count (self));
  memcpy (self->logits + (gsize)row * k, eng_train_data_logits (self->data, place), sizeof (float) * k);
  if (self->frozen_size)
    memcpy (self->frozen + (gsize)row * self->frozen_size, eng_train_data_frozen (self->data, place),
            sizeof (float) * self->frozen_size);
  fill_classes (self, place, row);
  self->index[row] = (int)place;
}

static void
fill_random (EngTrainRun *self, int row)
{
  g_autoptr (GRand) random = eng_random_new (self->seed, (guint32)row);
  float *pixels = self->pixels + (gsize)row * 3 * pixel_count (self);
  for (gsize i = 0; i < 3 * pixel_count (self); i++)
    pixels[i] = (float)g_rand_double (random);
  if (self->frozen_size)
    eng_random_fill_normal (random, self->frozen + (gsize)row * self->frozen_size, self->frozen_size, 0, 1);
  self->onehot[(gsize)row * (gsize)eng_model_n_classes (self->model)] = 1;
}

gboolean
eng_train_feed (EngTrainRun *self, const guint *places, int n, gboolean validating, guint32 stream,
                EngTrainBatch *batch, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  g_autoptr (GRand) random = eng_random_new (self->seed, stream);
  for (int row = 0; row < self->part; row++)
    {
      if (self->data)
        fill_picture (self, places[MIN (row, n - 1)], row);
      else
        fill_random (self, row);
      eng_preprocess_normalise (p, self->pixels + (gsize)row * 3 * pixel_count (self),
                                self->input + (gsize)row * (gsize)p->channels * pixel_count (self));
    }
  *batch = (EngTrainBatch){ .step = self->step,
                            .steps = self->steps,
                            .validating = validating,
                            .n = n,
                            .index = self->index,
                            .pixels = self->pixels,
                            .input = self->input,
                            .logits = self->logits,
                            .frozen = self->frozen,
                            .classes = self->classes,
                            .onehot = self->onehot,
                            .random = random };
  gboolean ok = self->kind->feed (self->net, batch, error);
  batch->random = NULL; /* ends here */
  return ok;
}
