/* Which ONNX files are image classifiers, in which forms they come, and what is said of the others. */
#include "engine.h"
#include "onnx-maker.h"
#include "support.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *folder, *path;
} Place;

static void
set_up (Place *p, gconstpointer data)
{
  p->folder = test_tmpdir ();
  p->path = g_build_filename (p->folder, "net.onnx", NULL);
}

static void
tear_down (Place *p, gconstpointer data)
{
  test_remove_tree (p->folder);
  g_free (p->folder);
  g_free (p->path);
}

static EngModel *
open_maker (Place *p, OnnxMaker *maker, GError **error)
{
  g_autoptr (GBytes) bytes = onnx_maker_finish (maker);
  g_assert_true (eng_write_atomically (p->path, bytes, NULL));
  return eng_model_open (p->path, NULL, error);
}

static void
assert_refused (Place *p, OnnxMaker *maker, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) model = open_maker (p, maker, &error);
  g_assert_null (model);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "net.onnx"));
  if (!strstr (error->message, part))
    g_error ("“%s” does not say “%s”", error->message, part);
}

/* Global average pool and a linear layer: y_k = sum_c w[k][c] mean (x_c), 4 classes. */
static void
add_classifier (OnnxMaker *m, const char *input, const char *logits)
{
  float w[12];
  for (int i = 0; i < 12; i++)
    w[i] = (float)((i * 7) % 5) - 2;
  onnx_maker_floats (m, "w", 2, (int64_t[]){ 4, 3 }, w);
  onnx_maker_node (m, "GlobalAveragePool", input, "pooled");
  onnx_maker_node (m, "Flatten", "pooled", "flat");
  onnx_maker_int (onnx_maker_node (m, "Gemm", "flat w", logits), "transB", 1);
}

static OnnxMaker *
classifier (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  add_classifier (m, "x", "logits");
  onnx_maker_output (m, "logits");
  return m;
}

static void
predict (EngModel *model, int n, float *logits)
{
  g_autoptr (GError) error = NULL;
  EngPreprocess *p = eng_model_preprocess (model);
  gsize size = (gsize)p->channels * p->width * p->height;
  g_autofree float *x = g_new (float, n *size);
  for (gsize i = 0; i < n * size; i++)
    x[i] = (float)((i * 13) % 17) / 8 - 1;
  eng_model_predict (model, x, n, logits, &error);
  g_assert_no_error (error);
}

static void
test_forms (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  float plain[12], other[12];
  g_autoptr (EngModel) model = open_maker (p, classifier (), &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_model_n_classes (model), ==, 4);
  g_assert_cmpstr (eng_model_label (model, 2), ==, "class 2");
  g_assert_true (eng_model_preprocess (model)->assumed);
  predict (model, 3, plain);

  /* A closing Softmax is looked through. */
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, 1, 3, 8, 8);
  add_classifier (m, "x", "logits");
  onnx_maker_node (m, "Softmax", "logits", "p");
  onnx_maker_output (m, "p");
  g_autoptr (EngModel) softmax = open_maker (p, m, &error);
  g_assert_no_error (error);
  g_assert_true (eng_model_output_is_probability (softmax));
  predict (softmax, 3, other);
  g_assert_cmpmem (plain, sizeof plain, other, sizeof other);

  /* 1 x K x 1 x 1 alone; 1 x K wherever there is one. */
  for (int both = 0; both < 2; both++)
    {
      m = onnx_maker_new (13);
      onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
      add_classifier (m, "x", "logits");
      onnx_maker_output (m, "pooled");
      if (both)
        onnx_maker_output (m, "logits");
      g_autoptr (EngModel) chosen = open_maker (p, m, &error);
      g_assert_no_error (error);
      g_assert_cmpint (eng_model_n_classes (chosen), ==, both ? 4 : 3);
      predict (chosen, 3, other);
    }
  g_assert_cmpmem (plain, sizeof plain, other, sizeof other);
}

/* N x H x W x C inputs (TensorFlow) are read through a Transpose. */
static void
test_channels_last (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  float plain[4], other[4];
  g_autoptr (EngModel) model = open_maker (p, classifier (), &error);
  predict (model, 1, plain);
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 8, 8, 3);
  onnx_maker_attr_ints (onnx_maker_node (m, "Transpose", "x", "t"), "perm", 4, (int64_t[]){ 0, 3, 1, 2 });
  add_classifier (m, "t", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (EngModel) last = open_maker (p, m, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_model_preprocess (last)->channels, ==, 3);
  predict (last, 1, other);
  g_assert_cmpmem (plain, sizeof plain, other, sizeof other);
  g_assert_cmpint (eng_model_batch (last, 4), ==, 4);
}

/* A file fixed to batch 1 runs at other batches when that changes nothing, and one by one when it would mix
 * pictures. */
static void
test_batch (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  float one[12], all[12];
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, 1, 3, 8, 8);
  add_classifier (m, "x", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (EngModel) good = open_maker (p, m, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_model_batch (good, 4), ==, 4);

  /* Each picture's logits have the mean over the batch taken off: right at batch 1 by accident of its size. */
  m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, 1, 3, 8, 8);
  add_classifier (m, "x", "raw");
  onnx_maker_attr_ints (onnx_maker_node (m, "ReduceMean", "raw", "mean"), "axes", 1, (int64_t[]){ 0 });
  onnx_maker_node (m, "Add", "raw mean", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (EngModel) mixing = open_maker (p, m, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_model_batch (mixing, 4), ==, 1);
  predict (good, 3, one);
  predict (mixing, 3, all);
  for (int i = 0; i < 12; i++)
    g_assert_cmpfloat (fabsf (all[i] - 2 * one[i]), <=, 1e-5f);
}

static void
test_refusals (Place *p, gconstpointer data)
{
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 2, -1, 10);
  onnx_maker_node (m, "Relu", "x", "y");
  onnx_maker_output (m, "y");
  assert_refused (p, m, "not a picture");

  m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 12, 8, 8);
  onnx_maker_node (m, "Relu", "x", "y");
  onnx_maker_output (m, "y");
  assert_refused (p, m, "not a picture");

  m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_UINT8, 4, -1, 3, 8, 8);
  onnx_maker_int (onnx_maker_node (m, "Cast", "x", "f"), "to", ENG_DTYPE_FLOAT);
  add_classifier (m, "f", "y");
  onnx_maker_output (m, "y");
  assert_refused (p, m, "uint8");

  m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  onnx_maker_input (m, "z", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  onnx_maker_node (m, "Add", "x z", "y");
  onnx_maker_output (m, "y");
  assert_refused (p, m, "2 inputs");

  m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  onnx_maker_node (m, "Relu", "x", "y");
  onnx_maker_output (m, "y");
  assert_refused (p, m, "1 × 3 × 8 × 8, not 1 × classes");

  m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  onnx_maker_floats (m, "w", 2, (int64_t[]){ 1, 4 }, (float[]){ 1, 2, 3, 4 });
  onnx_maker_node (m, "Relu", "w", "y");
  onnx_maker_output (m, "y");
  assert_refused (p, m, "does not depend");

  m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 1000000, 1000000);
  add_classifier (m, "x", "logits");
  onnx_maker_output (m, "logits");
  assert_refused (p, m, "1000000 × 1000000 pixels; up to 4096");
}

static void
write_beside (Place *p, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (p->folder, name, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* Two outputs that both look like classes: the first, the one asked for, or the one that the sidecar names. */
static OnnxMaker *
two_heads (void)
{
  OnnxMaker *m = onnx_maker_new (13);
  float w[6] = { 1, -1, 0, 2, 0, 1 };
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  add_classifier (m, "x", "species");
  onnx_maker_floats (m, "w2", 2, (int64_t[]){ 2, 3 }, w);
  onnx_maker_int (onnx_maker_node (m, "Gemm", "flat w2", "indoors"), "transB", 1);
  onnx_maker_node (m, "Softmax", "species", "species_p");
  onnx_maker_output (m, "species");
  onnx_maker_output (m, "species_p"); /* the same scores */
  onnx_maker_output (m, "indoors");
  return m;
}

static void
test_two_outputs (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) first = open_maker (p, two_heads (), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eng_model_output (first), ==, "species");
  g_assert_cmpint (eng_model_n_classes (first), ==, 4);
  g_assert_cmpint (eng_model_n_outputs (first), ==, 2);
  g_assert_cmpstr (eng_model_nth_output (first, 1), ==, "indoors");

  g_autoptr (EngModel) second = eng_model_open_output (p->path, "indoors", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eng_model_output (second), ==, "indoors");
  g_assert_cmpint (eng_model_n_classes (second), ==, 2);
  g_autoptr (EngModel) softmax = eng_model_open_output (p->path, "species_p", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (eng_model_output_is_probability (softmax));
  g_assert_cmpint (eng_model_n_outputs (softmax), ==, 2);
  g_assert_null (eng_model_open_output (p->path, "outdoors", NULL, &error));
  g_assert_nonnull (strstr (error->message, "outdoors"));
  g_assert_nonnull (strstr (error->message, "“indoors”"));
  g_clear_error (&error);

  /* Without a sidecar: one that holds the choice alone and does not stand in the way of other sources. */
  write_beside (p, "preprocessor_config.json",
                "{\"image_mean\": [0.1, 0.2, 0.3], \"image_std\": [1, 1, 1], \"do_normalize\": true, \"size\": 8}");
  g_assert_true (eng_model_remember_output (second, &error));
  g_assert_no_error (error);
  g_autoptr (EngModel) again = eng_model_open (p->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eng_model_output (again), ==, "indoors");
  g_assert_cmpstr (eng_model_preprocess (again)->origin, ==, "preprocessor_config.json");

  /* Beside what a person wrote, which stays; twice. */
  write_beside (p, "net.json", "{\n  \"mean\": [0.485, 0, 0],\n  \"std\": [1, 1, 1]\n}\n");
  g_assert_true (eng_model_remember_output (second, &error));
  g_autofree char *path = g_build_filename (p->folder, "net.json", NULL), *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\n  \"mean\": [0.485, 0, 0],\n"));
  g_assert_true (eng_model_remember_output (first, &error));
  g_assert_no_error (error);
  g_autoptr (EngModel) third = eng_model_open (p->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eng_model_output (third), ==, "species");
  g_assert_cmpfloat (eng_model_preprocess (third)->mean[0], ==, 0.485);

  /* Labels of one output are not taken for the other's. */
  write_beside (p, "net.json", "{\"output\": \"indoors\", \"labels\": [\"ant\", \"bee\", \"cat\", \"dog\"]}");
  g_autoptr (EngModel) bare = eng_model_open (p->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (eng_model_has_labels (bare));
  g_autoptr (EngModel) named = eng_model_open_output (p->path, "species", NULL, &error);
  g_assert_cmpstr (eng_model_label (named, 3), ==, "dog");

  /* What is no sidecar is left alone. */
  write_beside (p, "net.json", "not JSON");
  g_assert_false (eng_model_remember_output (second, &error));
  g_assert_nonnull (error);
}

static void
test_sidecar (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  write_beside (p, "names.txt", "cat\ndog\nbird\nfish\n");
  write_beside (p, "net.json",
                "{\"input_size\": [3, 8, 8], \"mean\": [0, 0, 0], \"std\": [1, 1, 1], \"labels\": "
                "\"names.txt\", \"name\": \"Pets\", \"ltx\": {\"lambda\": 7}}");
  g_autoptr (EngModel) model = open_maker (p, classifier (), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eng_model_name (model), ==, "Pets");
  g_assert_cmpint (eng_model_find_class (model, "bird", &error), ==, 2);
  g_autoptr (EngValues) values = eng_values_new (eng_method_find ("ltx", NULL), model);
  g_assert_cmpfloat (eng_values_get (values, "lambda"), ==, 7);
  g_autofree char *summary = eng_values_summary (values);
  g_assert_cmpstr (summary, ==, ""); /* the model's own default is no departure */

  write_beside (p, "names.txt", "cat\ndog\n");
  assert_refused (p, classifier (), "2 labels");
  write_beside (p, "net.json", "{\"std\": [1, 0, 1]}");
  g_autoptr (EngModel) zero = open_maker (p, classifier (), &error);
  g_assert_null (zero);
  g_assert_nonnull (strstr (error->message, "std"));
}

/* Infinity out of finite weights: the message points at the normalisation. */
static void
test_not_a_number (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  add_classifier (m, "x", "raw");
  onnx_maker_node (m, "Sqrt", "raw", "logits");
  onnx_maker_output (m, "logits");
  g_autoptr (EngModel) model = open_maker (p, m, &error);
  g_assert_no_error (error);
  g_autofree float *x = g_new0 (float, 3 * 64), *logits = g_new (float, 4);
  for (int i = 0; i < 3 * 64; i++)
    x[i] = 1;
  g_assert_false (eng_model_predict (model, x, 1, logits, &error));
  g_assert_nonnull (strstr (error->message, "NaN"));
  g_assert_nonnull (strstr (error->message, "normalisation"));
}

/* The digest is the file's, and taking it beside the import waits for nobody. */
static void
test_digest (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize n;
  g_assert_cmpint (mkfifo (p->path, 0600), ==, 0);
  g_assert_null (eng_model_open (p->path, NULL, &error));
  g_assert_cmpstr (error->message, ==, "net.onnx is a device, not a file. Choose an .onnx file.");
  g_clear_error (&error);
  g_assert_null (eng_model_open (p->folder, NULL, &error));
  g_assert_nonnull (strstr (error->message, "is a folder, not a file"));
  g_clear_error (&error);
  unlink (p->path);
  g_autoptr (EngModel) model = open_maker (p, classifier (), &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (p->path, &bytes, &n, NULL));
  g_autofree char *expected = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)bytes, n);
  g_assert_cmpstr (eng_model_sha256 (model), ==, expected);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Place *p, gconstpointer data);
  } tests[] = {
    { "/model/digest", test_digest },
    { "/model/forms", test_forms },
    { "/model/channels-last", test_channels_last },
    { "/model/batch", test_batch },
    { "/model/refusals", test_refusals },
    { "/model/sidecar", test_sidecar },
    { "/model/two-outputs", test_two_outputs },
    { "/model/not-a-number", test_not_a_number },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Place, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
