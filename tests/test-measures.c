/* What the Threshold page measures beside its curves: masks of objects, found and refused; values as the engine's
 * protocols give them; IoU under the slider. Needs a display (xvfb-run) and the sample; skips without. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "support.h"
#include "ui-support.h"
#include "ui/history.h"
#include "ui/measure-table.h"
#include "ui/session-state.h"
#include "ui/threshold-words.h"

#define TRUTH "Ground truth"

/* The sample's first scene, which shows a lighthouse, with Grad-CAM; somebody looks. */
static UiSession *
open_sample (const char *scenes)
{
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"),
                  *own = scenes ? g_strdup (scenes) : test_data ("scenes");
  const char *paths[] = { model, own, NULL };
  UiSession *session = ui_session_new ();
  test_ui_show_only (session, "grad-cam");
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (session));
  ui_session_set_target (session, eng_model_find_class (ui_session_model (session), "lighthouse", NULL));
  wait_until (test_ui_settled (session));
  ui_threshold_watch (ui_session_threshold (session), TRUE);
  return session;
}

static UiSeries *
first_series (UiSession *session)
{
  g_autoptr (UiSeries) series = g_list_model_get_item (ui_threshold_series (ui_session_threshold (session)), 0);
  return series;
}

static gboolean
all_known (UiSession *session, const char *group)
{
  UiThreshold *threshold = ui_session_threshold (session);
  const EngProtocol *row;
  UiSeries *series = first_series (session);
  for (guint i = 0; series && (row = ui_measure_nth (group, i)); i++)
    if (!ui_threshold_measure (threshold, series, row).known)
      return FALSE;
  return series != NULL;
}

/* Looking for it has ended. */
static gboolean
truth_is_known (UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  g_autofree char *words = ui_threshold_truth_words (threshold);
  return ui_threshold_truth (threshold) || (*words && !g_str_equal (words, "Looking for the mask…"));
}

static double
value_of (UiSession *session, const char *id)
{
  return ui_threshold_measure (ui_session_threshold (session), first_series (session), eng_protocol_find (id, NULL))
      .value;
}

typedef struct
{
  const EngProtocol *row;
  EngProtocolOptions options;
  EngSubject *subject;
  EngHeatmap *map;
  EngMeasurement *measurement;
  gboolean done;
} Evaluation;

static void
evaluate (gpointer data)
{
  Evaluation *e = data;
  e->measurement = eng_protocol_evaluate (e->row, e->subject, e->map, &e->options, NULL, NULL, NULL, NULL);
}

static void
evaluated (gpointer data)
{
  ((Evaluation *)data)->done = TRUE;
}

/* On the engine thread, which may be measuring curves of the same subject. */
static double
engine_value (UiSession *session, const EngProtocol *row, EngImage *truth, double share)
{
  Evaluation e = { .row = row,
                   .options = { .threshold = share, .truth = truth },
                   .subject = ui_threshold_subject (ui_session_threshold (session)),
                   .map = first_series (session)->map };
  eng_engine_push (0, evaluate, evaluated, &e);
  wait_until (e.done);
  g_assert_nonnull (e.measurement);
  double value = e.measurement->value;
  eng_measurement_free (e.measurement);
  return value;
}

/* Every protocol that is no curve of a preset has its column, and the value is the protocol's own. */
static void
test_values (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = open_sample (NULL);
  UiThreshold *threshold = ui_session_threshold (session);
  const EngProtocol *row;
  guint listed = 0, wanted = 0;
  for (guint i = 0; (row = eng_protocol_nth (i)); i++)
    wanted += !row->curve;
  wait_until (ui_threshold_truth (threshold));
  g_assert_cmpstr (eng_image_name (ui_threshold_truth (threshold)), ==, "harbour-01.lighthouse.png");
  g_autofree char *mask = test_data ("scenes/masks/harbour-01.lighthouse.png");
  g_autoptr (EngImage) truth = eng_image_load (mask, NULL);
  for (guint g = 0; ui_measure_group_nth (g); g++)
    {
      const char *group = ui_measure_group_nth (g);
      ui_threshold_set_group (threshold, group);
      wait_until (all_known (session, group));
      for (guint i = 0; (row = ui_measure_nth (group, i)); i++, listed++)
        {
          double here = value_of (session, row->id), there = engine_value (session, row, truth, 0.15);
          g_test_message ("%s %g", row->id, here);
          g_assert_true (isnan (here) == isnan (there));
          if (!isnan (here))
            g_assert_cmpfloat_with_epsilon (here, there, 1e-9);
        }
    }
  g_assert_cmpuint (listed, ==, wanted);
  g_autofree char *numbers = ui_threshold_numbers (threshold);
  g_assert_nonnull (strstr (numbers, "\tAverage drop\n"));
  g_assert_nonnull (strstr (numbers, "\tIoU at the threshold, 15.0 %\n"));
  test_ui_end (session);
}

/* IoU is that of the threshold as it stands, at once. */
static void
test_slider (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = open_sample (NULL);
  UiThreshold *threshold = ui_session_threshold (session);
  const EngProtocol *iou = eng_protocol_find ("iou", NULL);
  ui_threshold_set_group (threshold, TRUTH);
  wait_until (all_known (session, TRUTH));
  double last = value_of (session, "iou");
  for (int i = 0; i <= 20; i++)
    {
      ui_threshold_set_share (threshold, i * 0.05);
      double value = value_of (session, "iou");
      g_assert_cmpfloat_with_epsilon (value, engine_value (session, iou, ui_threshold_truth (threshold), i * 0.05),
                                      1e-12);
      g_assert_true (value != last);
      last = value;
    }
  test_ui_end (session);
}

/* Another class has another mask, or none, and says so in one sentence. */
static void
test_classes (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = open_sample (NULL);
  UiThreshold *threshold = ui_session_threshold (session);
  EngModel *model = ui_session_model (session);
  ui_threshold_set_group (threshold, TRUTH);
  wait_until (all_known (session, TRUTH));
  double before = value_of (session, "energy-inside");
  ui_session_set_target (session, eng_model_find_class (model, "sailboat", NULL));
  g_assert_null (ui_threshold_truth (threshold)); /* never the mask of another class */
  wait_until (all_known (session, TRUTH));
  g_assert_cmpstr (eng_image_name (ui_threshold_truth (threshold)), ==, "harbour-01.sailboat.png");
  g_assert_cmpfloat (value_of (session, "energy-inside"), !=, before);

  ui_session_set_target (session, eng_model_find_class (model, "teapot", NULL));
  wait_until (truth_is_known (session));
  g_assert_null (ui_threshold_truth (threshold));
  g_autofree char *words = ui_threshold_truth_words (threshold);
  g_assert_cmpstr (words, ==, "No mask of “teapot” for harbour-01.png in the folder masks.");
  wait_until (test_ui_settled (session) && first_series (session));
  UiMeasure measure =
      ui_threshold_measure (threshold, first_series (session), eng_protocol_find ("energy-inside", NULL));
  g_assert_false (measure.known);
  test_ui_end (session);
}

/* ---- masks that will not do ---- */

static void
put (const char *folder, const char *name, const char *from)
{
  g_autofree char *source = test_data (from), *target = g_build_filename (folder, name, NULL), *bytes = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (source, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (target, bytes, (gssize)length, NULL));
}

/* What the page says with the masks in @folder. */
static char *
words_with (UiSession *session, const char *folder)
{
  UiThreshold *threshold = ui_session_threshold (session);
  ui_threshold_set_masks (threshold, folder);
  wait_until (truth_is_known (session));
  return ui_threshold_truth_words (threshold);
}

static void
expect_words (UiSession *session, const char *folder, const char *part)
{
  g_autofree char *words = words_with (session, folder);
  g_test_message ("%s", words);
  g_assert_nonnull (strstr (words, part));
  g_assert_null (ui_threshold_truth (ui_session_threshold (session)));
}

static void
test_bad (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *gone = g_build_filename (folder, "gone", NULL);
  g_autofree char *text = g_build_filename (folder, "harbour-01.lighthouse.png", NULL);
  g_autofree char *second = g_build_filename (folder, "harbour-01.Lighthouse.PNG", NULL);
  UiSession *session = open_sample (NULL);
  expect_words (session, gone, "gone");
  expect_words (session, folder, "holds no masks");
  g_assert_true (g_file_set_contents (text, "no picture", -1, NULL));
  expect_words (session, folder, "harbour-01.lighthouse.png");
  const guint8 black[3 * 480 * 360] = { 0 };
  g_autoptr (GdkPixbuf) dark =
      gdk_pixbuf_new_from_data (black, GDK_COLORSPACE_RGB, FALSE, 8, 480, 360, 3 * 480, NULL, NULL);
  g_assert_true (gdk_pixbuf_save (dark, text, "png", NULL, NULL));
  expect_words (session, folder, "has no bright pixel");
  g_autoptr (GdkPixbuf) small = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, 32, 16);
  gdk_pixbuf_fill (small, 0xffffffff);
  g_assert_true (gdk_pixbuf_save (small, text, "png", NULL, NULL));
  expect_words (session, folder, "is 32 × 16, the picture is 480 × 360");
  put (folder, "harbour-01.lighthouse.png", "scenes/masks/harbour-01.lighthouse.png");
  put (folder, "harbour-01.Lighthouse.PNG", "scenes/masks/harbour-01.sailboat.png");
  expect_words (session, folder, "are both masks of “lighthouse”");
  /* One for every class stands back behind one of the class. */
  g_assert_cmpint (g_remove (second), ==, 0);
  put (folder, "harbour-01.png", "scenes/masks/harbour-01.sailboat.png");
  g_autofree char *good = words_with (session, folder);
  g_assert_true (g_str_has_prefix (good, "harbour-01.lighthouse.png"));
  g_assert_cmpint (g_remove (text), ==, 0);
  g_autofree char *whole = words_with (session, folder);
  g_assert_true (g_str_has_prefix (whole, "harbour-01.png"));
  test_ui_end (session);
  test_remove_tree (folder);
}

/* ---- opening, coming back ---- */

/* A folder that is called so is taken for masks and leaves the pictures alone; undo takes it back, and a state holds
 * it. */
static void
test_open (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *pictures = g_build_filename (folder, "pictures", NULL);
  g_autofree char *masks = g_build_filename (folder, "my-masks", NULL);
  g_assert_cmpint (g_mkdir (pictures, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (masks, 0700), ==, 0);
  put (pictures, "harbour-01.png", "scenes/harbour-01.png");
  UiSession *session = open_sample (pictures);
  UiThreshold *threshold = ui_session_threshold (session);
  wait_until (truth_is_known (session));
  g_autofree char *none = ui_threshold_truth_words (threshold);
  g_assert_true (g_str_has_prefix (none, "No masks of objects are open."));
  test_ui_idle ();

  put (masks, "harbour-01.lighthouse.png", "scenes/masks/harbour-01.lighthouse.png");
  ui_session_open (session, (const char *const[]){ masks, NULL }, UI_OPEN_ANYTHING);
  wait_until (ui_threshold_truth (threshold));
  g_assert_cmpstr (ui_threshold_masks (threshold), ==, masks);
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_pictures (session)), ==, 1);
  test_ui_idle ();
  g_autoptr (JsonNode) state = ui_session_state_save (session);
  g_assert_cmpstr (ui_history_undo_words (ui_session_history (session)), ==, "object masks");
  g_assert_true (ui_history_undo (ui_session_history (session)));
  g_assert_null (ui_threshold_masks (threshold));
  wait_until (truth_is_known (session));
  g_assert_null (ui_threshold_truth (threshold));
  EngJson json = { json_node_get_object (state), "test", "" };
  g_assert_true (ui_session_state_load (session, &json, NULL));
  wait_until (ui_threshold_truth (threshold));
  test_ui_end (session);
  test_remove_tree (folder);
}

/* ---- in the window ---- */

static gboolean
has_label (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_label (GTK_LABEL (widget)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_get_child_visible (child) && has_label (child, text))
      return TRUE;
  return FALSE;
}

static GtkWidget *
find_child (GtkWidget *widget, const char *css_name)
{
  if (g_str_equal (gtk_widget_get_css_name (widget), css_name))
    return widget;
  GtkWidget *found = NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child && !found;
       child = gtk_widget_get_next_sibling (child))
    found = find_child (child, css_name);
  return found;
}

/* Four pictures come, and each moves the threshold to its point. */
static void
check_thumbs (UiWindow *window)
{
  static const double shares[] = { 0.10, 0.25, 0.50, 0.75 };
  UiThreshold *threshold = ui_session_threshold (ui_window_session (window));
  GtkWidget *button = gtk_widget_get_first_child (find_child (GTK_WIDGET (window), "curvethumbs"));
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++, button = gtk_widget_get_next_sibling (button))
    {
      GtkWidget *view = find_child (button, "picture");
      wait_until (gtk_picture_get_paintable (GTK_PICTURE (view)));
      g_signal_emit_by_name (button, "clicked");
      g_assert_cmpfloat_with_epsilon (ui_threshold_share (threshold), shares[i], 1e-9);
    }
  g_assert_null (button);
}

/* Columns and values appear, follow the slider, and the outline is drawn over the pictures. */
static void
test_window (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiThreshold *threshold = ui_session_threshold (session);
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.page", "s", "threshold");
  ui_threshold_set_group (threshold, TRUTH);
  wait_until (ui_threshold_truth (threshold) && all_known (session, TRUTH));
  test_ui_idle ();
  const EngProtocol *row, *iou = eng_protocol_find ("iou", NULL);
  for (guint i = 0; (row = ui_measure_nth (TRUTH, i)); i++)
    {
      g_autofree char *title = ui_measure_title (row);
      g_autofree char *value = ui_measure_text (threshold, first_series (session), row);
      g_assert_true (has_label (GTK_WIDGET (window), title));
      g_assert_true (has_label (GTK_WIDGET (window), value));
    }
  ui_threshold_set_share (threshold, 0.4);
  g_autofree char *value = ui_measure_text (threshold, first_series (session), iou);
  g_assert_true (has_label (GTK_WIDGET (window), value));
  g_autoptr (GBytes) plain = test_ui_pixels (GTK_WIDGET (window));
  ui_threshold_set_shows_outline (threshold, TRUE);
  g_autoptr (GBytes) outlined = test_ui_pixels (GTK_WIDGET (window));
  g_assert_false (g_bytes_equal (plain, outlined));
  check_thumbs (window);
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/measures/values", test_values);
  g_test_add_func ("/measures/slider", test_slider);
  g_test_add_func ("/measures/classes", test_classes);
  g_test_add_func ("/measures/bad", test_bad);
  g_test_add_func ("/measures/open", test_open);
  g_test_add_func ("/measures/window", test_window);
  return test_ui_run ();
}
