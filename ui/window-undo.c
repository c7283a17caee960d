/* Undo and redo in the window: the actions, what is told, and which changes are one because a button is held down.
 * See window-private.h. */
#include "ui/history.h"
#include "ui/window-private.h"

static void
tell (UiWindow *self, const char *done, const char *words, const char *label, const char *action)
{
  g_autofree char *text = g_strdup_printf ("%s: %s", done, words);
  ui_toast_show (self->toast, text, label, action);
}

void
ui_window_undo (UiWindow *self, GVariant *unused)
{
  UiHistory *history = ui_session_history (self->session);
  const char *words = ui_history_undo_words (history);
  if (words && ui_history_undo (history))
    tell (self, "Undone", words, "Redo", "win.redo");
}

void
ui_window_redo (UiWindow *self, GVariant *unused)
{
  UiHistory *history = ui_session_history (self->session);
  const char *words = ui_history_redo_words (history);
  if (words && ui_history_redo (history))
    tell (self, "Redone", words, "Undo", "win.undo");
}

void
ui_window_update_undo (UiWindow *self)
{
  UiHistory *history = ui_session_history (self->session);
  GAction *undo = g_action_map_lookup_action (G_ACTION_MAP (self), "undo");
  GAction *redo = g_action_map_lookup_action (G_ACTION_MAP (self), "redo");
  g_simple_action_set_enabled (G_SIMPLE_ACTION (undo), ui_history_undo_words (history) != NULL);
  g_simple_action_set_enabled (G_SIMPLE_ACTION (redo), ui_history_redo_words (history) != NULL);
}

static void
on_history (gpointer window)
{
  ui_window_update_undo (window);
  ui_window_update_title (window);
}

/* In the capture phase, before whatever is under the pointer hears of it. */
static gboolean
on_event (GtkEventControllerLegacy *controller, GdkEvent *event, UiWindow *self)
{
  GdkEventType type = gdk_event_get_event_type (event);
  if (type == GDK_BUTTON_PRESS || type == GDK_TOUCH_BEGIN)
    ui_history_hold (ui_session_history (self->session), TRUE);
  else if (type == GDK_BUTTON_RELEASE || type == GDK_TOUCH_END || type == GDK_TOUCH_CANCEL)
    ui_history_hold (ui_session_history (self->session), FALSE);
  return GDK_EVENT_PROPAGATE;
}

void
ui_window_add_undo (UiWindow *self)
{
  GtkEventController *events = gtk_event_controller_legacy_new ();
  gtk_event_controller_set_propagation_phase (events, GTK_PHASE_CAPTURE);
  g_signal_connect (events, "event", G_CALLBACK (on_event), self);
  gtk_widget_add_controller (GTK_WIDGET (self), events);
  ui_history_connect (ui_session_history (self->session), on_history, self);
}
