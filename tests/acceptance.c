/* The walk-throughs of the interface's specification, by number: real widgets, the real engine, the sample. */
#include "acceptance.h"
#include "support.h"
#include "ui-support.h"

/* As the key would: the named action, through the window. */
static void
act (UiWindow *window, const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (window), action, NULL));
}

/* Press T, Down to another class, Enter: the tiles run again and the top prediction is not followed; undo restores
 * the first class with its maps at once. */
static void
test_other_class (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  EngHeatmap *map = ui_slot_map (cam);
  int top = ui_session_target (session);

  act (window, "win.pick-target");
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
  act (window, "win.undo");
  g_assert_cmpint (ui_session_target (session), ==, top);
  g_assert_true (ui_session_follows_top (session));
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_true (ui_slot_map (cam) == map);
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/acceptance/04", test_other_class);
  acceptance_add_threshold ();
  return test_ui_run ();
}
