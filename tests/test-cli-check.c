/* "sightline-cli check" as people meet it: run as a program of its own, judged by exit status, messages and files. */
#define _GNU_SOURCE /* memmem() */
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
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

/* @more: options with spaces between. */
static void
run (Fixture *f, const char *more)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strdup_printf ("check --model %s --output %s %s %s", f->model, f->out, more, f->scene);
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (gpointer)g_getenv ("SIGHTLINE_CLI"));
  for (char **word = words; *word; word++)
    if (**word)
      g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  g_autoptr (GSubprocess) process = g_subprocess_newv (
      (const char *const *)argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_clear_pointer (&f->stdout_text, g_free);
  g_clear_pointer (&f->stderr_text, g_free);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &f->stdout_text, &f->stderr_text, &error);
  g_assert_no_error (error);
  f->status = g_subprocess_get_exit_status (process);
}

static void
assert_refused (Fixture *f, const char *more, const char *text)
{
  run (f, more);
  g_assert_cmpint (f->status, ==, 2);
  if (!strstr (f->stderr_text, text))
    g_error ("the message does not say \"%s\": %s", text, f->stderr_text);
}

static JsonObject *
read_record (Fixture *f, const char *name, JsonNode **root)
{
  g_autofree char *path = g_build_filename (f->out, name, NULL), *text = NULL;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  *root = json_from_string (text, &error);
  g_assert_no_error (error);
  return json_node_get_object (*root);
}

static EngTensor *
read_array (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->out, name, NULL);
  g_autoptr (GError) error = NULL;
  EngTensor *array = eng_npy_load (path, &error);
  g_assert_no_error (error);
  return array;
}

static void
assert_shape (const EngTensor *array, const char *expected)
{
  g_autofree char *shape = eng_shape_to_string (&array->shape);
  g_assert_cmpstr (shape, ==, expected);
}

static void
test_usage (Fixture *f, gconstpointer data)
{
  assert_refused (f, "", "check needs --method");
  assert_refused (f, "--method gradient --runs 1", "--runs 1 is not between 2 and 50");
  assert_refused (f, "--method gradient --stages 0", "--stages 0 is not between 1 and 50");
  assert_refused (f, "--method gradient --vary colour", "automatic, seed, noise or shift");
  assert_refused (f, "--method gradient --vary shift --runs 10", "too many for --vary shift");
  assert_refused (f, "--method gradient --sigma -1", "--sigma -1 is not between 0 and 255");
}

static void
test_both (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) stability = NULL, sanity = NULL;
  run (f, "--method gradient --runs 3 --stages 2 --seed 4");
  g_assert_cmpint (f->status, ==, 0);
  JsonObject *s = read_record (f, "harbour-01.gradient.stability.json", &stability);
  JsonObject *r = read_record (f, "harbour-01.gradient.sanity.json", &sanity);
  g_assert_cmpstr (json_object_get_string_member (s, "vary"), ==, "noise");
  g_assert_true (json_object_get_boolean_member (s, "seeds_make_no_difference"));
  g_assert_cmpint (json_object_get_int_member (s, "seed"), ==, 4);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (s, "runs")), ==, 3);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (r, "runs")), ==, 3);
  /* What is printed is what is written. */
  g_assert_nonnull (strstr (f->stdout_text, json_object_get_string_member (s, "sentence")));
  g_assert_nonnull (strstr (f->stdout_text, json_object_get_string_member (r, "sentence")));
  g_assert_cmpstr (json_object_get_string_member (r, "verdict"), ==, "good"); /* a gradient depends on the weights */
  JsonObject *last = json_array_get_object_element (json_object_get_array_member (r, "runs"), 2);
  g_assert_cmpint (json_object_get_int_member (last, "layers"), ==, json_object_get_int_member (r, "layers"));
  g_assert_cmpfloat (json_object_get_double_member (last, "spearman"), <, 0.3);
  g_autoptr (EngTensor) mean = read_array (f, "harbour-01.gradient.stability.mean.npy");
  g_autoptr (EngTensor) spread = read_array (f, "harbour-01.gradient.stability.spread.npy");
  g_autoptr (EngTensor) maps = read_array (f, "harbour-01.gradient.sanity.npy");
  assert_shape (mean, "96x96");
  assert_shape (spread, "96x96");
  assert_shape (maps, "3x96x96");
  for (int i = 0; i < 96 * 96; i++)
    g_assert_cmpfloat (spread->f[i], >=, 0);
}

static void
test_one_alone (Fixture *f, gconstpointer data)
{
  run (f, "--method grad-cam --stability --vary shift --runs 2");
  g_assert_cmpint (f->status, ==, 0);
  g_autofree char *sanity = g_build_filename (f->out, "harbour-01.grad-cam.sanity.json", NULL);
  g_assert_false (g_file_test (sanity, G_FILE_TEST_EXISTS));
  g_autoptr (EngTensor) mean = read_array (f, "harbour-01.grad-cam.stability.mean.npy");
  assert_shape (mean, "96x96");
}

/* Ctrl+C ends it soon and leaves no file. */
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
      g_subprocess_launcher_spawn (launcher, &error, g_getenv ("SIGHTLINE_CLI"), "check", "--model", f->model,
                                   "--method", "rise", "--set", "masks=20000", "--output", f->out, f->scene, NULL);
  g_assert_no_error (error);
  g_clear_object (&launcher); /* closes our copy of the terminal's end */
  while (length < sizeof seen - 1 && !memmem (seen, length, "rise stability [", 16))
    {
      gssize got = read (terminal, seen + length, sizeof seen - 1 - length);
      if (got <= 0)
        break;
      length += (gsize)got;
    }
  g_assert_nonnull (memmem (seen, length, "rise stability [", 16));
  g_subprocess_send_signal (process, SIGINT);
  while (read (terminal, seen, sizeof seen) > 0) /* until the program has closed it */
    ;
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 130);
  close (terminal);
  g_autoptr (GDir) dir = g_dir_open (f->out, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/cli-check/usage", Fixture, NULL, set_up, test_usage, tear_down);
  g_test_add ("/cli-check/both", Fixture, NULL, set_up, test_both, tear_down);
  g_test_add ("/cli-check/one-alone", Fixture, NULL, set_up, test_one_alone, tear_down);
  g_test_add ("/cli-check/interrupt", Fixture, NULL, set_up, test_interrupt, tear_down);
  return g_test_run ();
}
