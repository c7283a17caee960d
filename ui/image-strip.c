/* See image-strip.h. */
#include "ui/image-strip.h"

#include "ui/draw/words.h"
#include "ui/explain-all.h"
#include "ui/strip-filter.h"
#include "ui/tip.h"

#define FIRST_CELLS 40 /* a screenful; GTK makes two hundred, which another folder leaves for after */

struct _UiImageStrip
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkLabel *name, *size, *folder;
  GtkListView *list;
  GtkScrolledWindow *scrolled;
  GtkSliceListModel *cells; /* of what is listed; all but for a moment after another folder */
  guint growing;            /* idle */
  GtkSingleSelection *selection;
  UiStripFilter *filter;
  GtkMenuButton *explain_all;
  UiExplainAll *explain_all_popover;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (UiImageStrip, ui_image_strip, GTK_TYPE_WIDGET)

/* ---- cells ---- */

typedef struct
{
  GtkWidget *picture, *heat, *broken, *caption, *doubt, *explained;
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

/* At most two marks: what went wrong or what disagrees, and that the maps are there. */
static void
update_marks (Cell *cell, UiPicture *picture)
{
  const char *problem = ui_picture_problem (picture), *failure = ui_picture_failure (picture);
  gboolean wrong = ui_picture_wrong (picture);
  g_autofree char *labelled = wrong ? g_strdup_printf ("Labelled %s", ui_picture_truth_label (picture)) : NULL;
  gtk_widget_set_visible (cell->doubt, problem || failure || wrong);
  gtk_image_set_from_icon_name (GTK_IMAGE (cell->doubt),
                                problem || failure ? "sl-warning-symbolic" : "sl-not-equal-symbolic");
  gtk_widget_remove_css_class (cell->doubt, problem || failure ? "sl-warn" : "sl-err");
  gtk_widget_add_css_class (cell->doubt, problem || failure ? "sl-err" : "sl-warn");
  ui_tip_set (cell->doubt, problem ? NULL : failure ? failure : labelled);
  gtk_widget_set_visible (cell->explained, ui_picture_explained (picture));
}

/* "harbour-01.png, lighthouse 0.957, labelled sailboat, explained". (transfer full) */
static char *
describe (UiPicture *picture)
{
  const char *problem = ui_picture_problem (picture), *label = ui_picture_truth_label (picture);
  const float *probabilities = ui_picture_probabilities (picture, NULL);
  GString *text = g_string_new (problem ? problem : ui_picture_name (picture));
  if (problem)
    return g_string_free (text, FALSE);
  if (probabilities)
    g_string_append_printf (text, ", %s %.3f", ui_picture_caption (picture), probabilities[ui_picture_top (picture)]);
  if (label)
    g_string_append_printf (text, ", labelled %s", label);
  if (ui_picture_failure (picture))
    g_string_append_printf (text, ", %s", ui_picture_failure (picture));
  if (ui_picture_explained (picture))
    g_string_append (text, ", explained");
  return g_string_free (text, FALSE);
}

static void
update_cell (UiPicture *picture, GtkWidget *box)
{
  Cell *cell = g_object_get_data (G_OBJECT (box), "cell");
  g_autofree char *words = describe (picture);
  gtk_picture_set_paintable (GTK_PICTURE (cell->picture), GDK_PAINTABLE (ui_picture_thumbnail (picture)));
  gtk_picture_set_paintable (GTK_PICTURE (cell->heat), GDK_PAINTABLE (ui_picture_heat (picture)));
  gtk_widget_set_visible (cell->broken, ui_picture_problem (picture) != NULL);
  gtk_label_set_label (GTK_LABEL (cell->caption), ui_picture_caption (picture));
  update_marks (cell, picture);
  ui_tip_set (box, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (box), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
}

static GtkWidget *
make_mark (GtkWidget *foot, const char *icon, const char *class_name, const char *tooltip)
{
  GtkWidget *mark = gtk_image_new_from_icon_name (icon);
  gtk_image_set_pixel_size (GTK_IMAGE (mark), 12);
  gtk_widget_add_css_class (mark, class_name);
  ui_tip_set (mark, tooltip);
  gtk_box_append (GTK_BOX (foot), mark);
  return mark;
}

static GtkWidget *
make_cover (void)
{
  GtkWidget *picture = gtk_picture_new ();
  gtk_picture_set_content_fit (GTK_PICTURE (picture), GTK_CONTENT_FIT_COVER);
  gtk_picture_set_can_shrink (GTK_PICTURE (picture), TRUE);
  return picture;
}

static void
setup_cell (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  Cell *cell = g_new0 (Cell, 1);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3), *foot = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  GtkWidget *overlay = gtk_overlay_new ();
  cell->picture = make_cover ();
  cell->heat = make_cover ();
  cell->broken = gtk_label_new ("!");
  cell->caption = gtk_label_new (NULL);
  gtk_widget_set_can_target (cell->heat, FALSE);
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
  gtk_widget_set_size_request (foot, -1, 17); /* the same with and without a mark */
  gtk_overlay_set_child (GTK_OVERLAY (overlay), cell->picture);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), cell->heat);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), cell->broken);
  gtk_box_append (GTK_BOX (box), overlay);
  gtk_box_append (GTK_BOX (foot), cell->caption);
  cell->doubt = make_mark (foot, "sl-not-equal-symbolic", "sl-warn", NULL);
  cell->explained = make_mark (foot, "sl-check-symbolic", "sl-ok", "Explained");
  gtk_box_append (GTK_BOX (box), foot);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  g_object_set_data_full (G_OBJECT (box), "cell", cell, (GDestroyNotify)cell_free);
  gtk_list_item_set_child (item, box);
}

static void
bind_cell (GtkListItemFactory *factory, GtkListItem *item, UiImageStrip *self)
{
  GtkWidget *box = gtk_list_item_get_child (item);
  Cell *cell = g_object_get_data (G_OBJECT (box), "cell");
  cell->bound = g_object_ref (gtk_list_item_get_item (item));
  cell->handler = g_signal_connect (cell->bound, "changed", G_CALLBACK (update_cell), box);
  ui_session_look_at (self->session, cell->bound, TRUE);
  update_cell (cell->bound, box);
}

static void
unbind_cell (GtkListItemFactory *factory, GtkListItem *item, UiImageStrip *self)
{
  Cell *cell = g_object_get_data (G_OBJECT (gtk_list_item_get_child (item)), "cell");
  ui_session_look_at (self->session, cell->bound, FALSE);
  g_clear_signal_handler (&cell->handler, cell->bound);
  g_clear_object (&cell->bound);
}

/* ---- the current picture ---- */

static void
scroll_to (UiImageStrip *self, guint position)
{
  gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", position);
}

/* Place of the current picture among those listed; GTK_INVALID_LIST_POSITION: it is not. */
static guint
find_current (UiImageStrip *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  GListModel *listed = ui_session_filtered (self->session);
  guint at = ui_session_position (self->session), n = g_list_model_get_n_items (listed);
  if (ui_session_filter (self->session, NULL) == UI_FILTER_ALL)
    return picture ? at : GTK_INVALID_LIST_POSITION;
  for (guint i = 0; picture && i < n; i++)
    {
      g_autoptr (UiPicture) item = g_list_model_get_item (listed, i);
      if (item == picture)
        return i;
    }
  return GTK_INVALID_LIST_POSITION;
}

/* "3 of 12 · 480 × 360", "3 of 12 listed"; what is not known or not so is left out. */
static char *
describe_place (UiImageStrip *self, guint at)
{
  UiPicture *picture = ui_session_picture (self->session);
  guint n = g_list_model_get_n_items (ui_session_filtered (self->session));
  gboolean all = ui_session_filter (self->session, NULL) == UI_FILTER_ALL;
  GString *text = g_string_new (NULL);
  g_autofree char *count = ui_words_count (n);
  if (!picture)
    return g_string_free (text, FALSE);
  if (at != GTK_INVALID_LIST_POSITION)
    g_string_printf (text, "%u of %s%s", at + 1, count, all ? "" : " listed");
  else
    g_string_printf (text, "%s listed", count);
  if (ui_picture_width (picture) > 0)
    g_string_append_printf (text, " · %d × %d", ui_picture_width (picture), ui_picture_height (picture));
  return g_string_free (text, FALSE);
}

static gboolean
grow (gpointer data)
{
  UiImageStrip *self = data;
  self->growing = 0;
  gtk_slice_list_model_set_size (self->cells, G_MAXUINT);
  return G_SOURCE_REMOVE;
}

/* There is no picture while one folder takes the place of another. */
static void
limit_cells (UiImageStrip *self, guint at)
{
  gboolean beyond = at != GTK_INVALID_LIST_POSITION && at >= FIRST_CELLS;
  if (!ui_session_picture (self->session) || beyond)
    {
      g_clear_handle_id (&self->growing, g_source_remove);
      gtk_slice_list_model_set_size (self->cells, beyond ? G_MAXUINT : FIRST_CELLS);
    }
  else if (!self->growing && gtk_slice_list_model_get_size (self->cells) == FIRST_CELLS)
    self->growing = g_idle_add (grow, self);
}

static void
update (UiImageStrip *self)
{
  UiPicture *picture = ui_session_picture (self->session);
  guint at = find_current (self);
  g_autofree char *folder = picture ? ui_picture_folder (picture) : g_strdup ("");
  g_autofree char *place = describe_place (self, at);
  gtk_label_set_label (self->name, picture ? ui_picture_name (picture) : "No pictures");
  gtk_label_set_label (self->size, place);
  gtk_label_set_label (self->folder, folder);
  ui_tip_set (GTK_WIDGET (self->name), picture ? ui_picture_path (picture) : NULL);
  self->updating = TRUE;
  limit_cells (self, at);
  gboolean moved = gtk_single_selection_get_selected (self->selection) != at;
  gtk_single_selection_set_selected (self->selection, at);
  self->updating = FALSE;
  if (moved && at != GTK_INVALID_LIST_POSITION)
    scroll_to (self, at);
}

static void
on_selected (UiImageStrip *self)
{
  UiPicture *picture = gtk_single_selection_get_selected_item (self->selection);
  if (self->updating || !picture)
    return;
  if (ui_picture_problem (picture))
    update (self); /* stays where it was */
  else
    ui_session_show_picture (self->session, picture);
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
  self->cells = gtk_slice_list_model_new (g_object_ref (ui_session_filtered (session)), 0, FIRST_CELLS);
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->cells)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
  self->updating = FALSE;
  g_signal_connect_object (self->selection, "notify::selected", G_CALLBACK (on_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::picture", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (ui_session_filtered (session), "items-changed", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "notify::filter", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  ui_strip_filter_set_session (self->filter, session);
  ui_explain_all_set_session (self->explain_all_popover, session);
  update (self);
}

void
ui_image_strip_explain_all (UiImageStrip *self)
{
  gtk_menu_button_popup (self->explain_all);
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
  g_clear_handle_id (&self->growing, g_source_remove);
  g_clear_object (&self->selection);
  g_clear_object (&self->cells);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_image_strip_parent_class)->dispose (object);
}

static void
ui_image_strip_class_init (UiImageStripClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_image_strip_dispose;
  g_type_ensure (UI_TYPE_STRIP_FILTER);
  g_type_ensure (UI_TYPE_EXPLAIN_ALL);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/image-strip.ui");
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, name);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, size);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, folder);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, list);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, scrolled);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, filter);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, explain_all);
  gtk_widget_class_bind_template_child (widget_class, UiImageStrip, explain_all_popover);
}

static void
ui_image_strip_init (UiImageStrip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cell), self);
  gtk_list_view_set_factory (self->list, factory);
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self->list), keys);
}
