/* sightline-cli evaluate as people meet it: killed and run again, in parts, over files that are somebody else's; and
 * its report. The model and the pictures are the shipped sample, Grad-CAM and the protocols of the LTX paper. */
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "engine/engine.h"
#include "support.h"

#define MOST_ARGUMENTS 40

static const char *const scenes[] = { "harbour-01.png", "kitchen-01.png", "meadow-02.png",
                                      "reef-01.png",    "sands-01.png",   "winter-01.png" };
static const char *const suffixes[] = { ".csv", ".json", ".curves.csv", ".summary.csv", ".summary.json" };

typedef struct
{
  char *folder, *model;
  GPtrArray *pictures; /* char*: paths of copies of the scenes */
  int status;
  char *printed, *complained;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = test_tmpdir ();
  f->model = test_data ("models/scenes-cnn.onnx");
  f->pictures = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    {
      g_autofree char *name = g_strconcat ("scenes/", scenes[i], NULL), *from = test_data (name), *bytes = NULL;
      char *to = g_build_filename (f->folder, scenes[i], NULL);
      gsize length;
      g_assert_true (g_file_get_contents (from, &bytes, &length, NULL));
      g_assert_true (g_file_set_contents (to, bytes, (gssize)length, NULL));
      g_ptr_array_add (f->pictures, to);
    }
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_remove_tree (f->folder);
  g_ptr_array_unref (f->pictures);
  g_free (f->folder);
  g_free (f->model);
  g_free (f->printed);
  g_free (f->complained);
}

static char *
in_folder (Fixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

/* "@command @further...", in the folder. */
static GSubprocess *
start_command (Fixture *f, const char *command, const char *const *further)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_ptr_array_add (argv, (gpointer)g_getenv ("SIGHTLINE_CLI"));
  g_ptr_array_add (argv, (gpointer)command);
  for (; *further; further++)
    g_ptr_array_add (argv, (gpointer)*further);
  g_ptr_array_add (argv, NULL);
  g_subprocess_launcher_set_cwd (launcher, f->folder);
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  GSubprocess *process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, &error);
  g_assert_no_error (error);
  return process;
}

static GSubprocess *
start (Fixture *f, const char *const *further)
{
  return start_command (f, "evaluate", further);
}

static void
finish (Fixture *f, GSubprocess *process)
{
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&f->printed, g_free);
  g_clear_pointer (&f->complained, g_free);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &f->printed, &f->complained, &error);
  g_assert_no_error (error);
  f->status = g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : -1;
}

/* The usual command: methods, protocols, curves, all pictures, then @further (at most ten). (transfer container) */
static const char **
command_line (Fixture *f, const char *output, const char *const *further)
{
  const char *usual[] = { "--model", f->model,   "--methods", "grad-cam", "--protocols",
                          "ltx",     "--curves", "--output",  output };
  const char **line = g_new0 (const char *, MOST_ARGUMENTS);
  guint n = 0;
  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    line[n++] = usual[i];
  for (; *further; further++)
    line[n++] = *further;
  for (guint i = 0; i < f->pictures->len; i++)
    line[n++] = scenes[f->pictures->len - 1 - i]; /* the order of the command line does not matter */
  g_assert_cmpuint (n, <, MOST_ARGUMENTS);
  return line;
}

#define evaluate(f, output, ...) evaluate_list (f, output, (const char *const[]){ __VA_ARGS__ __VA_OPT__ (, ) NULL })

static void
evaluate_list (Fixture *f, const char *output, const char *const *further)
{
  g_autofree const char **line = command_line (f, output, further);
  g_autoptr (GSubprocess) process = start (f, line);
  finish (f, process);
}

static void
assert_refused (Fixture *f, const char *text)
{
  g_assert_cmpint (f->status, !=, 0);
  if (!strstr (f->complained, text) || strstr (f->complained, "WARNING"))
    g_error ("the message does not say \"%s\": %s", text, f->complained);
}

static void
assert_done (Fixture *f)
{
  if (f->status != 0)
    g_error ("evaluate ended with %d: %s", f->status, f->complained);
}

/* All files of the evaluations A and B are equal. */
static void
assert_same (Fixture *f, const char *a, const char *b)
{
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name_a = g_strconcat (a, suffixes[i], NULL), *path_a = in_folder (f, name_a), *text_a = NULL;
      g_autofree char *name_b = g_strconcat (b, suffixes[i], NULL), *path_b = in_folder (f, name_b), *text_b = NULL;
      gsize length_a, length_b;
      g_assert_true (g_file_get_contents (path_a, &text_a, &length_a, NULL));
      g_assert_true (g_file_get_contents (path_b, &text_b, &length_b, NULL));
      if (length_a != length_b || memcmp (text_a, text_b, length_a) != 0)
        g_error ("%s and %s differ", name_a, name_b);
    }
}

static goffset
size_of (const char *path)
{
  GStatBuf info;
  return g_stat (path, &info) == 0 ? (goffset)info.st_size : 0;
}

/* Lets it run until the table has @size bytes, then kills it. */
static void
kill_at (Fixture *f, const char *output, goffset size)
{
  g_autofree char *path = in_folder (f, output);
  g_autofree const char **line = command_line (f, output, (const char *const[]){ NULL });
  g_autoptr (GSubprocess) process = start (f, line);
  while (size_of (path) < size && g_subprocess_get_identifier (process))
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (500);
    }
  g_subprocess_force_exit (process);
  finish (f, process);
}

static void
cut (const char *path, goffset length)
{
  g_autofree char *text = NULL;
  gsize whole;
  g_assert_true (g_file_get_contents (path, &text, &whole, NULL));
  g_assert_true (g_file_set_contents (path, text, MIN ((gssize)whole, (gssize)length), NULL));
}

/* Killed at any point and run again, the files are those of a run that was left alone. */
static void
test_kill (Fixture *f, gconstpointer data)
{
  g_autofree char *whole = in_folder (f, "whole.csv"), *table = in_folder (f, "killed.csv");
  g_autofree char *curves = in_folder (f, "killed.curves.csv");
  evaluate (f, "whole.csv");
  assert_done (f);
  goffset size = size_of (whole);
  g_assert_cmpint (size, >, 1000);
  for (int i = 0; i < 4; i++)
    kill_at (f, "killed.csv", g_test_rand_int_range (0, (int)size));
  /* What a loss of power may leave: a record, or a character, in part. */
  evaluate (f, "killed.csv");
  assert_done (f);
  assert_same (f, "whole", "killed");
  for (int i = 0; i < 3; i++)
    {
      cut (table, g_test_rand_int_range (1, (int)size));
      if (i == 2)
        cut (table, 20); /* inside the titles */
      evaluate (f, "killed.csv");
      assert_done (f);
      assert_same (f, "whole", "killed");
    }
  /* Run again, nothing is computed and nothing changes. */
  evaluate (f, "killed.csv");
  assert_done (f);
  g_assert_nonnull (strstr (f->complained, "6 of 6 pictures are scored already"));
  assert_same (f, "whole", "killed");
  g_assert_cmpint (size_of (curves), >, 0);
}

/* The parts of a list join to what one run writes, in whatever order they are named. */
static void
test_shards (Fixture *f, gconstpointer data)
{
  evaluate (f, "whole.csv");
  assert_done (f);
  evaluate (f, "a.csv", "--shard", "1/2");
  assert_done (f);
  const char *const alone[] = { "--merge", "a.csv", "--output", "m.csv", NULL };
  g_autoptr (GSubprocess) first = start (f, alone);
  finish (f, first);
  assert_refused (f, "Shard 2/2 is missing");
  evaluate (f, "b.csv", "--shard", "2/2");
  assert_done (f);
  const char *const both[] = { "--merge", "b.csv", "a.csv", "--output", "m.csv", NULL };
  g_autoptr (GSubprocess) second = start (f, both);
  finish (f, second);
  assert_done (f);
  assert_same (f, "whole", "m");
  g_autoptr (GSubprocess) again = start (f, both);
  finish (f, again);
  assert_refused (f, "m.csv is there already");
  const char *const twice[] = { "--merge", "a.csv", "a.csv", "--output", "n.csv", NULL };
  g_autoptr (GSubprocess) third = start (f, twice);
  finish (f, third);
  assert_refused (f, "is shard 1/2, which is there already");
  evaluate (f, "a.csv", "--shard", "2/2");
  assert_refused (f, "It is shard 1/2, and now 2/2 is asked for");
  evaluate (f, "c.csv", "--shard", "3/2");
  assert_refused (f, "--shard 3/2");
}

static void
assert_untouched (const char *path, const char *content)
{
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, content);
}

/* What somebody else wrote stays; so does what was made with other settings, unless it is to go. */
static void
test_foreign (Fixture *f, gconstpointer data)
{
  static const char *const foreign[] = { "a,b\n1,2\n", "image,class\nx,y\n", "\xff\xfe", "\"image" };
  g_autofree char *path = in_folder (f, "x.csv"), *json = in_folder (f, "x.json");
  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++)
    {
      g_assert_true (g_file_set_contents (path, foreign[i], -1, NULL));
      evaluate (f, "x.csv", i % 2 ? "--force" : "--curves");
      assert_refused (f, "is left as it is");
      assert_untouched (path, foreign[i]);
    }
  g_unlink (path);
  g_assert_true (g_file_set_contents (json, "{\"mine\": 1}", -1, NULL));
  evaluate (f, "x.csv");
  assert_refused (f, "would be written over");
  assert_untouched (json, "{\"mine\": 1}");
  g_unlink (json);
  evaluate (f, "x.txt");
  assert_refused (f, "has to end in .csv");
}

static void
test_settings (Fixture *f, gconstpointer data)
{
  g_autofree char *path = in_folder (f, "s.csv"), *before = NULL;
  g_ptr_array_set_size (f->pictures, 2);
  evaluate (f, "s.csv");
  assert_done (f);
  g_assert_true (g_file_get_contents (path, &before, NULL, NULL));
  evaluate (f, "s.csv", "--seed", "3");
  assert_refused (f, "the seed (0 there, 3 now)");
  evaluate (f, "s.csv", "--set", "relu=false");
  assert_refused (f, "It was made with other settings: methods");
  assert_untouched (path, before);
  /* A row that no run wrote. */
  g_autofree char *damaged = g_strconcat (before, "x.png,fish,grad-cam,ltx-pos,ltx-pos,lower,twelve\n", NULL);
  g_assert_true (g_file_set_contents (path, damaged, -1, NULL));
  evaluate (f, "s.csv");
  assert_refused (f, "line 10 was not written by");
  assert_untouched (path, damaged);
  evaluate (f, "s.csv", "--force");
  assert_done (f);
  assert_untouched (path, before);
}

/* A picture that cannot be read is left out and named; mended, it takes its place in the order. */
static void
test_broken (Fixture *f, gconstpointer data)
{
  g_autofree char *bytes = NULL;
  const char *broken = f->pictures->pdata[0];
  gsize length;
  g_ptr_array_set_size (f->pictures, 3);
  evaluate (f, "whole.csv");
  assert_done (f);
  g_assert_true (g_file_get_contents (broken, &bytes, &length, NULL));
  cut (broken, 4000);
  evaluate (f, "b.csv");
  assert_refused (f, "harbour-01.png is left out: harbour-01.png: the PNG data ends early");
  g_assert_nonnull (strstr (f->complained, "1 left out:\n  harbour-01.png"));
  g_assert_nonnull (strstr (f->printed, "2 pictures scored, 1 failed."));
  g_assert_true (g_file_set_contents (broken, bytes, (gssize)length, NULL));
  evaluate (f, "b.csv");
  assert_done (f);
  assert_same (f, "whole", "b");
}

/* Labels choose the class; masks are found by picture and class; a row of the table is found in the summary. */
static void
test_labels (Fixture *f, gconstpointer data)
{
  static const char list[] = "image,label\nreef-01.png,fish\n\"reef-01.png\",Lighthouse\nharbour-01.png,11\n"
                             "kitchen-01.png,unicorn\n";
  g_autofree char *path = in_folder (f, "list.csv"), *table = in_folder (f, "l.csv"),
                  *masks = test_data ("scenes/masks");
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (path, list, -1, NULL));
  const char *const line[] = { "--model",     f->model,
                               "--methods",   "grad-cam,gradient",
                               "--protocols", "pointing-game,energy-inside",
                               "--list",      path,
                               "--class",     "label",
                               "--masks",     masks,
                               "--against",   "gradient",
                               "--output",    "l.csv",
                               NULL };
  g_autoptr (GSubprocess) process = start (f, line);
  finish (f, process);
  assert_refused (f, "its label “unicorn” is no class of the model");
  g_autofree char *json = in_folder (f, "l.json"), *text = NULL;
  g_autoptr (EngEvaluation) evaluation = eng_evaluation_load (json, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (evaluation->class_text, ==, "label");
  g_assert_cmpuint (evaluation->failures->len, ==, 1);
  guint n;
  gsize length;
  g_autofree EngScoreColumn *columns = eng_evaluation_columns (evaluation, &n);
  g_assert_cmpuint (n, ==, 4);
  g_assert_true (g_file_get_contents (table, &text, &length, NULL));
  g_autoptr (EngScoreTable) scores = eng_score_table_parse (text, length, "l.csv", columns, n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (scores->records->len, ==, 3);
  const EngScoreRecord *fish = scores->records->pdata[1], *lighthouse = scores->records->pdata[2];
  g_assert_cmpstr (fish->class_name, ==, "fish");
  g_assert_cmpstr (lighthouse->class_name, ==, "lighthouse");
  g_assert_true (isfinite (eng_score_table_value (scores, 1, 0)));
  g_assert_true (isnan (eng_score_table_value (scores, 2, 0))); /* no mask of a lighthouse in the reef */
  g_assert_nonnull (strstr (f->printed, "against gradient"));
}

/* Ctrl+C: whole records, the settings, and the status of an interruption. */
static void
test_interrupt (Fixture *f, gconstpointer data)
{
  g_autofree char *path = in_folder (f, "i.csv");
  g_autofree const char **line = command_line (f, "i.csv", (const char *const[]){ NULL });
  g_autoptr (GSubprocess) process = start (f, line);
  while (size_of (path) < 200 && g_subprocess_get_identifier (process))
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (500);
    }
  g_subprocess_send_signal (process, SIGINT);
  finish (f, process);
  g_assert_true (f->status == 130 || f->status == 0); /* 0: it was done before it heard */
  /* It heard before the last picture, or while it summed up. */
  g_assert_true (strstr (f->complained, "Run it again") || strstr (f->printed, "6 pictures scored"));
  evaluate (f, "i.csv");
  assert_done (f);
  evaluate (f, "whole.csv");
  assert_same (f, "whole", "i");
}

/* "report a.csv @further..." */
static void
report_list (Fixture *f, const char *const *further)
{
  const char *line[MOST_ARGUMENTS] = { NULL };
  guint n = 0;
  for (; *further; further++)
    line[n++] = *further;
  g_autoptr (GSubprocess) process = start_command (f, "report", line);
  finish (f, process);
}

#define report(f, ...) report_list (f, (const char *const[]){ __VA_ARGS__, NULL })

static char *
read_file (Fixture *f, const char *name, gsize *length)
{
  g_autofree char *path = in_folder (f, name);
  char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, length, NULL));
  return text;
}

static guint
count (const char *text, const char *part)
{
  guint n = 0;
  for (; (text = strstr (text, part)); text++)
    n++;
  return n;
}

/* A page that needs nothing but itself, with names as text, whatever is in them; and the same as PDF. */
static void
test_report (Fixture *f, gconstpointer data)
{
  g_autofree char *odd = in_folder (f, "<b>&\".png"), *bytes = NULL;
  gsize length, again_length;
  g_assert_true (g_file_get_contents (f->pictures->pdata[0], &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (odd, bytes, (gssize)length, NULL));
  g_ptr_array_set_size (f->pictures, 3);
  evaluate (f, "a.csv", "<b>&\".png", "--method", "grad-cam,gradient");
  assert_done (f);
  report (f, "a.csv", "--output", "r.html");
  assert_done (f);
  g_autofree char *html = read_file (f, "r.html", &length);
  g_assert_true (g_utf8_validate (html, (gssize)length, NULL));
  g_assert_null (strstr (html, "<script"));
  g_assert_null (strstr (html, "http"));
  g_assert_null (strstr (html, "<b>"));
  g_assert_nonnull (strstr (html, "&lt;b&gt;&amp;&quot;.png"));
  g_assert_nonnull (strstr (html, "prefers-color-scheme:dark"));
  /* Four protocols with a curve of each of two methods, three tiles of each picture shown. */
  g_assert_cmpuint (count (html, "<path class=\"curve"), ==, 8);
  guint shown = count (html, "<div class=\"case\">");
  g_assert_cmpuint (shown, >=, 2);
  g_assert_cmpuint (count (html, "src=\"data:image/png;base64,"), ==, 3 * shown);
  report (f, "a.csv", "--output", "r.html");
  assert_refused (f, "r.html is there already");
  report (f, "a.csv", "--output", "r.pdf");
  assert_done (f);
  report (f, "a.csv", "--output", "again.pdf");
  g_autofree char *pdf = read_file (f, "r.pdf", &length), *again = read_file (f, "again.pdf", &again_length);
  g_assert_cmpmem (pdf, length, again, again_length);
  g_assert_true (g_str_has_prefix (pdf, "%PDF-"));
  /* Another model makes no maps of these scores. */
  g_autofree char *other = test_data ("models/scenes-shortcut.onnx");
  report (f, "a.csv", "--output", "o.html", "--model", other);
  assert_done (f);
  g_assert_nonnull (strstr (f->complained, "is not the model that was scored"));
  g_autofree char *photos = read_file (f, "o.html", NULL);
  g_assert_cmpuint (count (photos, "src=\"data:image/png;base64,"), ==, shown);
  report (f, "a.csv", "--output", "x.html", "--by", "iou");
  assert_refused (f, "--by iou: there are no scores");
  report (f, "a.summary.csv", "--output", "x.html");
  assert_refused (f, "was not written by");
  report (f, "a.csv", "--output", "x.txt");
  assert_refused (f, "has to end in .html or .pdf");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/evaluate/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("kill", test_kill);
  ADD ("shards", test_shards);
  ADD ("foreign", test_foreign);
  ADD ("settings", test_settings);
  ADD ("broken", test_broken);
  ADD ("labels", test_labels);
  ADD ("interrupt", test_interrupt);
  ADD ("report", test_report);
  return g_test_run ();
}
