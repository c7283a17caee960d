/* See strip-filter.h. The last row is the class that is explained, or the one that was when it was chosen: a list of
 * a thousand classes has its place in the sidebar. */
#include "ui/strip-filter.h"

#include "ui/tip.h"

struct _UiStripFilter
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkWidget *drop_down;
  GtkStringList *rows;
  int class_index; /* of the last row; -1: there is none */
  gboolean updating;
  guint idle;
};

G_DEFINE_FINAL_TYPE (UiStripFilter, ui_strip_filter, GTK_TYPE_WIDGET)

static void
set_class (UiStripFilter *self, int class_index)
{
  EngModel *model = ui_session_model (self->session);
  g_autofree char *row = class_index >= 0 ? g_strdup_printf ("Only %s", eng_model_label (model, class_index)) : NULL;
  const char *rows[] = { row, NULL };
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->rows));
  const char *there = n > UI_FILTER_CLASS ? gtk_string_list_get_string (self->rows, UI_FILTER_CLASS) : NULL;
  if (g_strcmp0 (there, row) != 0)
    gtk_string_list_splice (self->rows, UI_FILTER_CLASS, n - UI_FILTER_CLASS, rows);
  self->class_index = class_index;
}

static void
update (UiStripFilter *self)
{
  int class_index;
  UiFilter filter = ui_session_filter (self->session, &class_index);
  EngModel *model = ui_session_model (self->session);
  self->updating = TRUE;
  set_class (self, !model ? -1 : filter == UI_FILTER_CLASS ? class_index : ui_session_target (self->session));
  gtk_drop_down_set_selected (GTK_DROP_DOWN (self->drop_down), filter);
  self->updating = FALSE;
  gtk_widget_set_sensitive (self->drop_down, model != NULL);
}

static gboolean
choose (gpointer data)
{
  UiStripFilter *self = data;
  guint filter = gtk_drop_down_get_selected (GTK_DROP_DOWN (self->drop_down));
  self->idle = 0;
  if (filter <= UI_FILTER_CLASS)
    ui_session_set_filter (self->session, (UiFilter)filter, filter == UI_FILTER_CLASS ? self->class_index : -1);
  return G_SOURCE_REMOVE;
}

/* Choosing may change the rows, which must not happen while the list tells of its selection. */
static void
on_selected (UiStripFilter *self)
{
  if (!self->updating && !self->idle)
    self->idle = g_idle_add (choose, self);
}

void
ui_strip_filter_set_session (UiStripFilter *self, UiSession *session)
{
  static const char *const changes[] = { "notify::model", "notify::target", "notify::filter" };
  self->session = g_object_ref (session);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    g_signal_connect_object (session, changes[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_strip_filter_dispose (GObject *object)
{
  UiStripFilter *self = UI_STRIP_FILTER (object);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_pointer (&self->drop_down, gtk_widget_unparent);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_strip_filter_parent_class)->dispose (object);
}

static void
ui_strip_filter_class_init (UiStripFilterClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_strip_filter_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
ui_strip_filter_init (UiStripFilter *self)
{
  static const char *const rows[] = { "All pictures", "Wrong", "Unsure", NULL };
  self->class_index = -1;
  self->rows = gtk_string_list_new (rows);
  self->drop_down = gtk_drop_down_new (G_LIST_MODEL (self->rows), NULL);
  gtk_widget_add_css_class (self->drop_down, "small");
  ui_tip_describe (self->drop_down, "Which pictures are listed. Wrong: the label says otherwise; unsure: the "
                                    "top class has less than a half");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->drop_down), GTK_ACCESSIBLE_PROPERTY_LABEL, "Pictures listed",
                                  -1);
  g_signal_connect_swapped (self->drop_down, "notify::selected", G_CALLBACK (on_selected), self);
  gtk_widget_set_parent (self->drop_down, GTK_WIDGET (self));
}
