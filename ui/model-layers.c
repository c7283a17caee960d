/* See model-layers.h. The thumbnails are one forward pass, on the engine thread, made when the page is looked at. */
#include "ui/model-layers.h"

#include "ui/tip.h"

#include <math.h>
#include <string.h>

#define THUMB_SIDE 48
#define LAYERS_PRIORITY 5 /* after predictions, before explanations */

/* ---- one row ---- */

#define UI_TYPE_LAYER (ui_layer_get_type ())
G_DECLARE_FINAL_TYPE (UiLayer, ui_layer, UI, LAYER, GObject)

struct _UiLayer
{
  GObject parent_instance;
  EngModel *model;
  const EngTarget *target; /* of the model */
  GdkTexture *thumbnail;
};

G_DEFINE_FINAL_TYPE (UiLayer, ui_layer, G_TYPE_OBJECT)

static void
ui_layer_finalize (GObject *object)
{
  g_clear_object (&UI_LAYER (object)->model);
  g_clear_object (&UI_LAYER (object)->thumbnail);
  G_OBJECT_CLASS (ui_layer_parent_class)->finalize (object);
}

static void
ui_layer_class_init (UiLayerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ui_layer_finalize;
}

static void
ui_layer_init (UiLayer *self)
{
}

/* ---- the table ---- */

struct _UiModelLayers
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkWidget *view;
  GListStore *layers;
  guint asked, drawn;
  gboolean filled; /* with the layers of the session's model */
  EngModel *drawn_model;
  EngImage *drawn_image;
};

G_DEFINE_FINAL_TYPE (UiModelLayers, ui_model_layers, GTK_TYPE_WIDGET)

static gboolean
is_automatic (const UiLayer *layer)
{
  return layer->target == eng_model_default_target (layer->model)
         || layer->target == eng_model_default_cam_target (layer->model);
}

static char *
write_name (const UiLayer *layer)
{
  const char *suffix = g_strrstr (layer->target->name, "_output_");
  g_autofree char *name = suffix ? g_strndup (layer->target->name, (gsize)(suffix - layer->target->name))
                                 : g_strdup (layer->target->name);
  return is_automatic (layer) ? g_strdup_printf ("%s · automatic", name) : g_steal_pointer (&name);
}

static char *
write_shape (const UiLayer *layer)
{
  GString *text = g_string_new (NULL);
  for (int i = 1; i < layer->target->shape.rank; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 1 ? " × " : "", layer->target->shape.dim[i]);
  return g_string_free (text, FALSE);
}

static char *
write_grid (const UiLayer *layer)
{
  return g_strdup_printf ("%d × %d", layer->target->rows, layer->target->cols);
}

static char *
write_why (const UiLayer *layer)
{
  return g_strdup (eng_target_why (layer->model, layer->target));
}

static const struct
{
  const char *title;
  char *(*write) (const UiLayer *layer); /* NULL: the thumbnail */
  float xalign;
  gboolean expands, dim;
} columns[] = {
  { "Mean", NULL, 0, FALSE, FALSE },         { "Layer", write_name, 0, TRUE, FALSE },
  { "Shape", write_shape, 1, FALSE, FALSE }, { "Map", write_grid, 1, FALSE, FALSE },
  { "Why", write_why, 0, TRUE, TRUE },
};

static void
setup (GtkListItemFactory *factory, GtkListItem *item, gpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  GtkWidget *cell = columns[i].write ? gtk_label_new (NULL) : gtk_picture_new ();
  if (columns[i].write)
    {
      gtk_label_set_xalign (GTK_LABEL (cell), columns[i].xalign);
      gtk_label_set_ellipsize (GTK_LABEL (cell), PANGO_ELLIPSIZE_MIDDLE);
      gtk_widget_add_css_class (cell, columns[i].dim ? "sl-dim" : "sl-num");
    }
  else
    gtk_widget_set_size_request (cell, THUMB_SIDE, THUMB_SIDE * 3 / 4);
  gtk_list_item_set_child (item, cell);
}

static void
bind (GtkListItemFactory *factory, GtkListItem *item, gpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  UiLayer *layer = gtk_list_item_get_item (item);
  GtkWidget *cell = gtk_list_item_get_child (item);
  if (!columns[i].write)
    {
      gtk_picture_set_paintable (GTK_PICTURE (cell), GDK_PAINTABLE (layer->thumbnail));
      return;
    }
  g_autofree char *text = columns[i].write (layer);
  gtk_label_set_label (GTK_LABEL (cell), text);
  ui_tip_set (cell, text);
  gtk_widget_set_sensitive (cell, layer->target->rows * layer->target->cols > 1);
  if (is_automatic (layer))
    gtk_widget_add_css_class (cell, "heading");
  else
    gtk_widget_remove_css_class (cell, "heading");
}

/* ---- thumbnails ---- */

/* Viridis from the smallest to the largest value, cells as cells. */
static GdkTexture *
draw (const EngLayerMap *map)
{
  int rows = map->target->rows, cols = map->target->cols;
  int across = MAX (1, THUMB_SIDE / cols), down = MAX (1, THUMB_SIDE / rows), by = MIN (across, down);
  int width = cols * by, height = rows * by;
  double lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < rows * cols; i++)
    {
      lo = fmin (lo, map->mean[i]);
      hi = fmax (hi, map->mean[i]);
    }
  guint8 *rgb = g_malloc ((gsize)width * height * 3);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        double value = map->mean[(y / by) * cols + x / by], colour[3];
        ui_colormap_evaluate (ui_colormap_default (ENG_SIGN_UNSIGNED), hi > lo ? (value - lo) / (hi - lo) : 0,
                              colour);
        for (int c = 0; c < 3; c++)
          rgb[((gsize)y * width + x) * 3 + c] = (guint8)(colour[c] + 0.5);
      }
  g_autoptr (GBytes) bytes = g_bytes_new_take (rgb, (gsize)width * height * 3);
  return gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
}

typedef struct
{
  UiModelLayers *layers;
  guint asked;
  EngModel *model;
  EngImage *image;
  GPtrArray *textures; /* GdkTexture*, in the order of the rows; NULL when the pass failed */
} Ask;

static void
ask_work (gpointer data)
{
  Ask *ask = data;
  g_autoptr (GArray) maps = eng_layer_maps_new (ask->model, ask->image, NULL);
  if (!maps)
    return;
  ask->textures = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < maps->len; i++)
    g_ptr_array_add (ask->textures, draw (&g_array_index (maps, EngLayerMap, i)));
}

static void
ask_done (gpointer data)
{
  Ask *ask = data;
  UiModelLayers *self = ask->layers;
  guint n = self->layers ? g_list_model_get_n_items (G_LIST_MODEL (self->layers)) : 0;
  if (ask->asked == self->asked && ask->textures && ask->textures->len == n)
    {
      for (guint i = 0; i < n; i++)
        {
          g_autoptr (UiLayer) layer = g_list_model_get_item (G_LIST_MODEL (self->layers), i);
          g_set_object (&layer->thumbnail, ask->textures->pdata[i]);
        }
      self->drawn = n;
      g_list_model_items_changed (G_LIST_MODEL (self->layers), 0, n, n); /* rows are bound anew */
    }
  g_object_unref (ask->layers);
  g_object_unref (ask->model);
  eng_image_unref (ask->image);
  g_clear_pointer (&ask->textures, g_ptr_array_unref);
  g_free (ask);
}

static void
draw_layers (UiModelLayers *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  EngModel *model = ui_session_model (self->session);
  EngImage *image = picture ? ui_picture_image (picture) : NULL;
  if (!model || !image || !gtk_widget_get_mapped (GTK_WIDGET (self))
      || (model == self->drawn_model && image == self->drawn_image))
    return;
  g_set_object (&self->drawn_model, model);
  g_clear_pointer (&self->drawn_image, eng_image_unref);
  self->drawn_image = eng_image_ref (image);
  Ask *ask = g_new0 (Ask, 1);
  ask->layers = g_object_ref (self);
  ask->asked = ++self->asked;
  ask->model = g_object_ref (model);
  ask->image = eng_image_ref (image);
  eng_engine_push (LAYERS_PRIORITY, ask_work, ask_done, ask);
}

/* Rows take a while to make, so they are made when somebody can see them. */
static void
fill (UiModelLayers *self)
{
  EngModel *model = ui_session_model (self->session);
  int n = 0;
  const EngTarget *targets = model ? eng_model_targets (model, &n) : NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_object_unref);
  for (int i = 0; i < n; i++)
    if (targets[i].kind != ENG_TARGET_ATTENTION)
      {
        UiLayer *layer = g_object_new (UI_TYPE_LAYER, NULL);
        layer->model = g_object_ref (model);
        layer->target = &targets[i];
        g_ptr_array_add (rows, layer);
      }
  self->filled = TRUE;
  g_list_store_splice (self->layers, 0, g_list_model_get_n_items (G_LIST_MODEL (self->layers)), rows->pdata,
                       rows->len);
  draw_layers (self);
}

static void
on_model (UiModelLayers *self)
{
  self->asked++;
  self->drawn = 0;
  self->filled = FALSE;
  g_clear_object (&self->drawn_model);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    fill (self);
  else
    g_list_store_remove_all (self->layers); /* they hold the model that was */
}

/* ---- birth and end ---- */

void
ui_model_layers_set_session (UiModelLayers *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (draw_layers), self, G_CONNECT_SWAPPED);
  on_model (self);
}

guint
ui_model_layers_n_drawn (UiModelLayers *self)
{
  return self->drawn;
}

static void
ui_model_layers_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (ui_model_layers_parent_class)->map (widget);
  UiModelLayers *self = UI_MODEL_LAYERS (widget);
  if (self->session && !self->filled)
    fill (self);
  else if (self->session)
    draw_layers (self);
}

static void
ui_model_layers_dispose (GObject *object)
{
  UiModelLayers *self = UI_MODEL_LAYERS (object);
  self->asked++;
  g_clear_pointer (&self->view, gtk_widget_unparent);
  g_clear_object (&self->layers);
  g_clear_object (&self->session);
  g_clear_object (&self->drawn_model);
  g_clear_pointer (&self->drawn_image, eng_image_unref);
  G_OBJECT_CLASS (ui_model_layers_parent_class)->dispose (object);
}

static void
ui_model_layers_class_init (UiModelLayersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_model_layers_dispose;
  GTK_WIDGET_CLASS (klass)->map = ui_model_layers_map;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
ui_model_layers_init (UiModelLayers *self)
{
  self->layers = g_list_store_new (UI_TYPE_LAYER);
  g_autoptr (GtkNoSelection) selection = gtk_no_selection_new (g_object_ref (G_LIST_MODEL (self->layers)));
  self->view = gtk_column_view_new (g_object_ref (GTK_SELECTION_MODEL (selection)));
  gtk_widget_add_css_class (self->view, "layers");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, "Layers", -1);
  /* The list inside takes the focus; its name is not taken from what is around it. */
  for (GtkWidget *child = gtk_widget_get_first_child (self->view); child; child = gtk_widget_get_next_sibling (child))
    gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_LABEL, "Layers", -1);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    {
      GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
      g_signal_connect (factory, "setup", G_CALLBACK (setup), GUINT_TO_POINTER (i));
      g_signal_connect (factory, "bind", G_CALLBACK (bind), GUINT_TO_POINTER (i));
      g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (columns[i].title, factory);
      gtk_column_view_column_set_expand (column, columns[i].expands);
      gtk_column_view_append_column (GTK_COLUMN_VIEW (self->view), column);
    }
  gtk_widget_set_parent (self->view, GTK_WIDGET (self));
}
