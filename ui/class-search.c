/* The search below the predictions. It keeps the keyboard focus in the entry: Up and Down move through the hits,
 * Enter takes one, Shift+Enter takes it as the contrast. */
#include "ui/class-list-private.h"

#include <string.h>

static gboolean
matches (gpointer item, gpointer data)
{
  UiClassList *self = data;
  g_autofree char *needle = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->search)), -1);
  g_autofree char *label = g_utf8_casefold (gtk_string_object_get_string (item), -1);
  return strstr (label, needle) != NULL;
}

static void
point_at_entry (UiClassList *self)
{
  graphene_rect_t bounds;
  if (!gtk_widget_compute_bounds (GTK_WIDGET (self->search), GTK_WIDGET (self), &bounds))
    return;
  GdkRectangle rectangle = { (int)bounds.origin.x, (int)bounds.origin.y, (int)bounds.size.width,
                             (int)bounds.size.height };
  gtk_popover_set_pointing_to (self->popover, &rectangle);
}

static void
on_search_changed (UiClassList *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search));
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered), GTK_FILTER_CHANGE_DIFFERENT);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->filtered));
  g_autofree char *message = g_strdup_printf ("No class matches “%s”.", text);
  gtk_label_set_label (self->no_hit, message);
  gtk_stack_set_visible_child_name (self->results, n ? "some" : "none");
  if (n)
    gtk_single_selection_set_selected (self->selection, 0);
  point_at_entry (self);
  if (*text)
    gtk_popover_popup (self->popover);
  else
    gtk_popover_popdown (self->popover);
}

/* Position among all labels of hit @position: labels may repeat, so the object is looked for. */
static void
take_hit (UiClassList *self, guint position, gboolean rather)
{
  g_autoptr (GObject) hit = g_list_model_get_item (G_LIST_MODEL (self->filtered), position);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->labels)), index = n;
  for (guint i = 0; hit && i < n && index == n; i++)
    {
      g_autoptr (GObject) label = g_list_model_get_item (G_LIST_MODEL (self->labels), i);
      if (label == hit)
        index = i;
    }
  if (index == n)
    return;
  gtk_editable_set_text (GTK_EDITABLE (self->search), "");
  gtk_popover_popdown (self->popover);
  if (rather)
    ui_class_list_set_contrast (self, (int)index);
  else
    ui_session_set_target (self->session, (int)index);
}

static void
on_hit_activated (UiClassList *self, guint position)
{
  take_hit (self, position, FALSE);
}

static gboolean
on_search_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiClassList *self)
{
  guint at = gtk_single_selection_get_selected (self->selection);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->filtered));
  if (!gtk_widget_get_visible (GTK_WIDGET (self->popover)))
    return GDK_EVENT_PROPAGATE;
  if ((key == GDK_KEY_Down || key == GDK_KEY_Up) && n > 0)
    {
      guint next = key == GDK_KEY_Down ? MIN (at + 1, n - 1) : at > 0 ? at - 1 : 0;
      gtk_single_selection_set_selected (self->selection, next);
      gtk_widget_activate_action (GTK_WIDGET (self->hits), "list.scroll-to-item", "u", next);
      return GDK_EVENT_STOP;
    }
  if (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter)
    {
      take_hit (self, at, (state & GDK_SHIFT_MASK) != 0);
      return GDK_EVENT_STOP;
    }
  if (key == GDK_KEY_Escape)
    {
      gtk_editable_set_text (GTK_EDITABLE (self->search), "");
      gtk_popover_popdown (self->popover);
      return GDK_EVENT_STOP;
    }
  return GDK_EVENT_PROPAGATE;
}

static void
on_focus_left (UiClassList *self)
{
  gtk_popover_popdown (self->popover);
}

static void
setup_hit (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 28);
  gtk_list_item_set_child (item, label);
}

static void
bind_hit (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  const char *text = gtk_string_object_get_string (gtk_list_item_get_item (item));
  gtk_label_set_label (GTK_LABEL (gtk_list_item_get_child (item)), text);
}

void
ui_class_list_make_search (UiClassList *self)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  self->labels = gtk_string_list_new (NULL);
  self->filtered = gtk_filter_list_model_new (G_LIST_MODEL (self->labels),
                                              GTK_FILTER (gtk_custom_filter_new (matches, self, NULL)));
  self->selection = gtk_single_selection_new (G_LIST_MODEL (self->filtered));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_hit), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_hit), NULL);
  gtk_list_view_set_factory (self->hits, factory);
  gtk_list_view_set_model (self->hits, GTK_SELECTION_MODEL (self->selection));
  g_object_unref (factory);

  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_search_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self->search), keys);
  GtkEventController *focus = gtk_event_controller_focus_new ();
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (on_focus_left), self);
  gtk_widget_add_controller (GTK_WIDGET (self->search), focus);
  g_signal_connect_swapped (self->search, "search-changed", G_CALLBACK (on_search_changed), self);
  g_signal_connect_swapped (self->hits, "activate", G_CALLBACK (on_hit_activated), self);
}
