/* See train-button.h. It watches ui/trainings.h by itself. */
#include "ui/train-button.h"

#include "ui/tip.h"
#include "ui/trainings.h"

struct _UiTrainButton
{
  GtkWidget parent_instance;
  GtkWidget *button, *ring;
  GtkLabel *state;
  double progress;
};

G_DEFINE_FINAL_TYPE (UiTrainButton, ui_train_button, GTK_TYPE_WIDGET)

static void
draw_ring (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  UiTrainButton *self = data;
  double x = width / 2.0, y = height / 2.0, radius = MIN (x, y) - 2;
  GdkRGBA color;
  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (area)), &color);
  cairo_set_line_width (cr, 3);
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, 0.25);
  cairo_arc (cr, x, y, radius, 0, 2 * G_PI);
  cairo_stroke (cr);
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, 0.9);
  cairo_arc (cr, x, y, radius, -G_PI / 2, -G_PI / 2 + 2 * G_PI * self->progress);
  cairo_stroke (cr);
}

static void
update (UiTrainButton *self)
{
  UiTrainings *trainings = ui_trainings_get ();
  const EngTrainingStatus *status = ui_trainings_status (trainings);
  gtk_widget_set_visible (GTK_WIDGET (self), ui_trainings_active (trainings));
  if (!ui_trainings_active (trainings))
    return;
  g_autofree char *words = ui_trainings_words (trainings), *spoken = g_strdup_printf ("Training %s", words);
  g_autofree char *percent = g_strdup_printf ("%.0f %%", 100 * ui_trainings_progress (trainings));
  self->progress = ui_trainings_progress (trainings);
  gtk_label_set_label (self->state, status->state == ENG_TRAINING_PAUSED   ? "Paused"
                                    : status->state < ENG_TRAINING_RUNNING ? "Reading"
                                                                           : percent);
  ui_tip_set (self->button, spoken);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_widget_queue_draw (self->ring);
}

static void
ui_train_button_dispose (GObject *object)
{
  UiTrainButton *self = UI_TRAIN_BUTTON (object);
  g_clear_pointer (&self->button, gtk_widget_unparent);
  G_OBJECT_CLASS (ui_train_button_parent_class)->dispose (object);
}

static void
ui_train_button_class_init (UiTrainButtonClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_train_button_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
ui_train_button_init (UiTrainButton *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->button = gtk_button_new ();
  self->ring = gtk_drawing_area_new ();
  self->state = GTK_LABEL (gtk_label_new (""));
  gtk_drawing_area_set_content_width (GTK_DRAWING_AREA (self->ring), 16);
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (self->ring), 16);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->ring), draw_ring, self, NULL);
  gtk_widget_set_valign (self->ring, GTK_ALIGN_CENTER);
  gtk_label_set_width_chars (self->state, 7); /* what stands beside it keeps its place */
  gtk_widget_add_css_class (GTK_WIDGET (self->state), "sl-num");
  gtk_box_append (GTK_BOX (box), self->ring);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->state));
  gtk_button_set_child (GTK_BUTTON (self->button), box);
  gtk_actionable_set_detailed_action_name (GTK_ACTIONABLE (self->button), "win.train('')");
  gtk_widget_set_parent (self->button, GTK_WIDGET (self));
  g_signal_connect_object (ui_trainings_get (), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}
