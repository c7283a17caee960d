/* See task-button.h. */
#include "ui/task-button.h"

#include <math.h>

#include "ui/batch-row.h"

struct _UiTaskButton
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkWidget *button, *pie, *count, *list, *batch, *idle, *stop_all;
  double progress; /* mean over unfinished jobs */
  guint n_busy;
};

G_DEFINE_FINAL_TYPE (UiTaskButton, ui_task_button, GTK_TYPE_WIDGET)

static void
draw_pie (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  UiTaskButton *self = data;
  GdkRGBA color;
  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (area)), &color);
  double x = width / 2.0, y = height / 2.0, radius = MIN (x, y) - 1;
  cairo_set_line_width (cr, 1);
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, self->n_busy ? 0.8 : 0.35);
  cairo_arc (cr, x, y, radius, 0, 2 * G_PI);
  cairo_stroke (cr);
  if (!self->n_busy)
    return;
  cairo_move_to (cr, x, y);
  cairo_arc (cr, x, y, radius, -G_PI / 2, -G_PI / 2 + 2 * G_PI * self->progress);
  cairo_fill (cr);
}

static gboolean
is_busy (UiSlot *slot)
{
  return ui_slot_state (slot) == UI_SLOT_QUEUED || ui_slot_state (slot) == UI_SLOT_RUNNING;
}

static GtkWidget *
make_row (UiTaskButton *self, UiSlot *slot)
{
  UiPicture *picture = ui_session_picture (self->session);
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *bar = gtk_progress_bar_new ();
  g_autofree char *text = g_strdup_printf ("%s · %s", ui_slot_name (slot), picture ? ui_picture_name (picture) : "");
  GtkWidget *label = gtk_label_new (text), *stop = gtk_button_new_from_icon_name ("sl-stop-symbolic");
  g_autofree char *stop_label = g_strdup_printf ("Stop %s", ui_slot_name (slot));
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_width_chars (GTK_LABEL (label), 22);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_set_valign (bar, GTK_ALIGN_CENTER);
  gtk_widget_set_size_request (bar, 90, -1);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (bar), ui_slot_progress (slot));
  gtk_accessible_update_property (GTK_ACCESSIBLE (bar), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_add_css_class (stop, "flat");
  gtk_widget_set_tooltip_text (stop, stop_label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (stop), GTK_ACCESSIBLE_PROPERTY_LABEL, stop_label, -1);
  g_signal_connect_object (stop, "clicked", G_CALLBACK (ui_slot_stop), slot, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (row), label);
  gtk_box_append (GTK_BOX (row), bar);
  gtk_box_append (GTK_BOX (row), stop);
  g_object_set_data_full (G_OBJECT (row), "slot", g_object_ref (slot), g_object_unref);
  g_object_set_data (G_OBJECT (row), "bar", bar);
  return row;
}

static GtkWidget *
find_row (UiTaskButton *self, UiSlot *slot)
{
  for (GtkWidget *row = gtk_widget_get_first_child (self->list); row; row = gtk_widget_get_next_sibling (row))
    if (g_object_get_data (G_OBJECT (row), "slot") == slot)
      return row;
  return NULL;
}

/* Rows come and go with their jobs; one that stays keeps its widgets, so that a click is not lost. */
static void
update_slot (UiTaskButton *self, UiSlot *slot)
{
  GtkWidget *row = find_row (self, slot);
  if (is_busy (slot) && !row)
    gtk_box_append (GTK_BOX (self->list), make_row (self, slot));
  else if (!is_busy (slot) && row)
    gtk_box_remove (GTK_BOX (self->list), row);
  else if (row)
    gtk_progress_bar_set_fraction (g_object_get_data (G_OBJECT (row), "bar"), ui_slot_progress (slot));
}

static void
update (UiTaskButton *self)
{
  GListModel *slots = ui_session_slots (self->session);
  double sum = 0;
  self->n_busy = 0;
  for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      update_slot (self, slot);
      self->n_busy += is_busy (slot);
      sum += is_busy (slot) ? ui_slot_progress (slot) : 0;
    }
  UiBatch *batch = ui_session_batch (self->session);
  if (ui_batch_state (batch) != UI_BATCH_IDLE)
    {
      self->n_busy++;
      sum += ui_batch_progress (batch);
    }
  self->progress = self->n_busy ? sum / self->n_busy : 0;
  g_autofree char *count = self->n_busy ? g_strdup_printf ("%u", self->n_busy) : g_strdup ("");
  gtk_label_set_label (GTK_LABEL (self->count), count);
  gtk_widget_set_visible (self->count, self->n_busy > 0);
  gtk_widget_set_visible (self->idle, self->n_busy == 0);
  gtk_widget_set_visible (self->stop_all, self->n_busy > 0);
  gtk_widget_queue_draw (self->pie);
}

void
ui_task_button_set_session (UiTaskButton *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "jobs-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_batch (session), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  ui_batch_row_set_session (UI_BATCH_ROW (self->batch), session);
  update (self);
}

static void
ui_task_button_dispose (GObject *object)
{
  UiTaskButton *self = UI_TASK_BUTTON (object);
  g_clear_pointer (&self->button, gtk_widget_unparent);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_task_button_parent_class)->dispose (object);
}

static void
ui_task_button_class_init (UiTaskButtonClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_task_button_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
make_popover (UiTaskButton *self)
{
  GtkWidget *popover = gtk_popover_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 8);
  self->list = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  self->batch = ui_batch_row_new ();
  self->idle = gtk_label_new ("Nothing is running");
  self->stop_all = gtk_button_new_with_label ("Stop All");
  gtk_widget_add_css_class (self->idle, "sl-dim");
  gtk_widget_add_css_class (box, "form");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->stop_all), "win.stop-all");
  gtk_widget_set_halign (self->stop_all, GTK_ALIGN_END);
  gtk_box_append (GTK_BOX (box), self->list);
  gtk_box_append (GTK_BOX (box), self->batch);
  gtk_box_append (GTK_BOX (box), self->idle);
  gtk_box_append (GTK_BOX (box), self->stop_all);
  gtk_popover_set_child (GTK_POPOVER (popover), box);
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (self->button), popover);
}

static void
ui_task_button_init (UiTaskButton *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->button = gtk_menu_button_new ();
  self->pie = gtk_drawing_area_new ();
  self->count = gtk_label_new (NULL);
  gtk_drawing_area_set_content_width (GTK_DRAWING_AREA (self->pie), 16);
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (self->pie), 16);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->pie), draw_pie, self, NULL);
  gtk_widget_set_valign (self->pie, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (self->count, "sl-num");
  gtk_box_append (GTK_BOX (box), self->pie);
  gtk_box_append (GTK_BOX (box), self->count);
  gtk_menu_button_set_child (GTK_MENU_BUTTON (self->button), box);
  gtk_widget_set_tooltip_text (self->button, "Running Tasks");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, "Running Tasks", -1);
  gtk_widget_set_parent (self->button, GTK_WIDGET (self));
  make_popover (self);
}
