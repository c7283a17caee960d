/* What a screen reader meets: every widget that takes the focus, on every page, in every popover and window, has a
 * role and a name; buttons without words have a tooltip; pictures and plots say what they show. */
#include <string.h>

#include "support.h"
#include "ui-support.h"
#include "ui/composer.h"
#include "ui/curve-plot.h"
#include "ui/threshold-page.h"

static gboolean
has_property (GtkWidget *widget, GtkAccessibleProperty property)
{
  return gtk_test_accessible_has_property (GTK_ACCESSIBLE (widget), property);
}

/* The first label below @widget with something in it. */
static gboolean
has_words (GtkWidget *widget)
{
  if (test_ui_text (widget))
    return *test_ui_text (widget) != '\0';
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    if (has_words (child))
      return TRUE;
  return FALSE;
}

/* Roles that take their name from what they hold. */
static gboolean
is_named_by_content (GtkAccessibleRole role)
{
  static const GtkAccessibleRole roles[] = {
    GTK_ACCESSIBLE_ROLE_BUTTON,
    GTK_ACCESSIBLE_ROLE_CHECKBOX,
    GTK_ACCESSIBLE_ROLE_RADIO,
    GTK_ACCESSIBLE_ROLE_LABEL,
    GTK_ACCESSIBLE_ROLE_LINK,
    GTK_ACCESSIBLE_ROLE_TAB,
    GTK_ACCESSIBLE_ROLE_MENU_ITEM,
    GTK_ACCESSIBLE_ROLE_LIST_ITEM,
    GTK_ACCESSIBLE_ROLE_ROW,
    GTK_ACCESSIBLE_ROLE_STATUS,
    GTK_ACCESSIBLE_ROLE_ALERT,
    GTK_ACCESSIBLE_ROLE_GRID_CELL,
    GTK_ACCESSIBLE_ROLE_MENU_ITEM_CHECKBOX,
    GTK_ACCESSIBLE_ROLE_MENU_ITEM_RADIO,
    GTK_ACCESSIBLE_ROLE_COLUMN_HEADER,
  };
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    if (roles[i] == role)
      return TRUE;
  return FALSE;
}

static gboolean
is_named (GtkWidget *widget)
{
  GtkWidget *parent = gtk_widget_get_parent (widget);
  /* The text of an entry, the button of a menu or a choice: what surrounds it is named. */
  if (GTK_IS_TEXT (widget) || (parent && (GTK_IS_MENU_BUTTON (parent) || GTK_IS_DROP_DOWN (parent))))
    return is_named (parent);
  GtkAccessibleRole role = gtk_accessible_get_accessible_role (GTK_ACCESSIBLE (widget));
  return has_property (widget, GTK_ACCESSIBLE_PROPERTY_LABEL)
         || gtk_test_accessible_has_relation (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_RELATION_LABELLED_BY)
         || (GTK_IS_SEARCH_ENTRY (widget) && has_property (widget, GTK_ACCESSIBLE_PROPERTY_PLACEHOLDER))
         || ((is_named_by_content (role) || GTK_IS_BUTTON (widget) || GTK_IS_CHECK_BUTTON (widget)
              || GTK_IS_EXPANDER (widget) || GTK_IS_MENU_BUTTON (widget))
             && has_words (widget));
}

/* Containers that pass the focus on, and the insides of GTK's own widgets, which name themselves. */
static gboolean
is_exempt (GtkWidget *widget)
{
  const char *name = G_OBJECT_TYPE_NAME (widget);
  return GTK_IS_WINDOW (widget) || GTK_IS_SCROLLED_WINDOW (widget) || GTK_IS_POPOVER (widget) || GTK_IS_STACK (widget)
         || GTK_IS_PANED (widget) || g_str_equal (name, "GtkListItemWidget") || g_str_equal (name, "GtkModelButton")
         || gtk_widget_get_ancestor (widget, GTK_TYPE_WINDOW_CONTROLS)
         || gtk_widget_get_ancestor (widget, GTK_TYPE_POPOVER_MENU)
         || (GTK_IS_LIST_BASE (widget) && gtk_widget_get_ancestor (widget, GTK_TYPE_DROP_DOWN))
         || (GTK_IS_BUTTON (widget) && gtk_widget_get_ancestor (widget, GTK_TYPE_SPIN_BUTTON));
}

static guint
complain (GtkWidget *widget, const char *place, const char *what)
{
  GString *path = g_string_new (NULL);
  for (GtkWidget *w = widget; w && path->len < 120; w = gtk_widget_get_parent (w))
    g_string_append_printf (path, "%s%s", path->len ? " in " : "", G_OBJECT_TYPE_NAME (w));
  g_test_message ("%s: %s: %s", place, path->str, what);
  g_string_free (path, TRUE);
  return 1;
}

static guint
check_one (GtkWidget *widget, const char *place)
{
  guint n = 0;
  GtkAccessibleRole role = gtk_accessible_get_accessible_role (GTK_ACCESSIBLE (widget));
  if (gtk_widget_get_focusable (widget) && !is_exempt (widget))
    {
      /* The text inside an entry leaves its role to the entry. */
      if (!GTK_IS_TEXT (widget) && (role == GTK_ACCESSIBLE_ROLE_WIDGET || role == GTK_ACCESSIBLE_ROLE_NONE))
        n += complain (widget, place, "takes the focus without a role");
      if (!is_named (widget))
        n += complain (widget, place, "takes the focus without a name");
    }
  /* Icons alone mean something to those who know them. */
  if (GTK_IS_BUTTON (widget) && !is_exempt (widget) && !has_words (widget))
    {
      GtkWidget *parent = gtk_widget_get_parent (widget);
      if (!gtk_widget_get_has_tooltip (widget) && !gtk_widget_get_has_tooltip (parent)
          && !(GTK_IS_DROP_DOWN (parent)))
        n += complain (widget, place, "has no words and no tooltip");
    }
  if ((GTK_IS_PROGRESS_BAR (widget) || GTK_IS_LEVEL_BAR (widget))
      && !has_property (widget, GTK_ACCESSIBLE_PROPERTY_LABEL)
      && !has_property (widget, GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT))
    n += complain (widget, place, "is a bar that says nothing");
  return n;
}

static guint
check (GtkWidget *widget, const char *place)
{
  if (!gtk_widget_get_visible (widget)
      || (GTK_IS_REVEALER (widget) && !gtk_revealer_get_reveal_child (GTK_REVEALER (widget))))
    return 0; /* nobody meets it */
  guint n = check_one (widget, place);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    n += check (child, place);
  return n;
}

/* A popover cannot be placed beside what is scrolled out of the window. */
static gboolean
is_in_view (GtkWidget *widget)
{
  GtkWidget *window = GTK_WIDGET (gtk_widget_get_root (widget));
  double x, y;
  return gtk_widget_translate_coordinates (widget, window, 0, 0, &x, &y) && x >= 0 && y >= 0
         && x + gtk_widget_get_width (widget) <= gtk_widget_get_width (window)
         && y + gtk_widget_get_height (widget) <= gtk_widget_get_height (window);
}

/* Each menu button, opened. */
static guint
check_popovers (GtkWidget *widget, const char *place)
{
  guint n = 0;
  if (!gtk_widget_get_mapped (widget))
    return 0;
  if (GTK_IS_MENU_BUTTON (widget) && gtk_widget_get_sensitive (widget) && is_in_view (widget))
    {
      gtk_menu_button_popup (GTK_MENU_BUTTON (widget));
      GtkPopover *popover = gtk_menu_button_get_popover (GTK_MENU_BUTTON (widget));
      if (popover)
        n += check (GTK_WIDGET (popover), place);
      gtk_menu_button_popdown (GTK_MENU_BUTTON (widget));
      return n;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    n += check_popovers (child, place);
  return n;
}

static guint
check_window (const char *title)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();
  for (GList *l = windows; l; l = l->next)
    if (g_strcmp0 (gtk_window_get_title (l->data), title) == 0)
      return check (l->data, title) + check_popovers (l->data, title);
  g_assert_not_reached ();
}

static GtkWidget *
find (GtkWidget *widget, GType type)
{
  if (g_type_is_a (G_OBJECT_TYPE (widget), type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find (child, type);
      if (found)
        return found;
    }
  return NULL;
}

/* A status label with "Pixel 111, 108" in it. */
static gboolean
says_pixel (GtkWidget *widget)
{
  if (test_ui_text (widget)
      && gtk_accessible_get_accessible_role (GTK_ACCESSIBLE (widget)) == GTK_ACCESSIBLE_ROLE_STATUS
      && strstr (test_ui_text (widget), "Pixel 111, 108"))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    if (says_pixel (child))
      return TRUE;
  return FALSE;
}

static UiWindow *
open_sample (void)
{
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scene = test_data ("scenes/harbour-01.png");
  const char *paths[] = { model, scene, NULL };
  UiWindow *window = test_ui_window ();
  test_ui_show_only (ui_window_session (window), "grad-cam,gradient");
  ui_session_open (ui_window_session (window), paths, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (ui_window_session (window)));
  test_ui_idle ();
  return window;
}

static void
test_everything (void)
{
  static const char *const pages[] = { "inspect", "threshold", "figure", "model" };
  if (!test_ui_have_sample ())
    return;
  UiWindow *start = test_ui_window ();
  guint n = check (GTK_WIDGET (start), "start") + check_popovers (GTK_WIDGET (start), "start");
  gtk_window_destroy (GTK_WINDOW (start));
  UiWindow *window = open_sample ();
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      gtk_widget_activate_action (GTK_WIDGET (window), "win.page", "s", pages[i]);
      wait_until (!g_str_equal (pages[i], "figure")
                  || ui_composer_drawing (ui_session_composer (ui_window_session (window))));
      test_ui_idle ();
      n += check (GTK_WIDGET (window), pages[i]) + check_popovers (GTK_WIDGET (window), pages[i]);
    }
  gtk_widget_activate_action (GTK_WIDGET (window), "win.help", "s", "");
  gtk_widget_activate_action (GTK_WIDGET (window), "win.preferences", NULL);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.train", "s", "");
  n += check_window ("Sightline Help") + check_window ("Preferences") + check_window ("Train an Explainer");
  gtk_window_destroy (GTK_WINDOW (window));
  g_assert_cmpuint (n, ==, 0);
}

/* What a map says changes with what it shows; the crosshair is spoken; the plot has its numbers as text. */
static void
test_spoken (void)
{
  if (!test_ui_have_sample ())
    return;
  UiWindow *window = open_sample ();
  UiSession *session = ui_window_session (window);
  UiSlot *slot = test_ui_slot (session, "grad-cam");
  GtkAccessible *view = GTK_ACCESSIBLE (ui_job_tile_view (ui_tile_grid_find (ui_window_grid (window), slot)));
  g_autofree char *label = g_strdup_printf (
      "Grad-CAM map for %s, harbour-01", eng_model_label (ui_session_model (session), ui_session_target (session)));
  gtk_test_accessible_assert_role (view, GTK_ACCESSIBLE_ROLE_IMG);
  g_autofree char *wrong = gtk_test_accessible_check_property (view, GTK_ACCESSIBLE_PROPERTY_LABEL, label);
  if (wrong)
    g_test_message ("the map says %s, not %s", wrong, label);
  g_assert_null (wrong);
  wait_until (gtk_test_accessible_has_property (view, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION));
  /* What is heard of the place under the crosshair is the status line. */
  ui_session_set_pointer (session, TRUE, 111, 108);
  g_assert_true (says_pixel (GTK_WIDGET (window)));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.page", "s", "threshold");
  GtkWidget *plot = find (GTK_WIDGET (window), UI_TYPE_CURVE_PLOT);
  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (plot), GTK_ACCESSIBLE_ROLE_IMG);
  guint of;
  wait_until (ui_threshold_n_ready (ui_session_threshold (session), &of) == of && of > 0);
  test_ui_idle ();
  g_assert_true (has_property (plot, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION));
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  test_ui_init (&argc, &argv);
  g_test_add_func ("/accessibility/everything", test_everything);
  g_test_add_func ("/accessibility/spoken", test_spoken);
  return test_ui_run ();
}
