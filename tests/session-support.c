/* See session-support.h. */
#include "session-support.h"

#include <glib/gstdio.h>

#include "support.h"
#include "ui/session-state.h"

UiSession *
test_session_open_quick (const char *methods)
{
  UiSession *session = ui_session_new ();
  test_ui_show_only (session, methods);
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  return session;
}

char *
test_session_state (UiSession *session)
{
  g_autoptr (JsonNode) node = ui_session_state_save (session);
  return json_to_string (node, TRUE);
}

void
test_session_load (UiSession *session, const char *text, gboolean good)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = eng_json_parse (text, -1, "test", &error);
  g_assert_no_error (error);
  EngJson json = { json_node_get_object (node), "test", "" };
  g_assert_cmpint (ui_session_state_load (session, &json, &error), ==, good);
  g_assert_true (good == (error == NULL));
}

char *
test_session_path (const char *name)
{
  return g_build_filename (test_ui_home (), name, NULL);
}

static void
on_done (gboolean ok, gpointer data)
{
  *(int *)data = ok ? 1 : -1;
}

gboolean
test_session_try_save (UiSession *session, const char *path)
{
  int done = 0;
  ui_session_save (session, path, on_done, &done);
  wait_until (done);
  return done > 0;
}

void
test_session_save (UiSession *session, const char *path)
{
  g_assert_true (test_session_try_save (session, path));
  g_assert_false (ui_session_unsaved (session));
  g_assert_cmpstr (ui_session_path (session), ==, path);
}

UiSession *
test_session_open (const char *path)
{
  UiSession *session = ui_session_new ();
  ui_session_open_file (session, path, FALSE);
  wait_until (!ui_session_opening (session));
  return session;
}

void
test_session_assert_same_map (UiSlot *a, UiSlot *b)
{
  g_assert_nonnull (ui_slot_map (b));
  g_autoptr (GBytes) x = eng_heatmap_encode (ui_slot_map (a)), y = eng_heatmap_encode (ui_slot_map (b));
  g_assert_true (g_bytes_equal (x, y)); /* with the seconds it took: it was not made again */
}

void
test_session_copy_file (const char *from, const char *to)
{
  g_autofree char *data = NULL;
  gsize n;
  g_assert_true (g_file_get_contents (from, &data, &n, NULL));
  g_assert_true (g_file_set_contents (to, data, (gssize)n, NULL));
}

/* A model and three pictures in a folder of their own, as a project has them. (transfer full) */
char *
test_session_make_project (const char *name)
{
  static const char *const files[] = { "models/scenes-cnn.onnx", "models/scenes-cnn.json", "models/scenes.txt",
                                       "scenes/harbour-01.png",  "scenes/harbour-02.png",  "scenes/kitchen-01.png" };
  char *folder = test_session_path (name);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *from = test_data (files[i]), *base = g_path_get_basename (files[i]);
      g_autofree char *to = g_build_filename (folder, base, NULL);
      test_session_copy_file (from, to);
    }
  return folder;
}

UiSession *
test_session_open_project (const char *folder, const char *methods)
{
  UiSession *session = ui_session_new ();
  g_autofree char *model = g_build_filename (folder, "scenes-cnn.onnx", NULL);
  const char *paths[] = { model, folder, NULL };
  test_ui_show_only (session, methods);
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (session));
  return session;
}

void
test_session_on_advice (UiSession *session, const char *message, const char *kind, char **told)
{
  g_free (*told);
  *told = g_strdup_printf ("%s|%s", kind, message);
}

UiSession *
test_session_open_with_advice (const char *path, char **told)
{
  UiSession *session = ui_session_new ();
  g_signal_connect (session, "advice", G_CALLBACK (test_session_on_advice), told);
  ui_session_open_file (session, path, FALSE);
  wait_until (!ui_session_opening (session));
  return session;
}

void
test_session_on_problem (UiSession *session, const char *message, const char *action, char **told)
{
  g_free (*told);
  *told = g_strdup (message);
}

void
test_session_change_everything (UiSession *session)
{
  UiDisplay *display = ui_session_display (session);
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (test_ui_slot (session, "smooth-grad")));
  display->opacity = 0.25;
  display->unsigned_map = ui_colormap_find ("inferno");
  display->fade = FALSE;
  display->range.clip = UI_CLIP_MANUAL;
  display->range.lo = -0.125;
  display->range.hi = 3;
  display->smoothing = UI_SMOOTHING_CELLS;
  display->photo = UI_PHOTO_GREY;
  ui_session_set_mode (session, UI_MODE_MAP);
  ui_session_set_links_views (session, FALSE);
  ui_session_set_shows_crosshair (session, FALSE);
  ui_session_set_columns (session, 3);
  ui_viewport_set (ui_session_viewport (session), 2.5, 40, 30);
  ui_session_set_target (session, 2);
  ui_session_set_contrast (session, 5);
  eng_values_set (values, "samples", 3);
  ui_slot_set_values (test_ui_slot (session, "smooth-grad"), values);
  ui_slot_set_shown (test_ui_slot (session, "gradient"), TRUE);
}
