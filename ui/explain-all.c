/* See explain-all.h. The times are those that the methods took for the maps on show. */
#include "ui/explain-all.h"

#include "ui/batch-row.h"
#include "ui/draw/words.h"

struct _UiExplainAll
{
  GtkPopover parent_instance;
  UiSession *session;
  GtkLabel *title, *estimate;
  GtkWidget *scrolled, *methods, *start;
  UiBatchRow *row;
};

G_DEFINE_FINAL_TYPE (UiExplainAll, ui_explain_all, GTK_TYPE_POPOVER)

/* (transfer full): of UiSlot, the ticked ones. */
static GPtrArray *
chosen (UiExplainAll *self)
{
  GPtrArray *slots = g_ptr_array_new_with_free_func (g_object_unref);
  for (GtkWidget *row = gtk_widget_get_first_child (self->methods); row; row = gtk_widget_get_next_sibling (row))
    if (gtk_check_button_get_active (GTK_CHECK_BUTTON (row)))
      g_ptr_array_add (slots, g_object_ref (g_object_get_data (G_OBJECT (row), "slot")));
  return slots;
}

static void
update (UiExplainAll *self)
{
  g_autoptr (GPtrArray) slots = chosen (self);
  guint n = g_list_model_get_n_items (ui_session_filtered (self->session));
  gboolean idle = ui_batch_state (ui_session_batch (self->session)) == UI_BATCH_IDLE
                  || !ui_batch_explains (ui_session_batch (self->session));
  double seconds = 0;
  gboolean known = slots->len > 0;
  for (guint i = 0; i < slots->len; i++)
    {
      known = known && ui_slot_seconds (slots->pdata[i]) >= 0;
      seconds += ui_slot_seconds (slots->pdata[i]);
    }
  g_autofree char *count = ui_words_count (n), *duration = ui_words_duration (seconds * n);
  g_autofree char *title = g_strdup_printf ("Explain %s picture%s", count, n == 1 ? "" : "s");
  g_autofree char *takes = known
                               ? g_strdup_printf ("Takes %s, less for pictures that are explained already.", duration)
                               : g_strdup (slots->len ? "How long it takes is known after a few pictures."
                                                      : "Tick the methods to explain with.");
  gtk_label_set_label (self->title, title);
  gtk_label_set_label (self->estimate, takes);
  gtk_widget_set_visible (GTK_WIDGET (self->estimate), idle);
  gtk_widget_set_visible (self->scrolled, idle);
  gtk_widget_set_visible (self->start, idle);
  gtk_widget_set_sensitive (self->start, slots->len > 0 && n > 0);
}

static void
add_method (UiExplainAll *self, UiSlot *slot)
{
  GtkWidget *check = gtk_check_button_new_with_label (ui_slot_method (slot)->name);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (check), ui_slot_shown (slot));
  g_object_set_data_full (G_OBJECT (check), "slot", g_object_ref (slot), g_object_unref);
  g_signal_connect_object (check, "toggled", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self->methods), check);
}

/* Ticked as the tiles are; those first. */
static void
fill (UiExplainAll *self)
{
  GListModel *slots = ui_session_slots (self->session);
  for (GtkWidget *row; (row = gtk_widget_get_first_child (self->methods));)
    gtk_box_remove (GTK_BOX (self->methods), row);
  for (int shown = 1; shown >= 0; shown--)
    for (guint i = 0; ui_session_model (self->session) && i < g_list_model_get_n_items (slots); i++)
      {
        g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
        if (ui_slot_applies (slot) && ui_slot_shown (slot) == shown)
          add_method (self, slot);
      }
  update (self);
}

static void
on_start (UiExplainAll *self)
{
  GListModel *list = ui_session_filtered (self->session);
  g_autoptr (GPtrArray) slots = chosen (self), pictures = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    g_ptr_array_add (pictures, g_list_model_get_item (list, i));
  ui_batch_start (ui_session_batch (self->session), pictures, slots);
  gtk_popover_popdown (GTK_POPOVER (self));
}

void
ui_explain_all_set_session (UiExplainAll *self, UiSession *session)
{
  self->session = g_object_ref (session);
  ui_batch_row_set_session (self->row, session);
  g_signal_connect_object (ui_session_batch (session), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  fill (self);
}

static void
ui_explain_all_dispose (GObject *object)
{
  g_clear_object (&UI_EXPLAIN_ALL (object)->session);
  G_OBJECT_CLASS (ui_explain_all_parent_class)->dispose (object);
}

static void
ui_explain_all_class_init (UiExplainAllClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_explain_all_dispose;
  g_type_ensure (UI_TYPE_BATCH_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/explain-all.ui");
  gtk_widget_class_bind_template_child (widget_class, UiExplainAll, title);
  gtk_widget_class_bind_template_child (widget_class, UiExplainAll, scrolled);
  gtk_widget_class_bind_template_child (widget_class, UiExplainAll, methods);
  gtk_widget_class_bind_template_child (widget_class, UiExplainAll, estimate);
  gtk_widget_class_bind_template_child (widget_class, UiExplainAll, row);
  gtk_widget_class_bind_template_child (widget_class, UiExplainAll, start);
}

static void
ui_explain_all_init (UiExplainAll *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (self, "show", G_CALLBACK (fill), NULL);
  g_signal_connect_swapped (self->start, "clicked", G_CALLBACK (on_start), self);
}
