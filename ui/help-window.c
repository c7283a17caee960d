/* See help-window.h. One help window per window. */
#include "ui/help-window.h"

#include "ui/markdown.h"

#define PAGES "/io/github/sightline/Sightline/help/"
#define KEY "sightline-help"

typedef struct
{
  GtkWindow *window;
  GtkListBox *families;
  GtkTextView *page;
} Help;

char *
ui_help_page (EngFamily family)
{
  g_autofree char *path = g_strdup_printf (PAGES "%s.md", eng_family_id (family));
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  return bytes ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : NULL;
}

static EngFamily
family_of (GtkListBoxRow *row)
{
  return (EngFamily)GPOINTER_TO_INT (g_object_get_data (G_OBJECT (row), "family"));
}

/* Marks of the page before would stay at its beginning. */
static void
forget_marks (GtkTextBuffer *buffer)
{
  GtkTextIter start;
  gtk_text_buffer_set_text (buffer, "", 0);
  gtk_text_buffer_get_start_iter (buffer, &start);
  g_autoptr (GSList) marks = gtk_text_iter_get_marks (&start);
  for (GSList *l = marks; l; l = l->next)
    if (gtk_text_mark_get_name (l->data) && !gtk_text_mark_get_deleted (l->data)
        && l->data != gtk_text_buffer_get_insert (buffer) && l->data != gtk_text_buffer_get_selection_bound (buffer))
      gtk_text_buffer_delete_mark (buffer, l->data);
}

/* Heights of lines are known only after the page was laid out: later than anything GTK does by itself. */
static gboolean
scroll_later (gpointer data)
{
  GtkTextView *page = data;
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (page);
  GtkTextMark *cursor = gtk_text_buffer_get_insert (buffer);
  GtkTextIter at;
  gtk_text_buffer_get_iter_at_mark (buffer, &at, cursor);
  if (gtk_text_iter_is_start (&at)) /* with the margin above */
    gtk_adjustment_set_value (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (page)), 0);
  else
    gtk_text_view_scroll_to_mark (page, cursor, 0, TRUE, 0, 0);
  return G_SOURCE_REMOVE;
}

static void
scroll_to (Help *help, const GtkTextIter *at)
{
  gtk_text_buffer_place_cursor (gtk_text_view_get_buffer (help->page), at);
  g_idle_add_full (G_PRIORITY_LOW, scroll_later, g_object_ref (help->page), g_object_unref);
}

static void
on_row (Help *help, GtkListBoxRow *row)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (help->page);
  GtkTextIter start;
  if (!row)
    return;
  g_autofree char *text = ui_help_page (family_of (row));
  forget_marks (buffer);
  ui_markdown_show (buffer, text ? text : "There is no page for this family.");
  gtk_text_buffer_get_start_iter (buffer, &start);
  scroll_to (help, &start);
}

static void
show_method (Help *help, const char *id)
{
  const EngMethod *method = *id ? eng_method_find (id, NULL) : NULL;
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (help->page);
  GtkListBoxRow *row;
  for (int i = 0; method && (row = gtk_list_box_get_row_at_index (help->families, i)); i++)
    if (family_of (row) == method->family)
      gtk_list_box_select_row (help->families, row);
  g_autofree char *anchor = method ? ui_markdown_anchor (method->name) : NULL;
  GtkTextMark *mark = anchor ? gtk_text_buffer_get_mark (buffer, anchor) : NULL;
  GtkTextIter at;
  if (!mark)
    return;
  gtk_text_buffer_get_iter_at_mark (buffer, &at, mark);
  scroll_to (help, &at);
}

static void
add_families (Help *help)
{
  for (int i = 0; i < ENG_N_FAMILIES; i++)
    {
      g_autofree char *text = ui_help_page ((EngFamily)i);
      if (!text)
        continue;
      GtkWidget *row = gtk_list_box_row_new (), *label = gtk_label_new (eng_family_name ((EngFamily)i));
      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), label);
      g_object_set_data (G_OBJECT (row), "family", GINT_TO_POINTER (i));
      gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      eng_family_name ((EngFamily)i), -1);
      gtk_list_box_append (help->families, row);
    }
}

static GtkWidget *
make_page (Help *help)
{
  GtkWidget *scrolled = gtk_scrolled_window_new (), *view = gtk_text_view_new ();
  help->page = GTK_TEXT_VIEW (view);
  gtk_text_view_set_editable (help->page, FALSE);
  gtk_text_view_set_cursor_visible (help->page, FALSE);
  gtk_text_view_set_wrap_mode (help->page, GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_left_margin (help->page, 28);
  gtk_text_view_set_right_margin (help->page, 28);
  gtk_text_view_set_top_margin (help->page, 20);
  gtk_text_view_set_bottom_margin (help->page, 28);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL, "Page", -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), view);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_widget_set_hexpand (scrolled, TRUE);
  return scrolled;
}

static gboolean
on_escape (GtkWidget *window, GVariant *unused, gpointer data)
{
  gtk_window_close (GTK_WINDOW (window));
  return TRUE;
}

static Help *
make_window (GtkWindow *parent)
{
  Help *help = g_new0 (Help, 1);
  GtkWidget *window = gtk_window_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  GtkWidget *list = gtk_list_box_new (), *scrolled = gtk_scrolled_window_new ();
  help->window = GTK_WINDOW (window);
  help->families = GTK_LIST_BOX (list);
  gtk_list_box_set_selection_mode (help->families, GTK_SELECTION_BROWSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, "Families of methods", -1);
  gtk_widget_add_css_class (list, "navigation-sidebar");
  gtk_widget_set_size_request (scrolled, 190, -1);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), list);
  gtk_box_append (GTK_BOX (box), scrolled);
  gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (box), make_page (help));
  g_signal_connect_swapped (list, "row-selected", G_CALLBACK (on_row), help);
  add_families (help);
  gtk_list_box_select_row (help->families, gtk_list_box_get_row_at_index (help->families, 0));

  GtkEventController *keys = gtk_shortcut_controller_new ();
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (keys),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_Escape, 0), gtk_callback_action_new (on_escape, NULL, NULL)));
  gtk_widget_add_controller (window, keys);
  gtk_window_set_title (help->window, "Sightline Help");
  gtk_window_set_default_size (help->window, 860, 640);
  gtk_window_set_transient_for (help->window, parent);
  gtk_window_set_destroy_with_parent (help->window, TRUE);
  gtk_window_set_child (help->window, box);
  gtk_widget_add_css_class (window, "sightline");
  g_object_set_data_full (G_OBJECT (window), KEY, help, g_free);
  return help;
}

static void
on_destroy (GtkWindow *parent)
{
  g_object_set_data (G_OBJECT (parent), KEY, NULL);
}

void
ui_help_window_show (GtkWindow *parent, const char *method)
{
  Help *help = g_object_get_data (G_OBJECT (parent), KEY);
  if (!help)
    {
      help = make_window (parent);
      g_object_set_data (G_OBJECT (parent), KEY, help);
      g_signal_connect_object (help->window, "destroy", G_CALLBACK (on_destroy), parent, G_CONNECT_SWAPPED);
    }
  gtk_window_present (help->window);
  show_method (help, method);
}
