/* Maps made elsewhere: dropped files and a mask painted by hand, as tiles, in undo and in session files. Needs a
 * display and the sample; one test the golden data. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "engine/nn/tensor.h"
#include "engine/npy.h"
#include "support.h"
#include "ui-support.h"
#include "ui/history.h"
#include "ui/own-map.h"
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
  open_path (f, f->path, UI_OPEN_ANYTHING);
  ui_session_set_target (f->session, target);
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

#define ADD(path, data, test) g_test_add (path, Fixture, data, setup, test, teardown)

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  ADD ("/own-maps/tile", NULL, test_tile);
  ADD ("/own-maps/belongs-to-picture", NULL, test_belongs_to_picture);
  ADD ("/own-maps/undo", NULL, test_undo);
  ADD ("/own-maps/session-file", NULL, test_session_file);
  ADD ("/own-maps/one-drop", NULL, test_one_drop);
  ADD ("/own-maps/bad-files", NULL, test_bad_files);
  ADD ("/own-maps/other-layouts", NULL, test_other_layouts);
  ADD ("/own-maps/nothing-open", NULL, test_nothing_open);
  ADD ("/own-maps/golden/chelsea", "chelsea", test_golden);
  ADD ("/own-maps/golden/coffee", "coffee", test_golden);
  return test_ui_run ();
}
