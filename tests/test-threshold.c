/* The threshold without and with its page: scores, curves, protocols, and what is measured when. Needs a display
 * (xvfb-run) and the sample; skips without. */
#include <math.h>
#include <string.h>

#include "ui-support.h"
#include "ui/draw/masked.h"
#include "ui/history.h"
#include "ui/session-state.h"
#include "ui/threshold-words.h"

/* The sample with Grad-CAM and @other alone. */
static UiSession *
open_sample (UiSession *session, const char *other)
{
  g_autofree char *ids = g_strdup_printf ("grad-cam,%s", other);
  test_ui_show_only (session, ids);
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
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
  if (!test_ui_have_sample ())
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
  if (!test_ui_have_sample ())
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
  if (!test_ui_have_sample ())
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
  if (!test_ui_have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "grad-cam");
  UiThreshold *threshold = ui_session_threshold (session);
  UiSlot *ltx = test_ui_slot (session, "ltx");
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
  if (!test_ui_have_sample ())
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
  if (!test_ui_have_sample ())
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

/* Undo takes back a kept step, a direction and a protocol; the state as text and back is the same. */
static void
test_undo (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "ltx");
  UiThreshold *threshold = ui_session_threshold (session);
  UiHistory *history = ui_session_history (session);
  UiSlot *ltx = test_ui_slot (session, "ltx");
  EngHeatmap *own = ui_slot_map (ltx);
  int kept = eng_heatmap_kept_step (own), other = kept ? 0 : 1;
  test_ui_idle ();
  ui_threshold_keep_step (threshold, ltx, other);
  g_assert_true (ui_slot_map (ltx) != own);
  g_assert_cmpint (eng_heatmap_kept_step (ui_slot_map (ltx)), ==, other);
  test_ui_idle ();
  ui_threshold_set_fill (threshold, ENG_FILL_NOISE);
  test_ui_idle ();

  g_assert_cmpstr (ui_history_undo_words (history), ==, "protocol");
  g_assert_true (ui_history_undo (history));
  g_assert_false (ui_threshold_protocol (threshold)->custom);
  g_assert_cmpstr (ui_history_undo_words (history), ==, "kept step");
  g_assert_true (ui_history_undo (history));
  g_assert_true (ui_slot_map (ltx) == own);
  g_assert_true (ui_history_redo (history));
  g_assert_cmpint (eng_heatmap_kept_step (ui_slot_map (ltx)), ==, other);

  g_autoptr (JsonNode) state = ui_session_state_save (session);
  g_autofree char *text = json_to_string (state, FALSE);
  g_assert_true (ui_history_undo (history));
  EngJson json = { json_node_get_object (state), "test", "" };
  g_assert_true (ui_session_state_load (session, &json, NULL));
  g_autoptr (JsonNode) again = ui_session_state_save (session);
  g_autofree char *same = json_to_string (again, FALSE);
  g_assert_cmpstr (text, ==, same);
  g_assert_cmpint (eng_heatmap_kept_step (ui_slot_map (ltx)), ==, other);
  end_session (session);
}

/* Ranked by magnitude, signed maps are other curves, scores and words, and others stay; undo brings the first back.
 */
static void
test_rank_by (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = open_sample (ui_session_new (), "gradient-x-input");
  UiThreshold *threshold = ui_session_threshold (session);
  UiScores *scores = ui_session_scores (session);
  UiHistory *history = ui_session_history (session);
  ui_threshold_watch (threshold, TRUE);
  wait_until (curves_are_ready (threshold) && !ui_scores_busy (scores));
  UiSeries *cam = nth_series (threshold, 0), *gradient = nth_series (threshold, 1);
  gboolean old;
  const UiCurve *of_cam = ui_threshold_curve (threshold, cam, UI_DELETION, &old);
  const UiCurve *first = ui_threshold_curve (threshold, gradient, UI_DELETION, &old);
  double by_value = ui_threshold_area (threshold, gradient, UI_DELETION, &old);
  test_ui_idle ();

  ui_threshold_set_rank_by (threshold, ENG_RANK_ABSOLUTE);
  ui_threshold_area (threshold, gradient, UI_DELETION, &old);
  g_assert_true (old);
  g_assert_true (ui_threshold_curve (threshold, cam, UI_DELETION, &old) == of_cam && !old);
  wait_until (curves_are_ready (threshold) && has_exact_score (threshold, gradient) && !ui_scores_busy (scores));
  const EngProtocolOptions options = { .threshold = ENG_PROTOCOL_THRESHOLD, .rank_by = ENG_RANK_ABSOLUTE };
  g_autoptr (EngMeasurement) m =
      eng_protocol_evaluate (ui_scores_protocol (UI_SCORE_DELETION), ui_threshold_subject (threshold), gradient->map,
                             &options, NULL, NULL, NULL, NULL);
  double by_magnitude = ui_threshold_area (threshold, gradient, UI_DELETION, &old);
  g_assert_false (old);
  g_assert_true (fabs (by_magnitude - by_value) > 1e-3);
  g_assert_cmpfloat_with_epsilon (m->value, by_magnitude, 1e-6);
  const UiScore *score = ui_scores_find (scores, gradient->slot);
  g_assert_true (score[UI_SCORE_DELETION].known);
  g_assert_cmpfloat_with_epsilon (score[UI_SCORE_DELETION].value, by_magnitude, 1e-6);
  ui_threshold_select (threshold, gradient);
  g_autofree char *reading = ui_threshold_reading (threshold), *numbers = ui_threshold_numbers (threshold);
  g_assert_nonnull (strstr (reading, "ranks highest by magnitude"));
  g_assert_nonnull (strstr (numbers, "Signed maps are ranked by magnitude."));

  g_assert_cmpstr (ui_history_undo_words (history), ==, "ranking");
  g_assert_true (ui_history_undo (history));
  g_assert_true (ui_threshold_curve (threshold, gradient, UI_DELETION, &old) == first && !old);
  g_assert_false (ui_threshold_protocol (threshold)->by);
  wait_until (has_exact_score (threshold, gradient));
  end_session (session);
}

/* What one frame of a drag costs the main thread: six pictures of 480 x 360, from a ranking of 224 x 224 pixels. */
static void
test_frame (void)
{
  enum
  {
    SIDE = 224,
    TILES = 6,
    FRAMES = 20
  };
  g_autoptr (EngRanking) ranking = eng_ranking_new_random (SIDE * SIDE, 1, 0);
  g_autofree guint8 *fill = g_malloc0 (3 * SIDE * SIDE);
  g_autofree guint32 *argb = g_new (guint32, 480 * 360);
  const EngGeometry geometry = { 480, 360, SIDE, SIDE, 480.0 / SIDE, 360.0 / SIDE, 0, 0, 0, 0, SIDE, SIDE };
  gint64 start = g_get_monotonic_time ();
  for (int i = 0; i < FRAMES * TILES; i++)
    {
      UiMasked masked = { &geometry, ranking, ENG_MASK_REMOVE, SIDE * SIDE * i / (FRAMES * TILES), fill };
      ui_masked_overlay (&masked, 0, 0, 480, 360, 480, 360, argb);
    }
  g_test_message ("masked pictures of a frame: %.2f ms", (double)(g_get_monotonic_time () - start) / 1000 / FRAMES);
  /* The last one: all but a sixtieth are gone, and the overlay says which. */
  const guint32 *ranks = eng_ranking_ranks (ranking);
  int k = SIDE * SIDE * (FRAMES * TILES - 1) / (FRAMES * TILES);
  for (int y = 0; y < 360; y += 7)
    for (int x = 0; x < 480; x += 7)
      {
        int column = (int)((x + 0.5) * SIDE / 480), row = (int)((y + 0.5) * SIDE / 360);
        g_assert_cmpint (argb[y * 480 + x] >> 24, ==, ranks[row * SIDE + column] < (guint32)k ? 255 : 0);
      }
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/threshold/scores", test_scores);
  g_test_add_func ("/threshold/newest-wins", test_newest_wins);
  g_test_add_func ("/threshold/protocols", test_protocols);
  g_test_add_func ("/threshold/between-steps", test_between_steps);
  g_test_add_func ("/threshold/steps", test_steps);
  g_test_add_func ("/threshold/walk", test_walk);
  g_test_add_func ("/threshold/undo", test_undo);
  g_test_add_func ("/threshold/rank-by", test_rank_by);
  g_test_add_func ("/threshold/frame", test_frame);
  return test_ui_run ();
}
