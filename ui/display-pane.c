/* See display-pane.h. Controls are filled from the session while @updating, so that showing a value
 * is not taken for changing it. */
#include "ui/display-pane.h"

#include "ui/bare-spin.h"
#include "ui/agreement-panel.h"
#include "ui/histogram.h"
#include "ui/ramp-drop-down.h"

#include <math.h>

struct _UiDisplayPane
{
  GtkWidget parent_instance;
  UiSession *session;
  gboolean updating;
  UiSlot *slot; /* whose range is shown; NULL: none */
  GtkToggleButton *modes[UI_N_MODES];
  GtkAdjustment *opacity, *threshold;
  GtkSpinButton *opacity_spin, *threshold_spin, *percentile;
  GtkWidget *threshold_label, *threshold_scale;
  GtkDropDown *photo, *values, *clip, *same, *smoothing, *unsigned_map, *signed_map;
  GtkCheckButton *fade;
  GtkGrid *colour_group;
  GtkLabel *unsigned_name, *range_of;
  UiHistogram *histogram;
  GtkWidget *ends_label, *ends, *signed_ends;
  GtkEntry *low, *high;
  UiAgreementPanel *agreement;
  GtkButton *reset;
};

G_DEFINE_FINAL_TYPE (UiDisplayPane, ui_display_pane, GTK_TYPE_WIDGET)

/* Buttons of the template by mode. */
static const char *const mode_names[UI_N_MODES] = {
  [UI_MODE_OVERLAY] = "mode_overlay", [UI_MODE_MAP] = "mode_map",       [UI_MODE_OUTLINE] = "mode_outline",
  [UI_MODE_PHOTO] = "mode_photo",     [UI_MODE_MASKED] = "mode_masked", [UI_MODE_FADED] = "mode_faded",
};

/* A person's number, whichever way the decimal point is written. */
static void
show_number (GtkEntry *entry, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  if (!gtk_widget_has_focus (gtk_widget_get_first_child (GTK_WIDGET (entry))))
    gtk_editable_set_text (GTK_EDITABLE (entry), g_ascii_formatd (text, sizeof text, "%.4g", value));
}

/* The selected tile's values, and the colours they have. */
static void
update_range (UiDisplayPane *self)
{
  const UiDisplay *display = ui_session_display (self->session);
  UiScale scale = { .empty = TRUE };
  const UiSpread *spread = self->slot ? ui_slot_spread (self->slot) : NULL;
  gboolean shows = spread && ui_session_scale (self->session, self->slot, &scale);
  g_autofree char *of = shows ? g_strdup_printf ("of %s", ui_slot_name (self->slot)) : g_strdup ("");
  gtk_label_set_label (self->range_of, of);
  ui_histogram_set (self->histogram, shows ? spread : NULL, &scale, ui_display_colormap (display, scale.sign));
}

static void
update (UiDisplayPane *self)
{
  const UiDisplay *display = ui_session_display (self->session);
  gboolean manual = display->range.clip == UI_CLIP_MANUAL, uses_threshold = ui_display_uses_threshold (display);
  self->updating = TRUE;
  gtk_toggle_button_set_active (self->modes[display->mode], TRUE);
  gtk_adjustment_set_value (self->opacity, display->opacity * 100);
  gtk_adjustment_set_value (self->threshold, display->threshold * 100);
  gtk_widget_set_visible (self->threshold_label, uses_threshold);
  gtk_widget_set_visible (self->threshold_scale, uses_threshold);
  gtk_widget_set_visible (GTK_WIDGET (self->threshold_spin), uses_threshold);
  gtk_drop_down_set_selected (self->photo, display->photo);
  gtk_check_button_set_active (self->fade, display->fade);
  gtk_drop_down_set_selected (self->values, display->range.values);
  gtk_drop_down_set_selected (self->clip, display->range.clip);
  gtk_spin_button_set_value (self->percentile, display->range.percentile);
  gtk_widget_set_visible (GTK_WIDGET (self->percentile), display->range.clip == UI_CLIP_PERCENTILE);
  gtk_widget_set_visible (self->ends_label, manual);
  gtk_widget_set_visible (self->ends, manual);
  show_number (self->low, display->range.lo);
  show_number (self->high, display->range.hi);
  gtk_drop_down_set_selected (self->same, display->same);
  gtk_drop_down_set_selected (self->smoothing, display->smoothing);
  ui_ramp_drop_down_set (self->unsigned_map, display->unsigned_map);
  ui_ramp_drop_down_set (self->signed_map, display->signed_map);
  gtk_label_set_label (self->unsigned_name, display->unsigned_map->name);
  update_range (self);
  self->updating = FALSE;
}

/* A range set by hand begins where the colours end now. */
static void
begin_manual (UiDisplayPane *self, UiRange *range)
{
  UiScale scale;
  if (self->slot && ui_session_scale (self->session, self->slot, &scale) && !scale.flat && !scale.empty)
    {
      range->lo = scale.lo;
      range->hi = scale.hi;
    }
}

static void
on_control (UiDisplayPane *self)
{
  if (self->updating || !self->session)
    return;
  UiDisplay *display = ui_session_display (self->session);
  UiClip clip = (UiClip)gtk_drop_down_get_selected (self->clip);
  if (clip == UI_CLIP_MANUAL && display->range.clip != UI_CLIP_MANUAL)
    begin_manual (self, &display->range);
  display->opacity = gtk_adjustment_get_value (self->opacity) / 100;
  display->photo = (UiPhoto)gtk_drop_down_get_selected (self->photo);
  display->fade = gtk_check_button_get_active (self->fade);
  display->range.values = (UiValues)gtk_drop_down_get_selected (self->values);
  display->range.clip = clip;
  display->range.percentile = gtk_spin_button_get_value (self->percentile);
  display->same = (UiSameScale)gtk_drop_down_get_selected (self->same);
  display->smoothing = (UiSmoothing)gtk_drop_down_get_selected (self->smoothing);
  display->unsigned_map = ui_ramp_drop_down_get (self->unsigned_map);
  display->signed_map = ui_ramp_drop_down_get (self->signed_map);
  ui_session_display_changed (self->session);
}

static void
on_threshold (UiDisplayPane *self)
{
  if (!self->updating && self->session)
    ui_threshold_set_share (ui_session_threshold (self->session), gtk_adjustment_get_value (self->threshold) / 100);
}

static void
set_range (UiDisplayPane *self, double lo, double hi)
{
  UiRange *range = &ui_session_display (self->session)->range;
  range->clip = UI_CLIP_MANUAL;
  range->lo = lo;
  range->hi = hi;
  ui_session_display_changed (self->session);
}

/* What is no number, or no range, is put back. */
static void
on_ends (UiDisplayPane *self)
{
  const UiRange *range = &ui_session_display (self->session)->range;
  const char *low = gtk_editable_get_text (GTK_EDITABLE (self->low)),
             *high = gtk_editable_get_text (GTK_EDITABLE (self->high));
  char *low_end, *high_end;
  double lo = g_strtod (low, &low_end), hi = g_strtod (high, &high_end);
  if (self->updating || (lo == range->lo && hi == range->hi))
    return;
  if (low_end != low && high_end != high && hi > lo && isfinite (lo) && isfinite (hi))
    set_range (self, lo, hi);
  else
    {
      gtk_widget_error_bell (GTK_WIDGET (self));
      update (self);
    }
}

static void
on_mode (UiDisplayPane *self, GtkToggleButton *button)
{
  if (self->updating || !gtk_toggle_button_get_active (button))
    return;
  for (guint mode = 0; mode < UI_N_MODES; mode++)
    if (self->modes[mode] == button)
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

void
ui_display_pane_set_session (UiDisplayPane *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (update_range), self, G_CONNECT_SWAPPED);
  ui_agreement_panel_set_session (self->agreement, session);
  update (self);
}

void
ui_display_pane_set_slot (UiDisplayPane *self, UiSlot *slot)
{
  if (self->slot)
    g_signal_handlers_disconnect_by_data (self->slot, self);
  g_set_object (&self->slot, slot);
  if (slot)
    g_signal_connect_swapped (slot, "changed", G_CALLBACK (update_range), self);
  update_range (self);
}

static void
ui_display_pane_dispose (GObject *object)
{
  UiDisplayPane *self = UI_DISPLAY_PANE (object);
  self->updating = TRUE; /* controls that go away change nothing */
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  if (self->slot)
    g_signal_handlers_disconnect_by_data (self->slot, self);
  g_clear_object (&self->slot);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_display_pane_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiDisplayPane, member)

static void
ui_display_pane_class_init (UiDisplayPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_display_pane_dispose;
  g_type_ensure (UI_TYPE_HISTOGRAM);
  g_type_ensure (UI_TYPE_AGREEMENT_PANEL);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/display-pane.ui");
  for (guint i = 0; i < UI_N_MODES; i++)
    gtk_widget_class_bind_template_child_full (widget_class, mode_names[i], FALSE, 0);
  BIND (opacity);
  BIND (signed_ends);
  BIND (threshold);
  BIND (threshold_spin);
  BIND (threshold_label);
  BIND (threshold_scale);
  BIND (opacity_spin);
  BIND (photo);
  BIND (fade);
  BIND (colour_group);
  BIND (unsigned_name);
  BIND (values);
  BIND (range_of);
  BIND (histogram);
  BIND (ends_label);
  BIND (ends);
  BIND (low);
  BIND (high);
  BIND (same);
  BIND (agreement);
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
  gtk_widget_set_direction (self->signed_ends, GTK_TEXT_DIR_LTR); /* as the ramp above is drawn */
  self->unsigned_map = add_ramp (self, ENG_SIGN_UNSIGNED, "Colours of unsigned maps", 1);
  self->signed_map = add_ramp (self, ENG_SIGN_SIGNED, "Colours of signed maps", 3);
  GtkSpinButton *spins[] = { self->opacity_spin, self->threshold_spin, self->percentile };
  for (guint i = 0; i < G_N_ELEMENTS (spins); i++)
    {
      ui_spin_hide_buttons (spins[i]);
      g_signal_connect (spins[i], "output", G_CALLBACK (on_percent_output), NULL);
      g_signal_connect (spins[i], "input", G_CALLBACK (on_percent_input), NULL);
    }
  GtkDropDown *drop_downs[] = { self->photo,     self->values,       self->clip,      self->same,
                                self->smoothing, self->unsigned_map, self->signed_map };
  for (guint i = 0; i < G_N_ELEMENTS (drop_downs); i++)
    g_signal_connect_swapped (drop_downs[i], "notify::selected", G_CALLBACK (on_control), self);
  for (guint mode = 0; mode < UI_N_MODES; mode++)
    {
      self->modes[mode] = GTK_TOGGLE_BUTTON (
          gtk_widget_get_template_child (GTK_WIDGET (self), UI_TYPE_DISPLAY_PANE, mode_names[mode]));
      g_signal_connect_swapped (self->modes[mode], "toggled", G_CALLBACK (on_mode), self);
    }
  GtkEntry *entries[] = { self->low, self->high };
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      GtkEventController *focus = gtk_event_controller_focus_new ();
      g_signal_connect_swapped (focus, "leave", G_CALLBACK (on_ends), self);
      gtk_widget_add_controller (GTK_WIDGET (entries[i]), focus);
      g_signal_connect_swapped (entries[i], "activate", G_CALLBACK (on_ends), self);
    }
  g_signal_connect_swapped (self->histogram, "range", G_CALLBACK (set_range), self);
  g_signal_connect_swapped (self->threshold, "value-changed", G_CALLBACK (on_threshold), self);
  g_signal_connect_swapped (self->opacity, "value-changed", G_CALLBACK (on_control), self);
  g_signal_connect_swapped (self->percentile, "value-changed", G_CALLBACK (on_control), self);
  g_signal_connect_swapped (self->fade, "toggled", G_CALLBACK (on_control), self);
  g_signal_connect_swapped (self->reset, "clicked", G_CALLBACK (on_reset), self);
}
