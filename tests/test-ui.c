/* The window without a person: the session's logic, the states of a tile, names for screen readers,
 * and the end in the middle of a run. Needs a display (xvfb-run) and the sample; skips without. */
#include <string.h>

#include "engine/probe.h"
#include "onnx-maker.h"
#include "support.h"
#include "ui/appearance.h"
#include "ui/draw/words.h"
#include "ui/help-window.h"
#include "ui/loader.h"
#include "ui/markdown.h"
#include "ui/settings.h"
#include "ui/viewport.h"
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

static void
open_two (UiSession *session, const char *a, const char *b)
{
  const char *paths[] = { a, b, NULL };
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
}

/* The sample with the quick method only. */
static UiSession *
open_sample (void)
{
  UiSession *session = ui_session_new ();
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scenes = test_data ("scenes");
  ui_slot_set_shown (find_slot (session, "ltx"), FALSE);
  open_two (session, model, scenes);
  return session;
}

/* LTX as long as nobody stops it: no step is good enough to end it. (transfer full) */
static EngValues *
endless_ltx (UiSession *session)
{
  EngValues *values = eng_values_new (eng_method_find ("ltx", NULL), ui_session_model (session));
  eng_values_set (values, "steps", 500);
  g_assert_true (eng_values_set_text (values, "selection", "last", NULL));
  return values;
}

static gboolean
is_done (UiSession *session, UiSlot *slot)
{
  return ui_session_n_busy (session) == 0 && ui_slot_state (slot) == UI_SLOT_DONE;
}

static void
end_session (UiSession *session)
{
  ui_session_close (session);
  g_assert_finalize_object (session);
}

/* ---- the session ---- */

static void
test_open_sample (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample ();
  UiSlot *cam = find_slot (session, "grad-cam");
  wait_until (is_done (session, cam));
  int n;
  const float *probabilities = ui_session_probabilities (session, &n);
  g_assert_cmpint (n, ==, eng_model_n_classes (ui_session_model (session)));
  g_assert_true (ui_session_follows_top (session));
  for (int i = 0; i < n; i++)
    g_assert_cmpfloat (probabilities[i], <=, probabilities[ui_session_target (session)]);
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_tiles (session)), ==, 1);
  g_assert_true (ui_picture_explained (ui_session_picture (session)));
  end_session (session);
}

static void
test_walk (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample ();
  UiSlot *cam = find_slot (session, "grad-cam");
  wait_until (is_done (session, cam));
  EngHeatmap *first = ui_slot_map (cam);
  guint last = g_list_model_get_n_items (ui_session_pictures (session)) - 1;

  ui_session_walk (session, -1);
  g_assert_cmpuint (ui_session_position (session), ==, 0);
  ui_session_walk (session, 1);
  ui_session_walk (session, 1);
  g_assert_cmpuint (ui_session_position (session), ==, 2);
  /* Nothing starts while the keys are busy. */
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_PENDING);
  g_assert_null (ui_slot_job (cam));
  wait_until (is_done (session, cam));
  g_assert_true (ui_slot_map (cam) != first);

  /* Going back takes the map that was kept, at once. */
  ui_session_walk (session, G_MININT);
  g_assert_cmpuint (ui_session_position (session), ==, 0);
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_true (ui_slot_map (cam) == first);
  ui_session_walk (session, G_MAXINT);
  g_assert_cmpuint (ui_session_position (session), ==, last);
  end_session (session);
}

static void
test_class (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample ();
  UiSlot *cam = find_slot (session, "grad-cam");
  wait_until (is_done (session, cam));
  EngHeatmap *top = ui_slot_map (cam);
  int target = ui_session_target (session), other = target == 0 ? 1 : 0;

  ui_session_set_target (session, other);
  g_assert_false (ui_session_follows_top (session));
  wait_until (is_done (session, cam));
  g_assert_true (ui_slot_map (cam) != top);
  g_assert_cmpint (eng_heatmap_provenance (ui_slot_map (cam))->class_index, ==, other);

  ui_session_set_follow_top (session, TRUE);
  g_assert_cmpint (ui_session_target (session), ==, target);
  g_assert_true (ui_slot_map (cam) == top);
  end_session (session);
}

static void
test_values_and_stop (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample ();
  UiSlot *ltx = find_slot (session, "ltx");
  wait_until (ui_session_probabilities (session, NULL) && ui_session_n_busy (session) == 0);

  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (ltx), ui_session_model (session));
  eng_values_set (values, "steps", 2);
  ui_session_run_with (session, ltx, values);
  g_assert_true (ui_slot_shown (ltx));
  wait_until (is_done (session, ltx));
  g_autofree char *summary = ui_slot_summary (ltx);
  g_assert_nonnull (strstr (summary, "steps 2"));

  /* As long as nobody stops it; what it has done by then is its result. */
  g_autoptr (EngValues) endless = endless_ltx (session);
  ui_session_run_with (session, ltx, endless);
  wait_until (ui_slot_state (ltx) == UI_SLOT_RUNNING && ui_slot_map (ltx));
  ui_slot_stop (ltx);
  wait_until (ui_slot_state (ltx) == UI_SLOT_DONE);
  g_assert_true (ui_slot_partial (ltx));
  const EngProvenance *provenance = eng_heatmap_provenance (ui_slot_map (ltx));
  g_assert_cmpuint (provenance->done, <, provenance->total);
  g_autofree char *partial = ui_words_partial (ui_slot_map (ltx));
  g_assert_true (g_str_has_suffix (partial, " of 500 steps"));
  end_session (session);
}

/* One class rather than another: another map, from the cache when it is cleared; methods that cannot say so. */
static void
test_contrast (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample ();
  UiSlot *cam = find_slot (session, "grad-cam"), *ltx = find_slot (session, "ltx");
  wait_until (is_done (session, cam));
  EngHeatmap *alone = ui_slot_map (cam);
  int target = ui_session_target (session), other = target == 0 ? 1 : 0;

  ui_session_set_contrast (session, other);
  ui_slot_set_shown (ltx, TRUE);
  g_assert_cmpint (ui_slot_state (ltx), ==, UI_SLOT_IMPOSSIBLE);
  g_assert_true (ui_slot_applies (ltx));
  g_assert_nonnull (strstr (ui_slot_reason (ltx), "rather than another"));
  wait_until (is_done (session, cam));
  g_assert_true (ui_slot_map (cam) != alone);
  g_assert_cmpint (eng_heatmap_provenance (ui_slot_map (cam))->contrast_index, ==, other);
  ui_slot_set_shown (ltx, FALSE);

  /* Rather than itself there is nothing to say: the class alone. */
  ui_session_set_contrast (session, target);
  g_assert_true (ui_slot_map (cam) == alone);
  ui_session_set_contrast (session, other);
  ui_session_set_target (session, other);
  g_assert_cmpint (ui_session_contrast (session), ==, -1);
  ui_session_set_target (session, target);
  g_assert_true (ui_slot_map (cam) == alone);
  end_session (session);
}

static char *message;

static void
on_problem (UiSession *session, const char *text, const char *action, gpointer unused)
{
  g_free (message);
  message = g_strdup (text);
}

static void
test_failed_open (void)
{
  if (!have_sample ())
    return;
  UiSession *session = open_sample ();
  g_autofree char *text = g_build_filename (home, "notes.onnx", NULL);
  g_autofree char *picture = g_build_filename (home, "broken.png", NULL);
  g_assert_true (g_file_set_contents (text, "no model", -1, NULL));
  g_assert_true (g_file_set_contents (picture, "no picture", -1, NULL));
  g_signal_connect (session, "problem", G_CALLBACK (on_problem), NULL);
  wait_until (is_done (session, find_slot (session, "grad-cam")));
  EngModel *model = ui_session_model (session);
  UiPicture *current = ui_session_picture (session);

  g_clear_pointer (&message, g_free);
  open_two (session, text, NULL);
  wait_until (message);
  g_assert_nonnull (strstr (message, "notes.onnx"));
  g_clear_pointer (&message, g_free);
  open_two (session, picture, NULL);
  wait_until (message);
  g_assert_nonnull (strstr (message, "broken.png"));
  g_clear_pointer (&message, g_free);

  g_assert_true (ui_session_model (session) == model);
  g_assert_true (ui_session_picture (session) == current);
  g_assert_null (ui_session_opening (session));
  end_session (session);
}

static void
copy_scene (const char *folder, const char *name)
{
  g_autofree char *from = test_data ("scenes/harbour-01.png"), *to = g_build_filename (folder, name, NULL),
                  *bytes = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (from, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (to, bytes, (gssize)length, NULL));
}

static void
test_broken_pictures_are_skipped (void)
{
  if (!have_sample ())
    return;
  UiSession *session = ui_session_new ();
  g_autofree char *folder = test_tmpdir (), *broken = g_build_filename (folder, "2.png", NULL);
  copy_scene (folder, "1.png");
  g_assert_true (g_file_set_contents (broken, "no picture", -1, NULL));
  copy_scene (folder, "3.png");
  open_two (session, folder, NULL);
  wait_until (ui_session_picture (session));
  g_assert_cmpuint (ui_session_position (session), ==, 0);
  ui_session_walk (session, 1);
  wait_until (ui_session_position (session) == 2 && ui_picture_image (ui_session_picture (session)));
  g_autoptr (UiPicture) bad = g_list_model_get_item (ui_session_pictures (session), 1);
  g_assert_nonnull (ui_picture_problem (bad));
  ui_session_walk (session, -1);
  g_assert_cmpuint (ui_session_position (session), ==, 0);
  g_clear_object (&bad);
  end_session (session);
  test_remove_tree (folder);
}

/* ---- small parts ---- */

static void
test_viewport (void)
{
  g_autoptr (UiViewport) viewport = ui_viewport_new ();
  const UiFrame frame = { 400, 200, 200, 200 };
  graphene_rect_t place;
  ui_viewport_place (viewport, &frame, &place);
  g_assert_cmpfloat (place.size.width, ==, 200);
  g_assert_cmpfloat (place.origin.y, ==, 50);

  /* The point under the pointer stays where it is: picture pixel (100, 100) lies at (50, 100). */
  ui_viewport_zoom_by (viewport, &frame, 4, 50, 100);
  ui_viewport_place (viewport, &frame, &place);
  g_assert_false (ui_viewport_fits (viewport));
  g_assert_cmpfloat_with_epsilon (place.origin.x + 100 * 2, 50, 1e-3);
  g_assert_cmpfloat_with_epsilon (place.origin.y + 100 * 2, 100, 1e-3);
  /* No empty strip at the edge. */
  ui_viewport_pan (viewport, &frame, 1e6, 1e6);
  ui_viewport_place (viewport, &frame, &place);
  g_assert_cmpfloat_with_epsilon (place.origin.x, 0, 1e-3);
  ui_viewport_fit (viewport);
  g_assert_true (ui_viewport_fits (viewport));
}

static void
test_words (void)
{
  g_autofree char *small = ui_words_count (12), *large = ui_words_count (1234567);
  g_assert_cmpstr (small, ==, "12");
  g_assert_cmpstr (large, ==, "1,234,567");
  g_autofree char *three = ui_words_time_left (2.2), *some = ui_words_time_left (33),
                  *minutes = ui_words_time_left (119);
  g_assert_cmpstr (three, ==, "about 3 s left");
  g_assert_cmpstr (some, ==, "about 35 s left");
  g_assert_cmpstr (minutes, ==, "about 2 min left");
  g_autofree char *rest = NULL, *title = ui_words_first_sentence ("a.onnx is 1.5 MB. Export it again.", &rest);
  g_assert_cmpstr (title, ==, "a.onnx is 1.5 MB");
  g_assert_cmpstr (rest, ==, "Export it again.");
}

/* ---- the window ---- */

static UiWindow *
make_window (void)
{
  UiWindow *window = ui_window_new (NULL);
  gtk_window_present (GTK_WINDOW (window));
  return window;
}

static gboolean
shows_text (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_visible (widget))
    return FALSE;
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text))
    return TRUE;
  if (GTK_IS_STACK (widget))
    return shows_text (gtk_stack_get_visible_child (GTK_STACK (widget)), text);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    if (shows_text (child, text))
      return TRUE;
  return FALSE;
}

static void
test_start_page (void)
{
  if (!have_sample ())
    return;
  UiWindow *window = make_window ();
  g_assert_true (shows_text (GTK_WIDGET (window), "See why a model decides"));
  g_assert_true (shows_text (GTK_WIDGET (window), "Open the Sample"));
  GtkWidget *first = gtk_window_get_default_widget (GTK_WINDOW (window));
  g_assert_true (GTK_IS_BUTTON (first));
  gtk_window_destroy (GTK_WINDOW (window));
}

static void
test_tile_states (void)
{
  if (!have_sample ())
    return;
  UiWindow *window = make_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *ltx = find_slot (session, "ltx"), *cam = find_slot (session, "grad-cam");
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scenes = test_data ("scenes");
  GtkWidget *tile = GTK_WIDGET (ui_tile_grid_find (ui_window_grid (window), ltx));

  open_two (session, model, NULL);
  wait_until (ui_session_model (session));
  g_assert_true (shows_text (tile, "No picture yet"));
  ui_slot_set_shown (cam, FALSE);
  g_autoptr (EngValues) endless = endless_ltx (session);
  ui_slot_set_values (ltx, endless);
  open_two (session, scenes, NULL);
  wait_until (ui_slot_state (ltx) == UI_SLOT_RUNNING && ui_slot_map (ltx));
  g_assert_true (shows_text (tile, "Preview, sharpens while it runs"));
  g_assert_true (shows_text (tile, "Stop"));
  ui_session_stop_all (session);
  wait_until (ui_slot_state (ltx) == UI_SLOT_DONE);
  g_assert_true (shows_text (tile, "partial"));
  g_assert_true (shows_text (tile, " of 500 steps"));
  ui_slot_fail (ltx, ui_slot_key (ltx), "LTX ran out of memory. Use fewer steps.");
  g_assert_true (shows_text (tile, "LTX ran out of memory"));
  g_assert_true (shows_text (tile, "Use fewer steps."));
  g_assert_true (shows_text (tile, "Try Again"));
  ui_slot_clear (ltx);
  g_assert_true (shows_text (tile, "Not computed yet"));
  ui_session_set_contrast (session, ui_session_target (session) == 0 ? 1 : 0);
  g_assert_true (shows_text (tile, "cannot explain one class rather than another"));
  g_assert_true (shows_text (GTK_WIDGET (window), " rather than "));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Two outputs with classes: the row that lets a person choose, and that the choice is noted beside the model. */
static GBytes *
two_heads (void)
{
  static const float a[12] = { 1, -1, 0, 2, 0, 1, 0, 0, 3, 1, 1, 1 }, b[6] = { 1, -1, 0, 2, 0, 1 };
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  onnx_maker_floats (m, "a", 2, (int64_t[]){ 3, 4 }, a);
  onnx_maker_floats (m, "b", 2, (int64_t[]){ 3, 2 }, b);
  onnx_maker_node (m, "GlobalAveragePool", "x", "pooled");
  onnx_maker_node (m, "Flatten", "pooled", "flat");
  onnx_maker_node (m, "MatMul", "flat a", "species");
  onnx_maker_node (m, "MatMul", "flat b", "indoors");
  onnx_maker_output (m, "species");
  onnx_maker_output (m, "indoors");
  return onnx_maker_finish (m);
}

static GtkWidget *
find_widget (GtkWidget *widget, GType type)
{
  if (g_type_is_a (G_OBJECT_TYPE (widget), type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_widget (child, type);
      if (found)
        return found;
    }
  return NULL;
}

static void
test_outputs (void)
{
  if (!have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "net.onnx", NULL);
  g_autofree char *sidecar = g_build_filename (folder, "net.json", NULL);
  g_autoptr (GBytes) bytes = two_heads ();
  g_assert_true (eng_write_atomically (path, bytes, NULL));
  UiWindow *window = make_window ();
  UiSession *session = ui_window_session (window);
  open_two (session, path, NULL);
  wait_until (ui_session_model (session));
  GtkDropDown *outputs = GTK_DROP_DOWN (find_widget (GTK_WIDGET (window), GTK_TYPE_DROP_DOWN));
  g_assert_cmpuint (g_list_model_get_n_items (gtk_drop_down_get_model (outputs)), ==, 2);
  gtk_drop_down_set_selected (outputs, 1);
  wait_until (eng_model_n_classes (ui_session_model (session)) == 2);
  g_assert_cmpuint (gtk_drop_down_get_selected (outputs), ==, 1);
  g_assert_true (g_file_test (sidecar, G_FILE_TEST_EXISTS));
  gtk_window_destroy (GTK_WINDOW (window));
  test_remove_tree (folder);
}

/* ---- help and preferences ---- */

static GtkWidget *
find_window (const char *title)
{
  GListModel *windows = gtk_window_get_toplevels ();
  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (windows, i);
      if (g_strcmp0 (gtk_window_get_title (window), title) == 0)
        return GTK_WIDGET (window);
    }
  return NULL;
}

static char *
text_of (GtkTextBuffer *buffer)
{
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

static void
test_markdown (void)
{
  if (!has_display)
    {
      g_test_skip ("no display");
      return;
    }
  g_autoptr (GtkTextBuffer) buffer = gtk_text_buffer_new (NULL);
  ui_markdown_show (buffer,
                    "# Title\n\nOne **bold**\nline, a * b, `x*y` and *this*.\n\n## The Part\n- first\n  still\n"
                    "- [second](http://x)\n\n    s = a*b*c\n\nLast");
  g_autofree char *text = text_of (buffer);
  g_assert_cmpstr (text, ==,
                   "Title\nOne bold line, a * b, x*y and this.\nThe Part\n•  first still\n•  second (http://x)\n"
                   "s = a*b*c\nLast\n");
  GtkTextMark *mark = gtk_text_buffer_get_mark (buffer, "the part");
  GtkTextIter at;
  g_assert_nonnull (mark);
  gtk_text_buffer_get_iter_at_mark (buffer, &at, mark);
  g_assert_cmpint (gtk_text_iter_get_line (&at), ==, 2);
  ui_markdown_show (buffer, "|  | *old* | new |\n|---|:-:|---|\n| `steps` | 2000 | 3 |\nAfter");
  g_autofree char *table = text_of (buffer);
  g_assert_cmpstr (table, ==, "        old    new\nsteps   2000   3\nAfter\n");
  /* What is no Markdown stays as it is. */
  ui_markdown_show (buffer, "**open `and [broken](\n```\nnever closed");
  g_autofree char *broken = text_of (buffer);
  g_assert_cmpstr (broken, ==, "**open `and [broken](\nnever closed\n");
}

/* Each method has its part in its family's page. */
static void
test_pages (void)
{
  const EngMethod *method;
  for (guint i = 0; (method = eng_method_nth (i)); i++)
    {
      g_autofree char *page = ui_help_page (method->family);
      g_autofree char *heading = g_strdup_printf ("\n## %s\n", method->name);
      if (!page || !strstr (page, heading))
        g_error ("%s.md has no heading \"## %s\"", eng_family_id (method->family), method->name);
    }
}

static void
test_help (void)
{
  if (!have_sample ())
    return;
  UiWindow *window = make_window ();
  gtk_widget_activate_action (GTK_WIDGET (window), "win.help", "s", "ltx");
  GtkWidget *help = find_window ("Sightline Help");
  g_assert_nonnull (help);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (find_widget (help, GTK_TYPE_TEXT_VIEW)));
  g_autofree char *text = text_of (buffer);
  g_assert_true (g_str_has_prefix (text, "Learned explainers\n"));
  GtkTextIter at;
  gtk_text_buffer_get_iter_at_mark (buffer, &at, gtk_text_buffer_get_insert (buffer));
  g_assert_cmpint (gtk_text_iter_get_line (&at), >, 0);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.help", "s", "");
  g_assert_true (find_window ("Sightline Help") == help);
  gtk_window_destroy (GTK_WINDOW (window));
}

static void
test_preferences (void)
{
  if (!have_sample ())
    return;
  UiWindow *window = make_window ();
  gsize before = eng_memory_budget ();
  gtk_widget_activate_action (GTK_WIDGET (window), "win.preferences", NULL);
  GtkWidget *preferences = find_window ("Preferences");
  g_assert_nonnull (preferences);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (find_widget (preferences, GTK_TYPE_SPIN_BUTTON)), 512);
  g_assert_cmpuint (eng_memory_budget (), ==, (gsize)512 << 20);
  g_assert_cmpint (ui_settings_get_int ("memory-megabytes"), ==, 512);
  eng_set_memory_budget (before);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- names ---- */

/* The text inside an entry or a spin button is named by what surrounds it. */
static gboolean
is_named (GtkWidget *widget)
{
  if (GTK_IS_TEXT (widget))
    return is_named (gtk_widget_get_parent (widget));
  GtkAccessible *accessible = GTK_ACCESSIBLE (widget);
  return gtk_test_accessible_has_property (accessible, GTK_ACCESSIBLE_PROPERTY_LABEL)
         || gtk_test_accessible_has_relation (accessible, GTK_ACCESSIBLE_RELATION_LABELLED_BY)
         || (GTK_IS_BUTTON (widget) && gtk_button_get_label (GTK_BUTTON (widget)))
         || (GTK_IS_CHECK_BUTTON (widget) && gtk_check_button_get_label (GTK_CHECK_BUTTON (widget)))
         || (GTK_IS_EXPANDER (widget) && gtk_expander_get_label (GTK_EXPANDER (widget))) || GTK_IS_LABEL (widget)
         || gtk_widget_get_tooltip_text (widget);
}

/* Containers that only pass the focus on, and widgets of GTK that carry their own names. */
static gboolean
is_exempt (GtkWidget *widget)
{
  GtkWidget *parent = gtk_widget_get_parent (widget);
  const char *name = G_OBJECT_TYPE_NAME (widget);
  return GTK_IS_WINDOW (widget) || GTK_IS_SCROLLED_WINDOW (widget) || GTK_IS_POPOVER (widget) || GTK_IS_STACK (widget)
         || GTK_IS_PANED (widget) || g_str_equal (name, "GtkListItemWidget") /* its cell is named */
         || g_str_equal (name, "GtkModelButton")
         || (parent && (GTK_IS_MENU_BUTTON (parent) || GTK_IS_DROP_DOWN (parent)) && is_named (parent))
         || gtk_widget_get_ancestor (widget, GTK_TYPE_WINDOW_CONTROLS)
         || (GTK_IS_LIST_BASE (widget) && gtk_widget_get_ancestor (widget, GTK_TYPE_DROP_DOWN));
}

static guint
count_unnamed (GtkWidget *widget)
{
  guint n = 0;
  if (!gtk_widget_get_visible (widget))
    return 0; /* nobody meets it */
  if (gtk_widget_get_focusable (widget) && !is_exempt (widget) && !is_named (widget))
    {
      GtkWidget *parent = gtk_widget_get_parent (widget);
      g_test_message ("no name: %s in %s in %s", G_OBJECT_TYPE_NAME (widget), G_OBJECT_TYPE_NAME (parent),
                      G_OBJECT_TYPE_NAME (gtk_widget_get_parent (parent)));
      n++;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    n += count_unnamed (child);
  return n;
}

static void
test_names (void)
{
  if (!have_sample ())
    return;
  UiWindow *window = make_window ();
  UiSession *session = ui_window_session (window);
  g_assert_cmpuint (count_unnamed (GTK_WIDGET (window)), ==, 0);
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scenes = test_data ("scenes");
  ui_slot_set_shown (find_slot (session, "ltx"), FALSE);
  ui_slot_set_shown (find_slot (session, "gradient"), TRUE);
  open_two (session, model, scenes);
  wait_until (is_done (session, find_slot (session, "gradient")));
  g_assert_cmpuint (count_unnamed (GTK_WIDGET (window)), ==, 0);

  GtkWidget *tile = GTK_WIDGET (ui_tile_grid_find (ui_window_grid (window), find_slot (session, "gradient")));
  GtkAccessible *view = GTK_ACCESSIBLE (ui_job_tile_view (UI_JOB_TILE (tile)));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.help", "s", "");
  gtk_widget_activate_action (GTK_WIDGET (window), "win.preferences", NULL);
  g_assert_cmpuint (count_unnamed (find_window ("Sightline Help")), ==, 0);
  g_assert_cmpuint (count_unnamed (find_window ("Preferences")), ==, 0);
  gtk_test_accessible_assert_role (view, GTK_ACCESSIBLE_ROLE_IMG);
  wait_until (gtk_test_accessible_has_property (view, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* A window may go at any moment; what ran for it is cancelled, and nobody listens to its end. */
static void
test_close_mid_run (void)
{
  if (!have_sample ())
    return;
  UiWindow *window = make_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *ltx = find_slot (session, "ltx");
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scenes = test_data ("scenes");
  open_two (session, model, scenes);
  wait_until (ui_slot_state (ltx) == UI_SLOT_RUNNING);
  g_object_add_weak_pointer (G_OBJECT (session), (gpointer *)&session);
  gtk_window_destroy (GTK_WINDOW (window));
  wait_until (session == NULL);

  /* While the model is being read. */
  window = make_window ();
  open_two (ui_window_session (window), model, scenes);
  wait_until (ui_session_opening (ui_window_session (window)));
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  /* A person's settings and recent files stay out of it. */
  home = test_tmpdir ();
  g_setenv ("XDG_CONFIG_HOME", home, TRUE);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_CACHE_HOME", home, TRUE);
  g_setenv ("XDG_STATE_HOME", home, TRUE);
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  /* Names are kept where the test can read them; no session bus is asked for. */
  g_setenv ("GTK_A11Y", "test", TRUE);
  g_test_init (&argc, &argv, NULL);
  has_display = gtk_init_check ();
  if (has_display)
    ui_appearance_init ();
  g_test_add_func ("/ui/session/open", test_open_sample);
  g_test_add_func ("/ui/session/walk", test_walk);
  g_test_add_func ("/ui/session/class", test_class);
  g_test_add_func ("/ui/session/values-and-stop", test_values_and_stop);
  g_test_add_func ("/ui/session/contrast", test_contrast);
  g_test_add_func ("/ui/session/failed-open", test_failed_open);
  g_test_add_func ("/ui/session/broken-pictures", test_broken_pictures_are_skipped);
  g_test_add_func ("/ui/viewport", test_viewport);
  g_test_add_func ("/ui/words", test_words);
  g_test_add_func ("/ui/window/start", test_start_page);
  g_test_add_func ("/ui/window/tile-states", test_tile_states);
  g_test_add_func ("/ui/markdown", test_markdown);
  g_test_add_func ("/ui/help/every-method", test_pages);
  g_test_add_func ("/ui/help/window", test_help);
  g_test_add_func ("/ui/preferences", test_preferences);
  g_test_add_func ("/ui/window/outputs", test_outputs);
  g_test_add_func ("/ui/window/names", test_names);
  g_test_add_func ("/ui/window/close-mid-run", test_close_mid_run);
  int result = g_test_run ();
  ui_loader_shutdown ();
  eng_engine_shutdown ();
  ui_appearance_shutdown ();
  test_remove_tree (home);
  return result;
}
