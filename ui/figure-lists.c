/* See figure-lists.h. The lists are made anew when the document changes: they are short. */
#include "ui/figure-lists.h"

#include <math.h>

#include "ui/figure-add.h"
#include "ui/figure-line.h"

struct _UiFigureLists
{
  GtkWidget parent_instance;
  UiSession *session;
  gboolean updating;
  char *shown; /* the document that the lists show */
  GtkListBox *rows, *columns;
  GtkWidget *add_row, *add_column, *swap, *row_group, *rectangle;
  GtkEntry *label;
  GtkDropDown *class_choice, *crop;
  GtkAdjustment *edges[4]; /* x0, y0, x1, y1 in percent */
};

G_DEFINE_FINAL_TYPE (UiFigureLists, ui_figure_lists, GTK_TYPE_WIDGET)

static UiComposer *
composer_of (UiFigureLists *self)
{
  return ui_session_composer (self->session);
}

static UiFigureRow *
selected_row (UiFigureLists *self)
{
  return ui_figure_row (ui_composer_figure (composer_of (self)), ui_composer_selected (composer_of (self)));
}

/* ---- the lists ---- */

static void
fill (UiFigureLists *self, GtkListBox *list, gboolean columns, guint n)
{
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (list)));)
    gtk_list_box_remove (list, child);
  for (guint i = 0; i < n; i++)
    gtk_list_box_append (list, ui_figure_line_new (self->session, columns, i));
  gtk_widget_set_visible (GTK_WIDGET (list), n > 0);
}

static void
update_lists (UiFigureLists *self)
{
  const UiFigure *figure = ui_composer_figure (composer_of (self));
  char *now = ui_composer_save (composer_of (self));
  if (g_strcmp0 (now, self->shown) != 0)
    {
      fill (self, self->rows, FALSE, figure->rows->len);
      fill (self, self->columns, TRUE, figure->columns->len);
    }
  g_free (self->shown);
  self->shown = now;
  guint at = ui_composer_selected (composer_of (self));
  gtk_list_box_select_row (self->rows, at == G_MAXUINT ? NULL : gtk_list_box_get_row_at_index (self->rows, (int)at));
}

static void
on_row_selected (GtkListBox *list, GtkListBoxRow *row, UiFigureLists *self)
{
  if (row && !self->updating)
    ui_composer_select (composer_of (self), (guint)gtk_list_box_row_get_index (row));
}

/* ---- the selected row ---- */

static void
update_classes (UiFigureLists *self, const UiFigureRow *row)
{
  EngModel *model = ui_session_model (self->session);
  int n = model ? eng_model_n_classes (model) : 0;
  gboolean known = g_object_get_data (G_OBJECT (self->class_choice), "model") == model;
  if (!known)
    {
      g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
      for (int i = 0; i < n; i++)
        gtk_string_list_append (names, eng_model_label (model, i));
      gtk_drop_down_set_model (self->class_choice, G_LIST_MODEL (names));
      g_object_set_data (G_OBJECT (self->class_choice), "model", model);
    }
  int at = row->class_index >= 0 ? row->class_index
                                 : ui_composer_class (composer_of (self), ui_composer_selected (composer_of (self)));
  gtk_widget_set_sensitive (GTK_WIDGET (self->class_choice), n > 0);
  gtk_drop_down_set_selected (self->class_choice, at >= 0 && at < n ? (guint)at : GTK_INVALID_LIST_POSITION);
}

static void
update_row (UiFigureLists *self)
{
  const UiFigureRow *row = selected_row (self);
  gtk_widget_set_visible (self->row_group, row != NULL);
  if (!row)
    return;
  const char *label = row->label ? row->label : row->class_name ? row->class_name : "";
  const double edges[4] = { row->x0, row->y0, row->x1, row->y1 };
  if (!g_str_equal (gtk_editable_get_text (GTK_EDITABLE (self->label)), label))
    gtk_editable_set_text (GTK_EDITABLE (self->label), label);
  update_classes (self, row);
  gtk_drop_down_set_selected (self->crop, (guint)row->crop);
  gtk_widget_set_visible (self->rectangle, row->crop == UI_CROP_FREE || row->crop == UI_CROP_INSET);
  for (guint i = 0; i < 4; i++)
    gtk_adjustment_set_value (self->edges[i], 100 * edges[i]);
}

static void
update (UiFigureLists *self)
{
  self->updating = TRUE;
  update_lists (self);
  update_row (self);
  gtk_widget_set_sensitive (self->swap, !ui_composer_is_empty (composer_of (self)));
  self->updating = FALSE;
}

static void
on_label (UiFigureLists *self)
{
  UiFigureRow *row = selected_row (self);
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->label));
  if (self->updating || !row)
    return;
  g_free (row->label);
  row->label = g_strcmp0 (text, row->class_name) == 0 ? NULL : g_strdup (text);
  ui_composer_changed (composer_of (self));
}

static void
on_class (UiFigureLists *self)
{
  UiFigureRow *row = selected_row (self);
  guint at = gtk_drop_down_get_selected (self->class_choice);
  EngModel *model = ui_session_model (self->session);
  if (self->updating || !row || !model || at >= (guint)eng_model_n_classes (model) || row->class_index == (int)at)
    return;
  row->class_index = (int)at;
  g_free (row->class_name);
  row->class_name = g_strdup (eng_model_label (model, (int)at));
  ui_composer_changed (composer_of (self));
}

/* The rectangle begins as what Inspect shows. */
static void
on_crop (UiFigureLists *self)
{
  UiFigureRow *row = selected_row (self);
  guint crop = gtk_drop_down_get_selected (self->crop);
  if (self->updating || !row || crop == (guint)row->crop)
    return;
  gboolean had = row->crop == UI_CROP_FREE || row->crop == UI_CROP_INSET;
  row->crop = (UiFigureCrop)crop;
  if (!had && (row->crop == UI_CROP_FREE || row->crop == UI_CROP_INSET))
    gtk_widget_activate_action (GTK_WIDGET (self), "win.figure-zoom", NULL);
  ui_composer_changed (composer_of (self));
}

static void
on_edge (UiFigureLists *self)
{
  UiFigureRow *row = selected_row (self);
  double v[4];
  if (self->updating || !row)
    return;
  for (guint i = 0; i < 4; i++)
    v[i] = gtk_adjustment_get_value (self->edges[i]) / 100;
  /* A rectangle has an inside: the edge that was not touched gives way. */
  row->x0 = MIN (v[0], 0.99);
  row->y0 = MIN (v[1], 0.99);
  row->x1 = MAX (v[2], row->x0 + 0.01);
  row->y1 = MAX (v[3], row->y0 + 0.01);
  ui_composer_changed (composer_of (self));
}

static void
on_swap (UiFigureLists *self)
{
  UiFigure *figure = ui_composer_figure (composer_of (self));
  figure->swapped = !figure->swapped;
  ui_composer_changed (composer_of (self));
}

/* ---- birth and end ---- */

void
ui_figure_lists_set_session (UiFigureLists *self, UiSession *session)
{
  self->session = g_object_ref (session);
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (self->add_row), ui_figure_add_row_popover (session));
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (self->add_column), ui_figure_add_column_popover (session));
  g_signal_connect_object (composer_of (self), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_figure_lists_dispose (GObject *object)
{
  UiFigureLists *self = UI_FIGURE_LISTS (object);
  self->updating = TRUE;
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->shown, g_free);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_figure_lists_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiFigureLists, member)

static void
ui_figure_lists_class_init (UiFigureListsClass *klass)
{
  static const char *const names[] = { "x0", "y0", "x1", "y1" };
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_figure_lists_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/figure-lists.ui");
  BIND (rows);
  BIND (columns);
  BIND (add_row);
  BIND (add_column);
  BIND (swap);
  BIND (row_group);
  BIND (rectangle);
  BIND (label);
  BIND (class_choice);
  BIND (crop);
  for (gsize i = 0; i < 4; i++)
    gtk_widget_class_bind_template_child_full (
        widget_class, names[i], FALSE, (gssize)(G_STRUCT_OFFSET (UiFigureLists, edges) + i * sizeof (gpointer)));
}

static void
ui_figure_lists_init (UiFigureLists *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_autoptr (GtkExpression) words = gtk_property_expression_new (GTK_TYPE_STRING_OBJECT, NULL, "string");
  gtk_drop_down_set_expression (self->class_choice, words);
  gtk_drop_down_set_enable_search (self->class_choice, TRUE);
  g_signal_connect (self->rows, "row-selected", G_CALLBACK (on_row_selected), self);
  g_signal_connect_swapped (self->label, "changed", G_CALLBACK (on_label), self);
  g_signal_connect_swapped (self->class_choice, "notify::selected", G_CALLBACK (on_class), self);
  g_signal_connect_swapped (self->crop, "notify::selected", G_CALLBACK (on_crop), self);
  g_signal_connect_swapped (self->swap, "clicked", G_CALLBACK (on_swap), self);
  for (guint i = 0; i < 4; i++)
    g_signal_connect_swapped (self->edges[i], "value-changed", G_CALLBACK (on_edge), self);
}
