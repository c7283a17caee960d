/* Results that travel, and the files they are written to. */
#include "heatmap.h"

#include "error.h"
#include "npy.h"
#include "support.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static EngHeatmap *
make (const float *values, int channels, int rows, int cols, int height, int width, EngUpsample upsample)
{
  EngGeometry geometry = { .input_width = width, .input_height = height };
  EngProvenance provenance = { .class_name = g_strdup ("cat"), .method_id = g_strdup ("test"), .seed = 7 };
  return eng_heatmap_new (values, channels, rows, cols, ENG_SIGN_SIGNED, upsample, &geometry, &provenance);
}

static void
test_values (void)
{
  const float values[] = { 1, 2, 3, NAN, 10, -20, 30, 40 };
  g_autoptr (EngHeatmap) map = make (values, 2, 2, 2, 2, 2, ENG_UPSAMPLE_BILINEAR);
  g_autofree float *plane = eng_heatmap_plane (map), *same = eng_heatmap_at_input (map);
  g_assert_cmpfloat (plane[0], ==, 11);
  g_assert_cmpfloat (plane[1], ==, -18);
  g_assert_true (isnan (plane[3]));
  g_assert_cmpmem (plane, sizeof (float) * 4, same, sizeof (float) * 4);
  double lo, hi;
  g_assert_true (eng_heatmap_range (map, &lo, &hi));
  g_assert_cmpfloat (lo, ==, -18);
  g_assert_cmpfloat (hi, ==, 33);
  g_assert_cmpstr (eng_heatmap_provenance (map)->class_name, ==, "cat");
  g_assert_cmpint (eng_heatmap_geometry (map)->input_width, ==, 2);
  const float nothing[] = { NAN, INFINITY };
  g_autoptr (EngHeatmap) empty = make (nothing, 1, 1, 2, 2, 2, ENG_UPSAMPLE_BILINEAR);
  g_assert_false (eng_heatmap_range (empty, &lo, &hi));
}

static void
test_trajectory (void)
{
  const float zero = 0;
  g_autoptr (EngHeatmap) map = make (&zero, 1, 1, 1, 4, 4, ENG_UPSAMPLE_BILINEAR);
  int n;
  g_assert_null (eng_heatmap_trajectory (map, &n));
  g_assert_cmpint (n, ==, 0);
  for (int count = 1; count <= 3; count++) /* the second and third call free what was there */
    {
      EngTrajectoryStep *steps = g_new0 (EngTrajectoryStep, count);
      for (int i = 0; i < count; i++)
        steps[i] = (EngTrajectoryStep){ .step = i, .mask = g_new0 (float, 1) };
      eng_heatmap_take_trajectory (map, steps, count);
    }
  g_assert_cmpint (eng_heatmap_trajectory (map, &n)[2].step, ==, 2);
  g_assert_cmpint (n, ==, 3);
  g_autoptr (EngHeatmap) again = eng_heatmap_ref (map);
  g_assert_true (again == map);
}

/* Half-pixel centres: output i sits at (i + 0.5) / 2 - 0.5 of the input, clamped at the borders. */
static void
test_bilinear (void)
{
  const float row[] = { 0, 4, 8 };
  const float expected[] = { 0, 1, 3, 5, 7, 8 };
  float out[6];
  eng_upsample_bilinear (row, 1, 3, out, 1, 6);
  g_assert_cmpmem (out, sizeof out, expected, sizeof expected);
  eng_upsample_bilinear (row, 3, 1, out, 6, 1);
  g_assert_cmpmem (out, sizeof out, expected, sizeof expected);
  const float single = 5;
  eng_upsample_bilinear (&single, 1, 1, out, 2, 3);
  for (int i = 0; i < 6; i++)
    g_assert_cmpfloat (out[i], ==, 5);
}

static void
test_nearest (void)
{
  const float row[] = { 1, 2 };
  g_autoptr (EngHeatmap) map = make (row, 1, 1, 2, 2, 5, ENG_UPSAMPLE_NEAREST);
  g_autofree float *out = eng_heatmap_at_input (map);
  const float expected[] = { 1, 1, 1, 2, 2, 1, 1, 1, 2, 2 };
  g_assert_cmpmem (out, sizeof expected, expected, sizeof expected);
}

/* PyTorch's own enlargement of its own Grad-CAM. */
static void
test_bilinear_golden (void)
{
  static const char *const names[] = { "mobilenet_v2_224/chelsea.gradcam.c282.Clip_203",
                                       "mobilenet_v2_224/coffee.gradcam.c967.Clip_203",
                                       "resnet20_cifar10/chelsea.gradcam.c3.Relu_175" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *small = g_strdup_printf ("golden/%s.npy", names[i]), *small_path = test_shared (small);
      g_autofree char *large = g_strdup_printf ("golden/%s.upsampled.npy", names[i]);
      g_autofree char *large_path = small_path ? test_shared (large) : NULL;
      g_autoptr (GError) error = NULL;
      if (!large_path)
        return;
      g_autoptr (EngTensor) native = eng_npy_load (small_path, &error), golden = eng_npy_load (large_path, &error);
      g_assert_no_error (error);
      const int64_t *from = native->shape.dim + native->shape.rank - 2,
                    *to = golden->shape.dim + golden->shape.rank - 2;
      g_autofree float *out = g_new (float, to[0] * to[1]);
      eng_upsample_bilinear (native->f, from[0], from[1], out, to[0], to[1]);
      double difference = test_max_rel (out, golden->f, to[0] * to[1]);
      g_test_message ("%s: %g of the largest value", names[i], difference);
      /* float32 rounding, or that of the float16 file (11 bits: 2^-11 = 4.9e-4) */
      g_assert_cmpfloat (difference, <=, golden->dtype == ENG_DTYPE_FLOAT16 ? 5e-4 : 1e-6);
    }
}

/* ---- files ---- */

static void
write_bytes (const char *path, const void *data, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, n);
  g_assert_true (eng_write_atomically (path, bytes, &error));
  g_assert_no_error (error);
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
test_npy_round_trip (void)
{
  static const int64_t dims[][4] = { { 0 }, { 5 }, { 2, 3 }, { 1, 2, 2, 3 } };
  static const int ranks[] = { 0, 1, 2, 4 };
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "a.npy", NULL);
  float values[12];
  for (int i = 0; i < 12; i++)
    values[i] = i * 0.1f - 0.5f;
  for (guint i = 0; i < G_N_ELEMENTS (ranks); i++)
    {
      EngShape shape = eng_shape_from_array (dims[i], ranks[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = eng_npy_encode (values, &shape);
      gsize n;
      const guint8 *data = g_bytes_get_data (bytes, &n);
      g_assert_cmpuint ((10 + (data[8] | data[9] << 8)) % 64, ==, 0);
      g_assert_true (eng_write_atomically (path, bytes, &error));
      g_autoptr (EngTensor) back = eng_npy_load (path, &error);
      g_assert_no_error (error);
      g_assert_true (eng_shape_equal (&back->shape, &shape));
      g_assert_cmpmem (back->f, eng_tensor_count (back) * 4, values, eng_shape_count (&shape) * 4);
    }
  test_remove_tree (folder);
}

/* @header without padding; @n bytes of zeros follow. */
static GError *
load_npy_text (const char *path, const char *header, gsize n)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  gsize length = strlen (header);
  const guint8 start[] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, length & 0xff, length >> 8 };
  g_autofree guint8 *zeros = g_malloc0 (n + 1);
  g_byte_array_append (file, start, sizeof start);
  g_byte_array_append (file, (const guint8 *)header, length);
  g_byte_array_append (file, zeros, n);
  write_bytes (path, file->data, file->len);
  GError *error = NULL;
  g_autoptr (EngTensor) tensor = eng_npy_load (path, &error);
  g_assert_true ((tensor != NULL) != (error != NULL));
  return error;
}

static void
test_npy_refused (void)
{
  static const char *const headers[] = {
    "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }", /* five values, four given */
    "{'descr': '<f4', 'fortran_order': Perhaps, 'shape': (4,), }",
    "{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': x }",
    "{'shape': (4,)}",
    "",
  };
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "a.npy", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autoptr (GError) error = load_npy_text (path, headers[i], 16);
      if (!error)
        g_error ("accepted: %s", headers[i]);
      g_assert_true (g_str_has_prefix (error->message, "a.npy"));
    }
  for (gsize n = 0; n < 12; n++) /* every way to end inside the preamble */
    {
      g_autoptr (GError) error = NULL;
      write_bytes (path, "\x93NUMPY\3\0\xff\xff\xff\xff", n);
      g_assert_null (eng_npy_load (path, &error));
      g_assert_nonnull (error);
    }
  test_remove_tree (folder);
}

static void
test_npy_types (void)
{
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "a.npy", NULL);
  static const struct
  {
    const char *header;
    gsize bytes;
  } types[] = { { "{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }", 8 },
                { "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", 4 },
                { "{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }", 32 },
                { "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", 0 } };
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    g_assert_no_error (load_npy_text (path, types[i].header, types[i].bytes));
  test_remove_tree (folder);
}

static EngTensor *
load_npy_bytes (const char *path, const char *header, const guint8 *data, gsize n)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gsize length = strlen (header);
  const guint8 start[] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, length & 0xff, length >> 8 };
  g_byte_array_append (file, start, sizeof start);
  g_byte_array_append (file, (const guint8 *)header, length);
  g_byte_array_append (file, data, n);
  write_bytes (path, file->data, file->len);
  EngTensor *tensor = eng_npy_load (path, &error);
  g_assert_no_error (error);
  return tensor;
}

/* Values in every byte and memory order; what numpy.save() writes for them. */
static void
test_npy_values (void)
{
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "a.npy", NULL);
  const guint8 big[] = { 0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0 };
  g_autoptr (EngTensor) a =
      load_npy_bytes (path, "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", big, sizeof big);
  g_assert_cmpfloat (a->f[0], ==, 1);
  g_assert_cmpfloat (a->f[1], ==, -2);
  const guint8 wide[] = { 0, 0, 0, 0, 0, 0, 0xf8, 0x3f };
  g_autoptr (EngTensor) b =
      load_npy_bytes (path, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", wide, sizeof wide);
  g_assert_cmpfloat (b->f[0], ==, 1.5);
  const guint8 columns[] = { 1, 4, 2, 5, 3, 0xff }; /* [[1, 2, 3], [4, 5, -1]] */
  g_autoptr (EngTensor) c =
      load_npy_bytes (path, "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }", columns, sizeof columns);
  const int64_t expected[] = { 1, 2, 3, 4, 5, -1 };
  g_assert_cmpmem (c->i, sizeof expected, expected, sizeof expected);
  const guint8 half[] = { 0x3c, 0 };
  g_autoptr (EngTensor) d =
      load_npy_bytes (path, "{'descr': '>f2', 'fortran_order': True, 'shape': (1,), }", half, sizeof half);
  g_assert_cmpfloat (d->f[0], ==, 1);
  const guint8 words[] = { 0xff, 0xfe, 0, 1 };
  g_autoptr (EngTensor) e =
      load_npy_bytes (path, "{'descr': '>u2', 'fortran_order': False, 'shape': (2,), }", words, sizeof words);
  g_assert_cmpint (e->i[0], ==, 0xfffe);
  g_assert_cmpint (e->i[1], ==, 1);
  test_remove_tree (folder);
}

static void
test_write_replaces (void)
{
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "out.txt", NULL), *text = NULL;
  write_bytes (path, "first", 5);
  write_bytes (path, "", 0);
  write_bytes (path, "second", 6);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "second");
  g_assert_cmpuint (count_files (folder), ==, 1);
  test_remove_tree (folder);
}

static void
assert_unwritable (const char *path, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  g_assert_false (eng_write_atomically (path, bytes, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_IO);
  g_assert_true (g_str_has_prefix (error->message, path));
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_write_refused (void)
{
  g_autofree char *folder = test_tmpdir ();
  g_autofree char *missing = g_build_filename (folder, "none", "a.npy", NULL);
  g_autofree char *file = g_build_filename (folder, "file", NULL), *below = g_build_filename (file, "a.npy", NULL);
  g_autofree char *taken = g_build_filename (folder, "taken", NULL), *kept = g_build_filename (taken, "kept", NULL);
  g_autofree char *endless = g_strnfill (300, 'a'), *long_path = g_build_filename (folder, endless, NULL);
  write_bytes (file, "x", 1);
  g_assert_cmpint (g_mkdir (taken, 0700), ==, 0);
  write_bytes (kept, "x", 1);
  assert_unwritable (missing, "the folder does not exist. Create it first.");
  assert_unwritable (below, "a part of the path is a file");
  assert_unwritable (taken, "a folder has this name");
  assert_unwritable (long_path, "the name is too long");
  assert_unwritable ("/dev/full", "it is a device or a pipe");
  g_assert_cmpuint (count_files (folder), ==, 2);
  test_remove_tree (folder);
}

/* A limit on file size stands in for a disk that fills up while writing: the old file must survive whole,
 * and no part of the new one may be left. */
static void
test_write_full_disk (void)
{
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "map.npy", NULL), *text = NULL;
  g_autofree char *large = g_malloc0 (1 << 20);
  g_autoptr (GBytes) bytes = g_bytes_new_static (large, 1 << 20);
  g_autoptr (GError) error = NULL;
  struct rlimit old, small;
  write_bytes (path, "old", 3);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = old;
  small.rlim_cur = 4096;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  gboolean written = eng_write_atomically (path, bytes, &error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_assert_false (written);
  g_assert_true (g_str_has_prefix (error->message, path));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "old");
  g_assert_cmpuint (count_files (folder), ==, 1);
  test_remove_tree (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/heatmap/values", test_values);
  g_test_add_func ("/heatmap/trajectory", test_trajectory);
  g_test_add_func ("/heatmap/bilinear", test_bilinear);
  g_test_add_func ("/heatmap/bilinear-golden", test_bilinear_golden);
  g_test_add_func ("/heatmap/nearest", test_nearest);
  g_test_add_func ("/npy/round-trip", test_npy_round_trip);
  g_test_add_func ("/npy/refused", test_npy_refused);
  g_test_add_func ("/npy/types", test_npy_types);
  g_test_add_func ("/npy/values", test_npy_values);
  g_test_add_func ("/write/replaces", test_write_replaces);
  g_test_add_func ("/write/refused", test_write_refused);
  g_test_add_func ("/write/full-disk", test_write_full_disk);
  return g_test_run ();
}
