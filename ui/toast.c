/* See toast.h. It stays while the pointer or the focus is on it. */
#include "ui/toast.h"

#define STAYS_MS 5000
#define SLIDE_MS 150

struct _UiToast
{
  GtkWidget parent_instance;
  GtkRevealer *revealer;
  GtkLabel *text;
  GtkButton *button;
  guint timer;
  gboolean hovered, focused;
};

G_DEFINE_FINAL_TYPE (UiToast, ui_toast, GTK_TYPE_WIDGET)

static gboolean
on_timer (gpointer data)
{
  UiToast *self = data;
  self->timer = 0;
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
  gtk_widget_set_can_target (GTK_WIDGET (self), FALSE);
  return G_SOURCE_REMOVE;
}

static void
wait (UiToast *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (!self->hovered && !self->focused)
    self->timer = g_timeout_add (STAYS_MS, on_timer, self);
}

static void
on_hover (GtkEventController *controller, GParamSpec *spec, UiToast *self)
{
  self->hovered = gtk_event_controller_motion_contains_pointer (GTK_EVENT_CONTROLLER_MOTION (controller));
  wait (self);
}

static void
on_focus (GtkEventController *controller, GParamSpec *spec, UiToast *self)
{
  self->focused = gtk_event_controller_focus_contains_focus (GTK_EVENT_CONTROLLER_FOCUS (controller));
  wait (self);
}

/* The parameter goes first: GTK complains of a name whose action wants another one. */
static void
set_action (GtkActionable *button, const char *action)
{
  g_autofree char *name = NULL;
  GVariant *target = NULL;
  gtk_actionable_set_action_name (button, NULL);
  g_action_parse_detailed_name (action, &name, &target, NULL);
  gtk_actionable_set_action_target_value (button, target);
  gtk_actionable_set_action_name (button, name);
  g_clear_pointer (&target, g_variant_unref);
}

void
ui_toast_show (UiToast *self, const char *text, const char *label, const char *action)
{
  gtk_label_set_label (self->text, text);
  gtk_widget_set_visible (GTK_WIDGET (self->button), label != NULL);
  if (label)
    {
      gtk_button_set_label (self->button, label);
      set_action (GTK_ACTIONABLE (self->button), action);
    }
  gtk_widget_set_can_target (GTK_WIDGET (self), TRUE);
  gtk_revealer_set_reveal_child (self->revealer, TRUE);
  wait (self);
}

const char *
ui_toast_text (UiToast *self)
{
  return gtk_revealer_get_reveal_child (self->revealer) ? gtk_label_get_label (self->text) : NULL;
}

static void
ui_toast_dispose (GObject *object)
{
  UiToast *self = UI_TOAST (object);
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->revealer)
    gtk_widget_unparent (GTK_WIDGET (self->revealer));
  self->revealer = NULL;
  G_OBJECT_CLASS (ui_toast_parent_class)->dispose (object);
}

static void
ui_toast_class_init (UiToastClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_toast_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void
ui_toast_init (UiToast *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkEventController *hover = gtk_event_controller_motion_new (), *focus = gtk_event_controller_focus_new ();
  self->revealer = GTK_REVEALER (gtk_revealer_new ());
  self->text = GTK_LABEL (g_object_new (GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_STATUS, NULL));
  self->button = GTK_BUTTON (gtk_button_new ());
  gtk_label_set_ellipsize (self->text, PANGO_ELLIPSIZE_MIDDLE);
  gtk_widget_set_visible (GTK_WIDGET (self->button), FALSE);
  gtk_widget_add_css_class (box, "toast");
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->text));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->button));
  gtk_revealer_set_child (self->revealer, box);
  gtk_revealer_set_transition_type (self->revealer, GTK_REVEALER_TRANSITION_TYPE_SLIDE_UP);
  gtk_revealer_set_transition_duration (self->revealer, SLIDE_MS);
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_END);
  gtk_widget_set_can_target (GTK_WIDGET (self), FALSE);
  gtk_widget_set_parent (GTK_WIDGET (self->revealer), GTK_WIDGET (self));
  g_signal_connect (hover, "notify::contains-pointer", G_CALLBACK (on_hover), self);
  g_signal_connect (focus, "notify::contains-focus", G_CALLBACK (on_focus), self);
  gtk_widget_add_controller (GTK_WIDGET (self), hover);
  gtk_widget_add_controller (GTK_WIDGET (self), focus);
}
