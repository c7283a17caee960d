/* The network of an explainer's file: read, checked, run. A few of them stay in memory, those that ran last. */
#include "explainer-private.h"

#include "../digest.h"
#include "../error.h"
#include "../file.h"
#include "../onnx/onnx.h"

#include <string.h>

#define MOST_IN_MEMORY 4
#define LARGEST_FILE ((guint64)2 << 30)
#define LARGEST_OUTPUT ((int64_t)1 << 28) /* numbers */

static struct
{
  GMutex lock;
  GQueue files; /* EngExplainerFile*, not owned: those with a network, the one that ran last first */
} loaded;

/* ---- memory ---- */

void
eng_explainer_unload (EngExplainerFile *self)
{
  g_clear_pointer (&self->pass, eng_pass_free);
  g_clear_pointer (&self->graph, eng_graph_unref);
  for (int i = 0; i < ENG_NET_MAX_OUTPUTS; i++)
    g_clear_pointer (&self->values[i], g_free);
}

void
eng_explainer_forget (EngExplainerFile *self)
{
  g_mutex_lock (&loaded.lock);
  g_queue_remove (&loaded.files, self);
  g_mutex_unlock (&loaded.lock);
}

/* @self has run, with its lock held. One that is busy elsewhere keeps its network. */
static void
note_run (EngExplainerFile *self)
{
  g_mutex_lock (&loaded.lock);
  g_queue_remove (&loaded.files, self);
  g_queue_push_head (&loaded.files, self);
  while (loaded.files.length > MOST_IN_MEMORY)
    {
      EngExplainerFile *last = g_queue_pop_tail (&loaded.files);
      if (g_mutex_trylock (&last->lock))
        {
          eng_explainer_unload (last);
          g_mutex_unlock (&last->lock);
        }
    }
  g_mutex_unlock (&loaded.lock);
}

/* ---- reading ---- */

/* What is looked at and what is run are the same bytes. */
static GBytes *
read_file (EngExplainerFile *self, GError **error)
{
  if (self->bytes)
    return g_bytes_ref (self->bytes);
  g_autoptr (GBytes) bytes = eng_file_read (self->path, LARGEST_FILE, error);
  if (!bytes)
    return NULL;
  g_autofree char *digest = eng_digest_data (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (!self->sha256)
    self->sha256 = g_steal_pointer (&digest);
  else if (strcmp (digest, self->sha256) != 0)
    {
      eng_fail (error, ENG_ERROR_IO, "%s has changed since it was opened. Explain again.", self->name);
      return NULL;
    }
  return g_steal_pointer (&bytes);
}

static gboolean
is_sound (const EngShape *shape, EngDtype dtype)
{
  int64_t n = 1;
  for (int i = 0; i < shape->rank; i++)
    if (shape->dim[i] < 1 || n > LARGEST_OUTPUT / shape->dim[i])
      return FALSE;
    else
      n *= shape->dim[i];
  return dtype == ENG_DTYPE_FLOAT;
}

static gboolean
note_shapes (EngExplainerFile *self, GError **error)
{
  const EngGraph *g = self->graph;
  const EngValue *in = g->inputs->len == 1 ? g->inputs->pdata[0] : NULL;
  if (!in || !is_sound (&in->shape, in->dtype) || g->outputs->len < 1 || g->outputs->len > ENG_NET_MAX_OUTPUTS)
    return eng_fail (error, ENG_ERROR_INVALID,
                     "%s has %u inputs and %u outputs; an explainer has one input and 1 to %d outputs of float32. "
                     "Train it again.",
                     self->name, g->inputs->len, g->outputs->len, ENG_NET_MAX_OUTPUTS);
  for (guint i = 0; i < g->outputs->len; i++)
    {
      const EngValue *out = g->outputs->pdata[i];
      if (!is_sound (&out->shape, out->dtype))
        return eng_fail (error, ENG_ERROR_INVALID,
                         "%s: its output %u is no array of float32 of a size that makes sense. Train it again.",
                         self->name, i);
    }
  self->given = in->shape;
  for (; self->n_outputs < (int)g->outputs->len; self->n_outputs++)
    {
      const EngValue *out = g->outputs->pdata[self->n_outputs];
      self->shapes[self->n_outputs] = out->shape;
      self->output_names[self->n_outputs] = g_strdup (out->name);
    }
  return TRUE;
}

static gboolean
prepare (EngExplainerFile *self, GError **error)
{
  self->pass = eng_pass_new (self->graph);
  for (int i = 0; i < self->n_outputs; i++)
    eng_pass_want (self->pass, self->graph->outputs->pdata[i]);
  if (!eng_pass_prepare (self->pass, error))
    {
      g_prefix_error (error, "%s: ", self->name);
      return FALSE;
    }
  for (int i = 0; i < self->n_outputs; i++)
    self->values[i] = g_new (float, eng_shape_count (&self->shapes[i]));
  return TRUE;
}

/* With the lock held. */
static gboolean
load_graph (EngExplainerFile *self, GError **error)
{
  if (self->graph)
    return TRUE;
  g_autoptr (GBytes) bytes = read_file (self, error);
  g_autoptr (EngOnnx) onnx = bytes ? eng_onnx_load_bytes (bytes, self->name, NULL, error) : NULL;
  if (!onnx || !(self->graph = eng_onnx_build (onnx, NULL, 0, error)))
    return FALSE;
  if (note_shapes (self, error))
    return TRUE;
  eng_explainer_unload (self);
  return FALSE;
}

const float *const *
eng_explainer_file_run (EngExplainerFile *self, const float *given, GError **error)
{
  g_mutex_lock (&self->lock);
  gboolean ok = load_graph (self, error) && (self->pass || prepare (self, error));
  if (ok)
    {
      eng_pass_write (self->pass, self->graph->inputs->pdata[0], given);
      eng_pass_forward (self->pass);
      for (int i = 0; i < self->n_outputs; i++)
        eng_pass_read (self->pass, self->graph->outputs->pdata[i], self->values[i]);
      note_run (self);
    }
  else
    eng_explainer_unload (self);
  g_mutex_unlock (&self->lock);
  return ok ? (const float *const *)self->values : NULL;
}

int
eng_explainer_file_n_outputs (const EngExplainerFile *self)
{
  return self->n_outputs;
}

const char *
eng_explainer_file_output_name (const EngExplainerFile *self, int i)
{
  g_return_val_if_fail (i >= 0 && i < self->n_outputs, NULL);
  return self->output_names[i];
}

const EngShape *
eng_explainer_file_shape (const EngExplainerFile *self, int i)
{
  g_return_val_if_fail (i >= 0 && i < self->n_outputs, NULL);
  return &self->shapes[i];
}

float *
eng_explainer_file_weight (EngExplainerFile *self, const char *name, gint64 n, GError **error)
{
  float *values = NULL;
  g_mutex_lock (&self->lock);
  if (load_graph (self, error))
    {
      const EngValue *v = eng_graph_find (self->graph, name);
      if (v && v->constant && v->dtype == ENG_DTYPE_FLOAT && eng_shape_count (&v->shape) == n)
        values = g_memdup2 (v->constant->f, sizeof (float) * (gsize)n);
      else
        eng_fail (error, ENG_ERROR_INVALID, "%s lacks the weight %s. Train the explainer again.", self->name, name);
    }
  g_mutex_unlock (&self->lock);
  return values;
}

/* ---- fitting ---- */

static gboolean
same_interface (EngExplainerFile *self, EngNet *net, GError **error)
{
  gboolean same = eng_shape_equal (&self->given, &net->given->shape) && self->n_outputs == net->n_outputs
                  && g_strcmp0 (eng_explainer_file_get (self, "given"), eng_explainer_given (self->kind, net)) == 0;
  for (int i = 0; same && i < net->n_outputs; i++)
    same = strcmp (self->output_names[i], net->outputs[i].name) == 0
           && eng_shape_equal (&self->shapes[i], &net->outputs[i].value->shape);
  return same
         || eng_fail (error, ENG_ERROR_INVALID,
                      "%s is given or answers something else than %s on %s has it: another input size, layer or "
                      "version. Train one for this model.",
                      self->name, self->kind->name, eng_model_name (net->model));
}

static gboolean
check_network (EngExplainerFile *self, EngModel *model, GError **error)
{
  const EngTarget *target = eng_explainer_file_target (self, model);
  g_autoptr (EngValues) values = eng_explainer_file_values (self, model, error);
  if (!values || !load_graph (self, error) || !eng_kind_can_train (self->kind, model, target, error))
    return FALSE;
  g_autoptr (EngNet) net = eng_net_new (model, target, values, 0, 1, FALSE, self->kind->build, error);
  return net && same_interface (self, net, error);
}

gboolean
eng_explainer_file_fits (EngExplainerFile *self, EngModel *model, GError **error)
{
  const EngPreprocess *p = eng_model_preprocess (model);
  g_autofree char *key =
      g_strdup_printf ("%s %s %d %d", eng_model_sha256 (model), eng_model_output (model), p->height, p->width);
  if (!eng_explainer_file_belongs (self, model, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  gboolean ok = g_strcmp0 (self->fits, key) == 0 || check_network (self, model, error);
  if (ok && g_strcmp0 (self->fits, key) != 0)
    {
      g_free (self->fits);
      self->fits = g_steal_pointer (&key);
    }
  g_mutex_unlock (&self->lock);
  return ok;
}
