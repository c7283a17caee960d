/* Walk-through 11: the Figure page, from three tiles to a file for the paper. See acceptance.c. */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>
#include <string.h>

#include "acceptance.h"
#include "support.h"
#include "ui-support.h"
#include "ui/composer.h"
#include "ui/draw/figure-open.h"
#include "ui/figure-page.h"
#include "ui/window-private.h"

#define SLOTS "grad-cam,gradient,layer-cam"

static gboolean
is_measured (UiComposer *composer)
{
  double fraction;
  g_autofree char *status = ui_composer_status (composer, &fraction);
  return ui_composer_drawing (composer) && !ui_composer_behind (composer) && !status;
}

static UiWindow *
open_window (void)
{
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, SLOTS);
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  return window;
}

/* As F does on each of the selected tiles. */
static void
press_f_on_tiles (UiWindow *window)
{
  for (guint i = 0; i < 3; i++)
    {
      test_ui_act (window, "win.add-to-figure", NULL);
      test_ui_act (window, "win.select-tile", "i", 1);
    }
}

static char *export(UiWindow *window, const char *folder, const char *name)
{
  char *path = g_build_filename (folder, name, NULL);
  ui_window_export_to (window, path);
  wait_until (g_strcmp0 (window->exported, path) == 0);
  return path;
}

static void
check_width (const char *path, double mm)
{
  g_autofree char *bytes = NULL;
  gsize length;
  double points = 0;
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  const char *box = memmem (bytes, length, "/MediaBox [", 11);
  g_assert_nonnull (box);
  g_assert_cmpint (sscanf (box, "/MediaBox [ 0 0 %lf", &points), ==, 1);
  g_assert_cmpfloat_with_epsilon (points, mm / 25.4 * 72, 0.01);
}

static GBytes *
read_file (const char *folder, const char *name, const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL), *path = g_build_filename (folder, file, NULL);
  g_autoptr (GError) error = NULL;
  char *text;
  gsize length;
  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (text, length);
}

/* The command line, which computes every map and score anew from the sidecar, writes the bytes that the window wrote:
 * figure and sidecar. */
static void
check_cli (const char *folder, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *sidecar = g_strconcat (name, ".json", NULL), *output = g_strconcat (name, "-cli.pdf", NULL),
                  *stem = g_strconcat (name, "-cli", NULL), *complained = NULL;
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  g_subprocess_launcher_set_cwd (launcher, folder);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawn (launcher, &error, g_getenv ("SIGHTLINE_CLI"),
                                                                 "figure", sidecar, "--output", output, NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &complained, &error));
  if (g_subprocess_get_exit_status (process) != 0)
    g_error ("%s", complained);
  for (guint i = 0; i < 2; i++)
    {
      const char *suffix = i == 0 ? ".json" : ".pdf";
      g_autoptr (GBytes) window = read_file (folder, name, suffix), cli = read_file (folder, stem, suffix);
      if (!g_bytes_equal (window, cli))
        g_error ("%s%s differs between window and command line", name, suffix);
    }
}

static void
test_figure (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir ();
  UiWindow *window = open_window ();
  UiComposer *composer = ui_session_composer (ui_window_session (window));
  press_f_on_tiles (window);
  test_ui_act (window, "win.page", "s", "figure");
  const UiFigure *figure = ui_composer_figure (composer);
  g_assert_cmpuint (figure->rows->len, ==, 1);
  g_assert_cmpuint (figure->columns->len, ==, 4); /* the photo and three maps */
  wait_until (is_measured (composer));
  g_assert_true (test_ui_shows (GTK_WIDGET (window->figure_page), "mm on paper"));

  gtk_drop_down_set_selected (test_ui_find_drop_down (GTK_WIDGET (window->figure_pane), "One column"), 0);
  wait_until (is_measured (composer));
  g_assert_cmpfloat (ui_composer_figure (composer)->width, ==, 85);
  g_autofree char *first = export(window, folder, "a.pdf"), *second = export(window, folder, "b.pdf");
  check_width (first, 85);
  g_autofree char *a = NULL, *b = NULL;
  gsize na, nb;
  g_assert_true (g_file_get_contents (first, &a, &na, NULL));
  g_assert_true (g_file_get_contents (second, &b, &nb, NULL));
  g_assert_cmpmem (a, na, b, nb);

  check_cli (folder, "a");
  UiFigure *changed = ui_composer_figure (composer);
  changed->show |= UI_SHOW_OUTLINE | UI_SHOW_LETTERS;
  changed->seed = 7;
  ui_figure_row (changed, 0)->crop = UI_CROP_VIEW;
  ui_composer_changed (composer);
  wait_until (is_measured (composer));
  g_autofree char *outlined = export(window, folder, "outlined.pdf");
  check_cli (folder, "outlined");

  /* The file opens again as the same figure. */
  g_autoptr (GError) error = NULL;
  g_autoptr (UiFigure) again = ui_figure_open (first, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->columns->len, ==, 4);
  g_assert_cmpfloat (again->width, ==, 85);
  gtk_window_destroy (GTK_WINDOW (window));
  test_remove_tree (folder);
}

static guint
n_missing (UiComposer *composer)
{
  guint n = 0;
  UiFigureCells *cells = ui_figure_drawing_cells (ui_composer_drawing (composer));
  for (guint r = 0; r < ui_composer_figure (composer)->rows->len; r++)
    for (guint c = 0; c < ui_composer_figure (composer)->columns->len; c++)
      n += ui_figure_cells_at (cells, r, c)->state == UI_CELL_MISSING;
  return n;
}

/* Everything on Inspect is the first figure; a picture that was not explained is computed when asked; undo takes back
 * what was done to the figure. */
static void
test_composer (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_window ();
  UiSession *session = ui_window_session (window);
  UiComposer *composer = ui_session_composer (session);
  test_ui_act (window, "win.page", "s", "figure");
  g_assert_cmpuint (ui_composer_figure (composer)->columns->len, ==, 4);
  wait_until (is_measured (composer));
  g_assert_cmpuint (n_missing (composer), ==, 0);

  g_autoptr (UiPicture) other = g_list_model_get_item (ui_session_pictures (session), 3);
  ui_composer_add_picture (composer, other, -1);
  wait_until (is_measured (composer));
  g_assert_cmpuint (n_missing (composer), >, 0);
  test_ui_click (GTK_WIDGET (window->figure_page), "Compute");
  wait_until (!ui_composer_computing (composer) && is_measured (composer) && n_missing (composer) == 0);

  test_ui_idle ();
  test_ui_act (window, "win.undo", NULL);
  g_assert_cmpuint (ui_composer_figure (composer)->rows->len, ==, 1);
  test_ui_act (window, "win.redo", NULL);
  g_assert_cmpuint (ui_composer_figure (composer)->rows->len, ==, 2);

  test_ui_click (GTK_WIDGET (window->figure_lists), "Swap Rows and Columns");
  wait_until (is_measured (composer));
  g_assert_true (ui_figure_drawing_figure (ui_composer_drawing (composer))->swapped);

  /* Closing while maps are computed is safe. */
  g_autoptr (UiPicture) third = g_list_model_get_item (ui_session_pictures (session), 5);
  ui_composer_add_picture (composer, third, -1);
  ui_composer_compute (composer);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* What a session keeps of its figure, and what it refuses. */
static void
test_state (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_window ();
  UiComposer *composer = ui_session_composer (ui_window_session (window));
  press_f_on_tiles (window);
  g_autofree char *saved = ui_composer_save (composer);
  g_autoptr (GError) error = NULL;
  g_assert_true (ui_composer_load (composer, "", &error));
  g_assert_true (ui_composer_is_empty (composer));
  g_assert_false (ui_composer_load (composer, "{\"format\": 7}", &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (ui_composer_load (composer, saved, &error));
  g_autofree char *restored = ui_composer_save (composer);
  g_assert_cmpstr (restored, ==, saved);
  gtk_window_destroy (GTK_WINDOW (window));
}

void
acceptance_add_figure (void)
{
  g_test_add_func ("/acceptance/11", test_figure);
  g_test_add_func ("/acceptance/11/composer", test_composer);
  g_test_add_func ("/acceptance/11/state", test_state);
}
