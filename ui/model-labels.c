/* See model-labels.h. A row is the index and the name as one text, so that either is found. */
#include "ui/model-labels.h"

#include "ui/tip.h"

struct _UiModelLabels
{
  GtkWidget parent_instance;
  UiSession *session;
  GtkLabel *count, *none;
  GtkSearchEntry *search;
  GtkListView *list;
  GtkStringList *names;
  GtkFilterListModel *found;
  GtkStringFilter *filter;
};

G_DEFINE_FINAL_TYPE (UiModelLabels, ui_model_labels, GTK_TYPE_WIDGET)

static void
update_none (UiModelLabels *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search));
  gboolean none = *text && g_list_model_get_n_items (G_LIST_MODEL (self->found)) == 0;
  g_autofree char *words = g_strdup_printf ("No class matches “%s”.", text);
  gtk_label_set_label (self->none, words);
  gtk_widget_set_visible (GTK_WIDGET (self->none), none);
}

static void
on_search (UiModelLabels *self)
{
  gtk_string_filter_set_search (self->filter, gtk_editable_get_text (GTK_EDITABLE (self->search)));
  update_none (self);
}

static void
update (UiModelLabels *self)
{
  EngModel *model = ui_session_model (self->session);
  int n = model ? eng_model_n_classes (model) : 0;
  int digits = 1;
  for (int last = n - 1; last > 9; last /= 10)
    digits++;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *count =
      !model ? g_strdup ("") : g_strdup_printf (eng_model_has_labels (model) ? "%d" : "%d, without names", n);
  for (int i = 0; i < n; i++)
    {
      g_autoptr (GString) number = g_string_new (NULL);
      g_string_printf (number, "%*d", digits, i);
      g_string_replace (number, " ", "\u2007", 0); /* as wide as a digit */
      g_ptr_array_add (rows, g_strdup_printf ("%s   %s", number->str, eng_model_label (model, i)));
    }
  g_ptr_array_add (rows, NULL);
  gtk_string_list_splice (self->names, 0, g_list_model_get_n_items (G_LIST_MODEL (self->names)),
                          (const char *const *)rows->pdata);
  gtk_label_set_label (self->count, count);
  update_none (self);
}

static void
setup (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, "sl-num");
  gtk_list_item_set_child (item, label);
}

static void
bind (GtkListItemFactory *factory, GtkListItem *item, gpointer unused)
{
  GtkWidget *label = gtk_list_item_get_child (item);
  const char *text = gtk_string_object_get_string (gtk_list_item_get_item (item));
  gtk_label_set_label (GTK_LABEL (label), text);
  ui_tip_set (label, text);
}

void
ui_model_labels_set_session (UiModelLabels *self, UiSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
ui_model_labels_dispose (GObject *object)
{
  UiModelLabels *self = UI_MODEL_LABELS (object);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self)));)
    gtk_widget_unparent (child);
  g_clear_object (&self->names);
  g_clear_object (&self->found);
  g_clear_object (&self->filter);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (ui_model_labels_parent_class)->dispose (object);
}

#define BIND(member) gtk_widget_class_bind_template_child (widget_class, UiModelLabels, member)

static void
ui_model_labels_class_init (UiModelLabelsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = ui_model_labels_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/sightline/Sightline/ui/model-labels.ui");
  BIND (count);
  BIND (none);
  BIND (search);
  BIND (list);
}

static void
ui_model_labels_init (UiModelLabels *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->names = gtk_string_list_new (NULL);
  self->filter = gtk_string_filter_new (gtk_property_expression_new (GTK_TYPE_STRING_OBJECT, NULL, "string"));
  self->found =
      gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->names)), g_object_ref (GTK_FILTER (self->filter)));
  g_autoptr (GtkNoSelection) selection = gtk_no_selection_new (g_object_ref (G_LIST_MODEL (self->found)));
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind), NULL);
  gtk_list_view_set_factory (self->list, factory);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (selection));
  g_signal_connect_swapped (self->search, "search-changed", G_CALLBACK (on_search), self);
}
