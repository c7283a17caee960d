/* Checkpoints: a fixed head, arrays whose sizes the head gives, a digest of all that. Numbers lie as this machine has
 * them: a checkpoint belongs to the machine where the training runs. */
#include "checkpoint.h"

#include "../error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "SLTRAIN1"
#define DIGEST 32
#define MOST_STEPS 1000000

typedef struct
{
  char magic[8], key[64];
  gint32 step, part, best, n_points, n_marks, unused;
  gint64 count;
  guint64 state_size;
} Head;

void
eng_checkpoint_clear (EngCheckpoint *self)
{
  g_clear_pointer (&self->weights, g_free);
  g_clear_pointer (&self->best_weights, g_free);
  g_clear_pointer (&self->state, g_free);
  g_clear_pointer (&self->points, g_array_unref);
  g_clear_pointer (&self->marks, g_array_unref);
}

/* ---- writing ---- */

static void
put (FILE *file, GChecksum *sum, gconstpointer data, gsize n)
{
  if (n == 0)
    return;
  fwrite (data, 1, n, file); /* ferror() is asked once, in the end */
  for (gsize at = 0; at < n; at += 1u << 30)
    g_checksum_update (sum, (const guchar *)data + at, (gssize)MIN (n - at, 1u << 30));
}

static gboolean
put_all (const EngCheckpoint *self, const char *key, FILE *file)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[DIGEST];
  gsize length = DIGEST, weights = sizeof (float) * (gsize)self->count;
  Head head = { .step = self->step,
                .part = self->part,
                .best = self->best,
                .n_points = (gint32)self->points->len,
                .n_marks = (gint32)self->marks->len,
                .count = self->count,
                .state_size = self->state_size };
  memcpy (head.magic, MAGIC, sizeof head.magic);
  memcpy (head.key, key, sizeof head.key);
  put (file, sum, &head, sizeof head);
  put (file, sum, self->points->data, sizeof (EngTrainingPoint) * self->points->len);
  put (file, sum, self->marks->data, sizeof (EngTrainingMark) * self->marks->len);
  put (file, sum, self->weights, weights);
  put (file, sum, self->state, self->state_size);
  if (self->best >= 0)
    put (file, sum, self->best_weights, weights);
  g_checksum_get_digest (sum, digest, &length);
  fwrite (digest, 1, DIGEST, file);
  return fflush (file) == 0 && !ferror (file) && fsync (fileno (file)) == 0;
}

gboolean
eng_checkpoint_write (const EngCheckpoint *self, const char *key, const char *path, GError **error)
{
  g_autofree char *part = g_strconcat (path, ".part", NULL);
  FILE *file = g_fopen (part, "wb");
  gboolean ok = file && put_all (self, key, file);
  int reason = errno;
  if (file && fclose (file) != 0 && ok)
    {
      reason = errno;
      ok = FALSE;
    }
  if (ok && g_rename (part, path) == 0)
    return TRUE;
  if (ok)
    reason = errno;
  g_remove (part);
  return eng_fail (error, ENG_ERROR_IO, "%s cannot be written: %s. Make room or choose another folder.", path,
                   g_strerror (reason));
}

/* ---- reading ---- */

static gboolean
get (FILE *file, GChecksum *sum, gpointer data, gsize n)
{
  if (fread (data, 1, n, file) != n)
    return FALSE;
  for (gsize at = 0; at < n; at += 1u << 30)
    g_checksum_update (sum, (const guchar *)data + at, (gssize)MIN (n - at, 1u << 30));
  return TRUE;
}

static gboolean
get_new (FILE *file, GChecksum *sum, gpointer *data, gsize n)
{
  *data = g_try_malloc (MAX (n, 1));
  return *data && get (file, sum, *data, n);
}

static gboolean
get_array (FILE *file, GChecksum *sum, GArray **array, guint element, gint32 n)
{
  *array = g_array_sized_new (FALSE, FALSE, element, (guint)n);
  g_array_set_size (*array, (guint)n);
  return n == 0 || get (file, sum, (*array)->data, (gsize)element * (gsize)n);
}

/* Sizes that fit this training, and the file. */
static gboolean
head_fits (const Head *h, const EngCheckpoint *self, int steps, gint64 size)
{
  if (h->count != self->count || h->state_size != self->state_size || h->step < 0 || h->step > steps || h->part < 1
      || h->n_points < 0 || h->n_points > MOST_STEPS || h->n_marks < 0 || h->n_marks > MOST_STEPS || h->best < -1
      || h->best >= h->n_marks)
    return FALSE;
  gint64 weights = (gint64)sizeof (float) * h->count;
  gint64 whole = (gint64)sizeof *h + (gint64)sizeof (EngTrainingPoint) * h->n_points
                 + (gint64)sizeof (EngTrainingMark) * h->n_marks + weights * (h->best >= 0 ? 2 : 1)
                 + (gint64)h->state_size + DIGEST;
  return whole == size;
}

static gboolean
get_all (EngCheckpoint *self, FILE *file, const char *key, int steps, gboolean *other)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[DIGEST], found[DIGEST];
  gsize length = DIGEST, weights = sizeof (float) * (gsize)self->count;
  Head head;
  if (fseek (file, 0, SEEK_END) != 0)
    return FALSE;
  gint64 size = ftell (file);
  rewind (file);
  if (!get (file, sum, &head, sizeof head) || memcmp (head.magic, MAGIC, sizeof head.magic) != 0)
    return FALSE;
  *other = memcmp (head.key, key, sizeof head.key) != 0;
  if (*other || !head_fits (&head, self, steps, size))
    return FALSE;
  self->step = head.step;
  self->part = head.part;
  self->best = head.best;
  if (!get_array (file, sum, &self->points, sizeof (EngTrainingPoint), head.n_points)
      || !get_array (file, sum, &self->marks, sizeof (EngTrainingMark), head.n_marks)
      || !get_new (file, sum, (gpointer *)&self->weights, weights)
      || !get_new (file, sum, (gpointer *)&self->state, self->state_size)
      || (self->best >= 0 && !get_new (file, sum, (gpointer *)&self->best_weights, weights)))
    return FALSE;
  g_checksum_get_digest (sum, digest, &length);
  return fread (found, 1, DIGEST, file) == DIGEST && memcmp (digest, found, DIGEST) == 0;
}

gboolean
eng_checkpoint_read (EngCheckpoint *self, const char *key, int steps, const char *path, GError **error)
{
  gboolean other = FALSE;
  FILE *file = g_fopen (path, "rb");
  if (!file)
    return eng_fail (error, ENG_ERROR_IO, "%s cannot be read: %s.", path, g_strerror (errno));
  gboolean ok = get_all (self, file, key, steps, &other);
  fclose (file);
  if (ok)
    return TRUE;
  eng_checkpoint_clear (self);
  if (other)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s belongs to a training with other pictures, settings or another model. Train anew, or give "
                     "what it was begun with.",
                     path);
  return eng_fail (error, ENG_ERROR_INVALID, "%s is damaged or of another training. Remove it and train anew.", path);
}
