/* See figure-line.h. */
#include "ui/figure-line.h"

#include "ui/session.h"

struct _UiFigureLine
{
  GtkListBoxRow parent_instance;
  UiSession *session; /* (owned) */
  gboolean is_column;
  guint at;
};

G_DEFINE_FINAL_TYPE (UiFigureLine, ui_figure_line, GTK_TYPE_LIST_BOX_ROW)

static UiComposer *
composer_of (UiFigureLine *self)
{
  return ui_session_composer (self->session);
}

static GPtrArray *
list_of (UiFigureLine *self)
{
  UiFigure *figure = ui_composer_figure (composer_of (self));
  return self->is_column ? figure->columns : figure->rows;
}

void
ui_figure_move (GPtrArray *list, guint from, guint to)
{
  if (from == to || from >= list->len || to >= list->len)
    return;
  gpointer moved = list->pdata[from];
  for (guint i = from; i < to; i++)
    list->pdata[i] = list->pdata[i + 1];
  for (guint i = from; i > to; i--)
    list->pdata[i] = list->pdata[i - 1];
  list->pdata[to] = moved;
}

guint
ui_figure_line_at (UiFigureLine *self)
{
  return self->at;
}

/* The line itself goes with this: its list is made anew. */
static void
move_to (UiFigureLine *self, guint to)
{
  g_autoptr (UiFigureLine) hold = g_object_ref (self);
  GtkWidget *list = gtk_widget_get_parent (GTK_WIDGET (self));
  if (to >= list_of (self)->len || to == self->at)
    return;
  ui_figure_move (list_of (self), self->at, to);
  ui_composer_changed (composer_of (self));
  if (!self->is_column)
    ui_composer_select (composer_of (self), to);
  GtkListBoxRow *row = list ? gtk_list_box_get_row_at_index (GTK_LIST_BOX (list), (int)to) : NULL;
  if (row)
    gtk_widget_grab_focus (GTK_WIDGET (row));
}

static gboolean
on_move (GtkWidget *widget, GVariant *by, gpointer unused)
{
  UiFigureLine *self = UI_FIGURE_LINE (widget);
  int to = (int)self->at + g_variant_get_int32 (by);
  if (to >= 0)
    move_to (self, (guint)to);
  return TRUE;
}

static void
on_remove (UiFigureLine *self)
{
  g_autoptr (UiFigureLine) hold = g_object_ref (self);
  g_ptr_array_remove_index (list_of (self), self->at);
  ui_composer_changed (composer_of (self));
}

static gboolean
on_remove_key (GtkWidget *widget, GVariant *unused, gpointer data)
{
  on_remove (UI_FIGURE_LINE (widget));
  return TRUE;
}

/* ---- dragging ---- */

/* Rows and columns do not mix: the number of a column counts from a million. */
#define COLUMNS_FROM 1000000

static GdkContentProvider *
on_prepare (GtkDragSource *source, double x, double y, UiFigureLine *self)
{
  g_autoptr (GdkPaintable) icon = gtk_widget_paintable_new (GTK_WIDGET (self));
  gtk_drag_source_set_icon (source, icon, (int)x, (int)y);
  return gdk_content_provider_new_typed (G_TYPE_UINT, self->at + (self->is_column ? COLUMNS_FROM : 0));
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, UiFigureLine *self)
{
  guint from = g_value_get_uint (value), base = self->is_column ? COLUMNS_FROM : 0;
  if (from < base || from - base >= list_of (self)->len)
    return FALSE;
  g_autoptr (UiFigureLine) hold = g_object_ref (self);
  ui_figure_move (list_of (self), from - base, self->at);
  ui_composer_changed (composer_of (self));
  return TRUE;
}

/* ---- what it says ---- */

static GtkWidget *
label_new (const char *text, const char *class_name)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_tooltip_text (label, text);
  if (class_name)
    gtk_widget_add_css_class (label, class_name);
  if (class_name)
    gtk_widget_add_css_class (label, "caption");
  return label;
}

static UiPicture *
find_picture (UiSession *session, const char *path)
{
  GListModel *pictures = ui_session_pictures (session);
  for (guint i = 0; i < g_list_model_get_n_items (pictures); i++)
    {
      g_autoptr (UiPicture) picture = g_list_model_get_item (pictures, i);
      if (g_str_equal (ui_picture_path (picture), path))
        return picture; /* the list holds it */
    }
  return NULL;
}

static void
on_thumbnail (UiPicture *picture, GtkPicture *view)
{
  gtk_picture_set_paintable (view, GDK_PAINTABLE (ui_picture_thumbnail (picture)));
}

static void
drop_thumbnail (gpointer picture)
{
  ui_picture_want_thumbnail (picture, FALSE);
  g_object_unref (picture);
}

static GtkWidget *
thumbnail_new (UiFigureLine *self, const UiFigureRow *row)
{
  UiPicture *picture = find_picture (self->session, row->picture.path);
  GtkWidget *view = gtk_picture_new ();
  gtk_picture_set_content_fit (GTK_PICTURE (view), GTK_CONTENT_FIT_COVER);
  gtk_widget_set_size_request (view, 44, 30);
  gtk_widget_set_valign (view, GTK_ALIGN_CENTER);
  gtk_widget_set_overflow (view, GTK_OVERFLOW_HIDDEN);
  gtk_widget_add_css_class (view, "thumb");
  if (!picture)
    return view;
  ui_picture_want_thumbnail (picture, TRUE);
  g_object_set_data_full (G_OBJECT (view), "picture", g_object_ref (picture), drop_thumbnail);
  g_signal_connect_object (picture, "changed", G_CALLBACK (on_thumbnail), view, 0);
  on_thumbnail (picture, GTK_PICTURE (view));
  return view;
}

/* "harbour-01" over "lighthouse". (transfer full), both */
static void
words_of_row (UiFigureLine *self, char **title, char **detail)
{
  const UiFigureRow *row = ui_figure_row (ui_composer_figure (composer_of (self)), self->at);
  g_autofree char *name = g_filename_display_basename (row->picture.path);
  char *dot = strrchr (name, '.');
  if (dot && dot > name)
    *dot = '\0';
  *title = g_strdup (name);
  *detail = g_strdup (row->class_name ? row->class_name : "the first choice");
}

static void
words_of_column (UiFigureLine *self, char **title, char **detail)
{
  const UiFigureColumn *column = ui_figure_column (ui_composer_figure (composer_of (self)), self->at);
  const EngMethod *method = column->method ? eng_method_find (column->method, NULL) : NULL;
  const EngProtocol *protocol = column->protocol ? eng_protocol_find (column->protocol, NULL) : NULL;
  g_autofree char *heading = column->heading ? g_strdup (column->heading) : ui_figure_heading (column);
  *title = column->kind == UI_COLUMN_PHOTO    ? g_strdup ("Image")
           : column->kind == UI_COLUMN_PLOT   ? g_strdup_printf ("Curves: %s", protocol ? protocol->name : "")
           : column->kind == UI_COLUMN_MASKED ? g_strdup_printf ("%s, masked", method ? method->name : "")
                                              : g_strdup (method ? method->name : "");
  *detail = *heading ? g_strdup_printf ("heading “%s”", heading) : g_strdup ("no heading");
}

/* ---- the heading of a column ---- */

static void
on_heading (GtkEditable *entry, UiFigureLine *self)
{
  UiFigureColumn *column = ui_figure_column (ui_composer_figure (composer_of (self)), self->at);
  g_autofree char *own = NULL;
  if (!column)
    return;
  g_free (g_steal_pointer (&column->heading));
  own = ui_figure_heading (column);
  const char *text = gtk_editable_get_text (entry);
  column->heading = g_str_equal (text, own) ? NULL : g_strdup (text);
  ui_composer_changed (composer_of (self));
}

static void
on_heading_activate (GtkEntry *entry)
{
  GtkWidget *popover = gtk_widget_get_ancestor (GTK_WIDGET (entry), GTK_TYPE_POPOVER);
  gtk_popover_popdown (GTK_POPOVER (popover));
}

/* The list is made anew on every change: told once, when the popover goes. */
static void
on_heading_closed (GtkPopover *popover, UiFigureLine *self)
{
  GtkWidget *entry = gtk_popover_get_child (popover);
  g_autoptr (UiFigureLine) hold = g_object_ref (self);
  on_heading (GTK_EDITABLE (entry), self);
}

static GtkWidget *
heading_button_new (UiFigureLine *self)
{
  const UiFigureColumn *column = ui_figure_column (ui_composer_figure (composer_of (self)), self->at);
  GtkWidget *button = gtk_menu_button_new (), *popover = gtk_popover_new (), *entry = gtk_entry_new ();
  g_autofree char *heading = column->heading ? g_strdup (column->heading) : ui_figure_heading (column);
  gtk_editable_set_text (GTK_EDITABLE (entry), heading);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, "Heading of the column", -1);
  gtk_popover_set_child (GTK_POPOVER (popover), entry);
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (button), popover);
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "sl-gear-symbolic");
  gtk_widget_set_tooltip_text (button, "Heading");
  g_signal_connect (entry, "activate", G_CALLBACK (on_heading_activate), NULL);
  g_signal_connect_object (popover, "closed", G_CALLBACK (on_heading_closed), self, 0);
  return button;
}

/* ---- birth and end ---- */

static void
add_shortcuts (UiFigureLine *self)
{
  static const struct
  {
    const char *trigger;
    int by;
  } moves[] = { { "<Alt>Up", -1 }, { "<Alt>Down", 1 } };
  GtkEventController *keys = gtk_shortcut_controller_new ();
  for (guint i = 0; i < G_N_ELEMENTS (moves); i++)
    {
      GtkShortcut *shortcut = gtk_shortcut_new (gtk_shortcut_trigger_parse_string (moves[i].trigger),
                                                gtk_callback_action_new (on_move, NULL, NULL));
      gtk_shortcut_set_arguments (shortcut, g_variant_new_int32 (moves[i].by));
      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (keys), shortcut);
    }
  gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (keys),
                                        gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_Delete, 0),
                                                          gtk_callback_action_new (on_remove_key, NULL, NULL)));
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

static void
add_dragging (UiFigureLine *self)
{
  GtkDragSource *source = gtk_drag_source_new ();
  GtkDropTarget *target = gtk_drop_target_new (G_TYPE_UINT, GDK_ACTION_MOVE);
  gtk_drag_source_set_actions (source, GDK_ACTION_MOVE);
  g_signal_connect (source, "prepare", G_CALLBACK (on_prepare), self);
  g_signal_connect (target, "drop", G_CALLBACK (on_drop), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (source));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

GtkWidget *
ui_figure_line_new (UiSession *session, gboolean is_column, guint at)
{
  UiFigureLine *self = g_object_new (UI_TYPE_FIGURE_LINE, NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *handle = gtk_image_new_from_icon_name ("sl-menu-symbolic");
  GtkWidget *remove = gtk_button_new_from_icon_name ("sl-close-symbolic");
  g_autofree char *title = NULL, *detail = NULL, *words = NULL;
  self->session = g_object_ref (session);
  self->is_column = is_column;
  self->at = at;
  (is_column ? words_of_column : words_of_row) (self, &title, &detail);
  gtk_widget_add_css_class (handle, "sl-dim");
  gtk_widget_set_tooltip_text (handle, "Drag to reorder, or Alt+Up and Alt+Down");
  gtk_box_append (GTK_BOX (box), handle);
  if (!is_column)
    gtk_box_append (GTK_BOX (box), thumbnail_new (self, ui_figure_row (ui_composer_figure (composer_of (self)), at)));
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_widget_set_valign (texts, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (texts), label_new (title, NULL));
  gtk_box_append (GTK_BOX (texts), label_new (detail, "sl-dim"));
  gtk_box_append (GTK_BOX (box), texts);
  if (is_column)
    {
      GtkWidget *heading = heading_button_new (self);
      g_autofree char *name = g_strdup_printf ("Heading of %s", title);
      gtk_widget_add_css_class (heading, "tight");
      gtk_menu_button_set_has_frame (GTK_MENU_BUTTON (heading), FALSE);
      gtk_widget_set_valign (heading, GTK_ALIGN_CENTER);
      gtk_accessible_update_property (GTK_ACCESSIBLE (heading), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
      gtk_box_append (GTK_BOX (box), heading);
    }
  words = g_strdup_printf ("Remove %s", title);
  gtk_widget_add_css_class (remove, "tight");
  gtk_widget_set_valign (remove, GTK_ALIGN_CENTER);
  gtk_button_set_has_frame (GTK_BUTTON (remove), FALSE);
  gtk_widget_set_tooltip_text (remove, "Remove (Delete)");
  gtk_accessible_update_property (GTK_ACCESSIBLE (remove), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
  g_signal_connect_swapped (remove, "clicked", G_CALLBACK (on_remove), self);
  gtk_box_append (GTK_BOX (box), remove);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self), box);
  g_autofree char *name = g_strdup_printf ("%s, %s", title, detail);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  add_shortcuts (self);
  add_dragging (self);
  return GTK_WIDGET (self);
}

static void
ui_figure_line_dispose (GObject *object)
{
  g_clear_object (&UI_FIGURE_LINE (object)->session);
  G_OBJECT_CLASS (ui_figure_line_parent_class)->dispose (object);
}

static void
ui_figure_line_class_init (UiFigureLineClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_figure_line_dispose;
}

static void
ui_figure_line_init (UiFigureLine *self)
{
}
