/* "sightline-cli train" and "explain --explainer" as people meet them: programs of their own, judged by exit status,
 * messages and files. One thread, so that the same training gives the same bytes. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>

#include "engine/engine.h"
#include "support.h"

#define SMALL " --set steps=8 --set batch=4 --set validation=4 --set validate-every=4"

typedef struct
{
  char *folder, *model, *pictures, *output, *checkpoint, *out;
  GSubprocessLauncher *launcher;
  int status;
  char *stdout_text, *stderr_text;
} Fixture;

static void
copy (const char *from, const char *folder, const char *name)
{
  g_autofree char *to = g_build_filename (folder, name, NULL), *bytes = NULL;
  gsize n;
  g_assert_true (g_file_get_contents (from, &bytes, &n, NULL) && g_file_set_contents (to, bytes, (gssize)n, NULL));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const files[] = { "scenes-cnn.onnx", "scenes-cnn.json", "scenes.txt" };
  f->folder = test_tmpdir ();
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *relative = g_build_filename ("models", files[i], NULL), *from = test_data (relative);
      copy (from, f->folder, files[i]);
    }
  f->model = g_build_filename (f->folder, files[0], NULL);
  f->output = g_build_filename (f->folder, "a.explainer.onnx", NULL);
  f->checkpoint = g_strconcat (f->output, ".checkpoint", NULL);
  f->out = g_build_filename (f->folder, "out", NULL);
  f->pictures = g_build_filename (f->folder, "pictures", NULL);
  g_assert_cmpint (g_mkdir (f->pictures, 0700), ==, 0);
  g_autofree char *scenes = test_data ("scenes");
  g_autoptr (GDir) dir = g_dir_open (scenes, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir));)
    if (g_str_has_suffix (name, ".png"))
      {
        g_autofree char *from = g_build_filename (scenes, name, NULL);
        copy (from, f->pictures, name);
      }
  f->launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_setenv (f->launcher, "OMP_NUM_THREADS", "1", TRUE);
  g_subprocess_launcher_setenv (f->launcher, "XDG_DATA_HOME", f->folder, TRUE);
  g_subprocess_launcher_setenv (f->launcher, "XDG_CACHE_HOME", f->folder, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->model);
  g_free (f->pictures);
  g_free (f->output);
  g_free (f->checkpoint);
  g_free (f->out);
  g_object_unref (f->launcher);
  g_free (f->stdout_text);
  g_free (f->stderr_text);
}

/* @line: words with single spaces between. */
static GSubprocess *
start (Fixture *f, const char *line)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (gpointer)g_getenv ("SIGHTLINE_CLI"));
  for (char **word = words; *word; word++)
    if (**word)
      g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  GSubprocess *process = g_subprocess_launcher_spawnv (f->launcher, (const char *const *)argv->pdata, &error);
  g_assert_no_error (error);
  return process;
}

static void
run (Fixture *f, const char *line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = start (f, line);
  g_clear_pointer (&f->stdout_text, g_free);
  g_clear_pointer (&f->stderr_text, g_free);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &f->stdout_text, &f->stderr_text, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  f->status = g_subprocess_get_exit_status (process);
}

/* (transfer full): the command line of a small training. */
static char *
training (Fixture *f, const char *more)
{
  return g_strdup_printf ("train bla --model %s --images %s --output %s%s %s", f->model, f->pictures, f->output,
                          SMALL, more);
}

static void
train (Fixture *f, const char *more)
{
  g_autofree char *line = training (f, more);
  run (f, line);
}

static void
assert_says (const char *text, const char *words)
{
  if (!strstr (text, words))
    g_error ("it does not say \"%s\": %s", words, text);
}

static void
assert_done (Fixture *f)
{
  if (f->status != 0)
    g_error ("status %d: %s", f->status, f->stderr_text);
}

static void
assert_refused (Fixture *f, int status, const char *words)
{
  g_assert_cmpint (f->status, ==, status);
  assert_says (f->stderr_text, words);
}

static GBytes *
bytes_of (const char *path)
{
  char *data;
  gsize n;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &data, &n, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, n);
}

static char *
in_folder (Fixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

/* ---- training, and explaining with what came of it ---- */

static void
test_train (Fixture *f, gconstpointer data)
{
  g_autofree char *curves = in_folder (f, "curves.png"), *more = g_strdup_printf ("--seed 3 --curves %s", curves);
  train (f, more);
  assert_done (f);
  assert_says (f->stdout_text, "24 pictures");
  assert_says (f->stdout_text, "step 0 of 8: held-out loss ");
  assert_says (f->stdout_text, "step 8 of 8: loss ");
  assert_says (f->stdout_text, "Written to ");
  g_assert_false (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
  g_autoptr (GBytes) png = bytes_of (curves), explainer = bytes_of (f->output);
  g_assert_cmpmem (g_bytes_get_data (png, NULL), 8, "\211PNG\r\n\032\n", 8);

  /* The method that answers is known from the file; found beside the model, it gives the same map. */
  g_autofree char *scene = test_data ("scenes/harbour-01.png");
  g_autofree char *named =
      g_strdup_printf ("explain --model %s --explainer %s --output %s/named %s", f->model, f->output, f->out, scene);
  g_autofree char *found =
      g_strdup_printf ("explain --model %s --method bla --output %s/found %s", f->model, f->out, scene);
  run (f, named);
  assert_done (f);
  run (f, found);
  assert_done (f);
  g_autofree char *a = g_build_filename (f->out, "named", "harbour-01.bla.npy", NULL);
  g_autofree char *b = g_build_filename (f->out, "found", "harbour-01.bla.npy", NULL);
  g_autofree char *record = g_build_filename (f->out, "named", "harbour-01.bla.json", NULL), *text = NULL;
  g_autoptr (GBytes) first = bytes_of (a), second = bytes_of (b);
  g_assert_true (g_bytes_equal (first, second));
  g_assert_true (g_file_get_contents (record, &text, NULL, NULL));
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, explainer);
  assert_says (text, digest);
  assert_says (text, "trained on 24 pictures");

  /* The same again gives the same bytes. */
  train (f, "--seed 3");
  assert_done (f);
  g_autoptr (GBytes) again = bytes_of (f->output);
  g_assert_true (g_bytes_equal (explainer, again));
}

static void
test_kinds (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const EngExplainerKind *kind;
  guint n = 0;
  /* A line for each, and one that says where the rest is. */
  run (f, "train --kinds");
  assert_done (f);
  g_auto (GStrv) lines = g_strsplit (f->stdout_text, "\n", -1);
  for (; (kind = eng_kind_nth (n)); n++)
    {
      g_autofree char *start = g_strdup_printf ("  %s ", kind->id);
      g_assert_true (g_str_has_prefix (lines[n], start) && g_str_has_suffix (lines[n], "."));
    }
  g_assert_cmpuint (g_strv_length (lines), ==, n + 3);
  assert_says (lines[n + 1], "train --kinds KIND");
  run (f, "train --kinds --json");
  assert_done (f);
  g_autoptr (JsonNode) root = json_from_string (f->stdout_text, &error);
  g_assert_no_error (error);
  JsonArray *kinds = json_node_get_array (root);
  for (n = 0; (kind = eng_kind_nth (n)); n++)
    {
      JsonObject *row = json_array_get_object_element (kinds, n);
      g_assert_cmpstr (json_object_get_string_member (row, "id"), ==, kind->id);
      g_autoptr (EngValues) values = eng_kind_values (kind, NULL);
      JsonArray *params = json_object_get_array_member (row, "params");
      for (guint i = 0; eng_values_param (values, i); i++)
        g_assert_cmpstr (json_object_get_string_member (json_array_get_object_element (params, i), "id"), ==,
                         eng_values_param (values, i)->id);
    }
  g_assert_cmpuint (json_array_get_length (kinds), ==, n);
  g_autofree char *line = g_strdup_printf ("train --kinds bla --model %s", f->model);
  run (f, line);
  assert_done (f);
  assert_says (f->stdout_text, "Needs: layer with a grid, linear head.");
  assert_says (f->stdout_text, "--set batch=32");
  g_assert_null (strstr (f->stdout_text, "Not possible here"));
  /* What fits a classifier, and why not. */
  g_autofree char *vit = test_data ("models/scenes-vit.onnx");
  g_autofree char *fits = g_strdup_printf ("train --kinds --model %s", vit);
  run (f, fits);
  assert_done (f);
  assert_says (f->stdout_text, "yes: Selects the patches");
  assert_says (f->stdout_text, "no: BLA needs a network that ends in the mean");
  g_autofree char *misfit =
      g_strdup_printf ("train bla --model %s --images %s --output %s", vit, f->pictures, f->output);
  run (f, misfit);
  assert_refused (f, 1, "says which kinds fit");
}

static void
test_estimate (Fixture *f, gconstpointer data)
{
  g_autofree char *line = g_strdup_printf ("train bla --model %s --estimate --set steps=10", f->model);
  run (f, line);
  assert_done (f);
  assert_says (f->stdout_text, "for 10 steps of 32 pictures; ");
}

/* ---- what does not exist ---- */

static void
test_usage (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *more, *words;
  } cases[] = {
    { "--set no-such=3", "BLA has no parameter “no-such”. Its parameters are: " },
    { "--set steps=0", "Give a whole number from 1" },
    { "--resume --restart", "give one of them" },
    { "--seed -1", "--seed must not be negative" },
    { "--layer /no/such", "/no/such" },
    { "--json", "--json goes with --kinds" },
    { "--memory 12", "--memory cannot be" },
    { "ltx", "one kind of explainer at a time" },
    { "--precision half", "--precision half" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      train (f, cases[i].more);
      assert_refused (f, 2, cases[i].words);
    }
  run (f, "train");
  assert_refused (f, 2, "train needs a kind of explainer");
  g_autofree char *unknown = g_strdup_printf ("train magic --model %s --images %s --output x", f->model, f->pictures);
  run (f, unknown);
  assert_refused (f, 2, "There is no kind of explainer “magic”. Kinds are: ");
  run (f, "train --kinds magic");
  assert_refused (f, 2, "There is no kind");
  g_assert_false (g_file_test (f->output, G_FILE_TEST_EXISTS));
}

/* ---- pictures and labels ---- */

static void
write_text (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_pictures (Fixture *f, gconstpointer data)
{
  guint8 pixel[3] = { 9, 9, 9 };
  g_autofree char *tiny = g_build_filename (f->pictures, "tiny.bmp", NULL);
  test_write_bmp (tiny, 1, 1, pixel);
  write_text (f->pictures, "broken.png", "\211PNG\r\n\032\nthat is all");
  write_text (f->pictures, "notes.txt", "no picture");
  train (f, "");
  assert_done (f);
  assert_says (f->stdout_text, "24 pictures, 3 left out");
  assert_says (f->stdout_text, "left out: broken.png: ");
  assert_says (f->stdout_text, "left out: tiny.bmp: ");
  assert_says (f->stdout_text, "left out: notes.txt: ");
}

static void
test_few (Fixture *f, gconstpointer data)
{
  /* A list with one class and fewer pictures than a batch. */
  g_autofree char *list = in_folder (f, "list.csv");
  write_text (f->folder, "list.csv",
              "path,label\npictures/harbour-01.png,sailboat\npictures/harbour-02.png,sailboat\n"
              "pictures/harbour-03.png,sailboat\n");
  g_autofree char *line = g_strdup_printf ("train bla --model %s --images %s --output %s%s", f->model, list,
                                           f->output, " --set steps=4 --set validate-every=2");
  run (f, line);
  assert_done (f);
  assert_says (f->stdout_text, "3 pictures");
  g_assert_true (g_file_test (f->output, G_FILE_TEST_EXISTS));

  /* One picture is no training. */
  write_text (f->folder, "list.csv", "path,label\npictures/harbour-01.png,sailboat\n");
  run (f, line);
  assert_refused (f, 1, "training needs at least two");
}

static void
test_labels (Fixture *f, gconstpointer data)
{
  g_autofree char *labels = in_folder (f, "labels.csv"), *with = g_strdup_printf ("--labels %s", labels);
  write_text (f->folder, "labels.csv", "name,label\nharbour-01.png,spaceship\nharbour-02.png,submarine\n");
  train (f, with);
  assert_refused (f, 1, "no label is a class of");
  write_text (f->folder, "labels.csv", "name,label\nnowhere.png,sailboat\n");
  train (f, with);
  assert_refused (f, 1, "names none of the pictures");
  train (f, "--set target=label");
  assert_refused (f, 1, "has a label");
  g_assert_false (g_file_test (f->output, G_FILE_TEST_EXISTS));
}

static void
test_output (Fixture *f, gconstpointer data)
{
  g_autofree char *nowhere = in_folder (f, "no/such/folder/a.explainer.onnx");
  g_autofree char *line =
      g_strdup_printf ("train bla --model %s --images %s --output %s", f->model, f->pictures, nowhere);
  run (f, line);
  assert_refused (f, 1, "cannot be written");
  g_autofree char *folder =
      g_strdup_printf ("train bla --model %s --images %s --output %s", f->model, f->pictures, f->folder);
  run (f, folder);
  assert_refused (f, 1, "is a folder");
}

/* ---- explainers that will not do ---- */

static void
test_explainers (Fixture *f, gconstpointer data)
{
  g_autofree char *scene = test_data ("scenes/harbour-01.png"), *vit = test_data ("models/scenes-vit.onnx");
  train (f, "");
  assert_done (f);
  g_autoptr (GBytes) sound = bytes_of (f->output);
  g_autofree char *cut = in_folder (f, "cut.onnx");
  g_assert_true (
      g_file_set_contents (cut, g_bytes_get_data (sound, NULL), (gssize)g_bytes_get_size (sound) / 2, NULL));
  const struct
  {
    const char *model, *explainer, *more;
    int status;
    const char *words;
  } cases[] = {
    { f->model, cut, "", 1, "cut.onnx is cut short or damaged" },
    { f->model, f->model, "", 1, "is no explainer that Sightline trained" },
    { vit, f->output, "", 1, "a.explainer.onnx was trained for " },
    { f->model, f->output, "--method grad-cam", 2, "answers the method bla, which is not among those asked for" },
    { f->model, f->output, "--method nn-explainer --set explainer=", 2, "answers the method bla" },
    { f->model, "/no/such/file", "", 1, "cannot be opened" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *line = g_strdup_printf ("explain --model %s --explainer %s %s --output %s %s", cases[i].model,
                                               cases[i].explainer, cases[i].more, f->out, scene);
      run (f, line);
      assert_refused (f, cases[i].status, cases[i].words);
    }
  /* None is found for the other model. */
  g_autofree char *none = g_strdup_printf ("explain --model %s --method bla --output %s %s", vit, f->out, scene);
  run (f, none);
  g_assert_cmpint (f->status, ==, 1);
  /* A parameter names a file, too, and that of another kind is refused. */
  g_autofree char *other =
      g_strdup_printf ("explain --model %s --method nn-explainer --set explainer=%s --output %s %s", f->model,
                       f->output, f->out, scene);
  run (f, other);
  g_assert_cmpint (f->status, ==, 1);
}

/* ---- ends before the end ---- */

/* Reads what @process prints until a line begins with @words. */
static void
wait_for_line (GSubprocess *process, const char *words)
{
  g_autoptr (GDataInputStream) in = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (in), FALSE);
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (in, NULL, NULL, NULL);
      g_assert_nonnull (line);
      if (g_str_has_prefix (line, words))
        return;
    }
}

static const char long_one[] = "--set steps=60 --set validate-every=1";

static void
test_killed (Fixture *f, gconstpointer data)
{
  g_autofree char *line = training (f, long_one), *resume = g_strconcat (line, " --resume", NULL);
  run (f, line);
  assert_done (f);
  g_autoptr (GBytes) whole = bytes_of (f->output);
  g_unlink (f->output);

  g_autoptr (GSubprocess) process = start (f, line);
  wait_for_line (process, "step 7 of 60");
  g_subprocess_force_exit (process);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_true (g_subprocess_get_if_signaled (process));
  g_assert_true (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (f->output, G_FILE_TEST_EXISTS));

  run (f, line);
  assert_refused (f, 1, "holds a training that was not finished");
  run (f, resume);
  assert_done (f);
  g_autoptr (GBytes) resumed = bytes_of (f->output);
  g_assert_true (g_bytes_equal (whole, resumed));
  g_assert_false (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
}

static void
test_interrupted (Fixture *f, gconstpointer data)
{
  g_autofree char *line = training (f, "--set steps=100000 --set validate-every=5");
  g_autoptr (GSubprocess) process = start (f, line);
  wait_for_line (process, "step 5 of 100000");
  g_subprocess_send_signal (process, SIGINT);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 130);
  g_assert_true (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
  g_autoptr (GError) error = NULL;
  g_autoptr (EngExplainerFile) file = eng_explainer_file_open (f->output, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/cli-train/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("train", test_train);
  ADD ("kinds", test_kinds);
  ADD ("estimate", test_estimate);
  ADD ("usage", test_usage);
  ADD ("pictures", test_pictures);
  ADD ("few", test_few);
  ADD ("labels", test_labels);
  ADD ("output", test_output);
  ADD ("explainers", test_explainers);
  ADD ("killed", test_killed);
  ADD ("interrupted", test_interrupted);
  return g_test_run ();
}
