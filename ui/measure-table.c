/* See measure-table.h. */
#include "ui/measure-table.h"

#include <math.h>
#include <string.h>

#include "ui/series-column.h"
#include "ui/tip.h"

struct _UiMeasureTable
{
  GtkWidget parent_instance;
  UiSession *session;
  const char *group; /* whose columns there are */
  GtkColumnView *view;
  GtkLabel *truth, *words;
  GtkButton *open;
  GtkSorter *group_sorter;
  GPtrArray *sorters; /* GtkSorter, of the columns */
  GtkSingleSelection *selection;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (UiMeasureTable, ui_measure_table, GTK_TYPE_WIDGET)

static UiThreshold *
threshold_of (UiMeasureTable *self)
{
  return ui_session_threshold (self->session);
}

/* ---- texts ---- */

static gboolean
counts_in_percent (const EngProtocol *row)
{
  return g_str_has_suffix (row->unit, "%");
}

char *
ui_measure_title (const EngProtocol *row)
{
  return g_strdup_printf ("%s %s%s", row->title ? row->title : row->name,
                          row->direction == ENG_LOWER_IS_BETTER ? "↓" : "↑", counts_in_percent (row) ? " %" : "");
}

char *
ui_measure_text (UiThreshold *threshold, UiSeries *series, const EngProtocol *row)
{
  UiMeasure measure = ui_threshold_measure (threshold, series, row);
  if (!measure.known)
    return measure.progress > 0 ? g_strdup_printf ("%.0f %%", floor (100 * measure.progress)) : g_strdup ("…");
  if (isnan (measure.value))
    return g_strdup ("—");
  if (g_str_equal (row->unit, "0 or 1")) /* the pointing game */
    return g_strdup (measure.value > 0 ? "hit" : "miss");
  return g_strdup_printf (counts_in_percent (row) ? "%.1f" : "%.3f", measure.value);
}

/* Name, unit, sense and definition of each row, as the table of protocols has them. */
static char *
definitions_of (UiThreshold *threshold, const char *group)
{
  const EngProtocol *row;
  GString *text = g_string_new (NULL);
  for (guint i = 0; (row = ui_measure_nth (group, i)); i++)
    {
      g_autofree char *name = g_markup_escape_text (row->name, -1);
      g_autofree char *definition = g_markup_escape_text (row->definition, -1);
      g_autofree char *reference = g_markup_escape_text (row->reference, -1);
      /* The column's title, unless the name tells it. */
      g_autofree char *title =
          row->title && !strstr (row->name, row->title) ? g_strdup_printf (" (%s)", row->title) : g_strdup ("");
      g_string_append_printf (text, "%s<b>%s</b>%s, %s, %s: %s %s.", i ? "\n\n" : "", name, title, row->unit,
                              eng_direction_name (row->direction), definition, reference);
      if (row->seeded)
        g_string_append_printf (text, " Seed %" G_GUINT64_FORMAT ".", ui_threshold_protocol (threshold)->seed);
    }
  return g_string_free (text, FALSE);
}

/* ---- sorting ---- */

typedef struct
{
  UiMeasureTable *table;
  const EngProtocol *row;
} Column;

static int
compare_values (gconstpointer a, gconstpointer b, gpointer data)
{
  const Column *column = data;
  double x = ui_threshold_measure (threshold_of (column->table), (UiSeries *)a, column->row).value;
  double y = ui_threshold_measure (threshold_of (column->table), (UiSeries *)b, column->row).value;
  return isnan (x) || isnan (y) ? isnan (x) - isnan (y) : (x > y) - (x < y);
}

static gboolean
is_incomplete (UiMeasureTable *self, UiSeries *series)
{
  const EngProtocol *row;
  for (guint i = 0; (row = ui_measure_nth (self->group, i)); i++)
    if (isnan (ui_threshold_measure (threshold_of (self), series, row).value))
      return TRUE;
  return FALSE;
}

/* Maps without a value come last whichever way a column is sorted. */
static int
compare_groups (gconstpointer a, gconstpointer b, gpointer data)
{
  return is_incomplete (data, (UiSeries *)a) - is_incomplete (data, (UiSeries *)b);
}

static gboolean
has_map (gpointer item, gpointer unused)
{
  return UI_SERIES (item)->slot != NULL;
}

/* ---- cells ---- */

static void
setup_value (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 1);
  gtk_widget_add_css_class (label, "sl-num");
  gtk_list_item_set_child (item, label);
}

static void
update_value (GtkListItem *item)
{
  GtkWidget *label = gtk_list_item_get_child (item);
  const Column *column = g_object_get_data (G_OBJECT (label), "column");
  UiSeries *series = gtk_list_item_get_item (item);
  if (!series)
    return;
  UiThreshold *threshold = threshold_of (column->table);
  UiMeasure measure = ui_threshold_measure (threshold, series, column->row);
  g_autofree char *text = ui_measure_text (threshold, series, column->row);
  gtk_label_set_label (GTK_LABEL (label), text);
  ui_tip_set (label, measure.known ? measure.why_not : NULL);
  if (isnan (measure.value))
    gtk_widget_add_css_class (label, "sl-dim");
  else
    gtk_widget_remove_css_class (label, "sl-dim");
}

static void
bind_value (GtkListItemFactory *factory, GtkListItem *item, Column *column)
{
  UiThreshold *threshold = threshold_of (column->table);
  g_object_set_data (G_OBJECT (gtk_list_item_get_child (item)), "column", column);
  g_signal_connect_object (threshold, "measured", G_CALLBACK (update_value), item, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "changed", G_CALLBACK (update_value), item, G_CONNECT_SWAPPED);
  update_value (item);
}

static void
unbind_value (GtkListItemFactory *factory, GtkListItem *item, Column *column)
{
  g_signal_handlers_disconnect_by_func (threshold_of (column->table), update_value, item);
}

static void
free_column (gpointer data, GClosure *closure)
{
  g_free (data);
}

static void
add_column (UiMeasureTable *self, const EngProtocol *row)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  Column *column = g_new (Column, 1);
  *column = (Column){ self, row };
  g_autofree char *title = ui_measure_title (row);
  g_signal_connect (factory, "setup", G_CALLBACK (setup_value), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_value), column);
  g_signal_connect_data (factory, "unbind", G_CALLBACK (unbind_value), column, free_column, 0);
  g_autoptr (GtkColumnViewColumn) view_column = gtk_column_view_column_new (title, factory);
  Column *sorted = g_memdup2 (column, sizeof *column);
  GtkSorter *sorter = GTK_SORTER (gtk_custom_sorter_new (compare_values, sorted, g_free));
  gtk_column_view_column_set_sorter (view_column, sorter);
  gtk_column_view_append_column (self->view, view_column);
  g_ptr_array_add (self->sorters, sorter);
}

static void
replace_columns (UiMeasureTable *self, const char *group)
{
  const EngProtocol *row;
  GListModel *columns = gtk_column_view_get_columns (self->view);
  gtk_column_view_sort_by_column (self->view, NULL, GTK_SORT_ASCENDING);
  while (g_list_model_get_n_items (columns) > 1)
    {
      g_autoptr (GtkColumnViewColumn) last = g_list_model_get_item (columns, g_list_model_get_n_items (columns) - 1);
      gtk_column_view_remove_column (self->view, last);
    }
  g_ptr_array_set_size (self->sorters, 0);
  self->group = group;
  for (guint i = 0; (row = ui_measure_nth (group, i)); i++)
    add_column (self, row);
  ui_series_column_align_titles (self->view);
}

/* ---- connections ---- */

static gboolean
needs_truth (const char *group)
{
  const EngProtocol *row = ui_measure_nth (group, 0);
  return row && row->needs_truth;
}

static void
update_truth (UiMeasureTable *self)
{
  UiThreshold *threshold = threshold_of (self);
  gboolean needs = self->group && needs_truth (self->group), has = ui_threshold_truth (threshold) != NULL;
  g_autofree char *text = ui_threshold_truth_words (threshold);
  gtk_widget_set_visible (GTK_WIDGET (self->truth), needs && *text);
  gtk_label_set_label (self->truth, text);
  gtk_widget_set_visible (GTK_WIDGET (self->open), needs && !has);
  gtk_widget_set_visible (GTK_WIDGET (self->view), !needs || has);
}

static void
on_changed (UiMeasureTable *self)
{
  UiThreshold *threshold = threshold_of (self);
  const char *group = ui_threshold_group (threshold);
  GListModel *model = G_LIST_MODEL (self->selection);
  self->updating = TRUE;
  if (group && group != self->group)
    replace_columns (self, group);
  g_autofree char *words = self->group ? definitions_of (threshold, self->group) : g_strdup ("");
  if (!g_str_equal (words, gtk_label_get_label (self->words)))
    gtk_label_set_markup (self->words, words);
  guint selected = GTK_INVALID_LIST_POSITION;
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (model, i);
      selected = series == ui_threshold_selected (threshold) ? i : selected;
    }
  gtk_single_selection_set_selected (self->selection, selected);
  self->updating = FALSE;
  update_truth (self);
}

static void
on_measured (UiMeasureTable *self)
{
  self->updating = TRUE;
  gtk_sorter_changed (self->group_sorter, GTK_SORTER_CHANGE_DIFFERENT);
  for (guint i = 0; i < self->sorters->len; i++)
    gtk_sorter_changed (self->sorters->pdata[i], GTK_SORTER_CHANGE_DIFFERENT);
  self->updating = FALSE;
  on_changed (self);
}

static void
on_selected (UiMeasureTable *self)
{
  UiSeries *series = gtk_single_selection_get_selected_item (self->selection);
  if (!self->updating && series)
    ui_threshold_select (threshold_of (self), series);
}

void
ui_measure_table_set_session (UiMeasureTable *self, UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  self->session = g_object_ref (session);
  ui_series_column_add (self->view);
  GtkMultiSorter *sorter = gtk_multi_sorter_new ();
  self->group_sorter = GTK_SORTER (gtk_custom_sorter_new (compare_groups, self, NULL));
  gtk_multi_sorter_append (sorter, g_object_ref (self->group_sorter));
  gtk_multi_sorter_append (sorter, g_object_ref (gtk_column_view_get_sorter (self->view)));
  GListModel *maps = G_LIST_MODEL (gtk_filter_list_model_new (
      g_object_ref (ui_threshold_series (threshold)), GTK_FILTER (gtk_custom_filter_new (has_map, NULL, NULL))));
  self->selection = gtk_single_selection_new (G_LIST_MODEL (gtk_sort_list_model_new (maps, GTK_SORTER (sorter))));
  gtk_single_selection_set_autoselect (self->selection, FALSE); /* the threshold says which */
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "notify::selected", G_CALLBACK (on_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "measured", G_CALLBACK (on_measured), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "truth", G_CALLBACK (update_truth), self, G_CONNECT_SWAPPED);
  on_changed (self);
}

static void
ui_measure_table_dispose (GObject *object)
{
  UiMeasureTable *self = UI_MEASURE_TABLE (object);
  if (self->session)
    gtk_column_view_set_model (self->view, NULL); /* its cells let go of the session while it is there */
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->selection);
  g_clear_object (&self->group_sorter);
  g_clear_pointer (&self->sorters, g_ptr_array_unref);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_measure_table_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiMeasureTable, member)

static void
ui_measure_table_class_init (UiMeasureTableClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_measure_table_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/measure-table.ui");
  BIND (view);
  BIND (truth);
  BIND (words);
  BIND (open);
}

static void
ui_measure_table_init (UiMeasureTable *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->sorters = g_ptr_array_new_with_free_func (g_object_unref);
  /* The view and the list inside it, which takes the focus. */
  GtkWidget *parts[] = { GTK_WIDGET (self->view), gtk_widget_get_last_child (GTK_WIDGET (self->view)) };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    gtk_accessible_update_property (GTK_ACCESSIBLE (parts[i]), GTK_ACCESSIBLE_PROPERTY_LABEL, "Measures", -1);
}
