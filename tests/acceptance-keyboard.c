/* Walk-through 15: walks 1, 4 and 8 without a pointer, the table of keys, the regions and the names that a screen
 * reader says. GTK cannot be sent key events: a key is looked up where GTK would look it up, as an accelerator of the
 * program and then among the window's shortcuts, and what it stands for is done. See acceptance.c. */
#include <string.h>

#include "acceptance.h"
#include "support.h"
#include "ui-support.h"
#include "ui/sample.h"
#include "ui/settings.h"

/* ---- keys ---- */

/* One trigger of a shortcut, which may have several: "plus|KP_Add". */
static gboolean
has_key (GtkShortcutTrigger *trigger, guint key, GdkModifierType modifiers)
{
  if (GTK_IS_ALTERNATIVE_TRIGGER (trigger))
    return has_key (gtk_alternative_trigger_get_first (GTK_ALTERNATIVE_TRIGGER (trigger)), key, modifiers)
           || has_key (gtk_alternative_trigger_get_second (GTK_ALTERNATIVE_TRIGGER (trigger)), key, modifiers);
  return GTK_IS_KEYVAL_TRIGGER (trigger) && gtk_keyval_trigger_get_keyval (GTK_KEYVAL_TRIGGER (trigger)) == key
         && gtk_keyval_trigger_get_modifiers (GTK_KEYVAL_TRIGGER (trigger)) == modifiers;
}

/* (transfer full) (nullable) */
static GtkShortcut *
find_shortcut (GtkWidget *window, guint key, GdkModifierType modifiers)
{
  GtkShortcut *found = NULL;
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (window);
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GObject) controller = g_list_model_get_item (controllers, i);
      for (guint k = 0; GTK_IS_SHORTCUT_CONTROLLER (controller) && !found
                        && k < g_list_model_get_n_items (G_LIST_MODEL (controller));
           k++)
        {
          g_autoptr (GtkShortcut) shortcut = g_list_model_get_item (G_LIST_MODEL (controller), k);
          if (has_key (gtk_shortcut_get_trigger (shortcut), key, modifiers))
            found = g_object_ref (shortcut);
        }
    }
  return found;
}

/* The detailed name of what @accelerator does in @window; NULL: nothing. (transfer full) */
static char *
action_of (UiWindow *window, const char *accelerator)
{
  guint key;
  GdkModifierType modifiers;
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (window));
  g_auto (GStrv) actions = gtk_application_get_actions_for_accel (application, accelerator);
  if (actions[0])
    return g_strdup (actions[0]);
  g_assert_true (gtk_accelerator_parse (accelerator, &key, &modifiers));
  g_autoptr (GtkShortcut) shortcut = find_shortcut (GTK_WIDGET (window), key, modifiers);
  GtkShortcutAction *action = shortcut ? gtk_shortcut_get_action (shortcut) : NULL;
  if (!GTK_IS_NAMED_ACTION (action))
    return NULL;
  return g_action_print_detailed_name (gtk_named_action_get_action_name (GTK_NAMED_ACTION (action)),
                                       gtk_shortcut_get_arguments (shortcut));
}

static void
press (UiWindow *window, const char *accelerator)
{
  g_autofree char *detailed = action_of (window, accelerator), *name = NULL;
  g_autoptr (GVariant) target = NULL;
  g_assert_nonnull (detailed);
  g_assert_true (g_action_parse_detailed_name (detailed, &name, &target, NULL));
  g_assert_true (gtk_widget_activate_action_variant (GTK_WIDGET (window), name, target));
}

/* The rows of the specification's table: what the keys do. */
static const struct
{
  const char *key, *action;
} keys[] = {
  { "<Control>n", "app.new-window" },
  { "<Control>o", "win.open-images" },
  { "<Control>m", "win.open-model" },
  { "<Control><Shift>o", "win.open-session" },
  { "<Control>s", "win.save" },
  { "<Control><Shift>s", "win.save-as" },
  { "<Alt>1", "win.page::inspect" },
  { "<Alt>2", "win.page::threshold" },
  { "<Alt>3", "win.page::figure" },
  { "<Alt>4", "win.page::model" },
  { "f", "win.add-to-figure" },
  { "<Control><Shift>e", "win.export-figure" },
  { "F9", "win.show-sidebar" },
  { "<Shift>F9", "win.show-display" },
  { "l", "win.link-views" },
  { "x", "win.crosshair" },
  { "<Control>Return", "win.explain" },
  { "<Control><Shift>Return", "win.explain-all" },
  { "Escape", "win.stop" },
  { "<Shift>Escape", "win.stop-all" },
  { "t", "win.pick-target" },
  { "<Shift>t", "win.target-top" },
  { "<Control>t", "win.train('')" },
  { "<Control>f", "win.find-class" },
  { "F11", "win.fullscreen" },
  { "<Control>w", "window.close" },
  { "<Control>q", "app.quit" },
  { "Left", "win.prev-image" },
  { "Page_Up", "win.prev-image" },
  { "Right", "win.next-image" },
  { "Page_Down", "win.next-image" },
  { "Home", "win.walk(-2147483648)" },
  { "End", "win.walk(2147483647)" },
  { "<Control>plus", "win.zoom(1.25)" },
  { "plus", "win.zoom(1.25)" },
  { "<Control>minus", "win.zoom(0.8" },
  { "minus", "win.zoom(0.8" },
  { "<Control>0", "win.zoom(0.0)" },
  { "0", "win.zoom(0.0)" },
  { "<Control>1", "win.zoom(100.0)" },
  { "1", "win.zoom(100.0)" },
  { "<Control>2", "win.zoom(200.0)" },
  { "2", "win.zoom(200.0)" },
  { "<Control>Left", "win.pan((1, 0))" },
  { "<Control>Right", "win.pan((-1, 0))" },
  { "<Control>Up", "win.pan((0, 1))" },
  { "<Control>Down", "win.pan((0, -1))" },
  { "v", "win.toggle-overlay" },
  { "<Shift>Up", "win.opacity(5)" },
  { "<Shift>Down", "win.opacity(-5)" },
  { "c", "win.cycle-colormap(1)" },
  { "<Shift>c", "win.cycle-colormap(-1)" },
  { "bracketleft", "win.threshold(-10)" },
  { "bracketright", "win.threshold(10)" },
  { "braceleft", "win.threshold(-1)" },
  { "braceright", "win.threshold(1)" },
  { "r", "win.mask-mode" },
  { "comma", "win.step(-1)" },
  { "period", "win.step(1)" },
  { "j", "win.select-tile(1)" },
  { "k", "win.select-tile(-1)" },
  { "<Control>z", "win.undo" },
  { "<Control><Shift>z", "win.redo" },
  { "<Control>c", "win.copy" },
  { "<Control>question", "win.show-help-overlay" },
  { "F1", "win.help" },
  { "<Control>comma", "win.preferences" },
  { "F6", "win.next-region" },
  { "<Shift>F6", "win.previous-region" },
};

/* What the shortcut window says there is, and is handled elsewhere: the main menu's button, holding a key, the brush
 * of a picture that is painted on, and the lists of a figure. */
static const char *const elsewhere[] = { "F10", "space", "Return", "BackSpace", "<Alt>Up", "<Alt>Down", NULL };

/* The window's help: every accelerator in it. (transfer full) */
static GPtrArray *
helped_keys (void)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) bytes = g_resources_lookup_data ("/io/github/sightline/Sightline/gtk/help-overlay.ui",
                                                      G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autoptr (GtkBuilder) builder = gtk_builder_new ();
  g_assert_true (
      gtk_builder_add_from_string (builder, g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), NULL));
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_auto (GStrv) parts = g_strsplit (text, "name=\"accelerator\">", -1);
  for (guint i = 1; parts[i]; i++)
    {
      g_autofree char *escaped = g_strndup (parts[i], strcspn (parts[i], "<"));
      g_auto (GStrv) less = g_strsplit (escaped, "&lt;", -1);
      g_autofree char *half = g_strjoinv ("<", less);
      g_auto (GStrv) greater = g_strsplit (half, "&gt;", -1);
      g_autofree char *whole = g_strjoinv (">", greater);
      g_auto (GStrv) accelerators = g_strsplit (whole, " ", -1);
      for (guint k = 0; accelerators[k]; k++)
        g_ptr_array_add (found, g_strdup (accelerators[k]));
    }
  return found;
}

static void
test_keys (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = test_ui_window ();
  ui_window_install_accels (gtk_window_get_application (GTK_WINDOW (window)));
  g_autoptr (GPtrArray) helped = helped_keys ();
  guint missing = 0;
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *action = action_of (window, keys[i].key);
      if (!action || !g_str_has_prefix (action, keys[i].action))
        {
          g_test_message ("%s does %s, not %s", keys[i].key, action, keys[i].action);
          missing++;
        }
      if (!g_ptr_array_find_with_equal_func (helped, keys[i].key, g_str_equal, NULL))
        {
          g_test_message ("the help does not say %s", keys[i].key);
          missing++;
        }
    }
  for (guint i = 0; i < helped->len; i++)
    {
      g_autofree char *action = action_of (window, helped->pdata[i]);
      if (!action && !g_strv_contains (elsewhere, helped->pdata[i]))
        {
          g_test_message ("the help says %s, which does nothing", (char *)helped->pdata[i]);
          missing++;
        }
    }
  g_assert_cmpuint (missing, ==, 0);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* ---- the walks ---- */

static gboolean
is_within (GtkWidget *widget, GType type)
{
  return widget && (g_type_is_a (G_OBJECT_TYPE (widget), type) || gtk_widget_get_ancestor (widget, type));
}

/* Tab until something of that type has the focus. */
static GtkWidget *
tab_to (UiWindow *window, GType type)
{
  for (guint i = 0; i < 20; i++)
    {
      GtkWidget *focus = gtk_root_get_focus (GTK_ROOT (window));
      if (is_within (focus, type))
        return focus;
      gtk_widget_child_focus (GTK_WIDGET (window), GTK_DIR_TAB_FORWARD);
    }
  g_assert_not_reached ();
}

static void
test_keyboard_only (void)
{
  if (!test_ui_have_sample ())
    return;
  ui_settings_set ("methods", "grad-cam");
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  UiSlot *cam = test_ui_slot (session, "grad-cam");
  ui_window_install_accels (gtk_window_get_application (GTK_WINDOW (window)));

  /* 1: Enter on what has the focus. */
  g_assert_true (GTK_IS_BUTTON (gtk_root_get_focus (GTK_ROOT (window))));
  g_assert_true (gtk_widget_activate (gtk_root_get_focus (GTK_ROOT (window))));
  wait_until (test_ui_settled (session));
  g_assert_cmpint (ui_slot_state (cam), ==, UI_SLOT_DONE);
  g_assert_cmpuint (g_list_model_get_n_items (ui_session_pictures (session)), ==, ui_sample_count_scenes ());
  g_assert_null (ui_window_info (window));

  /* 4: T, Down, Enter; back with Ctrl+Z. */
  int top = ui_session_target (session);
  press (window, "t");
  GtkWidget *first = gtk_root_get_focus (GTK_ROOT (window));
  g_assert_true (GTK_IS_LIST_BOX_ROW (first));
  gboolean handled; /* what Down is bound to in a list */
  g_signal_emit_by_name (gtk_widget_get_parent (first), "move-cursor", GTK_MOVEMENT_DISPLAY_LINES, 1, FALSE, FALSE,
                         &handled);
  GtkWidget *second = gtk_root_get_focus (GTK_ROOT (window));
  g_assert_true (GTK_IS_LIST_BOX_ROW (second) && second != first);
  g_assert_true (gtk_widget_activate (second));
  g_assert_cmpint (ui_session_target (session), !=, top);
  g_assert_false (ui_session_follows_top (session));
  wait_until (test_ui_settled (session));
  test_ui_idle (); /* what is to be undone is noticed when nothing else is to do */
  press (window, "<Control>z");
  g_assert_cmpint (ui_session_target (session), ==, top);
  g_assert_true (ui_session_follows_top (session));

  /* 8: Alt+2, the threshold by keys and by typing, Remove or Keep. */
  UiThreshold *threshold = ui_session_threshold (session);
  double share = ui_threshold_share (threshold);
  press (window, "<Alt>2");
  g_assert_cmpstr (ui_session_page (session), ==, "threshold");
  press (window, "bracketright");
  press (window, "braceright");
  g_assert_cmpfloat_with_epsilon (ui_threshold_share (threshold), share + 0.011, 1e-9);
  for (guint i = 0;
       i < 6 && !is_within (gtk_root_get_focus (GTK_ROOT (window)), g_type_from_name ("UiThresholdPage")); i++)
    press (window, "F6");
  GtkWidget *text = tab_to (window, GTK_TYPE_SPIN_BUTTON);
  GtkWidget *spin = gtk_widget_get_ancestor (text, GTK_TYPE_SPIN_BUTTON);
  gtk_editable_set_text (GTK_EDITABLE (spin), "20");
  gtk_widget_activate (text);
  gtk_spin_button_update (GTK_SPIN_BUTTON (spin));
  g_assert_cmpfloat_with_epsilon (ui_threshold_share (threshold), 0.2, 1e-9);
  press (window, "r");
  g_assert_cmpint (ui_threshold_direction (threshold), ==, UI_INSERTION);
  ui_settings_set ("methods", "ltx,grad-cam");
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
}

/* F6 goes through header, sidebar, toolbar, tiles, display pane and strip, in this order, and round; Shift+F6 goes
 * back. */
static void
test_regions (void)
{
  if (!test_ui_have_sample ())
    return;
  static const char *const names[] = { "UiClassList", "UiTileGrid", "UiDisplayPane", "UiImageStrip" };
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  ui_window_install_accels (gtk_window_get_application (GTK_WINDOW (window)));
  test_ui_show_only (session, "grad-cam");
  test_ui_open_sample (session);
  wait_until (test_ui_settled (session));
  GBytes *pixels = test_ui_pixels (GTK_WIDGET (window));
  g_bytes_unref (pixels);
  GtkWidget *seen[6];
  for (guint i = 0; i < 6; i++)
    {
      press (window, "F6");
      seen[i] = gtk_root_get_focus (GTK_ROOT (window));
      g_test_message ("%s in %s", G_OBJECT_TYPE_NAME (seen[i]), G_OBJECT_TYPE_NAME (gtk_widget_get_parent (seen[i])));
      for (guint k = 0; k < i; k++)
        g_assert_true (seen[k] != seen[i]);
    }
  /* The strip had the focus, so the header came first. */
  static const guint at[] = { 1, 3, 4, 5 };
  g_assert_true (is_within (seen[0], GTK_TYPE_HEADER_BAR));
  g_assert_false (is_within (seen[1], GTK_TYPE_HEADER_BAR));
  for (guint i = 1; i < G_N_ELEMENTS (names); i++)
    g_assert_true (is_within (seen[at[i]], g_type_from_name (names[i])));
  press (window, "F6");
  g_assert_true (is_within (gtk_root_get_focus (GTK_ROOT (window)), GTK_TYPE_HEADER_BAR));
  press (window, "<Shift>F6");
  g_assert_true (is_within (gtk_root_get_focus (GTK_ROOT (window)), g_type_from_name ("UiImageStrip")));
  gtk_window_destroy (GTK_WINDOW (window));
}

void
acceptance_add_keyboard (void)
{
  g_test_add_func ("/acceptance/15", test_keyboard_only);
  g_test_add_func ("/acceptance/15/keys", test_keys);
  g_test_add_func ("/acceptance/15/regions", test_regions);
}
