/* See window.h. This file builds the window and keeps its labels true; what it does on request stands
 * in window-actions.c and window-open.c. */
#include "ui/window-private.h"

#include <math.h>
#include <string.h>

#include "ui/history.h"
#include "ui/recents.h"
#include "ui/sample.h"
#include "ui/settings.h"
#include "ui/threshold-words.h"
#include "ui/tip.h"

#define TOOLBAR_PADDING 20 /* as style.css says */
#define SIDEBAR_NEEDS 1000 /* below this width the sidebar closes too */

G_DEFINE_FINAL_TYPE (UiWindow, ui_window, GTK_TYPE_APPLICATION_WINDOW)

/* ---- labels ---- */

static gboolean
on_model_pulse (gpointer data)
{
  UiWindow *self = data;
  gtk_progress_bar_pulse (self->model_progress);
  return G_SOURCE_CONTINUE;
}

static void
show_reading (UiWindow *self, const char *name)
{
  gtk_widget_set_visible (GTK_WIDGET (self->model_progress), name != NULL);
  if (name && !self->model_pulse)
    self->model_pulse = g_timeout_add (80, on_model_pulse, self);
  else if (!name)
    g_clear_handle_id (&self->model_pulse, g_source_remove);
}

/* Several outputs look like classes: which one is explained is a person's to say. */
static void
update_output (UiWindow *self)
{
  EngModel *model = ui_session_model (self->session);
  int n = model ? eng_model_n_outputs (model) : 0;
  GtkStringList *names = gtk_string_list_new (NULL);
  guint chosen = 0;
  gtk_widget_set_visible (self->model_output_row, n > 1 && !ui_session_opening (self->session));
  for (int i = 0; i < n; i++)
    {
      gtk_string_list_append (names, eng_model_nth_output (model, i));
      if (g_str_equal (eng_model_nth_output (model, i), eng_model_output (model)))
        chosen = (guint)i;
    }
  self->updating_output = TRUE;
  gtk_drop_down_set_model (self->model_output, G_LIST_MODEL (names));
  gtk_drop_down_set_selected (self->model_output, n > 0 ? chosen : GTK_INVALID_LIST_POSITION);
  self->updating_output = FALSE;
  g_object_unref (names);
}

static gboolean
choose_output (gpointer data)
{
  UiWindow *self = data;
  GtkStringObject *item = gtk_drop_down_get_selected_item (self->model_output);
  self->output_idle = 0;
  if (item && ui_session_model (self->session))
    ui_session_choose_output (self->session, gtk_string_object_get_string (item));
  return G_SOURCE_REMOVE;
}

/* Opening fills the list anew, which must not happen while the list tells of its selection. */
static void
on_output (UiWindow *self)
{
  if (!self->updating_output && !self->output_idle)
    self->output_idle = g_idle_add (choose_output, self);
}

static void
update_model (UiWindow *self)
{
  EngModel *model = ui_session_model (self->session);
  const char *opening = ui_session_opening (self->session);
  EngPreprocess *view = model ? eng_model_preprocess (model) : NULL;
  g_autofree char *reading = opening ? g_strdup_printf ("Reading %s…", opening) : NULL;
  g_autofree char *facts = !model ? g_strdup ("Open an ONNX image classifier.")
                                  : g_strdup_printf ("%d classes · input %d × %d × %d", eng_model_n_classes (model),
                                                     view->channels, view->height, view->width);
  g_autofree char *origin = view ? g_strdup_printf ("Preprocessing: %s", view->origin) : NULL;
  g_autofree char *details = view ? eng_preprocess_describe (view) : NULL;
  show_reading (self, opening);
  update_output (self);
  gtk_label_set_label (self->model_name, reading ? reading : model ? eng_model_name (model) : "No model");
  gtk_label_set_label (self->model_facts, facts);
  gtk_widget_set_visible (GTK_WIDGET (self->model_facts), model || !opening);
  gtk_widget_set_visible (GTK_WIDGET (self->model_preprocessing), view && !opening);
  gtk_label_set_label (self->model_preprocessing, origin ? origin : "");
  if (view && view->assumed)
    gtk_widget_add_css_class (GTK_WIDGET (self->model_preprocessing), "sl-warn");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->model_preprocessing), "sl-warn");
  g_autofree char *tooltip = model ? g_strdup_printf ("%s\n%s", eng_model_path (model), details) : NULL;
  ui_tip_set (self->model_row, tooltip);
}

/* The hint gives way where the toolbar is short of room. */
static void
update_hint (UiWindow *self)
{
  int needs, has = gtk_widget_get_width (GTK_WIDGET (self->tiles_scrolled));
  gtk_widget_set_visible (self->space_hint, TRUE);
  gtk_widget_measure (self->toolbar, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &needs, NULL, NULL);
  gtk_widget_set_visible (self->space_hint, needs + TOOLBAR_PADDING <= has);
}

/* Part of the picture that the model never sees. */
static void
update_notice (UiWindow *self)
{
  EngModel *model = ui_session_model (self->session);
  UiPicture *picture = ui_session_picture (self->session);
  gboolean hatched = FALSE;
  if (model && picture && ui_picture_width (picture) > 0)
    {
      EngGeometry geometry;
      UiSeen seen;
      eng_preprocess_geometry (eng_model_preprocess (model), ui_picture_width (picture), ui_picture_height (picture),
                               &geometry);
      ui_seen_from_geometry (&geometry, &seen);
      hatched = !ui_seen_is_all (&seen, &geometry);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->notice), hatched);
  update_hint (self);
}

/* The session's file; before there is one, what is looked at. A dot for what is not saved. */
void
ui_window_update_title (UiWindow *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  EngModel *model = ui_session_model (self->session);
  const char *path = ui_session_path (self->session);
  g_autofree char *file = path ? g_filename_display_basename (path) : NULL;
  if (file && g_str_has_suffix (file, ENG_SESSION_SUFFIX))
    file[strlen (file) - strlen (ENG_SESSION_SUFFIX)] = '\0';
  const char *name = file ? file : picture ? ui_picture_name (picture) : model ? eng_model_name (model) : NULL;
  const char *dot = ui_session_unsaved (self->session) ? "• " : "";
  g_autofree char *title = name ? g_strdup_printf ("%s%s — Sightline", dot, name) : g_strdup ("Sightline");
  g_autofree char *label = g_strdup_printf ("%s%s", dot, name ? name : "Sightline");
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_label_set_label (self->title, label);
}

static void
update_zoom (UiWindow *self)
{
  UiHeatmapView *view = ui_tile_grid_selected_view (self->grid);
  UiViewport *viewport = view ? ui_heatmap_view_viewport (view) : NULL;
  UiFrame frame;
  g_autofree char *label = NULL;
  if (viewport && !ui_viewport_fits (viewport) && ui_heatmap_view_frame (view, &frame))
    label = g_strdup_printf ("%.0f %%", 100 * ui_viewport_scale (viewport, &frame));
  /* A button makes itself anew for a label. */
  if (g_strcmp0 (gtk_menu_button_get_label (self->zoom_menu), label ? label : "Fit") != 0)
    gtk_menu_button_set_label (self->zoom_menu, label ? label : "Fit");
  g_autofree char *spoken = g_strdup_printf ("Zoom: %s", label ? label : "Fit");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->zoom_menu), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static void
append_value (GString *text, UiJobTile *tile, double x, double y)
{
  double value;
  if (!ui_heatmap_view_value (ui_job_tile_view (tile), x, y, &value))
    return;
  g_autofree char *number = ui_scale_format (value);
  g_autofree char *name = g_markup_escape_text (ui_slot_name (ui_job_tile_slot (tile)), -1);
  g_string_append_printf (text, "     %s <b>%s</b>", name, number);
}

/* With the pointer elsewhere: what is explained, and that there is more to see. */
static void
append_rest (UiWindow *self, GString *text)
{
  int n, target = ui_session_target (self->session);
  const float *probabilities = ui_session_probabilities (self->session, &n);
  EngModel *model = ui_session_model (self->session);
  if (!model || !probabilities || target < 0 || target >= n)
    return;
  g_autofree char *name = g_markup_escape_text (eng_model_label (model, target), -1);
  g_string_append_printf (text, "Explaining %s <b>%.3f</b>", name, (double)probabilities[target]);
  if (g_strcmp0 (ui_window_page (self), "inspect") == 0)
    g_string_append (text, "     Point at a picture for the values under it");
}

static gboolean
is_on (UiWindow *self, const char *page)
{
  return g_strcmp0 (ui_window_page (self), page) == 0;
}

/* Which model the figure is about, and how many maps it holds. */
static void
append_figure (UiWindow *self, GString *text)
{
  UiComposer *composer = ui_session_composer (self->session);
  const UiFigure *figure = ui_composer_figure (composer);
  guint maps = 0, models = figure->models->len;
  for (guint c = 0; c < figure->columns->len; c++)
    maps += ui_figure_column (figure, c)->kind == UI_COLUMN_MAP;
  for (guint i = 0; i < models; i++)
    {
      const UiFigureModel *model = ui_figure_model (figure, i);
      g_autofree char *name = ui_figure_model_name (model), *shown = g_markup_escape_text (name, -1);
      g_string_append_printf (text, "Model <b>%s</b>  sha256 <b>%.4s…</b>     ", shown,
                              model->file.sha256 ? model->file.sha256 : "?");
    }
  g_string_append_printf (text, "%u maps", maps * figure->rows->len);
}

void
ui_window_update_status (UiWindow *self)
{
  double x, y;
  GString *text = g_string_new (NULL);
  if (is_on (self, "threshold"))
    {
      g_autofree char *status = ui_threshold_status (ui_session_threshold (self->session));
      g_string_append (text, status);
    }
  else if (is_on (self, "figure"))
    append_figure (self, text);
  else if (ui_session_pointer (self->session, &x, &y))
    {
      g_string_append_printf (text, "Pixel <b>%d, %d</b>", (int)x, (int)y);
      for (GtkWidget *tile = gtk_widget_get_first_child (GTK_WIDGET (self->grid)); tile;
           tile = gtk_widget_get_next_sibling (tile))
        if (UI_IS_JOB_TILE (tile))
          append_value (text, UI_JOB_TILE (tile), x, y);
    }
  else
    append_rest (self, text);
  gtk_inscription_set_markup (self->status_values, text->str);
  g_string_free (text, TRUE);
}

/* "LTX 62 %, 1 queued", or what went wrong. */
static void
update_jobs (UiWindow *self)
{
  GListModel *slots = ui_session_slots (self->session);
  UiSlot *running = ui_session_running (self->session);
  g_autofree char *status = running ? ui_slot_status (running) : NULL;
  GString *text = g_string_new (NULL);
  guint queued = 0;
  gboolean failed = FALSE;
  if (running)
    g_string_printf (text, "%s %s", ui_slot_name (running), status);
  for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      queued += ui_slot_state (slot) == UI_SLOT_QUEUED;
      if (ui_slot_state (slot) == UI_SLOT_FAILED)
        {
          failed = TRUE;
          g_string_append_printf (text, "%s%s failed", text->len ? ", " : "", ui_slot_name (slot));
        }
    }
  if (queued)
    g_string_append_printf (text, "%s%u queued", text->len ? ", " : "", queued);
  if (is_on (self, "threshold") && !text->len)
    {
      g_autofree char *ready = ui_threshold_readiness (ui_session_threshold (self->session));
      g_string_append (text, ready);
    }
  if (!text->len && ui_session_model (self->session) && ui_session_n_busy (self->session) == 0)
    g_string_append (text, "Nothing is running");
  gtk_label_set_label (self->status_jobs, text->str);
  ui_window_update_status (self); /* values under a resting pointer */
  if (failed)
    gtk_widget_add_css_class (GTK_WIDGET (self->status_jobs), "sl-err");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->status_jobs), "sl-err");
  g_string_free (text, TRUE);
}

/* ---- tiles ---- */

static void
on_selected (UiWindow *self)
{
  UiJobTile *tile = ui_tile_grid_selected (self->grid);
  ui_display_pane_set_slot (self->display, tile ? ui_job_tile_slot (tile) : NULL);
  update_zoom (self);
}

/* Tiles whose colours end at different values say so, once for all of them; so do those that are out of date. */
static void
update_notices (UiWindow *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->scales), ui_session_scales_differ (self->session));
  gtk_widget_set_visible (self->run_old, ui_session_has_old (self->session));
  update_hint (self);
}

/* ---- start page or work page ---- */

static void
update_page (UiWindow *self)
{
  gboolean working = ui_session_in_use (self->session);
  gboolean switched = working && !g_str_equal (gtk_stack_get_visible_child_name (self->root), "work");
  gtk_stack_set_visible_child_name (self->root, working ? "work" : "start");
  gtk_widget_set_visible (self->sidebar_toggle, working);
  gtk_widget_set_visible (self->display_toggle, working);
  gtk_widget_set_visible (GTK_WIDGET (self->tasks), working);
  ui_window_update_actions (self);
  if (switched)
    gtk_widget_grab_focus (ui_image_strip_list (self->strip));
}

static void
on_model (UiWindow *self)
{
  if (ui_session_model (self->session))
    ui_window_hide_info (self);
  update_page (self);
  update_model (self);
  update_notice (self);
  ui_window_update_title (self);
}

static void
on_opening (UiWindow *self)
{
  update_page (self);
  update_model (self);
}

static void
on_picture (UiWindow *self)
{
  update_page (self);
  update_notice (self);
  ui_window_update_title (self);
  ui_window_update_status (self);
  update_zoom (self);
}

/* The sample is always one click away; it would only push real work off the list. */
static void
on_opened (UiWindow *self, const char *path, const char *kind, const char *detail)
{
  g_autofree char *model = ui_sample_model (), *scenes = ui_sample_scenes ();
  if (g_strcmp0 (path, model) != 0 && g_strcmp0 (path, scenes) != 0)
    ui_recents_add (path, kind, detail);
  if (!g_str_equal (kind, "model"))
    ui_window_hide_info (self);
}

static void
on_start_open (UiWindow *self, const char *path)
{
  const char *paths[] = { path, NULL };
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      ui_session_open (self->session, paths, UI_OPEN_ANYTHING);
      return;
    }
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *message = g_strdup_printf ("%s is not there any more. It was taken off the list.", name);
  ui_toast_show (self->toast, message, NULL, NULL);
  ui_recents_remove (path);
}

static void
on_columns (UiWindow *self)
{
  ui_tile_grid_set_columns (self->grid, gtk_drop_down_get_selected (self->columns));
  ui_session_set_columns (self->session, gtk_drop_down_get_selected (self->columns));
}

/* A restored session brings its page and columns along. */
static void
on_display (UiWindow *self)
{
  const char *page = g_intern_string (ui_session_page (self->session));
  /* Only when it is another one for the session: in the middle of a switch it is not told yet. */
  if (page && page != self->followed_page)
    {
      self->followed_page = page;
      ui_window_show_page (self, page);
    }
  if (gtk_drop_down_get_selected (self->columns) != ui_session_columns (self->session))
    gtk_drop_down_set_selected (self->columns, ui_session_columns (self->session));
  ui_window_update_toggles (self);
  update_notices (self);
  update_zoom (self);
}

/* ---- width ---- */

static void
cross (UiWindow *self, gboolean narrow, gboolean *was_narrow, gboolean *before, const char *toggle)
{
  if (narrow == *was_narrow)
    return;
  *was_narrow = narrow;
  if (narrow)
    *before = ui_window_get_toggle (self, toggle);
  ui_window_set_toggle (self, toggle, narrow ? FALSE : *before);
}

/* Large text needs wider panes. */
static void
fit_panes (UiWindow *self, int width)
{
  int dpi;
  g_object_get (gtk_widget_get_settings (GTK_WIDGET (self)), "gtk-xft-dpi", &dpi, NULL);
  double scale = dpi > 0 ? MAX (1, dpi / 1024.0 / 96) : 1;
  cross (self, width < scale * ui_window_pane_needs (self), &self->narrow_display, &self->display_before,
         "show-display");
  cross (self, width < scale * SIDEBAR_NEEDS, &self->narrow_sidebar, &self->sidebar_before, "show-sidebar");
}

static gboolean
on_responsive (gpointer data)
{
  UiWindow *self = data;
  self->responsive_idle = 0;
  fit_panes (self, gtk_widget_get_width (GTK_WIDGET (self)));
  update_hint (self);
  update_zoom (self);
  return G_SOURCE_REMOVE;
}

/* Before it is shown: open panes would widen a window that is too narrow for them. */
static void
on_default_width (UiWindow *self)
{
  int width, height;
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)) && !gtk_window_is_maximized (GTK_WINDOW (self)))
    fit_panes (self, width);
}

void
ui_window_fit_panes (UiWindow *self)
{
  if (!self->responsive_idle && gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->responsive_idle = g_idle_add_full (G_PRIORITY_HIGH_IDLE, on_responsive, self, NULL);
}

/* Visibility must not change during an allocation. */
static void
ui_window_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  UiWindow *self = UI_WINDOW (widget);
  GTK_WIDGET_CLASS (ui_window_parent_class)->size_allocate (widget, width, height, baseline);
  ui_window_fit_panes (self);
}

/* ---- birth and end ---- */

static void
connect_session (UiWindow *self)
{
  UiSession *session = self->session;
  ui_class_list_set_session (self->classes, session);
  ui_method_list_set_session (self->methods, session);
  ui_tile_grid_set_session (self->grid, session);
  ui_display_pane_set_session (self->display, session);
  ui_threshold_page_set_session (self->threshold, session);
  ui_live_pane_set_session (self->live, session);
  ui_figure_page_set_session (self->figure_page, session);
  ui_figure_lists_set_session (self->figure_lists, session);
  ui_figure_pane_set_session (self->figure_pane, session);
  ui_image_strip_set_session (self->strip, session);
  ui_model_page_set_session (self->model_page, session);
  ui_model_labels_set_session (self->model_labels, session);
  ui_model_facts_set_session (self->model_facts_pane, session);
  ui_task_button_set_session (self->tasks, session);
  g_signal_connect_object (session, "problem", G_CALLBACK (ui_window_tell_problem), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "opened", G_CALLBACK (on_opened), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::opening", G_CALLBACK (on_opening), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::path", G_CALLBACK (ui_window_update_title), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (on_picture), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "pointer-changed", G_CALLBACK (ui_window_update_status), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::target", G_CALLBACK (ui_window_update_status), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (update_jobs), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (update_notices), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (on_display), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_composer (session), "changed", G_CALLBACK (ui_window_update_status), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->pages, "notify::visible-child", G_CALLBACK (update_jobs), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_threshold (session), "changed", G_CALLBACK (ui_window_update_status), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_threshold (session), "scored", G_CALLBACK (ui_window_update_status), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_threshold (session), "curves", G_CALLBACK (update_jobs), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_viewport (session), "changed", G_CALLBACK (update_zoom), self,
                           G_CONNECT_SWAPPED);
}

UiWindow *
ui_window_new (GtkApplication *application)
{
  return g_object_new (UI_TYPE_WINDOW, "application", application, NULL);
}

UiSession *
ui_window_session (UiWindow *self)
{
  return self->session;
}

UiTileGrid *
ui_window_grid (UiWindow *self)
{
  return self->grid;
}

/* Panes that closed for want of room are open where there is room. */
static void
remember (UiWindow *self)
{
  int width, height;
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  if (!gtk_window_is_maximized (GTK_WINDOW (self)) && !gtk_window_is_fullscreen (GTK_WINDOW (self)))
    {
      ui_settings_set_int ("width", width);
      ui_settings_set_int ("height", height);
    }
  ui_settings_set_bool ("maximized", gtk_window_is_maximized (GTK_WINDOW (self)));
  ui_settings_set_int ("sidebar", gtk_paned_get_position (self->sidebar_paned));
  ui_settings_set_bool ("show-sidebar",
                        self->narrow_sidebar ? self->sidebar_before : ui_window_get_toggle (self, "show-sidebar"));
  ui_settings_set_bool ("show-display",
                        self->narrow_display ? self->display_before : ui_window_get_toggle (self, "show-display"));
  if (ui_session_in_use (self->session))
    ui_settings_set ("page", ui_window_page (self));
}

static void
recall (UiWindow *self)
{
  g_autofree char *page = ui_settings_get ("page");
  gtk_window_set_default_size (GTK_WINDOW (self), ui_settings_get_int ("width"), ui_settings_get_int ("height"));
  if (ui_settings_get_bool ("maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
  gtk_paned_set_position (self->sidebar_paned, ui_settings_get_int ("sidebar"));
  gtk_widget_set_visible (self->sidebar, ui_settings_get_bool ("show-sidebar"));
  gtk_widget_set_visible (self->display_side, ui_settings_get_bool ("show-display"));
  ui_window_show_page (self, page);
}

static gboolean
ui_window_close_request (GtkWindow *window)
{
  UiWindow *self = UI_WINDOW (window);
  if (!ui_window_may_close (self))
    return TRUE;
  remember (self);
  return GTK_WINDOW_CLASS (ui_window_parent_class)->close_request (window);
}

static void
ui_window_dispose (GObject *object)
{
  UiWindow *self = UI_WINDOW (object);
  g_clear_handle_id (&self->responsive_idle, g_source_remove);
  g_clear_handle_id (&self->model_pulse, g_source_remove);
  g_clear_handle_id (&self->output_idle, g_source_remove);
  if (self->session)
    {
      g_clear_pointer (&self->autosave, ui_autosave_free);
      ui_history_connect (ui_session_history (self->session), NULL, NULL);
      ui_session_close (self->session);
    }
  G_OBJECT_CLASS (ui_window_parent_class)->dispose (object);
  g_clear_object (&self->session);
  g_clear_pointer (&self->exported, g_free);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiWindow, member)

static void
bind_children (GtkWidgetClass *widget_class)
{
  BIND (titles);
  BIND (title);
  BIND (pages);
  BIND (sides);
  BIND (lefts);
  BIND (figure_page);
  BIND (figure_lists);
  BIND (figure_pane);
  BIND (model_page);
  BIND (model_labels);
  BIND (model_facts_pane);
  BIND (strip_box);
  BIND (sidebar_toggle);
  BIND (display_toggle);
  BIND (tasks);
  BIND (info_revealer);
  BIND (info);
  BIND (info_text);
  BIND (info_button);
  BIND (info_second);
  BIND (root);
  BIND (start);
  BIND (veil);
  BIND (toast);
  BIND (sidebar_paned);
  BIND (sidebar);
  BIND (display_side);
  BIND (model_row);
  BIND (model_name);
  BIND (model_facts);
  BIND (model_preprocessing);
  BIND (model_output_row);
  BIND (model_output);
  BIND (model_progress);
  BIND (classes);
  BIND (methods);
  BIND (toolbar);
  BIND (space_hint);
  BIND (zoom_menu);
  BIND (notice);
  BIND (scales);
  BIND (run_old);
  BIND (columns);
  BIND (tiles_scrolled);
  BIND (grid);
  BIND (display);
  BIND (threshold);
  BIND (live);
  BIND (strip);
  BIND (status_values);
  BIND (status_jobs);
}

static void
ui_window_class_init (UiWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_window_dispose;
  widget_class->size_allocate = ui_window_size_allocate;
  GTK_WINDOW_CLASS (klass)->close_request = ui_window_close_request;
  g_type_ensure (UI_TYPE_TASK_BUTTON);
  g_type_ensure (UI_TYPE_TRAIN_BUTTON);
  g_type_ensure (UI_TYPE_TOAST);
  g_type_ensure (UI_TYPE_START_PAGE);
  g_type_ensure (UI_TYPE_CLASS_LIST);
  g_type_ensure (UI_TYPE_METHOD_LIST);
  g_type_ensure (UI_TYPE_TILE_GRID);
  g_type_ensure (UI_TYPE_DISPLAY_PANE);
  g_type_ensure (UI_TYPE_THRESHOLD_PAGE);
  g_type_ensure (UI_TYPE_LIVE_PANE);
  g_type_ensure (UI_TYPE_IMAGE_STRIP);
  g_type_ensure (UI_TYPE_FIGURE_PAGE);
  g_type_ensure (UI_TYPE_FIGURE_LISTS);
  g_type_ensure (UI_TYPE_FIGURE_PANE);
  g_type_ensure (UI_TYPE_MODEL_PAGE);
  g_type_ensure (UI_TYPE_MODEL_LABELS);
  g_type_ensure (UI_TYPE_MODEL_FACTS);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/window.ui");
  bind_children (widget_class);
}

static void
ui_window_init (UiWindow *self)
{
  self->session = ui_session_new ();
  self->display_before = self->sidebar_before = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  recall (self);
  ui_window_add_keys (self);
  ui_window_add_pages (self);
  g_signal_connect_swapped (self, "notify::default-width", G_CALLBACK (on_default_width), self);
  on_default_width (self);
  connect_session (self);
  ui_window_add_undo (self);
  ui_window_add_session (self);
  ui_window_add_training (self);
  ui_window_add_drop_target (self);
  g_signal_connect_swapped (self->info, "response", G_CALLBACK (ui_window_hide_info), self);
  g_signal_connect_swapped (self->start, "open", G_CALLBACK (on_start_open), self);
  g_signal_connect_swapped (self->columns, "notify::selected", G_CALLBACK (on_columns), self);
  g_signal_connect_swapped (self->model_output, "notify::selected", G_CALLBACK (on_output), self);
  g_signal_connect_object (self->grid, "selected-changed", G_CALLBACK (on_selected), self, G_CONNECT_SWAPPED);
  on_selected (self);
  on_model (self);
  gtk_window_set_focus (GTK_WINDOW (self), ui_start_page_default (self->start));
  gtk_window_set_default_widget (GTK_WINDOW (self), ui_start_page_default (self->start));
}
