/* See developer.h. The screenshot is what GTK would hand to the graphics card, rendered to a texture:
 * it needs a display but no window manager. */
#include "app/developer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui/appearance.h"
#include "ui/train-window.h"
#include "ui/trainings.h"

/* When the screenshot is taken. */
typedef enum
{
  WHEN_START,   /* as soon as the window is drawn */
  WHEN_RUNNING, /* an iterating method shows its third preview */
  WHEN_DONE     /* every tile is finished */
} When;

static gboolean exit_after_frame, want_dark, want_contrast, want_rtl;
static int text_percent;
static char *screenshot, *explained_class, *ticked, *page, *wanted;
static When when = WHEN_DONE;
static int width, height;
static guint ticks;

void
app_developer_add_options (GApplication *application)
{
  static const GOptionEntry entries[] = {
    { "exit-after-first-frame", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, NULL,
      "Print the milliseconds to the first frame and quit", NULL },
    { "screenshot", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, NULL, "Render the window and quit", "FILE" },
    { "when", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, NULL, "start, running or done", "MOMENT" },
    { "size", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, NULL, "Window size", "WxH" },
    { "class", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, NULL, "Class to explain", "NAME" },
    { "methods", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, NULL, "Methods to tick, and no others", "ID,ID" },
    { "page", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, NULL, "Page to show", "NAME" },
    { "do", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, NULL,
      "Actions of the selected tile or the window once everything is finished, before the picture is taken",
      "ACTION;ACTION" },
    { "contrast", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, NULL, "High contrast", NULL },
    { "rtl", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, NULL, "Laid out from right to left", NULL },
    { "text", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, NULL, "Size of text", "PERCENT" },
    { "dark", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, NULL, "Dark appearance", NULL },
    { NULL },
  };
  g_application_add_main_option_entries (application, entries);
}

void
app_developer_read (GVariantDict *options)
{
  static const char *const moments[] = { "start", "running", "done" };
  g_autofree char *moment = NULL, *size = NULL;
  g_variant_dict_lookup (options, "exit-after-first-frame", "b", &exit_after_frame);
  g_variant_dict_lookup (options, "dark", "b", &want_dark);
  g_variant_dict_lookup (options, "contrast", "b", &want_contrast);
  g_variant_dict_lookup (options, "rtl", "b", &want_rtl);
  g_variant_dict_lookup (options, "text", "i", &text_percent);
  g_variant_dict_lookup (options, "screenshot", "^ay", &screenshot);
  g_variant_dict_lookup (options, "class", "s", &explained_class);
  g_variant_dict_lookup (options, "methods", "s", &ticked);
  g_variant_dict_lookup (options, "page", "s", &page);
  g_variant_dict_lookup (options, "do", "s", &wanted);
  g_variant_dict_lookup (options, "when", "s", &moment);
  g_variant_dict_lookup (options, "size", "s", &size);
  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    if (g_strcmp0 (moment, moments[i]) == 0)
      when = (When)i;
  if (size && sscanf (size, "%dx%d", &width, &height) != 2)
    width = height = 0;
  exit_after_frame = exit_after_frame || g_getenv ("SIGHTLINE_EXIT_AFTER_FRAME");
  if (app_developer_active ())
    g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
}

gboolean
app_developer_active (void)
{
  return exit_after_frame || screenshot;
}

/* Since the process was made, dynamic linking included; in clock ticks of 10 ms. */
static double
milliseconds_of_life (void)
{
  g_autofree char *stat = NULL;
  struct timespec now;
  if (!g_file_get_contents ("/proc/self/stat", &stat, NULL, NULL))
    return -1;
  /* Fields are counted after the command in brackets, which may hold spaces. */
  g_auto (GStrv) fields = g_strsplit (strrchr (stat, ')') + 2, " ", -1);
  clock_gettime (CLOCK_BOOTTIME, &now);
  double started = g_ascii_strtod (fields[19], NULL) / (double)sysconf (_SC_CLK_TCK);
  return ((double)now.tv_sec + (double)now.tv_nsec / 1e9 - started) * 1000;
}

/* "train" is no page of the window, but a window of its own. */
static GtkWidget *
pictured (UiWindow *window)
{
  UiTrainWindow *train = ui_train_window_shown ();
  return train ? GTK_WIDGET (train) : GTK_WIDGET (window);
}

static void
save (GtkWidget *widget)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (widget);
  int w = gtk_widget_get_width (widget), h = gtk_widget_get_height (widget);
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  gdk_paintable_snapshot (paintable, GDK_SNAPSHOT (snapshot), w, h);
  g_autoptr (GskRenderNode) node = gtk_snapshot_free_to_node (snapshot);
  GskRenderer *renderer = gtk_native_get_renderer (GTK_NATIVE (widget));
  g_autoptr (GdkTexture) texture =
      gsk_renderer_render_texture (renderer, node, &GRAPHENE_RECT_INIT (0, 0, (float)w, (float)h));
  if (!gdk_texture_save_to_png (texture, screenshot))
    g_printerr ("sightline: could not write %s\n", screenshot);
}

/* A widget has something to copy only between a frame that drew it and its next change. */
static void
on_frame (GdkFrameClock *clock, GtkWidget *widget)
{
  g_signal_handlers_disconnect_by_func (clock, on_frame, widget);
  save (widget);
  g_application_quit (g_application_get_default ());
}

/* Curves of the Threshold page and panels of the figure; on other pages there are none to wait for. */
static gboolean
is_measured (UiSession *session)
{
  UiThreshold *threshold = ui_session_threshold (session);
  guint of, ready = ui_threshold_n_ready (threshold, &of);
  double fraction;
  g_autofree char *composing = ui_composer_status (ui_session_composer (session), &fraction);
  gboolean on_figure = g_strcmp0 (ui_session_page (session), "figure") == 0;
  if (on_figure && (composing || ui_composer_behind (ui_session_composer (session))))
    return FALSE;
  return ready == of && (of == 0 || ui_threshold_band (threshold, UI_INSERTION));
}

static gboolean
has_come (UiWindow *window)
{
  UiSession *session = ui_window_session (window);
  UiSlot *running = ui_session_running (session);
  guint done = 0;
  EngTrainingStatus *training = ui_trainings_status (ui_trainings_get ());
  if (training && ui_train_window_shown ())
    return when == WHEN_RUNNING ? training->marks->len > 3 : !ui_trainings_active (ui_trainings_get ());
  if (when == WHEN_START)
    return ticks > 2;
  if (when == WHEN_RUNNING)
    return running && ui_slot_map (running) && eng_job_progress (ui_slot_job (running), &done, NULL, NULL) > 0.3;
  return ui_session_model (session) && ui_session_picture (session) && ui_session_probabilities (session, NULL)
         && ui_session_n_busy (session) == 0 && is_measured (session)
         && !ui_scores_busy (ui_session_scores (session));
}

/* "win.page::threshold;tile.duplicate;mode=3": what a person would do. */
static void
act (UiWindow *window)
{
  g_auto (GStrv) names = g_strsplit (wanted, ";", -1);
  UiSession *session = ui_window_session (window);
  for (guint i = 0; names[i]; i++)
    {
      UiJobTile *tile = ui_tile_grid_selected (ui_window_grid (window));
      g_autofree char *name = NULL;
      g_autoptr (GVariant) target = NULL;
      int mode;
      if (sscanf (names[i], "mode=%d", &mode) == 1)
        ui_session_set_mode (session, (UiMode)CLAMP (mode, 0, UI_N_MODES - 1));
      else if (g_str_has_prefix (names[i], "table="))
        ui_threshold_set_group (ui_session_threshold (session), names[i] + strlen ("table="));
      else if (g_str_has_prefix (names[i], "train=") && ui_train_window_shown ())
        {
          ui_train_form_set_source (ui_train_window_form (ui_train_window_shown ()), names[i] + strlen ("train="));
          g_signal_emit_by_name (ui_train_window_shown (), "activate-default");
        }
      else if (g_str_equal (names[i], "outline"))
        ui_threshold_set_shows_outline (ui_session_threshold (session), TRUE);
      else if (g_action_parse_detailed_name (names[i], &name, &target, NULL))
        gtk_widget_activate_action_variant (tile ? GTK_WIDGET (tile) : GTK_WIDGET (window), name, target);
    }
  g_clear_pointer (&wanted, g_free);
}

static gboolean
on_tick (gpointer data)
{
  UiWindow *window = data;
  UiSession *session = ui_window_session (window);
  EngModel *model = ui_session_model (session);
  ticks++;
  if (g_strcmp0 (page, "train") == 0)
    {
      if (model)
        {
          gtk_widget_activate_action (GTK_WIDGET (window), "win.train", "s", "");
          g_clear_pointer (&page, g_free);
          if (width > 0 && height > 0)
            gtk_window_set_default_size (GTK_WINDOW (pictured (window)), width, height);
          if (wanted)
            act (window);
        }
    }
  else if (page && ui_session_in_use (session))
    {
      gtk_widget_activate_action (GTK_WIDGET (window), "win.page", "s", page);
      g_clear_pointer (&page, g_free);
    }
  if (explained_class && model && ui_session_probabilities (session, NULL))
    {
      int index = eng_model_find_class (model, explained_class, NULL);
      g_clear_pointer (&explained_class, g_free);
      if (index >= 0)
        ui_session_set_target (session, index);
      return G_SOURCE_CONTINUE;
    }
  if (explained_class || !has_come (window))
    {
      ticks = when == WHEN_START ? ticks : 0;
      return G_SOURCE_CONTINUE;
    }
  if (wanted && when == WHEN_DONE)
    {
      act (window);
      ticks = 0;
      return G_SOURCE_CONTINUE;
    }
  /* Thumbnails and the last layout get their turn. */
  if (when == WHEN_DONE && ticks < 12)
    return G_SOURCE_CONTINUE;
  g_signal_connect_object (gtk_widget_get_frame_clock (pictured (window)), "after-paint", G_CALLBACK (on_frame),
                           pictured (window), 0);
  gtk_widget_queue_draw (pictured (window));
  return G_SOURCE_REMOVE;
}

static void
on_after_paint (GdkFrameClock *clock, gpointer unused)
{
  g_signal_handlers_disconnect_by_func (clock, on_after_paint, unused);
  g_print ("%.0f\n", milliseconds_of_life ());
  g_application_quit (g_application_get_default ());
}

static void
on_realize (GtkWidget *window, gpointer unused)
{
  g_signal_connect (gtk_widget_get_frame_clock (window), "after-paint", G_CALLBACK (on_after_paint), NULL);
}

static void
tick (UiWindow *window)
{
  g_auto (GStrv) ids = g_strsplit (ticked, ",", -1);
  GListModel *slots = ui_session_slots (ui_window_session (window));
  for (guint i = 0; i < g_list_model_get_n_items (slots); i++)
    {
      g_autoptr (UiSlot) slot = g_list_model_get_item (slots, i);
      ui_slot_set_shown (slot, g_strv_contains ((const char *const *)ids, ui_slot_method (slot)->id));
    }
}

void
app_developer_watch (UiWindow *window)
{
  if (ticked)
    tick (window);
  if (want_dark)
    ui_appearance_set ("dark");
  if (want_contrast)
    g_object_set (gtk_settings_get_default (), "gtk-theme-name", "Default-hc", NULL);
  if (want_rtl)
    gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  if (text_percent > 0) /* of 96 dots per inch, in 1024ths */
    g_object_set (gtk_settings_get_default (), "gtk-xft-dpi", 96 * 1024 * text_percent / 100, NULL);
  if (width > 0 && height > 0)
    gtk_window_set_default_size (GTK_WINDOW (window), width, height);
  if (exit_after_frame)
    g_signal_connect (window, "realize", G_CALLBACK (on_realize), NULL);
  if (screenshot)
    g_timeout_add (50, on_tick, window);
}
