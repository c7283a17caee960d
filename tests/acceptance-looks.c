/* Walk-through 16: every page in light, dark, high contrast, large text, from right to left and in the smallest
 * window: it fits, nothing is cut, nothing scrolls that should not. See acceptance.c. */
#include "acceptance.h"
#include "support.h"
#include "ui-support.h"
#include "ui/appearance.h"
#include "ui/composer.h"

static const struct
{
  const char *name, *appearance, *theme;
  int percent; /* size of text */
  GtkTextDirection direction;
  int width, height;
} looks[] = {
  { "light", "light", NULL, 100, GTK_TEXT_DIR_LTR, 1400, 900 },
  { "small", "light", NULL, 100, GTK_TEXT_DIR_LTR, 900, 600 },
  { "dark", "dark", NULL, 100, GTK_TEXT_DIR_LTR, 900, 600 },
  { "high contrast", "light", "Default-hc", 100, GTK_TEXT_DIR_LTR, 900, 600 },
  { "right to left", "light", NULL, 100, GTK_TEXT_DIR_RTL, 1200, 800 },
  { "large text", "light", NULL, 200, GTK_TEXT_DIR_LTR, 900, 600 },
  { "large text, high contrast", "dark", "Default-hc", 200, GTK_TEXT_DIR_RTL, 1400, 900 },
};

static const char *const pages[] = { "inspect", "threshold", "figure", "model" };

static void
set_look (guint i)
{
  GtkSettings *settings = gtk_settings_get_default ();
  if (looks[i].theme)
    g_object_set (settings, "gtk-theme-name", looks[i].theme, NULL);
  else
    gtk_settings_reset_property (settings, "gtk-theme-name");
  g_object_set (settings, "gtk-xft-dpi", 96 * 1024 * looks[i].percent / 100, NULL);
  gtk_widget_set_default_direction (looks[i].direction);
  ui_appearance_set (looks[i].appearance);
}

static guint
complain (GtkWidget *widget, const char *what, int has, int needs)
{
  GtkWidget *parent = gtk_widget_get_parent (widget);
  g_autofree char *label = GTK_IS_LABEL (widget) ? g_strdup (gtk_label_get_text (GTK_LABEL (widget))) : NULL;
  g_test_message ("%s %s in %s in %s: %s %d, needs %d", G_OBJECT_TYPE_NAME (widget), label ? label : "",
                  parent ? G_OBJECT_TYPE_NAME (parent) : "",
                  parent && gtk_widget_get_parent (parent) ? G_OBJECT_TYPE_NAME (gtk_widget_get_parent (parent)) : "",
                  what, has, needs);
  return 1;
}

/* An allocation has borders, what a widget asks for has margins too. */
static guint
check_size (GtkWidget *widget)
{
  int width, height;
  GtkAllocation has;
  gtk_widget_get_allocation (widget, &has);
  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
  int around = gtk_widget_get_margin_start (widget) + gtk_widget_get_margin_end (widget);
  width -= around;
  if (has.width < width)
    return complain (widget, "width", has.width, width);
  gtk_widget_measure (widget, GTK_ORIENTATION_VERTICAL, has.width + around, &height, NULL, NULL, NULL);
  height -= gtk_widget_get_margin_top (widget) + gtk_widget_get_margin_bottom (widget);
  return has.height < height ? complain (widget, "height", has.height, height) : 0;
}

/* Nothing scrolls sideways. */
static guint
check_scroll (GtkWidget *widget)
{
  GtkAdjustment *across = gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (widget));
  int has = (int)gtk_adjustment_get_page_size (across), needs = (int)gtk_adjustment_get_upper (across);
  return needs > has ? complain (widget, "shows", has, needs) : 0;
}

static guint
check (GtkWidget *widget, gboolean large)
{
  guint n = 0;
  if (!gtk_widget_get_mapped (widget) || !gtk_widget_get_child_visible (widget))
    return 0;
  /* What scrolls by design shows less than it has; the insides of bars and scales are as long as their value, and
   * the bars of a scrolled window become narrow by themselves. */
  gboolean inside = gtk_widget_get_ancestor (widget, GTK_TYPE_LEVEL_BAR)
                    || (gtk_widget_get_ancestor (widget, GTK_TYPE_RANGE) && !GTK_IS_RANGE (widget));
  if (!GTK_IS_SCROLLABLE (widget) && !GTK_IS_SCROLLBAR (widget) && !inside)
    n += check_size (widget);
  /* Only the strip lies across; large text may be scrolled to. */
  if (GTK_IS_SCROLLED_WINDOW (widget) && !large
      && !GTK_IS_LIST_VIEW (gtk_scrolled_window_get_child (GTK_SCROLLED_WINDOW (widget))))
    n += check_scroll (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    n += check (child, large);
  return n;
}

/* All numbers are there: what comes later would be laid out later. */
static gboolean
is_complete (UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  guint of, ready = ui_threshold_n_ready (threshold, &of);
  gboolean exact = TRUE;
  double fraction;
  UiComposer *composer = ui_session_composer (session);
  gboolean figure = g_strcmp0 (ui_session_page (session), "figure") == 0; /* nothing is drawn while nobody looks */
  g_autofree char *under_way = ui_composer_status (composer, &fraction);
  for (guint i = 0; i < g_list_model_get_n_items (ui_threshold_series (threshold)); i++)
    {
      g_autoptr (UiSeries) series = g_list_model_get_item (ui_threshold_series (threshold), i);
      EngReading reading;
      exact = ui_threshold_score (threshold, series, &reading, &exact) && exact;
    }
  return test_ui_settled (session) && !ui_scores_busy (ui_session_scores (session)) && ready == of
         && (!figure || (!under_way && !ui_composer_behind (composer))) && (of == 0 || exact)
         && (of == 0 || ui_threshold_band (threshold, UI_DELETION));
}

static void
on_paint (GdkFrameClock *clock, guint *frames)
{
  (*frames)++;
}

#define FRAMES 4 /* panes close in the frame after the width is known, and the next one lays out what is left */

static void
settle (UiWindow *window)
{
  guint frames = 0;
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (window));
  if (ui_session_in_use (ui_window_session (window)))
    wait_until (is_complete (ui_window_session (window)));
  gulong handler = g_signal_connect (clock, "after-paint", G_CALLBACK (on_paint), &frames);
  for (guint i = 1; i <= FRAMES; i++)
    {
      gtk_widget_queue_resize (GTK_WIDGET (window));
      wait_until (frames >= i);
    }
  g_signal_handler_disconnect (clock, handler);
}

static guint
check_page (UiWindow *window, guint i, const char *page)
{
  int width, height;
  settle (window);
  gtk_widget_measure (GTK_WIDGET (window), GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
  gtk_widget_measure (GTK_WIDGET (window), GTK_ORIENTATION_VERTICAL, looks[i].width, &height, NULL, NULL, NULL);
  g_test_message ("%s, %s: at least %d × %d", looks[i].name, page, width, height);
  /* It has the size it was given: what is open has not widened it. */
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (window)), <=, looks[i].width);
  guint n = check (GTK_WIDGET (window), looks[i].percent > 100);
  if (width > looks[i].width)
    n += complain (GTK_WIDGET (window), "width", looks[i].width, width);
  if (height > looks[i].height)
    n += complain (GTK_WIDGET (window), "height", looks[i].height, height);
  return n;
}

/* One window goes through all looks, as when a person changes the desktop's; the start page is a new one's. */
static void
test_looks (void)
{
  if (!test_ui_have_sample ())
    return;
  guint n = 0;
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scene = test_data ("scenes/harbour-01.png");
  const char *paths[] = { model, scene, NULL };
  UiWindow *window = test_ui_window ();
  UiSession *session = ui_window_session (window);
  test_ui_show_only (session, "grad-cam,gradient");
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
  wait_until (test_ui_settled (session));
  for (guint i = 0; i < G_N_ELEMENTS (looks); i++)
    {
      set_look (i);
      settle (window);
      gtk_window_set_default_size (GTK_WINDOW (window), looks[i].width, looks[i].height);
      for (guint k = 0; k < G_N_ELEMENTS (pages); k++)
        {
          gtk_widget_activate_action (GTK_WIDGET (window), "win.page", "s", pages[k]);
          n += check_page (window, i, pages[k]);
        }
      UiWindow *fresh = test_ui_window ();
      gtk_window_set_default_size (GTK_WINDOW (fresh), looks[i].width, looks[i].height);
      n += check_page (fresh, i, "start");
      gtk_window_destroy (GTK_WINDOW (fresh));
    }
  set_look (0);
  gtk_window_destroy (GTK_WINDOW (window));
  test_ui_idle ();
  g_assert_cmpuint (n, ==, 0);
}

void
acceptance_add_looks (void)
{
  g_test_add_func ("/acceptance/16", test_looks);
}
