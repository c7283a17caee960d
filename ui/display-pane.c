/* See display-pane.h. Controls are filled from the session while @updating, so that showing a value
 * is not taken for changing it. */
#include "ui/display-pane.h"

#include "ui/ramp-drop-down.h"

struct _UiDisplayPane
{
  GtkWidget parent_instance;
  UiSession *session;
  gboolean updating;
  GtkToggleButton *mode_overlay, *mode_map, *mode_photo;
  GtkAdjustment *opacity;
  GtkSpinButton *opacity_spin, *percentile;
  GtkDropDown *photo, *clip, *smoothing, *unsigned_map, *signed_map;
  GtkCheckButton *fade;
  GtkGrid *colour_group;
  GtkLabel *unsigned_name;
  GtkButton *reset;
};

G_DEFINE_FINAL_TYPE (UiDisplayPane, ui_display_pane, GTK_TYPE_WIDGET)

static GtkToggleButton *
mode_button (UiDisplayPane *self, UiMode mode)
{
  GtkToggleButton *buttons[] = { self->mode_overlay, self->mode_map, self->mode_photo };
  return buttons[mode];
}

static void
update (UiDisplayPane *self)
{
  const UiDisplay *display = ui_session_display (self->session);
  self->updating = TRUE;
  gtk_toggle_button_set_active (mode_button (self, ui_session_mode (self->session)), TRUE);
  gtk_adjustment_set_value (self->opacity, display->opacity * 100);
  gtk_drop_down_set_selected (self->photo, display->photo);
  gtk_check_button_set_active (self->fade, display->fade);
  gtk_drop_down_set_selected (self->clip, display->clip);
  gtk_spin_button_set_value (self->percentile, display->percentile);
  gtk_widget_set_sensitive (GTK_WIDGET (self->percentile), display->clip == UI_CLIP_PERCENTILE);
  gtk_drop_down_set_selected (self->smoothing, display->smoothing);
  ui_ramp_drop_down_set (self->unsigned_map, display->unsigned_map);
  ui_ramp_drop_down_set (self->signed_map, display->signed_map);
  gtk_label_set_label (self->unsigned_name, display->unsigned_map->name);
  self->updating = FALSE;
}

static void
on_control (UiDisplayPane *self)
{
  if (self->updating || !self->session)
    return;
  UiDisplay *display = ui_session_display (self->session);
  display->opacity = gtk_adjustment_get_value (self->opacity) / 100;
  display->photo = (UiPhoto)gtk_drop_down_get_selected (self->photo);
  display->fade = gtk_check_button_get_active (self->fade);
  display->clip = (UiClip)gtk_drop_down_get_selected (self->clip);
  display->percentile = gtk_spin_button_get_value (self->percentile);
  display->smoothing = (UiSmoothing)gtk_drop_down_get_selected (self->smoothing);
  display->unsigned_map = ui_ramp_drop_down_get (self->unsigned_map);
  display->signed_map = ui_ramp_drop_down_get (self->signed_map);
  ui_session_display_changed (self->session);
}

static void
on_mode (UiDisplayPane *self, GtkToggleButton *button)
{
  if (self->updating || !gtk_toggle_button_get_active (button))
    return;
  for (int mode = UI_MODE_OVERLAY; mode <= UI_MODE_PHOTO; mode++)
    if (mode_button (self, (UiMode)mode) == button)
      ui_session_set_mode (self->session, (UiMode)mode);
}

static void
on_reset (UiDisplayPane *self)
{
  ui_session_reset_display (self->session);
}

static gboolean
on_percent_output (GtkSpinButton *spin, gpointer unused)
{
  g_autofree char *text = g_strdup_printf ("%.*f %%", (int)gtk_spin_button_get_digits (spin),
                                           gtk_adjustment_get_value (gtk_spin_button_get_adjustment (spin)));
  if (!g_str_equal (text, gtk_editable_get_text (GTK_EDITABLE (spin))))
    gtk_editable_set_text (GTK_EDITABLE (spin), text);
  return TRUE;
}

static int
on_percent_input (GtkSpinButton *spin, double *value, gpointer unused)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (spin));
  char *end;
  *value = g_strtod (text, &end);
  return end == text ? GTK_INPUT_ERROR : TRUE;
}

/* The arrow keys, the wheel and the slider step; buttons would take the room of the number. */
static void
hide_buttons (GtkSpinButton *spin)
{
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (spin)); child;
       child = gtk_widget_get_next_sibling (child))
    gtk_widget_set_visible (child, !GTK_IS_BUTTON (child));
}

void
ui_display_pane_set_session (UiDisplayPane *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_display_pane_dispose (GObject *object)
{
  UiDisplayPane *self = UI_DISPLAY_PANE (object);
  self->updating = TRUE; /* controls that go away change nothing */
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_display_pane_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiDisplayPane, member)

static void
ui_display_pane_class_init (UiDisplayPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_display_pane_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/display-pane.ui");
  BIND (mode_overlay);
  BIND (mode_map);
  BIND (mode_photo);
  BIND (opacity);
  BIND (opacity_spin);
  BIND (photo);
  BIND (fade);
  BIND (colour_group);
  BIND (unsigned_name);
  BIND (clip);
  BIND (percentile);
  BIND (smoothing);
  BIND (reset);
}

static GtkDropDown *
add_ramp (UiDisplayPane *self, EngSign sign, const char *label, int row)
{
  GtkWidget *ramp = ui_ramp_drop_down_new (sign);
  gtk_accessible_update_property (GTK_ACCESSIBLE (ramp), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_set_tooltip_text (ramp, label);
  gtk_grid_attach (self->colour_group, ramp, 1, row, 1, 1);
  return GTK_DROP_DOWN (ramp);
}

static void
ui_display_pane_init (UiDisplayPane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->unsigned_map = add_ramp (self, ENG_SIGN_UNSIGNED, "Colours of unsigned maps", 1);
  self->signed_map = add_ramp (self, ENG_SIGN_SIGNED, "Colours of signed maps", 3);
  GtkSpinButton *spins[] = { self->opacity_spin, self->percentile };
  for (guint i = 0; i < G_N_ELEMENTS (spins); i++)
    {
      hide_buttons (spins[i]);
      g_signal_connect (spins[i], "output", G_CALLBACK (on_percent_output), NULL);
      g_signal_connect (spins[i], "input", G_CALLBACK (on_percent_input), NULL);
    }
  GtkDropDown *drop_downs[] = { self->photo, self->clip, self->smoothing, self->unsigned_map, self->signed_map };
  for (guint i = 0; i < G_N_ELEMENTS (drop_downs); i++)
    g_signal_connect_swapped (drop_downs[i], "notify::selected", G_CALLBACK (on_control), self);
  for (int mode = UI_MODE_OVERLAY; mode <= UI_MODE_PHOTO; mode++)
    g_signal_connect_swapped (mode_button (self, (UiMode)mode), "toggled", G_CALLBACK (on_mode), self);
  g_signal_connect_swapped (self->opacity, "value-changed", G_CALLBACK (on_control), self);
  g_signal_connect_swapped (self->percentile, "value-changed", G_CALLBACK (on_control), self);
  g_signal_connect_swapped (self->fade, "toggled", G_CALLBACK (on_control), self);
  g_signal_connect_swapped (self->reset, "clicked", G_CALLBACK (on_reset), self);
}
