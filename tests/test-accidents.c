/* Accidents: files that vanish or change while they are open, folders that cannot be written, an end in the middle of
 * everything that runs. Needs a display and the sample. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "click-through.h"
#include "session-support.h"
#include "support.h"
#include "ui/batch.h"
#include "ui/composer.h"
#include "ui/results.h"

/* ---- files ---- */

/* What was read stays in use; what has to be read now is said to be gone. */
static void
test_picture_deleted (void)
{
  if (!test_ui_have_sample ())
    return;
  static const char *const names[] = { "harbour-01.png", "harbour-02.png", "kitchen-01.png" };
  g_autofree char *folder = test_session_make_project ("deleted"), *told = NULL, *asked = NULL;
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  UiSession *session = test_session_open_project (folder, "grad-cam");
  g_signal_connect (session, "problem", G_CALLBACK (test_session_on_problem), &told);
  g_autoptr (UiPicture) last = g_list_model_get_item (ui_session_pictures (session), 2);
  g_assert_null (ui_picture_image (last));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *picture = g_build_filename (folder, names[i], NULL);
      g_assert_cmpint (g_unlink (picture), ==, 0);
    }
  UiSlot *gradient = test_ui_slot (session, "gradient");
  ui_slot_set_shown (gradient, TRUE);
  wait_until (test_ui_settled (session));
  g_assert_cmpint (ui_slot_state (gradient), ==, UI_SLOT_DONE);
  g_assert_null (told);
  ui_session_show (session, 2);
  wait_until (told);
  g_assert_nonnull (strstr (told, "kitchen-01.png"));
  ui_session_show (session, 0);
  wait_until (test_ui_settled (session));
  g_assert_cmpint (ui_slot_state (gradient), ==, UI_SLOT_DONE);
  test_session_save (session, path);
  test_ui_end (session);
  UiSession *again = test_session_open_with_advice (path, &asked);
  g_assert_true (g_str_has_prefix (asked, "moved|3 pictures moved."));
  wait_until (ui_slot_state (test_ui_slot (again, "grad-cam")) == UI_SLOT_DONE);
  test_ui_end (again);
}

static void
test_folder_without_pictures (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_session_path ("nothing-here"), *told = NULL;
  g_autofree char *text = g_build_filename (folder, "notes.txt", NULL);
  g_mkdir_with_parents (folder, 0700);
  UiSession *session = test_session_open_quick ("grad-cam");
  UiPicture *picture = ui_session_picture (session);
  const char *paths[] = { folder, NULL };
  g_signal_connect (session, "problem", G_CALLBACK (test_session_on_problem), &told);
  for (int i = 0; i < 2; i++)
    {
      g_clear_pointer (&told, g_free);
      ui_session_open (session, paths, i ? UI_OPEN_ANYTHING : UI_OPEN_PICTURES);
      wait_until (told);
      g_assert_nonnull (strstr (told, "nothing-here"));
      g_assert_true (ui_session_picture (session) == picture);
      g_assert_cmpint (ui_slot_state (test_ui_slot (session, "grad-cam")), ==, UI_SLOT_DONE);
      g_assert_true (g_file_set_contents (text, "no picture", -1, NULL));
    }
  test_ui_end (session);
}

static const char *
model_of (UiSlot *slot)
{
  return eng_heatmap_provenance (ui_slot_map (slot))->model_sha256;
}

/* Written over in place, cut short, then another one: the open one goes on as it was until a file is opened again. */
static void
test_model_replaced (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_session_make_project ("replaced"), *told = NULL;
  g_autofree char *model = g_build_filename (folder, "scenes-cnn.onnx", NULL);
  g_autofree char *other = test_data ("models/scenes-shortcut.onnx");
  const char *paths[] = { model, NULL };
  UiSession *session = test_session_open_project (folder, "grad-cam");
  UiSlot *gradient = test_ui_slot (session, "gradient"), *cam = test_ui_slot (session, "grad-cam");
  g_autoptr (EngHeatmap) before = eng_heatmap_ref (ui_slot_map (cam));
  g_autofree char *sha256 = g_strdup (eng_model_sha256 (ui_session_model (session)));
  g_signal_connect (session, "problem", G_CALLBACK (test_session_on_problem), &told);
  int file = g_open (model, O_WRONLY | O_CLOEXEC, 0);
  g_assert_cmpint (ftruncate (file, 1000), ==, 0);
  g_assert_cmpint (write (file, "nonsense", 8), ==, 8);
  close (file);
  ui_slot_set_shown (gradient, TRUE);
  ui_session_run (session, cam);
  wait_until (test_ui_settled (session));
  g_assert_cmpstr (model_of (gradient), ==, sha256);
  g_assert_cmpmem (eng_heatmap_values (before), 16, eng_heatmap_values (ui_slot_map (cam)), 16);
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (told);
  g_assert_nonnull (strstr (told, "scenes-cnn.onnx"));
  g_assert_cmpstr (eng_model_sha256 (ui_session_model (session)), ==, sha256);
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  test_session_copy_file (other, model);
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (strcmp (eng_model_sha256 (ui_session_model (session)), sha256) != 0 && test_ui_settled (session));
  g_assert_cmpstr (model_of (cam), ==, eng_model_sha256 (ui_session_model (session)));
  test_ui_end (session);
}

/* A file stands where the folder of the maps would be made: that is said once, and nothing else is different. The
 * first test, since the folder is looked for once. */
static void
test_cache_blocked (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = g_build_filename (test_ui_home (), "sightline", NULL), *told = NULL;
  g_autofree char *maps = g_build_filename (folder, "maps", NULL);
  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (maps, "in the way", -1, NULL));
  UiSession *session = ui_session_new ();
  g_signal_connect (session, "problem", G_CALLBACK (test_session_on_problem), &told);
  test_ui_show_only (session, "grad-cam,gradient");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session) && told);
  g_assert_true (g_str_has_prefix (told, "Finished maps are not kept for the next time:"));
  g_assert_nonnull (ui_slot_map (test_ui_slot (session, "gradient")));
  g_clear_pointer (&told, g_free);
  ui_session_walk (session, 1);
  wait_until (test_ui_settled (session));
  ui_session_walk (session, -1);
  g_assert_cmpint (ui_slot_state (test_ui_slot (session, "gradient")), ==, UI_SLOT_DONE);
  g_assert_null (told);
  test_ui_end (session);
  g_assert_cmpint (g_unlink (maps), ==, 0);
}

/* The bar's two answers. */
static void
test_changed_picture (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_session_make_project ("changed");
  g_autofree char *path = g_build_filename (folder, "s.sightline", NULL);
  g_autofree char *picture = g_build_filename (folder, "harbour-01.png", NULL);
  g_autofree char *other = g_build_filename (folder, "kitchen-01.png", NULL);
  UiSession *first = test_session_open_project (folder, "grad-cam");
  ui_session_set_target (first, 2); /* which the changed picture has, too */
  wait_until (test_ui_settled (first));
  test_session_save (first, path);
  test_session_copy_file (other, picture);
  for (int recompute = 0; recompute < 2; recompute++)
    {
      UiWindow *window = test_ui_window ();
      UiSession *session = ui_window_session (window);
      UiSlot *cam = test_ui_slot (session, "grad-cam");
      ui_session_open_file (session, path, FALSE);
      wait_until (!ui_session_opening (session) && test_ui_settled (session));
      g_assert_cmpstr (ui_window_info (window), ==, "harbour-01.png changed since these maps were made.");
      test_session_assert_same_map (test_ui_slot (first, "grad-cam"), cam);
      test_ui_click (GTK_WIDGET (window), recompute ? "Recompute" : "Keep Old Maps");
      g_assert_null (ui_window_info (window));
      wait_until (test_ui_settled (session));
      g_autofree char *now = eng_session_digest (picture);
      const char *made_of = eng_heatmap_provenance (ui_slot_map (cam))->image_sha256;
      g_assert_cmpint (strcmp (made_of, now) == 0, ==, recompute);
      if (!recompute)
        test_session_assert_same_map (test_ui_slot (first, "grad-cam"), cam);
      gtk_window_destroy (GTK_WINDOW (window));
    }
  test_ui_end (first);
}

/* ---- an end in the middle ---- */

static void
run_with (UiSession *session, const char *method, const char *parameter, double value)
{
  UiSlot *slot = test_ui_slot (session, method);
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (slot), ui_session_model (session));
  eng_values_set (values, parameter, value);
  ui_session_run_with (session, slot, values);
  /* LTX may end early, before a busy machine shows it running. */
  wait_until (ui_slot_map (slot)
              && (ui_slot_state (slot) == UI_SLOT_RUNNING || ui_slot_state (slot) == UI_SLOT_DONE));
}

static void
begin_ltx (UiWindow *window)
{
  run_with (ui_window_session (window), "ltx", "steps", 500);
}

static void
begin_rise (UiWindow *window)
{
  run_with (ui_window_session (window), "rise", "masks", 20000);
}

static void
begin_scores (UiWindow *window)
{
  UiScores *scores = ui_session_scores (ui_window_session (window));
  UiSlot *cam = test_ui_slot (ui_window_session (window), "grad-cam");
  wait_until (ui_scores_find (scores, cam)[UI_SCORE_DELETION].total > 0
              || ui_scores_find (scores, cam)[UI_SCORE_DELETION].known);
  g_assert_true (ui_scores_busy (scores));
}

static void
begin_curves (UiWindow *window)
{
  UiThreshold *threshold = ui_session_threshold (ui_window_session (window));
  guint of;
  test_ui_act (window, "win.page", "s", "threshold");
  wait_until (ui_threshold_n_ready (threshold, &of) > 0);
  g_assert_null (ui_threshold_band (threshold, UI_INSERTION)); /* of random orders, which takes longer */
}

static void
begin_explain_all (UiWindow *window)
{
  UiSession *session = ui_window_session (window);
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) slots = g_ptr_array_new ();
  guint done, n;
  for (guint i = 0; i < g_list_model_get_n_items (ui_session_pictures (session)); i++)
    g_ptr_array_add (pictures, g_list_model_get_item (ui_session_pictures (session), i));
  g_ptr_array_add (slots, test_ui_slot (session, "ltx"));
  g_ptr_array_add (slots, test_ui_slot (session, "grad-cam"));
  ui_batch_start (ui_session_batch (session), pictures, slots);
  do
    {
      g_main_context_iteration (NULL, TRUE);
      ui_batch_count (ui_session_batch (session), &done, &n);
    }
  while (done < 1);
  g_assert_cmpint (ui_batch_state (ui_session_batch (session)), ==, UI_BATCH_RUNNING);
}

static void
begin_figure (UiWindow *window)
{
  UiSession *session = ui_window_session (window);
  UiComposer *composer = ui_session_composer (session);
  test_ui_act (window, "win.add-to-figure", NULL);
  for (guint i = 1; i < 6; i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (ui_session_pictures (session), i);
      ui_composer_add_picture (composer, picture, -1);
    }
  test_ui_act (window, "win.page", "s", "figure");
  ui_composer_compute (composer);
  wait_until (ui_composer_computing (composer));
}

static void
close_window (UiWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
}

/* As Ctrl+Q does to every window, with the answer where it asks. */
static void
quit_window (UiWindow *window)
{
  g_autoptr (GList) windows = NULL;
  gtk_window_close (GTK_WINDOW (window));
  windows = gtk_window_list_toplevels ();
  for (GList *l = windows; l; l = l->next)
    if (GTK_IS_MESSAGE_DIALOG (l->data))
      {
        gtk_dialog_response (l->data, GTK_RESPONSE_REJECT);
        break;
      }
}

static const struct
{
  const char *name;
  void (*begin) (UiWindow *window), (*end) (UiWindow *window);
} moments[] = {
  { "LTX", begin_ltx, close_window },       { "RISE", begin_rise, quit_window },
  { "scores", begin_scores, close_window }, { "threshold curves", begin_curves, quit_window },
  { "figure", begin_figure, close_window }, { "Explain All", begin_explain_all, quit_window },
};

/* What is under way finds no listener, and its session goes when it comes back. */
static void
test_ended (void)
{
  if (!test_ui_have_sample ())
    return;
  ui_results_set_keeps (FALSE); /* everything has to be computed */
  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      UiWindow *window = test_ui_window ();
      UiSession *session = ui_window_session (window);
      g_test_message ("%s", moments[i].name);
      test_ui_show_only (session, "grad-cam");
      test_ui_open_sample (session);
      wait_until (test_ui_settled (session));
      moments[i].begin (window);
      g_object_add_weak_pointer (G_OBJECT (session), (gpointer *)&session);
      moments[i].end (window);
      wait_until (!session);
    }
  ui_results_set_keeps (TRUE);
}

/* Nothing of the first model's is taken for the second's. */
static void
test_another_model (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  ui_results_set_keeps (FALSE);
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      g_autofree char *other = test_data (i % 2 ? "models/scenes-cnn.onnx" : "models/scenes-shortcut.onnx");
      const char *paths[] = { other, NULL };
      EngModel *before = ui_session_model (session);
      g_test_message ("%s", moments[i].name);
      moments[i].begin (window);
      ui_session_open (session, paths, UI_OPEN_ANYTHING);
      wait_until (ui_session_model (session) != before);
      g_assert_cmpint (ui_batch_state (ui_session_batch (session)), ==, UI_BATCH_IDLE);
      test_ui_act (window, "win.page", "s", "inspect");
      test_ui_show_only (session, "grad-cam");
      wait_until (test_ui_settled (session));
      g_assert_cmpstr (model_of (cam), ==, eng_model_sha256 (ui_session_model (session)));
    }
  ui_results_set_keeps (TRUE);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- all of it at once ---- */

#define PICTURES 8

/* A short form of bench/soak.c: clicked through twice, stopped and turned at random, no warning. */
static void
test_click_through (void)
{
  if (!test_ui_have_sample ())
    return;
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  g_autofree char *folder = test_make_pictures ("pictures", PICTURES), *model = test_data ("models/scenes-cnn.onnx");
  const char *paths[] = { model, folder, NULL };
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam,gradient");
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (session));
  UiSlot *ltx = test_ui_slot (session, "ltx");
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (ltx), ui_session_model (session));
  eng_values_set (values, "steps", 2);
  ui_session_run_with (session, ltx, values);
  for (int round = 0; round < 2; round++)
    {
      for (guint i = 1; i < PICTURES; i++)
        test_visit_next (session, random);
      g_assert_cmpuint (ui_session_position (session), ==, PICTURES - 1);
      ui_session_show (session, 0);
    }
  wait_until (test_ui_settled (session));
  g_object_add_weak_pointer (G_OBJECT (session), (gpointer *)&session);
  gtk_window_destroy (GTK_WINDOW (window));
  wait_until (!session);
  g_log_set_always_fatal (fatal);
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/accidents/cache-blocked", test_cache_blocked);
  g_test_add_func ("/accidents/picture-deleted", test_picture_deleted);
  g_test_add_func ("/accidents/folder-without-pictures", test_folder_without_pictures);
  g_test_add_func ("/accidents/model-replaced", test_model_replaced);
  g_test_add_func ("/accidents/changed-picture", test_changed_picture);
  g_test_add_func ("/accidents/ended", test_ended);
  g_test_add_func ("/accidents/another-model", test_another_model);
  g_test_add_func ("/accidents/click-through", test_click_through);
  return test_ui_run ();
}
