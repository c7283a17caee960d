/* See image-strip.h. */
#include "ui/image-strip.h"

struct _UiImageStrip
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkLabel *name, *size, *folder;
  GtkListView *list;
  GtkScrolledWindow *scrolled;
  GtkSingleSelection *selection;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (UiImageStrip, ui_image_strip, GTK_TYPE_WIDGET)

/* ---- cells ---- */

typedef struct
{
  GtkWidget *picture, *broken, *caption, *mark;
  UiPicture *bound; /* (owned) */
  gulong handler;
} Cell;

static void
cell_free (Cell *cell)
{
  if (cell->bound)
    g_signal_handler_disconnect (cell->bound, cell->handler);
  g_clear_object (&cell->bound);
  g_free (cell);
}

static void
update_cell (UiPicture *picture, GtkWidget *box)
{
  Cell *cell = g_object_get_data (G_OBJECT (box), "cell");
  const char *problem = ui_picture_problem (picture);
  gboolean explained = ui_picture_explained (picture);
  gtk_picture_set_paintable (GTK_PICTURE (cell->picture), GDK_PAINTABLE (ui_picture_thumbnail (picture)));
  gtk_widget_set_visible (cell->broken, problem != NULL);
  gtk_label_set_label (GTK_LABEL (cell->caption), ui_picture_caption (picture));
  gtk_widget_set_visible (cell->mark, explained || problem);
  gtk_image_set_from_icon_name (GTK_IMAGE (cell->mark), problem ? "sl-warning-symbolic" : "sl-check-symbolic");
  gtk_widget_remove_css_class (cell->mark, problem ? "sl-ok" : "sl-err");
  gtk_widget_add_css_class (cell->mark, problem ? "sl-err" : "sl-ok");
  gtk_widget_set_tooltip_text (cell->mark, problem ? NULL : "Explained by every ticked method");
  gtk_widget_set_tooltip_text (box, problem ? problem : ui_picture_name (picture));
  g_autofree char *spoken =
      g_strdup_printf ("%s, %s%s", ui_picture_name (picture), problem ? problem : ui_picture_caption (picture),
                       explained ? ", explained" : "");
  gtk_accessible_update_property (GTK_ACCESSIBLE (box), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static void
setup_cell (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  Cell *cell = g_new0 (Cell, 1);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3), *foot = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  GtkWidget *overlay = gtk_overlay_new ();
  cell->picture = gtk_picture_new ();
  cell->broken = gtk_label_new ("!");
  cell->caption = gtk_label_new (NULL);
  cell->mark = gtk_image_new ();
  gtk_picture_set_content_fit (GTK_PICTURE (cell->picture), GTK_CONTENT_FIT_COVER);
  gtk_widget_set_size_request (overlay, 92, 58);
  gtk_widget_set_overflow (overlay, GTK_OVERFLOW_HIDDEN);
  gtk_widget_add_css_class (overlay, "thumb");
  gtk_widget_add_css_class (cell->broken, "broken");
  gtk_widget_add_css_class (cell->caption, "caption");
  gtk_label_set_ellipsize (GTK_LABEL (cell->caption), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (cell->caption), 0);
  gtk_label_set_width_chars (GTK_LABEL (cell->caption), 5);
  gtk_label_set_max_width_chars (GTK_LABEL (cell->caption), 9);
  gtk_widget_set_hexpand (cell->caption, TRUE);
  gtk_image_set_pixel_size (GTK_IMAGE (cell->mark), 12);
  gtk_widget_set_size_request (foot, -1, 17); /* the same with and without a mark */
  gtk_overlay_set_child (GTK_OVERLAY (overlay), cell->picture);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), cell->broken);
  gtk_box_append (GTK_BOX (box), overlay);
  gtk_box_append (GTK_BOX (foot), cell->caption);
  gtk_box_append (GTK_BOX (foot), cell->mark);
  gtk_box_append (GTK_BOX (box), foot);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  g_object_set_data_full (G_OBJECT (box), "cell", cell, (GDestroyNotify)cell_free);
  gtk_list_item_set_child (item, box);
}

static void
bind_cell (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *box = gtk_list_item_get_child (item);
  Cell *cell = g_object_get_data (G_OBJECT (box), "cell");
  cell->bound = g_object_ref (gtk_list_item_get_item (item));
  cell->handler = g_signal_connect (cell->bound, "changed", G_CALLBACK (update_cell), box);
  ui_picture_want_thumbnail (cell->bound, TRUE);
  update_cell (cell->bound, box);
}

static void
unbind_cell (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  Cell *cell = g_object_get_data (G_OBJECT (gtk_list_item_get_child (item)), "cell");
  ui_picture_want_thumbnail (cell->bound, FALSE);
  g_clear_signal_handler (&cell->handler, cell->bound);
  g_clear_object (&cell->bound);
}

/* ---- the current picture ---- */

static void
scroll_to (UiImageStrip *self, guint position)
{
  gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", position);
}

static void
update (UiImageStrip *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  guint n = g_list_model_get_n_items (ui_session_pictures (self->session)), at = ui_session_position (self->session);
  g_autofree char *folder = picture ? ui_picture_folder (picture) : g_strdup ("");
  g_autofree char *size = NULL;
  if (picture && ui_picture_width (picture) > 0)
    size = g_strdup_printf ("%u of %u · %d × %d", at + 1, n, ui_picture_width (picture), ui_picture_height (picture));
  else if (picture)
    size = g_strdup_printf ("%u of %u", at + 1, n);
  gtk_label_set_label (self->name, picture ? ui_picture_name (picture) : "No pictures");
  gtk_label_set_label (self->size, size ? size : "");
  gtk_label_set_label (self->folder, folder);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name), picture ? ui_picture_path (picture) : NULL);
  self->updating = TRUE;
  gboolean moved = picture && gtk_single_selection_get_selected (self->selection) != at;
  gtk_single_selection_set_selected (self->selection, picture ? at : GTK_INVALID_LIST_POSITION);
  self->updating = FALSE;
  if (moved)
    scroll_to (self, at);
}

static void
on_selected (UiImageStrip *self)
{
  guint at = gtk_single_selection_get_selected (self->selection);
  g_autoptr (UiPicture) picture = g_list_model_get_item (ui_session_pictures (self->session), at);
  if (self->updating || !picture)
    return;
  if (ui_picture_problem (picture))
    update (self); /* stays where it was */
  else
    ui_session_show (self->session, at);
}

/* The list's own keys would stop at broken pictures and move the focus apart from the picture shown. */
static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, UiImageStrip *self)
{
  static const struct
  {
    guint key;
    int by;
  } rows[] = { { GDK_KEY_Left, -1 },     { GDK_KEY_Right, 1 },       { GDK_KEY_Page_Up, -1 },
               { GDK_KEY_Page_Down, 1 }, { GDK_KEY_Home, G_MININT }, { GDK_KEY_End, G_MAXINT } };
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK))
    return GDK_EVENT_PROPAGATE;
  gboolean mirrored = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].key == key)
      {
        gboolean sideways = key == GDK_KEY_Left || key == GDK_KEY_Right;
        ui_session_walk (self->session, mirrored && sideways ? -rows[i].by : rows[i].by);
        return GDK_EVENT_STOP;
      }
  return GDK_EVENT_PROPAGATE;
}

/* ---- birth and end ---- */

void
ui_image_strip_set_session (UiImageStrip *self, UiSession *session)
{
  self->session = g_object_ref (session);
  self->updating = TRUE;
  self->selection = gtk_single_selection_new (g_object_ref (ui_session_pictures (session)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
  self->updating = FALSE;
  g_signal_connect_object (self->selection, "notify::selected", G_CALLBACK (on_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

GtkWidget *
ui_image_strip_list (UiImageStrip *self)
{
  return GTK_WIDGET (self->list);
}

static void
ui_image_strip_dispose (GObject *object)
{
  UiImageStrip *self = UI_IMAGE_STRIP (object);
  self->updating = TRUE;
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->selection);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_image_strip_parent_class)->dispose (object);
}

static void
ui_image_strip_class_init (UiImageStripClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_image_strip_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/image-strip.ui");
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, name);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, size);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, folder);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, list);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, scrolled);
}

static void
ui_image_strip_init (UiImageStrip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cell), NULL);
  gtk_list_view_set_factory (self->list, factory);
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self->list), keys);
}
