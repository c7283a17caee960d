/* What tests of sessions and windows share. The program's time limit is the only clock. */
#pragma once

#include "ui/window.h"

/* Runs the main loop until @condition holds. */
#define wait_until(condition)                                                                                        \
  while (!(condition))                                                                                               \
  g_main_context_iteration (NULL, TRUE)

/* Settings, recent files, caches and states go to a new folder (that of the test that started this
 * process, if one did); GTK starts if there is a display. */
void test_ui_init (int *argc, char ***argv);
/* Runs the tests, ends the threads, removes the folder. */
int test_ui_run (void);
/* The folder that stands for the user's own. */
const char *test_ui_home (void);
/* FALSE after g_test_skip(): no display or no sample. */
gboolean test_ui_have_sample (void);
UiSlot *test_ui_slot (UiSession *session, const char *id);
void test_ui_show_only (UiSession *session, const char *ids); /* "grad-cam,gradient" */
void test_ui_open_sample (UiSession *session);
/* A picture, its scores and every map asked for are there. */
gboolean test_ui_settled (UiSession *session);
/* Lets everything that waits in the main loop happen. */
void test_ui_idle (void);
/* A window of its own application. Destroy it with gtk_window_destroy(). */
UiWindow *test_ui_window (void);
/* As a key or a menu would: the window's action. @format: of the parameter; NULL: none. */
void test_ui_act (UiWindow *window, const char *action, const char *format, ...);
/* The @nth widget of that type below @widget, from 0, in the order of the tree. It must be there. */
GtkWidget *test_ui_find (GtkWidget *widget, GType type, guint nth);
/* The visible button, or toggle button, with that label; NULL: there is none. */
GtkWidget *test_ui_find_button (GtkWidget *widget, const char *label);
void test_ui_click (GtkWidget *widget, const char *label); /* that button, which must be there and sensitive */
/* The drop-down among whose items is @item. */
GtkDropDown *test_ui_find_drop_down (GtkWidget *widget, const char *item);
/* Of a label or an inscription; NULL: it is neither. */
const char *test_ui_text (GtkWidget *widget);
/* A person can read @text there: in a label that is not hidden. */
gboolean test_ui_shows (GtkWidget *widget, const char *text);
/* What @widget looks like in its window. (transfer full) */
GBytes *test_ui_pixels (GtkWidget *widget);
/* The same of @n widgets of one window in one frame. @pixels: (out) (transfer full): @n of them */
void test_ui_pixels_of (GtkWidget *const *widgets, guint n, GBytes **pixels);
/* Closes @session, which must be the last reference. */
void test_ui_end (UiSession *session);
