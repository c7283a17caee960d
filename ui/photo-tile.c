/* See photo-tile.h. */
#include "ui/photo-tile.h"

#include "ui/tip.h"

struct _UiPhotoTile
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkLabel *summary, *footer;
  UiHeatmapView *view;
};

G_DEFINE_FINAL_TYPE (UiPhotoTile, ui_photo_tile, GTK_TYPE_WIDGET)

/* "Model input: resized to 96 × 96": what happens between the photo and the model. (transfer full) */
static char *
describe_input (EngModel *model, UiPicture *picture)
{
  EngPreprocess *view = eng_model_preprocess (model);
  EngGeometry g;
  if (ui_picture_width (picture) == 0)
    return g_strdup ("");
  eng_preprocess_geometry (view, ui_picture_width (picture), ui_picture_height (picture), &g);
  UiSeen seen;
  ui_seen_from_geometry (&g, &seen);
  gboolean padded = g.view_x0 > 0 || g.view_y0 > 0 || g.view_x1 < g.input_width || g.view_y1 < g.input_height;
  const char *how = padded ? "fitted into" : ui_seen_is_all (&seen, &g) ? "resized to" : "cropped to";
  return g_strdup_printf ("Model input: %s %d × %d", how, g.input_width, g.input_height);
}

static void
update (UiPhotoTile *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  EngModel *model = ui_session_model (self->session);
  /* The mark keeps width before height where text runs from right to left. */
  g_autofree char *size =
      picture && ui_picture_width (picture) > 0
          ? g_strdup_printf ("\u200e%d × %d", ui_picture_width (picture), ui_picture_height (picture))
          : g_strdup ("");
  g_autofree char *input = picture && model ? describe_input (model, picture) : g_strdup ("");
  g_autofree char *details = model ? eng_preprocess_describe (eng_model_preprocess (model)) : NULL;
  gtk_label_set_label (self->summary, size);
  gtk_label_set_label (self->footer, input);
  ui_tip_set (GTK_WIDGET (self->footer), details);
  /* Without a picture the other tiles say what is missing. */
  gtk_widget_set_visible (GTK_WIDGET (self), picture && ui_session_shows_photo (self->session));
}

GtkWidget *
ui_photo_tile_new (UiSession *session)
{
  UiPhotoTile *self = g_object_new (UI_TYPE_PHOTO_TILE, NULL);
  self->session = g_object_ref (session);
  ui_heatmap_view_set (self->view, session, NULL);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "display-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

UiHeatmapView *
ui_photo_tile_view (UiPhotoTile *self)
{
  return self->view;
}

static void
hide (GtkWidget *widget, const char *action, GVariant *unused)
{
  ui_session_set_shows_photo (UI_PHOTO_TILE (widget)->session, FALSE);
}

/* The window's action is about the selected tile. */
static void
add_to_figure (GtkWidget *widget, const char *action, GVariant *unused)
{
  gtk_widget_grab_focus (GTK_WIDGET (UI_PHOTO_TILE (widget)->view));
  gtk_widget_activate_action (widget, "win.add-to-figure", NULL);
}

static void
ui_photo_tile_dispose (GObject *object)
{
  UiPhotoTile *self = UI_PHOTO_TILE (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_photo_tile_parent_class)->dispose (object);
}

static void
ui_photo_tile_class_init (UiPhotoTileClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_photo_tile_dispose;
  g_type_ensure (UI_TYPE_HEATMAP_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/photo-tile.ui");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_bind_template_child (widget_class, UiPhotoTile, summary);
  gtk_widget_class_bind_template_child (widget_class, UiPhotoTile, footer);
  gtk_widget_class_bind_template_child (widget_class, UiPhotoTile, view);
  gtk_widget_class_install_action (widget_class, "tile.hide-photo", NULL, hide);
  gtk_widget_class_install_action (widget_class, "tile.add-to-figure", NULL, add_to_figure);
}

static void
ui_photo_tile_init (UiPhotoTile *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}
