/* Walk-throughs 8 to 10: the Threshold page. See acceptance.c. */
#include <math.h>
#include <string.h>

#include "acceptance.h"
#include "support.h"
#include "ui-support.h"
#include "ui/area-table.h"
#include "ui/curve-plot.h"
#include "ui/masked-tile.h"
#include "ui/threshold-page.h"
#include "ui/trajectory.h"

/* ---- waiting ---- */

static gboolean
curves_are_ready (UiThreshold *threshold)
{
  guint of, ready = ui_threshold_n_ready (threshold, &of);
  return of > 0 && ready == of;
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

/* The sample on the Threshold page with these methods, all curves there. */
static UiWindow *
open_page (const char *methods)
{
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, methods);
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (window), "win.page", "s", "threshold"));
  wait_until (curves_are_ready (ui_session_threshold (session)));
  return window;
}

static void
end (UiWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

/* ---- 8 ---- */

/* Every place that shows the threshold shows this one, and every tile the score of the point under the cursor. */
static void
check_agreement (UiWindow *window, double percent)
{
  GtkWidget *page = test_ui_find (GTK_WIDGET (window), UI_TYPE_THRESHOLD_PAGE, 0);
  UiThreshold *threshold = ui_session_threshold (ui_window_session (window));
  UiCurvePlot *plot = UI_CURVE_PLOT (test_ui_find (page, UI_TYPE_CURVE_PLOT, 0));
  GtkRange *scale = GTK_RANGE (test_ui_find (page, GTK_TYPE_SCALE, 0));
  GtkEditable *spin = GTK_EDITABLE (test_ui_find (page, GTK_TYPE_SPIN_BUTTON, 0));
  g_autofree char *text = g_strdup_printf ("%.1f %%", percent), *status = g_strdup_printf ("Threshold %s", text);
  wait_until (all_scored (threshold));
  g_assert_cmpfloat_with_epsilon (100 * ui_threshold_share (threshold), percent, 1e-6);
  g_assert_cmpfloat_with_epsilon (gtk_range_get_value (scale), percent, 1e-6);
  g_assert_cmpstr (gtk_editable_get_text (spin), ==, text);
  g_assert_true (test_ui_shows (GTK_WIDGET (window), status));
  GListModel *series = ui_threshold_series (threshold);
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      GtkWidget *tile = test_ui_find (page, UI_TYPE_MASKED_TILE, i);
      EngReading reading;
      gboolean exact;
      UiSeries *item = ui_masked_tile_series (UI_MASKED_TILE (tile));
      g_assert_true (ui_threshold_score (threshold, item, &reading, &exact));
      g_autofree char *score = g_strdup_printf ("→ %.3f", reading.probability);
      g_assert_true (test_ui_shows (tile, score));
      g_assert_cmpfloat (ui_curve_plot_dot (plot, item), ==, reading.probability);
    }
}

static void
test_threshold (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam,gradient");
  GtkWidget *page = test_ui_find (GTK_WIDGET (window), UI_TYPE_THRESHOLD_PAGE, 0);
  UiThreshold *threshold = ui_session_threshold (ui_window_session (window));
  GtkRange *scale = GTK_RANGE (test_ui_find (page, GTK_TYPE_SCALE, 0));
  guint before, after;
  gtk_range_set_value (scale, 0);
  check_agreement (window, 0);
  double seconds = ui_masked_view_seconds (&before);
  for (int i = 1; i <= 60; i++)
    {
      gtk_range_set_value (scale, i / 2.0);
      g_main_context_iteration (NULL, FALSE);
    }
  check_agreement (window, 30);
  seconds = ui_masked_view_seconds (&after) - seconds;
  g_test_message ("%u textures while dragging, %.2f ms each", after - before,
                  1000 * seconds / MAX (after - before, 1));

  GtkWidget *spin = test_ui_find (page, GTK_TYPE_SPIN_BUTTON, 0);
  gtk_editable_set_text (GTK_EDITABLE (spin), "15");
  gtk_spin_button_update (GTK_SPIN_BUTTON (spin));
  check_agreement (window, 15);
  g_assert_true (test_ui_shows (page, "lower is better"));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (test_ui_find_button (page, "Keep")), TRUE);
  g_assert_cmpint (ui_threshold_direction (threshold), ==, UI_INSERTION);
  g_assert_true (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (test_ui_find_button (page, "Insertion ↑"))));
  g_assert_true (test_ui_shows (page, "higher is better"));
  check_agreement (window, 15);
  /* By keys alone, as the window's shortcuts call them. */
  gtk_widget_activate_action (GTK_WIDGET (window), "win.mask-mode", NULL);
  g_assert_true (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (test_ui_find_button (page, "Remove"))));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.threshold", "i", 10);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.threshold", "i", -1);
  check_agreement (window, 15.9);
  end (window);
}

/* ---- 9 ---- */

static void
test_protocol (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam");
  GtkWidget *page = test_ui_find (GTK_WIDGET (window), UI_TYPE_THRESHOLD_PAGE, 0);
  GtkWidget *table = test_ui_find (page, UI_TYPE_AREA_TABLE, 0);
  UiThreshold *threshold = ui_session_threshold (ui_window_session (window));
  GtkDropDown *fill = GTK_DROP_DOWN (test_ui_find (page, GTK_TYPE_DROP_DOWN, 0));
  GtkDropDown *protocol = GTK_DROP_DOWN (test_ui_find (page, GTK_TYPE_DROP_DOWN, 1));
  g_autoptr (UiSeries) series = g_list_model_get_item (ui_threshold_series (threshold), 0);
  gboolean old;
  g_autofree char *before = ui_area_text (threshold, series, UI_DELETION, &old);
  g_autofree char *marked = g_strdup_printf ("%s old", before);
  g_assert_true (test_ui_shows (table, before));
  g_assert_true (test_ui_shows (page, "RISE protocol"));

  gtk_drop_down_set_selected (fill, ENG_FILL_BLUR);
  g_assert_cmpstr (gtk_string_object_get_string (gtk_drop_down_get_selected_item (protocol)), ==, "Custom");
  g_assert_true (test_ui_shows (page, "Custom protocol"));
  g_assert_true (test_ui_shows (table, marked));
  wait_until (curves_are_ready (threshold));
  g_assert_false (test_ui_shows (table, marked));

  gtk_drop_down_set_selected (protocol, 0);
  g_assert_cmpstr (gtk_string_object_get_string (gtk_drop_down_get_selected_item (protocol)), ==, "RISE");
  g_assert_true (curves_are_ready (threshold));
  g_assert_true (test_ui_shows (table, before));
  g_assert_false (test_ui_shows (table, marked));
  end (window);
}

/* ---- 10 ---- */

static void
test_trajectory (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("ltx");
  GtkWidget *page = test_ui_find (GTK_WIDGET (window), UI_TYPE_THRESHOLD_PAGE, 0);
  GtkWidget *trajectory = test_ui_find (page, UI_TYPE_TRAJECTORY, 0);
  UiSession *session = ui_window_session (window);
  UiSlot *ltx = test_ui_slot (session, "ltx");
  EngHeatmap *own = ui_slot_map (ltx);
  g_autofree char *kept = g_strdup_printf ("kept: %d", eng_heatmap_kept_step (own));
  g_autofree char *tile_badge = g_strdup ("step 0");
  GtkRange *scale = GTK_RANGE (test_ui_find (trajectory, GTK_TYPE_SCALE, 0));
  g_assert_cmpint (eng_heatmap_kept_step (own), >, 0);
  g_assert_true (test_ui_shows (trajectory, kept));

  gtk_range_set_value (scale, 0);
  g_assert_true (test_ui_shows (trajectory, "step 0 of"));
  g_assert_true (test_ui_shows (test_ui_find (page, UI_TYPE_MASKED_TILE, 0), tile_badge));
  g_assert_true (ui_slot_map (ltx) == own);
  test_ui_idle ();
  test_ui_click (trajectory, "Keep This Step");
  g_assert_true (test_ui_shows (trajectory, "kept: 0"));
  g_assert_cmpint (eng_heatmap_kept_step (ui_slot_map (ltx)), ==, 0);
  test_ui_idle ();
  gtk_widget_activate_action (GTK_WIDGET (window), "win.undo", NULL);
  g_assert_true (ui_slot_map (ltx) == own);
  g_assert_true (test_ui_shows (trajectory, kept));
  end (window);
}

void
acceptance_add_threshold (void)
{
  g_test_add_func ("/acceptance/08", test_threshold);
  g_test_add_func ("/acceptance/09", test_protocol);
  g_test_add_func ("/acceptance/10", test_trajectory);
}
