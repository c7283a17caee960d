/* Opening a classifier: import, preprocessing, labels, targets; its facts. */
#include "model.h"

#include "digest.h"
#include "error.h"
#include "file.h"
#include "labels.h"
#include "nn/op.h"
#include "nn/pass.h"
#include "model-private.h"
#include "preset.h"
#include "targets.h"

#include <string.h>

#define MAX_INPUT_SIZE 4096

G_DEFINE_FINAL_TYPE (EngModel, eng_model, G_TYPE_OBJECT)

static void
eng_model_finalize (GObject *object)
{
  EngModel *self = ENG_MODEL (object);
  g_free (self->path);
  g_free (self->name);
  g_free (self->sha256);
  g_free (self->input_name);
  g_free (self->logits_name);
  g_free (self->final_linear);
  g_free (self->wanted_output);
  g_clear_pointer (&self->outputs, g_ptr_array_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_strfreev (self->labels);
  g_clear_pointer (&self->graphs, g_hash_table_unref);
  if (!self->base)
    g_clear_pointer (&self->onnx, eng_onnx_free);
  g_clear_pointer (&self->preprocess, eng_preprocess_unref);
  g_clear_pointer (&self->attentions, g_ptr_array_unref);
  g_clear_pointer (&self->targets, g_array_unref);
  g_clear_object (&self->base);
  eng_model_forget_predictions (self);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (eng_model_parent_class)->finalize (object);
}

static void
eng_model_class_init (EngModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eng_model_finalize;
}

static void
eng_model_init (EngModel *self)
{
  g_mutex_init (&self->lock);
  self->target = self->cam_target = -1;
  self->attentions = g_ptr_array_new ();
  self->outputs = g_ptr_array_new_with_free_func (g_free);
  self->graphs = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)eng_graph_unref);
}

/* ---- opening ---- */

static char *
io_to_string (const EngOnnxIO *io)
{
  GString *s = g_string_new (NULL);
  for (int i = 0; i < io->shape.rank; i++)
    {
      g_string_append (s, i ? " × " : "");
      if (io->shape.dim[i] >= 0)
        g_string_append_printf (s, "%" G_GINT64_FORMAT, io->shape.dim[i]);
      else
        g_string_append (s, io->symbol[i] ? io->symbol[i] : "?");
    }
  return g_string_free (s, FALSE);
}

static gboolean
is_colour (int64_t channels)
{
  return channels == 1 || channels == 3;
}

/* The one input that is a picture: N x C x H x W or N x H x W x C with 1 or 3 channels. */
static gboolean
find_image_input (EngModel *self, EngShape *shape, GError **error)
{
  int n;
  const EngOnnxIO *inputs = eng_onnx_inputs (self->onnx, &n);
  if (n != 1)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "The model has %d inputs; Sightline explains models with one input, a picture. "
                     "Export the classifier alone.",
                     n);
  g_autofree char *text = io_to_string (inputs);
  const int64_t *d = inputs->shape.dim;
  gboolean four = inputs->has_shape && inputs->shape.rank == 4;
  if (!eng_dtype_is_float (inputs->dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "The input “%s” is %s; a picture input of floating type is needed. Export without the "
                     "integer (quantised) input.",
                     inputs->name, eng_dtype_name (inputs->dtype));
  if (four && !is_colour (d[1]) && is_colour (d[3]))
    self->channels_last = TRUE;
  else if (!four || (d[1] >= 0 && !is_colour (d[1])))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "The input “%s” is %s, not a picture (batch × channels × height × width with 1 or 3 channels).",
                     inputs->name, text);
  self->input_name = g_strdup (inputs->name);
  *shape = self->channels_last ? ENG_SHAPE (d[0], d[3], d[1], d[2]) : inputs->shape;
  if (shape->dim[1] < 0)
    shape->dim[1] = 3;
  /* A batch that the file fixes to one is tried at others when they are asked for. */
  return TRUE;
}

static gboolean
read_labels (EngModel *self, GError **error)
{
  const EngPreprocess *p = self->preprocess;
  if (p->labels)
    self->labels = g_strdupv (p->labels);
  else if (p->labels_path && !(self->labels = eng_labels_load (p->labels_path, error)))
    return FALSE;
  guint n = self->labels ? g_strv_length (self->labels) : 0;
  if (self->labels && n != (guint)self->n_classes && self->outputs->len > 1)
    g_clear_pointer (&self->labels, g_strfreev); /* of another output */
  else if (self->labels && n != (guint)self->n_classes)
    {
      g_autofree char *file = p->labels_path ? g_path_get_basename (p->labels_path) : g_strdup (p->origin);
      return eng_fail (error, ENG_ERROR_INVALID, "%s has %u labels, the model %d classes. Correct the labels.", file,
                       n, self->n_classes);
    }
  /* A thousand classes are ImageNet's; ten are CIFAR-10's only with its tiny colour pictures. */
  gboolean known = self->n_classes != 10 || (p->channels == 3 && p->height == 32 && p->width == 32);
  if (!self->labels && known)
    self->labels = g_strdupv ((char **)eng_labels_builtin (self->n_classes));
  return TRUE;
}

/* What a person noted where the model's folder could not be written goes before what lies beside it. */
static EngPreprocess *
find_preprocess (EngModel *self, int channels, int height, int width, GError **error)
{
  g_autofree char *own = eng_model_own_sidecar (self->sha256), *folder = g_path_get_dirname (self->path);
  if (!g_file_test (own, G_FILE_TEST_EXISTS))
    return eng_preprocess_find (self->path, eng_onnx_metadata (self->onnx), channels, height, width, error);
  g_autoptr (GBytes) bytes = eng_file_read (own, ENG_LABELS_MAX_FILE, error);
  gsize length;
  const char *text = bytes ? g_bytes_get_data (bytes, &length) : NULL;
  g_autofree char *origin = g_strdup_printf ("%.8s….json in your data folder", self->sha256);
  if (!bytes)
    return NULL;
  return eng_preprocess_parse (text ? text : "", (gssize)length, origin, folder, channels, height, width, error);
}

gboolean
eng_model_find_places (EngModel *self, EngGraph *raw, GError **error)
{
  EngGraph *graph = eng_model_adapt (self, raw, 1, error);
  if (!graph)
    return FALSE;
  g_hash_table_insert (self->graphs, GINT_TO_POINTER (1), graph);
  self->targets = eng_targets_find (graph);
  for (guint i = 0; i < self->targets->len; i++)
    if (g_array_index (self->targets, EngTarget, i).kind == ENG_TARGET_ATTENTION)
      g_ptr_array_add (self->attentions, &g_array_index (self->targets, EngTarget, i));
  self->target = eng_targets_default (graph, self->targets);
  self->cam_target = eng_targets_default_cam (graph, self->targets);
  self->final_linear = g_strdup (eng_targets_final_linear (graph));
  return TRUE;
}

typedef struct
{
  const char *path;
  GCancellable *stop;
  GError *error;
} DigestWork;

static gpointer
digest (gpointer data)
{
  DigestWork *work = data;
  return eng_digest_file (work->path, work->stop, &work->error);
}

/* Import and digest; each reads the whole file, on a thread of its own. */
static gboolean
read_file (EngModel *self, GError **error)
{
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  DigestWork work = { self->path, stop, NULL };
  GThread *thread = g_thread_new ("digest", digest, &work);
  if (!(self->onnx = eng_onnx_load (self->path, error)))
    g_cancellable_cancel (stop);
  self->sha256 = g_thread_join (thread);
  if (self->onnx && self->sha256)
    return TRUE;
  if (self->onnx)
    g_propagate_error (error, g_steal_pointer (&work.error));
  g_clear_error (&work.error);
  return FALSE;
}

static gboolean
load (EngModel *self, GCancellable *cancellable, GError **error)
{
  EngShape shape = { 0 };
  if (!read_file (self, error) || g_cancellable_set_error_if_cancelled (cancellable, error)
      || !find_image_input (self, &shape, error))
    return FALSE;
  if (MAX (shape.dim[2], shape.dim[3]) > MAX_INPUT_SIZE)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "The input is %" G_GINT64_FORMAT " × %" G_GINT64_FORMAT " pixels; up to %d × %d are supported.",
                     shape.dim[3], shape.dim[2], MAX_INPUT_SIZE, MAX_INPUT_SIZE);
  self->preprocess = find_preprocess (self, (int)shape.dim[1], (int)shape.dim[2], (int)shape.dim[3], error);
  if (!self->preprocess)
    return FALSE;
  if (self->preprocess->width > MAX_INPUT_SIZE || self->preprocess->height > MAX_INPUT_SIZE)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "The input is %d × %d pixels; up to %d × %d are supported.",
                     self->preprocess->width, self->preprocess->height, MAX_INPUT_SIZE, MAX_INPUT_SIZE);
  if (self->preprocess->name)
    {
      g_free (self->name);
      self->name = g_strdup (self->preprocess->name);
    }
  g_autoptr (EngGraph) raw = eng_model_build_raw (self, 1, error);
  if (!raw || !eng_model_find_logits (self, raw, error) || !read_labels (self, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return eng_model_find_places (self, raw, error);
}

EngModel *
eng_model_open (const char *path, GCancellable *cancellable, GError **error)
{
  return eng_model_open_output (path, NULL, cancellable, error);
}

EngModel *
eng_model_open_output (const char *path, const char *output, GCancellable *cancellable, GError **error)
{
  g_autoptr (EngModel) self = g_object_new (ENG_TYPE_MODEL, NULL);
  g_autoptr (GError) local = NULL;
  self->path = g_strdup (path);
  self->name = g_path_get_basename (path);
  self->wanted_output = g_strdup (output);
  if (load (self, cancellable, &local))
    return g_steal_pointer (&self);
  g_autofree char *file = g_path_get_basename (path);
  if (!strstr (local->message, file))
    g_prefix_error (&local, "%s: ", file);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

/* ---- facts ---- */

const char *
eng_model_path (EngModel *self)
{
  return self->path;
}

const char *
eng_model_name (EngModel *self)
{
  return self->name;
}

const char *
eng_model_sha256 (EngModel *self)
{
  return self->sha256;
}

int
eng_model_n_classes (EngModel *self)
{
  return self->n_classes;
}

gboolean
eng_model_has_labels (EngModel *self)
{
  return self->labels != NULL;
}

const char *
eng_model_label (EngModel *self, int index)
{
  g_return_val_if_fail (index >= 0 && index < self->n_classes, "");
  if (self->labels)
    return self->labels[index];
  g_autofree char *text = g_strdup_printf ("class %d", index);
  return g_intern_string (text);
}

int
eng_model_find_class (EngModel *self, const char *text, GError **error)
{
  char *end;
  gint64 index = g_ascii_strtoll (text, &end, 10);
  if (end != text && *end == '\0')
    {
      if (index >= 0 && index < self->n_classes)
        return (int)index;
      eng_fail (error, ENG_ERROR_ARGUMENT, "Class %s does not exist: %s has classes 0 to %d.", text, self->name,
                self->n_classes - 1);
      return -1;
    }
  int part = -1, parts = 0;
  g_autofree char *wanted = g_utf8_casefold (text, -1);
  for (int i = 0; self->labels && i < self->n_classes; i++)
    {
      g_autofree char *label = g_utf8_casefold (self->labels[i], -1);
      if (strcmp (label, wanted) == 0)
        return i;
      if (*wanted && strstr (label, wanted))
        {
          part = i;
          parts++;
        }
    }
  if (parts == 1)
    return part;
  if (parts > 1)
    eng_fail (error, ENG_ERROR_ARGUMENT,
              "“%s” is part of %d labels, for example “%s”. Give the whole label or its index.", text, parts,
              self->labels[part]);
  else
    eng_fail (error, ENG_ERROR_ARGUMENT, "No class matches “%s”. Give a label or an index from 0 to %d.", text,
              self->n_classes - 1);
  return -1;
}

EngPreprocess *
eng_model_preprocess (EngModel *self)
{
  return self->preprocess;
}

gboolean
eng_model_output_is_probability (EngModel *self)
{
  return self->probability;
}

const EngTarget *
eng_model_targets (EngModel *self, int *n)
{
  *n = (int)self->targets->len;
  return (const EngTarget *)self->targets->data;
}

const EngTarget *
eng_model_default_target (EngModel *self)
{
  return self->target < 0 ? NULL : &g_array_index (self->targets, EngTarget, self->target);
}

const EngTarget *
eng_model_default_cam_target (EngModel *self)
{
  return self->cam_target < 0 ? NULL : &g_array_index (self->targets, EngTarget, self->cam_target);
}

const EngTarget *const *
eng_model_attentions (EngModel *self, int *n)
{
  *n = (int)self->attentions->len;
  return (const EngTarget *const *)self->attentions->pdata;
}

const EngTarget *
eng_model_find_target (EngModel *self, const char *name, GError **error)
{
  for (guint i = 0; i < self->targets->len; i++)
    if (strcmp (g_array_index (self->targets, EngTarget, i).name, name) == 0)
      return &g_array_index (self->targets, EngTarget, i);
  eng_fail (error, ENG_ERROR_ARGUMENT, "%s has no layer “%s” with a grid. “sightline-cli inspect” lists them.",
            self->name, name);
  return NULL;
}

const EngTarget *
eng_model_previous_stage (EngModel *self, const EngTarget *target)
{
  g_autoptr (EngGraph) graph = eng_model_graph (self, 1, NULL); /* every opened model has this one */
  int i = eng_targets_previous_stage (graph, self->targets, (int)(target - (EngTarget *)self->targets->data));
  return i < 0 ? NULL : &g_array_index (self->targets, EngTarget, i);
}

const char *
eng_model_final_linear (EngModel *self)
{
  return self->final_linear;
}
