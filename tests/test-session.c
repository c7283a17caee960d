/* A session's state, and undo. Needs a display and the sample. */
#include <math.h>
#include <string.h>

#include "session-support.h"
#include "ui/history.h"
#include "ui/session-private.h"
#include "ui/settings.h"

/* ---- the state ---- */

static void
test_state_round_trip (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *a = test_session_open_quick ("grad-cam"), *b = test_session_open_quick ("layer-cam");
  test_session_change_everything (a);
  g_autofree char *before = test_session_state (a), *other = test_session_state (b);
  g_assert_cmpstr (before, !=, other);
  test_session_load (b, before, TRUE);
  g_autofree char *after = test_session_state (b);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpint (ui_session_target (b), ==, 2);
  g_assert_cmpint (ui_session_contrast (b), ==, 5);
  g_assert_false (ui_slot_shown (test_ui_slot (b, "layer-cam")));
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

/* ---- unsaved work ---- */

static gboolean
asks_before_it_closes (UiWindow *window)
{
  gtk_window_close (GTK_WINDOW (window));
  test_ui_idle ();
  g_autoptr (GList) windows = gtk_window_list_toplevels ();
  for (GList *l = windows; l; l = l->next)
    if (GTK_IS_MESSAGE_DIALOG (l->data))
      {
        gtk_dialog_response (l->data, GTK_RESPONSE_CANCEL);
        return TRUE;
      }
  return FALSE;
}

/* To look at something is no work that could be lost; one change is, and undoing it is none again. */
static void
test_unsaved (void)
{
  if (!test_ui_have_sample ())
    return;
  ui_settings_set ("methods", "grad-cam,gradient");
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_act (window, "win.open-sample", NULL);
  wait_until (test_ui_settled (session));
  g_assert_false (ui_session_unsaved (session));
  ui_session_walk (session, 1);
  wait_until (test_ui_settled (session));
  g_assert_false (ui_session_unsaved (session));
  /* Another model is no work either. */
  test_ui_act (window, "win.sample-model", NULL);
  wait_until (ui_session_opening (session));
  wait_until (test_ui_settled (session));
  g_assert_false (ui_session_unsaved (session));
  ui_session_set_target (session, 2);
  g_assert_true (ui_session_unsaved (session));
  g_assert_true (asks_before_it_closes (window));
  ui_history_undo (ui_session_history (session));
  g_assert_false (ui_session_unsaved (session));
  /* What a person did stays unsaved, whatever is opened next. */
  ui_session_set_target (session, 2);
  test_ui_act (window, "win.sample-model", NULL);
  wait_until (ui_session_opening (session));
  wait_until (test_ui_settled (session));
  g_assert_true (ui_session_unsaved (session));
  gtk_window_destroy (GTK_WINDOW (window));
  window = test_ui_window ();
  session = ui_window_session (window);
  test_ui_act (window, "win.open-sample", NULL);
  wait_until (test_ui_settled (session));
  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *)&window);
  g_assert_false (asks_before_it_closes (window));
  wait_until (!window);
}

/* ---- ranges of many maps ---- */

#define MANY 700 /* more than are remembered one by one */

/* Maps that went by long ago still take part in the range of their method, and cost nothing each. */
static void
test_many_ranges (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = test_session_open_quick ("grad-cam");
  UiSlot *slot = test_ui_slot (session, "grad-cam");
  const EngMethod *method = ui_slot_method (slot);
  UiScale scale;
  ui_session_display (session)->range.clip = UI_CLIP_MINMAX;
  ui_session_display (session)->same = UI_SAME_METHOD;
  /* The oldest reach farthest: 70 and -69. */
  for (int i = 0; i < MANY; i++)
    {
      float values[] = { (float)(i - MANY + 10) / 10, 0, 0.5f, 0.6f, (float)(MANY - i) / 10 };
      UiSpread *spread = g_new0 (UiSpread, 1);
      *spread = (UiSpread){ ENG_SIGN_UNSIGNED, G_N_ELEMENTS (values), g_memdup2 (values, sizeof values), NULL };
      g_autofree char *name = g_strdup_printf ("map %d", i);
      ui_session_take_range (session, name, method, spread);
    }
  g_assert_cmpuint (g_hash_table_size (session->ranges), <, 520);
  g_assert_true (ui_session_scale (session, slot, &scale));
  g_assert_cmpfloat_with_epsilon (scale.lo, -(MANY - 10) / 10.0, 1e-4);
  g_assert_cmpfloat_with_epsilon (scale.hi, MANY / 10.0, 1e-4);
  /* At the middle quantile of each: 0.5, but that of this map's own may be less. */
  ui_session_display (session)->range.clip = UI_CLIP_PERCENTILE;
  ui_session_display (session)->range.percentile = 75; /* of five values the fourth and the second */
  g_assert_true (ui_session_scale (session, slot, &scale));
  UiScale own;
  ui_scale_of (ui_slot_spread (slot), &ui_session_display (session)->range, &own);
  g_assert_cmpfloat_with_epsilon (scale.hi, fmax (0.6, own.hi), 1e-4);
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
  g_test_add_func ("/session/unsaved", test_unsaved);
  g_test_add_func ("/session/many-ranges", test_many_ranges);
  g_test_add_func ("/session/undo/every-kind", test_undo_every_kind);
  g_test_add_func ("/session/undo/drag", test_undo_drag);
  g_test_add_func ("/session/undo/instant", test_undo_is_instant);
  return test_ui_run ();
}
