/* See data.h. */
#include "data.h"

#include "../engine.h"
#include "prepare.h"

#include <string.h>

struct _EngTrainData
{
  gatomicrefcount ref;
  EngTrainStore *store;
  gsize frozen_size;
  GPtrArray *names, *classes; /* char*; int*, ended by -1 */
  GArray *predicted;          /* int */
  guint labelled;
  char *sha256, *summary;
  GPtrArray *skipped;
};

EngTrainData *
eng_train_data_ref (EngTrainData *self)
{
  g_atomic_ref_count_inc (&self->ref);
  return self;
}

void
eng_train_data_unref (EngTrainData *self)
{
  if (!g_atomic_ref_count_dec (&self->ref))
    return;
  eng_train_store_free (self->store);
  g_ptr_array_unref (self->names);
  g_ptr_array_unref (self->classes);
  g_array_unref (self->predicted);
  g_ptr_array_unref (self->skipped);
  g_free (self->sha256);
  g_free (self->summary);
  g_free (self);
}

/* ---- preparing ---- */

/* All that the store's content depends on. (transfer full) */
static char *
key_of (EngModel *model, const EngTrainFound *found, const char *frozen)
{
  g_autofree char *view = eng_preprocess_describe (eng_model_preprocess (model));
  GString *key = g_string_new (NULL);
  g_string_printf (key, "%s\n%s\n%s\n%s\n%s\n%d\n", ENG_VERSION, eng_model_sha256 (model), eng_model_output (model),
                   view, frozen ? frozen : "", eng_get_precision ());
  for (guint i = 0; i < found->pictures->len; i++)
    {
      const EngTrainPicture *picture = found->pictures->pdata[i];
      g_string_append_printf (key, "%s\n%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", picture->path, picture->size,
                              picture->changed);
    }
  return g_string_free (key, FALSE);
}

static gboolean
fail_few (const EngTrainFound *found, const EngTrainStore *store, const char *path, GError **error)
{
  guint good = eng_train_store_count (store);
  guint left = found->skipped->len + found->pictures->len - good;
  g_autofree char *name = g_filename_display_basename (path), *first = NULL;
  const char *reason = NULL;
  for (guint i = 0; !first && i < found->pictures->len; i++)
    if (!eng_train_store_get_note (store, i, &reason))
      first = g_strdup_printf ("%s: %s", ((EngTrainPicture *)found->pictures->pdata[i])->name, reason);
  if (!first && found->skipped->len)
    first = g_strdup (found->skipped->pdata[0]);
  g_autofree char *others = left == 0   ? g_strdup ("")
                            : left == 1 ? g_strdup_printf (" One was left out. %s", first)
                                        : g_strdup_printf (" %u were left out; the first: %s", left, first);
  return eng_fail (error, ENG_ERROR_INVALID, "%s has %s, and training needs at least two.%s", name,
                   good == 0 ? "no picture that can be used" : "one picture that can be used", others);
}

static EngTrainStore *
find_or_prepare (EngModel *model, const EngTrainSource *source, const EngTrainFound *found, const char *folder,
                 gsize frozen_size, EngTrainDataStep step, gpointer data, GError **error)
{
  EngPreprocess *p = eng_model_preprocess (model);
  EngTrainLayout layout = { .view = (gsize)3 * p->height * p->width,
                            .logits = (gsize)eng_model_n_classes (model),
                            .frozen = frozen_size,
                            .pictures = found->pictures->len };
  g_autofree char *key = key_of (model, found, source->frozen);
  EngTrainStore *kept = folder ? eng_train_store_open (folder, key, &layout) : NULL;
  if (kept)
    return kept;
  g_autoptr (EngTrainStore) store = eng_train_store_new (folder, key, &layout, error);
  if (!store || !eng_train_prepare (model, found, source->frozen, store, step, data, error))
    return NULL;
  if (eng_train_store_count (store) < 2)
    fail_few (found, store, source->path, error);
  else if (eng_train_store_finish (store, error))
    return g_steal_pointer (&store);
  return NULL;
}

/* ---- what the pictures are ---- */

typedef struct
{
  guint misfits;      /* pictures whose label is no class */
  const char *misfit; /* such a label */
  guint classes;      /* that labels name */
} Labels;

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
add_picture (EngTrainData *self, const EngTrainPicture *picture, int *classes, const char *sha256, GChecksum *sum)
{
  g_ptr_array_add (self->names, g_strdup (picture->name));
  g_ptr_array_add (self->classes, classes);
  g_checksum_update (sum, (const guchar *)picture->name, (gssize)strlen (picture->name) + 1);
  g_checksum_update (sum, (const guchar *)sha256, (gssize)strlen (sha256) + 1);
  for (int k = 0; k == 0 || classes[k - 1] >= 0; k++)
    {
      g_autofree char *text = g_strdup_printf ("%d ", classes[k]);
      g_checksum_update (sum, (const guchar *)text, -1);
    }
}

static int
highest (const float *logits, int n)
{
  int best = 0;
  for (int i = 1; i < n; i++)
    if (logits[i] > logits[best])
      best = i;
  return best;
}

static Labels
add_pictures (EngTrainData *self, EngModel *model, const EngTrainFound *found)
{
  Labels labels = { 0 };
  int k = eng_model_n_classes (model);
  g_autoptr (GHashTable) class_names = eng_class_names (model);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8 *seen = g_new0 (guint8, k);
  for (guint i = 0; i < found->pictures->len; i++)
    {
      const EngTrainPicture *picture = found->pictures->pdata[i];
      const char *note;
      if (!eng_train_store_get_note (self->store, i, &note))
        {
          g_ptr_array_add (self->skipped, g_strdup_printf ("%s: %s", picture->name, note));
          continue;
        }
      int *classes = eng_train_found_classes (found, picture, class_names, model);
      if (picture->label && classes[0] < 0)
        {
          labels.misfit = labels.misfit ? labels.misfit : picture->label;
          labels.misfits++;
        }
      self->labelled += classes[0] >= 0;
      for (const int *c = classes; *c >= 0; c++)
        {
          labels.classes += !seen[*c];
          seen[*c] = TRUE;
        }
      int predicted = highest (eng_train_store_logits (self->store, self->names->len), k);
      g_array_append_val (self->predicted, predicted);
      add_picture (self, picture, classes, note, sum);
    }
  for (guint i = 0; i < found->skipped->len; i++)
    g_ptr_array_add (self->skipped, g_strdup (found->skipped->pdata[i]));
  g_ptr_array_sort (self->skipped, compare_text);
  self->sha256 = g_strdup (g_checksum_get_string (sum));
  return labels;
}

static gboolean
check_labels (const EngTrainData *self, EngModel *model, const EngTrainSource *source, const EngTrainFound *found,
              const Labels *labels, GError **error)
{
  if (self->labelled > 0 || !found->labels_name)
    return TRUE;
  if (labels->misfits > 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s: no label is a class of %s. The first is “%s”; a class is called “%s”.", found->labels_name,
                     eng_model_name (model), labels->misfit, eng_model_label (model, 0));
  return !source->labels
         || eng_fail (error, ENG_ERROR_INVALID,
                      "%s names none of the pictures. Write name,label in each line, with names such as %s.",
                      found->labels_name, (const char *)self->names->pdata[0]);
}

static char *
summarise (const EngTrainData *self, const EngTrainFound *found, const Labels *labels)
{
  GString *text = g_string_new (NULL);
  g_string_printf (text, "%u pictures", self->names->len);
  if (self->skipped->len)
    g_string_append_printf (text, ", %u left out", self->skipped->len);
  if (self->labelled)
    g_string_append_printf (text, "; %u with labels of %u class%s", self->labelled, labels->classes,
                            labels->classes == 1 ? "" : "es");
  if (labels->misfits && (self->labelled || !found->labels_name))
    g_string_append_printf (text, "; %u %s no class, such as “%s”", labels->misfits,
                            found->labels_name ? "with a label that is" : "in a folder that is called after",
                            labels->misfit);
  return g_string_free (text, FALSE);
}

EngTrainData *
eng_train_data_new (EngModel *model, const EngTrainSource *source, const char *folder, EngTrainDataStep step,
                    gpointer data, GError **error)
{
  g_autoptr (EngTrainFound) found = eng_train_find (source, error);
  g_autoptr (EngGraph) graph = found ? eng_model_graph (model, 1, error) : NULL;
  EngValue *frozen = graph && source->frozen ? eng_graph_find (graph, source->frozen) : NULL;
  if (!graph)
    return NULL;
  if (source->frozen && !frozen)
    {
      eng_fail (error, ENG_ERROR_ARGUMENT, "%s has no value called %s.", eng_model_name (model), source->frozen);
      return NULL;
    }
  gsize frozen_size = frozen ? (gsize)eng_shape_count (&frozen->shape) : 0;
  EngTrainStore *store = find_or_prepare (model, source, found, folder, frozen_size, step, data, error);
  if (!store)
    return NULL;
  g_autoptr (EngTrainData) self = g_new0 (EngTrainData, 1);
  g_atomic_ref_count_init (&self->ref);
  self->store = store;
  self->frozen_size = frozen_size;
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->classes = g_ptr_array_new_with_free_func (g_free);
  self->predicted = g_array_new (FALSE, FALSE, sizeof (int));
  self->skipped = g_ptr_array_new_with_free_func (g_free);
  Labels labels = add_pictures (self, model, found);
  self->summary = summarise (self, found, &labels);
  return check_labels (self, model, source, found, &labels, error) ? g_steal_pointer (&self) : NULL;
}

/* ---- asking ---- */

guint
eng_train_data_count (const EngTrainData *self)
{
  return self->names->len;
}

const char *
eng_train_data_name (const EngTrainData *self, guint i)
{
  return self->names->pdata[i];
}

const guint8 *
eng_train_data_view (const EngTrainData *self, guint i)
{
  return eng_train_store_view (self->store, i);
}

const float *
eng_train_data_logits (const EngTrainData *self, guint i)
{
  return eng_train_store_logits (self->store, i);
}

const float *
eng_train_data_frozen (const EngTrainData *self, guint i)
{
  return self->frozen_size ? eng_train_store_frozen (self->store, i) : NULL;
}

gsize
eng_train_data_frozen_size (const EngTrainData *self)
{
  return self->frozen_size;
}

int
eng_train_data_predicted (const EngTrainData *self, guint i)
{
  return g_array_index (self->predicted, int, i);
}

const int *
eng_train_data_classes (const EngTrainData *self, guint i)
{
  return self->classes->pdata[i];
}

guint
eng_train_data_labelled (const EngTrainData *self)
{
  return self->labelled;
}

const char *
eng_train_data_sha256 (const EngTrainData *self)
{
  return self->sha256;
}

const GPtrArray *
eng_train_data_skipped (const EngTrainData *self)
{
  return self->skipped;
}

char *
eng_train_data_summary (const EngTrainData *self)
{
  return g_strdup (self->summary);
}
