/* See ui-support.h. */
#include "ui-support.h"

#include "support.h"
#include "ui/appearance.h"
#include "ui/loader.h"
#include "ui/trainings.h"

#include <string.h>

#define HOME_VARIABLE "SIGHTLINE_TEST_HOME"

static gboolean has_display, is_child;
static char *home;

void
test_ui_init (int *argc, char ***argv)
{
  static const char *const folders[] = { "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME" };
  /* A process that a test starts shares its folder. */
  is_child = g_getenv (HOME_VARIABLE) != NULL;
  home = is_child ? g_strdup (g_getenv (HOME_VARIABLE)) : test_tmpdir ();
  g_setenv (HOME_VARIABLE, home, TRUE);
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    g_setenv (folders[i], home, TRUE);
  /* Names are kept where the test can read them; no session bus is asked for. */
  g_setenv ("GTK_A11Y", "test", TRUE);
  g_test_init (argc, argv, NULL);
  has_display = gtk_init_check ();
  if (has_display)
    ui_appearance_init ();
}

int
test_ui_run (void)
{
  int result = g_test_run ();
  ui_trainings_shutdown ();
  ui_loader_shutdown ();
  eng_engine_shutdown ();
  ui_appearance_shutdown ();
  if (!is_child)
    test_remove_tree (home);
  g_free (home);
  return result;
}

const char *
test_ui_home (void)
{
  return home;
}

gboolean
test_ui_have_sample (void)
{
  g_autofree char *model = test_data ("models/scenes-cnn.onnx");
  if (has_display && g_file_test (model, G_FILE_TEST_EXISTS))
    return TRUE;
  g_test_skip (has_display ? "the sample's model is not here" : "no display");
  return FALSE;
}

UiSlot *
test_ui_slot (UiSession *session, const char *id)
{
  GListModel *slots = ui_session_slots (session);
  for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      if (g_str_equal (ui_slot_method (slot)->id, id))
        return slot;
    }
  g_assert_not_reached ();
}

void
test_ui_show_only (UiSession *session, const char *ids)
{
  g_auto (GStrv) wanted = g_strsplit (ids, ",", -1);
  GListModel *slots = ui_session_slots (session);
  for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      ui_slot_set_shown (slot, g_strv_contains ((const char *const *)wanted, ui_slot_method (slot)->id));
    }
}

void
test_ui_open_sample (UiSession *session)
{
  g_autofree char *model = test_data ("models/scenes-cnn.onnx"), *scenes = test_data ("scenes");
  const char *paths[] = { model, scenes, NULL };
  ui_session_open (session, paths, UI_OPEN_ANYTHING);
}

gboolean
test_ui_settled (UiSession *session)
{
  return !ui_session_opening (session) && ui_session_model (session) && ui_session_probabilities (session, NULL)
         && ui_session_n_busy (session) == 0;
}

void
test_ui_idle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

UiWindow *
test_ui_window (void)
{
  g_autoptr (GtkApplication) application = gtk_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  g_application_register (G_APPLICATION (application), NULL, NULL);
  UiWindow *window = ui_window_new (application);
  gtk_window_present (GTK_WINDOW (window));
  return window;
}

void
test_ui_act (UiWindow *window, const char *action, const char *format, ...)
{
  va_list values;
  va_start (values, format);
  GVariant *parameter = format ? g_variant_new_va (format, NULL, &values) : NULL;
  va_end (values);
  g_assert_true (gtk_widget_activate_action_variant (GTK_WIDGET (window), action, parameter));
}

/* The first widget, in the order of the tree, that @wanted says yes to. */
static GtkWidget *
search (GtkWidget *widget, gboolean (*wanted) (GtkWidget *widget, gpointer data), gpointer data)
{
  if (wanted (widget, data))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = search (child, wanted, data);
      if (found)
        return found;
    }
  return NULL;
}

typedef struct
{
  GType type;
  guint skip;
} Nth;

static gboolean
is_nth (GtkWidget *widget, gpointer data)
{
  Nth *nth = data;
  return g_type_is_a (G_OBJECT_TYPE (widget), nth->type) && nth->skip-- == 0;
}

GtkWidget *
test_ui_find (GtkWidget *widget, GType type, guint nth)
{
  GtkWidget *found = search (widget, is_nth, &(Nth){ type, nth });
  g_assert_nonnull (found);
  return found;
}

static gboolean
is_button (GtkWidget *widget, gpointer label)
{
  return GTK_IS_BUTTON (widget) && gtk_widget_get_visible (widget)
         && g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), label) == 0;
}

GtkWidget *
test_ui_find_button (GtkWidget *widget, const char *label)
{
  return search (widget, is_button, (gpointer)label);
}

void
test_ui_click (GtkWidget *widget, const char *label)
{
  GtkWidget *button = test_ui_find_button (widget, label);
  g_assert_nonnull (button);
  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

static gboolean
offers (GtkWidget *widget, gpointer item)
{
  GListModel *items = GTK_IS_DROP_DOWN (widget) ? gtk_drop_down_get_model (GTK_DROP_DOWN (widget)) : NULL;
  for (guint i = 0; items && GTK_IS_STRING_LIST (items) && i < g_list_model_get_n_items (items); i++)
    if (g_strcmp0 (gtk_string_list_get_string (GTK_STRING_LIST (items), i), item) == 0)
      return TRUE;
  return FALSE;
}

GtkDropDown *
test_ui_find_drop_down (GtkWidget *widget, const char *item)
{
  GtkWidget *found = search (widget, offers, (gpointer)item);
  g_assert_nonnull (found);
  return GTK_DROP_DOWN (found);
}

const char *
test_ui_text (GtkWidget *widget)
{
  return GTK_IS_LABEL (widget)         ? gtk_label_get_text (GTK_LABEL (widget))
         : GTK_IS_INSCRIPTION (widget) ? gtk_inscription_get_text (GTK_INSCRIPTION (widget))
                                       : NULL;
}

gboolean
test_ui_shows (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_visible (widget))
    return FALSE;
  const char *here = test_ui_text (widget);
  if (here && strstr (here, text))
    return TRUE;
  if (GTK_IS_STACK (widget))
    {
      GtkWidget *page = gtk_stack_get_visible_child (GTK_STACK (widget));
      return page && test_ui_shows (page, text);
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    if (test_ui_shows (child, text))
      return TRUE;
  return FALSE;
}

typedef struct
{
  GtkWidget *const *widgets;
  guint n, frames, done;
  GBytes **pixels;
} Grab;

#define SETTLE_FRAMES 8 /* colours follow their map within a frame or two */

/* A widget has something to copy only between a frame that drew it and its next change. */
static GBytes *
grab_widget (GtkWidget *widget)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (widget);
  GtkNative *native = gtk_widget_get_native (widget);
  int w = gtk_widget_get_width (widget), h = gtk_widget_get_height (widget);
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  gdk_paintable_snapshot (paintable, GDK_SNAPSHOT (snapshot), w, h);
  g_autoptr (GskRenderNode) node = gtk_snapshot_free_to_node (snapshot);
  if (!node)
    return NULL;
  g_autoptr (GdkTexture) texture = gsk_renderer_render_texture (gtk_native_get_renderer (native), node,
                                                                &GRAPHENE_RECT_INIT (0, 0, (float)w, (float)h));
  gsize stride = (gsize)gdk_texture_get_width (texture) * 4, n = stride * (gsize)gdk_texture_get_height (texture);
  guchar *pixels = g_malloc (n);
  gdk_texture_download (texture, pixels, stride);
  return g_bytes_new_take (pixels, n);
}

static void
on_frame (GdkFrameClock *clock, Grab *grab)
{
  if (++grab->frames < SETTLE_FRAMES)
    {
      gtk_widget_queue_draw (grab->widgets[0]);
      return;
    }
  while (grab->done < grab->n && (grab->pixels[grab->done] = grab_widget (grab->widgets[grab->done])))
    grab->done++;
}

void
test_ui_pixels_of (GtkWidget *const *widgets, guint n, GBytes **pixels)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (widgets[0]);
  Grab grab = { widgets, n, 0, 0, pixels };
  gulong handler = g_signal_connect (clock, "after-paint", G_CALLBACK (on_frame), &grab);
  for (guint i = 0; i < n; i++)
    gtk_widget_queue_draw (widgets[i]);
  wait_until (grab.done == n);
  g_signal_handler_disconnect (clock, handler);
}

GBytes *
test_ui_pixels (GtkWidget *widget)
{
  GBytes *pixels;
  test_ui_pixels_of (&widget, 1, &pixels);
  return pixels;
}

void
test_ui_end (UiSession *session)
{
  ui_session_close (session);
  g_assert_finalize_object (session);
}
