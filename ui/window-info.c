/* The one bar above the work: what went wrong, or a question that can wait, and what can be done about it. See
 * window-private.h. */
#include "ui/window-private.h"

#include "ui/autosave.h"

typedef struct
{
  const char *label, *action;
} Answer;

/* What a problem's button says, by what it does. Every other one opens something else. */
static const Answer remedies[] = {
  { "Choose Another Place…", "win.save-as" },
};

/* Questions, with their answers. */
static const struct
{
  const char *kind;
  GtkMessageType type;
  Answer first, second;
} questions[] = {
  { "moved", GTK_MESSAGE_WARNING, { "Locate…", "win.locate" }, { NULL, NULL } },
  { "changed", GTK_MESSAGE_WARNING, { "Recompute", "win.recompute" }, { "Keep Old Maps", "win.keep-old-maps" } },
  { "taken", GTK_MESSAGE_WARNING, { "Save As…", "win.save-as" }, { "Overwrite", "win.overwrite" } },
  { "restore", GTK_MESSAGE_QUESTION, { "Restore", "win.restore-session" }, { "Dismiss", "win.dismiss-session" } },
};

static void
set_answer (GtkButton *button, const Answer *answer)
{
  gtk_widget_set_visible (GTK_WIDGET (button), answer->label != NULL);
  if (!answer->label)
    return;
  gtk_button_set_label (button, answer->label);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), answer->action);
}

static void
show (UiWindow *self, const char *message, GtkMessageType type, const Answer *first, const Answer *second)
{
  gtk_label_set_label (self->info_text, message);
  gtk_info_bar_set_message_type (self->info, type);
  set_answer (self->info_button, first);
  set_answer (self->info_second, second);
  gtk_info_bar_set_revealed (self->info, TRUE);
  gtk_revealer_set_reveal_child (self->info_revealer, TRUE);
}

void
ui_window_hide_info (UiWindow *self)
{
  gtk_revealer_set_reveal_child (self->info_revealer, FALSE);
}

const char *
ui_window_info (UiWindow *self)
{
  return gtk_revealer_get_reveal_child (self->info_revealer) ? gtk_label_get_label (self->info_text) : NULL;
}

void
ui_window_tell_problem (UiWindow *self, const char *message, const char *action)
{
  Answer remedy = { action && *action ? "Open Another…" : NULL, action }, nothing = { NULL, NULL };
  for (guint i = 0; i < G_N_ELEMENTS (remedies); i++)
    if (g_strcmp0 (remedies[i].action, action) == 0)
      remedy = remedies[i];
  show (self, message, GTK_MESSAGE_ERROR, &remedy, &nothing);
}

void
ui_window_ask_question (UiWindow *self, const char *message, const char *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (questions); i++)
    if (g_str_equal (questions[i].kind, kind))
      show (self, message, questions[i].type, &questions[i].first, &questions[i].second);
}
