#include "patch-net.h"

#include "onnx-maker.h"
#include "support.h"

void
test_sample_clear (TestSample *self)
{
  g_object_unref (self->model);
  eng_image_unref (self->image);
}

gboolean
test_in_patch (int i)
{
  int row = i / TEST_SIDE % TEST_SIDE, col = i % TEST_SIDE;
  return row >= TEST_PATCH_FROM && row < TEST_PATCH_TO && col >= TEST_PATCH_FROM && col < TEST_PATCH_TO;
}

static OnnxMaker *
make_net (int channels, float weight)
{
  int n = channels * TEST_SIDE * TEST_SIDE, side = TEST_PATCH_TO - TEST_PATCH_FROM;
  g_autofree float *w = g_new0 (float, 2 * n);
  for (int i = 0; i < n; i++)
    w[2 * i] = test_in_patch (i) ? weight / (float)(channels * side * side) : 0;
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, channels, TEST_SIDE, TEST_SIDE);
  onnx_maker_floats (m, "w", 2, (int64_t[]){ n, 2 }, w);
  onnx_maker_floats (m, "b", 1, (int64_t[]){ 2 }, (float[]){ 0.25f, 0 });
  onnx_maker_node (m, "Flatten", "x", "flat");
  onnx_maker_node (m, "Gemm", "flat w b", "logits");
  onnx_maker_output (m, "logits");
  return m;
}

TestSample
test_patch_sample (int channels, float weight)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "net.onnx", NULL),
                  *sidecar = g_build_filename (folder, "net.json", NULL);
  g_autofree char *json = g_strdup_printf (
      "{ \"input_size\": [%d, %d, %d], \"fit\": \"stretch\", \"crop\": \"none\", "
      "\"mean\": [%s], \"std\": [%s] }",
      channels, TEST_SIDE, TEST_SIDE, channels == 3 ? "0.5, 0.5, 0.5" : "0.5", channels == 3 ? "1, 1, 1" : "1");
  g_autoptr (GBytes) bytes = onnx_maker_finish (make_net (channels, weight));
  guint8 rgb[TEST_SIDE * TEST_SIDE * 3];
  for (int i = 0; i < TEST_SIDE * TEST_SIDE; i++)
    for (int c = 0; c < 3; c++)
      rgb[3 * i + c] = (guint8)((test_in_patch (i) ? 190 : 60) + (i * 37 + c * 11) % 20);
  g_assert_true (eng_write_atomically (path, bytes, &error));
  g_assert_true (g_file_set_contents (sidecar, json, -1, &error));
  TestSample sample = { eng_model_open (path, NULL, &error), eng_image_new (TEST_SIDE, TEST_SIDE, rgb, "patch") };
  g_assert_no_error (error);
  test_remove_tree (folder);
  return sample;
}

TestSample
test_scene_sample (const char *model_name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *relative = g_strdup_printf ("models/%s.onnx", model_name), *path = test_data (relative),
                  *picture = test_data ("scenes/harbour-01.png");
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  EngImage *image = eng_image_load (picture, &error);
  g_assert_no_error (error);
  return (TestSample){ model, image };
}

EngValues *
test_values (const EngMethod *method, const char *pairs)
{
  g_auto (GStrv) words = g_strsplit (pairs, " ", -1);
  EngValues *values = eng_values_new (method, NULL);
  for (char **w = words; *w; w++)
    {
      g_autoptr (GError) error = NULL;
      if (**w)
        eng_values_set_pair (values, *w, &error);
      g_assert_no_error (error);
    }
  return values;
}

EngHeatmap *
test_run (const TestSample *self, const EngMethod *method, const char *pairs, int contrast, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngJob) job =
      eng_job_new (self->model, self->image, method, 0, contrast, NULL, test_values (method, pairs), seed);
  eng_job_run (job, &error);
  g_assert_no_error (error);
  return eng_heatmap_ref (eng_job_heatmap (job));
}

gsize
test_map_size (const EngHeatmap *map)
{
  return (gsize)eng_heatmap_channels (map) * eng_heatmap_rows (map) * eng_heatmap_cols (map);
}
