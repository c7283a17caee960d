/* Session files: what comes back, what moved or changed, what is left after a kill. Needs a display and the sample.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "session-support.h"
#include "support.h"
#include "ui/own-map.h"
#include "ui/autosave.h"
#include "engine/json-read.h"

static void
test_file_round_trip (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = test_session_path ("round.sightline");
  UiSession *a = test_session_open_quick ("grad-cam");
  ui_session_walk (a, 1);
  wait_until (test_ui_settled (a));
  test_session_change_everything (a);
  wait_until (test_ui_settled (a));
  g_assert_true (ui_session_unsaved (a));
  test_session_save (a, path);
  g_autofree char *before = test_session_state (a);
  UiSession *b = test_session_open (path);
  g_autofree char *after = test_session_state (b);
  g_assert_cmpstr (before, ==, after);
  g_assert_false (ui_session_unsaved (b));
  g_assert_cmpuint (ui_session_position (b), ==, 1);
  wait_until (test_ui_settled (b));
  test_session_assert_same_map (test_ui_slot (a, "gradient"), test_ui_slot (b, "gradient"));
  g_assert_null (ui_slot_job (test_ui_slot (b, "gradient")));
  /* The first picture's map came along, too. */
  test_session_load (b, "{\"target\": {\"follow\": true, \"contrast\": -1}}", TRUE);
  ui_session_walk (b, -1);
  test_session_load (a, "{\"target\": {\"follow\": true, \"contrast\": -1}}", TRUE);
  ui_session_walk (a, -1);
  wait_until (test_ui_settled (a) && test_ui_settled (b));
  test_session_assert_same_map (test_ui_slot (a, "grad-cam"), test_ui_slot (b, "grad-cam"));
  test_ui_end (a);
  test_ui_end (b);
}

/* Trained explainers and masks of objects that lie in @folder, each in a folder of its own, and a tile that
 * names one. */
static void
add_files (UiSession *session, const char *folder)
{
  static const char *const names[] = { "mine/scenes-cnn.bla.explainer.onnx", "objects/harbour-01.lighthouse.png" };
  static const char *const from[] = { "models/scenes-cnn.bla.explainer.onnx",
                                      "scenes/masks/harbour-01.lighthouse.png" };
  UiSlot *bla = test_ui_slot (session, "bla");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *source = test_data (from[i]), *to = g_build_filename (folder, names[i], NULL);
      g_autofree char *parent = g_path_get_dirname (to);
      g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
      test_session_copy_file (source, to);
    }
  g_autofree char *explainer = g_build_filename (folder, names[0], NULL);
  g_autofree char *masks = g_build_filename (folder, "objects", NULL);
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (bla), ui_session_model (session));
  g_assert_true (eng_values_set_text (values, "explainer", explainer, NULL));
  g_assert_true (eng_method_adopt (ui_slot_method (bla), ui_session_model (session), values, NULL));
  ui_slot_ask_again (bla, ui_session_model (session));
  ui_session_run_with (session, bla, values);
  ui_threshold_set_masks (ui_session_threshold (session), masks);
  wait_until (test_ui_settled (session) && ui_slot_state (bla) == UI_SLOT_DONE);
}

/* The folder that holds everything is moved: relative paths find it again. */
static void
test_file_moves_along (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_session_make_project ("before"), *other = test_session_path ("after");
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *moved = g_build_filename (other, "s.sightline", NULL);
  UiSession *a = test_session_open_project (folder, "grad-cam");
  add_files (a, folder);
  ui_session_paint (a, 200, 100, 240, 100, 5, FALSE);
  ui_session_end_stroke (a);
  test_session_save (a, path);
  g_assert_cmpint (g_rename (folder, other), ==, 0);
  UiSession *b = test_session_open (moved);
  wait_until (test_ui_settled (b));
  g_assert_true (g_str_has_prefix (ui_picture_path (ui_session_picture (b)), other));
  g_assert_false (ui_picture_lost (ui_session_picture (b)));
  test_session_assert_same_map (test_ui_slot (a, "grad-cam"), test_ui_slot (b, "grad-cam"));
  test_session_assert_same_map (test_ui_slot (a, "bla"), test_ui_slot (b, "bla"));
  g_assert_true (
      g_str_has_prefix (eng_values_get_text (ui_slot_values (test_ui_slot (b, "bla")), "explainer"), other));
  g_assert_true (g_str_has_prefix (ui_threshold_masks (ui_session_threshold (b)), other));
  g_assert_nonnull (ui_session_mask (b));
  g_autoptr (UiSlot) mask = g_list_model_get_item (ui_session_own_maps (b), 0);
  g_assert_cmpstr (ui_own_map_picture (mask), ==, ui_picture_path (ui_session_picture (b)));
  test_ui_end (a);
  test_ui_end (b);
}

static void
test_file_missing_picture (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_session_make_project ("lost-picture"), *elsewhere = test_session_path ("elsewhere"),
                  *told = NULL;
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *picture = g_build_filename (folder, "harbour-01.png", NULL);
  g_autofree char *moved = g_build_filename (elsewhere, "harbour-01.png", NULL);
  UiSession *a = test_session_open_project (folder, "grad-cam");
  test_session_save (a, path);
  g_mkdir_with_parents (elsewhere, 0700);
  g_assert_cmpint (g_rename (picture, moved), ==, 0);
  UiSession *b = test_session_open_with_advice (path, &told);
  g_assert_cmpstr (told, ==, "moved|harbour-01.png moved. Its maps are kept but cannot be recomputed.");
  UiSlot *cam = test_ui_slot (b, "grad-cam");
  wait_until (ui_slot_state (cam) == UI_SLOT_DONE);
  test_session_assert_same_map (test_ui_slot (a, "grad-cam"), cam);
  /* Nothing is computed from the stand-in. */
  ui_slot_set_shown (test_ui_slot (b, "gradient"), TRUE);
  g_assert_cmpint (ui_slot_state (test_ui_slot (b, "gradient")), ==, UI_SLOT_IMPOSSIBLE);
  ui_session_run (b, cam);
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  /* What is kept stays kept when it is saved again. */
  test_session_save (b, path);
  ui_session_locate (b, test_ui_home ());
  g_assert_true (g_str_has_prefix (told, "moved|None of the pictures is in"));
  ui_session_locate (b, elsewhere);
  wait_until (test_ui_settled (b));
  g_assert_false (ui_picture_lost (ui_session_picture (b)));
  test_session_assert_same_map (test_ui_slot (a, "grad-cam"), cam);
  g_assert_cmpint (ui_slot_state (test_ui_slot (b, "gradient")), ==, UI_SLOT_DONE);
  test_ui_end (a);
  test_ui_end (b);
}

static void
test_file_missing_model (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_session_make_project ("lost-model"), *told = NULL;
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *model = g_build_filename (folder, "scenes-cnn.onnx", NULL);
  g_autofree char *moved = g_build_filename (folder, "renamed.onnx", NULL);
  g_autofree char *sidecar = g_build_filename (folder, "scenes-cnn.json", NULL);
  g_autofree char *other_sidecar = g_build_filename (folder, "renamed.json", NULL);
  UiSession *a = test_session_open_project (folder, "grad-cam");
  ui_session_set_target (a, 4);
  wait_until (test_ui_settled (a));
  test_session_save (a, path);
  g_autofree char *before = test_session_state (a);
  g_assert_cmpint (g_rename (model, moved), ==, 0);
  g_assert_cmpint (g_rename (sidecar, other_sidecar), ==, 0);
  UiSession *b = test_session_open_with_advice (path, &told);
  g_assert_cmpstr (told, ==, "moved|scenes-cnn.onnx moved. Its maps are kept but cannot be recomputed.");
  g_assert_true (ui_session_model_lost (b));
  wait_until (ui_slot_state (test_ui_slot (b, "grad-cam")) == UI_SLOT_DONE);
  test_session_assert_same_map (test_ui_slot (a, "grad-cam"), test_ui_slot (b, "grad-cam"));
  test_session_save (b, path);
  ui_session_locate (b, moved);
  wait_until (test_ui_settled (b));
  g_assert_false (ui_session_model_lost (b));
  g_autofree char *after = test_session_state (b);
  g_assert_cmpstr (before, ==, after);
  test_session_assert_same_map (test_ui_slot (a, "grad-cam"), test_ui_slot (b, "grad-cam"));
  test_ui_end (a);
  test_ui_end (b);
}

static void
test_file_changed_model (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_session_make_project ("changed-model"), *told = NULL;
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *model = g_build_filename (folder, "scenes-cnn.onnx", NULL);
  g_autofree char *other = test_data ("models/scenes-shortcut.onnx");
  UiSession *a = test_session_open_project (folder, "grad-cam");
  test_session_save (a, path);
  test_session_copy_file (other, model);
  UiSession *b = test_session_open_with_advice (path, &told);
  UiSlot *cam = test_ui_slot (b, "grad-cam");
  g_assert_cmpstr (told, ==, "changed|scenes-cnn.onnx changed since these maps were made.");
  ui_session_set_target (b, ui_session_target (a));
  wait_until (test_ui_settled (b));
  test_session_assert_same_map (test_ui_slot (a, "grad-cam"), cam);
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
  g_autofree char *path = test_session_path ("stopped.sightline");
  UiSession *a = test_session_open_quick ("grad-cam");
  UiSlot *ltx = test_ui_slot (a, "ltx");
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (ltx), ui_session_model (a));
  eng_values_set (values, "steps", 500);
  g_assert_true (eng_values_set_text (values, "selection", "last", NULL));
  ui_session_run_with (a, ltx, values);
  wait_until (ui_slot_state (ltx) == UI_SLOT_RUNNING && ui_slot_map (ltx) && ui_slot_progress (ltx) > 0.01);
  test_session_save (a, path);
  test_ui_end (a); /* in the middle */
  UiSession *b = test_session_open (path);
  UiSlot *again = test_ui_slot (b, "ltx");
  wait_until (ui_slot_state (again) == UI_SLOT_STOPPED);
  g_assert_nonnull (ui_slot_map (again));
  g_assert_cmpfloat (ui_slot_progress (again), >, 0.005);
  g_assert_cmpfloat (ui_slot_progress (again), <, 1);
  wait_until (test_ui_settled (b));
  g_assert_cmpint (ui_slot_state (again), ==, UI_SLOT_STOPPED);
  ui_session_run (b, again);
  wait_until (ui_slot_state (again) == UI_SLOT_RUNNING);
  test_ui_end (b);
}

/* Every one is refused with a sentence, and what is open stays. */
static void
test_file_hostile (void)
{
  static const char *const files[] = { "cut", "deep", "newer", "numbers", "types" };
  if (!test_ui_have_sample ())
    return;
  UiSession *session = test_session_open_quick ("grad-cam");
  EngModel *model = ui_session_model (session);
  UiPicture *picture = ui_session_picture (session);
  g_autofree char *told = NULL, *before = test_session_state (session);
  g_signal_connect (session, "problem", G_CALLBACK (test_session_on_problem), &told);
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
      g_autofree char *after = test_session_state (session);
      g_assert_cmpstr (before, ==, after);
      g_assert_null (ui_session_path (session));
    }
  g_autofree char *nowhere = test_session_path ("nowhere.sightline");
  ui_session_open_file (session, nowhere, FALSE);
  wait_until (!ui_session_opening (session));
  g_assert_nonnull (strstr (told, "nowhere.sightline cannot be opened"));
  /* And nowhere to save to. */
  g_autofree char *blocked = g_build_filename (test_ui_home (), "no", "such", "folder.sightline", NULL);
  g_assert_false (test_session_try_save (session, blocked));
  g_assert_nonnull (strstr (told, "cannot be written"));
  g_assert_null (ui_session_path (session));
  test_ui_end (session);
}

/* Two windows on one file: the second to save does not undo what the first saved, unless told to. */
static void
test_file_taken (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = test_session_path ("shared.sightline"), *told = NULL, *theirs = NULL, *still = NULL;
  UiSession *a = test_session_open_quick ("grad-cam");
  g_signal_connect (a, "advice", G_CALLBACK (test_session_on_advice), &told);
  test_session_save (a, path);
  test_session_save (a, path); /* one's own file is one's own */
  UiSession *b = test_session_open (path);
  ui_session_set_target (b, 2);
  test_session_save (b, path);
  g_assert_true (g_file_get_contents (path, &theirs, NULL, NULL));
  ui_session_set_target (a, 3);
  g_assert_false (test_session_try_save (a, path));
  g_assert_true (g_str_has_prefix (told, "taken|shared.sightline was saved elsewhere since it was opened here."));
  g_assert_true (g_file_get_contents (path, &still, NULL, NULL));
  g_assert_cmpstr (theirs, ==, still);
  g_assert_true (ui_session_unsaved (a));
  ui_session_may_overwrite (a);
  test_session_save (a, path);
  UiSession *c = test_session_open (path);
  g_assert_cmpint (ui_session_target (c), ==, 3);
  /* Somewhere else there is nothing to undo. */
  g_autofree char *other = test_session_path ("shared-2.sightline");
  test_session_save (b, other);
  test_ui_end (a);
  test_ui_end (b);
  test_ui_end (c);
}

/* ---- a kill ---- */

/* The view of the @i-th tile. */
static GtkWidget *
find_view (UiWindow *window, guint i)
{
  GtkWidget *found = NULL;
  for (GtkWidget *tile = gtk_widget_get_first_child (GTK_WIDGET (ui_window_grid (window))); tile;
       tile = gtk_widget_get_next_sibling (tile))
    if (UI_IS_JOB_TILE (tile) && ui_job_tile_slot (UI_JOB_TILE (tile)) && i-- == 0)
      found = GTK_WIDGET (ui_job_tile_view (UI_JOB_TILE (tile)));
  g_assert_nonnull (found);
  return found;
}

/* LTX or a copy of it, which takes so many steps. */
static void
set_steps (UiSession *session, UiSlot *slot, int steps)
{
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (slot));
  eng_values_set (values, "steps", steps);
  ui_session_run_with (session, slot, values);
}

#define KILLED_TILES 4
static const UiMode killed_modes[] = { UI_MODE_OVERLAY,
                                       UI_MODE_OUTLINE }; /* colours; threshold. The last is saved. */
#define KILLED_ZOOM 2.5
#define KILLED_X 150.0
#define KILLED_Y 110.0

/* Class, opacity, colours, range, zoom, threshold, two copies of LTX beside two other methods. */
static void
work (UiSession *session)
{
  test_ui_show_only (session, "ltx,grad-cam,gradient");
  test_ui_open_sample (session);
  wait_until (ui_session_model (session) && ui_session_picture (session));
  UiSlot *ltx = test_ui_slot (session, "ltx");
  set_steps (session, ltx, 2);
  set_steps (session, ui_session_duplicate (session, ltx), 3);
  ui_session_walk (session, 2);
  wait_until (test_ui_settled (session));
  ui_session_set_target (session, 3);
  ui_session_display (session)->opacity = 0.6;
  ui_session_display (session)->unsigned_map = ui_colormap_find ("inferno");
  ui_session_display (session)->signed_map = ui_colormap_find ("piyg");
  ui_session_display (session)->range.clip = UI_CLIP_MINMAX;
  ui_session_display (session)->same = UI_SAME_TILE;
  ui_session_display_changed (session);
  ui_threshold_set_share (ui_session_threshold (session), 0.3);
  ui_viewport_set (ui_session_viewport (session), KILLED_ZOOM, KILLED_X, KILLED_Y);
  wait_until (test_ui_settled (session));
}

static void
on_written (gpointer data)
{
  *(gboolean *)data = TRUE;
}

static char *
tile_path (guint mode, guint i)
{
  g_autofree char *name = g_strdup_printf ("tile-%u-%u", mode, i);
  return test_session_path (name);
}

static void
grab_tiles (UiWindow *window, UiMode mode, GBytes **pixels)
{
  GtkWidget *views[KILLED_TILES];
  for (guint i = 0; i < KILLED_TILES; i++)
    views[i] = find_view (window, i);
  ui_session_set_mode (ui_window_session (window), mode);
  test_ui_pixels_of (views, KILLED_TILES, pixels);
}

/* Works in a window, leaves the pixels of its tiles, and is killed in the middle of a run. */
static int
be_killed (void)
{
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  work (session);
  for (guint mode = 0; mode < G_N_ELEMENTS (killed_modes); mode++)
    {
      GBytes *pixels[KILLED_TILES];
      grab_tiles (window, killed_modes[mode], pixels);
      for (guint i = 0; i < KILLED_TILES; i++)
        {
          g_autofree char *path = tile_path (mode, i);
          g_assert_true (g_file_set_contents (path, g_bytes_get_data (pixels[i], NULL),
                                              (gssize)g_bytes_get_size (pixels[i]), NULL));
          g_bytes_unref (pixels[i]);
        }
    }
  gboolean written = FALSE;
  UiAutosave *autosave = ui_autosave_new (session);
  ui_autosave_write (autosave, on_written, &written);
  wait_until (written);
  ui_session_run (session, test_ui_slot (session, "grad-cam"));
  raise (SIGKILL);
  return 1;
}

/* What was on screen is on screen again, pixel by pixel, and no two tiles are the same. */
static void
assert_same_tiles (UiWindow *window)
{
  g_autoptr (GHashTable) digests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint mode = G_N_ELEMENTS (killed_modes); mode-- > 0;)
    {
      GBytes *after[KILLED_TILES];
      g_autofree char *first = tile_path (mode, 0);
      GtkWidget *view = find_view (window, 0);
      GStatBuf info;
      g_assert_cmpint (g_stat (first, &info), ==, 0);
      /* Until the bar with the question has slid away. */
      wait_until ((goffset)gtk_widget_get_width (view) * gtk_widget_get_height (view) * 4 == info.st_size);
      grab_tiles (window, killed_modes[mode], after);
      for (guint i = 0; i < KILLED_TILES; i++)
        {
          g_autofree char *path = tile_path (mode, i), *data = NULL;
          gsize n;
          g_assert_true (g_file_get_contents (path, &data, &n, NULL));
          g_assert_cmpmem (data, n, g_bytes_get_data (after[i], NULL), g_bytes_get_size (after[i]));
          g_assert_true (g_hash_table_add (digests, g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, after[i])));
          g_bytes_unref (after[i]);
        }
    }
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
  double zoom, x, y;
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
  g_assert_cmpint (ui_session_target (session), ==, 3);
  g_assert_cmpfloat (ui_threshold_share (ui_session_threshold (session)), ==, 0.3);
  ui_viewport_get (ui_session_viewport (session), &zoom, &x, &y);
  g_assert_cmpfloat (zoom, ==, KILLED_ZOOM);
  g_assert_cmpfloat (x, ==, KILLED_X);
  g_assert_cmpfloat (y, ==, KILLED_Y);
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_tiles (session)), ==, KILLED_TILES);
  g_assert_cmpint (ui_session_mode (session), ==, UI_MODE_OUTLINE);
  assert_same_tiles (window);
  gtk_window_destroy (GTK_WINDOW (window));

  /* An orderly end leaves nothing behind. */
  window = test_ui_window ();
  g_assert_null (ui_window_info (window));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- for others ---- */

/* Words of the page's lines that name something. (transfer full): char* */
static GHashTable *
named_keys (void)
{
  g_autofree char *path = test_data ("sightline-session.5"), *text = NULL;
  GHashTable *keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) words = NULL;
      g_autofree char *plain = NULL;
      if (!g_str_has_prefix (*line, ".B"))
        continue;
      g_auto (GStrv) parts = g_strsplit (*line, "\\-", -1);
      plain = g_strjoinv ("-", parts);
      words = g_strsplit_set (plain, " ,.()\"", -1);
      for (char **word = words; *word; word++)
        g_hash_table_add (keys, g_strdup (*word));
    }
  return keys;
}

/* Objects whose members are somebody else's: parameters of methods, maps by what they depend on, a figure. */
static gboolean
is_open (const char *key)
{
  return g_str_equal (key, "values") || g_str_equal (key, "steps") || g_str_equal (key, "document");
}

static guint
assert_named (JsonNode *node, GHashTable *keys)
{
  guint n = 0;
  if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      n += assert_named (json_array_get_element (json_node_get_array (node), i), keys);
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return n;
  g_autoptr (GList) members = json_object_get_members (json_node_get_object (node));
  for (GList *l = members; l; l = l->next)
    {
      if (!g_hash_table_contains (keys, l->data))
        g_error ("sightline-session(5) does not name \"%s\"", (char *)l->data);
      n++;
      if (!is_open (l->data))
        n += assert_named (json_object_get_member (json_node_get_object (node), l->data), keys);
    }
  return n;
}

/* Every key that is ever written stands in the manual page. */
static void
test_manual (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = test_session_open_quick ("grad-cam");
  test_session_change_everything (session);
  UiSlot *copy = ui_session_duplicate (session, test_ui_slot (session, "grad-cam"));
  ui_session_pin (session, copy, TRUE);
  int n;
  ui_slot_set_layer (copy, eng_model_targets (ui_session_model (session), &n)[0].name);
  ui_session_paint (session, 100, 100, 200, 150, 20, FALSE);
  ui_session_end_stroke (session);
  wait_until (test_ui_settled (session));
  g_autoptr (EngSession) snapshot = ui_session_snapshot (session);
  snapshot->saved_as = g_strdup ("/somewhere.sightline");
  g_autoptr (GBytes) bytes = eng_session_encode (snapshot, test_ui_home ());
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root =
      eng_json_parse (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), "session", &error);
  g_assert_no_error (error);
  g_autoptr (GHashTable) keys = named_keys ();
  g_assert_cmpuint (assert_named (root, keys), >, 100);
  g_assert_false (g_hash_table_contains (keys, "something-else"));
  test_ui_end (session);
}

/* The command line makes the maps that the window shows, with the preprocessing chosen there: the same bits, said of
 * each. */
static void
test_command_line (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = test_session_path ("cli.sightline"), *out = test_session_path ("cli-out"), *text = NULL;
  g_autofree char *complaints = NULL;
  UiSession *session = test_session_open_quick ("grad-cam,gradient");
  g_autoptr (EngPreprocess) other = eng_preprocess_copy (ui_session_preprocess (session));
  other->std[1] *= 1.5;
  UiSlot *ltx = test_ui_slot (session, "ltx");
  ui_session_set_preprocess (session, other);
  wait_until (eng_preprocess_same (eng_model_preprocess (ui_session_model (session)), other)
              && test_ui_settled (session));
  ui_session_set_target (session, 3);
  set_steps (session, ltx, 2);
  set_steps (session, ui_session_duplicate (session, ltx), 3);
  ui_slot_set_shown (test_ui_slot (session, "gradient"), FALSE);
  wait_until (test_ui_settled (session));
  test_session_save (session, path);
  const char *argv[] = { g_getenv ("SIGHTLINE_CLI"), "explain", "--session", path, "--output", out, NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;
  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, &complaints, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (complaints, ==, "");
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpstr (text, ==,
                   "harbour-01.ltx: identical to the session's\n"
                   "harbour-01.ltx-2: identical to the session's\n"
                   "harbour-01.grad-cam: identical to the session's\n");
  /* And the session comes back behind that preprocessing, with nothing to compute. */
  UiSession *again = test_session_open (path);
  g_assert_true (eng_preprocess_same (eng_model_preprocess (ui_session_model (again)), other));
  wait_until (test_ui_settled (again));
  test_session_assert_same_map (ltx, test_ui_slot (again, "ltx"));
  g_assert_null (ui_slot_job (test_ui_slot (again, "ltx")));
  test_ui_end (again);
  test_ui_end (session);
}

/* A map made with another preprocessing is not shown for this one, wherever it was kept. */
static void
test_kept_preprocessing (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = test_session_path ("kept.sightline");
  UiSession *a = test_session_open_quick ("grad-cam");
  test_session_save (a, path);
  UiSession *b = test_session_open (path);
  wait_until (test_ui_settled (b));
  g_autoptr (EngPreprocess) other = eng_preprocess_copy (ui_session_preprocess (b));
  other->mean[2] += 0.25;
  ui_session_set_preprocess (b, other);
  wait_until (eng_preprocess_same (eng_model_preprocess (ui_session_model (b)), other) && test_ui_settled (b));
  g_assert_cmpint (ui_slot_state (test_ui_slot (b, "grad-cam")), ==, UI_SLOT_OLD);
  ui_session_run_old (b);
  wait_until (test_ui_settled (b));
  g_autofree char *now = eng_preprocess_describe (other);
  EngHeatmap *map = ui_slot_map (test_ui_slot (b, "grad-cam"));
  g_assert_cmpstr (eng_heatmap_provenance (map)->preprocessing, ==, now);
  test_ui_end (a);
  test_ui_end (b);
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
  g_test_add_func ("/session/file/taken", test_file_taken);
  g_test_add_func ("/session/kill", test_kill);
  g_test_add_func ("/session/manual", test_manual);
  g_test_add_func ("/session/command-line", test_command_line);
  g_test_add_func ("/session/kept-preprocessing", test_kept_preprocessing);
  return test_ui_run ();
}
