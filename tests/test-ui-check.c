/* The window of a check: from a tile's menu to the verdict, stopped, closed while it works, and left alone when
 * another picture is shown. */
#include <string.h>

#include "support.h"
#include "ui-support.h"

#include "ui/check-window.h"
#include "ui/job-tile.h"

static UiWindow *
open_sample (void)
{
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "gradient");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  return window;
}

/* The newest check window; NULL: none. */
static UiCheckWindow *
find_window (void)
{
  GListModel *all = gtk_window_get_toplevels ();
  for (guint i = g_list_model_get_n_items (all); i-- > 0;)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (all, i);
      if (UI_IS_CHECK_WINDOW (window))
        return UI_CHECK_WINDOW (window); /* GTK holds it */
    }
  return NULL;
}

static gboolean
is_over (EngCheck *check)
{
  EngJobState state = eng_check_state (check);
  return state != ENG_JOB_QUEUED && state != ENG_JOB_RUNNING;
}

static void
close_all (UiWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
  g_assert_null (find_window ()); /* they go with their window */
}

static GtkWidget *
first_tile (GtkWidget *widget)
{
  if (UI_IS_JOB_TILE (widget))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = first_tile (child);
      if (found)
        return found;
    }
  return NULL;
}

static void
test_verdicts (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  static const struct
  {
    const char *action, *title, *end;
  } rows[] = { { "tile.check-sanity", "Sanity of Gradient", "depends on what the model has learned" },
               { "tile.check-stability", "Stability of Gradient", "Spearman" } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_true (gtk_widget_activate_action (first_tile (GTK_WIDGET (window)), rows[i].action, NULL));
      UiCheckWindow *shown = find_window ();
      g_assert_nonnull (shown);
      g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (shown)), ==, rows[i].title);
      g_assert_false (gtk_window_get_modal (GTK_WINDOW (shown)));
      wait_until (ui_check_window_settled (shown));
      g_autoptr (EngCheckResult) result = eng_check_result (ui_check_window_check (shown));
      g_assert_cmpstr (ui_check_window_text (shown), ==, result->sentence);
      g_assert_nonnull (strstr (result->sentence, rows[i].end));
      gtk_window_destroy (GTK_WINDOW (shown));
    }
  close_all (window);
}

/* Nothing of what was asked about changes when another picture is shown; Stop ends it; so does closing. */
static void
test_leaving (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  UiSession *session = ui_window_session (window);
  UiSlot *slot = test_ui_slot (session, "rise");
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (slot));
  eng_values_set (values, "masks", 4000);
  ui_slot_set_values (slot, values);
  UiCheckWindow *shown = ui_check_window_show (GTK_WINDOW (window), session, slot, ENG_CHECK_STABILITY);
  g_autoptr (EngCheck) check = g_object_ref (ui_check_window_check (shown));
  EngImage *asked = eng_check_image (check);
  wait_until (eng_check_progress (check) > 0);
  ui_session_walk (session, 1);
  wait_until (test_ui_settled (session)); /* what a person waits for goes first */
  g_assert_true (ui_picture_image (ui_session_picture (session)) != asked);
  g_assert_true (eng_check_image (check) == asked);
  gtk_window_close (GTK_WINDOW (shown));
  wait_until (is_over (check));
  g_assert_cmpint (eng_check_state (check), ==, ENG_JOB_CANCELLED);
  test_ui_idle ();
  g_assert_null (find_window ());
  close_all (window);
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/ui-check/verdicts", test_verdicts);
  g_test_add_func ("/ui-check/leaving", test_leaving);
  return test_ui_run ();
}
