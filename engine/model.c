/* Opening a classifier: import, preprocessing, labels, targets; its facts; its graph at each batch size. */
#include "model.h"

#include "error.h"
#include "file.h"
#include "labels.h"
#include "nn/op.h"
#include "nn/pass.h"
#include "model-private.h"
#include "preset.h"
#include "targets.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_INPUT_SIZE 4096
#define DIGEST_PART ((gsize)1 << 20)

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

static EngGraph *
build_raw (EngModel *self, int batch, GError **error)
{
  const EngPreprocess *p = self->preprocess;
  EngOnnxBinding binding = { .name = self->input_name };
  binding.shape = self->channels_last ? ENG_SHAPE (batch, p->height, p->width, p->channels)
                                      : ENG_SHAPE (batch, p->channels, p->height, p->width);
  return eng_onnx_build (self->onnx, &binding, 1, error);
}

/* The raw graph with its input as N x C x H x W and its output as N x K. */
static EngGraph *
adapt (EngModel *self, EngGraph *raw, int batch, GError **error)
{
  EngValue *logits = eng_graph_find (raw, self->logits_name), *image = raw->inputs->pdata[0];
  if (!self->channels_last && !self->flatten)
    {
      g_ptr_array_set_size (raw->outputs, 0);
      g_ptr_array_add (raw->outputs, logits);
      return eng_graph_ref (raw);
    }
  g_autoptr (EngGraph) g = eng_graph_new ();
  g_autoptr (GError) local = NULL;
  const EngPreprocess *p = self->preprocess;
  EngShape shape = ENG_SHAPE (batch, p->channels, p->height, p->width);
  EngValue *in = eng_graph_add_input (g, "picture", ENG_DTYPE_FLOAT, &shape), *out = NULL, *given = in;
  if (self->channels_last)
    given = eng_graph_op (g, &local, "Transpose",
                          eng_attrs_ints (eng_attrs_new (), "perm", (int64_t[]){ 0, 2, 3, 1 }, 4), 1, in);
  if (given && eng_graph_append (g, raw, "", &image, &given, 1, &logits, &out, 1, &local) && self->flatten)
    {
      EngValue *to = eng_graph_add_constant (g, NULL, ENG_VALUE_CONSTANT,
                                             eng_tensor_new_ints ((int64_t[]){ batch, self->n_classes }, 2));
      out = eng_graph_op (g, &local, "Reshape", NULL, 2, out, to);
    }
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  eng_graph_add_output (g, out);
  eng_graph_freeze (g);
  return g_steal_pointer (&g);
}

/* In a graph that was just built: nobody else holds it yet. */
static void
put_weights (EngModel *self, EngGraph *graph)
{
  GHashTableIter iter;
  gpointer name, tensor;
  g_hash_table_iter_init (&iter, self->weights);
  while (g_hash_table_iter_next (&iter, &name, &tensor))
    {
      EngValue *v = eng_graph_find (graph, name);
      g_return_if_fail (v && v->constant && eng_shape_equal (&v->shape, &((EngTensor *)tensor)->shape));
      eng_tensor_unref (v->constant);
      v->constant = eng_tensor_ref (tensor);
    }
}

static EngGraph *
build (EngModel *self, int batch, GError **error)
{
  g_autoptr (EngGraph) raw = build_raw (self, batch, error);
  g_autoptr (EngGraph) graph = NULL;
  if (!raw)
    return NULL;
  EngValue *logits = eng_graph_find (raw, self->logits_name);
  if (!logits || logits->shape.dim[0] != batch
      || eng_shape_count (&logits->shape) != (int64_t)batch * self->n_classes)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s is fixed to batch size 1", self->name);
      return NULL;
    }
  graph = adapt (self, raw, batch, error);
  if (graph && self->weights)
    put_weights (self, graph);
  return g_steal_pointer (&graph);
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

/* Read, not mapped: a file that is exported anew meanwhile must not crash the program. */
static char *
digest_of (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *part = g_malloc (DIGEST_PART);
  FILE *file = g_fopen (path, "rbe");
  gsize n = 0;
  while (file && (n = fread (part, 1, DIGEST_PART, file)) > 0)
    g_checksum_update (sum, part, (gssize)n);
  gboolean ok = file && !ferror (file);
  if (!ok)
    eng_fail (error, ENG_ERROR_IO, "%s cannot be read (%s).", name, g_strerror (errno));
  if (file)
    fclose (file);
  return ok ? g_strdup (g_checksum_get_string (sum)) : NULL;
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

/* The graph at batch 1, and where methods can look. */
static gboolean
find_places (EngModel *self, EngGraph *raw, GError **error)
{
  EngGraph *graph = adapt (self, raw, 1, error);
  if (!graph)
    return FALSE;
  if (self->weights)
    put_weights (self, graph);
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

static gboolean
load (EngModel *self, GCancellable *cancellable, GError **error)
{
  EngShape shape = { 0 };
  if (!(self->onnx = eng_onnx_load (self->path, error)) || g_cancellable_set_error_if_cancelled (cancellable, error)
      || !find_image_input (self, &shape, error))
    return FALSE;
  if (MAX (shape.dim[2], shape.dim[3]) > MAX_INPUT_SIZE)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "The input is %" G_GINT64_FORMAT " × %" G_GINT64_FORMAT " pixels; up to %d × %d are supported.",
                     shape.dim[3], shape.dim[2], MAX_INPUT_SIZE, MAX_INPUT_SIZE);
  if (!(self->sha256 = digest_of (self->path, error)))
    return FALSE;
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
  g_autoptr (EngGraph) raw = build_raw (self, 1, error);
  if (!raw || !eng_model_find_logits (self, raw, error) || !read_labels (self, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return find_places (self, raw, error);
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

/* ---- the same network behind another preprocessing ---- */

/* Guards the graphs of @self and of all that share its file. */
static GMutex *
graph_lock (EngModel *self)
{
  return &(self->base ? self->base : self)->lock;
}

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
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (graph_lock (self));
  if (same_size)
    {
      share_places (self, from);
      return g_steal_pointer (&self);
    }
  g_autoptr (EngGraph) raw = build_raw (self, 1, error);
  return raw && find_places (self, raw, error) ? g_steal_pointer (&self) : NULL;
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
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (graph_lock (self));
  EngGraph *graph = build (self, 1, error);
  if (!graph)
    return NULL;
  /* Places are the network's, whatever its weights. */
  share_places (self, from);
  g_hash_table_replace (self->graphs, GINT_TO_POINTER (1), graph);
  return g_steal_pointer (&self);
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

/* ---- graphs ---- */

EngGraph *
eng_model_graph (EngModel *self, int batch, GError **error)
{
  g_return_val_if_fail (batch >= 1, NULL);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (graph_lock (self));
  EngGraph *graph = g_hash_table_lookup (self->graphs, GINT_TO_POINTER (batch));
  if (!graph && (graph = build (self, batch, error)))
    g_hash_table_insert (self->graphs, GINT_TO_POINTER (batch), graph);
  return graph ? eng_graph_ref (graph) : NULL;
}

EngValue *
eng_graph_image (EngGraph *graph)
{
  return graph->inputs->pdata[0];
}

EngValue *
eng_graph_logits (EngGraph *graph)
{
  return graph->outputs->pdata[0];
}

/* A file whose batch is fixed may still build at another batch and mix pictures (a Reshape with a
 * constant 1 in it). Two different pictures together must give what each gives alone. */
static gboolean
batches_are_separate (EngModel *self)
{
  g_autoptr (EngGraph) one = eng_model_graph (self, 1, NULL);
  g_autoptr (EngGraph) two = eng_model_graph (self, 2, NULL);
  if (!two)
    return FALSE;
  int64_t n = eng_shape_count (&eng_graph_image (one)->shape), k = self->n_classes;
  g_autofree float *x = g_new (float, 2 * n), *together = g_new (float, 2 * k), *apart = g_new (float, 2 * k);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  for (int64_t i = 0; i < 2 * n; i++)
    x[i] = (float)g_rand_double_range (random, -1, i < n ? 1 : 2);
  if (!eng_graph_run (two, x, together, NULL) || !eng_graph_run (one, x, apart, NULL)
      || !eng_graph_run (one, x + n, apart + k, NULL))
    return FALSE;
  double worst = 0, largest = 0;
  for (int64_t i = 0; i < 2 * k; i++)
    {
      worst = fmax (worst, fabs ((double)together[i] - apart[i]));
      largest = fmax (largest, fabs (apart[i]));
    }
  return worst <= 1e-3 * largest;
}

int
eng_model_batch (EngModel *self, int wanted)
{
  g_mutex_lock (&self->lock);
  int most = self->most;
  g_mutex_unlock (&self->lock);
  if (wanted <= 1)
    return 1;
  if (most == 0)
    {
      int n;
      const EngOnnxIO *input = eng_onnx_inputs (self->onnx, &n);
      gboolean symbolic = input->shape.dim[0] < 0;
      g_autoptr (EngGraph) two = eng_model_graph (self, 2, NULL);
      most = two && (symbolic || batches_are_separate (self)) ? G_MAXINT : 1;
      g_mutex_lock (&self->lock);
      self->most = most;
      g_mutex_unlock (&self->lock);
    }
  return MIN (wanted, most);
}
