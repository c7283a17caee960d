/* ONNX files: external data, files of another kind, damaged bytes, the real models, and the way back
 * (export, import). */
#include "nn/op.h"
#include "nn/pass.h"
#include "onnx-maker.h"
#include "onnx/onnx.h"
#include "support.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLOATS(...) ((const float[]){ __VA_ARGS__ })
#define INTS(...) ((const int64_t[]){ __VA_ARGS__ })

static void
assert_words (const GError *error, const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, "|", -1);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  for (int i = 0; list[i]; i++)
    if (!strstr (error->message, list[i]))
      g_error ("\"%s\" does not say \"%s\"", error->message, list[i]);
}

/* ---- external data ---- */

typedef struct
{
  char *folder, *model;
} Place;

static void
place_init (Place *place)
{
  place->folder = test_tmpdir ();
  g_autofree char *inner = g_build_filename (place->folder, "inner", NULL);
  g_autofree char *data = g_build_filename (inner, "w.bin", NULL),
                  *outside = g_build_filename (place->folder, "o", NULL);
  g_autofree char *link = g_build_filename (inner, "link.bin", NULL), *pipe = g_build_filename (inner, "fifo", NULL);
  const float values[] = { 0, 0, 1, -2, 3 };
  g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
  g_assert_true (g_file_set_contents (data, (const char *)values, sizeof values, NULL));
  g_assert_true (g_file_set_contents (outside, (const char *)values, sizeof values, NULL));
  g_assert_cmpint (symlink ("../o", link), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  place->model = g_build_filename (inner, "tiny.onnx", NULL);
}

static void
place_clear (Place *place)
{
  test_remove_tree (place->folder);
  g_free (place->folder);
  g_free (place->model);
}

static EngOnnx *
load_external (const Place *place, int dtype, int64_t count, const char *location, const char *offset,
               const char *length, GError **error)
{
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_external (onnx_maker_raw (m, "w", dtype, 1, &count, "", 0), location, offset, length);
  onnx_maker_output (m, "w");
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_assert_true (g_file_set_contents (place->model, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
  return eng_onnx_load (place->model, error);
}

static void
test_external (void)
{
  Place place;
  g_autoptr (GError) error = NULL;
  place_init (&place);
  for (int shift = 0; shift < 2; shift++) /* with and without a stated length */
    {
      g_autoptr (EngOnnx) onnx =
          load_external (&place, ENG_DTYPE_FLOAT, 3, "w.bin", "8", shift ? "12" : NULL, &error);
      g_assert_no_error (error);
      g_autoptr (EngGraph) graph = eng_onnx_build (onnx, NULL, 0, &error);
      const EngTensor *w = eng_graph_find (graph, "w")->constant;
      g_assert_cmpmem (w->f, 12, FLOATS (1, -2, 3), 12);
    }
  eng_onnx_free (load_external (&place, ENG_DTYPE_FLOAT16, 2, "./w.bin", "8", NULL, &error));
  g_assert_no_error (error);
  place_clear (&place);
}

static void
test_external_refused (void)
{
  static const struct
  {
    int64_t count;
    const char *location, *offset, *length, *words;
  } cases[] = {
    { 3, "gone.bin", NULL, NULL, "tiny.onnx: initializer w is stored in gone.bin|cannot be opened|beside" },
    { 3, "../o", NULL, NULL, "../o, outside the model's folder" },
    { 3, "/etc/passwd", NULL, NULL, "/etc/passwd, outside the model's folder" },
    { 3, "a/../../o", NULL, NULL, "outside the model's folder" },
    { 3, "link.bin", NULL, NULL, "link.bin, a link that leads out" },
    { 3, "fifo", NULL, NULL, "fifo|not a file" },
    { 3, ".", NULL, NULL, "w" },
    { 3, "", NULL, NULL, "no file is named" },
    { 6, "w.bin", NULL, NULL, "w.bin is too short|byte 24, the file at 20" },
    { 3, "w.bin", "12", NULL, "w.bin is too short|byte 24" },
    { 3, "w.bin", "8", "8", "needs 12 bytes, but 8 are promised" },
    { 3, "w.bin", "-8", NULL, "offset|not a number" },
    { 3, "w.bin", "99999999999999999999", NULL, "offset|not a number" },
    { 3, "w.bin", "8 ", NULL, "offset|not a number" },
    { (int64_t)1 << 39, "w.bin", NULL, NULL, "w.bin is too short" },
  };
  Place place;
  place_init (&place);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EngOnnx) onnx = load_external (&place, ENG_DTYPE_FLOAT, cases[i].count, cases[i].location,
                                                cases[i].offset, cases[i].length, &error);
      g_assert_null (onnx);
      assert_words (error, cases[i].words);
    }
  place_clear (&place);
}

/* ---- other files ---- */

static void
test_other_kinds (void)
{
  static const struct
  {
    const char *name, *bytes;
    gsize n;
    const char *words;
  } cases[] = {
#define BYTES(text) text, sizeof (text) - 1
    { "a.onnx", BYTES (""), "a.onnx is empty" },
    { "a.onnx", BYTES ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 44\n"),
      "a.onnx is a Git LFS pointer, not the model. Run git lfs pull in its repository." },
    { "a.pt", BYTES ("PK\3\4\0\0\0\0archive/data.pkl\0\0"), "a.pt is a PyTorch checkpoint|torch.onnx.export" },
    { "a.onnx", BYTES ("PK\3\4\0\0\0\0stuff"), "zip archive" },
    { "a.pth", BYTES ("\200\2}q\1."), "pickle|torch.onnx.export" },
    { "a.h5", BYTES ("\211HDF\r\n\032\n\0\0"), "HDF5|Keras|tf2onnx" },
    { "a.tflite", BYTES ("\034\0\0\0TFL3\0"), "TensorFlow Lite" },
    { "a.engine", BYTES ("ftrt\0\0\0\0"), "TensorRT" },
    { "notes.txt", BYTES ("Dear diary,\nno models today.\n"),
      "notes.txt is not an ONNX model. Its first bytes are text, not a protobuf model header." },
    { "a.onnx", BYTES ("{\"json\": true}"), "not an ONNX model" },
    { "a.onnx", BYTES ("\377\376\375\374\0\1\2\3"), "not an ONNX model" },
#undef BYTES
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = g_bytes_new_static (cases[i].bytes, cases[i].n);
      g_autoptr (EngOnnx) onnx = eng_onnx_load_bytes (bytes, cases[i].name, NULL, &error);
      g_assert_null (onnx);
      assert_words (error, cases[i].words);
    }
  g_autoptr (GError) error = NULL;
  g_assert_null (eng_onnx_load ("/nonexistent/gone.onnx", &error));
  assert_words (error, "gone.onnx cannot be opened");
  g_clear_error (&error);
  g_autofree char *folder = test_tmpdir ();
  g_assert_null (eng_onnx_load (folder, &error));
  assert_words (error, "a folder, not a file");
  test_remove_tree (folder);
}

/* ---- damaged bytes ---- */

static GBytes *
sound_bytes (void)
{
  OnnxMaker *m = onnx_maker_new (13), *body = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 2, -1, 3);
  onnx_maker_floats (m, "w", 1, INTS (3), FLOATS (1, -2, 3));
  onnx_maker_node (m, "local:F", "x w", "h");
  onnx_maker_float (onnx_maker_node (m, "LeakyRelu", "h", "y"), "alpha", 0.5f);
  onnx_maker_output (m, "y");
  onnx_maker_metadata (m, "key", "value");
  onnx_maker_node (body, "Mul", "a b", "t");
  onnx_maker_node (body, "Add", "t b", "c");
  onnx_maker_function (m, "F", "a b", "c", "", body);
  return onnx_maker_finish (m);
}

/* Whatever the bytes are, there is a model or a message. */
static void
assert_survives (const guint8 *data, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, n);
  g_autoptr (EngOnnx) onnx = eng_onnx_load_bytes (bytes, "tiny.onnx", NULL, &error);
  g_assert_true ((onnx != NULL) != (error != NULL));
  if (error)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_true (g_str_has_prefix (error->message, "tiny.onnx"));
      return;
    }
  g_autoptr (EngGraph) graph = eng_onnx_build (onnx, NULL, 0, &error);
  g_assert_true ((graph != NULL) != (error != NULL));
}

static void
test_truncated (void)
{
  g_autoptr (GBytes) bytes = sound_bytes ();
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);
  for (gsize cut = 0; cut < n; cut++)
    assert_survives (data, cut);
  /* In the middle of the graph, which is nearly all of a real file, both sizes are known. */
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) half = g_bytes_new_from_bytes (bytes, 0, 60);
  g_autoptr (EngOnnx) onnx = eng_onnx_load_bytes (half, "tiny.onnx", NULL, &error);
  g_assert_null (onnx);
  assert_words (error, "tiny.onnx ends after 60 bytes of |Download or export it again.");
}

static void
test_changed (void)
{
  g_autoptr (GBytes) bytes = sound_bytes ();
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);
  for (gsize at = 0; at < n; at++)
    for (int k = 0; k < 10; k++)
      {
        g_autofree guint8 *copy = g_memdup2 (data, n);
        copy[at] = k < 8 ? copy[at] ^ 1 << k : k == 8 ? 0xff : 0;
        assert_survives (copy, n);
      }
  for (int i = 0; i < 3000; i++)
    {
      guint8 noise[200];
      gsize length = g_rand_int_range (random, 1, sizeof noise);
      for (gsize k = 0; k < length; k++)
        noise[k] = g_rand_int (random);
      noise[0] = i % 2 ? 0x08 : noise[0]; /* every second one begins like a model */
      assert_survives (noise, length);
    }
}

/* Lengths and counts that the bytes do not bear out; messages in messages; many tiny messages. */
static void
test_hostile (void)
{
  static const guint8 huge[] = { 0x08, 7, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0a };
  static const guint8 endless[] = { 0x08, 7, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 };
  assert_survives (huge, sizeof huge);
  assert_survives (endless, sizeof endless);
  /* TypeProto in Sequence in TypeProto, and so on, from the inside out. */
  g_autoptr (GByteArray) nested = g_byte_array_new ();
  for (int i = 0; i < 3000; i++)
    {
      guint8 head[4] = { i % 2 ? 0x22 : 0x0a, 0x80 | (nested->len & 0x7f), nested->len >> 7 };
      g_byte_array_prepend (nested, head, nested->len >> 7 ? 3 : (head[1] &= 0x7f, 2));
    }
  guint8 type[] = { 0x12, 0x80 | (nested->len & 0x7f), nested->len >> 7 };
  g_byte_array_prepend (nested, type, 3);
  guint8 input[] = { 0x5a, 0x80 | (nested->len & 0x7f), 0x80 | (nested->len >> 7 & 0x7f), nested->len >> 14 };
  g_byte_array_prepend (nested, input, 4);
  guint8 graph[] = {
    0x08, 7, 0x3a, 0x80 | (nested->len & 0x7f), 0x80 | (nested->len >> 7 & 0x7f), nested->len >> 14
  };
  g_byte_array_prepend (nested, graph, 6);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (nested->data, nested->len);
  g_assert_null (eng_onnx_load_bytes (bytes, "deep.onnx", NULL, &error));
  assert_words (error, "nested too deep");
  /* A megabyte of empty nodes would become a hundred. */
  g_autoptr (GByteArray) crowd = g_byte_array_new ();
  guint8 crowd_head[] = { 0x08, 7, 0x3a, 0x80, 0x80, 0x40 }, node[] = { 0x0a, 0 };
  g_byte_array_append (crowd, crowd_head, 6);
  for (int i = 0; i < 1 << 19; i++)
    g_byte_array_append (crowd, node, 2);
  g_autoptr (GBytes) many = g_bytes_new (crowd->data, crowd->len);
  g_clear_error (&error);
  g_assert_null (eng_onnx_load_bytes (many, "crowd.onnx", NULL, &error));
  assert_words (error, "crowd.onnx|memory");
}

/* ---- real files ---- */

static const char *const models[] = { "mobilenet_v2_224", "resnet20_cifar10", "squeezenet1.0_227",
                                      "vit_tiny_patch16_224", "vit_tiny_patch16_224_opset13" };

static EngGraph *
build_batch (EngOnnx *onnx, int batch, GError **error)
{
  int n;
  const EngOnnxIO *io = eng_onnx_inputs (onnx, &n);
  EngOnnxBinding binding = { io->name, io->shape, NULL };
  g_assert_cmpint (n, ==, 1);
  binding.shape.dim[0] = batch;
  return eng_onnx_build (onnx, &binding, 1, error);
}

static void
run_once (EngGraph *graph, float *y)
{
  g_autoptr (EngPass) pass = eng_pass_new (graph);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  EngValue *input = graph->inputs->pdata[0], *output = graph->outputs->pdata[0];
  gsize n = (gsize)eng_shape_count (&input->shape);
  g_autofree float *x = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    x[i] = (float)g_rand_double_range (random, -1, 1);
  eng_pass_want (pass, output);
  g_assert_true (eng_pass_prepare (pass, NULL));
  eng_pass_write (pass, input, x);
  eng_pass_forward (pass);
  eng_pass_read (pass, output, y);
}

static void
test_real (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_autofree char *relative = g_strdup_printf ("models/%s.onnx", models[i]), *path = test_shared (relative);
      g_autoptr (GError) error = NULL;
      if (!path)
        return;
      g_autoptr (EngOnnx) onnx = eng_onnx_load (path, &error);
      g_assert_no_error (error);
      for (int batch = 1; batch <= 4; batch += 3)
        {
          g_autoptr (EngGraph) graph = build_batch (onnx, batch, &error);
          g_assert_no_error (error);
          EngValue *output = graph->outputs->pdata[0];
          g_assert_cmpint (output->shape.rank, ==, 2);
          g_assert_cmpint (output->shape.dim[0], ==, batch);
        }
      if (i != 1) /* one of them all the way out and back */
        continue;
      g_autoptr (EngGraph) graph = build_batch (onnx, 1, &error);
      g_autoptr (GBytes) bytes = eng_onnx_export (graph, "again", NULL, NULL, &error);
      g_assert_no_error (error);
      g_autoptr (EngOnnx) again = eng_onnx_load_bytes (bytes, "again.onnx", NULL, &error);
      g_assert_no_error (error);
      g_autoptr (EngGraph) second = build_batch (again, 1, &error);
      float y[10], z[10];
      run_once (graph, y);
      run_once (second, z);
      /* The same arithmetic on the same numbers; sums may be split over threads in another order. */
      g_assert_cmpfloat (test_max_rel (z, y, 10), <=, 1e-6);
    }
}

/* ---- the way back ---- */

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngGraph) graph = eng_graph_new ();
  EngShape shape = ENG_SHAPE (2, 3), row = ENG_SHAPE (3);
  EngValue *x = eng_graph_add_input (graph, "x", ENG_DTYPE_FLOAT, &shape), *inputs[2] = { x }, *h, *y;
  EngTensor *t = eng_tensor_new_floats (FLOATS (1, 0.1f, -70000), &row);
  EngValue *w = eng_graph_add_constant (graph, "w", ENG_VALUE_WEIGHT, t);
  t = eng_tensor_new_floats (FLOATS (0.5f, 2, 65504), &row);
  t->dtype = ENG_DTYPE_FLOAT16;
  EngValue *half = eng_graph_add_constant (graph, "half", ENG_VALUE_WEIGHT, t);
  inputs[1] = w;
  g_assert_true (eng_graph_add_node (graph, "Mul", 13, "first", NULL, inputs, 2, NULL, &h, 1, &error));
  EngAttrs *attrs = eng_attrs_int (eng_attrs_new (), "axis", 1);
  g_assert_true (eng_graph_add_node (graph, "Softmax", 11, "old", attrs, &h, 1, NULL, &y, 1, &error));
  y = eng_graph_op (graph, &error, "Neg", NULL, 1, y);
  g_assert_no_error (error);
  eng_graph_add_output (graph, y);
  eng_graph_add_output (graph, half);
  eng_graph_add_output (graph, x);
  eng_graph_freeze (graph);
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) constants = g_hash_table_new (NULL, NULL);
  float trained[] = { 3, 4, 5 };
  g_hash_table_insert (metadata, (char *)"method", (char *)"ltx");
  g_hash_table_insert (constants, w, trained);
  g_autoptr (GBytes) bytes = eng_onnx_export (graph, "explainer", constants, metadata, &error);
  g_assert_no_error (error);
  g_autoptr (EngOnnx) onnx = eng_onnx_load_bytes (bytes, "explainer.onnx", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_onnx_opset (onnx), ==, ENG_OPSET_MAX);
  g_assert_cmpstr (g_hash_table_lookup (eng_onnx_metadata (onnx), "method"), ==, "ltx");
  g_autoptr (EngGraph) again = eng_onnx_build (onnx, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (eng_graph_find (again, "w")->constant->f, sizeof trained, trained, sizeof trained);
  const EngTensor *halves = eng_graph_find (again, "half")->constant;
  g_assert_cmpint (halves->dtype, ==, ENG_DTYPE_FLOAT16);
  g_assert_cmpmem (halves->f, 12, FLOATS (0.5f, 2, 65504), 12);
  g_assert_cmpint (again->outputs->len, ==, 3);
  g_assert_cmpstr (((EngValue *)again->inputs->pdata[0])->name, ==, "x");
  g_autoptr (GBytes) twice = eng_onnx_export (graph, "explainer", constants, metadata, &error);
  g_assert_true (g_bytes_equal (bytes, twice));
}

/* Result of @graph on one fixed input. (transfer full) */
static float *
result_of (EngGraph *graph, gsize *n)
{
  EngValue *output = graph->outputs->pdata[0];
  *n = (gsize)eng_shape_count (&output->shape);
  float *y = g_new (float, *n);
  run_once (graph, y);
  return y;
}

/* @source with one newer node behind, so that all of it has to be written in the newest form. */
static EngGraph *
with_newer_node (EngGraph *source)
{
  g_autoptr (GError) error = NULL;
  EngGraph *graph = eng_graph_new ();
  EngValue *in = source->inputs->pdata[0], *out = source->outputs->pdata[0], *x, *y;
  x = eng_graph_add_input (graph, "input", in->dtype, &in->shape);
  g_assert_true (eng_graph_append (graph, source, "", &in, &x, 1, &out, &y, 1, &error));
  y = eng_graph_op (graph, &error, "Identity", NULL, 1, y);
  g_assert_no_error (error);
  eng_graph_add_output (graph, y);
  eng_graph_freeze (graph);
  return graph;
}

static void
assert_upgrades (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  gsize n_old, n_new;
  g_autoptr (EngOnnx) onnx = eng_onnx_load_bytes (bytes, "old.onnx", NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngGraph) old = eng_onnx_build (onnx, NULL, 0, &error);
  g_assert_no_error (error);
  g_autoptr (EngGraph) joined = with_newer_node (old);
  g_autoptr (GBytes) written = eng_onnx_export (joined, "new", NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngOnnx) again = eng_onnx_load_bytes (written, "new.onnx", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eng_onnx_opset (again), ==, ENG_OPSET_MAX);
  g_autoptr (EngGraph) newer = eng_onnx_build (again, NULL, 0, &error);
  g_assert_no_error (error);
  g_autofree float *a = result_of (old, &n_old), *b = result_of (newer, &n_new);
  g_assert_cmpmem (a, n_old * sizeof *a, b, n_new * sizeof *b); /* one thread's work: the same to the bit */
}

/* One chain per time at which forms changed. */
static void
test_upgrade (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "tests", "seeds", "onnx", "old.onnx", NULL),
                  *data = NULL;
  gsize n;
  g_assert_true (g_file_get_contents (path, &data, &n, NULL));
  g_autoptr (GBytes) opset_7 = g_bytes_new (data, n);
  assert_upgrades (opset_7);

  OnnxMaker *m = onnx_maker_new (9);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, 1, 2, 3, 4);
  onnx_maker_floats (m, "scales", 1, INTS (4), FLOATS (1, 1, 2, 2));
  onnx_maker_node (m, "Upsample", "x scales", "y");
  onnx_maker_output (m, "y");
  g_autoptr (GBytes) opset_9 = onnx_maker_finish (m);
  assert_upgrades (opset_9);

  m = onnx_maker_new (10);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, 1, 4, 3, 4);
  onnx_maker_floats (m, "scales", 1, INTS (4), FLOATS (1, 1, 1.7f, 2));
  onnx_maker_node (m, "Resize", "x scales", "a");
  onnx_maker_int (onnx_maker_node (m, "Split", "a", "b c"), "axis", 1);
  onnx_maker_node (m, "Mul", "b c", "d");
  onnx_maker_attr_ints (onnx_maker_node (m, "ReduceMean", "d", "e"), "axes", 2, INTS (1, -1));
  onnx_maker_int (onnx_maker_node (m, "LogSoftmax", "e", "y"), "axis", 2);
  onnx_maker_output (m, "y");
  g_autoptr (GBytes) opset_10 = onnx_maker_finish (m);
  assert_upgrades (opset_10);

  m = onnx_maker_new (18);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 3, 2, 4, 3);
  onnx_maker_floats (m, "scale", 1, INTS (2), FLOATS (0.5f, 2));
  onnx_maker_int (onnx_maker_node (m, "GroupNormalization", "x scale scale", "y"), "num_groups", 2);
  onnx_maker_output (m, "y");
  g_autoptr (GBytes) opset_18 = onnx_maker_finish (m);
  assert_upgrades (opset_18);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/onnx-files/external", test_external);
  g_test_add_func ("/onnx-files/external/refused", test_external_refused);
  g_test_add_func ("/onnx-files/other-kinds", test_other_kinds);
  g_test_add_func ("/onnx-files/truncated", test_truncated);
  g_test_add_func ("/onnx-files/changed", test_changed);
  g_test_add_func ("/onnx-files/hostile", test_hostile);
  g_test_add_func ("/onnx-files/real", test_real);
  g_test_add_func ("/onnx-files/round-trip", test_round_trip);
  g_test_add_func ("/onnx-files/upgrade", test_upgrade);
  return g_test_run ();
}
