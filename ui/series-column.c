/* See series-column.h. */
#include "ui/series-column.h"

#include "ui/ink.h"

static void
setup_name (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *label = gtk_label_new (NULL);
  gtk_box_append (GTK_BOX (box), ui_swatch_new ());
  gtk_box_append (GTK_BOX (box), label);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 16); /* the table is to fit beside the plot */
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_list_item_set_child (item, box);
}

static void
bind_name (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  UiSeries *series = gtk_list_item_get_item (item);
  GtkWidget *swatch = gtk_widget_get_first_child (gtk_list_item_get_child (item));
  GtkWidget *label = gtk_widget_get_next_sibling (swatch);
  g_autofree char *text = series->slot ? g_strdup (ui_series_name (series)) : g_strdup ("Random order ×20");
  ui_swatch_set (swatch, series);
  gtk_label_set_label (GTK_LABEL (label), text);
  gtk_widget_set_tooltip_text (label, text);
}

void
ui_series_column_add (GtkColumnView *view)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_name), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_name), NULL);
  g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new ("Method", factory);
  gtk_column_view_column_set_expand (column, TRUE);
  gtk_column_view_append_column (view, column);
}

void
ui_series_column_align_titles (GtkColumnView *view)
{
  GtkWidget *header = gtk_widget_get_first_child (GTK_WIDGET (view));
  GtkWidget *title = header ? gtk_widget_get_first_child (header) : NULL;
  for (title = title ? gtk_widget_get_next_sibling (title) : NULL; title; title = gtk_widget_get_next_sibling (title))
    {
      GtkWidget *box = gtk_widget_get_first_child (title);
      if (box)
        gtk_widget_set_halign (box, GTK_ALIGN_END);
    }
}
