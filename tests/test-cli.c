/* sightline-cli as people meet it: run as a program of its own, judged by exit status, messages and
 * files. The model and the pictures are the shipped sample. */
#define _GNU_SOURCE /* memmem() */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/engine.h"
#include "support.h"

typedef struct
{
  char *folder, *model, *scene, *out;
  int status;
  char *stdout_text, *stderr_text;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = test_tmpdir ();
  f->out = g_build_filename (f->folder, "out", NULL);
  f->model = test_data ("models/scenes-cnn.onnx");
  f->scene = test_data ("scenes/harbour-01.png");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->out);
  g_free (f->model);
  g_free (f->scene);
  g_free (f->stdout_text);
  g_free (f->stderr_text);
}

/* Keeps status, output and messages of one run in @f. @arguments: the command line, NULL at its end. */
static void
run_with (Fixture *f, GSubprocessLauncher *launcher, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (gpointer)g_getenv ("SIGHTLINE_CLI"));
  for (; *arguments; arguments++)
    g_ptr_array_add (argv, (gpointer)*arguments);
  g_ptr_array_add (argv, NULL);
  /* No display: the program must not miss it. */
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  g_subprocess_launcher_unsetenv (launcher, "WAYLAND_DISPLAY");
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, &error);
  g_assert_no_error (error);
  g_clear_pointer (&f->stdout_text, g_free);
  g_clear_pointer (&f->stderr_text, g_free);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &f->stdout_text, &f->stderr_text, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  f->status = g_subprocess_get_exit_status (process);
}

#define run(f, ...) run_list (f, (const char *const[]){ __VA_ARGS__, NULL })

static void
run_list (Fixture *f, const char *const *arguments)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  run_with (f, launcher, arguments);
}

/* The run ended with @status and a message that holds @text. */
static void
assert_refused (Fixture *f, int status, const char *text)
{
  g_assert_cmpint (f->status, ==, status);
  g_assert_true (g_str_has_prefix (f->stderr_text, "sightline-cli: "));
  if (!strstr (f->stderr_text, text))
    g_error ("the message does not say \"%s\": %s", text, f->stderr_text);
}

static guint
count_files (const char *folder)
{
  guint n = 0;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  while (dir && g_dir_read_name (dir))
    n++;
  return n;
}

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);
  g_assert_no_error (error);
  g_assert_nonnull (node);
  return node;
}

static JsonNode *
read_json (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *text = NULL;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return parse (text);
}

static gboolean
has_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* "class.index" from nested objects; the test fails where there is none. */
static JsonNode *
look_up (JsonNode *root, const char *dotted)
{
  g_auto (GStrv) parts = g_strsplit (dotted, ".", -1);
  for (char **part = parts; *part; part++)
    {
      JsonObject *object = json_node_get_object (root);
      if (!json_object_has_member (object, *part))
        g_error ("the key %s is missing", dotted);
      root = json_object_get_member (object, *part);
    }
  return root;
}

static void
test_help (Fixture *f, gconstpointer data)
{
  static const char *const commands[] = { "predict", "explain", "check", "sheet", "methods", "inspect" };
  run (f, "--version");
  g_assert_cmpint (f->status, ==, 0);
  g_assert_cmpstr (f->stdout_text, ==, "sightline-cli " ENG_VERSION "\n");
  run (f, "--help");
  g_assert_cmpint (f->status, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_assert_nonnull (strstr (f->stdout_text, commands[i]));
      Fixture own = { 0 };
      run (&own, commands[i], "--help");
      g_assert_cmpint (own.status, ==, 0);
      g_assert_nonnull (strstr (own.stdout_text, "--json") ?: strstr (own.stdout_text, "--output"));
      g_free (own.stdout_text);
      g_free (own.stderr_text);
    }
}

static void
test_usage (Fixture *f, gconstpointer data)
{
  run_list (f, (const char *const[]){ NULL });
  g_assert_cmpint (f->status, ==, 2);
  run (f, "explode");
  assert_refused (f, 2, "explode");
  run (f, "predict", "--modell", f->model, f->scene);
  assert_refused (f, 2, "modell");
  run (f, "predict", f->scene);
  assert_refused (f, 2, "--model");
  run (f, "predict", "--model", f->model);
  assert_refused (f, 2, "picture");
  run (f, "predict", "--model", f->model, "--top", "0", f->scene);
  assert_refused (f, 2, "--top");
  run (f, "predict", "--model", f->model, "--threads", "-3", f->scene);
  assert_refused (f, 2, "--threads");
  run (f, "inspect");
  assert_refused (f, 2, "inspect");
  run (f, "methods", f->model);
  assert_refused (f, 2, "--model");
  run (f, "explain", "--model", f->model, "--method", "ltx", f->scene);
  assert_refused (f, 2, "--output");
  run (f, "explain", "--model", f->model, "--output", f->out, f->scene);
  assert_refused (f, 2, "--method");
  g_assert_false (g_file_test (f->out, G_FILE_TEST_EXISTS));
}

static void
test_wrong_values (Fixture *f, gconstpointer data)
{
#define EXPLAIN "explain", "--model", f->model, "--output", f->out, f->scene
  run (f, EXPLAIN, "--method", "crystal-ball");
  assert_refused (f, 2, "crystal-ball");
  run (f, EXPLAIN, "--method", "ltx", "--set", "stops=3");
  assert_refused (f, 2, "stops");
  run (f, EXPLAIN, "--method", "ltx", "--set", "steps=-1");
  assert_refused (f, 2, "steps");
  run (f, EXPLAIN, "--method", "ltx", "--set", "steps=many");
  assert_refused (f, 2, "steps");
  run (f, EXPLAIN, "--method", "ltx", "--set", "steps");
  assert_refused (f, 2, "steps");
  run (f, EXPLAIN, "--method", "ltx", "--set", "save=explainer.onnx", f->scene);
  assert_refused (f, 2, "save");
  run (f, EXPLAIN, "--method", "ltx", "--class", "unicorn");
  assert_refused (f, 2, "unicorn");
  run (f, EXPLAIN, "--method", "ltx", "--class", "12345");
  assert_refused (f, 2, "12345");
  run (f, EXPLAIN, "--method", "ltx", "--layer", "cellar");
  assert_refused (f, 2, "cellar");
  g_assert_false (g_file_test (f->out, G_FILE_TEST_EXISTS));
}

static void
test_predict (Fixture *f, gconstpointer data)
{
  run (f, "predict", "--model", f->model, "--top", "3", f->scene);
  g_assert_cmpint (f->status, ==, 0);
  g_assert_nonnull (strstr (f->stdout_text, "lighthouse"));
  g_assert_cmpstr (f->stderr_text, ==, "");

  g_autofree char *other = test_data ("scenes/meadow-01.png");
  run (f, "predict", "--json", "--model", f->model, f->scene, "--top", "12", other);
  g_assert_cmpint (f->status, ==, 0);
  g_autoptr (JsonNode) root = parse (f->stdout_text);
  JsonArray *pictures = json_node_get_array (root);
  g_assert_cmpint (json_array_get_length (pictures), ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *picture = json_array_get_object_element (pictures, i);
      JsonArray *rows = json_object_get_array_member (picture, "predictions");
      double sum = 0, before = 1;
      g_assert_cmpint (json_array_get_length (rows), ==, 12);
      g_assert_cmpint (strlen (json_object_get_string_member (picture, "sha256")), ==, 64);
      for (guint k = 0; k < 12; k++)
        {
          double p = json_object_get_double_member (json_array_get_object_element (rows, k), "probability");
          g_assert_cmpfloat (p, <=, before);
          before = p;
          sum += p;
        }
      g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5); /* twelve float32 probabilities */
    }
}

/* The table, the same in the JSON, and neither of them unasked. */
static void
test_profile (Fixture *f, gconstpointer data)
{
  run (f, "predict", "--model", f->model, "--profile", f->scene);
  g_assert_cmpint (f->status, ==, 0);
  g_assert_nonnull (strstr (f->stderr_text, "GFLOP/s"));
  g_assert_nonnull (strstr (f->stderr_text, "  Conv+ "));
  run (f, "explain", "--model", f->model, "--method", "grad-cam", "--profile", "--output", f->out, f->scene);
  g_assert_cmpint (f->status, ==, 0);
  g_assert_nonnull (strstr (f->stderr_text, "backward "));
  g_autoptr (JsonNode) record = read_json (f->out, "harbour-01.grad-cam.json");
  JsonArray *rows = json_node_get_array (look_up (record, "profile.rows"));
  double sum = 0;
  for (guint i = 0; i < json_array_get_length (rows); i++)
    sum += json_object_get_double_member (json_array_get_object_element (rows, i), "share");
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-6);

  run (f, "explain", "--model", f->model, "--method", "grad-cam", "--output", f->out, f->scene);
  g_assert_cmpstr (f->stderr_text, ==, "");
  g_autoptr (JsonNode) plain = read_json (f->out, "harbour-01.grad-cam.json");
  g_assert_false (json_object_has_member (json_node_get_object (plain), "profile"));
}

static void
test_inspect (Fixture *f, gconstpointer data)
{
  run (f, "inspect", f->model);
  g_assert_cmpint (f->status, ==, 0);
  g_assert_nonnull (strstr (f->stdout_text, "Conv"));
  run (f, "inspect", "--json", f->model);
  g_assert_cmpint (f->status, ==, 0);
  g_autoptr (JsonNode) root = parse (f->stdout_text);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (root));
}

/* Parameters that keep a method short: the fewest of whatever it counts. (transfer full) */
static char **
cheapest (JsonObject *method)
{
  static const char *const counts[] = { "steps", "samples", "masks", "iterations" };
  g_autoptr (GStrvBuilder) pairs = g_strv_builder_new ();
  JsonArray *params = json_object_get_array_member (method, "params");
  for (guint i = 0; i < json_array_get_length (params); i++)
    {
      JsonObject *param = json_array_get_object_element (params, i);
      const char *id = json_object_get_string_member (param, "id");
      for (guint k = 0; k < G_N_ELEMENTS (counts); k++)
        if (g_str_equal (id, counts[k]))
          {
            int least = MAX (2, (int)json_object_get_double_member (param, "minimum"));
            g_autofree char *pair = g_strdup_printf ("%s=%d", id, least);
            g_strv_builder_add (pairs, "--set");
            g_strv_builder_add (pairs, pair);
          }
    }
  return g_strv_builder_end (pairs);
}

static void
check_arrays (Fixture *f, const char *id, JsonNode *record)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *map_name = g_strdup_printf ("%s/harbour-01.%s.npy", f->out, id);
  g_autofree char *input_name = g_strdup_printf ("%s/harbour-01.%s.input.npy", f->out, id);
  g_autoptr (EngTensor) map = eng_npy_load (map_name, &error);
  g_assert_no_error (error);
  g_autoptr (EngTensor) input = eng_npy_load (input_name, &error);
  g_assert_no_error (error);
  g_assert_cmpint (map->shape.dim[map->shape.rank - 2], ==, json_node_get_int (look_up (record, "map.rows")));
  g_assert_cmpint (map->shape.dim[map->shape.rank - 1], ==, json_node_get_int (look_up (record, "map.cols")));
  g_assert_cmpint (input->shape.rank, ==, 2);
  g_assert_cmpint (input->shape.dim[0], ==, 96);
}

static void
check_record (JsonNode *record, const char *id)
{
  static const char *const keys[] = {
    "model.sha256",  "model.name",     "model.path",      "image.sha256", "image.name",
    "preprocessing", "class.index",    "class.name",      "method.id",    "layer",
    "seed",          "passes.forward", "passes.backward", "version",      "method.values",
  };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    look_up (record, keys[i]);
  g_assert_cmpstr (json_node_get_string (look_up (record, "method.id")), ==, id);
  g_assert_cmpstr (json_node_get_string (look_up (record, "class.name")), ==, "lighthouse");
  g_assert_cmpint (strlen (json_node_get_string (look_up (record, "model.sha256"))), ==, 64);
  g_assert_cmpint (json_node_get_int (look_up (record, "passes.forward")), >, 0);
  g_assert_cmpint (json_node_get_int (look_up (record, "seed")), ==, 7);
  g_assert_cmpfloat (json_node_get_double (look_up (record, "probability")), >, 0.5);
  g_assert_cmpfloat (json_node_get_double (look_up (record, "seconds")), >, 0);
}

/* README holds what the program says: "ninja -C build readme-methods" brings it up to date. */
static void
test_readme (Fixture *f, gconstpointer data)
{
  static const char begin[] = "<!-- methods: written by \"ninja -C build readme-methods\" -->\n";
  g_autofree char *data_folder = test_data (""), *path = g_build_filename (data_folder, "..", "README.md", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  if (!g_file_get_contents (path, &text, NULL, &error))
    {
      g_test_skip ("no README.md beside data/");
      return;
    }
  run (f, "methods", "--markdown");
  g_assert_cmpint (f->status, ==, 0);
  char *section = strstr (text, begin);
  g_assert_nonnull (section);
  section += strlen (begin);
  char *end = strstr (section, "<!-- /methods -->");
  g_assert_nonnull (end);
  *end = '\0';
  g_assert_cmpstr (section, ==, f->stdout_text);
}

/* Each method stands in the table; those that a model refuses say why; ids ask for more. */
static void
test_methods (Fixture *f, gconstpointer data)
{
  run (f, "methods", "--model", f->model);
  g_assert_cmpint (f->status, ==, 0);
  const EngMethod *method;
  for (guint i = 0; (method = eng_method_nth (i)); i++)
    {
      g_autofree char *row = g_strdup_printf ("  %s ", method->id);
      g_assert_nonnull (strstr (f->stdout_text, row));
      g_assert_nonnull (strstr (f->stdout_text, eng_family_name (method->family)));
    }
  run (f, "methods", "grad-cam", "--json", "--model", f->model);
  g_assert_cmpint (f->status, ==, 0);
  g_autoptr (JsonNode) root = parse (f->stdout_text);
  g_assert_cmpint (json_array_get_length (json_node_get_array (root)), ==, 1);
  JsonNode *only = json_array_get_element (json_node_get_array (root), 0);
  g_assert_cmpint (json_node_get_int (look_up (only, "passes.forward")), ==, 1);
  g_assert_cmpstr (json_node_get_string (look_up (only, "family")), ==, "class-activation");
  g_assert_cmpstr (json_node_get_string (look_up (only, "layer")), !=, "");
  run (f, "methods", "grad-cam");
  g_assert_nonnull (strstr (f->stdout_text, "--set average=1"));
  run (f, "methods", "crystal-ball");
  assert_refused (f, 2, "crystal-ball");
}

/* Several methods in one run: what does not apply is named, the others are done. */
static void
test_several (Fixture *f, gconstpointer data)
{
  run (f, "explain", "--model", f->model, "--method", "gradient,grad-cam", "--set", "average=2", "--set",
       "grad-cam.average=3", "--contrast", "sailboat", "--memory", "200M", "--output", f->out, f->scene);
  g_assert_cmpstr (f->stderr_text, ==, "");
  g_assert_cmpint (f->status, ==, 0);
  g_autoptr (JsonNode) first = read_json (f->out, "harbour-01.gradient.json");
  g_autoptr (JsonNode) second = read_json (f->out, "harbour-01.grad-cam.json");
  g_assert_cmpint (json_node_get_int (look_up (first, "method.values.average")), ==, 2);
  g_assert_cmpint (json_node_get_int (look_up (second, "method.values.average")), ==, 3);
  g_assert_cmpstr (json_node_get_string (look_up (second, "contrast.name")), ==, "sailboat");
  g_assert_true (JSON_NODE_HOLDS_NULL (look_up (second, "partial")));
  g_assert_cmpfloat (json_node_get_double (look_up (second, "convergence")), <=, 1);
  look_up (second, "notes");

  run (f, "explain", "--model", f->model, "--method", "ltx,gradient", "--contrast", "1", "--output", f->out,
       f->scene);
  assert_refused (f, 1, "left out: ltx");
  run (f, "explain", "--model", f->model, "--method", "ltx", "--contrast", "1", "--output", f->out, f->scene);
  assert_refused (f, 1, "rather than another");
  run (f, "explain", "--model", f->model, "--method", "gradient", "--class", "1", "--contrast", "1", "--output",
       f->out, f->scene);
  assert_refused (f, 2, "same class");
  run (f, "explain", "--model", f->model, "--method", "gradient,grad-cam", "--set", "stops=3", "--output", f->out,
       f->scene);
  assert_refused (f, 2, "stops");
  run (f, "explain", "--model", f->model, "--method", "grad-cam", "--set", "ltx.steps=3", "--output", f->out,
       f->scene);
  assert_refused (f, 2, "ltx.steps");
  static const char *const sizes[] = { "2", "much", "-1G", "3M", "2X", "nanG" };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      run (f, "explain", "--model", f->model, "--method", "grad-cam", "--memory", sizes[i], "--output", f->out,
           f->scene);
      assert_refused (f, 2, "--memory");
    }
}

/* Several layers: their maps are added; a method that looks at one says so. */
static void
test_layers (Fixture *f, gconstpointer data)
{
  g_autoptr (EngModel) model = eng_model_open (f->model, NULL, NULL);
  int n;
  const EngTarget *targets = eng_model_targets (model, &n);
  g_assert_cmpint (n, >=, 2);
  g_autofree char *layers = g_strdup_printf ("%s,%s", targets[n - 2].name, targets[n - 1].name);
  run (f, "explain", "--model", f->model, "--method", "grad-cam", "--layer", layers, "--output", f->out, f->scene);
  g_assert_cmpstr (f->stderr_text, ==, "");
  g_autoptr (JsonNode) record = read_json (f->out, "harbour-01.grad-cam.json");
  g_assert_cmpstr (json_node_get_string (look_up (record, "layer")), ==, layers);
  run (f, "explain", "--model", f->model, "--method", "ltx", "--layer", layers, "--output", f->out, f->scene);
  assert_refused (f, 1, "one layer");
}

/* All that applies on two pictures: photo and maps in rows, read back as a picture. */
static void
test_sheet (Fixture *f, gconstpointer data)
{
  g_autofree char *sheet = g_build_filename (f->out, "sheet.png", NULL), *other = test_data ("scenes/meadow-01.png");
  run (f, "sheet", "--model", f->model, "--method", "ltx,grad-cam,gradient", "--set", "ltx.steps=2", "--output",
       sheet, f->scene, other);
  g_assert_cmpstr (f->stderr_text, ==, "");
  g_assert_cmpint (f->status, ==, 0);
  g_autoptr (EngImage) image = eng_image_load (sheet, NULL);
  g_assert_nonnull (image);
  /* Four columns of 200 and gaps; two blocks, each a picture of 200 x 150 and its text. */
  g_assert_cmpint (eng_image_width (image), ==, 4 * 212 + 12);
  g_assert_cmpint (eng_image_height (image), >, 2 * (150 + 34));
  g_assert_cmpint (eng_image_height (image), <, 2 * (150 + 34) + 160);

  run (f, "sheet", "--model", f->model, "--method", "ltx,gradient", "--contrast", "1", "--output", sheet, f->scene);
  assert_refused (f, 1, "left out: ltx");
  run (f, "sheet", "--model", f->model, f->scene);
  assert_refused (f, 2, "--output");
  run (f, "sheet", "--model", f->model, "--method", "gradient", "--output", sheet, "gone.png");
  assert_refused (f, 1, "gone.png");
}

/* Every method that applies to the sample: four files, right shapes, all keys. */
static void
test_explain_all (Fixture *f, gconstpointer data)
{
  run (f, "methods", "--json", "--model", f->model);
  g_assert_cmpint (f->status, ==, 0);
  g_autoptr (JsonNode) root = parse (f->stdout_text);
  JsonArray *methods = json_node_get_array (root);
  g_assert_cmpint (json_array_get_length (methods), >=, 3);
  for (guint i = 0; i < json_array_get_length (methods); i++)
    {
      JsonObject *method = json_array_get_object_element (methods, i);
      const char *id = json_object_get_string_member (method, "id");
      if (!json_object_get_boolean_member (method, "applies"))
        continue;
      g_auto (GStrv) pairs = cheapest (method);
      g_autoptr (GPtrArray) line = g_ptr_array_new ();
      const char *head[] = { "explain", "--model", f->model, "--method", id,     "--seed",
                             "7",       "--class", "light",  "--output", f->out, f->scene };
      for (guint k = 0; k < G_N_ELEMENTS (head); k++)
        g_ptr_array_add (line, (gpointer)head[k]);
      for (char **pair = pairs; *pair; pair++)
        g_ptr_array_add (line, *pair);
      g_ptr_array_add (line, NULL);
      run_list (f, (const char *const *)line->pdata);
      g_assert_cmpstr (f->stderr_text, ==, "");
      g_assert_cmpint (f->status, ==, 0);
      g_assert_cmpuint (count_files (f->out), ==, 4);

      g_autofree char *picture = g_strdup_printf ("%s/harbour-01.%s.png", f->out, id);
      g_autofree char *name = g_strdup_printf ("harbour-01.%s.json", id);
      g_autoptr (EngImage) overlay = eng_image_load (picture, NULL);
      g_autoptr (JsonNode) record = read_json (f->out, name);
      g_assert_cmpint (eng_image_width (overlay), ==, 480);
      g_assert_cmpint (eng_image_height (overlay), ==, 360);
      check_record (record, id);
      check_arrays (f, id, record);
      test_remove_tree (f->out);
    }
}

static void
test_trajectory (Fixture *f, gconstpointer data)
{
  static const char *const keys[] = { "step",         "loss", "prediction_loss", "mask_loss",
                                      "inverse_loss", "auc",  "target_score",    "mask_mean" };
  run (f, "explain", "--model", f->model, "--method", "ltx", "--set", "steps=3", "--output", f->out, f->scene);
  g_assert_cmpint (f->status, ==, 0);
  g_autoptr (JsonNode) record = read_json (f->out, "harbour-01.ltx.json");
  JsonArray *steps = json_node_get_array (look_up (record, "trajectory"));
  g_assert_cmpint (json_array_get_length (steps), >=, 3);
  for (guint i = 0; i < json_array_get_length (steps); i++)
    {
      JsonNode *step = json_array_get_element (steps, i);
      for (guint k = 0; k < G_N_ELEMENTS (keys); k++)
        look_up (step, keys[k]);
      g_assert_cmpint (json_node_get_int (look_up (step, "step")), ==, i);
    }
  look_up (record, "selected");
  g_assert_cmpint (json_node_get_int (look_up (record, "method.values.steps")), ==, 3);
}

static void
copy_file (const char *from, const char *folder, const char *name)
{
  g_autofree char *to = g_build_filename (folder, name, NULL), *text = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (from, &text, &length, NULL));
  g_mkdir_with_parents (folder, 0777);
  g_assert_true (g_file_set_contents (to, text, length, NULL));
}

/* Folders stand for their pictures; a broken one is named, the others are done; equal stems part. */
static void
test_many (Fixture *f, gconstpointer data)
{
  g_autofree char *pictures = g_build_filename (f->folder, "pictures", NULL);
  g_autofree char *text = g_build_filename (pictures, "letter.png", NULL);
  g_autofree char *missing = g_build_filename (f->folder, "gone.png", NULL);
  g_autofree char *empty = g_build_filename (f->folder, "empty", NULL);
  copy_file (f->scene, pictures, "harbour-01.png");
  copy_file (f->scene, pictures, "b.c.png");
  g_assert_true (g_file_set_contents (text, "Dear picture,", -1, NULL));
  g_mkdir (empty, 0777);
  run (f, "explain", "--model", f->model, "--method", "grad-cam", "--output", f->out, pictures, missing, f->scene,
       empty);
  assert_refused (f, 1, "letter.png");
  g_assert_nonnull (strstr (f->stderr_text, "gone.png"));
  g_assert_nonnull (strstr (f->stderr_text, "empty"));
  g_assert_cmpuint (count_files (f->out), ==, 12);
  g_assert_true (has_file (f->out, "b.c.grad-cam.json"));
  g_assert_true (has_file (f->out, "harbour-01.grad-cam.npy"));
  g_assert_true (has_file (f->out, "harbour-01-2.grad-cam.npy"));

  run (f, "predict", "--json", "--model", f->model, text, f->scene);
  assert_refused (f, 1, "letter.png");
  g_autoptr (JsonNode) root = parse (f->stdout_text);
  g_assert_cmpint (json_array_get_length (json_node_get_array (root)), ==, 1);
}

static void
test_bad_model (Fixture *f, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (f->folder, "gone.onnx", NULL);
  g_autofree char *text = g_build_filename (f->folder, "letter.onnx", NULL);
  g_assert_true (g_file_set_contents (text, "Dear model,", -1, NULL));
  run (f, "inspect", missing);
  assert_refused (f, 1, "gone.onnx");
  run (f, "predict", "--model", text, f->scene);
  assert_refused (f, 1, "letter.onnx");
  run (f, "explain", "--model", text, "--method", "ltx", "--output", f->out, f->scene);
  assert_refused (f, 1, "letter.onnx");
  g_assert_false (g_file_test (f->out, G_FILE_TEST_EXISTS));
}

/* A folder below a file cannot be made, not even by root. */
static void
test_unwritable (Fixture *f, gconstpointer data)
{
  g_autofree char *file = g_build_filename (f->folder, "file", NULL);
  g_autofree char *below = g_build_filename (file, "out", NULL);
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  run (f, "explain", "--model", f->model, "--method", "grad-cam", "--output", below, f->scene);
  assert_refused (f, 1, "--output");
  run (f, "explain", "--model", f->model, "--method", "grad-cam", "--output", file, f->scene);
  assert_refused (f, 1, "--output");
}

static void
limit_file_size (gpointer data)
{
  struct rlimit limit = { 2000, 2000 };
  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &limit);
}

/* Files may hold 2,000 bytes: the map fits, the overlay does not. Nothing is left, and it is said. */
static void
test_full_disk (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, limit_file_size, NULL, NULL);
  run_with (f, launcher,
            (const char *const[]){ "explain", "--model", f->model, "--method", "grad-cam", "--output", f->out,
                                   f->scene, NULL });
  assert_refused (f, 1, "harbour-01.grad-cam");
  g_assert_cmpuint (count_files (f->out), ==, 0);
}

static void
test_full_stdout (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_stdout_file_path (launcher, "/dev/full");
  run_with (f, launcher, (const char *const[]){ "methods", NULL });
  assert_refused (f, 1, "standard output");
}

/* Same seed, same bytes. */
static void
test_repeats (Fixture *f, gconstpointer data)
{
  g_autofree char *second = g_build_filename (f->folder, "second", NULL);
  const char *names[] = { "harbour-01.ltx.npy", "harbour-01.ltx.png" };
  run (f, "explain", "--model", f->model, "--method", "ltx", "--set", "steps=2", "--threads", "1", "--output", f->out,
       f->scene);
  g_assert_cmpint (f->status, ==, 0);
  run (f, "explain", "--model", f->model, "--method", "ltx", "--set", "steps=2", "--threads", "1", "--output", second,
       f->scene);
  g_assert_cmpint (f->status, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *a = g_build_filename (f->out, names[i], NULL), *b = g_build_filename (second, names[i], NULL);
      g_autofree char *x = NULL, *y = NULL;
      gsize nx, ny;
      g_assert_true (g_file_get_contents (a, &x, &nx, NULL));
      g_assert_true (g_file_get_contents (b, &y, &ny, NULL));
      g_assert_cmpmem (x, nx, y, ny);
    }
}

/* On a terminal progress appears; Ctrl+C then ends the run soon, and keeps what was done. */
static void
test_interrupt (Fixture *f, gconstpointer data)
{
  int terminal, end;
  char seen[4096];
  gsize length = 0;
  g_autoptr (GError) error = NULL;
  if (openpty (&terminal, &end, NULL, NULL, NULL) != 0)
    {
      g_test_skip ("no pseudo-terminals on this machine");
      return;
    }
  fcntl (terminal, F_SETFD, FD_CLOEXEC);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_subprocess_launcher_take_stderr_fd (launcher, end);
  g_autoptr (GSubprocess) process =
      g_subprocess_launcher_spawn (launcher, &error, g_getenv ("SIGHTLINE_CLI"), "explain", "--model", f->model,
                                   "--method", "ltx", "--set", "steps=200", "--output", f->out, f->scene, NULL);
  g_assert_no_error (error);
  g_clear_object (&launcher); /* closes our copy of the terminal's end */
  while (length < sizeof seen - 1 && !memmem (seen, length, " of 200 steps", 13))
    {
      gssize got = read (terminal, seen + length, sizeof seen - 1 - length);
      if (got <= 0)
        break;
      length += (gsize)got;
    }
  g_assert_nonnull (memmem (seen, length, "harbour-01.png [", 16));
  g_subprocess_send_signal (process, SIGINT);
  while (read (terminal, seen, sizeof seen) > 0) /* until the program has closed it */
    ;
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 130);
  close (terminal);
  g_assert_cmpuint (count_files (f->out), ==, 4);
  g_autoptr (JsonNode) record = read_json (f->out, "harbour-01.ltx.json");
  g_assert_cmpint (json_node_get_int (look_up (record, "partial.total")), ==, 200);
  g_assert_cmpint (json_node_get_int (look_up (record, "partial.done")), <, 200);
  g_assert_cmpstr (json_node_get_string (look_up (record, "partial.unit")), ==, "steps");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  static const struct
  {
    const char *path;
    void (*run) (Fixture *, gconstpointer);
  } tests[] = {
    { "/cli/help", test_help },
    { "/cli/usage", test_usage },
    { "/cli/wrong-values", test_wrong_values },
    { "/cli/predict", test_predict },
    { "/cli/profile", test_profile },
    { "/cli/inspect", test_inspect },
    { "/cli/methods", test_methods },
    { "/cli/methods/readme", test_readme },
    { "/cli/explain/several", test_several },
    { "/cli/explain/layers", test_layers },
    { "/cli/sheet", test_sheet },
    { "/cli/explain/every-method", test_explain_all },
    { "/cli/explain/trajectory", test_trajectory },
    { "/cli/explain/many", test_many },
    { "/cli/explain/repeats", test_repeats },
    { "/cli/explain/interrupt", test_interrupt },
    { "/cli/bad/model", test_bad_model },
    { "/cli/bad/folder", test_unwritable },
    { "/cli/bad/full-disk", test_full_disk },
    { "/cli/bad/full-stdout", test_full_stdout },
  };
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
