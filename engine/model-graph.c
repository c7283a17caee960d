/* A model's graphs: from the file at one batch size, with the picture as N x C x H x W and the logits as N x K. */
#include "error.h"
#include "model-private.h"
#include "nn/op.h"

#include <math.h>

EngGraph *
eng_model_build_raw (EngModel *self, int batch, GError **error)
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

EngGraph *
eng_model_adapt (EngModel *self, EngGraph *raw, int batch, GError **error)
{
  EngGraph *graph = adapt (self, raw, batch, error);
  if (graph && self->weights)
    put_weights (self, graph);
  return graph;
}

EngGraph *
eng_model_build (EngModel *self, int batch, GError **error)
{
  g_autoptr (EngGraph) raw = eng_model_build_raw (self, batch, error);
  if (!raw)
    return NULL;
  EngValue *logits = eng_graph_find (raw, self->logits_name);
  if (!logits || logits->shape.dim[0] != batch
      || eng_shape_count (&logits->shape) != (int64_t)batch * self->n_classes)
    {
      eng_fail (error, ENG_ERROR_UNSUPPORTED, "%s is fixed to batch size 1", self->name);
      return NULL;
    }
  return eng_model_adapt (self, raw, batch, error);
}

/* Guards the graphs of @self and of all that share its file. */
GMutex *
eng_model_graph_lock (EngModel *self)
{
  return &(self->base ? self->base : self)->lock;
}

EngGraph *
eng_model_graph (EngModel *self, int batch, GError **error)
{
  g_return_val_if_fail (batch >= 1, NULL);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (eng_model_graph_lock (self));
  EngGraph *graph = g_hash_table_lookup (self->graphs, GINT_TO_POINTER (batch));
  if (!graph && (graph = eng_model_build (self, batch, error)))
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
