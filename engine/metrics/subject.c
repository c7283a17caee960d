/* See subject.h: the picture, what is kept with it, and masked pictures. Fills, rankings and things kept lie behind
 * one lock. Scores are in subject-score.c. */
#include "subject-private.h"

#include "fill.h"
#include "../error.h"

#include <string.h>

#define KEPT_RANKINGS 48 /* 400 kB each at 224 x 224; two for a map */
#define KEPT_THINGS 32   /* of protocols */

/* A fill as the model sees it and as it is drawn. */
typedef struct
{
  EngMasking masking;
  float *input;
  guint8 *rgb; /* NULL for imputed ones */
} Fill;

typedef struct
{
  EngHeatmap *map;
  EngRankBy by;
  EngRankOrder order;
  EngRanking *ranking;
} Ranked;

typedef struct
{
  char *key;
  gpointer value;
  GDestroyNotify destroy;
} Thing;

static void
fill_free (Fill *f)
{
  g_free (f->input);
  g_free (f->rgb);
  g_free (f);
}

static void
ranked_free (Ranked *r)
{
  eng_heatmap_unref (r->map);
  eng_ranking_unref (r->ranking);
  g_free (r);
}

static void
thing_free (Thing *t)
{
  if (t->destroy)
    t->destroy (t->value);
  g_free (t->key);
  g_free (t);
}

/* ---- life ---- */

EngSubject *
eng_subject_new (EngModel *model, EngImage *image, int class_index, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (model);
  int k = eng_model_n_classes (model);
  if (class_index >= k)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "There is no class %d: the model has classes 0 to %d.", class_index,
                k - 1);
      return NULL;
    }
  g_autofree guint8 *view = eng_preprocess_view (p, image, error);
  g_autofree float *logits = view ? eng_model_predict_image (model, image, error) : NULL;
  if (!logits)
    return NULL;
  EngSubject *self = g_new0 (EngSubject, 1);
  g_atomic_ref_count_init (&self->ref);
  g_mutex_init (&self->lock);
  self->model = g_object_ref (model);
  self->image = eng_image_ref (image);
  self->n = p->width * p->height;
  self->channels = p->channels;
  self->most = 8;
  eng_preprocess_geometry (p, eng_image_width (image), eng_image_height (image), &self->geometry);
  self->view = g_steal_pointer (&view);
  self->input = g_new (float, (gsize)self->channels * self->n);
  eng_subject_normalise (self, self->view, self->input);
  self->untouched_logits = g_steal_pointer (&logits);
  self->class_index = class_index >= 0 ? class_index : eng_reading_of (self->untouched_logits, k, 0).top;
  self->untouched = eng_reading_of (self->untouched_logits, k, self->class_index);
  return self;
}

EngSubject *
eng_subject_ref (EngSubject *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_subject_unref (EngSubject *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  g_queue_clear_full (&self->fills, (GDestroyNotify)fill_free);
  g_queue_clear_full (&self->rankings, (GDestroyNotify)ranked_free);
  g_queue_clear_full (&self->things, (GDestroyNotify)thing_free);
  g_mutex_clear (&self->lock);
  eng_probe_free (self->curves);
  eng_probe_free (self->live);
  g_clear_pointer (&self->readings, g_hash_table_unref);
  g_free (self->view);
  g_free (self->input);
  g_free (self->untouched_logits);
  eng_image_unref (self->image);
  g_object_unref (self->model);
  g_free (self);
}

EngModel *
eng_subject_model (const EngSubject *self)
{
  return self->model;
}

EngImage *
eng_subject_image (const EngSubject *self)
{
  return self->image;
}

int
eng_subject_class_index (const EngSubject *self)
{
  return self->class_index;
}

const EngGeometry *
eng_subject_geometry (const EngSubject *self)
{
  return &self->geometry;
}

int
eng_subject_n (const EngSubject *self)
{
  return self->n;
}

const guint8 *
eng_subject_view (const EngSubject *self)
{
  return self->view;
}

const float *
eng_subject_input (const EngSubject *self)
{
  return self->input;
}

const EngReading *
eng_subject_untouched (const EngSubject *self)
{
  return &self->untouched;
}

void
eng_subject_normalise (EngSubject *self, const guint8 *rgb, float *input)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  g_autofree float *pixels = g_new (float, 3 * (gsize)self->n);
  eng_preprocess_pixels (p, rgb, pixels);
  eng_preprocess_normalise (p, pixels, input);
}

/* ---- what is kept ---- */

EngRanking *
eng_subject_ranking (EngSubject *self, EngHeatmap *map, EngRankBy by, EngRankOrder order)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  for (GList *l = self->rankings.head; l; l = l->next)
    {
      Ranked *r = l->data;
      if (r->map == map && r->by == by && r->order == order)
        return eng_ranking_ref (r->ranking);
    }
  Ranked *r = g_new (Ranked, 1);
  *r = (Ranked){ eng_heatmap_ref (map), by, order, eng_ranking_new_heatmap (map, by, order) };
  g_queue_push_head (&self->rankings, r);
  EngRanking *ranking = eng_ranking_ref (r->ranking);
  if (self->rankings.length > KEPT_RANKINGS)
    ranked_free (g_queue_pop_tail (&self->rankings));
  return ranking;
}

gpointer
eng_subject_kept (EngSubject *self, const char *key)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  for (GList *l = self->things.head; l; l = l->next)
    if (g_str_equal (((Thing *)l->data)->key, key))
      return ((Thing *)l->data)->value;
  return NULL;
}

void
eng_subject_keep (EngSubject *self, char *key, gpointer value, GDestroyNotify destroy)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Thing *t = g_new (Thing, 1);
  *t = (Thing){ key, value, destroy };
  g_queue_push_head (&self->things, t);
  if (self->things.length > KEPT_THINGS)
    thing_free (g_queue_pop_tail (&self->things));
}

/* Fills are few and live as long as the subject, so that nobody needs the lock to read one. */
static const Fill *
find_fill (EngSubject *self, const EngMasking *masking)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  EngMasking wanted = { ENG_MASK_REMOVE, masking->fill, masking->seed }; /* the same for both modes */
  for (GList *l = self->fills.head; l; l = l->next)
    if (eng_masking_equal (&((Fill *)l->data)->masking, &wanted))
      return l->data;
  EngPreprocess *p = eng_model_preprocess (self->model);
  Fill *f = g_new0 (Fill, 1);
  f->masking = wanted;
  f->input = g_new (float, (gsize)self->channels * self->n);
  eng_fill_make (p, self->input, masking->fill, masking->seed, f->input);
  if (!eng_fill_info (masking->fill)->per_mask)
    {
      f->rgb = g_new (guint8, 3 * (gsize)self->n);
      eng_fill_show (p, f->input, f->rgb);
    }
  g_queue_push_head (&self->fills, f);
  return f;
}

void
eng_subject_prepare (EngSubject *self, const EngMasking *masking)
{
  find_fill (self, masking);
}

/* ---- masked pictures ---- */

static inline gboolean
is_gone (const guint32 *ranks, EngMaskMode mode, int k, int i)
{
  return mode == ENG_MASK_REMOVE ? ranks[i] < (guint32)k : ranks[i] >= (guint32)k;
}

/* @noise: C x H x W, added to what is solved for. */
static void
impute (EngSubject *self, const guint32 *ranks, EngMaskMode mode, int k, const float *noise, float *input)
{
  EngPreprocess *p = eng_model_preprocess (self->model);
  g_autofree guint8 *missing = g_new (guint8, self->n);
  for (int i = 0; i < self->n; i++)
    missing[i] = is_gone (ranks, mode, k, i);
  eng_impute (self->input, missing, self->channels, p->height, p->width, input);
  for (int c = 0; c < self->channels; c++)
    for (int i = 0; i < self->n; i++)
      if (missing[i])
        input[(gsize)c * self->n + i] += noise[(gsize)c * self->n + i];
}

void
eng_subject_mask_input (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, int k, float *input)
{
  g_return_if_fail (eng_ranking_n (ranking) == self->n);
  const Fill *fill = find_fill (self, masking);
  const guint32 *ranks = eng_ranking_ranks (ranking);
  if (eng_fill_info (masking->fill)->per_mask)
    {
      impute (self, ranks, masking->mode, k, fill->input, input);
      return;
    }
  for (int c = 0; c < self->channels; c++)
    {
      const float *there = self->input + (gsize)c * self->n, *gone = fill->input + (gsize)c * self->n;
      float *out = input + (gsize)c * self->n;
      for (int i = 0; i < self->n; i++)
        out[i] = is_gone (ranks, masking->mode, k, i) ? gone[i] : there[i];
    }
}

void
eng_subject_mask_view (EngSubject *self, const EngRanking *ranking, const EngMasking *masking, int k, guint8 *rgb)
{
  g_return_if_fail (eng_ranking_n (ranking) == self->n);
  const Fill *fill = find_fill (self, masking);
  const guint32 *ranks = eng_ranking_ranks (ranking);
  g_autofree guint8 *imputed = NULL;
  if (eng_fill_info (masking->fill)->per_mask)
    {
      g_autofree float *input = g_new (float, (gsize)self->channels * self->n);
      imputed = g_new (guint8, 3 * (gsize)self->n);
      impute (self, ranks, masking->mode, k, fill->input, input);
      eng_fill_show (eng_model_preprocess (self->model), input, imputed);
    }
  const guint8 *gone = imputed ? imputed : fill->rgb;
  for (int i = 0; i < self->n; i++)
    memcpy (rgb + 3 * i, (is_gone (ranks, masking->mode, k, i) ? gone : self->view) + 3 * i, 3);
}
