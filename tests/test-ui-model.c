/* The model's page: preprocessing changed, judged, tried, noted and undone; layers, labels. */
#include "support.h"
#include "ui-support.h"

#include "ui/history.h"
#include "ui/model-layers.h"
#include "ui/model-verdict.h"

#include <glib/gstdio.h>
#include <string.h>

static GtkWidget *
find_type (GtkWidget *root, GType type)
{
  if (g_type_is_a (G_OBJECT_TYPE (root), type))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_type (child, type);
      if (found)
        return found;
    }
  return NULL;
}

/* The sample's net in a folder of its own. (transfer full): its path */
static char *
copy_model (const char *folder)
{
  static const char *const names[] = { "scenes-cnn.onnx", "scenes-cnn.json", "scenes.txt" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *relative = g_strconcat ("models/", names[i], NULL), *from = test_data (relative);
      g_autofree char *to = g_build_filename (folder, names[i], NULL), *bytes = NULL;
      gsize length;
      g_assert_true (g_file_get_contents (from, &bytes, &length, NULL));
      g_assert_true (g_file_set_contents (to, bytes, (gssize)length, NULL));
    }
  return g_build_filename (folder, names[0], NULL);
}

static EngModel *
open_copy (const char *folder)
{
  g_autofree char *path = copy_model (folder);
  g_autoptr (GError) error = NULL;
  EngModel *model = eng_model_open (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

/* ---- the engine's part ---- */

static void
test_presets (void)
{
  for (guint i = 0; eng_preset_nth (i); i++)
    {
      g_autoptr (EngPreprocess) p = eng_preprocess_guess (3, 96, 96);
      eng_preset_apply (eng_preset_nth (i), p);
      g_assert_true (eng_preset_of (p) == eng_preset_nth (i));
      p->mean[1] += 0.01;
      g_assert_null (eng_preset_of (p));
      /* What is written is read again. */
      g_autofree char *json = eng_preprocess_to_json (p);
      g_autoptr (GError) error = NULL;
      g_autoptr (EngPreprocess) again = eng_preprocess_parse (json, -1, "x.json", NULL, 3, 96, 96, &error);
      g_assert_no_error (error);
      g_assert_true (eng_preprocess_same (p, again));
      g_assert_false (again->assumed);
    }
}

static void
test_json_of_every_fit (void)
{
  for (int fit = ENG_FIT_CROP; fit <= ENG_FIT_LETTERBOX; fit++)
    {
      g_autoptr (EngPreprocess) p = eng_preprocess_guess (1, 40, 30);
      p->fit = (EngFit)fit;
      p->resize_short = fit == ENG_FIT_CROP ? 50 : 0;
      g_autofree char *json = eng_preprocess_to_json (p);
      g_autoptr (EngPreprocess) again = eng_preprocess_parse (json, -1, "x.json", NULL, 1, 40, 30, NULL);
      g_assert_nonnull (again);
      g_assert_true (eng_preprocess_same (p, again));
    }
}

/* The same network: what differs is what the preprocessing does, and the file is not needed any more. */
static void
test_derived_model (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *scene = test_data ("scenes/harbour-01.png");
  g_autoptr (EngModel) model = open_copy (folder);
  g_autoptr (EngImage) image = eng_image_load (scene, NULL);
  test_remove_tree (folder);
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (eng_model_preprocess (model));
  eng_preset_apply (eng_preset_nth (0), p);
  g_autoptr (GError) error = NULL;
  g_autoptr (EngModel) other = eng_model_with_preprocess (model, p, &error);
  g_assert_no_error (error);
  g_autoptr (EngModel) back = eng_model_with_preprocess (other, eng_model_opened_preprocess (other), &error);
  g_assert_no_error (error);
  g_autofree float *a = eng_model_predict_image (model, image, NULL),
                   *b = eng_model_predict_image (other, image, NULL);
  g_autofree float *c = eng_model_predict_image (back, image, NULL);
  gsize bytes = sizeof (float) * (gsize)eng_model_n_classes (model);
  g_assert_cmpint (memcmp (a, b, bytes), !=, 0);
  g_assert_cmpmem (a, bytes, c, bytes);
  g_assert_cmpstr (eng_model_label (other, 0), ==, eng_model_label (model, 0));
  g_assert_true (eng_model_default_target (other) == eng_model_default_target (model));
  /* A size that the network has not. */
  p->width = p->height = 64;
  g_assert_null (eng_model_with_preprocess (model, p, &error));
  g_assert_nonnull (strstr (error->message, "96 × 96"));
  /* The first one may go first; other batch sizes are built from what it left. */
  g_clear_object (&model);
  g_autoptr (EngGraph) graph = eng_model_graph (other, 3, NULL);
  g_assert_nonnull (graph);
}

static void
test_labels (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir ();
  g_autoptr (EngModel) model = open_copy (folder);
  const char *few[] = { "a", "b", NULL }, *all[13] = { NULL };
  g_autoptr (GError) error = NULL;
  g_assert_null (eng_model_with_labels (model, few, &error));
  g_assert_cmpstr (error->message, ==, "The file has 2 labels, the model 12 classes.");
  for (int i = 0; i < 12; i++)
    all[i] = i == 3 ? "toadstool" : eng_model_label (model, i);
  g_autoptr (EngModel) named = eng_model_with_labels (model, all, NULL);
  g_assert_cmpstr (eng_model_label (named, 3), ==, "toadstool");
  g_assert_true (eng_preprocess_same (eng_model_preprocess (named), eng_model_preprocess (model)));
  /* Noted, they are there the next time. */
  g_autofree char *where = NULL;
  g_assert_true (eng_model_remember (named, &where, NULL));
  g_autoptr (EngModel) again = eng_model_open (eng_model_path (model), NULL, NULL);
  g_assert_cmpstr (eng_model_label (again, 3), ==, "toadstool");
  test_remove_tree (folder);
}

/* Beside the model; where that will not do, in the user's data, found by the model's digest. */
static void
test_remember (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *folder = test_tmpdir (), *beside = g_build_filename (folder, "scenes-cnn.json", NULL);
  g_autoptr (EngModel) model = open_copy (folder);
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (eng_model_preprocess (model));
  g_autoptr (GError) error = NULL;
  eng_preset_apply (eng_preset_nth (3), p);
  p->fit = ENG_FIT_LETTERBOX;
  g_autoptr (EngModel) other = eng_model_with_preprocess (model, p, NULL);
  g_autofree char *where = NULL, *own = NULL;
  g_assert_true (eng_model_remember (other, &where, &error));
  g_assert_cmpstr (where, ==, beside);
  g_autoptr (EngModel) again = eng_model_open (eng_model_path (model), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (eng_preprocess_same (eng_model_preprocess (again), p));
  g_assert_cmpstr (eng_model_name (again), ==, eng_model_name (model));
  g_assert_cmpfloat (eng_model_preprocess (again)->ltx_lambda, ==, eng_model_preprocess (model)->ltx_lambda);

  /* A folder stands where the file would be. */
  g_unlink (beside);
  g_mkdir_with_parents (beside, 0700);
  g_assert_true (eng_model_remember (other, &own, &error));
  g_assert_true (g_str_has_prefix (own, test_ui_home ()));
  g_rmdir (beside);
  g_autoptr (EngModel) third = eng_model_open (eng_model_path (model), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (eng_preprocess_same (eng_model_preprocess (third), p));
  g_assert_cmpstr (eng_model_label (third, 0), ==, eng_model_label (model, 0));
  /* Once it can be written beside the model, that is what counts. */
  g_autofree char *last = NULL;
  g_assert_true (eng_model_remember (model, &last, &error));
  g_assert_cmpstr (last, ==, beside);
  g_assert_false (g_file_test (own, G_FILE_TEST_EXISTS));
  test_remove_tree (folder);
}

/* ---- the page ---- */

static void
test_page (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.page", "s", "model");
  UiModelLayers *layers = UI_MODEL_LAYERS (find_type (GTK_WIDGET (window), UI_TYPE_MODEL_LAYERS));
  wait_until (ui_model_layers_n_drawn (layers) > 0);
  UiModelVerdict *verdict = UI_MODEL_VERDICT (find_type (GTK_WIDGET (window), UI_TYPE_MODEL_VERDICT));
  g_assert_false (ui_model_verdict_warns (verdict));
  g_assert_true (g_str_has_prefix (ui_model_verdict_text (verdict), "Looks right."));

  /* Changed: predicted and explained again, with the class and the values that were there. */
  EngHeatmap *before = eng_heatmap_ref (ui_slot_map (test_ui_slot (session, "grad-cam")));
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (ui_session_preprocess (session));
  eng_preset_apply (eng_preset_nth (1), p);
  ui_session_set_target (session, 2);
  ui_session_set_preprocess (session, p);
  wait_until (eng_model_preprocess (ui_session_model (session)) == p && test_ui_settled (session));
  g_assert_cmpint (ui_session_target (session), ==, 2);
  g_assert_true (ui_slot_map (test_ui_slot (session, "grad-cam")) != before);
  g_assert_true (ui_model_verdict_warns (verdict));
  eng_heatmap_unref (before);

  /* Reading another model ends it; so does the window. */
  ui_model_verdict_try (verdict);
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/model/presets", test_presets);
  g_test_add_func ("/model/json", test_json_of_every_fit);
  g_test_add_func ("/model/derived", test_derived_model);
  g_test_add_func ("/model/labels", test_labels);
  g_test_add_func ("/model/remember", test_remember);
  g_test_add_func ("/model/page", test_page);
  return test_ui_run ();
}
