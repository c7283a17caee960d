/* Models that share an opened one's file: the same network behind another preprocessing, or with other weights. */
#include "model-private.h"

static void
share_places (EngModel *self, EngModel *from)
{
  EngGraph *graph = g_hash_table_lookup (from->graphs, GINT_TO_POINTER (1));
  g_hash_table_insert (self->graphs, GINT_TO_POINTER (1), eng_graph_ref (graph));
  self->targets = g_array_ref (from->targets);
  for (guint i = 0; i < from->attentions->len; i++)
    g_ptr_array_add (self->attentions, from->attentions->pdata[i]);
  self->target = from->target;
  self->cam_target = from->cam_target;
  self->final_linear = g_strdup (from->final_linear);
}

/* All but graphs and places. */
static EngModel *
copy_facts (EngModel *from, EngPreprocess *preprocess, char **labels)
{
  EngModel *self = g_object_new (ENG_TYPE_MODEL, NULL);
  self->base = g_object_ref (from->base ? from->base : from);
  self->path = g_strdup (from->path);
  self->name = g_strdup (from->name);
  self->sha256 = g_strdup (from->sha256);
  self->onnx = from->onnx;
  self->preprocess = eng_preprocess_ref (preprocess);
  self->labels = g_strdupv (labels);
  self->n_classes = from->n_classes;
  self->input_name = g_strdup (from->input_name);
  self->logits_name = g_strdup (from->logits_name);
  self->wanted_output = g_strdup (from->wanted_output);
  for (guint i = 0; i < from->outputs->len; i++)
    g_ptr_array_add (self->outputs, g_strdup (from->outputs->pdata[i]));
  self->output = from->output;
  self->channels_last = from->channels_last;
  self->probability = from->probability;
  self->flatten = from->flatten;
  self->weights = from->weights ? g_hash_table_ref (from->weights) : NULL;
  return self;
}

EngModel *
eng_model_derive (EngModel *from, EngPreprocess *preprocess, char **labels, gboolean same_size, GError **error)
{
  g_autoptr (EngModel) self = copy_facts (from, preprocess, labels);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (eng_model_graph_lock (self));
  if (same_size)
    {
      share_places (self, from);
      return g_steal_pointer (&self);
    }
  g_autoptr (EngGraph) raw = eng_model_build_raw (self, 1, error);
  return raw && eng_model_find_places (self, raw, error) ? g_steal_pointer (&self) : NULL;
}

EngModel *
eng_model_with_weights (EngModel *from, GHashTable *weights, const char *variant, GError **error)
{
  g_autoptr (EngModel) self = copy_facts (from, from->preprocess, from->labels);
  g_autofree char *digested = g_strdup_printf ("%s %s", from->sha256, variant);
  g_autofree char *plain = g_steal_pointer (&self->name);
  g_free (self->sha256);
  self->sha256 = g_compute_checksum_for_string (G_CHECKSUM_SHA256, digested, -1);
  self->name = g_strdup_printf ("%s, %s", plain, variant);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  self->weights = g_hash_table_ref (weights);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (eng_model_graph_lock (self));
  EngGraph *graph = eng_model_build (self, 1, error);
  if (!graph)
    return NULL;
  /* Places are the network's, whatever its weights. */
  share_places (self, from);
  g_hash_table_replace (self->graphs, GINT_TO_POINTER (1), graph);
  return g_steal_pointer (&self);
}
