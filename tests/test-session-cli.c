/* sightline-cli explain --session: a session made here, with the engine alone, is made again by the program. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "engine/engine.h"
#include "support.h"

typedef struct
{
  char *folder, *out, *file, *model;
  EngSession *session;
  char *text, *complaints;
  int status;
} Fixture;

static char *
in_folder (Fixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

static void
copy_file (const char *from, const char *to)
{
  g_autofree char *data = NULL;
  gsize n;
  g_assert_true (g_file_get_contents (from, &data, &n, NULL));
  g_assert_true (g_file_set_contents (to, data, (gssize)n, NULL));
}

/* Every test's session holds the same maps, which are computed once. */
static EngHeatmap *computed[5];

/* Adds a map of @picture as the window makes it. @settings: "steps=2", or NULL */
static EngSessionMap *
add_map (Fixture *f, EngModel *model, const char *picture, const char *id, const char *setting, int class_index,
         int contrast, guint64 seed)
{
  EngHeatmap **before = &computed[f->session->maps->len];
  g_autoptr (GError) error = NULL;
  g_autofree char *path = in_folder (f, picture);
  g_autoptr (EngImage) image = eng_image_load (path, &error);
  g_assert_no_error (error);
  const EngMethod *method = eng_method_find (id, NULL);
  g_autoptr (EngValues) values = eng_values_new (method, model);
  if (setting)
    g_assert_true (eng_values_set_pair (values, setting, NULL));
  EngSessionMap *map = eng_session_map_new ();
  map->picture = g_strdup (path);
  map->method = g_strdup (id);
  map->values = eng_values_to_json (values);
  map->class_index = class_index;
  map->contrast = contrast;
  map->seed = seed;
  map->shown = TRUE;
  if (!*before)
    {
      g_autoptr (EngJob) job =
          eng_job_new (model, image, method, class_index, contrast, NULL, g_steal_pointer (&values), seed);
      g_assert_true (eng_job_run (job, &error));
      *before = eng_heatmap_ref (eng_job_heatmap (job));
    }
  map->map = eng_heatmap_ref (*before);
  g_ptr_array_add (f->session->maps, map);
  return map;
}

static void
write_session (Fixture *f)
{
  g_autoptr (GBytes) bytes = eng_session_encode (f->session, f->folder);
  g_autoptr (GError) error = NULL;
  g_assert_true (eng_write_atomically (f->file, bytes, &error));
}

/* Two pictures, a model whose preprocessing was changed, copies, a contrast, a seed. */
static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const files[] = { "models/scenes-cnn.onnx", "models/scenes-cnn.json", "models/scenes.txt",
                                       "scenes/harbour-01.png", "scenes/kitchen-01.png" };
  static const char *const pictures[] = { "harbour-01.png", "kitchen-01.png" };
  g_autoptr (GError) error = NULL;
  f->folder = test_tmpdir ();
  f->out = in_folder (f, "out");
  f->file = in_folder (f, "s.sightline");
  f->model = in_folder (f, "scenes-cnn.onnx");
  f->session = eng_session_new ();
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *from = test_data (files[i]), *base = g_path_get_basename (files[i]);
      g_autofree char *to = in_folder (f, base);
      copy_file (from, to);
    }
  g_autoptr (EngModel) opened = eng_model_open (f->model, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (EngPreprocess) other = eng_preprocess_copy (eng_model_preprocess (opened));
  other->mean[0] += 0.125;
  g_autoptr (EngModel) model = eng_model_with_preprocess (opened, other, &error);
  g_assert_no_error (error);
  g_autofree char *preprocess = eng_preprocess_to_json (other);
  f->session->model = g_strdup (f->model);
  f->session->model_sha256 = g_strdup (eng_model_sha256 (model));
  f->session->state = g_strdup_printf ("{\"preprocess\": %s}", preprocess);
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      g_autofree char *path = in_folder (f, pictures[i]), *digest = eng_session_digest (path);
      g_ptr_array_add (f->session->pictures, eng_session_picture_new (path, digest));
    }
  add_map (f, model, "harbour-01.png", "ltx", "steps=1", 3, -1, 0);
  add_map (f, model, "harbour-01.png", "ltx", "steps=2", 3, -1, 0);
  add_map (f, model, "harbour-01.png", "smooth-grad", "samples=2", 3, 5, 77);
  add_map (f, model, "harbour-01.png", "grad-cam", NULL, -1, -1, 0);
  add_map (f, model, "kitchen-01.png", "grad-cam", NULL, -1, -1, 0)->shown = FALSE;
  write_session (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_remove_tree (f->folder);
  eng_session_free (f->session);
  g_free (f->folder);
  g_free (f->out);
  g_free (f->file);
  g_free (f->model);
  g_free (f->text);
  g_free (f->complaints);
}

static void
run (Fixture *f, const char *more, const char *argument)
{
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&f->text, g_free);
  g_clear_pointer (&f->complaints, g_free);
  const char *argv[] = {
    g_getenv ("SIGHTLINE_CLI"), "explain", "--session", f->file, "--output", f->out, more, argument, NULL
  };
  g_autoptr (GSubprocess) process =
      g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &f->text, &f->complaints, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  f->status = g_subprocess_get_exit_status (process);
}

static void
assert_says (const char *text, const char *words)
{
  if (!strstr (text, words))
    g_error ("\"%s\" is not in: %s", words, text);
}

static void
assert_status (Fixture *f, int status)
{
  if (f->status != status)
    g_error ("status %d, not %d: %s%s", f->status, status, f->text, f->complaints);
}

/* Bytes of the map's own values. (transfer full) */
static GBytes *
values_of (const EngHeatmap *map)
{
  gsize n = (gsize)eng_heatmap_channels (map) * (gsize)eng_heatmap_rows (map) * (gsize)eng_heatmap_cols (map);
  return g_bytes_new (eng_heatmap_values (map), n * sizeof (float));
}

/* The same bits as in the file, and the file says from where. */
static void
test_reproduces (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *name;
    guint map;
  } rows[] = { { "harbour-01.ltx", 0 },
               { "harbour-01.ltx-2", 1 },
               { "harbour-01.smooth-grad", 2 },
               { "harbour-01.grad-cam", 3 },
               { "kitchen-01.grad-cam", 4 } };
  run (f, NULL, NULL);
  assert_status (f, 0);
  g_autofree char *hidden = g_build_filename (f->out, "kitchen-01.grad-cam.npy", NULL);
  g_assert_false (g_file_test (hidden, G_FILE_TEST_EXISTS));
  run (f, "--all-maps", NULL);
  assert_status (f, 0);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const EngHeatmap *map = ((EngSessionMap *)f->session->maps->pdata[rows[i].map])->map;
      g_autofree char *line = g_strdup_printf ("%s: identical to the session's\n", rows[i].name);
      g_autofree char *file = g_strdup_printf ("%s/%s.npy", f->out, rows[i].name), *npy = NULL;
      g_autofree char *record = g_strdup_printf ("%s/%s.json", f->out, rows[i].name), *json = NULL;
      g_autoptr (GBytes) values = values_of (map);
      gsize n, size;
      const void *bytes = g_bytes_get_data (values, &n);
      assert_says (f->text, line);
      g_assert_true (g_file_get_contents (file, &npy, &size, NULL));
      g_assert_cmpmem (npy + size - n, n, bytes, n);
      g_assert_true (g_file_get_contents (record, &json, NULL, NULL));
      assert_says (json, eng_heatmap_provenance (map)->preprocessing);
    }
}

/* The folder moves, and the paths in the file with it; the program is started elsewhere. */
static void
test_moves_along (Fixture *f, gconstpointer data)
{
  g_autofree char *moved = g_strconcat (f->folder, "-moved", NULL);
  g_assert_cmpint (g_rename (f->folder, moved), ==, 0);
  g_free (f->folder);
  g_free (f->file);
  g_free (f->out);
  f->folder = g_steal_pointer (&moved);
  f->file = in_folder (f, "s.sightline");
  f->out = in_folder (f, "out");
  run (f, NULL, NULL);
  assert_status (f, 0);
  assert_says (f->text, "harbour-01.grad-cam: identical");
}

/* A map that another program or another hand wrote into the session is told from the one that comes out. */
static void
test_differs (Fixture *f, gconstpointer data)
{
  static const struct
  {
    float factor;
    int status;
    const char *says;
  } rows[] = { { 1.000002f, 0, "harbour-01.grad-cam: equal to the session's up to rounding" },
               { 1.01f, 1, "harbour-01.grad-cam: DIFFERS from the session's by up to 0.0099" } };
  EngSessionMap *recipe = f->session->maps->pdata[3];
  g_autoptr (EngHeatmap) own = eng_heatmap_ref (recipe->map);
  gsize n = (gsize)eng_heatmap_rows (own) * (gsize)eng_heatmap_cols (own);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      EngProvenance made = { .method_id = g_strdup ("grad-cam"), .class_index = 0, .contrast_index = -1 };
      g_autofree float *values = g_memdup2 (eng_heatmap_values (own), n * sizeof (float));
      made.image_sha256 = g_strdup (eng_heatmap_provenance (own)->image_sha256);
      for (gsize k = 0; k < n; k++)
        values[k] *= rows[i].factor;
      eng_heatmap_unref (recipe->map);
      recipe->map =
          eng_heatmap_new (values, 1, eng_heatmap_rows (own), eng_heatmap_cols (own), eng_heatmap_sign (own),
                           eng_heatmap_upsample_kind (own), eng_heatmap_geometry (own), &made);
      write_session (f);
      run (f, NULL, NULL);
      assert_status (f, rows[i].status);
      assert_says (f->text, rows[i].says);
      assert_says (f->text, "harbour-01.ltx: identical");
    }
  /* One that was stopped is made whole. */
  recipe->progress = 0.62;
  write_session (f);
  run (f, NULL, NULL);
  assert_status (f, 0);
  assert_says (f->text, "harbour-01.grad-cam: made whole");
}

static void
test_missing (Fixture *f, gconstpointer data)
{
  g_autofree char *picture = in_folder (f, "harbour-01.png"), *other = in_folder (f, "kitchen-01.png");
  g_unlink (picture);
  run (f, "--all-maps", NULL);
  assert_status (f, 1);
  assert_says (f->complaints, picture);
  assert_says (f->complaints,
               "is not there any more; put it back, or open s.sightline in the window, choose Locate…");
  assert_says (f->text, "kitchen-01.grad-cam: identical");
  /* Said once, though three of its maps are missed. */
  g_assert_null (strstr (strstr (f->complaints, picture) + 1, picture));
  /* Another picture under its name. */
  copy_file (other, picture);
  run (f, NULL, NULL);
  assert_status (f, 1);
  assert_says (f->complaints, "harbour-01.png changed since s.sightline was saved");
  assert_says (f->text, "harbour-01.grad-cam: DIFFERS");
  g_unlink (f->model);
  run (f, NULL, NULL);
  assert_status (f, 1);
  assert_says (f->complaints, "scenes-cnn.onnx is not there any more; put it back");
  g_autofree char *text = test_data ("models/scenes-shortcut.onnx");
  copy_file (text, f->model);
  run (f, NULL, NULL);
  assert_status (f, 1);
  assert_says (f->complaints, "scenes-cnn.onnx changed since s.sightline was saved");
}

/* What a session may not ask for is refused map by map, with what is wrong. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  EngSessionMap *ltx = f->session->maps->pdata[0], *cam = f->session->maps->pdata[3];
  g_free (ltx->values);
  ltx->values = g_strdup ("{\"steps\": 1e9}");
  cam->class_index = 12;
  write_session (f);
  run (f, NULL, NULL);
  assert_status (f, 1);
  assert_says (f->complaints, "steps");
  assert_says (f->complaints, "is asked for class 12");
  assert_says (f->text, "harbour-01.smooth-grad: identical");
  /* Its first free name goes to the other one. */
  assert_says (f->text, "harbour-01.ltx: identical");
  g_free (f->session->state);
  f->session->state = g_strdup ("{\"preprocess\": {\"mean\": \"x\"}}");
  write_session (f);
  run (f, NULL, NULL);
  assert_status (f, 1);
  assert_says (f->complaints, "mean");
  g_assert_true (g_file_set_contents (f->file, "{}", -1, NULL));
  run (f, NULL, NULL);
  assert_status (f, 1);
  assert_says (f->complaints, "s.sightline is not a session of Sightline");
}

static void
test_usage (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *option, *value;
  } rows[] = { { "--model", "m.onnx" }, { "--method", "ltx" }, { "--class", "1" }, { "--set", "steps=1" } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      run (f, rows[i].option, rows[i].value);
      assert_status (f, 2);
      assert_says (f->complaints, "--session already says what to explain, and how; leave out");
    }
  run (f, "--memory", "5");
  assert_status (f, 2);
  g_assert_false (g_file_test (f->out, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/session-cli/reproduces", test_reproduces }, { "/session-cli/moves-along", test_moves_along },
    { "/session-cli/differs", test_differs },       { "/session-cli/missing", test_missing },
    { "/session-cli/refused", test_refused },       { "/session-cli/usage", test_usage },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
  int result = g_test_run ();
  for (guint i = 0; i < G_N_ELEMENTS (computed); i++)
    g_clear_pointer (&computed[i], eng_heatmap_unref);
  eng_engine_shutdown ();
  return result;
}
