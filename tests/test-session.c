/* Coming back: a session's state, undo, session files, what is left after a kill. Needs a display and the sample. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "support.h"
#include "ui-support.h"
#include "ui/autosave.h"
#include "ui/history.h"
#include "ui/session-state.h"

static UiSession *
open_quick (const char *methods)
{
  UiSession *session = ui_session_new ();
  test_ui_show_only (session, methods);
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  return session;
}

static char *
state_text (UiSession *session)
{
  g_autoptr (JsonNode) node = ui_session_state_save (session);
  return json_to_string (node, TRUE);
}

static void
load_text (UiSession *session, const char *text, gboolean good)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = eng_json_parse (text, -1, "test", &error);
  g_assert_no_error (error);
  EngJson json = { json_node_get_object (node), "test", "" };
  g_assert_cmpint (ui_session_state_load (session, &json, &error), ==, good);
  g_assert_true (good == (error == NULL));
}

/* ---- the state ---- */

static void
change_everything (UiSession *session)
{
  UiDisplay *display = ui_session_display (session);
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (test_ui_slot (session, "smooth-grad")));
  display->opacity = 0.25;
  display->unsigned_map = ui_colormap_find ("inferno");
  display->fade = FALSE;
  display->range.clip = UI_CLIP_MANUAL;
  display->range.lo = -0.125;
  display->range.hi = 3;
  display->smoothing = UI_SMOOTHING_CELLS;
  display->photo = UI_PHOTO_GREY;
  ui_session_set_mode (session, UI_MODE_MAP);
  ui_session_set_links_views (session, FALSE);
  ui_session_set_shows_crosshair (session, FALSE);
  ui_session_set_columns (session, 3);
  ui_viewport_set (ui_session_viewport (session), 2.5, 40, 30);
  ui_session_set_target (session, 2);
  ui_session_set_contrast (session, 5);
  eng_values_set (values, "samples", 3);
  ui_slot_set_values (test_ui_slot (session, "smooth-grad"), values);
  ui_slot_set_shown (test_ui_slot (session, "gradient"), TRUE);
}

static void
test_state_round_trip (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *a = open_quick ("grad-cam"), *b = open_quick ("ltx");
  change_everything (a);
  g_autofree char *before = state_text (a), *other = state_text (b);
  g_assert_cmpstr (before, !=, other);
  load_text (b, before, TRUE);
  g_autofree char *after = state_text (b);
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
  UiSession *session = open_quick ("grad-cam");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      load_text (session, texts[i], FALSE);
      g_assert_cmpint (ui_session_target (session), >=, 0);
    }
  /* Things that do not exist (any more), and files to write, are passed over. */
  load_text (session,
             "{\"new\": {\"a\": 1}, \"tiles\": {\"methods\": [7, {\"method\": \"gone\"}, {\"method\": \"ltx\", "
             "\"values\": {\"nothing\": 3, \"save-explainer\": \"/etc/passwd\"}}]}}",
             TRUE);
  g_autofree char *text = state_text (session);
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
  UiSession *session = open_quick ("grad-cam");
  UiHistory *history = ui_session_history (session);
  guint n = G_N_ELEMENTS (changes);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_assert_null (ui_history_undo_words (history));
  g_assert_false (ui_history_undo (history));
  guint64 start = ui_history_mark (history);
  g_ptr_array_add (texts, state_text (session));
  for (guint i = 0; i < n; i++)
    {
      changes[i].change (session);
      g_assert_cmpstr (ui_history_undo_words (history), ==, changes[i].words);
      g_ptr_array_add (texts, state_text (session));
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
          g_autofree char *text = state_text (session);
          g_assert_cmpstr (text, ==, texts->pdata[i]);
        }
      g_assert_cmpuint (ui_history_mark (history), ==, start);
      g_assert_false (ui_history_undo (history));
      for (guint i = 0; i < n; i++)
        {
          g_assert_cmpstr (ui_history_redo_words (history), ==, changes[i].words);
          g_assert_true (ui_history_redo (history));
          g_autofree char *text = state_text (session);
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
  UiSession *session = open_quick ("grad-cam");
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
  UiSession *session = open_quick ("grad-cam,gradient");
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

/* ---- files ---- */

static char *
temporary (const char *name)
{
  return g_build_filename (test_ui_home (), name, NULL);
}

static void
on_done (gboolean ok, gpointer data)
{
  *(int *)data = ok ? 1 : -1;
}

static void
save (UiSession *session, const char *path)
{
  int done = 0;
  ui_session_save (session, path, on_done, &done);
  wait_until (done);
  g_assert_cmpint (done, ==, 1);
  g_assert_false (ui_session_unsaved (session));
  g_assert_cmpstr (ui_session_path (session), ==, path);
}

static UiSession *
open_file (const char *path)
{
  UiSession *session = ui_session_new ();
  ui_session_open_file (session, path, FALSE);
  wait_until (!ui_session_opening (session));
  return session;
}

static void
assert_same_map (UiSlot *a, UiSlot *b)
{
  g_assert_nonnull (ui_slot_map (b));
  g_autoptr (GBytes) x = eng_heatmap_encode (ui_slot_map (a)), y = eng_heatmap_encode (ui_slot_map (b));
  g_assert_true (g_bytes_equal (x, y)); /* with the seconds it took: it was not made again */
}

static void
copy_file (const char *from, const char *to)
{
  g_autofree char *data = NULL;
  gsize n;
  g_assert_true (g_file_get_contents (from, &data, &n, NULL));
  g_assert_true (g_file_set_contents (to, data, (gssize)n, NULL));
}

/* A model and three pictures in a folder of their own, as a project has them. (transfer full) */
static char *
make_project (const char *name)
{
  static const char *const files[] = { "models/scenes-cnn.onnx", "models/scenes-cnn.json", "models/scenes.txt",
                                       "scenes/harbour-01.png",  "scenes/harbour-02.png",  "scenes/kitchen-01.png" };
  char *folder = temporary (name);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *from = test_data (files[i]), *base = g_path_get_basename (files[i]);
      g_autofree char *to = g_build_filename (folder, base, NULL);
      copy_file (from, to);
    }
  return folder;
}

static UiSession *
open_project (const char *folder, const char *methods)
{
  UiSession *session = ui_session_new ();
  g_autofree char *model = g_build_filename (folder, "scenes-cnn.onnx", NULL);
  const char *paths[] = { model, folder, NULL };
  test_ui_show_only (session, methods);
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (session));
  return session;
}

static void
test_file_round_trip (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = temporary ("round.sightline");
  UiSession *a = open_quick ("grad-cam");
  ui_session_walk (a, 1);
  wait_until (test_ui_settled (a));
  change_everything (a);
  wait_until (test_ui_settled (a));
  g_assert_true (ui_session_unsaved (a));
  save (a, path);
  g_autofree char *before = state_text (a);
  UiSession *b = open_file (path);
  g_autofree char *after = state_text (b);
  g_assert_cmpstr (before, ==, after);
  g_assert_false (ui_session_unsaved (b));
  g_assert_cmpuint (ui_session_position (b), ==, 1);
  wait_until (test_ui_settled (b));
  assert_same_map (test_ui_slot (a, "gradient"), test_ui_slot (b, "gradient"));
  g_assert_null (ui_slot_job (test_ui_slot (b, "gradient")));
  /* The first picture's map came along, too. */
  load_text (b, "{\"target\": {\"follow\": true, \"contrast\": -1}}", TRUE);
  ui_session_walk (b, -1);
  load_text (a, "{\"target\": {\"follow\": true, \"contrast\": -1}}", TRUE);
  ui_session_walk (a, -1);
  wait_until (test_ui_settled (a) && test_ui_settled (b));
  assert_same_map (test_ui_slot (a, "grad-cam"), test_ui_slot (b, "grad-cam"));
  test_ui_end (a);
  test_ui_end (b);
}

/* The folder that holds everything is moved: relative paths find it again. */
static void
test_file_moves_along (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = make_project ("before"), *other = temporary ("after");
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *moved = g_build_filename (other, "s.sightline", NULL);
  UiSession *a = open_project (folder, "grad-cam");
  save (a, path);
  g_assert_cmpint (g_rename (folder, other), ==, 0);
  UiSession *b = open_file (moved);
  wait_until (test_ui_settled (b));
  g_assert_true (g_str_has_prefix (ui_picture_path (ui_session_picture (b)), other));
  g_assert_false (ui_picture_lost (ui_session_picture (b)));
  assert_same_map (test_ui_slot (a, "grad-cam"), test_ui_slot (b, "grad-cam"));
  test_ui_end (a);
  test_ui_end (b);
}

static void
on_advice (UiSession *session, const char *message, const char *kind, char **told)
{
  g_free (*told);
  *told = g_strdup_printf ("%s|%s", kind, message);
}

static UiSession *
open_with_advice (const char *path, char **told)
{
  UiSession *session = ui_session_new ();
  g_signal_connect (session, "advice", G_CALLBACK (on_advice), told);
  ui_session_open_file (session, path, FALSE);
  wait_until (!ui_session_opening (session));
  return session;
}

static void
test_file_missing_picture (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = make_project ("lost-picture"), *elsewhere = temporary ("elsewhere"), *told = NULL;
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *picture = g_build_filename (folder, "harbour-01.png", NULL);
  g_autofree char *moved = g_build_filename (elsewhere, "harbour-01.png", NULL);
  UiSession *a = open_project (folder, "grad-cam");
  save (a, path);
  g_mkdir_with_parents (elsewhere, 0700);
  g_assert_cmpint (g_rename (picture, moved), ==, 0);
  UiSession *b = open_with_advice (path, &told);
  g_assert_cmpstr (told, ==, "moved|harbour-01.png moved. Its maps are kept but cannot be recomputed.");
  UiSlot *cam = test_ui_slot (b, "grad-cam");
  wait_until (ui_slot_state (cam) == UI_SLOT_DONE);
  assert_same_map (test_ui_slot (a, "grad-cam"), cam);
  /* Nothing is computed from the stand-in. */
  ui_slot_set_shown (test_ui_slot (b, "gradient"), TRUE);
  g_assert_cmpint (ui_slot_state (test_ui_slot (b, "gradient")), ==, UI_SLOT_IMPOSSIBLE);
  ui_session_run (b, cam);
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  /* What is kept stays kept when it is saved again. */
  save (b, path);
  ui_session_locate (b, test_ui_home ());
  g_assert_true (g_str_has_prefix (told, "moved|None of the pictures is in"));
  ui_session_locate (b, elsewhere);
  wait_until (test_ui_settled (b));
  g_assert_false (ui_picture_lost (ui_session_picture (b)));
  assert_same_map (test_ui_slot (a, "grad-cam"), cam);
  g_assert_cmpint (ui_slot_state (test_ui_slot (b, "gradient")), ==, UI_SLOT_DONE);
  test_ui_end (a);
  test_ui_end (b);
}

static void
test_file_missing_model (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = make_project ("lost-model"), *told = NULL;
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *model = g_build_filename (folder, "scenes-cnn.onnx", NULL);
  g_autofree char *moved = g_build_filename (folder, "renamed.onnx", NULL);
  g_autofree char *sidecar = g_build_filename (folder, "scenes-cnn.json", NULL);
  g_autofree char *other_sidecar = g_build_filename (folder, "renamed.json", NULL);
  UiSession *a = open_project (folder, "grad-cam");
  ui_session_set_target (a, 4);
  wait_until (test_ui_settled (a));
  save (a, path);
  g_autofree char *before = state_text (a);
  g_assert_cmpint (g_rename (model, moved), ==, 0);
  g_assert_cmpint (g_rename (sidecar, other_sidecar), ==, 0);
  UiSession *b = open_with_advice (path, &told);
  g_assert_cmpstr (told, ==, "moved|scenes-cnn.onnx moved. Its maps are kept but cannot be recomputed.");
  g_assert_true (ui_session_model_lost (b));
  wait_until (ui_slot_state (test_ui_slot (b, "grad-cam")) == UI_SLOT_DONE);
  assert_same_map (test_ui_slot (a, "grad-cam"), test_ui_slot (b, "grad-cam"));
  save (b, path);
  ui_session_locate (b, moved);
  wait_until (test_ui_settled (b));
  g_assert_false (ui_session_model_lost (b));
  g_autofree char *after = state_text (b);
  g_assert_cmpstr (before, ==, after);
  assert_same_map (test_ui_slot (a, "grad-cam"), test_ui_slot (b, "grad-cam"));
  test_ui_end (a);
  test_ui_end (b);
}

static void
test_file_changed_model (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = make_project ("changed-model"), *told = NULL;
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *model = g_build_filename (folder, "scenes-cnn.onnx", NULL);
  g_autofree char *other = test_data ("models/scenes-shortcut.onnx");
  UiSession *a = open_project (folder, "grad-cam");
  save (a, path);
  copy_file (other, model);
  UiSession *b = open_with_advice (path, &told);
  UiSlot *cam = test_ui_slot (b, "grad-cam");
  g_assert_cmpstr (told, ==, "changed|scenes-cnn.onnx changed since these maps were made.");
  ui_session_set_target (b, ui_session_target (a));
  wait_until (test_ui_settled (b));
  assert_same_map (test_ui_slot (a, "grad-cam"), cam);
  ui_session_recompute (b);
  wait_until (test_ui_settled (b));
  g_assert_cmpstr (eng_heatmap_provenance (ui_slot_map (cam))->model_sha256, ==,
                   eng_model_sha256 (ui_session_model (b)));
  test_ui_end (a);
  test_ui_end (b);
}

/* A stopped tile says how far it came, and is not begun again by itself. */
static void
test_file_stopped (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = temporary ("stopped.sightline");
  UiSession *a = open_quick ("grad-cam");
  UiSlot *ltx = test_ui_slot (a, "ltx");
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (ltx), ui_session_model (a));
  eng_values_set (values, "steps", 500);
  g_assert_true (eng_values_set_text (values, "selection", "last", NULL));
  ui_session_run_with (a, ltx, values);
  wait_until (ui_slot_state (ltx) == UI_SLOT_RUNNING && ui_slot_map (ltx) && ui_slot_progress (ltx) > 0.01);
  save (a, path);
  UiSession *b = open_file (path);
  UiSlot *again = test_ui_slot (b, "ltx");
  wait_until (ui_slot_state (again) == UI_SLOT_STOPPED);
  g_assert_nonnull (ui_slot_map (again));
  g_assert_cmpfloat (ui_slot_progress (again), >, 0.005);
  g_assert_cmpfloat (ui_slot_progress (again), <, 1);
  wait_until (test_ui_settled (b));
  g_assert_cmpint (ui_slot_state (again), ==, UI_SLOT_STOPPED);
  ui_session_run (b, again);
  wait_until (ui_slot_state (again) == UI_SLOT_RUNNING);
  test_ui_end (a);
  test_ui_end (b);
}

static void
on_problem (UiSession *session, const char *message, const char *action, char **told)
{
  g_free (*told);
  *told = g_strdup (message);
}

/* Every one is refused with a sentence, and what is open stays. */
static void
test_file_hostile (void)
{
  static const char *const files[] = { "cut", "deep", "newer", "numbers", "types" };
  if (!test_ui_have_sample ())
    return;
  UiSession *session = open_quick ("grad-cam");
  EngModel *model = ui_session_model (session);
  UiPicture *picture = ui_session_picture (session);
  g_autofree char *told = NULL, *before = state_text (session);
  g_signal_connect (session, "problem", G_CALLBACK (on_problem), &told);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *name = g_strconcat ("tests/seeds/session/", files[i], ".sightline", NULL);
      g_autofree char *path = g_test_build_filename (G_TEST_DIST, name, NULL);
      g_clear_pointer (&told, g_free);
      ui_session_open_file (session, path, FALSE);
      wait_until (!ui_session_opening (session));
      g_assert_nonnull (told);
      g_assert_nonnull (strstr (told, files[i]));
      g_assert_true (ui_session_model (session) == model && ui_session_picture (session) == picture);
      g_autofree char *after = state_text (session);
      g_assert_cmpstr (before, ==, after);
      g_assert_null (ui_session_path (session));
    }
  g_autofree char *nowhere = temporary ("nowhere.sightline");
  ui_session_open_file (session, nowhere, FALSE);
  wait_until (!ui_session_opening (session));
  g_assert_nonnull (strstr (told, "nowhere.sightline cannot be opened"));
  /* And nowhere to save to. */
  int done = 0;
  g_autofree char *blocked = g_build_filename (test_ui_home (), "no", "such", "folder.sightline", NULL);
  ui_session_save (session, blocked, on_done, &done);
  wait_until (done);
  g_assert_cmpint (done, ==, -1);
  g_assert_nonnull (strstr (told, "cannot be written"));
  g_assert_null (ui_session_path (session));
  test_ui_end (session);
}

/* ---- a kill ---- */

static GtkWidget *
find_view (UiWindow *window, const char *id)
{
  for (GtkWidget *tile = gtk_widget_get_first_child (GTK_WIDGET (ui_window_grid (window))); tile;
       tile = gtk_widget_get_next_sibling (tile))
    if (UI_IS_JOB_TILE (tile) && ui_job_tile_slot (UI_JOB_TILE (tile))
        && g_str_equal (ui_slot_method (ui_job_tile_slot (UI_JOB_TILE (tile)))->id, id))
      return GTK_WIDGET (ui_job_tile_view (UI_JOB_TILE (tile)));
  g_assert_not_reached ();
}

static void
on_written (gpointer data)
{
  *(gboolean *)data = TRUE;
}

/* Works in a window, leaves the pixels of its tiles, and is killed in the middle of a run. */
static int
be_killed (void)
{
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam,gradient");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  ui_session_walk (session, 2);
  ui_session_set_target (session, 3);
  ui_session_display (session)->opacity = 0.6;
  ui_session_display (session)->unsigned_map = ui_colormap_find ("inferno");
  ui_session_display_changed (session);
  wait_until (test_ui_settled (session));
  static const char *const ids[] = { "grad-cam", "gradient" };
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (GBytes) pixels = test_ui_pixels (find_view (window, ids[i]));
      g_autofree char *path = temporary (ids[i]);
      g_assert_true (
          g_file_set_contents (path, g_bytes_get_data (pixels, NULL), (gssize)g_bytes_get_size (pixels), NULL));
    }
  gboolean written = FALSE;
  UiAutosave *autosave = ui_autosave_new (session);
  ui_autosave_write (autosave, on_written, &written);
  wait_until (written);
  ui_session_run (session, test_ui_slot (session, "grad-cam"));
  raise (SIGKILL);
  return 1;
}

static void
test_kill (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { self, "--be-killed", NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;
  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error));
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);

  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  g_assert_cmpstr (ui_window_info (window), ==, "Sightline closed unexpectedly. Restore the last session?");
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (window), "win.restore-session", NULL));
  g_assert_null (ui_window_info (window));
  wait_until (!ui_session_opening (session) && test_ui_settled (session));
  g_assert_true (ui_session_unsaved (session));
  g_assert_cmpuint (ui_session_position (session), ==, 2);
  static const char *const ids[] = { "grad-cam", "gradient" };
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *path = temporary (ids[i]), *data = NULL;
      gsize n;
      g_assert_true (g_file_get_contents (path, &data, &n, NULL));
      GtkWidget *view = find_view (window, ids[i]);
      /* Until the bar with the question has slid away. */
      wait_until ((gsize)gtk_widget_get_width (view) * gtk_widget_get_height (view) * 4 == n);
      g_autoptr (GBytes) before = g_bytes_new_static (data, n), after = test_ui_pixels (view);
      g_assert_true (g_bytes_equal (before, after));
    }
  gtk_window_destroy (GTK_WINDOW (window));

  /* An orderly end leaves nothing behind. */
  window = test_ui_window ();
  g_assert_null (ui_window_info (window));
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  if (argc > 1 && g_str_equal (argv[1], "--be-killed"))
    return be_killed ();
  g_test_add_func ("/session/file/round-trip", test_file_round_trip);
  g_test_add_func ("/session/file/moves-along", test_file_moves_along);
  g_test_add_func ("/session/file/missing-picture", test_file_missing_picture);
  g_test_add_func ("/session/file/missing-model", test_file_missing_model);
  g_test_add_func ("/session/file/changed-model", test_file_changed_model);
  g_test_add_func ("/session/file/stopped", test_file_stopped);
  g_test_add_func ("/session/file/hostile", test_file_hostile);
  g_test_add_func ("/session/kill", test_kill);
  g_test_add_func ("/session/state/round-trip", test_state_round_trip);
  g_test_add_func ("/session/state/hostile", test_state_hostile);
  g_test_add_func ("/session/undo/every-kind", test_undo_every_kind);
  g_test_add_func ("/session/undo/drag", test_undo_drag);
  g_test_add_func ("/session/undo/instant", test_undo_is_instant);
  return test_ui_run ();
}
