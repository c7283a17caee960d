/* See masked-tile.h. */
#include "ui/masked-tile.h"

#include "ui/ink.h"
#include "ui/rank-menu.h"
#include "ui/tip.h"

struct _UiMaskedTile
{
  GtkWidget parent_instance;
  UiSession *session;
  UiSeries *series;
  GtkBox *header;
  GtkWidget *swatch;
  GtkLabel *name, *badge;
  GtkInscription *score, *rank;
  GtkMenuButton *menu;
  GtkLevelBar *bar;
  UiMaskedView *view;

  /* What the score that is shown is about, but for the map. */
  EngSubject *scored;
  EngMasking masking;
  int k;
};

G_DEFINE_FINAL_TYPE (UiMaskedTile, ui_masked_tile, GTK_TYPE_WIDGET)

static UiThreshold *
threshold_of (UiMaskedTile *self)
{
  return ui_session_threshold (self->session);
}

static void
update_badge (UiMaskedTile *self)
{
  g_autofree char *step = self->series->step >= 0 ? g_strdup_printf ("step %d", self->series->step) : NULL;
  gboolean magnitude =
      ui_protocol_rank_by (ui_threshold_protocol (threshold_of (self)), self->series->map) == ENG_RANK_ABSOLUTE;
  const char *text = self->series->flat ? "flat" : step ? step : magnitude ? "|v|" : NULL;
  gtk_widget_set_visible (GTK_WIDGET (self->badge), text != NULL);
  gtk_label_set_label (self->badge, text ? text : "");
  ui_tip_set (GTK_WIDGET (self->badge), self->series->flat ? "The map is constant. There is nothing to rank."
                                        : magnitude        ? "Pixels are ranked by magnitude."
                                                           : NULL);
}

/* A map that is being painted is another one many times a second: its last score stays until the next is there. */
static gboolean
keeps_score (UiMaskedTile *self, gboolean known)
{
  UiThreshold *threshold = threshold_of (self);
  EngSubject *subject = ui_threshold_subject (threshold);
  EngMasking masking = ui_protocol_masking (ui_threshold_protocol (threshold), ui_threshold_direction (threshold));
  int k = ui_threshold_k (threshold);
  if (!known)
    return subject && self->scored == subject && self->series->map && !self->series->flat && self->k == k
           && eng_masking_equal (&masking, &self->masking);
  eng_subject_ref (subject);
  g_clear_pointer (&self->scored, eng_subject_unref);
  self->scored = subject;
  self->masking = masking;
  self->k = k;
  return FALSE;
}

/* "0.957 → 0.170": exact, or read off the curve and marked as that. */
static void
update_score (UiMaskedTile *self)
{
  UiThreshold *threshold = threshold_of (self);
  EngSubject *subject = ui_threshold_subject (threshold);
  EngReading reading;
  gboolean exact = FALSE, known = subject && ui_threshold_score (threshold, self->series, &reading, &exact);
  if (keeps_score (self, known))
    return;
  double before = subject ? eng_subject_untouched (subject)->probability : 0;
  g_autofree char *score =
      !known  ? NULL
      : exact ? g_strdup_printf ("%.3f → <b>%.3f</b>", before, reading.probability)
              : g_strdup_printf ("%.3f → <span alpha='65%%'>≈ %.2f</span>", before, reading.probability);
  gboolean ranked = exact && self->series->k == ui_threshold_k (threshold) && self->series->rank > 0;
  g_autofree char *rank = ranked ? g_strdup_printf ("rank %d", self->series->rank) : g_strdup ("");
  gtk_inscription_set_markup (self->score, score ? score : self->series->flat ? "—" : "…");
  gtk_inscription_set_text (self->rank, rank);
  gtk_level_bar_set_value (self->bar, known ? CLAMP (reading.probability, 0, 1) : 0);
  g_autofree char *spoken = known ? g_strdup_printf ("%s: %s from %.3f to %.3f%s%s", ui_series_name (self->series),
                                                     ui_threshold_class_name (threshold), before, reading.probability,
                                                     ranked ? ", " : "", rank)
                                  : g_strdup (ui_series_name (self->series));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->bar), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, spoken, -1);
}

static void
update (UiMaskedTile *self)
{
  gboolean selected = ui_threshold_selected (threshold_of (self)) == self->series;
  if (selected)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self), "selected");
      gtk_widget_add_css_class (GTK_WIDGET (self->name), "heading");
    }
  else
    {
      gtk_widget_remove_css_class (GTK_WIDGET (self), "selected");
      gtk_widget_remove_css_class (GTK_WIDGET (self->name), "heading");
    }
  update_badge (self);
  update_score (self);
}

static void
on_chosen (UiMaskedTile *self)
{
  ui_threshold_select (threshold_of (self), self->series);
}

static void
on_pressed (UiMaskedTile *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  on_chosen (self);
}

/* Made when it is opened: places change. */
static void
make_popup (GtkMenuButton *button, gpointer data)
{
  UiMaskedTile *self = data;
  GListModel *list = ui_threshold_series (threshold_of (self));
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenuModel) ranks = ui_rank_menu_new ();
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (list, i);
      g_autoptr (GMenuItem) item = g_menu_item_new ("Add to _Figure", NULL);
      g_menu_item_set_action_and_target (item, "win.add-masked", "u", i);
      if (series == self->series)
        g_menu_append_item (menu, item);
    }
  if (ui_rank_matters (self->series->map))
    g_menu_append_submenu (menu, "Rank _By", ranks);
  gtk_menu_button_set_popover (button, gtk_popover_menu_new_from_model (G_MENU_MODEL (menu)));
}

static void
add_menu (UiMaskedTile *self)
{
  g_autofree char *text = g_strdup_printf ("Tile Menu: %s", ui_series_name (self->series));
  gtk_menu_button_set_create_popup_func (self->menu, make_popup, self, NULL);
  ui_tip_set (GTK_WIDGET (self->menu), text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_set_visible (GTK_WIDGET (self->menu),
                          self->series->slot && ui_slot_kind (self->series->slot) == UI_SLOT_OF_METHOD);
}

GtkWidget *
ui_masked_tile_new (UiSession *session, UiSeries *series)
{
  UiMaskedTile *self = g_object_new (UI_TYPE_MASKED_TILE, NULL);
  const char *name = ui_series_name (series);
  self->session = g_object_ref (session);
  self->series = g_object_ref (series);
  ui_swatch_set (self->swatch, series);
  gtk_label_set_label (self->name, name);
  ui_tip_set (GTK_WIDGET (self->name), name);
  g_autofree char *picture = g_strdup_printf ("Masked picture, %s", name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, picture, -1);
  add_menu (self);
  ui_masked_view_set (self->view, session, series);
  g_signal_connect_object (threshold_of (self), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold_of (self), "scored", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold_of (self), "curves", G_CALLBACK (update_score), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

UiSeries *
ui_masked_tile_series (UiMaskedTile *self)
{
  return self->series;
}

static void
ui_masked_tile_dispose (GObject *object)
{
  UiMaskedTile *self = UI_MASKED_TILE (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->scored, eng_subject_unref);
  g_clear_object (&self->series);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_masked_tile_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiMaskedTile, member)

static void
ui_masked_tile_class_init (UiMaskedTileClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_masked_tile_dispose;
  g_type_ensure (UI_TYPE_MASKED_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/masked-tile.ui");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  BIND (header);
  BIND (name);
  BIND (badge);
  BIND (score);
  BIND (rank);
  BIND (bar);
  BIND (menu);
  BIND (view);
}

static void
ui_masked_tile_init (UiMaskedTile *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->swatch = ui_swatch_new ();
  gtk_box_prepend (self->header, self->swatch);
  GtkGesture *click = gtk_gesture_click_new ();
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (on_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  GtkEventController *focus = gtk_event_controller_focus_new ();
  g_signal_connect_swapped (focus, "enter", G_CALLBACK (on_chosen), self);
  gtk_widget_add_controller (GTK_WIDGET (self), focus);
}
