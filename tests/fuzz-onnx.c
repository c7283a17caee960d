/* Fuzz target: any bytes as an ONNX file. What loads is built at batch 1, and what is small is run forward
 * and back; what can be built must export to a model that loads again. */
#include "nn/pass.h"
#include "onnx/onnx.h"

#include <string.h>

/* Larger graphs are legal, and only slow here. Elements of all values together. */
#define SMALL 20000

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gboolean
is_small (EngGraph *graph)
{
  int64_t total = 0;
  for (guint i = 0; i < graph->values->len; i++)
    {
      int64_t n = eng_shape_count (&((EngValue *)graph->values->pdata[i])->shape);
      total += MIN (n, SMALL + 1);
    }
  return total <= SMALL;
}

static void
run (EngGraph *graph)
{
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  EngValue *root = NULL;
  for (guint i = 0; i < graph->outputs->len; i++)
    {
      EngValue *output = graph->outputs->pdata[i];
      eng_pass_want (pass, output);
      if (eng_dtype_is_float (output->dtype) && !output->constant)
        root = output;
    }
  for (guint i = 0; root && i < graph->inputs->len; i++)
    {
      EngValue *input = graph->inputs->pdata[i];
      if (eng_dtype_is_float (input->dtype))
        eng_pass_want_grad (pass, input);
    }
  if (root)
    eng_pass_set_root (pass, root);
  if (!eng_pass_prepare (pass, NULL))
    return;
  for (guint i = 0; i < graph->inputs->len; i++)
    {
      EngValue *input = graph->inputs->pdata[i];
      g_autofree int64_t *zeros = g_new0 (int64_t, eng_shape_count (&input->shape) + 1);
      if (eng_dtype_is_float (input->dtype))
        eng_pass_write (pass, input, (float *)zeros);
      else
        eng_pass_write_ints (pass, input, zeros);
    }
  eng_pass_forward (pass);
  if (root)
    eng_pass_backward (pass, NULL);
}

static void
write_again (EngGraph *graph)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = eng_onnx_export (graph, "again", NULL, NULL, &error);
  g_assert_true ((bytes != NULL) != (error != NULL));
  if (!bytes)
    return;
  g_autoptr (EngOnnx) again = eng_onnx_load_bytes (bytes, "again.onnx", NULL, &error);
  /* Folding may have made a NaN of sound weights, which a file may not have. */
  if (!again && !strstr (error->message, "NaN"))
    g_error ("%s", error->message);
}

static EngGraph *
build (EngOnnx *onnx, GError **error)
{
  int n;
  const EngOnnxIO *inputs = eng_onnx_inputs (onnx, &n);
  g_autofree EngOnnxBinding *bindings = g_new0 (EngOnnxBinding, n + 1);
  for (int i = 0; i < n; i++)
    {
      bindings[i] = (EngOnnxBinding){ inputs[i].name, inputs[i].shape, NULL };
      for (int k = 0; k < inputs[i].shape.rank; k++)
        if (bindings[i].shape.dim[k] < 0)
          bindings[i].shape.dim[k] = 1;
    }
  return eng_onnx_build (onnx, bindings, n, error);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (EngOnnx) onnx = eng_onnx_load_bytes (bytes, "fuzz.onnx", NULL, &error);
  g_assert_true ((onnx != NULL) != (error != NULL));
  if (!onnx)
    return 0;
  g_autoptr (GHashTable) operators = eng_onnx_operators (onnx);
  g_autoptr (EngGraph) graph = build (onnx, &error);
  g_assert_true ((graph != NULL) != (error != NULL));
  if (!graph || !is_small (graph))
    return 0;
  run (graph);
  write_again (graph);
  return 0;
}
