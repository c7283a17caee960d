/* Tiles: what each state of a slot says and offers, the photo's tile, copies, differences, ways to draw, ranges, the
 * table of agreement. */
#include <math.h>
#include <string.h>

#include "support.h"
#include "ui-support.h"
#include "ui/agreement-panel.h"
#include "ui/display-pane.h"
#include "ui/draw/display-json.h"
#include "ui/fitted.h"
#include "ui/photo-tile.h"
#include "ui/threshold-page.h"

/* The sample with the maps of these methods. */
static UiWindow *
open_page (const char *methods)
{
  UiWindow *window = test_ui_window ();
  test_ui_show_only (ui_window_session (window), methods);
  test_ui_open_sample (ui_window_session (window));
  wait_until (test_ui_settled (ui_window_session (window)));
  return window;
}

static void
end (UiWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

static UiJobTile *
tile_of (UiWindow *window, UiSlot *slot)
{
  UiJobTile *tile = ui_tile_grid_find (ui_window_grid (window), slot);
  g_assert_nonnull (tile);
  return tile;
}

/* ---- states ---- */

/* What a tile says and offers in one state. */
typedef struct
{
  UiSlotState state;
  const char *texts[3], *buttons[2]; /* NULL: no more */
} Expected;

static const Expected expected[] = {
  { UI_SLOT_EMPTY, { "Not computed yet" }, { "Run" } },
  { UI_SLOT_PENDING, { NULL }, { NULL } },
  { UI_SLOT_QUEUED, { "Queued", "Waiting for RISE to finish" }, { "Remove" } },
  { UI_SLOT_RUNNING, { "Preview, sharpens while it runs", " of 100,000 masks" }, { "Stop" } },
  { UI_SLOT_DONE, { "Deletion", "Insertion" }, { NULL } },
  { UI_SLOT_STOPPED, { "partial", "Stopped at 62 %. This is a preview." }, { "Run Again", "Keep as It Is" } },
  { UI_SLOT_FAILED, { "failed", "Something went wrong", "Details" }, { "Try Again" } },
  { UI_SLOT_OLD, { "old", "Settings changed" }, { "Run Again", "Undo Change" } },
  { UI_SLOT_IMPOSSIBLE, { "n/a", "attention" }, { NULL } },
};
G_STATIC_ASSERT (G_N_ELEMENTS (expected) == UI_N_SLOT_STATES);

static void
check (UiWindow *window, UiSlot *slot, UiSlotState state)
{
  static const char *const all[] = { "Run",           "Remove",   "Stop",      "Run Again",
                                     "Keep as It Is", "Continue", "Try Again", "Undo Change" };
  const Expected *e = &expected[state];
  GtkWidget *tile = GTK_WIDGET (tile_of (window, slot));
  g_assert_cmpint (e->state, ==, state);
  g_assert_cmpint (ui_slot_state (slot), ==, state);
  for (guint i = 0; i < G_N_ELEMENTS (e->texts) && e->texts[i]; i++)
    g_assert_true (test_ui_shows (tile, e->texts[i]));
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      gboolean wanted = g_strcmp0 (all[i], e->buttons[0]) == 0 || g_strcmp0 (all[i], e->buttons[1]) == 0;
      g_assert_cmpint (test_ui_find_button (tile, all[i]) != NULL, ==, wanted);
    }
  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (tile), GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (ui_job_tile_view (tile_of (window, slot))),
                                   GTK_ACCESSIBLE_ROLE_IMG);
}

static gboolean
says (UiWindow *window, UiSlot *slot, const char *text)
{
  return test_ui_shows (GTK_WIDGET (tile_of (window, slot)), text);
}

static void
set_values (UiSession *session, UiSlot *slot, const char *name, double value)
{
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (slot));
  eng_values_set (values, name, value);
  ui_session_set_values (session, slot, values, NULL);
}

static void
test_states (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam,smooth-grad,raw-attention");
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam"), *smooth = test_ui_slot (session, "smooth-grad");
  UiSlot *rise = test_ui_slot (session, "rise");
  check (window, cam, UI_SLOT_DONE);
  check (window, test_ui_slot (session, "raw-attention"), UI_SLOT_IMPOSSIBLE);

  /* Other settings, taken back, asked for again. */
  g_autoptr (EngHeatmap) map = eng_heatmap_ref (ui_slot_map (smooth));
  set_values (session, smooth, "samples", 3);
  check (window, smooth, UI_SLOT_OLD);
  test_ui_click (GTK_WIDGET (tile_of (window, smooth)), "Undo Change");
  check (window, smooth, UI_SLOT_DONE);
  g_assert_true (ui_slot_map (smooth) == map);

  g_autofree char *key = g_strdup (ui_slot_key (cam));
  g_autoptr (EngHeatmap) preview = eng_heatmap_ref (ui_slot_map (cam));
  ui_slot_show_stopped (cam, key, preview, 0.62);
  check (window, cam, UI_SLOT_STOPPED);
  test_ui_click (GTK_WIDGET (tile_of (window, cam)), "Keep as It Is");
  g_assert_true (ui_slot_partial (cam) && says (window, cam, "partial"));
  g_assert_nonnull (test_ui_find_button (GTK_WIDGET (tile_of (window, cam)), "Run Again"));
  ui_slot_fail (cam, key, "Something went wrong. Do something else.");
  check (window, cam, UI_SLOT_FAILED);
  g_assert_true (says (window, cam, "Do something else."));
  g_assert_null (test_ui_find_button (GTK_WIDGET (tile_of (window, cam)), "Show Model"));
  ui_slot_fail (cam, key, "The model returned NaN for this picture. Check the normalisation on the Model page.");
  g_assert_nonnull (test_ui_find_button (GTK_WIDGET (tile_of (window, cam)), "Show Model"));
  ui_slot_clear (cam);
  check (window, cam, UI_SLOT_EMPTY);
  ui_slot_wait (cam, key);
  check (window, cam, UI_SLOT_PENDING);
  test_ui_act (window, "win.stop-all", NULL);
  check (window, cam, UI_SLOT_EMPTY);

  /* One runs, another waits for it and says so. */
  g_autoptr (EngValues) endless = eng_values_copy (ui_slot_values (rise));
  eng_values_set (endless, "masks", 100000);
  ui_session_run_with (session, rise, endless);
  wait_until (ui_slot_state (rise) == UI_SLOT_RUNNING && ui_slot_map (rise));
  ui_session_run (session, smooth);
  wait_until (ui_slot_state (smooth) == UI_SLOT_QUEUED && says (window, smooth, "Waiting for"));
  check (window, smooth, UI_SLOT_QUEUED);
  wait_until (says (window, rise, " of 100,000 masks"));
  check (window, rise, UI_SLOT_RUNNING);
  test_ui_click (GTK_WIDGET (tile_of (window, smooth)), "Remove");
  wait_until (ui_slot_state (smooth) == UI_SLOT_EMPTY);
  test_ui_click (GTK_WIDGET (tile_of (window, rise)), "Stop");
  wait_until (ui_slot_state (rise) == UI_SLOT_DONE);
  /* What was cut short lies under stripes, says how far it came, and can go on; or it will do as it is. */
  GtkWidget *view = GTK_WIDGET (ui_job_tile_view (tile_of (window, rise)));
  g_assert_true (says (window, rise, "partial") && says (window, rise, "Stopped at "));
  g_assert_true (says (window, rise, "This is a preview."));
  g_assert_nonnull (test_ui_find_button (GTK_WIDGET (tile_of (window, rise)), "Continue"));
  g_autoptr (GBytes) striped = test_ui_pixels (view);
  test_ui_click (GTK_WIDGET (tile_of (window, rise)), "Keep as It Is");
  g_autoptr (GBytes) plain = test_ui_pixels (view);
  g_assert_false (g_bytes_equal (striped, plain));
  g_assert_true (says (window, rise, "partial"));
  g_assert_false (says (window, rise, "This is a preview."));
  g_assert_null (test_ui_find_button (GTK_WIDGET (tile_of (window, rise)), "Keep as It Is"));
  g_assert_nonnull (test_ui_find_button (GTK_WIDGET (tile_of (window, rise)), "Continue"));
  /* It is still kept after another picture. */
  test_ui_show_only (session, "rise");
  EngHeatmap *kept = ui_slot_map (rise);
  ui_session_walk (session, 1);
  wait_until (ui_slot_state (rise) == UI_SLOT_RUNNING);
  ui_session_stop_all (session);
  ui_session_walk (session, -1);
  wait_until (ui_slot_map (rise) == kept);
  g_assert_true (says (window, rise, "partial"));
  g_assert_false (says (window, rise, "This is a preview."));
  end (window);
}

/* Behind another preprocessing maps stay in sight and are out of date, until each is run, or all of them are, or the
 * change is undone. Those that were made before come back without being computed. */
static void
test_old (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam,gradient");
  UiSession *session = ui_window_session (window);
  UiSlot *slots[] = { test_ui_slot (session, "grad-cam"), test_ui_slot (session, "gradient") };
  g_autoptr (EngHeatmap) first = eng_heatmap_ref (ui_slot_map (slots[0]));
  g_autoptr (EngHeatmap) second = eng_heatmap_ref (ui_slot_map (slots[1]));
  g_autoptr (EngPreprocess) before = eng_preprocess_ref (ui_session_preprocess (session));
  g_autoptr (EngPreprocess) other = eng_preprocess_copy (before);
  other->mean[1] += 0.02f;
  g_assert_null (test_ui_find_button (GTK_WIDGET (window), "Run All Again"));
  ui_session_set_preprocess (session, other);
  wait_until (eng_model_preprocess (ui_session_model (session)) == other && test_ui_settled (session));
  g_assert_true (ui_slot_map (slots[0]) == first && ui_slot_map (slots[1]) == second);
  for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
    check (window, slots[i], UI_SLOT_OLD);
  test_ui_click (GTK_WIDGET (tile_of (window, slots[0])), "Run Again");
  wait_until (test_ui_settled (session));
  check (window, slots[0], UI_SLOT_DONE);
  check (window, slots[1], UI_SLOT_OLD);
  g_autofree char *now = eng_preprocess_describe (other);
  g_assert_cmpstr (eng_heatmap_provenance (ui_slot_map (slots[0]))->preprocessing, ==, now);
  g_autoptr (EngHeatmap) again = eng_heatmap_ref (ui_slot_map (slots[0]));

  test_ui_click (GTK_WIDGET (tile_of (window, slots[1])), "Undo Change");
  wait_until (eng_preprocess_same (eng_model_preprocess (ui_session_model (session)), before));
  wait_until (test_ui_settled (session) && ui_slot_map (slots[0]) == first && ui_slot_map (slots[1]) == second);
  for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
    check (window, slots[i], UI_SLOT_DONE);
  g_assert_null (test_ui_find_button (GTK_WIDGET (window), "Run All Again"));

  ui_session_set_preprocess (session, other);
  wait_until (test_ui_settled (session) && ui_slot_map (slots[0]) == again);
  check (window, slots[1], UI_SLOT_OLD);
  test_ui_click (GTK_WIDGET (window), "Run All Again");
  wait_until (test_ui_settled (session));
  check (window, slots[1], UI_SLOT_DONE);
  g_assert_true (ui_slot_map (slots[0]) == again && ui_slot_map (slots[1]) != second);
  end (window);
}

/* Nothing to rank: the tile says so, has no legend's ends to argue about and no scores. */
static void
test_flat (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam");
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  EngHeatmap *own = ui_slot_map (cam);
  gsize n = (gsize)eng_heatmap_rows (own) * eng_heatmap_cols (own);
  g_autofree float *zeros = g_new0 (float, n);
  EngProvenance provenance = { .class_index = 0, .contrast_index = -1, .convergence = NAN };
  provenance.class_name = g_strdup ("lighthouse");
  g_autoptr (EngHeatmap) flat =
      eng_heatmap_new (zeros, 1, eng_heatmap_rows (own), eng_heatmap_cols (own), ENG_SIGN_UNSIGNED,
                       ENG_UPSAMPLE_BILINEAR, eng_heatmap_geometry (own), &provenance);
  ui_session_display (session)->same = UI_SAME_TILE;
  ui_session_display_changed (session);
  g_autofree char *key = g_strdup (ui_slot_key (cam));
  ui_slot_show_map (cam, key, flat);
  g_assert_true (says (window, cam, "flat"));
  g_assert_true (says (window, cam, "The map is constant (0). There is nothing to rank."));
  end (window);
}

/* ---- photo, copies, differences ---- */

static void
test_photo (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam");
  UiSession *session = ui_window_session (window);
  GtkWidget *photo = test_ui_find (GTK_WIDGET (window), UI_TYPE_PHOTO_TILE, 0);
  g_assert_true (test_ui_shows (photo, "480 × 360"));
  g_assert_true (test_ui_shows (photo, "Model input: resized to 96 × 96"));
  g_autofree char *colour = ui_heatmap_view_colour (ui_photo_tile_view (UI_PHOTO_TILE (photo)), 10, 10);
  g_assert_true (g_str_has_prefix (colour, "R "));
  test_ui_act (window, "win.show-photo", NULL);
  g_assert_false (ui_session_shows_photo (session));
  g_assert_false (gtk_widget_get_visible (photo));
  test_ui_act (window, "win.show-photo", NULL);
  g_assert_true (gtk_widget_get_visible (photo));
  end (window);
}

static void
test_copies (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("smooth-grad");
  UiSession *session = ui_window_session (window);
  UiSlot *smooth = test_ui_slot (session, "smooth-grad");
  gtk_widget_activate_action (GTK_WIDGET (tile_of (window, smooth)), "tile.duplicate", NULL);
  GListModel *tiles = ui_session_tiles (session);
  g_assert_cmpuint (g_list_model_get_n_items (tiles), ==, 2);
  g_autoptr (UiSlot) copy = g_list_model_get_item (tiles, 1);
  g_assert_cmpstr (ui_slot_name (copy), ==, "SmoothGrad 2");
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (copy));
  eng_values_set (values, "samples", 3);
  ui_session_run_with (session, copy, values);
  wait_until (test_ui_settled (session) && ui_slot_state (copy) == UI_SLOT_DONE);
  g_assert_cmpfloat (eng_values_get (ui_slot_values (smooth), "samples"), !=, 3);
  g_assert_true (says (window, copy, "samples 3"));

  /* Both as one tile: what is more in which. It goes with either. */
  UiSlot *difference = ui_session_compare (session, smooth, copy);
  g_assert_true (ui_session_compare (session, copy, smooth) == difference);
  g_assert_null (ui_session_compare (session, smooth, smooth));
  wait_until (ui_slot_state (difference) == UI_SLOT_DONE);
  g_assert_true (says (window, difference, "+ more in SmoothGrad, − more in SmoothGrad 2"));
  g_assert_cmpint (eng_heatmap_sign (ui_slot_map (difference)), ==, ENG_SIGN_SIGNED);
  gtk_widget_activate_action (GTK_WIDGET (tile_of (window, copy)), "tile.remove", NULL);
  g_assert_cmpuint (g_list_model_get_n_items (tiles), ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_differences (session)), ==, 0);
  end (window);
}

static gboolean
is_cell (GtkWidget *button)
{
  return gtk_widget_has_css_class (button, "agreement");
}

/* The cells, first the one in the upper triangle. */
static GtkWidget *
find_cell (GtkWidget *panel)
{
  for (GtkWidget *grid = gtk_widget_get_first_child (panel); grid; grid = gtk_widget_get_next_sibling (grid))
    for (GtkWidget *child = gtk_widget_get_first_child (grid); child; child = gtk_widget_get_next_sibling (child))
      if (GTK_IS_BUTTON (child) && is_cell (child))
        return child;
  return NULL;
}

/* Every pair has a number; the number leads to the difference. */
static void
test_agreement (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam,gradient");
  UiSession *session = ui_window_session (window);
  GtkWidget *pane = test_ui_find (GTK_WIDGET (window), UI_TYPE_DISPLAY_PANE, 0);
  GtkWidget *expander = test_ui_find (pane, GTK_TYPE_EXPANDER, 0);
  g_assert_cmpstr (gtk_expander_get_label (GTK_EXPANDER (expander)), ==, "Agreement");
  gtk_expander_set_expanded (GTK_EXPANDER (expander), TRUE);
  GtkWidget *panel = test_ui_find (expander, UI_TYPE_AGREEMENT_PANEL, 0);
  wait_until (find_cell (panel));
  GtkWidget *cell = find_cell (panel);
  double number = g_ascii_strtod (gtk_button_get_label (GTK_BUTTON (cell)), NULL);
  g_assert_cmpfloat (fabs (number), <=, 1);
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_differences (session)), ==, 0);
  g_signal_emit_by_name (cell, "clicked");
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_differences (session)), ==, 1);
  g_autoptr (UiSlot) difference = g_list_model_get_item (ui_session_differences (session), 0);
  wait_until (ui_slot_state (difference) == UI_SLOT_DONE);
  g_assert_true (says (window, difference, "+ more in"));
  end (window);
}

/* ---- drawing ---- */

/* Every mode draws something of its own; Photo is the photo, and so is a held Space. */
static void
test_modes (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam");
  UiSession *session = ui_window_session (window);
  GtkWidget *view = GTK_WIDGET (ui_job_tile_view (tile_of (window, test_ui_slot (session, "grad-cam"))));
  GBytes *seen[UI_N_MODES];
  for (int mode = 0; mode < UI_N_MODES; mode++)
    {
      ui_session_set_mode (session, (UiMode)mode);
      seen[mode] = test_ui_pixels (view);
      for (int other = 0; other < mode; other++)
        g_assert_false (g_bytes_equal (seen[mode], seen[other]));
    }
  ui_session_set_mode (session, UI_MODE_OVERLAY);
  ui_session_set_peek (session, TRUE);
  g_autoptr (GBytes) peeked = test_ui_pixels (view);
  g_assert_true (g_bytes_equal (peeked, seen[UI_MODE_PHOTO]));
  ui_session_set_peek (session, FALSE);
  g_autoptr (GBytes) again = test_ui_pixels (view);
  g_assert_true (g_bytes_equal (again, seen[UI_MODE_OVERLAY]));
  for (int mode = 0; mode < UI_N_MODES; mode++)
    g_bytes_unref (seen[mode]);
  end (window);
}

/* One threshold for masked tiles and for the page of that name: the page can be opened with either, and takes it. */
static void
test_masked_to_threshold (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("grad-cam");
  UiSession *session = ui_window_session (window);
  ui_session_set_mode (session, UI_MODE_MASKED);
  for (int i = 1; i <= 3; i++)
    {
      ui_session_display (session)->threshold = 0.2 * i;
      ui_session_display_changed (session);
      test_ui_act (window, "win.page", "s", "threshold");
      g_assert_cmpstr (ui_session_page (session), ==, "threshold");
      g_assert_true (gtk_widget_get_mapped (test_ui_find (GTK_WIDGET (window), UI_TYPE_THRESHOLD_PAGE, 0)));
      test_ui_act (window, "win.page", "s", "inspect");
      g_assert_cmpstr (ui_session_page (session), ==, "inspect");
    }
  end (window);
}

/* The pane's "Clip at" and "Values" set the ends that the legend shows. */
static void
test_ranges (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("gradient");
  UiSession *session = ui_window_session (window);
  GtkWidget *pane = test_ui_find (GTK_WIDGET (window), UI_TYPE_DISPLAY_PANE, 0);
  GtkDropDown *clip = test_ui_find_drop_down (pane, "Percentile"),
              *values = test_ui_find_drop_down (pane, "Positive and negative");
  UiHeatmapView *view = ui_job_tile_view (tile_of (window, test_ui_slot (session, "gradient")));
  UiScale percentile, whole, positive;
  g_assert_true (ui_heatmap_view_scale (view, &percentile));
  gtk_drop_down_set_selected (clip, UI_CLIP_MINMAX);
  g_assert_true (ui_heatmap_view_scale (view, &whole));
  g_assert_cmpfloat (whole.hi, >, percentile.hi);
  g_assert_cmpfloat (whole.lo, ==, -whole.hi);
  gtk_drop_down_set_selected (values, UI_VALUES_POSITIVE);
  g_assert_true (ui_heatmap_view_scale (view, &positive));
  g_assert_cmpfloat (positive.lo, >=, 0);
  g_assert_cmpint (positive.sign, ==, ENG_SIGN_UNSIGNED);
  end (window);
}

/* Every setting of the pane but the threshold, which is the session's. (transfer full) */
static char *
describe_display (UiSession *session)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_alloc ();
  ui_display_save (ui_session_display (session), object);
  json_node_init_object (node, object);
  return json_to_string (node, FALSE);
}

/* "Reset Display" brings back what was drawn at first, to the pixel and to the last digit of the ends. */
static void
test_reset (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_page ("gradient");
  UiSession *session = ui_window_session (window);
  GtkWidget *pane = test_ui_find (GTK_WIDGET (window), UI_TYPE_DISPLAY_PANE, 0);
  UiHeatmapView *view = ui_job_tile_view (tile_of (window, test_ui_slot (session, "gradient")));
  UiScale first, again;
  g_autofree char *before = describe_display (session);
  g_autoptr (GBytes) pixels = test_ui_pixels (GTK_WIDGET (view));
  g_assert_true (ui_heatmap_view_scale (view, &first));
  static const char *const items[] = { "Colour", "Positive and negative", "Min–max", "Everything", "Pixels" };
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      GtkDropDown *choice = test_ui_find_drop_down (pane, items[i]);
      guint n = g_list_model_get_n_items (gtk_drop_down_get_model (choice));
      gtk_drop_down_set_selected (choice, (gtk_drop_down_get_selected (choice) + 1) % n);
    }
  for (guint nth = 0; nth < 2; nth++)
    {
      GtkWidget *spin = test_ui_find (pane, GTK_TYPE_SPIN_BUTTON, nth);
      gtk_spin_button_spin (GTK_SPIN_BUTTON (spin), GTK_SPIN_STEP_BACKWARD, 7);
    }
  test_ui_act (window, "win.cycle-colormap", "i", 1);
  GtkWidget *fade = test_ui_find (pane, GTK_TYPE_CHECK_BUTTON, 0);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (fade), !gtk_check_button_get_active (GTK_CHECK_BUTTON (fade)));
  test_ui_click (pane, "Map");
  g_autofree char *between = describe_display (session);
  g_autoptr (GBytes) other = test_ui_pixels (GTK_WIDGET (view));
  g_assert_cmpstr (between, !=, before);
  g_assert_false (g_bytes_equal (other, pixels));
  test_ui_click (pane, "Reset Display");
  g_autofree char *after = describe_display (session);
  g_autoptr (GBytes) restored = test_ui_pixels (GTK_WIDGET (view));
  g_assert_cmpstr (after, ==, before);
  g_assert_true (ui_heatmap_view_scale (view, &again));
  g_assert_true (ui_scale_equal (&first, &again));
  g_assert_true (g_bytes_equal (restored, pixels));
  end (window);
}

/* ---- textures as they are drawn ---- */

/* Colours and weight rise and fall slowly, so that a place between pixels that is rounded otherwise matters little.
 */
static GdkTexture *
make_texture (int width, int height)
{
  guint32 *argb = g_new (guint32, (gsize)width * height);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        guint32 alpha = (guint32)(255 - 3 * x), red = (guint32)(2 * x + y), green = (guint32)(3 * y);
        argb[y * width + x] = alpha << 24 | red << 16 | green << 8 | 30;
      }
  return ui_fitted_new (argb, width, height);
}

/* Tiles side by side have a few sizes between them: none of them makes another's copy anew in each frame. */
static void
test_fitted_sizes (void)
{
  static const int sizes[][2] = { { 20, 15 }, { 21, 15 }, { 20, 16 }, { 21, 16 } };
  g_autoptr (GdkTexture) texture = make_texture (40, 30);
  GdkTexture *first[G_N_ELEMENTS (sizes)];
  for (guint round = 0; round < 3; round++)
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
      {
        GdkTexture *fitted = ui_fitted_texture (texture, sizes[i][0], sizes[i][1]);
        g_assert_cmpint (gdk_texture_get_width (fitted), ==, sizes[i][0]);
        g_assert_cmpint (gdk_texture_get_height (fitted), ==, sizes[i][1]);
        if (round == 0)
          first[i] = fitted;
        g_assert_true (fitted == first[i]);
      }
}

static GdkTexture *
render (GskRenderer *renderer, GtkSnapshot *snapshot)
{
  GskRenderNode *node = gtk_snapshot_free_to_node (snapshot);
  GdkTexture *texture = gsk_renderer_render_texture (renderer, node, &GRAPHENE_RECT_INIT (0, 0, 60, 50));
  gsk_render_node_unref (node);
  return texture;
}

/* What a software renderer is given looks as the texture does, at its own size and enlarged, opaque and not. */
static void
test_fitted_pixels (void)
{
  static const graphene_rect_t places[] = { { { 5, 3 }, { 40, 30 } }, { { 3, 2 }, { 53, 41 } } };
  UiWindow *window = test_ui_window ();
  gtk_window_present (GTK_WINDOW (window));
  test_ui_idle ();
  GskRenderer *renderer = gtk_native_get_renderer (GTK_NATIVE (window));
  g_autoptr (GdkTexture) texture = make_texture (40, 30);
  for (guint i = 0; i < 4; i++)
    {
      const graphene_rect_t *place = &places[i / 2];
      double opacity = i % 2 ? 0.4 : 1;
      guchar is[60 * 50 * 4], should[60 * 50 * 4];
      GtkSnapshot *snapshot = gtk_snapshot_new ();
      ui_fitted_append (GTK_WIDGET (window), snapshot, texture, place, opacity);
      g_autoptr (GdkTexture) drawn = render (renderer, snapshot);
      snapshot = gtk_snapshot_new ();
      gtk_snapshot_push_opacity (snapshot, opacity);
      gtk_snapshot_append_texture (snapshot, texture, place);
      gtk_snapshot_pop (snapshot);
      g_autoptr (GdkTexture) plain = render (renderer, snapshot);
      gdk_texture_download (drawn, is, 60 * 4);
      gdk_texture_download (plain, should, 60 * 4);
      for (guint k = 0; k < sizeof is; k++)
        g_assert_cmpint (ABS (is[k] - should[k]), <=, 2); /* each is rounded to 8 bits once or twice */
    }
  end (window);
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/ui/tiles/states", test_states);
  g_test_add_func ("/ui/tiles/old", test_old);
  g_test_add_func ("/ui/tiles/flat", test_flat);
  g_test_add_func ("/ui/tiles/photo", test_photo);
  g_test_add_func ("/ui/tiles/copies", test_copies);
  g_test_add_func ("/ui/tiles/agreement", test_agreement);
  g_test_add_func ("/ui/tiles/modes", test_modes);
  g_test_add_func ("/ui/tiles/masked-to-threshold", test_masked_to_threshold);
  g_test_add_func ("/ui/tiles/ranges", test_ranges);
  g_test_add_func ("/ui/tiles/reset", test_reset);
  g_test_add_func ("/ui/tiles/fitted-sizes", test_fitted_sizes);
  g_test_add_func ("/ui/tiles/fitted-pixels", test_fitted_pixels);
  return test_ui_run ();
}
