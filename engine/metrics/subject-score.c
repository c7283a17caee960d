/* See subject.h: what the model says of masked pictures. Readings are remembered by what was masked, so that a
 * picture is run once, whoever asks. The classifier belongs to the engine thread. */
#include "subject-private.h"

#include "../error.h"

#include <math.h>
#include <string.h>

#define KEPT_READINGS 50000 /* 60 bytes each */

/* A masked picture; equal ones have equal keys, see key_of(). */
typedef struct
{
  guint64 serial, seed;
  int mode, fill, k;
} Key;

static guint
key_hash (gconstpointer data)
{
  const Key *k = data;
  guint64 h = k->serial * 0x9E3779B97F4A7C15u + (guint64)k->k * 0xC2B2AE3D27D4EB4Fu
              + (guint64)(k->mode * ENG_N_FILLS + k->fill) + k->seed;
  return (guint)(h ^ h >> 32);
}

static gboolean
key_equal (gconstpointer a, gconstpointer b)
{
  const Key *x = a, *y = b;
  return x->serial == y->serial && x->seed == y->seed && x->mode == y->mode && x->fill == y->fill && x->k == y->k;
}

EngReading
eng_reading_of (const float *logits, int k, int class_index)
{
  int top = 0;
  double sum = 0;
  for (int i = 1; i < k; i++)
    if (logits[i] > logits[top])
      top = i;
  for (int i = 0; i < k; i++)
    sum += exp ((double)logits[i] - logits[top]);
  return (EngReading){ exp ((double)logits[class_index] - logits[top]) / sum, logits[class_index], top };
}

void
eng_subject_set_most (EngSubject *self, int most)
{
  g_return_if_fail (!self->curves);
  self->most = most;
}

guint64
eng_subject_run_passes (const EngSubject *self)
{
  return self->curves ? eng_probe_forward (self->curves) : 0;
}

guint64
eng_subject_passes (const EngSubject *self)
{
  return eng_subject_run_passes (self) + (self->live ? eng_probe_forward (self->live) : 0);
}

static gboolean
check_reading (EngSubject *self, const EngReading *reading, GError **error)
{
  return (isfinite (reading->probability) && isfinite (reading->logit))
         || eng_fail (error, ENG_ERROR_INVALID,
                      "The model returned NaN or infinity for a changed picture. Check the normalisation (%s).",
                      eng_model_preprocess (self->model)->origin);
}

typedef struct
{
  EngSubject *self;
  EngInputFunc fill;
  EngReadingFunc take;
  gpointer data;
} Run;

static void
run_fill (int index, float *const *inputs, gpointer data)
{
  Run *run = data;
  run->fill (index, inputs[0], run->data);
}

static gboolean
run_take (const EngProbeItem *item, gpointer data, GError **error)
{
  Run *run = data;
  EngReading reading = eng_reading_of (item->logits, eng_model_n_classes (run->self->model), run->self->class_index);
  if (!check_reading (run->self, &reading, error))
    return FALSE;
  run->take (item->index, &reading, run->data);
  return TRUE;
}

gboolean
eng_subject_run (EngSubject *self, int n, EngInputFunc fill, EngReadingFunc take, gpointer data,
                 GCancellable *cancellable, GError **error)
{
  Run run = { self, fill, take, data };
  if (!self->curves)
    {
      self->curves = eng_probe_new_alone (self->model, self->class_index);
      eng_probe_set_most (self->curves, self->most);
    }
  eng_probe_set_cancellable (self->curves, cancellable);
  int done = eng_probe_run (self->curves, n, run_fill, run_take, &run, error);
  eng_probe_set_cancellable (self->curves, NULL);
  return done == n;
}

/* Pictures that are the same have one key, whatever ranking led to them. TRUE: the untouched picture. */
static gboolean
key_of (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, int k, Key *key)
{
  const EngFillInfo *info = eng_fill_info (masking->fill);
  int gone = masking->mode == ENG_MASK_REMOVE ? k : self->n - k;
  *key = (Key){ eng_ranking_serial (ranking), info->seeded ? masking->seed : 0, masking->mode, masking->fill, k };
  if (gone == self->n)
    *key = (Key){ 0, key->seed, ENG_MASK_REMOVE, masking->fill, self->n };
  return gone == 0;
}

static const EngReading *
recall (EngSubject *self, const Key *key)
{
  return self->readings ? g_hash_table_lookup (self->readings, key) : NULL;
}

static void
remember (EngSubject *self, const Key *key, const EngReading *reading)
{
  if (!self->readings)
    self->readings = g_hash_table_new_full (key_hash, key_equal, g_free, g_free);
  if (g_hash_table_size (self->readings) >= KEPT_READINGS)
    g_hash_table_remove_all (self->readings);
  g_hash_table_replace (self->readings, g_memdup2 (key, sizeof *key), g_memdup2 (reading, sizeof *reading));
}

typedef struct
{
  EngSubject *self;
  const EngRanking *ranking;
  const EngMasking *masking;
  const int *counts;
  int n, *missing, delivered; /* places whose picture has to be run */
  EngReading *readings;
  gboolean *known;
  EngReadingFunc take;
  gpointer data;
} Reading;

static void
deliver (Reading *r)
{
  for (; r->delivered < r->n && r->known[r->delivered]; r->delivered++)
    r->take (r->delivered, &r->readings[r->delivered], r->data);
}

static void
fill_masked (int index, float *input, gpointer data)
{
  Reading *r = data;
  eng_subject_mask_input (r->self, r->ranking, r->masking, r->counts[r->missing[index]], input);
}

static void
take_masked (int index, const EngReading *reading, gpointer data)
{
  Reading *r = data;
  Key key;
  int place = r->missing[index];
  key_of (r->self, r->ranking, r->masking, r->counts[place], &key);
  remember (r->self, &key, reading);
  r->readings[place] = *reading;
  r->known[place] = TRUE;
  deliver (r);
}

gboolean
eng_subject_read (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, const int *counts, int n,
                  EngReadingFunc take, gpointer data, GCancellable *cancellable, GError **error)
{
  g_autofree EngReading *readings = g_new (EngReading, n);
  g_autofree gboolean *known = g_new0 (gboolean, n);
  g_autofree int *missing = g_new (int, n);
  Reading r = { self, ranking, masking, counts, n, missing, 0, readings, known, take, data };
  int n_missing = 0;
  for (int i = 0; i < n; i++)
    {
      Key key;
      gboolean untouched = key_of (self, ranking, masking, counts[i], &key);
      const EngReading *found = untouched ? &self->untouched : recall (self, &key);
      if (found)
        readings[i] = *found;
      else
        missing[n_missing++] = i;
      known[i] = found != NULL;
    }
  deliver (&r);
  return n_missing == 0 || eng_subject_run (self, n_missing, fill_masked, take_masked, &r, cancellable, error);
}

gboolean
eng_subject_score (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, int k, EngReading *reading,
                   float *logits, GCancellable *cancellable, GError **error)
{
  Key key;
  gsize bytes = sizeof (float) * (gsize)eng_model_n_classes (self->model);
  if (key_of (self, ranking, masking, k, &key))
    {
      *reading = self->untouched;
      if (logits)
        memcpy (logits, self->untouched_logits, bytes);
      return TRUE;
    }
  const EngReading *found = logits ? NULL : recall (self, &key);
  if (found)
    {
      *reading = *found;
      return TRUE;
    }
  if (!self->live)
    {
      self->live = eng_probe_new_alone (self->model, self->class_index);
      eng_probe_set_most (self->live, 1);
    }
  g_autofree float *input = g_new (float, (gsize)self->channels * self->n);
  const float *inputs[] = { input };
  eng_subject_mask_input (self, ranking, masking, k, input);
  eng_probe_set_cancellable (self->live, cancellable);
  const EngProbeItem *item = eng_probe_one (self->live, inputs, error);
  eng_probe_set_cancellable (self->live, NULL);
  if (!item)
    return FALSE;
  *reading = eng_reading_of (item->logits, eng_model_n_classes (self->model), self->class_index);
  if (!check_reading (self, reading, error))
    return FALSE;
  if (logits)
    memcpy (logits, item->logits, bytes);
  remember (self, &key, reading);
  return TRUE;
}
