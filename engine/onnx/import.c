/* Opening an ONNX file, and what it says about itself.
 * Format: https://github.com/onnx/onnx/blob/main/docs/IR.md */
#include "onnx-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Enough to tell other kinds of file, including the first names in a zip archive. */
#define HEAD 4096

const char *
eng_onnx_show (EngOnnx *self, const char *name)
{
  const gsize most = 100;
  if (!name)
    return "";
  g_autofree char *text = g_strndup (name, most);
  if (strlen (name) > most)
    *g_utf8_find_prev_char (text, text + most) = '\0';
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  for (char *c = valid; *c; c++)
    if ((guchar)*c < 32 || *c == 127)
      *c = '?';
  return g_string_chunk_insert_const (self->strings, valid);
}

/* ---- inputs, outputs ---- */

static const char *
other_type (const Onnx__TypeProto *type)
{
  static const char *const names[] = { [ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE] = "a sequence",
                                       [ONNX__TYPE_PROTO__VALUE_MAP_TYPE] = "a map",
                                       [ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE] = "an optional value",
                                       [ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE] = "a sparse tensor" };
  guint which = type ? type->value_case : 0;
  return which < G_N_ELEMENTS (names) && names[which] ? names[which] : "of no stated type";
}

static gboolean
read_shape (const Onnx__TensorShapeProto *from, EngOnnxIO *io, GError **error)
{
  if (from->n_dim > ENG_MAX_RANK)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED, "has %zu dimensions, at most %d are supported", from->n_dim,
                     ENG_MAX_RANK);
  io->has_shape = TRUE;
  io->shape.rank = (int)from->n_dim;
  for (gsize i = 0; i < from->n_dim; i++)
    {
      const Onnx__TensorShapeProto__Dimension *dim = from->dim[i];
      gboolean fixed = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value >= 0;
      io->shape.dim[i] = fixed ? dim->dim_value : -1;
      if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && dim->dim_param
          && *dim->dim_param)
        io->symbol[i] = dim->dim_param;
    }
  return TRUE;
}

static gboolean
read_io (const Onnx__ValueInfoProto *from, EngOnnxIO *io, GError **error)
{
  const Onnx__TypeProto *type = from->type;
  io->name = from->name ? from->name : "";
  if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !type->tensor_type)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "is %s, not a tensor. Export only the part from the picture to the scores.", other_type (type));
  io->dtype = (EngDtype)type->tensor_type->elem_type;
  if (!eng_dtype_is_supported (io->dtype))
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "is of type %s, which is not supported. Export only the part from the picture to the scores.",
                     eng_onnx_type_name (type->tensor_type->elem_type));
  return !type->tensor_type->shape || read_shape (type->tensor_type->shape, io, error);
}

static gboolean
read_ios (EngOnnx *self, Onnx__ValueInfoProto **from, gsize n, gboolean input, GError **error)
{
  GArray *list = input ? self->inputs : self->outputs;
  for (gsize i = 0; i < n; i++)
    {
      EngOnnxIO io = { 0 };
      const char *name = from[i]->name ? from[i]->name : "";
      if (input
          && (g_hash_table_contains (self->main->constants, name)
              || g_hash_table_contains (self->main->problems, name)))
        continue;
      /* An output's type is the graph's business; many files state none. */
      if (!read_io (from[i], &io, error) && input)
        {
          g_prefix_error (error, "%s: its input %s ", self->name, eng_onnx_show (self, name));
          return FALSE;
        }
      if (!input)
        g_clear_error (error);
      g_array_append_val (list, io);
    }
  return TRUE;
}

/* ---- the model ---- */

static gboolean
read_opset (EngOnnx *self, GError **error)
{
  const Onnx__ModelProto *model = self->model;
  gint64 opset = -1;
  for (gsize i = 0; i < model->n_opset_import; i++)
    {
      const char *domain = model->opset_import[i]->domain;
      if (!domain || !*domain || strcmp (domain, "ai.onnx") == 0)
        opset = model->opset_import[i]->version;
    }
  if (opset < 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s states no opset. Export it again with opset 13 to 17.",
                     self->name);
  if (opset < ENG_OPSET_MIN || opset > ENG_OPSET_MAX)
    return eng_fail (error, ENG_ERROR_UNSUPPORTED,
                     "%s is of opset %" G_GINT64_FORMAT
                     ", Sightline reads %d to %d. Export it again with opset 13 to 17.",
                     self->name, opset, ENG_OPSET_MIN, ENG_OPSET_MAX);
  self->opset = (int)opset;
  return TRUE;
}

static void
read_about (EngOnnx *self)
{
  const Onnx__ModelProto *model = self->model;
  const char *name = model->producer_name ? model->producer_name : "";
  const char *version = model->producer_version ? model->producer_version : "";
  self->producer = g_strstrip (g_strdup_printf ("%s %s", name, version));
  for (gsize i = 0; i < model->n_metadata_props; i++)
    if (model->metadata_props[i]->key && model->metadata_props[i]->value)
      g_hash_table_replace (self->metadata, g_strdup (model->metadata_props[i]->key),
                            g_strdup (model->metadata_props[i]->value));
}

static gboolean
interpret (EngOnnx *self, GError **error)
{
  const Onnx__GraphProto *graph = self->model->graph;
  if (!graph || graph->n_node + graph->n_output == 0)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s holds no network. If it is a TensorFlow model, convert it with tf2onnx.", self->name);
  if (!read_opset (self, error))
    return FALSE;
  if (graph->n_output == 0)
    return eng_fail (error, ENG_ERROR_INVALID, "%s has no output. Export it again.", self->name);
  read_about (self);
  return eng_onnx_expand (self, error) && eng_onnx_order (self, error)
         && read_ios (self, graph->input, graph->n_input, TRUE, error)
         && read_ios (self, graph->output, graph->n_output, FALSE, error);
}

/* One block for all weights in the file. None is no error: each takes memory of its own then, or says that there is
 * none. */
static void
reserve_weights (EngOnnx *self, gsize bytes)
{
  gpointer memory = bytes > 0 ? eng_try_alloc (bytes) : NULL;
  if (memory)
    self->weights = g_bytes_new_with_free_func (memory, bytes, eng_free, memory);
}

static gboolean
read_model (EngOnnx *self, GError **error)
{
  guint8 head[HEAD];
  gsize n = MIN (self->source.size, HEAD), raw;
  if (!eng_onnx_source_read (&self->source, 0, n, head, error))
    {
      g_prefix_error (error, "%s could not be read: ", self->name);
      return FALSE;
    }
  if (!eng_onnx_sniff (head, n, self->source.size, self->name, error)
      || !(self->model = eng_onnx_unpack (&self->source, self->name, &raw, error)))
    return FALSE;
  reserve_weights (self, raw);
  gboolean ok = interpret (self, error);
  self->source = (OnnxSource){ .fd = -1 }; /* the caller's, and everything has been read */
  g_clear_pointer (&self->weights, g_bytes_unref);
  return ok;
}

static EngOnnx *
load (const OnnxSource *source, const char *name, const char *folder, GError **error)
{
  g_autoptr (EngOnnx) self = g_new0 (EngOnnx, 1);
  self->source = *source;
  self->name = g_filename_display_name (name);
  self->folder = g_strdup (folder);
  self->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->strings = g_string_chunk_new (4096);
  self->memory = g_ptr_array_new_with_free_func (g_free);
  self->tensors = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)eng_tensor_unref);
  self->defaults = g_ptr_array_new_with_free_func ((GDestroyNotify)eng_onnx_free_attribute);
  self->inputs = g_array_new (FALSE, TRUE, sizeof (EngOnnxIO));
  self->outputs = g_array_new (FALSE, TRUE, sizeof (EngOnnxIO));
  return read_model (self, error) ? g_steal_pointer (&self) : NULL;
}

EngOnnx *
eng_onnx_load_bytes (GBytes *bytes, const char *name, const char *folder, GError **error)
{
  gsize n;
  OnnxSource source = { .fd = -1, .bytes = g_bytes_get_data (bytes, &n) };
  source.size = n;
  return load (&source, name, folder, error);
}

EngOnnx *
eng_onnx_load (const char *path, GError **error)
{
  g_autofree char *base = g_path_get_basename (path), *folder = g_path_get_dirname (path);
  g_autofree char *name = g_filename_display_name (base);
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat (fd, &info) < 0)
    {
      eng_fail (error, ENG_ERROR_IO, "%s cannot be opened: %s. Check the name and the folder.", name,
                g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  OnnxSource source = { .fd = fd, .size = (guint64)info.st_size };
  EngOnnx *self = NULL;
  if (S_ISREG (info.st_mode))
    self = load (&source, base, folder, error);
  else
    eng_fail (error, ENG_ERROR_INVALID, "%s is %s, not a file. Choose an .onnx file.", name,
              S_ISDIR (info.st_mode) ? "a folder" : "a device");
  close (fd);
  return self;
}

void
eng_onnx_free (EngOnnx *self)
{
  if (!self)
    return;
  eng_onnx_block_free (self->main);
  g_hash_table_unref (self->tensors);
  g_clear_pointer (&self->weights, g_bytes_unref);
  g_ptr_array_unref (self->defaults);
  eng_onnx_free_model (self->model);
  g_hash_table_unref (self->metadata);
  g_ptr_array_unref (self->memory);
  g_array_unref (self->inputs);
  g_array_unref (self->outputs);
  g_string_chunk_free (self->strings);
  g_free (self->producer);
  g_free (self->folder);
  g_free (self->name);
  g_free (self);
}

/* ---- looking ---- */

const EngOnnxIO *
eng_onnx_inputs (EngOnnx *self, int *n)
{
  *n = (int)self->inputs->len;
  return (const EngOnnxIO *)self->inputs->data;
}

const EngOnnxIO *
eng_onnx_outputs (EngOnnx *self, int *n)
{
  *n = (int)self->outputs->len;
  return (const EngOnnxIO *)self->outputs->data;
}

int
eng_onnx_opset (EngOnnx *self)
{
  return self->opset;
}

const char *
eng_onnx_producer (EngOnnx *self)
{
  return self->producer;
}

GHashTable *
eng_onnx_metadata (EngOnnx *self)
{
  return self->metadata;
}

static void
count_operators (const OnnxBlock *block, GHashTable *counts)
{
  for (guint i = 0; i < block->nodes->len; i++)
    {
      const OnnxNode *node = block->nodes->pdata[i];
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, node->op));
      g_hash_table_replace (counts, g_strdup (node->op), GUINT_TO_POINTER (n + 1));
      for (int b = 0; b < 2; b++)
        if (node->branches[b])
          count_operators (node->branches[b], counts);
    }
}

GHashTable *
eng_onnx_operators (EngOnnx *self)
{
  GHashTable *counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  count_operators (self->main, counts);
  return counts;
}

gboolean
eng_onnx_has_op (EngOnnx *self, const char *op_type)
{
  g_autoptr (GHashTable) counts = eng_onnx_operators (self);
  return g_hash_table_contains (counts, op_type);
}
