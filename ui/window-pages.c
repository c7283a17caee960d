/* The window's pages: what is in the middle, which pane stands beside it, and whether the pictures are below. */
#include "ui/window-private.h"

/* Pages about one model or one figure have no use for the strip. A page without a side pane shows none. */
static const struct
{
  const char *name;
  gboolean has_strip;
  int pane_needs; /* width of the window below which the side pane closes */
} kinds[] = {
  { "inspect", TRUE, 1180 },
  { "threshold", TRUE, 1180 },
  { "figure", FALSE, 1180 },
  { "model", FALSE, 1270 }, /* four stages side by side */
};

const char *
ui_window_page (UiWindow *self)
{
  return gtk_stack_get_visible_child_name (self->pages);
}

static guint
find_kind (const char *name)
{
  for (guint i = 0; name && i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].name, name))
      return i;
  return 0;
}

int
ui_window_pane_needs (UiWindow *self)
{
  return kinds[find_kind (ui_window_page (self))].pane_needs;
}

void
ui_window_show_page (UiWindow *self, const char *name)
{
  if (gtk_stack_get_child_by_name (self->pages, name))
    gtk_stack_set_visible_child_name (self->pages, name);
}

static void
on_page (UiWindow *self)
{
  const char *name = ui_window_page (self);
  gtk_widget_set_visible (self->strip_box, kinds[find_kind (name)].has_strip);
  GtkWidget *side = name ? gtk_stack_get_child_by_name (self->sides, name) : NULL;
  GtkWidget *left = name ? gtk_stack_get_child_by_name (self->lefts, name) : NULL;
  if (side)
    gtk_stack_set_visible_child (self->sides, side);
  if (left)
    gtk_stack_set_visible_child (self->lefts, left);
  else
    gtk_stack_set_visible_child_name (self->lefts, "main");
  if (name)
    ui_session_set_page (self->session, name);
  ui_window_update_actions (self);
  ui_window_fit_panes (self);
}

/* One page needs no switch, and before anything is open there is nothing to switch. */
static void
on_in_use (UiWindow *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (gtk_stack_get_pages (self->pages)));
  gboolean show = n > 1 && g_strcmp0 (gtk_stack_get_visible_child_name (self->root), "work") == 0;
  gtk_stack_set_visible_child_name (self->titles, show ? "pages" : "name");
}

void
ui_window_add_pages (UiWindow *self)
{
  /* Large words in places of equal width would widen the smallest window. */
  GtkWidget *switcher = gtk_stack_get_child_by_name (self->titles, "pages");
  gtk_box_layout_set_homogeneous (GTK_BOX_LAYOUT (gtk_widget_get_layout_manager (switcher)), FALSE);
  g_signal_connect_swapped (self->pages, "notify::visible-child", G_CALLBACK (on_page), self);
  g_signal_connect_swapped (self->root, "notify::visible-child", G_CALLBACK (on_in_use), self);
  on_page (self);
  on_in_use (self);
}
