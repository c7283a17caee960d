/* Fuzz target: any bytes as a sidecar, as ONNX metadata and as a list of labels. What is accepted must
 * then work on a picture. */
#include "labels.h"
#include "preprocess.h"

#include <math.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
use (EngPreprocess *self)
{
  static const guint8 rgb[5 * 2 * 3] = { 255, 0, 7 };
  g_autoptr (GError) error = NULL;
  g_autoptr (EngImage) image = eng_image_new (5, 2, rgb, "tiny");
  g_autofree char *text = eng_preprocess_describe (self);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  float matrix[3][3], offset[3];
  eng_preprocess_coefficients (self, matrix, offset);
  for (int c = 0; c < 3; c++)
    g_assert_true (isfinite (offset[c]) && isfinite (matrix[c][c]));
  if ((gint64)self->width * self->height > 1 << 20) /* a large input is legal, and only slow here */
    return;
  g_autofree guint8 *view = eng_preprocess_view (self, image, &error);
  g_assert_no_error (error);
  gsize n = (gsize)self->width * self->height;
  g_autofree float *pixels = g_new (float, 3 * n), *input = g_new (float, 3 * n);
  eng_preprocess_pixels (self, view, pixels);
  eng_preprocess_normalise (self, pixels, input);
}

static void
try_size (const char *text, gsize size, int channels, int side)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngPreprocess) self =
      eng_preprocess_parse (text, size, "fuzz.json", "/nowhere", channels, side, side, &error);
  g_assert_true ((self != NULL) != (error != NULL));
  if (self)
    use (self);
}

static void
try_metadata (const char *text, gsize size)
{
  g_autoptr (GHashTable) metadata = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  static const char *const keys[] = { "mean", "labels", "input_size", "ltx" };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) error = NULL;
      g_hash_table_remove_all (metadata);
      g_hash_table_insert (metadata, (char *)"mean", g_strdup ("0.5"));
      g_hash_table_insert (metadata, (char *)"std", g_strdup ("[0.5, 0.5, 0.5]"));
      g_hash_table_insert (metadata, (char *)keys[i], g_strndup (text, size));
      g_autoptr (EngPreprocess) self = eng_preprocess_find ("/nowhere/model.onnx", metadata, 3, 32, 32, &error);
      g_assert_true ((self != NULL) != (error != NULL));
      if (self)
        use (self);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = size ? (const char *)data : "";
  try_size (text, size, 3, 32);
  try_size (text, size, 3, 0);
  try_size (text, size, 1, 28);
  try_metadata (text, size);
  g_auto (GStrv) labels = eng_labels_parse (text, size, "fuzz.txt", NULL);
  return 0;
}
