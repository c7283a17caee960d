/* Maps made elsewhere: dropped files and a mask painted by hand, as tiles, in undo and in session files. Needs a
 * display and the sample; one test the golden data. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "engine/nn/tensor.h"
#include "engine/metrics/ranking.h"
#include "engine/npy.h"
#include "support.h"
#include "ui-support.h"
#include "ui/history.h"
#include "ui/own-map.h"
#include "ui/paint-view.h"
#include "ui/session-state.h"

typedef struct
{
  UiSession *session;
  char *folder, *path, *message, *action;
  guint n_problems;
} Fixture;

static void
on_problem (UiSession *session, const char *message, const char *action, Fixture *f)
{
  g_free (f->message);
  g_free (f->action);
  f->message = g_strdup (message);
  f->action = g_strdup (action);
  f->n_problems++;
}

static void
setup (Fixture *f, gconstpointer unused)
{
  f->folder = test_tmpdir ();
  f->path = g_build_filename (f->folder, "other.npy", NULL);
  f->session = ui_session_new ();
  test_ui_show_only (f->session, "grad-cam");
  g_signal_connect (f->session, "problem", G_CALLBACK (on_problem), f);
}

static void
teardown (Fixture *f, gconstpointer unused)
{
  wait_until (G_OBJECT (f->session)->ref_count == 1); /* nothing is being read for it any more */
  test_ui_end (f->session);
  test_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f->message);
  g_free (f->action);
}

static void
open_sample (Fixture *f)
{
  test_ui_open_sample (f->session);
  wait_until (test_ui_settled (f->session));
}

static void
open_path (Fixture *f, const char *path, UiOpenHint hint)
{
  ui_session_open (f->session, (const char *[]){ path, NULL }, hint);
}

static void
write_ramp (const char *path, int rows, int cols, float first)
{
  g_autoptr (GError) error = NULL;
  EngShape shape = { 2, { rows, cols } };
  g_autofree float *values = g_new (float, (gsize)rows *cols);
  for (int i = 0; i < rows * cols; i++)
    values[i] = first + (float)i;
  g_autoptr (GBytes) bytes = eng_npy_encode (values, &shape);
  eng_write_atomically (path, bytes, &error);
  g_assert_no_error (error);
}

static guint
n_tiles (UiSession *session)
{
  return g_list_model_get_n_items (ui_session_tiles (session));
}

static guint
n_own (UiSession *session)
{
  return g_list_model_get_n_items (ui_session_own_maps (session));
}

static UiSlot *
last_tile (UiSession *session)
{
  g_autoptr (UiSlot) slot = g_list_model_get_item (ui_session_tiles (session), n_tiles (session) - 1);
  return slot;
}

static UiSlot *
import (Fixture *f, float first)
{
  guint before = n_own (f->session);
  write_ramp (f->path, 96, 96, first);
  open_path (f, f->path, UI_OPEN_ANYTHING);
  wait_until (n_own (f->session) > before || f->n_problems);
  g_assert_cmpstr (f->message, ==, NULL);
  return last_tile (f->session);
}

/* ---- a map of another program ---- */

static void
test_tile (Fixture *f, gconstpointer unused)
{
  if (!test_ui_have_sample ())
    return;
  open_sample (f);
  int target = ui_session_target (f->session);
  UiSlot *slot = import (f, 0);
  g_assert_cmpuint (n_tiles (f->session), ==, 2);
  g_assert_cmpstr (ui_slot_name (slot), ==, "other.npy");
  g_assert_cmpint (ui_slot_state (slot), ==, UI_SLOT_DONE);
  g_assert_cmpint (eng_heatmap_cols (ui_slot_map (slot)), ==, 96);
  g_assert_cmpint (ui_slot_pinned_class (slot), ==, target);
  /* It stays what it is about. */
  ui_session_set_target (f->session, (target + 1) % 12);
  g_assert_cmpint (ui_slot_pinned_class (slot), ==, target);
  g_assert_cmpint (ui_slot_state (slot), ==, UI_SLOT_DONE);
  wait_until (test_ui_settled (f->session));
  /* Scored in the footer like the others. */
  UiScores *scores = ui_session_scores (f->session);
  wait_until (ui_scores_find (scores, slot)[UI_SCORE_INSERTION].known);
  g_assert_true (isfinite (ui_scores_find (scores, slot)[UI_SCORE_DELETION].value));
  g_assert_true (isfinite (ui_scores_find (scores, slot)[UI_SCORE_INSERTION].value));
  /* Compared like the others, and its difference goes with it. */
  UiSlot *difference = ui_session_compare (f->session, slot, test_ui_slot (f->session, "grad-cam"));
  wait_until (ui_slot_state (difference) == UI_SLOT_DONE);
  /* The same file again is the same tile; another of that name is told apart. */
  ui_session_set_target (f->session, target);
  open_path (f, f->path, UI_OPEN_ANYTHING);
  wait_until (G_OBJECT (f->session)->ref_count > 1);
  wait_until (G_OBJECT (f->session)->ref_count == 1);
  g_assert_cmpuint (n_own (f->session), ==, 1);
  UiSlot *second = import (f, 5);
  g_assert_cmpstr (ui_slot_name (second), ==, "other.npy (2)");
  ui_session_remove (f->session, slot);
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_differences (f->session)), ==, 0);
}

static void
test_belongs_to_picture (Fixture *f, gconstpointer unused)
{
  if (!test_ui_have_sample ())
    return;
  open_sample (f);
  UiSlot *slot = import (f, 0);
  ui_session_show (f->session, 1);
  wait_until (test_ui_settled (f->session));
  g_assert_cmpuint (n_tiles (f->session), ==, 1);
  g_assert_true (ui_slot_away (slot));
  g_assert_null (ui_slot_map (slot));
  g_assert_true (ui_picture_explained (ui_session_picture (f->session)));
  ui_session_show (f->session, 0);
  wait_until (test_ui_settled (f->session));
  g_assert_cmpuint (n_tiles (f->session), ==, 2);
  g_assert_cmpint (ui_slot_state (slot), ==, UI_SLOT_DONE);
}

/* A map is about one view of the picture: another crop has no use for it, and undo brings it back. */
static void
test_other_view (Fixture *f, gconstpointer unused)
{
  if (!test_ui_have_sample ())
    return;
  open_sample (f);
  import (f, 0);
  ui_session_paint (f->session, 200, 100, 240, 100, 5, FALSE);
  ui_session_end_stroke (f->session);
  g_assert_cmpuint (n_tiles (f->session), ==, 3);
  test_ui_idle (); /* what follows is another change */
  g_autoptr (EngModel) model = g_object_ref (ui_session_model (f->session));
  g_autoptr (EngPreprocess) p = eng_preprocess_copy (ui_session_preprocess (f->session));
  p->fit = p->fit == ENG_FIT_CROP ? ENG_FIT_STRETCH : ENG_FIT_CROP;
  ui_session_set_preprocess (f->session, p);
  wait_until (ui_session_model (f->session) != model && test_ui_settled (f->session));
  UiSlot *mask = last_tile (f->session);
  g_autoptr (UiSlot) map = g_list_model_get_item (ui_session_tiles (f->session), 1);
  g_assert_cmpint (ui_slot_state (mask), ==, UI_SLOT_IMPOSSIBLE);
  g_assert_cmpint (ui_slot_state (map), ==, UI_SLOT_IMPOSSIBLE);
  g_assert_nonnull (strstr (ui_slot_reason (map), "another size or crop"));
  g_assert_null (ui_session_mask (f->session));
  g_autoptr (EngModel) other = g_object_ref (ui_session_model (f->session));
  ui_history_undo (ui_session_history (f->session));
  wait_until (ui_session_model (f->session) != other && test_ui_settled (f->session));
  g_assert_cmpint (ui_slot_state (last_tile (f->session)), ==, UI_SLOT_DONE);
  g_assert_nonnull (ui_session_mask (f->session));
}

static void
test_undo (Fixture *f, gconstpointer unused)
{
  if (!test_ui_have_sample ())
    return;
  open_sample (f);
  UiHistory *history = ui_session_history (f->session);
  import (f, 0);
  g_assert_cmpstr (ui_history_undo_words (history), ==, "imported map");
  g_assert_true (ui_session_unsaved (f->session));
  ui_history_undo (history);
  g_assert_cmpuint (n_tiles (f->session), ==, 1);
  g_assert_cmpuint (n_own (f->session), ==, 0);
  ui_history_redo (history);
  g_assert_cmpuint (n_tiles (f->session), ==, 2);
  g_assert_cmpfloat (eng_heatmap_values (ui_slot_map (last_tile (f->session)))[7], ==, 7);
  ui_session_remove (f->session, last_tile (f->session));
  g_assert_cmpuint (n_tiles (f->session), ==, 1);
  ui_history_undo (history);
  g_assert_cmpuint (n_tiles (f->session), ==, 2);
}

static void
on_saved (gboolean ok, gpointer data)
{
  *(int *)data = ok ? 1 : -1;
}

/* The map is embedded: its file may be gone. */
static void
test_session_file (Fixture *f, gconstpointer unused)
{
  int saved = 0;
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = g_build_filename (f->folder, "work.sightline", NULL);
  open_sample (f);
  import (f, 3);
  ui_session_save (f->session, path, on_saved, &saved);
  wait_until (saved);
  g_assert_cmpint (saved, ==, 1);
  test_remove_tree (f->path);
  UiSession *again = ui_session_new ();
  ui_session_open_file (again, path, FALSE);
  wait_until (test_ui_settled (again));
  g_assert_cmpuint (n_tiles (again), ==, 2);
  UiSlot *slot = last_tile (again);
  g_assert_cmpstr (ui_slot_name (slot), ==, "other.npy");
  g_assert_cmpint (ui_slot_state (slot), ==, UI_SLOT_DONE);
  g_assert_cmpfloat (eng_heatmap_values (ui_slot_map (slot))[9], ==, 12);
  g_assert_cmpint (ui_slot_pinned_class (slot), ==, ui_session_target (f->session));
  g_assert_false (ui_session_unsaved (again));
  test_ui_end (again);
}

/* With a model and a picture in one drop the map waits until it is known what it is about. */
static void
test_one_drop (Fixture *f, gconstpointer unused)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scene = test_data ("scenes/harbour-01.png");
  write_ramp (f->path, 96, 96, 0);
  ui_session_open (f->session, (const char *[]){ f->path, scene, model, NULL }, UI_OPEN_ANYTHING);
  wait_until (n_own (f->session) > 0 || f->n_problems);
  g_assert_cmpstr (f->message, ==, NULL);
  g_assert_cmpuint (n_tiles (f->session), ==, 2);
}

/* ---- what cannot be opened ---- */

#define HEADER(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': (" shape "), }"

static void
write_npy (const char *path, const char *header, gsize data)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autofree guint8 *zeros = g_malloc0 (data + 1);
  guint8 preamble[] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (guint8)strlen (header), 0 };
  g_byte_array_append (file, preamble, sizeof preamble);
  g_byte_array_append (file, (const guint8 *)header, (guint)strlen (header));
  g_byte_array_append (file, zeros, (guint)data);
  g_assert_true (g_file_set_contents (path, (const char *)file->data, (gssize)file->len, NULL));
}

static void
write_infinity (const char *path)
{
  write_ramp (path, 96, 96, INFINITY);
}

static void
write_wrong_size (const char *path)
{
  write_ramp (path, 97, 96, 0);
}

static void
write_text (const char *path)
{
  g_assert_true (g_file_set_contents (path, "not an array", -1, NULL));
}

static void
write_photo (const char *path)
{
  g_autofree char *scene = test_data ("scenes/harbour-01.png"), *bytes = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (scene, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (path, bytes, (gssize)length, NULL));
}

static const struct
{
  const char *name, *header; /* NULL: see @write */
  gsize data;
  void (*write) (const char *path);
  const char *says, *remedy; /* parts of the message */
} bad[] = {
  { "size.npy", NULL, 0, write_wrong_size, "is 96 × 97", "It must be as large as" },
  { "nan.npy", NULL, 0, write_infinity, "not numbers", "nan_to_num" },
  { "text.npy", NULL, 0, write_text, "is not a NumPy array", "Save it with" },
  { "photo.png", NULL, 0, write_photo, "is a colour picture", "grey PNG" },
  { "broken.png", NULL, 0, write_text, "is damaged", "Copy or export" },
  { "cut.npy", HEADER ("<f4", "False", "96, 96"), 1000, NULL, "ends inside its data", "Copy it again" },
  { "type.npy", HEADER ("<c8", "False", "96, 96"), 96 * 96 * 8, NULL, "not of a kind", "Save real numbers" },
  { "object.npy", HEADER ("|O", "False", "96, 96"), 96 * 96 * 8, NULL, "not of a kind", "Save real numbers" },
  { "rank.npy", HEADER ("<f4", "False", "2, 2, 96, 96"), 4 * 96 * 96 * 4, NULL, "holds an array of", "A map is" },
  { "huge.npy", HEADER ("<f4", "False", "99999999, 99999999"), 64, NULL, "more values than", "Save it again" },
  { "empty.npy", HEADER ("<f4", "False", "0, 96"), 0, NULL, "holds an array of 0x96", "A map is" },
};

/* One message with the file's name, what is wrong and what to do; the session stays as it is. */
static void
test_bad_files (Fixture *f, gconstpointer unused)
{
  if (!test_ui_have_sample ())
    return;
  open_sample (f);
  UiSlot *slot = import (f, 0);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_build_filename (f->folder, bad[i].name, NULL);
      if (bad[i].write)
        bad[i].write (path);
      else
        write_npy (path, bad[i].header, bad[i].data);
      f->n_problems = 0;
      open_path (f, path, UI_OPEN_MAPS);
      wait_until (f->n_problems);
      g_test_message ("%s", f->message);
      g_assert_true (g_str_has_prefix (f->message, bad[i].name));
      g_assert_nonnull (strstr (f->message, bad[i].says));
      g_assert_nonnull (strstr (f->message, bad[i].remedy));
      g_assert_cmpstr (f->action, ==, "win.open-map");
      g_assert_cmpuint (f->n_problems, ==, 1);
      g_assert_cmpuint (n_tiles (f->session), ==, 2);
      g_assert_cmpint (ui_slot_state (slot), ==, UI_SLOT_DONE);
      g_assert_true (test_ui_settled (f->session));
    }
}

/* What NumPy can also write is read: the other byte order, columns first, integers, half and double precision. */
static void
test_other_layouts (Fixture *f, gconstpointer unused)
{
  static const char *const headers[] = {
    HEADER (">f4", "False", "96, 96"), HEADER ("<f8", "True", "96, 96"),       HEADER ("<f2", "False", "1, 96, 96"),
    HEADER ("|u1", "False", "96, 96"), HEADER (">i2", "True", "1, 1, 96, 96"),
  };
  if (!test_ui_have_sample ())
    return;
  open_sample (f);
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autofree char *name = g_strdup_printf ("layout-%u.npy", i), *path = g_build_filename (f->folder, name, NULL);
      write_npy (path, headers[i], 96 * 96 * 8);
      open_path (f, path, UI_OPEN_ANYTHING);
      wait_until (n_own (f->session) == i + 1 || f->n_problems);
      g_assert_cmpstr (f->message, ==, NULL);
      g_assert_cmpstr (ui_slot_name (last_tile (f->session)), ==, name);
    }
}

static void
test_nothing_open (Fixture *f, gconstpointer unused)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *model = test_data ("models/scenes-cnn.onnx");
  write_ramp (f->path, 96, 96, 0);
  open_path (f, f->path, UI_OPEN_ANYTHING);
  wait_until (f->n_problems == 1);
  g_assert_cmpstr (f->action, ==, "win.open-model");
  g_assert_true (g_str_has_prefix (f->message, "other.npy was not opened."));
  open_path (f, model, UI_OPEN_ANYTHING);
  wait_until (ui_session_model (f->session));
  open_path (f, f->path, UI_OPEN_ANYTHING);
  wait_until (f->n_problems == 2);
  g_assert_cmpstr (f->action, ==, "win.open-images");
  g_assert_cmpuint (n_own (f->session), ==, 0);
}

/* ---- the same numbers as elsewhere ---- */

static UiSeries *
series_of (UiSession *session, UiSlot *slot)
{
  GListModel *series = ui_threshold_series (ui_session_threshold (session));
  for (guint i = 0; i < g_list_model_get_n_items (series); i++)
    {
      g_autoptr (UiSeries) item = g_list_model_get_item (series, i);
      if (item->slot == slot)
        return item;
    }
  return NULL;
}

static double
area_of (UiSession *session, UiSlot *slot, UiDirection direction)
{
  gboolean old = TRUE;
  UiSeries *series = series_of (session, slot);
  double area = series ? ui_threshold_area (ui_session_threshold (session), series, direction, &old) : NAN;
  return old ? NAN : area;
}

static JsonObject *
golden_values (const char *image)
{
  g_autofree char *path = test_shared ("golden/manifest.json");
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_assert_true (json_parser_load_from_file (parser, path, NULL));
  JsonArray *all = json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), "metrics");
  for (guint i = 0; i < json_array_get_length (all); i++)
    {
      JsonObject *o = json_array_get_object_element (all, i);
      if (strcmp (json_object_get_string_member (o, "model"), "resnet20_cifar10") == 0
          && strcmp (json_object_get_string_member (o, "image"), image) == 0)
        return json_object_ref (json_object_get_object_member (o, "values"));
    }
  g_assert_not_reached ();
}

/* A Grad-CAM map that PyTorch scripts wrote, dropped into a session: the areas that the window states are those that
 * the scripts state. 1e-3 of a scale of 1 (RISE) or 90 (LTX): the order of ties is the same, float32 rounding is
 * left. */
static void
test_golden (Fixture *f, gconstpointer image)
{
  static const struct
  {
    const char *preset, *names[UI_N_DIRECTIONS];
  } rows[] = { { "rise", { "RISE_del", "RISE_ins" } },
               { "ltx", { "DEL", "INS" } },
               { "ltx-accuracy", { "POS", "NEG" } } };
  g_autofree char *m = test_shared ("models/resnet20_cifar10.onnx");
  if (!m || !test_ui_have_sample ())
    return;
  g_autofree char *relative = g_strdup_printf ("images/%s.png", (const char *)image), *i = test_shared (relative);
  g_autofree char *file =
      g_strdup_printf ("golden/resnet20_cifar10/%s.gradcam.c3.Relu_175.upsampled.npy", (const char *)image);
  g_autofree char *map = test_shared (file);
  g_autoptr (JsonObject) golden = golden_values (image);
  UiThreshold *threshold = ui_session_threshold (f->session);
  test_ui_show_only (f->session, "");
  ui_threshold_watch (threshold, TRUE);
  ui_session_open (f->session, (const char *[]){ m, i, map, NULL }, UI_OPEN_ANYTHING);
  wait_until (n_own (f->session) > 0 || f->n_problems);
  g_assert_cmpstr (f->message, ==, NULL);
  UiSlot *slot = last_tile (f->session);
  g_assert_cmpint (ui_slot_pinned_class (slot), ==, 3);
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    {
      ui_threshold_set_preset (threshold, ui_preset_find (rows[r].preset));
      for (int d = 0; d < UI_N_DIRECTIONS; d++)
        {
          double expected = json_object_get_double_member (golden, rows[r].names[d]);
          wait_until (!isnan (area_of (f->session, slot, (UiDirection)d)));
          double area = area_of (f->session, slot, (UiDirection)d);
          g_test_message ("%s %s: %.7g, golden %.7g, difference %.2g", (const char *)image, rows[r].names[d], area,
                          expected, area - expected);
          g_assert_cmpfloat_with_epsilon (area, expected, 1e-3);
        }
    }
  ui_threshold_watch (threshold, FALSE);
}

/* ---- painting ---- */

static const EngGeometry plain = { 80, 60, 40, 30, 2, 2, 0, 0, 0, 0, 40, 30 };

/* A round brush paints the pixels whose centres it covers: about pi r², and exactly those. */
static void
test_mask_strokes (void)
{
  g_autoptr (UiMask) mask = ui_mask_new (&plain);
  double radius = 7.5;
  int expected = 0;
  g_assert_true (ui_mask_stroke (mask, 40, 30, 40, 30, radius, FALSE));
  for (int y = 0; y < 30; y++)
    for (int x = 0; x < 40; x++)
      {
        gboolean inside = hypot (x + 0.5 - 20, y + 0.5 - 15) <= radius;
        g_assert_cmpint (ui_mask_pixels (mask)[y * 40 + x], ==, inside);
        expected += inside;
      }
  g_assert_cmpint (ui_mask_painted (mask), ==, expected);
  g_assert_cmpfloat_with_epsilon (expected, G_PI * radius * radius, 2 * G_PI * radius / 2); /* half its rim */
  /* The same again changes nothing; the same as an eraser takes all of it. */
  g_assert_false (ui_mask_stroke (mask, 40, 30, 40, 30, radius, FALSE));
  g_assert_true (ui_mask_stroke (mask, 40, 30, 40, 30, radius, TRUE));
  g_assert_cmpint (ui_mask_painted (mask), ==, 0);
  /* The smallest brush paints the pixel that it is on, wherever on it. */
  g_assert_true (ui_mask_stroke (mask, 7.9, 4.1, 7.9, 4.1, 0.5, FALSE));
  g_assert_cmpint (ui_mask_painted (mask), ==, 1);
  g_assert_cmpint (ui_mask_pixels (mask)[2 * 40 + 3], ==, 1);
  /* A line has no gaps; what lies outside, far or nowhere, is passed over. */
  ui_mask_clear (mask);
  ui_mask_stroke (mask, -1000, 21, 1000, 21, 0.5, FALSE);
  g_assert_cmpint (ui_mask_painted (mask), ==, 40);
  g_assert_false (ui_mask_stroke (mask, -500, -500, -400, -400, 20, FALSE));
  g_assert_false (ui_mask_stroke (mask, NAN, NAN, NAN, NAN, 20, FALSE));
  g_assert_false (ui_mask_stroke (mask, 1e300, 0, 1e300, 0, 20, FALSE));
  g_assert_cmpint (ui_mask_painted (mask), ==, 40);
}

/* Painted pixels come first; among them, and among the others, the one further up, then further left. */
static void
test_mask_ranks (void)
{
  g_autoptr (UiMask) mask = ui_mask_new (&plain);
  ui_mask_stroke (mask, 20, 14, 66, 50, 3, FALSE);
  int painted = ui_mask_painted (mask);
  g_autoptr (EngHeatmap) map = ui_mask_to_map (mask, "0", "picture");
  g_autoptr (EngRanking) ranking = eng_ranking_new_heatmap (map, ENG_RANK_VALUE, ENG_ORDER_MOST_FIRST);
  const guint32 *order = eng_ranking_order (ranking);
  for (int i = 0; i < eng_ranking_n (ranking); i++)
    {
      g_assert_cmpint (ui_mask_pixels (mask)[order[i]], ==, i < painted);
      g_assert_true (i == 0 || i == painted || order[i] > order[i - 1]);
    }
}

static JsonObject *
parse_object (const char *text)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);
  return json_object_ref (json_node_get_object (node));
}

static void
test_mask_text (void)
{
  static const char *const hostile[] = {
    "{}",
    "{\"sizes\": [80, 60, 40, 30], \"place\": [2, 2, 0, 0, 0, 0, 40, 30]}",
    "{\"sizes\": [80, 60, 40, 30], \"place\": [2, 2, 0, 0, 0, 0, 40, 30], \"runs\": [1199]}",
    "{\"sizes\": [80, 60, 40, 30], \"place\": [2, 2, 0, 0, 0, 0, 40, 30], \"runs\": [0, 1201]}",
    "{\"sizes\": [80, 60, 40, 30], \"place\": [2, 2, 0, 0, 0, 0, 40, 30], \"runs\": [-1, 1201]}",
    "{\"sizes\": [80, 60, 40, 30], \"place\": [2, 2, 0, 0, 0, 0, 40, 30], \"runs\": [9223372036854775807, 1]}",
    "{\"sizes\": [80, 60, 40, 30], \"place\": [2, 2, 0, 0, 0, 0, 40, 30], \"runs\": [600.5, 599.5]}",
    "{\"sizes\": [80, 60, 40, 30], \"place\": [2, 2, 0, 0, 0, 0, 40, 30], \"runs\": [\"x\"]}",
    "{\"sizes\": [80, 60, 40, 30], \"place\": [0, 2, 0, 0, 0, 0, 40, 30], \"runs\": [1200]}",
    "{\"sizes\": [80, 60, 900000, 900000], \"place\": [2, 2, 0, 0, 0, 0, 40, 30], \"runs\": [810000000000]}",
    "{\"sizes\": [80, 60, 0, 30], \"place\": [2, 2, 0, 0, 0, 0, 40, 30], \"runs\": []}",
    "{\"sizes\": 3, \"place\": [], \"runs\": {}}",
  };
  g_autoptr (UiMask) mask = ui_mask_new (&plain);
  ui_mask_stroke (mask, 0, 0, 70, 50, 4, FALSE); /* from the first pixel on */
  g_autoptr (JsonObject) object = json_object_new ();
  ui_mask_save (mask, object);
  EngJson json = { object, "test", "" };
  g_autoptr (GError) error = NULL;
  g_autoptr (UiMask) back = ui_mask_load (&json, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (ui_mask_pixels (mask), 40 * 30, ui_mask_pixels (back), 40 * 30);
  g_assert_cmpint (ui_mask_painted (back), ==, ui_mask_painted (mask));
  g_assert_cmpmem (ui_mask_geometry (mask), sizeof plain, ui_mask_geometry (back), sizeof plain);
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autoptr (JsonObject) bad_object = parse_object (hostile[i]);
      EngJson bad_json = { bad_object, "test", "" };
      g_autoptr (GError) why = NULL;
      g_assert_null (ui_mask_load (&bad_json, &why));
      g_assert_nonnull (why);
    }
}

static void
stroke (UiSession *session, double x, double y, gboolean erase)
{
  UiHistory *history = ui_session_history (session);
  ui_history_hold (history, TRUE);
  for (int i = 0; i < 10; i++)
    ui_session_paint (session, x + 4 * i, y, x + 4 * (i + 1), y + i, 5, erase);
  ui_history_hold (history, FALSE);
  ui_session_end_stroke (session);
}

static int
painted (UiSession *session)
{
  return ui_session_mask (session) ? ui_mask_painted (ui_session_mask (session)) : 0;
}

static void
test_paint (Fixture *f, gconstpointer unused)
{
  if (!test_ui_have_sample ())
    return;
  open_sample (f);
  UiHistory *history = ui_session_history (f->session);
  stroke (f->session, 200, 100, FALSE);
  int one = painted (f->session);
  g_assert_cmpint (one, >, 0);
  g_assert_cmpuint (n_tiles (f->session), ==, 2);
  UiSlot *slot = last_tile (f->session);
  g_assert_cmpstr (ui_slot_name (slot), ==, "Own mask");
  g_assert_cmpint (ui_slot_state (slot), ==, UI_SLOT_DONE);
  stroke (f->session, 100, 200, FALSE);
  int two = painted (f->session);
  g_assert_cmpint (two, >, one);
  g_assert_cmpint (ui_mask_painted (ui_own_map_mask (slot)), ==, two);
  /* The tile's map is the mask. */
  double sum = 0;
  for (int i = 0; i < ui_mask_n (ui_session_mask (f->session)); i++)
    sum += eng_heatmap_values (ui_slot_map (slot))[i];
  g_assert_cmpfloat (sum, ==, two);
  /* One undo for each stroke. */
  g_assert_cmpstr (ui_history_undo_words (history), ==, "own mask");
  ui_history_undo (history);
  g_assert_cmpint (painted (f->session), ==, one);
  ui_history_undo (history);
  g_assert_cmpuint (n_tiles (f->session), ==, 1);
  g_assert_null (ui_session_mask (f->session));
  ui_history_redo (history);
  ui_history_redo (history);
  g_assert_cmpint (painted (f->session), ==, two);
  /* Scored like a method's. */
  wait_until (test_ui_settled (f->session));
  slot = last_tile (f->session);
  wait_until (ui_scores_find (ui_session_scores (f->session), slot)[UI_SCORE_INSERTION].known);
  g_assert_true (isfinite (ui_scores_find (ui_session_scores (f->session), slot)[UI_SCORE_INSERTION].value));
  /* Erased to nothing, or cleared, it is no tile; undo brings it back. */
  stroke (f->session, 100, 200, TRUE);
  g_assert_cmpint (painted (f->session), <=, one);
  stroke (f->session, 200, 100, TRUE);
  g_assert_cmpuint (n_tiles (f->session), ==, 1);
  ui_history_undo (history);
  g_assert_cmpuint (n_tiles (f->session), ==, 2);
  ui_session_clear_mask (f->session);
  g_assert_cmpuint (n_tiles (f->session), ==, 1);
  ui_history_undo (history);
  g_assert_cmpint (painted (f->session), >, 0);
}

/* A mask belongs to its picture, and is part of the session's file. */
static void
test_paint_saved (Fixture *f, gconstpointer unused)
{
  int saved = 0;
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = g_build_filename (f->folder, "painted.sightline", NULL);
  open_sample (f);
  stroke (f->session, 200, 100, FALSE);
  int first = painted (f->session);
  ui_session_show (f->session, 1);
  wait_until (test_ui_settled (f->session));
  g_assert_cmpint (painted (f->session), ==, 0);
  stroke (f->session, 50, 50, FALSE);
  stroke (f->session, 90, 90, FALSE);
  int second = painted (f->session);
  ui_session_save (f->session, path, on_saved, &saved);
  wait_until (saved);
  UiSession *again = ui_session_new ();
  ui_session_open_file (again, path, FALSE);
  wait_until (test_ui_settled (again));
  g_assert_cmpint (painted (again), ==, second);
  g_assert_cmpuint (n_tiles (again), ==, 2);
  g_assert_false (ui_session_unsaved (again));
  ui_session_show (again, 0);
  wait_until (test_ui_settled (again));
  g_assert_cmpint (painted (again), ==, first);
  g_assert_cmpstr (ui_slot_name (last_tile (again)), ==, "Own mask");
  test_ui_end (again);
}

/* Rows that somebody else wrote: what cannot be is refused, and the rest stays as it was. */
static void
test_hostile_state (Fixture *f, gconstpointer unused)
{
  static const char *const texts[] = {
    "{\"own-maps\": {\"maps\": 3}}",
    "{\"own-maps\": {\"maps\": [7]}}",
    "{\"own-maps\": {\"maps\": [{\"map\": 7}]}}",
    "{\"own-maps\": {\"masks\": [{}]}}",
    "{\"own-maps\": {\"masks\": [{\"picture\": \"a\", \"image\": \"b\", \"runs\": [1]}]}}",
    "{\"own-maps\": {\"masks\": [{\"sizes\": [8, 6, 4, 3], \"place\": [2, 2, 0, 0, 0, 0, 4, 3], \"runs\": [12]}]}}",
  };
  if (!test_ui_have_sample ())
    return;
  open_sample (f);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (JsonNode) node = json_from_string (texts[i], NULL);
      g_autoptr (GError) error = NULL;
      EngJson json = { json_node_get_object (node), "test", "" };
      g_assert_false (ui_session_state_load (f->session, &json, &error));
      g_assert_nonnull (error);
      g_assert_cmpuint (n_tiles (f->session), ==, 1);
    }
}

static GtkWidget *
find_widget (GtkWidget *widget, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_widget (child, type);
      if (found)
        return found;
    }
  return NULL;
}

static gboolean
press (GtkWidget *widget, guint key, GdkModifierType state)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);
  gboolean handled = FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (controllers) && !handled; i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);
      if (GTK_IS_EVENT_CONTROLLER_KEY (controller))
        g_signal_emit_by_name (controller, "key-pressed", key, 0, state, &handled);
    }
  return handled;
}

/* Without a mouse: the page's key opens the brush, arrows move it, Enter paints, Backspace erases. */
static void
test_paint_by_keys (void)
{
  double x, y, x1, y1;
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.paint", NULL);
  UiPaintView *view = UI_PAINT_VIEW (find_widget (GTK_WIDGET (window), UI_TYPE_PAINT_VIEW));
  GtkWidget *widget = GTK_WIDGET (view);
  wait_until (gtk_widget_get_mapped (widget) && gtk_widget_get_width (widget) > 0);
  ui_paint_view_cursor (view, &x, &y);
  g_assert_true (press (widget, GDK_KEY_Right, 0));
  g_assert_true (press (widget, GDK_KEY_Down, GDK_SHIFT_MASK));
  ui_paint_view_cursor (view, &x1, &y1);
  g_assert_cmpfloat (x1 - x, ==, 480 / 96.0);
  g_assert_cmpfloat_with_epsilon (y1 - y, 10 * 360 / 96.0, 1e-9);
  g_assert_true (press (widget, GDK_KEY_Return, 0));
  int one = painted (session);
  g_assert_cmpint (one, >, 0);
  g_assert_cmpint (ui_slot_state (last_tile (session)), ==, UI_SLOT_DONE);
  UiThreshold *threshold = ui_session_threshold (session);
  wait_until (ui_threshold_selected (threshold) && ui_threshold_selected (threshold)->slot == last_tile (session));
  double radius = ui_paint_view_radius (view);
  g_assert_true (press (widget, GDK_KEY_Page_Up, 0));
  g_assert_cmpfloat (ui_paint_view_radius (view), >, radius);
  g_assert_true (press (widget, GDK_KEY_Return, 0));
  g_assert_cmpint (painted (session), >, one);
  g_assert_true (press (widget, GDK_KEY_BackSpace, 0));
  g_assert_null (ui_session_mask (session));
  g_assert_false (press (widget, GDK_KEY_Left, GDK_CONTROL_MASK)); /* pans, as everywhere */
  gtk_test_accessible_assert_role (widget, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_test_accessible_assert_property (widget, GTK_ACCESSIBLE_PROPERTY_LABEL, "Own mask of harbour-01.png");
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

#define ADD(path, data, test) g_test_add (path, Fixture, data, setup, test, teardown)

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  ADD ("/own-maps/tile", NULL, test_tile);
  ADD ("/own-maps/belongs-to-picture", NULL, test_belongs_to_picture);
  ADD ("/own-maps/other-view", NULL, test_other_view);
  ADD ("/own-maps/undo", NULL, test_undo);
  ADD ("/own-maps/session-file", NULL, test_session_file);
  ADD ("/own-maps/one-drop", NULL, test_one_drop);
  ADD ("/own-maps/bad-files", NULL, test_bad_files);
  ADD ("/own-maps/other-layouts", NULL, test_other_layouts);
  ADD ("/own-maps/nothing-open", NULL, test_nothing_open);
  ADD ("/own-maps/golden/chelsea", "chelsea", test_golden);
  ADD ("/own-maps/golden/coffee", "coffee", test_golden);
  g_test_add_func ("/own-maps/mask/strokes", test_mask_strokes);
  g_test_add_func ("/own-maps/mask/ranks", test_mask_ranks);
  g_test_add_func ("/own-maps/mask/text", test_mask_text);
  ADD ("/own-maps/paint", NULL, test_paint);
  ADD ("/own-maps/paint-saved", NULL, test_paint_saved);
  ADD ("/own-maps/hostile-state", NULL, test_hostile_state);
  g_test_add_func ("/own-maps/paint-by-keys", test_paint_by_keys);
  return test_ui_run ();
}
