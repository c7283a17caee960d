/* A session's state, and undo. Needs a display and the sample. */
#include <string.h>

#include "session-support.h"
#include "ui/history.h"

/* ---- the state ---- */

static void
test_state_round_trip (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *a = test_session_open_quick ("grad-cam"), *b = test_session_open_quick ("ltx");
  test_session_change_everything (a);
  g_autofree char *before = test_session_state (a), *other = test_session_state (b);
  g_assert_cmpstr (before, !=, other);
  test_session_load (b, before, TRUE);
  g_autofree char *after = test_session_state (b);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpint (ui_session_target (b), ==, 2);
  g_assert_cmpint (ui_session_contrast (b), ==, 5);
  g_assert_false (ui_slot_shown (test_ui_slot (b, "ltx")));
  g_assert_cmpfloat (eng_values_get (ui_slot_values (test_ui_slot (b, "smooth-grad")), "samples"), ==, 3);
  test_ui_end (a);
  test_ui_end (b);
}

/* What will not do is named, the rest is taken over, nothing breaks. */
static void
test_state_hostile (void)
{
  static const char *const texts[] = {
    "{\"target\": {\"class\": 12}}",
    "{\"target\": {\"class\": 1e300}}",
    "{\"target\": {\"contrast\": \"x\"}}",
    "{\"target\": []}",
    "{\"tiles\": {\"methods\": 3}}",
    "{\"tiles\": {\"methods\": [{\"method\": \"ltx\", \"shown\": 1}]}}",
    "{\"tiles\": {\"methods\": [{\"method\": \"ltx\", \"values\": {\"steps\": -1}}]}}",
    "{\"tiles\": {\"methods\": [{\"method\": \"ltx\", \"values\": {\"steps\": [1]}}]}}",
    "{\"display\": {\"unsigned-map\": \"rdbu\"}}",
    "{\"display\": {\"opacity\": 2}}",
    "{\"display\": {\"mode\": \"nothing\"}}",
    "{\"view\": {\"zoom\": 0}}",
    "{\"view\": {\"columns\": 7}}",
  };
  if (!test_ui_have_sample ())
    return;
  UiSession *session = test_session_open_quick ("grad-cam");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      test_session_load (session, texts[i], FALSE);
      g_assert_cmpint (ui_session_target (session), >=, 0);
    }
  /* Things that do not exist (any more), and files to write, are passed over. */
  test_session_load (
      session,
      "{\"new\": {\"a\": 1}, \"tiles\": {\"methods\": [7, {\"method\": \"gone\"}, {\"method\": \"ltx\", "
      "\"values\": {\"nothing\": 3, \"save-explainer\": \"/etc/passwd\"}}]}}",
      TRUE);
  g_autofree char *text = test_session_state (session);
  g_assert_null (strstr (text, "passwd"));
  test_ui_end (session);
}

/* ---- undo ---- */

static void
choose_class (UiSession *session)
{
  ui_session_set_target (session, 3);
}

static void
choose_contrast (UiSession *session)
{
  ui_session_set_contrast (session, 4);
}

static void
remove_tile (UiSession *session)
{
  ui_slot_set_shown (test_ui_slot (session, "grad-cam"), FALSE);
}

static void
add_tile (UiSession *session)
{
  ui_slot_set_shown (test_ui_slot (session, "gradient"), TRUE);
}

static void
set_values (UiSession *session)
{
  UiSlot *slot = test_ui_slot (session, "smooth-grad");
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (slot));
  eng_values_set (values, "samples", 2);
  ui_session_run_with (session, slot, values);
}

static void
set_mode (UiSession *session)
{
  ui_session_set_mode (session, UI_MODE_PHOTO);
}

static void
set_opacity (UiSession *session)
{
  ui_session_display (session)->opacity = 0.5;
  ui_session_display_changed (session);
}

static void
set_colormap (UiSession *session)
{
  ui_session_display (session)->signed_map = ui_colormap_find ("piyg");
  ui_session_display_changed (session);
}

static void
set_range (UiSession *session)
{
  ui_session_display (session)->range.clip = UI_CLIP_MINMAX;
  ui_session_display_changed (session);
}

static const struct
{
  const char *words;
  void (*change) (UiSession *session);
} changes[] = {
  { "class", choose_class },  { "contrast", choose_contrast }, { "tiles", remove_tile },
  { "tiles", add_tile },      { "tiles", set_values },         { "view", set_mode },
  { "opacity", set_opacity }, { "colour map", set_colormap },  { "range", set_range },
};

static void
test_undo_every_kind (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = test_session_open_quick ("grad-cam");
  UiHistory *history = ui_session_history (session);
  guint n = G_N_ELEMENTS (changes);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_assert_null (ui_history_undo_words (history));
  g_assert_false (ui_history_undo (history));
  guint64 start = ui_history_mark (history);
  g_ptr_array_add (texts, test_session_state (session));
  for (guint i = 0; i < n; i++)
    {
      changes[i].change (session);
      g_assert_cmpstr (ui_history_undo_words (history), ==, changes[i].words);
      g_ptr_array_add (texts, test_session_state (session));
      if (i % 2)
        wait_until (test_ui_settled (session));
    }
  g_assert_cmpuint (ui_history_mark (history), !=, start);
  for (int way = 0; way < 2; way++)
    {
      for (guint i = n; i-- > 0;)
        {
          g_assert_cmpstr (ui_history_undo_words (history), ==, changes[i].words);
          g_assert_true (ui_history_undo (history));
          g_autofree char *text = test_session_state (session);
          g_assert_cmpstr (text, ==, texts->pdata[i]);
        }
      g_assert_cmpuint (ui_history_mark (history), ==, start);
      g_assert_false (ui_history_undo (history));
      for (guint i = 0; i < n; i++)
        {
          g_assert_cmpstr (ui_history_redo_words (history), ==, changes[i].words);
          g_assert_true (ui_history_redo (history));
          g_autofree char *text = test_session_state (session);
          g_assert_cmpstr (text, ==, texts->pdata[i + 1]);
        }
      g_assert_false (ui_history_redo (history));
    }
  test_ui_end (session);
}

/* A drag is one entry, however many values it passes; the next drag is another. Another change forgets what was
 * undone. */
static void
test_undo_drag (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = test_session_open_quick ("grad-cam");
  UiHistory *history = ui_session_history (session);
  double first = ui_session_display (session)->opacity;
  for (int drag = 0; drag < 2; drag++)
    {
      ui_history_hold (history, TRUE);
      for (int i = 1; i <= 10; i++)
        {
          ui_session_display (session)->opacity = drag * 0.5 + i * 0.04;
          ui_session_display_changed (session);
          ui_history_mark (history); /* as the main loop would */
        }
      ui_history_hold (history, FALSE);
    }
  g_assert_cmpfloat (ui_session_display (session)->opacity, ==, 0.9);
  g_assert_true (ui_history_undo (history));
  g_assert_cmpfloat (ui_session_display (session)->opacity, ==, 0.4);
  g_assert_true (ui_history_undo (history));
  g_assert_cmpfloat (ui_session_display (session)->opacity, ==, first);
  g_assert_false (ui_history_undo (history));
  g_assert_true (ui_history_redo (history));
  set_mode (session);
  g_assert_null (ui_history_redo_words (history));
  /* Moving about is not undone. */
  ui_session_walk (session, 1);
  ui_viewport_set (ui_session_viewport (session), 3, 10, 10);
  g_assert_cmpstr (ui_history_undo_words (history), ==, "view");
  test_ui_end (session);
}

/* What was computed is there at once when one goes back. */
static void
test_undo_is_instant (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = test_session_open_quick ("grad-cam,gradient");
  UiHistory *history = ui_session_history (session);
  UiSlot *cam = test_ui_slot (session, "grad-cam"), *gradient = test_ui_slot (session, "gradient");
  EngHeatmap *map = ui_slot_map (cam), *other = ui_slot_map (gradient);
  int top = ui_session_target (session);
  ui_session_set_target (session, (top + 1) % eng_model_n_classes (ui_session_model (session)));
  wait_until (test_ui_settled (session));
  g_assert_true (ui_slot_map (cam) != map);
  ui_slot_set_shown (gradient, FALSE);
  g_assert_true (ui_history_undo (history));
  g_assert_true (ui_history_undo (history));
  g_assert_true (ui_session_follows_top (session));
  g_assert_cmpint (ui_session_target (session), ==, top);
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_true (ui_slot_map (cam) == map);
  g_assert_true (ui_slot_map (gradient) == other);
  test_ui_end (session);
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/session/state/round-trip", test_state_round_trip);
  g_test_add_func ("/session/state/hostile", test_state_hostile);
  g_test_add_func ("/session/undo/every-kind", test_undo_every_kind);
  g_test_add_func ("/session/undo/drag", test_undo_drag);
  g_test_add_func ("/session/undo/instant", test_undo_is_instant);
  return test_ui_run ();
}
