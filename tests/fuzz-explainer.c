/* Fuzz target: any bytes as a trained explainer. What is accepted tells about itself, and its network is read. */
#include "train/explainer-file.h"

#include <math.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open_bytes (bytes, "fuzz.explainer.onnx", &error);
  g_assert_true ((file != NULL) != (error != NULL));
  if (!file)
    return 0;
  g_autofree char *about = eng_explainer_file_describe (file);
  g_assert_true (g_utf8_validate (about, -1, NULL));
  g_autoptr (EngValues) values = eng_explainer_file_values (file, NULL, &error);
  g_assert_true ((values != NULL) != (error != NULL));
  g_clear_error (&error);
  g_autofree float *weight = eng_explainer_file_weight (file, "head/conv_weight", 12, &error);
  g_assert_true ((weight != NULL) != (error != NULL));
  for (int i = 0; i < eng_explainer_file_n_outputs (file); i++)
    g_assert_cmpint (eng_shape_count (eng_explainer_file_shape (file, i)), >, 0);
  return 0;
}
