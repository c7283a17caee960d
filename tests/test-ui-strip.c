/* The film strip: thumbnails and their cache, labels, filters, the line of pictures that explains itself. */
#include "support.h"
#include "ui-support.h"

#include "ui/explain-all.h"
#include "ui/image-strip.h"

#include <glib/gstdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRAD_CAM ((const char *const[]){ "grad-cam", NULL })

static void
open_both (UiSession *session, const char *model, const char *pictures)
{
  const char *paths[] = { model, pictures, NULL };
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
}

static GtkWidget *
find_widget (GtkWidget *root, GType type, const char *label)
{
  if (g_type_is_a (G_OBJECT_TYPE (root), type)
      && (!label || g_strcmp0 (gtk_button_get_label (GTK_BUTTON (root)), label) == 0))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_widget (child, type, label);
      if (found)
        return found;
    }
  return NULL;
}

/* ---- thumbnails ---- */

/* A scene of the sample as @to. */
static void
copy_scene (const char *scene, const char *folder, const char *to)
{
  g_autofree char *relative = g_strdup_printf ("scenes/%s", scene), *from = test_data (relative);
  g_autofree char *path = g_build_filename (folder, to, NULL), *bytes = NULL;
  gsize length;
  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_get_contents (from, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (path, bytes, (gssize)length, NULL));
}

static char *
uri_of (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  return g_file_get_uri (file);
}

static void
test_thumbnail_cache (void)
{
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "a picture.png", NULL);
  g_autofree char *cache = g_build_filename (folder, "cache", NULL);
  copy_scene ("harbour-01.png", folder, "a picture.png");
  g_autofree char *uri = uri_of (path), *name = eng_thumbnail_name (uri);
  g_autofree char *file = g_build_filename (cache, name, NULL);
  EngThumbnail first = { 0 }, second = { 0 }, third = { 0 };
  g_assert_true (eng_thumbnail_load (path, cache, &first, NULL));
  g_assert_cmpint (MAX (eng_image_width (first.image), eng_image_height (first.image)), ==, ENG_THUMBNAIL_SIDE);
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
  GStatBuf info;
  g_stat (file, &info);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);

  /* From the cache: the same, the picture's own size too. */
  g_assert_true (eng_thumbnail_load (path, cache, &second, NULL));
  g_assert_cmpint (second.width, ==, first.width);
  g_assert_cmpint (second.height, ==, first.height);
  g_autoptr (GBytes) a = eng_image_bytes (first.image), b = eng_image_bytes (second.image);
  g_assert_true (g_bytes_equal (a, b));

  /* A file that changed since is made anew. */
  copy_scene ("night-01.png", folder, "a picture.png");
  struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
  utimensat (AT_FDCWD, path, times, 0);
  g_assert_true (eng_thumbnail_load (path, cache, &third, NULL));
  g_autoptr (GBytes) c = eng_image_bytes (third.image);
  g_assert_false (g_bytes_equal (a, c));
  eng_thumbnail_clear (&first);
  eng_thumbnail_clear (&second);
  eng_thumbnail_clear (&third);
  test_remove_tree (folder);
}

/* Another program may have written anything; a folder that cannot be written harms nobody. */
static void
test_thumbnail_hostile (void)
{
  g_autofree char *folder = test_tmpdir (), *path = g_build_filename (folder, "a.png", NULL);
  g_autofree char *cache = g_build_filename (folder, "cache", NULL);
  copy_scene ("harbour-01.png", folder, "a.png");
  g_autofree char *uri = uri_of (path), *name = eng_thumbnail_name (uri);
  g_autofree char *file = g_build_filename (cache, name, NULL);
  g_mkdir_with_parents (cache, 0700);
  EngThumbnail found = { 0 };
  g_assert_true (g_file_set_contents (file, "\x89PNG\r\n\x1a\n garbage", -1, NULL));
  g_assert_true (eng_thumbnail_load (path, cache, &found, NULL));
  eng_thumbnail_clear (&found);
  /* A picture of somebody else under this one's name. */
  g_autoptr (EngImage) grey = eng_image_new (1, 1, (const guint8 *)"abc", "grey");
  EngThumbnail wrong = { grey, 1, 1 };
  GStatBuf info;
  g_stat (path, &info);
  g_autoptr (GBytes) foreign = eng_thumbnail_encode (&wrong, "file:///elsewhere.png", info.st_mtime);
  g_assert_false (eng_thumbnail_decode (foreign, uri, info.st_mtime, &found));
  g_autoptr (GBytes) own = eng_thumbnail_encode (&wrong, uri, info.st_mtime);
  g_assert_false (eng_thumbnail_decode (own, uri, info.st_mtime + 1, &found));
  g_assert_true (eng_thumbnail_decode (own, uri, info.st_mtime, &found));
  eng_thumbnail_clear (&found);
  /* The cache is a file: nothing can be kept, the thumbnail comes all the same. */
  g_assert_true (eng_thumbnail_load (path, path, &found, NULL));
  eng_thumbnail_clear (&found);
  g_autoptr (GError) error = NULL;
  g_autofree char *missing = g_build_filename (folder, "missing.png", NULL);
  g_assert_false (eng_thumbnail_load (missing, cache, &found, &error));
  g_assert_nonnull (error);
  test_remove_tree (folder);
}

/* ---- labels ---- */

static void
check_label (const char *csv, const char *name, const char *label)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EngTruth) truth = eng_truth_parse (csv, strlen (csv), "labels.csv", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eng_truth_find (truth, name), ==, label);
}

static void
check_refusal (const char *csv, gssize length, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (eng_truth_parse (csv, length < 0 ? strlen (csv) : (gsize)length, "labels.csv", &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_truth (void)
{
  check_label ("a.png,cat\nb.png,dog", "b.png", "dog");
  check_label ("\xef\xbb\xbf"
               "filename;label\r\nx/a.png;\"cat; tabby\";train\r\n\r\n",
               "a.png", "cat; tabby");
  check_label ("file,label\na.png,cat\n", "file", NULL);
  check_label ("a.png\t7\n", "a.png", "7");
  check_label ("\"a \"\"1\"\".png\" , cat \n", "a \"1\".png", "cat");
  check_label ("C:\\pictures\\a.png,cat\nb.png,\n", "a.png", "cat");
  check_label ("a.png,cat\nb.png,\n", "b.png", NULL);
  check_refusal ("", -1, "names no picture");
  check_refusal ("a.png,cat\nb.png\n", -1, "line 2 has no label");
  check_refusal (",cat\n", -1, "line 1 has no name");
  check_refusal ("a.png,\"cat\n", -1, "line 1 are never closed");
  check_refusal ("a.png,caf\xe9\n", -1, "not UTF-8");
  check_refusal ("a\0b,cat\n", 8, "not UTF-8");
}

static void
test_class_names (void)
{
  g_autofree char *path = test_data ("models/scenes-cnn.onnx");
  g_autoptr (EngModel) model = eng_model_open (path, NULL, NULL);
  if (!model)
    {
      g_test_skip ("the sample's model is not here");
      return;
    }
  g_autoptr (GHashTable) names = eng_class_names (model);
  for (int i = 0; i < eng_model_n_classes (model); i++)
    {
      g_autofree char *upper = g_utf8_strup (eng_model_label (model, i), -1);
      g_assert_cmpint (eng_class_names_find (names, model, upper, FALSE), ==, i);
    }
  g_assert_cmpint (eng_class_names_find (names, model, "1", FALSE), ==, -1);
  g_assert_cmpint (eng_class_names_find (names, model, "1", TRUE), ==, 1);
  g_assert_cmpint (eng_class_names_find (names, model, "12", TRUE), ==, -1);
  g_assert_cmpint (eng_class_names_find (names, model, "spaceship", TRUE), ==, -1);
}

/* Folders named as classes, one picture in the wrong one. */
static void
test_folder_labels (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *right = g_build_filename (folder, "lighthouse", NULL);
  g_autofree char *wrong = g_build_filename (folder, "Sailboat", NULL), *model = test_data ("models/scenes-cnn.onnx");
  copy_scene ("harbour-01.png", right, "1.png");
  copy_scene ("harbour-01.png", wrong, "2.png");
  UiSession *session = ui_session_new ();
  test_ui_show_only (session, "grad-cam");
  open_both (session, model, folder);
  wait_until (test_ui_settled (session));
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_pictures (session)), ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (ui_session_pictures (session), i);
      gboolean first = g_str_equal (ui_picture_name (picture), "1.png");
      g_assert_cmpstr (ui_picture_truth_label (picture), ==, first ? "lighthouse" : "Sailboat");
      g_assert_cmpint (ui_picture_truth (picture), ==,
                       eng_model_find_class (ui_session_model (session), first ? "lighthouse" : "sailboat", NULL));
    }
  test_ui_end (session);
  test_remove_tree (folder);
}

/* labels.csv beside the pictures, then filters over what was found wrong. */
static void
test_filters (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *csv = g_build_filename (folder, "labels.csv", NULL);
  g_autofree char *model = test_data ("models/scenes-cnn.onnx");
  copy_scene ("harbour-01.png", folder, "1.png");
  copy_scene ("harbour-02.png", folder, "2.png");
  copy_scene ("harbour-01.png", folder, "3.png");
  g_assert_true (g_file_set_contents (csv, "name,label\n1.png,lighthouse\n3.png,windmill\n", -1, NULL));
  UiSession *session = ui_session_new ();
  test_ui_show_only (session, "grad-cam");
  open_both (session, model, folder);
  wait_until (test_ui_settled (session));
  UiPicture *first = ui_session_picture (session);
  g_assert_cmpstr (ui_picture_truth_label (first), ==, "lighthouse");
  g_assert_false (ui_picture_wrong (first));

  /* The others are predicted in the background, without being visited. */
  GListModel *listed = ui_session_filtered (session);
  ui_session_set_filter (session, UI_FILTER_WRONG, -1);
  wait_until (g_list_model_get_n_items (listed) == 1 && ui_batch_state (ui_session_batch (session)) == UI_BATCH_IDLE);
  ui_session_walk (session, 1);
  g_assert_cmpstr (ui_picture_name (ui_session_picture (session)), ==, "3.png");
  g_assert_true (ui_picture_wrong (ui_session_picture (session)));
  /* Nowhere else to go. */
  ui_session_walk (session, -1);
  ui_session_walk (session, G_MININT);
  g_assert_cmpstr (ui_picture_name (ui_session_picture (session)), ==, "3.png");

  ui_session_set_filter (session, UI_FILTER_CLASS, ui_picture_truth (first));
  g_assert_cmpuint (g_list_model_get_n_items (listed), >=, 2);
  ui_session_set_filter (session, UI_FILTER_ALL, -1);
  g_assert_cmpuint (g_list_model_get_n_items (listed), ==, 3);

  /* Another table, and one that is none. */
  g_assert_true (g_file_set_contents (csv, "3.png,lighthouse\n", -1, NULL));
  ui_session_load_truth (session, csv);
  wait_until (!ui_picture_wrong (ui_session_picture (session)));
  test_ui_end (session);
  test_remove_tree (folder);
}

/* ---- the line ---- */

/* The first @n pictures with these methods: (transfer full) array of the pictures. */
static GPtrArray *
start_line (UiSession *session, guint n, const char *const *ids)
{
  GPtrArray *pictures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) slots = g_ptr_array_new ();
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (pictures, g_list_model_get_item (ui_session_pictures (session), i));
  for (guint i = 0; ids[i]; i++)
    g_ptr_array_add (slots, test_ui_slot (session, ids[i]));
  ui_batch_start (ui_session_batch (session), pictures, slots);
  return pictures;
}

static void
test_explain_all (void)
{
  if (!test_ui_have_sample ())
    return;
  UiSession *session = ui_session_new ();
  UiBatch *batch = ui_session_batch (session);
  test_ui_show_only (session, "grad-cam,ltx");
  test_ui_open_sample (session);
  wait_until (ui_session_model (session) && ui_session_picture (session));
  UiSlot *cam = test_ui_slot (session, "grad-cam"), *ltx = test_ui_slot (session, "ltx");
  g_autoptr (EngValues) values = eng_values_new (ui_slot_method (ltx), ui_session_model (session));
  eng_values_set (values, "steps", 1);
  ui_session_run_with (session, ltx, values);
  wait_until (test_ui_settled (session));

  g_autoptr (GPtrArray) pictures = start_line (session, 4, (const char *const[]){ "grad-cam", "ltx", NULL });
  g_assert_cmpint (ui_batch_state (batch), ==, UI_BATCH_RUNNING);

  /* Paused: nothing is under way, whatever the main loop still brings. */
  ui_batch_pause (batch);
  guint done, n;
  ui_batch_count (batch, &done, &n);
  g_assert_cmpuint (n, ==, 4);
  g_autofree char *status = ui_batch_status (batch);
  g_assert_nonnull (strstr (status, "paused"));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  guint still;
  ui_batch_count (batch, &still, &n);
  g_assert_cmpuint (still, ==, done);
  ui_batch_resume (batch);
  wait_until (ui_batch_state (batch) == UI_BATCH_IDLE);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_true (ui_picture_explained (pictures->pdata[i]));
      g_assert_nonnull (ui_picture_probabilities (pictures->pdata[i], NULL));
      g_assert_nonnull (ui_picture_heat (pictures->pdata[i]));
    }
  /* Its maps are where the tiles look. */
  ui_session_show (session, 3);
  wait_until (ui_picture_image (ui_session_picture (session)));
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_cmpint (ui_slot_state (ltx), ==, UI_SLOT_DONE);
  test_ui_end (session);
}

/* Endings at any moment: stopped, another model, closed. */
static void
test_line_ends (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *model = test_data ("models/scenes-cnn.onnx");
  for (guint turns = 0; turns < 12; turns++)
    {
      UiSession *session = ui_session_new ();
      test_ui_show_only (session, "grad-cam");
      test_ui_open_sample (session);
      wait_until (test_ui_settled (session));
      g_autoptr (GPtrArray) pictures = start_line (session, 6, (const char *const[]){ "gradient", NULL });
      for (guint i = 0; i < turns; i++)
        g_main_context_iteration (NULL, FALSE);
      if (turns % 3 == 0)
        ui_session_stop_all (session);
      else if (turns % 3 == 1)
        open_both (session, model, NULL);
      if (turns % 3 != 2)
        wait_until (ui_batch_state (ui_session_batch (session)) == UI_BATCH_IDLE);
      ui_session_close (session);
      g_object_add_weak_pointer (G_OBJECT (session), (gpointer *)&session);
      g_object_unref (session);
      wait_until (session == NULL);
    }
}

static void
test_broken_in_line (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *broken = g_build_filename (folder, "2.png", NULL);
  g_autofree char *model = test_data ("models/scenes-cnn.onnx");
  copy_scene ("harbour-01.png", folder, "1.png");
  g_assert_true (g_file_set_contents (broken, "not a picture", -1, NULL));
  copy_scene ("harbour-02.png", folder, "3.png");
  UiSession *session = ui_session_new ();
  test_ui_show_only (session, "grad-cam");
  open_both (session, model, folder);
  wait_until (test_ui_settled (session));
  g_autoptr (GPtrArray) pictures = start_line (session, 3, GRAD_CAM);
  wait_until (ui_batch_state (ui_session_batch (session)) == UI_BATCH_IDLE);
  g_assert_true (ui_picture_explained (pictures->pdata[0]));
  g_assert_true (ui_picture_failure (pictures->pdata[1]) || ui_picture_problem (pictures->pdata[1]));
  g_assert_false (ui_picture_explained (pictures->pdata[1]));
  g_assert_true (ui_picture_explained (pictures->pdata[2]));
  test_ui_end (session);
  test_remove_tree (folder);
}

/* As a person does: the popover, Start, the marks. */
static void
test_popover (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.explain-all", NULL);
  GtkWidget *popover = find_widget (GTK_WIDGET (window), UI_TYPE_EXPLAIN_ALL, NULL);
  g_assert_true (gtk_widget_get_visible (popover));
  GtkWidget *start = find_widget (popover, GTK_TYPE_BUTTON, "Start");
  g_assert_true (gtk_widget_get_sensitive (start));
  g_signal_emit_by_name (start, "clicked");
  g_assert_cmpint (ui_batch_state (ui_session_batch (session)), ==, UI_BATCH_RUNNING);
  wait_until (ui_batch_state (ui_session_batch (session)) == UI_BATCH_IDLE);
  for (guint i = 0; i < g_list_model_get_n_items (ui_session_pictures (session)); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (ui_session_pictures (session), i);
      g_assert_true (ui_picture_explained (picture));
    }
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Pictures in sight say what the model takes them for without being visited; a broken one holds up nobody. */
static void
test_foresight (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *broken = g_build_filename (folder, "2.png", NULL);
  g_autofree char *model = test_data ("models/scenes-cnn.onnx");
  copy_scene ("harbour-01.png", folder, "1.png");
  g_assert_true (g_file_set_contents (broken, "not a picture", -1, NULL));
  copy_scene ("night-01.png", folder, "3.png");
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam");
  open_both (session, model, folder);
  wait_until (test_ui_settled (session));
  g_autoptr (UiPicture) last = g_list_model_get_item (ui_session_pictures (session), 2);
  wait_until (ui_picture_probabilities (last, NULL));
  g_assert_cmpstr (ui_picture_caption (last), ==, "lighthouse");
  g_assert_cmpuint (ui_session_position (session), ==, 0);
  g_assert_false (ui_picture_explained (last));
  /* The same again behind another preprocessing. */
  g_autoptr (EngPreprocess) other = eng_preprocess_copy (ui_session_preprocess (session));
  other->mean[0] += 0.01f;
  ui_session_set_preprocess (session, other);
  wait_until (!ui_picture_probabilities (last, NULL));
  wait_until (ui_picture_probabilities (last, NULL));
  gtk_window_destroy (GTK_WINDOW (window));
  test_remove_tree (folder);
}

/* ---- large folders ---- */

#define MANY 300 /* more than the cells that GTK makes */

static void
check_strip (UiWindow *window, guint position)
{
  UiImageStrip *strip = UI_IMAGE_STRIP (find_widget (GTK_WIDGET (window), UI_TYPE_IMAGE_STRIP, NULL));
  GtkListView *list = GTK_LIST_VIEW (ui_image_strip_list (strip));
  GtkSingleSelection *selection = GTK_SINGLE_SELECTION (gtk_list_view_get_model (list));
  UiPicture *picture = ui_session_picture (ui_window_session (window));
  g_assert_cmpuint (ui_session_position (ui_window_session (window)), ==, position);
  g_assert_cmpuint (gtk_single_selection_get_selected (selection), ==, position);
  g_assert_true (gtk_single_selection_get_selected_item (selection) == (gpointer)picture);
}

static guint
count_listed (UiWindow *window)
{
  UiImageStrip *strip = UI_IMAGE_STRIP (find_widget (GTK_WIDGET (window), UI_TYPE_IMAGE_STRIP, NULL));
  return g_list_model_get_n_items (
      G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (ui_image_strip_list (strip)))));
}

/* The strip begins with a screenful. What a person does before the rest is there goes by all the pictures. */
static void
test_large_folder (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *csv = g_build_filename (folder, "labels.csv", NULL);
  g_autofree char *first = g_build_filename (folder, "000.png", NULL), *model = test_data ("models/scenes-cnn.onnx");
  copy_scene ("harbour-01.png", folder, "000.png");
  for (guint i = 1; i < MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("%03u.png", i), *path = g_build_filename (folder, name, NULL);
      g_assert_cmpint (link (first, path), ==, 0);
    }
  g_assert_true (g_file_set_contents (csv, "000.png,lighthouse\n299.png,windmill\n", -1, NULL));
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam");
  open_both (session, model, NULL);
  wait_until (ui_session_model (session));

  /* Nothing is done: all are listed in the end, the first is selected. */
  open_both (session, folder, NULL);
  wait_until (ui_session_picture (session));
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_pictures (session)), ==, MANY);
  g_assert_cmpuint (count_listed (window), <, MANY);
  check_strip (window, 0);
  wait_until (count_listed (window) == MANY);
  check_strip (window, 0);

  /* End, at once; then a step back. */
  UiPicture *before = ui_session_picture (session);
  open_both (session, folder, NULL);
  wait_until (ui_session_picture (session) != before);
  g_assert_cmpuint (count_listed (window), <, MANY);
  ui_session_walk (session, G_MAXINT);
  check_strip (window, MANY - 1);
  g_assert_cmpstr (ui_picture_truth_label (ui_session_picture (session)), ==, "windmill");
  ui_session_walk (session, -1);
  check_strip (window, MANY - 2);

  /* A filter, at once: the one that is labelled otherwise is found, wherever it is. */
  before = ui_session_picture (session);
  open_both (session, folder, NULL);
  wait_until (ui_session_picture (session) != before);
  int windmill = eng_model_find_class (ui_session_model (session), "windmill", NULL);
  ui_session_set_filter (session, UI_FILTER_CLASS, windmill);
  wait_until (count_listed (window) == 1);
  ui_session_set_filter (session, UI_FILTER_ALL, -1);
  wait_until (count_listed (window) == MANY);
  check_strip (window, ui_session_position (session));
  gtk_window_destroy (GTK_WINDOW (window));
  test_remove_tree (folder);
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/strip/thumbnail/cache", test_thumbnail_cache);
  g_test_add_func ("/strip/thumbnail/hostile", test_thumbnail_hostile);
  g_test_add_func ("/strip/labels/table", test_truth);
  g_test_add_func ("/strip/labels/classes", test_class_names);
  g_test_add_func ("/strip/labels/folders", test_folder_labels);
  g_test_add_func ("/strip/filters", test_filters);
  g_test_add_func ("/strip/large-folder", test_large_folder);
  g_test_add_func ("/strip/foresight", test_foresight);
  g_test_add_func ("/strip/line/explain-all", test_explain_all);
  g_test_add_func ("/strip/line/ends", test_line_ends);
  g_test_add_func ("/strip/line/broken", test_broken_in_line);
  g_test_add_func ("/strip/line/popover", test_popover);
  return test_ui_run ();
}
