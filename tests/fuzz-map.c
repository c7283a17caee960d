/* Fuzz target: any bytes as a map file. What is accepted is whole, and writes itself back. */
#include "heatmap-file.h"

#include <math.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (EngHeatmap) map = eng_heatmap_decode (bytes, "fuzz.map", &error);
  g_assert_true ((map != NULL) != (error != NULL));
  if (!map)
    return 0;
  double lo, hi;
  g_assert_true (eng_heatmap_range (map, &lo, &hi));
  g_assert_nonnull (eng_heatmap_provenance (map)->notes);
  g_autoptr (GBytes) first = eng_heatmap_encode (map);
  g_autoptr (EngHeatmap) again = eng_heatmap_decode (first, "again.map", &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) second = eng_heatmap_encode (again);
  g_assert_true (g_bytes_equal (first, second));
  return 0;
}
