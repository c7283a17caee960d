/* See squeezer.h. Both labels are always there; the one that fits is shown. */
#include "ui/squeezer.h"

struct _UiSqueezer
{
  GtkWidget parent_instance;
  GtkWidget *full, *shorter;
};

G_DEFINE_FINAL_TYPE (UiSqueezer, ui_squeezer, GTK_TYPE_WIDGET)

void
ui_squeezer_set (UiSqueezer *self, const char *text, const char *shorter)
{
  gtk_label_set_markup (GTK_LABEL (self->full), text);
  gtk_label_set_markup (GTK_LABEL (self->shorter), shorter);
}

static void
ui_squeezer_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                     int *minimum_baseline, int *natural_baseline)
{
  UiSqueezer *self = UI_SQUEEZER (widget);
  int least, most;
  gtk_widget_measure (self->shorter, orientation, -1, minimum, &least, minimum_baseline, natural_baseline);
  gtk_widget_measure (self->full, orientation, -1, NULL, &most, NULL, NULL);
  *natural = MAX (least, most);
}

static void
ui_squeezer_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  UiSqueezer *self = UI_SQUEEZER (widget);
  int wanted;
  gtk_widget_measure (self->full, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &wanted, NULL, NULL);
  gboolean fits = wanted <= width;
  gtk_widget_set_child_visible (self->full, fits);
  gtk_widget_set_child_visible (self->shorter, !fits);
  gtk_widget_size_allocate (fits ? self->full : self->shorter, &(GtkAllocation){ 0, 0, width, height }, baseline);
}

static void
ui_squeezer_dispose (GObject *object)
{
  UiSqueezer *self = UI_SQUEEZER (object);
  g_clear_pointer (&self->full, gtk_widget_unparent);
  g_clear_pointer (&self->shorter, gtk_widget_unparent);
  G_OBJECT_CLASS (ui_squeezer_parent_class)->dispose (object);
}

static void
ui_squeezer_class_init (UiSqueezerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_squeezer_dispose;
  widget_class->measure = ui_squeezer_measure;
  widget_class->size_allocate = ui_squeezer_size_allocate;
  gtk_widget_class_set_css_name (widget_class, "squeezer");
}

static GtkWidget *
make_label (UiSqueezer *self)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_parent (label, GTK_WIDGET (self));
  return label;
}

static void
ui_squeezer_init (UiSqueezer *self)
{
  self->full = make_label (self);
  self->shorter = make_label (self);
}
