/* The threshold without and with its page: scores, curves, protocols, and what is measured when. Needs a display
 * (xvfb-run) and the sample; skips without. */
#include <math.h>
#include <string.h>

#include "support.h"
#include "ui/appearance.h"
#include "ui/loader.h"
#include "ui/window.h"

static gboolean has_display;
static char *home;

/* Runs the main loop until @condition holds; the test program's time limit is the only clock. */
#define wait_until(condition)                                                                                        \
  while (!(condition))                                                                                               \
  g_main_context_iteration (NULL, TRUE)

static gboolean
have_sample (void)
{
  g_autofree char *model = test_data ("models/scenes-cnn.onnx");
  if (has_display && g_file_test (model, G_FILE_TEST_EXISTS))
    return TRUE;
  g_test_skip (has_display ? "the sample's model is not here" : "no display");
  return FALSE;
}

static UiSlot *
find_slot (UiSession *session, const char *id)
{
  GListModel *slots = ui_session_slots (session);
  for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      if (g_str_equal (ui_slot_method (slot)->id, id))
        return slot;
    }
  g_assert_not_reached ();
}

/* The sample with Grad-CAM and @other alone. */
static UiSession *
open_sample (UiSession *session, const char *other)
{
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scenes = test_data ("scenes");
  const char *paths[] = { model, scenes, NULL };
  ui_slot_set_shown (find_slot (session, "ltx"), FALSE);
  ui_slot_set_shown (find_slot (session, other), TRUE);
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (ui_session_probabilities (session, NULL) && ui_session_n_busy (session) == 0);
  return session;
}

static UiSeries *
nth_series (UiThreshold *threshold, guint i)
{
  g_autoptr (UiSeries) series = g_list_model_get_item (ui_threshold_series (threshold), i);
  return series;
}

static gboolean
curves_are_ready (UiThreshold *threshold)
{
  guint of, ready = ui_threshold_n_ready (threshold, &of);
  return of > 0 && ready == of && ui_threshold_band (threshold, UI_DELETION)
         && ui_threshold_band (threshold, UI_INSERTION);
}

/* The score of the very picture that is shown has come back. */
static gboolean
has_exact_score (UiThreshold *threshold, UiSeries *series)
{
  EngReading reading;
  gboolean exact;
  UiDirection direction = ui_threshold_direction (threshold);
  EngMasking masking = ui_protocol_masking (ui_threshold_protocol (threshold), direction);
  return ui_threshold_score (threshold, series, &reading, &exact) && exact && series->k == ui_threshold_k (threshold)
         && eng_masking_equal (&masking, &series->masking)
         && series->order == ui_protocol_curve (ui_threshold_protocol (threshold), direction).order;
}

static void
end_session (UiSession *session)
{
  ui_session_close (session);
  wait_until (!g_main_context_pending (NULL));
  g_object_unref (session);
}

/* ---- what is measured ---- */

/* The score of the tile is the curve's point under the cursor, and the area is the protocol's value. */
static void
test_scores (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "gradient");
  UiThreshold *threshold = ui_session_threshold (session);
  g_assert_cmpuint (g_list_model_get_n_items (ui_threshold_series (threshold)), ==, 0);
  ui_threshold_watch (threshold, TRUE);
  wait_until (curves_are_ready (threshold));
  g_assert_cmpuint (g_list_model_get_n_items (ui_threshold_series (threshold)), ==, 3);
  g_assert_null (nth_series (threshold, 2)->slot);
  for (guint p = 0; ui_preset_nth (p); p++)
    for (int d = 0; d < UI_N_DIRECTIONS; d++)
      {
        ui_threshold_set_preset (threshold, ui_preset_nth (p));
        ui_threshold_set_direction (threshold, (UiDirection)d);
        ui_threshold_set_share (threshold, 0.5);
        for (guint i = 0; i < 2; i++)
          {
            UiSeries *series = nth_series (threshold, i);
            gboolean old, at_point = FALSE;
            wait_until (has_exact_score (threshold, series) && curves_are_ready (threshold));
            const UiCurve *curve = ui_threshold_curve (threshold, series, (UiDirection)d, &old);
            g_assert_false (old);
            for (int j = 0; j < curve->done; j++)
              if (curve->curve.counts[j] == series->k)
                {
                  at_point = TRUE;
                  g_assert_cmpfloat_with_epsilon (curve->points[j].reading.probability, series->reading.probability,
                                                  1e-5);
                }
            g_assert_true (at_point);
            g_autoptr (EngMeasurement) m =
                eng_protocol_evaluate (eng_protocol_find (ui_preset_nth (p)->curve_ids[d], NULL),
                                       ui_threshold_subject (threshold), series->map, NULL, NULL, NULL, NULL, NULL);
            g_assert_cmpfloat_with_epsilon (m->value, ui_threshold_area (threshold, series, (UiDirection)d, &old),
                                            1e-6);
          }
      }
  end_session (session);
}

static guint scored;

static void
on_scored (UiThreshold *threshold, gpointer unused)
{
  scored++;
}

/* A slider that moves a hundred times asks for a few scores, and the last of them is the one at rest. */
static void
test_newest_wins (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "grad-cam");
  UiThreshold *threshold = ui_session_threshold (session);
  ui_threshold_watch (threshold, TRUE);
  wait_until (curves_are_ready (threshold));
  UiSeries *series = nth_series (threshold, 0);
  g_signal_connect (threshold, "scored", G_CALLBACK (on_scored), NULL);
  scored = 0;
  for (int i = 1; i <= 100; i++)
    ui_threshold_set_share (threshold, i * 0.0031);
  wait_until (has_exact_score (threshold, series) && ui_threshold_probabilities (threshold));
  g_assert_cmpfloat_with_epsilon (ui_threshold_share (threshold), 0.31, 1e-9);
  g_assert_cmpint (series->k, ==, eng_share_pixels (0.31, ui_threshold_n (threshold)));
  g_assert_cmpuint (scored, <=, 4); /* one that was under way, then the last wish of each line */
  int target = ui_session_target (session);
  g_assert_cmpfloat_with_epsilon (ui_threshold_probabilities (threshold)[target], series->reading.probability, 1e-6);
  end_session (session);
}

/* Another fill makes a custom protocol; numbers of before are marked and come back without a pass. */
static void
test_protocols (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "grad-cam");
  UiThreshold *threshold = ui_session_threshold (session);
  gboolean old;
  ui_threshold_watch (threshold, TRUE);
  wait_until (curves_are_ready (threshold));
  UiSeries *series = nth_series (threshold, 0);
  double before = ui_threshold_area (threshold, series, UI_DELETION, &old);
  const UiPreset *rise = ui_threshold_protocol (threshold)->preset;
  g_assert_false (old);

  ui_threshold_set_fill (threshold, ENG_FILL_BLUR);
  g_assert_cmpstr (ui_protocol_name (ui_threshold_protocol (threshold)), ==, "Custom");
  g_assert_cmpfloat (ui_threshold_area (threshold, series, UI_DELETION, &old), ==, before);
  g_assert_true (old);
  wait_until (curves_are_ready (threshold));
  g_assert_cmpfloat (ui_threshold_area (threshold, series, UI_DELETION, &old), !=, before);
  g_assert_false (old);

  guint64 passes = eng_subject_passes (ui_threshold_subject (threshold));
  ui_threshold_set_preset (threshold, rise);
  g_assert_cmpfloat (ui_threshold_area (threshold, series, UI_DELETION, &old), ==, before);
  g_assert_false (old);
  g_assert_true (curves_are_ready (threshold));
  wait_until (has_exact_score (threshold, series));
  wait_until (has_exact_score (threshold, nth_series (threshold, 1)));
  /* The two pictures on screen are run once more, for the other classes' scores. */
  g_assert_cmpuint (eng_subject_passes (ui_threshold_subject (threshold)), <=, passes + 2);
  end_session (session);
}

/* A score does not wait for a long explanation to end. */
static void
test_between_steps (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "grad-cam");
  UiThreshold *threshold = ui_session_threshold (session);
  UiSlot *ltx = find_slot (session, "ltx");
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (ltx), ui_session_model (session));
  eng_values_set (values, "steps", 500);
  g_assert_true (eng_values_set_text (values, "selection", "last", NULL));
  ui_session_run_with (session, ltx, values);
  wait_until (ui_slot_state (ltx) == UI_SLOT_RUNNING && ui_slot_map (ltx));
  ui_threshold_watch (threshold, TRUE);
  wait_until (has_exact_score (threshold, nth_series (threshold, 0)));
  g_assert_cmpint (ui_slot_state (ltx), ==, UI_SLOT_RUNNING);
  end_session (session);
}

/* A step of LTX is looked at and put back; the curves of both are kept. */
static void
test_steps (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "ltx");
  UiThreshold *threshold = ui_session_threshold (session);
  gboolean old;
  ui_threshold_watch (threshold, TRUE);
  wait_until (curves_are_ready (threshold));
  UiSeries *series = nth_series (threshold, 0);
  g_assert_cmpstr (ui_series_name (series), ==, "LTX");
  EngHeatmap *result = series->map;
  int kept = eng_heatmap_kept_step (result);
  g_assert_cmpint (kept, >=, 0);
  double area = ui_threshold_area (threshold, series, UI_DELETION, &old);
  ui_threshold_set_step (threshold, series, kept ? 0 : 1);
  g_assert_true (series->map != result);
  g_assert_cmpint (eng_heatmap_kept_step (series->map), ==, kept ? 0 : 1);
  wait_until (curves_are_ready (threshold));
  ui_threshold_set_step (threshold, series, -1);
  g_assert_true (series->map == result);
  g_assert_cmpfloat (ui_threshold_area (threshold, series, UI_DELETION, &old), ==, area);
  g_assert_true (curves_are_ready (threshold));
  end_session (session);
}

/* Another picture or class in the middle of it all. */
static void
test_walk (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "grad-cam");
  UiThreshold *threshold = ui_session_threshold (session);
  ui_threshold_watch (threshold, TRUE);
  for (int i = 0; i < 4; i++)
    {
      wait_until (ui_threshold_subject (threshold));
      ui_session_walk (session, 1);
      g_assert_null (ui_threshold_subject (threshold));
    }
  wait_until (curves_are_ready (threshold));
  int other = ui_session_target (session) ? 0 : 1;
  ui_session_set_target (session, other);
  wait_until (curves_are_ready (threshold));
  g_assert_cmpint (eng_subject_class_index (ui_threshold_subject (threshold)), ==, other);
  end_session (session);
}

int
main (int argc, char **argv)
{
  home = test_tmpdir ();
  g_setenv ("XDG_CONFIG_HOME", home, TRUE);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_CACHE_HOME", home, TRUE);
  g_setenv ("GTK_A11Y", "test", TRUE);
  g_test_init (&argc, &argv, NULL);
  has_display = gtk_init_check ();
  if (has_display)
    ui_appearance_init ();
  g_test_add_func ("/threshold/scores", test_scores);
  g_test_add_func ("/threshold/newest-wins", test_newest_wins);
  g_test_add_func ("/threshold/protocols", test_protocols);
  g_test_add_func ("/threshold/between-steps", test_between_steps);
  g_test_add_func ("/threshold/steps", test_steps);
  g_test_add_func ("/threshold/walk", test_walk);
  int result = g_test_run ();
  ui_loader_shutdown ();
  eng_engine_shutdown ();
  ui_appearance_shutdown ();
  test_remove_tree (home);
  return result;
}
