/* See area-table.h. */
#include "ui/area-table.h"

#include <math.h>

#include "ui/series-column.h"
#include "ui/tip.h"

struct _UiAreaTable
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkColumnView *view;
  GtkColumnViewColumn *columns[UI_N_DIRECTIONS];
  GtkSorter *group_sorter, *sorters[UI_N_DIRECTIONS];
  GtkSingleSelection *selection;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (UiAreaTable, ui_area_table, GTK_TYPE_WIDGET)

static UiThreshold *
threshold_of (UiAreaTable *self)
{
  return ui_session_threshold (self->session);
}

/* ---- texts ---- */

/* "0.49 ± 0.05": mean and half the way between 5 and 95 %. */
static char *
random_text (UiThreshold *threshold, UiSeries *series, UiDirection direction)
{
  const UiProtocol *protocol = ui_threshold_protocol (threshold);
  const EngBand *band = ui_threshold_band (threshold, direction);
  const EngProtocol *row = ui_protocol_row (protocol, direction);
  double mean = 0, spread = 0;
  if (!band)
    return g_strdup_printf ("%.0f %%", floor (100 * ui_threshold_progress (threshold, series, direction)));
  if (!row->curve->mean)
    {
      mean = band->area;
      spread = (band->area_high - band->area_low) / 2;
    }
  for (int i = 0; row->curve->mean && i < band->n; i++)
    {
      mean += band->mean[i] / band->n;
      spread += (band->high[i] - band->low[i]) / 2 / band->n;
    }
  return row->scale > 1 ? g_strdup_printf ("%.1f ± %.1f", row->scale * mean, row->scale * spread)
                        : g_strdup_printf ("%.2f ± %.2f", mean, spread);
}

char *
ui_area_text (UiThreshold *threshold, UiSeries *series, UiDirection direction, gboolean *old)
{
  *old = FALSE;
  if (!series->slot)
    return random_text (threshold, series, direction);
  double area = ui_threshold_area (threshold, series, direction, old);
  int digits = area > 1.5 ? 1 : 3;
  if (series->flat)
    return g_strdup ("—");
  if (isnan (area))
    return g_strdup_printf ("%.0f %%", floor (100 * ui_threshold_progress (threshold, series, direction)));
  return g_strdup_printf (*old ? "%.*f old" : "%.*f", digits, area);
}

/* ---- sorting ---- */

typedef enum
{
  CURRENT,
  UNKNOWN,
  OLD, /* another protocol */
  RANDOM
} Group;

static Group
group_of (UiAreaTable *self, UiSeries *series, UiDirection direction)
{
  gboolean old;
  double area = series->slot ? ui_threshold_area (threshold_of (self), series, direction, &old) : NAN;
  return !series->slot ? RANDOM : isnan (area) || series->flat ? UNKNOWN : old ? OLD : CURRENT;
}

static int
compare_groups (gconstpointer a, gconstpointer b, gpointer data)
{
  UiAreaTable *self = data;
  int x = 0, y = 0;
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    {
      x = MAX (x, (int)group_of (self, (UiSeries *)a, (UiDirection)d));
      y = MAX (y, (int)group_of (self, (UiSeries *)b, (UiDirection)d));
    }
  return x - y;
}

static int
compare_areas (UiAreaTable *self, UiSeries *a, UiSeries *b, UiDirection direction)
{
  gboolean old;
  double x = ui_threshold_area (threshold_of (self), a, direction, &old);
  double y = ui_threshold_area (threshold_of (self), b, direction, &old);
  return isnan (x) || isnan (y) ? isnan (x) - isnan (y) : (x > y) - (x < y);
}

static int
compare_deletion (gconstpointer a, gconstpointer b, gpointer data)
{
  return compare_areas (data, (UiSeries *)a, (UiSeries *)b, UI_DELETION);
}

static int
compare_insertion (gconstpointer a, gconstpointer b, gpointer data)
{
  return compare_areas (data, (UiSeries *)a, (UiSeries *)b, UI_INSERTION);
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

static UiDirection
direction_of (UiAreaTable *self, GtkWidget *label)
{
  return (UiDirection)GPOINTER_TO_INT (g_object_get_data (G_OBJECT (label), "direction"));
}

static void
update_value (GtkListItem *item)
{
  GtkWidget *label = gtk_list_item_get_child (item);
  UiAreaTable *self = g_object_get_data (G_OBJECT (label), "table");
  UiSeries *series = gtk_list_item_get_item (item);
  gboolean old;
  if (!series)
    return;
  g_autofree char *text = ui_area_text (threshold_of (self), series, direction_of (self, label), &old);
  gtk_label_set_label (GTK_LABEL (label), text);
  ui_tip_set (label, old ? "Not comparable: different protocol" : NULL);
  if (old || !series->slot || g_str_has_suffix (text, "%"))
    gtk_widget_add_css_class (label, "sl-dim");
  else
    gtk_widget_remove_css_class (label, "sl-dim");
}

static void
bind_value (GtkListItemFactory *factory, GtkListItem *item, UiAreaTable *self)
{
  GtkWidget *label = gtk_list_item_get_child (item);
  g_object_set_data (G_OBJECT (label), "table", self);
  g_object_set_data (G_OBJECT (label), "direction", g_object_get_data (G_OBJECT (factory), "direction"));
  g_signal_connect_object (threshold_of (self), "curves", G_CALLBACK (update_value), item, G_CONNECT_SWAPPED);
  update_value (item);
}

static void
unbind_value (GtkListItemFactory *factory, GtkListItem *item, UiAreaTable *self)
{
  g_signal_handlers_disconnect_by_func (threshold_of (self), update_value, item);
}

/* ---- connections ---- */

static void
on_changed (UiAreaTable *self)
{
  UiThreshold *threshold = threshold_of (self);
  GListModel *model = G_LIST_MODEL (self->selection);
  self->updating = TRUE;
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    gtk_column_view_column_set_title (self->columns[d], ui_threshold_protocol (threshold)->preset->columns[d]);
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (model, i);
      if (series == ui_threshold_selected (threshold))
        gtk_single_selection_set_selected (self->selection, i);
    }
  self->updating = FALSE;
}

static void
on_curves (UiAreaTable *self)
{
  self->updating = TRUE;
  gtk_sorter_changed (self->group_sorter, GTK_SORTER_CHANGE_DIFFERENT);
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    gtk_sorter_changed (self->sorters[d], GTK_SORTER_CHANGE_DIFFERENT);
  self->updating = FALSE;
  on_changed (self);
}

static void
on_selected (UiAreaTable *self)
{
  UiSeries *series = gtk_single_selection_get_selected_item (self->selection);
  if (!self->updating && series)
    ui_threshold_select (threshold_of (self), series);
}

static GtkColumnViewColumn *
add_column (UiAreaTable *self, int direction)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_object_set_data (G_OBJECT (factory), "direction", GINT_TO_POINTER (direction));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_value), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_value), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_value), self);
  GtkColumnViewColumn *column = gtk_column_view_column_new ("", factory);
  gtk_column_view_append_column (self->view, column);
  g_object_unref (column); /* the view holds it */
  return column;
}

void
ui_area_table_set_session (UiAreaTable *self, UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  static const GCompareDataFunc compares[] = { compare_deletion, compare_insertion };
  self->session = g_object_ref (session);
  ui_series_column_add (self->view);
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    {
      self->columns[d] = add_column (self, d);
      self->sorters[d] = GTK_SORTER (gtk_custom_sorter_new (compares[d], self, NULL));
      gtk_column_view_column_set_sorter (self->columns[d], self->sorters[d]);
    }
  /* Groups stay apart whichever way a column is sorted. */
  GtkMultiSorter *sorter = gtk_multi_sorter_new ();
  self->group_sorter = GTK_SORTER (gtk_custom_sorter_new (compare_groups, self, NULL));
  gtk_multi_sorter_append (sorter, g_object_ref (self->group_sorter));
  gtk_multi_sorter_append (sorter, g_object_ref (gtk_column_view_get_sorter (self->view)));
  GListModel *sorted =
      G_LIST_MODEL (gtk_sort_list_model_new (g_object_ref (ui_threshold_series (threshold)), GTK_SORTER (sorter)));
  self->selection = gtk_single_selection_new (sorted);
  ui_series_column_align_titles (self->view);
  gtk_single_selection_set_autoselect (self->selection, FALSE); /* the threshold says which */
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "notify::selected", G_CALLBACK (on_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (threshold, "curves", G_CALLBACK (on_curves), self, G_CONNECT_SWAPPED);
  on_changed (self);
}

static void
ui_area_table_dispose (GObject *object)
{
  UiAreaTable *self = UI_AREA_TABLE (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->selection);
  g_clear_object (&self->group_sorter);
  for (int d = 0; d < UI_N_DIRECTIONS; d++)
    g_clear_object (&self->sorters[d]);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_area_table_parent_class)->dispose (object);
}

static void
ui_area_table_class_init (UiAreaTableClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_area_table_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "areatable");
}

static void
ui_area_table_init (UiAreaTable *self)
{
  self->view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->view), "areas");
  /* The view and the list inside it, which takes the focus. */
  GtkWidget *parts[] = { GTK_WIDGET (self->view), gtk_widget_get_last_child (GTK_WIDGET (self->view)) };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    gtk_accessible_update_property (GTK_ACCESSIBLE (parts[i]), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    "Areas under the curves", -1);
  gtk_widget_set_parent (GTK_WIDGET (self->view), GTK_WIDGET (self));
}
