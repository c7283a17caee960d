/* Fuzz target: any bytes as a table of labels. What is accepted names at least one picture. */
#include "truth.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngTruth) truth = eng_truth_parse ((const char *)data, size, "fuzz.csv", &error);
  g_assert_true ((truth != NULL) != (error != NULL));
  if (error)
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (truth)
    g_assert_cmpuint (eng_truth_count (truth), >, 0);
  return 0;
}
