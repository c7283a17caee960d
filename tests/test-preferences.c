/* Settings in both places that keep them, the window that changes them, what is kept on disk when it cannot be, and
 * the command line that does the same as the window. */
#include <glib/gstdio.h>
#include <string.h>

#include "support.h"
#include "ui-support.h"
#include "ui/command-line.h"
#include "ui/composer.h"
#include "ui/history.h"
#include "ui/recents.h"
#include "ui/results.h"
#include "ui/settings-keys.h"
#include "ui/settings.h"

/* ---- settings ---- */

/* Every key has its default, takes what is allowed, and nothing else. */
static void
check_key (const UiSettingsKey *key)
{
  if (g_str_equal (key->type, "i"))
    {
      int least, most;
      ui_settings_range (key->name, &least, &most);
      g_assert_cmpint (ui_settings_get_int (key->name), ==, key->number);
      g_assert_cmpint (key->number, >=, least);
      g_assert_cmpint (key->number, <=, most);
      ui_settings_set_int (key->name, least);
      g_assert_cmpint (ui_settings_get_int (key->name), ==, least);
      ui_settings_set_int (key->name, G_MAXINT);
      g_assert_cmpint (ui_settings_get_int (key->name), ==, most);
      ui_settings_set_int (key->name, key->number);
    }
  else if (g_str_equal (key->type, "b"))
    {
      g_assert_cmpint (ui_settings_get_bool (key->name), ==, key->number);
      ui_settings_set_bool (key->name, !key->number);
      g_assert_cmpint (ui_settings_get_bool (key->name), ==, !key->number);
      ui_settings_set_bool (key->name, key->number);
    }
  else
    {
      const char *other = key->choices[0] ? key->choices[1] : "/any/text";
      g_autofree char *before = ui_settings_get (key->name);
      g_assert_cmpstr (before ? before : "", ==, key->text);
      ui_settings_set (key->name, other);
      g_autofree char *set = ui_settings_get (key->name);
      g_assert_cmpstr (set, ==, other);
      if (key->choices[0])
        {
          ui_settings_set (key->name, "none of them");
          g_autofree char *still = ui_settings_get (key->name);
          g_assert_cmpstr (still, ==, other);
        }
      ui_settings_set (key->name, key->text);
    }
}

static void
check_keys (void)
{
  guint n = 0;
  for (; ui_settings_keys[n].name; n++)
    check_key (&ui_settings_keys[n]);
  g_assert_cmpuint (n, >, 10);
}

static char *
settings_path (void)
{
  return g_build_filename (test_ui_home (), "sightline", "settings.ini", NULL);
}

/* The schema that the build compiled is found, and no file is written. */
static void
test_schema (void)
{
  g_autofree char *path = settings_path ();
  check_keys ();
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* Where no schema is installed the key file does the same, also with nonsense in it. In a process of its own: what is
 * found first stays. */
static void
test_file (void)
{
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  g_autofree char *path = settings_path (), *folder = g_path_get_dirname (path);
  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (
      path, "[window]\nwidth=12\nheight=many\nappearance=pink\nkeep-results=perhaps\n", -1, NULL));
  ui_settings_use_file ();
  check_keys ();
  ui_settings_set_int ("width", 1234);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "width=1234"));
}

/* ---- the window ---- */

static GtkWidget *
find_window (const char *title)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();
  for (GList *l = windows; l; l = l->next)
    if (g_strcmp0 (gtk_window_get_title (l->data), title) == 0)
      return l->data;
  return NULL;
}

/* The @nth widget of that type in the order of the tree. */
static GtkWidget *
find_nth (GtkWidget *widget, GType type, guint *nth)
{
  if (g_type_is_a (G_OBJECT_TYPE (widget), type) && (*nth)-- == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_nth (child, type, nth);
      if (found)
        return found;
    }
  return NULL;
}

static GtkWidget *
find (GtkWidget *widget, GType type, guint nth)
{
  GtkWidget *found = find_nth (widget, type, &nth);
  g_assert_nonnull (found);
  return found;
}

static gboolean
shows (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    if (shows (child, text))
      return TRUE;
  return FALSE;
}

static void
test_immediate (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  gtk_widget_activate_action (GTK_WIDGET (window), "win.preferences", NULL);
  GtkWidget *preferences = find_window ("Preferences");
  g_assert_nonnull (preferences);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.preferences", NULL);
  g_assert_true (find_window ("Preferences") == preferences);

  gboolean dark;
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (preferences, GTK_TYPE_DROP_DOWN, 0)), 2);
  g_object_get (gtk_settings_get_default (), "gtk-application-prefer-dark-theme", &dark, NULL);
  g_autofree char *appearance = ui_settings_get ("appearance");
  g_assert_true (dark);
  g_assert_cmpstr (appearance, ==, "dark");
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (preferences, GTK_TYPE_DROP_DOWN, 0)), 0);

  /* What a new window begins with. */
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (preferences, GTK_TYPE_DROP_DOWN, 1)), 1);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (preferences, GTK_TYPE_DROP_DOWN, 3)), 1);
  GtkWidget *methods = find (preferences, GTK_TYPE_MENU_BUTTON, 0);
  GtkWidget *first =
      find (GTK_WIDGET (gtk_menu_button_get_popover (GTK_MENU_BUTTON (methods))), GTK_TYPE_CHECK_BUTTON, 0);
  g_assert_true (gtk_check_button_get_active (GTK_CHECK_BUTTON (first)));
  gtk_check_button_set_active (GTK_CHECK_BUTTON (first), FALSE);
  g_assert_false (shows (methods, "LTX,"));
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (preferences, GTK_TYPE_DROP_DOWN, 4)), 1);
  UiSession *next = ui_session_new ();
  g_assert_cmpfloat (ui_composer_figure (ui_session_composer (next))->width, ==, 174); /* two columns */
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (preferences, GTK_TYPE_DROP_DOWN, 4)), 0);
  g_assert_cmpstr (ui_session_display (next)->unsigned_map->id, ==, "turbo");
  g_assert_cmpstr (ui_threshold_protocol (ui_session_threshold (next))->preset->id, ==, "ltx");
  g_assert_false (ui_slot_shown (test_ui_slot (next, "ltx")));
  g_assert_true (ui_slot_shown (test_ui_slot (next, "grad-cam")));
  test_ui_end (next);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (first), TRUE);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (preferences, GTK_TYPE_DROP_DOWN, 1)), 0);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (preferences, GTK_TYPE_DROP_DOWN, 3)), 0);

  /* Numbers: memory, threads; words mean automatic. */
  GtkWidget *memory = find (preferences, GTK_TYPE_SPIN_BUTTON, 0),
            *threads = find (preferences, GTK_TYPE_SPIN_BUTTON, 1);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (memory), 512);
  g_assert_cmpuint (eng_memory_budget (), ==, (gsize)512 << 20);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (memory), 2048);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (threads)), ==, "Automatic");
  gtk_editable_set_text (GTK_EDITABLE (threads), "1");
  gtk_spin_button_update (GTK_SPIN_BUTTON (threads));
  g_assert_cmpint (eng_get_threads (), ==, 1);
  gtk_editable_set_text (GTK_EDITABLE (threads), "automatic");
  gtk_spin_button_update (GTK_SPIN_BUTTON (threads));
  g_assert_cmpint (ui_settings_get_int ("threads"), ==, 0);
  g_assert_cmpint (eng_get_threads (), ==, eng_max_threads ());

  /* Esc closes. */
  GListModel *controllers = gtk_widget_observe_controllers (preferences);
  g_assert_true (gtk_widget_get_visible (preferences));
  gboolean closed = FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (controllers) && !closed; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (controllers, i);
      if (!GTK_IS_SHORTCUT_CONTROLLER (item))
        continue;
      for (guint k = 0; k < g_list_model_get_n_items (G_LIST_MODEL (item)) && !closed; k++)
        {
          g_autoptr (GtkShortcut) shortcut = g_list_model_get_item (G_LIST_MODEL (item), k);
          g_autofree char *trigger = gtk_shortcut_trigger_to_string (gtk_shortcut_get_trigger (shortcut));
          closed = g_str_equal (trigger, "Escape")
                   && gtk_shortcut_action_activate (gtk_shortcut_get_action (shortcut), 0, preferences, NULL);
        }
    }
  g_object_unref (controllers);
  g_assert_true (closed);
  g_assert_null (find_window ("Preferences"));
  gtk_window_destroy (GTK_WINDOW (window));
}

static void
on_saved (gboolean ok, gpointer data)
{
  *(gboolean *)data = TRUE;
}

/* Closing remembers size, panes and page; the next window has them. */
static void
test_remembered (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  gboolean saved = FALSE;
  g_autofree char *path = g_build_filename (test_ui_home (), "remembered.sightline", NULL);
  test_ui_show_only (ui_window_session (window), "grad-cam");
  test_ui_open_sample (ui_window_session (window));
  wait_until (test_ui_settled (ui_window_session (window)));
  test_ui_idle ();
  gtk_window_set_default_size (GTK_WINDOW (window), 1200, 800);
  g_action_group_activate_action (G_ACTION_GROUP (window), "show-display", NULL);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.page", "s", "threshold");
  ui_session_save (ui_window_session (window), path, on_saved, &saved); /* or it asks */
  wait_until (saved);
  gtk_window_close (GTK_WINDOW (window));
  test_ui_idle ();

  ui_settings_set ("methods", "grad-cam");
  UiWindow *next = test_ui_window ();
  GVariant *shown = g_action_group_get_action_state (G_ACTION_GROUP (next), "show-display");
  int width, height;
  gtk_window_get_default_size (GTK_WINDOW (next), &width, &height);
  g_assert_cmpint (width, ==, 1200);
  g_assert_cmpint (height, ==, 800);
  g_assert_false (g_variant_get_boolean (shown));
  g_assert_cmpstr (ui_session_page (ui_window_session (next)), ==, "threshold");
  g_variant_unref (shown);
  test_ui_open_sample (ui_window_session (next));
  wait_until (test_ui_settled (ui_window_session (next)));
  /* Remembering is nothing to undo. */
  g_assert_null (ui_history_undo_words (ui_session_history (ui_window_session (next))));
  ui_settings_set_bool ("show-display", TRUE);
  ui_settings_set ("page", "inspect");
  ui_settings_set ("methods", "ltx,grad-cam");
  gtk_window_destroy (GTK_WINDOW (next));
}

static void
on_size (guint64 bytes, gpointer data)
{
  *(gint64 *)data = (gint64)bytes;
}

/* What is on disk is counted, cleared, and not added to when a person does not want it. */
static void
test_kept (void)
{
  if (!test_ui_have_sample ())
    return;
  gint64 size = -1;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  do
    {
      size = -1;
      ui_results_size (on_size, &size);
      wait_until (size >= 0);
    }
  while (size == 0); /* it is written when nothing else is to do */

  gtk_widget_activate_action (GTK_WIDGET (window), "win.preferences", NULL);
  GtkWidget *preferences = find_window ("Preferences"), *clear = NULL;
  g_autofree char *text = g_format_size ((guint64)size);
  wait_until (shows (preferences, text));
  for (guint i = 0; !clear; i++)
    {
      GtkWidget *button = find (preferences, GTK_TYPE_BUTTON, i);
      clear = g_strcmp0 (gtk_button_get_label (GTK_BUTTON (button)), "Clear") == 0 ? button : NULL;
    }
  gtk_switch_set_active (GTK_SWITCH (find (preferences, GTK_TYPE_SWITCH, 0)), FALSE);
  g_signal_emit_by_name (clear, "clicked");
  wait_until (shows (preferences, "Nothing on disk"));

  test_ui_show_only (session, "gradient");
  wait_until (ui_slot_state (test_ui_slot (session, "gradient")) == UI_SLOT_DONE);
  size = -1;
  ui_results_size (on_size, &size);
  wait_until (size >= 0);
  g_assert_cmpint (size, ==, 0);
  gtk_switch_set_active (GTK_SWITCH (find (preferences, GTK_TYPE_SWITCH, 0)), TRUE);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- the command ---- */

static char *
clipboard_text (GtkWidget *widget)
{
  GdkContentProvider *content = gdk_clipboard_get_content (gtk_widget_get_clipboard (widget));
  g_auto (GValue) value = G_VALUE_INIT;
  g_value_init (&value, G_TYPE_STRING);
  if (!content || !gdk_content_provider_get_value (content, &value, NULL))
    return NULL;
  return g_value_dup_string (&value);
}

/* The line, run: its map is the window's, value by value. */
static void
test_command (void)
{
  const char *program = g_getenv ("SIGHTLINE_CLI");
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *slot = test_ui_slot (session, "smooth-grad");
  test_ui_show_only (session, "grad-cam,smooth-grad");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  g_autoptr (EngValues) values = eng_values_copy (ui_slot_values (slot));
  g_assert_true (eng_values_set_text (values, "samples", "3", NULL));
  ui_session_set_target (session, 1);
  ui_session_run_with (session, slot, values);
  UiSlot *copy = ui_session_duplicate (session, test_ui_slot (session, "grad-cam"));
  ui_session_pin (session, copy, TRUE);
  wait_until (test_ui_settled (session));

  gtk_widget_activate_action (GTK_WIDGET (window), "win.copy-command", NULL);
  g_autofree char *line = NULL;
  wait_until ((line = clipboard_text (GTK_WIDGET (window))));
  g_auto (GStrv) lines = g_strsplit (line, " &&\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 2);
  g_auto (GStrv) argv = NULL;
  g_assert_true (g_shell_parse_argv (lines[0], NULL, &argv, NULL));
  g_autofree char *scenes = test_data ("scenes");
  g_assert_true (g_strv_contains ((const char *const *)argv, "grad-cam,smooth-grad"));
  g_assert_true (g_strv_contains ((const char *const *)argv, "smooth-grad.samples=3"));
  g_assert_cmpstr (argv[g_strv_length (argv) - 1], ==, scenes);
  if (!program)
    g_test_skip ("no command line to run");
  else
    {
      /* Of one picture only, for time. */
      g_autofree char *folder = g_build_filename (test_ui_home (), "command", NULL), *stem = NULL, *file = NULL;
      UiPicture *picture = ui_session_picture (session);
      g_autofree char *inputs_line = NULL;
      const char *inputs[] = { ui_picture_path (picture), NULL };
      inputs_line = ui_command_line (session, inputs);
      g_auto (GStrv) commands = g_strsplit (inputs_line, " &&\n", -1), run = NULL;
      g_assert_true (g_shell_parse_argv (commands[0], NULL, &run, NULL));
      g_free (run[0]);
      run[0] = g_strdup (program);
      g_mkdir (folder, 0700);
      int status;
      g_assert_true (g_spawn_sync (folder, run, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, NULL));
      g_assert_cmpint (status, ==, 0);
      stem = g_strndup (ui_picture_name (picture), strcspn (ui_picture_name (picture), "."));
      file = g_strdup_printf ("%s/maps/%s.smooth-grad.npy", folder, stem);
      g_autofree char *bytes = NULL;
      EngHeatmap *map = ui_slot_map (slot);
      gsize n, size = (gsize)eng_heatmap_rows (map) * (gsize)eng_heatmap_cols (map)
                      * (gsize)eng_heatmap_channels (map) * sizeof (float);
      g_assert_true (g_file_get_contents (file, &bytes, &n, NULL));
      g_assert_cmpuint (n, >, size);
      /* 1e-5: threads may add in another order. */
      g_assert_cmpfloat (
          test_max_rel ((const float *)(gpointer)(bytes + n - size), eng_heatmap_values (map), size / sizeof (float)),
          <, 1e-5);
    }
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- recent files ---- */

static void
test_vanished (void)
{
  if (!test_ui_have_sample ())
    return;
  g_autofree char *path = g_build_filename (test_ui_home (), "gone.sightline", NULL);
  ui_recents_clear ();
  ui_recents_add (path, "session", "2 pictures");
  UiWindow *window = test_ui_window ();
  GtkWidget *row = NULL;
  for (guint i = 0; !row; i++)
    {
      row = find (GTK_WIDGET (window), GTK_TYPE_LIST_BOX_ROW, i);
      row = g_strcmp0 (gtk_widget_get_tooltip_text (row), path) == 0 ? row : NULL;
    }
  g_signal_emit_by_name (gtk_widget_get_parent (row), "row-activated", row);
  g_assert_cmpuint (g_list_model_get_n_items (ui_recents ()), ==, 0);
  g_assert_true (shows (GTK_WIDGET (window), "gone.sightline is not there any more"));
  g_assert_null (ui_window_info (window));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- a disk that takes nothing ---- */

static void
count (UiSession *session, const char *message, const char *action, guint *n)
{
  g_test_message ("%s", message);
  g_assert_nonnull (strstr (message, "not kept"));
  (*n)++;
}

/* A file stands where the folder should: said once, and every map is there all the same. */
static void
test_unwritable (void)
{
  if (!test_ui_have_sample ())
    return;
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  guint n = 0;
  gint64 size = -1;
  g_autofree char *folder = g_build_filename (test_ui_home (), "sightline", NULL);
  g_autofree char *maps = g_build_filename (folder, "maps", NULL);
  test_remove_tree (maps);
  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (maps, "in the way", -1, NULL));
  UiSession *session = ui_session_new ();
  g_signal_connect (session, "problem", G_CALLBACK (count), &n);
  test_ui_show_only (session, "grad-cam,gradient,gradient-x-input");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session) && n > 0);
  ui_session_walk (session, 1);
  wait_until (test_ui_settled (session) && ui_slot_state (test_ui_slot (session, "gradient")) == UI_SLOT_DONE);
  /* Every map had its chance. */
  ui_results_clear (on_size, &size);
  wait_until (size >= 0);
  test_ui_idle ();
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (ui_slot_state (test_ui_slot (session, "grad-cam")), ==, UI_SLOT_DONE);
  test_ui_end (session);
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/settings/schema", test_schema);
  g_test_add_func ("/settings/file", test_file);
  g_test_add_func ("/preferences/immediate", test_immediate);
  g_test_add_func ("/preferences/remembered", test_remembered);
  g_test_add_func ("/preferences/kept", test_kept);
  g_test_add_func ("/preferences/unwritable", test_unwritable);
  g_test_add_func ("/window/command", test_command);
  g_test_add_func ("/recents/vanished", test_vanished);
  return test_ui_run ();
}
