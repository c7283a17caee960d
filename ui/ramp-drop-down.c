/* See ramp-drop-down.h. */
#include "ui/ramp-drop-down.h"

#include "ui/draw/legend.h"

/* The row of the table travels as a pointer beside the name that the list holds. */
static const UiColormap *
colormap_of (GObject *item)
{
  return g_object_get_data (item, "colormap");
}

static GListModel *
make_model (EngSign sign)
{
  GListStore *store = g_list_store_new (GTK_TYPE_STRING_OBJECT);
  for (guint i = 0; ui_colormap_nth (i); i++)
    if (ui_colormap_nth (i)->sign == sign)
      {
        g_autoptr (GtkStringObject) item = gtk_string_object_new (ui_colormap_nth (i)->name);
        g_object_set_data (G_OBJECT (item), "colormap", (gpointer)ui_colormap_nth (i));
        g_list_store_append (store, item);
      }
  return G_LIST_MODEL (store);
}

static void
draw_ramp (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer item)
{
  ui_legend_ramp (cr, colormap_of (item), 0, 0, width, height);
}

static GtkWidget *
make_ramp (int width)
{
  GtkWidget *ramp = gtk_drawing_area_new ();
  gtk_drawing_area_set_content_width (GTK_DRAWING_AREA (ramp), width);
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (ramp), 12);
  gtk_widget_set_valign (ramp, GTK_ALIGN_CENTER);
  return ramp;
}

/* In the button: the ramp alone. */
static void
setup_button (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *ramp = make_ramp (60);
  gtk_widget_set_hexpand (ramp, TRUE);
  gtk_list_item_set_child (item, ramp);
}

static void
bind_button (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (gtk_list_item_get_child (item)), draw_ramp,
                                  g_object_ref (gtk_list_item_get_item (item)), g_object_unref);
}

/* In the list: the ramp and its name. */
static void
setup_row (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_box_append (GTK_BOX (box), make_ramp (72));
  gtk_box_append (GTK_BOX (box), label);
  gtk_list_item_set_child (item, box);
}

static void
bind_row (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *ramp = gtk_widget_get_first_child (gtk_list_item_get_child (item));
  GtkStringObject *name = gtk_list_item_get_item (item);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (ramp), draw_ramp, g_object_ref (name), g_object_unref);
  gtk_label_set_label (GTK_LABEL (gtk_widget_get_next_sibling (ramp)), gtk_string_object_get_string (name));
}

static GtkListItemFactory *
make_factory (GCallback setup, GCallback bind)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", setup, NULL);
  g_signal_connect (factory, "bind", bind, NULL);
  return factory;
}

GtkWidget *
ui_ramp_drop_down_new (EngSign sign)
{
  GtkWidget *self = gtk_drop_down_new (make_model (sign), NULL);
  g_autoptr (GtkListItemFactory) button = make_factory (G_CALLBACK (setup_button), G_CALLBACK (bind_button));
  g_autoptr (GtkListItemFactory) row = make_factory (G_CALLBACK (setup_row), G_CALLBACK (bind_row));
  gtk_drop_down_set_factory (GTK_DROP_DOWN (self), button);
  gtk_drop_down_set_list_factory (GTK_DROP_DOWN (self), row);
  gtk_widget_set_hexpand (self, TRUE);
  return self;
}

const UiColormap *
ui_ramp_drop_down_get (GtkDropDown *self)
{
  return colormap_of (gtk_drop_down_get_selected_item (self));
}

void
ui_ramp_drop_down_set (GtkDropDown *self, const UiColormap *colormap)
{
  GListModel *model = gtk_drop_down_get_model (self);
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (model, i);
      if (colormap_of (item) == colormap)
        gtk_drop_down_set_selected (self, i);
    }
}

const UiColormap *
ui_ramp_next (const UiColormap *colormap, int by)
{
  guint n = 0, at = (guint)(colormap - ui_colormap_table);
  while (ui_colormap_nth (n))
    n++;
  do
    at = (guint)((int)at + by + (int)n) % n;
  while (ui_colormap_table[at].sign != colormap->sign);
  return &ui_colormap_table[at];
}
