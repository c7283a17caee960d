/* Walk-throughs 1 to 5 and 7: the start page and the Inspect page. See acceptance.c. */
#include <math.h>
#include <string.h>

#include "acceptance.h"
#include "support.h"
#include "ui-support.h"
#include "ui/class-list.h"
#include "ui/display-pane.h"
#include "ui/image-strip.h"

static UiJobTile *
tile_of (UiWindow *window, const char *method)
{
  return ui_tile_grid_find (ui_window_grid (window), test_ui_slot (ui_window_session (window), method));
}

static gboolean
shows (UiWindow *window, const char *text)
{
  return test_ui_shows (GTK_WIDGET (window), text);
}

/* The sample on the Inspect page, with the maps of these methods. */
static UiWindow *
open_page (const char *methods)
{
  UiWindow *window = test_ui_window ();
  test_ui_show_only (ui_window_session (window), methods);
  test_ui_open_sample (ui_window_session (window));
  wait_until (test_ui_settled (ui_window_session (window)));
  return window;
}

static void
end (UiWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

/* ---- 1 ---- */

/* Cells of the strip on screen, all with their thumbnails. */
static guint
count_thumbnails (UiWindow *window)
{
  GListModel *pictures = ui_session_pictures (ui_window_session (window));
  guint n = 0;
  for (guint i = 0; i < g_list_model_get_n_items (pictures); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (pictures, i);
      n += ui_picture_thumbnail (picture) != NULL;
    }
  return n;
}

static guint
count_windows (void)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();
  guint n = 0;
  for (GList *l = windows; l; l = l->next)
    n += gtk_widget_get_visible (l->data);
  return n;
}

/* Enter on the start page: pictures, predictions, a map on its way, the map with its scores; nothing asks anything.
 */
static void
test_first_run (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *ltx = test_ui_slot (session, "ltx");
  g_assert_true (shows (window, "See why a model decides"));
  g_assert_cmpuint (count_windows (), ==, 1);
  GtkWidget *first = gtk_window_get_default_widget (GTK_WINDOW (window));
  g_assert_true (gtk_root_get_focus (GTK_ROOT (window)) == first);
  gint64 start = g_get_monotonic_time ();
  g_signal_emit_by_name (window, "activate-default"); /* Enter */

  wait_until (count_thumbnails (window) >= 9);
  wait_until (ui_session_probabilities (session, NULL));
  g_autoptr (UiSlot) first_tile = g_list_model_get_item (ui_session_tiles (session), 0);
  g_assert_true (first_tile == ltx);
  GtkWidget *classes = test_ui_find (GTK_WIDGET (window), UI_TYPE_CLASS_LIST, 0);
  g_assert_true (test_ui_shows (classes, "lighthouse"));
  for (guint i = 0; i < 5; i++)
    test_ui_find (test_ui_find (classes, GTK_TYPE_LIST_BOX, 0), GTK_TYPE_LIST_BOX_ROW, i);

  GtkWidget *tile = GTK_WIDGET (tile_of (window, "ltx"));
  wait_until (ui_slot_map (ltx));
  if (ui_slot_state (ltx) == UI_SLOT_RUNNING) /* not on a machine that is done within a preview's time */
    {
      g_assert_true (test_ui_shows (tile, "Preview, sharpens while it runs"));
      g_assert_nonnull (test_ui_find_button (tile, "Stop"));
    }
  wait_until (ui_slot_state (ltx) == UI_SLOT_DONE);
  g_assert_false (ui_slot_partial (ltx));
  double seconds = (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  wait_until (!ui_scores_busy (ui_session_scores (session)) && test_ui_settled (session));
  const UiScore *scores = ui_scores_find (ui_session_scores (session), ltx);
  g_assert_nonnull (scores);
  for (int kind = 0; kind < UI_N_SCORES; kind++)
    {
      g_autofree char *number = g_strdup_printf ("%.2f", scores[kind].value);
      g_assert_true (scores[kind].known);
      g_assert_true (test_ui_shows (tile, number));
    }
  g_assert_cmpuint (count_windows (), ==, 1);
  g_assert_null (ui_window_info (window));
  g_test_message ("LTX was finished %.1f s after Enter", seconds);
  end (window);
}

/* ---- 2 ---- */

/* "rise" with this many masks, asked for as the method's form does. */
static void
run_rise (UiSession *session, double masks)
{
  UiSlot *rise = test_ui_slot (session, "rise");
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (rise), ui_session_model (session));
  eng_values_set (values, "masks", masks);
  ui_session_run_with (session, rise, values);
}

static void
select_tile (UiWindow *window, const char *method)
{
  UiJobTile *tile = tile_of (window, method);
  for (guint i = 0; ui_tile_grid_selected (ui_window_grid (window)) != tile; i++)
    {
      g_assert_cmpuint (i, <, 10);
      test_ui_act (window, "win.select-tile", "i", 1);
    }
}

static guint
masks_done (UiSlot *slot)
{
  return eng_heatmap_provenance (ui_slot_map (slot))->done;
}

/* Esc in the middle: partial, with what there is; Continue goes on from there and ends where a run that was never
 * stopped does. The window stays usable. */
static void
test_cancel (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam");
  UiSession *session = ui_window_session (window);
  UiSlot *rise = test_ui_slot (session, "rise");
  run_rise (session, 300);
  wait_until (test_ui_settled (session));
  g_autoptr (EngHeatmap) whole = eng_heatmap_ref (ui_slot_map (rise));
  GtkWidget *tile = GTK_WIDGET (tile_of (window, "rise"));

  run_rise (session, 20000);
  select_tile (window, "rise");
  wait_until (ui_slot_state (rise) == UI_SLOT_RUNNING && ui_slot_map (rise));
  g_assert_true (test_ui_shows (tile, "Preview, sharpens while it runs"));
  test_ui_act (window, "win.opacity", "i", -5);
  test_ui_act (window, "win.opacity", "i", 5);
  gint64 asked = g_get_monotonic_time ();
  test_ui_act (window, "win.stop", NULL);
  wait_until (ui_slot_state (rise) == UI_SLOT_DONE);
  g_test_message ("stopped after %.0f ms", (double)(g_get_monotonic_time () - asked) / 1000);
  g_assert_true (test_ui_shows (tile, "partial"));
  guint done = masks_done (rise);
  g_assert_cmpuint (done, >, 0);
  g_assert_cmpuint (done, <, 20000);

  test_ui_click (tile, "Continue");
  g_assert_nonnull (ui_slot_map (rise)); /* what there was stays in sight */
  wait_until (ui_slot_state (rise) == UI_SLOT_RUNNING && ui_slot_map (rise) && masks_done (rise) > done);
  g_assert_false (test_ui_shows (tile, "partial"));
  test_ui_act (window, "win.stop", NULL);
  wait_until (ui_slot_state (rise) == UI_SLOT_DONE);
  g_assert_cmpuint (masks_done (rise), >, done);

  /* The same with few masks, to the end. */
  run_rise (session, 300);
  ui_session_run (session, rise);
  wait_until (ui_slot_state (rise) == UI_SLOT_DONE || ui_slot_progress (rise) > 0);
  if (ui_slot_state (rise) != UI_SLOT_DONE) /* not on a machine that is quicker than the key */
    test_ui_act (window, "win.stop", NULL);
  wait_until (ui_slot_state (rise) == UI_SLOT_DONE);
  if (ui_slot_partial (rise))
    {
      g_assert_true (test_ui_shows (tile, "partial"));
      test_ui_click (tile, "Continue");
      wait_until (ui_slot_state (rise) == UI_SLOT_DONE);
    }
  g_assert_false (ui_slot_partial (rise));
  g_assert_false (test_ui_shows (tile, "partial"));
  gsize bytes = sizeof (float) * (gsize)eng_heatmap_rows (whole) * eng_heatmap_cols (whole);
  g_assert_cmpmem (eng_heatmap_values (ui_slot_map (rise)), bytes, eng_heatmap_values (whole), bytes);
  end (window);
}

/* ---- 3 ---- */

/* Right, again and again: another photo each time and nothing computed; rest: the maps; back: at once. */
static void
test_walk (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam");
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  EngHeatmap *first = ui_slot_map (cam);
  for (guint i = 1; i <= 9; i++)
    {
      g_autoptr (UiPicture) wanted = g_list_model_get_item (ui_session_pictures (session), i);
      test_ui_act (window, "win.next-image", NULL);
      g_assert_true (ui_session_picture (session) == wanted);
      g_assert_true (shows (window, ui_picture_name (wanted)));
      g_assert_null (ui_slot_job (cam));
      g_assert_cmpint (ui_slot_state (cam), !=, UI_SLOT_DONE);
    }
  wait_until (test_ui_settled (session));
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  EngHeatmap *last = ui_slot_map (cam);
  g_assert_true (last != first);

  test_ui_act (window, "win.walk", "i", G_MININT);
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_true (ui_slot_map (cam) == first);
  for (guint i = 1; i <= 9; i++)
    test_ui_act (window, "win.next-image", NULL);
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_true (ui_slot_map (cam) == last);
  end (window);
}

/* ---- 4 ---- */

/* Press T, Down to another class, Enter: the tiles run again and the top prediction is not followed; undo restores
 * the first class with its maps at once. */
static void
test_other_class (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam");
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  EngHeatmap *map = ui_slot_map (cam);
  int top = ui_session_target (session);

  test_ui_act (window, "win.pick-target", NULL);
  GtkWidget *row = gtk_root_get_focus (GTK_ROOT (window));
  g_assert_true (GTK_IS_LIST_BOX_ROW (row));
  GtkWidget *list = gtk_widget_get_parent (row);
  gboolean handled;
  g_signal_emit_by_name (list, "move-cursor", GTK_MOVEMENT_DISPLAY_LINES, 1, FALSE, FALSE, &handled);
  g_signal_emit_by_name (list, "activate-cursor-row");
  g_assert_cmpint (ui_session_target (session), !=, top);
  g_assert_false (ui_session_follows_top (session));
  wait_until (test_ui_settled (session));
  g_assert_true (ui_slot_map (cam) != map);

  test_ui_idle ();
  test_ui_act (window, "win.undo", NULL);
  g_assert_cmpint (ui_session_target (session), ==, top);
  g_assert_true (ui_session_follows_top (session));
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_true (ui_slot_map (cam) == map);
  end (window);
}

/* ---- 5 ---- */

/* As the mouse would move over @view, at a share of its size. */
static void
point_at (UiHeatmapView *view, double across, double down)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (view));
  UiFrame frame;
  g_assert_true (ui_heatmap_view_frame (view, &frame));
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);
      if (GTK_IS_EVENT_CONTROLLER_MOTION (controller))
        g_signal_emit_by_name (controller, "motion", frame.width * across, frame.height * down);
    }
}

/* The same zoom about the same point of the picture. */
static gboolean
same_place (UiHeatmapView *a, UiHeatmapView *b)
{
  double zoom[2], x[2], y[2];
  ui_viewport_get (ui_heatmap_view_viewport (a), &zoom[0], &x[0], &y[0]);
  ui_viewport_get (ui_heatmap_view_viewport (b), &zoom[1], &x[1], &y[1]);
  return zoom[0] == zoom[1] && x[0] == x[1] && y[0] == y[1];
}

/* Zooms at the point as the wheel does. */
static void
zoom_at (UiHeatmapView *view, double across, double down)
{
  UiFrame frame;
  g_assert_true (ui_heatmap_view_frame (view, &frame));
  ui_viewport_zoom_by (ui_heatmap_view_viewport (view), &frame, 3, frame.width * across, frame.height * down);
}

/* One cursor and one place for all tiles; each its own value, and the status bar all of them; L unlinks. */
static void
test_linked_views (void)
{
  static const char *const methods[] = { "grad-cam", "gradient", "grad-cam-pp" };
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam,gradient,grad-cam-pp");
  UiSession *session = ui_window_session (window);
  UiHeatmapView *first = ui_job_tile_view (tile_of (window, methods[0]));
  test_ui_idle ();
  wait_until (gtk_widget_get_width (GTK_WIDGET (first)) > 0);
  test_ui_act (window, "win.select-tile", "i", 1);
  zoom_at (first, 0.7, 0.4);
  point_at (first, 0.7, 0.4);
  double x, y, values[G_N_ELEMENTS (methods)];
  g_assert_true (ui_session_pointer (session, &x, &y));
  g_autofree char *pixel = g_strdup_printf ("Pixel %d, %d", (int)x, (int)y);
  g_assert_true (shows (window, pixel));
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      UiHeatmapView *view = ui_job_tile_view (tile_of (window, methods[i]));
      g_assert_false (ui_viewport_fits (ui_heatmap_view_viewport (view)));
      g_assert_true (same_place (first, view));
      g_assert_true (ui_heatmap_view_value (view, x, y, &values[i]));
      g_autofree char *number = ui_scale_format (values[i]);
      g_autofree char *text = g_strdup_printf ("%s %s", ui_slot_name (test_ui_slot (session, methods[i])), number);
      g_assert_true (shows (window, text));
    }
  g_assert_cmpfloat (values[0], !=, values[1]);

  test_ui_act (window, "win.link-views", NULL);
  g_assert_false (ui_session_links_views (session));
  zoom_at (first, 0.2, 0.2);
  UiHeatmapView *second = ui_job_tile_view (tile_of (window, methods[1]));
  g_assert_false (same_place (first, second));
  test_ui_act (window, "win.link-views", NULL);
  g_assert_true (same_place (first, second));
  /* At rest the bar says what is explained. */
  ui_session_set_pointer (session, FALSE, 0, 0);
  g_assert_true (shows (window, "Explaining lighthouse"));
  g_assert_true (shows (window, "Nothing is running"));
  end (window);
}

/* ---- 7 ---- */

static void
scale_of (UiWindow *window, const char *method, UiScale *scale)
{
  g_assert_true (ui_heatmap_view_scale (ui_job_tile_view (tile_of (window, method)), scale));
}

/* Every choice of the display pane's "Same scale": legends agree or show their own ends; zero stays white. */
static void
test_scale (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam,grad-cam-pp,gradient,gradient-x-input");
  UiSession *session = ui_window_session (window);
  GtkWidget *pane = test_ui_find (GTK_WIDGET (window), UI_TYPE_DISPLAY_PANE, 0);
  GtkDropDown *same = test_ui_find_drop_down (pane, "Each method");
  UiScale a, b, c, d;
  for (guint choice = UI_SAME_TILE; choice <= UI_SAME_ALL; choice++)
    {
      gtk_drop_down_set_selected (same, choice);
      test_ui_idle ();
      g_assert_cmpint (ui_session_display (session)->same, ==, choice);
      scale_of (window, "grad-cam", &a);
      scale_of (window, "grad-cam-pp", &b);
      scale_of (window, "gradient", &c);
      scale_of (window, "gradient-x-input", &d);
      gboolean together = choice == UI_SAME_ALL || choice == UI_SAME_IMAGE;
      g_assert_cmpint (a.lo == b.lo && a.hi == b.hi, ==, together);
      g_assert_cmpint (c.hi == d.hi, ==, together);
      g_assert_cmpint (shows (window, "Scales differ"), ==, !together);
      g_assert_cmpfloat (c.lo, ==, -c.hi);
      g_assert_cmpfloat (d.lo, ==, -d.hi);
      g_assert_cmpfloat (ui_scale_normalise (&c, 0), ==, 0);
    }
  /* What zero looks like: the middle of the signed colours. */
  const UiColormap *colours = ui_display_colormap (ui_session_display (session), ENG_SIGN_SIGNED);
  double middle[3];
  ui_colormap_evaluate (colours, 0.5, middle);
  for (int i = 0; i < 3; i++)
    g_assert_cmpfloat (middle[i], >=, 240);
  end (window);
}

void
acceptance_add_inspect (void)
{
  g_test_add_func ("/acceptance/01", test_first_run);
  g_test_add_func ("/acceptance/02", test_cancel);
  g_test_add_func ("/acceptance/03", test_walk);
  g_test_add_func ("/acceptance/04", test_other_class);
  g_test_add_func ("/acceptance/05", test_linked_views);
  g_test_add_func ("/acceptance/07", test_scale);
}
