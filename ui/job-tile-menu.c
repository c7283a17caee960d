/* What can be done with a tile: its actions, one row each, and the menu that offers them. See job-tile-private.h.
 *
 * The menu is made when it is opened, since it names the other tiles. */
#include "ui/job-tile-private.h"

#include "ui/check-window.h"
#include "ui/method-form.h"
#include "ui/rank-menu.h"
#include "ui/tile-export.h"

/* ---- actions ---- */

static void
run (UiJobTile *self, GVariant *parameter)
{
  ui_session_run (self->session, self->slot);
}

static void
carry_on (UiJobTile *self, GVariant *parameter)
{
  ui_session_continue (self->session, self->slot);
}

static void
stop (UiJobTile *self, GVariant *parameter)
{
  ui_slot_stop (self->slot);
}

static void
keep (UiJobTile *self, GVariant *parameter)
{
  ui_slot_keep (self->slot);
}

static void
undo_change (UiJobTile *self, GVariant *parameter)
{
  ui_session_undo_values (self->session, self->slot);
}

static void
remove_tile (UiJobTile *self, GVariant *parameter)
{
  ui_session_remove (self->session, self->slot);
}

/* A copy is there to be run with other parameters. */
static void
duplicate (UiJobTile *self, GVariant *parameter)
{
  GtkWidget *grid = gtk_widget_get_parent (GTK_WIDGET (self));
  UiSlot *copy = ui_session_duplicate (self->session, self->slot);
  for (GtkWidget *tile = gtk_widget_get_first_child (grid); tile; tile = gtk_widget_get_next_sibling (tile))
    if (UI_IS_JOB_TILE (tile) && UI_JOB_TILE (tile)->slot == copy)
      ui_job_tile_show_form (UI_JOB_TILE (tile));
}

static void
parameters (UiJobTile *self, GVariant *parameter)
{
  ui_job_tile_show_form (self);
}

static void
pin (UiJobTile *self, GVariant *parameter)
{
  ui_session_pin (self->session, self->slot, !ui_slot_pinned (self->slot));
}

static void
compare (UiJobTile *self, GVariant *parameter)
{
  GListModel *tiles = ui_session_tiles (self->session);
  g_autoptr (UiSlot) other = g_list_model_get_item (tiles, g_variant_get_uint32 (parameter));
  if (other)
    ui_session_compare (self->session, self->slot, other);
}

static void
check (UiJobTile *self, EngCheckKind kind)
{
  ui_check_window_show (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), self->session, self->slot, kind);
}

static void
check_stability (UiJobTile *self, GVariant *parameter)
{
  check (self, ENG_CHECK_STABILITY);
}

static void
check_sanity (UiJobTile *self, GVariant *parameter)
{
  check (self, ENG_CHECK_SANITY);
}

/* The window's action is about the selected tile: a menu selects its own. */
static void
add_to_figure (UiJobTile *self, GVariant *parameter)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
  gtk_widget_activate_action (GTK_WIDGET (self), "win.add-to-figure", NULL);
}

static void
reset_scale (UiJobTile *self, GVariant *parameter)
{
  ui_session_reset_scale (self->session);
}

static void
save_picture (UiJobTile *self, GVariant *parameter)
{
  ui_tile_save_picture (GTK_WIDGET (self), self->session, self->slot);
}

static void
save_map (UiJobTile *self, GVariant *parameter)
{
  ui_tile_save_map (GTK_WIDGET (self), self->session, self->slot);
}

static void
copy_picture (UiJobTile *self, GVariant *parameter)
{
  ui_tile_copy_picture (GTK_WIDGET (self), self->session, self->slot);
}

static void
copy_provenance (UiJobTile *self, GVariant *parameter)
{
  ui_tile_copy_provenance (GTK_WIDGET (self), self->slot);
}

/* Where the menu was asked for, else under the crosshair. */
static gboolean
value_to_copy (UiJobTile *self, double *value)
{
  double x, y;
  if (self->copy_x >= 0)
    return ui_heatmap_view_value (self->view, self->copy_x, self->copy_y, value);
  return ui_session_pointer (self->session, &x, &y) && ui_heatmap_view_value (self->view, x, y, value);
}

static void
copy_value (UiJobTile *self, GVariant *parameter)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  double value;
  if (value_to_copy (self, &value))
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)),
                            g_ascii_formatd (text, sizeof text, "%.6g", value));
}

/* Scores are all that it needs. */
static void
use_rise (UiJobTile *self, GVariant *parameter)
{
  GListModel *slots = ui_session_slots (self->session);
  for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      if (g_str_equal (ui_slot_method (slot)->id, "rise"))
        ui_slot_set_shown (slot, TRUE);
    }
}

static gboolean
has_map (UiJobTile *self)
{
  return ui_slot_map (self->slot) != NULL;
}

static gboolean
is_signed (UiJobTile *self)
{
  return ui_rank_matters (ui_slot_map (self->slot));
}

static gboolean
is_method (UiJobTile *self)
{
  return ui_slot_kind (self->slot) == UI_SLOT_OF_METHOD;
}

static gboolean
may_compare (UiJobTile *self)
{
  return ui_slot_kind (self->slot) != UI_SLOT_DIFFERENCE;
}

static gboolean
has_values (UiJobTile *self)
{
  return is_method (self) && ui_slot_values (self->slot);
}

static gboolean
may_run (UiJobTile *self)
{
  UiSlotState state = ui_slot_state (self->slot);
  return is_method (self) && ui_session_model (self->session) && ui_session_picture (self->session)
         && state != UI_SLOT_IMPOSSIBLE && state != UI_SLOT_QUEUED && state != UI_SLOT_RUNNING;
}

static gboolean
may_check (UiJobTile *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  return has_values (self) && ui_session_model (self->session) && picture && ui_picture_image (picture)
         && ui_slot_state (self->slot) != UI_SLOT_IMPOSSIBLE;
}

static gboolean
may_continue (UiJobTile *self)
{
  return ui_session_model (self->session) && ui_slot_can_continue (self->slot);
}

static gboolean
may_pin (UiJobTile *self)
{
  return is_method (self) && ui_slot_method (self->slot)->class_dependent && ui_session_target (self->session) >= 0;
}

static const struct
{
  const char *name, *type; /* type of the parameter, NULL: none */
  void (*run) (UiJobTile *self, GVariant *parameter);
  gboolean (*enabled) (UiJobTile *self); /* NULL: always */
} actions[] = {
  { "tile.run", NULL, run, may_run },
  { "tile.continue", NULL, carry_on, may_continue },
  { "tile.stop", NULL, stop },
  { "tile.keep", NULL, keep },
  { "tile.undo-change", NULL, undo_change },
  { "tile.use-rise", NULL, use_rise },
  { "tile.remove", NULL, remove_tile },
  { "tile.duplicate", NULL, duplicate, has_values },
  { "tile.parameters", NULL, parameters, has_values },
  { "tile.pin", NULL, pin, may_pin },
  { "tile.compare", "u", compare, may_compare },
  { "tile.check-stability", NULL, check_stability, may_check },
  { "tile.check-sanity", NULL, check_sanity, may_check },
  { "tile.add-to-figure", NULL, add_to_figure, has_values },
  { "tile.reset-scale", NULL, reset_scale, has_map },
  { "tile.save-picture", NULL, save_picture, has_map },
  { "tile.save-map", NULL, save_map, has_map },
  { "tile.copy-picture", NULL, copy_picture, has_map },
  { "tile.copy-value", NULL, copy_value, has_map },
  { "tile.copy-provenance", NULL, copy_provenance, has_map },
};

static void
on_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].name, name))
      actions[i].run (UI_JOB_TILE (widget), parameter);
}

void
ui_job_tile_install_actions (GtkWidgetClass *widget_class)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, actions[i].type, on_action);
}

void
ui_job_tile_update_actions (UiJobTile *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (actions[i].enabled)
      gtk_widget_action_set_enabled (GTK_WIDGET (self), actions[i].name, actions[i].enabled (self));
}

/* ---- the form ---- */

static gboolean
drop_form (gpointer data)
{
  UiJobTile *self = data;
  g_clear_pointer (&self->form, gtk_widget_unparent);
  g_object_unref (self);
  return G_SOURCE_REMOVE;
}

/* Not while the popover tells of its end. */
static void
on_form_closed (UiJobTile *self)
{
  g_idle_add (drop_form, g_object_ref (self));
}

static gboolean
popup_form (gpointer data)
{
  UiJobTile *self = data;
  if (self->form && gtk_widget_get_mapped (GTK_WIDGET (self->menu)))
    gtk_popover_popup (GTK_POPOVER (self->form));
  g_object_unref (self);
  return G_SOURCE_REMOVE;
}

void
ui_job_tile_show_form (UiJobTile *self)
{
  if (self->form || !has_values (self))
    return;
  self->form = ui_method_form_popover (self->session, self->slot);
  gtk_widget_set_parent (self->form, GTK_WIDGET (self->menu));
  g_signal_connect_object (self->form, "closed", G_CALLBACK (on_form_closed), self, G_CONNECT_SWAPPED);
  /* A tile that was just added has no place yet. */
  g_idle_add_full (G_PRIORITY_LOW, popup_form, g_object_ref (self), NULL);
}

/* ---- the menu ---- */

/* The other tiles, by their place in the session's list. */
static GMenuModel *
make_others (UiJobTile *self)
{
  GListModel *tiles = ui_session_tiles (self->session);
  GMenu *menu = g_menu_new ();
  for (guint i = 0; i < g_list_model_get_n_items (tiles); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (tiles, i);
      if (slot == self->slot)
        continue;
      g_autoptr (GMenuItem) item = g_menu_item_new (ui_slot_name (slot), NULL);
      g_menu_item_set_action_and_target (item, "tile.compare", "u", i);
      g_menu_append_item (menu, item);
    }
  return G_MENU_MODEL (menu);
}

static char *
pin_label (UiJobTile *self)
{
  EngModel *model = ui_session_model (self->session);
  int target = ui_session_target (self->session);
  if (ui_slot_pinned (self->slot))
    return g_strdup ("_Unpin");
  return model && target >= 0 ? g_strdup_printf ("_Pin to %s", eng_model_label (model, target)) : g_strdup ("_Pin");
}

static GMenu *
append_section (GMenu *menu)
{
  g_autoptr (GMenu) section = g_menu_new ();
  g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
  return section; /* the menu holds it */
}

static GtkWidget *
make_menu (UiJobTile *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenuModel) others = make_others (self), ranks = ui_rank_menu_new ();
  g_autofree char *pin_text = pin_label (self);
  GMenu *section = append_section (menu);
  if (is_method (self))
    {
      g_menu_append (section, "_Parameters…", "tile.parameters");
      g_menu_append (section, "_Duplicate", "tile.duplicate");
      g_menu_append (section, pin_text, "tile.pin");
      section = append_section (menu);
      if (may_continue (self))
        g_menu_append (section, "Con_tinue", "tile.continue");
      g_menu_append (section, "Run _Again", "tile.run");
      g_menu_append (section, "C_heck Stability…", "tile.check-stability");
      g_menu_append (section, "Check Sanit_y…", "tile.check-sanity");
    }
  if (may_compare (self))
    {
      if (g_menu_model_get_n_items (others) > 0)
        g_menu_append_submenu (section, "_Compare With", others);
      if (is_signed (self))
        g_menu_append_submenu (section, "Rank _By", ranks);
      g_menu_append (section, "Reset _Scale", "tile.reset-scale");
      section = append_section (menu);
    }
  if (is_method (self))
    g_menu_append (section, "Add to _Figure", "tile.add-to-figure");
  g_menu_append (section, "Save _Picture…", "tile.save-picture");
  g_menu_append (section, "Save _Map…", "tile.save-map");
  g_menu_append (section, "Copy P_icture", "tile.copy-picture");
  g_menu_append (section, "Copy _Value", "tile.copy-value");
  g_menu_append (section, "Copy Pr_ovenance", "tile.copy-provenance");
  g_menu_append (append_section (menu), "_Remove", "tile.remove");
  return gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
}

static void
make_popup (GtkMenuButton *button, gpointer data)
{
  UiJobTile *self = data;
  self->copy_x = -1;
  gtk_menu_button_set_popover (button, make_menu (self));
}

static gboolean
drop_context (gpointer data)
{
  gtk_widget_unparent (data);
  g_object_unref (data);
  return G_SOURCE_REMOVE;
}

/* An action that the menu chose still needs the menu. */
static void
on_context_closed (GtkWidget *menu)
{
  g_idle_add_full (G_PRIORITY_LOW, drop_context, g_object_ref (menu), NULL);
}

static void
on_context (GtkGestureClick *gesture, int n_press, double x, double y, UiJobTile *self)
{
  GtkWidget *menu = make_menu (self);
  if (!ui_heatmap_view_to_picture (self->view, x, y, &self->copy_x, &self->copy_y))
    self->copy_x = -1;
  gtk_widget_set_parent (menu, GTK_WIDGET (self->view));
  gtk_popover_set_has_arrow (GTK_POPOVER (menu), FALSE);
  gtk_widget_set_halign (menu, GTK_ALIGN_START);
  gtk_popover_set_pointing_to (GTK_POPOVER (menu), &(GdkRectangle){ (int)x, (int)y, 1, 1 });
  g_signal_connect (menu, "closed", G_CALLBACK (on_context_closed), NULL);
  gtk_popover_popup (GTK_POPOVER (menu));
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

void
ui_job_tile_add_menu (UiJobTile *self)
{
  GtkGesture *context = gtk_gesture_click_new ();
  self->copy_x = -1;
  gtk_menu_button_set_create_popup_func (self->menu, make_popup, self, NULL);
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (context), GDK_BUTTON_SECONDARY);
  g_signal_connect (context, "pressed", G_CALLBACK (on_context), self);
  gtk_widget_add_controller (GTK_WIDGET (self->view), GTK_EVENT_CONTROLLER (context));
}
