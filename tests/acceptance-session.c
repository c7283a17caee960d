/* Walk-through 14: save, quit during a run, open again. */
#include "acceptance.h"
#include "session-support.h"

static UiJobTile *
tile_of (UiWindow *window, UiSlot *slot)
{
  for (GtkWidget *tile = gtk_widget_get_first_child (GTK_WIDGET (ui_window_grid (window))); tile;
       tile = gtk_widget_get_next_sibling (tile))
    if (UI_IS_JOB_TILE (tile) && ui_job_tile_slot (UI_JOB_TILE (tile)) == slot)
      return UI_JOB_TILE (tile);
  g_assert_not_reached ();
}

/* TRUE when a visible label in @widget begins with @text. */
static gboolean
says (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_visible (widget))
    return FALSE;
  if (GTK_IS_LABEL (widget) && g_str_has_prefix (gtk_label_get_label (GTK_LABEL (widget)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    if (says (child, text))
      return TRUE;
  return FALSE;
}

static void
set_steps (UiSession *session, UiSlot *slot, int steps)
{
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (slot));
  eng_values_set (values, "steps", steps);
  g_assert_true (eng_values_set_text (values, "selection", "last", NULL)); /* no scores between the steps */
  ui_session_run_with (session, slot, values);
}

static void
on_closed (gpointer closed, GObject *session)
{
  *(gboolean *)closed = TRUE;
}

/* Another picture, class, zoom and threshold, one finished map and one under way. */
static void
work (UiSession *session)
{
  UiSlot *ltx = test_ui_slot (session, "ltx");
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  ui_session_walk (session, 3);
  ui_session_set_target (session, 4);
  ui_viewport_set (ui_session_viewport (session), 1.75, 200, 120);
  ui_threshold_set_share (ui_session_threshold (session), 0.35);
  wait_until (test_ui_settled (session));
  set_steps (session, ltx, 500);
  wait_until (ui_slot_state (ltx) == UI_SLOT_RUNNING && ui_slot_map (ltx) && ui_slot_progress (ltx) > 0.01);
}

static void
test_session (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = test_session_path ("walk.sightline"), *picture = NULL;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  double zoom, x, y;
  gboolean closed = FALSE;
  work (session);
  picture = g_strdup (ui_picture_path (ui_session_picture (session)));
  g_autoptr (EngHeatmap) map = eng_heatmap_ref (ui_slot_map (test_ui_slot (session, "grad-cam")));
  test_session_save (session, path);
  g_assert_nonnull (ui_session_running (session));
  /* Nothing is asked: what a person did is saved. */
  g_object_weak_ref (G_OBJECT (session), on_closed, &closed);
  gtk_window_close (GTK_WINDOW (window));
  wait_until (closed);

  window = test_ui_window ();
  session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam"), *ltx = test_ui_slot (session, "ltx");
  ui_session_open_file (session, path, FALSE);
  wait_until (!ui_session_opening (session) && ui_slot_state (cam) == UI_SLOT_DONE
              && ui_slot_state (ltx) == UI_SLOT_STOPPED);
  g_assert_cmpstr (ui_picture_path (ui_session_picture (session)), ==, picture);
  g_assert_cmpuint (ui_session_position (session), ==, 3);
  g_assert_cmpint (ui_session_target (session), ==, 4);
  ui_viewport_get (ui_session_viewport (session), &zoom, &x, &y);
  g_assert_cmpfloat (zoom, ==, 1.75);
  g_assert_cmpfloat (x, ==, 200);
  g_assert_cmpfloat (y, ==, 120);
  g_assert_cmpfloat (ui_threshold_share (ui_session_threshold (session)), ==, 0.35);
  /* Not computed: with the seconds that it took. */
  g_autoptr (GBytes) before = eng_heatmap_encode (map), after = eng_heatmap_encode (ui_slot_map (cam));
  g_assert_true (g_bytes_equal (before, after));
  g_assert_null (ui_slot_job (cam));
  test_ui_idle ();
  g_assert_true (says (GTK_WIDGET (tile_of (window, ltx)), "Stopped at "));
  gtk_window_destroy (GTK_WINDOW (window));
}

void
acceptance_add_session (void)
{
  g_test_add_func ("/acceptance/14", test_session);
}
