/* See train-window.h. */
#include "ui/train-window.h"

#include "ui/tip.h"
#include "ui/trainings.h"

struct _UiTrainWindow
{
  GtkWindow parent_instance;
  UiSession *session;
  UiTrainings *trainings;
  GtkStack *pages; /* "form", "progress" */
  UiTrainForm *form;
  UiTrainProgress *progress;
  GtkButton *pause, *stop, *cancel, *back, *use;
};

G_DEFINE_FINAL_TYPE (UiTrainWindow, ui_train_window, GTK_TYPE_WINDOW)

static UiTrainWindow *shown; /* one is enough for all windows */

/* ---- what is shown ---- */

static gboolean
is_of_this_model (UiTrainWindow *self, EngTraining *training)
{
  EngModel *model = ui_session_model (self->session);
  return model && g_strcmp0 (eng_model_sha256 (model), eng_model_sha256 (eng_training_model (training))) == 0;
}

static void
show_buttons (UiTrainWindow *self, EngTraining *training, const EngTrainingStatus *s)
{
  gboolean active = ui_trainings_active (self->trainings), paused = s->state == ENG_TRAINING_PAUSED;
  gboolean steps = s->state == ENG_TRAINING_RUNNING || paused;
  gboolean done = s->state == ENG_TRAINING_DONE, kept = !active && s->kept_step >= 0;
  gtk_button_set_label (self->pause, paused || kept ? "_Go On" : "_Pause");
  gtk_widget_set_visible (GTK_WIDGET (self->pause), steps || kept);
  gtk_widget_set_visible (GTK_WIDGET (self->stop), steps);
  gtk_widget_set_visible (GTK_WIDGET (self->cancel), active);
  gtk_button_set_label (self->back, done ? "_Train Another…" : "_Back to the Settings");
  gtk_widget_set_visible (GTK_WIDGET (self->back), !active);
  gtk_widget_set_visible (GTK_WIDGET (self->use), !active && s->output && is_of_this_model (self, training));
}

/* What had it may have gone with the state it belonged to. */
static gboolean
has_focus (UiTrainWindow *self)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self));
  return focus && gtk_widget_get_mapped (focus) && gtk_widget_is_sensitive (focus);
}

static void
focus_button (UiTrainWindow *self)
{
  GtkButton *const buttons[] = { self->use, self->pause, self->back, self->cancel };
  for (guint i = 0; i < G_N_ELEMENTS (buttons); i++)
    if (gtk_widget_get_visible (GTK_WIDGET (buttons[i])))
      {
        gtk_window_set_focus (GTK_WINDOW (self), GTK_WIDGET (buttons[i]));
        return;
      }
}

static void
update (UiTrainWindow *self)
{
  EngTraining *training = ui_trainings_current (self->trainings);
  EngTrainingStatus *status = ui_trainings_status (self->trainings);
  gtk_window_set_default_widget (GTK_WINDOW (self),
                                 training ? GTK_WIDGET (self->use) : ui_train_form_default (self->form));
  if (!training)
    {
      gtk_stack_set_visible_child (self->pages, GTK_WIDGET (self->form));
      return;
    }
  g_autoptr (GError) error = eng_training_error (training);
  UiTrainNews news = { eng_training_kind (training), eng_model_name (eng_training_model (training)), status, error };
  gboolean came = gtk_stack_get_visible_child (self->pages) == GTK_WIDGET (self->form);
  ui_train_progress_show (self->progress, &news, ui_session_display (self->session));
  show_buttons (self, training, status);
  gtk_stack_set_visible_child_name (self->pages, "progress");
  if (came || !has_focus (self))
    focus_button (self);
}

static void
begin_form (UiTrainWindow *self, UiSession *session, const EngExplainerKind *kind)
{
  g_autofree char *folder = ui_session_folder (session);
  ui_train_form_set_model (self->form, ui_session_model (session), folder, kind);
}

/* ---- buttons ---- */

static void
on_start (UiTrainWindow *self, EngTraining *training)
{
  ui_trainings_start (self->trainings, g_object_ref (training));
}

/* Or goes on, with one that is paused or one that is over. */
static void
on_pause (UiTrainWindow *self)
{
  const EngTrainingStatus *status = ui_trainings_status (self->trainings);
  EngTraining *training = ui_trainings_current (self->trainings);
  if (ui_trainings_active (self->trainings))
    eng_training_set_paused (training, status->state != ENG_TRAINING_PAUSED);
  else
    ui_trainings_start (self->trainings, eng_training_again (training));
}

static void
on_stop (UiTrainWindow *self)
{
  eng_training_stop (ui_trainings_current (self->trainings));
}

static void
on_cancel (UiTrainWindow *self)
{
  eng_training_cancel (ui_trainings_current (self->trainings));
}

static void
on_back (UiTrainWindow *self)
{
  const EngExplainerKind *kind = eng_training_kind (ui_trainings_current (self->trainings));
  ui_trainings_forget (self->trainings);
  if (ui_session_model (self->session))
    begin_form (self, self->session, kind);
  else
    gtk_window_close (GTK_WINDOW (self));
  ui_train_form_focus (self->form);
}

static void
on_use (UiTrainWindow *self)
{
  EngTraining *training = ui_trainings_current (self->trainings);
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));
  ui_session_use_explainer (self->session, eng_training_kind (training), eng_training_output (training));
  if (parent)
    gtk_widget_activate_action (GTK_WIDGET (parent), "win.page", "s", "inspect");
  ui_trainings_forget (self->trainings); /* the next time another is trained */
  gtk_window_close (GTK_WINDOW (self));
}

/* ---- life ---- */

static void
on_model (UiTrainWindow *self)
{
  if (ui_session_model (self->session))
    begin_form (self, self->session, NULL);
  else if (!ui_trainings_current (self->trainings))
    gtk_window_close (GTK_WINDOW (self));
}

static void
set_session (UiTrainWindow *self, UiSession *session)
{
  if (self->session == session)
    return;
  if (self->session)
    g_signal_handlers_disconnect_by_data (self->session, self);
  g_set_object (&self->session, session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
}

static void
ui_train_window_dispose (GObject *object)
{
  UiTrainWindow *self = UI_TRAIN_WINDOW (object);
  if (shown == self)
    shown = NULL;
  G_OBJECT_CLASS (ui_train_window_parent_class)->dispose (object);
  g_clear_object (&self->session);
  g_clear_object (&self->trainings);
}

static void
ui_train_window_class_init (UiTrainWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ui_train_window_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static GtkButton *
add_button (UiTrainWindow *self, GtkWidget *row, const char *text, const char *tip, void (*clicked) (UiTrainWindow *))
{
  GtkWidget *button = gtk_button_new_with_mnemonic (text);
  ui_tip_describe (button, tip);
  g_signal_connect_swapped (button, "clicked", G_CALLBACK (clicked), self);
  gtk_box_append (GTK_BOX (row), button);
  return GTK_BUTTON (button);
}

static GtkWidget *
make_foot (UiTrainWindow *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  self->cancel = add_button (self, row, "_Cancel",
                             "Keeps nothing but where it stopped, to go on from there another time", on_cancel);
  GtkWidget *space = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_set_hexpand (space, TRUE);
  gtk_box_append (GTK_BOX (row), space);
  self->pause = add_button (self, row, "_Pause", NULL, on_pause);
  self->stop =
      add_button (self, row, "_Stop and Keep the Best", "Writes the explainer that judged best so far", on_stop);
  self->back = add_button (self, row, "_Back to the Settings", NULL, on_back);
  self->use = add_button (self, row, "_Use It", "Adds its map to the comparison", on_use);
  gtk_widget_add_css_class (GTK_WIDGET (self->use), "suggested-action");
  gtk_widget_add_css_class (row, "train-foot");
  return row;
}

static GtkWidget *
make_progress (UiTrainWindow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *scrolled = gtk_scrolled_window_new ();
  self->progress = UI_TRAIN_PROGRESS (ui_train_progress_new ());
  gtk_widget_add_css_class (GTK_WIDGET (self->progress), "train-content");
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_AUTOMATIC, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->progress));
  gtk_widget_set_vexpand (scrolled, TRUE);
  gtk_box_append (GTK_BOX (box), scrolled);
  gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
  gtk_box_append (GTK_BOX (box), make_foot (self));
  return box;
}

static void
ui_train_window_init (UiTrainWindow *self)
{
  self->trainings = g_object_ref (ui_trainings_get ());
  self->pages = GTK_STACK (gtk_stack_new ());
  self->form = UI_TRAIN_FORM (ui_train_form_new ());
  gtk_stack_add_named (self->pages, GTK_WIDGET (self->form), "form");
  gtk_stack_add_named (self->pages, make_progress (self), "progress");
  gtk_window_set_child (GTK_WINDOW (self), GTK_WIDGET (self->pages));
  gtk_window_set_title (GTK_WINDOW (self), "Train an Explainer");
  gtk_window_set_default_size (GTK_WINDOW (self), 780, 720);
  gtk_widget_add_css_class (GTK_WIDGET (self), "sightline");
  g_signal_connect_swapped (self->form, "start", G_CALLBACK (on_start), self);
  g_signal_connect_object (self->trainings, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}

UiTrainWindow *
ui_train_window_show (GtkWindow *parent, UiSession *session, const EngExplainerKind *kind)
{
  UiTrainings *trainings = ui_trainings_get ();
  EngModel *model = ui_session_model (session);
  if (!model && !ui_trainings_current (trainings))
    return NULL;
  gboolean fresh = !shown;
  if (!shown)
    shown = g_object_new (UI_TYPE_TRAIN_WINDOW, NULL);
  if (kind && ui_trainings_current (trainings) && !ui_trainings_active (trainings))
    ui_trainings_forget (trainings); /* it was seen, and something else is asked for */
  if (model && (fresh || kind || shown->session != session))
    begin_form (shown, session, kind);
  set_session (shown, session);
  update (shown);
  if (fresh && !ui_trainings_current (trainings))
    ui_train_form_focus (shown->form);
  gtk_window_set_transient_for (GTK_WINDOW (shown), parent);
  gtk_window_set_destroy_with_parent (GTK_WINDOW (shown), TRUE);
  gtk_window_present (GTK_WINDOW (shown));
  return shown;
}

UiTrainWindow *
ui_train_window_shown (void)
{
  return shown;
}

UiTrainForm *
ui_train_window_form (UiTrainWindow *self)
{
  return self->form;
}

UiTrainProgress *
ui_train_window_progress (UiTrainWindow *self)
{
  return self->progress;
}
