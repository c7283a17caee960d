/* See batch-row.h. */
#include "ui/batch-row.h"

struct _UiBatchRow
{
  GtkWidget parent_instance;
  UiBatch *batch;
  GtkWidget *label, *bar, *pause, *stop;
};

G_DEFINE_FINAL_TYPE (UiBatchRow, ui_batch_row, GTK_TYPE_WIDGET)

static void
set_words (GtkWidget *button, const char *words)
{
  gtk_widget_set_tooltip_text (button, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
}

static void
update (UiBatchRow *self)
{
  UiBatchState state = ui_batch_state (self->batch);
  gboolean paused = state == UI_BATCH_PAUSED;
  g_autofree char *status = ui_batch_status (self->batch);
  gtk_widget_set_visible (GTK_WIDGET (self), state != UI_BATCH_IDLE);
  gtk_label_set_label (GTK_LABEL (self->label), status);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), ui_batch_progress (self->batch));
  gtk_button_set_icon_name (GTK_BUTTON (self->pause), paused ? "sl-play-symbolic" : "sl-pause-symbolic");
  set_words (self->pause, paused ? "Resume" : "Pause");
}

static void
on_pause (UiBatchRow *self)
{
  if (ui_batch_state (self->batch) == UI_BATCH_PAUSED)
    ui_batch_resume (self->batch);
  else
    ui_batch_pause (self->batch);
}

static void
on_stop (UiBatchRow *self)
{
  ui_batch_stop (self->batch);
}

void
ui_batch_row_set_session (UiBatchRow *self, UiSession *session)
{
  g_set_object (&self->batch, ui_session_batch (session));
  g_signal_connect_object (self->batch, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

GtkWidget *
ui_batch_row_new (void)
{
  return g_object_new (UI_TYPE_BATCH_ROW, NULL);
}

static void
ui_batch_row_dispose (GObject *object)
{
  UiBatchRow *self = UI_BATCH_ROW (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->batch);
  G_OBJECT_CLASS (ui_batch_row_parent_class)->dispose (object);
}

static void
ui_batch_row_class_init (UiBatchRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_batch_row_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
}

static GtkWidget *
add_button (UiBatchRow *self, const char *icon, void (*clicked) (UiBatchRow *self))
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);
  gtk_widget_add_css_class (button, "flat");
  g_signal_connect_object (button, "clicked", G_CALLBACK (clicked), self, G_CONNECT_SWAPPED);
  gtk_widget_set_parent (button, GTK_WIDGET (self));
  return button;
}

static void
ui_batch_row_init (UiBatchRow *self)
{
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self))), 8);
  self->label = gtk_label_new (NULL);
  self->bar = gtk_progress_bar_new ();
  gtk_label_set_xalign (GTK_LABEL (self->label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->label), PANGO_ELLIPSIZE_END);
  gtk_label_set_width_chars (GTK_LABEL (self->label), 34);
  gtk_widget_add_css_class (self->label, "sl-num");
  gtk_widget_set_hexpand (self->label, TRUE);
  gtk_widget_set_valign (self->bar, GTK_ALIGN_CENTER);
  gtk_widget_set_size_request (self->bar, 90, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->bar), GTK_ACCESSIBLE_PROPERTY_LABEL, "Pictures done", -1);
  gtk_widget_set_parent (self->label, GTK_WIDGET (self));
  gtk_widget_set_parent (self->bar, GTK_WIDGET (self));
  self->pause = add_button (self, "sl-pause-symbolic", on_pause);
  self->stop = add_button (self, "sl-stop-symbolic", on_stop);
  set_words (self->stop, "Stop the line of pictures");
}
