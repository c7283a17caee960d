/* See squeezer.h. All labels are always there; the longest that fits is shown. */
#include "ui/squeezer.h"

struct _UiSqueezer
{
  GtkWidget parent_instance;
  GtkWidget *labels[UI_SQUEEZER_WORDINGS];
};

G_DEFINE_FINAL_TYPE (UiSqueezer, ui_squeezer, GTK_TYPE_WIDGET)

#define SHORTEST (UI_SQUEEZER_WORDINGS - 1)

void
ui_squeezer_set (UiSqueezer *self, const char *const wordings[UI_SQUEEZER_WORDINGS])
{
  const char *text = "";
  for (int i = 0; i < UI_SQUEEZER_WORDINGS; i++)
    {
      text = wordings[i] ? wordings[i] : text;
      gtk_label_set_markup (GTK_LABEL (self->labels[i]), text);
    }
}

static void
ui_squeezer_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                     int *minimum_baseline, int *natural_baseline)
{
  UiSqueezer *self = UI_SQUEEZER (widget);
  gtk_widget_measure (self->labels[SHORTEST], orientation, -1, minimum, natural, minimum_baseline, natural_baseline);
  for (int i = 0; i < SHORTEST; i++)
    {
      int wanted;
      gtk_widget_measure (self->labels[i], orientation, -1, NULL, &wanted, NULL, NULL);
      *natural = MAX (*natural, wanted);
    }
}

static void
ui_squeezer_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  UiSqueezer *self = UI_SQUEEZER (widget);
  int shown = 0;
  for (; shown < SHORTEST; shown++)
    {
      int wanted;
      gtk_widget_measure (self->labels[shown], GTK_ORIENTATION_HORIZONTAL, -1, NULL, &wanted, NULL, NULL);
      if (wanted <= width)
        break;
    }
  for (int i = 0; i < UI_SQUEEZER_WORDINGS; i++)
    gtk_widget_set_child_visible (self->labels[i], i == shown);
  gtk_widget_size_allocate (self->labels[shown], &(GtkAllocation){ 0, 0, width, height }, baseline);
}

static void
ui_squeezer_dispose (GObject *object)
{
  UiSqueezer *self = UI_SQUEEZER (object);
  for (int i = 0; i < UI_SQUEEZER_WORDINGS; i++)
    g_clear_pointer (&self->labels[i], gtk_widget_unparent);
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
  for (int i = 0; i < UI_SQUEEZER_WORDINGS; i++)
    self->labels[i] = make_label (self);
}
