/* What painting costs the main thread: a stroke of many pieces, one for each frame, on the Threshold page, while maps
 * are made, ranked and scored behind it. Prints the drawing of a frame, and the longest time that the main
 * loop was held up: by the clock, and by what the thread itself worked, which other programs have no part in.
 *
 *     bench-paint [MODEL PICTURE]
 *
 * Without arguments: the sample. Needs a display. */
#include <math.h>
#include <time.h>
#include <time.h>

#include "../support.h"
#include "../ui-support.h"
#include "ui/paint-view.h"

#define PIECES 240
#define PROBE_MS 1

typedef struct
{
  UiSession *session;
  int piece;
  gint64 spent, longest_piece, last, longest_gap, last_work, longest_work; /* microseconds */
} Bench;

static gint64
worked (void)
{
  struct timespec now;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static GtkWidget *
find_view (GtkWidget *widget)
{
  if (UI_IS_PAINT_VIEW (widget))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_view (child);
      if (found)
        return found;
    }
  return NULL;
}

static gboolean
on_probe (gpointer data)
{
  Bench *bench = data;
  gint64 now = g_get_monotonic_time (), work = worked ();
  bench->longest_gap = MAX (bench->longest_gap, now - bench->last);
  bench->longest_work = MAX (bench->longest_work, work - bench->last_work);
  bench->last = now;
  bench->last_work = work;
  return G_SOURCE_CONTINUE;
}

/* A spiral over the picture. */
static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Bench *bench = data;
  UiPicture *picture = ui_session_picture (bench->session);
  double w = ui_picture_width (picture), h = ui_picture_height (picture), place[2][2];
  gint64 start = g_get_monotonic_time ();
  for (int end = 0; end < 2; end++)
    {
      double t = (bench->piece + end) / (double)PIECES;
      place[end][0] = w / 2 + w * 0.45 * t * cos (40 * t);
      place[end][1] = h / 2 + h * 0.45 * t * sin (40 * t);
    }
  ui_session_paint (bench->session, place[0][0], place[0][1], place[1][0], place[1][1], 5, FALSE);
  gtk_widget_queue_draw (widget);
  gint64 spent = g_get_monotonic_time () - start;
  bench->spent += spent;
  bench->longest_piece = MAX (bench->longest_piece, spent);
  return ++bench->piece < PIECES ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
run (const char *model, const char *picture)
{
  UiWindow *window = test_ui_window ();
  Bench bench = { ui_window_session (window) };
  guint before, frames;
  test_ui_show_only (bench.session, "grad-cam");
  ui_session_open (bench.session, (const char *[]){ model, picture, NULL }, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (bench.session));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.paint", NULL);
  GtkWidget *view = find_view (GTK_WIDGET (window));
  wait_until (gtk_widget_get_mapped (view) && gtk_widget_get_width (view) > 0);
  test_ui_idle ();
  double seconds = ui_paint_view_seconds (&before);
  bench.last = g_get_monotonic_time ();
  bench.last_work = worked ();
  guint probe = g_timeout_add_full (G_PRIORITY_HIGH, PROBE_MS, on_probe, &bench, NULL);
  gtk_widget_add_tick_callback (view, on_tick, &bench, NULL);
  wait_until (bench.piece == PIECES);
  g_source_remove (probe);
  ui_session_end_stroke (bench.session);
  seconds = ui_paint_view_seconds (&frames) - seconds;
  frames -= before;
  g_print (
      "%s: %d pieces of a stroke, %.2f ms each, longest %.2f ms; %u frames drawn, %.2f ms each; main loop held up "
      "for at most %.1f ms, by its own work for %.1f ms\n",
      model, PIECES, (double)bench.spent / 1000 / PIECES, (double)bench.longest_piece / 1000, frames,
      1000 * seconds / MAX (frames, 1), (double)bench.longest_gap / 1000, (double)bench.longest_work / 1000);
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

static char *model, *picture;

static void
bench_paint (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *sample = test_data ("models/scenes-cnn.onnx"), *scene = test_data ("scenes/harbour-01.png");
  run (model ? model : sample, picture ? picture : scene);
}

int
main (int argc, char **argv)
{
  model = argc > 2 ? argv[1] : NULL;
  picture = argc > 2 ? argv[2] : NULL;
  argc = 1;
  test_ui_init (&argc, &argv);
  g_test_add_func ("/bench/paint", bench_paint);
  return test_ui_run ();
}
