/* Walk-throughs 6, 12 and 13: what the model sees of a picture, a wrong normalisation, files that cannot be used. See
 * acceptance.c. */
#include <string.h>

#include "acceptance.h"
#include "onnx-maker.h"
#include "support.h"
#include "ui-support.h"
#include "ui/draw/hatch.h"
#include "ui/model-verdict.h"

static void
end (UiWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

/* ---- 6 ---- */

/* A photo of 240 x 160 pixels, three wide for two high, that is nowhere black or white. (transfer full): its path */
static char *
write_photo (const char *folder)
{
  const int width = 240, height = 160;
  g_autofree guint8 *rgb = g_new (guint8, width * height * 3);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        guint8 *pixel = rgb + ((gsize)y * width + x) * 3;
        pixel[0] = (guint8)(60 + x / 2);
        pixel[1] = (guint8)(60 + y / 2);
        pixel[2] = 120;
      }
  g_autoptr (GBytes) bytes = g_bytes_new (rgb, (gsize)width * height * 3);
  g_autoptr (GdkTexture) texture = gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
  char *path = g_build_filename (folder, "photo.png", NULL);
  g_assert_true (gdk_texture_save_to_png (texture, path));
  return path;
}

static void
on_texture (GObject *clipboard, GAsyncResult *result, gpointer data)
{
  *(GdkTexture **)data = gdk_clipboard_read_texture_finish (GDK_CLIPBOARD (clipboard), result, NULL);
}

/* How far the pixels of one column are from the photo's own, at most. */
static int
column_differs (GdkTexture *copy, EngImage *photo, int x)
{
  int width = gdk_texture_get_width (copy), height = gdk_texture_get_height (copy), most = 0;
  g_autofree guint8 *pixels = g_new (guint8, (gsize)width * height * 4);
  gdk_texture_download (copy, pixels, (gsize)width * 4);
  for (int y = 0; y < height; y++)
    for (int c = 0; c < 3; c++)
      {
        int ours = pixels[((gsize)y * width + x) * 4 + 2 - c];
        most = MAX (most, ABS (ours - eng_image_rgb (photo)[((gsize)y * width + x) * 3 + c]));
      }
  return most;
}

/* Outside of a centred square nothing was seen: hatched there with a notice, no value, and the copy of the tile has
 * the stripes at the same places. */
static void
test_honest_geometry (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *photo = write_photo (folder);
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  g_assert_false (test_ui_shows (GTK_WIDGET (window), "Hatched: outside the model’s crop"));
  g_autoptr (EngPreprocess) crop = eng_preprocess_copy (ui_session_preprocess (session));
  crop->fit = ENG_FIT_CROP;
  crop->resize_short = crop->height;
  ui_session_set_preprocess (session, crop);
  ui_window_open (window, (const char *const[]){ photo, NULL });
  wait_until (eng_model_preprocess (ui_session_model (session)) == crop && test_ui_settled (session)
              && g_str_equal (ui_picture_path (ui_session_picture (session)), photo));
  g_assert_true (test_ui_shows (GTK_WIDGET (window), "Hatched: outside the model’s crop"));

  UiSeen seen;
  const EngGeometry *geometry = eng_heatmap_geometry (ui_slot_map (cam));
  ui_seen_from_geometry (geometry, &seen);
  g_assert_cmpfloat_with_epsilon (seen.x0, 40, 1e-6);
  g_assert_cmpfloat_with_epsilon (seen.x1, 200, 1e-6);
  UiJobTile *tile = ui_tile_grid_find (ui_window_grid (window), cam);
  UiHeatmapView *view = ui_job_tile_view (tile);
  wait_until (gtk_widget_get_width (GTK_WIDGET (view)) > 0);
  g_bytes_unref (test_ui_pixels (GTK_WIDGET (view)));
  double value;
  g_assert_false (ui_heatmap_view_value (view, 20, 80, &value));
  g_assert_true (ui_heatmap_view_value (view, 120, 80, &value));
  g_assert_false (ui_heatmap_view_value (view, 220, 80, &value));

  /* With colours that hide nothing the copy is the photo inside of the crop, and only there. */
  ui_session_display (session)->opacity = 0;
  ui_session_display_changed (session);
  GdkTexture *copy = NULL;
  gtk_widget_activate_action (GTK_WIDGET (tile), "tile.copy-picture", NULL);
  gdk_clipboard_read_texture_async (gtk_widget_get_clipboard (GTK_WIDGET (tile)), NULL, on_texture, &copy);
  wait_until (copy);
  EngImage *image = ui_picture_image (ui_session_picture (session));
  g_assert_cmpint (gdk_texture_get_width (copy), ==, 240);
  g_assert_cmpint (column_differs (copy, image, 20), >, 20);
  g_assert_cmpint (column_differs (copy, image, 220), >, 20);
  g_assert_cmpint (column_differs (copy, image, 120), ==, 0);
  g_object_unref (copy);
  end (window);
  test_remove_tree (folder);
}

/* ---- 12 ---- */

/* The preset that is called so. */
static const EngPreset *
find_preset (const char *name)
{
  for (guint i = 0; eng_preset_nth (i); i++)
    if (strstr (eng_preset_nth (i)->name, name))
      return eng_preset_nth (i);
  g_assert_not_reached ();
}

/* A real classifier whose pixels are 0 to 255 with the means taken off, shown 0 to 1: the page says why its scores
 * are flat, of the presets tried the file's own comes first, undo brings the old map back. */
static void
test_wrong_normalisation (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *model = test_shared ("models/squeezenet1.0_227.onnx"),
                  *picture = test_shared ("images/chelsea.png");
  if (!model || !picture)
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  test_ui_show_only (session, "grad-cam");
  ui_window_open (window, (const char *const[]){ model, picture, NULL });
  wait_until (test_ui_settled (session));
  g_autoptr (EngHeatmap) before = eng_heatmap_ref (ui_slot_map (cam));
  int top = ui_session_target (session);
  test_ui_act (window, "win.page", "s", "model");
  GtkWidget *verdict = test_ui_find (GTK_WIDGET (window), UI_TYPE_MODEL_VERDICT, 0);
  g_assert_true (test_ui_shows (verdict, "Looks right."));
  test_ui_idle ();

  g_autoptr (EngPreprocess) wrong = eng_preprocess_copy (ui_session_preprocess (session));
  eng_preset_apply (find_preset ("0–1"), wrong);
  ui_session_set_preprocess (session, wrong);
  wait_until (eng_model_preprocess (ui_session_model (session)) == wrong && test_ui_settled (session));
  g_assert_true (ui_model_verdict_warns (UI_MODEL_VERDICT (verdict)));
  g_assert_true (strstr (ui_model_verdict_text (UI_MODEL_VERDICT (verdict)), "normalisation may be wrong")
                 || strstr (ui_model_verdict_text (UI_MODEL_VERDICT (verdict)), "This is not the preprocessing in"));
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_OLD);
  g_assert_true (ui_slot_map (cam) == before);

  test_ui_click (verdict, "Try Other Presets");
  wait_until (ui_model_verdict_n_tried (UI_MODEL_VERDICT (verdict)) > 0);
  GtkWidget *rows = gtk_widget_get_last_child (verdict), *best = gtk_widget_get_first_child (rows);
  g_assert_true (test_ui_shows (best, "squeezenet1.0_227.json"));
  g_assert_true (test_ui_shows (best, eng_model_label (ui_session_model (session), top)));

  test_ui_idle ();
  test_ui_act (window, "win.undo", NULL);
  wait_until (eng_model_preprocess (ui_session_model (session)) != wrong && test_ui_settled (session));
  g_assert_cmpint (ui_session_target (session), ==, top);
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_true (ui_slot_map (cam) == before);
  g_assert_true (test_ui_shows (verdict, "Looks right."));
  end (window);
}

/* ---- 13 ---- */

static void
write_unknown_operator (const char *path)
{
  OnnxMaker *m = onnx_maker_new (13);
  onnx_maker_input (m, "x", ENG_DTYPE_FLOAT, 4, -1, 3, 8, 8);
  onnx_maker_node (m, "NonMaxSuppression", "x", "mixed");
  onnx_maker_output (m, "mixed");
  g_autoptr (GBytes) bytes = onnx_maker_finish (m);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), NULL));
}

static void
write_half_a_picture (const char *path)
{
  g_autofree char *whole = test_data ("scenes/harbour-01.png"), *bytes = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (whole, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (path, bytes, (gssize)(length / 2), NULL));
}

/* A text called .onnx, a picture that ends early, a model with an unknown operator, dropped in the middle of a run:
 * what each is, by name, a way out, and the run goes on. */
static void
test_bad_files (void)
{
  static const struct
  {
    const char *name, *words[2], *button;
  } files[] = {
    { "notes.onnx", { "notes.onnx", "ONNX" }, "Open Another…" },
    { "cut.png", { "cut.png", "PNG" }, "Open Another…" },
    { "unknown.onnx", { "unknown.onnx", "NonMaxSuppression" }, "Open Another…" },
  };
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  EngModel *model = ui_session_model (session);
  UiPicture *picture = ui_session_picture (session);
  EngHeatmap *map = ui_slot_map (cam);
  guint n = g_list_model_get_n_items (ui_session_pictures (session));
  g_autofree char *folder = test_tmpdir (), *notes = g_build_filename (folder, files[0].name, NULL),
                  *cut = g_build_filename (folder, files[1].name, NULL),
                  *unknown = g_build_filename (folder, files[2].name, NULL);
  g_assert_true (g_file_set_contents (notes, "not a model, only words\n", -1, NULL));
  write_half_a_picture (cut);
  write_unknown_operator (unknown);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (folder, files[i].name, NULL);
      ui_window_open (window, (const char *const[]){ path, NULL });
      wait_until (ui_window_info (window) && strstr (ui_window_info (window), files[i].words[0]));
      g_test_message ("%s", ui_window_info (window));
      g_assert_nonnull (strstr (ui_window_info (window), files[i].words[1]));
      g_assert_nonnull (test_ui_find_button (GTK_WIDGET (window), files[i].button));
      g_assert_null (ui_session_opening (session));
      g_assert_true (ui_session_model (session) == model);
      g_assert_true (ui_session_picture (session) == picture);
      g_assert_true (ui_slot_map (cam) == map);
      g_assert_cmpuint (g_list_model_get_n_items (ui_session_pictures (session)), ==, n);
    }
  end (window);
  test_remove_tree (folder);
}

void
acceptance_add_model (void)
{
  g_test_add_func ("/acceptance/06", test_honest_geometry);
  g_test_add_func ("/acceptance/12", test_wrong_normalisation);
  g_test_add_func ("/acceptance/13", test_bad_files);
}
