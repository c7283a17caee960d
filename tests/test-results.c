/* Maps as bytes and the cache of finished maps on disk. */
#include "engine.h"
#include "support.h"

#include <glib/gstdio.h>
#include <math.h>
#include <png.h>
#include <string.h>
#include <utime.h>

static EngHeatmap *
make_map (float value)
{
  EngGeometry geometry = { 480, 360, 96, 96, 3.75, 3.75, 60, 0, 0, 0, 96, 96 };
  EngProvenance p = { .model_sha256 = g_strdup ("aa"),
                      .class_name = g_strdup ("lighthouse – \"tall\""),
                      .class_index = 3,
                      .contrast_index = -1,
                      .probability = 0.957,
                      .method_id = g_strdup ("ltx"),
                      .seed = G_MAXUINT64 - 1,
                      .seconds = 1.5,
                      .passes_forward = 51,
                      .unit = g_strdup ("steps"),
                      .done = 2,
                      .total = 5,
                      .convergence = NAN,
                      .notes = eng_notes_new () };
  EngNote *note = g_new (EngNote, 1);
  *note = (EngNote){ g_strdup ("completeness-gap"), 0.004, g_strdup ("Completeness gap 0.4 %") };
  g_ptr_array_add (p.notes, note);
  float values[2 * 3 * 4];
  for (int i = 0; i < 24; i++)
    values[i] = value * (float)i / 7;
  EngHeatmap *map = eng_heatmap_new (values, 2, 3, 4, ENG_SIGN_SIGNED, ENG_UPSAMPLE_NEAREST, &geometry, &p);
  EngTrajectoryStep *steps = g_new0 (EngTrajectoryStep, 2);
  for (int i = 0; i < 2; i++)
    {
      steps[i] = (EngTrajectoryStep){ .step = i, .loss = 0.1 * i, .auc = i ? NAN : 12.5, .mask = g_new (float, 12) };
      for (int k = 0; k < 12; k++)
        steps[i].mask[k] = (float)(i + k) / 3;
    }
  eng_heatmap_take_trajectory (map, steps, 2);
  return map;
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngHeatmap) a = make_map (1);
  g_autoptr (GBytes) bytes = eng_heatmap_encode (a);
  g_autoptr (EngHeatmap) b = eng_heatmap_decode (bytes, "test", &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) again = eng_heatmap_encode (b);
  g_assert_true (g_bytes_equal (bytes, again));
  const EngProvenance *p = eng_heatmap_provenance (b);
  g_assert_cmpstr (p->class_name, ==, "lighthouse – \"tall\"");
  g_assert_cmpuint (p->seed, ==, G_MAXUINT64 - 1);
  g_assert_cmpint (p->done, ==, 2);
  g_assert_true (isnan (p->convergence));
  g_assert_cmpstr (((EngNote *)p->notes->pdata[0])->text, ==, "Completeness gap 0.4 %");
  g_assert_cmpmem (eng_heatmap_values (a), 24 * sizeof (float), eng_heatmap_values (b), 24 * sizeof (float));
  int n;
  const EngTrajectoryStep *steps = eng_heatmap_trajectory (b, &n);
  g_assert_cmpint (n, ==, 2);
  g_assert_true (isnan (steps[1].auc));
  g_assert_cmpfloat (steps[1].mask[3], ==, 4 / 3.f);
}

/* Cut anywhere, or with any one byte changed: an error with the name, or a whole map; never a crash. */
static void
test_damage (void)
{
  g_autoptr (EngHeatmap) map = make_map (1);
  g_autoptr (GBytes) bytes = eng_heatmap_encode (map);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  for (gsize cut = 0; cut < size; cut++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (bytes, 0, cut);
      g_assert_null (eng_heatmap_decode (part, "cut.map", &error));
      g_assert_nonnull (strstr (error->message, "cut.map"));
    }
  for (gsize at = 0; at < size; at++)
    {
      g_autoptr (GError) error = NULL;
      guint8 *copy = g_memdup2 (data, size);
      copy[at] ^= 0x15;
      g_autoptr (GBytes) changed = g_bytes_new_take (copy, size);
      g_autoptr (EngHeatmap) other = eng_heatmap_decode (changed, "changed.map", &error);
      g_assert_true ((other != NULL) == (error == NULL));
    }
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_unlink (path);
    }
  g_rmdir (folder);
}

static void
test_cache (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *base = g_dir_make_tmp ("sightline-results-XXXXXX", &error);
  g_autofree char *folder = g_build_filename (base, "maps", NULL);
  g_autoptr (EngResultCache) cache = eng_result_cache_new (folder, 1 << 20);
  g_autoptr (EngHeatmap) map = make_map (1);
  g_assert_null (eng_result_cache_find (cache, "a"));
  g_assert_cmpuint (eng_result_cache_size (cache), ==, 0);
  g_assert_true (eng_result_cache_insert (cache, "a", map, &error));
  guint64 one = eng_result_cache_size (cache);
  g_autoptr (EngHeatmap) found = eng_result_cache_find (cache, "a");
  g_assert_nonnull (found);
  g_assert_null (eng_result_cache_find (cache, "b"));

  /* A limit for three: the one that was used longest ago goes. */
  const struct utimbuf long_ago = { 1000, 1000 };
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "a", -1);
  g_autofree char *path = g_strdup_printf ("%s/%s.map", folder, digest);
  g_utime (path, (struct utimbuf *)&long_ago);
  eng_result_cache_insert (cache, "b", map, &error);
  eng_result_cache_insert (cache, "c", map, &error);
  eng_result_cache_set_limit (cache, one * 5 / 2);
  g_assert_null (eng_result_cache_find (cache, "a"));
  g_autoptr (EngHeatmap) kept = eng_result_cache_find (cache, "c");
  g_assert_nonnull (kept);

  /* A damaged file is no map, and goes. */
  g_autofree char *c_digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "c", -1);
  g_autofree char *c_path = g_strdup_printf ("%s/%s.map", folder, c_digest);
  g_assert_true (g_file_set_contents (c_path, "sightline-map 1\n5\n{}", -1, NULL));
  g_assert_null (eng_result_cache_find (cache, "c"));
  g_assert_false (g_file_test (c_path, G_FILE_TEST_EXISTS));

  eng_result_cache_clear (cache);
  g_assert_cmpuint (eng_result_cache_size (cache), ==, 0);
  remove_folder (folder);

  /* Where the folder cannot be made: an error that names it. */
  g_assert_true (g_file_set_contents (folder, "a file", -1, NULL));
  g_assert_false (eng_result_cache_insert (cache, "a", map, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_IO);
  g_assert_nonnull (strstr (error->message, folder));
  g_unlink (folder);
  g_rmdir (base);
}

static void
test_keys (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_data ("models/scenes-cnn.onnx"), *picture = test_data ("scenes/harbour-01.png");
  g_autoptr (EngModel) model = eng_model_open (path, NULL, &error);
  g_autoptr (EngImage) image = eng_image_load (picture, &error);
  const EngMethod *cam = eng_method_find ("grad-cam", NULL), *ltx = eng_method_find ("ltx", NULL);
  g_autoptr (EngValues) values = eng_values_new (cam, model);
  g_autoptr (EngValues) other = eng_values_new (cam, model);
  g_autoptr (EngValues) own = eng_values_new (ltx, model);
  eng_values_set (other, "average", 7);
  const struct
  {
    int class_index, contrast;
    const char *layer;
    const EngValues *values;
    guint64 seed;
  } cases[] = { { 1, -1, NULL, values, 0 }, { 2, -1, NULL, values, 0 }, { 1, 3, NULL, values, 0 },
                { 1, -1, "x", values, 0 },  { 1, -1, NULL, other, 0 },  { 1, -1, NULL, values, 1 } };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_true (g_hash_table_add (seen, eng_result_key (model, image, cam, cases[i].class_index, cases[i].contrast,
                                                           cases[i].layer, cases[i].values, cases[i].seed)));
  /* LTX knows no contrast: it does not change the map. */
  g_autofree char *a = eng_result_key (model, image, ltx, 1, -1, NULL, own, 0),
                  *b = eng_result_key (model, image, ltx, 1, 3, NULL, own, 0);
  g_assert_cmpstr (a, ==, b);
}

/* ---- maps of other programs ---- */

typedef struct
{
  EngModel *model;
  EngImage *image;
  char *folder, *path;
} Foreign;

static void
foreign_setup (Foreign *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *picture = test_data ("scenes/harbour-01.png");
  f->model = eng_model_open (model, NULL, &error);
  g_assert_no_error (error);
  f->image = eng_image_load (picture, &error);
  g_assert_no_error (error);
  f->folder = g_dir_make_tmp ("sightline-foreign-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "map.npy", NULL);
}

static void
foreign_teardown (Foreign *f, gconstpointer data)
{
  g_object_unref (f->model);
  eng_image_unref (f->image);
  remove_folder (f->folder);
  g_free (f->folder);
  g_free (f->path);
}

/* value = f (x, y) at the centres of the pixels of a map as large as the picture or the input */
static void
write_map (Foreign *f, int channels, int rows, int cols, float first)
{
  EngShape shape = { 4, { 1, channels, rows, cols } };
  g_autofree float *values = g_new (float, (gsize)channels *rows *cols);
  g_autoptr (GError) error = NULL;
  for (int c = 0; c < channels; c++)
    for (int y = 0; y < rows; y++)
      for (int x = 0; x < cols; x++)
        values[((gsize)c * rows + y) * cols + x] = first + (float)(c + (x + 0.5) / cols + 2 * (y + 0.5) / rows);
  g_autoptr (GBytes) bytes = eng_npy_encode (values, &shape);
  g_assert_true (eng_write_atomically (f->path, bytes, &error));
}

static void
test_import_sizes (Foreign *f, gconstpointer data)
{
  EngPreprocess *p = eng_model_preprocess (f->model);
  const struct
  {
    int channels, rows, cols;
    float first;
  } cases[] = { { 1, p->height, p->width, 0 },
                { 3, p->height, p->width, -1 },
                { 1, eng_image_height (f->image), eng_image_width (f->image), 0 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      write_map (f, cases[i].channels, cases[i].rows, cases[i].cols, cases[i].first);
      g_autoptr (EngHeatmap) map = eng_heatmap_import (f->path, f->model, f->image, 4, &error);
      g_assert_no_error (error);
      g_assert_cmpint (eng_heatmap_rows (map), ==, p->height);
      g_assert_cmpint (eng_heatmap_channels (map), ==, cases[i].channels);
      g_assert_true (eng_heatmap_sign (map) == (cases[i].first < 0 ? ENG_SIGN_SIGNED : ENG_SIGN_UNSIGNED));
      g_assert_cmpstr (eng_heatmap_provenance (map)->method_id, ==, ENG_IMPORTED_METHOD);
      g_assert_cmpint (eng_heatmap_provenance (map)->class_index, ==, 4);
      /* A plane that rises evenly over the picture rises evenly over the model's view of it. */
      const EngGeometry *g = eng_heatmap_geometry (map);
      int x = p->width / 3, y = p->height / 2;
      double px = (x + 0.5) * g->scale_x + g->offset_x, py = (y + 0.5) * g->scale_y + g->offset_y;
      double expected = cases[i].rows == p->height ? cases[i].first + (x + 0.5) / p->width + 2 * (y + 0.5) / p->height
                                                   : px / g->image_width + 2 * py / g->image_height;
      g_assert_cmpfloat_with_epsilon (eng_heatmap_values (map)[y * p->width + x], expected, 1e-5);
    }
}

static void
test_import_png (Foreign *f, gconstpointer data)
{
  EngPreprocess *p = eng_model_preprocess (f->model);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (f->folder, "map.png", NULL);
  g_autofree guint16 *samples = g_new (guint16, (gsize)p->width * p->height);
  for (int i = 0; i < p->width * p->height; i++)
    samples[i] = (guint16)(i * 7);
  png_image image = { .version = PNG_IMAGE_VERSION,
                      .width = (png_uint_32)p->width,
                      .height = (png_uint_32)p->height,
                      .format = PNG_FORMAT_LINEAR_Y };
  g_assert_true (png_image_write_to_file (&image, path, 0, samples, 0, NULL));
  g_autoptr (EngHeatmap) map = eng_heatmap_import (path, f->model, f->image, 0, &error);
  g_assert_no_error (error);
  for (int i = 0; i < p->width * p->height; i++)
    g_assert_cmpfloat (eng_heatmap_values (map)[i], ==, samples[i]);
  /* A photo is no map. */
  g_autofree char *photo = test_data ("scenes/harbour-01.png");
  g_assert_null (eng_heatmap_import (photo, f->model, f->image, 0, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_UNSUPPORTED);
}

static void
test_import_refused (Foreign *f, gconstpointer data)
{
  const int shapes[][3] = { { 1, 95, 96 }, { 17, 96, 96 }, { 1, 1, 96 }, { 1, 480, 360 } };
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (GError) error = NULL;
      write_map (f, shapes[i][0], shapes[i][1], shapes[i][2], 0);
      g_assert_null (eng_heatmap_import (f->path, f->model, f->image, 0, &error));
      g_assert_error (error, ENG_ERROR, ENG_ERROR_INVALID);
      g_assert_true (g_str_has_prefix (error->message, "map.npy"));
    }
  g_autoptr (GError) error = NULL;
  write_map (f, 1, 96, 96, NAN);
  g_assert_null (eng_heatmap_import (f->path, f->model, f->image, 0, &error));
  g_assert_error (error, ENG_ERROR, ENG_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/results/round-trip", test_round_trip);
  g_test_add_func ("/results/damage", test_damage);
  g_test_add_func ("/results/cache", test_cache);
  g_test_add_func ("/results/keys", test_keys);
  g_test_add ("/results/import/sizes", Foreign, NULL, foreign_setup, test_import_sizes, foreign_teardown);
  g_test_add ("/results/import/png", Foreign, NULL, foreign_setup, test_import_png, foreign_teardown);
  g_test_add ("/results/import/refused", Foreign, NULL, foreign_setup, test_import_refused, foreign_teardown);
  return g_test_run ();
}
