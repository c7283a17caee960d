/* bench-window [SHARED-FOLDER [folder|drag|score|open [MODEL]]]: how the window holds its promises, in numbers;
 * nothing is asserted. Needs a display: xvfb-run -s "-screen 0 1600x1000x24" bench-window ../shared Measured: what
 * the main thread computes for a frame (from the frame clock's "before-paint" to its "after-paint") and between two
 * polls of its loop, both in its own processor time, so that a busy machine changes little, while a threshold is
 * dragged over six tiles; when the score of the last place is there; how long it takes back to a picture that was
 * explained; a folder of 10,000 pictures; from the end of the file dialog to the first prediction of another model.
 */
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support.h"
#include "ui-support.h"

#define DRAG_FRAMES 80
#define FOLDER_PICTURES 10000
#define FOLDER_DIFFERENT 40

/* ---- numbers ---- */

static GArray *blocked; /* double, ms of the main thread, one for each turn of its loop */
static double left_poll;

/* Milliseconds that this thread has computed. */
static double
thread_ms (void)
{
  struct timespec now;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void
print_spread (const char *what, GArray *values)
{
  if (!values->len)
    return;
  g_array_sort (values, compare);
  const double *v = (const double *)values->data;
  guint n = values->len;
  printf ("  %-52s p50 %7.2f  p95 %7.2f  max %7.2f ms  (%u)\n", what, v[n / 2], v[n * 95 / 100], v[n - 1], n);
  fflush (stdout);
}

static void
print_ms (const char *what, gint64 since)
{
  printf ("  %-52s %.0f ms\n", what, (double)(g_get_monotonic_time () - since) / 1000);
  fflush (stdout);
}

static int
poll_and_note (GPollFD *fds, guint n, int timeout)
{
  if (left_poll > 0 && blocked)
    {
      double ms = thread_ms () - left_poll;
      g_array_append_val (blocked, ms);
    }
  int result = g_poll (fds, n, timeout);
  left_poll = thread_ms ();
  return result;
}

static void
watch_loop (void)
{
  g_clear_pointer (&blocked, g_array_unref);
  blocked = g_array_new (FALSE, FALSE, sizeof (double));
}

static void
print_loop (void)
{
  print_spread ("main thread, one turn of its loop", blocked);
}

static double
resident_megabytes (void)
{
  g_autofree char *text = NULL;
  long pages = 0, all;
  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%ld %ld", &all, &pages);
  return (double)pages * (double)sysconf (_SC_PAGESIZE) / (1 << 20);
}

/* ---- frames ---- */

typedef struct
{
  GArray *ms;
  double began;
  guint n;
} Frames;

static void
on_before (GdkFrameClock *clock, Frames *frames)
{
  frames->began = thread_ms ();
}

static void
on_after (GdkFrameClock *clock, Frames *frames)
{
  double ms = thread_ms () - frames->began;
  g_array_append_val (frames->ms, ms);
  frames->n++;
}

/* Calls @move once for each of @n frames. */
static void
drag (UiWindow *window, const char *what, void (*move) (UiWindow *window, guint i))
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (window));
  Frames frames = { g_array_new (FALSE, FALSE, sizeof (double)), 0, 0 };
  gulong before = g_signal_connect (clock, "before-paint", G_CALLBACK (on_before), &frames);
  gulong after = g_signal_connect (clock, "after-paint", G_CALLBACK (on_after), &frames);
  watch_loop ();
  for (guint i = 0; i < DRAG_FRAMES; i++)
    {
      guint seen = frames.n;
      move (window, i);
      gdk_frame_clock_request_phase (clock, GDK_FRAME_CLOCK_PHASE_PAINT); /* a place may be the one before */
      wait_until (frames.n > seen);
    }
  g_signal_handler_disconnect (clock, before);
  g_signal_handler_disconnect (clock, after);
  print_spread (what, frames.ms);
  print_loop ();
  g_array_unref (frames.ms);
}

static double
place (guint i)
{
  return 0.05 + 0.4 * (1 + sin (i * 0.11)) / 2;
}

static void
move_threshold (UiWindow *window, guint i)
{
  ui_threshold_set_share (ui_session_threshold (ui_window_session (window)), place (i));
}

static void
move_display (UiWindow *window, guint i)
{
  UiSession *session = ui_window_session (window);
  ui_session_display (session)->threshold = place (i);
  ui_session_display_changed (session);
}

static void
move_opacity (UiWindow *window, guint i)
{
  UiSession *session = ui_window_session (window);
  ui_session_display (session)->opacity = place (i);
  ui_session_display_changed (session);
}

/* ---- scenes ---- */

static void
open_paths (UiSession *session, const char *model, const char *pictures)
{
  const char *paths[] = { model, pictures, NULL };
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
}

static void
end (UiWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

static gboolean
all_scored (UiThreshold *threshold)
{
  GListModel *series = ui_threshold_series (threshold);
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      EngReading reading;
      gboolean exact;
      if (!ui_threshold_score (threshold, item, &reading, &exact) || !exact)
        return FALSE;
    }
  return g_list_model_get_n_items (series) > 0;
}

static gboolean
selected_scored (UiThreshold *threshold)
{
  UiSeries *series = ui_threshold_selected (threshold);
  EngReading reading;
  gboolean exact;
  return series && ui_threshold_score (threshold, series, &reading, &exact) && exact;
}

static gboolean
curves_are_ready (UiThreshold *threshold)
{
  guint of, ready = ui_threshold_n_ready (threshold, &of);
  return of > 0 && ready == of;
}

/* The threshold is moved for a while, then rests: how long until the scores belong to it. @idle: curves are there. */
static void
score_after_drag (UiWindow *window, const char *what)
{
  UiThreshold *threshold = ui_session_threshold (ui_window_session (window));
  g_autoptr (GArray) one = g_array_new (FALSE, FALSE, sizeof (double)),
                     all = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint round = 0; round < 8; round++)
    {
      for (guint i = 0; i < 12; i++)
        {
          ui_threshold_set_share (threshold, place (round * 17 + i) + round * 1e-4);
          gint64 until = g_get_monotonic_time () + 16000;
          while (g_get_monotonic_time () < until)
            g_main_context_iteration (NULL, FALSE);
        }
      gint64 rest = g_get_monotonic_time ();
      wait_until (selected_scored (threshold));
      double ms = (double)(g_get_monotonic_time () - rest) / 1000;
      g_array_append_val (one, ms);
      wait_until (all_scored (threshold));
      ms = (double)(g_get_monotonic_time () - rest) / 1000;
      g_array_append_val (all, ms);
    }
  g_autofree char *first = g_strdup_printf ("%s: score of the selected tile", what),
                  *last = g_strdup_printf ("%s: of all tiles", what);
  print_spread (first, one);
  print_spread (last, all);
}

static void
bench_drag (void)
{
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  puts ("Sample, six tiles of 480 x 360 pictures:");
  test_ui_show_only (session, "ltx,grad-cam,grad-cam-pp,gradient,gradient-x-input,layer-cam");
  ui_session_set_shows_photo (session, FALSE);
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  wait_until (!ui_scores_busy (ui_session_scores (session)));
  drag (window, "Inspect, opacity: frame", move_opacity);
  ui_session_set_mode (session, UI_MODE_MASKED);
  drag (window, "Inspect, masked pictures: frame", move_display);
  test_ui_act (window, "win.page", "s", "threshold");
  wait_until (curves_are_ready (ui_session_threshold (session)));
  drag (window, "Threshold, masked pictures: frame", move_threshold);
  score_after_drag (window, "Threshold");
  test_ui_act (window, "win.page", "s", "inspect");
  ui_session_set_mode (session, UI_MODE_OVERLAY);

  /* Two pictures that were explained, in turn. */
  ui_session_show (session, 1);
  wait_until (test_ui_settled (session));
  g_autoptr (GArray) there = g_array_new (FALSE, FALSE, sizeof (double)),
                     computed = g_array_new (FALSE, FALSE, sizeof (double));
  watch_loop ();
  for (guint i = 0; i < 20; i++)
    {
      gint64 start = g_get_monotonic_time ();
      double before = thread_ms ();
      Frames frames = { g_array_new (FALSE, FALSE, sizeof (double)), 0, 0 };
      GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (window));
      gulong after = g_signal_connect (clock, "after-paint", G_CALLBACK (on_after), &frames);
      ui_session_show (session, i % 2);
      wait_until (ui_session_n_busy (session) == 0 && frames.n > 0);
      double ms = (double)(g_get_monotonic_time () - start) / 1000, own = thread_ms () - before;
      g_array_append_val (there, ms);
      g_array_append_val (computed, own);
      g_signal_handler_disconnect (clock, after);
      g_array_unref (frames.ms);
      wait_until (!ui_scores_busy (ui_session_scores (session)));
    }
  print_spread ("To an explained picture: all six maps painted", there);
  print_spread ("of it, what the main thread computed", computed);
  print_loop ();
  end (window);
}

static void
bench_score (const char *shared, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".onnx", NULL), *model = g_build_filename (shared, "models", file, NULL);
  g_autofree char *picture = g_build_filename (shared, "images", "chelsea.png", NULL);
  if (!g_file_test (model, G_FILE_TEST_EXISTS) || !g_file_test (picture, G_FILE_TEST_EXISTS))
    {
      printf ("%s: not here\n", name);
      return;
    }
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  printf ("%s:\n", name);
  test_ui_show_only (session, "grad-cam");
  open_paths (session, model, picture);
  wait_until (test_ui_settled (session));
  test_ui_act (window, "win.page", "s", "threshold");
  wait_until (selected_scored (ui_session_threshold (session)));
  score_after_drag (window, "While curves are measured");
  wait_until (curves_are_ready (ui_session_threshold (session)));
  score_after_drag (window, "Once they are there");
  end (window);
}

/* 320 x 240, each different to see; the rest are other names of the same files. */
static void
write_pictures (const char *folder)
{
  const int width = 320, height = 240;
  g_autofree guint8 *rgb = g_new (guint8, width * height * 3);
  for (int k = 0; k < FOLDER_PICTURES; k++)
    {
      g_autofree char *name = g_strdup_printf ("%05d.png", k), *path = g_build_filename (folder, name, NULL);
      g_autofree char *first = g_strdup_printf ("%05d.png", k % FOLDER_DIFFERENT),
                      *from = g_build_filename (folder, first, NULL);
      if (k >= FOLDER_DIFFERENT)
        {
          g_assert_cmpint (link (from, path), ==, 0);
          continue;
        }
      for (int i = 0; i < width * height; i++)
        {
          rgb[3 * i] = (guint8)(i % width + 5 * k);
          rgb[3 * i + 1] = (guint8)(i / width * (1 + k % 3));
          rgb[3 * i + 2] = (guint8)(i * 31 % 97 + k);
        }
      g_autoptr (GBytes) bytes = g_bytes_new (rgb, (gsize)width * height * 3);
      g_autoptr (GdkTexture) texture =
          gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
      g_assert_true (gdk_texture_save_to_png (texture, path));
    }
}

static guint
count_thumbnails (UiSession *session)
{
  GListModel *pictures = ui_session_pictures (session);
  guint n = 0;
  for (guint i = 0; i < MIN (g_list_model_get_n_items (pictures), 30); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (pictures, i);
      n += ui_picture_thumbnail (picture) != NULL;
    }
  return n;
}

static void
bench_folder (void)
{
  g_autofree char *folder = test_tmpdir ();
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  write_pictures (folder);
  test_ui_show_only (session, "grad-cam");
  watch_loop ();
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  test_ui_idle ();
  puts ("From the start page to the sample:");
  print_loop ();
  UiPicture *before = ui_session_picture (session);
  printf ("A folder of %d pictures:\n", FOLDER_PICTURES);
  test_ui_idle ();
  watch_loop ();
  gint64 start = g_get_monotonic_time ();
  ui_session_open (session, (const char *const[]){ folder, NULL }, UI_OPEN_PICTURES);
  wait_until (ui_session_picture (session) && ui_session_picture (session) != before);
  print_ms ("The first picture", start);
  wait_until (count_thumbnails (session) >= 1);
  print_ms ("The first thumbnail", start);
  wait_until (count_thumbnails (session) >= 9);
  print_ms ("Nine thumbnails", start);
  print_loop ();
  watch_loop ();
  for (guint i = 0; i < 300; i++)
    {
      ui_session_walk (session, i == 150 ? G_MAXINT : 1);
      gint64 until = g_get_monotonic_time () + 10000;
      while (g_get_monotonic_time () < until)
        g_main_context_iteration (NULL, FALSE);
    }
  print_loop ();
  printf ("  %-52s %.0f MB\n", "Resident after a walk over 300", resident_megabytes ());
  end (window);
  test_remove_tree (folder);
}

static void
bench_open (const char *path)
{
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session) && !ui_scores_busy (ui_session_scores (session)));
  test_ui_idle ();
  EngModel *before = ui_session_model (session);
  printf ("Opening %s:\n", path);
  watch_loop ();
  gint64 start = g_get_monotonic_time ();
  ui_session_open (session, (const char *const[]){ path, NULL }, UI_OPEN_MODEL);
  wait_until (ui_session_model (session) != before);
  print_ms ("The model", start);
  wait_until (ui_session_probabilities (session, NULL));
  print_ms ("The first prediction", start);
  wait_until (test_ui_settled (session));
  print_ms ("Grad-CAM", start);
  print_loop ();
  end (window);
}

int
main (int argc, char **argv)
{
  const char *shared = argc > 1 ? argv[1] : g_getenv ("SIGHTLINE_SHARED");
  int none = 1;
  char *name[] = { argv[0], NULL }, **no_options = name;
  test_ui_init (&none, &no_options);
  if (!test_ui_have_sample ())
    return 77;
  g_main_context_set_poll_func (NULL, poll_and_note);
  const char *part = argc > 2 ? argv[2] : "";
  if (!*part || g_str_equal (part, "folder"))
    bench_folder (); /* first: resident memory is the folder's alone */
  if (!*part || g_str_equal (part, "drag"))
    bench_drag ();
  for (guint i = 0; i < 2 && (!*part || g_str_equal (part, "score")); i++)
    bench_score (shared ? shared : "", i ? "mobilenet_v2_224" : "vit_tiny_patch16_224");
  g_autofree char *vit = g_build_filename (shared ? shared : "", "models", "vit_tiny_patch16_224.onnx", NULL);
  const char *model = argc > 3 ? argv[3] : vit;
  if ((!*part || g_str_equal (part, "open")) && g_file_test (model, G_FILE_TEST_EXISTS))
    bench_open (model);
  return test_ui_run ();
}
