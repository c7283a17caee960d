/* See paint-pane.h. */
#include "ui/paint-pane.h"

#include "ui/mask.h"

struct _UiPaintPane
{
  GtkWidget parent_instance;
  UiSession *session;
  UiPaintView *view;
  GtkWidget *tools, *clear, *take;
  GtkToggleButton *paint, *erase;
  GtkAdjustment *size;
  GtkLabel *covered;
};

G_DEFINE_FINAL_TYPE (UiPaintPane, ui_paint_pane, GTK_TYPE_WIDGET)

static void
update (UiPaintPane *self)
{
  const UiMask *mask = ui_session_mask (self->session);
  int painted = mask ? ui_mask_painted (mask) : 0, n = ui_threshold_n (ui_session_threshold (self->session));
  g_autofree char *text =
      painted ? g_strdup_printf ("%.1f %% painted, %d of %d model pixels", 100.0 * painted / n, painted, n)
              : g_strdup ("Nothing is painted yet");
  gtk_label_set_label (self->covered, text);
  gtk_widget_set_sensitive (self->clear, painted > 0);
  gtk_widget_set_sensitive (self->take, painted > 0);
  gtk_widget_set_sensitive (GTK_WIDGET (self->view), ui_session_can_paint (self->session));
}

static void
on_size (UiPaintPane *self)
{
  ui_paint_view_set_radius (self->view, gtk_adjustment_get_value (self->size) / 2);
}

static void
on_brush (UiPaintPane *self)
{
  gtk_adjustment_set_value (self->size, 2 * ui_paint_view_radius (self->view));
}

static void
on_erase (UiPaintPane *self)
{
  ui_paint_view_set_erases (self->view, gtk_toggle_button_get_active (self->erase));
}

static void
on_clear (UiPaintPane *self)
{
  ui_session_clear_mask (self->session);
}

static void
on_take (UiPaintPane *self)
{
  const UiMask *mask = ui_session_mask (self->session);
  if (mask)
    ui_threshold_set_share (ui_session_threshold (self->session), (double)ui_mask_painted (mask) / ui_mask_n (mask));
}

UiPaintView *
ui_paint_pane_view (UiPaintPane *self)
{
  return self->view;
}

void
ui_paint_pane_set_session (UiPaintPane *self, UiSession *session)
{
  self->session = g_object_ref (session);
  self->view = UI_PAINT_VIEW (ui_paint_view_new (session));
  gtk_widget_insert_before (GTK_WIDGET (self->view), GTK_WIDGET (self), self->tools);
  g_signal_connect_object (self->view, "brush-changed", G_CALLBACK (on_brush), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  on_brush (self);
  update (self);
}

static void
ui_paint_pane_dispose (GObject *object)
{
  UiPaintPane *self = UI_PAINT_PANE (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_paint_pane_parent_class)->dispose (object);
}

static void
ui_paint_pane_class_init (UiPaintPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_paint_pane_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/paint-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, UiPaintPane, tools);
  gtk_widget_class_bind_template_child (widget_class, UiPaintPane, clear);
  gtk_widget_class_bind_template_child (widget_class, UiPaintPane, take);
  gtk_widget_class_bind_template_child (widget_class, UiPaintPane, paint);
  gtk_widget_class_bind_template_child (widget_class, UiPaintPane, erase);
  gtk_widget_class_bind_template_child (widget_class, UiPaintPane, size);
  gtk_widget_class_bind_template_child (widget_class, UiPaintPane, covered);
}

static void
ui_paint_pane_init (UiPaintPane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->size, "value-changed", G_CALLBACK (on_size), self);
  g_signal_connect_swapped (self->erase, "toggled", G_CALLBACK (on_erase), self);
  g_signal_connect_swapped (self->clear, "clicked", G_CALLBACK (on_clear), self);
  g_signal_connect_swapped (self->take, "clicked", G_CALLBACK (on_take), self);
}
