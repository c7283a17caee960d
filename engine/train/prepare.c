/* See prepare.h. Pictures are decoded by a pool of threads a few batches ahead and taken in order, so what comes out
 * does not depend on which of them is faster. */
#include "prepare.h"

#include "../error.h"
#include "../probe.h"

#include <string.h>

#define BATCH 8  /* as many as a probe takes at once */
#define AHEAD 32 /* pictures decoded and not taken yet */
#define MOST_THREADS 8
#define BETWEEN_STEPS 64 /* pictures looked at, however few of them are any good */

/* ---- decoding ahead ---- */

typedef struct
{
  gboolean ready;
  guint8 *view; /* NULL: @error */
  char *sha256;
  GError *error;
} Slot;

typedef struct
{
  EngPreprocess *preprocess;
  const GPtrArray *pictures;
  gint64 smallest; /* pixels of a cell */
  Slot slots[AHEAD];
  guint asked; /* pictures given to the threads */
  GThreadPool *pool;
  gint stopped;
  GMutex lock;
  GCond ready;
} Reader;

static void
slot_clear (Slot *slot)
{
  g_free (slot->view);
  g_free (slot->sha256);
  g_clear_error (&slot->error);
  *slot = (Slot){ 0 };
}

static gboolean
decode (const Reader *self, const EngTrainPicture *picture, Slot *slot)
{
  g_autoptr (EngImage) image = eng_image_load (picture->path, &slot->error);
  if (!image)
    return FALSE;
  int width = eng_image_width (image), height = eng_image_height (image);
  if ((gint64)width * height < self->smallest)
    return eng_fail (&slot->error, ENG_ERROR_INVALID,
                     "%d × %d: fewer pixels than one cell of the model's grid (%" G_GINT64_FORMAT ")", width, height,
                     self->smallest);
  slot->sha256 = g_strdup (eng_image_sha256 (image));
  slot->view = eng_preprocess_view (self->preprocess, image, &slot->error);
  return slot->view != NULL;
}

/* In a thread of the pool. @data: place of the picture + 1. */
static void
read_picture (gpointer data, gpointer user_data)
{
  Reader *self = user_data;
  guint i = GPOINTER_TO_UINT (data) - 1;
  Slot slot = { 0 };
  if (!g_atomic_int_get (&self->stopped))
    decode (self, self->pictures->pdata[i], &slot);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  slot.ready = TRUE;
  self->slots[i % AHEAD] = slot;
  g_cond_signal (&self->ready);
}

static void
reader_free (Reader *self)
{
  g_atomic_int_set (&self->stopped, TRUE);
  g_thread_pool_free (self->pool, TRUE, TRUE);
  for (guint i = 0; i < AHEAD; i++)
    slot_clear (&self->slots[i]);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->ready);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reader, reader_free)

static Reader *
reader_new (EngModel *model, const GPtrArray *pictures)
{
  Reader *self = g_new0 (Reader, 1);
  const EngTarget *target = eng_model_default_target (model);
  self->preprocess = eng_model_preprocess (model);
  self->pictures = pictures;
  self->smallest =
      target ? (gint64)(self->preprocess->width / target->cols) * (self->preprocess->height / target->rows) : 1;
  g_mutex_init (&self->lock);
  g_cond_init (&self->ready);
  self->pool = g_thread_pool_new (read_picture, self, (gint)MIN (g_get_num_processors (), MOST_THREADS), FALSE, NULL);
  return self;
}

/* The next picture, in order. The slot is the caller's until the next call. */
static Slot *
reader_take (Reader *self, guint i)
{
  Slot *slot = &self->slots[i % AHEAD];
  /* The slots of all pictures before are free by now. */
  for (; self->asked < self->pictures->len && self->asked < i + AHEAD; self->asked++)
    g_thread_pool_push (self->pool, GUINT_TO_POINTER (self->asked + 1), NULL);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  while (!slot->ready)
    g_cond_wait (&self->ready, &self->lock);
  return slot;
}

/* ---- preparing ---- */

typedef struct
{
  EngTrainStore *store;
  EngPreprocess *preprocess;
  float *pixels;
  guint first; /* place of the batch's first picture in the store */
} Prepare;

static void
fill_input (int index, float *const *inputs, gpointer data)
{
  Prepare *self = data;
  eng_preprocess_pixels (self->preprocess, eng_train_store_view (self->store, self->first + (guint)index),
                         self->pixels);
  eng_preprocess_normalise (self->preprocess, self->pixels, inputs[0]);
}

static gboolean
take_answer (const EngProbeItem *item, gpointer data, GError **error)
{
  Prepare *self = data;
  guint i = self->first + (guint)item->index;
  const EngTrainLayout *layout = eng_train_store_layout (self->store);
  memcpy (eng_train_store_logits (self->store, i), item->logits, sizeof (float) * layout->logits);
  if (layout->frozen)
    memcpy (eng_train_store_frozen (self->store, i), item->values[0], sizeof (float) * layout->frozen);
  return TRUE;
}

/* Messages about a file begin with its name, which stands before them where they are listed. (transfer full) */
static char *
without_name (const char *message, const EngTrainPicture *picture)
{
  g_autofree char *base = g_path_get_basename (picture->name);
  const char *rest = g_str_has_prefix (message, base) ? message + strlen (base) : "";
  if (g_str_has_prefix (rest, ": "))
    return g_strdup (rest + 2);
  return *rest == ' ' ? g_strconcat ("it", rest, NULL) : g_strdup (message);
}

/* Reads pictures from @i on into the store until a batch is full. The number of the next; 0 with an error. */
static guint
gather (Prepare *self, Reader *reader, guint i, GError **error)
{
  guint end = MIN (i + BETWEEN_STEPS, reader->pictures->len);
  gsize bytes = eng_train_store_layout (self->store)->view;
  for (self->first = eng_train_store_count (self->store);
       i < end && eng_train_store_count (self->store) < self->first + BATCH; i++)
    {
      Slot *slot = reader_take (reader, i);
      if (g_error_matches (slot->error, ENG_ERROR, ENG_ERROR_MEMORY))
        {
          g_propagate_error (error, g_steal_pointer (&slot->error));
          return 0;
        }
      if (slot->view)
        memcpy (eng_train_store_view (self->store, eng_train_store_count (self->store)), slot->view, bytes);
      g_autofree char *reason = slot->error ? without_name (slot->error->message, reader->pictures->pdata[i]) : NULL;
      eng_train_store_note (self->store, slot->view != NULL, slot->view ? slot->sha256 : reason);
      slot_clear (slot);
    }
  return i;
}

gboolean
eng_train_prepare (EngModel *model, const EngTrainFound *found, const char *frozen, EngTrainStore *store,
                   EngTrainDataStep step, gpointer data, GError **error)
{
  g_autoptr (Reader) reader = reader_new (model, found->pictures);
  g_autoptr (EngProbe) probe = eng_probe_new_alone (model, 0);
  EngPreprocess *p = eng_model_preprocess (model);
  g_autofree float *pixels = g_new (float, (gsize)3 * p->height * p->width);
  Prepare self = { .store = store, .preprocess = p, .pixels = pixels };
  guint n = found->pictures->len;
  if (frozen)
    eng_probe_want (probe, frozen);
  for (guint i = 0; i < n;)
    {
      if (!(i = gather (&self, reader, i, error)))
        return FALSE;
      int batch = (int)(eng_train_store_count (store) - self.first);
      if (batch > 0 && eng_probe_run (probe, batch, fill_input, take_answer, &self, error) < 0)
        return FALSE;
      if (step && !step (i, n, data, error))
        return FALSE;
    }
  return TRUE;
}
