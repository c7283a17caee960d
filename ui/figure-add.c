/* See figure-add.h. What is listed is made when the popover opens. */
#include "ui/figure-add.h"

#include "ui/composer.h"
#include "ui/tip.h"

/* ---- rows ---- */

static void
on_picture_changed (UiPicture *picture, GtkPicture *view)
{
  gtk_picture_set_paintable (view, GDK_PAINTABLE (ui_picture_thumbnail (picture)));
}

static void
setup_picture (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2), *view = gtk_picture_new (),
            *name = gtk_label_new (NULL);
  gtk_picture_set_content_fit (GTK_PICTURE (view), GTK_CONTENT_FIT_COVER);
  gtk_widget_set_size_request (view, 92, 58);
  gtk_widget_set_overflow (view, GTK_OVERFLOW_HIDDEN);
  gtk_widget_add_css_class (view, "thumb");
  gtk_widget_add_css_class (name, "caption");
  gtk_label_set_ellipsize (GTK_LABEL (name), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_max_width_chars (GTK_LABEL (name), 10);
  gtk_box_append (GTK_BOX (box), view);
  gtk_box_append (GTK_BOX (box), name);
  gtk_list_item_set_child (item, box);
}

static void
bind_picture (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *box = gtk_list_item_get_child (item), *view = gtk_widget_get_first_child (box);
  UiPicture *picture = gtk_list_item_get_item (item);
  gtk_label_set_label (GTK_LABEL (gtk_widget_get_last_child (box)), ui_picture_name (picture));
  ui_tip_set (box, ui_picture_name (picture));
  gtk_accessible_update_property (GTK_ACCESSIBLE (box), GTK_ACCESSIBLE_PROPERTY_LABEL, ui_picture_name (picture), -1);
  g_signal_connect_object (picture, "changed", G_CALLBACK (on_picture_changed), view, 0);
  ui_picture_want_thumbnail (picture, TRUE);
  on_picture_changed (picture, GTK_PICTURE (view));
}

static void
unbind_picture (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *view = gtk_widget_get_first_child (gtk_list_item_get_child (item));
  UiPicture *picture = gtk_list_item_get_item (item);
  g_signal_handlers_disconnect_by_func (picture, on_picture_changed, view);
  ui_picture_want_thumbnail (picture, FALSE);
}

/* The current picture with the class that is explained, any other with its first choice. */
static void
on_picture (GtkGridView *grid, guint position, UiSession *session)
{
  g_autoptr (UiPicture) picture = g_list_model_get_item (ui_session_filtered (session), position);
  if (!picture)
    return;
  gboolean current = picture == ui_session_picture (session);
  ui_composer_add_picture (ui_session_composer (session), picture, current ? ui_session_target (session) : -1);
  gtk_popover_popdown (GTK_POPOVER (gtk_widget_get_ancestor (GTK_WIDGET (grid), GTK_TYPE_POPOVER)));
}

static void
on_rows_shown (GtkGridView *grid, UiSession *session)
{
  g_autoptr (GtkNoSelection) model = gtk_no_selection_new (g_object_ref (ui_session_filtered (session)));
  gtk_grid_view_set_model (grid, GTK_SELECTION_MODEL (model));
}

static void
on_rows_hidden (GtkGridView *grid)
{
  gtk_grid_view_set_model (grid, NULL);
}

GtkWidget *
ui_figure_add_row_popover (UiSession *session)
{
  GtkWidget *popover = gtk_popover_new (), *scrolled = gtk_scrolled_window_new ();
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_picture), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_picture), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_picture), NULL);
  GtkWidget *grid = gtk_grid_view_new (NULL, factory);
  gtk_grid_view_set_single_click_activate (GTK_GRID_VIEW (grid), TRUE);
  gtk_grid_view_set_min_columns (GTK_GRID_VIEW (grid), 3);
  gtk_grid_view_set_max_columns (GTK_GRID_VIEW (grid), 3);
  gtk_accessible_update_property (GTK_ACCESSIBLE (grid), GTK_ACCESSIBLE_PROPERTY_LABEL, "Pictures", -1);
  g_signal_connect_object (grid, "activate", G_CALLBACK (on_picture), session, 0);
  g_signal_connect_object (grid, "map", G_CALLBACK (on_rows_shown), session, 0);
  g_signal_connect (grid, "unmap", G_CALLBACK (on_rows_hidden), NULL);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scrolled), 260);
  gtk_scrolled_window_set_min_content_width (GTK_SCROLLED_WINDOW (scrolled), 340);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), grid);
  gtk_popover_set_child (GTK_POPOVER (popover), scrolled);
  return popover;
}

/* ---- columns ---- */

static void
add_line (GtkListBox *list, const char *text, UiSlot *slot, void (*add) (UiSession *session, UiSlot *slot))
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_list_box_append (list, label);
  GtkWidget *row = gtk_widget_get_parent (label);
  g_object_set_data (G_OBJECT (row), "add", add);
  g_object_set_data_full (G_OBJECT (row), "slot", slot ? g_object_ref (slot) : NULL, slot ? g_object_unref : NULL);
}

static void
add_slot (UiSession *session, UiSlot *slot)
{
  ui_composer_add_slot (ui_session_composer (session), slot, NULL);
}

static void
add_masked (UiSession *session, UiSlot *unused)
{
  ui_composer_add_masked (ui_session_composer (session), NULL);
}

static void
add_plot (UiSession *session, UiSlot *unused)
{
  ui_composer_add_plot (ui_session_composer (session));
}

static void
fill_columns (GtkListBox *list, UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  GListModel *slots = ui_session_slots (session);
  const UiProtocol *protocol = ui_threshold_protocol (threshold);
  gboolean keeps = ui_threshold_direction (threshold) == UI_INSERTION;
  g_autofree char *masked = g_strdup_printf ("Masked pictures, %.1f %% %s", 100 * ui_threshold_share (threshold),
                                             keeps ? "kept" : "removed");
  g_autofree char *plot =
      g_strdup_printf ("Curves: %s", ui_protocol_row (protocol, ui_threshold_direction (threshold))->name);
  add_line (list, "Image", NULL, add_slot);
  add_line (list, masked, NULL, add_masked);
  add_line (list, plot, NULL, add_plot);
  for (int shown = 1; shown >= 0; shown--)
    for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
      {
        g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
        if (ui_slot_applies (slot) && ui_slot_values (slot) && ui_slot_shown (slot) == shown)
          add_line (list, ui_slot_name (slot), slot, add_slot);
      }
}

static void
on_column (GtkListBox *list, GtkListBoxRow *row, UiSession *session)
{
  void (*add) (UiSession *, UiSlot *) = g_object_get_data (G_OBJECT (row), "add");
  g_autoptr (UiSlot) slot = g_object_get_data (G_OBJECT (row), "slot");
  if (slot)
    g_object_ref (slot);
  gtk_popover_popdown (GTK_POPOVER (gtk_widget_get_ancestor (GTK_WIDGET (list), GTK_TYPE_POPOVER)));
  add (session, slot);
}

static void
on_columns_shown (GtkWidget *popover, UiSession *session)
{
  GtkListBox *list = g_object_get_data (G_OBJECT (popover), "list");
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (list)));)
    gtk_list_box_remove (list, child);
  fill_columns (list, session);
}

GtkWidget *
ui_figure_add_column_popover (UiSession *session)
{
  GtkWidget *popover = gtk_popover_new (), *scrolled = gtk_scrolled_window_new (), *list = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, "Columns to add", -1);
  g_object_set_data (G_OBJECT (popover), "list", list);
  g_signal_connect_object (list, "row-activated", G_CALLBACK (on_column), session, 0);
  g_signal_connect_object (popover, "map", G_CALLBACK (on_columns_shown), session, 0);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scrolled), 320);
  gtk_scrolled_window_set_min_content_width (GTK_SCROLLED_WINDOW (scrolled), 260);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), list);
  gtk_popover_set_child (GTK_POPOVER (popover), scrolled);
  return popover;
}
