/* sightline-cli figure as people meet it: exit status, messages, files. The model and the pictures are the sample. */
#define _GNU_SOURCE /* memmem */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/engine.h"
#include "support.h"

typedef struct
{
  char *folder, *model, *scene, *scenes, *models;
  int status;
  char *out, *err;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = test_tmpdir ();
  f->model = test_data ("models/scenes-cnn.onnx");
  f->models = test_data ("models");
  f->scene = test_data ("scenes/harbour-01.png");
  f->scenes = test_data ("scenes");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->model);
  g_free (f->models);
  g_free (f->scene);
  g_free (f->scenes);
  g_free (f->out);
  g_free (f->err);
}

static void
limit_file_size (gpointer data)
{
  struct rlimit limit = { 20000, 20000 };
  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &limit);
}

static void
run_list (Fixture *f, const char *command, gboolean limited, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_ptr_array_add (argv, (gpointer)g_getenv ("SIGHTLINE_CLI"));
  g_ptr_array_add (argv, (gpointer)command);
  for (; *arguments; arguments++)
    g_ptr_array_add (argv, (gpointer)*arguments);
  g_ptr_array_add (argv, NULL);
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_subprocess_launcher_set_cwd (launcher, f->folder);
  if (limited)
    g_subprocess_launcher_set_child_setup (launcher, limit_file_size, NULL, NULL);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, &error);
  g_assert_no_error (error);
  g_clear_pointer (&f->out, g_free);
  g_clear_pointer (&f->err, g_free);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &f->out, &f->err, &error));
  g_assert_true (g_subprocess_get_if_exited (process));
  f->status = g_subprocess_get_exit_status (process);
}

#define run(f, ...) run_list (f, "figure", FALSE, (const char *const[]){ __VA_ARGS__, NULL })

static void
assert_done (Fixture *f)
{
  if (f->status != 0)
    g_error ("status %d: %s", f->status, f->err);
}

static void
assert_refused (Fixture *f, int status, const char *text)
{
  g_assert_cmpint (f->status, ==, status);
  if (!strstr (f->err, text))
    g_error ("the message does not say \"%s\": %s", text, f->err);
}

static gboolean
has_file (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* (transfer full) */
static GBytes *
read_file (Fixture *f, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  char *text;
  gsize size;
  g_file_get_contents (path, &text, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (text, size);
}

static gboolean
same_files (Fixture *f, const char *a, const char *b)
{
  g_autoptr (GBytes) x = read_file (f, a), y = read_file (f, b);
  return g_bytes_equal (x, y);
}

/* A contact sheet; drawn again from what it wrote, on another number of threads, from another folder's files: the
 * same bytes. */
static void
test_again (Fixture *f, gconstpointer data)
{
  run (f, "--model", f->model, "--methods", "grad-cam,gradient", "--scores", "ltx-pos", "-o", "a.pdf", "--threads",
       "1", f->scene);
  assert_done (f);
  g_assert_cmpstr (f->out, ==, "a.pdf\n");
  g_assert_true (has_file (f, "a.json"));
  run (f, "a.json", "-o", "b.pdf", "--threads", "2");
  assert_done (f);
  g_assert_true (same_files (f, "a.pdf", "b.pdf"));
  g_assert_true (same_files (f, "a.json", "b.json"));
  run (f, "a.pdf", "-o", "c.pdf", "--no-json", "--data", f->scenes, "--data", f->models);
  assert_done (f);
  g_assert_true (same_files (f, "a.pdf", "c.pdf"));
  g_assert_false (has_file (f, "c.json"));
}

/* Every row of two pictures on a page of its own. */
static void
test_formats (Fixture *f, gconstpointer data)
{
  g_autofree char *second = test_data ("scenes/reef-01.png");
  run (f, "--model", f->model, "--methods", "grad-cam", "--width", "85mm", "--page-height", "50", "-o", "a.svg",
       "--latex", "--csv", "--maps", "--scores", "ltx-pos", "--images", second, f->scene);
  assert_done (f);
  static const char *const files[] = {
    "a.svg", "a-2.svg", "a.json", "a.tex", "a.csv", "a-r01-c02-grad-cam.npy", "a-r02-c02-grad-cam.npy"
  };
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    g_assert_true (has_file (f, files[i]));
  run (f, "a.svg", "-o", "a.png", "--dpi", "72", "--transparent", "--data", f->scenes, "--data", f->models,
       "--force");
  assert_done (f);
  g_assert_true (has_file (f, "a-2.png"));
  run (f, "a.png", "-o", "b.svg", "--data", f->scenes, "--data", f->models);
  assert_done (f);
  g_assert_true (same_files (f, "a.svg", "b.svg"));
  g_assert_true (same_files (f, "a-2.svg", "b-2.svg"));
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *newer = g_build_filename (f->folder, "newer.json", NULL);
  g_assert_true (g_file_set_contents (newer, "{\"format\":\"sightline-figure\",\"version\":9}", -1, NULL));
  run (f, "-o", "a.pdf");
  assert_refused (f, 2, "one FIGURE");
  run (f, "--model", f->model, "-o", "a.pdf", f->scene);
  assert_refused (f, 2, "--methods");
  run (f, "--model", f->model, "--methods", "ig", "-o", "a.pdf", f->scene);
  assert_refused (f, 2, "ig");
  run (f, "--model", f->model, "--methods", "ltx", "-o", "a.gif", f->scene);
  assert_refused (f, 2, "pdf, svg or png");
  run (f, "--model", f->model, "--methods", "ltx", "-o", "a.pdf", "--width", "3mm", f->scene);
  assert_refused (f, 2, "3mm");
  run (f, "--model", f->model, "--methods", "grad-cam", "--class", "lighthous e", "-o", "a.pdf", f->scene);
  assert_refused (f, 1, "lighthous e");
  run (f, "newer.json", "-o", "a.pdf");
  assert_refused (f, 1, "newer version");
  run (f, "gone.json", "-o", "a.pdf");
  assert_refused (f, 1, "gone.json");
  run (f, f->scene, "-o", "a.pdf");
  assert_refused (f, 1, "no figure of Sightline");
  g_assert_false (has_file (f, "a.pdf"));
}

/* What exists is kept, a target that cannot be written is named, and no half file is left. */
static void
test_targets (Fixture *f, gconstpointer data)
{
  const char *const sheet[] = { "--model", f->model, "--methods", "grad-cam", "-o", "a.pdf", f->scene, NULL };
  run_list (f, "figure", TRUE, sheet);
  assert_refused (f, 1, "a.pdf");
  g_assert_false (has_file (f, "a.pdf"));
  g_assert_false (has_file (f, "a.json"));
  run_list (f, "figure", FALSE, sheet);
  assert_done (f);
  g_autoptr (GBytes) before = read_file (f, "a.pdf");
  run_list (f, "figure", FALSE, sheet);
  assert_refused (f, 1, "exists already");
  g_autoptr (GBytes) after = read_file (f, "a.pdf");
  g_assert_true (g_bytes_equal (before, after));
  run (f, "a.json", "-o", "a.pdf", "--force");
  assert_done (f);
  run (f, "a.json", "-o", "nowhere/a.pdf");
  assert_refused (f, 1, "a.pdf");
}

/* A picture that is lost and a method that this net has nothing for leave empty frames; the rest is drawn. */
static void
test_gaps (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "a.json", NULL);
  g_autofree char *text = g_strdup_printf (
      "{\"format\":\"sightline-figure\",\"version\":1,\"models\":[{\"path\":\"%s\"}],"
      "\"rows\":[{\"path\":\"%s\"},{\"path\":\"lost.png\"},{\"path\":\"%s\",\"class-name\":\"no such class\"}],"
      "\"columns\":[{\"kind\":\"photo\"},{\"kind\":\"map\",\"method\":\"rollout\"},"
      "{\"kind\":\"masked\",\"method\":\"grad-cam\",\"share\":0.3},{\"kind\":\"plot\",\"protocol\":\"ltx-del\"}]}",
      f->model, f->scene, f->scene);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  run (f, "a.json", "-o", "a.pdf", "--no-json");
  assert_refused (f, 1, "lost.png");
  assert_refused (f, 1, "no such class");
  assert_refused (f, 1, "[impossible]");
  g_assert_true (has_file (f, "a.pdf"));
}

/* What an SVG says about itself. */
static JsonNode *
read_record (Fixture *f, const char *name)
{
  g_autoptr (GBytes) bytes = read_file (f, name);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  char *from = strstr (text, "<metadata>"), *to = strstr (text, "</metadata>");
  g_assert_true (from && to);
  GString *record = g_string_new_len (from + strlen ("<metadata>"), to - from - (gssize)strlen ("<metadata>"));
  g_string_replace (record, "&quot;", "\"", 0);
  JsonNode *node = json_from_string (record->str, NULL);
  g_string_free (record, TRUE);
  g_assert_nonnull (node);
  return node;
}

static JsonNode *
read_json (Fixture *f, const char *name)
{
  g_autoptr (GBytes) bytes = read_file (f, name);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  JsonNode *node = json_from_string (text, NULL);
  g_assert_nonnull (node);
  return node;
}

/* The row of a method and protocol. */
static JsonObject *
find_row (JsonNode *node, const char *method, const char *protocol)
{
  JsonArray *rows = json_object_get_array_member (json_node_get_object (node), "rows");
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      if (g_str_equal (json_object_get_string_member (row, "method"), method)
          && g_str_equal (json_object_get_string_member (row, "protocol"), protocol))
        return row;
    }
  g_error ("no row of %s by %s", method, protocol);
}

/* Width of the filled shape number @n of an SVG: only bars are filled. */
static double
bar_width (const char *svg, int n)
{
  double x0, y0, x1;
  for (int i = 0; i <= n; i++)
    {
      svg = strstr (svg + 1, "Z\" fill=\"#");
      g_assert_nonnull (svg);
    }
  while (strncmp (svg, "d=\"", 3) != 0)
    svg--;
  g_assert_cmpint (sscanf (svg, "d=\"M%lf %lfL%lf", &x0, &y0, &x1), ==, 3);
  return fabs (x1 - x0);
}

/* Bars of a table: the numbers are those of evaluate's own summary, in the record, in the table for LaTeX and in what
 * is drawn. */
static void
test_bars (Fixture *f, gconstpointer data)
{
  static const char *const methods[] = { "grad-cam", "gradient" }, *const protocols[] = { "rise-deletion",
                                                                                          "ltx-pos" };
  static const char *const members[] = { "mean", "low", "high" };
  g_autofree char *second = g_build_filename (f->scenes, "reef-01.png", NULL);
  g_autofree char *third = g_build_filename (f->scenes, "valley-01.png", NULL);
  run_list (f, "evaluate", FALSE,
            (const char *const[]){ "--model", f->model, "--methods", "grad-cam,gradient", "--protocols",
                                   "ltx-pos,ltx-neg,rise-deletion", "--output", "s.csv", f->scene, second, third,
                                   NULL });
  assert_done (f);
  run (f, "--table", "s.csv", "--by", "rise-deletion,ltx-pos", "-o", "s.svg", "--width", "one-column");
  assert_done (f);
  g_autoptr (JsonNode) record = read_record (f, "s.svg"), summary = read_json (f, "s.summary.json");
  g_autoptr (GBytes) svg_bytes = read_file (f, "s.svg"), table = read_file (f, "s.csv");
  g_autofree char *svg = g_strndup (g_bytes_get_data (svg_bytes, NULL), g_bytes_get_size (svg_bytes));
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, table);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (record), "table-sha256"), ==, digest);
  run (f, "--table", "s.csv", "--by", "rise-deletion,ltx-pos", "-o", "t.tex");
  assert_done (f);
  g_autoptr (GBytes) latex_bytes = read_file (f, "t.tex");
  g_autofree char *latex = g_strndup (g_bytes_get_data (latex_bytes, NULL), g_bytes_get_size (latex_bytes));
  for (guint p = 0; p < 2; p++)
    {
      double means[2];
      for (guint m = 0; m < 2; m++)
        {
          JsonObject *ours = find_row (record, methods[m], protocols[p]),
                     *theirs = find_row (summary, methods[m], protocols[p]);
          double v[3];
          for (guint k = 0; k < G_N_ELEMENTS (members); k++)
            {
              v[k] = json_object_get_double_member (ours, members[k]);
              g_assert_cmpfloat (v[k], ==, json_object_get_double_member (theirs, members[k]));
            }
          g_autofree char *interval = g_strdup_printf (" [%.3g, %.3g]", v[1], v[2]);
          g_assert_nonnull (strstr (latex, interval));
          means[m] = v[0];
        }
      /* Places are written with three decimals of a point. */
      double widths[] = { bar_width (svg, (int)p * 2), bar_width (svg, (int)p * 2 + 1) };
      g_assert_cmpfloat (MAX (widths[0], widths[1]), >, 10);
      g_assert_cmpfloat_with_epsilon (widths[0] * means[1], widths[1] * means[0],
                                      0.002 * (means[0] + means[1]) + 1e-9);
    }
  g_assert_nonnull (strstr (svg, ">Grad-CAM</text>"));
  g_assert_nonnull (strstr (svg, ">Deletion ↓</text>"));
  g_assert_null (strstr (svg, ">NEG ↑</text>"));
  g_assert_null (strstr (svg, f->models)); /* nothing about the disk */

  run (f, "--table", "s.csv", "-o", "a.pdf", "--latex");
  assert_done (f);
  run (f, "--table", "s.csv", "-o", "b.pdf", "--threads", "1");
  assert_done (f);
  g_assert_true (same_files (f, "a.pdf", "b.pdf"));
  g_assert_true (has_file (f, "a.tex"));
  g_assert_false (has_file (f, "a.json"));
  g_autoptr (GBytes) pdf = read_file (f, "a.pdf");
  gsize size;
  const char *bytes = g_bytes_get_data (pdf, &size);
  g_assert_nonnull (memmem (bytes, size, "/FontFile", 9));

  run (f, "--table", "s.csv", "-o", "a.pdf");
  assert_refused (f, 1, "--force");
  run (f, "--table", "s.csv", "-o", "c.pdf", "--by", "iou");
  assert_refused (f, 1, "there are no scores by that protocol");
  run (f, "--table", "s.summary.csv", "-o", "c.pdf");
  assert_refused (f, 1, "was not written by");
  run (f, "--table", "s.csv", "-o", "c.pdf", "--methods", "gradient");
  assert_refused (f, 2, "the table has its scores");
  run (f, "a.pdf", "-o", "c.pdf");
  assert_refused (f, 1, "--table");
  g_assert_false (has_file (f, "c.pdf"));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/cli/figure/again", test_again },     { "/cli/figure/formats", test_formats },
    { "/cli/figure/refused", test_refused }, { "/cli/figure/targets", test_targets },
    { "/cli/figure/gaps", test_gaps },       { "/cli/figure/bars", test_bars },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
