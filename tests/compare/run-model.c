/* run-model MODEL.onnx INPUT.npy CLASS LOGITS.npy GRADIENT.npy
 *
 * Runs a model on a batch of inputs (N x C x H x W, already normalised) and writes its logits (N x K)
 * and the gradient of the sum over the batch of one class's logit with respect to the input. For
 * comparisons with other programs; see torchvision_models.py. */
#include "engine.h"
#include "nn/pass.h"

#include <stdio.h>
#include <stdlib.h>

static gboolean
gradient (EngModel *model, const float *input, int n, int class_index, float *grad, GError **error)
{
  int batch = eng_model_batch (model, n), k = eng_model_n_classes (model);
  g_autoptr (EngGraph) graph = eng_model_graph (model, batch, error);
  g_autoptr (EngPass) pass = graph ? eng_pass_new (graph) : NULL;
  if (!graph)
    return FALSE;
  EngValue *image = eng_graph_image (graph);
  gint64 size = eng_shape_count (&image->shape);
  g_autofree float *seed = g_new0 (float, batch *k);
  for (int b = 0; b < batch; b++)
    seed[b * k + class_index] = 1;
  eng_pass_want_grad (pass, image);
  eng_pass_set_root (pass, eng_graph_logits (graph));
  if (!eng_pass_prepare (pass, error))
    return FALSE;
  for (int done = 0; done + batch <= n; done += batch)
    {
      eng_pass_write (pass, image, input + done / batch * size);
      eng_pass_forward (pass);
      eng_pass_backward (pass, seed);
      eng_pass_read_grad (pass, image, grad + done / batch * size);
    }
  printf ("batch %d, pass %.0f MB\n", batch, eng_pass_memory (pass) / 1e6);
  return TRUE;
}

static gboolean
run (char **argv, GError **error)
{
  g_autoptr (EngModel) model = eng_model_open (argv[1], NULL, error);
  g_autoptr (EngTensor) input = model ? eng_npy_load (argv[2], error) : NULL;
  if (!input)
    return FALSE;
  int n = (int)input->shape.dim[0], k = eng_model_n_classes (model);
  EngShape shape = ENG_SHAPE (n, k);
  g_autofree float *logits = g_new (float, (gsize)n *k), *grad = g_new (float, eng_tensor_count (input));
  if (!eng_model_predict (model, input->f, n, logits, error)
      || !gradient (model, input->f, n, atoi (argv[3]), grad, error))
    return FALSE;
  g_autoptr (GBytes) a = eng_npy_encode (logits, &shape), b = eng_npy_encode (grad, &input->shape);
  return eng_write_atomically (argv[4], a, error) && eng_write_atomically (argv[5], b, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  if (argc == 6 && run (argv, &error))
    return 0;
  fprintf (stderr, "%s\n", error ? error->message : "usage: run-model MODEL INPUT.npy CLASS LOGITS.npy GRADIENT.npy");
  return 1;
}
