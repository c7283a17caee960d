/* The window's actions and keys, one row each, which makes it long. See window-private.h.
 *
 * Keys with Ctrl, Alt or F that no text entry uses are application accelerators, which GTK handles
 * before any widget. All others are in a shortcut controller in the bubble phase, so that entries,
 * spin buttons and scales keep theirs. */
#include "ui/appearance.h"
#include "ui/help-window.h"
#include "ui/preferences.h"
#include "ui/ramp-drop-down.h"
#include "ui/rank-menu.h"
#include "ui/window-private.h"

#include <math.h>

/* ---- what actions do ---- */

static void
open_model (UiWindow *self, GVariant *parameter)
{
  ui_window_ask (self, UI_OPEN_MODEL, GTK_FILE_CHOOSER_ACTION_OPEN);
}

static void
open_images (UiWindow *self, GVariant *parameter)
{
  ui_window_ask (self, UI_OPEN_PICTURES, GTK_FILE_CHOOSER_ACTION_OPEN);
}

static void
open_folder (UiWindow *self, GVariant *parameter)
{
  ui_window_ask (self, UI_OPEN_PICTURES, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER);
}

static void
open_map (UiWindow *self, GVariant *parameter)
{
  ui_window_ask (self, UI_OPEN_MAPS, GTK_FILE_CHOOSER_ACTION_OPEN);
}

static void
open_sample (UiWindow *self, GVariant *parameter)
{
  ui_window_open_sample (self, TRUE, TRUE);
}

static void
sample_model (UiWindow *self, GVariant *parameter)
{
  ui_window_open_sample (self, TRUE, FALSE);
}

static void
sample_scenes (UiWindow *self, GVariant *parameter)
{
  ui_window_open_sample (self, FALSE, TRUE);
}

static void
walk (UiWindow *self, GVariant *parameter)
{
  ui_session_walk (self->session, g_variant_get_int32 (parameter));
}

static void
prev_image (UiWindow *self, GVariant *parameter)
{
  ui_session_walk (self->session, -1);
}

static void
next_image (UiWindow *self, GVariant *parameter)
{
  ui_session_walk (self->session, 1);
}

/* The selected tile's viewport and size. */
static UiViewport *
selected_viewport (UiWindow *self, UiFrame *frame)
{
  UiHeatmapView *view = ui_tile_grid_selected_view (self->grid);
  return view && ui_heatmap_view_frame (view, frame) ? ui_heatmap_view_viewport (view) : NULL;
}

/* 1.25 and 0.8 zoom by steps, 0 fits, others below are percent. */
static void
zoom (UiWindow *self, GVariant *parameter)
{
  UiFrame frame;
  UiViewport *viewport = selected_viewport (self, &frame);
  double by = g_variant_get_double (parameter);
  if (g_strcmp0 (ui_window_page (self), "figure") == 0)
    {
      ui_figure_page_zoom (self->figure_page, by);
      return;
    }
  if (!viewport)
    return;
  if (by == 0)
    ui_viewport_fit (viewport);
  else if (by >= 50)
    ui_viewport_zoom_to (viewport, &frame, by / 100);
  else
    ui_viewport_zoom_by (viewport, &frame, by, frame.width / 2, frame.height / 2);
}

static void
pan (UiWindow *self, GVariant *parameter)
{
  UiFrame frame;
  UiViewport *viewport = selected_viewport (self, &frame);
  int dx, dy;
  g_variant_get (parameter, "(ii)", &dx, &dy);
  if (viewport)
    ui_viewport_pan (viewport, &frame, dx * 48, dy * 48);
}

static void
toggle_overlay (UiWindow *self, GVariant *parameter)
{
  gboolean overlay = ui_session_mode (self->session) == UI_MODE_OVERLAY;
  ui_session_set_mode (self->session, overlay ? UI_MODE_PHOTO : UI_MODE_OVERLAY);
}

static void
opacity (UiWindow *self, GVariant *parameter)
{
  UiDisplay *display = ui_session_display (self->session);
  display->opacity = CLAMP (display->opacity + g_variant_get_int32 (parameter) / 100.0, 0, 1);
  ui_session_display_changed (self->session);
}

/* The kind of map that the selected tile shows. */
static void
cycle_colormap (UiWindow *self, GVariant *parameter)
{
  UiDisplay *display = ui_session_display (self->session);
  UiJobTile *tile = ui_tile_grid_selected (self->grid);
  UiSlot *slot = tile ? ui_job_tile_slot (tile) : NULL;
  const EngValues *values = slot ? ui_slot_values (slot) : NULL;
  EngHeatmap *shown = slot ? ui_slot_map (slot) : NULL;
  EngSign sign = shown    ? eng_heatmap_sign (shown)
                 : values ? eng_method_sign (ui_slot_method (slot), values)
                          : ENG_SIGN_UNSIGNED;
  gboolean is_signed = sign == ENG_SIGN_SIGNED;
  const UiColormap **map = is_signed ? &display->signed_map : &display->unsigned_map;
  *map = ui_ramp_next (*map, g_variant_get_int32 (parameter));
  ui_session_display_changed (self->session);
}

static void
explain (UiWindow *self, GVariant *parameter)
{
  UiJobTile *tile = ui_tile_grid_selected (self->grid);
  if (tile)
    ui_session_run (self->session, ui_job_tile_slot (tile));
}

static void
explain_all (UiWindow *self, GVariant *parameter)
{
  ui_image_strip_explain_all (self->strip);
}

static void
open_masks (UiWindow *self, GVariant *parameter)
{
  ui_window_ask_masks (self);
}

static void
load_truth (UiWindow *self, GVariant *parameter)
{
  ui_window_ask_truth (self);
}

static void
load_labels (UiWindow *self, GVariant *parameter)
{
  ui_window_ask_labels (self);
}

static void
stop (UiWindow *self, GVariant *parameter)
{
  UiJobTile *tile = ui_tile_grid_selected (self->grid);
  if (gtk_window_is_fullscreen (GTK_WINDOW (self)))
    gtk_window_unfullscreen (GTK_WINDOW (self));
  else if (tile)
    ui_slot_stop (ui_job_tile_slot (tile));
}

static void
stop_all (UiWindow *self, GVariant *parameter)
{
  ui_session_stop_all (self->session);
}

static void
run_old (UiWindow *self, GVariant *parameter)
{
  ui_session_run_old (self->session);
}

static void
pick_target (UiWindow *self, GVariant *parameter)
{
  ui_window_set_toggle (self, "show-sidebar", TRUE);
  ui_class_list_focus_target (self->classes);
}

static void
target_top (UiWindow *self, GVariant *parameter)
{
  ui_session_set_follow_top (self->session, TRUE);
}

static void
clear_contrast (UiWindow *self, GVariant *parameter)
{
  ui_session_set_contrast (self->session, -1);
}

static void
help (UiWindow *self, GVariant *parameter)
{
  ui_help_window_show (GTK_WINDOW (self), g_variant_get_string (parameter, NULL));
}

static void
preferences (UiWindow *self, GVariant *parameter)
{
  ui_preferences_show (GTK_WINDOW (self));
}

static void
find_class (UiWindow *self, GVariant *parameter)
{
  ui_window_set_toggle (self, "show-sidebar", TRUE);
  ui_class_list_focus_search (self->classes);
}

/* What is in focus is copied by itself; otherwise the selected tile. */
static void
copy (UiWindow *self, GVariant *parameter)
{
  UiJobTile *tile = ui_tile_grid_selected (self->grid);
  if (tile)
    gtk_widget_activate_action (GTK_WIDGET (tile), g_variant_get_string (parameter, NULL), NULL);
}

static void
select_tile (UiWindow *self, GVariant *parameter)
{
  int by = g_variant_get_int32 (parameter);
  if (g_strcmp0 (ui_window_page (self), "threshold") == 0)
    ui_threshold_page_select_by (self->threshold, by);
  else
    ui_tile_grid_select_by (self->grid, by);
}

static void
fullscreen (UiWindow *self, GVariant *parameter)
{
  if (gtk_window_is_fullscreen (GTK_WINDOW (self)))
    gtk_window_unfullscreen (GTK_WINDOW (self));
  else
    gtk_window_fullscreen (GTK_WINDOW (self));
}

#define MOST_REGIONS 12

/* In the order of the focus: header, sidebar, the parts of the page, the pane beside it, the strip. The number. */
static guint
find_regions (UiWindow *self, GtkWidget *regions[MOST_REGIONS])
{
  guint n = 0;
  GtkWidget *page = gtk_stack_get_visible_child (self->pages);
  regions[n++] = gtk_window_get_titlebar (GTK_WINDOW (self));
  regions[n++] = GTK_WIDGET (self->start);
  regions[n++] = self->sidebar;
  for (GtkWidget *part = gtk_widget_get_first_child (page); part && n < MOST_REGIONS - 2;
       part = gtk_widget_get_next_sibling (part))
    regions[n++] = part;
  regions[n++] = self->display_side;
  regions[n++] = self->strip_box;
  return n;
}

/* The next region, or the one before, that can take the focus. */
static void
move_region (UiWindow *self, guint by)
{
  GtkWidget *regions[MOST_REGIONS], *focus = gtk_root_get_focus (GTK_ROOT (self));
  guint n = find_regions (self, regions), at = 0;
  for (guint i = 0; focus && i < n; i++)
    if (focus == regions[i] || gtk_widget_is_ancestor (focus, regions[i]))
      at = i;
  for (guint i = 1; i <= n; i++)
    {
      GtkWidget *region = regions[(at + i * by) % n];
      if (gtk_widget_get_mapped (region) && gtk_widget_child_focus (region, GTK_DIR_TAB_FORWARD))
        return;
    }
}

static void
next_region (UiWindow *self, GVariant *parameter)
{
  move_region (self, 1);
}

static void
previous_region (UiWindow *self, GVariant *parameter)
{
  GtkWidget *regions[MOST_REGIONS];
  move_region (self, find_regions (self, regions) - 1);
}

/* ---- toggles ---- */

static gboolean
get_visible_sidebar (UiWindow *self)
{
  return gtk_widget_get_visible (self->sidebar);
}

static void
set_visible_sidebar (UiWindow *self, gboolean on)
{
  gtk_widget_set_visible (self->sidebar, on);
}

static gboolean
get_visible_display (UiWindow *self)
{
  return gtk_widget_get_visible (self->display_side);
}

static void
set_visible_display (UiWindow *self, gboolean on)
{
  gtk_widget_set_visible (self->display_side, on);
}

static gboolean
get_linked (UiWindow *self)
{
  return ui_session_links_views (self->session);
}

static void
set_linked (UiWindow *self, gboolean on)
{
  ui_session_set_links_views (self->session, on);
}

static gboolean
get_crosshair (UiWindow *self)
{
  return ui_session_shows_crosshair (self->session);
}

static void
set_crosshair (UiWindow *self, gboolean on)
{
  ui_session_set_shows_crosshair (self->session, on);
}

static gboolean
get_photo (UiWindow *self)
{
  return ui_session_shows_photo (self->session);
}

static void
set_photo (UiWindow *self, gboolean on)
{
  ui_session_set_shows_photo (self->session, on);
}

static gboolean
get_paints (UiWindow *self)
{
  return ui_threshold_page_paints (self->threshold);
}

static void
set_paints (UiWindow *self, gboolean on)
{
  if (on)
    ui_window_show_page (self, "threshold");
  ui_threshold_page_set_paints (self->threshold, on);
}

/* In tenths of a percent. */
static void
threshold (UiWindow *self, GVariant *parameter)
{
  UiThreshold *t = ui_session_threshold (self->session);
  ui_threshold_set_share (t, ui_threshold_share (t) + g_variant_get_int32 (parameter) / 1000.0);
}

static void
mask_mode (UiWindow *self, GVariant *parameter)
{
  UiThreshold *t = ui_session_threshold (self->session);
  ui_threshold_set_direction (t, ui_threshold_direction (t) == UI_DELETION ? UI_INSERTION : UI_DELETION);
}

static void
step (UiWindow *self, GVariant *parameter)
{
  ui_threshold_page_step_by (self->threshold, g_variant_get_int32 (parameter));
}

static void
page (UiWindow *self, GVariant *parameter)
{
  ui_window_show_page (self, g_variant_get_string (parameter, NULL));
}

/* ---- the tables ---- */

static const struct
{
  const char *name, *type; /* type of the parameter, NULL: none */
  void (*run) (UiWindow *self, GVariant *parameter);
  gboolean everywhere; /* also on the start page */
} actions[] = {
  { "open-model", NULL, open_model, TRUE },
  { "open-images", NULL, open_images, TRUE },
  { "open-folder", NULL, open_folder, TRUE },
  { "open-map", NULL, open_map },
  { "open-sample", NULL, open_sample, TRUE },
  { "sample-model", NULL, sample_model, TRUE },
  { "sample-scenes", NULL, sample_scenes, TRUE },
  { "walk", "i", walk },
  { "prev-image", NULL, prev_image },
  { "next-image", NULL, next_image },
  { "zoom", "d", zoom },
  { "pan", "(ii)", pan },
  { "toggle-overlay", NULL, toggle_overlay },
  { "opacity", "i", opacity },
  { "cycle-colormap", "i", cycle_colormap },
  { "explain", NULL, explain },
  { "explain-all", NULL, explain_all },
  { "load-truth", NULL, load_truth },
  { "open-masks", NULL, open_masks },
  { "load-labels", NULL, load_labels },
  { "stop", NULL, stop },
  { "stop-all", NULL, stop_all },
  { "run-old", NULL, run_old },
  { "pick-target", NULL, pick_target },
  { "target-top", NULL, target_top },
  { "clear-contrast", NULL, clear_contrast },
  { "find-class", NULL, find_class },
  { "select-tile", "i", select_tile },
  { "copy", "s", copy },
  { "next-region", NULL, next_region, TRUE },
  { "previous-region", NULL, previous_region, TRUE },
  { "fullscreen", NULL, fullscreen, TRUE },
  { "page", "s", page },
  { "threshold", "i", threshold },
  { "mask-mode", NULL, mask_mode },
  { "step", "i", step },
  { "add-to-figure", NULL, ui_window_add_to_figure },
  { "add-masked", "u", ui_window_add_masked },
  { "figure-zoom", NULL, ui_window_figure_zoom },
  { "export-figure", NULL, ui_window_export_figure },
  { "show-export", NULL, ui_window_show_export },
  { "copy-figure", "s", ui_window_copy_figure },
  { "open-figure", NULL, ui_window_open_figure, TRUE },
  { "help", "s", help, TRUE },
  { "preferences", NULL, preferences, TRUE },
  { "open-session", NULL, ui_window_open_session, TRUE },
  { "save", NULL, ui_window_save },
  { "save-as", NULL, ui_window_save_as },
  { "locate", NULL, ui_window_locate },
  { "recompute", NULL, ui_window_recompute },
  { "keep-old-maps", NULL, ui_window_keep_old_maps },
  { "overwrite", NULL, ui_window_overwrite },
  { "restore-session", NULL, ui_window_restore_session, TRUE },
  { "dismiss-session", NULL, ui_window_dismiss_session, TRUE },
  { "copy-command", NULL, ui_window_copy_command },
  { "train", "s", ui_window_train, TRUE },
  { "undo", NULL, ui_window_undo },
  { "redo", NULL, ui_window_redo },
};

static const struct
{
  const char *name;
  gboolean (*get) (UiWindow *self);
  void (*set) (UiWindow *self, gboolean on);
} toggles[] = {
  { "show-sidebar", get_visible_sidebar, set_visible_sidebar },
  { "show-display", get_visible_display, set_visible_display },
  { "link-views", get_linked, set_linked },
  { "crosshair", get_crosshair, set_crosshair },
  { "show-photo", get_photo, set_photo },
  { "paint", get_paints, set_paints },
};

static const struct
{
  const char *action;
  const char *const accels[3];
} accels[] = {
  { "app.new-window", { "<Control>n" } },
  { "app.quit", { "<Control>q" } },
  { "window.close", { "<Control>w" } },
  { "win.open-model", { "<Control>m" } },
  { "win.open-images", { "<Control>o" } },
  { "win.open-map", { "<Control><Alt>o" } },
  { "win.open-session", { "<Control><Shift>o" } },
  { "win.save", { "<Control>s" } },
  { "win.save-as", { "<Control><Shift>s" } },
  { "win.show-sidebar", { "F9" } },
  { "win.show-display", { "<Shift>F9" } },
  { "win.explain", { "<Control>Return" } },
  { "win.explain-all", { "<Control><Shift>Return" } },
  { "win.find-class", { "<Control>f" } },
  { "win.train('')", { "<Control>t" } },
  { "win.export-figure", { "<Control><Shift>e" } },
  { "win.fullscreen", { "F11" } },
  { "win.page::inspect", { "<Alt>1" } },
  { "win.page::threshold", { "<Alt>2" } },
  { "win.page::figure", { "<Alt>3" } },
  { "win.page::model", { "<Alt>4" } },
  { "win.next-region", { "F6" } },
  { "win.previous-region", { "<Shift>F6" } },
  { "win.zoom(1.25)", { "<Control>plus", "<Control>equal" } },
  { "win.zoom(0.8)", { "<Control>minus" } },
  { "win.zoom(0.0)", { "<Control>0" } },
  { "win.zoom(100.0)", { "<Control>1" } },
  { "win.zoom(200.0)", { "<Control>2" } },
  { "win.help('')", { "F1" } },
  { "win.preferences", { "<Control>comma" } },
  { "win.show-help-overlay", { "<Control>question", "<Control>slash" } },
};

static const struct
{
  const char *trigger, *action, *parameter; /* parameter as GVariant text; NULL: none */
} keys[] = {
  { "Left|Page_Up", "win.prev-image", NULL },
  { "Right|Page_Down", "win.next-image", NULL },
  { "Home", "win.walk", "-2147483648" },
  { "End", "win.walk", "2147483647" },
  { "plus|KP_Add|equal", "win.zoom", "1.25" },
  { "minus|KP_Subtract", "win.zoom", "0.8" },
  { "0", "win.zoom", "0.0" },
  { "1", "win.zoom", "100.0" },
  { "2", "win.zoom", "200.0" },
  { "<Control>Left", "win.pan", "(1, 0)" },
  { "<Control>Right", "win.pan", "(-1, 0)" },
  { "<Control>Up", "win.pan", "(0, 1)" },
  { "<Control>Down", "win.pan", "(0, -1)" },
  { "v", "win.toggle-overlay", NULL },
  { "<Shift>Up", "win.opacity", "5" },
  { "<Shift>Down", "win.opacity", "-5" },
  { "c", "win.cycle-colormap", "1" },
  { "<Shift>c", "win.cycle-colormap", "-1" },
  { "l", "win.link-views", NULL },
  { "x", "win.crosshair", NULL },
  { "t", "win.pick-target", NULL },
  { "<Shift>t", "win.target-top", NULL },
  { "<Shift>r", "win.clear-contrast", NULL },
  { "<Control>z", "win.undo", NULL },
  { "<Control><Shift>z", "win.redo", NULL },
  { "j", "win.select-tile", "1" },
  { "k", "win.select-tile", "-1" },
  { "<Control>c", "win.copy", "'tile.copy-picture'" },
  { "<Control><Shift>c", "win.copy", "'tile.copy-value'" },
  { "p", "win.show-photo", NULL },
  { "bracketleft", "win.threshold", "-10" },
  { "bracketright", "win.threshold", "10" },
  { "<Shift>bracketleft|braceleft", "win.threshold", "-1" },
  { "<Shift>bracketright|braceright", "win.threshold", "1" },
  { "r", "win.mask-mode", NULL },
  { "b", "win.paint", NULL },
  { "comma", "win.step", "-1" },
  { "period", "win.step", "1" },
  { "f", "win.add-to-figure", NULL },
  { "Escape", "win.stop", NULL },
  { "<Shift>Escape", "win.stop-all", NULL },
};

static GSimpleAction *
find_action (UiWindow *self, const char *name)
{
  return G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), name));
}

static void
on_activate (GSimpleAction *action, GVariant *parameter, UiWindow *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].name, g_action_get_name (G_ACTION (action))))
      actions[i].run (self, parameter);
}

static void
on_change_state (GSimpleAction *action, GVariant *state, UiWindow *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (toggles); i++)
    if (g_str_equal (toggles[i].name, g_action_get_name (G_ACTION (action))))
      {
        toggles[i].set (self, g_variant_get_boolean (state));
        g_simple_action_set_state (action, state);
      }
}

gboolean
ui_window_get_toggle (UiWindow *self, const char *name)
{
  g_autoptr (GVariant) state = g_action_get_state (G_ACTION (find_action (self, name)));
  return g_variant_get_boolean (state);
}

void
ui_window_set_toggle (UiWindow *self, const char *name, gboolean on)
{
  g_action_change_state (G_ACTION (find_action (self, name)), g_variant_new_boolean (on));
}

void
ui_window_update_actions (UiWindow *self)
{
  gboolean working = ui_session_in_use (self->session);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    g_simple_action_set_enabled (find_action (self, actions[i].name), working || actions[i].everywhere);
  for (guint i = 0; i < G_N_ELEMENTS (toggles); i++)
    g_simple_action_set_enabled (find_action (self, toggles[i].name), working);
  ui_window_update_undo (self);
}

void
ui_window_update_toggles (UiWindow *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (toggles); i++)
    g_simple_action_set_state (find_action (self, toggles[i].name), g_variant_new_boolean (toggles[i].get (self)));
}

/* ---- keys ---- */

/* Where Space has no meaning of its own, holding it shows the photo alone. */
static gboolean
may_peek (UiWindow *self)
{
  GtkWidget *focus = gtk_root_get_focus (GTK_ROOT (self)), *thumbs = ui_image_strip_list (self->strip);
  return ui_session_picture (self->session)
         && (!focus || focus == GTK_WIDGET (self) || UI_IS_HEATMAP_VIEW (focus) || focus == thumbs
             || gtk_widget_is_ancestor (focus, thumbs));
}

static gboolean
on_key_pressed (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiWindow *self)
{
  if (key != GDK_KEY_space || state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK) || !may_peek (self))
    return GDK_EVENT_PROPAGATE;
  ui_session_set_peek (self->session, TRUE);
  return GDK_EVENT_STOP;
}

static void
on_key_released (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiWindow *self)
{
  if (key == GDK_KEY_space)
    ui_session_set_peek (self->session, FALSE);
}

static void
on_active (UiWindow *self)
{
  if (!gtk_window_is_active (GTK_WINDOW (self)))
    ui_session_set_peek (self->session, FALSE); /* the key is released elsewhere */
}

void
ui_window_add_keys (UiWindow *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      g_autoptr (GVariantType) type = actions[i].type ? g_variant_type_new (actions[i].type) : NULL;
      g_autoptr (GSimpleAction) action = g_simple_action_new (actions[i].name, type);
      g_signal_connect (action, "activate", G_CALLBACK (on_activate), self);
      g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (action));
    }
  for (guint i = 0; i < G_N_ELEMENTS (toggles); i++)
    {
      g_autoptr (GSimpleAction) action =
          g_simple_action_new_stateful (toggles[i].name, NULL, g_variant_new_boolean (toggles[i].get (self)));
      g_signal_connect (action, "change-state", G_CALLBACK (on_change_state), self);
      g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (action));
    }
  g_autoptr (GAction) ranking = ui_rank_action_new (ui_session_threshold (self->session));
  g_action_map_add_action (G_ACTION_MAP (self), ranking);
  GtkEventController *controller = gtk_shortcut_controller_new ();
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      GtkShortcut *shortcut = gtk_shortcut_new (gtk_shortcut_trigger_parse_string (keys[i].trigger),
                                                gtk_named_action_new (keys[i].action));
      if (keys[i].parameter)
        gtk_shortcut_set_arguments (shortcut, g_variant_new_parsed (keys[i].parameter));
      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), shortcut);
    }
  gtk_widget_add_controller (GTK_WIDGET (self), controller);

  GtkEventController *space = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (space, GTK_PHASE_CAPTURE);
  g_signal_connect (space, "key-pressed", G_CALLBACK (on_key_pressed), self);
  g_signal_connect (space, "key-released", G_CALLBACK (on_key_released), self);
  gtk_widget_add_controller (GTK_WIDGET (self), space);
  g_signal_connect (self, "notify::is-active", G_CALLBACK (on_active), NULL);
}

void
ui_window_install_accels (GtkApplication *application)
{
  for (guint i = 0; i < G_N_ELEMENTS (accels); i++)
    gtk_application_set_accels_for_action (application, accels[i].action, accels[i].accels);
}
